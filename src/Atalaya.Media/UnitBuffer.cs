using System.Buffers.Binary;

namespace Atalaya.Media;

/// <summary>
/// Where a depacketizer assembles access units, one after another, each contiguous in a pooled block. A payload is copied here
/// once, from the socket's buffer; only a unit that outgrows its block moves to a larger one.
/// </summary>
/// <remarks>Not thread-safe: one depacketizer owns it.</remarks>
public sealed class UnitBuffer(BlockPool pool, int blockBytes = 64 << 10) : IDisposable
{
    /// <summary>No coded picture is this large; a stream that claims one is broken (bytes).</summary>
    public const int MaxUnitBytes = 16 << 20;

    MediaBlock? _block;
    int _start;     // of the open unit, in the block

    /// <summary>Bytes in the open unit.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _block is null ? default : _block.Bytes.AsSpan(_start, Length);

    /// <summary>False, and nothing appended, when the unit would exceed <see cref="MaxUnitBytes"/>.</summary>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxUnitBytes - Length)
            return false;
        if (_block is null || bytes.Length > _block.Bytes.Length - _start - Length)
            Grow(bytes.Length);
        bytes.CopyTo(_block!.Bytes.AsSpan(_start + Length));
        Length += bytes.Length;
        return true;
    }

    public bool TryAppendUInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return TryAppend(bytes);
    }

    /// <summary>Overwrites four bytes at <paramref name="offset"/> of the open unit.</summary>
    public void PatchUInt32(int offset, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - 4);
        BinaryPrimitives.WriteUInt32BigEndian(_block!.Bytes.AsSpan(_start + offset, 4), value);
    }

    /// <summary>Drops what follows the first <paramref name="length"/> bytes of the open unit.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Ends the open unit. The caller owns one reference to the returned block.</summary>
    public (MediaBlock Block, ReadOnlyMemory<byte> Data) Take()
    {
        var block = _block ?? throw new InvalidOperationException("The open unit is empty.");
        block.Retain();
        var data = block.Bytes.AsMemory(_start, Length);
        _start += Length;
        Length = 0;
        return (block, data);
    }

    public void Dispose()
    {
        _block?.Release();
        _block = null;
        _start = Length = 0;
    }

    void Grow(int more)
    {
        var next = pool.Rent(Math.Max(blockBytes, Length == 0 ? more : 2 * (Length + more)));
        if (_block is not null)
        {
            Written.CopyTo(next.Bytes);
            _block.Release();
        }

        _block = next;
        _start = 0;
    }
}
