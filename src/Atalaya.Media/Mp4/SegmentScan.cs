using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>How a segment file ends.</summary>
public enum SegmentTail
{
    /// <summary>With a whole box.</summary>
    Whole,

    /// <summary>In the middle of a box: the writer was stopped.</summary>
    Torn,

    /// <summary>With zeros, as a file system leaves them after a loss of power.</summary>
    Zeros,

    /// <summary>With bytes that are no box a segment has.</summary>
    Garbage,
}

/// <param name="Format">Null if the codec is not ours; its fragments are still counted.</param>
/// <param name="Timescale">Ticks per second in the file.</param>
/// <param name="Delay">What the edit list takes from every media time, in file ticks.</param>
public sealed record SegmentTrack(uint Id, TrackFormat? Format, uint Timescale, long Delay);

/// <summary>One moof with its mdat.</summary>
/// <param name="Offset">Of the moof, in the file.</param>
/// <param name="Length">Bytes, to the end of the mdat.</param>
/// <param name="Start">Decode time of the first unit of the leading track: video if there is any.</param>
/// <param name="Presentation">Presentation time of the same unit.</param>
/// <param name="Duration">Of the leading track.</param>
/// <param name="Units">Of all tracks.</param>
public readonly record struct SegmentFragment(
    long Offset, long Length, MediaTime Start, MediaTime Presentation, MediaTime Duration, bool StartsWithKey, int Units);

/// <summary>A picture at which a player can start.</summary>
/// <param name="Fragment">Index of the fragment that holds it.</param>
/// <param name="Offset">Of that fragment's moof: from where a player must read.</param>
public readonly record struct RandomAccessPoint(int Fragment, long Offset, MediaTime Decode, MediaTime Presentation);

/// <summary>What is in a segment file, from its headers alone: media data is not read.</summary>
public sealed class SegmentScan
{
    SegmentScan()
    {
    }

    /// <summary>Bytes of ftyp and moov; zero if the file has no whole moov, and then nothing of it can be played.</summary>
    public long InitLength { get; private set; }
    public long FileLength { get; private set; }

    /// <summary>End of the last whole fragment, or of the init segment: what follows can't be played.</summary>
    public long WholeEnd { get; private set; }
    public SegmentTail Tail { get; private set; }

    /// <summary>One sentence with an offset about what is wrong with the tail or the head; null if nothing is.</summary>
    public string? Fault { get; private set; }
    public IReadOnlyList<SegmentTrack> Tracks { get; private set; } = [];
    public IReadOnlyList<SegmentFragment> Fragments { get; private set; } = [];
    public IReadOnlyList<RandomAccessPoint> RandomAccessPoints { get; private set; } = [];

    /// <summary>Decode time of the first fragment; zero if there is none.</summary>
    public MediaTime Start => Fragments.Count > 0 ? Fragments[0].Start : default;

    /// <summary>Decode time at which the last fragment ends.</summary>
    public MediaTime End => Fragments.Count > 0 ? Fragments[^1].Start + Fragments[^1].Duration : default;

    /// <summary>Never throws because of what is in the file; <see cref="IOException"/> if it can't be read.</summary>
    /// <param name="checkTail">
    /// Also looks into the video of the last fragments, from behind until one is sound: after a loss of power a file system may
    /// have kept the headers and lost the data. Unsound ones are left out and <see cref="Tail"/> is <see cref="SegmentTail.Zeros"/>.
    /// </param>
    public static SegmentScan Read(SafeFileHandle file, bool checkTail = false) => Read(new FileBytes(file), checkTail);

    internal static SegmentScan Read(FileBytes file, bool checkTail = false)
    {
        var walk = new FragmentWalk(file);
        var scan = new SegmentScan { FileLength = file.Length };
        var fragments = new List<SegmentFragment>();
        var points = new List<RandomAccessPoint>();
        var samples = new List<FragmentSample>();
        string? fault = null;
        try
        {
            while (walk.TryNext(samples, out long offset, out long length))
                fragments.Add(Describe(walk.Moov!, samples, offset, length, fragments.Count, points));
        }
        catch (Mp4Exception e)
        {
            fault = e.Message;
        }

        scan.InitLength = walk.InitLength;
        scan.WholeEnd = walk.WholeEnd;
        scan.Tail = fault is null ? walk.Tail : SegmentTail.Garbage;
        scan.Fault = fault ?? walk.Fault;
        if (walk.Moov is { } moov)
            scan.Tracks = [.. moov.Tracks.Select(t => new SegmentTrack(t.Id, t.Format(ToMedia(t.Delay, t), default), t.Timescale, t.Delay))];
        scan.Fragments = fragments;
        scan.RandomAccessPoints = points;
        if (checkTail)
            scan.DropUnsound(file, walk.Moov, fragments, points);
        return scan;
    }

