using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Approvals;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Oversight;

/// <summary>In what way somebody got to see a camera.</summary>
public enum AccessKindJson
{
    Live,

    /// <summary>Of a camera that isn't added yet.</summary>
    Preview,
    Playback,

    /// <summary>The small pictures of a timeline.</summary>
    Thumbnails,

    /// <summary>Footage was cut into a file.</summary>
    Export,

    /// <summary>Such a file was taken.</summary>
    Download,

    /// <summary>It was handed to somebody outside.</summary>
    Release,

    /// <summary>The page kept a single picture of what it showed.</summary>
    Snapshot,

    /// <summary>Somebody asked for a second person's agreement; the entry's detail says to what.</summary>
    ApprovalAsked,

    /// <summary>A second person agreed.</summary>
    Approved,
    ApprovalRefused,
    ApprovalWithdrawn,

    /// <summary>Nobody decided in time, or it wasn't done in time.</summary>
    ApprovalExpired,

    /// <summary>What was agreed to was done.</summary>
    ApprovalUsed,

    /// <summary>Somebody changed users, rights, cameras, rules or settings; the entry's detail is the request. What changed is in the log.</summary>
    Change,

    /// <summary>A camera's masks were lifted for somebody; the stretch is for how long. What is then seen without them says so in its detail.</summary>
    Unmask,
}

