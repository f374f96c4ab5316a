using System.Collections.Concurrent;

using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// One thread, and a clock that moves only when nothing is left to do: to the next timer. What runs in it runs the same each time, and an hour takes as long as what happens in it.
/// </summary>
sealed class SmallWorld : SynchronizationContext
{
    readonly BlockingCollection<(SendOrPostCallback Do, object? State)> _due = [];
    bool _byThePool;

    public ManualClock Clock { get; } = new();

    /// <summary>Something was called that comes back by way of the thread pool: it is waited for.</summary>
    public void Expect() => _byThePool = true;

    public override void Post(SendOrPostCallback d, object? state) => _due.Add((d, state));

    /// <summary>Runs what there is to do, and time, until it is so.</summary>
    /// <exception cref="TimeoutException">It wasn't so within <paramref name="limit"/> of the clock.</exception>
    public void RunUntil(Func<bool> isSo, TimeSpan limit)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var end = Clock.GetUtcNow() + limit;
            while (!isSo())
            {
                if (_due.TryTake(out var next) || (_byThePool && ThePoolRan() && _due.TryTake(out next, TimeSpan.FromMilliseconds(1))))
                {
                    next.Do(next.State);
                    continue;
                }

                _byThePool = false;

                if (Clock.UntilNext is not { } pause || Clock.GetUtcNow() + pause > end)
                    throw new TimeoutException($"It isn't so within {limit}.");
                Clock.Advance(pause);
            }
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public void Run(TimeSpan time)
    {
        bool over = false;
        using var timer = Clock.CreateTimer(_ => over = true, null, time, Timeout.InfiniteTimeSpan);
        RunUntil(() => over, time);
    }

    /// <summary>Begins something in this world.</summary>
    public Task Start(Func<Task> what)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            return what();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    // Whether the pool has run what it was given before now.
    static bool ThePoolRan()
    {
        using var ran = new ManualResetEventSlim();
        ThreadPool.UnsafeQueueUserWorkItem(static r => r.Set(), ran, preferLocal: false);
        return ran.Wait(TimeSpan.FromSeconds(10));
    }
}

/// <summary>A machine's clock: as fast as the world's, and as wrong as it is set.</summary>
sealed class WrongClock(TimeProvider right, TimeSpan ahead) : TimeProvider
{
    public override long TimestampFrequency => right.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + ahead;

    public override long GetTimestamp() => right.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => right.CreateTimer(callback, state, dueTime, period);
}
