using System.Net;
using System.Net.Sockets;

using Atalaya.Evidence;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.Features;

namespace Atalaya.Node.Federation.Links;

/// <summary>A connection that came over a link: from who showed this key, or through a tunnel from the node that was dialled.</summary>
/// <param name="Pin">Digest of the key on the other end.</param>
sealed record LinkConnection(Digest Pin);

/// <summary>Who asks over a link.</summary>
sealed record Peer(Link Link);

static class PeerExtensions
{
    /// <summary>The link that a request came over; only in endpoints that are <see cref="ByPeers"/>.</summary>
    public static Link Peer(this HttpContext http) => http.Features.GetRequiredFeature<Peer>().Link;

    /// <summary>Answered only to nodes with an active link, on link connections. In no API document.</summary>
    public static T ByPeers<T>(this T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new Access(AccessKind.Peer, Programs: true)));
        endpoint.ExcludeFromDescription();
        return endpoint;
    }

    /// <summary>Answered to whoever shows a key on a link connection: to join.</summary>
    public static T ByAnyNode<T>(this T endpoint)
        where T : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new Access(AccessKind.AnyNode, Programs: true)));
        endpoint.ExcludeFromDescription();
        return endpoint;
    }

    /// <summary>What runs under it may still look at it until it ends.</summary>
    public static void DisposeAfter(this CancellationTokenSource stop, Task task) =>
        _ = task.ContinueWith(_ => stop.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>For what is written down.</summary>
    public static string PeerAddress(this HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "tunnel";

    /// <summary>Small things must not wait for more to come, and a connection whose other end is gone must be found out.</summary>
    public static void SetUp(this Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }
}

/// <summary>
/// First of all: what comes over a link reaches only what is for other nodes, and what is for other nodes is reached only over a link.
/// </summary>
sealed class LinkGuard(RequestDelegate next, LinkBook links, LinkRate rate)
{
    /// <summary>Answers that are large: what else is asked between nodes is as small as it is urgent.</summary>
    static readonly PathString[] Bulk = ["/link/1/files", "/link/1/video", "/link/1/grants"];

    public async Task InvokeAsync(HttpContext http)
    {
        bool isForNodes = http.Request.Path.StartsWithSegments("/link");
        var connection = http.Features.Get<LinkConnection>();
        if (isForNodes != connection is not null)
        {
            http.Response.StatusCode = (int)HttpStatusCode.NotFound;
            return;
        }

        if (connection is not null && links.FindByPin(connection.Pin) is { } link)
        {
            http.Features.Set(new Peer(link));
            if (rate.IsLimited && Bulk.Any(b => http.Request.Path.StartsWithSegments(b)))
                http.Response.Body = new RatedBody(http.Response.Body, rate, link.Id);
        }

        await next(http);
    }
}
