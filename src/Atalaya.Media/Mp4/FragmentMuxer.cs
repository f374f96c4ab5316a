using System.Buffers;
using System.Runtime.InteropServices;

namespace Atalaya.Media.Mp4;

/// <summary>Access units in, fragmented MP4 out (ISO/IEC 14496-12 8.8): one init segment, then a moof and an mdat per fragment.</summary>
/// <remarks>
/// <para>Media time in the file is <see cref="AccessUnit.Decode"/> plus the format's reorder delay, and an edit list takes the delay away
/// again: presentation times are exactly those of the units, composition offsets are never negative, and decode times start at zero
/// or later. Times run on over fragments and files; nothing is ever reset.</para>
/// <para>A sample lasts until the next unit of its track. The last one of a fragment lasts until the time that the caller knows, or as long
/// as predicted; where that was wrong the next fragment's own decode time (tfdt) tells the truth.</para>
/// <para>Not thread-safe, but a <see cref="Fragment"/> may be released on any thread. Allocates nothing once its buffers have grown.</para>
/// </remarks>
public sealed class FragmentMuxer
{
    // ISO/IEC 14496-12 8.8.3.1: key = depends on no other; the rest = depends on others, not a sync sample.
    const uint KeyFlags = 0x0200_0000, DeltaFlags = 0x0101_0000;

    readonly TrackState[] _tracks;
    readonly Stack<Fragment> _idle = new();     // under _gate
    readonly Lock _gate = new();
    uint _sequence;

