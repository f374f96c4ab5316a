using System.Text.Json.Serialization;

namespace Atalaya.Incidents;

/// <summary>A stretch of local time on some days of the week.</summary>
/// <remarks>
/// Moments are turned into local time, never the other way round: an hour that a change of the clocks repeats is covered twice, one that it
/// leaves out isn't missed.
/// </remarks>
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

    /// <param name="zone">Of the site.</param>
    public static bool Covers(IReadOnlyList<WeeklyWindow> windows, DateTimeOffset at, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(at, zone);
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        foreach (var window in windows)
        {
            if (window.Covers(local.DayOfWeek, time))
                return true;
        }

        return false;
    }

    bool On(DayOfWeek day) => Days.Count == 0 || Days.Contains(day);
}
