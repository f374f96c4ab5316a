using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Simulation.Tests;

/// <summary>The tools that other tests stand on.</summary>
public sealed class TestKitTests
{
    [Theory]
    [InlineData(GStreamerAuthentication.None)]
    [InlineData(GStreamerAuthentication.Basic)]
    [InlineData(GStreamerAuthentication.Digest)]
    public async Task GStreamers_server_serves_a_clip_to_who_may_see_it(GStreamerAuthentication authentication)
    {
        string clip = await Ffmpeg.ClipAsync(new ClipRecipe(Audio: Codec.Aac, Frames: 100, BFrames: 2));
        await using var server = await GStreamerRtspServer.StartAsync(clip, Codec.H264, Codec.Aac, authentication);
        string url = authentication == GStreamerAuthentication.None ? server.Url() : server.Url("cam", "admin", "s3cret");
        var probe = await Ffmpeg.ProbeAsync(url, "-rtsp_transport", "tcp", "-read_intervals", "%+1");
        probe.Streams.Select(s => s.Codec).ShouldBe(["h264", "aac"], ignoreOrder: true);
        if (authentication != GStreamerAuthentication.None)
            (await Ffmpeg.ProbeAsync(server.Url(), "-rtsp_transport", "tcp")).Errors.ShouldContain(line => line.Contains("401"));
    }

    [Fact]
    public void The_manual_clock_fires_timers_in_order_and_at_their_time()
    {
        var clock = new ManualClock();
        var start = clock.GetUtcNow();
        var fired = new List<(string Name, double At)>();
        using var second = clock.CreateTimer(_ => fired.Add(("b", (clock.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        using var first = clock.CreateTimer(_ => fired.Add(("a", (clock.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        clock.Advance(TimeSpan.FromSeconds(5));
        fired.ShouldBe([("a", 1), ("b", 2), ("b", 4)]);
        clock.JumpWall(TimeSpan.FromHours(-1));
        (clock.GetUtcNow() - start).ShouldBe(TimeSpan.FromSeconds(5 - 3600));
        clock.GetTimestamp().ShouldBe(TimeSpan.FromSeconds(5).Ticks);
    }

    [Fact]
    public async Task A_child_process_is_heard_and_ended()
    {
        await using var process = ManagedProcess.Start("/bin/sh", ["-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done"]);
        await process.WaitForLineAsync(line => line == "up");
        process.Terminate();
        var result = await process.WaitAsync();
        result.ExitCode.ShouldBe(3);
        result.Output.ShouldContain("bye");
    }
}
