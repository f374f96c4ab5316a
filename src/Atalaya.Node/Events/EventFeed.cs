using System.Collections.Concurrent;

using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Checks;
using Atalaya.Node.Exports;
using Atalaya.Node.Footage;
using Atalaya.Node.Scene;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.SignalR;

namespace Atalaya.Node.Events;

/// <summary>What pages listen to. They only listen: it has no methods for them to call.</summary>
sealed class EventsHub(EventFeed feed) : Hub
{
    public override Task OnConnectedAsync()
    {
        feed.Joined();
        return base.OnConnectedAsync();
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        feed.Left();
        return base.OnDisconnectedAsync(exception);
    }
}

/// <param name="Id">The camera's.</param>
public sealed record RecordingChangedJson(string Id, RecordingStatusJson Recording);

/// <summary>
/// Tells the pages what changes: <c>cameraChanged</c>, <c>cameraRemoved</c>, <c>recordingChanged</c>, <c>exportChanged</c>, <c>exportRemoved</c>,
/// <c>archiveCheckChanged</c>, <c>reanalysisChanged</c>, <c>sceneEvent</c>. What changes often is told at most twice a second per camera, and figures that always move (rates, ages) every five seconds.
/// </summary>
sealed class EventFeed(IHubContext<EventsHub> pages, CameraRoster roster, CameraView view, Recordings recordings, ExportJobs exports, ArchiveChecks checks, Reanalyses reanalyses, SceneEvents scene, TimeProvider clock)
    : IHostedService, IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500), FiguresEvery = TimeSpan.FromSeconds(5);

    /// <summary>Scene events that wait to be told; they are told twice a second.</summary>
    const int MaxSceneEvents = 100;

    readonly ConcurrentDictionary<string, byte> _recordingsChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _exportsChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _checksChanged = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, byte> _reanalysesChanged = new(StringComparer.Ordinal);
    readonly ConcurrentQueue<SceneEventJson> _sceneEvents = new();
    readonly Dictionary<string, CameraJson> _told = new(StringComparer.Ordinal);    // touched only by TellAsync
    ITimer? _timer;
    long _figuresAt;
    int _pages, _telling;

    public void Joined() => Interlocked.Increment(ref _pages);

    public void Left() => Interlocked.Decrement(ref _pages);

    public Task StartAsync(CancellationToken stop)
    {
        recordings.Changed += OnRecording;
        exports.Changed += OnExport;
        checks.Changed += OnCheck;
        reanalyses.Changed += OnReanalysis;
        scene.Recorded += OnScene;
        _timer = clock.CreateTimer(_ => _ = TellAsync(), null, Every, Every);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        recordings.Changed -= OnRecording;
        exports.Changed -= OnExport;
        checks.Changed -= OnCheck;
        reanalyses.Changed -= OnReanalysis;
        scene.Recorded -= OnScene;
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    // On the recorder's thread: noted, told later.
    void OnRecording(RecorderStatus status) => _recordingsChanged[status.Camera] = 0;

    void OnExport(ExportJson export) => _exportsChanged[export.Id] = 0;

    void OnCheck(ArchiveCheckJson check) => _checksChanged[check.Id] = 0;

    void OnReanalysis(ReanalysisJson reanalysis) => _reanalysesChanged[reanalysis.Id] = 0;

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
            bool heard = Volatile.Read(ref _pages) > 0;
            bool figures = clock.GetElapsedTime(_figuresAt) >= FiguresEvery;
            if (figures)
                _figuresAt = clock.GetTimestamp();
            if (!heard)
            {
                // A page that joins asks for everything first.
                _told.Clear();
                _recordingsChanged.Clear();
                _exportsChanged.Clear();
                _checksChanged.Clear();
                _reanalysesChanged.Clear();
                _sceneEvents.Clear();
                return;
            }

            bool first = _told.Count == 0;
            var cameras = view.All();
            foreach (var camera in cameras)
            {
                bool known = _told.TryGetValue(camera.Id, out var before);
                if ((!known && !first) || (known && !Same(Steady(camera), Steady(before!))) || (figures && known && !Same(camera, before!)))
                    await pages.Clients.All.SendAsync("cameraChanged", camera);
                else if (known && !figures)
                    continue;
                _told[camera.Id] = camera;
            }

            foreach (string id in _told.Keys.Except(cameras.Select(c => c.Id)).ToArray())
            {
                _told.Remove(id);
                await pages.Clients.All.SendAsync("cameraRemoved", id);
            }

            foreach (string id in _recordingsChanged.Keys)
            {
                _recordingsChanged.TryRemove(id, out _);
                if (roster.Find(id) is { } entry)
                    await pages.Clients.All.SendAsync("recordingChanged", new RecordingChangedJson(id, view.Recording(entry.Config)));
            }

            while (_sceneEvents.TryDequeue(out var seen))
                await pages.Clients.All.SendAsync("sceneEvent", seen);

            foreach (string id in _checksChanged.Keys)
            {
                _checksChanged.TryRemove(id, out _);
                if (checks.Find(id) is { } check)
                    await pages.Clients.All.SendAsync("archiveCheckChanged", check.Check);
            }

            foreach (string id in _reanalysesChanged.Keys)
            {
                _reanalysesChanged.TryRemove(id, out _);
                if (reanalyses.Find(id) is { } reanalysis)
                    await pages.Clients.All.SendAsync("reanalysisChanged", reanalysis);
            }

            foreach (string id in _exportsChanged.Keys)
            {
                _exportsChanged.TryRemove(id, out _);
                if (exports.Find(id) is { } export)
                    await pages.Clients.All.SendAsync("exportChanged", export);
                else
                    await pages.Clients.All.SendAsync("exportRemoved", id);
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
                o.MaximumReceiveMessageSize = 4 << 10;      // Pages send handshakes and pings.
                o.EnableDetailedErrors = false;
            })
            .AddJsonProtocol(o => Api.ApiDocument.Json(o.PayloadSerializerOptions));
        return services.AddStarted<EventFeed>();
    }

    public static void MapEvents(this IEndpointRouteBuilder routes) => routes.MapHub<EventsHub>("/api/events");
}
