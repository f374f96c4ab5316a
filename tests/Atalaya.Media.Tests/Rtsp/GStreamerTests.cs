using Atalaya.Media.Rtsp;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Rtsp;

/// <summary>Against a server that none of us wrote.</summary>
public sealed class GStreamerTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static async Task<(List<(bool Video, MediaTime Decode, MediaTime Presentation, bool Key)> Units, RtspEnd End, RtspStatistics Statistics, RtspTransport? Transport)> PlayAsync(
        string address, RtspOptions options, int video)
    {
        RtspUrl.TryParse(address, out var url, out string fault).ShouldBeTrue(fault);
        await using var session = await RtspSession.ConnectAsync(url!, options, new(), Stop);
        await session.PlayAsync([.. session.Tracks.Where(t => t.IsSupported)], Stop);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        enough.CancelAfter(TimeSpan.FromSeconds(30));
        var units = new List<(bool, MediaTime, MediaTime, bool)>();
        int pictures = 0;
        var end = await session.RunAsync(
            unit =>
            {
                units.Add((unit.IsVideo, unit.Decode, unit.Presentation, unit.IsKey));
                unit.Release();
                if (unit.IsVideo && ++pictures == video)
                    enough.Cancel();
            },
            enough.Token);
        return (units, end, session.Statistics, session.Transport);
    }

    [Theory]
    [InlineData(RtspTransport.Tcp, null, Codec.H264)]
    [InlineData(RtspTransport.Udp, null, Codec.H264)]
    [InlineData(RtspTransport.Auto, "udp", Codec.H264)]
    [InlineData(RtspTransport.Tcp, null, Codec.H265)]
    public async Task Every_picture_and_sound_comes_in_order(RtspTransport transport, string? protocols, Codec codec)
    {
        string file = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 60, Video: codec, Audio: Codec.Aac));
        await using var server = await GStreamerRtspServer.StartAsync(
            new Dictionary<string, string> { ["/cam"] = GStreamerRtspServer.LaunchOf(file, codec, Codec.Aac) }, protocols: protocols);
        var (units, end, statistics, taken) = await PlayAsync(server.Url(), new() { Transport = transport }, video: 50);
        end.Kind.ShouldBe(RtspEndKind.Stopped, end.Detail);
        taken.ShouldBe(transport == RtspTransport.Tcp ? RtspTransport.Tcp : RtspTransport.Udp);

        var pictures = units.Where(u => u.Video).ToArray();
        pictures.Length.ShouldBe(50);
        pictures[0].Key.ShouldBeTrue();
        pictures.Zip(pictures.Skip(1)).ShouldAllBe(p => p.First.Decode < p.Second.Decode);
        units.ShouldAllBe(u => u.Presentation >= MediaTime.Zero && u.Decode <= u.Presentation);
        var sounds = units.Where(u => !u.Video).ToArray();
        sounds.Length.ShouldBeGreaterThan(20);
        // Both tracks stand on one clock: they begin together.
        (sounds[0].Presentation - pictures[0].Presentation).Seconds.ShouldBe(0, 0.3);
        statistics.Tracks.ShouldAllBe(t => t.Lost == 0 && t.Malformed == 0 && t.Foreign == 0);
    }

    [Theory]
    [InlineData(GStreamerAuthentication.Basic)]
    [InlineData(GStreamerAuthentication.Digest)]
    public async Task Credentials_are_accepted_and_wrong_ones_refused(GStreamerAuthentication authentication)
    {
        string file = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 60));
        await using var server = await GStreamerRtspServer.StartAsync(file, authentication: authentication, user: "admin", password: "s3cret");
        var (units, end, _, _) = await PlayAsync(server.Url(), new() { UserName = "admin", Password = "s3cret" }, video: 10);
        end.Kind.ShouldBe(RtspEndKind.Stopped, end.Detail);
        units.Count(u => u.Video).ShouldBe(10);

        (await Should.ThrowAsync<RtspException>(() => PlayAsync(server.Url(), new() { UserName = "admin", Password = "wrong" }, 1))).Kind.ShouldBe(RtspFailure.Unauthorised);
        (await Should.ThrowAsync<RtspException>(() => PlayAsync(server.Url(), new(), 1))).Message.ShouldContain("none is set");
    }

    [Fact]
    public async Task The_end_of_a_file_and_a_path_that_is_none_are_told()
    {
        string file = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 25));
        await using var server = await GStreamerRtspServer.StartAsync(file);
        var (units, end, _, _) = await PlayAsync(server.Url(), new() { DataTimeout = TimeSpan.FromSeconds(4) }, video: 1000);
        // At its end this server says goodbye, or falls silent.
        end.Kind.ShouldBeOneOf(RtspEndKind.ClosedByCamera, RtspEndKind.Timeout);
        units.Count(u => u.Video).ShouldBeGreaterThanOrEqualTo(23);
        (await Should.ThrowAsync<RtspException>(() => PlayAsync(server.Url("elsewhere"), new(), 1))).Kind.ShouldBe(RtspFailure.NotFound);
    }
}
