using System.ComponentModel;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Operations;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Reports;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Federation.Stories;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Federation.Operations;

static class OperationEndpoints
{
    const int MostListed = 500;

    public static IServiceCollection AddOperations(this IServiceCollection services) => services
        .AddSingleton<OperationBook>().AddSingleton<MessageHandler>(s => s.GetRequiredService<OperationBook>())
        .AddSingleton<OperationReport>()
        .AddStarted<OperationClock>();

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        var operations = routes.MapGroup("/api/operations").WithTags("operations");
        operations.MapGet("", ListAsync).WithName("listOperations").WithSummary("Joint operations: those that go on first.").NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        operations.MapGet("{id}", FindAsync).WithName("getOperation").WithSummary("The room of a joint operation.").Produces<OperationJson>().Fails(404).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        operations.MapGet("{id}/report", ReportAsync).WithName("getOperationReport").WithSummary("What was done in it, to be printed: HTML, or PDF where weasyprint is installed.")
            .Produces<string>(StatusCodes.Status200OK, "text/html", "application/pdf").Fails(400, 404, 503).NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        operations.MapGet("{id}/grants", GrantsAsync).WithName("listOperationGrants").WithSummary("Grants that it may carry: those that go on, to this partner, for joint operations of its purpose.")
            .Produces<IReadOnlyList<GrantChoiceJson>>().Fails(404).Needs(Permission.Cooperate);
        operations.MapPost("", ProposeAsync).WithName("proposeOperation").WithSummary("Proposes a joint operation to a partner.")
            .Produces<OperationJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415).Needs(Permission.Cooperate);
        Tell(operations.MapPost("{id}/join", JoinAsync).WithName("joinOperation").WithSummary("Takes part in what a partner proposed."));
        Tell(operations.MapPost("{id}/decline", DeclineAsync).WithName("declineOperation").WithSummary("Doesn't take part."));
        Tell(operations.MapPut("{id}/members", MembersAsync).WithName("putOperationMembers").WithSummary("Who takes part for this organisation."));
        Tell(operations.MapPost("{id}/messages", SayAsync).WithName("sayInOperation").WithSummary("Writes to all in the room."));
        Tell(operations.MapPut("{id}/marks/{mark}", MarkAsync).WithName("putOperationMark").WithSummary("Puts a mark on the shared map, or moves it."));
        Tell(operations.MapDelete("{id}/marks/{mark}", UnmarkAsync).WithName("removeOperationMark").WithSummary("Takes a mark from the shared map."));
        Tell(operations.MapPut("{id}/tasks/{task}", TaskAsync).WithName("putOperationTask").WithSummary("Adds a task, or changes it."));
        Tell(operations.MapPost("{id}/tasks/{task}/done", DoneAsync).WithName("finishOperationTask").WithSummary("Says that a task is done."));
        Tell(operations.MapPost("{id}/grants", GrantAsync).WithName("carryGrant").WithSummary("Puts a grant that this organisation gave under the operation: it ends with it."));
        Tell(operations.MapPost("{id}/close", CloseAsync).WithName("closeOperation").WithSummary("Ends it: what both sides opened for it is closed at once."));

        static void Tell(RouteHandlerBuilder endpoint) => endpoint.Produces<OperationJson>().Fails(400, 404, 409, 413, 415).Needs(Permission.Cooperate);
    }

    static async Task<IReadOnlyList<OperationLineJson>> ListAsync(OperationBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop) =>
        Sees(caller) ? [.. (await book.ListAsync(MostListed, stop)).Select(r => OperationLineJson.Of(r, links, clock.GetUtcNow()))] : [];

    static async Task<Results<Ok<OperationJson>, ProblemHttpResult>> FindAsync(string id, OperationBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop) =>
        Sees(caller) && await book.FindAsync(id, stop) is { } told ? TypedResults.Ok(OperationJson.Of(told, links, clock.GetUtcNow())) : NoOperation(id);

    static async Task<Results<Ok<IReadOnlyList<GrantChoiceJson>>, ProblemHttpResult>> GrantsAsync(string id, OperationBook book, ShareGrants grants, TimeProvider clock, CancellationToken stop) =>
        await book.FindAsync(id, stop) is { } told
            ? TypedResults.Ok(GrantChoiceJson.Of(await grants.ListAsync(ours: true, MostListed, stop), told.Row.Link, RequestKind.JointOperation, told.Operation.Proposed.Purpose, clock.GetUtcNow()))
            : NoOperation(id);

    static async Task<IResult> ReportAsync(
        string id, [FromQuery, Description("es, fr, ar or en, the default.")] string? language, [FromQuery, Description("html, the default, or pdf.")] string? format,
        OperationBook book, OperationReport report, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!ReportPage.TryAsk(language, format, errors, out string reader))
            return errors.ToProblem();
        if (!Sees(caller) || await book.FindAsync(id, stop) is not { } told)
            return NoOperation(id);
        return await ReportPage.AnswerAsync(report.Html(told, reader, caller.Name), format, $"operation-{told.Operation.Proposed.Start:yyyy-MM-dd}", stop);
    }

    static async Task<Results<Created<OperationJson>, ProblemHttpResult>> ProposeAsync(
        ProposeOperationInputJson input, OperationBook book, LinkBook links, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Link))
            errors.Add("link", "is missing.");
        string title = CaseRequests.Words("title", input.Title, Operation.MaxName, errors), aim = CaseRequests.Words("aim", input.Aim, Operation.MaxText, errors);
        string place = CaseRequests.Words("place", input.Place, Operation.MaxName, errors, mayBeEmpty: true), basis = CaseRequests.Words("legalBasis", input.LegalBasis, Operation.MaxName, errors);
        string purpose = CaseRequests.Words("purpose", input.Purpose, Operation.MaxId, errors), request = CaseRequests.Words("request", input.Request, 32, errors, mayBeEmpty: true);
        var members = Members(input.Members, errors);
        var now = clock.GetUtcNow();
        if (input.Start is null)
            errors.Add("start", "is missing.");
        if (input.End is null)
            errors.Add("end", "is missing.");
        else if (input.End <= now || input.End <= input.Start || input.End - input.Start > Operation.MaxDuration)
            errors.Add("end", $"must be in the future and after the start, by {Operation.MaxDuration.TotalDays} days at most.");
        if (errors.Any)
            return errors.ToProblem();
        if (links.Find(input.Link!) is not { State: LinkState.Active } link)
            return Problems.NotFound("No such link", $"There is no link '{Problems.Shown(input.Link!)}' in use. GET /api/requests/terms lists those there are.");
        if (book.Beyond(link, purpose, now) is var (reason, clause))
        {
            return TypedResults.Problem(new ProblemDetails
            {
                Status = StatusCodes.Status409Conflict,
                Title = "Beyond the agreement",
                Detail = $"{reason} It wasn't sent.",
                Extensions = { ["clause"] = clause },
            });
        }

        var done = await book.ProposeAsync(
            link, caller.Name, new(title, aim, place, basis, purpose, request.Length > 0 ? request : null, StoryJson.Moment(input.Start!.Value), StoryJson.Moment(input.End!.Value), members), stop);
        return done is { Fault: OperationFault.None, Now: { } told }
            ? TypedResults.Created($"/api/operations/{told.Row.Id}", OperationJson.Of(told, links, clock.GetUtcNow()))
            : Refused(done, "");
    }

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> JoinAsync(string id, OperationMembersInputJson input, Taking taking) => taking.DoAsync(id, errors => new Joined(Members(input.Members, errors)));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> DeclineAsync(string id, OperationNoteInputJson input, Taking taking) =>
        taking.DoAsync(id, errors => new Declined(CaseRequests.Words("note", input.Note, Operation.MaxText, errors)));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> MembersAsync(string id, OperationMembersInputJson input, Taking taking) => taking.DoAsync(id, errors => new MembersNamed(Members(input.Members, errors)));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> SayAsync(string id, OperationMessageInputJson input, Taking taking) =>
        taking.DoAsync(id, errors => new Said(CaseRequests.Words("language", input.Language, 20, errors), CaseRequests.Words("text", input.Text, Operation.MaxText, errors)));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> MarkAsync(string id, string mark, OperationMarkInputJson input, Taking taking) => taking.DoAsync(id, errors =>
    {
        if (input.Kind is null)
            errors.Add("kind", "is missing.");
        if (input.Latitude is not (>= -90 and <= 90))
            errors.Add("latitude", "must lie between -90 and 90.");
        if (input.Longitude is not (>= -180 and <= 180))
            errors.Add("longitude", "must lie between -180 and 180.");
        return new Marked(Id("mark", mark, errors), input.Kind ?? default, CaseRequests.Words("label", input.Label, Operation.MaxName, errors, mayBeEmpty: true), input.Latitude ?? 0, input.Longitude ?? 0);
    });

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> UnmarkAsync(string id, string mark, Taking taking) => taking.DoAsync(id, errors => new Unmarked(Id("mark", mark, errors)));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> TaskAsync(string id, string task, OperationTaskInputJson input, Taking taking) => taking.DoAsync(id, errors => new TaskSet(
        Id("task", task, errors), CaseRequests.Words("text", input.Text, Operation.MaxText, errors), CaseRequests.Words("for", input.For, Operation.MaxName, errors, mayBeEmpty: true),
        input.Due is { } due ? StoryJson.Moment(due) : null));

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> DoneAsync(string id, string task, OperationNoteInputJson input, Taking taking) =>
        taking.DoAsync(id, errors => new TaskDone(Id("task", task, errors), CaseRequests.Words("note", input.Note, Operation.MaxText, errors, mayBeEmpty: true)));

    static async Task<Results<Ok<OperationJson>, ProblemHttpResult>> GrantAsync(
        string id, OperationGrantInputJson input, Taking taking, OperationBook book, ShareGrants grants, TimeProvider clock, CancellationToken stop)
    {
        // What isn't a grant of its own can't be closed at its end.
        var told = await book.FindAsync(id, stop);
        bool isOne = told is not null && await grants.FindAsync(input.Grant ?? "", stop) is { } row
            && row.IsUnder(told.Row.Link, RequestKind.JointOperation, told.Operation.Proposed.Purpose, clock.GetUtcNow());
        return await taking.DoAsync(id, errors =>
        {
            string grant = CaseRequests.Words("grant", input.Grant, Operation.MaxId, errors);
            if (grant.Length > 0 && told is not null && !isOne)
                errors.Add("grant", $"'{Problems.Shown(grant)}' is no grant that goes on, to this partner, for joint operations and this purpose. GET /api/shares lists those there are.");
            return new GrantCarried(grant, CaseRequests.Words("what", input.What, Operation.MaxName, errors, mayBeEmpty: true));
        });
    }

    static Task<Results<Ok<OperationJson>, ProblemHttpResult>> CloseAsync(string id, OperationNoteInputJson input, Taking taking) =>
        taking.DoAsync(id, errors => new OperationClosed(CaseRequests.Words("note", input.Note, Operation.MaxText, errors, mayBeEmpty: true)));

    static IReadOnlyList<string> Members(IReadOnlyList<string>? members, FieldErrors errors)
    {
        string[] named = [.. (members ?? []).Select(m => m?.Trim() ?? "").Distinct(StringComparer.Ordinal)];
        if (named.Length is 0 or > Operation.MaxMembers || named.Any(m => m.Length is 0 or > Operation.MaxName || m.Any(char.IsControl)))
            errors.Add("members", $"must be 1 to {Operation.MaxMembers} names of at most {Operation.MaxName} characters.");
        return named;
    }

    static string Id(string field, string id, FieldErrors errors)
    {
        if (id.Length is 0 or > 40 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            errors.Add(field, "must be 1 to 40 letters, digits and hyphens.");
        return id;
    }

    static bool Sees(Caller caller) => caller.Has(Permission.Cooperate) || caller.Has(Permission.Audit);

    internal static ProblemHttpResult NoOperation(string id) => Problems.NotFound("No such operation", $"There is no joint operation '{Problems.Shown(id)}'. GET /api/operations lists those there are.");

    internal static ProblemHttpResult Refused(OperationDone done, string id) => done.Fault switch
    {
        OperationFault.Absent => NoOperation(id),
        OperationFault.LinkEnded => Problems.Conflict("The link has ended", "Nothing goes to this partner any more."),
        OperationFault.TooLong => Problems.Invalid("text", "is more than one message holds."),
        _ => done.Refusal switch
        {
            OperationRefusal.NotYours => Problems.Conflict("The other side does that", "Who proposed it has joined by that."),
            OperationRefusal.NotJoined => Problems.Conflict("The partner hasn't joined", "Until both are in, nothing is said, marked or given."),
            OperationRefusal.AlreadyJoined => Problems.Conflict("It was joined before", "This organisation takes part."),
            OperationRefusal.Over => Problems.Conflict("The operation is over", "It was declined or closed, or its end has passed. Propose another one."),
            OperationRefusal.NoSuchMark => Problems.NotFound("No such mark", "The map has no mark of this id."),
            OperationRefusal.NoSuchTask => Problems.NotFound("No such task", "There is no open task of this id."),
            OperationRefusal.AlreadyCarried => Problems.Conflict("The operation carries this grant", "It ends with it already."),
            OperationRefusal.Full => Problems.Conflict("The operation is full", "It holds all that one may."),
            _ => Problems.Invalid("text", "says too little or too much."),
        },
    };
}

/// <summary>What doing something in an operation needs.</summary>
sealed class Taking(HttpContext http)
{
    public async Task<Results<Ok<OperationJson>, ProblemHttpResult>> DoAsync(string id, Func<FieldErrors, OperationDeed> make)
    {
        var errors = new FieldErrors();
        var deed = make(errors);
        if (errors.Any)
            return errors.ToProblem();
        var services = http.RequestServices;
        var done = await services.GetRequiredService<OperationBook>().DoAsync(id, http.Caller().Name, deed, http.RequestAborted);
        return done is { Fault: OperationFault.None, Now: { } told }
            ? TypedResults.Ok(OperationJson.Of(told, services.GetRequiredService<LinkBook>(), services.GetRequiredService<TimeProvider>().GetUtcNow()))
            : OperationEndpoints.Refused(done, id);
    }

    /// <summary>Minimal APIs make the parameter by this.</summary>
    public static ValueTask<Taking?> BindAsync(HttpContext http, System.Reflection.ParameterInfo parameter) => ValueTask.FromResult<Taking?>(new(http));
}
