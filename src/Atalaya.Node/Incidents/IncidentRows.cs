using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Alarms;

namespace Atalaya.Node.Incidents;

/// <summary>What a list shows of an incident.</summary>
sealed record IncidentLine(
    Guid Id, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, string? Assignee, DateTimeOffset OpenedAt, DateTimeOffset ChangedAt, DateTimeOffset? Due,
    DateTimeOffset? ClosedAt, long Version, long Change);

/// <summary>Which incidents are asked for.</summary>
/// <param name="Cameras">Those that the asker may see: one of an incident's alarms must be theirs; null: all.</param>
/// <param name="Horizon">Those that were closed before aren't asked for.</param>
sealed record IncidentQuery(
    AlarmListOrder Order, bool? IsOpen, IncidentState? State, AlarmSeverity? Severity, IncidentType? Type, string? Assignee, WallTime? From, WallTime? To, IReadOnlyList<string>? Cameras,
    WallTime Horizon, AlarmCursor? After, int Limit);

/// <summary>Incidents in the database: their events, and a row each for the lists.</summary>
static class IncidentRows
{
    const string Columns =
        "select id, type, severity, state, title, assignee, opened_at as OpenedAt, changed_at as ChangedAt, due, closed_at as ClosedAt, version, change_number as ChangeNumber from incidents";

    public static async Task<IReadOnlyList<IncidentEvent>> StoryAsync(this CaseSession session, Guid incident)
    {
        var bodies = await session.QueryAsync<string>("select body from incident_events where incident = @incident order by number", new { incident = CaseSession.Written(incident) });
        return [.. bodies.Select(b => JsonSerializer.Deserialize<IncidentEvent>(b, PolicyReader.Json)!)];
    }

    /// <summary>As its events make it; null: there is none.</summary>
    public static async Task<Incident?> IncidentAsync(this CaseSession session, Guid id)
    {
        var story = await session.StoryAsync(id);
        return story.Count == 0 ? null : Incident.Replay(story);
    }

    /// <summary>Tells one more thing of an incident, unless it is refused.</summary>
    /// <param name="incident">Null: the event opens it.</param>
    public static async Task<(Incident? Incident, IncidentRefusal Refusal)> AppendAsync(this CaseSession session, Incident? incident, IncidentEvent next)
    {
        next = next with { Number = (incident?.Version ?? 0) + 1 };
        var (after, refusal) = Incident.Apply(incident, next);
        if (refusal != IncidentRefusal.None)
            return (incident, refusal);
        string id = CaseSession.Written(after!.Id);
        await session.WriteAsync("insert into incident_events (incident, number, body) values (@id, @Number, @body)", new { id, next.Number, body = JsonSerializer.Serialize(next, PolicyReader.Json) });
        await session.WriteAsync(
            """
            insert into incidents (id, type, severity, state, is_open, title, assignee, opened_at, changed_at, due, closed_at, version, change_number)
            values (@id, @Type, @Severity, @State, @IsOpen, @Title, @Assignee, @OpenedAt, @ChangedAt, @Due, @ClosedAt, @Version, @Change)
            on conflict (id) do update set type = excluded.type, severity = excluded.severity, state = excluded.state, is_open = excluded.is_open, title = excluded.title,
            assignee = excluded.assignee, changed_at = excluded.changed_at, due = excluded.due, closed_at = excluded.closed_at, version = excluded.version, change_number = excluded.change_number
            """,
            new
            {
                id,
                Type = after.Type.ToString(),
                Severity = (long)after.Severity,
                State = after.State.ToString(),
                IsOpen = after.IsOpen ? 1L : 0L,
                after.Title,
                after.Assignee,
                OpenedAt = WallTime.From(after.OpenedAt).Microseconds,
                ChangedAt = WallTime.From(after.ChangedAt).Microseconds,
                Due = after.Due is { } due ? WallTime.From(due).Microseconds : (long?)null,
                ClosedAt = after.ClosedAt is { } closed ? WallTime.From(closed).Microseconds : (long?)null,
                after.Version,
                session.Change,
            });
        return (after, IncidentRefusal.None);
    }

