using System.Collections.Concurrent;

namespace Atalaya.Node.Federation.Links;

/// <summary>Gives each active link a <see cref="LinkCourier"/>, for as long as it is active and reached where it was.</summary>
sealed class LinkSender(LinkBook links, Outbox outbox, IEnumerable<MessageHandler> handlers, LinkPost post, LinkRate rate, TimeProvider clock, ILogger<LinkSender> log) : IHostedService, IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<string, Running> _running = new(StringComparer.Ordinal);

    public Task StartAsync(CancellationToken stop)
    {
        outbox.Woken += Wake;
        links.Changed += Adjust;
        Adjust();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        outbox.Woken -= Wake;
        links.Changed -= Adjust;
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        foreach (var running in _running.Values)
        {
            await running.Task;
            running.Stop.Dispose();
        }

        _running.Clear();
    }

    void Wake()
    {
        foreach (var running in _running.Values)
            running.Courier.Wake();
    }

    void Adjust()
    {
        if (_stop.IsCancellationRequested)
            return;
        lock (_running)
        {
            var active = links.Active.ToDictionary(l => l.Id, StringComparer.Ordinal);
            foreach (var (id, running) in _running.ToArray())
            {
                // A link that was made anew, or is reached elsewhere, has a courier of its own.
                if (!active.TryGetValue(id, out var link) || link != running.Courier.Link)
                {
                    running.Stop.Cancel();
                    running.Stop.DisposeAfter(running.Task);
                    _running.TryRemove(id, out _);
                }
            }

            foreach (var link in active.Values.Where(l => !_running.ContainsKey(l.Id)))
            {
                var courier = new LinkCourier(link, links, outbox, handlers, post.SendAsync, rate, clock, log);
                var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                _running[link.Id] = new(courier, stop, Task.Run(() => courier.RunAsync(stop.Token), CancellationToken.None));
            }
        }
    }

    sealed record Running(LinkCourier Courier, CancellationTokenSource Stop, Task Task);
}
