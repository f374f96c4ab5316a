using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Identity;
using Atalaya.Node.Live;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;
using Atalaya.Recording;

namespace Atalaya.Node.Federation.Centre;

/// <summary>Video of other sites for this node's pages: the same answers as under <c>/api/cameras/{id}</c>, from the site.</summary>
static class FarVideoEndpoints
{
    /// <summary>As in playback: pieces are written down by segment, a minute of footage.</summary>
    static readonly TimeSpan LongestSegment = TimeSpan.FromMinutes(10), UsualSegment = TimeSpan.FromMinutes(1);

    /// <summary>Where an endpoint's route has the camera: a site's is link and id.</summary>
    const string Camera = "site/id";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var camera = routes.MapGroup("/api/sites/{site}/cameras/{id}").WithTags("sites");
        camera.MapGet("live", (string site, string id, string? stream, string? audio, string? objects, HttpContext http, FarVideo video) =>
                LiveEndpoints.WithSocketAsync(http, () => video.WatchAsync(http, site, id, stream, audio, objects)))
            .NeedsOnCamera(Permission.ViewLive, Camera).WithName("watchSiteLive").WithSummary("Live pictures of a site's camera over a WebSocket, as those of a camera here.")
            .Produces(StatusCodes.Status101SwitchingProtocols).ProducesProblem(StatusCodes.Status400BadRequest);
        camera.MapGet("timeline", TimelineAsync).NeedsOnCamera(Permission.ViewPast, Camera).WithName("getSiteTimeline").WithSummary("What a site's camera recorded in a stretch.").Produces<TimelineJson>().Fails(400, 404, 503);
        camera.MapGet("playback.m3u8", PlaylistAsync).NeedsOnCamera(Permission.ViewPast, Camera).WithName("getSitePlaylist").WithSummary("HLS media playlist of a stretch of a site's camera.")
            .Produces<string>(StatusCodes.Status200OK, PlaybackEndpoints.PlaylistType).Fails(400, 404, 428, 503);
        camera.MapMethods("segments/{name}.mp4", ["GET", "HEAD"], SegmentAsync).NeedsOnCamera(Permission.ViewPast, Camera).WithName("getSiteSegment").WithSummary("A segment of a site's camera, or a range of it.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Produces<Stream>(StatusCodes.Status206PartialContent, "video/mp4").Fails(403, 404, 428, 503).Produces(416);
        camera.MapGet("masked/{version:long}/{segment}/{piece}", PieceAsync).NeedsOnCamera(Permission.ViewPast, Camera).WithName("getSiteMaskedPiece").WithSummary("A stretch of such a segment with the camera's masks.")
            .Produces<Stream>(StatusCodes.Status200OK, "video/mp4").Fails(404, 428, 503);
        camera.MapPost("unmasking", LiftAsync).NeedsOnCamera(Permission.Unmask, Camera).WithName("liftSiteMasks").WithSummary("Shows a site's camera without its masks for a while, to who asks, in this session.")
            .Produces<UnmaskingJson>().Fails(400, 403, 404, 413, 415, 428, 429);
        camera.MapDelete("unmasking", (string site, string id, Masking masking, Caller caller) =>
            {
                masking.PutBack(caller, FarVideo.IdOf(site, id));
                return TypedResults.NoContent();
            })
            .NeedsOnCamera(Permission.Unmask, Camera).WithName("putSiteMasksBack").WithSummary("Puts them back before their time.");
    }

    static async Task<IResult> TimelineAsync(string site, string id, [AsParameters] TimelineQuery query, FarVideo video, Caller caller, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (video.Site(site) is not { } link || !SegmentName.IsCamera(id))
            return Problems.NoCamera(FarVideo.IdOf(site, id));
        var errors = new FieldErrors();
        if (!query.TryRead(options.Playback.MaxStretch, errors, out _, out _))
            return errors.ToProblem();
        var timeline = await video.AskAsync<TimelineJson>(link, Address(id, "timeline", http), FarViewer.Of(http, unmasked: false), stop);
        return timeline is null ? FarVideo.Away(link) : TypedResults.Ok(timeline.Since(caller.Since(Permission.ViewPast, FarVideo.IdOf(site, id)) ?? WallTime.From(timeline.To)));
    }

