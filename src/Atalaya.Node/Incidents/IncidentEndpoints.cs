using System.ComponentModel;

using Atalaya.Federation.Centre;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Storage;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Incidents;

/// <summary>Which incidents a page asks for.</summary>
sealed record IncidentsQuery
{
    [FromQuery(Name = "order"), Description("'urgency' (default): by severity, of the same the oldest first; 'newest': rescues, then all others, the newest first.")]
    public string? Order { get; init; }

    [FromQuery(Name = "open"), Description("true: those that go on; false: closed ones; absent: both.")]
    public bool? Open { get; init; }

    [FromQuery(Name = "state")]
    public string? State { get; init; }

    [FromQuery(Name = "severity")]
    public string? Severity { get; init; }

    [FromQuery(Name = "type")]
    public string? Type { get; init; }

    [FromQuery(Name = "assignee")]
    public string? Assignee { get; init; }

    [FromQuery(Name = "since"), Description("Opened at or after, RFC 3339 with a zone.")]
    public string? Since { get; init; }

    [FromQuery(Name = "before"), Description("Opened before.")]
    public string? Before { get; init; }

    [FromQuery(Name = "limit"), Description("At most so many, 1 to 500; 100 by default.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("'next' of the page before.")]
    public string? Cursor { get; init; }
}

static class IncidentEndpoints
{
    const int MaxCameras = 200;

    /// <summary>What lies around an alarm and is looked at with it.</summary>
    static readonly TimeSpan Around = TimeSpan.FromSeconds(10);

    public static void MapIncidents(this IEndpointRouteBuilder routes)
    {
        var incidents = routes.MapGroup("/api/incidents").WithTags("incidents");
        incidents.MapGet("", ListAsync).WithName("listIncidents").WithSummary("Incidents, in an order that always begins with rescues.")
            .Produces<IncidentPageJson>().Fails(400).NeedsAnywhere(Permission.ViewPast);
        incidents.MapPost("", OpenAsync).WithName("openIncident").WithSummary("Opens an incident.")
            .Produces<IncidentJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415).NeedsAnywhere(Permission.ManageIncidents);
        incidents.MapGet("{id:guid}", FindAsync).WithName("getIncident").WithSummary("An incident with its whole story.").Produces<IncidentJson>().Fails(404).NeedsAnywhere(Permission.ViewPast);
        Tell(incidents.MapPost("{id:guid}/assign", AssignAsync).WithName("assignIncident").WithSummary("Gives an incident to somebody."));
        Tell(incidents.MapPost("{id:guid}/dispatch", DispatchAsync).WithName("dispatchPatrol").WithSummary("Notes that a patrol was sent."));
        Tell(incidents.MapPost("{id:guid}/monitor", MonitorAsync).WithName("monitorIncident").WithSummary("Notes that it is watched."));
        Tell(incidents.MapPost("{id:guid}/escalate", EscalateAsync).WithName("escalateIncident").WithSummary("Asks for somebody else."));
        Tell(incidents.MapPost("{id:guid}/classify", ClassifyAsync).WithName("classifyIncident").WithSummary("Says that it is about something else than it seemed; brings that type's checklist."));
        Tell(incidents.MapPut("{id:guid}/checklist/{item}", TickAsync).WithName("tickChecklist").WithSummary("Ticks an item of the checklist, or takes the tick away."));
        Tell(incidents.MapPost("{id:guid}/notes", NoteAsync).WithName("noteIncident").WithSummary("Writes a note; also once it is closed."));
        Tell(incidents.MapPost("{id:guid}/attachments", AttachAsync).WithName("attachToIncident").WithSummary("Notes a file or page that belongs to it."));
        Tell(incidents.MapPost("{id:guid}/alarms", LinkAsync).WithName("linkAlarm").WithSummary("Puts an alarm into it."));
        Tell(incidents.MapDelete("{id:guid}/alarms/{alarm:guid}", UnlinkAsync).WithName("unlinkAlarm").WithSummary("Takes an alarm out of it; 'why' says why."));
        Tell(incidents.MapPost("{id:guid}/resolve", ResolveAsync).WithName("resolveIncident").WithSummary("Says that it is over."));
        Tell(incidents.MapPost("{id:guid}/close", CloseAsync).WithName("closeIncident").WithSummary("Writes its outcome, and closes its alarms that are open."));
        Tell(incidents.MapPost("{id:guid}/reopen", ReopenAsync).WithName("reopenIncident").WithSummary("Takes a closed one up again; its alarms stay closed."));
        incidents.MapPost("{id:guid}/pins", PinAsync).WithName("pinFootage").WithSummary("Keeps footage beyond its time for an incident: makes a hold.")
            .WithDescription("Without a body: all cameras of its alarms, from ten seconds before the first to ten seconds after the last. Needs the permission to hold as well. 409 with 'assessment' when the hold has effects that nobody accepted.")
            .Produces<PinnedJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.ManageIncidents);
        Tell(incidents.MapDelete("{id:guid}/pins/{hold}", UnpinAsync).WithName("unpinFootage").WithSummary("Releases a hold that it made; 'why' says why."));

        static void Tell(RouteHandlerBuilder endpoint) => endpoint
            .WithDescription("With If-Match it is done only if nobody was faster: 412 says what they did. 409 says which rule of incidents speaks against it.")
            .Produces<IncidentJson>().Fails(400, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.ManageIncidents);
    }

