using System.Text.Json;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Centre;

/// <summary>A site as its centre knows it.</summary>
/// <param name="Report">Null: it hasn't told anything yet.</param>
sealed record KnownSite(Link Link, SiteReport? Report, DateTimeOffset? ReceivedAt);

/// <summary>A case of a site.</summary>
/// <param name="Change">This node's number of its last change.</param>
sealed record FarCase<T>(string Link, T Case, long Change);

/// <summary>Where a page of what is open begins: behind the last alarm and the last incident of the page before.</summary>
/// <param name="Alarms">Null: there are no more.</param>
/// <param name="Incidents">Null: there are no more.</param>
readonly record struct FarPlace(AlarmCursor? Alarms, AlarmCursor? Incidents)
{
    static readonly AlarmCursor Begin = new(-1, 0, "");

    public static FarPlace First { get; } = new(Begin, Begin);

    /// <returns>Null: that was the last page.</returns>
    public FarPlace? After(IReadOnlyList<FarCase<Alarm>> alarms, IReadOnlyList<FarCase<SiteIncident>> incidents, int limit)
    {
        AlarmCursor? a = alarms.Count < limit ? null : Of(alarms[^1].Case), i = incidents.Count < limit ? null : Of(incidents[^1].Case);
        return a is null && i is null ? null : new(a, i);
    }

    public override string ToString() => $"{Alarms?.ToString() ?? "none"}_{Incidents?.ToString() ?? "none"}";

    public static bool TryParse(string text, out FarPlace place)
    {
        place = default;
        string[] parts = text.Split('_');
        if (parts.Length != 2 || !TryPart(parts[0], out var alarms) || !TryPart(parts[1], out var incidents))
            return false;
        place = new(alarms, incidents);
        return true;

        static bool TryPart(string part, out AlarmCursor? cursor)
        {
            bool isOne = AlarmCursor.TryParse(part, out var read);
            cursor = isOne ? read : null;
            return isOne || part == "none";
        }
    }

    static AlarmCursor Of(Alarm alarm) => new((int)alarm.Severity, WallTime.From(alarm.At).Microseconds, CaseSession.Written(alarm.Id));

    static AlarmCursor Of(SiteIncident incident) => new((int)incident.Severity, WallTime.From(incident.OpenedAt).Microseconds, CaseSession.Written(incident.Id));
}

/// <summary>What somebody here wanted done at a site.</summary>
sealed record SentDeed(CaseDeed Deed, DateTimeOffset At, DateTimeOffset? AnsweredAt, string? Refusal);

