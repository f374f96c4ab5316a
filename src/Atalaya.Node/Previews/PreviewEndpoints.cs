using System.ComponentModel;

using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Previews;

static class PreviewEndpoints
{
    /// <summary>Carries the layout with the sprite, so that one request brings both, and both of the same moment.</summary>
    const string LayoutHeader = "Atalaya-Preview";

    // What a page waits before it asks again (s).
    const string Soon = "1", Later = "5";

    public static IServiceCollection AddPreviews(this IServiceCollection services) => services.AddStarted<Previews>();

    public static void MapPreviews(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/api").WithTags("playback").MapGet("cameras/{id}/previews/{minute:long}.jpg", GetAsync).NeedsOnCamera(Permission.ViewPast).WithName("getPreview")
            .WithSummary("Small pictures of a minute side by side, one each five seconds, for moving along a timeline.")
            .WithDescription("Made when it is first asked for. The header Atalaya-Preview holds, as JSON, where each picture is and when it was taken: "
                + "{width, height, tiles: [{at, x, y}]}, pixels and milliseconds since 1970 UTC. "
                + "Of a camera with masks they are painted in, for everybody. 204 when nothing is recorded there: the timeline says why. 404 when none of it can be decoded; 503 asks to come back.")
            .Produces<Stream>(StatusCodes.Status200OK, "image/jpeg").Produces(StatusCodes.Status204NoContent).Produces(StatusCodes.Status304NotModified).Fails(400, 404, 428, 429, 503);

    static async Task<Results<FileContentHttpResult, NoContent, ProblemHttpResult>> GetAsync(
        string id,
        [Description("Minutes since 1970 UTC.")] long minute,
        [FromQuery(Name = "ahead"), Description("Nobody looks at it yet: it is made after those that someone does.")] bool? ahead,
        Previews previews, CameraRoster roster, Caller caller, AccessLog accesses, Purposes purposes, HttpContext http, CancellationToken stop)
    {
        if (!SegmentName.IsCamera(id))
            return Problems.NoCamera(id);
        if (minute is < PreviewMinute.Earliest or > PreviewMinute.Latest)
            return Problems.Invalid("minute", "must lie between 1990 and 2200.");
        if (caller.RefusalOfPast(id, new PreviewMinute(id, minute).To) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, new PreviewMinute(id, minute).To) is { } missing)
            return missing;
        string client = http.Connection.RemoteIpAddress?.ToString() ?? "";
        var answer = await previews.GetAsync(new(id, minute), client, ahead == true, stop);
        switch (answer.End)
        {
            case PreviewEnd.Made:
                var of = new PreviewMinute(id, minute);
                await accesses.NoteAsync(caller, http, id, AccessKindJson.Thumbnails, of.From, of.To, stop);
                var sprite = answer.Sprite!;
                http.Response.Headers.CacheControl = !answer.IsSettled ? "no-store" : sprite.Layout.Masks > 0 ? "private, no-cache" : "private, max-age=31536000, immutable";
                http.Response.Headers[LayoutHeader] = sprite.LayoutText;
                return TypedResults.File(sprite.Jpeg, "image/jpeg", entityTag: new EntityTagHeaderValue($"\"{sprite.Tag}\""));
            case PreviewEnd.NothingRecorded:
                // No fault: who moves along a timeline passes gaps, and a browser would write each 404 into its console.
                return roster.Find(id) is null ? Problems.NoCamera(id) : TypedResults.NoContent();
            case PreviewEnd.Unreadable:
                return Problems.NotFound("No preview", $"The pictures of this minute can't be decoded. {answer.Detail}");
            case PreviewEnd.TooMany:
                http.Response.Headers.RetryAfter = Soon;
                return Problems.Of(StatusCodes.Status429TooManyRequests, "Too many previews at once", answer.Detail);
            case PreviewEnd.Displaced:
                http.Response.Headers.RetryAfter = Soon;
                return Problems.Of(StatusCodes.Status503ServiceUnavailable, "Others came first", answer.Detail);
            default:
                http.Response.Headers.RetryAfter = Later;
                return Problems.Of(StatusCodes.Status503ServiceUnavailable, "Previews can't be made just now", answer.Detail);
        }
    }
}
