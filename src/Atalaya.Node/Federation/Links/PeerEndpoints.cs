using System.Net.WebSockets;

using Atalaya.Federation.Links;
using Atalaya.Node.Api;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Links;

/// <summary>What every node answers to others: joining, messages, tunnels.</summary>
static class PeerEndpoints
{
    static readonly TimeSpan Beat = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(5);

    public static void MapPeers(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/link/1/join", JoinAsync).ByAnyNode();
        routes.MapPost("/link/1/join/open", OpenAsync).ByAnyNode();
        routes.MapPost("/link/1/messages", MessagesAsync).ByPeers();
        routes.MapGet("/link/1/tunnel", TunnelAsync).ByPeers();
    }

    static async Task<Results<Ok<JoinedJson>, ForbidHttpResult, StatusCodeHttpResult>> JoinAsync(JoinJson asked, HttpContext http, Invitations invitations, CancellationToken stop) =>
        asked is { Card: not null, Invitation: not null, Proof: not null, Commitment: not null }
        && await invitations.BeginAsync(http.Features.GetRequiredFeature<LinkConnection>().Pin, http.PeerAddress(), asked, stop) is { } joined
            ? TypedResults.Ok(joined)
            : TypedResults.StatusCode(StatusCodes.Status403Forbidden);

    static async Task<Results<Ok<OpenedJson>, StatusCodeHttpResult>> OpenAsync(OpenedJson opened, HttpContext http, Invitations invitations, CancellationToken stop) =>
        opened is { Invitation: not null, Nonce: not null } && await invitations.OpenAsync(http.Features.GetRequiredFeature<LinkConnection>().Pin, http.PeerAddress(), opened, stop)
            ? TypedResults.Ok(opened)
            : TypedResults.StatusCode(StatusCodes.Status403Forbidden);

    static async Task<Results<JsonHttpResult<LinkAnswerJson>, ProblemHttpResult>> MessagesAsync(HttpContext http, Inbox inbox, LinkFlood flood, LinkFaults faults, CancellationToken stop)
    {
        var peer = http.Peer();
        if (!flood.MayBegin(peer.Id))
        {
            await faults.AddAsync(peer.Id, http.PeerAddress(), "flood", "More requests a second, or at a time, than a node makes.", stop);
            return Problems.Of(StatusCodes.Status429TooManyRequests, "Too many requests", "Wait a second.");
        }

        try
        {
            return await TakeAsync(peer, http, inbox, faults, stop);
        }
        finally
        {
            flood.End(peer.Id);
        }
    }

    static async Task<Results<JsonHttpResult<LinkAnswerJson>, ProblemHttpResult>> TakeAsync(Link peer, HttpContext http, Inbox inbox, LinkFaults faults, CancellationToken stop)
    {
        byte[] body = new byte[(int)Math.Min(http.Request.ContentLength ?? MessageBatch.MaxLength, MessageBatch.MaxLength) + 1];
        int length = await http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, stop);
        if (!MessageBatch.TryRead(body.AsMemory(0, length), out var messages, out string? fault))
        {
            await faults.AddAsync(peer.Id, http.PeerAddress(), "unreadable batch", fault, stop);
            return Problems.Of(StatusCodes.Status400BadRequest, "Not a batch of messages", fault);
        }

        var received = await inbox.ReceiveAsync(peer, http.PeerAddress(), messages, http.Request.Query["old"] == "true", stop);
        return TypedResults.Json(received.Answer, Outbox.Json, statusCode: received.Fault is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }

    static async Task<Results<EmptyHttpResult, ProblemHttpResult>> TunnelAsync(HttpContext http, TunnelPool pool, IHostApplicationLifetime life, CancellationToken stop)
    {
        if (!http.WebSockets.IsWebSocketRequest)
            return Problems.Of(StatusCodes.Status400BadRequest, "Not a WebSocket", "A tunnel is a WebSocket.");
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = Beat, KeepAliveTimeout = Silence });
        await using var stream = WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, life.ApplicationStopping);
        await pool.OfferAsync(http.Peer().Id, stream, ended.Token);
        socket.Abort();
        return TypedResults.Empty;
    }
}
