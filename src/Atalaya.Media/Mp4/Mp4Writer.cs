using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>One file of a clip.</summary>
/// <param name="Path">A segment or any file that <see cref="Mp4File"/> reads; one that is still being written gives its whole fragments.</param>
/// <param name="Offset">Added to the file's presentation times, it gives the time on the clip's time line: files of different runs have
/// different media clocks, so take for instance the segment's wall time minus its media time.</param>
public sealed record Mp4Source(string Path, MediaTime Offset);

/// <summary>What became of a clip.</summary>
/// <param name="From">On the time line; later than asked if footage only starts later.</param>
/// <param name="To">On the time line; earlier than asked if footage ends earlier.</param>
/// <param name="Formats">Of the video, one for each sample description.</param>
public sealed record Mp4Clip(MediaTime From, MediaTime To, long Bytes, int VideoSamples, int AudioSamples, IReadOnlyList<TrackFormat> Formats);

/// <summary>Writes an ordinary MP4, moov first, from a stretch of one or more other files; the coded bytes stay as they are.</summary>
/// <remarks>
/// <para>The file holds the pictures from the key frame before the asked instant on; an edit list starts showing at the instant itself and
/// ends at the asked end, for every track alike.</para>
/// <para>Where nothing was recorded the last sample before lasts until the first one after: every player keeps the time then, which
/// can't be said of empty edits in mid-track. A viewer sees a still picture; the caller tells of the gap elsewhere.</para>
/// <para>Where sources overlap, as after a clock was set back, the later one is pushed behind the earlier one.</para>
/// <para>A change of format gives the track one more sample description, ISO/IEC 14496-12 8.5.2.</para>
/// </remarks>
public static class Mp4Writer
{
    /// <param name="sources">In the order of time.</param>
    /// <param name="from">On the time line: the first instant shown.</param>
    /// <param name="to">On the time line: the end of the last picture shown.</param>
    /// <param name="output">Written from its position on, never sought.</param>
    /// <param name="progress">Bytes written, of how many.</param>
    /// <exception cref="Mp4Exception">A source can't be read, or there is no footage in the range.</exception>
    /// <exception cref="IOException">Reading or writing failed.</exception>
    public static Mp4Clip Write(
        IReadOnlyList<Mp4Source> sources, MediaTime from, MediaTime to, Stream output, Action<long, long>? progress = null, CancellationToken stop = default) =>
        Write(sources, from, to, output, progress, wideFrom: uint.MaxValue, stop);

