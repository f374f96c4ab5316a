using System.Runtime.CompilerServices;

namespace Atalaya.Media.Rtsp;

/// <summary>
/// Calls every run once a second, all of them from one timer: a timer for each would wake a pool thread for each, and what those
/// threads spin before they sleep again costs as much as reading does.
/// </summary>
sealed class RunTicker
{
    static readonly ConditionalWeakTable<TimeProvider, RunTicker> Tickers = [];
    static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    RtspRun[] _runs = [];       // replaced, never changed
    ITimer? _timer;             // while there are runs

    public static RunTicker Of(TimeProvider clock) => Tickers.GetValue(clock, static _ => new());

    public void Add(RtspRun run, TimeProvider clock)
    {
        lock (_gate)
        {
            _runs = [.. _runs, run];
            _timer ??= clock.CreateTimer(static ticker => ((RunTicker)ticker!).Tick(), this, Period, Period);
        }
    }

    /// <summary>A check that has begun may still go on; a run that has ended does nothing in it.</summary>
    public void Remove(RtspRun run)
    {
        lock (_gate)
        {
            _runs = [.. _runs.Where(r => r != run)];
            if (_runs.Length > 0)
                return;
            _timer?.Dispose();
            _timer = null;
        }
    }

    void Tick()
    {
        foreach (var run in Volatile.Read(ref _runs))
            run.Check();
    }
}
