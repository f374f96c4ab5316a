using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Notifications;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Grants;

static class HandOverEndpoints
{
    const int MostListed = 200, MaxNote = 1000, UsualMinutes = 120;

    /// <summary>Where the policy has no target of its own.</summary>
    static readonly TimeSpan UsualTarget = TimeSpan.FromMinutes(5), RescueTarget = TimeSpan.FromMinutes(1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var handOvers = routes.MapGroup("/api/handovers").WithTags("shares").NeedsAnywhere(Permission.Cooperate);
        handOvers.MapGet("", ListAsync).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("listHandOvers").WithSummary("Incidents handed over, and handed to us, newest first.");
        handOvers.MapPost("", SendAsync).WithName("sendHandOver").WithSummary("Hands an incident to another organisation: card, last known position and live pictures, in one step.")
            .WithDescription("What goes along are grants under the agreement, with the answers of POST /api/shares where it doesn't allow them or asks for a second person. A rescue goes at once where the agreement "
                + "has that clause, with a CAP 1.2 document, and is reviewed afterwards.")
            .Produces<TransferJson>(StatusCodes.Status201Created).Fails(400, 403, 404, 409, 413, 415);
        handOvers.MapPost("{id}/acknowledge", AcknowledgeAsync).WithName("acknowledgeHandOver").WithSummary("Takes notice of what was handed over; the other side is told.").Produces<TransferJson>().Fails(404, 409);
        handOvers.MapPost("{id}/close", CloseAsync).WithName("closeHandOver").WithSummary("Says what came of it; the other side is told.").Produces<TransferJson>().Fails(400, 404, 409, 413, 415);
        handOvers.MapGet("{id}/cap", CapAsync).WithName("getHandOverCap").WithSummary("The CAP 1.2 document of a rescue.").Produces<string>(StatusCodes.Status200OK, "application/cap+xml").Fails(404);
    }

    static async Task<IReadOnlyList<TransferJson>> ListAsync(HandOvers handOvers, LinkBook links, Caller caller, CancellationToken stop) =>
        MayAct(caller) || caller.Has(Permission.Audit) ? [.. (await handOvers.ListAsync(MostListed, stop)).Select(h => Show(h, links))] : [];

    static async Task<Results<Created<TransferJson>, ProblemHttpResult>> SendAsync(
        TransferInputJson input, HandOvers handOvers, ShareDesk desk, LinkBook links, Casebook cases, CameraRoster roster, Standing standing, Caller caller, SecondPerson second, AccessLog accesses, NodeOptions options,
        TimeProvider clock, HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string note = ShareDesk.Text("note", input.Note, 0, errors, MaxNote);
        if (input.Incident is null)
            errors.Add("incident", "is missing.");
        if (input.Minutes is < 1 or > 1440)
            errors.Add("minutes", "must be between 1 and 1440.");
        if (errors.Any)
            return errors.ToProblem();
        if (!MayAct(caller))
            return Gate.Lacks(Permission.Cooperate);
        var wishes = new List<ShareWish>();
        var card = new ShareInputJson { Link = input.Link, What = ShareKind.IncidentCard, Incident = input.Incident, Purpose = input.Purpose, Category = input.Category, Request = input.Request, Grade = input.Grade, Reference = $"{input.Incident}" };
        foreach (var wanted in string.IsNullOrEmpty(input.Camera) ? [card] : (ShareInputJson[])[card, card with { What = ShareKind.Live, Camera = input.Camera, Minutes = input.Minutes ?? UsualMinutes }])
        {
            var (wish, problem) = await desk.LookAsync(wanted, caller, stop);
            if (wish is null)
                return problem!;
            if (ShareEndpoints.Refusal(wish) is { } refusal)
                return refusal;
            wishes.Add(wish);
        }

        var incident = (await cases.ReadAsync(session => IncidentEndpoints.SeenAsync(session, input.Incident!.Value, new(caller), roster, Permission.ViewPast), stop))!;
        http.Features.Set(new Purpose(wishes[0].Terms.Purpose, wishes[0].Terms.Reference));
        var given = new List<NewGrant>();
        var claims = new List<Claim>();
        foreach (var wish in wishes)
        {
            var claim = await ShareEndpoints.ClaimAsync(wish, caller, second, http, stop);
            if (claim.Refusal is { } waits)
            {
                foreach (var taken in claims)
                    await second.GiveBackAsync(taken);
                return waits;
            }

            claims.Add(claim);
            given.Add(ShareEndpoints.NewOf(wish, caller, claim));
        }

        foreach (var wish in wishes)
            await ShareEndpoints.NoteAsync(wish, caller, accesses, http, stop);
        var now = clock.GetUtcNow();
        bool rescue = incident.Type == IncidentType.Rescue;
        var due = now + (standing.Orders.Policy.Policy.AcknowledgeWithin(incident.Severity) ?? (rescue ? RescueTarget : UsualTarget));
        string? cap = rescue ? await CapOfAsync(incident, cases, wishes[0], roster, options, now, stop) : null;
        var handOver = new HandOver(
            Guid.CreateVersion7(now).ToString(), true, wishes[0].Link.Id, incident.Id.ToString(), ShareDocument.Clean(incident.Title), rescue, note, given[0].Id, given.Count > 1 ? given[1].Id : "", cap, now, due, caller.Name, Type: incident.Type);
        await handOvers.SendAsync(handOver, wishes[0].Link, given, stop);
        return TypedResults.Created($"/api/handovers/{handOver.Id}", Show(handOver, links));
    }

