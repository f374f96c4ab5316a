using System.ComponentModel;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;
using Atalaya.Node.Storage;
using Atalaya.Node.Store;
using Atalaya.Recording.Storage;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Federation.Requests;

static class RequestEndpoints
{
    const int MostListed = 500, MostCounted = 20_000;

    static readonly TimeSpan MaxPeriod = TimeSpan.FromDays(3660);

    public static IServiceCollection AddRequests(this IServiceCollection services) => services
        .AddSingleton<RequestBook>().AddSingleton<MessageHandler>(s => s.GetRequiredService<RequestBook>())
        .AddStarted<RequestClock>()
        .AddStarted<RequestDocuments>().AddSingleton<MessageHandler>(s => s.GetRequiredService<RequestDocuments>());

    public static void MapRequests(this IEndpointRouteBuilder routes)
    {
        var requests = routes.MapGroup("/api/requests").WithTags("requests");
        requests.MapGet("", ListAsync).WithName("listRequests").WithSummary("Requests of this organisation and of its partners: rescues first, then what is due first.")
            .NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        requests.MapGet("{id}", FindAsync).WithName("getRequest").WithSummary("A request with its whole story.").Produces<RequestJson>().Fails(404).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        requests.MapGet("{id}/grants", GrantsAsync).WithName("listRequestGrants").WithSummary("Grants that an answer to it may carry: those that go on, to this partner, for requests of its kind and purpose.")
            .Produces<IReadOnlyList<GrantChoiceJson>>().Fails(404).Needs(Permission.Cooperate);
        requests.MapGet("terms", Terms).WithName("listRequestTerms").WithSummary("What may be asked of each partner, and by when they answer: as the agreement in force says.")
            .NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        requests.MapGet("statistics", StatisticsAsync).WithName("getRequestStatistics").WithSummary("What became of the requests that were asked within a period.")
            .Produces<IReadOnlyList<RequestCountJson>>().Fails(400).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        requests.MapPost("", AskAsync).WithName("askPartner").WithSummary("Asks a partner. What the agreement doesn't foresee isn't sent: 409 says which clause decided.")
            .Produces<RequestJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415).Needs(Permission.Cooperate);
        requests.MapPost("files", BringAsync).WithName("bringRequestFile").WithSummary("Brings a document that is to go with a request, a clarification or an answer; its id is named there within a day.")
            .WithDescription($"The body is the document itself. One of {string.Join(", ", DocumentType.All.Select(t => t.Ending))}, of at most {RequestCase.MaxFile >> 20} MiB; its content must be what its name says. Footage goes by grants.")
            .Accepts<Stream>("application/octet-stream").WithMetadata(new RequestSizeLimitAttribute(RequestCase.MaxFile)).Produces<RequestFileJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415)
            .Needs(Permission.Cooperate);
        requests.MapDelete("files/{file}", DropAsync).WithName("dropRequestFile").WithSummary("Takes away a document that went out with nothing yet.").Produces(StatusCodes.Status204NoContent).Fails(404)
            .Needs(Permission.Cooperate);
        requests.MapGet("{id}/files/{file}", FileAsync).WithName("getRequestFile").WithSummary("A document of a request, or a range of it. Each time is written into the log of accesses.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream").Produces<Stream>(StatusCodes.Status206PartialContent, "application/octet-stream").Fails(404).Produces(416).Needs(Permission.Cooperate);
        Tell(requests.MapPost("{id}/question", QuestionAsync).WithName("questionRequest").WithSummary("Asks the partner what they mean; until they say it the deadline's clock stands."));
        Tell(requests.MapPost("{id}/clarify", ClarifyAsync).WithName("clarifyRequest").WithSummary("Says what was meant; the clock goes on."));
        Tell(requests.MapPost("{id}/answer", AnswerAsync).WithName("answerRequest").WithSummary("Answers wholly, in part or under conditions; footage that is to be kept is held at once.")
            .WithDescription("409 with 'assessment' when the hold has effects that nobody accepted."));
        Tell(requests.MapPost("{id}/refuse", RefuseAsync).WithName("refuseRequest").WithSummary("Refuses, on a ground."));
        Tell(requests.MapPost("{id}/withdraw", WithdrawAsync).WithName("withdrawRequest").WithSummary("Takes a request back that isn't answered yet."));
        Tell(requests.MapPost("{id}/close", CloseAsync).WithName("closeRequest").WithSummary("Says what an answer was worth; nothing follows."));

        static void Tell(RouteHandlerBuilder endpoint) =>
            endpoint.Produces<RequestJson>().Fails(400, 404, 409, 412, 413, 415).Needs(Permission.Cooperate);
    }

    static async Task<IReadOnlyList<RequestLineJson>> ListAsync(
        [FromQuery, Description("true: those that wait for an answer; false: the others; absent: both.")] bool? open,
        [FromQuery, Description("Of this link only.")] string? link, RequestBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        if (!Sees(caller))
            return [];
        var now = clock.GetUtcNow();
        return [.. (await book.ListAsync(open, link, MostListed, stop)).Select(r => RequestLineJson.Of(r, links, now))];
    }

    static async Task<Results<Ok<RequestJson>, ProblemHttpResult>> FindAsync(string id, HttpContext http, Asking asking, RequestBook book, CancellationToken stop)
    {
        if (!Sees(asking.Caller) || await book.FindAsync(id, stop) is not { } told)
            return NoRequest(id);
        http.Tag(told.Row.Steps);
        return TypedResults.Ok(await asking.ShowAsync(told, stop));
    }

    static async Task<Results<Ok<IReadOnlyList<GrantChoiceJson>>, ProblemHttpResult>> GrantsAsync(string id, Asking asking, RequestBook book, ShareGrants grants, CancellationToken stop) =>
        await book.FindAsync(id, stop) is { } told
            ? TypedResults.Ok(GrantChoiceJson.Of(await grants.ListAsync(ours: true, MostListed, stop), told.Row.Link, told.Row.Kind, told.Case.Asked.Purpose, asking.Now))
            : NoRequest(id);

    static IReadOnlyList<RequestTermsJson> Terms(
        [FromQuery, Description("Of the texts: es, fr, ar or en, the default.")] string? language, LinkBook links, AgreementBook agreements, RequestBook book, Caller caller)
    {
        if (!Sees(caller))
            return [];
        if (!Enum.TryParse<Language>(language, ignoreCase: true, out var reader) || !Enum.IsDefined(reader))
            reader = Language.En;
        return [.. links.Active.Select(link =>
        {
            var agreement = agreements.InForce(link);
            return new RequestTermsJson(
                link.Id, link.Organisation, link.Site,
                [.. from kind in Enum.GetValues<RequestKind>()
                    where book.HoursFor(link, kind, Urgency.Routine) is not null
                    select new AgreedHoursJson(kind, book.HoursFor(link, kind, Urgency.Urgent)!.Value, book.HoursFor(link, kind, Urgency.Prompt)!.Value, book.HoursFor(link, kind, Urgency.Routine)!.Value)],
                [.. (agreement?.Purposes ?? []).Select(p => new AgreedTermJson(p.Id, p.Text.For(reader)))],
                [.. (agreement?.Categories ?? []).Select(c => new AgreedTermJson(c.Id, c.Text.For(reader)))],
                [.. (agreement?.Grounds ?? []).Select(g => new AgreedGroundJson(g.Id, g.Kind, g.Text.For(reader)))]);
        })];
    }

    static async Task<Results<Ok<IReadOnlyList<RequestCountJson>>, ProblemHttpResult>> StatisticsAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from, [FromQuery, Description("End. Required.")] string? to, RequestBook book, Caller caller, TimeProvider clock,
        CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!(Stretch.TryTime("from", from, errors, out var begin) & Stretch.TryTime("to", to, errors, out var end)))
            return errors.ToProblem();
        Stretch.Check(begin, end, MaxPeriod, errors);
        if (errors.Any)
            return errors.ToProblem();
        var told = Sees(caller) ? await book.OfAsync(null, begin, end, MostCounted, stop) : [];
        IReadOnlyList<RequestCountJson> counts =
            [.. RequestCount.Of(told.Select(t => (t.Row.Ours ? Side.First : Side.Second, t.Case)), clock.GetUtcNow()).Select(RequestCountJson.Of)];
        return TypedResults.Ok(counts);
    }

    static async Task<Results<Created<RequestJson>, ProblemHttpResult>> AskAsync(NewRequestInputJson input, HttpContext http, Asking asking, RequestBook book, LinkBook links, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Link))
            errors.Add("link", "is missing.");
        if (input.Kind is null)
            errors.Add("kind", "is missing.");
        if (input.Urgency is null)
            errors.Add("urgency", "is missing.");
        string subject = CaseRequests.Words("subject", input.Subject, RequestCase.MaxSubject, errors), text = CaseRequests.Words("text", input.Text, RequestCase.MaxText, errors);
        string basis = CaseRequests.Words("legalBasis", input.LegalBasis, RequestCase.MaxName, errors), purpose = CaseRequests.Words("purpose", input.Purpose, RequestCase.MaxId, errors);
        string category = CaseRequests.Words("category", input.Category, RequestCase.MaxId, errors, mayBeEmpty: true);
        string type = CaseRequests.Words("incidentType", input.IncidentType, RequestCase.MaxId, errors, mayBeEmpty: true);
        string person = CaseRequests.Words("person", input.Person, RequestCase.MaxName, errors, mayBeEmpty: true);
        string reference = CaseRequests.Words("reference", input.Reference, RequestCase.MaxName, errors, mayBeEmpty: true);
        FootageAsked? footage = null;
        if (input.Footage is { } f)
        {
            var (cameras, from, to) = StretchOf("footage", f.Cameras, f.From, f.To, errors);
            footage = new(CaseRequests.Words("footage.site", f.Site, RequestCase.MaxName, errors, mayBeEmpty: true), cameras, from, to);
        }
        else if (input.Kind is RequestKind.Footage or RequestKind.HoldFootage)
        {
            errors.Add("footage", "is missing: which footage is meant?");
        }

        if (errors.Any)
            return errors.ToProblem();
        if (links.Find(input.Link!) is not { State: LinkState.Active } link)
            return Problems.NotFound("No such link", $"There is no link '{Problems.Shown(input.Link!)}' in use. GET /api/requests/terms lists those there are.");
        var files = await asking.FilesAsync(input.Files, link.Id, errors, stop);
        if (errors.Any)
            return errors.ToProblem();
        if (book.HoursFor(link, input.Kind!.Value, input.Urgency!.Value) is not { } hours)
            return Beyond(Decision.Default, "No agreement in force foresees such requests.");
        var asked = new Asked(
            input.Kind.Value, input.Urgency.Value, hours, subject, text, basis, purpose, category.Length > 0 ? category : null, type.Length > 0 ? type : null, person, reference, input.Rescue ?? false, footage, files);
        if (book.Beyond(link, ours: true, asked, clock.GetUtcNow()) is [var (camera, refused), ..])
            return Beyond(refused.Clause, (camera.Length > 0 ? $"{camera}: " : "") + string.Join(' ', refused.Reasons));
        var done = await book.AskAsync(link, asking.Caller.Name, asked, stop);
        if (done is not { Fault: RequestFault.None, Now: { } told })
            return asking.Refused(done, "");
        http.Tag(told.Row.Steps);
        return TypedResults.Created($"/api/requests/{told.Row.Id}", await asking.ShowAsync(told, stop));
    }

    static Task<Results<Ok<RequestJson>, ProblemHttpResult>> QuestionAsync(string id, RequestTextInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, CancellationToken stop) =>
        asking.DoAsync(id, ifMatch, (_, errors) => Task.FromResult<RequestDeed>(new Questioned(Text("text", input.Text, errors))), stop);

    static Task<Results<Ok<RequestJson>, ProblemHttpResult>> ClarifyAsync(string id, ClarifyInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, CancellationToken stop) =>
        asking.DoAsync(id, ifMatch, async (told, errors) => new Clarified(Text("text", input.Text, errors), await asking.FilesAsync(input.Files, told?.Row.Link ?? "", errors, stop)), stop);

    static Task<Results<Ok<RequestJson>, ProblemHttpResult>> RefuseAsync(string id, RefuseInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, CancellationToken stop) =>
        asking.DoAsync(id, ifMatch, (told, errors) => Task.FromResult<RequestDeed>(new Refused(
            asking.Ground(input.Ground, told, errors), CaseRequests.Words("clause", input.Clause, RequestCase.MaxId, errors, mayBeEmpty: true), Text("text", input.Text, errors))), stop);

    static Task<Results<Ok<RequestJson>, ProblemHttpResult>> WithdrawAsync(string id, RequestWhyInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, CancellationToken stop) =>
        asking.DoAsync(id, ifMatch, (_, errors) => Task.FromResult<RequestDeed>(new Withdrawn(Text("why", input.Why, errors))), stop);

    static Task<Results<Ok<RequestJson>, ProblemHttpResult>> CloseAsync(string id, CloseRequestInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, CancellationToken stop) =>
        asking.DoAsync(id, ifMatch, (_, errors) =>
        {
            if (input.Outcome is null)
                errors.Add("outcome", "is missing.");
            return Task.FromResult<RequestDeed>(new Closed(input.Outcome ?? default, CaseRequests.Words("note", input.Note, RequestCase.MaxText, errors, mayBeEmpty: true)));
        }, stop);

    static async Task<Results<Ok<RequestJson>, ProblemHttpResult>> AnswerAsync(
        string id, AnswerInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, Asking asking, RequestBook book, ShareGrants grants, Recordings recordings,
        CancellationToken stop)
    {
        Answered? answer = null;
        HoldRequest? wanted = null;
        var told = await book.FindAsync(id, stop);
        var errors = new FieldErrors();
        if (input.Extent is null)
            errors.Add("extent", "is missing.");
        string text = Text("text", input.Text, errors);
        string? ground = input.Extent == AnswerExtent.Part ? asking.Ground(input.Ground, told, errors) : null;
        if (input.Extent != AnswerExtent.Part && input.Ground is { Length: > 0 })
            errors.Add("ground", "belongs to a part alone.");
        string conditions = CaseRequests.Words("conditions", input.Conditions, RequestCase.MaxText, errors, mayBeEmpty: true);
        if ((input.Extent == AnswerExtent.Conditional) != (conditions.Length > 0))
            errors.Add("conditions", input.Extent == AnswerExtent.Conditional ? "are missing." : "belong to a conditional answer alone.");
        if (input.Grants is { Count: > RequestCase.MaxGrants } || input.Grants?.Any(g => g is not { Length: > 0 and <= RequestCase.MaxId }) == true)
            errors.Add("grants", $"must be at most {RequestCase.MaxGrants} ids.");
        else if (input.Grants is { Count: > 0 } named && told is not null && await StrangeAsync(named, told, grants, asking.Now, stop) is { } strange)
            errors.Add("grants", $"'{Problems.Shown(strange)}' is no grant that goes on, to this partner, for a request of this kind and purpose. GET /api/shares lists those there are.");
        if (input.Hold is null && told?.Row.Kind == RequestKind.HoldFootage)
            errors.Add("hold", "is missing: which footage is kept?");
        if (input.Hold is { } h)
        {
            var (cameras, from, to) = StretchOf("hold", h.Cameras, h.From, h.To, errors);
            if (cameras.Count == 0)
                errors.Add("hold.cameras", "is missing.");
            if (h.Until <= asking.Now)
                errors.Add("hold.until", "has passed.");
            wanted = new(cameras, null, WallTime.From(from), WallTime.From(to), $"Request {id}: {told?.Row.Subject}", asking.Caller.Name, h.Until is { } until ? WallTime.From(until) : null);
        }

        var files = await asking.FilesAsync(input.Files, told?.Row.Link ?? "", errors, stop);
        if (errors.Any)
            return errors.ToProblem();
        if (told is null)
            return NoRequest(id);
        FootageHeld? held = null;
        Hold? hold = null;
        if (wanted is not null)
        {
            // A hold is made for what can be answered, of footage that they may look back at.
            if (told.Row.Ours || !told.Case.IsOpen)
                return asking.Refused(new(told, RequestFault.Refused, told.Row.Ours ? RequestRefusal.NotYours : RequestRefusal.AlreadyAnswered), id);
            foreach (string camera in wanted.Cameras)
            {
                if (asking.Caller.RefusalOfPast(camera, wanted.From) is { } beyond)
                    return beyond;
            }

            (hold, var assessment) = await recordings.Caretaker.HoldAsync(wanted, input.Hold!.Accept ?? false, stop);
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

            held = new(wanted.Cameras, wanted.From.ToDateTimeOffset(), wanted.To!.Value.ToDateTimeOffset(), wanted.Expires?.ToDateTimeOffset());
        }

        answer = new(input.Extent!.Value, text, ground, conditions, input.Grants ?? [], files, held);
        var result = await asking.DoAsync(id, ifMatch, (_, _) => Task.FromResult<RequestDeed>(answer), stop);
        // The footage first: if the answer couldn't be given, too much was kept for a moment rather than too little.
        if (hold is not null && result.Result is ProblemHttpResult)
            await recordings.Caretaker.ReleaseAsync(hold.Id, asking.Caller.Name, "The request changed before it was answered.", CancellationToken.None);
        return result;
    }

    /// <summary>The first of these grants that an answer can't carry; null: it can carry all.</summary>
    static async Task<string?> StrangeAsync(IReadOnlyList<string> named, RequestTold told, ShareGrants grants, DateTimeOffset now, CancellationToken stop)
    {
        foreach (string id in named)
        {
            if (await grants.FindAsync(id, stop) is not { } row || !row.IsUnder(told.Row.Link, told.Row.Kind, told.Case.Asked.Purpose, now))
                return id;
        }

        return null;
    }

    static async Task<Results<Created<RequestFileJson>, ProblemHttpResult>> BringAsync(
        [FromQuery, Description("Id of the link to the organisation that it goes to. Required.")] string? link, [FromQuery, Description("Its name, with an ending. Required.")] string? name,
        HttpContext http, RequestDocuments documents, LinkBook links, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(link))
            errors.Add("link", "is missing.");
        string? safe = null;
        if (string.IsNullOrEmpty(name))
            errors.Add("name", "is missing.");
        else if ((safe = DocumentType.NameOf(name)) is null)
            errors.Add("name", $"must end in one of {string.Join(", ", DocumentType.All.Select(t => t.Ending))}. Footage goes by grants.");
        if (http.Request.ContentLength > RequestCase.MaxFile)
            errors.Add("body", $"has {http.Request.ContentLength} bytes; {RequestCase.MaxFile} are the most.");
        if (errors.Any)
            return errors.ToProblem();
        if (links.Find(link!) is not { State: LinkState.Active } to)
            return Problems.NotFound("No such link", $"There is no link '{Problems.Shown(link!)}' in use. GET /api/requests/terms lists those there are.");
        if (await documents.WaitingAsync(to, stop) >= RequestDocuments.MaxWaiting)
            return Problems.Conflict("Too many documents wait", $"{RequestDocuments.MaxWaiting} were brought here for this partner and went out with nothing. Send them, or take them away.");
        return await documents.BringAsync(to, safe!, http.Request.Body, caller.Name, stop) is { } row
            ? TypedResults.Created($"/api/requests/files/{row.Id}", RequestFileJson.Of(row))
            : Problems.Invalid("body", $"must be what the name says ({Path.GetExtension(safe)}), and 1 to {RequestCase.MaxFile} bytes.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DropAsync(string file, RequestDocuments documents, CancellationToken stop) =>
        await documents.DropAsync(file, stop) ? TypedResults.NoContent() : NoFile(file);

    static async Task<IResult> FileAsync(string id, string file, HttpContext http, RequestDocuments documents, Caller caller, AccessLog accesses, CancellationToken stop)
    {
        if (await documents.FindAsync(file, stop) is not { IsHere: true } row || row.Request != id || documents.Open(row) is not { } content)
            return NoFile(file);
        try
        {
            await accesses.DocumentAsync(caller, http, $"document {row.Id} of request {id}", stop);
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }

        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.Stream(content, DocumentType.Of(row.Name)?.Media ?? "application/octet-stream", row.Name, entityTag: new($"\"{row.Sha256}\""), enableRangeProcessing: true);
    }

    static ProblemHttpResult NoFile(string id) => Problems.NotFound("No such document", $"There is no document '{Problems.Shown(id)}' here that this could be done with.");

    static (IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To) StretchOf(string field, IReadOnlyList<string>? cameras, DateTimeOffset? from, DateTimeOffset? to, FieldErrors errors)
    {
        string[] named = [.. (cameras ?? []).Select(c => c?.Trim() ?? "").Distinct(StringComparer.Ordinal)];
        if (named.Length > RequestCase.MaxCameras || named.Any(c => c.Length is 0 or > RequestCase.MaxId || c.Any(char.IsControl)))
            errors.Add($"{field}.cameras", $"must be at most {RequestCase.MaxCameras}, each of 1 to {RequestCase.MaxId} characters.");
        if (from is null)
            errors.Add($"{field}.from", "is missing.");
        if (to is null)
            errors.Add($"{field}.to", "is missing.");
        else if (to <= from || to - from > RequestCase.MaxFootage)
            errors.Add($"{field}.to", $"must be after from, by {RequestCase.MaxFootage.TotalDays} days at most.");
        return (named, StoryMoment(from), StoryMoment(to));

        static DateTimeOffset StoryMoment(DateTimeOffset? at) => Stories.StoryJson.Moment(at ?? default);
    }

    static string Text(string field, string? text, FieldErrors errors) => CaseRequests.Words(field, text, RequestCase.MaxText, errors);

    static bool Sees(Caller caller) => caller.Has(Permission.Cooperate) || caller.Has(Permission.Audit);

    internal static ProblemHttpResult NoRequest(string id) => Problems.NotFound("No such request", $"There is no request '{Problems.Shown(id)}'. GET /api/requests lists those there are.");

    static ProblemHttpResult Beyond(string clause, string reasons) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status409Conflict,
        Title = "Beyond the agreement",
        Detail = $"{reasons} It wasn't sent.",
        Extensions = { ["clause"] = clause },
    });
}

