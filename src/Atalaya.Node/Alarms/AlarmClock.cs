using System.Data.Common;

using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Incidents;
using Atalaya.Node.Notifications;
using Atalaya.Node.Options;

namespace Atalaya.Node.Alarms;

/// <summary>Escalates what nobody did in time, and forgets what was closed long ago.</summary>
sealed class AlarmClock(Casebook book, Standing standing, Channels channels, NodeOptions options, TimeProvider clock, ILogger<AlarmClock> log) : IHostedService, IAsyncDisposable
{
    /// <summary>After so many escalations nobody is left to be told.</summary>
    const int MostLevels = 10;

    const int Batch = 100;

    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), ForgetEvery = TimeSpan.FromHours(1);

    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;
    bool _complained;   // touched only by RunAsync

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

    /// <summary>Escalates all whose target has passed. A target is written with the alarm or incident: after a stop it is looked at late, never forgotten.</summary>
    public async Task EscalateAsync(CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        // Looked at without a transaction first: most of the time there is nothing.
        bool any = await book.ReadAsync(async s => (await s.OverdueAlarmsAsync(WallTime.From(now), 1)).Count > 0 || (await s.OverdueIncidentsAsync(WallTime.From(now), 1)).Count > 0, stop);
        if (!any)
            return;
        await book.WriteAsync(async session =>
        {
            var policy = standing.Orders.Policy.Policy;
            foreach (var alarm in await session.OverdueAlarmsAsync(WallTime.From(now), Batch))
            {
                var target = alarm.Level + 1 < MostLevels ? policy.AcknowledgeWithin(alarm.Severity) : null;
                var (next, step, _) = alarm.Apply(new(AlarmActKind.Escalate, AlarmAct.Clock, now) { To = policy.EscalateTo(alarm.Severity, alarm.Level + 1) }, target);
                await session.SaveAsync(next, step);
                await channels.EnqueueAsync(session, next, NotificationOccasion.Escalated);
            }

            foreach (var line in await session.OverdueIncidentsAsync(WallTime.From(now), Batch))
            {
                if (await session.IncidentAsync(line.Id) is not { } incident)
                    continue;
                var due = incident.Level + 1 < MostLevels ? now + policy.ResolveWithin(incident.Severity) : null;
                await session.AppendAsync(incident, new IncidentEscalated(policy.EscalateTo(incident.Severity, incident.Level + 1), due, "Its target has passed.") { By = AlarmAct.Clock, At = now });
            }

            return true;
        }, stop);
    }

    /// <summary>Removes alarms that were closed long ago and belong to no incident (option <c>alarms.keep</c>).</summary>
    /// <returns>How many went; some thousands at most at once.</returns>
    public Task<int> ForgetAsync(CancellationToken stop)
    {
        const string Old = "(select id from alarms where closed_at < @before and incident is null order by closed_at limit 2000)";
        var before = new { before = (WallTime.Now(clock) - options.Alarms.Keep).Microseconds };
        return book.WriteAsync(async session =>
        {
            await session.WriteAsync($"delete from alarm_steps where alarm in {Old}", before);
            await session.WriteAsync($"delete from alarm_cameras where alarm in {Old}", before);
            return await session.WriteAsync($"delete from alarms where id in {Old}", before);
        }, stop);
    }

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(Every, clock);
        long? forgotten = null;
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await EscalateAsync(_stop.Token);
                    if (forgotten is not { } at || clock.GetElapsedTime(at) >= ForgetEvery)
                    {
                        forgotten = clock.GetTimestamp();
                        while (await ForgetAsync(_stop.Token) > 0)
                        {
                        }
                    }

                    _complained = false;
                }
                catch (Exception fault) when (fault is DbException or InvalidDataException)
                {
                    if (!_complained)
                        log.LogError(fault, "What is late can't be escalated; it is tried again every second.");
                    _complained = true;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}
