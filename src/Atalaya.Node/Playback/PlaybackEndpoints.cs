using System.Globalization;

using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Playback;

static class PlaybackEndpoints
{
    /// <summary>Pieces are written down by segment, a minute of footage.</summary>
    static readonly TimeSpan LongestSegment = TimeSpan.FromMinutes(10), UsualSegment = TimeSpan.FromMinutes(1);

    internal const string PlaylistType = "application/vnd.apple.mpegurl";

    public static void MapPlayback(this IEndpointRouteBuilder routes)
    {
        var playback = routes.MapGroup("/api").WithTags("playback");
        playback.MapGet("timeline", TimelineOfAllAsync).NeedsAnywhere(Permission.ViewPast).WithName("getTimelines").WithSummary("What is recorded of all cameras in a stretch, keyed by camera id.")
            .WithDescription("Cameras that were removed but have recordings are among them.")
            .Produces<IReadOnlyDictionary<string, TimelineJson>>().Fails(400);
        playback.MapGet("cameras/{id}/timeline", TimelineAsync).NeedsOnCamera(Permission.ViewPast).WithName("getTimeline").WithSummary("What is recorded of one camera in a stretch, and what isn't and why.")
            .Produces<TimelineJson>().Fails(400, 404);
        playback.MapGet("cameras/{id}/playback.m3u8", PlaylistAsync).NeedsOnCamera(Permission.ViewPast).WithName("getPlaylist")
            .WithSummary("HLS media playlist of a stretch, over byte ranges of the segments.")
            .WithDescription("404 also if nothing is recorded in the stretch; the timeline says why. Of a camera with masks it lists pieces that are painted when they are asked for.")
            .Produces<string>(StatusCodes.Status200OK, PlaylistType).Fails(400, 404, 428);
        playback.MapMethods("cameras/{id}/segments/{name}.mp4", ["GET", "HEAD"], SegmentAsync).NeedsOnCamera(Permission.ViewPast).WithName("getSegment").WithSummary("A segment's bytes, or a range of them.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(403, 404, 428, 503).Produces(416);
        playback.MapGet("cameras/{id}/masked/{version:long}/{segment}/{piece}", PieceAsync).NeedsOnCamera(Permission.ViewPast).WithName("getMaskedPiece").WithSummary("A stretch of a segment with the camera's masks painted in, as a playlist lists it.")
            .WithDescription("OFFSET-END.m4s, and OFFSET-END.init.mp4 for what goes before it. 404 also when the masks have changed since the playlist was made: ask for it anew. "
                + "503 when it can't be painted: then there is no picture.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Fails(404, 428, 503);
    }

    static async Task<Results<Ok<IReadOnlyDictionary<string, TimelineJson>>, ProblemHttpResult>> TimelineOfAllAsync(
        [AsParameters] TimelineQuery query, Recordings recordings, CameraRoster roster, Caller caller, NodeOptions options, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!query.TryRead(options.Playback.MaxStretch, errors, out var stretch, out var resolution))
            return errors.ToProblem();
        var recorded = await recordings.Archive.TimelinesAsync(stretch.Stream, stretch.From, stretch.To, resolution, stop);
        var holds = await recordings.Caretaker.HoldsAsync(ended: false, stop);
        var timelines = recorded.ToDictionary(t => t.Key, t => TimelineJson.Of(t.Key, stretch.Stream, t.Value, holds));
        foreach (var camera in roster.All)
            timelines.TryAdd(camera.Config.Id, TimelineJson.Of(camera.Config.Id, stretch.Stream, new(stretch.From, stretch.To, [], [], [], null, null), holds));
        return TypedResults.Ok<IReadOnlyDictionary<string, TimelineJson>>(timelines
            .Select(t => (t.Key, t.Value, Since: caller.Since(Permission.ViewPast, t.Key)))
            .Where(t => t.Since is not null)
            .ToDictionary(t => t.Key, t => t.Value.Since(t.Since!.Value), StringComparer.Ordinal));
    }

    internal static async Task<Results<Ok<TimelineJson>, ProblemHttpResult>> TimelineAsync(
        string id, [AsParameters] TimelineQuery query, Recordings recordings, CameraRoster roster, Caller caller, NodeOptions options, CancellationToken stop)
    {
        if (!SegmentName.IsCamera(id))
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (!query.TryRead(options.Playback.MaxStretch, errors, out var stretch, out var resolution))
            return errors.ToProblem();
        var timeline = await recordings.Archive.TimelineAsync(id, stretch.Stream, stretch.From, stretch.To, resolution, stop);
        // A camera that was removed can still be looked back at.
        return roster.Find(id) is null && timeline.Oldest is null && timeline.Gaps.Count == 0
            ? Problems.NoCamera(id)
            : TypedResults.Ok(TimelineJson.Of(id, stretch.Stream, timeline, await recordings.Caretaker.HoldsAsync(ended: false, stop)).Since(caller.Since(Permission.ViewPast, id) ?? stretch.To));
    }

    internal static async Task<Results<ContentHttpResult, ProblemHttpResult>> PlaylistAsync(
        string id, [AsParameters] StretchQuery query, Recordings recordings, CameraRoster roster, Caller caller, NodeOptions options, Purposes purposes, Masking masking, HttpContext http,
        CancellationToken stop)
    {
        if (!SegmentName.IsCamera(id))
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (!Stretch.TryRead(query, options.Playback.MaxPlaylist, errors, out var stretch))
            return errors.ToProblem();
        if (caller.RefusalOfPast(id, stretch.From) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, stretch.From) is { } missing)
            return missing;
        string? playlist = await recordings.Archive.PlaylistAsync(
            id, stretch.Stream, stretch.From, stretch.To, masking.For(caller, id, http) is { } masks ? $"masked/{masks.Version}" : null, stop);
        if (playlist is null)
        {
            return roster.Find(id) is null
                ? Problems.NoCamera(id)
                : Problems.NotFound("Nothing recorded", "Nothing of this stream is recorded in the stretch asked for. The camera's timeline says why.");
        }

        http.Response.Headers.CacheControl = "no-store";    // The open segment grows; retention takes others away.
        return TypedResults.Text(playlist, PlaylistType);
    }

