namespace Atalaya.Media.Mp4;

/// <param name="Track">Index into the moov's tracks; -1 if it has none of that id.</param>
/// <param name="Decode">Media time in the track's timescale, edit list not applied.</param>
/// <param name="Description">From 0.</param>
readonly record struct FragmentSample(int Track, long Offset, int Size, long Decode, int Composition, uint Duration, bool IsKey, int Description);

/// <summary>Walks the top-level boxes of a file and yields its fragments; media data is not read. Never throws on a moof; on a moov, <see cref="Mp4Exception"/>.</summary>
sealed class FragmentWalk(FileBytes file)
{
    const int MaxMoov = 512 << 20, MaxMoof = 16 << 20;

    // A moof of one second is about half a kilobyte: one read brings it and the mdat's header.
    byte[] _buffer = new byte[4096];
    int _filled;
    long _position, _bufferAt;

    public Moov? Moov { get; private set; }

    /// <summary>End of the moov box.</summary>
    public long InitLength { get; private set; }
    public long WholeEnd { get; private set; }
    public SegmentTail Tail { get; private set; }
    public string? Fault { get; private set; }

    /// <summary>Where the walk ended.</summary>
    public long Position => _position;

    /// <summary>The next fragment; its samples replace what is in <paramref name="samples"/>.</summary>
    public bool TryNext(List<FragmentSample> samples, out long offset, out long length)
    {
        offset = length = 0;
        bool pending = false;       // a moof was read and waits for its mdat
        while (_position < file.Length)
        {
            var head = Peek(BoxHeader.MaxSize);
            long left = file.Length - _position;
            var fault = BoxHeader.Parse(head, left, out var header);
            bool known = IsKnown(header.Type);
            if (fault != BoxFault.None || (!known && !IsPrintable(header.Type)))
            {
                Stop(fault, header, known, left);
                return false;
            }

            switch (header.Type)
            {
                case BoxType.Moov when Moov is null:
                    if (header.Size > MaxMoov)
                        return Refuse("moov", $"{header.Size} bytes are too many");
                    // Tables stay slices of it, so it gets an array of its own.
                    byte[] moov = new byte[header.Size];
                    if (file.Read(_position, moov) < moov.Length)
                        return Refuse("moov", "the file became shorter while it was read", SegmentTail.Torn);
                    Moov = Moov.Parse(moov, _position);
                    InitLength = WholeEnd = _position + header.Size;
                    break;

                case BoxType.Moof:
                    if (Moov is null)
                        return Refuse("moof", "there is no moov before it");
                    if (header.Size > MaxMoof)
                        return Refuse("moof", $"{header.Size} bytes are too many");
                    var moof = Peek((int)header.Size);
                    if (moof.Length < header.Size)
                        return Refuse("moof", "the file became shorter while it was read", SegmentTail.Torn);
                    samples.Clear();
                    if (MoofReader.Read(moof[..(int)header.Size], _position, Moov, samples) is { } what)
                    {
                        Fault = what;
                        Tail = IsZero(_position + header.HeaderSize) ? SegmentTail.Zeros : SegmentTail.Garbage;
                        return false;
                    }

                    offset = _position;
                    pending = true;
                    break;

                case BoxType.Mdat when pending:
                    long end = _position + header.Size;
                    long body = _position + header.HeaderSize;
                    foreach (var sample in samples)
                    {
                        if (sample.Offset < body || sample.Size > end - sample.Offset)
                            return Refuse("mdat", $"the moof at byte {offset} has a sample of {sample.Size} bytes at byte {sample.Offset}, outside");
                    }

                    foreach (var sample in samples)
                    {
                        if (sample.Track >= 0)
                            Moov!.Tracks[sample.Track].NextDecode = sample.Decode + sample.Duration;
                    }

                    _position = WholeEnd = end;
                    length = end - offset;
                    return true;
            }

            _position += header.Size;
        }

        if (pending)
        {
            Tail = SegmentTail.Torn;
            Fault = $"moof at byte {offset}: the file ends before its mdat.";
        }

        return false;

        bool Refuse(string path, string what, SegmentTail tail = SegmentTail.Garbage)
        {
            Fault = $"{path} at byte {_position}: {what}.";
            Tail = tail;
            return false;
        }
    }

