using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Federation.Grants;

static class ShareEndpoints
{
    const int MostListed = 500, MaxReason = 500, MaxNote = 1000;

    public static IServiceCollection AddShares(this IServiceCollection services) => services
        .AddSingleton<LinkFiles>()
        .AddSingleton<FileFetcher>()
        .AddSingleton<ShareDesk>()
        .AddSingleton<ShareSeats>()
        .AddSingleton<ShareLive>()
        .AddStarted<ShareGrants>()
        .AddStarted<ShareMaker>()
        .AddStarted<ShareReceiver>()
        .AddStarted<HandOvers>()
        .AddStarted<ReviewClock>()
        .AddSingleton<MessageHandler, ShareMessages>()
        .AddSingleton<MessageHandler, HandOverMessages>();

    public static void MapShares(this IEndpointRouteBuilder routes)
    {
        LinkFiles.Map(routes);
        ShareLive.Map(routes);
        var shares = routes.MapGroup("/api/shares").WithTags("shares").NeedsAnywhere(Permission.Cooperate);
        shares.MapGet("", ListAsync).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("listShares")
            .WithSummary("What this organisation lets others have, and what it was let have, newest first.");
        shares.MapGet("partners", Partners).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("listSharePartners").WithSummary("To whom something can be given, and for which purposes.");
        shares.MapPost("check", CheckAsync).WithName("checkShare").WithSummary("What the agreement says to something that could be given; nothing is given.")
            .Produces<ShareDecisionJson>().Fails(400, 403, 404, 409, 413, 415);
        shares.MapPost("", GiveAsync).WithName("giveShare").WithSummary("Lets another organisation have something, under the agreement.")
            .WithDescription("403 with the clause where the agreement doesn't allow it. Where it, or option approvals.for, asks for a second person, 409 with the problem's 'approval' until somebody has agreed: "
                + "then the same call goes through, once. A rescue goes at once if the agreement has that clause, and is reviewed afterwards.")
            .Produces<ShareJson>(StatusCodes.Status201Created).Fails(400, 403, 404, 409, 413, 415);
        shares.MapGet("{id}", GetAsync).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("getShare").WithSummary("One grant, given or received.").Produces<ShareJson>().Fails(404);
        shares.MapPost("{id}/revoke", RevokeAsync).WithName("revokeShare").WithSummary("Takes it back at once: what is being watched or fetched ends.").Produces<ShareJson>().Fails(400, 404, 409, 413, 415);
        shares.MapPost("{id}/review", ReviewAsync).WithName("reviewShare").WithSummary("Closes the review of one that went before all had agreed; not by who gave it.")
            .Produces<ShareJson>().Fails(400, 403, 404, 409, 413, 415);
        shares.MapMethods("{id}/file", ["GET", "HEAD"], FileAsync).WithName("getShareFile").WithSummary("The file of a received grant, or a range of it. Each time is written down, here and in a receipt to its owner.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream").Produces<Stream>(StatusCodes.Status206PartialContent, "application/octet-stream").Fails(404, 409).Produces(416);
        shares.MapDelete("{id}/content", DeleteAsync).WithName("deleteShareContent").WithSummary("Deletes what was received before its time; its owner gets a receipt.").Produces<ShareJson>().Fails(404, 409);
        shares.MapGet("papers", PapersAsync).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("getSharePapers")
            .WithSummary("All disclosures and receipts with one organisation, as atalaya-verify takes them (ref/receipts.md).").Produces<Stream>(StatusCodes.Status200OK, "application/json").Fails(404, 503);
        HandOverEndpoints.Map(routes);
    }

    static async Task<SharesJson> ListAsync(ShareGrants grants, LinkBook links, Caller caller, CancellationToken stop)
    {
        async Task<IReadOnlyList<ShareJson>> Of(bool ours)
        {
            var shown = new List<ShareJson>();
            foreach (var row in (await grants.ListAsync(ours, MostListed, stop)).Where(r => IsFor(r, caller)))
                shown.Add(Show(row, links, await grants.NotesAsync(row.Id, stop)));
            return shown;
        }

        return new(await Of(ours: true), await Of(ours: false));
    }