    static async Task<Results<Ok<IncidentPageJson>, ProblemHttpResult>> ListAsync([AsParameters] IncidentsQuery query, Actor actor, Casebook book, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var order = CaseRequests.Word<AlarmListOrder>("order", query.Order, errors) ?? AlarmListOrder.Urgency;
        int limit = CaseRequests.Limit(query.Limit, errors);
        var asked = new IncidentQuery(
            order, query.Open, CaseRequests.Word<IncidentState>("state", query.State, errors), CaseRequests.Word<AlarmSeverity>("severity", query.Severity, errors),
            CaseRequests.Word<IncidentType>("type", query.Type, errors), query.Assignee, CaseRequests.Moment("since", query.Since, errors), CaseRequests.Moment("before", query.Before, errors),
            actor.Cameras(Permission.ViewPast, roster), actor.Horizon(roster), CaseRequests.Cursor(query.Cursor, errors), limit + 1);
        if (errors.Any)
            return errors.ToProblem();
        return TypedResults.Ok(await book.ReadAsync(async session =>
        {
            long change = await session.LastChangeAsync();
            var found = await session.IncidentsAsync(asked);
            var page = found.Take(limit).ToList();
            return new IncidentPageJson([.. page.Select(IncidentLineJson.Of)], found.Count > limit ? IncidentRows.CursorOf(page[^1], order).ToString() : null, change);
        }, stop));
    }

