namespace Atalaya.Evidence;

/// <summary>Reads a log as it lies in a folder, also one that is being written: what a checkpoint covers doesn't change.</summary>
public sealed class LogFolder(string folder, LogDisk disk)
{
    public const string CheckpointName = "checkpoint";

    public LogFolder(string folder)
        : this(folder, new LocalLogDisk())
    {
    }

    public string Path => folder;

    /// <summary>The note as it is there; null: there is no log.</summary>
    public byte[]? Checkpoint() => disk.Read(System.IO.Path.Combine(folder, CheckpointName));

    /// <summary>A tile's bytes; of a partial one, too, that was removed when it filled.</summary>
    /// <exception cref="InvalidDataException">It is missing or too short: files were lost.</exception>
    public ReadOnlyMemory<byte> Read(Tile tile)
    {
        byte[]? bytes = disk.Read(System.IO.Path.Combine(folder, tile.Path));
        if (bytes is null && !tile.IsFull)
            bytes = disk.Read(System.IO.Path.Combine(folder, tile.Full.Path));
        if (bytes is null)
            throw new InvalidDataException($"{System.IO.Path.Combine(folder, tile.Path)} is missing.");
        if (tile.Level == Tile.Entries)
            return Beginning(bytes, tile);
        int length = tile.Width * Digest.Length;
        return bytes.Length >= length ? bytes.AsMemory(0, length) : throw new InvalidDataException($"{System.IO.Path.Combine(folder, tile.Path)} is cut off.");
    }

    /// <summary>Of one leaf.</summary>
    /// <param name="size">Of the log; greater than the index.</param>
    public ReadOnlyMemory<byte> Entry(long index, long size)
    {
        var tile = Tile.Of(Tile.Entries, index, size);
        return EntryBundle.TryRead(Read(tile), tile.Width, out var entries) ? entries[(int)(index % Tile.FullWidth)] : throw new InvalidDataException($"{tile.Path} is damaged.");
    }

    public TileTree Tree(long size) => new(size, Read);

    // The full bundle may stand for a partial one.
    ReadOnlyMemory<byte> Beginning(byte[] bundle, Tile tile)
    {
        int at = 0;
        for (int i = 0; i < tile.Width; i++)
        {
            if (at + 2 > bundle.Length || at + 2 + ((bundle[at] << 8) | bundle[at + 1]) is var next && next > bundle.Length)
                throw new InvalidDataException($"{System.IO.Path.Combine(folder, tile.Path)} is cut off.");
            at = next;
        }

        return bundle.AsMemory(0, at);
    }
}