    static IReadOnlyList<SharePartnerJson> Partners(LinkBook links, AgreementBook agreements) =>
    [
        .. links.Active.Select(l =>
        {
            var agreement = agreements.InForce(l);
            return new SharePartnerJson(
                l.Id, l.Organisation, l.Site, agreement is null ? null : $"{agreement.Id}/{agreement.Version}", [.. (agreement?.Purposes ?? []).Select(p => TermOf(agreement!, p))],
                [.. (agreement?.Categories ?? []).Select(c => TermOf(agreement!, c))]);
        }),
    ];

    static ShareTermJson TermOf(Agreement agreement, Term term) => new(term.Id, agreement.Languages.ToDictionary(l => l.ToString().ToLowerInvariant(), l => term.Text.In(l) ?? term.Id, StringComparer.Ordinal));

    static async Task<Results<Ok<ShareDecisionJson>, ProblemHttpResult>> CheckAsync(ShareInputJson input, ShareDesk desk, Caller caller, CancellationToken stop)
    {
        var (wish, problem) = await desk.LookAsync(input, caller, stop);
        if (wish is null)
            return problem!;
        var (decision, conditions) = (wish.Decision, wish.Decision.Conditions);
        return TypedResults.Ok(new ShareDecisionJson(
            decision.Allowed, decision.Clause, decision.Reasons, conditions.Masked, conditions.Keep?.TotalDays, conditions.Handling, conditions.Onward, wish.NeedsSecond ? 2 : 1, wish.Review?.TotalHours,
            wish.Terms.Watermark.Length > 0 || conditions.Watermark));
    }

    static async Task<Results<Created<ShareJson>, ProblemHttpResult>> GiveAsync(
        ShareInputJson input, ShareDesk desk, ShareGrants grants, LinkBook links, Caller caller, SecondPerson second, AccessLog accesses, HttpContext http, CancellationToken stop)
    {
        var (wish, problem) = await desk.LookAsync(input, caller, stop);
        if (wish is null)
            return problem!;
        if (Refusal(wish) is { } refusal)
            return refusal;
        http.Features.Set(new Purpose(wish.Terms.Purpose, wish.Terms.Reference));
        var claim = await ClaimAsync(wish, caller, second, http, stop);
        if (claim.Refusal is { } waits)
            return waits;
        await NoteAsync(wish, caller, accesses, http, stop);
        var row = await grants.GiveAsync(NewOf(wish, caller, claim), stop);
        return TypedResults.Created($"/api/shares/{row.Id}", Show(row, links, await grants.NotesAsync(row.Id, stop)));
    }

    /// <summary>403, with what the agreement says.</summary>
    public static ProblemHttpResult? Refusal(ShareWish wish) => wish.Decision.Allowed ? null : TypedResults.Problem(new Microsoft.AspNetCore.Mvc.ProblemDetails
    {
        Status = StatusCodes.Status403Forbidden,
        Title = "The agreement doesn't allow it",
        Detail = $"{string.Join(' ', wish.Decision.Reasons)} (Clause {wish.Decision.Clause}.)",
        Extensions = { ["clause"] = wish.Decision.Clause, ["ground"] = wish.Decision.Ground },
    });

