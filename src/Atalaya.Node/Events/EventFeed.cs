using System.Collections.Concurrent;

using Atalaya.Node.Analysis;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Checks;
using Atalaya.Node.Exports;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Masks;
using Atalaya.Node.Packages;
using Atalaya.Node.Scene;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.SignalR;

namespace Atalaya.Node.Events;

/// <summary>What pages listen to. All that they say is which incident they have open.</summary>
sealed class EventsHub(EventFeed feed, Presence presence) : Hub
{
    /// <param name="incident">Null: none any more.</param>
    public Task Attend(Guid? incident)
    {
        string connection = Context.ConnectionId;   // Asked for later, when this hub is gone.
        return presence.AttendAsync(connection, () => feed.CallerOf(connection), incident, Context.ConnectionAborted);
    }

    public override Task OnConnectedAsync()
    {
        feed.Joined(Context.ConnectionId, Context.GetHttpContext()?.Caller() ?? Caller.Nobody, Context.Abort);
        return base.OnConnectedAsync();
    }

    public override async Task OnDisconnectedAsync(Exception? exception)
    {
        feed.Left(Context.ConnectionId);
        await presence.LeaveAsync(Context.ConnectionId, CancellationToken.None);
        await base.OnDisconnectedAsync(exception);
    }
}

/// <param name="Id">The camera's.</param>
public sealed record RecordingChangedJson(string Id, RecordingStatusJson Recording);

