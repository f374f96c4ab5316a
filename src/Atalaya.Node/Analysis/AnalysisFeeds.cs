using System.Collections.Concurrent;
using System.Threading.Channels;

using Atalaya.Cameras;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Scene;
using Atalaya.Node.Store;

namespace Atalaya.Node.Analysis;

/// <summary>A feed for each camera, as they come, change and go; their settings, their ledger of blindness, and where it moved.</summary>
sealed class AnalysisFeeds : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1), ForgetEvery = TimeSpan.FromHours(1);

    /// <summary>Scene events that wait for the database. More at once is no scene any more; the oldest are dropped, and logged.</summary>
    const int MaxEvents = 1000;

    readonly NodeDatabase _database;
    readonly NodeOptions _options;
    readonly CameraRoster _roster;
    readonly Recordings _recordings;
    readonly AnalysisHost _host;
    readonly SceneEvents _scene;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly BlindLedger _ledger;
    readonly Quarantine _quarantine;
    readonly ConcurrentDictionary<string, AnalysisFeed> _feeds = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, CameraAnalysis> _settings = new(StringComparer.Ordinal);
    readonly Channel<SceneEvent> _events;
    readonly CancellationTokenSource _stop = new();
    Task _ticking = Task.CompletedTask, _recording = Task.CompletedTask;
    MotionHeat? _heat;
    AnalysisStore? _store;
    int _disposed;

    public AnalysisFeeds(
        NodeDatabase database, NodeOptions options, CameraRoster roster, Recordings recordings, AnalysisHost host, SceneEvents scene, TimeProvider clock, ILoggerFactory logs)
    {
        _database = database;
        _options = options;
        _roster = roster;
        _recordings = recordings;
        _host = host;
        _scene = scene;
        _clock = clock;
        _log = logs.CreateLogger("Atalaya.Analysis");
        _ledger = new(clock, _log);
        _quarantine = new(clock);
        _events = Channel.CreateBounded<SceneEvent>(new BoundedChannelOptions(MaxEvents) { FullMode = BoundedChannelFullMode.DropOldest },
            dropped => _log.LogWarning("A scene event of {Camera} couldn't be kept: too many wait.", dropped.Camera));
    }

    public MotionHeat Heat => _heat ?? throw new InvalidOperationException("The node hasn't been started.");
    public BlindLedger Ledger => _ledger;

    /// <summary>Raised for each picture that was looked at, on the loop that reads from the process; must be quick.</summary>
    public event Action<SeenPicture>? Seen;

    public async Task StartAsync(CancellationToken stop)
    {
        _heat = new(Path.Combine(_database.Folder.Path, "motion"), _log);
        _store = new(_database.Source);
        foreach (var (camera, settings) in await _store.SettingsAsync(stop))
            _settings[camera] = settings;
        if (!_options.Analysis.Enabled)
            return;
        await _ledger.StartAsync(_store, stop);
        _roster.Set.Adding += Follow;
        _roster.Set.Removed += OnRemoved;
        _host.Changed += OnHost;
        foreach (var camera in _roster.Set.All)
            Follow(camera);
        _recording = Task.Run(RecordAsync, CancellationToken.None);
        _ticking = Task.Run(TickAsync, CancellationToken.None);
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _roster.Set.Adding -= Follow;
        _roster.Set.Removed -= OnRemoved;
        _host.Changed -= OnHost;
        await _stop.CancelAsync();
        await _ticking;
        await Task.WhenAll(_feeds.Values.Select(f => f.DisposeAsync().AsTask()));
        _events.Writer.Complete();
        await _recording;
        if (_store is not null && _options.Analysis.Enabled)
            await _ledger.DisposeAsync();
        _heat?.Flush();
        _stop.Dispose();
    }

    public CameraAnalysis Settings(string camera) =>
        _settings.GetValueOrDefault(camera) ?? new() { Enabled = _options.Analysis.Cameras, Rate = _options.Analysis.Rate };

    public async Task ChangeAsync(string camera, CameraAnalysis settings, CancellationToken stop)
    {
        await _store!.PutAsync(camera, settings, WallTime.Now(_clock), stop);
        _settings[camera] = settings;
        if (_feeds.TryGetValue(camera, out var feed))
            feed.Change(settings);
    }

    /// <summary>Follows what somebody else has stored.</summary>
    /// <param name="settings">Null: as the options say.</param>
    public void Take(string camera, CameraAnalysis? settings)
    {
        if (settings is null)
            _settings.TryRemove(camera, out _);
        else
            _settings[camera] = settings;
        if (_feeds.TryGetValue(camera, out var feed))
            feed.Change(Settings(camera));
    }

    public IReadOnlyList<FeedStatus> Status() => [.. _feeds.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value.Status())];

    public FeedStatus? Status(string camera) => _feeds.GetValueOrDefault(camera)?.Status();

    /// <summary>Width over height of the pictures that are looked at; 16:9 before the first.</summary>
    public double Aspect(string camera)
    {
        var streams = _roster.Set.Find(camera)?.Status().Streams;
        return streams?.LastOrDefault(s => s.Format is { Height: > 0 })?.Format is { } format ? format.Width / (double)format.Height : 16 / 9.0;
    }

    /// <summary>The last picture of a camera that was looked at.</summary>
    public SeenPicture? Latest(string camera) => _feeds.GetValueOrDefault(camera)?.Latest;

    /// <summary>What someone should look at, a sentence each: the process is down, or cameras get too little.</summary>
    public IEnumerable<string> Complaints()
    {
        var host = _host.Status();
        if (host.State == AnalysisState.Waiting)
            yield return $"Analysis isn't running: {host.Reason}";
        foreach (var feed in Status())
        {
            if (feed.Blind is { Cause: BlindCause.Overload or BlindCause.Unreadable or BlindCause.Quarantined } blind)
                yield return $"{feed.Camera} isn't analysed as it should be: {blind.Detail}";
        }
    }

    void Follow(Camera camera)
    {
        _ledger.Follow(camera.Id);
        _feeds.TryAdd(camera.Id, new(camera, Settings(camera.Id), _host, _quarantine, _ledger, Heat, seen => _events.Writer.TryWrite(seen), picture => Seen?.Invoke(picture), _clock, _log));
    }

    void OnHost(AnalysisStatus status)
    {
        if (status.State != AnalysisState.Waiting)
            return;
        foreach (var feed in _feeds.Values)
            feed.OnProcessEnded(status.Reason);
    }

    void OnRemoved(Camera camera)
    {
        if (_feeds.TryRemove(camera.Id, out var feed))
            _ = feed.DisposeAsync().AsTask();
    }

    async Task TickAsync()
    {
        using var beat = new PeriodicTimer(TickEvery, _clock);
        long forgotten = _clock.GetTimestamp();
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var feed in _feeds.Values)
                    feed.Tick(_options.Analysis.Patience);
                Heat.Flush();
                if (_clock.GetElapsedTime(forgotten) >= ForgetEvery)
                {
                    forgotten = _clock.GetTimestamp();
                    await ForgetAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    /// <summary>Where it moved is kept as long as the footage that shows it, and where there is none, as long as the option says.</summary>
    public async Task ForgetAsync()
    {
        try
        {
            var now = WallTime.Now(_clock);
            foreach (string camera in Heat.Cameras())
            {
                WallTime? oldest = null;
                foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
                {
                    var timeline = await _recordings.Archive.TimelineAsync(camera, stream, now, now + TimeSpan.FromSeconds(1), default, _stop.Token);
                    if (timeline.Oldest is { } first && (oldest is null || first < oldest))
                        oldest = first;
                }

                Heat.Forget(camera, oldest ?? now - _options.Analysis.KeepMotion);
            }

            await _store!.ForgetAsync(now - _options.Analysis.KeepMotion, _stop.Token);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
        {
            _log.LogWarning("Old records of motion couldn't be removed; it is tried again. {Fault}", fault.Message);
        }
    }

    async Task RecordAsync()
    {
        await foreach (var seen in _events.Reader.ReadAllAsync())
        {
            try
            {
                await _scene.RecordAsync(seen, CancellationToken.None);
            }
            catch (System.Data.Common.DbException fault)
            {
                _log.LogError("A scene event of {Camera} couldn't be written: {Fault}", seen.Camera, fault.Message);
            }
        }
    }
}
