using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Exports;

static class ExportEndpoints
{
    public static void MapExports(this IEndpointRouteBuilder routes)
    {
        var exports = routes.MapGroup("/api/exports").WithTags("exports");
        exports.MapGet("", List).WithName("listExports").WithSummary("All exports that are still kept, newest first.");
        exports.MapPost("", Create).WithName("createExport").WithSummary("Starts to cut a stretch of a recording into one MP4.")
            .Produces<ExportJson>(StatusCodes.Status202Accepted).Fails(400, 404, 409, 413, 415, 429);
        exports.MapGet("{id}", Get).WithName("getExport").WithSummary("How far an export is, and what came of it.")
            .Produces<ExportJson>().Fails(404);
        exports.MapGet("{id}/file", File).WithName("getExportFile").WithSummary("The finished file, or a range of it.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(404, 409, 416);
        exports.MapDelete("{id}", Delete).WithName("deleteExport").WithSummary("Cancels an export that runs; removes one that has ended, with its file.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<ExportJson> List() => [];

    static Results<Accepted<ExportJson>, ProblemHttpResult> Create(ExportInputJson export) => Problems.NoCamera(export.Camera ?? "");

    static Results<Ok<ExportJson>, ProblemHttpResult> Get(string id) => NoExport(id);

    static Results<PhysicalFileHttpResult, ProblemHttpResult> File(string id) => NoExport(id);

    static Results<NoContent, ProblemHttpResult> Delete(string id) => NoExport(id);

    static ProblemHttpResult NoExport(string id) =>
        Problems.NotFound("No such export", $"There is no export '{Problems.Shown(id)}'; its time may be over. GET /api/exports lists those there are.");
}
