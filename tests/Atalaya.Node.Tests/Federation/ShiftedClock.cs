namespace Atalaya.Node.Tests.Federation;

/// <summary>The machine's clock, put forward: what is due by then happens, and timers go on as they do.</summary>
sealed class ShiftedClock : TimeProvider
{
    long _ticks;

    public void Forward(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));
}
