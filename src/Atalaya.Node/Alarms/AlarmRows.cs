using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Scene;

namespace Atalaya.Node.Alarms;

/// <summary>The last alarm of a page.</summary>
/// <param name="Key">What the list is sorted by before the id: <c>at</c>.</param>
readonly record struct AlarmCursor(int Rank, long Key, string Id)
{
    public override string ToString() => $"{Rank}-{Key}-{Id}";

    public static bool TryParse(string text, out AlarmCursor cursor)
    {
        cursor = default;
        string[] parts = text.Split('-');
        if (parts.Length != 3 || !int.TryParse(parts[0], out int rank) || !long.TryParse(parts[1], out long key) || !Guid.TryParseExact(parts[2], "n", out var id))
            return false;
        cursor = new(rank, key, CaseSession.Written(id));
        return true;
    }
}

public enum AlarmListOrder
{
    /// <summary>By severity; of the same, who waits longest.</summary>
    Urgency,

    /// <summary>Rescues, then all others, the newest first.</summary>
    Newest,
}

/// <summary>Which alarms the one who asks is shown.</summary>
/// <param name="Cameras">Cameras of which they see all; null: all of everything, and the node's own.</param>
/// <param name="Health">Cameras of which they see what doesn't work; null: of all, and of the node itself.</param>
sealed record AlarmSight(IReadOnlyList<string>? Cameras, IReadOnlyList<string>? Health)
{
    /// <summary>Kinds that say that something doesn't work, and nothing of what a camera saw.</summary>
    public static IReadOnlyList<SceneEventKind> TechnicalKinds { get; } =
        [SceneEventKind.StreamLost, SceneEventKind.AnalysisBlind, SceneEventKind.RecordingFailed, SceneEventKind.StorageTrouble];

    public static IReadOnlyList<string> TechnicalNames { get; } = [.. TechnicalKinds.Select(k => k.ToString())];

    /// <summary>A condition on alarms, with @Cameras, @Health and @TechnicalNames in it.</summary>
    public string Condition => this switch
    {
        { Cameras: null } => "1 = 1",
        { Health: null } => "(camera in @Cameras or kind in @TechnicalNames)",
        { Health.Count: 0 } => "camera in @Cameras",
        _ => "(camera in @Cameras or (kind in @TechnicalNames and camera in @Health))",
    };
}

/// <summary>Which alarms are asked for.</summary>
/// <param name="Horizon">Closed ones from before aren't asked for.</param>
sealed record AlarmQuery(
    AlarmListOrder Order, bool? IsOpen, AlarmState? State, AlarmSeverity? Severity, IncidentType? Type, string? Camera, string? Assignee, Guid? Incident, WallTime? From, WallTime? To,
    AlarmSight Sight, WallTime Horizon, AlarmCursor? After, int Limit);

/// <summary>How alarms of one rule on one camera ended.</summary>
sealed record AlarmFigure(string Camera, string Rule, SceneEventKind Kind, IncidentType Type, long Alarms, long Events, long Closed, long Real, long False, long Nuisance, long Test);

sealed partial class CaseSession
{
    const string AlarmColumns =
        """
        select id, type, severity, state, camera, cameras, rule, kind, class, detail, facts, at, last_at as LastAt, raised_at as RaisedAt, events, clause, acknowledged_by as AcknowledgedBy,
        acknowledged_at as AcknowledgedAt, assignee, level, due, outcome, closed_by as ClosedBy, closed_at as ClosedAt, incident, version, over_at as OverAt from alarms
        """;

    public async Task<Alarm?> AlarmAsync(Guid id) => await FirstAsync<AlarmRow>($"{AlarmColumns} where id = @id", new { id = Written(id) }) is { } row ? row.Read() : null;

