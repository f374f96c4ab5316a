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
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Exports;

static class ExportEndpoints
{
    public static IServiceCollection AddExports(this IServiceCollection services) => services.AddStarted<ExportJobs>();

    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        var exports = routes.MapGroup("/api/exports").WithTags("exports").NeedsAnywhere(Permission.Export);
        exports.MapGet("", List).WithName("listExports").WithSummary("All exports that are still kept, newest first.");
        exports.MapPost("", CreateAsync).WithName("createExport").WithSummary("Starts to cut a stretch of a recording into one MP4.")
            .WithDescription("429 when too many wait, 409 when the exports that are kept fill their space. Where the options ask for a purpose, 428 without one; where they want a second person, "
                + "409 with the problem's 'approval' until somebody has agreed: then the same call goes through, once.")
            .Produces<ExportJson>(StatusCodes.Status202Accepted).Fails(400, 404, 409, 413, 415, 428, 429);
        exports.MapGet("{id}", Get).WithName("getExport").WithSummary("How far an export is, and what came of it.")
            .Produces<ExportJson>().Fails(404);
        exports.MapMethods("{id}/file", ["GET", "HEAD"], DownloadAsync).WithName("getExportFile").WithSummary("The finished file, or a range of it.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(403, 404, 409, 428).Produces(416);
        exports.MapDelete("{id}", DeleteAsync).WithName("deleteExport").WithSummary("Cancels an export that runs; removes one that has ended, with its file.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<ExportJson> List(ExportJobs jobs, Caller caller) => [.. jobs.All.Where(e => IsTheirs(e, caller))];

    static async Task<Results<Accepted<ExportJson>, ProblemHttpResult>> CreateAsync(
        ExportInputJson input, ExportJobs jobs, CameraRoster roster, Recordings recordings, Caller caller, AccessLog accesses, Purposes purposes, SecondPerson second, Masking masking, NodeOptions options,
        HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrEmpty(input.Camera))
            errors.Add("camera", "is missing.");
        else if (!SegmentName.IsCamera(input.Camera))
            errors.Add("camera", "is not the id of a camera.");
        if (Stretch.TryTime("from", input.From, errors, out var from) & Stretch.TryTime("to", input.To, errors, out var to))
            Stretch.Check(from, to, options.Exports.MaxStretch, errors);
        if (errors.Any)
            return errors.ToProblem();
        var stream = input.Stream ?? StreamKind.Main;
        if (caller.RefusalOfPast(input.Camera!, from, Permission.Export) is { } beyond)
            return beyond;
        if (purposes.Find(PurposeFor.Export, caller, http, from, input.Purpose) is { } missing)
            return missing;
        // A camera that was removed can still be exported.
        if (roster.Find(input.Camera!) is null && (await recordings.Archive.TimelineAsync(input.Camera!, stream, from, to, stop: stop)).Oldest is null)
            return Problems.NoCamera(input.Camera!);
        // Hours of work would end in the same answer. What is a little over by this reckoning may still fit: the writing itself tells.
        if (await recordings.Archive.EstimateAsync(input.Camera!, stream, from, to, stop) is var bytes && bytes * 0.95 > options.Exports.MaxBytes.Bytes)
        {
            return Problems.Invalid(
                "to", $"makes a file of about {bytes / 1e9:0.0} GB, more than {options.Exports.MaxBytes} (option exports.maxBytes). Ask for a shorter stretch.");
        }

        // Whoever agrees to masked pictures hasn't agreed to others.
        var masks = masking.For(caller, input.Camera!, http);
        string detail = (stream == StreamKind.Main ? "main" : "sub") + (http.Features.Get<Unmasked>() is null ? "" : " unmasked");
        var claim = await second.ClaimAsync(caller, http, new(ApprovalAction.Export, [input.Camera!], from, to, detail), stop);
        if (claim.Refusal is { } waits)
            return waits;
        await accesses.NoteAsync(caller, http, input.Camera!, AccessKindJson.Export, from, to, stop);
        var (refusal, export) = await jobs.AddAsync(input.Camera!, stream, from, to, new(caller.UserId, caller.Name, http.Features.Get<Purpose>() ?? Purpose.None, masks?.Version ?? 0));
        if (refusal != ExportRefusal.None)
            await second.GiveBackAsync(claim);
        return refusal switch
        {
            ExportRefusal.QueueFull => Problems.Of(429, "Too many exports wait", $"{options.Exports.MaxQueued} exports wait or run already. Wait for some to end, or cancel some."),
            ExportRefusal.NoSpace => Problems.Conflict(
                "No space for exports", $"The exports that are kept take {options.Exports.MaxTotal} (option exports.maxTotal). Download and remove some."),
            _ => TypedResults.Accepted($"/api/exports/{export!.Id}", export),
        };
    }

    static Results<Ok<ExportJson>, ProblemHttpResult> Get(string id, ExportJobs jobs, Caller caller) =>
        jobs.Find(id) is { } export && IsTheirs(export, caller) ? TypedResults.Ok(export) : NoExport(id);

    static async Task<IResult> DownloadAsync(
        string id, ExportJobs jobs, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        if (jobs.Find(id) is not { } export || !IsTheirs(export, caller))
            return NoExport(id);
        if (jobs.FileOf(id) is not { } path)
        {
            return Problems.Conflict("There is no file", export.State switch
            {
                ExportStateJson.Failed => $"This export failed: {export.Reason}",
                ExportStateJson.Cancelled => "This export was cancelled.",
                ExportStateJson.Done => "The file was removed from the node's disk.",
                _ => "This export is still being made.",
            });
        }

        // Who asked for it takes it for what they said then; somebody else for what they go on with, or say now.
        if (jobs.OrderOf(id) is { Purpose.Id.Length: > 0 } order && order.UserId == caller.UserId && !http.Request.Headers.ContainsKey(Purposes.Header))
            http.Features.Set(order.Purpose);
        else if (purposes.Find(PurposeFor.Export, caller, http, null, each: false) is { } missing)
            return missing;
        if (masking.For(caller, export.Camera, http) is { } masks && (jobs.OrderOf(id)?.Masks ?? 0) < masks.Version)
        {
            return Problems.Of(
                StatusCodes.Status403Forbidden, "It shows what masks hide now", "This export was made without the masks that the camera has, or before they were changed. Make it anew, or have the masks lifted.");
        }

        if (HttpMethods.IsGet(http.Request.Method))
            await accesses.NoteAsync(caller, http, export.Camera, AccessKindJson.Download, Media.WallTime.From(export.From), Media.WallTime.From(export.To), stop);
        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(
            path, "video/mp4", export.FileName, entityTag: new EntityTagHeaderValue($"\"{export.Sha256}\""), enableRangeProcessing: true);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, ExportJobs jobs, Caller caller) =>
        jobs.Find(id) is { } export && IsTheirs(export, caller) && await jobs.RemoveAsync(id) ? TypedResults.NoContent() : NoExport(id);

    /// <summary>Whoever could make it may have it, whoever made it.</summary>
    internal static bool IsTheirs(ExportJson export, Caller caller) => caller.RefusalOfPast(export.Camera, Media.WallTime.From(export.From), Permission.Export) is null;

    static ProblemHttpResult NoExport(string id) =>
        Problems.NotFound("No such export", $"There is no export '{Problems.Shown(id)}'; its time may be over. GET /api/exports lists those there are.");
}
