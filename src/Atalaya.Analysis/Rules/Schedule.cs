using System.Text.Json.Serialization;

using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// When a rule watches, week by week, by the clock on the wall of the site. Moments are turned into local time, never the other way
/// round: an hour that a change of the clocks repeats is watched twice, one that it leaves out isn't missed.
/// </summary>
public sealed record Schedule
{
    /// <summary>It watches in any of these; none: never.</summary>
    public required IReadOnlyList<WeeklyWindow> Windows { get; init; }

    /// <param name="zone">Of the site.</param>
    public bool Covers(WallTime at, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(at.ToDateTimeOffset(), zone);
        foreach (var window in Windows)
        {
            if (window.Covers(local.DayOfWeek, TimeOnly.FromTimeSpan(local.TimeOfDay)))
                return true;
        }

        return false;
    }
}

/// <summary>A stretch of local time on some days of the week.</summary>
public sealed record WeeklyWindow
{
    /// <summary>The days on which it begins; empty: every day.</summary>
    public IReadOnlyList<DayOfWeek> Days { get; init; } = [];

    /// <summary>Included.</summary>
    public required TimeOnly From { get; init; }

    /// <summary>Not included. At or before <see cref="From"/>: on the next day; both equal: 24 hours.</summary>
    public required TimeOnly To { get; init; }

    [JsonIgnore]
    public bool CrossesMidnight => To <= From;

    public bool Covers(DayOfWeek day, TimeOnly time)
    {
        if (!CrossesMidnight)
            return On(day) && time >= From && time < To;
        return (time >= From && On(day)) || (time < To && On((DayOfWeek)(((int)day + 6) % 7)));
    }

    bool On(DayOfWeek day) => Days.Count == 0 || Days.Contains(day);
}
