using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Scene;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Looks every half minute whether somebody should have said by now whether a grant that was released first was right, and tells by an alarm, once each.</summary>
sealed class ReviewClock(ShareGrants grants, LinkBook links, SceneEvents scene, TimeProvider clock, ILogger<ReviewClock> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);       // since the start
    readonly CancellationTokenSource _stop = new();
    Task _looking = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        _looking = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _looking;
    }

    async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            do
            {
                try
                {
                    await LookAsync(_stop.Token);
                }
                catch (DbException fault)
                {
                    log.LogWarning("Reviews of grants couldn't be looked at: {Reason} They are looked at again in half a minute.", fault.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    /// <summary>Tells of what nobody was told of since the start.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        IReadOnlyList<ShareRow> over;
        await using (var connection = await grants.Source.OpenConnectionAsync(stop))
        {
            over = await ShareStore.ReadAsync(
                connection, "direction = 'given' and review_due < @now and review_closed is null and given_us is not null order by review_due, id limit 200", new { now = WallTime.Now(clock).Microseconds }, stop);
        }

        foreach (var row in over.Where(r => !_told.ContainsKey(r.Id)))
        {
            // Of the same number after a restart, which makes one alarm.
            await scene.RecordAsync(AlarmOf(row), stop);
            _told[row.Id] = true;
            log.LogWarning("Grant {Id} was released before all had agreed, and nobody has reviewed it by {Due}.", row.Id, row.Grant.Review!.Due);
        }
    }

    SceneEvent AlarmOf(ShareRow row) => new()
    {
        Id = new(SHA256.HashData(Encoding.UTF8.GetBytes($"review {row.Id}")).AsSpan(0, 16)),
        Camera = "",
        At = clock.GetUtcNow(),
        Kind = SceneEventKind.Other,
        Source = SceneEventSource.Node,
        Rule = "review",
        // Not its title: alarms reach people, and channels, that grants aren't for.
        Detail = $"Nobody has reviewed what was released to {links.Find(row.Link)?.Organisation ?? row.Terms.To}, due {WireTime.Format(row.Grant.Review!.Due)}.",
        // Nobody is in danger by it: not a rescue's sound, whatever it was released for.
        Type = IncidentType.Technical,
        Severity = AlarmSeverity.High,
    };
}
