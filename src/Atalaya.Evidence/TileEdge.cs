namespace Atalaya.Evidence;

/// <summary>
/// The right edge of a tree: the tile that isn't full yet of each level. All that it takes to append and to tell the root; its size grows with the
/// logarithm of the tree's.
/// </summary>
sealed class TileEdge
{
    readonly List<List<Digest>> _levels;

    TileEdge(List<List<Digest>> levels, long size)
    {
        _levels = levels;
        Size = size;
    }

    public TileEdge()
        : this([], 0)
    {
    }

    /// <summary>Leaves.</summary>
    public long Size { get; private set; }

    /// <summary>The edge of a tree that is on a disk.</summary>
    /// <param name="read">Gives the bytes of a tile.</param>
    public static TileEdge Load(long size, Func<Tile, ReadOnlyMemory<byte>> read)
    {
        var levels = new List<List<Digest>>();
        for (int level = 0; level < Tile.Levels(size); level++)
        {
            long count = Tile.Count(level, size);
            levels.Add(count % Tile.FullWidth == 0 ? [] : [.. Hashes(read(Tile.Of(level, count - 1, size)).Span)]);
        }

        return new(levels, size);
    }

    public TileEdge Copy() => new(_levels.ConvertAll(l => new List<Digest>(l)), Size);

    /// <summary>Adds a leaf.</summary>
    /// <param name="full">Told of each tile that this fills, and its bytes.</param>
    public void Append(Digest leaf, Action<Tile, byte[]> full)
    {
        Size++;
        var hash = leaf;
        for (int level = 0; ; level++)
        {
            if (level == _levels.Count)
                _levels.Add([]);
            var hashes = _levels[level];
            hashes.Add(hash);
            if (hashes.Count < Tile.FullWidth)
                return;
            hash = Merkle.Root([.. hashes]);
            full(Tile.Of(level, Tile.Count(level, Size) - 1, Size), Bytes(hashes));
            hashes.Clear();
        }
    }

    /// <summary>The tiles that aren't full, with their bytes.</summary>
    public IEnumerable<(Tile Tile, byte[] Bytes)> Partial()
    {
        for (int level = 0; level < _levels.Count; level++)
        {
            if (_levels[level].Count > 0)
                yield return (Tile.Of(level, Tile.Count(level, Size) - 1, Size), Bytes(_levels[level]));
        }
    }

    public Digest Root()
    {
        // What a level can't fill a tile with is the last, smaller tree of the level above.
        Digest? below = null;
        foreach (var hashes in _levels)
        {
            Digest[] all = below is { } last ? [.. hashes, last] : [.. hashes];
            if (all.Length > 0)
                below = Merkle.Root(all);
        }

        return below ?? Merkle.EmptyRoot;
    }

    public static Digest[] Hashes(ReadOnlySpan<byte> tile)
    {
        var hashes = new Digest[tile.Length / Digest.Length];
        for (int i = 0; i < hashes.Length; i++)
            hashes[i] = new(tile.Slice(i * Digest.Length, Digest.Length));
        return hashes;
    }

    static byte[] Bytes(List<Digest> hashes)
    {
        byte[] bytes = new byte[hashes.Count * Digest.Length];
        for (int i = 0; i < hashes.Count; i++)
            hashes[i].CopyTo(bytes.AsSpan(i * Digest.Length));
        return bytes;
    }
}
