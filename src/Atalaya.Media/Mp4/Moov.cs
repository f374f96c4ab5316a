using Atalaya.Media.Audio;

namespace Atalaya.Media.Mp4;

/// <summary>The movie header of a file, parsed; sample tables stay bytes until they are wanted.</summary>
sealed class Moov
{
    public required uint Timescale { get; init; }
    public required List<MoovTrack> Tracks { get; init; }
    public bool Fragmented { get; private init; }

    /// <param name="box">The whole box. Kept: tables are slices of it.</param>
    /// <param name="offset">Of the box, in the file.</param>
    /// <exception cref="Mp4Exception">Something in it makes no sense.</exception>
    public static Moov Parse(ReadOnlyMemory<byte> box, long offset)
    {
        var reader = new BoxReader(box.Span, offset);
        if (!reader.TryNext(out var moov))
            throw Fail("moov", offset, "its size makes no sense");
        uint timescale = 0;
        var tracks = new List<MoovTrack>();
        var defaults = new Dictionary<uint, TrackDefaults>();
        bool fragmented = false;
        var children = moov.Children();
        while (children.TryNext(out var child))
        {
            switch (child.Type)
            {
                case BoxType.Mvhd:
                    timescale = ParseTimescale(child, "moov/mvhd").Timescale;
                    break;
                case BoxType.Trak:
                    if (tracks.Count == 64)
                        throw Fail("moov/trak[64]", child.Offset, "a file of ours has no more than 64 tracks");
                    tracks.Add(MoovTrack.Parse(child, box, offset, $"moov/trak[{tracks.Count}]"));
                    break;
                case BoxType.Mvex:
                    fragmented = true;
                    ParseDefaults(child, defaults);
                    break;
            }
        }

        End(children, "moov");
        if (timescale == 0)
            throw Fail("moov", offset, "there is no mvhd");
        foreach (var track in tracks)
        {
            if (defaults.TryGetValue(track.Id, out var d))
                track.Defaults = d;
        }

        return new() { Timescale = timescale, Tracks = tracks, Fragmented = fragmented };
    }

    public static Mp4Exception Fail(string path, long offset, string what) => new($"{path} at byte {offset}: {what}.");

    /// <summary>Throws if the boxes ended with a fault.</summary>
    public static void End(BoxReader reader, string path)
    {
        if (reader.Fault == BoxFault.Truncated)
            throw Fail(path, reader.Offset, "a box reaches beyond the end of the one that holds it");
        if (reader.Fault != BoxFault.None)
            throw Fail(path, reader.Offset, "a box has a size smaller than its own header");
    }

    /// <summary>Of mvhd and mdhd, whose fields begin alike.</summary>
    public static (uint Timescale, ulong Duration) ParseTimescale(in Box box, string path)
    {
        var fields = box.Fields();
        bool wide = fields.VersionAndFlags().Version == 1;
        fields.Skip(wide ? 16 : 8);
        uint timescale = fields.UInt32();
        ulong duration = fields.UInt(wide);
        if (fields.Failed)
            throw Fail(path, box.Offset, "it is shorter than its fields");
        if (timescale is 0 or > int.MaxValue)
            throw Fail(path, box.Offset, $"a timescale of {timescale} makes no sense");
        return (timescale, duration);
    }

    static void ParseDefaults(in Box mvex, Dictionary<uint, TrackDefaults> to)
    {
        var children = mvex.Children();
        while (children.TryFind(BoxType.Trex, out var trex))
        {
            var fields = trex.Fields();
            fields.Skip(4);
            uint id = fields.UInt32();
            var defaults = new TrackDefaults(fields.UInt32(), fields.UInt32(), fields.UInt32(), fields.UInt32());
            if (fields.Failed)
                throw Fail("moov/mvex/trex", trex.Offset, "it is shorter than its fields");
            to[id] = defaults;
        }

        End(children, "moov/mvex");
    }
}

/// <summary>trex, ISO/IEC 14496-12 8.8.3.</summary>
readonly record struct TrackDefaults(uint Description, uint Duration, uint Size, uint Flags);

/// <param name="Duration">In the movie's timescale.</param>
/// <param name="MediaTime">In the track's timescale; -1: nothing is shown.</param>
readonly record struct MoovEdit(long Duration, long MediaTime);