    // Of the incident's latest alarm; an incident that somebody opened by hand has none, and is told of all the same.
    static async Task<string> CapOfAsync(Incident incident, Casebook cases, ShareWish card, CameraRoster roster, NodeOptions options, DateTimeOffset now, CancellationToken stop)
    {
        Alarm? latest = null;
        await cases.ReadAsync(async session =>
        {
            foreach (var id in incident.Alarms)
            {
                if (await session.AlarmAsync(id) is { } alarm && (latest is null || alarm.LastAt > latest.LastAt))
                    latest = alarm;
            }

            return true;
        }, stop);
        string place = latest is { Camera.Length: > 0 } ? roster.Find(latest.Camera)?.Config.Name ?? latest.Camera : options.Name;
        IncidentCard.TryRead(card.Card!, out var read);
        return CapDocument.OfRescue(incident, options.Name, place, read?.Position is { } at ? (at.Latitude, at.Longitude) : null, now, $"For {card.Link.Organisation}.").ToString();
    }

    static async Task<Results<Ok<TransferJson>, ProblemHttpResult>> AcknowledgeAsync(string id, HandOvers handOvers, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        if (await handOvers.FindAsync(id, stop) is not { Ours: false } handOver || !MayAct(caller) || links.Find(handOver.Link) is not { } link)
            return None(id);
        return await handOvers.StepAsync(id, link, h => h.Acknowledge(caller.Name, clock.GetUtcNow()), "handover.acknowledged", h => new { id, by = h.AcknowledgedBy }, stop) is { } done
            ? TypedResults.Ok(Show(done, links))
            : Problems.Conflict("Acknowledged before", $"{handOver.AcknowledgedBy} acknowledged it.");
    }

    static async Task<Results<Ok<TransferJson>, ProblemHttpResult>> CloseAsync(string id, TransferCloseJson input, HandOvers handOvers, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string note = ShareDesk.Text("note", input.Note, 0, errors, MaxNote);
        if (input.Outcome is null)
            errors.Add("outcome", "is missing.");
        if (errors.Any)
            return errors.ToProblem();
        if (await handOvers.FindAsync(id, stop) is not { Ours: false } handOver || !MayAct(caller) || links.Find(handOver.Link) is not { } link)
            return None(id);
        return await handOvers.StepAsync(
            id, link, h => h.Close(input.Outcome!.Value.ToString(), note, clock.GetUtcNow()), "handover.closed", h => new { id, outcome = h.Outcome, note }, stop) is { } done
            ? TypedResults.Ok(Show(done, links))
            : Problems.Conflict("It can't be closed", handOver.Closed is null ? "Acknowledge it first." : "It is closed already.");
    }

    static async Task<Results<ContentHttpResult, ProblemHttpResult>> CapAsync(string id, HandOvers handOvers, Caller caller, CancellationToken stop) =>
        MayAct(caller) && await handOvers.FindAsync(id, stop) is { Cap: { } cap } ? TypedResults.Text(cap, "application/cap+xml") : None(id);

    // An incident concerns cameras of several places: who hands over may on all of them.
    static bool MayAct(Caller caller) => caller.Has(Permission.Cooperate);

    static TransferJson Show(HandOver h, LinkBook links) => new(
        h.Id, h.Ours, h.Link, links.Find(h.Link)?.Name ?? h.Link, h.Incident, h.Title, h.Rescue, h.Note, h.CardGrant, h.LiveGrant, h.Cap is not null, h.Sent, h.Due, h.UserName, h.Acknowledged, h.AcknowledgedBy,
        h.Escalated, h.Closed, h.Outcome, h.ClosedNote, h.Refused, h.RefusedWhy, h.RefusedClause);

    static ProblemHttpResult None(string id) => Problems.NotFound("No such hand-over", $"There is no hand-over '{Problems.Shown(id)}' that you can do this with. GET /api/handovers lists those there are.");
}
