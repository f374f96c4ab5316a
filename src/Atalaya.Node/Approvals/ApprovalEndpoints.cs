using System.ComponentModel;

using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Approvals;

public sealed record ApprovalJson(
    string Id,
    ApprovalAction Action,
    ApprovalState State,
    [property: Description("Who asked.")] string User,
    [property: Description("Ids of the cameras that it concerns; may be empty.")] IReadOnlyList<string> Cameras,
    [property: Description("Of the footage, where it is about a stretch.")] DateTimeOffset? From,
    DateTimeOffset? To,
    [property: Description("What else has to be known to decide.")] string Detail,
    [property: Description("For what purpose; may be empty.")] string Purpose,
    string Reference,
    DateTimeOffset AskedAt,
    [property: Description("Of one that waits, when it expires; of one agreed to, until when it may be done; of a refusal, how long it stands.")] DateTimeOffset ExpiresAt,
    [property: Description("Who agreed or refused; null: nobody yet.")] string? DecidedBy,
    DateTimeOffset? DecidedAt,
    string Reason,
    DateTimeOffset? UsedAt)
{
    internal static ApprovalJson Of(Approval a) => new(
        a.Id, a.Action, a.State, a.UserName, a.Cameras, a.From?.ToDateTimeOffset(), a.To?.ToDateTimeOffset(), a.Detail, a.Purpose.Id, a.Purpose.Reference, a.AskedAt.ToDateTimeOffset(),
        a.ExpiresAt.ToDateTimeOffset(), a.DecidedName.Length == 0 ? null : a.DecidedName, a.DecidedAt?.ToDateTimeOffset(), a.Reason, a.UsedAt?.ToDateTimeOffset());
}

public sealed record ApprovalsJson(
    [property: Description("What waits for the one who asks.")] IReadOnlyList<ApprovalJson> ToDecide,
    [property: Description("What they asked for themselves.")] IReadOnlyList<ApprovalJson> Mine,
    [property: Description("What others decided on, or somebody else may decide; only with ended=true.")] IReadOnlyList<ApprovalJson> Others,
    [property: Description("What takes a second person here.")] IReadOnlyList<ApprovalAction> Rules);

public sealed record DecisionInputJson
{
    [Description("Why; the one who asked reads it, and oversight. Required to refuse. At most 500 characters.")]
    public string? Reason { get; init; }
}

