using System.Collections.Concurrent;

using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <param name="Deaths">How often its pictures ended the process.</param>
/// <param name="Until">When it is looked at again.</param>
sealed record QuarantineStay(int Deaths, WallTime Until);

/// <summary>
/// Cameras whose pictures end the analysis process again and again are left out for a while, so that the others are looked at: a minute at first, four times as
/// long each time that it happens again, an hour at most. Thread-safe.
/// </summary>
sealed class Quarantine(TimeProvider clock)
{
    // One death may be chance and two a pair; a third within ten minutes is the camera.
    const int Deaths = 3;
    static readonly TimeSpan Within = TimeSpan.FromMinutes(10), First = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromHours(1);

    // Of one that was left out and came back: so long the next death is the same trouble.
    static readonly TimeSpan Remembered = TimeSpan.FromHours(3);

    sealed record Record(int Deaths, WallTime Last, TimeSpan Pause);

    readonly ConcurrentDictionary<string, Record> _cameras = new(StringComparer.Ordinal);

    /// <summary>The process ended while it was at a picture of this camera.</summary>
    public void Note(string camera)
    {
        var now = WallTime.Now(clock);
        _cameras.AddOrUpdate(camera, _ => new(1, now, TimeSpan.Zero), (_, record) =>
        {
            var since = now - record.Last;
            if (since > (record.Pause > TimeSpan.Zero ? Remembered : Within))
                return new(1, now, TimeSpan.Zero);
            int deaths = record.Deaths + 1;
            var pause = record.Pause > TimeSpan.Zero ? TimeSpan.FromTicks(Math.Min(Longest.Ticks, record.Pause.Ticks * 4)) : deaths >= Deaths ? First : TimeSpan.Zero;
            return new(deaths, now, pause);
        });
    }

    /// <summary>Null: it may be looked at.</summary>
    public QuarantineStay? Stay(string camera) =>
        _cameras.TryGetValue(camera, out var record) && record.Pause > TimeSpan.Zero && WallTime.Now(clock) < record.Last + record.Pause
            ? new(record.Deaths, record.Last + record.Pause)
            : null;
}