    /// <param name="tracks">At most one video track; the order is that of the track ids, from 1. A change of format needs a new muxer.</param>
    public FragmentMuxer(IReadOnlyList<TrackFormat> tracks)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tracks.Count);
        if (tracks.Count(t => t is VideoFormat) > 1)
            throw new ArgumentException("A segment holds at most one video track.", nameof(tracks));
        Tracks = [.. tracks];
        _tracks = [.. Tracks.Select((format, i) => new TrackState(format, i + 1))];
        // Times and lengths of a fragment are those of the video where there is some.
        _lead = _tracks.FirstOrDefault(t => t.Format is VideoFormat) ?? _tracks[0];
    }

    readonly TrackState _lead;

    public IReadOnlyList<TrackFormat> Tracks { get; }

    /// <summary>Units that wait for <see cref="End"/>.</summary>
    public int Units { get; private set; }

    /// <summary>Payload bytes that wait for <see cref="End"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>The MIME type that a browser's media source wants: <c>video/mp4; codecs="avc1.640028,mp4a.40.2"</c>.</summary>
    public string MimeType =>
        $"{(_lead.Format is VideoFormat ? "video" : "audio")}/mp4; codecs=\"{string.Join(',', Tracks.Select(t => t.CodecString))}\"";

    /// <summary>Whether units of this format belong to one of the tracks.</summary>
    public bool Accepts(TrackFormat format) => Find(format) is not null;

    /// <summary>ftyp and moov. Equal formats make equal bytes.</summary>
    public void WriteInit(IBufferWriter<byte> to)
    {
        var boxes = new BoxWriter(1024);
        int ftyp = boxes.Begin(BoxType.Ftyp);
        boxes.Bytes("iso6"u8);
        boxes.UInt32(0);
        boxes.Bytes("iso6isommp41"u8);
        boxes.End(ftyp);
        int moov = boxes.Begin(BoxType.Moov);
        MoovBoxes.Mvhd(boxes, 0, _tracks.Length);
        foreach (var track in _tracks)
            WriteTrak(boxes, track);
        int mvex = boxes.Begin(BoxType.Mvex);
        foreach (var track in _tracks)
        {
            int trex = boxes.Begin(BoxType.Trex, 0, 0);
            boxes.UInt32((uint)track.Id);
            boxes.UInt32(1);        // sample description
            boxes.Zeros(12);        // duration, size, flags: every fragment says its own
            boxes.End(trex);
        }

        boxes.End(mvex);
        boxes.End(moov);
        to.Write(boxes.Written.Span);
    }

    /// <summary>Retains the unit until the fragment that it ends in is released.</summary>
    /// <exception cref="ArgumentException">No track has the unit's format: begin a new file.</exception>
    public void Add(AccessUnit unit)
    {
        var track = Find(unit.Format)
            ?? throw new ArgumentException($"No track of this muxer has the unit's format, {unit.Format.CodecString}: a new format needs a new muxer.", nameof(unit));
        unit.Retain();
        track.Units.Add(unit);
        Units++;
        Bytes += unit.Data.Length;
    }

    /// <summary>Makes a fragment of what was added since the last one. At least one unit must have been.</summary>
    /// <param name="nextVideoDecode">Decode time of the next video unit, if it is here already and belongs right behind; otherwise the last one's duration is predicted.</param>
    public Fragment End(MediaTime? nextVideoDecode = null)
    {
        if (Units == 0)
            throw new InvalidOperationException("A fragment holds at least one unit.");
        Fragment? fragment;
        lock (_gate)
            _idle.TryPop(out fragment);
        fragment ??= new Fragment(this);

        var boxes = fragment.Header;
        int moof = boxes.Begin(BoxType.Moof);
        int mfhd = boxes.Begin(BoxType.Mfhd, 0, 0);
        boxes.UInt32(++_sequence);
        boxes.End(mfhd);
        foreach (var track in _tracks)
        {
            if (track.Units.Count > 0)
                WriteTraf(boxes, track, track == _lead ? nextVideoDecode : null);
        }

        boxes.End(moof);
        long data = boxes.Length + 8;
        foreach (var track in _tracks)
        {
            if (track.Units.Count == 0)
                continue;
            boxes.PatchUInt32(track.DataOffsetAt, checked((uint)data));
            data += track.Bytes;
        }

        boxes.UInt32(checked((uint)(Bytes + 8)));
        boxes.UInt32(BoxType.Mdat);

        var lead = _lead.Units.Count > 0 ? _lead : _tracks.First(t => t.Units.Count > 0);
        fragment.Describe(lead.Units[0], MediaTime.FromScale(lead.TotalDuration, lead.Timescale), Units, boxes.Length + Bytes, lead == _lead);
        foreach (var track in _tracks)
        {
            foreach (var unit in track.Units)
                fragment.Append(unit);
            track.Units.Clear();
        }

        Units = 0;
        Bytes = 0;
        return fragment;
    }

    /// <summary>Gives up what was added since the last fragment.</summary>
    public void Reset()
    {
        foreach (var track in _tracks)
        {
            foreach (var unit in track.Units)
                unit.Release();
            track.Units.Clear();
        }

        Units = 0;
        Bytes = 0;
    }

    internal void Return(Fragment fragment)
    {
        lock (_gate)
        {
            // More only come back after a stall; no need to keep them all.
            if (_idle.Count < 4)
                _idle.Push(fragment);
        }
    }

    TrackState? Find(TrackFormat format)
    {
        foreach (var track in _tracks)
        {
            if (ReferenceEquals(track.Format, format))
                return track;
        }

        foreach (var track in _tracks)
        {
            if (track.Format.Equals(format))
                return track;
        }

        return null;
    }

    static void WriteTrak(BoxWriter to, TrackState track)
    {
        int trak = to.Begin(BoxType.Trak);
        MoovBoxes.Tkhd(to, track.Format, track.Id, 0);
        if (track.Delay > 0)
        {
            int edts = to.Begin(BoxType.Edts);
            int elst = to.Begin(BoxType.Elst, 0, 0);
            to.UInt32(1);
            to.UInt32(0);           // duration: the rest of the movie, 8.6.6.1
            to.UInt32(checked((uint)track.Delay));
            to.UInt32(0x0001_0000); // rate 1.0
            to.End(elst);
            to.End(edts);
        }

        int mdia = to.Begin(BoxType.Mdia);
        MoovBoxes.Mdhd(to, track.Format, 0);
        MoovBoxes.Hdlr(to, track.Format);
        int minf = to.Begin(BoxType.Minf);
        MoovBoxes.MediaHeaders(to, track.Format);
        int stbl = to.Begin(BoxType.Stbl);
        int stsd = to.Begin(BoxType.Stsd, 0, 0);
        to.UInt32(1);
        MoovBoxes.SampleEntry(to, track.Format);
        to.End(stsd);
        EmptyTable(to, BoxType.Stts, 4);
        EmptyTable(to, BoxType.Stsc, 4);
        EmptyTable(to, BoxType.Stsz, 8);
        EmptyTable(to, BoxType.Stco, 4);
        to.End(stbl);
        to.End(minf);
        to.End(mdia);
        to.End(trak);

        static void EmptyTable(BoxWriter to, uint type, int bytes)
        {
            int box = to.Begin(type, 0, 0);
            to.Zeros(bytes);
            to.End(box);
        }
    }

    static void WriteTraf(BoxWriter to, TrackState track, MediaTime? next)
    {
        track.Measure(next);
        var units = track.Units;
        bool sameDuration = track.SameDuration, sameSize = track.SameSize;
        uint firstFlags = units[0].IsKey ? KeyFlags : DeltaFlags;
        uint restFlags = units.Count > 1 && !units[1].IsKey ? DeltaFlags : units.Count > 1 ? KeyFlags : firstFlags;
        bool sameFlags = track.RestSameKey;

        int traf = to.Begin(BoxType.Traf);
        // default-base-is-moof, default flags; duration and size where they are constant
        int tfhd = to.Begin(BoxType.Tfhd, 0, 0x02_0020 | (sameDuration ? 0x08u : 0) | (sameSize ? 0x10u : 0));
        to.UInt32((uint)track.Id);
        if (sameDuration)
            to.UInt32(track.Durations[0]);
        if (sameSize)
            to.UInt32((uint)units[0].Data.Length);
        to.UInt32(restFlags);
        to.End(tfhd);

        int tfdt = to.Begin(BoxType.Tfdt, 1, 0);
        to.UInt64((ulong)Math.Max(0, track.ToFile(units[0].Decode)));
        to.End(tfdt);

        bool firstDiffers = sameFlags && firstFlags != restFlags;
        uint flags = 0x01                           // data offset
            | (firstDiffers ? 0x04u : 0)
            | (sameDuration ? 0 : 0x100u)
            | (sameSize ? 0 : 0x200u)
            | (sameFlags ? 0 : 0x400u)
            | (track.Reordered ? 0x800u : 0);
        // Version 1 has signed offsets; ours are negative only if a unit broke its contract.
        int trun = to.Begin(BoxType.Trun, track.NegativeOffset ? (byte)1 : (byte)0, flags);
        to.UInt32((uint)units.Count);
        track.DataOffsetAt = to.Length;
        to.UInt32(0);
        if (firstDiffers)
            to.UInt32(firstFlags);
        for (int i = 0; i < units.Count; i++)
        {
            var unit = units[i];
            if (!sameDuration)
                to.UInt32(track.Durations[i]);
            if (!sameSize)
                to.UInt32((uint)unit.Data.Length);
            if (!sameFlags)
                to.UInt32(unit.IsKey ? KeyFlags : DeltaFlags);
            if (track.Reordered)
                to.Int32(track.Offset(unit));
        }

        to.End(trun);
        to.End(traf);
    }

    sealed class TrackState(TrackFormat format, int id)
    {
        public readonly List<AccessUnit> Units = [];
        public uint[] Durations = [];
        public bool SameDuration, SameSize, RestSameKey, Reordered, NegativeOffset;
        public long Bytes, TotalDuration;
        public int DataOffsetAt;    // of the trun's field, in the header
        uint _lastDuration;         // of the fragment before, for a prediction

        public TrackFormat Format { get; } = format;
        public int Id { get; } = id;
        public int Timescale { get; } = MoovBoxes.Timescale(format);

        /// <summary>What the edit list takes away again, in the track's timescale; video only.</summary>
        public long Delay { get; } = format is VideoFormat video ? Math.Max(0, video.ReorderDelay.Ticks) : 0;

        public long ToFile(MediaTime decode) => decode.ToScale(Timescale) + Delay;

        public int Offset(AccessUnit unit) =>
            (int)Math.Clamp(unit.Presentation.ToScale(Timescale) - unit.Decode.ToScale(Timescale), int.MinValue, int.MaxValue);

        /// <summary>Durations, and what is constant over the fragment.</summary>
        public void Measure(MediaTime? next)
        {
            int count = Units.Count;
            if (Durations.Length < count)
                Durations = new uint[Math.Max(count, 2 * Durations.Length)];
            SameDuration = SameSize = RestSameKey = true;
            Reordered = NegativeOffset = false;
            Bytes = TotalDuration = 0;
            long decode = Units[0].Decode.ToScale(Timescale);
            for (int i = 0; i < count; i++)
            {
                var unit = Units[i];
                uint duration;
                if (i + 1 < count)
                {
                    long nextDecode = Units[i + 1].Decode.ToScale(Timescale);
                    duration = Clamp(nextDecode - decode);
                    decode = nextDecode;
                }
                else
                {
                    duration = next is { } at && at > unit.Decode ? Clamp(at.ToScale(Timescale) - decode) : Predict(unit, i);
                }

                Durations[i] = duration;
                TotalDuration += duration;
                Bytes += unit.Data.Length;
                SameDuration &= duration == Durations[0];
                SameSize &= unit.Data.Length == Units[0].Data.Length;
                RestSameKey &= i < 2 || unit.IsKey == Units[1].IsKey;
                int offset = Offset(unit);
                Reordered |= offset != 0;
                NegativeOffset |= offset < 0;
            }

            _lastDuration = Durations[count - 1];
        }

        uint Predict(AccessUnit unit, int index)
        {
            if (Format is AudioFormat audio)
                return (uint)AudioSamples.Count(audio, unit.Data.Length);
            long predicted = unit.Duration.ToScale(Timescale);
            if (predicted <= 0)
                predicted = index > 0 ? Durations[index - 1] : _lastDuration;
            if (predicted <= 0)
                predicted = ((VideoFormat)Format).FrameDuration.ToScale(Timescale);
            return Clamp(predicted > 0 ? predicted : Timescale / 25);
        }

        static uint Clamp(long duration) => (uint)Math.Clamp(duration, 0, int.MaxValue);
    }
}