    public async Task<IReadOnlyList<Alarm>> AlarmsAsync(AlarmQuery query)
    {
        string where = "(is_open = 1 or last_at >= @Horizon)";
        if (query.IsOpen is { } open)
            where += open ? " and is_open = 1" : " and is_open = 0";
        if (query.State is not null)
            where += " and state = @State";
        if (query.Severity is not null)
            where += " and severity = @Severity";
        if (query.Type is not null)
            where += " and type = @Type";
        if (query.Camera is not null)
            where += " and id in (select alarm from alarm_cameras where camera = @Camera)";
        where += " and " + query.Sight.Condition;
        if (query.Assignee is not null)
            where += " and assignee = @Assignee";
        if (query.Incident is not null)
            where += " and incident = @Incident";
        if (query.From is not null)
            where += " and at >= @From";
        if (query.To is not null)
            where += " and at < @To";
        string order;
        if (query.Order == AlarmListOrder.Urgency)
        {
            order = "severity, at, id";
            if (query.After is not null)
                where += " and (severity > @Rank or (severity = @Rank and (at > @Key or (at = @Key and id > @Id))))";
        }
        else
        {
            order = "case when severity = 0 then 0 else 1 end, at desc, id desc";
            if (query.After is not null)
                where += " and (case when severity = 0 then 0 else 1 end > @Rank or (case when severity = 0 then 0 else 1 end = @Rank and (at < @Key or (at = @Key and id < @Id))))";
        }

        var rows = await QueryAsync<AlarmRow>($"{AlarmColumns} where {where} order by {order} limit @Limit", new
        {
            State = query.State?.ToString(),
            Severity = (long?)query.Severity,
            Type = query.Type?.ToString(),
            query.Camera,
            query.Sight.Cameras,
            query.Sight.Health,
            AlarmSight.TechnicalNames,
            query.Assignee,
            Incident = query.Incident is { } incident ? Written(incident) : null,
            From = query.From?.Microseconds,
            To = query.To?.Microseconds,
            Horizon = query.Horizon.Microseconds,
            Rank = query.After?.Rank,
            Key = query.After?.Key,
            Id = query.After?.Id,
            query.Limit,
        });
        return [.. rows.Select(r => r.Read())];
    }

    public static AlarmCursor CursorOf(Alarm alarm, AlarmListOrder order) => new(
        order == AlarmListOrder.Urgency ? (int)alarm.Severity : alarm.Severity == AlarmSeverity.Rescue ? 0 : 1, WallTime.From(alarm.At).Microseconds, Written(alarm.Id));

    /// <summary>What an event of this camera might belong to, and what its camera raised lately.</summary>
    public async Task<IReadOnlyList<Alarm>> RecentAsync(IReadOnlyList<string> near, WallTime from, WallTime to)
    {
        var rows = await QueryAsync<AlarmRow>(
            $"{AlarmColumns} where id in (select alarm from alarm_cameras where camera in @near and at >= @from and at <= @to)",
            new { near, from = from.Microseconds, to = to.Microseconds });
        return [.. rows.Select(r => r.Read())];
    }

    /// <summary>What changed after a number, in that order.</summary>
    public async Task<IReadOnlyList<(Alarm Alarm, long Change)>> AlarmChangesAsync(long after, int limit)
    {
        var rows = await QueryAsync<AlarmRow>(
            $"{AlarmColumns.Replace(" from alarms", ", change_number as ChangeNumber from alarms", StringComparison.Ordinal)} where change_number > @after order by change_number, id limit @limit",
            new { after, limit });
        return [.. rows.Select(r => (r.Read(), r.ChangeNumber))];
    }

    /// <summary>Open ones whose target passed and whose trouble isn't over, the most urgent first.</summary>
    public async Task<IReadOnlyList<Alarm>> OverdueAlarmsAsync(WallTime now, int limit) =>
        [.. (await QueryAsync<AlarmRow>($"{AlarmColumns} where due <= @now and over_at is null order by severity, due limit @limit", new { now = now.Microseconds, limit })).Select(r => r.Read())];

