using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Simulation.Tests;

/// <summary>Clients that none of us wrote understand the server: ffmpeg and GStreamer.</summary>
public sealed class PeerTests
{
    static readonly Dictionary<string, string> Users = new() { ["admin"] = "s3cret:&@" };

    [Theory]
    [InlineData(Codec.H264, Codec.Aac, "h264", "aac")]
    [InlineData(Codec.H264, Codec.PcmMuLaw, "h264", "pcm_mulaw")]
    [InlineData(Codec.H265, Codec.PcmALaw, "hevc", "pcm_alaw")]
    [InlineData(Codec.H265, null, "hevc", null)]
    [InlineData(Codec.H264, Codec.L16, "h264", "pcm_s16be")]
    public async Task Each_codec_arrives_as_what_it_is(Codec video, Codec? audio, string videoName, string? audioName)
    {
        var recipe = new ClipRecipe(video, audio, Frames: 50, KeyInterval: 25, FrameRate: 50);
        await using var camera = await FakeCamera.StartAsync(recipe);
        var numbers = await Ffmpeg.ReadNumbersAsync(camera.Url, 70, "-rtsp_transport", "tcp");
        numbers.ShouldBe(Enumerable.Range(0, 70).Select(n => n % 50));

        var probe = await Ffmpeg.ProbeAsync(camera.Url, "-rtsp_transport", "tcp", "-read_intervals", "%+2");
        probe.Streams.Single(s => s.Kind == "video").Codec.ShouldBe(videoName);
        probe.Streams.Single(s => s.Kind == "video").Width.ShouldBe(320);
        probe.Streams.SingleOrDefault(s => s.Kind == "audio")?.Codec.ShouldBe(audioName);
        if (audioName is not null)
            probe.Audio.Count().ShouldBeGreaterThan(20);
    }

    [Theory]
    [InlineData(SimulatorAuthentication.Basic)]
    [InlineData(SimulatorAuthentication.DigestMd5)]
    [InlineData(SimulatorAuthentication.Basic | SimulatorAuthentication.DigestMd5)]
    public async Task Ffmpeg_gets_in_with_the_right_password_alone(SimulatorAuthentication authentication)
    {
        await using var camera = await FakeCamera.StartAsync(
            new ClipRecipe(Frames: 50, FrameRate: 50), options: new() { Start = LoopStart.Beginning, Users = Users, Authentication = authentication });
        (await Ffmpeg.ReadNumbersAsync(camera.UrlFor("admin", Users["admin"]), 10, "-rtsp_transport", "tcp")).Count.ShouldBe(10);
        foreach (string url in (string[])[camera.Url, camera.UrlFor("admin", "wrong"), camera.UrlFor("nobody", Users["admin"])])
            (await Ffmpeg.ProbeAsync(url, "-rtsp_transport", "tcp")).Errors.ShouldContain(line => line.Contains("401"));
        camera.Simulator.Sessions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Ffmpeg_comes_over_tls()
    {
        await using var camera = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, FrameRate: 50), options: new() { Start = LoopStart.Beginning, Tls = true });
        camera.Url.ShouldStartWith("rtsps://");
        (await Ffmpeg.ReadNumbersAsync(camera.Url, 60, "-rtsp_transport", "tcp")).ShouldBe(Enumerable.Range(0, 60).Select(n => n % 50));
    }

    [Theory]
    [InlineData("tcp", SimulatorAuthentication.DigestMd5, 2)]
    [InlineData("udp", SimulatorAuthentication.Basic, 0)]
    public async Task GStreamer_receives_every_picture(string transport, SimulatorAuthentication authentication, int bFrames)
    {
        await using var camera = await FakeCamera.StartAsync(
            new ClipRecipe(Frames: 50, FrameRate: 50, KeyInterval: 25, BFrames: bFrames),
            options: new() { Start = LoopStart.Beginning, Users = Users, Authentication = authentication });
        using var folder = new TempFolder();
        string file = folder.File("got.h264");
        await using var gst = ManagedProcess.Start("gst-launch-1.0",
        [
            "-q", "rtspsrc", $"location={camera.Url}", $"protocols={transport}", "user-id=admin", $"user-pw={Users["admin"]}", "latency=100", "!",
            "rtph264depay", "!", "h264parse", "!", "video/x-h264,stream-format=byte-stream,alignment=au", "!", "identity", "eos-after=80", "!", "filesink", $"location={file}",
        ]);
        await gst.WaitAsync(TimeSpan.FromSeconds(30));
        gst.Errors.ShouldNotContain("ERROR");
        var numbers = await Ffmpeg.ReadNumbersAsync(file);
        numbers.Count.ShouldBeGreaterThanOrEqualTo(76);
        numbers.Take(75).ShouldBe(Enumerable.Range(0, 75).Select(n => n % 50));
        (await camera.Session!.Ended.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).ShouldBeOneOf(SessionEnd.Teardown, SessionEnd.Closed);
    }

    [Fact]
    public async Task Ffmpegs_receiver_reports_over_udp_are_read()
    {
        await using var camera = await FakeCamera.StartAsync(new ClipRecipe(Frames: 250, FrameRate: 50, KeyInterval: 50, Kbps: 1500));
        await Ffmpeg.RunAsync(["-rtsp_transport", "udp", "-i", camera.Url, "-t", "7", "-c", "copy", "-f", "null", "-"]);
        var report = camera.Session!.Counts.Report.ShouldNotBeNull();
        report.Lost.ShouldBe(0);
    }

    [Fact]
    public async Task An_elementary_stream_is_served_too()
    {
        await using var camera = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 25, BFrames: 2, Extension: "264"));
        (await Ffmpeg.ReadNumbersAsync(camera.Url, 60, "-rtsp_transport", "tcp")).ShouldBe(Enumerable.Range(0, 60).Select(n => n % 50));
    }

    [Fact]
    public async Task The_command_prints_urls_obeys_and_ends()
    {
        string clip = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 50, FrameRate: 50));
        using var stop = new CancellationTokenSource();
        var written = new StringWriter();
        var output = TextWriter.Synchronized(written);  // locks itself: so does who looks
        string Written()
        {
            lock (output)
                return written.ToString();
        }

        var run = SimulateCommand.RunAsync(
            new() { Port = 0, Cameras = [new("camera/1-3", clip)] }, output, stop.Token, json: true,
            control: new StringReader("camera/2=melt\ncamera/9=close\ncamera/2=stall:5s\ncamera/2=clear\nstatus\n"));
        while (!Written().Contains("\"type\":\"status\"", StringComparison.Ordinal) && !run.IsCompleted)
            await Task.Yield();
        await stop.CancelAsync();
        (await run).ShouldBe(0);
        string text = Written();
        text.ShouldContain("/camera/3\"");
        text.ShouldContain("'melt' is no fault");
        text.ShouldContain("no camera camera/9");
        text.Split("\"type\":\"status\"").Length.ShouldBe(3);
        (await SimulateCommand.RunAsync(new() { Port = -1, Cameras = [new("a", "/nowhere")] }, output, CancellationToken.None)).ShouldBe(2);
        Written().ShouldContain("/nowhere, which isn't there");
    }
}
