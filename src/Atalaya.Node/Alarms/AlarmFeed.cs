using System.ComponentModel;
using System.Threading.Channels;

using Atalaya.Node.Events;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.SignalR;

namespace Atalaya.Node.Alarms;

/// <param name="Change">Number of the last change.</param>
public sealed record CasesChangedJson([property: Description("Number of the last change. GET /api/alarms/changes?after=… has what changed since the last one that was seen.")] long Change);

/// <summary>
/// Tells the pages that alarms or incidents changed: <c>casesChanged</c>, with a number and nothing else. What changed they ask for by the last number they saw; so a page that
/// was away catches up in the same way, and nobody is sent what they may not see.
/// </summary>
sealed class AlarmFeed(Casebook book, IHubContext<EventsHub> pages, TimeProvider clock) : IHostedService, IAsyncDisposable
{
    /// <summary>Told at most so often: each asks in return.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    readonly Channel<long> _changes = Channel.CreateBounded<long>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    readonly CancellationTokenSource _stop = new();
    Task _telling = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        book.Changed += OnChanged;
        _telling = Task.Run(TellAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        book.Changed -= OnChanged;
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _telling;
    }

    void OnChanged(long change) => _changes.Writer.TryWrite(change);

    async Task TellAsync()
    {
        try
        {
            while (true)
            {
                long change = await _changes.Reader.ReadAsync(_stop.Token);
                await pages.Clients.All.SendAsync("casesChanged", new CasesChangedJson(change), _stop.Token);
                await Task.Delay(Pause, clock, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}

static class AlarmFeedFeature
{
    public static IServiceCollection AddAlarmFeed(this IServiceCollection services) => services.AddStarted<AlarmFeed>();
}