/// <summary>A sample table: the bytes behind version and flags, and where they lie in the file.</summary>
readonly record struct MoovTable(ReadOnlyMemory<byte> Bytes, long Offset, byte Version)
{
    public bool IsThere => Offset > 0;
}

/// <summary>A sample description as far as we know its codec.</summary>
/// <param name="NalLengthSize">Bytes before each NAL unit; 4 for all but few files.</param>
/// <param name="SwapBytes">16-bit PCM in little endian.</param>
/// <param name="FrameBytes">PCM: bytes of one sample of all channels; otherwise 0.</param>
/// <param name="Unknown">Why the codec is none of ours; then the rest says nothing.</param>
sealed record MoovEntry(
    Codec Codec, ReadOnlyMemory<byte> Configuration, int Width, int Height, int SampleRate, int Channels, int NalLengthSize, bool SwapBytes, int FrameBytes, string? Unknown)
{
    public bool IsVideo => Codec is Codec.H264 or Codec.H265;

    public TrackFormat Format(MediaTime reorderDelay, MediaTime frameDuration) => IsVideo
        ? new VideoFormat(Codec, Configuration, CodecString(), Width, Height, reorderDelay, frameDuration)
        : new AudioFormat(Codec, Configuration, CodecString(), SampleRate, Channels);

    // RFC 6381 3.3; ISO/IEC 14496-15 annex E.
    string CodecString()
    {
        var c = Configuration.Span;
        switch (Codec)
        {
            case Codec.H264:
                return $"avc1.{c[1]:X2}{c[2]:X2}{c[3]:X2}";
            case Codec.H265:
                string space = (c[1] >> 6) switch { 1 => "A", 2 => "B", 3 => "C", _ => "" };
                uint flags = 0;
                for (int i = 0; i < 32; i++)
                    flags |= (uint)((c[2 + (i / 8)] >> (7 - (i % 8))) & 1) << i;
                string text = $"hvc1.{space}{c[1] & 0x1F}.{flags:X}.{((c[1] & 0x20) != 0 ? 'H' : 'L')}{c[12]}";
                int last = 11;
                while (last > 5 && c[last] == 0)
                    last--;
                for (int i = 6; i <= last; i++)
                    text += $".{c[i]:X}";
                return text;
            case Codec.Aac:
                int type = c[0] >> 3;
                return $"mp4a.40.{(type == 31 && c.Length > 1 ? 32 + ((c[0] & 7) << 3) + (c[1] >> 5) : type)}";
            case Codec.PcmMuLaw:
                return "ulaw";
            case Codec.PcmALaw:
                return "alaw";
            default:
                return "twos";
        }
    }
}

sealed class MoovTrack
{
    public required string Path { get; init; }
    public uint Id { get; private set; }
    public uint Timescale { get; private set; }
    public uint Handler { get; private set; }
    public List<MoovEntry> Entries { get; } = [];
    public List<MoovEdit> Edits { get; } = [];
    public TrackDefaults Defaults { get; set; } = new(1, 0, 0, 0);
    public MoovTable Stts { get; private set; }
    public MoovTable Ctts { get; private set; }
    public MoovTable Stsc { get; private set; }
    public MoovTable Stsz { get; private set; }
    public MoovTable Stz2 { get; private set; }
    public MoovTable Stco { get; private set; }
    public MoovTable Co64 { get; private set; }
    public MoovTable Stss { get; private set; }
    public bool IsVideo => Handler == BoxType.Vide;

    /// <summary>Decode time after the last fragment, for one that doesn't say its own.</summary>
    public long NextDecode { get; set; }

    /// <summary>What the edit list takes from media times, in the track's timescale.</summary>
    public long Delay
    {
        get
        {
            foreach (var edit in Edits)
            {
                if (edit.MediaTime >= 0)
                    return edit.MediaTime;
            }

            return 0;
        }
    }

    /// <summary>What empty edits at the front add, in the movie's timescale.</summary>
    public long Lead
    {
        get
        {
            long lead = 0;
            foreach (var edit in Edits)
            {
                if (edit.MediaTime >= 0)
                    break;
                lead += edit.Duration;
            }

            return lead;
        }
    }