    static async Task<Results<Created<IncidentJson>, ProblemHttpResult>> OpenAsync(
        OpenIncidentRequestJson input, HttpContext http, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.Type is null)
            errors.Add("type", "is missing.");
        string title = CaseRequests.Words("title", input.Title, Incident.MaxName, errors);
        if (input.Alarms is { Count: > Incident.MaxAlarms })
            errors.Add("alarms", $"must name at most {Incident.MaxAlarms}.");
        if (errors.Any)
            return errors.ToProblem();
        var type = input.Type!.Value;
        var severity = input.Severity ?? (type == IncidentType.Rescue ? AlarmSeverity.Rescue : AlarmSeverity.High);
        return await AllOrNothingAsync<Created<IncidentJson>>(book, async session =>
        {
            var now = clock.GetUtcNow();
            var policy = standing.Orders.Policy.Policy;
            var (incident, refusal) = await session.AppendAsync(null, new Opened(Guid.CreateVersion7(now), type, severity, title, policy.ChecklistOf(type), now + policy.ResolveWithin(severity)) { By = actor.Name, At = now });
            if (refusal != IncidentRefusal.None)
                return CaseRequests.Refused(refusal);
            foreach (var alarm in (input.Alarms ?? []).Distinct())
            {
                (incident, var problem) = await AddAlarmAsync(session, incident!, alarm, actor, now);
                if (problem is not null)
                    return problem;
            }

            http.Tag(incident!.Version);
            return TypedResults.Created($"/api/incidents/{incident.Id}", actor.Shown(IncidentJson.Of(incident, await session.StoryAsync(incident.Id))));
        }, stop);
    }

    internal static async Task<Results<Ok<IncidentJson>, ProblemHttpResult>> FindAsync(Guid id, HttpContext http, Actor actor, Casebook book, CameraRoster roster, CancellationToken stop)
    {
        var found = await book.ReadAsync(async session => await SeenAsync(session, id, actor, roster, Permission.ViewPast) is { } incident ? actor.Shown(IncidentJson.Of(incident, await session.StoryAsync(id))) : null, stop);
        if (found is null)
            return CaseRequests.NoIncident(id);
        http.Tag(found.Version);
        return TypedResults.Ok(found);
    }

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> AssignAsync(Guid id, IncidentAssignRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new IncidentAssigned(CaseRequests.Words("to", input.To, Incident.MaxName, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> DispatchAsync(Guid id, DispatchRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Dispatched(CaseRequests.Words("patrol", input.Patrol, Incident.MaxName, errors), Note("task", input.Task, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> MonitorAsync(Guid id, NoteRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Monitored(Note("note", input?.Note, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> EscalateAsync(Guid id, EscalateIncidentRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new IncidentEscalated(CaseRequests.Words("to", input.To, Incident.MaxName, errors, mayBeEmpty: true), null, Why(input.Why, errors)), (next, incident) =>
        {
            var escalated = (IncidentEscalated)next;
            var policy = telling.Standing.Orders.Policy.Policy;
            return escalated with
            {
                To = escalated.To is { Length: > 0 } to ? to : policy.EscalateTo(incident.Severity, incident.Level + 1),
                Due = telling.Clock.GetUtcNow() + policy.ResolveWithin(incident.Severity),
            };
        });

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> ClassifyAsync(Guid id, ClassifyRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors =>
        {
            if (input.Type is null)
                errors.Add("type", "is missing.");
            if (input.Severity is null)
                errors.Add("severity", "is missing.");
            var policy = telling.Standing.Orders.Policy.Policy;
            var severity = input.Severity ?? default;
            return new Classified(input.Type ?? default, severity, policy.ChecklistOf(input.Type ?? default), telling.Clock.GetUtcNow() + policy.ResolveWithin(severity), Why(input.Why, errors));
        });

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> TickAsync(Guid id, string item, TickRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors =>
        {
            if (input.State is null)
                errors.Add("state", "is missing.");
            return new Ticked(item, input.State ?? default, Note("note", input.Note, errors));
        });

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> NoteAsync(Guid id, NoteRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Noted(CaseRequests.Words("note", input.Note, Incident.MaxText, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> AttachAsync(Guid id, AttachRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Attached(CaseRequests.Words("name", input.Name, Incident.MaxName, errors), CaseRequests.Words("reference", input.Reference, Incident.MaxText, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> ResolveAsync(Guid id, NoteRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Resolved(Note("note", input?.Note, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> ReopenAsync(Guid id, WhyRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new Reopened(Why(input.Why, errors)));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> CloseAsync(Guid id, CloseIncidentRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors =>
        {
            if (input.Outcome is null)
                errors.Add("outcome", "is missing.");
            return new IncidentClosed(input.Outcome ?? default, Note("note", input.Note, errors));
        }, then: async (session, incident) =>
        {
            foreach (var alarm in incident.Alarms)
            {
                if (await session.AlarmAsync(alarm) is { IsOpen: true } open)
                {
                    var (closed, step, _) = open.Apply(new(AlarmActKind.Close, telling.Actor.Name, incident.ClosedAt!.Value) { Outcome = incident.Outcome, Note = "Closed with its incident." });
                    await session.SaveAsync(closed, step);
                }
            }

            return null;
        });

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> LinkAsync(Guid id, LinkRequestJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors =>
        {
            if (input.Alarm is null)
                errors.Add("alarm", "is missing.");
            return new AlarmLinked(input.Alarm ?? default);
        }, then: (session, _) => MarkAsync(session, input.Alarm!.Value, id, telling.Actor));

    static Task<Results<Ok<IncidentJson>, ProblemHttpResult>> UnlinkAsync(Guid id, Guid alarm, string? why, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling) =>
        telling.TellAsync(id, ifMatch, errors => new AlarmUnlinked(alarm, Why(why, errors)), then: async (session, _) =>
        {
            if (await session.AlarmAsync(alarm) is { } linked && linked.Incident == id)
                await session.SaveAsync(linked with { Incident = null });
            return null;
        });

    static async Task<Results<Created<PinnedJson>, ProblemHttpResult>> PinAsync(
        Guid id, PinRequestJson? input, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling, Recordings recordings, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        var from = CaseRequests.Moment("from", input?.From, errors);
        var to = CaseRequests.Moment("to", input?.To, errors);
        var cameras = (input?.Cameras ?? []).Distinct(StringComparer.Ordinal).ToList();
        if (cameras.Count > MaxCameras || cameras.Any(c => c is null || !SegmentName.IsCamera(c)))
            errors.Add("cameras", $"must name at most {MaxCameras} cameras.");
        if (errors.Any)
            return errors.ToProblem();
        var (incident, alarms) = await telling.Book.ReadAsync(async session =>
        {
            var found = await SeenAsync(session, id, telling.Actor, roster, Permission.ManageIncidents);
            var linked = new List<Alarm>();
            foreach (var alarm in found?.Alarms ?? [])
            {
                if (await session.AlarmAsync(alarm) is { } there)
                    linked.Add(there);
            }

            return (found, linked);
        }, stop);
        if (incident is null)
            return CaseRequests.NoIncident(id);
        if (seen is { } version && version != incident.Version)
            return await telling.ChangedAsync(incident, version);
        if (cameras.Count == 0)
            cameras = [.. alarms.SelectMany(a => a.Cameras).Where(c => c.Length > 0).Distinct(StringComparer.Ordinal)];
        foreach (string camera in cameras)
        {
            // A hold is a hold, whoever makes it.
            if (telling.Actor.Refusal(Permission.Hold, camera) is { } refusal)
                return refusal;
        }

        if (cameras.Count == 0)
            errors.Add("cameras", "is missing: the incident has no alarm of a camera.");
        from ??= alarms.Count > 0 ? WallTime.From(alarms.Min(a => a.At) - Around) : null;
        to ??= alarms.Count > 0 ? WallTime.From(alarms.Max(a => a.LastAt) + Around) : null;
        if (from is null)
            errors.Add("from", "is missing: the incident has no alarm.");
        if (to is null)
            errors.Add("to", "is missing: the incident has no alarm.");
        else if (to <= from)
            errors.Add("to", "must be after from.");
        if (errors.Any)
            return errors.ToProblem();
        // Exact to the second, outward.
        var start = new WallTime(from!.Value.Microseconds / 1_000_000 * 1_000_000);
        var end = new WallTime((to!.Value.Microseconds + 999_999) / 1_000_000 * 1_000_000);
        var (hold, assessment) = await recordings.Caretaker.HoldAsync(new(cameras, null, start, end, $"Incident {id}: {incident.Title}", telling.Actor.Name, null), input?.Accept ?? false, stop);
        if (hold is null)
        {
            return TypedResults.Problem(new ProblemDetails
            {
                Status = StatusCodes.Status409Conflict,
                Title = "The hold has effects that nobody accepted",
                Detail = string.Join(" ", assessment.Warnings.Select(w => w.Text)) + " Send it again with accept to make it all the same.",
                Extensions = { ["assessment"] = HoldAssessmentJson.Of(assessment) },
            });
        }

        // The footage first: if the rest fails, too much is kept for a moment rather than too little.
        var told = await telling.TellAsync(id, ifMatch, _ => new Pinned(hold.Id, hold.Cameras, hold.From.ToDateTimeOffset(), end.ToDateTimeOffset()));
        if (told.Result is Ok<IncidentJson> { Value: { } pinned })
            return TypedResults.Created($"/api/holds/{hold.Id}", new PinnedJson(pinned, new(HoldJson.Of(hold), HoldAssessmentJson.Of(assessment))));
        await recordings.Caretaker.ReleaseAsync(hold.Id, telling.Actor.Name, "The incident changed before it was pinned.", CancellationToken.None);
        return (ProblemHttpResult)told.Result;
    }

    static async Task<Results<Ok<IncidentJson>, ProblemHttpResult>> UnpinAsync(
        Guid id, string hold, string? why, [FromHeader(Name = "If-Match")] string? ifMatch, Telling telling, Recordings recordings, CameraRoster roster, Caller caller, SecondPerson second, HttpContext http,
        CancellationToken stop)
    {
        var claim = default(Claim);
        var errors = new FieldErrors();
        Why(why, errors);
        if (second.IsNeeded(ApprovalAction.Release) && !errors.Any
            && (await recordings.Caretaker.HoldsAsync(ended: false, stop)).FirstOrDefault(h => h.Id == hold) is { } kept && kept.Cameras.All(c => telling.Actor.Can(Permission.ManageHolds, c))
            && await telling.Book.ReadAsync(session => SeenAsync(session, id, telling.Actor, roster, Permission.ManageIncidents), stop) is { } pinned && pinned.Pins.Any(p => p.Hold == hold))
        {
            claim = await second.ClaimAsync(caller, http, StorageEndpoints.DeedOf(kept, why!), stop);
            if (claim.Refusal is { } waits)
                return waits;
        }

        var told = await telling.TellAsync(id, ifMatch, errors => new Unpinned(hold, Why(why, errors)), refuse: incident =>
            incident.Pins.FirstOrDefault(p => p.Hold == hold)?.Cameras.Any(c => !telling.Actor.Can(Permission.ManageHolds, c)) == true ? Gate.Lacks(Permission.ManageHolds) : null);
        // Released after it is told: a cut between the two keeps too much rather than too little.
        if (told.Result is Ok<IncidentJson>)
            await recordings.Caretaker.ReleaseAsync(hold, telling.Actor.Name, why!.Trim(), stop);
        else
            await second.GiveBackAsync(claim);
        return told;
    }

    /// <summary>An incident, if the asker may see it: of their cameras, open or closed as far back as they may look.</summary>
    internal static async Task<Incident?> SeenAsync(CaseSession session, Guid id, Actor actor, CameraRoster roster, Permission permission) =>
        (actor.Cameras(permission, roster) is { } cameras && !await session.ConcernsAsync(id, cameras)) || !await session.IsSinceAsync(id, actor.Horizon(roster))
            ? null
            : await session.IncidentAsync(id);

    static async Task<(Incident? Incident, ProblemHttpResult? Problem)> AddAlarmAsync(CaseSession session, Incident incident, Guid alarm, Actor actor, DateTimeOffset now)
    {
        (var after, var refusal) = await session.AppendAsync(incident, new AlarmLinked(alarm) { By = actor.Name, At = now });
        return refusal != IncidentRefusal.None ? (incident, CaseRequests.Refused(refusal)) : (after, await MarkAsync(session, alarm, incident.Id, actor));
    }

    static async Task<ProblemHttpResult?> MarkAsync(CaseSession session, Guid id, Guid incident, Actor actor)
    {
        if (await session.AlarmAsync(id) is not { } alarm || !actor.Can(Permission.ManageIncidents, alarm.Camera))
            return CaseRequests.NoAlarm(id);
        if (alarm.Incident is { } other && other != incident)
            return Problems.Conflict("The alarm is in another incident", $"It belongs to incident {other}. Unlink it there first.");
        await session.SaveAsync(alarm with { Incident = incident });
        return null;
    }

    /// <summary>Does all of it, or, with a problem, nothing.</summary>
    internal static async Task<Results<T, ProblemHttpResult>> AllOrNothingAsync<T>(Casebook book, Func<CaseSession, Task<Results<T, ProblemHttpResult>>> work, CancellationToken stop)
        where T : IResult
    {
        try
        {
            return await book.WriteAsync(async session =>
            {
                var result = await work(session);
                return result.Result is ProblemHttpResult problem ? throw new Undo(problem) : result;
            }, stop);
        }
        catch (Undo undo)
        {
            return undo.Problem;
        }
    }

    static string Note(string field, string? note, FieldErrors errors) => CaseRequests.Words(field, note, Incident.MaxText, errors, mayBeEmpty: true);

    static string Why(string? why, FieldErrors errors) => CaseRequests.Words("why", why, Incident.MaxText, errors);

    /// <summary>Ends a transaction without its changes.</summary>
    sealed class Undo(ProblemHttpResult problem) : Exception("Nothing is changed.")
    {
        public ProblemHttpResult Problem { get; } = problem;
    }
}

/// <summary>What telling something of an incident needs, taken together by the endpoints.</summary>
sealed class Telling(HttpContext http, Actor actor)
{
    public Actor Actor => actor;
    public Casebook Book { get; } = http.RequestServices.GetRequiredService<Casebook>();
    public Standing Standing { get; } = http.RequestServices.GetRequiredService<Standing>();
    public TimeProvider Clock { get; } = http.RequestServices.GetRequiredService<TimeProvider>();

    /// <summary>Tells one thing of an incident.</summary>
    /// <param name="make">The event, without who and when, with the errors of its words.</param>
    /// <param name="complete">What depends on how the incident is.</param>
    /// <param name="refuse">Why it isn't theirs to tell; null: it is.</param>
    /// <param name="then">What else belongs to it, in the same transaction; a problem undoes all.</param>
    public async Task<Results<Ok<IncidentJson>, ProblemHttpResult>> TellAsync(
        Guid id, string? ifMatch, Func<FieldErrors, IncidentEvent> make, Func<IncidentEvent, Incident, IncidentEvent>? complete = null,
        Func<CaseSession, Incident, Task<ProblemHttpResult?>>? then = null, Func<Incident, ProblemHttpResult?>? refuse = null)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        var next = make(errors);
        if (errors.Any)
            return errors.ToProblem();
        return await IncidentEndpoints.AllOrNothingAsync<Ok<IncidentJson>>(Book, async session =>
        {
            if (await IncidentEndpoints.SeenAsync(session, id, Actor, http.RequestServices.GetRequiredService<CameraRoster>(), Permission.ManageIncidents) is not { } incident)
                return CaseRequests.NoIncident(id);
            if (seen is { } version && version != incident.Version)
                return Changed(incident, await session.StoryAsync(id), version);
            if (refuse?.Invoke(incident) is { } refused)
                return refused;
            // Who doesn't have the case may still say what they know, and keep its footage.
            if (next is not (Noted or Attached or Pinned or Unpinned) && await session.CustodyAsync(id) is { Holder: CaseHolder.Centre } custody)
                return CustodyRows.AtCentre(custody);
            var (after, refusal) = await session.AppendAsync(incident, (complete?.Invoke(next, incident) ?? next) with { By = Actor.Name, At = Clock.GetUtcNow() });
            if (refusal != IncidentRefusal.None)
                return CaseRequests.Refused(refusal);
            if (then is not null && await then(session, after!) is { } problem)
                return problem;
            http.Tag(after!.Version);
            return TypedResults.Ok(Actor.Shown(IncidentJson.Of(after, await session.StoryAsync(id))));
        }, http.RequestAborted);
    }

    public async Task<ProblemHttpResult> ChangedAsync(Incident incident, long version) => Changed(incident, await Book.ReadAsync(s => s.StoryAsync(incident.Id), http.RequestAborted), version);

    ProblemHttpResult Changed(Incident incident, IReadOnlyList<IncidentEvent> story, long version)
    {
        var shown = Actor.Shown(IncidentJson.Of(incident, story));
        return CaseRequests.Changed("incident", shown, shown.Story.Where(e => e.Number > version).ToList());
    }

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Telling?> BindAsync(HttpContext http, System.Reflection.ParameterInfo parameter) => ValueTask.FromResult<Telling?>(new(http, new(http.Caller())));
}
