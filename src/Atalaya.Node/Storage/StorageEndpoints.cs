using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Recording;
using Atalaya.Recording.Storage;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Storage;

static class StorageEndpoints
{
    const int MaxCameras = 200, MaxReason = 500, MaxOwner = 100;

    public static void MapStorage(this IEndpointRouteBuilder routes)
    {
        var storage = routes.MapGroup("/api").WithTags("storage");
        storage.MapGet("storage", Status).NeedsAnywhere(Permission.ViewHealth).WithName("getStorage").WithSummary("Volumes, how full they are and will be, and how long footage of each camera is kept.");
        storage.MapGet("holds", ListAsync).SignedIn().WithName("listHolds").WithSummary("Holds in force, oldest first; with ended=true also those that were released or have expired.");
        storage.MapPost("holds", CreateAsync).NeedsAnywhere(Permission.Hold).WithName("createHold").WithSummary("Keeps footage beyond retention.")
            .WithDescription("409 when it would make recording depend on the reserve, or other footage go early: the problem's 'assessment' says which. Send it again with accept to make it all the same.")
            .Produces<HoldMadeJson>(StatusCodes.Status201Created).Fails(400, 404, 409, 413, 415);
        storage.MapPost("holds/assessment", AssessAsync).NeedsAnywhere(Permission.Hold).WithName("assessHold").WithSummary("What a hold would cost, without making it; reason and owner may be absent.")
            .Produces<HoldAssessmentJson>().Fails(400, 404, 413, 415);
        storage.MapDelete("holds/{id}", ReleaseAsync).NeedsAnywhere(Permission.ManageHolds).WithName("releaseHold").WithSummary("Ends a hold. Its footage goes when its time is over, or is.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 404, 409, 429);
    }

    static StorageJson Status(Recordings recordings, NodeOptions options, Caller caller)
    {
        var status = StorageJson.Of(recordings.Caretaker.Status, options.Storage.Retention.ToLimits());
        return status with { Cameras = [.. status.Cameras.Where(c => caller.Can(Permission.ViewHealth, c.Camera))] };
    }

    static async Task<IReadOnlyList<HoldJson>> ListAsync(Recordings recordings, bool? ended, Caller caller, CancellationToken stop) =>
        [.. (await recordings.Caretaker.HoldsAsync(ended ?? false, stop)).Select(HoldJson.Of).Select(h => h with { Cameras = [.. h.Cameras.Where(caller.Sees)] }).Where(h => h.Cameras.Count > 0)];

    static async Task<Results<Created<HoldMadeJson>, ProblemHttpResult>> CreateAsync(
        HoldInputJson input, Recordings recordings, CameraRoster roster, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var (request, refusal) = await ReadAsync(input, recordings, roster, caller, clock, stop);
        if (request is null)
            return refusal!;
        var (hold, assessment) = await recordings.Caretaker.HoldAsync(request, input.Accept ?? false, stop);
        if (hold is not null)
            return TypedResults.Created($"/api/holds/{hold.Id}", new HoldMadeJson(HoldJson.Of(hold), HoldAssessmentJson.Of(assessment)));
        return TypedResults.Problem(new ProblemDetails
        {
            Status = StatusCodes.Status409Conflict,
            Title = "The hold has effects that nobody accepted",
            Detail = string.Join(" ", assessment.Warnings.Select(w => w.Text)) + " Send it again with accept to make it all the same.",
            Extensions = { ["assessment"] = HoldAssessmentJson.Of(assessment) },
        });
    }

    static async Task<Results<Ok<HoldAssessmentJson>, ProblemHttpResult>> AssessAsync(
        HoldInputJson input, Recordings recordings, CameraRoster roster, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var (request, refusal) = await ReadAsync(input, recordings, roster, caller, clock, stop, words: false);
        return request is null ? refusal! : TypedResults.Ok(HoldAssessmentJson.Of(await recordings.Caretaker.AssessAsync(request, stop)));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> ReleaseAsync(
        string id, [Description("Who releases it.")] string? by, [Description("Why; kept with the hold.")] string? why, Recordings recordings, Caller caller, SecondPerson second, HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(by) || by.Length > MaxOwner || by == Hold.Expiry || by.Any(char.IsControl))
            errors.Add("by", $"must say who releases it, in at most {MaxOwner} characters.");
        if (string.IsNullOrWhiteSpace(why) || why.Length > MaxReason || why.Any(char.IsControl))
            errors.Add("why", $"must say why, in at most {MaxReason} characters.");
        if (errors.Any)
            return errors.ToProblem();
        var hold = (await recordings.Caretaker.HoldsAsync(ended: false, stop)).FirstOrDefault(h => h.Id == id);
        // Of a hold that covers cameras of others as well, no part can be released.
        if (hold?.Cameras.Any(caller.Sees) == true && !hold.Cameras.All(c => caller.Can(Permission.ManageHolds, c)))
            return Gate.Lacks(Permission.ManageHolds);
        if (hold?.Cameras.All(c => caller.Can(Permission.ManageHolds, c)) == true)
        {
            var claim = await second.ClaimAsync(caller, http, DeedOf(hold, why!), stop);
            if (claim.Refusal is { } waits)
                return waits;
            if (await recordings.Caretaker.ReleaseAsync(id, by!.Trim(), why!.Trim(), stop))
                return TypedResults.NoContent();
            await second.GiveBackAsync(claim);
        }

        return Problems.NotFound("No such hold", "There is no hold of this id in force: it was released, has expired, or never was.");
    }

    /// <summary>Releasing a hold, as the second person's rule sees it.</summary>
    internal static Deed DeedOf(Hold hold, string why) => new(ApprovalAction.Release, hold.Cameras, hold.From, hold.To, $"{hold.Reason} ({hold.Owner}): {why.Trim()}", hold.Id);

    static async Task<(HoldRequest? Request, ProblemHttpResult? Refusal)> ReadAsync(
        HoldInputJson input, Recordings recordings, CameraRoster roster, Caller caller, TimeProvider clock, CancellationToken stop, bool words = true)
    {
        var errors = new FieldErrors();
        if (input.Cameras is not { Count: > 0 and <= MaxCameras } cameras)
            errors.Add("cameras", $"must name 1 to {MaxCameras} cameras.");
        else if (cameras.FirstOrDefault(c => !SegmentName.IsCamera(c)) is { } odd)
            errors.Add("cameras", $"'{Problems.Shown(odd)}' is not the id of a camera.");
        if (words)
        {
            Words("reason", input.Reason, MaxReason);
            Words("owner", input.Owner, MaxOwner);
        }

        bool read = Stretch.TryTime("from", input.From, errors, out var from);
        WallTime? to = null, expires = null;
        if (!string.IsNullOrEmpty(input.To) && Stretch.TryTime("to", input.To, errors, out var end))
        {
            to = Up(end);
            if (read && end <= from)
                errors.Add("to", "must be after from.");
        }

        if (!string.IsNullOrEmpty(input.Expires) && Stretch.TryTime("expires", input.Expires, errors, out var at))
        {
            expires = at;
            if (at <= WallTime.Now(clock))
                errors.Add("expires", "must lie in the future.");
        }

        if (errors.Any)
            return (null, errors.ToProblem());
        foreach (string id in input.Cameras!)
        {
            if (caller.Refusal(Permission.Hold, id) is { } refusal)
                return (null, refusal);
            // One that was removed can still be held.
            if (roster.Find(id) is null && recordings.Caretaker.Status.Cameras.All(c => c.Camera != id)
                && (await recordings.Archive.TimelineAsync(id, StreamKind.Main, from, from + TimeSpan.FromSeconds(1), stop: stop)).Oldest is null)
            {
                return (null, Problems.NoCamera(id));
            }
        }

        return (new([.. input.Cameras.Distinct(StringComparer.Ordinal)], input.Stream, Down(from), to, input.Reason?.Trim() ?? "", input.Owner?.Trim() ?? "", expires), null);

        void Words(string field, string? text, int longest)
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > longest || text.Any(char.IsControl))
                errors.Add(field, $"must be 1 to {longest} characters, without line breaks.");
        }
    }

    static WallTime Down(WallTime at) => new(at.Microseconds / 1_000_000 * 1_000_000);

    static WallTime Up(WallTime at) => new((at.Microseconds + 999_999) / 1_000_000 * 1_000_000);
}
