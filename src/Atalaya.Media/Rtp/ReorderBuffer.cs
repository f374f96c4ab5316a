using System.Buffers;

namespace Atalaya.Media.Rtp;

/// <summary>Keeps packets that came before their turn, by their place in the sequence. Only for UDP: TCP keeps order itself.</summary>
/// <remarks>Not thread-safe: one receiver owns it.</remarks>
sealed class ReorderBuffer : IDisposable
{
    /// <summary>Packets: a third of a second at 4 Mbit/s; more is no disorder but loss.</summary>
    public const int Capacity = 128;

    readonly Slot[] _slots = new Slot[Capacity];

    struct Slot
    {
        public byte[]? Bytes;
        public int Length;
        public long Sequence;
        public MonotonicTime Arrival;
        public WallTime Wall;
    }

    public int Count { get; private set; }

    /// <summary>Copies the packet. False if it is there already.</summary>
    /// <param name="sequence">Unwrapped; within <see cref="Capacity"/> of the next that is due.</param>
    public bool TryAdd(long sequence, ReadOnlySpan<byte> bytes, MonotonicTime arrival, WallTime wall)
    {
        ref var slot = ref _slots[(int)(sequence & (Capacity - 1))];
        if (slot.Bytes is not null)
            return false;
        slot = new() { Bytes = ArrayPool<byte>.Shared.Rent(bytes.Length), Length = bytes.Length, Sequence = sequence, Arrival = arrival, Wall = wall };
        bytes.CopyTo(slot.Bytes);
        Count++;
        return true;
    }

    /// <summary>The caller returns <paramref name="bytes"/> to the shared array pool.</summary>
    public bool TryTake(long sequence, out byte[] bytes, out int length, out MonotonicTime arrival, out WallTime wall)
    {
        ref var slot = ref _slots[(int)(sequence & (Capacity - 1))];
        if (slot.Bytes is null || slot.Sequence != sequence)
        {
            (bytes, length, arrival, wall) = ([], 0, default, default);
            return false;
        }

        (bytes, length, arrival, wall) = (slot.Bytes, slot.Length, slot.Arrival, slot.Wall);
        slot = default;
        Count--;
        return true;
    }

    /// <summary>The first that is held, and the arrival of the oldest. Only where there are any.</summary>
    public (long Sequence, MonotonicTime Oldest) First()
    {
        var first = (Sequence: long.MaxValue, Oldest: new MonotonicTime(long.MaxValue));
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            if (slot.Bytes is null)
                continue;
            first.Sequence = Math.Min(first.Sequence, slot.Sequence);
            if (slot.Arrival < first.Oldest)
                first.Oldest = slot.Arrival;
        }

        return first;
    }

    public void Dispose()
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.Bytes is not null)
                ArrayPool<byte>.Shared.Return(slot.Bytes);
            slot = default;
        }

        Count = 0;
    }
}
