using System.Net.WebSockets;

using Microsoft.AspNetCore.Http.Features;

namespace Atalaya.Node.Security;

/// <summary>
/// Over HTTP/2 a WebSocket is asked for with CONNECT (RFC 8441, 5). Behind this, routes and gate know it as the GET that it is over HTTP/1.1, so that nothing is
/// written twice, and no endpoint is open on one of the two ways alone.
/// </summary>
sealed class Http2WebSockets(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } && http.Features.Get<IHttpWebSocketFeature>() is { IsWebSocketRequest: true } socket)
        {
            http.Features.Set<IHttpWebSocketFeature>(new Asked(http, socket));
            http.Request.Method = HttpMethods.Get;
        }

        return next(http);
    }

    sealed class Asked(HttpContext http, IHttpWebSocketFeature socket) : IHttpWebSocketFeature
    {
        public bool IsWebSocketRequest => true;

        public Task<WebSocket> AcceptAsync(WebSocketAcceptContext context)
        {
            http.Request.Method = HttpMethods.Connect;     // The framework looks again.
            return socket.AcceptAsync(context);
        }
    }
}
