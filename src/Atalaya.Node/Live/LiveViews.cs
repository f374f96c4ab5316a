using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Health;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;

using Microsoft.Extensions.Options;

namespace Atalaya.Node.Live;

/// <summary>All viewers of live pictures: lets them in, and sends them off when their camera is removed or the node stops.</summary>
sealed class LiveViews : IDisposable
{
    /// <summary>A viewer has nothing to say; what it sends is read for its end only.</summary>
    const int MaxReceived = 1 << 10;

    static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(1);

    readonly CameraRoster _roster;
    readonly CameraPreviews _previews;
    readonly AnalysisFeeds _feeds;
    readonly LiveOptions _options;
    readonly TimeProvider _clock;
    readonly NodeMeters _meters;
    readonly Watch _watch;
    readonly AccessLog _accesses;
    readonly Purposes _purposes;
    readonly JsonSerializerOptions _json;
    readonly ILogger<LiveViews> _log;
    readonly CancellationToken _stopping;
    readonly ConcurrentDictionary<string, CancellationTokenSource> _cameras = new(StringComparer.Ordinal);
    int _viewers;

    public LiveViews(
        CameraRoster roster, CameraPreviews previews, AnalysisFeeds feeds, NodeOptions options, TimeProvider clock, NodeMeters meters, Watch watch, AccessLog accesses, Purposes purposes, IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json,
        IHostApplicationLifetime lifetime, ILogger<LiveViews> log)
    {
        _roster = roster;
        _previews = previews;
        _feeds = feeds;
        _options = options.Live;
        _clock = clock;
        _meters = meters;
        _watch = watch;
        _accesses = accesses;
        _purposes = purposes;
        _json = json.Value.SerializerOptions;
        _log = log;
        _stopping = lifetime.ApplicationStopping;
        meters.ObserveViewers(() => Volatile.Read(ref _viewers));
        roster.Set.Removed += OnRemoved;
        previews.Set.Removed += OnRemoved;

        void OnRemoved(Atalaya.Cameras.Camera camera)
        {
            if (_cameras.TryRemove(camera.Id, out var removed))
                removed.Cancel();
        }
    }

    public Task ServeAsync(HttpContext http, string id, string? stream, string? audio, string? objects) =>
        ServeAsync(http, _roster.Set, id, stream, audio, objects, caller => caller.Can(Permission.ViewLive, id));

    public Task ServePreviewAsync(HttpContext http, string id, string? stream, string? audio) =>
        ServeAsync(http, _previews.Set, id, stream, audio, null, caller => caller.Has(Permission.ManageCameras));