/// <summary>What the endpoints of requests have in common.</summary>
sealed class Asking(HttpContext http)
{
    readonly RequestBook _book = http.RequestServices.GetRequiredService<RequestBook>();
    readonly LinkBook _links = http.RequestServices.GetRequiredService<LinkBook>();
    readonly TimeProvider _clock = http.RequestServices.GetRequiredService<TimeProvider>();

    public Caller Caller { get; } = http.Caller();

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Does something with a request.</summary>
    /// <param name="make">The deed, with the errors of its words; the request is null when there is none.</param>
    public async Task<Results<Ok<RequestJson>, ProblemHttpResult>> DoAsync(string id, string? ifMatch, Func<RequestTold?, FieldErrors, Task<RequestDeed>> make, CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        var deed = await make(await _book.FindAsync(id, stop), errors);
        if (errors.Any)
            return errors.ToProblem();
        var done = await _book.DoAsync(id, seen is { } version ? (int)Math.Min(version, int.MaxValue) : null, Caller.Name, deed, stop);
        if (done is not { Fault: RequestFault.None, Now: { } told })
            return done.Fault == RequestFault.Changed ? CaseRequests.Changed("request", await ShowAsync(done.Now!, stop), Array.Empty<RequestStepJson>()) : Refused(done, id);
        http.Tag(told.Row.Steps);
        return TypedResults.Ok(await ShowAsync(told, stop));
    }

