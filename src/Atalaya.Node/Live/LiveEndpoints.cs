using Atalaya.Node.Api;

namespace Atalaya.Node.Live;

static class LiveEndpoints
{
    public static IServiceCollection AddLive(this IServiceCollection services) => services.AddSingleton<LiveViews>();

    public static void MapLive(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/cameras/{id}/live", async (string id, string? stream, string? audio, HttpContext http, LiveViews views) =>
            {
                if (!http.WebSockets.IsWebSocketRequest)
                {
                    await Problems.Of(StatusCodes.Status400BadRequest, "A WebSocket is needed", "This address speaks WebSocket; open it with ws:// instead of http://.").ExecuteAsync(http);
                    return;
                }

                await views.ServeAsync(http, id, stream, audio);
            })
            .WithName("watchLive").WithTags("live").WithSummary("Live pictures over a WebSocket.")
            .WithDescription("Text messages are JSON with a 'type': init, clock, skipped, break, error. Behind init comes one binary message with the MP4 init segment, then one "
                + "moof+mdat a picture. A new viewer gets the current group of pictures at once. With audio=true AAC sound comes along.")
            .Produces(StatusCodes.Status101SwitchingProtocols).ProducesProblem(StatusCodes.Status400BadRequest);
}