    void Stop(BoxFault fault, BoxHeader header, bool known, long left)
    {
        // Fewer zeros than a header has may well be the begin of one.
        if (left >= 8 && IsZero(_position))
        {
            Tail = SegmentTail.Zeros;
            Fault = $"byte {_position}: only zeros from here to the end, {left} bytes.";
        }
        else if (fault == BoxFault.Truncated && (known || left < 8 || header.Type == 0))
        {
            Tail = SegmentTail.Torn;
            Fault = header.Type == 0
                ? $"byte {_position}: the file ends in the header of a box."
                : $"{BoxType.Name(header.Type)} at byte {_position}: the file ends after {left} of its {header.Size} bytes.";
        }
        else
        {
            Tail = SegmentTail.Garbage;
            Fault = $"byte {_position}: here begins what is no box of a media file.";
        }
    }

    ReadOnlySpan<byte> Peek(int count)
    {
        int skip = (int)Math.Min(_position - _bufferAt, int.MaxValue);
        if (_position < _bufferAt || skip > _filled || _filled - skip < count)
        {
            if (count > _buffer.Length)
                _buffer = new byte[count + 64];
            _bufferAt = _position;
            _filled = file.Read(_position, _buffer);
            skip = 0;
        }

        return _buffer.AsSpan(skip, _filled - skip);
    }

    bool IsZero(long from)
    {
        byte[] chunk = new byte[64 << 10];
        for (long at = from; at < file.Length;)
        {
            int got = file.Read(at, chunk);
            if (got == 0 || chunk.AsSpan(0, got).ContainsAnyExcept((byte)0))
                return false;
            at += got;
        }

        return true;
    }

    static bool IsKnown(uint type) => type is BoxType.Ftyp or BoxType.Styp or BoxType.Free or BoxType.Skip or BoxType.Wide or BoxType.Uuid
        or BoxType.Sidx or BoxType.Emsg or BoxType.Prft or BoxType.Mfra or BoxType.Udta or BoxType.Meta or BoxType.Pdin
        or BoxType.Mdat or BoxType.Moov or BoxType.Moof;

    static bool IsPrintable(uint type)
    {
        for (int shift = 0; shift < 32; shift += 8)
        {
            if ((byte)(type >> shift) is < 0x20 or > 0x7E)
                return false;
        }

        return true;
    }
}

/// <summary>Parses one moof, ISO/IEC 14496-12 8.8.4 to 8.8.8 and 8.8.12.</summary>
static class MoofReader
{
    const int MaxUniform = 1 << 16;     // samples in a trun that has no bytes for each of them
    const uint NotSync = 0x0001_0000;

    /// <returns>Null if all is well, otherwise what is wrong and where.</returns>
    public static string? Read(ReadOnlySpan<byte> bytes, long offset, Moov moov, List<FragmentSample> samples)
    {
        var top = new BoxReader(bytes, offset);
        if (!top.TryNext(out var moof))
            return Fail("moof", offset, "its size makes no sense");
        var children = moof.Children();
        long dataEnd = offset;      // of the traf before: where one without an own base begins
        bool first = true;
        while (children.TryFind(BoxType.Traf, out var traf))
        {
            if (ReadTraf(traf, offset, first, moov, samples, ref dataEnd) is { } fault)
                return fault;
            first = false;
        }

        if (children.Fault != BoxFault.None)
            return Fail("moof", children.Offset, "a box in it reaches beyond its end, or has no sensible size");
        return samples.Count > 0 ? null : Fail("moof", offset, "it has no samples");
    }