    public async Task<RequestJson> ShowAsync(RequestTold told, CancellationToken stop)
    {
        await using var connection = await http.RequestServices.GetRequiredService<NodeDatabase>().Source.OpenConnectionAsync(stop);
        var files = await RequestFiles.ReadAsync(connection, "request = @Id", new { told.Row.Id }, stop);
        return RequestJson.Of(told, _links, files.ToLookup(f => f.Id, StringComparer.Ordinal), Now);
    }

    /// <summary>Documents that were brought here for this link and went out with nothing yet.</summary>
    public async Task<IReadOnlyList<RequestFile>> FilesAsync(IReadOnlyList<string>? ids, string link, FieldErrors errors, CancellationToken stop)
    {
        if (ids is not { Count: > 0 })
            return [];
        if (ids.Count > RequestCase.MaxFiles || ids.Distinct(StringComparer.Ordinal).Count() < ids.Count)
        {
            errors.Add("files", $"must be at most {RequestCase.MaxFiles} different ids.");
            return [];
        }

        await using var connection = await http.RequestServices.GetRequiredService<NodeDatabase>().Source.OpenConnectionAsync(stop);
        var found = (await RequestFiles.ReadAsync(connection, "id in @ids and link = @link and ours = 1 and here = 1 and request is null", new { ids, link }, stop)).ToDictionary(f => f.Id, StringComparer.Ordinal);
        if (ids.FirstOrDefault(i => !found.ContainsKey(i)) is { } missing)
        {
            errors.Add("files", $"'{Problems.Shown(missing)}' isn't a document that was brought here for this partner.");
            return [];
        }

        return [.. ids.Select(i => found[i]).Select(f => new RequestFile(f.Id, f.Name, f.Bytes, f.Sha256))];
    }

