using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>When a rule watches, week by week, by the clock on the wall of the site.</summary>
public sealed record Schedule
{
    /// <summary>It watches in any of these; none: never.</summary>
    public required IReadOnlyList<WeeklyWindow> Windows { get; init; }

    /// <param name="zone">Of the site.</param>
    public bool Covers(WallTime at, TimeZoneInfo zone) => WeeklyWindow.Covers(Windows, at.ToDateTimeOffset(), zone);
}
