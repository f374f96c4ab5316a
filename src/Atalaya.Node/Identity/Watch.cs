using System.Collections.Concurrent;
using System.Data.Common;

namespace Atalaya.Node.Identity;

/// <summary>
/// Connections that stay open, live views and event streams: whoever opened them may see, or they are ended. Looked at every two seconds, and at once when rights
/// are changed through this node.
/// </summary>
sealed class Watch(Callers callers, Options.NodeOptions options, TimeProvider clock, ILogger<Watch> log) : IHostedService, IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<long, Watched> _watched = new();
    ITimer? _timer;
    long _last;
    int _looking;

    public Task StartAsync(CancellationToken stop)
    {
        _timer = clock.CreateTimer(_ => _ = LookAsync(), null, Every, Every);
        callers.Changed += Look;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        callers.Changed -= Look;
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    /// <param name="may">Whether who is at the other end still may, by their rights of now.</param>
    /// <param name="end">Called once when they don't.</param>
    /// <param name="shows">It shows pictures: somebody watches, so their session isn't idle (option signIn.watchingKeeps).</param>
    public IDisposable Add(Caller caller, Func<Caller, bool> may, Action end, bool shows)
    {
        long number = Interlocked.Increment(ref _last);
        _watched[number] = new(caller, may, end, shows);
        return new Entry(this, number);
    }

    void Look() => _ = LookAsync();

    async Task LookAsync()
    {
        if (Interlocked.Exchange(ref _looking, 1) == 1)
            return;     // The next look is two seconds away.
        try
        {
            foreach (var (number, watched) in _watched)
            {
                var now = await callers.FindAsync(watched.Caller.Credential, watched.Caller.CredentialId, CancellationToken.None);
                if (now.IsSignedIn && watched.May(now))
                {
                    if (watched.Shows && options.SignIn.WatchingKeeps)
                        await callers.TouchAsync(now, CancellationToken.None);
                }
                else if (_watched.TryRemove(number, out _))
                {
                    watched.End();
                }
            }
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning(fault, "Whether viewers still may couldn't be read; it is tried again in two seconds.");
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    sealed record Watched(Caller Caller, Func<Caller, bool> May, Action End, bool Shows);

    sealed class Entry(Watch watch, long number) : IDisposable
    {
        public void Dispose() => watch._watched.TryRemove(number, out _);
    }
}
