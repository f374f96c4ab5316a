using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Redactions;

static class RedactionEndpoints
{
    const int LeastWidth = 160, MostWidth = 3840, UsualWidth = 1280;

    public static IServiceCollection AddRedactions(this IServiceCollection services) => services.AddSingleton<CopyMaker>().AddStarted<RedactionJobs>();

    public static void MapRedactions(this IEndpointRouteBuilder routes)
    {
        var redactions = routes.MapGroup("/api/redactions").WithTags("redactions").NeedsAnywhere(Permission.Export);
        redactions.MapGet("", List).WithName("listRedactions").WithSummary("All drafts of release copies, and copies, newest first.");
        redactions.MapPost("", CreateAsync).WithName("createRedaction").WithSummary("Begins a release copy of a stretch: it is looked through for what might be covered.")
            .WithDescription("Faces, heads, vehicles' lower parts are proposed to be covered; persons and vehicles can be. A person corrects the plan, then the copy is made. "
                + "Needs to look back at the camera and to export from it, and to see it without masks where it has some.")
            .Produces<RedactionJson>(StatusCodes.Status202Accepted).Fails(400, 403, 404, 413, 415, 428, 429);
        redactions.MapGet("{id}", Get).WithName("getRedaction").WithSummary("How far a draft or its copy is.")
            .Produces<RedactionJson>().Fails(404);
        redactions.MapGet("{id}/plan", GetPlan).WithName("getRedactionPlan").WithSummary("What a draft covers.")
            .Produces<RedactionPlanJson>().Fails(403, 404);
        redactions.MapPut("{id}/plan", PutPlanAsync).WithName("putRedactionPlan").WithSummary("Puts another plan in a draft's place; a copy that was made of the one before is removed.")
            .WithDescription("409 if the draft has another revision by now, or is being worked on.")
            .Produces<RedactionJson>().Fails(400, 403, 404, 409, 413, 415);
        redactions.MapGet("{id}/pictures", PicturesAsync).WithName("getRedactionPictures").WithSummary("When each picture of the stretch is.")
            .Produces<RedactionPicturesJson>().Fails(404, 409);
        redactions.MapGet("{id}/pictures/{index:int}.jpg", PictureAsync).WithName("getRedactionPicture").WithSummary("One picture of the stretch, as recorded or as the plan has it.")
            .WithDescription("The painted one is made by what makes the copy, of the draft as it is; with a revision, of that one or not at all.")
            .Produces<Stream>(StatusCodes.Status200OK, "image/jpeg").Fails(400, 403, 404, 409, 428, 503);
        redactions.MapPost("{id}/copy", CopyAsync).WithName("makeRedactedCopy").WithSummary("Starts to make the copy of a draft as it is.")
            .WithDescription("Where the options ask for a purpose, 428 without one; where they want a second person, 409 with the problem's 'approval' until somebody has agreed to this revision: "
                + "then the same call goes through, once. 409 also if the draft has another revision by now, or is being worked on.")
            .Produces<RedactionJson>(StatusCodes.Status202Accepted).Fails(400, 403, 404, 409, 413, 415, 428);
        redactions.MapMethods("{id}/file", ["GET", "HEAD"], DownloadAsync).WithName("getRedactionFile").WithSummary("The finished copy, or a range of it.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(403, 404, 409, 428).Produces(416);
        redactions.MapDelete("{id}", DeleteAsync).WithName("deleteRedaction").WithSummary("Removes a draft with its plan and its copy.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<RedactionJson> List(RedactionJobs jobs, Caller caller) => [.. jobs.All.Where(r => IsTheirs(r, caller))];

    static async Task<Results<Accepted<RedactionJson>, ProblemHttpResult>> CreateAsync(
        RedactionInputJson input, RedactionJobs jobs, CameraRoster roster, Recordings recordings, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, NodeOptions options,
        HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Camera))
            errors.Add("camera", "is missing.");
        else if (!SegmentName.IsCamera(input.Camera))
            errors.Add("camera", "is not the id of a camera.");
        if (Stretch.TryTime("from", input.From, errors, out var from) & Stretch.TryTime("to", input.To, errors, out var to))
            Stretch.Check(from, to, options.Redactions.MaxStretch, errors);
        if (errors.Any)
            return errors.ToProblem();
        if (RefusalOf(input.Camera!, from, caller) is { } refusal)
            return refusal;
        if (Masked(input.Camera!, caller, masking, http) is { } masked)
            return masked;
        if (purposes.Find(PurposeFor.Export, caller, http, from, input.Purpose) is { } missing)
            return missing;
        var stream = input.Stream ?? StreamKind.Main;
        // A camera that was removed can still be copied from.
        var timeline = await recordings.Archive.TimelineAsync(input.Camera!, stream, from, to, stop: stop);
        if (roster.Find(input.Camera!) is null && timeline.Oldest is null)
            return Problems.NoCamera(input.Camera!);
        if (timeline.Recorded.Count == 0)
            return Problems.Invalid("from", "begins a stretch in which nothing of this stream is recorded. The camera's timeline says why.");
        await accesses.NoteAsync(caller, http, input.Camera!, AccessKindJson.Playback, from, to, stop);
        var made = await jobs.AddAsync(input.Camera!, stream, from, to, input.Search ?? new(), new(caller.UserId, caller.Name, http.Features.Get<Purpose>() ?? Purpose.None));
        return made is null
            ? Problems.Of(429, "Too many release copies", $"{options.Redactions.MaxKept} drafts and copies are kept (option redactions.maxKept). Remove some.")
            : TypedResults.Accepted($"/api/redactions/{made.Id}", made);
    }

    static Results<Ok<RedactionJson>, ProblemHttpResult> Get(string id, RedactionJobs jobs, Caller caller) =>
        jobs.Find(id) is { } redaction && IsTheirs(redaction, caller) ? TypedResults.Ok(redaction) : NoRedaction(id);

    static Results<Ok<RedactionPlanJson>, ProblemHttpResult> GetPlan(string id, RedactionJobs jobs, Caller caller, Masking masking, HttpContext http) =>
        jobs.RedactionOf(id) is not { } redaction || !IsTheirs(jobs.Find(id), caller) ? NoRedaction(id)
        : Masked(redaction.Camera, caller, masking, http) is { } masked ? masked : TypedResults.Ok(redaction.Plan);

    static async Task<Results<Ok<RedactionJson>, ProblemHttpResult>> PutPlanAsync(string id, RedactionPlanInputJson input, RedactionJobs jobs, Caller caller, Masking masking, HttpContext http)
    {
        if (jobs.RedactionOf(id) is not { } redaction || !IsTheirs(jobs.Find(id), caller))
            return NoRedaction(id);
        if (Masked(redaction.Camera, caller, masking, http) is { } masked)
            return masked;
        var errors = new FieldErrors();
        RedactionPlan.Check(input.Plan, redaction.Length, errors);
        if (errors.Any)
            return errors.ToProblem();
        return await jobs.ChangeAsync(id, input.Revision, input.Plan) is not { } answer ? NoRedaction(id) : answer.Changed ? TypedResults.Ok(answer.Now) : Changed(answer.Now);
    }

    static async Task<Results<Ok<RedactionPicturesJson>, ProblemHttpResult>> PicturesAsync(string id, RedactionJobs jobs, Caller caller, CancellationToken stop)
    {
        if (!IsTheirs(jobs.Find(id), caller))
            return NoRedaction(id);
        try
        {
            return await jobs.PicturesAsync(id, stop) is { } pictures
                ? TypedResults.Ok(new RedactionPicturesJson(pictures.Width, pictures.Height, [.. pictures.Pictures.Select(p => p.At)]))
                : NoRedaction(id);
        }
        catch (StretchException fault)
        {
            return Problems.Conflict("The footage can't be shown", fault.Message);
        }
    }

    static async Task<IResult> PictureAsync(
        string id, int index, RedactionJobs jobs, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http,
        [FromQuery, Description("As the plan has it, instead of as recorded.")] bool? painted,
        [FromQuery, Description("Of the draft that a painted picture is to be of; 409 if it has another by now. Left out: the one it has.")] long? revision, [FromQuery, Description("Pixels at most, 160 to 3840; 1280 if not said.")] int? width, CancellationToken stop)
    {
        if (jobs.Find(id) is not { } redaction || !IsTheirs(redaction, caller))
            return NoRedaction(id);
        if (Masked(redaction.Camera, caller, masking, http) is { } masked)
            return masked;
        if (width is < LeastWidth or > MostWidth)
            return Problems.Invalid("width", $"must be between {LeastWidth} and {MostWidth} pixels.");
        // What somebody looks at before they make the copy is what the copy will be.
        if (painted == true && revision is { } wanted && wanted != redaction.Revision)
            return Changed(redaction);
        if (Asked(redaction, jobs, caller, purposes, http) is { } missing)
            return missing;
        try
        {
            var (jpeg, fault) = await jobs.StillAsync(id, index, painted ?? false, width ?? UsualWidth, stop);
            if (jpeg is null)
                return index < 0 ? NoRedaction(id) : Problems.Of(StatusCodes.Status503ServiceUnavailable, "No picture", fault);
            await accesses.NoteAsync(caller, http, redaction.Camera, AccessKindJson.Playback, WallTime.From(redaction.From), WallTime.From(redaction.To), stop);
            // A painted one is that of a revision, which the page names in the address: it stays as it is.
            http.Response.Headers.CacheControl = "private, no-store";
            return TypedResults.Bytes(jpeg, "image/jpeg");
        }
        catch (StretchException fault)
        {
            return Problems.Conflict("The footage can't be shown", fault.Message);
        }
    }

    static async Task<Results<Accepted<RedactionJson>, ProblemHttpResult>> CopyAsync(
        string id, RedactionCopyInputJson input, RedactionJobs jobs, Caller caller, AccessLog accesses, Purposes purposes, SecondPerson second, Masking masking, HttpContext http, CancellationToken stop)
    {
        if (jobs.RedactionOf(id) is not { } redaction || !IsTheirs(jobs.Find(id), caller))
            return NoRedaction(id);
        if (Masked(redaction.Camera, caller, masking, http) is { } masked)
            return masked;
        if (redaction.Revision != input.Revision || redaction.IsBusy)
            return Changed(jobs.Find(id)!);
        if (input.Purpose is null && redaction.Order is { Purpose.Id.Length: > 0 } order && order.UserId == caller.UserId && !http.Request.Headers.ContainsKey(Purposes.Header))
            http.Features.Set(order.Purpose);
        else if (purposes.Find(PurposeFor.Export, caller, http, redaction.From, input.Purpose) is { } missing)
            return missing;
        int covered = redaction.Plan.Things.Count(t => t.Deed == RedactionDeed.Cover), kept = redaction.Plan.Things.Count(t => t.Deed == RedactionDeed.Keep);
        string detail = redaction.Plan.EverythingElse ? $"redacted copy, everything but {kept}" : $"redacted copy, {covered} covered";
        var claim = await second.ClaimAsync(
            caller, http, new(ApprovalAction.Export, [redaction.Camera], redaction.From, redaction.To, detail, $"{id} {RedactionStore.Write(redaction.Plan)}"), stop);
        if (claim.Refusal is { } waits)
            return waits;
        await accesses.NoteAsync(caller, http, redaction.Camera, AccessKindJson.Export, redaction.From, redaction.To, stop);
        var now = await jobs.MakeAsync(id, input.Revision, new(caller.UserId, caller.Name, http.Features.Get<Purpose>() ?? redaction.Order.Purpose), claim.Used?.Id ?? "");
        if (now is { State: RedactionStateJson.Waiting or RedactionStateJson.Making or RedactionStateJson.Done } && now.Revision == input.Revision)
            return TypedResults.Accepted($"/api/redactions/{id}", now);
        await second.GiveBackAsync(claim);
        return now is null ? NoRedaction(id) : Changed(now);
    }

    static async Task<IResult> DownloadAsync(string id, RedactionJobs jobs, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        if (jobs.Find(id) is not { } redaction || !IsTheirs(redaction, caller))
            return NoRedaction(id);
        if (Masked(redaction.Camera, caller, masking, http) is { } masked)
            return masked;
        if (jobs.FileOf(id) is not { } path)
        {
            return Problems.Conflict("There is no copy", redaction.State switch
            {
                RedactionStateJson.Failed => $"It couldn't be made: {redaction.Message}",
                RedactionStateJson.Done => "The file was removed from the node's disk.",
                RedactionStateJson.Draft => "It is a draft: ask for its copy first (POST …/copy).",
                _ => "It is still being made.",
            });
        }

        if (Asked(redaction, jobs, caller, purposes, http) is { } missing)
            return missing;
        if (HttpMethods.IsGet(http.Request.Method))
            await accesses.NoteAsync(caller, http, redaction.Camera, AccessKindJson.Download, WallTime.From(redaction.From), WallTime.From(redaction.To), stop);
        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(path, "video/mp4", redaction.FileName, entityTag: new EntityTagHeaderValue($"\"{redaction.Sha256}\""), enableRangeProcessing: true);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, RedactionJobs jobs, Caller caller) =>
        IsTheirs(jobs.Find(id), caller) && await jobs.RemoveAsync(id) ? TypedResults.NoContent() : NoRedaction(id);

    // Who made the draft looks at it for what they said then; somebody else for what they go on with, or say now.
    static ProblemHttpResult? Asked(RedactionJson redaction, RedactionJobs jobs, Caller caller, Purposes purposes, HttpContext http)
    {
        if (jobs.RedactionOf(redaction.Id)?.Order is { Purpose.Id.Length: > 0 } order && order.UserId == caller.UserId && !http.Request.Headers.ContainsKey(Purposes.Header))
        {
            http.Features.Set(order.Purpose);
            return null;
        }

        return purposes.Find(PurposeFor.Export, caller, http, null, each: false);
    }

    /// <summary>Whoever could make it may have it, whoever made it.</summary>
    internal static bool IsTheirs(RedactionJson? redaction, Caller caller) => redaction is not null && RefusalOf(redaction.Camera, WallTime.From(redaction.From), caller) is null;

    static ProblemHttpResult? RefusalOf(string camera, WallTime from, Caller caller) =>
        caller.RefusalOfPast(camera, from, Permission.ViewPast) ?? caller.RefusalOfPast(camera, from, Permission.Export);

    // Draft, pictures and copy are made from the footage without its masks: they are for who sees it so just now.
    static ProblemHttpResult? Masked(string camera, Caller caller, Masking masking, HttpContext http) => masking.For(caller, camera, http) is null
        ? null
        : Problems.Of(
            StatusCodes.Status403Forbidden, "The camera has masks",
            $"A release copy is made of what was recorded, and only the plan covers something in it. Lift the masks first (POST /api/cameras/{camera}/unmasking), which takes the permission unmask.");

    static ProblemHttpResult Changed(RedactionJson now) => Problems.Conflict(
        "The draft is another one by now",
        now.State is RedactionStateJson.Draft or RedactionStateJson.Done or RedactionStateJson.Failed
            ? $"It has revision {now.Revision}: somebody changed it. Load it anew, and do it again."
            : "It is being looked through, or its copy is being made. Wait until that has ended.");

    static ProblemHttpResult NoRedaction(string id) =>
        Problems.NotFound("No such release copy", $"There is no draft or copy '{Problems.Shown(id)}'; its time may be over. GET /api/redactions lists those there are.");
}
