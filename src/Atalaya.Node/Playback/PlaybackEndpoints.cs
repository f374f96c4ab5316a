using System.ComponentModel;

using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Playback;

/// <summary>A stretch of one stream as a query asks for it.</summary>
sealed record StretchQuery(
    [property: FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")] string? From,
    [property: FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")] string? To,
    [property: FromQuery(Name = "stream"), Description("main (default) or sub.")] string? Stream);

static class PlaybackEndpoints
{
    public static void MapPlayback(this IEndpointRouteBuilder routes)
    {
        var playback = routes.MapGroup("/api").WithTags("playback");
        playback.MapGet("timeline", TimelineOfAll).WithName("getTimelines").WithSummary("What is recorded of all cameras in a stretch, keyed by camera id.")
            .Produces<IReadOnlyDictionary<string, TimelineJson>>().Fails(400);
        playback.MapGet("cameras/{id}/timeline", Timeline).WithName("getTimeline").WithSummary("What is recorded of one camera in a stretch, and what isn't and why.")
            .Produces<TimelineJson>().Fails(400, 404);
        playback.MapGet("cameras/{id}/playback.m3u8", Playlist).WithName("getPlaylist")
            .WithSummary("HLS media playlist of a stretch, over byte ranges of the segments.")
            .Produces<string>(StatusCodes.Status200OK, "application/vnd.apple.mpegurl").Fails(400, 404);
        playback.MapGet("cameras/{id}/segments/{name}.mp4", Segment).WithName("getSegment").WithSummary("A segment's bytes, or a range of them.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(404, 416);
    }

    static Results<Ok<IReadOnlyDictionary<string, TimelineJson>>, ProblemHttpResult> TimelineOfAll([AsParameters] StretchQuery query) => Problems.NoCamera("");

    static Results<Ok<TimelineJson>, ProblemHttpResult> Timeline(string id, [AsParameters] StretchQuery query) => Problems.NoCamera(id);

    static Results<ContentHttpResult, ProblemHttpResult> Playlist(string id, [AsParameters] StretchQuery query) => Problems.NoCamera(id);

    static Results<FileStreamHttpResult, ProblemHttpResult> Segment(string id, string name) => Problems.NoCamera(id);
}