    /// <summary>Leaves out what ends behind a byte: the caller found the file unsound from there on.</summary>
    public void CutAt(long offset, string fault)
    {
        var kept = Fragments.TakeWhile(f => f.Offset + f.Length <= offset).ToList();
        if (kept.Count == Fragments.Count)
            return;
        Fragments = kept;
        RandomAccessPoints = [.. RandomAccessPoints.Where(p => p.Fragment < kept.Count)];
        WholeEnd = kept.Count > 0 ? kept[^1].Offset + kept[^1].Length : InitLength;
        Tail = SegmentTail.Zeros;
        Fault = fault;
    }

    static SegmentFragment Describe(Moov moov, List<FragmentSample> samples, long offset, long length, int index, List<RandomAccessPoint> points)
    {
        // The leading track: video if any of it is here.
        int lead = samples[0].Track;
        foreach (var sample in samples)
        {
            if (sample.Track >= 0 && moov.Tracks[sample.Track].IsVideo)
            {
                lead = sample.Track;
                break;
            }
        }

        bool hasVideo = moov.Tracks.Exists(t => t.IsVideo);
        var track = lead >= 0 ? moov.Tracks[lead] : null;
        FragmentSample first = default;
        long duration = 0;
        bool any = false;
        foreach (var sample in samples)
        {
            if (sample.Track != lead)
                continue;
            if (!any)
                first = sample;
            any = true;
            duration += sample.Duration;
            if (track is { IsVideo: true } && sample.IsKey)
                points.Add(new(index, offset, Decode(sample), Presentation(sample)));
        }

        return new(
            offset, length, Decode(first), Presentation(first), ToMedia(duration, track),
            first.IsKey && (!hasVideo || track is { IsVideo: true }), samples.Count);

        MediaTime Decode(FragmentSample sample) => ToMedia(sample.Decode - (track?.Delay ?? 0), track);
        MediaTime Presentation(FragmentSample sample) => ToMedia(sample.Decode + sample.Composition - (track?.Delay ?? 0), track);
    }

    static MediaTime ToMedia(long ticks, MoovTrack? track) => track is null ? default : MediaTime.FromScale(ticks, (int)track.Timescale);

    void DropUnsound(FileBytes file, Moov? moov, List<SegmentFragment> fragments, List<RandomAccessPoint> points)
    {
        var samples = new List<FragmentSample>();
        int before = fragments.Count;
        while (fragments.Count > 0 && !IsSound(file, moov!, fragments[^1], samples))
        {
            var last = fragments[^1];
            fragments.RemoveAt(fragments.Count - 1);
            points.RemoveAll(p => p.Fragment == fragments.Count);
            WholeEnd = fragments.Count > 0 ? fragments[^1].Offset + fragments[^1].Length : InitLength;
            Tail = SegmentTail.Zeros;
            Fault = $"mdat of the moof at byte {last.Offset}: its pictures are not there, {before - fragments.Count} fragments at the end are lost.";
        }
    }

    // Sound: the NAL lengths of each picture add up to its size, and the last picture doesn't end in a run of zeros.
    static bool IsSound(FileBytes file, Moov moov, SegmentFragment fragment, List<FragmentSample> samples)
    {
        byte[] moof = new byte[Math.Min(fragment.Length, 64 << 10)];
        int got = file.Read(fragment.Offset, moof);
        if (BoxHeader.Parse(moof.AsSpan(0, got), fragment.Length, out var header) != BoxFault.None)
            return false;
        if (header.Size > moof.Length)
            return true;    // larger than any moof of ours: not for us to judge
        samples.Clear();
        if (MoofReader.Read(moof.AsSpan(0, (int)header.Size), fragment.Offset, moov, samples) is not null)
            return false;
        Span<byte> bytes = stackalloc byte[64];
        FragmentSample? last = null;
        foreach (var sample in samples)
        {
            if (sample.Track < 0 || !moov.Tracks[sample.Track].IsVideo || moov.Tracks[sample.Track].Entries is not [{ NalLengthSize: 4 }, ..])
                continue;
            last = sample;
            for (long at = sample.Offset, end = at + sample.Size; at < end;)
            {
                if (file.Read(at, bytes[..4]) < 4)
                    return false;
                long size = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
                if (size == 0 || size > end - at - 4)
                    return false;
                at += 4 + size;
            }
        }

        if (last is not { Size: > 0 } tail)
            return true;
        bytes = bytes[..Math.Min(bytes.Length, tail.Size)];
        return file.Read(tail.Offset + tail.Size - bytes.Length, bytes) == bytes.Length && bytes.ContainsAnyExcept((byte)0);
    }
}
