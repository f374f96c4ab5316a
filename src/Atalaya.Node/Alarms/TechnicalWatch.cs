using System.Data.Common;

using Atalaya.Cameras;
using Atalaya.Incidents;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Scene;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Alarms;

/// <summary>Something of the node that doesn't work.</summary>
/// <param name="Camera">Empty: the node itself.</param>
/// <param name="Rule">Which watch noticed it.</param>
readonly record struct Condition(string Camera, SceneEventKind Kind, string Rule);

/// <summary>
/// Reports what doesn't work in the node as scene events, so that it takes the way of all alarms: streams, recording, analysis, storage. A condition is reported once it has
/// lasted, and again only after it was over, or when nobody has an open alarm of it any more after a restart.
/// </summary>
sealed class TechnicalWatch(
    SceneEvents scene, Casebook book, CameraRoster roster, CameraView view, Recordings recordings, AnalysisFeeds feeds, AnalysisHost analysis, TimeProvider clock, ILogger<TechnicalWatch> log)
    : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>What is over by then was a hiccup, or the node's own start.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    readonly Dictionary<Condition, (DateTimeOffset Since, bool Told)> _known = [];  // touched only by LookAsync
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Compares what doesn't work now with what was known, and reports what has lasted.</summary>
    public async Task LookAsync(IReadOnlyDictionary<Condition, string> now, CancellationToken stop)
    {
        var at = clock.GetUtcNow();
        foreach (var over in _known.Keys.Where(c => !now.ContainsKey(c)).ToList())
            _known.Remove(over);
        foreach (var (condition, detail) in now)
        {
            if (!_known.TryGetValue(condition, out var known))
                _known[condition] = known = (at, false);
            if (known.Told || at - known.Since < Grace)
                continue;
            if (!await book.ReadAsync(s => s.HasOpenAsync(condition.Camera, condition.Kind, condition.Rule), stop))
            {
                await scene.RecordAsync(new()
                {
                    Id = Guid.CreateVersion7(at),
                    Camera = condition.Camera,
                    At = known.Since,
                    Kind = condition.Kind,
                    Source = SceneEventSource.Node,
                    Rule = condition.Rule,
                    Detail = detail.Length <= 500 ? detail : detail[..500],
                }, stop);
            }

            _known[condition] = known with { Told = true };
        }
    }

    /// <summary>What doesn't work just now, with a sentence each.</summary>
    public IReadOnlyDictionary<Condition, string> Conditions()
    {
        var found = new Dictionary<Condition, string>();
        foreach (var camera in roster.Set.All)
        {
            var status = camera.Status();
            if (status.State is CameraState.Unreachable or CameraState.Unauthorised or CameraState.Misconfigured or CameraState.Connecting)
                found[new(camera.Id, SceneEventKind.StreamLost, "camera")] = status.Reason;
            else if (status.State == CameraState.Running && view.Recording(camera.Config) is { State: RecordingStateJson.Failed } recording)
                found[new(camera.Id, SceneEventKind.RecordingFailed, "recording")] = recording.Reason;
        }

        if (analysis.Status() is { State: AnalysisState.Waiting } waiting)
            found[new("", SceneEventKind.AnalysisBlind, "analysis")] = waiting.Reason;
        foreach (var feed in feeds.Status())
        {
            if (feed.Blind is { Cause: BlindCause.Overload or BlindCause.Unreadable } blind)
                found[new(feed.Camera, SceneEventKind.AnalysisBlind, "analysis")] = blind.Detail;
        }

        var storage = recordings.Caretaker.Status;
        foreach (var volume in storage.Volumes.Where(v => v.Level == StorageLevel.Alarm))
            found[new("", SceneEventKind.StorageTrouble, $"volume {volume.Name}")] = volume.Detail;
        if (storage.Fault is { } fault)
            found[new("", SceneEventKind.StorageTrouble, "caretaker")] = $"Footage is neither removed nor moved: {fault}";
        if (recordings.Archive.Status().StoreFault is { } store)
            found[new("", SceneEventKind.StorageTrouble, "index")] = $"The index can't be written: {store}";
        return found;
    }

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(Every, clock);
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await LookAsync(Conditions(), _stop.Token);
                }
                catch (DbException fault)
                {
                    log.LogWarning(fault, "What doesn't work can't be reported; it is tried again.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}
