using Atalaya.Media;
using Atalaya.Recording.Storage;

namespace Atalaya.Recording.Tests;

public sealed class ForecastTests
{
    const long Day = 1_000_000;

    [Fact]
    public void Cameras_without_limits_share_the_room_so_that_all_reach_equally_far()
    {
        var reach = StorageForecast.Reach(30 * Day, new Dictionary<string, (long, RetentionLimits)>
        {
            ["busy"] = (2 * Day, RetentionLimits.None),
            ["quiet"] = (Day, RetentionLimits.None),
        });
        reach["busy"].ShouldBe(TimeSpan.FromDays(10));
        reach["quiet"].ShouldBe(TimeSpan.FromDays(10));
    }

    [Fact]
    public void What_a_camera_s_own_limit_leaves_the_others_get()
    {
        var reach = StorageForecast.Reach(30 * Day, new Dictionary<string, (long, RetentionLimits)>
        {
            ["short"] = (2 * Day, new(TimeSpan.FromDays(3))),
            ["bytes"] = (Day, new(null, 4 * Day)),
            ["free"] = (Day, RetentionLimits.None),
            ["long"] = (Day, new(TimeSpan.FromDays(90))),
        });
        reach["short"].ShouldBe(TimeSpan.FromDays(3));
        reach["bytes"].ShouldBe(TimeSpan.FromDays(4));
        reach["free"].ShouldBe(TimeSpan.FromDays(10));
        reach["long"].ShouldBe(TimeSpan.FromDays(10));
    }

    [Fact]
    public void Without_a_limit_to_the_room_only_own_limits_end_a_camera_s_reach()
    {
        var reach = StorageForecast.Reach(null, new Dictionary<string, (long, RetentionLimits)> { ["a"] = (Day, RetentionLimits.None), ["b"] = (Day, new(TimeSpan.FromDays(5))) });
        reach["a"].ShouldBeNull();
        reach["b"].ShouldBe(TimeSpan.FromDays(5));
    }

    [Theory]
    [InlineData(10, 4, null, 6.0)]          // nothing limits it: what is left, at a day's rate
    [InlineData(10, 4, 20.0, 6.0)]          // its limit is beyond the room
    [InlineData(10, 4, 8.0, null)]          // its limit comes first
    [InlineData(10, 10, null, 0.0)]
    public void A_volume_is_full_when_what_is_left_is_recorded_unless_limits_come_first(int room, int used, double? most, double? days) =>
        StorageForecast.FullIn(room * Day, used * Day, [(Day, used * Day, most * Day)]).ShouldBe(days is { } d ? TimeSpan.FromDays(d) : null);

    [Theory]
    [InlineData(100, 0, 10, 0, 30, new string[0])]
    [InlineData(100, 90, 20, 0, 30, new[] { "would depend on the reserve" })]
    [InlineData(100, 70, 15, 0, 1, new[] { "would use 85 %" })]
    [InlineData(100, 0, 40, 0, 90, new[] { "reach back 60 days instead of 90 days" })]
    [InlineData(100, 0, 0, 10, 1, new[] { "lasts 10 days" })]
    [InlineData(100, 0, 0, 1, 1, new string[0])]
    public void A_hold_needs_acceptance_for_what_it_does_to_recording_and_to_other_footage(int limit, int held, int added, int addedPerDay, int wantedDays, string[] warnings)
    {
        var assessment = HoldAssessor.Assess(
            [new("volume 'a'", limit * Day, held * Day, added * Day, addedPerDay * Day, Day, TimeSpan.FromDays(wantedDays))], alarm: 0.8);
        assessment.Warnings.Count.ShouldBe(warnings.Length, string.Join(' ', assessment.Warnings));
        foreach (var (said, wanted) in assessment.Warnings.Zip(warnings))
            said.Text.ShouldContain(wanted);
        assessment.NeedsAcceptance.ShouldBe(warnings.Length > 0);
        (assessment.Bytes, assessment.HeldAfter, assessment.Limit).ShouldBe((added * Day, (held + added) * Day, limit * Day));
    }

    [Fact]
    public void Footage_moves_by_age_or_fill_to_the_next_tier_with_room_never_back()
    {
        var now = WallTime.From(Scene.Noon);
        var config = new StorageConfig { Volumes = [], LargeAfter = TimeSpan.FromDays(2), ObjectAfter = TimeSpan.FromDays(30) };
        TierFill fast(double days, long room) => new("fast", VolumeTier.Fast, 100, room, now - TimeSpan.FromDays(days));
        TierFill large(double days, long room) => new("large", VolumeTier.Large, 100, room, now - TimeSpan.FromDays(days));
        TierFill store(long room) => new("far", VolumeTier.Object, 100, room, now - TimeSpan.FromDays(99));

        TierPlan.Next(now, [fast(1, 50), large(20, 50), store(50)], config).ShouldBeNull();
        TierPlan.Next(now, [fast(3, 50), large(20, 50), store(50)], config).ShouldBe(("fast", "large"));
        TierPlan.Next(now, [fast(1, 5), large(20, 50), store(50)], config).ShouldBe(("fast", "large"));
        TierPlan.Next(now, [fast(1, 50), large(40, 50), store(50)], config).ShouldBe(("large", "far"));
        TierPlan.Next(now, [fast(1, 50), large(20, 5), store(50)], config).ShouldBe(("large", "far"));
        // A full large tier is passed over only for want of room, and a full fast one then goes to the bucket.
        TierPlan.Next(now, [fast(1, 5), large(0.5, 0), store(50)], config).ShouldBe(("fast", "far"));
        TierPlan.Next(now, [fast(9, 5), large(20, 0), store(0)], config).ShouldBeNull();
        TierPlan.Next(now, [fast(3, 50)], config).ShouldBeNull();
    }
}