/// <summary>
/// Tells the pages what changes: <c>cameraChanged</c>, <c>cameraRemoved</c>, <c>recordingChanged</c>, <c>exportChanged</c>, <c>exportRemoved</c>,
/// <c>packageChanged</c>, <c>packageRemoved</c>, <c>archiveCheckChanged</c>, <c>reanalysisChanged</c>, <c>approvalChanged</c>, <c>masksChanged</c>, <c>sceneEvent</c>. What changes often is told at most twice a second per camera, and figures that always move (rates, ages) every five seconds.
/// Each page hears only what its user may see.
/// </summary>
sealed class EventFeed(IHubContext<EventsHub> pages, CameraRoster roster, CameraView view, Recordings recordings, ExportJobs exports, PackageJobs packages, ArchiveChecks checks, Reanalyses reanalyses, SceneEvents scene, SecondPerson second, Masking masking, Watch watch, TimeProvider clock)
    : IHostedService, IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500), FiguresEvery = TimeSpan.FromSeconds(5);

    /// <summary>Scene events that wait to be told; they are told twice a second.</summary>
    const int MaxSceneEvents = 100;

    readonly ConcurrentDictionary<string, byte> _recordingsChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _exportsChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _packagesChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _checksChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _reanalysesChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Approval> _approvalsChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _masksChanged = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<SceneEventJson> _sceneEvents = new();
    readonly Dictionary<string, CameraJson> _told = new(StringComparer.Ordinal);    // touched only by TellAsync
    readonly ConcurrentDictionary<string, Listener> _listeners = new(StringComparer.Ordinal);
    ITimer? _timer;
    long _figuresAt;
    int _telling;

    /// <param name="end">Cuts the connection: who listens was signed out.</param>
    public void Joined(string connection, Caller caller, Action end)
    {
        var listener = new Listener { Caller = caller };
        _listeners[connection] = listener;
        listener.Watched = watch.Add(
            caller,
            now =>
            {
                listener.Caller = now;
                return true;
            },
            end, shows: false);
    }

    public void Left(string connection)
    {
        if (_listeners.TryRemove(connection, out var listener))
            listener.Watched?.Dispose();
    }

    /// <summary>Who is at the other end, with the rights of the moment.</summary>
    public Caller CallerOf(string connection) => _listeners.TryGetValue(connection, out var listener) ? listener.Caller : Caller.Nobody;

    /// <summary>The pages whose users may hear something.</summary>
    IClientProxy To(Func<Caller, bool> may) => pages.Clients.Clients([.. _listeners.Where(l => may(l.Value.Caller)).Select(l => l.Key)]);

    public Task StartAsync(CancellationToken stop)
    {
        recordings.Changed += OnRecording;
        exports.Changed += OnExport;
        packages.Changed += OnPackage;
        checks.Changed += OnCheck;
        reanalyses.Changed += OnReanalysis;
        scene.Recorded += OnScene;
        second.Changed += OnApproval;
        masking.Changed += OnMasks;
        _timer = clock.CreateTimer(_ => _ = TellAsync(), null, Every, Every);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        recordings.Changed -= OnRecording;
        exports.Changed -= OnExport;
        packages.Changed -= OnPackage;
        checks.Changed -= OnCheck;
        reanalyses.Changed -= OnReanalysis;
        scene.Recorded -= OnScene;
        second.Changed -= OnApproval;
        masking.Changed -= OnMasks;
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    // On the recorder's thread: noted, told later.
    void OnRecording(RecorderStatus status) => _recordingsChanged[status.Camera] = 0;

    void OnExport(ExportJson export) => _exportsChanged[export.Id] = 0;

    void OnPackage(string id) => _packagesChanged[id] = 0;

    void OnCheck(ArchiveCheckJson check) => _checksChanged[check.Id] = 0;

    void OnReanalysis(ReanalysisJson reanalysis) => _reanalysesChanged[reanalysis.Id] = 0;

    void OnApproval(Approval approval) => _approvalsChanged[approval.Id] = approval;

    void OnMasks(string camera) => _masksChanged[camera] = 0;

    // A flood is told in part: a page asks for the list when it wants them all.
    void OnScene(Atalaya.Incidents.SceneEvent seen)
    {
        _sceneEvents.Enqueue(SceneEventJson.Of(seen));
        while (_sceneEvents.Count > MaxSceneEvents && _sceneEvents.TryDequeue(out _))
        {
        }
    }

    async Task TellAsync()
    {
        if (Interlocked.Exchange(ref _telling, 1) == 1)
            return;     // The last round still sends.
        try
        {
            bool heard = !_listeners.IsEmpty;
            bool figures = clock.GetElapsedTime(_figuresAt) >= FiguresEvery;
            if (figures)
                _figuresAt = clock.GetTimestamp();
            if (!heard)
            {
                // A page that joins asks for everything first.
                _told.Clear();
                _recordingsChanged.Clear();
                _exportsChanged.Clear();
                _packagesChanged.Clear();
                _checksChanged.Clear();
                _reanalysesChanged.Clear();
                _approvalsChanged.Clear();
                _masksChanged.Clear();
                _sceneEvents.Clear();
                return;
            }

            bool first = _told.Count == 0;
            var cameras = view.All();
            foreach (var camera in cameras)
            {
                bool known = _told.TryGetValue(camera.Id, out var before);
                if ((!known && !first) || (known && !Same(Steady(camera), Steady(before!))) || (figures && known && !Same(camera, before!)))
                    await TellCameraAsync(camera);
                else if (known && !figures)
                    continue;
                _told[camera.Id] = camera;
            }

            foreach (string id in _told.Keys.Except(cameras.Select(c => c.Id)).ToArray())
            {
                _told.Remove(id);
                await To(c => c.Sees(id)).SendAsync("cameraRemoved", id);
            }

            foreach (string id in _recordingsChanged.Keys)
            {
                _recordingsChanged.TryRemove(id, out _);
                if (roster.Find(id) is { } entry)
                    await To(c => c.Sees(id)).SendAsync("recordingChanged", new RecordingChangedJson(id, view.Recording(entry.Config)));
            }

            while (_sceneEvents.TryDequeue(out var seen))
                await To(c => c.Can(Permission.ViewLive, seen.Camera) || c.Can(Permission.ViewPast, seen.Camera)).SendAsync("sceneEvent", seen);

            foreach (string id in _checksChanged.Keys)
            {
                _checksChanged.TryRemove(id, out _);
                if (checks.Find(id) is { } check)
                    await To(c => c.Has(Permission.ManageStorage)).SendAsync("archiveCheckChanged", check.Check);
            }

            foreach (string id in _reanalysesChanged.Keys)
            {
                _reanalysesChanged.TryRemove(id, out _);
                if (reanalyses.Find(id) is { } reanalysis)
                    await To(c => Analysis.ReanalysisEndpoints.IsTheirs(reanalysis, c)).SendAsync("reanalysisChanged", reanalysis);
            }

            foreach (string id in _approvalsChanged.Keys)
            {
                if (_approvalsChanged.TryRemove(id, out var approval))
                    await To(c => ApprovalEndpoints.IsFor(approval, c)).SendAsync("approvalChanged", ApprovalJson.Of(approval));
            }

            foreach (string id in _masksChanged.Keys)
            {
                // Asked for again, because each sees them in their own way.
                if (_masksChanged.TryRemove(id, out _))
                    await To(c => c.Sees(id)).SendAsync("masksChanged", id);
            }

            foreach (string id in _exportsChanged.Keys)
            {
                _exportsChanged.TryRemove(id, out _);
                if (exports.Find(id) is { } export)
                    await To(c => ExportEndpoints.IsTheirs(export, c)).SendAsync("exportChanged", export);
                else
                    await To(c => c.HasAnywhere(Permission.Export)).SendAsync("exportRemoved", id);
            }

            foreach (string id in _packagesChanged.Keys)
            {
                _packagesChanged.TryRemove(id, out _);
                if (packages.Find(id) is { } package)
                    await To(c => PackageEndpoints.IsTheirs(package, c)).SendAsync("packageChanged", package);
                else
                    await To(c => c.HasAnywhere(Permission.Export)).SendAsync("packageRemoved", id);
            }
        }
        catch (InvalidOperationException)
        {
            // The node hasn't quite started, or is stopping.
        }
        finally
        {
            Volatile.Write(ref _telling, 0);
        }
    }

    async Task TellCameraAsync(CameraJson camera)
    {
        // Two readings at most: with what leads to it, for who manages it, and without.
        await To(c => c.Can(Permission.ManageCameras, camera.Id)).SendAsync("cameraChanged", camera);
        await To(c => c.Sees(camera.Id) && !c.Can(Permission.ManageCameras, camera.Id)).SendAsync("cameraChanged", CameraView.For(camera, Caller.Nobody));
    }

    sealed class Listener
    {
        public required Caller Caller { get; set; }     // Set by the watch, read when telling; the old or the new one.
        public IDisposable? Watched { get; set; }
    }

    /// <summary>Without what moves all the time.</summary>
    static CameraJson Steady(CameraJson camera) => camera with
    {
        Onvif = camera.Onvif is { Status: { } onvif } ? camera.Onvif with { Status = onvif with { Events = 0, ClockReadAt = null } } : camera.Onvif,
        Status = camera.Status with { Streams = [.. camera.Status.Streams.Select(s => s with { Fps = null, Bitrate = null, LastUnitAt = null, PacketsLost = 0 })] },
    };

    static readonly StreamStatusJson[] None = [];

    // Lists compare by reference in records.
    static bool Same(CameraJson a, CameraJson b) =>
        a with { Status = a.Status with { Streams = None } } == b with { Status = b.Status with { Streams = None } } && a.Status.Streams.SequenceEqual(b.Status.Streams);
}

static class EventsFeature
{
    public static IServiceCollection AddEvents(this IServiceCollection services)
    {
        services.AddSignalR(o =>
            {
                o.MaximumReceiveMessageSize = 4 << 10;      // Pages send handshakes, pings and ids.
                o.EnableDetailedErrors = false;
            })
            .AddJsonProtocol(o => Api.ApiDocument.Json(o.PayloadSerializerOptions));
        return services.AddSingleton<Presence>().AddStarted<EventFeed>();
    }

    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        // No other way of travelling: a WebSocket keeps the request it came by, and with it who asked.
        routes.MapHub<EventsHub>("/api/events", o => o.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets).SignedIn();
}