/// <summary>A moof and its mdat, ready for one gather write. The owner releases it once.</summary>
public sealed class Fragment
{
    readonly FragmentMuxer _muxer;
    readonly List<AccessUnit> _units = [];
    readonly List<ReadOnlyMemory<byte>> _pieces = [];
    bool _released;

    internal Fragment(FragmentMuxer muxer) => _muxer = muxer;

    internal BoxWriter Header { get; } = new(512);

    /// <summary>First the moof with the mdat's header, then the payloads, track by track; neighbours in memory are one piece. Valid until <see cref="Release"/>.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => _pieces;

    /// <summary>Sum of the pieces.</summary>
    public long Bytes { get; private set; }

    /// <summary>Decode time of the first unit: of the video if there is any in the fragment.</summary>
    public MediaTime Start { get; private set; }

    /// <summary>Presentation time of the same unit: where a player that starts here shows its first picture.</summary>
    public MediaTime Presentation { get; private set; }

    /// <summary>Of the same track. Start plus duration is the next fragment's start if the next decode time was known.</summary>
    public MediaTime Duration { get; private set; }

    /// <summary>A player can start here.</summary>
    public bool StartsWithKey { get; private set; }

    public int Units { get; private set; }

    /// <summary>Copies all pieces, for who can't write them as they are.</summary>
    public void CopyTo(IBufferWriter<byte> to)
    {
        foreach (var piece in _pieces)
            to.Write(piece.Span);
    }

