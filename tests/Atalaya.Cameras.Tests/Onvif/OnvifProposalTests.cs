using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;

namespace Atalaya.Cameras.Tests.Onvif;

public sealed class OnvifProposalTests
{
    [Fact]
    public void The_largest_is_recorded_and_the_preview_sized_is_the_sub_stream()
    {
        var proposal = OnvifProposal.From([Stream("a", "H264", 1280, 720), Stream("b", "H265", 3840, 2160), Stream("c", "H264", 640, 360), Stream("d", "JPEG", 4000, 3000)]).ShouldHaveSingleItem();
        proposal.Main!.Profile.Token.ShouldBe("b");
        proposal.Sub!.Profile.Token.ShouldBe("c");
        proposal.Reason.ShouldBe("Main: 'b', H.265 3840×2160, 25 pictures a second, the largest. Sub: 'c', H.264 640×360, 25 pictures a second, the size of a preview.");
    }

    [Theory]
    [InlineData("1280x720,480x270", "480x270")]     // 1.78 times too small is nearer than 2.27 times too large
    [InlineData("1280x720,160x120", "1280x720")]
    [InlineData("704x576,640x360", "704x576")]      // both fit: the larger
    [InlineData("800x600,704x480", "704x480")]
    public void The_nearest_to_a_preview_is_taken(string sizes, string sub)
    {
        var streams = sizes.Split(',').Select(s => s.Split('x')).Select(s => Stream(string.Join('x', s), "H264", int.Parse(s[0]), int.Parse(s[1])));
        OnvifProposal.From([Stream("main", "H264", 2560, 1440), .. streams])[0].Sub!.Profile.Token.ShouldBe(sub);
    }

    [Fact]
    public void What_is_missing_is_told()
    {
        OnvifProposal.From([])[0].ShouldBe(new(null, null, null, "The device has no video profile."));
        OnvifProposal.From([Stream("a", "JPEG", 640, 480)])[0].Reason.ShouldContain("JPEG");
        var proposal = OnvifProposal.From([Stream("a", "H265", 1920, 1080), Stream("b", "H265", 640, 360)])[0];
        proposal.Sub.ShouldBeNull();
        proposal.Reason.ShouldContain("choose H.264");
        OnvifProposal.From([Stream("a", "H264", 1920, 1080)])[0].Reason.ShouldContain("no smaller H.264");
        OnvifProposal.From([Stream("a", "H264", null, null)])[0].Main!.Profile.Token.ShouldBe("a");
    }

    [Fact]
    public void A_device_with_several_cameras_gets_a_proposal_for_each()
    {
        var proposals = OnvifProposal.From([Stream("a", "H264", 1920, 1080, "1"), Stream("b", "H264", 1920, 1080, "2"), Stream("c", "H264", 640, 360, "1")]);
        proposals.Select(p => (p.SourceToken, p.Main!.Profile.Token, p.Sub?.Profile.Token)).ShouldBe([("1", "a", "c"), ("2", "b", null)]);
    }

    [Fact]
    public void A_host_that_was_put_right_is_told()
    {
        var stream = Stream("a", "H264", 1920, 1080);
        OnvifProposal.From([stream with { Uri = stream.Uri with { AnsweredHost = "192.168.1.64" } }])[0].Reason.ShouldContain("calls itself 192.168.1.64");
    }

    static OnvifStream Stream(string token, string encoding, int? width, int? height, string? source = null)
    {
        RtspUrl.TryParse($"rtsp://10.0.0.1/{token}", out var url, out _).ShouldBeTrue();
        return new(new(token, token, OfMedia2: true, encoding, width, height, 25, null, null, source, null, HasPtz: false), new(url!, null));
    }
}
