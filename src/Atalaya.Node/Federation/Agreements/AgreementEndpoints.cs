using System.Text;

using Atalaya.Federation.Agreements;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Agreements;

static class AgreementEndpoints
{
    const string Version = "{link}/{id}/{version:int}";

    public static IServiceCollection AddAgreements(this IServiceCollection services) => services.AddStarted<AgreementBook>().AddSingleton<MessageHandler, AgreementMessages>();

    public static void MapAgreements(this IEndpointRouteBuilder routes)
    {
        var agreements = routes.MapGroup("/api/agreements").WithTags("agreements");
        agreements.MapGet("", List).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("listAgreements").WithSummary("Agreements with partner organisations, every version, the newest first.");
        agreements.MapPost("", DraftAsync).Needs(Permission.ManageLinks).WithName("draftAgreement").WithSummary("Writes a draft, or another in its place; nobody else sees it before it is signed.")
            .Produces<AgreementWrittenJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415);
        agreements.MapGet("template", GetTemplateAsync).Needs(Permission.ManageLinks).WithName("getAgreementTemplate").WithSummary("A document to begin with: the shipped example between this organisation and a partner.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/json").Fails(404, 409);
        agreements.MapGet(Version, Show).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("getAgreement").WithSummary("A version as a page in one language, and what it changes.")
            .Produces<AgreementPageJson>().Fails(404);
        agreements.MapDelete(Version, RemoveAsync).Needs(Permission.ManageLinks).WithName("removeAgreement").WithSummary("Takes a draft away.").Produces(StatusCodes.Status204NoContent).Fails(404, 409);
        agreements.MapGet($"{Version}/document", Document).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("getAgreementDocument").WithSummary("The document in its canonical form: the bytes whose digest is signed.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/json").Fails(404);
        agreements.MapGet($"{Version}/next", Next).Needs(Permission.ManageLinks).WithName("getNextAgreement").WithSummary("The document as a draft of the next version.").Produces<Stream>(StatusCodes.Status200OK, "application/json").Fails(404);
        agreements.MapGet($"{Version}/odrl", ToOdrl).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("getAgreementOdrl").WithSummary("The document as a policy of ODRL, and what ODRL's own words don't say.")
            .Produces<AgreementOdrlJson>().Fails(404);
        agreements.MapPost($"{Version}/sign", SignAsync).Needs(Permission.ManageLinks).WithName("signAgreement")
            .WithSummary("Signs with the log's key and sends it: a draft as an offer, what came from the partner as the second signature.").Produces<AgreementJson>().Fails(400, 404, 409, 413, 415, 503);
        agreements.MapPost($"{Version}/denounce", DenounceAsync).Needs(Permission.ManageLinks).WithName("denounceAgreement").WithSummary("Tells the partner that it ends, after its notice.")
            .Produces<AgreementJson>().Fails(400, 404, 409, 413, 415, 503);
        agreements.MapPost($"{Version}/decide", Decide).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit).WithName("decideAgreement").WithSummary("What the document would say, and why. Nothing comes of it.")
            .Produces<AgreementDecisionJson>().Fails(400, 404, 413, 415);
    }

    static IReadOnlyList<AgreementJson> List(AgreementBook book, TimeProvider clock, string? language) =>
        [.. book.All.OrderByDescending(a => a.WrittenAt).ThenBy(a => a.Id, StringComparer.Ordinal).Select(a => Json(book, clock, a, LanguageOf(language)))];

    static async Task<Results<Created<AgreementWrittenJson>, ProblemHttpResult>> DraftAsync(AgreementInputJson input, AgreementBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Link))
            errors.Add("link", "is missing.");
        if (string.IsNullOrEmpty(input.Document))
            errors.Add("document", "is missing.");
        if (errors.Any)
            return errors.ToProblem();
        if (links.Find(input.Link!) is not { } link)
            return NoLink(input.Link!);
        byte[] text = Encoding.UTF8.GetBytes(input.Document!);
        IReadOnlyList<string> lost = [];
        Agreement? document;
        IReadOnlyList<AgreementFault> faults;
        if (input.Format == AgreementFormatJson.Odrl)
        {
            Agreement? onto = null;
            try
            {
                onto = await TemplateAsync(book, link, clock, stop);
            }
            catch (AgreementRefusedException refused)
            {
                return Problems.Conflict("No draft with this node", refused.Message);
            }

            (document, lost, faults) = Odrl.Read(text, onto);
        }
        else
        {
            document = AgreementReader.Read(text, out faults);
        }

        if (document is null)
        {
            foreach (var fault in faults)
                errors.Add(fault.Path.Length > 0 ? $"document.{fault.Path}" : "document", fault.Message);
            return errors.ToProblem();
        }

        try
        {
            var draft = await book.DraftAsync(link, document, caller.Name, stop);
            return TypedResults.Created($"/api/agreements/{link.Id}/{draft.Id}/{draft.Version}", new AgreementWrittenJson(Json(book, clock, draft, Language.En), lost));
        }
        catch (AgreementRefusedException refused)
        {
            return Problems.Conflict("No draft with this node", refused.Message);
        }
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> GetTemplateAsync(string link, AgreementBook book, LinkBook links, TimeProvider clock, CancellationToken stop)
    {
        if (links.Find(link) is not { } known)
            return NoLink(link);
        try
        {
            return Text(await TemplateAsync(book, known, clock, stop));
        }
        catch (AgreementRefusedException refused)
        {
            return Problems.Conflict("No draft with this node", refused.Message);
        }
    }

    static async Task<Agreement> TemplateAsync(AgreementBook book, Link link, TimeProvider clock, CancellationToken stop) =>
        AgreementExample.Draft("police-cooperation", await book.OwnPartyAsync(stop), PartyOf(link.Organisation, link.LogKey.ToString()), DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime));

    internal static Party PartyOf(string organisation, string key) =>
        new(organisation, new(organisation, organisation, organisation, organisation), key, new(organisation, organisation, organisation, organisation));

    static Results<Ok<AgreementPageJson>, ProblemHttpResult> Show(string link, string id, int version, AgreementBook book, TimeProvider clock, string? language)
    {
        if (book.Find(link, id, version) is not { } agreement)
            return None(id, version);
        var reader = LanguageOf(language);
        var page = AgreementPage.Of(agreement.Document, reader);
        var before = version > 1 ? book.Find(link, id, version - 1) : null;
        return TypedResults.Ok(new AgreementPageJson(
            Json(book, clock, agreement, reader), page.IsRightToLeft, [.. page.Sections.Select(s => new AgreementSectionJson(s.Heading, [.. s.Entries.Select(AgreementEntryJson.Of)]))], before?.Version,
            before is null ? [] : [.. AgreementPage.Changes(before.Document, agreement.Document, reader)
                .Select(c => new AgreementChangeJson(c.Before is { } was ? AgreementEntryJson.Of(was) : null, c.After is { } after ? AgreementEntryJson.Of(after) : null))],
            [.. agreement.Document.Purposes.Select(p => new AgreementTermJson(p.Id, p.Text.For(reader)))], [.. agreement.Document.Categories.Select(c => new AgreementTermJson(c.Id, c.Text.For(reader)))],
            agreement.Signed.Note.ToString(), agreement.Denunciation.Length > 0 ? agreement.Denunciation : null));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(string link, string id, int version, AgreementBook book, CancellationToken stop)
    {
        if (book.Find(link, id, version) is not { } draft)
            return None(id, version);
        try
        {
            await book.RemoveAsync(draft, stop);
            return TypedResults.NoContent();
        }
        catch (AgreementRefusedException refused)
        {
            return Problems.Conflict("It stays", refused.Message);
        }
    }

    static Results<FileContentHttpResult, ProblemHttpResult> Document(string link, string id, int version, AgreementBook book) =>
        book.Find(link, id, version) is { } agreement ? Text(agreement.Document) : None(id, version);

    static Results<FileContentHttpResult, ProblemHttpResult> Next(string link, string id, int version, AgreementBook book) =>
        book.Find(link, id, version) is { } agreement
            ? Text(agreement.Document with { Version = version + 1, Previous = AgreementReader.DigestOf(agreement.Document) })
            : None(id, version);

    static Results<Ok<AgreementOdrlJson>, ProblemHttpResult> ToOdrl(string link, string id, int version, AgreementBook book)
    {
        if (book.Find(link, id, version) is not { } agreement)
            return None(id, version);
        string policy = Encoding.UTF8.GetString(Odrl.Write(agreement.Document, out var lost));
        return TypedResults.Ok(new AgreementOdrlJson(policy, lost));
    }

    static async Task<Results<Ok<AgreementJson>, ProblemHttpResult>> SignAsync(
        string link, string id, int version, AgreementSignJson input, AgreementBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        if (book.Find(link, id, version) is not { } agreement || links.Find(link) is not { } known)
            return None(id, version);
        if (input.Digest != agreement.Digest)
            return Problems.Invalid("digest", "must be that of the document which is here: read it before you sign it.");
        return await DoAsync(() => book.SignAsync(known, agreement, caller.Name, stop), "It can't be signed", book, clock);
    }

    static async Task<Results<Ok<AgreementJson>, ProblemHttpResult>> DenounceAsync(
        string link, string id, int version, AgreementDenounceJson input, AgreementBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        if (book.Find(link, id, version) is not { } agreement || links.Find(link) is not { } known)
            return None(id, version);
        if (input.Reason is { Length: > Denunciation.MaxReason })
            return Problems.Invalid("reason", $"must have at most {Denunciation.MaxReason} characters.");
        if (agreement.State != AgreementState.Binding)
            return Problems.Conflict("It can't be denounced", "It isn't signed by both.");
        return await DoAsync(() => book.DenounceAsync(known, agreement, input.Reason ?? "", caller.Name, stop), "It can't be denounced", book, clock);
    }

    static async Task<Results<Ok<AgreementJson>, ProblemHttpResult>> DoAsync(Func<Task<StoredAgreement>> act, string title, AgreementBook book, TimeProvider clock)
    {
        try
        {
            return TypedResults.Ok(Json(book, clock, await act(), Language.En));
        }
        catch (AgreementRefusedException refused)
        {
            return Problems.Conflict(title, refused.Message);
        }
        catch (IOException fault)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, title, fault.Message);
        }
    }

    static Results<Ok<AgreementDecisionJson>, ProblemHttpResult> Decide(
        string link, string id, int version, AgreementAskJson input, AgreementBook book, TimeProvider clock, string? language)
    {
        if (book.Find(link, id, version) is not { } agreement)
            return None(id, version);
        var errors = new FieldErrors();
        if (input.What is null)
            errors.Add("what", "is missing.");
        if (string.IsNullOrEmpty(input.Purpose))
            errors.Add("purpose", "is missing.");
        if (input.KeepDays is < 0 or > 36_500)
            errors.Add("keepDays", "must lie between 0 and 36500.");
        if (errors.Any)
            return errors.ToProblem();
        bool gives = input.Give ?? true;
        var decision = AgreementEvaluator.Decide(agreement.Effective, new(
            gives ? agreement.Own : agreement.Other, gives ? agreement.Other : agreement.Own, input.What!.Value, input.Purpose!, input.IncidentType, input.Category, input.Site ?? "", input.Camera ?? "",
            input.Masked ?? true, input.Height, input.KeepDays is { } days ? TimeSpan.FromDays(days) : null, input.Handling, input.Request, input.Rescue ?? false, input.At ?? clock.GetUtcNow(),
            input.Approvals ?? 0));
        return TypedResults.Ok(new AgreementDecisionJson(
            decision.Allowed, decision.Clause, [.. decision.Because.Select(r => AgreementWords.Sentence(r, LanguageOf(language)))], decision.Allowed ? null : decision.Ground, decision.Refusal,
            AgreementConditionsJson.Of(decision.Conditions)));
    }

    /// <param name="language">en, es, fr or ar; English without.</param>
    static Language LanguageOf(string? language) => Enum.TryParse<Language>(language, ignoreCase: true, out var known) && Enum.IsDefined(known) ? known : Language.En;

    static AgreementJson Json(AgreementBook book, TimeProvider clock, StoredAgreement a, Language language)
    {
        var now = clock.GetUtcNow();
        var state = a.State switch
        {
            AgreementState.Draft => AgreementStateJson.Draft,
            AgreementState.Offered => AgreementStateJson.Offered,
            AgreementState.Received => AgreementStateJson.Received,
            _ when a.Effective.Ends is { } ends && now >= ends => AgreementStateJson.Ended,
            _ when book.IsInForce(a, now) => AgreementStateJson.InForce,
            _ => AgreementStateJson.Binding,
        };
        return new(
            a.Link, a.Id, a.Version, a.Document.Title.For(language), state, a.Own, a.Other, a.Digest, a.Document.Start, a.Effective.End, a.Effective.ReviewAfter(DateOnly.FromDateTime(now.UtcDateTime)),
            a.WrittenAt.ToDateTimeOffset(), a.WrittenBy.Length > 0 ? a.WrittenBy : null, a.SignedBy.Length > 0 ? a.SignedBy : null, a.SignedAt?.ToDateTimeOffset(), a.BoundAt?.ToDateTimeOffset(),
            a.DenouncedBy.Length > 0 ? a.DenouncedBy : null, [.. a.Signed.SignedBy.Select(p => p.Organisation)]);
    }

    static FileContentHttpResult Text(Agreement document) => TypedResults.File(AgreementReader.Write(document), "application/json", $"{document.Id}-{document.Version}.json");

    static ProblemHttpResult None(string id, int version) =>
        Problems.NotFound("No such agreement", $"There is no version {version} of '{Problems.Shown(id)}' with this partner. GET /api/agreements lists those there are.");

    static ProblemHttpResult NoLink(string link) => Problems.NotFound("No such link", $"There is no link '{Problems.Shown(link)}'. GET /api/links lists those there are.");
}
