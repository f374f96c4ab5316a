using Atalaya.Media;

namespace Atalaya.Recording.Tests;

/// <summary>
/// A failed sync is told once and then forgotten by the system: the next one succeeds without what the first couldn't write. Nothing may count as whole
/// on such a word.
/// </summary>
public sealed class SyncFaultTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    [Fact]
    public async Task What_a_failed_sync_lost_is_written_again_before_the_segment_gets_its_name()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        await FailOneSyncAsync(scene);
        await scene.PublishAsync(footage.Units(20, 30, Noon));
        await EndAsync(scene);

        scene.Disk.LoseMemory();
        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.DiskFailed, SegmentEnd.Shutdown]);
        segments[0].MediaDuration.Seconds.ShouldBeGreaterThan(9);
        scene.Gaps()[0].ShouldSatisfyAllConditions(g => g.Cause.ShouldBe(GapCause.Disk), g => g.From.ShouldBe(segments[0].End), g => g.To.ShouldBe(segments[1].Start));
        await scene.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task A_sync_that_fails_while_the_segment_rotates_is_not_forgotten()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(10) });
        await scene.PublishAsync(footage.Units(0, 8, Noon));
        using var syncing = new ManualResetEventSlim();
        using var rotated = new ManualResetEventSlim();
        int failures = 0;
        scene.Disk.Before = (operation, path) =>
        {
            if (operation != DiskOperation.Sync || !path.EndsWith(".part", StringComparison.Ordinal) || Interlocked.Increment(ref failures) > 1)
                return;
            syncing.Set();
            rotated.Wait();
            throw FaultyDisk.Broken;
        };
        while (!syncing.IsSet)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(1));
            syncing.Wait(TimeSpan.FromMilliseconds(20));
        }

        // The publisher waits in its sync; meanwhile the writer closes that file and opens the next one.
        foreach (var unit in footage.Units(8, 13, Noon))
        {
            scene.Hub.Publish(unit);
            unit.Release();
        }

        await scene.Volume.Writer.IdleAsync();
        rotated.Set();
        await EndAsync(scene);

        failures.ShouldBeGreaterThan(1);
        scene.Disk.LoseMemory();
        scene.Segments().Select(s => s.EndReason).ShouldBe([SegmentEnd.Rotated, SegmentEnd.Shutdown]);
        scene.Gaps().ShouldHaveSingleItem().To.ShouldBeNull();
        await scene.ShouldBeSoundAsync(pictures: 325);
    }

    [Fact]
    public async Task What_nobody_remembers_any_more_is_cut_off_and_stands_in_the_ledger()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 5, Noon));
        int before = scene.Disk.Syncs;
        (await scene.AdvanceUntilAsync(() => scene.Disk.Syncs > before, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        await scene.PublishAsync(footage.Units(5, 10, Noon));
        scene.Disk.ForgetsOnFailure = true;
        await FailOneSyncAsync(scene);
        await scene.PublishAsync(footage.Units(20, 30, Noon));
        await EndAsync(scene);

        scene.Disk.LoseMemory();
        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.DiskFailed, SegmentEnd.Shutdown]);
        segments[0].MediaDuration.Seconds.ShouldBeInRange(4, 5);
        var gaps = scene.Gaps();
        gaps[0].ShouldSatisfyAllConditions(g => g.Cause.ShouldBe(GapCause.Disk), g => g.From.ShouldBe(segments[0].End), g => g.Detail.ShouldContain("lost"));
        gaps[^2].To.ShouldBe(segments[1].Start);
        await scene.ShouldBeSoundAsync();

        // The file says the same without the index.
        scene.LoseIndex();
        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        scene.Segments().Select(s => (s.Name, s.End, s.Sha256)).ShouldBe(segments.Select(s => (s.Name, s.End, s.Sha256)));
        (scene.Gaps()[0].From, scene.Gaps()[0].Cause).ShouldBe((gaps[0].From, gaps[0].Cause));
    }

    [Fact]
    public async Task A_file_of_which_nothing_is_left_is_a_gap_and_no_segment()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 2, Noon));
        scene.Break(BreakCause.Camera, "Gone.");
        await scene.SettleAsync();
        await scene.PublishAsync(footage.Units(0, 4, Noon.AddSeconds(10)));
        scene.Disk.ForgetsOnFailure = true;
        await FailOneSyncAsync(scene);
        await EndAsync(scene);

        var segment = scene.Segments().ShouldHaveSingleItem();
        var gaps = scene.Gaps();
        gaps[0].ShouldSatisfyAllConditions(g => g.From.ShouldBe(segment.End), g => g.Cause.ShouldBe(GapCause.Camera), g => g.To.ShouldBe(WallTime.From(Noon.AddSeconds(10))));
        gaps[1].ShouldSatisfyAllConditions(g => g.From.ShouldBe(gaps[0].To!.Value), g => g.Cause.ShouldBe(GapCause.Disk));
        scene.Volume.Folder.OpenFiles().ShouldBeEmpty();
        await scene.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task A_disk_that_never_confirms_holds_two_files_of_a_stream_and_no_more()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 3, Noon));
        scene.Disk.SyncFault = "Input/output error";
        double media = 3;
        int most = 0;
        for (int i = 0; i < 150; i++)
        {
            scene.Clock.Advance(TimeSpan.FromSeconds(4));
            await scene.PublishAsync(footage.Units(media, media + 4, Noon));
            media += 4;
            await scene.Volume.Publisher.DrainAsync();
            most = Math.Max(most, scene.Archive.Status().UnpublishedSegments);
        }

        most.ShouldBe(2);
        scene.Volume.Folder.OpenFiles().Count.ShouldBeLessThanOrEqualTo(4);
        scene.Recorder.Status().State.ShouldBe(RecorderState.DiskFailed);
        scene.Disk.SyncFault = null;
        (await scene.AdvanceUntilAsync(() => scene.Archive.Status().UnpublishedSegments == 0, TimeSpan.FromMinutes(2))).ShouldBeTrue();
        scene.Clock.Advance(TimeSpan.FromSeconds(31));
        await scene.PublishAsync(footage.Units(media, media + 4, Noon));
        scene.Recorder.Status().State.ShouldBe(RecorderState.Recording);
        await scene.StopAsync();
        scene.Disk.LoseMemory();

        // Those that were given up are taken by the next start, and then everything is recorded once or explained.
        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        scene.Volume.Folder.OpenFiles().ShouldBeEmpty();
        await scene.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task A_start_after_a_failed_sync_believes_the_disk_and_not_what_the_system_remembers()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 5, Noon));
        int before = scene.Disk.Syncs;
        (await scene.AdvanceUntilAsync(() => scene.Disk.Syncs > before, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        await scene.PublishAsync(footage.Units(5, 10, Noon));

        // The process is told of the lost pages, and ends before it can do anything about them.
        scene.Disk.SyncFault = "Input/output error";
        (await scene.AdvanceUntilAsync(() => scene.Recorder.Status().State == RecorderState.DiskFailed, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        await scene.StopAsync();
        scene.Disk.SyncFault = null;
        string path = scene.Volume.Folder.OpenFiles().ShouldHaveSingleItem().Path;
        File.Exists(ArchiveFolder.DoubtPath(path)).ShouldBeTrue();

        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        scene.Disk.LoseMemory();
        var segment = scene.Segments().ShouldHaveSingleItem();
        segment.MediaDuration.Seconds.ShouldBeInRange(4, 5);
        Directory.GetFiles(scene.Volume.Folder.Open).ShouldBeEmpty();
        await scene.ShouldBeSoundAsync();
    }

    /// <summary>The next sync of an open file fails, once.</summary>
    static async Task FailOneSyncAsync(Scene scene)
    {
        int failures = 0;
        scene.Disk.Before = (operation, _) =>
        {
            if (operation == DiskOperation.Sync && Interlocked.Increment(ref failures) == 1)
                throw FaultyDisk.Broken;
        };
        (await scene.AdvanceUntilAsync(() => scene.Recorder.Status().State == RecorderState.DiskFailed, TimeSpan.FromSeconds(30))).ShouldBeTrue();
        scene.Disk.Before = null;
        scene.Clock.Advance(TimeSpan.FromSeconds(10));
        await scene.Volume.Publisher.DrainAsync();
    }

    static async Task EndAsync(Scene scene)
    {
        await scene.StopAsync();
        scene.Disk.Before = null;
        scene.Disk.ForgetsOnFailure = false;
    }
}
