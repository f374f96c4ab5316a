using System.Net;
using Atalaya.Media.Rtsp;

namespace Atalaya.Media.Tests.Rtsp;

public sealed class RtspHeadersTests
{
    [Fact]
    public void A_transport_over_tcp_names_its_channels()
    {
        RtspTransportReply.TryParse("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=4cacc3d1;mode=\"play\"", out var transport).ShouldBeTrue();
        transport!.IsTcp.ShouldBeTrue();
        transport.Channels.ShouldBe((2, 3));
        transport.Ssrc.ShouldBe(0x4CACC3D1u);
    }

    [Fact]
    public void A_transport_over_udp_names_ports_and_source()
    {
        RtspTransportReply.TryParse("rtp/avp;unicast; client_port=5000-5001; server_port=6970-6971; source=10.0.0.9", out var transport).ShouldBeTrue();
        transport!.IsTcp.ShouldBeFalse();
        transport.ServerPorts.ShouldBe((6970, 6971));
        transport.Source.ShouldBe(IPAddress.Parse("10.0.0.9"));
    }

    [Theory]
    [InlineData("RTP/AVP/TCP;interleaved=256-257")]
    [InlineData("RTP/AVP/TCP;interleaved=x")]
    [InlineData("RTP/AVP/TCP;interleaved=-1-0")]
    [InlineData("RTP/AVP;server_port=0-1;source=0.0.0.0")]
    public void Numbers_out_of_range_count_as_absent(string text)
    {
        RtspTransportReply.TryParse(text, out var transport).ShouldBeTrue();
        transport!.Channels.ShouldBeNull();
        transport.ServerPorts.ShouldBeNull();
        transport.Source.ShouldBeNull();
    }

    [Theory]
    [InlineData("9a90de54; timeout=120", "9a90de54", 120)]
    [InlineData("       708345999;timeout=60", "708345999", 60)]
    [InlineData("F8F8E425", "F8F8E425", 60)]
    [InlineData("a;timeout=0", "a", 60)]
    [InlineData("a;timeout=99999999", "a", 60)]
    public void A_session_has_an_identifier_and_a_timeout(string text, string id, int seconds)
    {
        RtspSessionHeader.TryParse(text, out var session).ShouldBeTrue();
        session.ShouldBe(new(id, TimeSpan.FromSeconds(seconds)));
    }

    [Fact]
    public void Rtp_info_is_split_at_entries_and_not_at_commas_of_urls()
    {
        var infos = RtpInfo.Parse("url=rtsp://h/a,b?url=c;seq=1;rtptime=4294967295, url=trackID=2;seq=65535;rtptime=5;ssrc=9fc9fff8,url=x");
        infos.ShouldBe([new("rtsp://h/a,b?url=c", 1, uint.MaxValue), new("trackID=2", 65535, 5), new("x", null, null)]);
    }

    [Fact]
    public void An_entry_is_found_by_url_by_its_tail_or_because_it_is_alone()
    {
        var two = RtpInfo.Parse("url=trackID=1;seq=1,url=trackID=2;seq=2");
        RtpInfo.For(two, "rtsp://h/s/trackID=2", "trackID=2", onlyTrack: false)!.Value.Sequence.ShouldBe((ushort)2);
        RtpInfo.For(two, "rtsp://h/s/trackID=2?x=y", "rtsp://h/s/trackID=2?x=y", onlyTrack: false)!.Value.Sequence.ShouldBe((ushort)2);
        RtpInfo.For(two, "rtsp://h/s/track3", "track3", onlyTrack: false).ShouldBeNull();
        RtpInfo.For([new("rtsp://other/y", 3, null)], "rtsp://h/s", null, onlyTrack: true)!.Value.Sequence.ShouldBe((ushort)3);
    }

    [Theory]
    [InlineData("rtsp://h/s/", "trackID=1", "rtsp://h/s/trackID=1")]
    [InlineData("rtsp://h/s", "trackID=1", "rtsp://h/s/trackID=1")]
    [InlineData("rtsp://h/s/", "/trackID=1", "rtsp://h/s/trackID=1")]
    [InlineData("rtsp://h/s?channel=1&subtype=2/", "trackID=0", "rtsp://h/s?channel=1&subtype=2/trackID=0")]
    [InlineData("rtsp://h/s", "rtsp://10.0.0.1/s/trackID=1?a=b", "rtsp://10.0.0.1/s/trackID=1?a=b")]
    [InlineData("rtsp://h/s", "rtsp://user:pass@h/s/1", "rtsp://h/s/1")]
    [InlineData("rtsp://h/s", "*", "rtsp://h/s")]
    [InlineData("rtsp://h/s", null, "rtsp://h/s")]
    [InlineData("rtsp://h/s", "track 1", null)]
    public void Control_urls_are_joined_as_cameras_expect(string baseUri, string? control, string? joined) => ControlUrl.Join(baseUri, control).ShouldBe(joined);

    [Theory]
    [InlineData("rtsp://cam/x/", null, "rtsp://cam/x/")]
    [InlineData("nonsense", "rtsp://loc/", "rtsp://loc/")]
    [InlineData("", "/relative", "rtsp://asked/s")]
    [InlineData("rtsp://user:pass@cam/x/", null, "rtsp://cam/x/")]
    public void A_base_that_makes_no_sense_is_the_request_url(string? contentBase, string? location, string expected) =>
        ControlUrl.Base(contentBase, location, "rtsp://asked/s").ShouldBe(expected);
}
