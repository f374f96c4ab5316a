using System.Numerics;

namespace Atalaya.Evidence;

/// <summary>
/// Proofs about a tree of a certain size, from its tiles. Keeps the tiles that it read and what it made of them: make one for each request, or for as long
/// as the memory lasts. Not thread-safe.
/// </summary>
/// <param name="size">Leaves.</param>
/// <param name="read">Gives the bytes of a tile: 32 for each hash, as many as it is wide. What it throws comes out of the proof.</param>
public sealed class TileTree(long size, Func<Tile, ReadOnlyMemory<byte>> read)
{
    readonly Dictionary<Tile, Digest[]> _tiles = [];
    readonly Dictionary<(long From, long To), Digest> _ranges = [];

    public long Size => size;

    public Digest Root() => size == 0 ? Merkle.EmptyRoot : Range(0, size);

    /// <summary>That the leaf is in the tree: RFC 6962, section 2.1.1.</summary>
    public IReadOnlyList<Digest> Inclusion(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var proof = new List<Digest>();
        long from = 0, to = size;
        while (to - from > 1)
        {
            long middle = from + Merkle.Split(to - from);
            if (index < middle)
            {
                proof.Add(Range(middle, to));
                to = middle;
            }
            else
            {
                proof.Add(Range(from, middle));
                from = middle;
            }
        }

        proof.Reverse();
        return proof;
    }

    /// <summary>That the tree begins with all that it held when it had <paramref name="earlier"/> leaves: RFC 6962, section 2.1.2.</summary>
    public IReadOnlyList<Digest> Consistency(long earlier)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(earlier);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(earlier, size);
        var proof = new List<Digest>();
        if (earlier == 0 || earlier == size)
            return proof;
        long from = 0, to = size;
        while (earlier != to)
        {
            long middle = from + Merkle.Split(to - from);
            if (earlier <= middle)
            {
                proof.Add(Range(middle, to));
                to = middle;
            }
            else
            {
                proof.Add(Range(from, middle));
                from = middle;
            }
        }

        if (from > 0)
            proof.Add(Range(from, to));
        proof.Reverse();
        return proof;
    }

    /// <summary>The root above [from, to), where from is a multiple of the power of two that the stretch begins with.</summary>
    Digest Range(long from, long to)
    {
        if (_ranges.TryGetValue((from, to), out var root))
            return root;
        // Each eighth level of complete trees is in the tiles; what is between them is put together from halves.
        int height = BitOperations.Log2((ulong)(to - from)), level = height / 8;
        if (BitOperations.IsPow2(to - from) && height % 8 == 0)
        {
            long hash = from >> height;
            root = Hashes(Tile.Of(level, hash, size))[hash % Tile.FullWidth];
        }
        else
        {
            long middle = from + Merkle.Split(to - from);
            root = Merkle.Node(Range(from, middle), Range(middle, to));
        }

        return _ranges[(from, to)] = root;
    }

    Digest[] Hashes(Tile tile)
    {
        if (!_tiles.TryGetValue(tile, out var hashes))
        {
            var bytes = read(tile);
            if (bytes.Length != tile.Width * Digest.Length)
                throw new InvalidDataException($"{tile.Path} has {bytes.Length} bytes instead of {tile.Width * Digest.Length}.");
            _tiles[tile] = hashes = TileEdge.Hashes(bytes.Span);
        }

        return hashes;
    }
}
