using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.System.Tests;

/// <summary>
/// What GStreamer's RTSP server sends is on the disk picture for picture, through the program that users run. GStreamer is a camera
/// that none of us wrote.
/// </summary>
public sealed class RealPeerTests
{
    [Theory]
    [InlineData(Codec.H264, 0, null, "tcp", GStreamerAuthentication.None)]
    [InlineData(Codec.H264, 0, null, "udp", GStreamerAuthentication.None)]
    [InlineData(Codec.H264, 3, null, "tcp", GStreamerAuthentication.Digest)]
    [InlineData(Codec.H264, 2, Codec.Aac, "udp", GStreamerAuthentication.None)]
    [InlineData(Codec.H264, 0, Codec.Aac, "tcp", GStreamerAuthentication.Basic)]
    [InlineData(Codec.H265, 0, null, "tcp", GStreamerAuthentication.None)]
    [InlineData(Codec.H265, 3, Codec.Aac, "tcp", GStreamerAuthentication.Digest)]
    public async Task Every_picture_that_was_sent_is_recorded(Codec video, int bFrames, Codec? audio, string transport, GStreamerAuthentication authentication)
    {
        string clip = await Ffmpeg.ClipAsync(new(video, audio, Frames: 75, BFrames: bFrames, Extension: ".mp4"));
        await using var server = await GStreamerRtspServer.StartAsync(clip, video, audio, authentication);
        using var folder = new TempFolder();
        string urls = folder.File("urls");
        await File.WriteAllTextAsync(urls, authentication == GStreamerAuthentication.None ? server.Url() : server.Url("cam", "admin", "s3cret"), TestContext.Current.CancellationToken);
        string archive = folder.File("archive");
        await using var recorder = AtalayaProgram.Start("record", "--urls", urls, "--out", archive, "--transport", transport);

        string segment = await FirstSegmentAsync(archive, recorder);
        var probe = await Ffmpeg.ProbeAsync(segment);
        probe.Errors.ShouldBeEmpty();
        (await Ffmpeg.FrameMd5Async(segment)).ShouldBe(await Ffmpeg.FrameMd5Async(clip));
        probe.Streams.Count(s => s.Kind == "audio").ShouldBe(audio is null ? 0 : 1);

        recorder.Interrupt();
        var result = await recorder.WaitAsync();
        result.ExitCode.ShouldBe(0, result.Errors);
        result.Errors.ShouldNotContain("s3cret");
    }

    /// <summary>The server plays its file once and hangs up: that closes the first segment.</summary>
    static async Task<string> FirstSegmentAsync(string archive, ManagedProcess recorder)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do
        {
            if (Directory.Exists(archive) && Directory.EnumerateFiles(archive, "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal).FirstOrDefault() is { } first)
                return first;
            recorder.HasExited.ShouldBeFalse(recorder.Errors);
        }
        while (await tick.WaitForNextTickAsync(patience.Token));
        throw new TimeoutException("No segment was closed.");
    }
}
