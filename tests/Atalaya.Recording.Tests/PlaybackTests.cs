using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Recording.Tests;

public sealed class PlaybackTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    static WallTime At(double second) => WallTime.From(Noon.AddSeconds(second));

    /// <summary>0–12 s in segments of five, a gap, 20–25 s.</summary>
    static async Task<Scene> RecordedAsync(ClipRecipe? recipe = null)
    {
        var footage = await Footage.OfAsync(recipe ?? new());
        var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        scene.Break(BreakCause.Network, "No packet for 10 s.", Noon.AddSeconds(15));
        await scene.PublishAsync(footage.Units(0, 5, Noon.AddSeconds(20), mediaOffset: 3));
        await scene.SettleAsync();
        return scene;
    }

    [Fact]
    public async Task A_playlist_lists_byte_ranges_that_begin_with_key_frames()
    {
        await using var scene = await RecordedAsync();
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();
        string playlist = (await scene.Archive.PlaylistAsync("gate", StreamKind.Main, At(2.5), At(24))).ShouldNotBeNull();

        var segments = scene.Segments();
        segments.Count.ShouldBe(4);
        string Range(int segment, int from, int? to) =>
            $"{(to is { } t ? segments[segment].Points.Entries[t].Offset : segments[segment].Points.EndOffset) - segments[segment].Points.Entries[from].Offset}@{segments[segment].Points.Entries[from].Offset}";
        string[] expected =
        [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:4", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-START:TIME-OFFSET=0.500,PRECISE=YES",
            $"#EXT-X-MAP:URI=\"segments/1772366400000.mp4\",BYTERANGE=\"{segments[0].InitBytes}@0\"",
            "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:02.000Z", "#EXTINF:3.000000,", $"#EXT-X-BYTERANGE:{Range(0, 2, null)}", "segments/1772366400000.mp4",
            $"#EXT-X-MAP:URI=\"segments/1772366405000.mp4\",BYTERANGE=\"{segments[1].InitBytes}@0\"",
            "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:05.000Z", "#EXTINF:4.000000,", $"#EXT-X-BYTERANGE:{Range(1, 0, 4)}", "segments/1772366405000.mp4",
            "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:09.000Z", "#EXTINF:1.000000,", $"#EXT-X-BYTERANGE:{Range(1, 4, null)}", "segments/1772366405000.mp4",
            $"#EXT-X-MAP:URI=\"segments/1772366410000.mp4\",BYTERANGE=\"{segments[2].InitBytes}@0\"",
            "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:10.000Z", "#EXTINF:2.000000,", $"#EXT-X-BYTERANGE:{Range(2, 0, null)}", "segments/1772366410000.mp4",
            "#EXT-X-DISCONTINUITY",
            $"#EXT-X-MAP:URI=\"segments/1772366420000.mp4\",BYTERANGE=\"{segments[3].InitBytes}@0\"",
            "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:20.000Z", "#EXTINF:4.000000,", $"#EXT-X-BYTERANGE:{Range(3, 0, 4)}", "segments/1772366420000.mp4",
            "#EXT-X-ENDLIST", "",
        ];
        playlist.ShouldBe(string.Join('\n', expected));
    }

    [Fact]
    public async Task Ffmpeg_plays_the_playlist_picture_for_picture()
    {
        await using var scene = await RecordedAsync(new(BFrames: 2, Audio: Codec.Aac));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();
        string playlist = (await scene.Archive.PlaylistAsync("gate", StreamKind.Main, At(0), At(12)))!;
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("segments"));
        foreach (var segment in scene.Segments())
            File.Copy(scene.PathOf(segment), folder.File("segments", $"{segment.Name}.mp4"));
        await File.WriteAllTextAsync(folder.File("list.m3u8"), playlist);
        var numbers = await Ffmpeg.ReadNumbersAsync(folder.File("list.m3u8"), null, "-allowed_extensions", "ALL");
        numbers.ShouldBe(Enumerable.Range(0, 300).Select(n => n % 100));
    }

    [Fact]
    public async Task A_playlist_that_reaches_into_the_future_only_grows()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(10) });
        string before = "";
        for (int second = 0; second < 30; second += 3)
        {
            await scene.PublishAsync(footage.Units(second, second + 3, Noon));
            string? now = await scene.Archive.PlaylistAsync("gate", StreamKind.Main, At(1), At(3600));
            if (now is null)
            {
                second.ShouldBeLessThan(6);
                continue;
            }

            now.ShouldStartWith(before);
            now.ShouldContain("#EXT-X-PLAYLIST-TYPE:EVENT");
            now.ShouldNotContain("ENDLIST");
            before = now;
        }

        before.Split("#EXTINF").Length.ShouldBeGreaterThan(8);
        (await scene.Archive.PlaylistAsync("gate", StreamKind.Main, At(1), At(-1))).ShouldBeNull();
        (await scene.Archive.PlaylistAsync("nobody", StreamKind.Main, At(1), At(10))).ShouldBeNull();
    }

    [Fact]
    public async Task A_timeline_tells_what_is_recorded_and_why_the_rest_is_not()
    {
        await using var scene = await RecordedAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        var timeline = await scene.Archive.TimelineAsync("gate", StreamKind.Main, At(-100), At(100));
        timeline.Recorded.Count.ShouldBe(2);
        timeline.Recorded[0].ShouldBe(new(At(0), At(12)));
        timeline.Recorded[1].From.ShouldBe(At(20));
        timeline.Gaps.ShouldBe([new("gate", StreamKind.Main, At(12), At(20), GapCause.Network, "No packet for 10 s.")]);
        (timeline.Oldest, timeline.Newest).ShouldBe((At(0), timeline.Recorded[1].To));

        await scene.Recorder.StopAsync(GapCause.Policy, "Not at night.");
        var all = await scene.Archive.TimelinesAsync(StreamKind.Main, At(15), At(100));
        all.Keys.ShouldBe(["gate"]);
        all["gate"].Recorded.ShouldBe([new(At(20), At(25))]);
        all["gate"].Gaps.ShouldBe([
            new("gate", StreamKind.Main, At(15), At(20), GapCause.Network, "No packet for 10 s."),
            new("gate", StreamKind.Main, At(25), null, GapCause.Policy, "Not at night.")]);
        (await scene.Archive.TimelineAsync("gate", StreamKind.Main, At(26), At(28))).Gaps[0].To.ShouldBe(At(28));
    }

    [Fact]
    public async Task A_playlist_that_begins_inside_a_group_of_pictures_begins_with_the_file_before()
    {
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync();
        // One key frame in eleven minutes: the file ends after ten, and the next begins without one.
        await scene.PublishAsync(footage.Units(0, 660, Scene.Noon).Select(u => u.Decode == MediaTime.Zero ? u : new AccessUnit(u.Format, u.Data)
        {
            Decode = u.Decode,
            Presentation = u.Presentation,
            IsKey = false,
            Wall = u.Wall,
            Arrival = u.Arrival,
        }));
        await scene.Recorder.StopAsync(GapCause.Operator, "");
        await scene.SettleAsync();
        var segments = scene.Segments();
        segments.Select(s => s.Points.StartsWithKey).ShouldBe([true, false]);
        string playlist = (await scene.Archive.PlaylistAsync("gate", StreamKind.Main, At(620), At(640))).ShouldNotBeNull();
        playlist.Split('\n').First(l => l.StartsWith("segments/", StringComparison.Ordinal)).ShouldBe($"segments/{segments[0].Name}.mp4");
        playlist.ShouldContain("EXT-X-START:TIME-OFFSET=620.0");
    }

    [Fact]
    public async Task An_archive_can_be_looked_at_without_its_index_and_beside_its_recorder()
    {
        await using var scene = await RecordedAsync();
        await using var reader = await Archive.OpenForReadingAsync(scene.Root, null, scene.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var timeline = await reader.TimelineAsync("gate", StreamKind.Main, At(0), At(60));
        timeline.Recorded.ShouldBe([new(At(0), At(12))]);
        Should.Throw<InvalidOperationException>(() => reader.Attach("gate", StreamKind.Main, new StreamHub()));
        scene.Archive.Volumes.Local[0].Folder.OpenFiles().ShouldHaveSingleItem();
    }
}