    /// <summary>Of a refusal: one that the agreement words, or one of the evaluator's own.</summary>
    public string Ground(string? ground, RequestTold? told, FieldErrors errors)
    {
        string id = CaseRequests.Words("ground", ground, RequestCase.MaxId, errors);
        var agreement = told is not null && _links.Find(told.Row.Link) is { } link ? http.RequestServices.GetRequiredService<AgreementBook>().InForce(link) : null;
        if (id.Length > 0 && agreement is not null && agreement.Grounds.All(g => g.Id != id) && !AgreementEvaluator.BuiltInGrounds.Contains(id, StringComparer.Ordinal))
            errors.Add("ground", $"must be one of {string.Join(", ", agreement.Grounds.Select(g => g.Id))}.");
        return id;
    }

    public ProblemHttpResult Refused(RequestDone done, string id) => done.Fault switch
    {
        RequestFault.Absent => RequestEndpoints.NoRequest(id),
        RequestFault.LinkEnded => Problems.Conflict("The link has ended", "Nothing goes to this partner any more."),
        RequestFault.TooLong => Problems.Invalid("text", "is more than one message holds; attach a document."),
        RequestFault.TooMuch => Problems.Invalid("files", $"are more than {RequestCase.MaxFilesTogether >> 20} MiB together with those that went before."),
        RequestFault.NoFile => Problems.Conflict("A document went out before", "Bring it here again."),
        _ => done.Refusal switch
        {
            RequestRefusal.NotYours => Problems.Conflict("The other side does that", done.Now?.Row.Ours == true ? "This organisation asked." : "This organisation was asked."),
            RequestRefusal.AlreadyAnswered => Problems.Conflict("It was answered", "A request is answered or refused once. Ask anew."),
            RequestRefusal.NotAnswered => Problems.Conflict("It isn't answered", "Withdraw it, if it is no longer needed."),
            RequestRefusal.AlreadyQuestioned => Problems.Conflict("A clarification is awaited", "The partner was asked already."),
            RequestRefusal.NotQuestioned => Problems.Conflict("Nobody asked for a clarification", "A clarification answers a question."),
            RequestRefusal.Over => Problems.Conflict("The request is over", "It was withdrawn or closed. Ask anew."),
            RequestRefusal.Footage => Problems.Invalid("footage", "can't be used: cameras, start or end."),
            RequestRefusal.Files => Problems.Invalid("files", "can't be used."),
            _ => Problems.Invalid("text", "says too little or too much."),
        },
    };

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Asking?> BindAsync(HttpContext http, System.Reflection.ParameterInfo parameter) => ValueTask.FromResult<Asking?>(new(http));
}
