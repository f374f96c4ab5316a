using Atalaya.Node.Api;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Live;

static class LiveEndpoints
{
    public static IServiceCollection AddLive(this IServiceCollection services) => services.AddSingleton<LiveViews>();

    public static void MapLive(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/cameras/{id}/live", (string id, string? stream, string? audio, string? objects, HttpContext http, LiveViews views) =>
                WithSocketAsync(http, () => views.ServeAsync(http, id, stream, audio, objects)))
            .NeedsOnCamera(Permission.ViewLive).WithName("watchLive").WithTags("live").WithSummary("Live pictures over a WebSocket.")
            .WithDescription("Text messages are JSON with a 'type': init, clock, skipped, break, error, and with objects=true objects (what was seen in a picture, boxes as fractions) and "
                + "analysis (how it goes, each second). Behind init comes one binary message with the MP4 init segment, then one "
                + "moof+mdat a picture. A new viewer gets the current group of pictures at once. With audio=true AAC sound comes along.")
            .Produces(StatusCodes.Status101SwitchingProtocols).ProducesProblem(StatusCodes.Status400BadRequest);
        routes.MapGet("/api/cameras/previews/{id}/live", (string id, string? stream, string? audio, HttpContext http, LiveViews views) =>
                WithSocketAsync(http, () => views.ServePreviewAsync(http, id, stream, audio)))
            .Needs(Permission.ManageCameras).WithName("watchPreview").WithTags("live").WithSummary("Live pictures of a preview over a WebSocket, as those of a camera.")
            .Produces(StatusCodes.Status101SwitchingProtocols).ProducesProblem(StatusCodes.Status400BadRequest);
    }

    internal static Task WithSocketAsync(HttpContext http, Func<Task> serve) => http.WebSockets.IsWebSocketRequest
        ? serve()
        : Problems.Of(StatusCodes.Status400BadRequest, "A WebSocket is needed", "This address speaks WebSocket; open it with ws:// instead of http://.").ExecuteAsync(http);
}
