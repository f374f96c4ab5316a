using System.Data.Common;
using System.Threading.Channels;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Incidents;
using Atalaya.Node.Notifications;
using Atalaya.Node.Scene;

using Channel = System.Threading.Channels.Channel;

namespace Atalaya.Node.Alarms;

/// <summary>Between which two steps of the route a test may cut.</summary>
enum RouteStep
{
    /// <summary>A waiting event was read.</summary>
    Read,
    Decided,

    /// <summary>The alarm is written, not committed.</summary>
    AlarmWritten,
    IncidentWritten,

    /// <summary>All is written, the event waits no longer; not committed.</summary>
    EventWritten,
    Committed,
}

/// <summary>
/// From scene events to alarms and incidents. An event is written as waiting; it is decided, and the alarm, the incident and the event itself are written, in one transaction. Whatever
/// is cut off, and wherever, it waits still or is done: nothing is lost and nothing done twice.
/// </summary>
sealed class AlarmRoute(Casebook book, Standing standing, Channels channels, SceneEvents scene, CameraRoster roster, TimeProvider clock, ILogger<AlarmRoute> log) : IHostedService, IAsyncDisposable
{
    /// <summary>Events of one transaction. 50: others want to write as well, and each waits for its last one.</summary>
    const int Batch = 50;

    /// <summary>What a signal missed, and what a failed database held up, is looked for so often.</summary>
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // One place: a second signal, while one waits, says nothing new.
    readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;
    bool _complained;   // touched only by RunAsync

    /// <summary>For tests: called between each two steps; what it throws cuts the route there.</summary>
    public Action<RouteStep>? Passing { get; set; }

    public Task StartAsync(CancellationToken stop)
    {
        scene.Recorded += OnRecorded;
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        scene.Recorded -= OnRecorded;
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Decides what waits, oldest arrival first.</summary>
    /// <returns>How many; fewer than a batch: none is left.</returns>
    public async Task<int> DecideAsync(CancellationToken stop)
    {
        var waiting = await WaitingAsync(stop);
        if (waiting.Count == 0)
            return 0;
        try
        {
            await DecideAsync(waiting, stop);
        }
        catch (Exception fault) when (fault is not (DbException or OperationCanceledException))
        {
            // One of them is beyond us. One by one, so that it stands alone.
            foreach (var row in waiting)
                await DecideAloneAsync(row, stop);
        }

        return waiting.Count;
    }

    void OnRecorded(SceneEvent _) => _signals.Writer.TryWrite(true);

    async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                while (await DecideAsync(_stop.Token) == Batch)
                {
                }

                _complained = false;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                using var timer = clock.CreateTimer(static l => Cancel((CancellationTokenSource)l!), limit, Look, Timeout.InfiniteTimeSpan);
                await _signals.Reader.ReadAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // Time to look, or to stop.
            }
            catch (Exception fault)
            {
                if (!_complained)
                    log.LogError(fault, "Scene events can't be decided; they wait, and it is tried again every second.");
                _complained = true;
                await Task.Delay(Look, clock, _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // A signal came first.
        }
    }

    Task<IReadOnlyList<SceneEventStore.Row>> WaitingAsync(CancellationToken stop) => book.ReadAsync<IReadOnlyList<SceneEventStore.Row>>(
        async session => [.. await session.QueryAsync<SceneEventStore.Row>($"{SceneEventStore.Columns} where pending = 1 order by arrived, id limit @Batch", new { Batch })], stop);

    async Task DecideAloneAsync(SceneEventStore.Row row, CancellationToken stop)
    {
        try
        {
            await DecideAsync([row], stop);
        }
        catch (Exception fault) when (fault is not (DbException or OperationCanceledException))
        {
            log.LogError(fault, "Scene event {Event} of {Camera} can't be decided and stays without an alarm. This is a fault in the node.", row.Id, row.Camera);
            await book.WriteAsync(session => session.UndecidableAsync(row.Id), stop);
        }
    }

