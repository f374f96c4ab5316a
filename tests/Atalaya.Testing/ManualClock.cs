namespace Atalaya.Testing;

/// <summary>
/// Time that stands still until a test moves it. Timers fire on the thread that calls <see cref="Advance(TimeSpan)"/>, in the order in which they
/// are due, and those due at the same instant in the order in which they were set; while one fires, the clock shows the instant at which it was due.
/// </summary>
/// <remarks>Thread-safe; only one thread at a time moves the clock.</remarks>
public sealed class ManualClock(DateTimeOffset start) : TimeProvider
{
    readonly Lock _gate = new();
    readonly Lock _advance = new();
    readonly List<ManualTimer> _timers = [];    // armed ones; under _gate
    DateTimeOffset _now = start.ToUniversalTime();
    long _order;

    /// <summary>Starts on 2026-03-01 at noon, UTC.</summary>
    public ManualClock()
        : this(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that are set: lets a test wait until the code it drives has come to rest.</summary>
    public int Timers
    {
        get
        {
            lock (_gate)
                return _timers.Count;
        }
    }

    /// <summary>How long until the next timer fires; null: none is set.</summary>
    public TimeSpan? UntilNext
    {
        get
        {
            lock (_gate)
                return _timers.Count == 0 ? null : _timers.Min(t => t.Due) is var due && due > _now ? due - _now : TimeSpan.Zero;
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
            return _now + _wallShift;
    }

    public override long GetTimestamp()
    {
        lock (_gate)
            return (_now - start).Ticks;
    }

    TimeSpan _wallShift;    // under _gate

    /// <summary>Somebody set the machine's clock: wall time jumps, monotonic time and timers don't.</summary>
    public void JumpWall(TimeSpan by)
    {
        lock (_gate)
            _wallShift += by;
    }

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        lock (_advance)
        {
            DateTimeOffset end;
            lock (_gate)
                end = _now + by;
            while (NextDue(end) is { } timer)
                timer.Fire();
            lock (_gate)
                _now = end;
        }
    }

    /// <summary>Moves step by step and lets others run in between, until it is so or <paramref name="limit"/> has passed on this clock.</summary>
    /// <returns>False if it never was so.</returns>
    public async Task<bool> AdvanceUntilAsync(Func<bool> done, TimeSpan limit, TimeSpan? step = null)
    {
        var by = step ?? TimeSpan.FromMilliseconds(10);
        for (var passed = TimeSpan.Zero; passed <= limit; passed += by)
        {
            for (int i = 0; i < 20; i++)
            {
                if (done())
                    return true;
                await Task.Yield();
            }

            Advance(by);
        }

        return done();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    ManualTimer? NextDue(DateTimeOffset end)
    {
        lock (_gate)
        {
            ManualTimer? next = null;
            foreach (var timer in _timers)
            {
                if (timer.Due <= end && (next is null || timer.Due < next.Due || (timer.Due == next.Due && timer.Order < next.Order)))
                    next = timer;
            }

            if (next is null)
                return null;
            if (next.Due > _now)
                _now = next.Due;
            if (next.Period > TimeSpan.Zero)
            {
                next.Due += next.Period;
                next.Order = _order++;
            }
            else
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due;      // these three: under the clock's gate
        public TimeSpan Period;
        public long Order;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = clock._now + dueTime;
                Period = period;
                Order = clock._order++;
                clock._timers.Add(this);
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