    public static async Task<IReadOnlyList<IncidentLine>> IncidentsAsync(this CaseSession session, IncidentQuery query)
    {
        string where = "(is_open = 1 or closed_at >= @Horizon)";
        if (query.IsOpen is { } open)
            where += open ? " and is_open = 1" : " and is_open = 0";
        if (query.State is not null)
            where += " and state = @State";
        if (query.Severity is not null)
            where += " and severity = @Severity";
        if (query.Type is not null)
            where += " and type = @Type";
        if (query.Assignee is not null)
            where += " and assignee = @Assignee";
        if (query.From is not null)
            where += " and opened_at >= @From";
        if (query.To is not null)
            where += " and opened_at < @To";
        if (query.Cameras is not null)
            where += " and exists (select 1 from alarms a where a.incident = incidents.id and a.camera in @Cameras)";
        string order;
        if (query.Order == AlarmListOrder.Urgency)
        {
            order = "severity, opened_at, id";
            if (query.After is not null)
                where += " and (severity > @Rank or (severity = @Rank and (opened_at > @Key or (opened_at = @Key and id > @Id))))";
        }
        else
        {
            order = "case when severity = 0 then 0 else 1 end, opened_at desc, id desc";
            if (query.After is not null)
            {
                where += " and (case when severity = 0 then 0 else 1 end > @Rank"
                    + " or (case when severity = 0 then 0 else 1 end = @Rank and (opened_at < @Key or (opened_at = @Key and id < @Id))))";
            }
        }

        return Read(await session.QueryAsync<Row>($"{Columns} where {where} order by {order} limit @Limit", new
        {
            State = query.State?.ToString(),
            Severity = (long?)query.Severity,
            Type = query.Type?.ToString(),
            query.Assignee,
            From = query.From?.Microseconds,
            To = query.To?.Microseconds,
            query.Cameras,
            Horizon = query.Horizon.Microseconds,
            Rank = query.After?.Rank,
            Key = query.After?.Key,
            Id = query.After?.Id,
            query.Limit,
        }));
    }

    public static AlarmCursor CursorOf(IncidentLine line, AlarmListOrder order) => new(
        order == AlarmListOrder.Urgency ? (int)line.Severity : line.Severity == AlarmSeverity.Rescue ? 0 : 1, WallTime.From(line.OpenedAt).Microseconds, CaseSession.Written(line.Id));

    public static async Task<IncidentLine?> IncidentLineAsync(this CaseSession session, Guid id) =>
        Read(await session.QueryAsync<Row>($"{Columns} where id = @id", new { id = CaseSession.Written(id) })).FirstOrDefault();

    /// <summary>What changed after a number, in that order.</summary>
    public static async Task<IReadOnlyList<IncidentLine>> IncidentChangesAsync(this CaseSession session, long after, int limit) =>
        Read(await session.QueryAsync<Row>($"{Columns} where change_number > @after order by change_number, id limit @limit", new { after, limit }));

    /// <summary>Open ones whose target passed, the most urgent first.</summary>
    public static async Task<IReadOnlyList<IncidentLine>> OverdueIncidentsAsync(this CaseSession session, WallTime now, int limit) =>
        Read(await session.QueryAsync<Row>($"{Columns} where due <= @now order by severity, due limit @limit", new { now = now.Microseconds, limit }));

    /// <summary>Open ones, and those closed in a stretch.</summary>
    public static async Task<IReadOnlyList<Guid>> IncidentsOfShiftAsync(this CaseSession session, WallTime from, WallTime to, int limit) =>
        [.. (await session.QueryAsync<string>(
            "select id from incidents where is_open = 1 or (closed_at >= @from and closed_at < @to) order by is_open desc, severity, opened_at limit @limit",
            new { from = from.Microseconds, to = to.Microseconds, limit })).Select(id => Guid.ParseExact(id, "n"))];

    /// <summary>Whether one of its alarms was seen by one of these cameras.</summary>
    public static async Task<bool> ConcernsAsync(this CaseSession session, Guid incident, IReadOnlyList<string> cameras) =>
        await session.FirstAsync<long?>("select 1 from alarms where incident = @incident and camera in @cameras limit 1", new { incident = CaseSession.Written(incident), cameras }) is not null;

    /// <summary>Whether it goes on, or was closed since.</summary>
    public static async Task<bool> IsSinceAsync(this CaseSession session, Guid incident, WallTime horizon) =>
        await session.FirstAsync<long?>(
            "select 1 from incidents where id = @incident and (is_open = 1 or closed_at >= @horizon)", new { incident = CaseSession.Written(incident), horizon = horizon.Microseconds }) is not null;

    static IncidentLine[] Read(IEnumerable<Row> rows) =>
        [.. rows.Select(r => new IncidentLine(
            Guid.ParseExact(r.Id, "n"), Enum.Parse<IncidentType>(r.Type), (AlarmSeverity)r.Severity, Enum.Parse<IncidentState>(r.State), r.Title, r.Assignee, Time(r.OpenedAt), Time(r.ChangedAt),
            r.Due is { } due ? Time(due) : null, r.ClosedAt is { } closed ? Time(closed) : null, r.Version, r.ChangeNumber))];

    static DateTimeOffset Time(long microseconds) => new WallTime(microseconds).ToDateTimeOffset();

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Type { get; init; } = "";
        public long Severity { get; init; }
        public string State { get; init; } = "";
        public string Title { get; init; } = "";
        public string? Assignee { get; init; }
        public long OpenedAt { get; init; }
        public long ChangedAt { get; init; }
        public long? Due { get; init; }
        public long? ClosedAt { get; init; }
        public long Version { get; init; }
        public long ChangeNumber { get; init; }
    }
}