    public static async Task<Claim> ClaimAsync(ShareWish wish, Caller caller, SecondPerson second, HttpContext http, CancellationToken stop)
    {
        var terms = wish.Terms;
        string[] cameras = terms.Camera.Length > 0 ? [terms.Camera] : [];
        // Offices that the clause names: who gives it may hold one, others the second person must. A rescue that is released first waits for none.
        string[] offices = wish.Decision.Conditions is { ReviewAfter: null, Approvers: { } named } ? [.. named.Where(o => !caller.Holds(o, cameras))] : [];
        if (!wish.NeedsSecond && offices.Length == 0)
            return default;
        // Not the moments that pass while somebody agrees: what is asked again a minute later is the same.
        string exactly = $"{wish.Link.Id}\n{terms.What}\n{wish.Source}\n{terms.Purpose}\n{terms.Incident}\n{terms.Masked}\n{terms.Handling}\n{(terms.Expires - terms.Begins).TotalMinutes:0}\n{(terms.KeepUntil - terms.Begins)?.TotalDays:0}";
        return await second.ClaimAsync(
            caller, http,
            new(ApprovalAction.Share, cameras, terms.StretchFrom is { } from ? WallTime.From(from) : null, terms.StretchTo is { } to ? WallTime.From(to) : null,
                $"{terms.What}: {terms.Title} → {terms.To}; {terms.Purpose}{(terms.Reference.Length > 0 ? $", {terms.Reference}" : "")}; {(terms.Masked ? "" : "no masks; ")}clause {terms.Clause}{(offices.Length > 0 ? $"; {string.Join(", ", offices)}" : "")}", exactly)
            {
                Offices = offices,
            },
            stop, always: true);
    }

    public static NewGrant NewOf(ShareWish wish, Caller caller, Claim claim)
    {
        IReadOnlyList<string> persons = claim.Used is { } used ? [caller.UserId, used.DecidedBy] : [caller.UserId];
        DateTimeOffset? review = wish.Review is { } within ? wish.Terms.Begins + within : null;
        return new(
            wish.Id, wish.Link, wish.Terms with { Persons = persons.Count }, caller.UserId, caller.Name, claim.Used?.DecidedName ?? "", persons, review is null ? persons.Count : 2, review, wish.Source, wish.Card);
    }

    /// <summary>A line of the access log: somebody outside gets to see this camera.</summary>
    public static Task NoteAsync(ShareWish wish, Caller caller, AccessLog accesses, HttpContext http, CancellationToken stop) => wish.Terms.What == ShareKind.IncidentCard
        ? Task.CompletedTask
        : accesses.NoteAsync(
            caller, http, wish.Terms.Camera, AccessKindJson.Release, WallTime.From(wish.Terms.StretchFrom ?? wish.Terms.Begins), WallTime.From(wish.Terms.StretchTo ?? wish.Terms.Expires), stop);

    static async Task<Results<Ok<ShareJson>, ProblemHttpResult>> GetAsync(string id, ShareGrants grants, LinkBook links, Caller caller, CancellationToken stop) =>
        await grants.FindAsync(id, stop) is { } row && IsFor(row, caller) ? TypedResults.Ok(Show(row, links, await grants.NotesAsync(id, stop))) : NoGrant(id);

    static async Task<Results<Ok<ShareJson>, ProblemHttpResult>> RevokeAsync(string id, ShareReasonJson input, ShareGrants grants, LinkBook links, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string reason = ShareDesk.Text("reason", input.Reason, 1, errors, MaxReason);
        if (errors.Any)
            return errors.ToProblem();
        if (await grants.FindAsync(id, stop) is not { Ours: true } row || !MayActOn(row, caller))
            return NoGrant(id);
        return await grants.RevokeAsync(id, reason, CancellationToken.None) is { } revoked
            ? TypedResults.Ok(Show(revoked, links, await grants.NotesAsync(id, stop)))
            : Problems.Conflict("It has ended", $"This grant is {row.Grant.State.ToString().ToLowerInvariant()} already.");
    }

