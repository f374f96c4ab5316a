using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Health;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;

using Microsoft.Extensions.Options;

namespace Atalaya.Node.Live;

/// <summary>All viewers of live pictures: lets them in, and sends them off when their camera is removed or the node stops.</summary>
sealed class LiveViews : IDisposable
{
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
    readonly Masking _masking;
    readonly MaskedStreams _masked;
    readonly JsonSerializerOptions _json;
    readonly ILogger<LiveViews> _log;
    readonly CancellationToken _stopping;
    readonly ConcurrentDictionary<string, CancellationTokenSource> _cameras = new(StringComparer.Ordinal);
    int _viewers;

    public LiveViews(
        CameraRoster roster, CameraPreviews previews, AnalysisFeeds feeds, NodeOptions options, TimeProvider clock, NodeMeters meters, Watch watch, AccessLog accesses, Purposes purposes, Masking masking, MaskedStreams masked, IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions> json,
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
        _masking = masking;
        _masked = masked;
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

    public async Task ServeAsync(HttpContext http, string id, string? stream, string? audio, string? objects)
    {
        using var line = await AcceptAsync(http);
        await ServeAsync(line, http, _roster.Set, id, stream, audio, objects, caller => caller.Can(Permission.ViewLive, id), CancellationToken.None);
    }

    public async Task ServePreviewAsync(HttpContext http, string id, string? stream, string? audio)
    {
        using var line = await AcceptAsync(http);
        await ServeAsync(line, http, _previews.Set, id, stream, audio, null, caller => caller.Has(Permission.ManageCameras), CancellationToken.None);
    }

    /// <summary>The same for another node, as the one long answer to its request. Who asks is the request's <see cref="Caller"/>, with what the link lets them.</summary>
    /// <param name="ended">When it no longer may.</param>
    /// <param name="first"><see cref="ResponseLine"/>.</param>
    public async Task ServeNodeAsync(HttpContext http, string id, string? stream, string? audio, string? objects, CancellationToken ended, Func<CancellationToken, Task>? first = null)
    {
        using var line = new ResponseLine(http, first);
        await ServeAsync(line, http, _roster.Set, id, stream, audio, objects, caller => caller.Can(Permission.ViewLive, id), ended);
    }

    /// <summary>A page's WebSocket. One that answers no ping for half a minute is gone.</summary>
    public static async Task<SocketLine> AcceptAsync(HttpContext http) =>
        new(await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(15) }));

    async Task ServeAsync(
        LiveLine line, HttpContext http, Atalaya.Cameras.CameraSet cameras, string id, string? stream, string? audio, string? objects, Func<Caller, bool> may, CancellationToken ended)
    {
        // A page can't read the body of a refused upgrade, so refusals are told inside.
        var camera = cameras.Find(id);
        if (camera is null)
        {
            await RefuseAsync(line, "no-camera", $"There is no camera '{Problems.Shown(id)}'.");
            return;
        }

        if (stream is not (null or "main" or "sub") || audio is not (null or "true" or "false") || objects is not (null or "true" or "false"))
        {
            await RefuseAsync(line, "bad-request", "stream must be main or sub, audio and objects true or false.");
            return;
        }

        var kind = stream == "sub" ? StreamKind.Sub : StreamKind.Main;
        if (camera.Config.Url(kind) is null)
        {
            await RefuseAsync(line, "no-stream", "This camera has no sub stream.");
            return;
        }

        if (cameras == _previews.Set && Hidden(camera, http.Caller()) is { } hidden)
        {
            await RefuseAsync(line, "masks", $"This address is that of '{Problems.Shown(hidden)}', which has masks. It is seen as that camera, or by whoever may see it without them.");
            return;
        }

        if (_purposes.Find(PurposeFor.Live, http.Caller(), http, null) is { } missing)
        {
            await RefuseAsync(line, "purpose", missing.ProblemDetails.Detail ?? "");
            return;
        }

        if (line.TakesPlace && Interlocked.Increment(ref _viewers) > _options.MaxViewers)
        {
            Interlocked.Decrement(ref _viewers);
            await RefuseAsync(line, "too-many", $"{_options.MaxViewers} live views are open already (option live.maxViewers). Close some.");
            return;
        }

        try
        {
            var masks = cameras == _previews.Set ? null : _masking.For(http.Caller(), id, http);
            IAsyncDisposable access;
            try
            {
                // Written down before the first picture goes out.
                access = await _accesses.BeginAsync(http.Caller(), http, id, cameras == _previews.Set ? AccessKindJson.Preview : AccessKindJson.Live, CancellationToken.None);
            }
            catch (System.Data.Common.DbException fault)
            {
                _log.LogError(fault, "A live view of {Camera} is refused: it can't be written down who looks", id);
                await RefuseAsync(line, "unavailable", "The node can't write down who looks just now, and shows nothing without that. Try again in a moment.");
                return;
            }

            await using (access)
                await ViewAsync(line, http, cameras, camera, kind, masks is not null, audio == "true", objects == "true", may, ended);
        }
        finally
        {
            if (line.TakesPlace)
                Interlocked.Decrement(ref _viewers);
        }
    }

    public void Dispose()
    {
        foreach (var camera in _cameras.Values)
            camera.Dispose();
    }

    async Task ViewAsync(
        LiveLine line, HttpContext http, Atalaya.Cameras.CameraSet cameras, Atalaya.Cameras.Camera camera, StreamKind kind, bool masked, bool audio, bool objects, Func<Caller, bool> may, CancellationToken ended)
    {
        using var painted = masked ? _masked.Watch(camera, kind, http.Caller().Mark, !http.Caller().IsUnmasked) : null;
        if (masked && painted is null)
        {
            await RefuseAsync(line, "too-many", "As many cameras with masks are shown live as this node paints at once (option masks.streams). Close some.");
            return;
        }

        var removed = _cameras.GetOrAdd(camera.Id, static _ => new()).Token;
        using var left = new CancellationTokenSource();
        using var revoked = new CancellationTokenSource();
        using var masks = new CancellationTokenSource();
        using var failed = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource([removed, left.Token, revoked.Token, masks.Token, failed.Token, ended, _stopping, http.RequestAborted]);
        // Whether masks are between this viewer and the camera is looked at when anything of that changes, and with their rights: lifted masks come back by themselves.
        var sees = http.Caller();
        bool preview = cameras == _previews.Set;
        using var watched = sees.Credential == Credential.Peer ? null : _watch.Add(
            sees,
            now =>
            {
                sees = now;
                Look(camera.Id);
                return may(now);
            },
            revoked.Cancel, shows: true);
        _masking.Changed += Look;
        if (painted is not null)
            painted.Stream.Failed += NotPainted;
        using var unheard = new Unheard(() =>
        {
            _masking.Changed -= Look;
            if (painted is not null)
                painted.Stream.Failed -= NotPainted;
        });
        Look(camera.Id);
        if (painted?.Stream.HasFailed == true)
            NotPainted();

        void NotPainted() => Cancel(failed);

        void Look(string changed)
        {
            if (preview || changed != camera.Id || (_masking.For(sees, camera.Id) is not null) == masked)
                return;
            Cancel(masks);
        }

        static void Cancel(CancellationTokenSource reason)
        {
            try
            {
                reason.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The viewer has left just now.
            }
        }

        // Ended by the close below at the latest.
        var receiving = ReceiveAsync(line, left);
        LiveEnd end;
        using (var session = new LiveSession(
            line, painted?.Stream.Hub ?? camera.Hub(kind), kind, masked, audio, objects ? new(_feeds, camera.Id, kind, () => masked ? _masking.For(sees, camera.Id) : null) : null, _options, _clock, _meters, _json))
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
                    : _stopping.IsCancellationRequested ? LiveEnd.NodeStopping : revoked.IsCancellationRequested ? LiveEnd.Revoked : ended.IsCancellationRequested ? LiveEnd.Ended
                    : masks.IsCancellationRequested ? LiveEnd.MasksChanged : failed.IsCancellationRequested ? LiveEnd.NotPainted : LiveEnd.CameraRemoved;
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
                await CloseAsync(line, WebSocketCloseStatus.NormalClosure, new("removed", "The camera was removed."));
                break;
            case LiveEnd.Revoked:
                await CloseAsync(line, WebSocketCloseStatus.PolicyViolation, new("revoked", "You may no longer see this camera, or have been signed out."));
                break;
            case LiveEnd.Ended:
                await CloseAsync(line, WebSocketCloseStatus.PolicyViolation, new("ended", "What this camera was shown under has ended."));
                break;
            case LiveEnd.MasksChanged:
                await CloseAsync(line, WebSocketCloseStatus.NormalClosure, new("masks", "What you see of this camera has changed. Open it again."));
                break;
            case LiveEnd.NotPainted:
                await CloseAsync(line, WebSocketCloseStatus.InternalServerError, new("masks-unavailable", $"This camera has masks, and they can't be painted just now. Without them nothing is shown. {painted!.Stream.Reason}"));
                break;
            case LiveEnd.NodeStopping:
                await CloseAsync(line, WebSocketCloseStatus.EndpointUnavailable, new("stopping", "The node is being stopped."));
                break;
            case LiveEnd.ViewerLeft when line.IsClosing:
                await CloseAsync(line, WebSocketCloseStatus.NormalClosure, null);
                break;
            default:
                line.Abort();     // A send may hang in it.
                break;
        }

        // A page answers a close at once; one that sleeps must not hold up the node's stop.
        await Task.WhenAny(receiving, Task.Delay(CloseWait, _clock, CancellationToken.None));
        line.Abort();
        await receiving;
    }

    /// <summary>A camera with masks, that the one who asks doesn't see without, behind the same address: its preview would show what they hide.</summary>
    string? Hidden(Atalaya.Cameras.Camera preview, Caller caller) => _roster.All
        .Where(c => Hosts(c.Config).Intersect(Hosts(preview.Config), StringComparer.OrdinalIgnoreCase).Any() && _masking.For(caller, c.Config.Id) is not null)
        .Select(c => c.Config.Name).FirstOrDefault();

    static IEnumerable<string> Hosts(Atalaya.Cameras.CameraConfig config) =>
        ((StreamKind[])[StreamKind.Main, StreamKind.Sub]).Select(config.Url).OfType<Media.Rtsp.RtspUrl>().Select(u => u.Host);

    sealed class Unheard(Action stop) : IDisposable
    {
        public void Dispose() => stop();
    }

    static async Task ReceiveAsync(LiveLine line, CancellationTokenSource left)
    {
        await line.LeftAsync();
        try
        {
            await left.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The session has ended already.
        }
    }

    Task RefuseAsync(LiveLine line, string code, string detail) => CloseAsync(line, WebSocketCloseStatus.PolicyViolation, new(code, detail));

    async Task CloseAsync(LiveLine line, WebSocketCloseStatus status, ErrorMessage? error)
    {
        using var limit = new CancellationTokenSource(CloseWait, _clock);
        try
        {
            if (error is not null)
                await line.SendAsync(LiveFrameKind.Message, JsonSerializer.SerializeToUtf8Bytes(error, _json), limit.Token);
            await line.CloseAsync(status, error?.Code, limit.Token);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            line.Abort();
        }
    }
}