    async Task ServeAsync(HttpContext http, Atalaya.Cameras.CameraSet cameras, string id, string? stream, string? audio, string? objects, Func<Caller, bool> may)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(15) });
        // A page can't read the body of a refused upgrade, so refusals are told inside.
        var camera = cameras.Find(id);
        if (camera is null)
        {
            await RefuseAsync(socket, "no-camera", $"There is no camera '{Problems.Shown(id)}'.");
            return;
        }

        if (stream is not (null or "main" or "sub") || audio is not (null or "true" or "false") || objects is not (null or "true" or "false"))
        {
            await RefuseAsync(socket, "bad-request", "stream must be main or sub, audio and objects true or false.");
            return;
        }

        var kind = stream == "sub" ? StreamKind.Sub : StreamKind.Main;
        if (camera.Config.Url(kind) is null)
        {
            await RefuseAsync(socket, "no-stream", "This camera has no sub stream.");
            return;
        }

        if (_purposes.Find(PurposeFor.Live, http.Caller(), http, null) is { } missing)
        {
            await RefuseAsync(socket, "purpose", missing.ProblemDetails.Detail ?? "");
            return;
        }

        if (Interlocked.Increment(ref _viewers) > _options.MaxViewers)
        {
            Interlocked.Decrement(ref _viewers);
            await RefuseAsync(socket, "too-many", $"{_options.MaxViewers} live views are open already (option live.maxViewers). Close some.");
            return;
        }

        try
        {
            IAsyncDisposable access;
            try
            {
                // Written down before the first picture goes out.
                access = await _accesses.BeginAsync(http.Caller(), http, id, cameras == _previews.Set ? AccessKindJson.Preview : AccessKindJson.Live, CancellationToken.None);
            }
            catch (System.Data.Common.DbException fault)
            {
                _log.LogError(fault, "A live view of {Camera} is refused: it can't be written down who looks", id);
                await RefuseAsync(socket, "unavailable", "The node can't write down who looks just now, and shows nothing without that. Try again in a moment.");
                return;
            }

            await using (access)
                await ViewAsync(socket, http, cameras, camera, kind, audio == "true", objects == "true", may);
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    public void Dispose()
    {
        foreach (var camera in _cameras.Values)
            camera.Dispose();
    }

    async Task ViewAsync(WebSocket socket, HttpContext http, Atalaya.Cameras.CameraSet cameras, Atalaya.Cameras.Camera camera, StreamKind kind, bool audio, bool objects, Func<Caller, bool> may)
    {
        var removed = _cameras.GetOrAdd(camera.Id, static _ => new()).Token;
        using var left = new CancellationTokenSource();
        using var revoked = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(removed, left.Token, revoked.Token, _stopping, http.RequestAborted);
        using var watched = _watch.Add(http.Caller(), may, revoked.Cancel, shows: true);
        // Ended by the close below at the latest.
        var receiving = ReceiveAsync(socket, left);
        LiveEnd end;
        using (var session = new LiveSession(socket, camera.Hub(kind), kind, audio, objects ? new(_feeds, camera.Id, kind) : null, _options, _clock, _meters, _json))
        {
            try
            {
                if (cameras.Find(camera.Id) != camera)
                    throw new OperationCanceledException();     // Removed between being found and being watched.
                await session.RunAsync(stop.Token);
                end = LiveEnd.ViewerLeft;
            }
            catch (OperationCanceledException)
            {
                end = left.IsCancellationRequested || http.RequestAborted.IsCancellationRequested ? LiveEnd.ViewerLeft
                    : _stopping.IsCancellationRequested ? LiveEnd.NodeStopping : revoked.IsCancellationRequested ? LiveEnd.Revoked : LiveEnd.CameraRemoved;
            }
            catch (TimeoutException)
            {
                end = LiveEnd.TooSlow;
            }
            catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException)
            {
                end = LiveEnd.ViewerLeft;
            }
        }

        _log.LogDebug("A viewer of {Camera} {Stream} left: {End}", camera.Id, kind, end);
        switch (end)
        {
            case LiveEnd.CameraRemoved:
                await CloseAsync(socket, WebSocketCloseStatus.NormalClosure, new("removed", "The camera was removed."));
                break;
            case LiveEnd.Revoked:
                await CloseAsync(socket, WebSocketCloseStatus.PolicyViolation, new("revoked", "You may no longer see this camera, or have been signed out."));
                break;
            case LiveEnd.NodeStopping:
                await CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, new("stopping", "The node is being stopped."));
                break;
            case LiveEnd.ViewerLeft when socket.State == WebSocketState.CloseReceived:
                await CloseAsync(socket, WebSocketCloseStatus.NormalClosure, null);
                break;
            default:
                socket.Abort();     // A send may hang in it.
                break;
        }

        // A page answers a close at once; one that sleeps must not hold up the node's stop.
        await Task.WhenAny(receiving, Task.Delay(CloseWait, _clock, CancellationToken.None));
        socket.Abort();
        await receiving;
    }

    /// <summary>Reads until the viewer closes or goes away; nothing else is expected of it.</summary>
    static async Task ReceiveAsync(WebSocket socket, CancellationTokenSource left)
    {
        byte[] buffer = new byte[MaxReceived];
        try
        {
            long received = 0;
            while (socket.State == WebSocketState.Open)
            {
                var message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                received += message.Count;
                if (message.MessageType == WebSocketMessageType.Close || received > 64 * MaxReceived)
                    break;
            }
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It went away without a word.
        }

        try
        {
            await left.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The session has ended already.
        }
    }

    Task RefuseAsync(WebSocket socket, string code, string detail) => CloseAsync(socket, WebSocketCloseStatus.PolicyViolation, new(code, detail));

    async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, ErrorMessage? error)
    {
        using var limit = new CancellationTokenSource(CloseWait, _clock);
        try
        {
            if (error is not null)
                await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(error, _json), WebSocketMessageType.Text, true, limit.Token);
            await socket.CloseOutputAsync(status, error?.Code, limit.Token);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }
}