/// <summary>
/// Who looked at what. Every route that gives pictures reports here: a live view is one entry from its start to its end, and what a player asks for piece by piece
/// is one entry as long as the same user goes on in the same camera.
/// </summary>
/// <remarks>
/// Pieces of the past are merged in memory and written every few seconds: what a kill can cost is the end of the last entry, not the entry, whose first row is written
/// before the first picture is given.
/// </remarks>
sealed class AccessLog(NodeDatabase database, TimeProvider clock, ILogger<AccessLog> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromMinutes(2);

    /// <summary>Pieces that lie farther apart are looked at as two stretches: somebody jumped.</summary>
    static readonly TimeSpan Jump = TimeSpan.FromMinutes(10);

    readonly Dictionary<(string User, string Camera, AccessKindJson Kind, Purpose Purpose, string Detail), Open> _open = [];  // under itself
    readonly SemaphoreSlim _writing = new(1, 1);
    ITimer? _timer;
    long _last;

    public async Task StartAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        _last = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select coalesce(max(id), 0) from accesses", cancellationToken: stop));
        _timer = clock.CreateTimer(_ => _ = WriteAsync(), null, WriteEvery, WriteEvery);
    }

    public async Task StopAsync(CancellationToken stop)
    {
        await DisposeAsync();
        lock (_open)
        {
            foreach (var open in _open.Values)
                open.Changed = true;
        }

        await WriteAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _timer, null) is { } timer)
            await timer.DisposeAsync();
    }

    /// <summary>A live view begins; dispose of what is returned when it ends.</summary>
    public async Task<IAsyncDisposable> BeginAsync(Caller caller, HttpContext http, string camera, AccessKindJson kind, CancellationToken stop)
    {
        long id = Interlocked.Increment(ref _last);
        await InsertAsync(id, caller, http, camera, kind, null, null, null, stop);
        return new LiveAccess(this, id);
    }

    /// <summary>Footage is about to be given; returns when that is written down or merged with what is.</summary>
    /// <exception cref="DbException">It can't be written: then nothing is given.</exception>
    public async Task NoteAsync(Caller caller, HttpContext http, string camera, AccessKindJson kind, WallTime from, WallTime to, CancellationToken stop)
    {
        long id;
        var key = (caller.CredentialId, camera, kind, PurposeOf(http), DetailOf(http));     // For something else, it is another entry.
        lock (_open)
        {
            var now = clock.GetUtcNow();
            foreach (var (old, ended) in _open.Where(o => now - o.Value.At > Pause && !o.Value.Changed).ToArray())
                _open.Remove(old);
            if (_open.TryGetValue(key, out var open) && now - open.At <= Pause && from <= open.To + Jump && to >= open.From - Jump)
            {
                open.From = from < open.From ? from : open.From;
                open.To = to > open.To ? to : open.To;
                open.At = now;
                open.Changed = true;
                return;
            }

            id = Interlocked.Increment(ref _last);
            _open[key] = new() { Id = id, From = from, To = to, At = now };
        }

        try
        {
            await InsertAsync(id, caller, http, camera, kind, from, to, WallTime.Now(clock), stop);
        }
        catch
        {
            lock (_open)
                _open.Remove(key);
            throw;
        }
    }

    /// <summary>The page kept a picture: always an entry of its own.</summary>
    public Task SnapshotAsync(Caller caller, HttpContext http, string camera, WallTime at, CancellationToken stop) =>
        InsertAsync(Interlocked.Increment(ref _last), caller, http, camera, AccessKindJson.Snapshot, at, at, WallTime.Now(clock), stop);

    /// <summary>A camera is about to be shown without its masks: always an entry of its own.</summary>
    /// <exception cref="DbException">It can't be written: then they stay.</exception>
    public Task UnmaskAsync(Caller caller, HttpContext http, string camera, TimeSpan lasts, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        return InsertAsync(Interlocked.Increment(ref _last), caller, http, camera, AccessKindJson.Unmask, now, now + lasts, now, stop);
    }

    /// <summary>A step of a request for a second person's agreement, in the transaction that takes it.</summary>
    /// <param name="caller">Null: time alone.</param>
    public async Task WriteAsync(
        DbConnection connection, DbTransaction transaction, Caller? caller, HttpContext? http, string camera, AccessKindJson kind, Approval approval, CancellationToken stop)
    {
        long now = WallTime.Now(clock).Microseconds;
        await connection.ExecuteAsync(new CommandDefinition(Insert, new
        {
            id = Interlocked.Increment(ref _last),
            UserId = caller?.UserId ?? approval.UserId,
            Name = caller?.Name ?? approval.UserName,
            token = caller is { Credential: Credential.Token } ? caller.CredentialId[..16] : "",
            address = http is null ? "" : SignIns.AddressOf(http),
            camera,
            kind = kind.ToString(),
            from = approval.From?.Microseconds,
            to = approval.To?.Microseconds,
            begun = now,
            ended = now,
            purpose = approval.Purpose.Id,
            reference = approval.Purpose.Reference,
            detail = $"{Options.OptionText.Format(approval.Action)} {approval.Detail} [{approval.Id}]{(kind is AccessKindJson.Approved or AccessKindJson.ApprovalRefused && approval.Reason.Length > 0 ? $": {approval.Reason}" : "")}",
        }, transaction, cancellationToken: stop));
    }

    /// <summary>Somebody is about to be given a document that no camera made: always an entry of its own.</summary>
    /// <param name="detail">Which one.</param>
    /// <exception cref="DbException">It can't be written: then nothing is given.</exception>
    public Task DocumentAsync(Caller caller, HttpContext http, string detail, CancellationToken stop) =>
        InsertAsync(Interlocked.Increment(ref _last), caller, http, "", AccessKindJson.Download, null, null, WallTime.Now(clock), stop, detail);

    /// <summary>Somebody changed how things are set up.</summary>
    /// <param name="camera">Empty: none.</param>
    /// <param name="detail">The request, as method and path.</param>
    public Task ChangeAsync(Caller caller, HttpContext http, string camera, string detail, CancellationToken stop) =>
        InsertAsync(Interlocked.Increment(ref _last), caller, http, camera, AccessKindJson.Change, null, null, WallTime.Now(clock), stop, detail);

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<AccessRow>> ListAsync(AccessFilter filter, CancellationToken stop)
    {
        await WriteAsync();
        string where = "begun_at >= @From and begun_at < @To";
        if (filter.User is not null)
            where += " and user_name = @User";
        if (filter.Camera is not null)
            where += " and camera = @Camera";
        if (filter.Kind is not null)
            where += " and kind = @Kind";
        if (filter.Before is not null)
            where += " and id < @Before";
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. await connection.QueryAsync<AccessRow>(new CommandDefinition(
            $"""
            select id, user_name as UserName, token, address, camera, kind, stretch_from as StretchFrom, stretch_to as StretchTo, begun_at as BegunAt, ended_at as EndedAt,
                purpose, reference, detail
            from accesses where {where} order by id desc limit @Limit
            """,
            new { From = filter.From.Microseconds, To = filter.To.Microseconds, filter.User, filter.Camera, Kind = filter.Kind?.ToString(), filter.Before, filter.Limit },
            cancellationToken: stop))];
    }

    async Task InsertAsync(long id, Caller caller, HttpContext http, string camera, AccessKindJson kind, WallTime? from, WallTime? to, WallTime? ended, CancellationToken stop, string? detail = null)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var purpose = PurposeOf(http);
        await connection.ExecuteAsync(new CommandDefinition(
            Insert,
            new
            {
                id,
                caller.UserId,
                caller.Name,
                token = caller.Credential == Credential.Token ? caller.CredentialId[..16] : "",
                address = SignIns.AddressOf(http),
                camera,
                kind = kind.ToString(),
                from = from?.Microseconds,
                to = to?.Microseconds,
                begun = WallTime.Now(clock).Microseconds,
                ended = ended?.Microseconds,
                purpose = purpose.Id,
                reference = purpose.Reference,
                detail = detail ?? DetailOf(http),
            },
            cancellationToken: stop));
    }

    const string Insert = """
        insert into accesses (id, user_id, user_name, token, address, camera, kind, stretch_from, stretch_to, begun_at, ended_at, purpose, reference, detail)
        values (@id, @UserId, @Name, @token, @address, @camera, @kind, @from, @to, @begun, @ended, @purpose, @reference, @detail)
        """;

    /// <summary>As <see cref="Purposes.Find"/> found it.</summary>
    static Purpose PurposeOf(HttpContext http) => http.Features.Get<Purpose>() ?? Purpose.None;

    /// <summary>As <see cref="Masks.Masking.For"/> noted it.</summary>
    static string DetailOf(HttpContext http) => http.Features.Get<Masks.Unmasked>() is null ? "" : "unmasked";

    async Task EndAsync(long id)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync();
            await connection.ExecuteAsync("update accesses set ended_at = @now where id = @id", new { id, now = WallTime.Now(clock).Microseconds });
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException)
        {
            log.LogError(fault, "The end of a live view couldn't be written down");
        }
    }

    async Task WriteAsync()
    {
        await _writing.WaitAsync();
        try
        {
            (long Id, long From, long To, long Ended)[] changed;
            lock (_open)
            {
                changed = [.. _open.Values.Where(o => o.Changed).Select(o => (o.Id, o.From.Microseconds, o.To.Microseconds, WallTime.From(o.At).Microseconds))];
                foreach (var open in _open.Values)
                    open.Changed = false;
            }

            if (changed.Length == 0)
                return;
            await using var connection = await database.Source.OpenConnectionAsync();
            foreach (var (id, from, to, ended) in changed)
                await connection.ExecuteAsync("update accesses set stretch_from = @from, stretch_to = @to, ended_at = @ended where id = @id", new { id, from, to, ended });
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException)
        {
            log.LogError(fault, "How far footage was looked at couldn't be written down");
        }
        finally
        {
            _writing.Release();
        }
    }

    sealed class Open
    {
        public required long Id { get; init; }
        public required WallTime From { get; set; }
        public required WallTime To { get; set; }
        public required DateTimeOffset At { get; set; }
        public bool Changed { get; set; }
    }

    sealed class LiveAccess(AccessLog accesses, long id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await accesses.EndAsync(id);
    }
}

/// <param name="Before">Rows of smaller numbers only: where a list goes on.</param>
sealed record AccessFilter(WallTime From, WallTime To, string? User, string? Camera, AccessKindJson? Kind, long? Before, int Limit);

/// <summary>As it is kept; times in microseconds.</summary>
sealed record AccessRow(long Id, string UserName, string Token, string Address, string Camera, string Kind, long? StretchFrom, long? StretchTo, long BegunAt, long? EndedAt,
    string Purpose, string Reference, string Detail);
