using Atalaya.Incidents.Policy;

using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class ScheduleTests
{
    static readonly SpecialDays Feasts = new()
    {
        Id = "feasts",
        Dates = [new() { From = new(2026, 3, 31) }, new() { From = new(2020, 12, 31), To = new(2020, 1, 1), Yearly = true }, new() { From = new(2026, 4, 3), To = new(2026, 4, 5) }],
    };

    static bool At(AlarmSchedule schedule, string at) => schedule.Covers(DateTimeOffset.Parse(at), TimeZoneInfo.Utc, [Feasts]);

    [Fact]
    public void A_night_that_begins_before_a_holiday_ends_as_any_other_and_the_holidays_own_hours_hold_on_it()
    {
        var nights = new AlarmSchedule { Id = "nights", Windows = [new() { From = new(22, 0), To = new(6, 0) }], Exceptions = [new() { Days = "feasts", Windows = [new() { From = new(12, 0), To = new(13, 0) }] }] };
        At(nights, "2026-03-30T23:00:00Z").ShouldBeTrue();
        At(nights, "2026-03-31T05:59:59Z").ShouldBeTrue("it began the evening before");
        At(nights, "2026-03-31T12:30:00Z").ShouldBeTrue();
        At(nights, "2026-03-31T23:00:00Z").ShouldBeFalse("the feast's evening");
        At(nights, "2026-04-01T01:00:00Z").ShouldBeFalse("its night");
        At(nights, "2026-04-01T12:30:00Z").ShouldBeFalse();
        At(nights, "2026-04-01T22:00:00Z").ShouldBeTrue();
    }

    [Theory]
    [InlineData("2027-12-30T12:00:00Z", true)]
    [InlineData("2027-12-31T12:00:00Z", false)]
    [InlineData("2028-01-01T12:00:00Z", false)]
    [InlineData("2028-01-02T12:00:00Z", true)]
    [InlineData("2026-04-04T12:00:00Z", false)]
    [InlineData("2027-04-04T12:00:00Z", true)]
    public void Days_come_once_or_every_year_and_reach_over_new_year(string at, bool covered) =>
        At(new() { Id = "noons", Windows = [new() { From = new(11, 0), To = new(13, 0) }], Exceptions = [new() { Days = "feasts" }] }, at).ShouldBe(covered);

    /// <summary>What a schedule covers is the stretches that begin on each day, laid out one after another.</summary>
    [Fact]
    public void A_moment_is_covered_when_a_stretch_that_began_that_day_or_the_day_before_holds_it()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var begin = new DateOnly(2026, 3, 25);
            SpecialDays[] days = [.. Enumerable.Range(0, 3).Select(i => new SpecialDays { Id = $"d{i}", Dates = [new() { From = begin.AddDays(random.Next(10)), To = begin.AddDays(10 + random.Next(3)) }] })];
            WeeklyWindow Window(bool weekly) => new() { From = new(random.Next(24), random.Next(60)), To = new(random.Next(24), random.Next(60)), Days = weekly && random.Next(2) == 0 ? [(DayOfWeek)random.Next(7)] : [] };
            var schedule = new AlarmSchedule
            {
                Id = "s",
                Windows = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Window(true))],
                Exceptions = [.. days.Where(_ => random.Next(2) == 0).Select(d => new ScheduleException { Days = d.Id, Windows = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Window(false))] })],
            };
            var stretches = new List<(DateTime From, DateTime To)>();
            for (int i = -2; i < 14; i++)
            {
                var day = begin.AddDays(i);
                var hours = schedule.Exceptions.FirstOrDefault(e => days.Single(d => d.Id == e.Days).Has(day))?.Windows ?? [.. schedule.Windows.Where(w => w.Days.Count == 0 || w.Days.Contains(day.DayOfWeek))];
                stretches.AddRange(hours.Select(w => (day.ToDateTime(w.From), (w.To <= w.From ? day.AddDays(1) : day).ToDateTime(w.To))));
            }

            for (int i = 0; i < 200; i++)
            {
                var at = begin.ToDateTime(default).AddMinutes(random.Next(12 * 24 * 60));
                schedule.Covers(new(at, TimeSpan.Zero), TimeZoneInfo.Utc, days).ShouldBe(stretches.Any(s => at >= s.From && at < s.To), $"{at:u}");
            }
        }));
    }
}