    /// <summary>Null if we know no codec of it.</summary>
    public TrackFormat? Format(MediaTime reorderDelay, MediaTime frameDuration) =>
        Entries.Count > 0 && Entries[0].Unknown is null ? Entries[0].Format(reorderDelay, frameDuration) : null;

    public static MoovTrack Parse(in Box trak, ReadOnlyMemory<byte> moov, long moovOffset, string path)
    {
        var track = new MoovTrack { Path = path };
        var children = trak.Children();
        while (children.TryNext(out var child))
        {
            switch (child.Type)
            {
                case BoxType.Tkhd:
                    var fields = child.Fields();
                    bool wide = fields.VersionAndFlags().Version == 1;
                    fields.Skip(wide ? 16 : 8);
                    track.Id = fields.UInt32();
                    if (fields.Failed)
                        throw Moov.Fail($"{path}/tkhd", child.Offset, "it is shorter than its fields");
                    break;
                case BoxType.Edts:
                    track.ParseEdits(child);
                    break;
                case BoxType.Mdia:
                    track.ParseMedia(child, moov, moovOffset);
                    break;
            }
        }

        Moov.End(children, path);
        if (track.Timescale == 0)
            throw Moov.Fail(path, trak.Offset, "there is no mdia/mdhd");
        return track;
    }

    void ParseEdits(in Box edts)
    {
        var children = edts.Children();
        if (!children.TryFind(BoxType.Elst, out var elst))
            return;
        var fields = elst.Fields();
        bool wide = fields.VersionAndFlags().Version == 1;
        uint count = fields.UInt32();
        for (uint i = 0; i < count && !fields.Failed; i++)
        {
            var edit = wide
                ? new MoovEdit(fields.Int64(), fields.Int64())
                : new MoovEdit(fields.UInt32(), fields.Int32());
            fields.Skip(4);
            // A century in nanoseconds still fits; beyond it sums could overflow.
            if (edit.Duration is < 0 or > long.MaxValue / 4 || edit.MediaTime is < -1 or > long.MaxValue / 4)
                throw Moov.Fail($"{Path}/edts/elst", elst.Offset, $"edit {i} has a time that makes no sense");
            if (!fields.Failed && Edits.Count < 4096)
                Edits.Add(edit);
        }

        if (fields.Failed)
            throw Moov.Fail($"{Path}/edts/elst", elst.Offset, $"it is too short for its {count} edits");
    }

    void ParseMedia(in Box mdia, ReadOnlyMemory<byte> moov, long moovOffset)
    {
        // hdlr may come behind what depends on it.
        var first = mdia.Children();
        if (first.TryFind(BoxType.Hdlr, out var hdlr))
        {
            var fields = hdlr.Fields();
            fields.Skip(8);
            Handler = fields.UInt32();
        }

        var children = mdia.Children();
        while (children.TryNext(out var child))
        {
            if (child.Type == BoxType.Mdhd)
            {
                Timescale = Moov.ParseTimescale(child, $"{Path}/mdia/mdhd").Timescale;
            }
            else if (child.Type == BoxType.Minf)
            {
                var minf = child.Children();
                if (minf.TryFind(BoxType.Stbl, out var stbl))
                    ParseTables(stbl, moov, moovOffset);
                Moov.End(minf, $"{Path}/mdia/minf");
            }
        }

        Moov.End(children, $"{Path}/mdia");
    }

    void ParseTables(in Box stbl, ReadOnlyMemory<byte> moov, long moovOffset)
    {
        var children = stbl.Children();
        while (children.TryNext(out var child))
        {
            switch (child.Type)
            {
                case BoxType.Stsd: ParseEntries(child); break;
                case BoxType.Stts: Stts = Table(child); break;
                case BoxType.Ctts: Ctts = Table(child); break;
                case BoxType.Stsc: Stsc = Table(child); break;
                case BoxType.Stsz: Stsz = Table(child); break;
                case BoxType.Stz2: Stz2 = Table(child); break;
                case BoxType.Stco: Stco = Table(child); break;
                case BoxType.Co64: Co64 = Table(child); break;
                case BoxType.Stss: Stss = Table(child); break;
            }
        }

        Moov.End(children, $"{Path}/mdia/minf/stbl");

        MoovTable Table(in Box box)
        {
            if (box.Body.Length < 8)
                throw Moov.Fail($"{Path}/mdia/minf/stbl/{BoxType.Name(box.Type)}", box.Offset, "it is shorter than its fields");
            return new(moov.Slice((int)(box.BodyOffset - moovOffset) + 4, box.Body.Length - 4), box.Offset, box.Body[0]);
        }
    }