    /// <param name="wideFrom">From this file size on offsets have 64 bits.</param>
    internal static Mp4Clip Write(
        IReadOnlyList<Mp4Source> sources, MediaTime from, MediaTime to, Stream output, Action<long, long>? progress, long wideFrom, CancellationToken stop)
    {
        if (to <= from)
            throw new ArgumentException($"A clip ends after it starts; this one would go from {from} to {to}.", nameof(to));
        var plan = ClipPlan.Make(sources, from, to, stop);
        byte[] head = plan.WriteHead(wideFrom);
        output.Write(head);
        long total = head.Length + plan.DataBytes, written = head.Length;
        progress?.Invoke(written, total);

        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        SafeFileHandle? file = null;
        int open = -1;
        try
        {
            foreach (var range in plan.Ranges)
            {
                if (range.Source != open)
                {
                    file?.Dispose();
                    file = File.OpenHandle(sources[range.Source].Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                    open = range.Source;
                }

                for (long at = range.Offset, end = at + range.Length; at < end;)
                {
                    stop.ThrowIfCancellationRequested();
                    int got = RandomAccess.Read(file!, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                    if (got == 0)
                        throw new Mp4Exception($"{sources[open].Path}: it became shorter while it was copied, and ends at byte {at}.");
                    output.Write(buffer, 0, got);
                    at += got;
                    written += got;
                    progress?.Invoke(written, total);
                }
            }
        }
        finally
        {
            file?.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return plan.Describe(total);
    }
}

/// <summary>Which samples a clip takes from where, and the tables that say so. Holds a few bytes per sample, no media.</summary>
sealed class ClipPlan
{
    /// <summary>Stretches of one track lie together for so long before the other's follow.</summary>
    static readonly MediaTime Interleave = MediaTime.FromSeconds(1);

    readonly OutputTrack _video = new(), _audio = new();
    readonly List<ClipRange> _ranges = [];
    MediaTime _from, _to;
    bool _started;

    ClipPlan()
    {
    }

    public IReadOnlyList<ClipRange> Ranges => _ranges;
    public long DataBytes { get; private set; }

    public static ClipPlan Make(IReadOnlyList<Mp4Source> sources, MediaTime from, MediaTime to, CancellationToken stop)
    {
        var plan = new ClipPlan();
        for (int i = 0; i < sources.Count; i++)
        {
            stop.ThrowIfCancellationRequested();
            using var file = Mp4File.Open(sources[i].Path);
            plan.Take(file, i, sources[i], from, to);
        }

        if (!plan._started)
            throw new Mp4Exception($"There is no footage between {from} and {to} in the {sources.Count} given files.");
        return plan;
    }

    public Mp4Clip Describe(long bytes) => new(_from, _to, bytes, _video.Sizes.Count, _audio.Sizes.Count, [.. _video.Formats]);

    void Take(Mp4File file, int source, Mp4Source from, MediaTime asked, MediaTime to)
    {
        var lead = file.Video ?? file.Audio;
        if (lead is not { Samples.Count: > 0 })
            return;
        foreach (var track in file.Tracks)
        {
            if (!track.IsVerbatim)
                throw new Mp4Exception($"{from.Path}: {track.Path}: its samples are not as this file would hold them (NAL lengths of less than four bytes, or PCM in little endian).");
        }

        var shift = from.Offset;
        if (_started)
            shift += Overlap(file, shift);

        int first = 0;
        if (!_started)
        {
            var end = lead.Samples.Max(s => s.Presentation + s.Duration) + shift;
            if (end <= asked)
                return;
            // The asked instant, or the first key frame after it if footage starts later.
            first = lead.IsVideo ? lead.FindKey(asked - shift) : FirstEndingAfter(lead, asked - shift);
            if (first < 0 || lead.Samples[first].Presentation + shift >= to)
                return;
            _from = Max(asked, lead.Samples[first].Presentation + shift);
            _to = _from;
            _started = true;
        }

        int last = LastBefore(lead, to - shift);
        if (last < first)
            return;
        var ends = _to;
        for (int i = first; i <= last; i++)
            ends = Max(ends, lead.Samples[i].Presentation + lead.Samples[i].Duration + shift);
        _to = Min(to, ends);

        var audio = file.Video is null ? null : file.Audio;
        int audioFirst = audio is null ? 0 : FirstEndingAfter(audio, _from - shift);
        int audioLast = audio is null ? -1 : LastBefore(audio, _to - shift);
        if (audioFirst < 0)
            audioLast = -1;
        var output = lead.IsVideo ? _video : _audio;
        while (first <= last || audioFirst <= audioLast)
        {
            var window = first <= last ? lead.Samples[first].Decode : audio!.Samples[audioFirst].Decode;
            if (audioFirst <= audioLast)
                window = Min(window, audio!.Samples[audioFirst].Decode);
            window += Interleave;
            first = Chunk(output, lead, first, last, window, shift, source);
            if (audio is not null)
                audioFirst = Chunk(_audio, audio, audioFirst, audioLast, window, shift, source);
        }
    }

    int Chunk(OutputTrack output, Mp4Track track, int index, int last, MediaTime window, MediaTime shift, int source)
    {
        for (bool begin = true; index <= last && track.Samples[index].Decode < window; index++)
        {
            var sample = track.Samples[index];
            output.Add(sample, track.Formats[sample.Description], shift, DataBytes, begin);
            begin = false;
            if (_ranges.Count > 0 && _ranges[^1] is var range && range.Source == source && range.Offset + range.Length == sample.Offset)
                _ranges[^1] = range with { Length = range.Length + sample.Size };
            else if (sample.Size > 0)
                _ranges.Add(new(source, sample.Offset, sample.Size));
            DataBytes += sample.Size;
        }

        return index;
    }

    MediaTime Overlap(Mp4File file, MediaTime shift)
    {
        var push = MediaTime.Zero;
        foreach (var (track, output) in new[] { (file.Video, _video), (file.Audio, _audio) })
        {
            // By presentation: decode times of formats with and without reordering may overlap where pictures don't.
            if (track is { Samples.Count: > 0 } && output.Sizes.Count > 0 && track.Samples[0].Presentation + shift <= output.LastShown)
                push = Max(push, output.LastShown + output.LastDuration - track.Samples[0].Presentation - shift);
        }

        return push;
    }

    /// <summary>ftyp, moov and the header of mdat.</summary>
    public byte[] WriteHead(long wideFrom)
    {
        var boxes = new BoxWriter(64 << 10);
        WriteHead(boxes, 0, wide: false);
        bool wide = boxes.Length + DataBytes > wideFrom;
        if (wide)
        {
            boxes.Clear();
            WriteHead(boxes, 0, wide);
        }

        int length = boxes.Length;
        boxes.Clear();
        WriteHead(boxes, length, wide);
        return boxes.Written.ToArray();
    }

    void WriteHead(BoxWriter to, long dataStart, bool wide)
    {
        int ftyp = to.Begin(BoxType.Ftyp);
        to.Bytes("isom"u8);
        to.UInt32(0x200);
        to.Bytes("isomiso2avc1mp41"u8);
        to.End(ftyp);
        int moov = to.Begin(BoxType.Moov);
        var duration = (ulong)(_to - _from).Ticks;
        OutputTrack[] tracks = [.. new[] { _video, _audio }.Where(t => t.Sizes.Count > 0)];
        MoovBoxes.Mvhd(to, duration, tracks.Length);
        for (int i = 0; i < tracks.Length; i++)
            tracks[i].Write(to, i + 1, _from, duration, dataStart, wide);
        to.End(moov);
        to.UInt32(wide ? 1 : checked((uint)(DataBytes + 8)));
        to.UInt32(BoxType.Mdat);
        if (wide)
            to.UInt64((ulong)DataBytes + 16);
    }

    static int FirstEndingAfter(Mp4Track track, MediaTime at)
    {
        for (int i = 0; i < track.Samples.Count; i++)
        {
            if (track.Samples[i].Presentation + track.Samples[i].Duration > at)
                return i;
        }

        return -1;
    }

    // In decode order: what is decoded before it may be needed for it.
    static int LastBefore(Mp4Track track, MediaTime at)
    {
        for (int i = track.Samples.Count - 1; i >= 0; i--)
        {
            if (track.Samples[i].Presentation < at)
                return i;
        }

        return -1;
    }

    static MediaTime Min(MediaTime a, MediaTime b) => a < b ? a : b;
    static MediaTime Max(MediaTime a, MediaTime b) => a > b ? a : b;

    /// <summary>One track's tables, run-length coded as the file has them.</summary>
    sealed class OutputTrack
    {
        readonly List<(uint Count, uint Value)> _durations = [], _compositions = [];
        readonly List<uint> _keys = [];
        readonly List<(long Offset, uint Samples, uint Description)> _chunks = [];
        MediaTime _firstDecode;
        bool _reordered;

        public List<TrackFormat> Formats { get; } = [];
        public List<uint> Sizes { get; } = [];
        public MediaTime LastDecode { get; private set; }
        public MediaTime LastDuration { get; private set; }

        /// <summary>The latest presentation time.</summary>
        public MediaTime LastShown { get; private set; }
        int Timescale => MoovBoxes.Timescale(Formats[0]);

        public void Add(Mp4Sample sample, TrackFormat format, MediaTime shift, long offset, bool beginChunk)
        {
            int description = Formats.IndexOf(format);
            if (description < 0)
            {
                description = Formats.Count;
                Formats.Add(format);
            }

            var decode = sample.Decode + shift;
            if (Sizes.Count == 0)
                _firstDecode = LastShown = decode;
            else if (decode <= LastDecode)
                decode = new(LastDecode.Ticks + 1);     // behind the source before; the presentation time stays
            if (Sizes.Count > 0)
                Append(_durations, CheckedGap(decode));
            LastDecode = decode;
            LastDuration = sample.Duration;
            LastShown = Max(LastShown, sample.Presentation + shift);
            long composition = (sample.Presentation + shift).ToScale(Timescale) - decode.ToScale(Timescale);
            Append(_compositions, composition);
            _reordered |= composition != 0;
            Sizes.Add((uint)sample.Size);
            if (sample.IsKey)
                _keys.Add((uint)Sizes.Count);
            if (beginChunk || _chunks[^1].Description != description + 1)
                _chunks.Add((offset, 1, (uint)description + 1));
            else
                _chunks[^1] = _chunks[^1] with { Samples = _chunks[^1].Samples + 1 };
        }

        public void Write(BoxWriter to, int id, MediaTime from, ulong duration, long dataStart, bool wide)
        {
            var format = Formats[0];
            int trak = to.Begin(BoxType.Trak);
            MoovBoxes.Tkhd(to, format, id, duration);
            WriteEdits(to, from, (long)duration);
            int mdia = to.Begin(BoxType.Mdia);
            long lasting = Scaled(LastDecode + LastDuration) - Scaled(_firstDecode);
            MoovBoxes.Mdhd(to, format, (ulong)lasting);
            MoovBoxes.Hdlr(to, format);
            int minf = to.Begin(BoxType.Minf);
            MoovBoxes.MediaHeaders(to, format);
            int stbl = to.Begin(BoxType.Stbl);
            int stsd = to.Begin(BoxType.Stsd, 0, 0);
            to.UInt32((uint)Formats.Count);
            foreach (var each in Formats)
                MoovBoxes.SampleEntry(to, each);
            to.End(stsd);
            WriteRuns(to, BoxType.Stts, _durations, last: (uint)Math.Clamp(Scaled(LastDecode + LastDuration) - Scaled(LastDecode), 0, int.MaxValue));
            if (_reordered)
                WriteRuns(to, BoxType.Ctts, _compositions, last: null);
            if (_keys.Count < Sizes.Count)
            {
                int stss = to.Begin(BoxType.Stss, 0, 0);
                to.UInt32((uint)_keys.Count);
                foreach (uint key in _keys)
                    to.UInt32(key);
                to.End(stss);
            }

            WriteChunks(to, dataStart, wide);
            int stsz = to.Begin(BoxType.Stsz, 0, 0);
            to.UInt32(0);
            to.UInt32((uint)Sizes.Count);
            foreach (uint size in Sizes)
                to.UInt32(size);
            to.End(stsz);
            to.End(stbl);
            to.End(minf);
            to.End(mdia);
            to.End(trak);
        }

        void WriteEdits(BoxWriter to, MediaTime from, long duration)
        {
            // A track that starts after the clip does waits in an empty edit.
            long wait = Math.Clamp((_firstDecode - from).Ticks, 0, duration);
            long mediaTime = Math.Max(0, Scaled(from) - Scaled(_firstDecode));
            bool wide = duration > int.MaxValue || mediaTime > int.MaxValue;
            int edts = to.Begin(BoxType.Edts);
            int elst = to.Begin(BoxType.Elst, wide ? (byte)1 : (byte)0, 0);
            to.UInt32(wait > 0 ? 2u : 1u);
            if (wait > 0)
                Edit(wait, -1);
            Edit(duration - wait, mediaTime);
            to.End(elst);
            to.End(edts);

            void Edit(long lasting, long at)
            {
                if (wide)
                {
                    to.Int64(lasting);
                    to.Int64(at);
                }
                else
                {
                    to.Int32((int)lasting);
                    to.Int32((int)at);
                }

                to.UInt32(0x0001_0000);
            }
        }

        void WriteChunks(BoxWriter to, long dataStart, bool wide)
        {
            int stsc = to.Begin(BoxType.Stsc, 0, 0);
            int countAt = to.Length;
            uint runs = 0;
            to.UInt32(0);
            for (int i = 0; i < _chunks.Count; i++)
            {
                if (i > 0 && _chunks[i].Samples == _chunks[i - 1].Samples && _chunks[i].Description == _chunks[i - 1].Description)
                    continue;
                to.UInt32((uint)i + 1);
                to.UInt32(_chunks[i].Samples);
                to.UInt32(_chunks[i].Description);
                runs++;
            }

            to.PatchUInt32(countAt, runs);
            to.End(stsc);
            int offsets = to.Begin(wide ? BoxType.Co64 : BoxType.Stco, 0, 0);
            to.UInt32((uint)_chunks.Count);
            foreach (var chunk in _chunks)
            {
                if (wide)
                    to.UInt64((ulong)(dataStart + chunk.Offset));
                else
                    to.UInt32((uint)(dataStart + chunk.Offset));
            }

            to.End(offsets);
        }

        static void WriteRuns(BoxWriter to, uint type, List<(uint Count, uint Value)> runs, uint? last)
        {
            int box = to.Begin(type, 0, 0);
            to.UInt32((uint)runs.Count + (last is null ? 0u : 1u));
            foreach (var (count, value) in runs)
            {
                to.UInt32(count);
                to.UInt32(value);
            }

            if (last is { } one)
            {
                to.UInt32(1);
                to.UInt32(one);
            }

            to.End(box);
        }

        static void Append(List<(uint Count, uint Value)> runs, long value)
        {
            uint clamped = (uint)Math.Clamp(value, 0, int.MaxValue);
            if (runs.Count > 0 && runs[^1].Value == clamped)
                runs[^1] = (runs[^1].Count + 1, clamped);
            else
                runs.Add((1, clamped));
        }

        // Readers take durations for signed 32-bit numbers.
        long CheckedGap(MediaTime decode)
        {
            long gap = Scaled(decode) - Scaled(LastDecode);
            return gap <= int.MaxValue ? gap : throw new Mp4Exception(
                $"Between {LastDecode} and {decode} nothing was recorded; a file can't hold a gap of more than {int.MaxValue / Timescale} s. Export both sides on their own.");
        }

        long Scaled(MediaTime time) => time.ToScale(Timescale);
    }
}

/// <summary>Bytes of one source, in the order of the output.</summary>
readonly record struct ClipRange(int Source, long Offset, long Length);
