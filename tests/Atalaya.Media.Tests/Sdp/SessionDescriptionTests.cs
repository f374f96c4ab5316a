using System.Text;
using Atalaya.Media.Sdp;

namespace Atalaya.Media.Tests.Sdp;

public sealed class SessionDescriptionTests
{
    static SessionDescription Parse(string text)
    {
        SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out var description, out string fault).ShouldBeTrue(fault);
        return description!;
    }

    [Fact]
    public void Stray_spaces_letter_case_order_and_line_ends_do_not_matter()
    {
        var media = Parse("v=0\n s=x \nM=VIDEO 0 rtp/avp  96 \n a=FMTP:96  Packetization-Mode = 1 ;; sprop-parameter-sets=Z00=,aO4= ; \nA=RtpMap: 96 \na=rtpmap:96  h264/90000 \na=control: trackID=1 \n").Media.ShouldHaveSingleItem();
        media.Kind.ShouldBe(SdpMediaKind.Video);
        media.Protocol.ShouldBe("RTP/AVP");
        (media.PayloadType, media.Encoding, media.ClockRate).ShouldBe((96, "H264", 90000));
        media.Parameters["packetization-mode"].ShouldBe("1");
        media.Parameters["sprop-parameter-sets"].ShouldBe("Z00=,aO4=");
        media.Control.ShouldBe("trackID=1");
    }

    [Fact]
    public void Static_payload_types_need_no_map()
    {
        var media = Parse("v=0\r\nm=audio 0 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8\r\nm=audio 0 RTP/AVP 11\r\nm=video 0 RTP/AVP 26\r\n").Media;
        media.Select(m => (m.Encoding, m.ClockRate, m.Channels)).ShouldBe([("PCMU", 8000, 1), ("PCMA", 8000, 1), ("L16", 44100, 1), ("JPEG", 90000, 1)]);
    }

    [Fact]
    public void The_back_channel_is_marked()
    {
        var media = Parse("v=0\r\na=recvonly\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\nm=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\na=inactive\r\n").Media;
        media.Select(m => m.Direction).ShouldBe([SdpDirection.SendOnly, SdpDirection.ReceiveOnly, SdpDirection.Inactive]);
    }

    [Fact]
    public void Session_level_and_media_level_control_are_told_apart()
    {
        var description = Parse("v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\nm=video 0 RTP/AVP 97\r\na=control:rtsp://h/2?x=y\r\n");
        description.Control.ShouldBe("*");
        description.Media[0].Control.ShouldBeNull();
        description.Media[1].Control.ShouldBe("rtsp://h/2?x=y");
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>404</body></html>")]
    [InlineData("\0\0\0")]
    public void What_is_none_is_refused(string text)
    {
        SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out _, out string fault).ShouldBeFalse();
        fault.ShouldContain("session description");
    }

    [Fact]
    public void Limits_hold()
    {
        string many = "v=0\r\n" + string.Concat(Enumerable.Repeat("m=video 0 RTP/AVP 96\r\n", 40));
        SessionDescription.TryParse(Encoding.UTF8.GetBytes(many), out _, out _).ShouldBeFalse();
        SessionDescription.TryParse(new byte[SessionDescription.MaxBytes + 1], out _, out _).ShouldBeFalse();
        var parameters = Parse($"v=0\r\nm=video 0 RTP/AVP 96\r\na=fmtp:96 {string.Join(';', Enumerable.Range(0, 1000).Select(i => $"k{i}=v"))}\r\n").Media[0].Parameters;
        parameters.Count.ShouldBe(SessionDescription.MaxParameters);
    }

    [Theory]
    [InlineData("a=rtpmap:96 H264/0", 90000)]
    [InlineData("a=rtpmap:96 H264/99999999999", 90000)]
    [InlineData("a=rtpmap:96 H264", 90000)]
    public void An_absurd_clock_rate_becomes_the_usual_one(string line, int rate) => Parse($"v=0\r\nm=video 0 RTP/AVP 96\r\n{line}\r\n").Media[0].ClockRate.ShouldBe(rate);
}