    void ParseEntries(in Box stsd)
    {
        var fields = stsd.Fields();
        byte version = fields.VersionAndFlags().Version;
        fields.UInt32();
        if (fields.Failed)
            throw Moov.Fail($"{Path}/mdia/minf/stbl/stsd", stsd.Offset, "it is shorter than its fields");
        var entries = new BoxReader(fields.Rest, stsd.BodyOffset + 8);
        while (entries.TryNext(out var entry))
        {
            if (Entries.Count == 256)
                throw Moov.Fail($"{Path}/mdia/minf/stbl/stsd", entry.Offset, "a track of ours has no more than 256 sample descriptions");
            Entries.Add(ParseEntry(entry, version, $"{Path}/mdia/minf/stbl/stsd/{BoxType.Name(entry.Type)}"));
        }

        Moov.End(entries, $"{Path}/mdia/minf/stbl/stsd");
    }

    MoovEntry ParseEntry(in Box entry, byte stsdVersion, string path)
    {
        switch (entry.Type)
        {
            case BoxType.Avc1 or BoxType.Avc3 or BoxType.Hvc1 or BoxType.Hev1 when IsVideo:
                return ParseVisual(entry, path);
            case BoxType.Mp4a or BoxType.Ulaw or BoxType.Alaw or BoxType.Sowt or BoxType.Twos when Handler == BoxType.Soun:
                return ParseAudio(entry, stsdVersion, path);
            default:
                return Other(BoxType.Name(entry.Type));
        }
    }

    static MoovEntry Other(string name) => new(default, default, 0, 0, 0, 0, 0, false, 0, $"no codec we record: {name}");

    static MoovEntry ParseVisual(in Box entry, string path)
    {
        var fields = entry.Fields();
        fields.Skip(24);
        int width = fields.UInt16(), height = fields.UInt16();
        fields.Skip(50);
        if (fields.Failed)
            throw Moov.Fail(path, entry.Offset, "it is shorter than its fields");
        bool h264 = entry.Type is BoxType.Avc1 or BoxType.Avc3;
        var boxes = new BoxReader(fields.Rest, entry.BodyOffset + fields.Position);
        if (!boxes.TryFind(h264 ? BoxType.AvcC : BoxType.HvcC, out var configuration))
        {
            Moov.End(boxes, path);
            throw Moov.Fail(path, entry.Offset, h264 ? "there is no avcC" : "there is no hvcC");
        }

        int lengthAt = h264 ? 4 : 21;
        var body = configuration.Body;
        if (body.Length < (h264 ? 7 : 23) || body[0] != 1)
            throw Moov.Fail($"{path}/{(h264 ? "avcC" : "hvcC")}", configuration.Offset, "it is too short, or of a version we don't know");
        int lengthSize = (body[lengthAt] & 3) + 1;
        if (lengthSize == 3)
            throw Moov.Fail($"{path}/{(h264 ? "avcC" : "hvcC")}", configuration.Offset, "a NAL length of three bytes is not allowed");
        byte[] bytes = body.ToArray();
        bytes[lengthAt] |= 3;       // samples are handed out with four
        return new(h264 ? Codec.H264 : Codec.H265, bytes, width, height, 0, 0, lengthSize, false, 0, null);
    }