/// <summary>At a centre: what its sites told, read from the database. Also tells <see cref="CameraScopes"/> which sites there are, so that rights on a site hold for its cameras.</summary>
sealed class SiteBook(NodeDatabase database, LinkBook links, CameraScopes places, NodeOptions options, TimeProvider clock, ILogger<SiteBook> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan CleanEvery = TimeSpan.FromHours(1);

    ITimer? _cleaning;

    public Task StartAsync(CancellationToken stop)
    {
        links.Changed += Look;
        Look();
        _cleaning = clock.CreateTimer(_ => _ = CleanAsync(), null, CleanEvery, CleanEvery);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        links.Changed -= Look;
        if (Interlocked.Exchange(ref _cleaning, null) is { } timer)
            await timer.DisposeAsync();
    }

    void Look() => places.TakeSites(links.Active.Where(l => l.Kind == LinkKind.Site).Select(l => KeyValuePair.Create(l.Id, l.Site)));

    /// <summary>By name.</summary>
    public async Task<IReadOnlyList<KnownSite>> SitesAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = (await connection.QueryAsync<(string Link, string Report, long ReceivedAt)>(new CommandDefinition("select link, report, received_at from sites", cancellationToken: stop)))
            .ToDictionary(r => r.Link, StringComparer.Ordinal);
        return [.. links.All.Where(l => l.Kind == LinkKind.Site && l.State is LinkState.Active or LinkState.Suspended).OrderBy(l => l.Site, StringComparer.OrdinalIgnoreCase).Select(l =>
            rows.TryGetValue(l.Id, out var row) && row.Report.Length > 0
                ? new KnownSite(l, JsonSerializer.Deserialize<SiteReport>(row.Report, CentreJson.Options), new WallTime(row.ReceivedAt).ToDateTimeOffset())
                : new(l, null, null))];
    }

    /// <summary>Of all sites, by link.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<SiteCamera>>> CamerasAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<(string Link, string Body)>(new CommandDefinition(
            "select p.link, p.body from site_camera_pages p join sites s on s.link = p.link and s.cameras_digest = p.digest order by p.link, p.page", cancellationToken: stop));
        return rows.GroupBy(r => r.Link).ToDictionary(
            g => g.Key, g => (IReadOnlyList<SiteCamera>)[.. g.SelectMany(r => JsonSerializer.Deserialize<IReadOnlyList<SiteCamera>>(r.Body, CentreJson.Options)!)], StringComparer.Ordinal);
    }

    /// <summary>Open ones of all sites whose link is active, the most urgent first. Of an ended link nobody says any more what became of them.</summary>
    /// <param name="after">Null: none.</param>
    public static async Task<IReadOnlyList<FarCase<Alarm>>> OpenAlarmsAsync(CaseSession session, AlarmCursor? after, int limit) =>
        after is { } last ? Read<Alarm>(await session.QueryAsync<Row>(Open("site_alarms", "at"), new { limit, rank = (long)last.Rank, last.Key, last.Id })) : [];

    /// <summary>What changed after a number, in that order.</summary>
    public static async Task<IReadOnlyList<FarCase<Alarm>>> AlarmChangesAsync(CaseSession session, long after, int limit) =>
        Read<Alarm>(await session.QueryAsync<Row>("select link, body, change_number as Change from site_alarms where change_number > @after order by change_number, id limit @limit", new { after, limit }));

    public static async Task<Alarm?> AlarmAsync(CaseSession session, string link, Guid id) =>
        Read<Alarm>(await session.QueryAsync<Row>("select link, body, change_number as Change from site_alarms where link = @link and id = @id", new { link, id = CaseSession.Written(id) })).FirstOrDefault()?.Case;

    /// <param name="after">Null: none.</param>
    public static async Task<IReadOnlyList<FarCase<SiteIncident>>> OpenIncidentsAsync(CaseSession session, AlarmCursor? after, int limit) =>
        after is { } last ? Read<SiteIncident>(await session.QueryAsync<Row>(Open("site_incidents", "opened_at"), new { limit, rank = (long)last.Rank, last.Key, last.Id })) : [];

    static string Open(string table, string at) =>
        $"""
        select s.link, s.body, s.change_number as Change from {table} s join links l on l.id = s.link
        where s.is_open = 1 and l.kind = 'Site' and l.state = 'Active' and (s.severity > @rank or (s.severity = @rank and (s.{at} > @Key or (s.{at} = @Key and s.id > @Id))))
        order by s.severity, s.{at}, s.id limit @limit
        """;

    public static async Task<IReadOnlyList<FarCase<SiteIncident>>> IncidentChangesAsync(CaseSession session, long after, int limit) =>
        Read<SiteIncident>(await session.QueryAsync<Row>("select link, body, change_number as Change from site_incidents where change_number > @after order by change_number, id limit @limit", new { after, limit }));

    public static async Task<SiteIncident?> IncidentAsync(CaseSession session, string link, Guid id) =>
        Read<SiteIncident>(await session.QueryAsync<Row>("select link, body, change_number as Change from site_incidents where link = @link and id = @id", new { link, id = CaseSession.Written(id) })).FirstOrDefault()?.Case;

    /// <summary>The latest first.</summary>
    public static async Task<IReadOnlyList<SentDeed>> DeedsAsync(CaseSession session, string link, Guid subject, int limit)
    {
        var rows = await session.QueryAsync<(string Body, long At, long? AnsweredAt, string? Refusal)>(
            "select body, at, answered_at, refusal from site_deeds where link = @link and subject = @subject order by at desc, id desc limit @limit", new { link, subject = CaseSession.Written(subject), limit });
        return [.. rows.Select(r => new SentDeed(
            JsonSerializer.Deserialize<CaseDeed>(r.Body, CentreJson.Options)!, new WallTime(r.At).ToDateTimeOffset(), r.AnsweredAt is { } at ? new WallTime(at).ToDateTimeOffset() : null, r.Refusal))];
    }

    async Task CleanAsync()
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync();
            long before = (WallTime.Now(clock) - options.Alarms.Keep).Microseconds;
            await connection.ExecuteAsync("delete from site_alarms where is_open = 0 and last_at < @before", new { before });
            await connection.ExecuteAsync("delete from site_deeds where at < @before", new { before });
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning(fault, "Old alarms of sites couldn't be removed; it is tried again in an hour.");
        }
    }

    static List<FarCase<T>> Read<T>(IEnumerable<Row> rows) => [.. rows.Select(r => new FarCase<T>(r.Link, JsonSerializer.Deserialize<T>(r.Body, CentreJson.Options)!, r.Change))];

    sealed class Row
    {
        public string Link { get; init; } = "";
        public string Body { get; init; } = "";
        public long Change { get; init; }
    }
}
