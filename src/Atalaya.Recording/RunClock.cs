using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>
/// Where a run's media time lies on the wall clock. Each segment begins where the one before ended; its end is where the node's clock saw its
/// last unit, but never further than 0.5 % from its media's length, so that spans follow the camera's drift and never tear.
/// </summary>
/// <remarks>
/// What the node sees is media time plus a varying delay of network and camera; the smallest delay within a segment is the best estimate.
/// All boundaries are whole milliseconds, because a file's name says no more.
/// </remarks>
sealed class RunClock
{
    /// <summary>The part of a segment's length by which its end may be moved: 1/200.</summary>
    const int Slew = 200;

    /// <summary>A larger change of wall against monotonic time is somebody setting the clock, not NTP slewing it (nanoseconds).</summary>
    const long Set = 1_000_000_000;

    long _smallest = long.MaxValue;     // of wall − media in this segment, µs
    long _baseline;                     // of wall − monotonic, ns

    public void StartRun(AccessUnit unit) => _baseline = Difference(unit);

    public void StartSegment(AccessUnit unit)
    {
        _smallest = long.MaxValue;
        long difference = Difference(unit);
        if (Math.Abs(difference - _baseline) < Set)
            _baseline = difference;     // slow drift is no step, however far it goes
    }

    public void Observe(AccessUnit unit) => _smallest = Math.Min(_smallest, unit.Wall.Microseconds - Microseconds(unit.Decode));

    /// <summary>The node's clock went forward by more than a second since the segment began. Backward is none of our business: time goes on.</summary>
    public bool WasSetForward(AccessUnit unit) => unit.Arrival.Nanoseconds != 0 && Difference(unit) - _baseline > Set;

    public WallTime EndOf(WallTime start, MediaTime mediaStart, MediaTime mediaEnd)
    {
        long length = Microseconds(mediaEnd - mediaStart);
        long end = start.Microseconds + length;
        if (_smallest != long.MaxValue)
            end += Math.Clamp(_smallest + Microseconds(mediaEnd) - end, -length / Slew, length / Slew);
        return Floor(new(Math.Max(end, start.Microseconds + 1000)));
    }

    public static WallTime Floor(WallTime at) => new(at.Milliseconds * 1000);

    static long Microseconds(MediaTime media) => media.ToScale(1_000_000);

    static long Difference(AccessUnit unit) => unit.Arrival.Nanoseconds == 0 ? 0 : (unit.Wall.Microseconds * 1000) - unit.Arrival.Nanoseconds;
}