static class ApprovalEndpoints
{
    public static IServiceCollection AddApprovals(this IServiceCollection services) => services.AddStarted<SecondPerson>();

    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        var approvals = routes.MapGroup("/api/approvals").WithTags("approvals").SignedIn();
        approvals.MapGet("", ListAsync).WithName("listApprovals").WithSummary("Requests for a second person's agreement: what waits for the one who asks, and what they asked for.").Produces<ApprovalsJson>();
        approvals.MapGet("{id}", GetAsync).WithName("getApproval").WithSummary("One request, for who asked and for who may decide.").Produces<ApprovalJson>().Fails(404);
        approvals.MapPost("{id}/approve", ApproveAsync).WithName("approve").WithSummary("Agrees: what was asked may be done once, within the time of option approvals.use.")
            .WithDescription("By somebody signed in who has the permission for it themselves, never by who asked, and never with an API token.")
            .Produces<ApprovalJson>().Fails(400, 403, 404, 409, 413, 415);
        approvals.MapPost("{id}/refuse", RefuseAsync).WithName("refuse").WithSummary("Refuses, with a reason. The same can't be asked for again until the request's time is over.")
            .Produces<ApprovalJson>().Fails(400, 403, 404, 409, 413, 415);
        approvals.MapDelete("{id}", WithdrawAsync).WithName("withdrawApproval").WithSummary("Withdraws a request of one's own, agreed to or not.")
            .Produces(StatusCodes.Status204NoContent).Fails(404, 409);
    }

    static async Task<ApprovalsJson> ListAsync([Description("Also those that have ended. Default false.")] bool? ended, SecondPerson second, Caller caller, Options.NodeOptions options, CancellationToken stop)
    {
        var all = await second.ListAsync(ended ?? false, stop);
        ApprovalJson[] Where(Func<Approval, bool> those) => [.. all.Where(those).Select(ApprovalJson.Of)];
        bool Waits(Approval a) => a.State == ApprovalState.Waiting;
        return new(
            Where(a => Waits(a) && SecondPerson.MayDecide(a, caller)), Where(a => a.UserId == caller.UserId),
            ended == true ? Where(a => !Waits(a) && a.UserId != caller.UserId && SecondPerson.MayDecide(a, caller)) : [], [.. options.Approvals.For.Distinct().Order()]);
    }

    static async Task<Results<Ok<ApprovalJson>, ProblemHttpResult>> GetAsync(string id, SecondPerson second, Caller caller, CancellationToken stop) =>
        await SeenAsync(id, second, caller, stop) is { } approval ? TypedResults.Ok(ApprovalJson.Of(approval)) : NoApproval(id);

    static Task<Results<Ok<ApprovalJson>, ProblemHttpResult>> ApproveAsync(string id, DecisionInputJson input, SecondPerson second, Caller caller, HttpContext http, CancellationToken stop) =>
        DecideAsync(id, input, needsReason: false, second, caller, reason => second.ApproveAsync(id, caller, http, reason, stop), stop);

    static Task<Results<Ok<ApprovalJson>, ProblemHttpResult>> RefuseAsync(string id, DecisionInputJson input, SecondPerson second, Caller caller, HttpContext http, CancellationToken stop) =>
        DecideAsync(id, input, needsReason: true, second, caller, reason => second.RefuseAsync(id, caller, http, reason, stop), stop);

    static async Task<Results<Ok<ApprovalJson>, ProblemHttpResult>> DecideAsync(
        string id, DecisionInputJson input, bool needsReason, SecondPerson second, Caller caller, Func<string, Task<(Approval? Approval, ApprovalFault Fault)>> step, CancellationToken stop)
    {
        if (await SeenAsync(id, second, caller, stop) is not { } seen)
            return NoApproval(id);
        string reason = input.Reason?.Trim() ?? "";
        if (reason.Length > Approval.MaxReason || reason.Any(char.IsControl) || (needsReason && reason.Length == 0))
            return Problems.Invalid("reason", $"must {(needsReason ? "say why, in" : "be")} at most {Approval.MaxReason} characters, without line breaks.");
        if (seen.UserId == caller.UserId)
            return Own();
        // A program that agrees to everything would be no second person.
        if (caller.Credential != Credential.Session)
            return Problems.Of(StatusCodes.Status403Forbidden, "A person decides", "An API token can't agree or refuse. Sign in on the page.");
        return await step(reason) switch
        {
            { Approval: null } => NoApproval(id),
            { Fault: ApprovalFault.NotTheirs } => Own(),
            { Fault: ApprovalFault.TooLate, Approval: { } late } => TooLate(late),
            { Approval: { } done } => TypedResults.Ok(ApprovalJson.Of(done)),
        };

        static ProblemHttpResult Own() =>
            Problems.Of(StatusCodes.Status403Forbidden, "It takes somebody else", "Nobody agrees to what they asked for themselves.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(string id, SecondPerson second, Caller caller, HttpContext http, CancellationToken stop)
    {
        // Of somebody else's request one isn't told here whether there is one.
        if (await second.FindAsync(id, stop) is not { } approval || approval.UserId != caller.UserId)
            return NoApproval(id);
        return await second.WithdrawAsync(id, caller, http, stop) is { Fault: ApprovalFault.None } ? TypedResults.NoContent() : TooLate(approval);
    }

    static async Task<Approval?> SeenAsync(string id, SecondPerson second, Caller caller, CancellationToken stop) =>
        await second.FindAsync(id, stop) is { } approval && IsFor(approval, caller) ? approval : null;

    /// <summary>Whether somebody is told of it.</summary>
    internal static bool IsFor(Approval approval, Caller caller) => approval.UserId == caller.UserId || SecondPerson.MayDecide(approval, caller);

    static ProblemHttpResult TooLate(Approval approval) =>
        Problems.Conflict("It has been decided", $"This request is {approval.State.ToString().ToLowerInvariant()} already{(approval.DecidedName.Length > 0 ? $", by {approval.DecidedName}" : "")}. Ask for the list again.");

    static ProblemHttpResult NoApproval(string id) => Problems.NotFound("No such request", $"There is no request '{Problems.Shown(id)}' that concerns you. GET /api/approvals lists those there are.");
}
