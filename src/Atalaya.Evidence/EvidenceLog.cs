namespace Atalaya.Evidence;

/// <summary>
/// Writes one log: an append-only list of leaves under a signed root, as static files (C2SP tlog-tiles) in a folder. One process at a time.
/// </summary>
/// <remarks>
/// Appended leaves wait up to <see cref="Gather"/>, then become durable together: bundles and tiles first, each synced, then their names, then the
/// checkpoint by replacing a file. Nothing that a durable checkpoint needs is ever written again, so a crash anywhere leaves the log as it was before
/// the batch or after it. A batch that failed is tried again with the same leaves in the same places, however long it takes: its checkpoint may have
/// reached the disk, and another in its place would be a second history.
/// </remarks>
public sealed class EvidenceLog : IAsyncDisposable
{
    /// <summary>How long a leaf waits for others: a batch costs half a dozen syncs whatever it holds.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromSeconds(1);

    /// <summary>After a disk that failed.</summary>
    static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>Leaves that become durable together: sixteen tiles, a few hundred milliseconds of a slow disk.</summary>
    public const int MaxBatch = 4096;

    /// <summary>Leaves that may wait; whoever brings more waits until there is room.</summary>
    public const int MaxWaiting = 4 * MaxBatch;

    readonly LogDisk _disk;
    readonly string _folder;
    readonly IReadOnlyList<NoteSigner> _signers;
    readonly TimeProvider _clock;
    readonly IDisposable _lock;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly Queue<Waiting> _waiting = [];      // under _gate, as the next five
    int _waitingLeaves;
    bool _closed;
    TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TileEdge _edge;                             // the next two: written by the loop alone
    MemoryStream _bundle;                       // leaves of the bundle that isn't full
    readonly HashSet<string> _folders = new(StringComparer.Ordinal);    // whose names are durable; the loop's, too
    volatile SignedCheckpoint _head;
    volatile string? _fault;
    readonly Task _loop;

