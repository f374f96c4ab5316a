using System.Data.Common;

using Atalaya.Cameras;
using Atalaya.Incidents;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
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
/// lasted, and again only after it was over, or when it has no open alarm any more after a restart. Its alarm is told when it is over; closing it is for people.
/// </summary>
sealed class TechnicalWatch(
    SceneEvents scene, Casebook book, CameraRoster roster, CameraView view, Recordings recordings, AnalysisFeeds feeds, AnalysisHost analysis, NodeLog nodeLog, LinkKey link, OwnWitness witness, WitnessRounds rounds, LinkRoom room, TimeProvider clock,
    ILogger<TechnicalWatch> log)
    : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    /// <summary>What is over by then was a hiccup, or the node's own start. What is quiet for so long is over.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    readonly Dictionary<Condition, (DateTimeOffset Since, bool Told)> _known = [];  // touched only by LookAsync
    readonly Dictionary<Guid, DateTimeOffset> _quiet = [];  // alarms of which nothing lasts, since when; touched only by EndAsync
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
            if (!await GoesOnAsync(condition, stop))
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

    /// <summary>Writes which alarms are over: all troubles in them have been for a while. One that ended while the node was down ended when it looked again.</summary>
    public async Task EndAsync(IReadOnlyDictionary<Condition, string> now, CancellationToken stop)
    {
        var at = clock.GetUtcNow();
        var quiet = (await book.ReadAsync(s => s.TroublesAsync(), stop)).Where(IsQuiet).Select(a => a.Key).ToHashSet();
        foreach (var other in _quiet.Keys.Where(id => !quiet.Contains(id)).ToList())
            _quiet.Remove(other);
        foreach (var id in quiet)
            _quiet.TryAdd(id, at);
        if (!_quiet.Values.Any(IsLong))
            return;
        await book.WriteAsync(async session =>
        {
            // Looked at anew: another trouble may have joined a moment ago.
            foreach (var id in (await session.TroublesAsync()).Where(IsQuiet).Select(a => a.Key))
            {
                if (_quiet.TryGetValue(id, out var since) && IsLong(since) && await session.AlarmAsync(id) is { } alarm)
                    await session.SaveAsync(alarm.Over(since));
            }

            return true;
        }, stop);

        bool IsQuiet(IEnumerable<Condition> troubles) => !troubles.Any(now.ContainsKey);
        bool IsLong(DateTimeOffset since) => at - since >= Grace;
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
        foreach (var (link, why) in room.Waiting)
            found[new("", SceneEventKind.StorageTrouble, $"link {link}")] = why;
        if (nodeLog.Fault is { } unwritten)
            found[new("", SceneEventKind.StorageTrouble, "log")] = unwritten;
        if (link.Fault is { } closed)
            found[new("", SceneEventKind.StorageTrouble, "link key")] = closed;
        // Two histories of a log: somebody lies, or a copy was brought back.
        foreach (var forked in witness.States.Where(w => w.Fork is not null))
            found[new("", SceneEventKind.StorageTrouble, $"log {forked.Origin}")] = $"The log {forked.Origin}, which this node witnesses, has two histories. Both checkpoints are kept.";
        foreach (var against in rounds.States.Where(w => w.Contradicts))
            found[new("", SceneEventKind.StorageTrouble, $"witness {against.Witness.Key.Name}")] = $"The witness {against.Witness.Key.Name} knows another history of this node's log. {against.Fault}";
        return found;
    }

    /// <summary>Whether its alarm is open and goes on. One that was over does so only if nobody has taken notice yet: who has, saw the trouble before.</summary>
    Task<bool> GoesOnAsync(Condition condition, CancellationToken stop) => book.WriteAsync(async session =>
    {
        if (await session.OpenAlarmAsync(condition) is not { } alarm)
            return false;
        if (alarm.OverAt is null)
            return true;
        if (alarm.IsWaiting)
            await session.SaveAsync(alarm with { OverAt = null });
        return alarm.IsWaiting;
    }, stop);

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(Every, clock);
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    var now = Conditions();
                    await LookAsync(now, _stop.Token);
                    // Until the volumes were looked at, none is known to be well.
                    if (recordings.Caretaker.Status != StorageStatus.Unknown)
                        await EndAsync(now, _stop.Token);
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
