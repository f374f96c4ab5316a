using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.Data.Sqlite;

namespace Atalaya.Node.Evidence;

/// <summary>
/// The node's log: looks every few seconds what happened, numbers it, and appends a leaf for each record. Nothing else waits for it; while it can't write, what
/// happened stays where it is kept, and follows.
/// </summary>
/// <remarks>
/// A record gets its number, which is its leaf's index, in one durable transaction, and then its leaf. Records without a leaf are appended first, at the next
/// start, too, and to the byte the same: so a crash between the two neither loses nor doubles anything.
/// </remarks>
sealed class NodeLog(NodeDatabase database, NodeOptions options, TimeProvider clock, ILogger<NodeLog> log) : IHostedLifecycleService, IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(2), AfterFault = TimeSpan.FromSeconds(10);

    /// <summary>What changes seldom, or takes longer to look through.</summary>
    static readonly TimeSpan LookWider = TimeSpan.FromMinutes(1), LookEverywhere = TimeSpan.FromHours(1);

    /// <summary>Segments are published within minutes of their end; what a returning volume brings later is found by the look everywhere.</summary>
    static readonly TimeSpan Recent = TimeSpan.FromHours(2), RecentAccess = TimeSpan.FromDays(2);

    /// <summary>A request that comes with the start waits so long for the log.</summary>
    static readonly TimeSpan Opening = TimeSpan.FromSeconds(10);

    /// <summary>An access goes on within two minutes, or never.</summary>
    static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);

    /// <summary>Accesses get their numbers before they are written, so a smaller one may come later.</summary>
    const int AccessesApart = 1000;

    readonly CancellationTokenSource _stop = new();
    Task _loop = Task.CompletedTask;
    NoteSigner? _signer;                    // the loop's, as the next two, until it has ended
    volatile EvidenceLog? _log;
    long _lastAccess;
    DateTimeOffset? _wider, _everywhere;
    volatile string? _fault;
    volatile SignedCheckpoint? _head;
    readonly TaskCompletionSource<NoteKey> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The last durable checkpoint and the key that it is checked with, also in the moments after the start; null: the log can't be opened, see <see cref="Fault"/>.</summary>
    public async Task<(SignedCheckpoint Head, NoteKey Key)?> HeadAsync(CancellationToken stop)
    {
        try
        {
            var key = await _opened.Task.WaitAsync(Fault is null ? Opening : TimeSpan.Zero, clock, stop);
            return (_head!, key);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Why nothing is written just now, a sentence; null: all is well.</summary>
    public string? Fault => _fault ?? _log?.Fault;

    public string Folder => database.Folder.Log;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Everything else has started: the tables that are looked at are there.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _loop = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _loop;
    }

    /// <summary>Everything else has ended: its last deeds go into the log.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_log is not { } open || _signer is null)
            return;
        try
        {
            await open.DisposeAsync();      // with what it had been given
            _log = null;
            await using var last = EvidenceLog.Open(new LocalLogDisk(), Folder, _signer, clock);
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            long size = last.Head.Checkpoint.Size;
            if (Recently(connection).Take(EvidenceLog.MaxBatch).ToArray() is { Length: > 0 } records)
                Number(records, size);
            var rows = Waiting(size);
            if (rows.Length == 0)
                return;
            var appended = last.AppendAsync([.. rows.Select(r => r.ToLeaf().Encode())], cancellationToken);
            await last.DisposeAsync();      // at once, without waiting for more
            await appended;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            log.LogWarning("The last deeds before the stop follow in the log at the next start: {Reason}", fault.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _loop;
        if (_log is { } open)
            await open.DisposeAsync();
        _log = null;
        _signer?.Dispose();
    }

    /// <summary>The record about one thing, with its number; null: there is none.</summary>
    public async Task<LogRow?> FindAsync(LeafKind kind, string reference, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<LogRow>(new CommandDefinition(
            $"select {Columns} from log_records where kind = @kind and reference = @reference", new { kind = kind.ToString(), reference }, cancellationToken: stop));
    }

    public const string Columns = "leaf as Leaf, kind as Kind, at as At, salt as Salt, record as Record";

    async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var pause = Look;
            try
            {
                Open();
                await PassAsync();
                if (_fault is not null)
                    log.LogInformation("The log goes on.");
                _fault = null;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                // Recording and all else go on; what happens meanwhile follows.
                if (_fault is null)
                    log.LogError(fault, "The log can't be written; what happens stays where it is kept, and follows.");
                _fault = $"The log can't be written: {fault.Message}";
                pause = AfterFault;
            }

            try
            {
                await Task.Delay(pause, clock, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    void Open()
    {
        if (_log is not null)
            return;
        _signer ??= LogKeys.Open(database.Folder, options.Evidence, options.Name);
        _log = EvidenceLog.Open(new LocalLogDisk(), Folder, _signer, clock);
        _head = _log.Head;
        if (_opened.TrySetResult(_signer.Key))
            log.LogInformation("The log {Origin} has {Size} leaves; its key is {Key}.", _signer.Key.Name, _log.Head.Checkpoint.Size, _signer.Key);
    }

    async Task PassAsync()
    {
        await AppendAsync();        // what a crash came before
        await using var connection = await database.Source.OpenConnectionAsync(_stop.Token);
        var now = clock.GetUtcNow();
        bool wider = _wider is not { } w || now - w >= LookWider, everywhere = _everywhere is not { } e || now - e >= LookEverywhere;
        var found = everywhere ? Everything(connection) : wider ? Recently(connection).Concat(Seldom(connection, Before(RecentAccess))) : Recently(connection);
        foreach (var records in found.Chunk(EvidenceLog.MaxBatch))
        {
            Number(records, _log!.Head.Checkpoint.Size);
            await AppendAsync();
        }

        // After it went well.
        if (wider || everywhere)
            _wider = now;
        if (!everywhere)
            return;
        _everywhere = now;
    }

    IEnumerable<LogRecord> Recently(DbConnection connection) =>
        LogSources.Segments(connection, Before(Recent)).Concat(LogSources.Accesses(connection, _lastAccess - AccessesApart));

    /// <param name="begun">Of accesses that may have ended.</param>
    IEnumerable<LogRecord> Seldom(DbConnection connection, long begun) =>
        LogSources.Gaps(connection).Concat(LogSources.EndedAccesses(connection, begun, Before(Settled))).Concat(LogSources.Exports(connection))
            .Concat(LogSources.Holds(connection)).Concat(LogSources.Policies(connection));

    IEnumerable<LogRecord> Everything(DbConnection connection) =>
        LogSources.Segments(connection, long.MinValue).Concat(LogSources.Accesses(connection, long.MinValue)).Concat(Seldom(connection, long.MinValue));

    long Before(TimeSpan time) => (WallTime.Now(clock) - time).Microseconds;

    /// <summary>Gives records their numbers, behind those that have one and behind the log's leaves, whose records may be gone.</summary>
    void Number(LogRecord[] records, long size)
    {
        using var connection = database.Source.OpenConnection();
        // Before its leaf is durable a record must be, with its salt: otherwise the leaf would be mute.
        if (connection is SqliteConnection)
            connection.Execute("pragma synchronous = full");
        using var transaction = connection.BeginTransaction();
        long next = Math.Max(connection.ExecuteScalar<long>("select coalesce(max(leaf) + 1, 0) from log_records", transaction: transaction), size);
        long at = WallTime.Now(clock).Microseconds;
        connection.Execute(
            "insert into log_records (leaf, kind, reference, at, salt, record) values (@leaf, @kind, @Reference, @at, @salt, @Text)",
            records.Select((r, i) => new { leaf = next + i, kind = r.Kind.ToString(), r.Reference, at, salt = Leaf.NewSalt(), r.Text }), transaction);
        foreach (var record in records.Where(r => r.Kind == LeafKind.Deletion))
            Forget(connection, transaction, record.Reference, size);
        transaction.Commit();
        foreach (var record in records.Where(r => r.Kind == LeafKind.Access))
        {
            if (long.TryParse(record.Reference, out long id))
                _lastAccess = Math.Max(_lastAccess, id);
        }
    }

    /// <summary>Appends the leaves of numbered records until none is left.</summary>
    async Task AppendAsync()
    {
        while (Waiting(_log!.Head.Checkpoint.Size) is { Length: > 0 } rows)
        {
            // A stop needn't wait for the disk: what was given is written when the log is closed.
            long first = await _log.AppendAsync([.. rows.Select(r => r.ToLeaf().Encode())], _stop.Token).WaitAsync(_stop.Token);
            if (first != rows[0].Leaf)
                throw new InvalidOperationException($"Leaf {first} was to be leaf {rows[0].Leaf}.");
            _head = _log.Head;
        }
    }

    LogRow[] Waiting(long size)
    {
        using var connection = database.Source.OpenConnection();
        LogRow[] rows = [.. connection.Query<LogRow>($"select {Columns} from log_records where leaf >= @size order by leaf limit @most", new { size, most = EvidenceLog.MaxBatch })];
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i].Leaf != size + i)
                throw new InvalidDataException($"The log has {size} leaves, the next record is numbered {rows[i].Leaf}: the log's folder or the database is from another time. Bring both back from the same copy.");
        }

        return rows;
    }

    /// <summary>What retention removed goes from the records, too, so that they don't outlive the footage; its leaves are mute from then on.</summary>
    static void Forget(DbConnection connection, DbTransaction transaction, string deletion, long size)
    {
        if (deletion.Split('/') is not [var camera, var stream, var from, var to, _])
            return;
        string start = $"{camera}/{stream}/";
        // Microseconds of our time have 16 digits: as texts they lie in the order of time.
        connection.Execute(
            """
            delete from log_records where kind = 'Segment' and reference >= @from and reference < @to and leaf < @size and not exists (
                select 1 from segments s where s.camera = @camera and s.stream = @stream and s.start_us = cast(substr(reference, @digits) as bigint))
            """, new { from = start + from, to = start + to, size, camera, stream, digits = start.Length + 1 }, transaction);
    }
}
