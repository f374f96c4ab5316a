using System.ComponentModel;

using Atalaya.Federation.Links;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Connections;

namespace Atalaya.Node.Federation.Links;

static class LinkFeature
{
    public static IServiceCollection AddLinks(this IServiceCollection services)
    {
        services.AddStarted<LinkKey>().AddStarted<LinkBook>();
        services.AddSingleton<LinkListening>().AddSingleton<LinkDial>().AddSingleton<TunnelPool>().AddSingleton<Peers>().AddSingleton<LinkPost>().AddSingleton<LinkFaults>().AddSingleton<LinkRate>().AddSingleton<LinkFlood>().AddSingleton<LinkRoom>()
            .AddSingleton<Outbox>().AddSingleton<Inbox>().AddSingleton<Invitations>().AddSingleton<TunnelTransport>().AddSingleton<IConnectionListenerFactory>(s => s.GetRequiredService<TunnelTransport>())
            .AddSingleton<MessageHandler, CardMessages>();
        services.AddStarted<CardNews>().AddStarted<LinkSender>().AddStarted<TunnelDialler>();
        // After the page's addresses, which are named first.
        services.AddOptions<KestrelServerOptions>().Configure<LinkListening>((kestrel, listening) => listening.Listen(kestrel));
        return services;
    }

    public static void MapLinks(this IEndpointRouteBuilder routes)
    {
        routes.MapPeers();
        var links = routes.MapGroup("/api/links").WithTags("links");
        links.MapGet("", List).WithName("listLinks").WithSummary("Nodes that this one is linked with, and how each link does.")
            .Produces<IReadOnlyList<LinkJson>>().NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        links.MapGet("/self", SelfAsync).WithName("getOwnCard").WithSummary("Who this node is to others.")
            .Produces<OwnCardJson>().Fails(503).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        links.MapGet("/invitations", ListInvitationsAsync).WithName("listInvitations").WithSummary("Invitations that wait, and those that somebody used.")
            .Produces<IReadOnlyList<InvitationJson>>().Needs(Permission.ManageLinks);
        links.MapPost("/invitations", InviteAsync).WithName("inviteNode").WithSummary("Makes a code that lets one node join this one.")
            .Produces<InvitationJson>(StatusCodes.Status201Created).Fails(400, 409, 413, 415, 503).Needs(Permission.ManageLinks);
        links.MapDelete("/invitations/{id}", WithdrawAsync).WithName("withdrawInvitation").WithSummary("Takes an invitation back that nobody used.")
            .Produces(StatusCodes.Status204NoContent).Fails(404).Needs(Permission.ManageLinks);
        links.MapPost("/join", JoinAsync).WithName("joinNode").WithSummary("Joins the node that an invitation is from. The link waits for its digits to be compared.")
            .Produces<LinkJson>(StatusCodes.Status201Created).Fails(400, 413, 415, 502).Needs(Permission.ManageLinks);
        links.MapPost("/{id}/confirm", ConfirmAsync).WithName("confirmLink").WithSummary("Says that the digits are the same at both nodes. Messages go over when both have.")
            .Produces<LinkJson>().Fails(400, 404, 409, 413, 415).Needs(Permission.ManageLinks);
        links.MapPost("/{id}/suspend", SuspendAsync).WithName("suspendLink").WithSummary("Lets nothing over for a while; what is to be sent waits.")
            .Produces<LinkJson>().Fails(400, 404, 409, 413, 415).Needs(Permission.ManageLinks);
        links.MapPost("/{id}/resume", ResumeAsync).WithName("resumeLink").WithSummary("Lets messages over again.")
            .Produces<LinkJson>().Fails(404, 409).Needs(Permission.ManageLinks);
        links.MapPost("/{id}/end", EndAsync).WithName("endLink").WithSummary("Ends a link for good; what waits is not sent.")
            .Produces<LinkJson>().Fails(400, 404, 409, 413, 415).Needs(Permission.ManageLinks);
        links.MapGet("/refusals", RefusalsAsync).WithName("listRefusals").WithSummary("Messages that this node or another one refused, the newest first.")
            .Produces<IReadOnlyList<LinkRefusalJson>>().NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        links.MapGet("/faults", FaultsAsync).WithName("listLinkFaults").WithSummary("What came from other nodes and isn't what an honest one sends, the newest first.")
            .Produces<IReadOnlyList<LinkFaultJson>>().NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
    }

    static Ok<IReadOnlyList<LinkJson>> List(LinkBook links) => TypedResults.Ok<IReadOnlyList<LinkJson>>([.. links.All.Select(l => LinkJson.Of(l, links.HealthOf(l.Id)))]);

