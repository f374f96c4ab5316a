using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Analysis;

static class ReanalysisEndpoints
{
    static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static IServiceCollection AddReanalyses(this IServiceCollection services) => services.AddStarted<Reanalyses>();

    public static void MapReanalyses(this IEndpointRouteBuilder routes)
    {
        var reanalyses = routes.MapGroup("/api/reanalyses").WithTags("analysis").NeedsAnywhere(Permission.ManageRules);
        reanalyses.MapGet("", List).WithName("listReanalyses").WithSummary("Looks back at footage since the node started, newest first.");
        reanalyses.MapPost("", CreateAsync).WithName("createReanalysis").WithSummary("Starts to look at recorded footage as if it came now; tracks are kept as of live pictures.")
            .WithDescription("Live streams go first. Progress is told by the event reanalysisChanged. 409 where analysis is switched off, 429 when too many wait.")
            .Produces<ReanalysisJson>(StatusCodes.Status202Accepted).Fails(400, 404, 409, 413, 415, 429);
        reanalyses.MapGet("{id}", Get).WithName("getReanalysis").WithSummary("How far it is, and what couldn't be looked at.").Produces<ReanalysisJson>().Fails(404);
        reanalyses.MapDelete("{id}", Cancel).WithName("cancelReanalysis").WithSummary("Ends it; what was looked at stays.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<ReanalysisJson> List(Reanalyses reanalyses, Caller caller) => [.. reanalyses.All.Where(r => IsTheirs(r, caller))];

    static async Task<Results<Accepted<ReanalysisJson>, ProblemHttpResult>> CreateAsync(
        ReanalysisInputJson input, Reanalyses reanalyses, CameraRoster roster, Recordings recordings, Caller caller, NodeOptions options, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Camera))
            errors.Add("camera", "is missing.");
        else if (!SegmentName.IsCamera(input.Camera))
            errors.Add("camera", "is not the id of a camera.");
        if (Stretch.TryTime("from", input.From, errors, out var from) & Stretch.TryTime("to", input.To, errors, out var to))
            Stretch.Check(from, to, Longest, errors);
        if (errors.Any)
            return errors.ToProblem();
        if (caller.Refusal(Permission.ManageRules, input.Camera!) is { } refusal)
            return refusal;
        if (!options.Analysis.Enabled)
            return Problems.Conflict("Analysis is switched off", "Option analysis.enabled is false: no pictures are looked at on this node.");
        if (roster.Find(input.Camera!) is null && !await HasFootageAsync(input.Camera!, recordings, from, to, stop))
            return Problems.NoCamera(input.Camera!);
        return reanalyses.Start(new(input.Camera!, input.Stream, from, to, input.Everything)) is { } started
            ? TypedResults.Accepted($"/api/reanalyses/{started.Id}", started)
            : Problems.Of(429, "Too many wait", $"{Reanalyses.MaxQueued} looks back at footage wait or run already. Wait for some to end, or cancel some.");
    }

    static async Task<bool> HasFootageAsync(string camera, Recordings recordings, WallTime from, WallTime to, CancellationToken stop)
    {
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            if ((await recordings.Archive.TimelineAsync(camera, stream, from, to, stop: stop)).Oldest is not null)
                return true;
        }

        return false;
    }

    static Results<Ok<ReanalysisJson>, ProblemHttpResult> Get(string id, Reanalyses reanalyses, Caller caller) =>
        reanalyses.Find(id) is { } found && IsTheirs(found, caller) ? TypedResults.Ok(found) : None(id);

    static Results<NoContent, ProblemHttpResult> Cancel(string id, Reanalyses reanalyses, Caller caller) =>
        reanalyses.Find(id) is { } found && IsTheirs(found, caller) && reanalyses.Cancel(id) ? TypedResults.NoContent() : None(id);

    internal static bool IsTheirs(ReanalysisJson reanalysis, Caller caller) => caller.Can(Permission.ManageRules, reanalysis.Camera);

    static ProblemHttpResult None(string id) =>
        Problems.NotFound("No such look back", $"There is no reanalysis '{Problems.Shown(id)}'; they are kept until the node ends. GET /api/reanalyses lists those there are.");
}
