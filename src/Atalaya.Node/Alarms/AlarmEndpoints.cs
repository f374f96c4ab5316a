using System.ComponentModel;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Notifications;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Alarms;

/// <summary>Which alarms a page asks for.</summary>
sealed record AlarmsQuery
{
    [FromQuery(Name = "order"), Description("'urgency' (default): by severity, of the same the oldest first; 'newest': rescues, then all others, the newest first.")]
    public string? Order { get; init; }

    [FromQuery(Name = "open"), Description("true: open ones alone; false: closed ones alone; absent: both.")]
    public bool? Open { get; init; }

    [FromQuery(Name = "state")]
    public string? State { get; init; }

    [FromQuery(Name = "severity")]
    public string? Severity { get; init; }

    [FromQuery(Name = "type")]
    public string? Type { get; init; }

    [FromQuery(Name = "camera"), Description("Seen by this camera, first or later.")]
    public string? Camera { get; init; }

    [FromQuery(Name = "assignee")]
    public string? Assignee { get; init; }

    [FromQuery(Name = "incident")]
    public Guid? Incident { get; init; }

    [FromQuery(Name = "since"), Description("Happened at or after, RFC 3339 with a zone.")]
    public string? Since { get; init; }

    [FromQuery(Name = "before"), Description("Happened before.")]
    public string? Before { get; init; }

