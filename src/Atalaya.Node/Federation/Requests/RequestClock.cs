using System.Data.Common;

namespace Atalaya.Node.Federation.Requests;

/// <summary>Looks every half minute whether a deadline has passed, on both sides alike: each counts by the same steps.</summary>
sealed class RequestClock(RequestBook book, TimeProvider clock, ILogger<RequestClock> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    readonly CancellationTokenSource _stop = new();
    Task _looking = Task.CompletedTask;

    public Task StartAsync(CancellationToken stop)
    {
        _looking = Task.Run(LookAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _looking;
    }

    async Task LookAsync()
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            do
            {
                try
                {
                    await book.LookAtClockAsync(_stop.Token);
                }
                catch (DbException fault)
                {
                    log.LogWarning("Deadlines of requests couldn't be looked at: {Reason} They are looked at again in half a minute.", fault.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}
