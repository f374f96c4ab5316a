namespace Atalaya.Cameras;

/// <summary>Rates over the last seconds, from counters that only rise. One writer, any readers.</summary>
sealed class RateWindow
{
    const int Seconds = 10, RateSeconds = 5;

    readonly Lock _gate = new();
    readonly Queue<Sample> _samples = new(Seconds + 1);     // under _gate

    public void Add(long timestamp, long units, long bytes, long packets, long lost)
    {
        lock (_gate)
        {
            if (_samples.Count > Seconds)
                _samples.Dequeue();
            _samples.Enqueue(new(timestamp, units, bytes, packets, lost));
        }
    }

    public Rates Read(TimeProvider clock)
    {
        lock (_gate)
        {
            if (_samples.Count < 2)
                return default;
            var oldest = _samples.Peek();
            var newest = _samples.Last();
            var from = _samples.ElementAt(Math.Max(0, _samples.Count - 1 - RateSeconds));
            double seconds = clock.GetElapsedTime(from.Timestamp, newest.Timestamp).TotalSeconds;
            return seconds <= 0
                ? default
                : new((newest.Units - from.Units) / seconds, (newest.Bytes - from.Bytes) * 8 / seconds, newest.Packets - oldest.Packets, newest.Lost - oldest.Lost);
        }
    }

    readonly record struct Sample(long Timestamp, long Units, long Bytes, long Packets, long Lost);
}

/// <param name="PacketsReceived">In the last ten seconds.</param>
/// <param name="PacketsLost">In the last ten seconds.</param>
readonly record struct Rates(double FramesPerSecond, double BitsPerSecond, long PacketsReceived, long PacketsLost);
