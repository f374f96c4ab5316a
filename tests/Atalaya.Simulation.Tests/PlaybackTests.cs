using Atalaya.Testing;

namespace Atalaya.Simulation.Tests;

/// <summary>What ffmpeg and GStreamer receive is what the file holds, over the loop's end too.</summary>
public sealed class PlaybackTests
{
    static readonly ClipRecipe Plain = new(FrameRate: 50, Frames: 50, KeyInterval: 25);

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public async Task Ffmpeg_copies_each_picture_once_and_evenly_over_two_loops(string transport)
    {
        await using var camera = await FakeCamera.StartAsync(Plain);
        using var folder = new TempFolder();
        string file = folder.File("got.mp4");

        var result = await Ffmpeg.RunAsync(["-rtsp_transport", transport, "-i", camera.Url, "-c", "copy", "-frames:v", "120", file]);

        // Of the first picture ffmpeg doesn't know the time, with any server: it says so once.
        result.Errors.Split('\n').Count(line => line.Contains("Non-monotonous", StringComparison.Ordinal)).ShouldBeLessThanOrEqualTo(1, result.Errors);
        foreach (string word in (string[])["max delay", "missed", "corrupt", "rror", "Invalid"])
            result.Errors.ShouldNotContain(word, Case.Sensitive);
        (await Ffmpeg.ReadNumbersAsync(file)).ShouldBe(Enumerable.Range(0, 120).Select(n => n % 50));
        var probe = await Ffmpeg.ProbeAsync(file);
        probe.Errors.ShouldBeEmpty();
        var steps = probe.Video.Zip(probe.Video.Skip(1), (a, b) => b.Decode!.Value - a.Decode!.Value).ToList();
        steps.Skip(2).ShouldAllBe(s => Math.Abs(s - 0.02) < 0.002);
    }

    [Theory]
    [InlineData("tcp", 0)]
    [InlineData("tcp", 2)]
    [InlineData("udp", 2)]
    public async Task Decoded_pictures_are_those_of_the_file(string transport, int bFrames)
    {
        string clip = await Ffmpeg.ClipAsync(Plain with { BFrames = bFrames });
        await using var camera = await FakeCamera.StartAsync(clip);
        var source = await Ffmpeg.FrameMd5Async(clip);
        source.Count.ShouldBe(50);
        var got = await Ffmpeg.FrameMd5Async(camera.Url, 110, "-rtsp_transport", transport);
        got.Zip(Enumerable.Range(0, 110), (md5, n) => md5 == source[n % 50]).ShouldAllBe(same => same);
    }

    [Fact]
    public async Task Counts_say_exactly_which_pictures_were_sent()
    {
        await using var camera = await FakeCamera.StartAsync(Plain);
        await Ffmpeg.RunAsync(["-rtsp_transport", "tcp", "-i", camera.Url, "-c", "copy", "-frames:v", "60", "-f", "null", "-"]);
        var session = camera.Session.ShouldNotBeNull();
        await session.Ended;
        var counts = session.Counts;
        counts.Units.ShouldBeGreaterThanOrEqualTo(60);
        counts.Skipped.ShouldBe(0);
        counts.Sent.ShouldHaveSingleItem().ShouldBe(new SentRange(await Ffmpeg.ClipAsync(Plain), 0, counts.Units - 1));
        counts.KeyUnits.ShouldBe((counts.Units + 24) / 25);
        session.UserAgent.ShouldNotBeNull().ShouldStartWith("Lavf");
    }
}