    /// <summary>Open ones, and those raised or closed in a stretch.</summary>
    public async Task<IReadOnlyList<Alarm>> AlarmsOfShiftAsync(WallTime from, WallTime to, int limit) =>
        [.. (await QueryAsync<AlarmRow>(
            $"{AlarmColumns} where is_open = 1 or (raised_at >= @from and raised_at < @to) or (closed_at >= @from and closed_at < @to) order by is_open desc, severity, raised_at desc limit @limit",
            new { from = from.Microseconds, to = to.Microseconds, limit })).Select(r => r.Read())];

    public async Task<IReadOnlyDictionary<AlarmSeverity, long>> OpenAlarmsAsync(AlarmSight sight)
    {
        var rows = await QueryAsync<(long Severity, long Count)>(
            $"select severity, count(*) from alarms where is_open = 1 and {sight.Condition} group by severity", new { sight.Cameras, sight.Health, AlarmSight.TechnicalNames });
        return rows.ToDictionary(r => (AlarmSeverity)r.Severity, r => r.Count);
    }

    public async Task<IReadOnlyList<AlarmStep>> StepsAsync(Guid alarm)
    {
        var rows = await QueryAsync<StepRow>(
            "select version, from_state as FromState, to_state as ToState, act, by_whom as ByWhom, at, to_whom as ToWhom, outcome, note from alarm_steps where alarm = @alarm order by version",
            new { alarm = Written(alarm) });
        return [.. rows.Select(r => new AlarmStep(r.Version, Enum.Parse<AlarmState>(r.FromState), Enum.Parse<AlarmState>(r.ToState),
            new(Enum.Parse<AlarmActKind>(r.Act), r.ByWhom, Time(r.At))
            {
                To = r.ToWhom,
                Outcome = r.Outcome is null ? null : Enum.Parse<AlarmOutcome>(r.Outcome),
                Note = r.Note,
            }))];
    }

    /// <summary>Of alarms raised in a stretch, by camera and rule, those with most false and nuisance ones first.</summary>
    public async Task<IReadOnlyList<AlarmFigure>> FiguresAsync(WallTime from, WallTime to, IReadOnlyList<string>? cameras, int limit)
    {
        var rows = await QueryAsync<FigureRow>(
            $"""
            select camera, rule, kind, type, count(*) as Alarms, sum(events) as Events, sum(case when is_open = 0 then 1 else 0 end) as Closed,
            sum(case when outcome = 'Real' then 1 else 0 end) as Reals, sum(case when outcome = 'False' then 1 else 0 end) as Falses,
            sum(case when outcome = 'Nuisance' then 1 else 0 end) as Nuisances, sum(case when outcome = 'Test' then 1 else 0 end) as Tests
            from alarms where raised_at >= @from and raised_at < @to{(cameras is null ? "" : " and camera in @cameras")}
            group by camera, rule, kind, type order by sum(case when outcome in ('False', 'Nuisance') then 1 else 0 end) desc, count(*) desc, camera, rule limit @limit
            """,
            new { from = from.Microseconds, to = to.Microseconds, cameras, limit });
        return [.. rows.Select(r => new AlarmFigure(
            r.Camera, r.Rule, Enum.Parse<SceneEventKind>(r.Kind), Enum.Parse<IncidentType>(r.Type), r.Alarms, r.Events, r.Closed, r.Reals, r.Falses, r.Nuisances, r.Tests))];
    }

    /// <summary>The alarm of a condition of the node itself that nobody closed: rather one that goes on than one that is over, rather the latest.</summary>
    public async Task<Alarm?> OpenAlarmAsync(Condition of) => await FirstAsync<AlarmRow>(
        $"""
        {AlarmColumns} where is_open = 1 and kind = @kind and rule = @Rule and id in (select alarm from alarm_cameras where camera = @Camera)
        order by case when over_at is null then 0 else 1 end, at desc limit 1
        """,
        new { of.Camera, kind = of.Kind.ToString(), of.Rule }) is { } row ? row.Read() : null;