    [FromQuery(Name = "limit"), Description("At most so many, 1 to 500; 100 by default.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("'next' of the page before.")]
    public string? Cursor { get; init; }
}

static class AlarmEndpoints
{
    const int MaxChanges = 200, MaxFigures = 500, MaxEvents = 200;

    public static IServiceCollection AddAlarms(this IServiceCollection services) => services
        .AddSingleton<Casebook>()
        .AddStarted<Standing>()
        .AddStarted<Channels>()
        .AddStarted<AlarmRoute>()
        .AddStarted<AlarmClock>()
        .AddStarted<TechnicalWatch>()
        .AddStarted<Sender>();

    public static void MapAlarms(this IEndpointRouteBuilder routes)
    {
        var alarms = routes.MapGroup("/api/alarms").WithTags("alarms");
        alarms.MapGet("", ListAsync).WithName("listAlarms").WithSummary("Alarms, in an order that always begins with rescues.")
            .Produces<AlarmPageJson>().Fails(400).NeedsAnywhere(Permission.ViewPast, or: Permission.ViewHealth);
        alarms.MapGet("changes", ChangesAsync).WithName("getCaseChanges").WithSummary("Alarms and incidents that changed after a number, as they are now.")
            .WithDescription("The event feed's casesChanged says when to ask. Whoever was away asks with the last number seen and has missed nothing.")
            .Produces<CaseChangesJson>().Fails(400).NeedsAnywhere(Permission.ViewPast, or: Permission.ViewHealth);
        alarms.MapGet("figures", FiguresAsync).WithName("getAlarmFigures").WithSummary("How alarms ended, by camera and rule: where most false ones come from first.")
            .Produces<IReadOnlyList<AlarmFigureJson>>().Fails(400).NeedsAnywhere(Permission.ViewPast);
        alarms.MapGet("{id:guid}", FindAsync).WithName("getAlarm").WithSummary("An alarm with what was done to it and the scene events it was made of.")
            .Produces<AlarmDetailJson>().Fails(404).NeedsAnywhere(Permission.ViewPast, or: Permission.ViewHealth);
        Act(alarms.MapPost("{id:guid}/acknowledge", AcknowledgeAsync).WithName("acknowledgeAlarm").WithSummary("Takes notice of an alarm."));
        Act(alarms.MapPost("{id:guid}/assign", AssignAsync).WithName("assignAlarm").WithSummary("Gives an alarm to somebody; counts as taking notice."));
        Act(alarms.MapPost("{id:guid}/escalate", EscalateAsync).WithName("escalateAlarm").WithSummary("Asks for somebody else: the alarm waits anew."));
        Act(alarms.MapPost("{id:guid}/close", CloseAsync).WithName("closeAlarm").WithSummary("Says what an alarm was. It stays closed."));
        alarms.MapPost("{id:guid}/incident", IncidentAsync).WithName("openIncidentOfAlarm").WithSummary("Opens an incident of an alarm, or puts it into one that goes on.")
            .WithDescription("An alarm is in one incident at most: 409 when it is in another.")
            .Produces<IncidentJson>().Fails(400, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.ManageIncidents);
        routes.MapGet("/api/scene-events/{id:guid}/decision", DecisionAsync).WithTags("alarms").WithName("getSceneEventDecision")
            .WithSummary("Why a scene event is an alarm, or isn't.").Produces<DecisionJson>().Fails(404).NeedsAnywhere(Permission.ViewPast);

        static void Act(RouteHandlerBuilder endpoint) => endpoint
            .WithDescription("With If-Match it is done only if nobody was faster: 412 says what they did. Without, to whatever is there.")
            .Produces<AlarmJson>().Fails(400, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.Acknowledge);
    }

    static async Task<Results<Ok<AlarmPageJson>, ProblemHttpResult>> ListAsync([AsParameters] AlarmsQuery query, Actor actor, Casebook book, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var order = CaseRequests.Word<AlarmListOrder>("order", query.Order, errors) ?? AlarmListOrder.Urgency;
        int limit = CaseRequests.Limit(query.Limit, errors);
        var asked = new AlarmQuery(
            order, query.Open, CaseRequests.Word<AlarmState>("state", query.State, errors), CaseRequests.Word<AlarmSeverity>("severity", query.Severity, errors),
            CaseRequests.Word<IncidentType>("type", query.Type, errors), query.Camera, query.Assignee, query.Incident, CaseRequests.Moment("since", query.Since, errors),
            CaseRequests.Moment("before", query.Before, errors), actor.Sight(roster), actor.Horizon(roster), CaseRequests.Cursor(query.Cursor, errors), limit + 1);
        if (errors.Any)
            return errors.ToProblem();
        return TypedResults.Ok(await book.ReadAsync(async session =>
        {
            // The number first: what changes meanwhile is asked for again rather than missed.
            long change = await session.LastChangeAsync();
            var found = await session.AlarmsAsync(asked);
            var page = found.Take(limit).ToList();
            return new AlarmPageJson(
                [.. page.Where(actor.MaySee).Select(a => actor.Shown(AlarmJson.Of(a)))], found.Count > limit ? CaseSession.CursorOf(page[^1], order).ToString() : null,
                OpenAlarmsJson.Of(await session.OpenAlarmsAsync(asked.Sight)), change);
        }, stop));
    }

    static async Task<Results<Ok<CaseChangesJson>, ProblemHttpResult>> ChangesAsync(
        [Description("'change' of the last answer. Required.")] long? after, Actor actor, Casebook book, CameraRoster roster, CancellationToken stop)
    {
        if (after is not >= 0)
            return Problems.Invalid("after", "must be the number of a change that was seen: 'change' of another answer.");
        var cameras = actor.Cameras(Permission.ViewPast, roster);
        var horizon = actor.Horizon(roster);
        return TypedResults.Ok(await book.ReadAsync(async session =>
        {
            long last = await session.LastChangeAsync();
            var alarms = await session.AlarmChangesAsync(after.Value, MaxChanges + 1);
            var incidents = await session.IncidentChangesAsync(after.Value, MaxChanges + 1);
            // Whole numbers alone: of a number that didn't fit everything comes next time.
            long upTo = Math.Min(
                alarms.Count > MaxChanges ? alarms[MaxChanges].Change - 1 : long.MaxValue,
                incidents.Count > MaxChanges ? incidents[MaxChanges].Change - 1 : long.MaxValue);
            bool more = upTo != long.MaxValue;
            var told = alarms.Where(a => a.Change <= upTo && actor.MaySee(a.Alarm)).Select(a => actor.Shown(AlarmJson.Of(a.Alarm))).ToList();
            var lines = new List<IncidentLineJson>();
            foreach (var line in incidents.Where(i => i.Change <= upTo))
            {
                if ((line.ClosedAt is not { } closed || WallTime.From(closed) >= horizon) && (cameras is null || await session.ConcernsAsync(line.Id, cameras)))
                    lines.Add(IncidentLineJson.Of(line));
            }

            long reached = more ? upTo : Math.Max(last, Math.Max(alarms.Count > 0 ? alarms[^1].Change : 0, incidents.Count > 0 ? incidents[^1].Change : 0));
            return new CaseChangesJson(told, lines, reached, more, OpenAlarmsJson.Of(await session.OpenAlarmsAsync(actor.Sight(roster))));
        }, stop));
    }

    static async Task<Results<Ok<IReadOnlyList<AlarmFigureJson>>, ProblemHttpResult>> FiguresAsync(
        [FromQuery, Description("Start of the stretch in which they were raised. Required.")] string? from, [FromQuery, Description("Its end. Required.")] string? to, Actor actor, Casebook book,
        CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", from, errors, out var start) & Stretch.TryTime("to", to, errors, out var end))
            Stretch.Check(start, end, TimeSpan.FromDays(366), errors);
        if (errors.Any)
            return errors.ToProblem();
        var horizon = actor.Horizon(roster);
        start = start < horizon ? horizon : start;
        var figures = await book.ReadAsync(s => s.FiguresAsync(start, end, actor.Cameras(Permission.ViewPast, roster), MaxFigures), stop);
        return TypedResults.Ok<IReadOnlyList<AlarmFigureJson>>([.. figures.Select(AlarmFigureJson.Of)]);
    }

    internal static async Task<Results<Ok<AlarmDetailJson>, ProblemHttpResult>> FindAsync(Guid id, HttpContext http, Actor actor, Casebook book, CancellationToken stop)
    {
        var detail = await book.ReadAsync(async session =>
        {
            if (await session.AlarmAsync(id) is not { } alarm || !actor.MaySee(alarm))
                return null;
            var events = await session.QueryAsync<DecisionRow>($"{DecisionRow.Columns} where alarm = @alarm order by at desc, id desc limit @MaxEvents", new { alarm = CaseSession.Written(id), MaxEvents });
            return new AlarmDetailJson(actor.Shown(AlarmJson.Of(alarm)), [.. (await session.StepsAsync(id)).Select(AlarmStepJson.Of)], [.. events.Where(e => actor.Can(Permission.ViewPast, e.Camera) || actor.MaySeeHealth(Enum.Parse<SceneEventKind>(e.Kind), e.Camera)).Select(e => actor.Shown(e.Read()))]);
        }, stop);
        if (detail is null)
            return CaseRequests.NoAlarm(id);
        http.Tag(detail.Alarm.Version);
        return TypedResults.Ok(detail);
    }

    static Task<Results<Ok<AlarmJson>, ProblemHttpResult>> AcknowledgeAsync(
        Guid id, AcknowledgeRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop) =>
        ActAsync(id, ifMatch, http, actor, book, standing, (_, errors) => new(AlarmActKind.Acknowledge, actor.Name, clock.GetUtcNow()) { Note = Note(input?.Note, errors) }, stop);

    static Task<Results<Ok<AlarmJson>, ProblemHttpResult>> AssignAsync(
        Guid id, AssignRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop) =>
        ActAsync(id, ifMatch, http, actor, book, standing, (_, errors) => new(AlarmActKind.Assign, actor.Name, clock.GetUtcNow())
        {
            To = CaseRequests.Words("to", input.To, Incident.MaxName, errors),
            Note = Note(input.Note, errors),
        }, stop);

    static Task<Results<Ok<AlarmJson>, ProblemHttpResult>> EscalateAsync(
        Guid id, EscalateRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop) =>
        ActAsync(id, ifMatch, http, actor, book, standing, (alarm, errors) => new(AlarmActKind.Escalate, actor.Name, clock.GetUtcNow())
        {
            To = CaseRequests.Words("to", input?.To, Incident.MaxName, errors, mayBeEmpty: true) is { Length: > 0 } to ? to
                : alarm is null ? null : standing.Orders.Policy.Policy.EscalateTo(alarm.Severity, alarm.Level + 1),
            Note = Note(input?.Note, errors),
        }, stop);

    static Task<Results<Ok<AlarmJson>, ProblemHttpResult>> CloseAsync(
        Guid id, CloseAlarmRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop) =>
        ActAsync(id, ifMatch, http, actor, book, standing, (_, errors) =>
        {
            if (input.Outcome is null)
                errors.Add("outcome", "is missing.");
            return new(AlarmActKind.Close, actor.Name, clock.GetUtcNow()) { Outcome = input.Outcome, Note = Note(input.Note, errors) };
        }, stop);

    /// <param name="make">The act, with the errors of its words. First without an alarm, to find those before anything else is done.</param>
    static async Task<Results<Ok<AlarmJson>, ProblemHttpResult>> ActAsync(
        Guid id, string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, Func<Alarm?, FieldErrors, AlarmAct> make, CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        make(null, errors);
        if (errors.Any)
            return errors.ToProblem();
        return await book.WriteAsync<Results<Ok<AlarmJson>, ProblemHttpResult>>(async session =>
        {
            if (await session.AlarmAsync(id) is not { } alarm || !actor.Can(Permission.Acknowledge, alarm.Camera))
                return CaseRequests.NoAlarm(id);
            if (seen is { } version && version != alarm.Version)
                return CaseRequests.Changed("alarm", actor.Shown(AlarmJson.Of(alarm)), (await session.StepsAsync(id)).Where(s => s.Version > version).Select(AlarmStepJson.Of));
            var act = make(alarm, errors);
            var (next, step, refusal) = alarm.Apply(act, standing.Orders.Policy.Policy.AcknowledgeWithin(alarm.Severity));
            if (refusal != AlarmRefusal.None)
                return CaseRequests.Refused(refusal, alarm);
            await session.SaveAsync(next, step);
            if (act.Kind == AlarmActKind.Escalate)
                await http.RequestServices.GetRequiredService<Channels>().EnqueueAsync(session, next, NotificationOccasion.Escalated);
            http.Tag(next.Version);
            return TypedResults.Ok(actor.Shown(AlarmJson.Of(next)));
        }, stop);
    }

    static async Task<Results<Ok<IncidentJson>, ProblemHttpResult>> IncidentAsync(
        Guid id, AlarmIncidentRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, HttpContext http, Actor actor, Casebook book, Standing standing, CameraRoster roster, TimeProvider clock,
        CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        string title = CaseRequests.Words("title", input?.Title, Incident.MaxName, errors, mayBeEmpty: true);
        if (errors.Any)
            return errors.ToProblem();
        return await book.WriteAsync<Results<Ok<IncidentJson>, ProblemHttpResult>>(async session =>
        {
            if (await session.AlarmAsync(id) is not { } alarm || !actor.Can(Permission.ManageIncidents, alarm.Camera))
                return CaseRequests.NoAlarm(id);
            if (seen is { } version && version != alarm.Version)
                return CaseRequests.Changed("alarm", actor.Shown(AlarmJson.Of(alarm)), (await session.StepsAsync(id)).Where(s => s.Version > version).Select(AlarmStepJson.Of));
            if (alarm.Incident is { } other)
                return Problems.Conflict("The alarm is in an incident", $"It belongs to incident {other}.");
            var now = clock.GetUtcNow();
            Incident? incident;
            if (input?.Incident is { } into)
            {
                incident = await IncidentEndpoints.SeenAsync(session, into, actor, roster, Permission.ManageIncidents);
                if (incident is null)
                    return CaseRequests.NoIncident(into);
            }
            else
            {
                if (title.Length == 0)
                    title = roster.Find(alarm.Camera)?.Config.Name is { Length: > 0 } name ? name : alarm.Camera.Length > 0 ? alarm.Camera : alarm.Rule;
                var policy = standing.Orders.Policy.Policy;
                (incident, _) = await session.AppendAsync(null, new Opened(
                    Guid.CreateVersion7(now), alarm.Type, alarm.Severity, title.Length <= Incident.MaxName ? title : title[..Incident.MaxName], policy.ChecklistOf(alarm.Type),
                    now + policy.ResolveWithin(alarm.Severity))
                { By = actor.Name, At = now });
            }

            (incident, var refusal) = await session.AppendAsync(incident, new AlarmLinked(id) { By = actor.Name, At = now });
            if (refusal != IncidentRefusal.None)
                return CaseRequests.Refused(refusal);
            await session.SaveAsync(alarm with { Incident = incident!.Id });
            http.Tag(incident.Version);
            return TypedResults.Ok(actor.Shown(IncidentJson.Of(incident, await session.StoryAsync(incident.Id))));
        }, stop);
    }

    static async Task<Results<Ok<DecisionJson>, ProblemHttpResult>> DecisionAsync(Guid id, Actor actor, Casebook book, CancellationToken stop)
    {
        var row = await book.ReadAsync(s => s.FirstAsync<DecisionRow>($"{DecisionRow.Columns} where id = @id", new { id = CaseSession.Written(id) }), stop);
        return row is not null && actor.Can(Permission.ViewPast, row.Camera)
            ? TypedResults.Ok(actor.Shown(row.Read()))
            : Problems.NotFound("No such scene event", $"There is no scene event {id}, or its time is over.");
    }

    static string Note(string? note, FieldErrors errors) => CaseRequests.Words("note", note, Incident.MaxText, errors, mayBeEmpty: true);

    sealed class DecisionRow
    {
        public const string Columns = "select id, camera, at, kind, rule, verdict, clause, because, reason, alarm from scene_events";

        public string Id { get; init; } = "";
        public string Camera { get; init; } = "";
        public long At { get; init; }
        public string Kind { get; init; } = "";
        public string Rule { get; init; } = "";
        public string? Verdict { get; init; }
        public string? Clause { get; init; }
        public string? Because { get; init; }
        public string? Reason { get; init; }
        public string? Alarm { get; init; }

        public DecisionJson Read() => new(
            Guid.ParseExact(Id, "n"), Camera, new WallTime(At).ToDateTimeOffset(), Enum.Parse<SceneEventKind>(Kind), Rule, Verdict is null ? null : Enum.Parse<AlarmVerdict>(Verdict), Clause, Because,
            Reason, Alarm is null ? null : Guid.ParseExact(Alarm, "n"));
    }
}