    /// <summary>Gives the units back, and the buffers to the muxer.</summary>
    public void Release()
    {
        if (_released)
            throw new InvalidOperationException("A fragment was released twice.");
        _released = true;
        foreach (var unit in _units)
            unit.Release();
        _units.Clear();
        _pieces.Clear();
        Header.Clear();
        _muxer.Return(this);
    }

    internal void Describe(AccessUnit first, MediaTime duration, int units, long bytes, bool hasLead)
    {
        _released = false;
        Start = first.Decode;
        Presentation = first.Presentation;
        Duration = duration;
        StartsWithKey = hasLead && first.IsKey;
        Units = units;
        Bytes = bytes;
        _pieces.Add(Header.Written);
    }

    // Takes over the muxer's reference.
    internal void Append(AccessUnit unit)
    {
        _units.Add(unit);
        var data = unit.Data;
        if (data.IsEmpty)
            return;
        // Units of one block lie one behind the other (UnitBuffer), so that a second's worth is often a handful of pieces.
        if (_pieces.Count > 1
            && MemoryMarshal.TryGetArray(_pieces[^1], out var last) && MemoryMarshal.TryGetArray(data, out var more)
            && last.Array == more.Array && last.Offset + last.Count == more.Offset)
        {
            _pieces[^1] = last.Array.AsMemory(last.Offset, last.Count + more.Count);
        }
        else
        {
            _pieces.Add(data);
        }
    }
}
