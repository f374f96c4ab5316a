using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Cameras;

static class CameraEndpoints
{
    public static void MapCameras(this IEndpointRouteBuilder routes)
    {
        var cameras = routes.MapGroup("/api/cameras").WithTags("cameras");
        cameras.MapGet("", List).WithName("listCameras").WithSummary("All cameras, with their state.");
        cameras.MapPost("", Create).WithName("createCamera").WithSummary("Adds a camera; it starts at once.")
            .Produces<CameraJson>(StatusCodes.Status201Created).Fails(400, 409, 413, 415);
        cameras.MapGet("{id}", Get).WithName("getCamera").WithSummary("One camera.")
            .Produces<CameraJson>().Fails(404);
        cameras.MapPut("{id}", Replace).WithName("replaceCamera").WithSummary("Changes a camera. The others aren't touched.")
            .WithDescription("409 for a camera that the configuration file defines: change it there, the file is watched.")
            .Produces<CameraJson>().Fails(400, 404, 409, 413, 415);
        cameras.MapDelete("{id}", Delete).WithName("deleteCamera").WithSummary("Removes a camera. Its recordings stay until they expire.")
            .Produces(StatusCodes.Status204NoContent).Fails(404, 409);
        cameras.MapPost("probe", Probe).WithName("probeCamera").WithSummary("Asks a camera what it offers, without adding it.")
            .WithDescription("422 when the camera doesn't answer or refuses; the problem says why in words, its 'kind' in one word.")
            .Produces<ProbeJson>().Fails(400, 413, 415, 422);
    }

    static IReadOnlyList<CameraJson> List() => [];

    static Results<Created<CameraJson>, ProblemHttpResult> Create(CameraInputJson camera) => NotYet;

    static Results<Ok<CameraJson>, ProblemHttpResult> Get(string id) => Problems.NoCamera(id);

    static Results<Ok<CameraJson>, ProblemHttpResult> Replace(string id, CameraInputJson camera) => Problems.NoCamera(id);

    static Results<NoContent, ProblemHttpResult> Delete(string id) => Problems.NoCamera(id);

    static Results<Ok<ProbeJson>, ProblemHttpResult> Probe(ProbeRequestJson probe) => NotYet;

    static ProblemHttpResult NotYet => Problems.Of(422, "Not yet", "Not yet.");
}
