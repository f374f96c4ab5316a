using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>
/// Sends everything that is due, in the order in which it is due: one queue and one timer for all cameras. What it calls never blocks.
/// </summary>
sealed class Pacer : IDisposable
{
    readonly TimeProvider _clock;
    readonly ITimer _timer;
    readonly Lock _gate = new();
    readonly PriorityQueue<TrackSender, (long Due, long Order)> _queue = new();     // under _gate, as what follows
    long _order;
    bool _ticking, _stopped;

    public Pacer(TimeProvider clock)
    {
        _clock = clock;
        _timer = clock.CreateTimer(static pacer => ((Pacer)pacer!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(TrackSender sender, MonotonicTime due)
    {
        lock (_gate)
        {
            _queue.Enqueue(sender, (due.Nanoseconds, _order++));
            // While it ticks, the loop below sees the newcomer itself.
            if (!_ticking && _queue.Peek() == sender)
                Arm();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            _queue.Clear();
        }

        _timer.Dispose();
    }

    void Tick()
    {
        lock (_gate)
        {
            if (_ticking)
                return;
            _ticking = true;
        }

        var now = MonotonicTime.Now(_clock);
        while (true)
        {
            TrackSender sender;
            lock (_gate)
            {
                if (!_queue.TryPeek(out _, out var next) || next.Due > now.Nanoseconds)
                {
                    _ticking = false;
                    Arm();
                    return;
                }

                sender = _queue.Dequeue();
            }

            if (sender.Send(now) is { } due)
                Add(sender, due);
        }
    }

    // Under _gate. To the next whole millisecond: finer is more than the system's timers keep, and coarser bundles cameras into one wake-up.
    void Arm()
    {
        if (_stopped || !_queue.TryPeek(out _, out var next))
            return;
        long wait = next.Due - MonotonicTime.Now(_clock).Nanoseconds;
        _timer.Change(TimeSpan.FromMilliseconds(wait <= 0 ? 0 : (wait + 999_999) / 1_000_000), Timeout.InfiniteTimeSpan);
    }
}