    static async Task<Results<Ok<ShareJson>, ProblemHttpResult>> ReviewAsync(string id, ShareReviewInputJson input, ShareGrants grants, LinkBook links, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.Right is null)
            errors.Add("right", "must be true or false.");
        string note = ShareDesk.Text("note", input.Note, input.Right == false ? 1 : 0, errors, MaxNote);
        if (errors.Any)
            return errors.ToProblem();
        if (await grants.FindAsync(id, stop) is not { Ours: true } row || !MayActOn(row, caller))
            return NoGrant(id);
        var (reviewed, fault) = await grants.ReviewAsync(id, caller.UserId, caller.Name, input.Right!.Value, note, stop);
        return fault switch
        {
            GrantFault.None when reviewed is not null => TypedResults.Ok(Show(reviewed, links, await grants.NotesAsync(id, stop))),
            GrantFault.SamePerson => Problems.Of(StatusCodes.Status403Forbidden, "It takes somebody else", "Nobody reviews what they gave themselves."),
            _ => Problems.Conflict("There is no open review", "It was given with everybody's agreement, or its review is closed."),
        };
    }

    static async Task<IResult> FileAsync(string id, ShareGrants grants, ShareReceiver receiver, Caller caller, AccessLog accesses, HttpContext http, TimeProvider clock, CancellationToken stop)
    {
        if (await grants.FindAsync(id, stop) is not { Ours: false } row || !MayActOn(row, caller))
            return NoGrant(id);
        byte[]? card = row.Card is { } text ? Encoding.UTF8.GetBytes(text) : null;
        if (receiver.FileOf(row) is not { } path && card is null)
        {
            return Problems.Conflict("There is no file", row.File switch
            {
                ShareFile.Fetching => row.FileFault.Length > 0 ? row.FileFault : "It is being fetched.",
                ShareFile.Deleted => "It was deleted.",
                ShareFile.Failed => row.FileFault,
                _ => "Nothing is kept of this grant.",
            });
        }
        else
        {
            http.Features.Set(new Purpose(row.Terms.Purpose, row.Terms.Reference));
            if (HttpMethods.IsGet(http.Request.Method) && receiver.IsNewLook(id, caller.UserId))
            {
                // Whoever goes away meanwhile has begun to look all the same; what can't be written down is not looked at.
                try
                {
                    await accesses.NoteAsync(
                        caller, http, $"{row.Link}/{row.Terms.Camera}", AccessKindJson.Download, WallTime.From(row.Terms.StretchFrom ?? row.Terms.Begins),
                        WallTime.From(row.Terms.StretchTo ?? row.Terms.Begins), CancellationToken.None);
                    var now = clock.GetUtcNow();
                    await grants.ChangeAsync(id, async (connection, transaction, current) =>
                    {
                        await ShareStore.StateAsync(connection, transaction, new(ShareGrants.NewId(now), id, ShareAct.Used, grants.Organisation, now, Sha256: row.Terms.Sha256, Bytes: row.Terms.Bytes), null);
                        return current;
                    }, CancellationToken.None);
                }
                catch
                {
                    receiver.ForgetLook(id, caller.UserId);
                    throw;
                }
            }

            http.Response.Headers.CacheControl = "private, no-store";
            var tag = new EntityTagHeaderValue($"\"{row.Terms.Sha256}\"");
            // The name and the type are the other side's words: what it is follows from the kind of grant.
            string type = row.Terms.What switch { ShareKind.Still => "image/jpeg", ShareKind.Clip => "video/mp4", ShareKind.IncidentCard => "application/json", _ => "application/octet-stream" };
            string name = $"{id}{row.Terms.What switch { ShareKind.Still => ".jpg", ShareKind.Clip => ".mp4", ShareKind.IncidentCard => ".json", _ => row.Terms.File.EndsWith(".age", StringComparison.Ordinal) ? ".zip.age" : ".zip" }}";
            return card is not null ? TypedResults.File(card, type, name, enableRangeProcessing: true, entityTag: tag) : TypedResults.PhysicalFile(receiver.FileOf(row)!, type, name, entityTag: tag, enableRangeProcessing: true);
        }
    }

    static async Task<Results<Ok<ShareJson>, ProblemHttpResult>> DeleteAsync(string id, ShareGrants grants, ShareReceiver receiver, LinkBook links, Caller caller, CancellationToken stop)
    {
        if (await grants.FindAsync(id, stop) is not { Ours: false } row || !MayActOn(row, caller))
            return NoGrant(id);
        return await receiver.DeleteAsync(id, "nobody needs it any more", stop) is { } deleted
            ? TypedResults.Ok(Show(deleted, links, await grants.NotesAsync(id, stop)))
            : Problems.Conflict("There is nothing to delete", "Nothing of this grant is kept here.");
    }

    static async Task<IResult> PapersAsync(string link, ShareGrants grants, LinkBook links, NodeLog log, NodeDatabase database, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        if (links.Find(link) is not { } with || !(caller.Has(Permission.Cooperate) || caller.Has(Permission.Audit)))
            return Problems.NotFound("No such link", $"There is no link '{Problems.Shown(link)}'. GET /api/shares/partners lists those there are.");
        if (await log.HeadAsync(stop) is not var (head, key))
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log isn't open", log.Fault ?? "The node has just started; ask again in a moment.");
        var notes = new List<BundledNote>();
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        // What the other side refused was never given, unless something went out before the refusal came: a card always has.
        const string Stated = """
            note is not null and grant_id in (select g.id from share_grants g where g.link = @link
                and (g.state <> 'Refused' or g.card is not null or g.direction = 'received' or exists (select 1 from share_documents d where d.grant_id = g.id and d.act = 'Sent'))) order by at_us, id, ours
            """;
        foreach (var note in await ShareStore.NotesAsync(connection, Stated, new { link }, stop))
        {
            var seal = await log.ProveAsync(note.Act <= ShareAct.Ended ? LeafKind.Disclosure : LeafKind.Receipt, ShareRecords.ReferenceOf(note), head, stop);
            notes.Add(new(note.Note!, seal is null ? null : new(seal.Leaf, seal.Record, seal.Salt, seal.Entry, seal.Proof, head.Note, key, log.KeyHistory)));
        }

        var bundle = new ShareBundle(grants.Organisation, with.Organisation, key, log.KeyHistory, clock.GetUtcNow(), notes);
        return TypedResults.File(bundle.ToBytes(), "application/json", $"receipts-{link}.json");
    }

    /// <summary>Given: who may cooperate about its camera, and who gave it; received: who may for the whole organisation. Oversight sees all of it, and no picture.</summary>
    static bool IsFor(ShareRow row, Caller caller) => caller.Has(Permission.Audit) || MayActOn(row, caller);

    public static bool MayActOn(ShareRow row, Caller caller) =>
        (row.Ours && row.Terms.Camera.Length > 0 ? caller.Can(Permission.Cooperate, row.Terms.Camera) : caller.Has(Permission.Cooperate))
        // Of several cameras, it has none of its own: whoever could give it can take it back.
        || (row.Ours && row.UserId == caller.UserId && caller.HasAnywhere(Permission.Cooperate));

    public static ShareJson Show(ShareRow row, LinkBook links, IReadOnlyList<ShareNote> notes)
    {
        var (terms, grant) = (row.Terms, row.Grant);
        return new(
            row.Id, row.Ours, row.Link, links.Find(row.Link)?.Name ?? (row.Ours ? terms.To : terms.From), grant.State, terms.What, terms.Site, terms.Camera, terms.Title, terms.Purpose, terms.Reference, terms.Agreement,
            terms.Clause, terms.StretchFrom, terms.StretchTo, terms.Incident, terms.Begins, terms.Expires, terms.KeepUntil, terms.Masked, terms.Watermark, terms.Handling, terms.Onward, terms.Persons, row.UserName,
            row.AgreedName, terms.Released, grant.Review is { } r ? new(r.Due, r.ClosedAt, r.By, r.Right, r.Note) : null, Enum.Parse<ShareFileJson>(row.File.ToString()), row.FileFault, terms.File, terms.Bytes, terms.Sha256,
            row.Card is { } card && IncidentCard.TryRead(card, out var read) ? read : null, grant.AskedAt, grant.GivenAt, grant.EndedAt, grant.Why,
            [.. notes.Select(n => new ShareDocumentJson(n.Act, n.Ours, n.At, n.Digest, n.Note is not null, ShareDocument.TryParse(n.Text, out var d) ? d.Why : ""))]);
    }

    static ProblemHttpResult NoGrant(string id) => Problems.NotFound("No such grant", $"There is no grant '{Problems.Shown(id)}' that concerns you. GET /api/shares lists those there are.");
}
