using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Checks;

static class CheckEndpoints
{
    public static IServiceCollection AddChecks(this IServiceCollection services) => services.AddStarted<ArchiveChecks>();

    public static void MapChecks(this IEndpointRouteBuilder routes)
    {
        var checks = routes.MapGroup("/api/archive/checks").WithTags("archive").Needs(Permission.ManageStorage);
        checks.MapGet("", List).WithName("listArchiveChecks").WithSummary("Checks of the archive since the node started, newest first.");
        checks.MapPost("", Create).WithName("createArchiveCheck").WithSummary("Starts to compare the archive's files with their index, beside the recording.")
            .WithDescription("409 while another one runs. Progress is told by the event archiveCheckChanged.")
            .Produces<ArchiveCheckJson>(StatusCodes.Status202Accepted).Fails(400, 409, 413, 415);
        checks.MapGet("{id}", Get).WithName("getArchiveCheck").WithSummary("How far a check is, and what it found.").Produces<ArchiveCheckResultJson>().Fails(404);
        checks.MapDelete("{id}", Cancel).WithName("cancelArchiveCheck").WithSummary("Ends a check that runs; what it repaired stays repaired.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<ArchiveCheckJson> List(ArchiveChecks checks) => checks.All;

    static Results<Accepted<ArchiveCheckJson>, ProblemHttpResult> Create(CheckInputJson input, ArchiveChecks checks)
    {
        if (input.DeleteUnreadable && !input.Repair)
            return Problems.Invalid("deleteUnreadable", "needs repair.");
        return checks.Start(new(input.Depth ?? CheckDepth.Digest, input.Repair, input.DeleteUnreadable)) is { } check
            ? TypedResults.Accepted($"/api/archive/checks/{check.Id}", check)
            : Problems.Conflict("A check runs already", "One check of the archive runs at a time. GET /api/archive/checks tells which; wait for its end, or cancel it.");
    }

    static Results<Ok<ArchiveCheckResultJson>, ProblemHttpResult> Get(string id, ArchiveChecks checks) =>
        checks.Find(id) is { } result ? TypedResults.Ok(result) : NoCheck(id);

    static Results<NoContent, ProblemHttpResult> Cancel(string id, ArchiveChecks checks) => checks.Cancel(id) ? TypedResults.NoContent() : NoCheck(id);

    static ProblemHttpResult NoCheck(string id) =>
        Problems.NotFound("No such check", $"There is no check '{Problems.Shown(id)}'; they are kept until the node ends. GET /api/archive/checks lists those there are.");
}
