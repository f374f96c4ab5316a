namespace Atalaya.Media.Audio;

/// <summary>Keeps the times of a track whose units are shown in decode order strictly rising, whatever a sender's clock does.</summary>
struct AudioClock
{
    long _last;
    bool _started;

    public MediaTime Next(MediaTime at)
    {
        // Timestamps that repeat or step back a little are jitter; the next ones are ahead again.
        _last = _started ? Math.Max(at.Ticks, _last + 1) : at.Ticks;
        _started = true;
        return new(_last);
    }
}
