namespace Atalaya.Evidence;

/// <summary>What <see cref="LogAudit"/> found.</summary>
/// <param name="Size">Leaves that were read.</param>
/// <param name="Faults">One sentence each, the first hundred; none: the log is whole, and its key's owner signed it.</param>
public sealed record LogFindings(long Size, SignedCheckpoint? Head, IReadOnlyList<string> Faults);

/// <summary>Reads a whole log and believes nothing: every leaf is hashed again, every tile compared, the root and its signature checked.</summary>
public static class LogAudit
{
    const int MaxFaults = 100;

    /// <param name="keys">Whose checkpoint it must be.</param>
    /// <param name="visit">Given each leaf and its index, in order.</param>
    /// <exception cref="IOException">A file can't be read.</exception>
    public static LogFindings Run(LogFolder log, IReadOnlyList<NoteKey> keys, Action<long, ReadOnlyMemory<byte>>? visit = null, IProgress<double>? progress = null, CancellationToken stop = default)
    {
        var faults = new List<string>();
        if (log.Checkpoint() is not { } note)
            return new(0, null, [$"{log.Path} holds no log."]);
        if (!SignedCheckpoint.TryOpen(note, keys, out var head, out string fault))
            return new(0, null, [$"{Path.Combine(log.Path, LogFolder.CheckpointName)} {fault}."]);
        long size = head.Checkpoint.Size;
        var edge = new TileEdge();
        while (edge.Size < size)
        {
            stop.ThrowIfCancellationRequested();
            var bundle = Tile.Of(Tile.Entries, edge.Size, size);
            try
            {
                if (!EntryBundle.TryRead(log.Read(bundle), bundle.Width, out var entries))
                    throw new InvalidDataException($"{bundle.Path} isn't a bundle of {bundle.Width} leaves.");
                foreach (var entry in entries)
                {
                    visit?.Invoke(edge.Size, entry);
                    edge.Append(Merkle.Leaf(entry.Span), Compare);
                }
            }
            catch (InvalidDataException e)
            {
                // Nothing behind it can be placed.
                Add(e.Message);
                return new(edge.Size, head, faults);
            }

            progress?.Report((double)edge.Size / size);
        }

        foreach (var (tile, bytes) in edge.Partial())
            Compare(tile, bytes);
        if (edge.Root() != head.Checkpoint.Root)
            Add($"The leaves have the root {edge.Root()}, the checkpoint says {head.Checkpoint.Root}.");
        return new(size, head, faults);

        void Compare(Tile tile, byte[] expected)
        {
            try
            {
                if (!log.Read(tile).Span.SequenceEqual(expected))
                    Add($"{tile.Path} isn't what its leaves hash to.");
            }
            catch (InvalidDataException e)
            {
                Add(e.Message);
            }
        }

        void Add(string text)
        {
            if (faults.Count < MaxFaults)
                faults.Add(text);
        }
    }
}
