using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Options;
using Atalaya.Node.Releases;
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
sealed class NodeLog(NodeDatabase database, KeyStore keys, NodeOptions options, TimeProvider clock, ILogger<NodeLog> log) : IHostedLifecycleService, IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(2), AfterFault = TimeSpan.FromSeconds(10);

    /// <summary>What changes seldom, or takes longer to look through.</summary>
    static readonly TimeSpan LookWider = TimeSpan.FromMinutes(1), LookEverywhere = TimeSpan.FromHours(1);

    /// <summary>Segments are published within minutes of their end; what a returning volume brings later is found by the look everywhere.</summary>
    static readonly TimeSpan Recent = TimeSpan.FromHours(2), RecentAccess = TimeSpan.FromDays(2);

    /// <summary>A request that comes with the start waits so long for the log.</summary>
    static readonly TimeSpan Opening = TimeSpan.FromSeconds(10);

    /// <summary>With witnesses that don't answer for so long, what they didn't sign is shown, too.</summary>
    static readonly TimeSpan Unwitnessed = TimeSpan.FromMinutes(2);

    /// <summary>The last checkpoint with witnesses' signatures, beside the log's own.</summary>
    const string WitnessedName = "witnessed";

    /// <summary>An access goes on within two minutes, or never.</summary>
    static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);

    /// <summary>Accesses get their numbers before they are written, so a smaller one may come later.</summary>
    const int AccessesApart = 1000;

    readonly CancellationTokenSource _stop = new();
    Task _loop = Task.CompletedTask;
    volatile LogSigners? _signers;          // written by the loop, as the next three, until it has ended
    volatile EvidenceLog? _log;
    long _lastAccess;
    volatile bool _watching;                // the tables that keep the present alone
    DateTimeOffset? _wider, _everywhere;
    bool _soon;
    volatile string? _fault;
    volatile SignedCheckpoint? _head;
    readonly Lock _showing = new();
    SignedCheckpoint? _witnessed, _shown;   // under _showing, as the next
    DateTimeOffset _witnessedAt;
    readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// The checkpoint that is shown to others and the key that it is checked with, also in the moments after the start: the last durable one, or with witnesses the last that they signed, unless
    /// none does. It never goes back. Null: the log can't be opened, see <see cref="Fault"/>.
    /// </summary>
    public async Task<(SignedCheckpoint Head, NoteKey Key)?> HeadAsync(CancellationToken stop)
    {
        try
        {
            await _opened.Task.WaitAsync(Fault is null ? Opening : TimeSpan.Zero, clock, stop);
            return (Shown(), _signers!.Current.Key);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>The last durable checkpoint, for witnesses; null: the log isn't open.</summary>
    public SignedCheckpoint? Newest => _opened.Task.IsCompletedSuccessfully ? _head : null;

    /// <summary>Witnesses signed a checkpoint of this log.</summary>
    /// <param name="signed">With their signatures, which are checked.</param>
    public void Witnessed(SignedCheckpoint signed)
    {
        lock (_showing)
        {
            // Who was late adds to what others signed.
            if (_witnessed is { } before && before.Checkpoint == signed.Checkpoint)
                signed = signed with { Note = signed.Note with { Signatures = [.. before.Note.Signatures.Where(b => signed.Note.Signatures.All(s => s.KeyId != b.KeyId)), .. signed.Note.Signatures] } };
            else if (_witnessed is { } other && other.Checkpoint.Origin == signed.Checkpoint.Origin && other.Checkpoint.Size > signed.Checkpoint.Size)
                return;
            (_witnessed, _witnessedAt) = (signed, clock.GetUtcNow());
        }

        try
        {
            var disk = new LocalLogDisk();
            string file = Path.Combine(Folder, WitnessedName);
            disk.Write(file + ".new", signed.Note.ToBytes());
            disk.Replace(file + ".new", file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The witnesses' signatures can't be kept beyond the next start: {Reason}", fault.Message);
        }
    }

    SignedCheckpoint Shown()
    {
        lock (_showing)
        {
            var next = _head!;
            // After a change of keys witnesses have signed what the earlier key alone signed: that is checked with another key than the one shown beside it.
            var key = _signers!.Current.Key;
            if (_witnessed is { } signed && signed.Checkpoint.Origin == next.Checkpoint.Origin && signed.Note.Signatures.Any(s => s.KeyId == key.Id && s.Name == key.Name)
                && (signed.Checkpoint == next.Checkpoint || clock.GetUtcNow() - _witnessedAt <= Unwitnessed))
            {
                next = signed;
            }

            // What was shown once isn't taken back.
            if (_shown is null || _shown.Checkpoint.Origin != next.Checkpoint.Origin || next.Checkpoint.Size >= _shown.Checkpoint.Size)
                _shown = next;
            return _shown;
        }
    }

    /// <summary>Has the log's key sign a text: what else of the organisation shall be believed by whoever knows that key.</summary>
    /// <param name="text">Lines, with the last newline.</param>
    /// <returns>Null: the log can't be opened, see <see cref="Fault"/>.</returns>
    /// <exception cref="IOException">The key is in a token that doesn't sign just now.</exception>
    public async Task<SignedNote?> SignAsync(string text, CancellationToken stop)
    {
        if (await HeadAsync(stop) is null)
            return null;
        var note = new SignedNote(text, []);
        var now = clock.GetUtcNow();
        return note with { Signatures = [.. _signers!.All.Select(s => s.Sign(note.TextBytes, now))] };
    }

    /// <summary>That a record is in the log that a checkpoint is of.</summary>
    /// <param name="reference">As the record's source names it, such as <see cref="SegmentRow.ReferenceOf"/>.</param>
    /// <param name="head">As <see cref="HeadAsync"/> gave it. All proofs that shall lead to one checkpoint are made for it.</param>
    /// <returns>Null: there is no such record, or the checkpoint doesn't cover it yet.</returns>
    /// <exception cref="InvalidDataException">The log's files are damaged.</exception>
    /// <exception cref="IOException">They can't be read.</exception>
    public async Task<LogSeal?> ProveAsync(LeafKind kind, string reference, SignedCheckpoint head, CancellationToken stop) =>
        await FindAsync(kind, reference, stop) is { } row && row.Leaf < head.Checkpoint.Size ? new LogSeal(row, new LogFolder(Folder).Tree(head.Checkpoint.Size).Inclusion(row.Leaf)) : null;

    /// <summary>The log's key was followed by another, which signs from now on.</summary>
    public event Action? KeyFollowed;

    /// <summary>How the key in force came to be: signed statements, for who knows an earlier one.</summary>
    public KeyHistory KeyHistory => _signers?.History ?? KeyHistory.Empty;

    /// <summary>Why nothing is written just now, a sentence; null: all is well.</summary>
    public string? Fault => _fault ?? _log?.Fault;

    public string Folder => database.Folder.Log;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before anybody can change something: from here on no change goes unnoticed.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            WatchedTables.Watch(connection);
            _watching = true;
        }
        catch (DbException fault)
        {
            log.LogError(fault, "Changes of users and settings can't be watched; it is tried again: {Reason}", fault.Message);
        }
    }

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
        if (_log is not { } open || _signers is not { } signers)
            return;
        try
        {
            await open.DisposeAsync();      // with what it had been given
            _log = null;
            await using var last = EvidenceLog.Open(new LocalLogDisk(), Folder, signers.All, signers.Earlier, clock);
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
        _signers?.Dispose();
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
                await OpenAsync();
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

    async Task OpenAsync()
    {
        if (KeyChange.Read(new LocalLogDisk(), database.Folder.Path) is { } change)
            await TryChangeAsync(change);
        if (_log is not null)
            return;
        var signers = _signers ?? LogKeys.Open(new LocalLogDisk(), database.Folder.Path, options.Evidence, options.Name, clock.GetUtcNow());
        _log = EvidenceLog.Open(new LocalLogDisk(), Folder, signers.All, signers.Earlier, clock);
        (_signers, _head) = (signers, _log.Head);
        lock (_showing)
        {
            // Only if it is of the newest: before the stop a newer one may have been shown.
            if (new LocalLogDisk().Read(Path.Combine(Folder, WitnessedName)) is { } note && SignedCheckpoint.TryOpen(note, [.. signers.All.Select(s => s.Key)], out var kept, out _)
                && kept.Checkpoint == _log.Head.Checkpoint)
            {
                _witnessed = kept;
            }
        }

        await NoteKeysAsync(signers, "The log's first key.");
        if (_opened.TrySetResult())
            log.LogInformation("The log {Origin} has {Size} leaves; its key is {Key}.", signers.Current.Key.Name, _log.Head.Checkpoint.Size, signers.Current.Key);
        else
            KeyFollowed?.Invoke();
    }

    async Task TryChangeAsync(KeyChange change)
    {
        try
        {
            await ChangeAsync(change);
        }
        catch (Exception fault) when (change.Act != KeyAct.BeginAnew && fault is IOException or InvalidDataException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            // A key that can't be followed goes on: no leaf waits for a change of keys. It may have been followed before something failed.
            if (_signers is not null)
                _signers = LogKeys.Open(new LocalLogDisk(), database.Folder.Path, options.Evidence, options.Name, clock.GetUtcNow());
            KeyChange.Remove(new LocalLogDisk(), database.Folder.Path);
            log.LogError("The log's key isn't changed: {Reason} Ask again when that is mended.", fault.Message);
        }
    }

    /// <summary>What somebody at the machine asked of the keys.</summary>
    async Task ChangeAsync(KeyChange change)
    {
        if (change.Act == KeyAct.BeginAnew)
        {
            await BeginAnewAsync(change);
            return;
        }

        var signers = _signers ?? LogKeys.Open(new LocalLogDisk(), database.Folder.Path, options.Evidence, options.Name, clock.GetUtcNow());
        if (_log is { } open)
        {
            _log = null;
            await open.DisposeAsync();
        }

        _signers = await change.FollowAsync(new LocalLogDisk(), database.Folder.Path, options.Evidence, signers, clock);
        if (_signers != signers)
            log.LogWarning("The log's key {Earlier} is {Fate}; now {Key} signs. Give it to those who check the log.", signers.Current.Key, change.Act == KeyAct.Revoke ? "revoked" : "followed by another", _signers.Current.Key);
    }

    /// <summary>Notes each key of the log with its beginning and end, from the statements, which are the truth.</summary>
    async Task NoteKeysAsync(LogSigners signers, string why)
    {
        var changes = signers.History.Changes;
        var first = changes.Count > 0 ? changes[0].Statement.Earlier : signers.Current.Key;
        await keys.AddAsync(KeyRow.Of(first, WallTime.Now(clock), why), _stop.Token);
        foreach (var (statement, _) in changes)
        {
            await keys.AddAsync(KeyRow.Of(statement.Next, WallTime.From(statement.At), statement.Reason), _stop.Token);
            await keys.EndAsync(KeyRow.Of(statement.Earlier, default, "").Id, (statement.Revoked ? "revoked: " : "followed by another: ") + statement.Reason, _stop.Token);
        }
    }

    /// <summary>
    /// The log is lost (its keys, or files of it): it goes aside with the records of its leaves, and another begins, under another name and key, whose first key's record says which log it
    /// follows and why. What the tables still keep is sealed anew.
    /// </summary>
    async Task BeginAnewAsync(KeyChange change)
    {
        if (change.Lost is null)
        {
            if (_log is not null || Opens())
            {
                KeyChange.Remove(new LocalLogDisk(), database.Folder.Path);
                log.LogError("The log isn't lost: it opens and goes on. Another isn't begun; `atalaya log rotate` changes its key.");
                return;
            }

            change = change with { Lost = LostLog.Of(database.Folder, clock.GetUtcNow()) };
            change.Write(new LocalLogDisk(), database.Folder.Path);
        }

        var lost = change.Lost!;
        lost.PutAside(database.Folder, LogKeys.IsPassphraseLost(new LocalLogDisk(), database.Folder.Path, options.Evidence));
        await using var connection = await database.Source.OpenConnectionAsync(_stop.Token);
        string name = lost.Origin.Length > 0 ? lost.Origin : lost.Folder;
        await using (var transaction = await connection.BeginTransactionAsync(_stop.Token))
        {
            await connection.ExecuteAsync(
                "insert into log_records_lost (origin, leaf, kind, reference, at, salt, record) select @name, leaf, kind, reference, at, salt, record from log_records", new { name }, transaction);
            await connection.ExecuteAsync("delete from log_records", transaction: transaction);
            await transaction.CommitAsync(_stop.Token);
        }

        string told = LostLog.Describe(lost, change.Reason);
        _signers?.Dispose();
        // A crash may have come behind the next log's key.
        _signers = File.Exists(LogKeys.PublicFile(database.Folder.Path))
            ? LogKeys.Open(new LocalLogDisk(), database.Folder.Path, options.Evidence, options.Name, clock.GetUtcNow())
            : LogKeys.Begin(new LocalLogDisk(), database.Folder.Path, options.Evidence, lost.NextOrigin(options.Evidence.Origin.Length > 0 ? options.Evidence.Origin : "atalaya"));
        string begun = KeyRow.Of(_signers.Current.Key, default, "").Id;
        foreach (var key in (await keys.ListAsync(_stop.Token)).Where(k => k.Purpose == KeyPurpose.Log && k.EndedUs is null && k.Id != begun))
            await keys.EndAsync(key.Id, "its log is lost: " + change.Reason, _stop.Token);
        await NoteKeysAsync(_signers, told);
        KeyChange.Remove(new LocalLogDisk(), database.Folder.Path);
        (_everywhere, _wider, _lastAccess) = (null, null, 0);
        log.LogError("{Told} The log is now {Origin}, its key {Key}: tell everybody who keeps the earlier one.", told, _signers.Current.Key.Name, _signers.Current.Key);
    }

    /// <summary>Whether the log could go on.</summary>
    bool Opens()
    {
        try
        {
            using var signers = LogKeys.Open(new LocalLogDisk(), database.Folder.Path, options.Evidence, options.Name, clock.GetUtcNow());
            var open = EvidenceLog.Open(new LocalLogDisk(), Folder, signers.All, signers.Earlier, clock);
            long size = open.Head.Checkpoint.Size;
            open.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Waiting(size);
            return true;
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or System.Security.Cryptography.CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Somebody waits for what is looked for once a minute: it is looked for now.</summary>
    public void LookSoon() => Volatile.Write(ref _soon, true);

    async Task PassAsync()
    {
        await AppendAsync();        // what a crash came before
        await using var connection = await database.Source.OpenConnectionAsync(_stop.Token);
        if (!_watching)
        {
            WatchedTables.Watch(connection);
            _watching = true;
        }

        var now = clock.GetUtcNow();
        bool wider = Interlocked.Exchange(ref _soon, false) || _wider is not { } w || now - w >= LookWider, everywhere = _everywhere is not { } e || now - e >= LookEverywhere;
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
        LogSources.Segments(connection, Before(Recent)).Concat(LogSources.Accesses(connection, _lastAccess - AccessesApart)).Concat(LogSources.Changes(connection)).Concat(LogSources.Masks(connection))
            .Concat(LogSources.Derived(connection)).Concat(ShareRecords.Of(connection));

    /// <param name="begun">Of accesses that may have ended.</param>
    IEnumerable<LogRecord> Seldom(DbConnection connection, long begun) =>
        LogSources.Gaps(connection).Concat(LogSources.EndedAccesses(connection, begun, Before(Settled))).Concat(LogSources.Exports(connection)).Concat(LogSources.Packages(connection))
            .Concat(LogSources.Holds(connection)).Concat(LogSources.Policies(connection)).Concat(LogSources.Keys(connection)).Concat(Disclosures.Of(connection));

    IEnumerable<LogRecord> Everything(DbConnection connection) =>
        LogSources.Segments(connection, long.MinValue).Concat(LogSources.Accesses(connection, long.MinValue)).Concat(LogSources.Changes(connection)).Concat(LogSources.Masks(connection))
            .Concat(LogSources.Derived(connection)).Concat(ShareRecords.Of(connection)).Concat(Seldom(connection, long.MinValue)).Concat(LogSources.Settings(connection, options, WallTime.Now(clock).Microseconds));

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
        connection.Execute("delete from changes where id = @Change", records.Where(r => r.Change is not null).Select(r => new { r.Change }), transaction);
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
