using Atalaya.Media;
using Atalaya.Recording.Storage;

namespace Atalaya.Recording.Tests;

public sealed class RetentionTests
{
    [Fact]
    public async Task Footage_goes_when_all_of_a_segment_is_older_than_its_limit_and_leaves_a_gap_that_says_so()
    {
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(20)) }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(40, "gate");
        await scene.PassAsync();
        var now = WallTime.Now(scene.Clock);
        scene.Segments()[0].End.ShouldBeGreaterThan(now - TimeSpan.FromSeconds(20));
        scene.Segments()[0].Start.ShouldBeLessThan(now - TimeSpan.FromSeconds(17));
        var gap = scene.Gaps()[0];
        (gap.From, gap.To, gap.Cause, gap.Detail).ShouldBe((scene.At(0), scene.Segments()[0].Start, GapCause.Policy, "Retention: 1 minutes."));
        scene.Files("fast").Count().ShouldBe(scene.Segments().Count);
        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task A_camera_keeps_at_most_its_bytes_and_no_less_than_a_segment_under_them()
    {
        await using var scene = new StorageScene(StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(40, "gate", "yard");
        long each = scene.Segments()[0].Bytes;
        scene.Caretaker.Limit(new Dictionary<string, RetentionLimits> { ["gate"] = new(null, each * 5) });
        await scene.PassAsync();
        long kept = scene.Segments().Sum(s => s.Bytes);
        kept.ShouldBeLessThanOrEqualTo(each * 5);
        kept.ShouldBeGreaterThan(each * 3);
        scene.Segments("yard").Count.ShouldBe(scene.Segments("yard").Count(s => s.Volume == "fast"));
        scene.Gaps("yard").ShouldNotContain(g => g.Cause == GapCause.Policy);
        await scene.ShouldBeWholeAsync(0, "gate", "yard");
    }

    [Fact]
    public async Task The_reserve_is_kept_by_the_oldest_of_all_cameras_and_held_footage_stays()
    {
        await using var scene = new StorageScene(StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(20, "gate");
        await scene.RecordAsync(40, "gate", "yard");
        long used = scene.Segments().Concat(scene.Segments("yard")).Sum(s => s.Bytes);
        (await scene.Caretaker.HoldAsync(scene.HoldOf(4, 7.5), accept: true)).Hold.ShouldNotBeNull();
        // A third of what there is has to go; what must stay anyway is small beside that.
        scene.Config = scene.Config with { Volumes = [scene.Config.Volumes[0] with { Reserve = new(used / 3) }] };
        await scene.StopAsync();
        scene.Disks["fast"].Capacity = used;
        await scene.StartAsync();
        await scene.PassAsync(10);
        var disk = scene.Disks["fast"].Space("");
        disk.Free.ShouldBeGreaterThanOrEqualTo(used / 3);
        disk.Free.ShouldBeLessThan((used / 3) + scene.Segments().Max(s => s.Bytes));
        var held = scene.Segments().Where(s => s.Start < scene.At(7.5) && s.End > scene.At(4)).ToList();
        held[0].Start.ShouldBe(scene.At(4));
        held[^1].End.ShouldBeGreaterThanOrEqualTo(scene.At(7.5));
        // Unheld footage of both reaches equally far back.
        var gate = scene.Segments().First(s => s.Start >= scene.At(8)).Start;
        (gate - scene.Segments("yard")[0].Start).Duration().ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(2));
        await scene.ShouldBeWholeAsync(0, "gate");
    }

    [Fact]
    public async Task A_hold_that_ended_lets_its_footage_go_and_the_gap_tells()
    {
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(10)) }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(20, "gate");
        var (hold, _) = await scene.Caretaker.HoldAsync(scene.HoldOf(2, 6) with { Expires = scene.At(60) }, accept: true);
        await scene.RecordAsync(10, "gate");
        await scene.PassAsync();
        scene.Segments()[0].Start.ShouldBe(scene.At(2));
        scene.Clock.Advance(TimeSpan.FromSeconds(60));
        await scene.PassAsync(2);
        var ended = (await scene.Caretaker.HoldsAsync(ended: true)).Single();
        (ended.Id, ended.EndedBy).ShouldBe((hold!.Id, Hold.Expiry));
        scene.Segments().ShouldBeEmpty();
        scene.Gaps().ShouldContain(g => g.Detail.StartsWith("A hold ended.", StringComparison.Ordinal) && g.From == scene.At(2));
        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task A_camera_whose_footage_is_all_gone_goes_on_with_its_life()
    {
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(10)) }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(10, "gate");
        await scene.StopAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await scene.StartAsync();
        await scene.PassAsync(2);
        scene.Segments().ShouldBeEmpty();
        scene.Files("fast").ShouldBeEmpty();
        await scene.StopAsync();
        await scene.StartAsync();
        await scene.RecordAsync(6, "gate");
        scene.Segments().ShouldNotBeEmpty();
        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task When_all_else_is_held_recording_goes_on_in_the_reserve_and_an_alarm_stands()
    {
        await using var scene = new StorageScene(StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(40, "gate");
        long used = scene.Segments().Sum(s => s.Bytes), each = scene.Segments()[0].Bytes;
        await scene.StopAsync();
        scene.Config = scene.Config with { Volumes = [scene.Config.Volumes[0] with { Reserve = new(each * 8) }] };
        scene.Disks["fast"].Capacity = used + (each * 8);
        await scene.StartAsync();
        // Until after the present: all that is and more than may be held.
        var refused = await scene.Caretaker.HoldAsync(scene.HoldOf(0, 400), accept: false);
        refused.Hold.ShouldBeNull();
        refused.Assessment.Warnings.ShouldContain(w => w.Kind == HoldConsequenceKind.Overrun && w.Bytes > w.Limit);
        (await scene.Caretaker.HoldAsync(scene.HoldOf(0, 400), accept: true)).Hold.ShouldNotBeNull();
        for (int i = 0; i < 20; i++)
        {
            await scene.RecordAsync(2, "gate");
            await scene.PassAsync();
            // Counted anew every fifteen seconds: what was recorded since is not in the sums.
            scene.Clock.Advance(TimeSpan.FromSeconds(15));
            await scene.PassAsync();
        }

        scene.Disks["fast"].Space("").Free.ShouldBeGreaterThanOrEqualTo(0);
        scene.Archive.Status().Recorders.Single().State.ShouldBe(RecorderState.Recording);
        // What was held first is all there, but for what wasn't counted yet when the limit was drawn.
        scene.Segments().Where(s => s.End <= scene.At(38)).Sum(s => s.Bytes).ShouldBeGreaterThanOrEqualTo(used - (3 * each));
        var status = scene.Caretaker.Status.Volumes.Single();
        (status.Condition, status.Level).ShouldBe((VolumeCondition.HoldsOverrun, StorageLevel.Alarm));
    }

    [Fact]
    public async Task A_stretch_that_retention_took_is_no_crash_when_the_index_is_made_again_from_files()
    {
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(10)) }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(30, "gate");
        await scene.Caretaker.HoldAsync(scene.HoldOf(4, 8), accept: true);
        await scene.PassAsync(2);
        scene.Segments()[0].Start.ShouldBe(scene.At(4));
        await scene.StopAsync();
        scene.LoseIndex();
        await scene.StartAsync();
        var gap = scene.Gaps()[0];
        gap.Cause.ShouldBe(GapCause.Policy);
        await scene.ShouldBeWholeAsync(4);
    }

    [Fact]
    public async Task A_volume_that_can_t_remove_keeps_its_marks_and_nobody_sees_the_footage_meanwhile()
    {
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(10)) }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(30, "gate");
        scene.Disks["fast"].DeleteFault = "Input/output error";
        await scene.PassAsync();
        scene.Files("fast").Count().ShouldBeGreaterThan(scene.Segments().Count);
        await scene.ShouldBeWholeAsync();
        await scene.StopAsync();
        scene.Disks["fast"].DeleteFault = null;
        await scene.StartAsync();
        await scene.ShouldBeWholeAsync();
        await scene.PassAsync();
        scene.Files("fast").Count().ShouldBe(scene.Segments().Count);
    }

    [Fact]
    public async Task Removals_are_spread_not_done_at_once()
    {
        await using var scene = new StorageScene(c => c with { DeleteRate = 2 }, StorageScene.Fast());
        await scene.StartAsync();
        await scene.RecordAsync(40, "gate");
        int before = scene.Segments().Count;
        scene.Caretaker.Limit(new Dictionary<string, RetentionLimits> { ["gate"] = new(TimeSpan.FromSeconds(1)) });
        await scene.PassAsync();
        scene.Segments().Count.ShouldBeGreaterThanOrEqualTo(before - 4);
        await scene.PassAsync(3);
        scene.Segments().Count.ShouldBeInRange(before - 10, before - 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_is_recorded_held_released_and_removed_every_moment_stays_told(int seed)
    {
        var random = new Random(seed);
        await using var scene = new StorageScene(c => c with { Retention = new(TimeSpan.FromSeconds(30)), LargeAfter = TimeSpan.FromSeconds(12) }, StorageScene.Fast(), StorageScene.Large());
        await scene.StartAsync();
        await scene.RecordAsync(10, "gate");
        for (int step = 0; step < 30; step++)
        {
            int what = random.Next(6);
            switch (what)
            {
                case 0 or 1:
                    await scene.RecordAsync(random.Next(2, 12), "gate");
                    break;
                case 2:
                    double from = random.Next(0, 100);
                    await scene.Caretaker.HoldAsync(scene.HoldOf(from, from + random.Next(1, 20)), accept: true);
                    break;
                case 3:
                    if (await scene.Caretaker.HoldsAsync(ended: false) is { Count: > 0 } holds)
                        await scene.Caretaker.ReleaseAsync(holds[random.Next(holds.Count)].Id, "ana", "not needed any more");
                    break;
                case 4:
                    await scene.StopAsync();
                    scene.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 20)));
                    await scene.StartAsync();
                    break;
                default:
                    await scene.PassAsync(random.Next(1, 4));
                    break;
            }

            await scene.PassAsync();
            await scene.ShouldBeWholeAsync();
        }
    }
}
