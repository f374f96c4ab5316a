namespace Atalaya.Incidents.Policy;

/// <summary>Hours of the week, and what holds instead on special days.</summary>
/// <remarks>A stretch belongs to the day on which it begins: one that runs over midnight into a holiday ends as it would on any other day.</remarks>
public sealed record AlarmSchedule
{
    public required string Id { get; init; }
    public string Name { get; init; } = "";

    /// <summary>It covers any of these.</summary>
    public required IReadOnlyList<WeeklyWindow> Windows { get; init; }

    /// <summary>Special days that have hours of their own here; of several that hold a day, the first decides. Others are days like any.</summary>
    public IReadOnlyList<ScheduleException> Exceptions { get; init; } = [];

    /// <param name="zone">Of the site.</param>
    /// <param name="days">The policy's.</param>
    public bool Covers(DateTimeOffset at, TimeZoneInfo zone, IReadOnlyList<SpecialDays> days)
    {
        var local = TimeZoneInfo.ConvertTime(at, zone);
        var today = DateOnly.FromDateTime(local.DateTime);
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        return WindowsOn(today, days).Any(w => time >= w.From && (w.CrossesMidnight || time < w.To))
            || (today > DateOnly.MinValue && WindowsOn(today.AddDays(-1), days).Any(w => w.CrossesMidnight && time < w.To));
    }

    /// <summary>The stretches that begin on a day.</summary>
    public IEnumerable<WeeklyWindow> WindowsOn(DateOnly day, IReadOnlyList<SpecialDays> days)
    {
        foreach (var exception in Exceptions)
        {
            if (days.FirstOrDefault(d => d.Id == exception.Days)?.Has(day) == true)
                return exception.Windows;
        }

        return Windows.Where(w => w.Days.Count == 0 || w.Days.Contains(day.DayOfWeek));
    }
}

/// <summary>What holds on special days instead of the week's hours.</summary>
public sealed record ScheduleException
{
    /// <summary>Id of <see cref="SpecialDays"/>.</summary>
    public required string Days { get; init; }

    /// <summary>Without days of the week; empty: the schedule covers nothing then.</summary>
    public IReadOnlyList<WeeklyWindow> Windows { get; init; } = [];
}

/// <summary>Days that go together under a name, as public holidays do.</summary>
public sealed record SpecialDays
{
    public required string Id { get; init; }
    public string Name { get; init; } = "";
    public required IReadOnlyList<SpecialDate> Dates { get; init; }

    public bool Has(DateOnly day) => Dates.Any(d => d.Has(day));
}

/// <summary>A day or a stretch of days, by the site's calendar (Gregorian): once, or every year.</summary>
public sealed record SpecialDate
{
    public required DateOnly From { get; init; }

    /// <summary>Included; null: one day.</summary>
    public DateOnly? To { get; init; }

    /// <summary>Day and month alone count; a stretch may reach over New Year. 29 February is there in leap years.</summary>
    public bool Yearly { get; init; }
    public string Name { get; init; } = "";

    public bool Has(DateOnly day)
    {
        var to = To ?? From;
        if (!Yearly)
            return day >= From && day <= to;
        int first = Place(From), last = Place(to), at = Place(day);
        return first <= last ? at >= first && at <= last : at >= first || at <= last;
    }

    static int Place(DateOnly day) => (day.Month * 100) + day.Day;
}
