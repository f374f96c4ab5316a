using Atalaya.Media;

namespace Atalaya.Recording.Tests;

/// <summary>A check finds every kind of damage; a repair puts right what can be and takes no footage away; an index is made again from the files alone.</summary>
public sealed class CheckTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    /// <summary>Four segments of 5 s in two runs with a gap of 8 s.</summary>
    static async Task<(Scene Scene, IReadOnlyList<Segment> Segments)> RecordedAsync()
    {
        var footage = await Footage.PlainAsync();
        var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 10, Noon));
        scene.Break(BreakCause.Network, "Unreachable.", Noon.AddSeconds(12));
        scene.Break(BreakCause.Unauthorised, "401.", Noon.AddSeconds(15));
        await scene.PublishAsync(footage.Units(0, 10, Noon.AddSeconds(18)));
        await scene.Recorder.StopAsync(GapCause.Operator, "Enough.");
        await scene.SettleAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        var segments = scene.Segments();
        segments.Count.ShouldBe(4);
        return (scene, segments);
    }

    [Fact]
    public async Task Every_kind_of_damage_is_found_at_its_depth()
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        (await scene.CheckAsync()).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(0), r => r.Segments.ShouldBe(4), r => r.Gaps.ShouldBe(3));

        await ChangeAsync(scene.PathOf(segments[0]), bytes => bytes[^(bytes.Length / 3)] ^= 1);
        await File.AppendAllTextAsync(scene.PathOf(segments[1]), "x");
        await ChangeAsync(scene.PathOf(segments[2]), bytes => bytes.AsSpan(700, 40).Clear());
        File.Delete(scene.PathOf(segments[3]));
        await File.WriteAllTextAsync(Path.Combine(scene.Root, "gate", "notes.txt"), "x");

        (await scene.CheckAsync()).Faults.Select(f => f.Kind).ShouldBe(
            [CheckFaultKind.WrongDigest, CheckFaultKind.WrongSize, CheckFaultKind.Damaged, CheckFaultKind.Missing, CheckFaultKind.Stray], ignoreOrder: true);
        (await scene.CheckAsync(new(CheckDepth.Structure))).Faults.Select(f => f.Kind).ShouldBe(
            [CheckFaultKind.WrongSize, CheckFaultKind.Damaged, CheckFaultKind.Missing, CheckFaultKind.Stray], ignoreOrder: true);
        (await scene.CheckAsync(new(CheckDepth.Presence))).Faults.Select(f => f.Kind).ShouldBe(
            [CheckFaultKind.WrongSize, CheckFaultKind.Missing, CheckFaultKind.Stray], ignoreOrder: true);
    }

    [Fact]
    public async Task A_row_without_its_file_becomes_a_gap_and_a_file_without_its_row_gets_one()
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        File.Delete(scene.PathOf(segments[1]));
        await using (var connection = await scene.Store.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $"delete from segments where start_us = {segments[2].Start.Microseconds}";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var repaired = await scene.CheckAsync(new(Repair: true));
        repaired.Faults.Where(f => f.Repaired).Select(f => f.Kind).ShouldBe([CheckFaultKind.Missing, CheckFaultKind.NotIndexed], ignoreOrder: true);
        scene.Segments().Select(s => s.Name).ShouldBe([segments[0].Name, segments[2].Name, segments[3].Name]);
        var gap = scene.Gaps()[0];
        (gap.From, gap.To, gap.Cause).ShouldBe((segments[1].Start, segments[1].End, GapCause.Disk));
        await scene.ShouldBeSoundAsync(pictures: 375);
    }

    [Fact]
    public async Task What_was_added_behind_a_file_is_cut_off()
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        await File.AppendAllTextAsync(scene.PathOf(segments[0]), "x");
        (await scene.CheckAsync(new(Repair: true))).ExitCode.ShouldBe(0);
        scene.Segments()[0].Sha256.ShouldBe(segments[0].Sha256);
        await scene.ShouldBeSoundAsync(pictures: 500);
    }

    [Fact]
    public async Task A_torn_file_is_cut_to_what_it_holds_and_its_old_self_is_kept()
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        string path = scene.PathOf(segments[2]);
        byte[] torn = (await File.ReadAllBytesAsync(path))[..(int)(segments[2].Bytes * 2 / 3)];
        await File.WriteAllBytesAsync(path, torn);

        (await scene.CheckAsync(new(Repair: true))).Faults.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            f => f.Kind.ShouldBe(CheckFaultKind.WrongSize), f => f.Repaired.ShouldBeTrue(), f => f.Detail.ShouldContain("are a gap now"));
        var cut = scene.Segments()[2];
        cut.EndReason.ShouldBe(SegmentEnd.DiskFailed);
        cut.MediaDuration.Seconds.ShouldBeInRange(2, 3.6);
        scene.Gaps().ShouldContain(g => g.From == cut.End && g.To == segments[3].Start && g.Cause == GapCause.Disk);
        (await File.ReadAllBytesAsync(Directory.GetFiles(Path.Combine(scene.Root, ".damaged")).ShouldHaveSingleItem())).ShouldBe(torn);
        await scene.ShouldBeSoundAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_holds_nothing_to_play_is_put_aside_and_deleted_only_if_told(bool delete)
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        await ChangeAsync(scene.PathOf(segments[1]), bytes => bytes.AsSpan().Clear());
        var result = await scene.CheckAsync(new(Repair: true, DeleteUnreadable: delete));
        result.ExitCode.ShouldBe(0);
        File.Exists(scene.PathOf(segments[1])).ShouldBeFalse();
        string aside = Path.Combine(scene.Root, ".damaged", $"gate~{segments[1].Name}.mp4");
        File.Exists(aside).ShouldBe(!delete);
        scene.Gaps().ShouldContain(g => g.From == segments[1].Start && g.To == segments[1].End && g.Cause == GapCause.Disk);
        await scene.ShouldBeSoundAsync(pictures: 375);
    }

    [Fact]
    public async Task Footage_that_is_not_what_was_written_is_told_and_left_alone()
    {
        var (scene, segments) = await RecordedAsync();
        await using var _ = scene;
        await ChangeAsync(scene.PathOf(segments[0]), bytes => bytes[^(bytes.Length / 3)] ^= 1);
        byte[] before = await File.ReadAllBytesAsync(scene.PathOf(segments[0]));
        var result = await scene.CheckAsync(new(Repair: true));
        result.ExitCode.ShouldBe(1);
        result.Faults.ShouldHaveSingleItem().ShouldSatisfyAllConditions(f => f.Kind.ShouldBe(CheckFaultKind.WrongDigest), f => f.Repaired.ShouldBeFalse());
        (await File.ReadAllBytesAsync(scene.PathOf(segments[0]))).ShouldBe(before);
        scene.Segments().Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_lost_index_is_made_again_with_every_row_gap_cause_and_digest()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(2) });
        // More files than a start reads whole.
        for (int run = 0; run < 4; run++)
        {
            var at = Noon.AddSeconds(run * 60);
            await scene.PublishAsync(footage.Units(0, 45, at));
            scene.Break(BreakCause.Network, $"Unreachable {run}.", at.AddSeconds(48));
            scene.Break(BreakCause.Camera, $"Refused {run}.", at.AddSeconds(50));
            scene.Break(BreakCause.Unauthorised, $"401 {run}.", at.AddSeconds(55));
        }

        await scene.PublishAsync(footage.Units(0, 4, Noon.AddSeconds(240)));
        await scene.StopAsync();
        var segments = scene.Segments();
        var gaps = scene.Gaps();
        segments.Count.ShouldBeGreaterThan(90);
        gaps.Count.ShouldBe(13);
        scene.LoseIndex();

        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        scene.Segments().Select(s => Text(s with { Sha256 = "" })).ShouldBe(segments.Select(s => Text(s with { Sha256 = "" })));
        scene.Segments().ShouldContain(s => s.Sha256 == "");
        scene.Gaps().ShouldBe(gaps);
        (await scene.CheckAsync()).Faults.ShouldBeEmpty();

        // Stopped halfway it goes on where it was.
        using (var stop = new CancellationTokenSource())
        {
            await Should.ThrowAsync<OperationCanceledException>(scene.Archive.ReindexAsync(digests: true, new Stop(stop), stop.Token));
        }

        long left = scene.Segments().Count(s => s.Sha256 == "");
        var result = await scene.Archive.ReindexAsync(digests: true, stop: TestContext.Current.CancellationToken);
        result.Digested.ShouldBe(left);
        result.Faults.ShouldBeEmpty();
        scene.Segments().Select(Text).ShouldBe(segments.Select(Text));
        scene.Gaps().ShouldBe(gaps);

        static string Text(Segment s) => $"{s with { Points = null! }} {Convert.ToHexString(s.Points.Encode(s.MediaStart))}";
    }

    [Fact]
    public async Task Damage_done_while_there_was_no_index_is_not_taken_for_the_truth()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(2) });
        await scene.PublishAsync(footage.Units(0, 140, Noon));
        await scene.StopAsync();
        var last = scene.Segments()[^1];
        await ChangeAsync(scene.PathOf(last), bytes => bytes[^(bytes.Length / 2)] ^= 1);
        scene.LoseIndex();
        await scene.StartAsync(attach: false);
        (await scene.CheckAsync()).Faults.ShouldHaveSingleItem().Kind.ShouldBe(CheckFaultKind.WrongDigest);
        (await scene.Archive.ReindexAsync(digests: true, stop: TestContext.Current.CancellationToken)).Faults.ShouldHaveSingleItem();
        scene.Segments()[^1].Sha256.ShouldBe("");
    }

    [Fact]
    public async Task A_repair_leaves_the_time_of_a_segment_alone_that_still_waits_for_its_disk()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        // The second of four can't be synced; those behind it can.
        string waiting = $"{WallTime.From(Noon.AddSeconds(5)).Milliseconds}";
        scene.Disk.Before = (operation, path) =>
        {
            if (operation == DiskOperation.Sync && path.Contains(waiting, StringComparison.Ordinal))
                throw FaultyDisk.Broken;
        };
        await scene.PublishAsync(footage.Units(0, 18, Noon));
        await scene.SettleAsync();
        scene.Archive.Status().UnpublishedSegments.ShouldBe(1);
        scene.Segments().Select(s => s.Start).ShouldBe([WallTime.From(Noon), WallTime.From(Noon.AddSeconds(10))]);

        (await scene.CheckAsync(new(Repair: true))).Faults.ShouldBeEmpty();
        scene.Gaps().ShouldBeEmpty();
        scene.Disk.Before = null;
        scene.Clock.Advance(TimeSpan.FromSeconds(6));
        await scene.StopAsync();
        scene.Segments().Count.ShouldBe(4);
        scene.Gaps().ShouldHaveSingleItem().Cause.ShouldBe(GapCause.Shutdown);
        await scene.StartAsync(attach: false);
        await scene.ShouldBeSoundAsync(pictures: 450);
    }

    [Fact]
    public async Task A_look_at_several_volumes_finds_the_segments_of_all_of_them()
    {
        await using var scene = new StorageScene(StorageScene.Fast("one"), StorageScene.Fast("two"));
        await scene.StartAsync();
        await scene.RecordAsync(6, "north", "south", "east");
        await scene.StopAsync();
        await using var looking = await Archive.OpenForReadingAsync(scene.Config, scene.Store, scene.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TestContext.Current.CancellationToken);
        var result = await looking.CheckAsync(new(), stop: TestContext.Current.CancellationToken);
        result.Faults.ShouldBeEmpty();
        result.Segments.ShouldBeGreaterThanOrEqualTo(9);
    }

    [Fact]
    public async Task A_check_beside_the_recorder_finds_nothing_wrong()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        for (int at = 0; at < 60; at += 6)
        {
            var check = scene.CheckAsync(new(Repair: true));
            await scene.PublishAsync(footage.Units(at, at + 6, Noon));
            (await check).Faults.ShouldBeEmpty();
        }

        await scene.StopAsync();
        await scene.StartAsync(attach: false);
        await scene.ShouldBeSoundAsync(pictures: 1500);
    }

    static async Task ChangeAsync(string path, Action<byte[]> change)
    {
        byte[] bytes = await File.ReadAllBytesAsync(path);
        change(bytes);
        await File.WriteAllBytesAsync(path, bytes);
    }

    sealed class Stop(CancellationTokenSource stop) : IProgress<CheckProgress>
    {
        public void Report(CheckProgress value)
        {
            if (value.Files == 10)
                stop.Cancel();
        }
    }
}