    static string? ReadTraf(in Box traf, long moofOffset, bool first, Moov moov, List<FragmentSample> samples, ref long dataEnd)
    {
        var boxes = traf.Children();
        if (!boxes.TryFind(BoxType.Tfhd, out var tfhd))
            return Fail("moof/traf", traf.Offset, "there is no tfhd");
        var fields = tfhd.Fields();
        uint flags = fields.VersionAndFlags().Flags;
        uint id = fields.UInt32();
        int track = moov.Tracks.FindIndex(t => t.Id == id);
        var defaults = track >= 0 ? moov.Tracks[track].Defaults : new(1, 0, 0, 0);
        long start = (flags & 0x1) != 0 ? fields.Int64() : (flags & 0x02_0000) != 0 || first ? moofOffset : dataEnd;
        uint description = (flags & 0x2) != 0 ? fields.UInt32() : defaults.Description;
        uint duration = (flags & 0x8) != 0 ? fields.UInt32() : defaults.Duration;
        uint size = (flags & 0x10) != 0 ? fields.UInt32() : defaults.Size;
        uint sampleFlags = (flags & 0x20) != 0 ? fields.UInt32() : defaults.Flags;
        if (fields.Failed || start < 0)
            return Fail("moof/traf/tfhd", tfhd.Offset, "it is shorter than its fields, or points before the file");

        long decode = track >= 0 ? moov.Tracks[track].NextDecode : 0;
        long data = start;
        while (boxes.TryNext(out var box))
        {
            if (box.Type == BoxType.Tfdt)
            {
                fields = box.Fields();
                ulong at = fields.UInt(fields.VersionAndFlags().Version == 1);
                if (fields.Failed || at > long.MaxValue / 4)
                    return Fail("moof/traf/tfdt", box.Offset, "its time makes no sense");
                decode = (long)at;
            }
            else if (box.Type == BoxType.Trun)
            {
                fields = box.Fields();
                uint trun = fields.VersionAndFlags().Flags;
                uint count = fields.UInt32();
                if ((trun & 0x1) != 0)
                    data = start + fields.Int32();
                uint firstFlags = (trun & 0x4) != 0 ? fields.UInt32() : sampleFlags;
                int each = (((trun & 0x100) != 0 ? 1 : 0) + ((trun & 0x200) != 0 ? 1 : 0) + ((trun & 0x400) != 0 ? 1 : 0) + ((trun & 0x800) != 0 ? 1 : 0)) * 4;
                if (fields.Failed || (each > 0 ? count > fields.Left / each : count > MaxUniform))
                    return Fail("moof/traf/trun", box.Offset, $"it has no room for {count} samples, or that is too many");
                for (uint i = 0; i < count; i++)
                {
                    uint sampleDuration = (trun & 0x100) != 0 ? fields.UInt32() : duration;
                    uint sampleSize = (trun & 0x200) != 0 ? fields.UInt32() : size;
                    uint own = (trun & 0x400) != 0 ? fields.UInt32() : i == 0 ? firstFlags : sampleFlags;
                    int composition = (trun & 0x800) != 0 ? fields.Int32() : 0;
                    if (sampleSize > int.MaxValue || data < 0 || data > long.MaxValue / 2)
                        return Fail("moof/traf/trun", box.Offset, $"sample {i} of {sampleSize} bytes at byte {data} is nowhere in a file");
                    samples.Add(new(track, data, (int)sampleSize, decode, composition, sampleDuration, (own & NotSync) == 0, (int)Math.Min(description, 1 << 16) - 1));
                    data += sampleSize;
                    decode += sampleDuration;
                }

                dataEnd = data;
            }
        }

        return boxes.Fault == BoxFault.None
            ? null
            : Fail("moof/traf", boxes.Offset, "a box in it reaches beyond its end, or has no sensible size");
    }

    static string Fail(string path, long offset, string what) => $"{path} at byte {offset}: {what}.";
}