    internal static async Task<IResult> SegmentAsync(
        string id, string name, Recordings recordings, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        // Its end counts: a segment over the rim of what may be looked at holds what may.
        if (SegmentName.TryParse(name, out var named) && caller.RefusalOfPast(id, named.Start + LongestSegment) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, named.Start + UsualSegment) is { } missing)
            return missing;
        if (masking.For(caller, id, http) is not null)
            return Problems.Of(StatusCodes.Status403Forbidden, "This camera has masks", "Its files show what they hide. The playlist lists the same footage with masks; POST …/unmasking shows it without, to whoever may.");
        SegmentFile? file;
        try
        {
            file = SegmentName.IsCamera(id) && SegmentName.TryParse(name, out _) ? await recordings.Archive.OpenSegmentAsync(id, name, stop) : null;
        }
        catch (IOException fault)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The segment can't be read just now", fault.Message);
        }

        if (file is null)
            return Problems.NotFound("No such segment", "It was never recorded, or its time is over. Ask for the playlist anew.");
        if (HttpMethods.IsGet(http.Request.Method))
            await accesses.NoteAsync(caller, http, id, AccessKindJson.Playback, named.Start, named.Start + UsualSegment, stop);
        // The segment itself never changes once closed. While it is open, a range that was there stays as it is, but the length doesn't.
        http.Response.Headers.CacheControl = file.IsClosed ? "private, max-age=31536000, immutable" : "no-store";
        var tag = file is { IsClosed: true, Sha256: { } digest } ? new EntityTagHeaderValue($"\"{digest}\"") : null;
        return TypedResults.File(new SegmentStream(file), "video/mp4", entityTag: tag, enableRangeProcessing: true);
    }

    internal static async Task<IResult> PieceAsync(
        string id, long version, string segment, string piece, MaskedPieces pieces, MaskBook book, Caller caller, AccessLog accesses, Purposes purposes, HttpContext http, CancellationToken stop)
    {
        if (!SegmentName.IsCamera(id) || !SegmentName.TryParse(segment, out var named) || !TryPiece(piece, out long offset, out long end, out bool isInit))
            return Problems.NotFound("No such piece", "It isn't one that a playlist lists.");
        if (caller.RefusalOfPast(id, named.Start + LongestSegment) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, named.Start + UsualSegment) is { } missing)
            return missing;
        if (book.Of(id) is not { } masks || masks.Version != version)
            return Problems.NotFound("The masks have changed", "Ask for the playlist anew.");
        MaskedPiece? painted;
        try
        {
            painted = await pieces.GetAsync(new(id, segment, version, offset, end), masks, stop);
        }
        catch (IOException fault)
        {
            http.Response.Headers.RetryAfter = "5";
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The masks can't be painted just now", $"Without them nothing is shown. {fault.Message}");
        }

        if (painted is null)
            return Problems.NotFound("No such piece", "It was never recorded, or its time is over. Ask for the playlist anew.");
        await accesses.NoteAsync(caller, http, id, AccessKindJson.Playback, named.Start, named.Start + UsualSegment, stop);
        http.Response.Headers.CacheControl = "no-store";    // Masks may change, and what is kept here is quick.
        return TypedResults.Bytes(isInit ? painted.Init : painted.Media, "video/mp4");
    }

    static bool TryPiece(string text, out long offset, out long end, out bool isInit)
    {
        const string media = ".m4s", init = ".init.mp4";
        offset = end = 0;
        isInit = text.EndsWith(init, StringComparison.Ordinal);
        if (!isInit && !text.EndsWith(media, StringComparison.Ordinal))
            return false;
        string[] range = text[..^(isInit ? init : media).Length].Split('-');
        return range.Length == 2 && long.TryParse(range[0], NumberStyles.None, CultureInfo.InvariantCulture, out offset)
            && long.TryParse(range[1], NumberStyles.None, CultureInfo.InvariantCulture, out end) && end > offset;
    }
}