    /// <summary>Open alarms of the node's own troubles alone that aren't over, each with all the conditions in it.</summary>
    public async Task<ILookup<Guid, Condition>> TroublesAsync()
    {
        var rows = await QueryAsync<(string Alarm, string Camera, string Kind, string Rule)>(
            """
            select distinct e.alarm, e.camera, e.kind, e.rule from alarms a join scene_events e on e.alarm = a.id
            where a.is_open = 1 and a.over_at is null and a.kind in @TechnicalNames and exists (select 1 from scene_events f where f.id = a.id)
            and not exists (select 1 from scene_events o where o.alarm = a.id and o.source <> @node)
            """,
            new { AlarmSight.TechnicalNames, node = nameof(SceneEventSource.Node) });
        return rows.ToLookup(r => Guid.ParseExact(r.Alarm, "n"), r => new Condition(r.Camera, Enum.Parse<SceneEventKind>(r.Kind), r.Rule));
    }

    /// <summary>Scene events of a stretch with what was made of them, and what became of the alarms that they raised or may have joined.</summary>
    /// <param name="reach">For how long before an event alarms may matter to it.</param>
    public async Task<(IReadOnlyList<DecidedEvent> Events, IReadOnlyList<AlarmLife> Lives, bool IsPart)> PastAsync(WallTime from, WallTime to, TimeSpan reach, int limit)
    {
        var rows = (await QueryAsync<SceneEventStore.Row>(
            """
            select id, camera, at, kind, source, rule, class, track, box, score, detail, type, severity, facts, arrived, verdict, clause, alarm from scene_events
            where at >= @from and at < @to and pending = 0 and verdict is not null order by arrived, id limit @limit
            """,
            new { from = from.Microseconds, to = to.Microseconds, limit = limit + 1 })).ToList();
        // Alarms count by their first event; those from before are there as they are by now, but for what joined later.
        var alarms = (await QueryAsync<AlarmRow>($"{AlarmColumns} where at >= @from and at < @to", new { from = (from - reach).Microseconds, to = to.Microseconds })).Select(r => r.Read());
        var noticed = (await QueryAsync<(string Alarm, long At)>(
            "select alarm, min(at) from alarm_steps where alarm in (select id from alarms where at >= @from and at < @to) group by alarm",
            new { from = (from - reach).Microseconds, to = to.Microseconds })).ToDictionary(r => r.Alarm, r => r.At, StringComparer.Ordinal);
        var begin = from.ToDateTimeOffset();
        var raised = rows.Take(limit).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        return (
            [.. rows.Take(limit).Select(r => new DecidedEvent(SceneEventStore.Read(r), Time(r.Arrived), Enum.Parse<AlarmVerdict>(r.Verdict!), r.Clause, r.Alarm is null ? null : Guid.ParseExact(r.Alarm, "n")))],
            [.. alarms.Where(a => a.At < begin || raised.Contains(Written(a.Id))).Select(a => new AlarmLife(
                a.At < begin && a.LastAt > begin ? a with { LastAt = begin } : a,
                noticed.TryGetValue(Written(a.Id), out long at) ? Time(at) : null))],
            rows.Count > limit);
    }

    static DateTimeOffset Time(long microseconds) => new WallTime(microseconds).ToDateTimeOffset();

    static DateTimeOffset? Time(long? microseconds) => microseconds is { } at ? Time(at) : null;