    MoovEntry ParseAudio(in Box entry, byte stsdVersion, string path)
    {
        var fields = entry.Fields();
        fields.Skip(8);
        int version = fields.UInt16();
        fields.Skip(6);
        int channels = fields.UInt16(), bits = fields.UInt16();
        fields.Skip(4);
        int rate = (int)(fields.UInt32() >> 16);
        // QuickTime's sound descriptions 1 and 2 have more fields; ISO's own version 1 (in a stsd of version 1) has not.
        if (stsdVersion == 0 && version == 1)
        {
            fields.Skip(16);
        }
        else if (stsdVersion == 0 && version == 2)
        {
            fields.Skip(4);
            double wide = BitConverter.UInt64BitsToDouble(fields.UInt64());
            rate = wide is >= 1 and <= 1_000_000 ? (int)wide : 0;
            channels = (int)Math.Min(fields.UInt32(), 64);
            fields.Skip(4);
            bits = (int)Math.Min(fields.UInt32(), 64);
            fields.Skip(12);
        }

        if (fields.Failed)
            throw Moov.Fail(path, entry.Offset, "it is shorter than its fields");
        if (rate == 0)
            rate = (int)Timescale;
        if (entry.Type != BoxType.Mp4a)
        {
            if (rate == 0 || channels is 0 or > 64)
                throw Moov.Fail(path, entry.Offset, $"{channels} channels at {rate} Hz make no sense");
            var codec = entry.Type switch { BoxType.Ulaw => Codec.PcmMuLaw, BoxType.Alaw => Codec.PcmALaw, _ => Codec.L16 };
            if (codec == Codec.L16 && bits != 16)
                return Other($"PCM of {bits} bits");
            return new(codec, default, 0, 0, rate, channels, 0, entry.Type == BoxType.Sowt, codec == Codec.L16 ? 2 * channels : channels, null);
        }

        var boxes = new BoxReader(fields.Rest, entry.BodyOffset + fields.Position);
        while (boxes.TryNext(out var box))
        {
            if (box.Type == BoxType.Esds)
                return ParseEsds(box, channels, rate, path);
            if (box.Type == BoxType.Wave)
            {
                var inner = box.Children();
                if (inner.TryFind(BoxType.Esds, out var esds))
                    return ParseEsds(esds, channels, rate, $"{path}/wave");
            }
        }

        throw Moov.Fail(path, entry.Offset, "there is no esds");
    }

    // ISO/IEC 14496-1 7.2.6: descriptors inside one another, each a tag and a length of up to four bytes.
    static MoovEntry ParseEsds(in Box esds, int channels, int rate, string path)
    {
        var fields = esds.Fields();
        fields.Skip(4);
        ReadOnlySpan<byte> config = default;
        int objectType = 0;
        while (!fields.Failed && fields.Left > 0 && config.IsEmpty)
        {
            int tag = fields.UInt8(), length = 0;
            for (int i = 0; i < 4; i++)
            {
                int b = fields.UInt8();
                length = (length << 7) | (b & 0x7F);
                if (b < 0x80)
                    break;
            }

            switch (tag)
            {
                case 3:
                    fields.Skip(2);
                    int flags = fields.UInt8();
                    if ((flags & 0x80) != 0)
                        fields.Skip(2);
                    if ((flags & 0x40) != 0)
                        fields.Skip(fields.UInt8());
                    if ((flags & 0x20) != 0)
                        fields.Skip(2);
                    break;
                case 4:
                    objectType = fields.UInt8();
                    fields.Skip(12);
                    break;
                case 5:
                    config = fields.Bytes(length);
                    break;
                default:
                    fields.Skip(length);
                    break;
            }
        }

        if (fields.Failed)
            throw Moov.Fail($"{path}/esds", esds.Offset, "a descriptor reaches beyond its end");
        if (objectType is not (0x40 or 0x66 or 0x67 or 0x68))
            return Other($"mp4a of object type 0x{objectType:X2}");
        if (config.Length < 2)
            throw Moov.Fail($"{path}/esds", esds.Offset, "there is no AudioSpecificConfig");
        // Where it makes no sense to us, the sample entry's own fields have to do.
        if (AudioSpecificConfig.TryParse(config, out var audio, out _))
        {
            rate = audio.OutputRate > 0 ? audio.OutputRate : rate;
            channels = audio.Channels;
        }

        if (rate == 0 || channels == 0)
            throw Moov.Fail($"{path}/esds", esds.Offset, $"{channels} channels at {rate} Hz make no sense");
        return new(Codec.Aac, config.ToArray(), 0, 0, rate, channels, 0, false, 0, null);
    }
}
