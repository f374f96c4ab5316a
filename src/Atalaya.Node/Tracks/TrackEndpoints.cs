using System.ComponentModel;

using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Tracks;

/// <summary>A stretch of a camera's tracks.</summary>
sealed record TracksQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from, at most an hour. Required.")]
    public string? To { get; init; }
}

static class TrackEndpoints
{
    /// <summary>One answer holds an hour at most; who wants a day asks 24 times.</summary>
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public static IServiceCollection AddTracks(this IServiceCollection services) => services.AddStarted<TrackKeeper>();

    public static void MapTracks(this IEndpointRouteBuilder routes)
    {
        var tracks = routes.MapGroup("/api/cameras/{id}").WithTags("analysis");
        tracks.MapGet("tracks", Get).NeedsOnCamera(Permission.ViewPast).WithName("getTracks").WithSummary("What was seen and followed in a stretch, picture by picture.")
            .Produces<TrackPicturesJson>().Fails(400, 404);
        tracks.MapGet("tracks.xml", GetXmlAsync).NeedsOnCamera(Permission.ViewPast).WithName("getTracksXml").WithSummary("The same as an ONVIF metadata stream (tt:MetadataStream).")
            .WithDescription("Objects with box and class, frame by frame, in ONVIF's coordinates. Nothing about faces, plates or identities.")
            .Produces<string>(StatusCodes.Status200OK, OnvifMetadata.ContentType).Fails(400, 404);
    }

    static IResult Get(string id, [AsParameters] TracksQuery query, TrackKeeper keeper, CameraRoster roster, Recordings recordings, Masking masking, Caller caller)
    {
        var masks = masking.For(caller, id);
        if (Check(id, query, keeper, roster, recordings, caller, out var stretch) is { } problem)
            return problem;
        var pictures = new List<TrackPictureJson>();
        var unwatched = new List<TrackAbsenceJson>();
        var last = stretch.From;
        foreach (var picture in keeper.Store.Read(id, stretch.From, stretch.To).SelectMany(b => b.Pictures))
        {
            if (picture.At < last || picture.At >= stretch.To)
                continue;
            Missing(last, picture.At);
            last = picture.At;
            pictures.Add(new(picture.At.Microseconds / 1000.0, [.. picture.Tracks.Where(t => masks?.Hides(t.Box) != true).Select(Of)]));
        }

        Missing(last, stretch.To);
        return TypedResults.Ok(new TrackPicturesJson(pictures, unwatched));

        void Missing(WallTime from, WallTime to)
        {
            if (to - from > RuleTrial.Unwatched)
                unwatched.Add(new(from.ToDateTimeOffset(), to.ToDateTimeOffset()));
        }
    }

    static async Task<IResult> GetXmlAsync(string id, [AsParameters] TracksQuery query, TrackKeeper keeper, CameraRoster roster, Recordings recordings, Masking masking, Caller caller, HttpContext http, CancellationToken stop)
    {
        if (Check(id, query, keeper, roster, recordings, caller, out var stretch) is { } problem)
            return problem;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{id}-{stretch.From.ToDateTimeOffset():yyyyMMdd'T'HHmmss'Z'}.xml\"";
        http.Response.ContentType = OnvifMetadata.ContentType;
        await OnvifMetadata.WriteAsync(http.Response.Body, Seen(keeper.Store.Read(id, stretch.From, stretch.To), masking.For(caller, id)), stretch.From, stretch.To, stop);
        return Results.Empty;
    }

    // A camera that was removed can still be looked back at.
    static IResult? Check(string id, TracksQuery query, TrackKeeper keeper, CameraRoster roster, Recordings recordings, Caller caller, out Stretch stretch)
    {
        stretch = default;
        if (!SegmentName.IsCamera(id) || (roster.Find(id) is null && !keeper.Store.Cameras().Contains(id) && !recordings.Archive.Knows(id)))
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        return Stretch.TryRead(new() { From = query.From, To = query.To }, Longest, errors, out stretch) ? caller.RefusalOfPast(id, stretch.From) : errors.ToProblem();
    }

    /// <summary>Without what masks hide from the one who asks.</summary>
    static IEnumerable<TrackBlock> Seen(IEnumerable<TrackBlock> blocks, CameraMasks? masks) => masks is null
        ? blocks
        : blocks.Select(b => b with { Pictures = [.. b.Pictures.Select(p => p with { Tracks = [.. p.Tracks.Where(t => !masks.Hides(t.Box))] })] });

    internal static TrackJson Of(KeptTrack track) => new(
        track.Id, track.Class, [Short(track.Box.X), Short(track.Box.Y), Short(track.Box.Width), Short(track.Box.Height)], MathF.Round(track.Score, 2), track.Coasting);

    internal static TrackJson Of(SeenTrack track) => new(
        track.Id, track.Class, [Short(track.Box.X), Short(track.Box.Y), Short(track.Box.Width), Short(track.Box.Height)], MathF.Round(track.Score, 2), track.Coasting);

    // A tenth of a pixel: the rest is only length.
    internal static float Short(float fraction) => MathF.Round(fraction, 4);
}
