using System.Collections.Concurrent;

namespace Atalaya.Node.Federation.Links;

/// <summary>How much of this node another one may take up with messages: what an honest one never comes to, or waits for without being refused.</summary>
sealed class LinkFlood(TimeProvider clock)
{
    /// <summary>Requests at a time. 16: a courier tries eight beside each other, and those that it gave up may be here still.</summary>
    const int MostAtOnce = 16;

    /// <summary>Requests: so many at once, and so many a second after that.</summary>
    readonly Allowance _requests = new(200, 50, clock);

    /// <summary>Messages that are applied, each a transaction of the one writer that alarms and the log of accesses share. 1000 at once: what a site has to tell after hours of cut; then 200 a second.</summary>
    readonly Allowance _messages = new(1000, 200, clock);

    /// <summary>Refusals that are written one by one. 100 at once, and as many an hour after that: a person reads no more, and each is a leaf of the log.</summary>
    readonly Allowance _refusals = new(100, 100 / 3600.0, clock);

    readonly ConcurrentDictionary<string, int> _running = new(StringComparer.Ordinal);

    /// <returns>False: too many, or too often. Otherwise <see cref="End"/> it.</returns>
    public bool MayBegin(string link)
    {
        if (!_requests.Take(link))
            return false;
        if (_running.AddOrUpdate(link, 1, (_, n) => n + 1) <= MostAtOnce)
            return true;
        End(link);
        return false;
    }

    public void End(string link) => _running.AddOrUpdate(link, 0, (_, n) => n - 1);

    /// <summary>Behind each message that was applied or refused: the next one waits for its turn.</summary>
    public async ValueTask PaceAsync(string link, CancellationToken stop)
    {
        var pause = _messages.Owe(link);
        if (pause > TimeSpan.Zero)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)), clock, stop);
    }

    /// <summary>Whether a refusal is written down by itself; else it is counted.</summary>
    public bool MayWriteRefusal(string link) => _refusals.Take(link);
}
