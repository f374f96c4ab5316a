namespace Atalaya.Media.Audio;

/// <summary>Keeps the times of a track whose units are shown in decode order strictly rising, whatever a sender's clock does.</summary>
struct AudioClock
{
    long _last, _next;      // the last unit's beginning and end
    long _shift;            // added to what comes in
    bool _started;

    /// <param name="at">Of the next unit, as it came.</param>
    public MediaTime Next(MediaTime at, MediaTime duration)
    {
        long ticks = at.Ticks + _shift;
        if (_started && ticks < _next - DecodeClock.InOrderJumpBack)
        {
            // The sender set its clock. Sound goes on where it was, as pictures do: so both stay beside each other.
            _shift += _next - ticks;
            ticks = _next;
        }

        // Timestamps that repeat or step back a little are jitter; the next ones are ahead again.
        _last = _started ? Math.Max(ticks, _last + 1) : ticks;
        _next = Math.Max(_last + duration.Ticks, _last + 1);
        _started = true;
        return new(_last);
    }
}
