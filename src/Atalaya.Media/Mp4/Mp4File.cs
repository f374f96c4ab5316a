using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>A file that is no MP4, or one that we can't read. The message names the box and its offset.</summary>
public sealed class Mp4Exception(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>One sample: a picture, an AAC frame, or a stretch of PCM.</summary>
/// <param name="Offset">In the file.</param>
/// <param name="Size">Bytes in the file.</param>
/// <param name="Decode">Rising within a track, never after <paramref name="Presentation"/>.</param>
/// <param name="Presentation">Edit list applied: zero is where the movie starts, what an edit cuts off at the front is negative.</param>
/// <param name="Description">Index into <see cref="Mp4Track.Formats"/>.</param>
public readonly record struct Mp4Sample(long Offset, int Size, MediaTime Decode, MediaTime Presentation, MediaTime Duration, bool IsKey, int Description);

/// <summary>One track of a file. Thread-safe once opened.</summary>
public sealed class Mp4Track
{
    readonly FileBytes _file;
    readonly List<MoovEntry> _entries;
    readonly Mp4Sample[] _samples;

    internal Mp4Track(FileBytes file, MoovTrack track, Moov moov, List<FragmentSample> samples)
    {
        _file = file;
        _entries = track.Entries;
        Id = track.Id;
        Timescale = track.Timescale;
        Path = track.Path;

        // A negative composition offset means decode times that are too late: move them all to where the offsets are not negative.
        int lowest = 0;
        foreach (var sample in samples)
            lowest = Math.Min(lowest, sample.Composition);
        long delay = track.Delay;
        long lead = MediaTime.FromScale(track.Lead, (int)moov.Timescale).Ticks;
        var reorder = moov.Fragmented && delay > 0
            ? MediaTime.FromScale(delay, (int)Timescale)
            : samples.Count > 0 ? MediaTime.FromScale(samples[0].Composition - (long)lowest, (int)Timescale) : default;
        var frame = samples.Count > 0 ? MediaTime.FromScale(samples[0].Duration, (int)Timescale) : default;
        Formats = [.. _entries.Select(e => e.Unknown is null ? e.Format(reorder, frame) : _entries[0].Format(reorder, frame))];

        _samples = new Mp4Sample[samples.Count];
        for (int i = 0; i < _samples.Length; i++)
        {
            var s = samples[i];
            if (s.Description < 0 || s.Description >= _entries.Count || _entries[s.Description].Unknown is not null)
                throw Moov.Fail(Path, s.Offset, $"sample {i} has sample description {s.Description + 1}, which the file has not or we don't know");
            var decode = ToMedia(s.Decode + lowest - delay);
            var end = ToMedia(s.Decode + lowest - delay + s.Duration);
            _samples[i] = new(s.Offset, s.Size, decode, ToMedia(s.Decode + s.Composition - delay), end - decode, s.IsKey, s.Description);
        }

        MediaTime ToMedia(long ticks) => new(MediaTime.FromScale(ticks, (int)Timescale).Ticks + lead);
    }

    internal string Path { get; }
    public uint Id { get; }

    /// <summary>Of the first sample description.</summary>
    public TrackFormat Format => Formats[0];

    /// <summary>One for each sample description; nearly always one.</summary>
    public IReadOnlyList<TrackFormat> Formats { get; }

    /// <summary>Ticks per second in the file.</summary>
    public uint Timescale { get; }
    public bool IsVideo => Format is VideoFormat;

    /// <summary>In decode order.</summary>
    public IReadOnlyList<Mp4Sample> Samples => _samples;

    /// <summary>Samples lie in the file just as <see cref="ReadSample"/> hands them out.</summary>
    internal bool IsVerbatim => _entries.TrueForAll(e => e.NalLengthSize is 0 or 4 && !e.SwapBytes);

    /// <summary>The sample's bytes: NAL units behind four length bytes each, an AAC frame, PCM (L16 big endian).</summary>
    /// <exception cref="Mp4Exception">It lies beyond the end of the file, or its NAL lengths make no sense.</exception>
    public byte[] ReadSample(int index)
    {
        byte[] bytes = new byte[CheckedSize(index)];
        ReadInto(index, bytes);
        var entry = _entries[_samples[index].Description];
        return entry.NalLengthSize is 1 or 2 ? Widen(index, bytes, entry.NalLengthSize) : bytes;
    }

    /// <summary>The same as an access unit in a pooled block; the caller owns its reference.</summary>
    public AccessUnit ReadUnit(int index, BlockPool pool)
    {
        var sample = _samples[index];
        var entry = _entries[sample.Description];
        MediaBlock? block = null;
        ReadOnlyMemory<byte> data;
        if (entry.NalLengthSize is 1 or 2)
        {
            data = ReadSample(index);
        }
        else
        {
            int size = CheckedSize(index);
            block = pool.Rent(size);
            ReadInto(index, block.Bytes.AsSpan(0, size));
            data = block.Bytes.AsMemory(0, size);
        }

        return new(Formats[sample.Description], data, block)
        {
            Presentation = sample.Presentation,
            Decode = sample.Decode,
            Duration = sample.Duration,
            IsKey = sample.IsKey || !IsVideo,
        };
    }

    /// <summary>Index of the last key sample presented at or before <paramref name="at"/>; the first key sample if all are later; -1 if there is none.</summary>
    public int FindKey(MediaTime at)
    {
        int found = -1;
        for (int i = 0; i < _samples.Length; i++)
        {
            if (!_samples[i].IsKey)
                continue;
            if (found >= 0 && _samples[i].Presentation > at)
                break;
            found = i;
        }

        return found;
    }

    int CheckedSize(int index)
    {
        var sample = _samples[index];
        if (sample.Offset > _file.Length - sample.Size)
            throw Moov.Fail(Path, sample.Offset, $"sample {index} of {sample.Size} bytes reaches beyond the end of the file");
        return sample.Size;
    }

    void ReadInto(int index, Span<byte> to)
    {
        var sample = _samples[index];
        if (_file.Read(sample.Offset, to) < to.Length)
            throw Moov.Fail(Path, sample.Offset, $"sample {index} of {sample.Size} bytes can't be read to its end");
        if (!_entries[sample.Description].SwapBytes)
            return;
        for (int i = 0; i + 1 < to.Length; i += 2)
            (to[i], to[i + 1]) = (to[i + 1], to[i]);
    }

    byte[] Widen(int index, ReadOnlySpan<byte> bytes, int lengthSize)
    {
        var wide = new BoxWriter(bytes.Length + 64);
        for (int at = 0; at < bytes.Length;)
        {
            if (bytes.Length - at < lengthSize)
                throw Moov.Fail(Path, _samples[index].Offset + at, $"sample {index} ends inside a NAL length");
            int size = lengthSize == 1 ? bytes[at] : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            at += lengthSize;
            if (size > bytes.Length - at)
                throw Moov.Fail(Path, _samples[index].Offset + at, $"sample {index} has a NAL unit of {size} bytes that reaches beyond its end");
            wide.UInt32((uint)size);
            wide.Bytes(bytes.Slice(at, size));
            at += size;
        }

        return wide.Written.ToArray();
    }
}

/// <summary>Reads ordinary and fragmented MP4 and QuickTime files (ISO/IEC 14496-12, -14, -15): H.264, H.265, AAC, G.711, 16-bit PCM.</summary>
/// <remarks>Of an edit list it takes the first edit, and the empty ones before it, as an offset of the whole track.</remarks>
public sealed class Mp4File : IDisposable
{
    SafeFileHandle? _handle;

    Mp4File()
    {
    }

    /// <summary>Tracks of codecs we know, in file order.</summary>
    public IReadOnlyList<Mp4Track> Tracks { get; private set; } = [];

    /// <summary>What was left out: tracks of other codecs, one sentence each.</summary>
    public IReadOnlyList<string> Skipped { get; private set; } = [];

    /// <summary>Where the file stops making sense, because its writer was stopped or still writes; null if it is whole.</summary>
    public long? TornAt { get; private set; }

    public Mp4Track? Video => Tracks.FirstOrDefault(t => t.IsVideo);
    public Mp4Track? Audio => Tracks.FirstOrDefault(t => !t.IsVideo);

    /// <exception cref="Mp4Exception">The file makes no sense, or holds nothing we can read.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static Mp4File Open(string path)
    {
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var file = Parse(new FileBytes(handle));
            file._handle = handle;
            return file;
        }
        catch (Mp4Exception e)
        {
            handle.Dispose();
            throw new Mp4Exception($"{path}: {e.Message}", e);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The same of a file that somebody else has opened, and closes when this isn't used any more.</summary>
    /// <exception cref="Mp4Exception">The file makes no sense, or holds nothing we can read.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static Mp4File Open(SafeFileHandle handle) => Parse(new FileBytes(handle));

    /// <summary>The same of a file that lies in another one as it is, as in a ZIP that doesn't compress.</summary>
    /// <exception cref="Mp4Exception">The file makes no sense, or holds nothing we can read.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static Mp4File Open(SafeFileHandle handle, long offset, long length) => Parse(new FileBytes(handle, offset, length));

    internal static Mp4File Parse(FileBytes bytes)
    {
        var walk = new FragmentWalk(bytes);
        var fragment = new List<FragmentSample>();
        List<FragmentSample>[]? perTrack = null;
        while (walk.TryNext(fragment, out _, out _))
        {
            perTrack ??= Begin(walk.Moov!, bytes);
            foreach (var sample in fragment)
            {
                if (sample.Track >= 0 && walk.Moov!.Tracks[sample.Track].Entries is [{ Unknown: null }, ..])
                    perTrack[sample.Track].Add(sample);
            }
        }

        var moov = walk.Moov ?? throw new Mp4Exception(walk.Fault ?? $"byte {walk.Position}: the file ends and there was no moov.");
        perTrack ??= Begin(moov, bytes);
        var tracks = new List<Mp4Track>();
        var skipped = new List<string>();
        for (int i = 0; i < moov.Tracks.Count; i++)
        {
            var track = moov.Tracks[i];
            if (track.Entries.Count == 0)
                skipped.Add($"{track.Path}: it has no sample description.");
            else if (track.Entries[0].Unknown is { } unknown)
                skipped.Add($"{track.Path}: {unknown}.");
            else
                tracks.Add(new(bytes, track, moov, perTrack[i]));
        }

        if (tracks.Count == 0)
            throw new Mp4Exception($"moov: there is no track that we can read. {string.Join(' ', skipped)}");
        return new() { Tracks = tracks, Skipped = skipped, TornAt = walk.Fault is null ? null : moov.Fragmented ? walk.WholeEnd : walk.Position };
    }

    public void Dispose() => _handle?.Dispose();

    // A fragmented file may begin with an ordinary part.
    static List<FragmentSample>[] Begin(Moov moov, FileBytes bytes)
    {
        var perTrack = new List<FragmentSample>[moov.Tracks.Count];
        for (int i = 0; i < perTrack.Length; i++)
            perTrack[i] = moov.Tracks[i].Entries is [{ Unknown: null }, ..] ? SampleTables.Expand(moov.Tracks[i], i, bytes.Length) : [];
        return perTrack;
    }
}
