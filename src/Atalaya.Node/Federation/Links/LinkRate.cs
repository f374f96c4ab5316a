using System.Collections.Concurrent;

using Atalaya.Node.Options;

namespace Atalaya.Node.Federation.Links;

/// <summary>How much goes over a link at most, except what is urgent: that never waits, but counts.</summary>
sealed class LinkRate(NodeOptions options, TimeProvider clock)
{
    readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    public bool IsLimited => options.Federation.Rate > 0;

    /// <summary>Waits until so many bytes may go over. Bytes of all links and directions that this node sends are counted link by link.</summary>
    public async ValueTask WaitAsync(string link, int bytes, CancellationToken stop)
    {
        var pause = Count(link, bytes);
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, clock, stop);
    }

    /// <summary>What is urgent goes over at once; what isn't waits the longer for it.</summary>
    /// <returns>How long something that isn't urgent would wait.</returns>
    public TimeSpan Count(string link, int bytes) => !IsLimited
        ? TimeSpan.Zero
        : _buckets.GetOrAdd(link, _ => new()).Take(bytes, options.Federation.Rate * 1000.0 / 8, clock.GetTimestamp(), clock.TimestampFrequency);

    sealed class Bucket
    {
        // What was promised beyond now, in ticks of the clock: whoever comes next waits for it.
        long _until;

        public TimeSpan Take(int bytes, double perSecond, long now, long frequency)
        {
            lock (this)
            {
                long wait = Math.Max(0, _until - now);
                _until = Math.Max(_until, now) + (long)(bytes / perSecond * frequency);
                return TimeSpan.FromSeconds((double)wait / frequency);
            }
        }
    }
}
