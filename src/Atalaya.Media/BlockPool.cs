namespace Atalaya.Media;

/// <summary>
/// Pinned, never-zeroed memory that all streams share, so that memory follows the sum of what is buffered and not the number
/// of cameras times the worst case. Sizes are powers of two from 8 KiB to 4 MiB; what is larger is left to the garbage collector.
/// </summary>
/// <remarks>
/// A block that nobody returns is collected like any other object: forgetting costs a miss. Returning twice is a bug and throws.
/// Thread-safe.
/// </remarks>
public sealed class BlockPool(long maxIdleBytes = 64 << 20)
{
    const int SmallestShift = 13, LargestShift = 22;

    readonly Stack<MediaBlock>[] _idle = [.. Enumerable.Range(SmallestShift, LargestShift - SmallestShift + 1).Select(_ => new Stack<MediaBlock>())];
    readonly Lock _gate = new();
    long _idleBytes;    // under _gate

    /// <summary>Bytes that wait for use.</summary>
    public long IdleBytes => Interlocked.Read(ref _idleBytes);

    /// <summary>A block of at least <paramref name="bytes"/>, its content undefined, with one reference that the caller owns.</summary>
    public MediaBlock Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        int shift = Math.Max(SmallestShift, 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)Math.Max(1, bytes) - 1));
        if (shift > LargestShift)
            return new MediaBlock(this, new byte[bytes], pooled: false);
        lock (_gate)
        {
            if (_idle[shift - SmallestShift].TryPop(out var block))
            {
                _idleBytes -= block.Bytes.Length;
                block.Revive();
                return block;
            }
        }

        return new MediaBlock(this, GC.AllocateUninitializedArray<byte>(1 << shift, pinned: true), pooled: true);
    }

    internal void Return(MediaBlock block)
    {
        int shift = System.Numerics.BitOperations.Log2((uint)block.Bytes.Length);
        lock (_gate)
        {
            if (_idleBytes + block.Bytes.Length > maxIdleBytes)
                return;
            _idleBytes += block.Bytes.Length;
            _idle[shift - SmallestShift].Push(block);
        }
    }
}

/// <summary>A stretch of memory with a count of who still reads it.</summary>
public sealed class MediaBlock
{
    readonly BlockPool _pool;
    readonly bool _pooled;
    int _references = 1;

    internal MediaBlock(BlockPool pool, byte[] bytes, bool pooled)
    {
        _pool = pool;
        _pooled = pooled;
        Bytes = bytes;
    }

    public byte[] Bytes { get; }

    public void Retain()
    {
        if (Interlocked.Increment(ref _references) <= 1)
            throw new InvalidOperationException("A media block was retained after its last release.");
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left < 0)
            throw new InvalidOperationException("A media block was released more often than retained.");
        if (left == 0 && _pooled)
            _pool.Return(this);
    }

    internal void Revive() => Volatile.Write(ref _references, 1);
}
