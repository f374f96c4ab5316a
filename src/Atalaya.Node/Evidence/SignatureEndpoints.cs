using Atalaya.Media.Mp4;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Playback;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Evidence;

static class SignatureEndpoints
{
    /// <summary>Every picture of the stretch is read: an hour of a camera is some gigabytes.</summary>
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static IServiceCollection AddSignatures(this IServiceCollection services) => services.AddSingleton<CameraSignatures>();

    public static void MapSignatures(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/cameras/{id}/signatures", OfAsync).NeedsOnCamera(Permission.ViewPast).WithTags("evidence").WithName("getSignatures")
            .WithSummary("What the camera's own signatures in its video (ONVIF Media Signing) say of a stretch, at most an hour.")
            .WithDescription("404 also if nothing is recorded in the stretch, or not in H.264 or H.265.")
            .Produces<SignaturesJson>().Fails(400, 404, 503);

    static async Task<Results<Ok<SignaturesJson>, ProblemHttpResult>> OfAsync(string id, [AsParameters] StretchQuery query, CameraSignatures signatures, Caller caller, CancellationToken stop)
    {
        if (!SegmentName.IsCamera(id))
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (!Stretch.TryRead(query, Longest, errors, out var stretch))
            return errors.ToProblem();
        if (caller.RefusalOfPast(id, stretch.From) is { } refusal)
            return refusal;
        try
        {
            return await signatures.OfAsync(id, stretch.Stream, stretch.From, stretch.To, stop) is { } said
                ? TypedResults.Ok(said)
                : Problems.NotFound("Nothing to judge", "Nothing of this stream is recorded in the stretch asked for, or not in H.264 or H.265.");
        }
        catch (Exception fault) when (fault is IOException or Mp4Exception)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The footage can't be judged just now", fault.Message);
        }
    }
}