    sealed class AlarmRow
    {
        public string Id { get; init; } = "";
        public string Type { get; init; } = "";
        public long Severity { get; init; }
        public string State { get; init; } = "";
        public string Camera { get; init; } = "";
        public string Cameras { get; init; } = "";
        public string Rule { get; init; } = "";
        public string Kind { get; init; } = "";
        public string? Class { get; init; }
        public string Detail { get; init; } = "";
        public string? Facts { get; init; }
        public long At { get; init; }
        public long LastAt { get; init; }
        public long RaisedAt { get; init; }
        public long Events { get; init; }
        public string Clause { get; init; } = "";
        public string? AcknowledgedBy { get; init; }
        public long? AcknowledgedAt { get; init; }
        public string? Assignee { get; init; }
        public long Level { get; init; }
        public long? Due { get; init; }
        public string? Outcome { get; init; }
        public string? ClosedBy { get; init; }
        public long? ClosedAt { get; init; }
        public string? Incident { get; init; }
        public long Version { get; init; }
        public long? OverAt { get; init; }
        public long ChangeNumber { get; init; }

        public Alarm Read() => new()
        {
            Id = Guid.ParseExact(Id, "n"),
            Type = Enum.Parse<IncidentType>(Type),
            Severity = (AlarmSeverity)Severity,
            State = Enum.Parse<AlarmState>(State),
            Camera = Camera,
            Cameras = JsonSerializer.Deserialize<string[]>(Cameras)!,
            Rule = Rule,
            Kind = Enum.Parse<SceneEventKind>(Kind),
            Class = Class is null ? null : Enum.Parse<ObjectClass>(Class),
            Detail = Detail,
            Facts = SceneEventStore.ReadFacts(Facts),
            At = Time(At),
            LastAt = Time(LastAt),
            RaisedAt = Time(RaisedAt),
            Events = Events,
            Clause = Clause,
            AcknowledgedBy = AcknowledgedBy,
            AcknowledgedAt = Time(AcknowledgedAt),
            Assignee = Assignee,
            Level = (int)Level,
            Due = Time(Due),
            Outcome = Outcome is null ? null : Enum.Parse<AlarmOutcome>(Outcome),
            ClosedBy = ClosedBy,
            ClosedAt = Time(ClosedAt),
            Incident = Incident is null ? null : Guid.ParseExact(Incident, "n"),
            Version = Version,
            OverAt = Time(OverAt),
        };
    }

    sealed class StepRow
    {
        public long Version { get; init; }
        public string FromState { get; init; } = "";
        public string ToState { get; init; } = "";
        public string Act { get; init; } = "";
        public string ByWhom { get; init; } = "";
        public long At { get; init; }
        public string? ToWhom { get; init; }
        public string? Outcome { get; init; }
        public string Note { get; init; } = "";
    }

    sealed class FigureRow
    {
        public string Camera { get; init; } = "";
        public string Rule { get; init; } = "";
        public string Kind { get; init; } = "";
        public string Type { get; init; } = "";
        public long Alarms { get; init; }
        public long Events { get; init; }
        public long Closed { get; init; }
        public long Reals { get; init; }
        public long Falses { get; init; }
        public long Nuisances { get; init; }
        public long Tests { get; init; }
    }
}

