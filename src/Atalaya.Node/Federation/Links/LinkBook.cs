using System.Collections.Concurrent;
using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>The links of this node, in the database and, as few as they are, all in memory.</summary>
sealed class LinkBook(NodeDatabase database, TimeProvider clock) : IHostedService, IDisposable
{
    const string Columns = """
        id, kind, state, organisation, site, log_key as LogKey, link_key as LinkKey, card, address, digits, created_at as CreatedAt, created_by as CreatedBy, confirmed_at as ConfirmedAt,
        confirmed_by as ConfirmedBy, ended_at as EndedAt, why, keys
        """;

    /// <summary>What is known of a link beyond itself and its messages: begun anew, it has told nothing and heard nothing.</summary>
    static readonly string[] Forgotten =
    [
        "delete from link_outbox where link = @Id",
        "delete from link_lanes where link = @Id",
        "delete from centre_cursors where link = @Id",
        "update site_alarms set site_change = 0 where link = @Id",
        "update site_incidents set site_change = 0 where link = @Id",
    ];

    readonly ConcurrentDictionary<string, LinkHealth> _health = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _reading = new(1, 1);
    volatile IReadOnlyList<Link> _links = [];
    Dictionary<Row, Link> _rows = [];       // what _links were read from; by who holds _reading

    /// <summary>A link was made, confirmed, suspended, ended.</summary>
    public event Action? Changed;

    /// <summary>All, the newest first.</summary>
    public IReadOnlyList<Link> All => _links;

    public IReadOnlyList<Link> Active => [.. _links.Where(l => l.State == LinkState.Active)];

    public bool IsActive(string id) => Find(id)?.State == LinkState.Active;

    public Link? Find(string id) => _links.FirstOrDefault(l => l.Id == id);

    /// <summary>Cancels as soon as a link isn't active any more, and at once if it isn't. Dispose of the answer first.</summary>
    public IDisposable CutWith(string id, Action cut)
    {
        Changed += Look;
        Look();
        return new Taken(() => Changed -= Look);

        void Look()
        {
            if (IsActive(id))
                return;
            try
            {
                cut();
            }
            catch (ObjectDisposedException)
            {
                // It has ended just now.
            }
        }
    }

    /// <param name="pin">Of the key that the other side showed.</param>
    public Link? FindByPin(Digest pin) => _links.FirstOrDefault(l => l.Pin == pin && l.State != LinkState.Ended) ?? _links.FirstOrDefault(l => l.Pin == pin);

    public LinkHealth HealthOf(string id) => _health.GetValueOrDefault(id, LinkHealth.Unknown);

    public async Task StartAsync(CancellationToken stop)
    {
        // From the question to the answer's place one at a time: else one that asked before a suspension could put its answer over that of one that asked after it.
        await _reading.WaitAsync(stop);
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            var rows = (await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from links order by created_at desc, id", cancellationToken: stop))).ToList();
            // One that is as it was is the same object: who serves it needn't begin anew because another changed.
            var before = _rows;
            var read = rows.ToDictionary(r => r, r => before.GetValueOrDefault(r) ?? r.Read());
            (_rows, _links) = (read, [.. rows.Select(r => read[r])]);
        }
        finally
        {
            _reading.Release();
        }
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose() => _reading.Dispose();

    /// <summary>A node joined; an ended link with it begins anew, its lanes from the first message, and what a site tells its centre from the first change.</summary>
    /// <param name="told">What this node's own card said when it was shown there: its text.</param>
    /// <returns>False: there is one that is made and hasn't ended.</returns>
    public async Task<bool> AddAsync(Link link, string told, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await connection.ExecuteAsync("delete from links where id = @Id and state in ('Ended', 'Confirming')", new { link.Id }, transaction);
        if (await connection.ExecuteScalarAsync<long>("select count(*) from links where id = @Id", new { link.Id }, transaction) > 0)
            return false;
        foreach (string forget in Forgotten)
            await connection.ExecuteAsync(forget, new { link.Id }, transaction);
        await connection.ExecuteAsync(
            """
            insert into links (id, kind, state, organisation, site, log_key, link_key, card, address, digits, created_at, created_by, told)
            values (@Id, @kind, @state, @Organisation, @Site, @log, @key, @Card, @Address, @Digits, @at, @CreatedBy, @told)
            """,
            new
            {
                link.Id,
                kind = link.Kind.ToString(),
                state = link.State.ToString(),
                link.Organisation,
                link.Site,
                log = link.LogKey.ToString(),
                key = Convert.ToBase64String(link.LinkKey),
                link.Card,
                link.Address,
                link.Digits,
                at = link.CreatedAt.Microseconds,
                link.CreatedBy,
                told,
            },
            transaction);
        foreach (var lane in Enum.GetValues<Lane>())
            await connection.ExecuteAsync("insert into link_lanes (link, lane) values (@Id, @lane)", new { link.Id, lane = (long)lane }, transaction);
        await transaction.CommitAsync(stop);
        await ReloadAsync(stop);
        return true;
    }

    /// <returns>False: it isn't in a state in which that can be done.</returns>
    public Task<bool> ConfirmAsync(string id, string by, CancellationToken stop) => ChangeAsync(
        id, "state = 'Active', confirmed_at = @now, confirmed_by = @by", "state = 'Confirming'", new { id, by, now = WallTime.Now(clock).Microseconds }, stop);

    public Task<bool> SuspendAsync(string id, string why, CancellationToken stop) => ChangeAsync(id, "state = 'Suspended', why = @why", "state = 'Active'", new { id, why }, stop);

    public Task<bool> ResumeAsync(string id, CancellationToken stop) => ChangeAsync(id, "state = 'Active', why = ''", "state = 'Suspended'", new { id }, stop);

    public async Task<bool> EndAsync(string id, string why, CancellationToken stop)
    {
        bool done = await ChangeAsync(id, "state = 'Ended', why = @why, ended_at = @now", "state <> 'Ended'", new { id, why, now = WallTime.Now(clock).Microseconds }, stop);
        if (done)
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await connection.ExecuteAsync(new CommandDefinition("delete from link_outbox where link = @id", new { id }, cancellationToken: stop));
        }

        return done;
    }