    async Task DecideAsync(IReadOnlyList<SceneEventStore.Row> waiting, CancellationToken stop)
    {
        await book.WriteAsync(async session =>
        {
            // Orders of this transaction: a decision and what somebody changed a moment ago don't pass each other.
            var orders = await standing.ReadAsync(session);
            foreach (var row in waiting)
                await DecideAsync(session, orders, SceneEventStore.Read(row));
            return true;
        }, stop);
        Pass(RouteStep.Committed);
    }

    async Task DecideAsync(CaseSession session, StandingOrders orders, SceneEvent seen)
    {
        Pass(RouteStep.Read);
        // Another one may have decided it between our look and our transaction.
        if (await session.FirstAsync<long?>("select pending from scene_events where id = @id", new { id = CaseSession.Written(seen.Id) }) != 1)
            return;
        var policy = orders.Policy.Policy;
        var at = WallTime.From(seen.At);
        var recent = await session.RecentAsync(policy.Neighbourhood(seen.Camera), at - policy.Reach, at + policy.Reach);
        var decision = policy.Decide(seen, orders.Situation(recent));
        Pass(RouteStep.Decided);
        switch (decision.Verdict)
        {
            case AlarmVerdict.Raised:
                var now = clock.GetUtcNow();
                var alarm = Alarm.Raise(seen, decision.Severity!.Value, decision.Type!.Value, decision.Clause!, now, policy.AcknowledgeWithin(decision.Severity.Value));
                if (decision.OpensIncident)
                    alarm = alarm with { Incident = await OpenAsync(session, policy, alarm, recent, now) };
                Pass(RouteStep.IncidentWritten);
                await session.SaveAsync(alarm);
                await session.SaveCamerasAsync(alarm);
                await channels.EnqueueAsync(session, alarm, NotificationOccasion.Raised);
                break;
            case AlarmVerdict.Merged or AlarmVerdict.Counted:
                var before = recent.Single(a => a.Id == decision.Alarm);
                var joined = before.Join(seen, decision.Severity!.Value);
                await session.SaveAsync(joined);
                if (joined.Cameras.Count != before.Cameras.Count || joined.At != before.At)
                    await session.SaveCamerasAsync(joined);
                break;
        }

        Pass(RouteStep.AlarmWritten);
        await session.DecidedAsync(decision);
        Pass(RouteStep.EventWritten);
    }

    /// <summary>A new incident, or that of an alarm of the same type close by which still goes on.</summary>
    async Task<Guid> OpenAsync(CaseSession session, AlarmPolicy policy, Alarm alarm, IReadOnlyList<Alarm> recent, DateTimeOffset now)
    {
        foreach (var id in recent.Where(a => a.Type == alarm.Type && a.Incident is not null).OrderByDescending(a => a.LastAt).Select(a => a.Incident!.Value).Distinct())
        {
            if (await session.IncidentAsync(id) is { IsOpen: true } goesOn
                && await session.AppendAsync(goesOn, new AlarmLinked(alarm.Id) { By = IncidentEvent.ByPolicy, At = now }) is { Refusal: IncidentRefusal.None })
            {
                return id;
            }
        }

        string title = roster.Find(alarm.Camera)?.Config.Name is { Length: > 0 } name ? name : alarm.Camera.Length > 0 ? alarm.Camera : alarm.Rule;
        var opened = new Opened(
            Guid.CreateVersion7(now), alarm.Type, alarm.Severity, title.Length <= Incident.MaxName ? title : title[..Incident.MaxName], policy.ChecklistOf(alarm.Type),
            now + policy.ResolveWithin(alarm.Severity))
        { By = IncidentEvent.ByPolicy, At = now };
        var (incident, _) = await session.AppendAsync(null, opened);
        await session.AppendAsync(incident, new AlarmLinked(alarm.Id) { By = IncidentEvent.ByPolicy, At = now });
        return opened.Incident;
    }

    void Pass(RouteStep step) => Passing?.Invoke(step);
}
