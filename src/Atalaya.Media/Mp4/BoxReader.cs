using System.Buffers.Binary;

namespace Atalaya.Media.Mp4;

/// <summary>Why no further box could be read.</summary>
public enum BoxFault
{
    None,

    /// <summary>Header or body reach beyond the bytes there are.</summary>
    Truncated,

    /// <summary>The size is smaller than the header that holds it, or beyond what a file can have.</summary>
    BadSize,
}

/// <summary>Head of a box, ISO/IEC 14496-12 4.2: 8 bytes, 8 more with a 64-bit size, 16 more for a <c>uuid</c>.</summary>
/// <param name="Size">Bytes, header included; of a box of size 0 (to the end of the file) the bytes that are left.</param>
public readonly record struct BoxHeader(uint Type, long Size, int HeaderSize)
{
    /// <summary>No header is longer (bytes).</summary>
    public const int MaxSize = 32;

    /// <param name="bytes">From the box on; 32 bytes are enough.</param>
    /// <param name="left">Bytes from the box to the end of what holds it. A box that reaches further is a fault, but <paramref name="header"/> is set.</param>
    public static BoxFault Parse(ReadOnlySpan<byte> bytes, long left, out BoxHeader header)
    {
        header = default;
        if (bytes.Length < 8 || left < 8)
            return BoxFault.Truncated;
        long size = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        uint type = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        int headerSize = 8;
        if (size == 1)
        {
            headerSize = 16;
            if (bytes.Length < 16 || left < 16)
                return BoxFault.Truncated;
            ulong large = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
            if (large > long.MaxValue)
                return BoxFault.BadSize;
            size = (long)large;
        }
        else if (size == 0)
        {
            size = left;
        }

        if (type == BoxType.Uuid)
            headerSize += 16;
        if (size < headerSize)
            return size > 0 && left < headerSize ? BoxFault.Truncated : BoxFault.BadSize;
        header = new(type, size, headerSize);
        return size > left ? BoxFault.Truncated : BoxFault.None;
    }
}

/// <summary>One box in memory.</summary>
public readonly ref struct Box
{
    internal Box(BoxHeader header, long offset, ReadOnlySpan<byte> bytes)
    {
        Header = header;
        Offset = offset;
        Body = bytes[header.HeaderSize..];
    }

    public BoxHeader Header { get; }
    public uint Type => Header.Type;

    /// <summary>Of the box's first byte, in the file.</summary>
    public long Offset { get; }
    public long BodyOffset => Offset + Header.HeaderSize;

    /// <summary>Without the header, with version and flags.</summary>
    public ReadOnlySpan<byte> Body { get; }

    public BoxReader Children() => new(Body, BodyOffset);

    /// <summary>Fields of the body, from its first byte.</summary>
    public FieldReader Fields() => new(Body);
}

/// <summary>Walks the boxes that lie one after another in a span. Never throws: it ends, and says with what fault and where.</summary>
/// <param name="origin">Where the span's first byte lies in the file.</param>
public ref struct BoxReader(ReadOnlySpan<byte> bytes, long origin = 0)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;
    int _position;

    /// <summary>None at the regular end.</summary>
    public BoxFault Fault { get; private set; }

    /// <summary>Of the box that is read next or that could not be read, in the file.</summary>
    public readonly long Offset => origin + _position;

    public bool TryNext(out Box box)
    {
        box = default;
        var rest = _bytes[_position..];
        // QuickTime ends some lists of boxes with 32 zero bits.
        if (Fault != BoxFault.None || rest.Length == 0 || (rest.Length == 4 && BinaryPrimitives.ReadUInt32BigEndian(rest) == 0))
            return false;
        Fault = BoxHeader.Parse(rest, rest.Length, out var header);
        if (Fault != BoxFault.None)
            return false;
        box = new(header, Offset, rest[..(int)header.Size]);
        _position += (int)header.Size;
        return true;
    }

    /// <summary>The next box of a type, others skipped.</summary>
    public bool TryFind(uint type, out Box box)
    {
        while (TryNext(out box))
        {
            if (box.Type == type)
                return true;
        }

        return false;
    }
}

/// <summary>Big-endian fields one after another. Beyond the end every field is zero and <see cref="Failed"/> is true: check once, after the last.</summary>
public ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; }
    public bool Failed { get; private set; }
    public readonly int Left => _bytes.Length - Position;
    public readonly ReadOnlySpan<byte> Rest => _bytes[Position..];

    public byte UInt8() => Take(1) is [var b] ? b : (byte)0;
    public ushort UInt16() => Take(2) is { Length: 2 } b ? BinaryPrimitives.ReadUInt16BigEndian(b) : (ushort)0;
    public uint UInt32() => Take(4) is { Length: 4 } b ? BinaryPrimitives.ReadUInt32BigEndian(b) : 0;
    public int Int32() => (int)UInt32();
    public ulong UInt64() => Take(8) is { Length: 8 } b ? BinaryPrimitives.ReadUInt64BigEndian(b) : 0;
    public long Int64() => (long)UInt64();

    /// <summary>32 or 64 bits, as the version of a full box decides.</summary>
    public ulong UInt(bool wide) => wide ? UInt64() : UInt32();

    /// <summary>Version and flags of a full box.</summary>
    public (byte Version, uint Flags) VersionAndFlags()
    {
        uint both = UInt32();
        return ((byte)(both >> 24), both & 0xFF_FFFF);
    }

    public void Skip(int count) => Take(count);
    public ReadOnlySpan<byte> Bytes(int count) => Take(count);

    ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count < 0 || count > Left)
        {
            Failed = true;
            return default;
        }

        Position += count;
        return _bytes.Slice(Position - count, count);
    }
}