    static async Task<IResult> PlaylistAsync(string site, string id, [AsParameters] StretchQuery query, FarVideo video, Caller caller, NodeOptions options, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        string camera = FarVideo.IdOf(site, id);
        if (video.Site(site) is not { } link || !SegmentName.IsCamera(id))
            return Problems.NoCamera(camera);
        var errors = new FieldErrors();
        if (!Stretch.TryRead(query, options.Playback.MaxPlaylist, errors, out var stretch))
            return errors.ToProblem();
        if (caller.RefusalOfPast(camera, stretch.From) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, stretch.From) is { } missing)
            return missing;
        return await video.PassAsync(http, link, Address(id, "playback.m3u8", http), ViewerOf(http, masking, caller, camera), stop);
    }

    static Task<IResult> SegmentAsync(string site, string id, string name, FarVideo video, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop) =>
        FootageAsync(site, id, name, $"segments/{name}.mp4", video, caller, accesses, purposes, masking, http, stop);

    static Task<IResult> PieceAsync(
        string site, string id, long version, string segment, string piece, FarVideo video, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop) =>
        FootageAsync(site, id, segment, $"masked/{version}/{segment}/{Uri.EscapeDataString(piece)}", video, caller, accesses, purposes, masking, http, stop);

    static async Task<IResult> FootageAsync(
        string site, string id, string segment, string address, FarVideo video, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        string camera = FarVideo.IdOf(site, id);
        if (video.Site(site) is not { } link || !SegmentName.IsCamera(id) || !SegmentName.TryParse(segment, out var named))
            return Problems.NotFound("No such segment", "It was never recorded, or its time is over. Ask for the playlist anew.");
        // Its end counts: a segment over the rim of what may be looked at holds what may.
        if (caller.RefusalOfPast(camera, named.Start + LongestSegment) is { } refusal)
            return refusal;
        if (purposes.Find(PurposeFor.Past, caller, http, named.Start + UsualSegment) is { } missing)
            return missing;
        var viewer = ViewerOf(http, masking, caller, camera);
        if (HttpMethods.IsGet(http.Request.Method))
            await accesses.NoteAsync(caller, http, camera, AccessKindJson.Playback, named.Start, named.Start + UsualSegment, stop);
        return await video.PassAsync(http, link, Address(id, address, null), viewer, stop);
    }

    static async Task<IResult> LiftAsync(
        string site, string id, UnmaskingInputJson input, FarVideo video, Masking masking, Caller caller, Purposes purposes, SecondPerson second, AccessLog accesses, NodeOptions options, HttpContext http,
        CancellationToken stop)
    {
        string camera = FarVideo.IdOf(site, id);
        if (video.Site(site) is null || !SegmentName.IsCamera(id))
            return Problems.NoCamera(camera);
        if (purposes.Find(PurposeFor.Unmask, caller, http, null, input.Purpose) is { } missing)
            return missing;
        var claim = await second.ClaimAsync(caller, http, new(ApprovalAction.Unmask, [camera], null, null, $"for {OptionText.Format(options.Masks.UnmaskFor)}"), stop);
        if (claim.Refusal is { } waits)
            return waits;
        // Written down before it is so; the site writes down what is then seen without them.
        await accesses.UnmaskAsync(caller, http, camera, options.Masks.UnmaskFor, stop);
        return TypedResults.Ok(new UnmaskingJson(masking.Lift(caller, camera).ToDateTimeOffset()));
    }

    static FarViewer ViewerOf(HttpContext http, Masking masking, Caller caller, string camera)
    {
        bool unmasked = masking.Until(caller, camera) is not null;
        if (unmasked)
            http.Features.Set(Unmasked.Sight);
        return FarViewer.Of(http, unmasked);
    }

    static string Address(string id, string rest, HttpContext? http) => $"link/1/video/{Uri.EscapeDataString(id)}/{rest}{http?.Request.QueryString.Value}";
}