sealed partial class CaseSession
{
    /// <summary>Writes an alarm as it is now, and the step that made it so.</summary>
    public async Task SaveAsync(Alarm alarm, AlarmStep? step = null)
    {
        await WriteAsync(
            """
            insert into alarms (id, type, severity, state, is_open, camera, cameras, rule, kind, class, detail, facts, at, last_at, raised_at, events, clause, acknowledged_by, acknowledged_at,
            assignee, level, due, outcome, closed_by, closed_at, incident, version, over_at, change_number)
            values (@Id, @Type, @Severity, @State, @IsOpen, @Camera, @Cameras, @Rule, @Kind, @Class, @Detail, @Facts, @At, @LastAt, @RaisedAt, @Events, @Clause, @AcknowledgedBy, @AcknowledgedAt,
            @Assignee, @Level, @Due, @Outcome, @ClosedBy, @ClosedAt, @Incident, @Version, @OverAt, @Change)
            on conflict (id) do update set type = excluded.type, severity = excluded.severity, state = excluded.state, is_open = excluded.is_open, cameras = excluded.cameras, at = excluded.at,
            last_at = excluded.last_at, events = excluded.events, acknowledged_by = excluded.acknowledged_by, acknowledged_at = excluded.acknowledged_at, assignee = excluded.assignee,
            level = excluded.level, due = excluded.due, outcome = excluded.outcome, closed_by = excluded.closed_by, closed_at = excluded.closed_at, incident = excluded.incident,
            version = excluded.version, over_at = excluded.over_at, change_number = excluded.change_number
            """,
            new
            {
                Id = Written(alarm.Id),
                Type = alarm.Type.ToString(),
                Severity = (long)alarm.Severity,
                State = alarm.State.ToString(),
                IsOpen = alarm.IsOpen ? 1L : 0L,
                alarm.Camera,
                Cameras = JsonSerializer.Serialize(alarm.Cameras),
                alarm.Rule,
                Kind = alarm.Kind.ToString(),
                Class = alarm.Class?.ToString(),
                alarm.Detail,
                Facts = SceneEventStore.Written(alarm.Facts),
                At = Micros(alarm.At),
                LastAt = Micros(alarm.LastAt),
                RaisedAt = Micros(alarm.RaisedAt),
                alarm.Events,
                alarm.Clause,
                alarm.AcknowledgedBy,
                AcknowledgedAt = Micros(alarm.AcknowledgedAt),
                alarm.Assignee,
                Level = (long)alarm.Level,
                Due = Micros(alarm.Due),
                Outcome = alarm.Outcome?.ToString(),
                alarm.ClosedBy,
                ClosedAt = Micros(alarm.ClosedAt),
                Incident = alarm.Incident is { } incident ? Written(incident) : null,
                alarm.Version,
                OverAt = Micros(alarm.OverAt),
                Change,
            });
        if (step is not null)
        {
            await WriteAsync(
                "insert into alarm_steps (alarm, version, from_state, to_state, act, by_whom, at, to_whom, outcome, note) values (@Alarm, @Version, @From, @To, @Act, @By, @At, @ToWhom, @Outcome, @Note)",
                new
                {
                    Alarm = Written(alarm.Id),
                    step.Version,
                    From = step.From.ToString(),
                    To = step.To.ToString(),
                    Act = step.Act.Kind.ToString(),
                    step.Act.By,
                    At = Micros(step.Act.At),
                    ToWhom = step.Act.To,
                    Outcome = step.Act.Outcome?.ToString(),
                    step.Act.Note,
                });
        }
    }

    /// <summary>Notes which cameras an alarm has: for those that look for what they might belong to.</summary>
    public async Task SaveCamerasAsync(Alarm alarm)
    {
        foreach (string camera in alarm.Cameras)
        {
            await WriteAsync(
                "insert into alarm_cameras (alarm, camera, at) values (@alarm, @camera, @at) on conflict (alarm, camera) do update set at = excluded.at",
                new { alarm = Written(alarm.Id), camera, at = Micros(alarm.At) });
        }
    }

    /// <summary>Writes what became of a scene event; it waits no longer.</summary>
    public Task<int> DecidedAsync(AlarmDecision decision) => WriteAsync(
        "update scene_events set pending = 0, verdict = @Verdict, clause = @Clause, because = @Because, reason = @Reason, alarm = @Alarm where id = @Id",
        new
        {
            Verdict = decision.Verdict.ToString(),
            decision.Clause,
            decision.Because,
            Reason = decision.Text,
            Alarm = decision.Alarm is { } alarm ? Written(alarm) : null,
            Id = Written(decision.Event),
        });

    /// <summary>An event that can't be decided, by a fault of the program, must not hold up those behind it. It stays, marked.</summary>
    public Task<int> UndecidableAsync(string id) => WriteAsync("update scene_events set pending = 2 where id = @id", new { id });

    static long Micros(DateTimeOffset at) => WallTime.From(at).Microseconds;

    static long? Micros(DateTimeOffset? at) => at is { } time ? Micros(time) : null;
}