    /// <summary>The other node was renamed, is reached elsewhere, or its log's key was followed by another.</summary>
    /// <param name="card">Signed by the log key that is known, or by the one that <paramref name="keys"/> lead to.</param>
    /// <param name="keys"><see cref="Link.Keys"/>.</param>
    public async Task RenewAsync(DbConnection connection, DbTransaction transaction, Link link, NodeCard card, string note, string keys) => await connection.ExecuteAsync(
        "update links set organisation = @Organisation, site = @Site, card = @note, log_key = @log, keys = @keys, address = case when address = '' then '' else @Address end where id = @Id",
        new { card.Organisation, card.Site, note, log = card.LogKey.ToString(), keys, Address = card.Address.Length > 0 ? card.Address : link.Address, link.Id }, transaction);

    public async Task ReloadAsync(CancellationToken stop)
    {
        await StartAsync(stop);
        Changed?.Invoke();
    }

    /// <summary>How a link does, as its sender saw it just now.</summary>
    public void Tell(Link link, LinkHealth health)
    {
        var before = HealthOf(link.Id);
        _health[link.Id] = health with { Since = before.Since is not null && before.IsUp == health.IsUp ? before.Since : clock.GetUtcNow() };
    }

    async Task<bool> ChangeAsync(string id, string change, string from, object values, CancellationToken stop)
    {
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            if (await connection.ExecuteAsync(new CommandDefinition($"update links set {change} where id = @id and {from}", values, cancellationToken: stop)) == 0)
                return false;
        }

        await ReloadAsync(stop);
        return true;
    }

    sealed record Row
    {
        public string Id { get; init; } = "";
        public string Kind { get; init; } = "";
        public string State { get; init; } = "";
        public string Organisation { get; init; } = "";
        public string Site { get; init; } = "";
        public string LogKey { get; init; } = "";
        public string LinkKey { get; init; } = "";
        public string Card { get; init; } = "";
        public string Address { get; init; } = "";
        public string Digits { get; init; } = "";
        public long CreatedAt { get; init; }
        public string CreatedBy { get; init; } = "";
        public long? ConfirmedAt { get; init; }
        public string ConfirmedBy { get; init; } = "";
        public long? EndedAt { get; init; }
        public string Why { get; init; } = "";
        public string Keys { get; init; } = "";

        public Link Read() => new(
            Id, Enum.Parse<LinkKind>(Kind), Enum.Parse<LinkState>(State), Organisation, Site, NoteKey.TryParse(LogKey, out var key) ? key : throw new InvalidDataException($"The link {Id} has no key that can be read."),
            Convert.FromBase64String(LinkKey), Card, Address, Digits, new(CreatedAt), CreatedBy, ConfirmedAt is { } confirmed ? new WallTime(confirmed) : null, ConfirmedBy,
            EndedAt is { } ended ? new WallTime(ended) : null, Why)
        { Keys = Keys };
    }
}