    EvidenceLog(LogDisk disk, string folder, IReadOnlyList<NoteSigner> signers, TimeProvider clock, IDisposable held, SignedCheckpoint head, TileEdge edge, MemoryStream bundle)
    {
        (_disk, _folder, _signers, _clock, _lock, _head, _edge, _bundle) = (disk, folder, signers, clock, held, head, edge, bundle);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The last durable checkpoint. Only this one is to be shown to others: what is in the file may not have survived yet.</summary>
    public SignedCheckpoint Head => _head;

    /// <summary>Why nothing can be written just now, or null. Leaves wait meanwhile.</summary>
    public string? Fault => _fault;

    /// <summary>Leaves that aren't durable yet.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _waitingLeaves;
        }
    }

    /// <summary>Opens the log of the folder, or begins one. Reads the right edge only, however long it is.</summary>
    /// <param name="signer">Of the log; its name is the log's origin.</param>
    /// <exception cref="InvalidDataException">Files are missing or damaged, or another key wrote them. Nothing is written then: going on would be a second history.</exception>
    /// <exception cref="IOException">The folder can't be used, or another process writes the log.</exception>
    public static EvidenceLog Open(LogDisk disk, string folder, NoteSigner signer, TimeProvider clock) => Open(disk, folder, [signer], [], clock);

    /// <summary>The same, of a log whose key was followed by another.</summary>
    /// <param name="signers">Of all checkpoints from now on; the first is the key in force, the others its earlier ones that still sign beside it.</param>
    /// <param name="earlier">Keys that the checkpoint which is there may be signed by, too; it is signed anew then, with nothing else changed.</param>
    /// <inheritdoc cref="Open(LogDisk, string, NoteSigner, TimeProvider)"/>
    public static EvidenceLog Open(LogDisk disk, string folder, IReadOnlyList<NoteSigner> signers, IReadOnlyList<NoteKey> earlier, TimeProvider clock)
    {
        var signer = signers[0];
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        disk.MakeFolder(folder);
        disk.SyncFolder(Path.GetDirectoryName(folder)!);
        var held = disk.Lock(Path.Combine(folder, ".lock"));
        try
        {
            var files = new LogFolder(folder, disk);
            if (files.Checkpoint() is not { } note)
            {
                // The first checkpoint, of no leaf, is there before any tile is.
                if (disk.FolderExists(Path.Combine(folder, "tile")))
                    throw new InvalidDataException($"{folder} has leaves, but its file '{LogFolder.CheckpointName}' is lost. Bring it back from a copy; without it the log would begin a second time.");
                var first = SignedCheckpoint.Sign(new(signer.Key.Name, 0, Merkle.EmptyRoot), signers, clock.GetUtcNow());
                WriteCheckpoint(disk, folder, first);
                return new(disk, folder, signers, clock, held, first, new(), new());
            }

            if (!SignedCheckpoint.TryOpen(note, [.. signers.Select(s => s.Key), .. earlier], out var head, out string fault))
                throw new InvalidDataException($"{Path.Combine(folder, LogFolder.CheckpointName)} {fault}.");
            if (head.Checkpoint.Origin != signer.Key.Name)
                throw new InvalidDataException($"{folder} is the log of {head.Checkpoint.Origin}, not of {signer.Key.Name}.");
            long size = head.Checkpoint.Size;
            var edge = TileEdge.Load(size, files.Read);
            if (edge.Root() != head.Checkpoint.Root)
                throw new InvalidDataException($"The tiles in {folder} aren't those of its checkpoint: files were changed, or brought back from different times.");
            var bundle = Bundle(files, size);
            // The name may be of just before a crash: what is shown from now on must not be taken back by a loss of power.
            disk.SyncFolder(folder);
            RemoveLeftovers(disk, folder, size);
            if (!head.Note.TryVerify([signer.Key], out _))
                WriteCheckpoint(disk, folder, head = SignedCheckpoint.Sign(head.Checkpoint, signers, clock.GetUtcNow()));
            return new(disk, folder, signers, clock, held, head, edge, bundle);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Adds leaves, in their order and without others between them.</summary>
    /// <param name="entries">1 to <see cref="MaxBatch"/>, each up to <see cref="EntryBundle.MaxEntry"/> bytes; not changed afterwards.</param>
    /// <param name="stop">Ends the wait for room; what has been added stays added.</param>
    /// <returns>The index of the first, when all are durable and the head covers them.</returns>
    /// <exception cref="ObjectDisposedException">The log was closed before they were durable: they may be in it or not.</exception>
    public async Task<long> AppendAsync(IReadOnlyList<byte[]> entries, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(entries.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Count, MaxBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Max(e => e.Length), EntryBundle.MaxEntry);
        var waiting = new Waiting(entries);
        while (true)
        {
            Task room;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                if (_waitingLeaves + entries.Count <= MaxWaiting)
                {
                    _waiting.Enqueue(waiting);
                    _waitingLeaves += entries.Count;
                    _more.TrySetResult();
                    if (_waitingLeaves >= MaxBatch)
                        _enough.TrySetResult();
                    break;
                }

                room = _room.Task;
            }

            await room.WaitAsync(stop);
        }

        return await waiting.Done.Task;
    }

    /// <summary>Writes what waits, then ends. On a disk that fails what waits is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
        }

        await _stop.CancelAsync();
        await _loop;
        lock (_gate)
        {
            _room.TrySetResult();
            while (_waiting.TryDequeue(out var left))
                left.Done.TrySetException(new ObjectDisposedException(nameof(EvidenceLog)));
        }

        _lock.Dispose();
        _stop.Dispose();
    }

    async Task RunAsync()
    {
        Batch? batch = null;        // begun, and to be finished as it is
        while (true)
        {
            try
            {
                if (batch is null)
                {
                    await GatherAsync();
                    batch = Take();
                    if (batch is null)
                        return;     // stopped, and nothing waits
                }

                Commit(batch);
                batch = null;
            }
            catch (Exception e)
            {
                // Whatever it is: leaves wait, and it is told.
                _fault = $"The log can't be written: {e.Message}";
                if (!await DelayAsync(Retry))
                    return;
            }
        }
    }

    /// <summary>Returns when a batch is worth its syncs, or at once when the log is to end.</summary>
    async Task GatherAsync()
    {
        Task more, enough;
        lock (_gate)
            (more, enough) = (_more.Task, _enough.Task);
        try
        {
            await more.WaitAsync(_stop.Token);
            await enough.WaitAsync(Gather, _clock, _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException)
        {
            // Then with what there is.
        }
    }

    async Task<bool> DelayAsync(TimeSpan time)
    {
        try
        {
            await Task.Delay(time, _clock, _stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    Batch? Take()
    {
        lock (_gate)
        {
            var taken = new List<Waiting>();
            int leaves = 0;
            foreach (var waiting in _waiting)
            {
                if (leaves + waiting.Entries.Count > MaxBatch)
                    break;
                leaves += waiting.Entries.Count;
                taken.Add(waiting);
            }

            return taken.Count == 0 ? null : new(taken, leaves);
        }
    }

    /// <summary>The one place where the log grows.</summary>
    void Commit(Batch batch)
    {
        var (edge, bundle) = (_edge.Copy(), new MemoryStream());
        bundle.Write(_bundle.ToArray());
        var files = new List<(Tile Tile, byte[] Bytes)>();
        foreach (byte[] entry in batch.Taken.SelectMany(w => w.Entries))
        {
            EntryBundle.Append(bundle, entry);
            edge.Append(Merkle.Leaf(entry), (tile, bytes) => files.Add((tile, bytes)));
            if (edge.Size % Tile.FullWidth == 0)
            {
                files.Add((Tile.Of(Tile.Entries, edge.Size - 1, edge.Size), bundle.ToArray()));
                bundle.SetLength(0);
            }
        }

        var filled = files.ConvertAll(f => f.Tile);
        if (edge.Size % Tile.FullWidth != 0)
            files.Add((Tile.Of(Tile.Entries, edge.Size - 1, edge.Size), bundle.ToArray()));
        // A level that didn't grow has its partial tile already; the last checkpoint needs it as it is.
        files.AddRange(edge.Partial().Where(p => Tile.Count(p.Tile.Level, _edge.Size) != Tile.Count(p.Tile.Level, edge.Size)));

        // 1. The bytes of bundles and tiles; no durable checkpoint speaks of any of them yet.
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (tile, bytes) in files)
        {
            string path = Path.Combine(_folder, tile.Path), folder = Path.GetDirectoryName(path)!;
            if (folders.Add(folder))
                MakeFolder(folder);
            _disk.Write(path, bytes);
        }

        // 2. Their names.
        foreach (string folder in folders)
            _disk.SyncFolder(folder);

        // 3. The checkpoint: from here on the leaves are in the log.
        var head = SignedCheckpoint.Sign(new(_signers[0].Key.Name, edge.Size, edge.Root()), _signers, _clock.GetUtcNow());
        WriteCheckpoint(_disk, _folder, head);

        // 4. Known here, then to those who wait.
        long first = _edge.Size;
        (_edge, _bundle, _head, _fault) = (edge, bundle, head, null);
        lock (_gate)
        {
            for (int i = 0; i < batch.Taken.Count; i++)
                _waiting.Dequeue();
            _waitingLeaves -= batch.Leaves;
            if (_waiting.Count == 0)
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_waitingLeaves < MaxBatch)
                _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _room.TrySetResult();
            _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        foreach (var waiting in batch.Taken)
        {
            waiting.Done.TrySetResult(first);
            first += waiting.Entries.Count;
        }

        // 5. Partial tiles that a full one holds, too.
        foreach (var tile in filled)
        {
            string folder = Path.Combine(_folder, tile.PartialFolder);
            _folders.Remove(folder);
            TryRemove(_disk, folder);
        }
    }

    /// <summary>Makes a folder in the log's own, and those between, so that their names survive; also one that a process made which didn't come to that.</summary>
    void MakeFolder(string folder)
    {
        if (folder == _folder || _folders.Contains(folder))
            return;
        string above = Path.GetDirectoryName(folder)!;
        MakeFolder(above);
        _disk.MakeFolder(folder);
        _disk.SyncFolder(above);
        _folders.Add(folder);
    }

    /// <summary>The leaves behind the last full tile; damaged ones would be written on and on.</summary>
    static MemoryStream Bundle(LogFolder files, long size)
    {
        var bundle = new MemoryStream();
        if (size % Tile.FullWidth == 0)
            return bundle;
        Tile entries = Tile.Of(Tile.Entries, size - 1, size), hashes = Tile.Of(0, size - 1, size);
        var bytes = files.Read(entries);
        if (!EntryBundle.TryRead(bytes, entries.Width, out var leaves) || !leaves.Select(l => Merkle.Leaf(l.Span)).SequenceEqual(TileEdge.Hashes(files.Read(hashes).Span)))
            throw new InvalidDataException($"{entries.Path} doesn't hold the leaves that {hashes.Path} has the hashes of: files were changed.");
        bundle.Write(bytes.Span);
        return bundle;
    }

    static void WriteCheckpoint(LogDisk disk, string folder, SignedCheckpoint head)
    {
        string path = Path.Combine(folder, LogFolder.CheckpointName), draft = path + ".new";
        disk.Write(draft, head.Note.ToBytes());
        disk.Replace(draft, path);
        disk.SyncFolder(folder);
    }

    /// <summary>What the last batch would have removed, had it come to that.</summary>
    static void RemoveLeftovers(LogDisk disk, string folder, long size)
    {
        for (int level = Tile.Entries; level < Tile.Levels(size); level++)
        {
            long end = Tile.Count(level, size) / Tile.FullWidth;
            for (long index = Math.Max(0, end - (MaxBatch / Tile.FullWidth) - 1); index < end; index++)
                TryRemove(disk, Path.Combine(folder, new Tile(level, index, Tile.FullWidth).PartialFolder));
        }
    }

    static void TryRemove(LogDisk disk, string folder)
    {
        try
        {
            disk.DeleteFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Left-overs cost room and nothing else.
        }
    }

    sealed record Batch(List<Waiting> Taken, int Leaves);

    sealed class Waiting(IReadOnlyList<byte[]> entries)
    {
        public IReadOnlyList<byte[]> Entries => entries;
        public TaskCompletionSource<long> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
