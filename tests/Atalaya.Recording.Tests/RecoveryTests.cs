using Atalaya.Media;

namespace Atalaya.Recording.Tests;

public sealed class RecoveryTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    /// <summary>A folder as a killed process leaves it: one closed segment, and one open file, as bytes.</summary>
    static async Task<(Scene Scene, string OpenPath, byte[] Open)> KilledAsync()
    {
        var footage = await Footage.PlainAsync();
        var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 8.1, Noon));
        await scene.SettleAsync();
        string path = scene.Archive.Volumes.Local[0].Folder.OpenFiles().ShouldHaveSingleItem().Path;
        byte[] bytes = await File.ReadAllBytesAsync(path);
        await scene.StopAsync();
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        // What the orderly end added is taken back.
        File.Delete(scene.Archive.Volumes.Local[0].Folder.PathOf("gate", new(WallTime.From(Noon.AddSeconds(5)).Milliseconds, StreamKind.Main)));
        scene.LoseIndex();
        return (scene, path, bytes);
    }

    [Fact]
    public async Task A_file_left_open_is_recovered_to_its_last_whole_fragment_wherever_it_was_cut()
    {
        var (scene, path, bytes) = await KilledAsync();
        await using var _ = scene;
        int recovered = 0;
        var random = new Random(5);
        foreach (int length in Enumerable.Range(0, 30).Select(i => i * bytes.Length / 30).Concat([bytes.Length - 1, bytes.Length, random.Next(bytes.Length), random.Next(bytes.Length)]))
        {
            string final = scene.Archive.Volumes.Local[0].Folder.PathOf("gate", new(WallTime.From(Noon.AddSeconds(5)).Milliseconds, StreamKind.Main));
            File.Delete(final);
            scene.LoseIndex();
            await File.WriteAllBytesAsync(path, bytes.AsMemory(0, length).ToArray());

            await scene.StartAsync(attach: false);
            await scene.SettleAsync();
            scene.Archive.Volumes.Local[0].Folder.OpenFiles().ShouldBeEmpty();
            (await scene.CheckAsync()).Faults.ShouldBeEmpty($"cut at {length}");
            var segments = scene.Segments();
            segments[0].EndReason.ShouldBe(SegmentEnd.Rotated);
            if (segments.Count == 2)
            {
                recovered++;
                segments[1].EndReason.ShouldBe(SegmentEnd.Crash);
                segments[1].Start.ShouldBe(segments[0].End);
                segments[1].Run.ShouldBe(segments[0].Run);
                segments[1].Sequence.ShouldBe(1);
            }

            var gap = scene.Gaps().ShouldHaveSingleItem();
            gap.ShouldBe(new("gate", StreamKind.Main, segments[^1].End, null, GapCause.Crash, Recovery.CrashDetail));
            await scene.StopAsync();
        }

        recovered.ShouldBeGreaterThan(20);
        await scene.StartAsync(attach: false);
        await scene.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task A_start_up_killed_between_recovering_a_file_and_indexing_the_one_before_leaves_nothing_out()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(2) });
        await scene.PublishAsync(footage.Units(0, 6, Noon));
        await scene.StopAsync();
        var segments = scene.Segments();
        segments.Count.ShouldBe(3);
        await using (var connection = await scene.Store.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $"delete from segments where start_us = {segments[1].Start.Microseconds}";
            (await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken)).ShouldBe(1);
        }

        scene.Index.Write([], [new("gate", StreamKind.Main, segments[1].Start, segments[1].End, GapCause.Crash, Recovery.CrashDetail)]);
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await scene.StartAsync(attach: false);
        scene.Segments().Select(s => s.Name).ShouldBe(segments.Select(s => s.Name));
        scene.Gaps().ShouldHaveSingleItem().From.ShouldBe(segments[2].End);
        (await scene.CheckAsync()).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task Recording_goes_on_after_a_crash_and_closes_the_gap()
    {
        var (scene, path, bytes) = await KilledAsync();
        await using var _ = scene;
        await File.WriteAllBytesAsync(path, bytes);
        await scene.StartAsync();
        await scene.PublishAsync((await Footage.PlainAsync()).Units(0, 4, Noon.AddSeconds(60)));
        await scene.StopAsync();

        var segments = scene.Segments();
        segments.Select(s => s.EndReason).ShouldBe([SegmentEnd.Rotated, SegmentEnd.Crash, SegmentEnd.Shutdown]);
        scene.Gaps().Select(g => (g.From, g.To, g.Cause)).ShouldBe([
            (segments[1].End, segments[2].Start, GapCause.Crash), (segments[2].End, null, GapCause.Shutdown)]);
    }

    [Fact]
    public async Task A_file_that_only_lacked_its_name_keeps_its_end()
    {
        var (scene, path, _) = await KilledAsync();
        await using var keep = scene;
        string closed = scene.Archive.Volumes.Local[0].Folder.PathOf("gate", new(WallTime.From(Noon).Milliseconds, StreamKind.Main));
        string open = scene.Archive.Volumes.Local[0].Folder.OpenPath("gate", new(WallTime.From(Noon).Milliseconds, StreamKind.Main));
        string digest = Digest(closed);
        File.Move(closed, open);
        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        var segment = scene.Segments().ShouldHaveSingleItem();
        segment.EndReason.ShouldBe(SegmentEnd.Rotated);
        segment.Sha256.ShouldBe(digest);
        await scene.ShouldBeSoundAsync();
        File.Exists(path).ShouldBeFalse();
    }

    [Fact]
    public async Task A_lost_index_is_made_again_from_the_files_alone_with_every_cause()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        scene.Break(BreakCause.Unauthorised, "401.", Noon.AddSeconds(13));
        await scene.PublishAsync(footage.Units(0, 7, Noon.AddSeconds(20)));
        await scene.StopAsync();
        var segments = scene.Segments();
        var gaps = scene.Gaps();
        segments.Count.ShouldBe(5);
        scene.LoseIndex();

        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        scene.Segments().Select(Text).ShouldBe(segments.Select(Text));
        scene.Gaps().ShouldBe(gaps);

        static string Text(Segment s) => $"{s with { Points = null! }} {Convert.ToHexString(s.Points.Encode(s.MediaStart))}";
    }

    [Fact]
    public async Task Recording_doesn_t_notice_that_the_store_is_away_and_the_index_catches_up()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        await scene.SettleAsync();
        scene.Store.IsAway = true;
        await scene.PublishAsync(footage.Units(12, 32, Noon));
        scene.Break(BreakCause.Camera, "Gone.", Noon.AddSeconds(33));
        await scene.SettleAsync();
        var status = scene.Archive.Status();
        status.StoreFault.ShouldNotBeNull();
        status.PendingRows.ShouldBeGreaterThan(3);
        status.Recorders[0].LastError.ShouldBeNull();

        scene.Store.IsAway = false;
        (await scene.Clock.AdvanceUntilAsync(() => scene.Archive.Status() is { StoreFault: null, PendingRows: 0 }, TimeSpan.FromMinutes(5))).ShouldBeTrue();
        scene.Segments().Count.ShouldBe(7);
        await scene.ShouldBeSoundAsync(pictures: 800);
    }

    [Fact]
    public async Task A_start_without_the_store_records_and_indexes_everything_when_it_comes()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        await scene.PublishAsync(footage.Units(0, 5, Noon));
        await scene.StopAsync();
        scene.LoseIndex();

        scene.Store.IsAway = true;
        await scene.StartAsync();
        scene.Archive.Status().StoreFault.ShouldNotBeNull();
        await scene.PublishAsync(footage.Units(0, 5, Noon.AddSeconds(20)));
        scene.Store.IsAway = false;
        (await scene.Clock.AdvanceUntilAsync(() => scene.Archive.Status() is { StoreFault: null, PendingRows: 0 }, TimeSpan.FromMinutes(5))).ShouldBeTrue();
        await scene.Archive.SettleAsync();
        await scene.StopAsync();

        scene.Segments().Count.ShouldBe(2);
        scene.Gaps().Select(g => (g.From, g.To, g.Cause)).ShouldBe([
            (WallTime.From(Noon.AddSeconds(5)), WallTime.From(Noon.AddSeconds(20)), GapCause.Shutdown), (WallTime.From(Noon.AddSeconds(25)), null, GapCause.Shutdown)]);
    }

    static string Digest(string path)
    {
        using var file = File.OpenHandle(path);
        return SegmentReader.Digest(file);
    }
}
