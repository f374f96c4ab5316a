using System.Threading.Channels;

using Atalaya.Node.Federation.Grants;

namespace Atalaya.Node.Federation.Operations;

/// <summary>Closes what operations opened: when one is closed at once, when its end passes within five seconds, and after a start what ended meanwhile.</summary>
sealed class OperationClock(OperationBook book, ShareGrants grants, TimeProvider clock, ILogger<OperationClock> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    readonly Channel<bool> _looks = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    readonly CancellationTokenSource _stop = new();
    Task _looking = Task.CompletedTask;
    ITimer? _timer;

    public Task StartAsync(CancellationToken stop)
    {
        book.Revoke = grants.RevokeAsync;
        book.Changed += OnChanged;
        _timer = clock.CreateTimer(_ => _looks.Writer.TryWrite(true), null, TimeSpan.Zero, Every);
        _looking = Task.Run(LookAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        book.Changed -= OnChanged;
        if (_timer is not null)
            await _timer.DisposeAsync();
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _looking;
    }

    void OnChanged(string id) => _looks.Writer.TryWrite(true);

    async Task LookAsync()
    {
        try
        {
            while (true)
            {
                await _looks.Reader.ReadAsync(_stop.Token);
                try
                {
                    await book.SettleAsync(_stop.Token);
                }
                catch (Exception fault) when (!_stop.IsCancellationRequested)
                {
                    log.LogWarning("What a joint operation opened couldn't be closed: {Reason} It is tried again within seconds.", fault.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}
