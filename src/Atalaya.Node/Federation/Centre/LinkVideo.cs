using Atalaya.Federation.Links;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Live;
using Atalaya.Node.Playback;

namespace Atalaya.Node.Federation.Centre;

/// <summary>
/// Serves this node's cameras to other nodes over their links. They are shown by the same code as to somebody at the page: with masks, purposes, limits of viewers and a line in the access log;
/// only who asks is another kind of <see cref="Caller"/>. Our centre may see every camera; what a partner may is for who calls this to say.
/// </summary>
sealed class LinkVideo(LiveViews views, LinkBook links, CameraScopes places, TimeProvider clock)
{
    static readonly PermissionSet OfCentre = new(Permission.ViewLive, Permission.ViewPast);

    /// <summary>Somebody at the other node, with what they may here.</summary>
    public Caller CallerOf(Link link, FarViewer viewer, PermissionSet permissions, Scope scope, bool mayUnmasked, string mark = "") => new(
        $"link:{link.Id}", $"{(viewer.Name.Length > 0 ? viewer.Name : "?")} @ {link.Site}, {link.Organisation}", Credential.Peer, $"link:{link.Id}:{viewer.Name}", [new(permissions, null, scope)], places, clock)
    {
        IsUnmasked = viewer.IsUnmasked && mayUnmasked,
        Mark = mark,
    };

    /// <summary>Has a request be one of <paramref name="caller"/>, with the purpose that the other node told: for endpoints of pages that another node asks as well.</summary>
    public static void Admit(HttpContext http, Caller caller, FarViewer viewer)
    {
        http.Features.Set(caller);
        if (viewer.Purpose != Oversight.Purpose.None)
            http.Features.Set(viewer.Purpose);
        http.Request.Headers.Remove(Oversight.Purposes.Header);     // Of the other node's own list of purposes.
    }

    /// <summary>Live pictures as one long answer (<see cref="ResponseLine"/>), until the viewer leaves, the link ends or <paramref name="ended"/>. The request is the caller's: <see cref="Admit"/>.</summary>
    /// <param name="stream">main or sub; a camera without a sub-stream gives its main one.</param>
    /// <param name="first"><see cref="ResponseLine"/>.</param>
    public async Task ServeLiveAsync(
        HttpContext http, Link link, string camera, string? stream, string? audio, string? objects, CancellationToken ended, Func<CancellationToken, Task>? first = null)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(ended);
        using var watched = links.CutWith(link.Id, cut.Cancel);
        await views.ServeNodeAsync(http, camera, stream, audio, objects, cut.Token, first);
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        var video = routes.MapGroup("/link/1/video/{id}");
        video.MapGet("live", (string id, string? stream, string? audio, string? objects, HttpContext http, LinkVideo serving) =>
            serving.ServeLiveAsync(http, http.Peer(), id, stream, audio, objects, CancellationToken.None)).ForCentre();
        video.MapGet("timeline", PlaybackEndpoints.TimelineAsync).ForCentre();
        video.MapGet("playback.m3u8", PlaybackEndpoints.PlaylistAsync).ForCentre();
        video.MapMethods("segments/{name}.mp4", ["GET", "HEAD"], PlaybackEndpoints.SegmentAsync).ForCentre();
        video.MapGet("masked/{version:long}/{segment}/{piece}", PlaybackEndpoints.PieceAsync).ForCentre();
    }

    /// <summary>Answers our centre alone, as the person there for whom it asks. Their right to lift masks was looked at there: it is the same organisation.</summary>
    public static IResult? AdmitCentre(HttpContext http)
    {
        var link = http.Peer();
        if (link.Kind != LinkKind.Centre)
            return Problems.Of(StatusCodes.Status403Forbidden, "Only this site's centre may ask this", "A partner is shown what an agreement and a grant let it.");
        var viewer = FarViewer.Read(http);
        Admit(http, http.RequestServices.GetRequiredService<LinkVideo>().CallerOf(link, viewer, OfCentre, Scope.Organisation, mayUnmasked: true), viewer);
        return null;
    }
}

static class CentreRoutes
{
    /// <summary>For our centre alone, over its link. Who asks is set before the handler's parameters are made, so that handlers of the page's endpoints serve here, too.</summary>
    public static T ForCentre<T>(this T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.ByPeers();
        endpoint.Add(builder =>
        {
            var serve = builder.RequestDelegate!;
            builder.RequestDelegate = http => LinkVideo.AdmitCentre(http) is { } refusal ? refusal.ExecuteAsync(http) : serve(http);
        });
        return endpoint;
    }
}
