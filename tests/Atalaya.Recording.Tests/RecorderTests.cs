using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Recording.Tests;

public sealed class RecorderTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    [Fact]
    public async Task Segments_start_with_a_key_frame_last_a_minute_and_lie_end_to_end()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 150, Noon));
        await scene.Recorder.StopAsync(GapCause.Operator, "Enough.");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Select(s => s.MediaDuration.Seconds).ShouldBe([60, 60, 30], 0.001);
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.Rotated, SegmentEnd.Rotated, SegmentEnd.Stopped]);
        segments[0].Start.ShouldBe(WallTime.From(Noon));
        segments[1].Start.ShouldBe(segments[0].End);
        segments[2].Start.ShouldBe(segments[1].End);
        segments.ShouldAllBe(s => s.Run == segments[0].Run && s.Points.StartsWithKey);
        segments.Select(s => s.Sequence).ShouldBe([0, 1, 2]);
        segments[0].Points.Entries.Count.ShouldBe(60);
        scene.PathOf(segments[1]).ShouldEndWith("archive/gate/2026-03-01/12/1772366460000.mp4");
        scene.Gaps().ShouldBe([new("gate", StreamKind.Main, segments[2].End, null, GapCause.Operator, "Enough.")]);
        await scene.ShouldBeSoundAsync(pictures: 3750);
    }

    [Fact]
    public async Task Sound_is_recorded_beside_the_pictures()
    {
        var footage = await Footage.OfAsync(new(Audio: Codec.Aac, BFrames: 2));
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 20, Noon));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segment = scene.Segments().ShouldHaveSingleItem();
        segment.Codecs.ShouldContain("mp4a.40.2");
        var probe = await Ffmpeg.ProbeAsync(scene.PathOf(segment));
        probe.Audio.Count().ShouldBe(footage.Units(0, 20, Noon).Count(u => !u.IsVideo));
        await scene.ShouldBeSoundAsync(pictures: 500);
    }

    [Fact]
    public async Task Sound_that_begins_late_joins_at_a_key_frame_without_a_gap()
    {
        var footage = await Footage.OfAsync(new(Audio: Codec.Aac));
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon).Where(u => u.IsVideo || u.Decode.Seconds > 5.5));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.FormatChanged, SegmentEnd.Stopped]);
        segments[1].Start.ShouldBe(segments[0].End);
        segments[1].Codecs.ShouldContain("mp4a");
        scene.Gaps().Count.ShouldBe(1);
        await scene.ShouldBeSoundAsync(pictures: 250);
    }

    [Fact]
    public async Task Sound_alone_is_recorded_too()
    {
        var footage = await Footage.OfAsync(new(Video: null, Audio: Codec.PcmALaw));
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        scene.Segments().Count.ShouldBe(3);
        await scene.ShouldBeSoundAsync(footage.Units(0, 12, Noon).Count());
    }

    [Fact]
    public async Task A_lost_camera_ends_the_segment_and_leaves_a_gap_with_its_cause()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        scene.Break(BreakCause.Network, "No packet for 10 s.", Noon.AddSeconds(20));
        await scene.PublishAsync(footage.Units(0, 10, Noon.AddSeconds(30), mediaOffset: 7));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.CameraLost, SegmentEnd.Stopped]);
        segments[1].Run.ShouldNotBe(segments[0].Run);
        scene.Gaps()[0].ShouldBe(new("gate", StreamKind.Main, WallTime.From(Noon.AddSeconds(10)), WallTime.From(Noon.AddSeconds(30)), GapCause.Network, "No packet for 10 s."));
        await scene.ShouldBeSoundAsync(pictures: 500);
    }

    [Fact]
    public async Task A_gap_whose_cause_changes_is_told_in_two_parts()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 2, Noon));
        scene.Break(BreakCause.Network, "Unreachable.", Noon.AddSeconds(10));
        scene.Break(BreakCause.Network, "Still unreachable.", Noon.AddSeconds(20));
        scene.Break(BreakCause.Unauthorised, "401.", Noon.AddSeconds(30));
        await scene.PublishAsync(footage.Units(0, 2, Noon.AddSeconds(40)));
        await scene.SettleAsync();

        scene.Gaps().Select(g => (g.From, g.To, g.Cause)).ShouldBe([
            (WallTime.From(Noon.AddSeconds(2)), WallTime.From(Noon.AddSeconds(30)), GapCause.Network),
            (WallTime.From(Noon.AddSeconds(30)), WallTime.From(Noon.AddSeconds(40)), GapCause.Unauthorised)]);
    }

    [Fact]
    public async Task A_new_format_begins_a_new_segment_without_a_gap()
    {
        var small = await Footage.PlainAsync();
        var large = await Footage.OfAsync(new(Width: 640, Height: 480));
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(small.Units(0, 10, Noon));
        await scene.PublishAsync(large.Units(12, 20, Noon, mediaOffset: -2, monotonicOffset: default).Select(u => u));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.FormatChanged, SegmentEnd.Stopped]);
        segments.Select(s => s.Width).ShouldBe([320, 640]);
        segments[1].Start.ShouldBe(segments[0].End);
        segments[1].Run.ShouldBe(segments[0].Run);
        await scene.ShouldBeSoundAsync(pictures: 450);
    }

    [Fact]
    public async Task A_disk_that_stalls_loses_units_and_says_exactly_which_time()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        using (var stall = new ManualResetEventSlim())
        {
            scene.Disk.Stall = stall;
            foreach (var unit in footage.Units(10, 60, Noon))
            {
                scene.Hub.Publish(unit);
                unit.Release();
            }

            scene.Disk.Stall = null;
            stall.Set();
            await scene.Archive.IdleAsync();
        }

        await scene.PublishAsync(footage.Units(60, 70, Noon));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments[0].EndReason.ShouldBe(SegmentEnd.DiskTooSlow);
        var gap = scene.Gaps()[0];
        gap.Cause.ShouldBe(GapCause.Disk);
        gap.From.ShouldBe(segments[0].End);
        gap.To.ShouldBe(segments[1].Start);
        long lost = scene.Recorder.Status().UnitsLost;
        lost.ShouldBeGreaterThan(0);
        (gap.To!.Value - gap.From).TotalSeconds.ShouldBe(lost / 25.0, 0.001);
        gap.Detail.ShouldContain($"{lost} units");
        await scene.ShouldBeSoundAsync(pictures: 1750 - (int)lost);
    }

    [Fact]
    public async Task A_jump_of_the_media_clock_ends_the_segment()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        await scene.PublishAsync(footage.Units(15, 20, Noon));                      // five seconds are missing
        await scene.PublishAsync(footage.Units(20, 25, Noon, mediaOffset: -3));     // three come twice
        await scene.PublishAsync(footage.Units(25, 30, Noon, mediaOffset: 5000));   // and now it is another day
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        scene.Segments().Select(s => ((s.Start - WallTime.From(Noon)).TotalSeconds, (s.End - WallTime.From(Noon)).TotalSeconds))
            .ShouldBe([(0, 10), (15, 20), (20.001, 25), (25.001, 30)]);
        scene.Gaps()[0].ShouldBe(new("gate", StreamKind.Main, WallTime.From(Noon.AddSeconds(10)), WallTime.From(Noon.AddSeconds(15)), GapCause.Camera, "5.0 s of media are missing."));
        await scene.ShouldBeSoundAsync(pictures: 625);
    }

    [Fact]
    public async Task A_clock_set_forward_leaves_a_gap_that_lacks_nothing()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        await scene.PublishAsync(footage.Units(10, 20, Noon.AddHours(1), monotonicOffset: TimeSpan.FromHours(-1)));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        scene.Segments().Select(s => s.EndReason).ShouldBe([SegmentEnd.ClockSet, SegmentEnd.Stopped]);
        var gap = scene.Gaps()[0];
        (gap.From, gap.To, gap.Cause).ShouldBe((WallTime.From(Noon.AddSeconds(10)), WallTime.From(Noon.AddHours(1).AddSeconds(10)), GapCause.Clock));
        await scene.ShouldBeSoundAsync(pictures: 500);
    }

    [Fact]
    public async Task A_restart_quicker_than_the_delay_that_was_measured_still_leaves_its_gap()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        // A network that lets pictures arrive 200 ms late: the end of the run is told by their arrival.
        await scene.PublishAsync(footage.Units(0, 60.2, Noon).Select(u => At(u, u.Decode.Seconds < 1 ? 0 : 0.2)));
        await scene.StopAsync();
        var end = scene.Segments()[^1].End;
        await scene.StartAsync();
        // And the first picture after the restart comes without delay, before that end.
        await scene.PublishAsync(footage.Units(0, 4, end.ToDateTimeOffset().AddMilliseconds(-30)));
        await scene.StopAsync();

        var segments = scene.Segments();
        segments[^1].Run.ShouldNotBe(segments[0].Run);
        segments[^1].Start.ShouldBe(end + TimeSpan.FromMilliseconds(1));
        scene.Gaps()[0].ShouldSatisfyAllConditions(
            g => g.From.ShouldBe(end), g => g.To.ShouldBe(segments[^1].Start), g => g.Cause.ShouldBe(GapCause.Shutdown));
        await scene.ShouldBeSoundAsync();

        static AccessUnit At(AccessUnit unit, double delay) => new(unit.Format, unit.Data)
        {
            Decode = unit.Decode,
            Presentation = unit.Presentation,
            IsKey = unit.IsKey,
            Wall = unit.Wall + TimeSpan.FromSeconds(delay),
            Arrival = unit.Arrival,
        };
    }

    [Fact]
    public async Task A_clock_set_back_never_makes_segments_overlap()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(10) });
        await scene.PublishAsync(footage.Units(0, 15, Noon));
        await scene.PublishAsync(footage.Units(15, 30, Noon.AddHours(-1), monotonicOffset: TimeSpan.FromHours(1)));
        scene.Break(BreakCause.Camera, "It rebooted.", Noon.AddHours(-1).AddSeconds(40));
        await scene.PublishAsync(footage.Units(0, 10, Noon.AddHours(-1).AddSeconds(60)));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        // Where the camera rebooted something is missing; the clock can't say how much, so the least stands in the ledger.
        segments.Zip(segments.Skip(1)).ShouldAllBe(p => p.Second.Start - p.First.End == TimeSpan.FromMilliseconds(p.First.Run == p.Second.Run ? 0 : 1));
        scene.Gaps()[0].ShouldSatisfyAllConditions(g => g.Cause.ShouldBe(GapCause.Camera), g => g.To.ShouldBe(segments[^1].Start));
        (segments[^1].End - segments[0].Start).TotalSeconds.ShouldBe(40, 0.2);      // slewed by half a percent at most
        await scene.ShouldBeSoundAsync(pictures: 1000);
    }

    [Fact]
    public async Task The_camera_s_drifting_clock_is_followed_by_the_ends_of_segments()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        // A camera that is 1/1000 slow: 1000 s of its media take 1001 s.
        await scene.PublishAsync(footage.Units(0, 300, Noon).Select(u => new AccessUnit(u.Format, u.Data)
        {
            Decode = u.Decode,
            Presentation = u.Presentation,
            IsKey = u.IsKey,
            Wall = WallTime.From(Noon) + (u.Decode.ToTimeSpan() * 1.001),
            Arrival = new(1 + (u.Decode.ToTimeSpan() * 1.001).Ticks * 100),
        }));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Count.ShouldBe(5);
        segments.Zip(segments.Skip(1)).ShouldAllBe(p => p.First.End == p.Second.Start);
        (segments[^1].End - segments[0].Start).TotalSeconds.ShouldBe(300.3, 0.1);
        segments[0].ToMedia(segments[0].ToWall(MediaTime.FromSeconds(30))).Seconds.ShouldBe(30, 0.001);
        await scene.ShouldBeSoundAsync(pictures: 7500);
    }

    [Fact]
    public async Task A_group_of_pictures_longer_than_a_segment_is_not_torn()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(2) });
        await scene.PublishAsync(footage.Units(0, 40, Noon).Select(u => Without(u, key: u.Decode.Seconds % 20 != 0)));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();

        scene.Segments().Select(s => s.MediaDuration.Seconds).ShouldBe([20, 20], 0.001);
        await scene.ShouldBeSoundAsync(pictures: 1000);

        static AccessUnit Without(AccessUnit unit, bool key) => !key ? unit : new(unit.Format, unit.Data)
        {
            Decode = unit.Decode,
            Presentation = unit.Presentation,
            IsKey = false,
            Wall = unit.Wall,
            Arrival = unit.Arrival,
        };
    }

    [Fact]
    public async Task A_full_disk_ends_the_segment_at_its_last_whole_fragment_and_is_tried_again()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        scene.Disk.TornBytes = 100;
        scene.Disk.WriteFault = "No space left on device";
        await scene.PublishAsync(footage.Units(10, 12, Noon));
        scene.Recorder.Status().State.ShouldBe(RecorderState.DiskFailed);
        scene.Recorder.Status().Reason.ShouldContain("No space left");
        scene.Archive.Status().UnpublishedSegments.ShouldBe(1);     // its last box can't be written either

        scene.Disk.WriteFault = null;
        await scene.PublishAsync(footage.Units(12, 14, Noon));      // still within the pause after the failure
        scene.Recorder.Status().State.ShouldBe(RecorderState.DiskFailed);
        scene.Clock.Advance(TimeSpan.FromSeconds(6));
        await scene.PublishAsync(footage.Units(14, 20, Noon));
        scene.Recorder.Status().State.ShouldBe(RecorderState.Recording);
        scene.Recorder.Status().LastError.ShouldNotBeNull();
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        scene.Clock.Advance(TimeSpan.FromSeconds(6));
        await scene.SettleAsync();

        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.DiskFailed, SegmentEnd.Stopped]);
        scene.Gaps()[0].Cause.ShouldBe(GapCause.Disk);
        scene.Gaps()[0].To.ShouldBe(WallTime.From(Noon.AddSeconds(14)));
        await scene.ShouldBeSoundAsync(pictures: 500 - (int)scene.Recorder.Status().UnitsLost);
    }

    [Fact]
    public async Task A_camera_that_comes_back_to_a_failing_disk_is_not_blamed_for_what_is_missing()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 2, Noon));
        scene.Disk.WriteFault = "Input/output error";
        await scene.PublishAsync(footage.Units(2, 4, Noon));
        scene.Break(BreakCause.Network, "Unreachable.", Noon.AddSeconds(10));
        await scene.PublishAsync(footage.Units(0, 2, Noon.AddSeconds(30)));
        scene.Disk.WriteFault = null;
        scene.Clock.Advance(TimeSpan.FromSeconds(60));
        await scene.PublishAsync(footage.Units(2, 4, Noon.AddSeconds(30)));
        await scene.SettleAsync();

        var gaps = scene.Gaps();
        gaps.Select(g => g.Cause).ShouldBe([GapCause.Disk, GapCause.Network, GapCause.Disk]);
        gaps[1].From.ShouldBe(WallTime.From(Noon.AddSeconds(10)));
        gaps[1].To.ShouldBe(WallTime.From(Noon.AddSeconds(30)));
        gaps[2].Detail.ShouldContain("Input/output error");
        gaps[2].To.ShouldBe(WallTime.From(Noon.AddSeconds(32)));
    }

    [Fact]
    public async Task A_disk_that_takes_no_file_at_all_stops_only_this_camera()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        scene.Disk.CreateFault = "Input/output error";
        await scene.PublishAsync(footage.Units(0, 3, Noon));
        scene.Recorder.Status().State.ShouldBe(RecorderState.DiskFailed);
        scene.Disk.CreateFault = null;
        var other = new StreamHub();
        var recorder = scene.Archive.Attach("yard", StreamKind.Sub, other);
        foreach (var unit in footage.Units(0, 3, Noon))
            other.Publish(unit);
        await recorder.StopAsync(GapCause.Operator, "");
        recorder.Status().Bytes.ShouldBeGreaterThan(0);
        await scene.SettleAsync();
        var segment = scene.Index.Segments("yard", StreamKind.Sub, default, new(long.MaxValue)).ShouldHaveSingleItem();
        segment.Name.ShouldBe("1772366400000-sub");
        File.Exists(scene.PathOf(segment)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_failed_sync_ends_the_segment_loudly()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 3, Noon));
        scene.Disk.SyncFault = "Input/output error";
        scene.Clock.Advance(TimeSpan.FromSeconds(6));
        (await scene.AdvanceUntilAsync(() => scene.Recorder.Status().State == RecorderState.DiskFailed, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        (await scene.AdvanceUntilAsync(() => scene.Archive.Status().UnpublishedSegments == 1, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        (await scene.Archive.OpenSegmentAsync("gate", "1772366400000"))!.Dispose();     // still to be seen
        scene.Disk.SyncFault = null;
        (await scene.AdvanceUntilAsync(() => scene.Archive.Status().UnpublishedSegments == 0 && scene.Segments().Count == 1, TimeSpan.FromSeconds(60))).ShouldBeTrue();
        scene.Segments()[0].EndReason.ShouldBe(SegmentEnd.DiskFailed);
    }

    [Fact]
    public async Task Open_files_are_forced_to_the_disk_every_few_seconds()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 3, Noon));
        int before = scene.Disk.Syncs;
        (await scene.AdvanceUntilAsync(() => scene.Disk.Syncs >= before + 3, TimeSpan.FromMinutes(10))).ShouldBeTrue();
    }

    [Fact]
    public async Task The_open_segment_is_readable_up_to_its_last_fragment()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10.2, Noon));

        using var file = (await scene.Archive.OpenSegmentAsync("gate", "1772366400000")).ShouldNotBeNull();
        file.IsClosed.ShouldBeFalse();
        file.Length.ShouldBe(RandomAccess.GetLength(file.Handle));
        scene.Segments().ShouldBeEmpty();
        var timeline = await scene.Archive.TimelineAsync("gate", StreamKind.Main, WallTime.From(Noon), WallTime.From(Noon.AddHours(1)));
        var span = timeline.Recorded.ShouldHaveSingleItem();
        // At most a batch waits in the hub, half a fragment and one picture in the writer: how the threads meet decides.
        (span.To - span.From).TotalSeconds.ShouldBeInRange(9.4, 10.2);
        timeline.Gaps.ShouldBeEmpty();
        timeline.Newest.ShouldBe(span.To);
        scene.Recorder.Status().Newest.ShouldBe(span.To);
    }

    [Theory]
    [InlineData("gate", "../../../etc/passwd")]
    [InlineData("gate", "1772366400000.mp4")]
    [InlineData("gate", "1772366400000/../x")]
    [InlineData("../gate", "1772366400000")]
    [InlineData(".open", "1772366400000")]
    [InlineData("gate", "1772366400000\n")]
    [InlineData("gate", "１７７２３６６４０００００")]
    [InlineData("gate", "1772366400999")]
    public async Task Names_that_are_no_segment_s_lead_nowhere(string camera, string name)
    {
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync((await Footage.PlainAsync()).Units(0, 3, Noon));
        (await scene.Archive.OpenSegmentAsync(camera, name)).ShouldBeNull();
    }

    [Fact]
    public async Task An_archive_has_one_recording_process()
    {
        await using var scene = await Scene.OpenAsync();
        (await Should.ThrowAsync<IOException>(Archive.OpenAsync(scene.Root, null, RecordingOptions.Default, scene.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)))
            .Message.ShouldContain("Another process");
        Should.Throw<InvalidOperationException>(() => scene.Archive.Attach("gate", StreamKind.Main, new StreamHub()));
    }

    [Fact]
    public async Task A_recorder_attached_while_the_archive_ends_is_stopped_or_refused()
    {
        for (int i = 0; i < 30; i++)
        {
            await using var scene = await Scene.OpenAsync(attach: false);
            using var start = new Barrier(2);
            var attached = Task.Run(() =>
            {
                start.SignalAndWait();
                try
                {
                    return scene.Archive.Attach("late", StreamKind.Main, new StreamHub());
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
            });
            start.SignalAndWait();
            await scene.StopAsync();
            if (await attached is { } recorder)
                recorder.Status().State.ShouldBe(RecorderState.Stopped);
        }
    }

    [Fact]
    public async Task Appending_a_unit_allocates_next_to_nothing()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(attach: false);
        var recorder = scene.Archive.Attach("quiet", StreamKind.Main, new StreamHub());
        var writer = new SegmentWriter(recorder);
        var units = footage.Units(0, 50, Noon).ToList();
        foreach (var unit in units.Take(500))
            writer.Append(new(unit, null, 0));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 500; i < 1250; i++)
            writer.Append(new(units[i], null, 0));
        long perUnit = (GC.GetAllocatedBytesForCurrentThread() - before) / 750;
        perUnit.ShouldBeLessThan(96, "bytes for each unit, the gather write and the digest of two fragments a second included");
    }
}