    static async Task<Results<Ok<OwnCardJson>, ProblemHttpResult>> SelfAsync(Invitations invitations, CancellationToken stop)
    {
        try
        {
            var (card, _) = await invitations.OwnCardAsync(stop);
            return TypedResults.Ok(new OwnCardJson(card.Organisation, card.Site, card.LogKey.ToString(), Convert.ToHexStringLower(card.Pin.ToArray()), card.Address));
        }
        catch (IOException fault)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "No card just now", fault.Message);
        }
    }

    static async Task<Ok<IReadOnlyList<InvitationJson>>> ListInvitationsAsync(Invitations invitations, CancellationToken stop) => TypedResults.Ok(await invitations.ListAsync(stop));

    static async Task<Results<Created<InvitationJson>, ProblemHttpResult>> InviteAsync(InviteRequestJson input, Invitations invitations, LinkListening listening, LinkKey key, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.Kind is not { } kind)
        {
            errors.Add("kind", "is missing: site, centre or partner.");
            kind = default;
        }

        if (input.Hours is < 1 or > 168)
            errors.Add("hours", "must be 1 to 168.");
        if (input.Note is { Length: > 200 })
            errors.Add("note", "must have at most 200 characters.");
        if (errors.Any)
            return errors.ToProblem();
        if (key.Fault is { } closed)
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "No links just now", closed);
        return listening.Address.Length == 0
            ? Problems.Of(StatusCodes.Status409Conflict, "Nobody can dial this node", "Set federation.listen, and federation.address if others reach it by another name; or have the other node invite this one.")
            : TypedResults.Created((string?)null, await invitations.InviteAsync(kind, input.Note ?? "", TimeSpan.FromHours(input.Hours ?? 24), caller.Name, stop));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync([Description("Of the invitation.")] string id, Invitations invitations, CancellationToken stop) =>
        await invitations.WithdrawAsync(id, stop) ? TypedResults.NoContent() : Problems.NotFound("No such invitation", "It was used, or there was none.");

    static async Task<Results<Created<LinkJson>, ProblemHttpResult>> JoinAsync(JoinRequestJson input, Invitations invitations, LinkBook links, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!Invitation.TryParse(input.Code ?? "", out var invitation, out string? fault))
            errors.Add("code", fault);
        if (input.Kind is not { } kind)
            errors.Add("kind", "is missing: what the node that invites is to this one, site, centre or partner.");
        else if (invitation is not null && invitation.Inviter != kind)
            errors.Add("kind", $"is {Name(kind)}, and the code says that its node is this one's {Name(invitation.Inviter)}. Ask who invited; if it is a {Name(kind)}, let them make another code that says so.");
        if (errors.Any)
            return errors.ToProblem();

        try
        {
            var link = await invitations.JoinAsync(invitation!, input.Kind!.Value, caller.Name, stop);
            return TypedResults.Created((string?)null, LinkJson.Of(link, links.HealthOf(link.Id)));
        }
        catch (IOException refused)
        {
            return Problems.Of(StatusCodes.Status502BadGateway, "Not joined", refused.Message);
        }
    }

    static string Name(LinkKind kind) => kind.ToString().ToLowerInvariant();

    static async Task<Results<Ok<LinkJson>, ProblemHttpResult>> ConfirmAsync([Description("Of the link.")] string id, ConfirmRequestJson input, LinkBook links, Caller caller, CancellationToken stop)
    {
        if (links.Find(id) is not { } link)
            return NoLink();
        if (string.Concat((input.Digits ?? "").Where(char.IsAsciiDigit)) != link.Digits.Replace(" ", "", StringComparison.Ordinal))
        {
            var errors = new FieldErrors();
            errors.Add("digits", "aren't those of this link. If the other node shows others, somebody stands in between: end the link.");
            return errors.ToProblem();
        }

        return await links.ConfirmAsync(id, caller.Name, stop) ? Now(links, id) : WrongState(link);
    }

    static async Task<Results<Ok<LinkJson>, ProblemHttpResult>> SuspendAsync([Description("Of the link.")] string id, LinkWhyRequestJson input, LinkBook links, CancellationToken stop) =>
        links.Find(id) is not { } link ? NoLink() : Why(input, out string why) is { } fault ? fault : await links.SuspendAsync(id, why, stop) ? Now(links, id) : WrongState(link);

    static async Task<Results<Ok<LinkJson>, ProblemHttpResult>> ResumeAsync([Description("Of the link.")] string id, LinkBook links, CancellationToken stop) =>
        links.Find(id) is not { } link ? NoLink() : await links.ResumeAsync(id, stop) ? Now(links, id) : WrongState(link);

    static async Task<Results<Ok<LinkJson>, ProblemHttpResult>> EndAsync([Description("Of the link.")] string id, LinkWhyRequestJson input, LinkBook links, CancellationToken stop) =>
        links.Find(id) is not { } link ? NoLink() : Why(input, out string why) is { } fault ? fault : await links.EndAsync(id, why, stop) ? Now(links, id) : WrongState(link);

    static async Task<Ok<IReadOnlyList<LinkRefusalJson>>> RefusalsAsync([FromQuery, Description("Of one link; absent: of all.")] string? link, NodeDatabase database, CancellationToken stop) =>
        TypedResults.Ok(await Refusals.ListAsync(database.Source, link, 500, stop));

    static async Task<Ok<IReadOnlyList<LinkFaultJson>>> FaultsAsync(LinkFaults faults, CancellationToken stop) => TypedResults.Ok(await faults.ListAsync(500, stop));

    static Ok<LinkJson> Now(LinkBook links, string id) => TypedResults.Ok(LinkJson.Of(links.Find(id)!, links.HealthOf(id)));

    static ProblemHttpResult? Why(LinkWhyRequestJson input, out string why)
    {
        why = input.Why?.Trim() ?? "";
        if (why.Length is > 0 and <= 500)
            return null;
        var errors = new FieldErrors();
        errors.Add("why", "must have 1 to 500 characters.");
        return errors.ToProblem();
    }

    static ProblemHttpResult NoLink() => Problems.NotFound("No such link", "GET /api/links lists them.");

    static ProblemHttpResult WrongState(Link link) => Problems.Of(StatusCodes.Status409Conflict, "Not as the link is now", $"It is {link.State.ToString().ToLowerInvariant()}.");
}
