using System.Buffers.Binary;

namespace Atalaya.Media.Mp4;

/// <summary>Writes boxes (ISO/IEC 14496-12 4.2) into one growing buffer that is kept for the next time; sizes are patched at <see cref="End"/>.</summary>
/// <remarks>Not thread-safe. Holds at most 2 GiB, so headers only; media data is written past it.</remarks>
public sealed class BoxWriter(int capacity = 512)
{
    byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    /// <summary>Valid until the next write.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <returns>What <see cref="End"/> wants.</returns>
    public int Begin(uint type)
    {
        int start = Length;
        UInt32(0);
        UInt32(type);
        return start;
    }

    /// <summary>A full box: with version and flags (24 bit).</summary>
    public int Begin(uint type, byte version, uint flags)
    {
        int start = Begin(type);
        UInt32(((uint)version << 24) | (flags & 0xFF_FFFF));
        return start;
    }

    public void End(int start) => PatchUInt32(start, checked((uint)(Length - start)));

    public void UInt8(byte value) => Take(1)[0] = value;
    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);
    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);
    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);
    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);
    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);
    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));
    public void Zeros(int count) => Take(count).Clear();

    /// <summary>Overwrites four bytes at <paramref name="offset"/>.</summary>
    public void PatchUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(0, Length).Slice(offset, 4), value);

    Span<byte> Take(int count)
    {
        int start = Length;
        int end = checked(start + count);
        if (end > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(end, (int)Math.Min(2L * _bytes.Length, Array.MaxLength)));
        Length = end;
        return _bytes.AsSpan(start, count);
    }
}
