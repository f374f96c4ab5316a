namespace Atalaya.Media;

/// <summary>
/// A moment on a stream's own clock, in 90 kHz ticks since its run began: the first packet of a session is near zero.
/// All tracks of a session share one such clock. Audio rates up to 90 kHz survive the conversion there and back exactly.
/// </summary>
public readonly record struct MediaTime(long Ticks) : IComparable<MediaTime>
{
    public const long TicksPerSecond = 90_000;

    public static MediaTime Zero => default;
    public double Seconds => Ticks / (double)TicksPerSecond;

    /// <summary>Rounds to the nearest tick.</summary>
    public static MediaTime FromSeconds(double seconds) => new((long)Math.Round(seconds * TicksPerSecond));
    public static MediaTime From(TimeSpan span) => new(ToScale(span.Ticks, TimeSpan.TicksPerSecond, TicksPerSecond));

    /// <summary>From <paramref name="value"/> units of a clock of <paramref name="rate"/> Hz, to the nearest tick.</summary>
    public static MediaTime FromScale(long value, int rate) => new(ToScale(value, rate, TicksPerSecond));

    /// <summary>In units of a clock of <paramref name="rate"/> Hz, to the nearest.</summary>
    public long ToScale(int rate) => ToScale(Ticks, TicksPerSecond, rate);

    public TimeSpan ToTimeSpan() => new(ToScale(Ticks, TicksPerSecond, TimeSpan.TicksPerSecond));

    public int CompareTo(MediaTime other) => Ticks.CompareTo(other.Ticks);
    public static MediaTime operator +(MediaTime a, MediaTime b) => new(a.Ticks + b.Ticks);
    public static MediaTime operator -(MediaTime a, MediaTime b) => new(a.Ticks - b.Ticks);
    public static bool operator <(MediaTime a, MediaTime b) => a.Ticks < b.Ticks;
    public static bool operator >(MediaTime a, MediaTime b) => a.Ticks > b.Ticks;
    public static bool operator <=(MediaTime a, MediaTime b) => a.Ticks <= b.Ticks;
    public static bool operator >=(MediaTime a, MediaTime b) => a.Ticks >= b.Ticks;
    public override string ToString() => $"{Seconds:0.000000} s";

    static long ToScale(long value, long from, long to)
    {
        if (from == to)
            return value;
        Int128 twice = (Int128)value * to * 2;
        return (long)((twice + (value >= 0 ? from : -from)) / (2 * (Int128)from));
    }
}

/// <summary>Wall time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX). Always UTC.</summary>
public readonly record struct WallTime(long Microseconds) : IComparable<WallTime>
{
    public static WallTime From(DateTimeOffset at) => new((at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
    public static WallTime Now(TimeProvider clock) => From(clock.GetUtcNow());

    public long Milliseconds => Math.DivRem(Microseconds, 1000) is var (q, r) && r < 0 ? q - 1 : q;
    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.UnixEpoch.AddTicks(Microseconds * TimeSpan.TicksPerMicrosecond);

    public int CompareTo(WallTime other) => Microseconds.CompareTo(other.Microseconds);
    public static WallTime operator +(WallTime a, TimeSpan b) => new(a.Microseconds + (b.Ticks / TimeSpan.TicksPerMicrosecond));
    public static WallTime operator -(WallTime a, TimeSpan b) => new(a.Microseconds - (b.Ticks / TimeSpan.TicksPerMicrosecond));
    public static TimeSpan operator -(WallTime a, WallTime b) => new((a.Microseconds - b.Microseconds) * TimeSpan.TicksPerMicrosecond);
    public static bool operator <(WallTime a, WallTime b) => a.Microseconds < b.Microseconds;
    public static bool operator >(WallTime a, WallTime b) => a.Microseconds > b.Microseconds;
    public static bool operator <=(WallTime a, WallTime b) => a.Microseconds <= b.Microseconds;
    public static bool operator >=(WallTime a, WallTime b) => a.Microseconds >= b.Microseconds;

    /// <summary>RFC 3339 with milliseconds, in UTC.</summary>
    public override string ToString() => ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
}

/// <summary>A moment of this process that no clock change moves: nanoseconds from an arbitrary origin.</summary>
public readonly record struct MonotonicTime(long Nanoseconds) : IComparable<MonotonicTime>
{
    public static MonotonicTime Now(TimeProvider clock) =>
        new(clock.TimestampFrequency == 1_000_000_000
            ? clock.GetTimestamp()
            : (long)((Int128)clock.GetTimestamp() * 1_000_000_000 / clock.TimestampFrequency));

    public int CompareTo(MonotonicTime other) => Nanoseconds.CompareTo(other.Nanoseconds);
    public static TimeSpan operator -(MonotonicTime a, MonotonicTime b) => new((a.Nanoseconds - b.Nanoseconds) / TimeSpan.NanosecondsPerTick);
    public static MonotonicTime operator +(MonotonicTime a, TimeSpan b) => new(a.Nanoseconds + (b.Ticks * TimeSpan.NanosecondsPerTick));
    public static bool operator <(MonotonicTime a, MonotonicTime b) => a.Nanoseconds < b.Nanoseconds;
    public static bool operator >(MonotonicTime a, MonotonicTime b) => a.Nanoseconds > b.Nanoseconds;
    public static bool operator <=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds <= b.Nanoseconds;
    public static bool operator >=(MonotonicTime a, MonotonicTime b) => a.Nanoseconds >= b.Nanoseconds;
}
