using Atalaya.Media.Rtsp;
using Atalaya.Media.Sdp;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Rtsp;

/// <summary>What real cameras answer, read in place.</summary>
public sealed class RecordedCameraTests
{
    static RtspMessage Message(string name)
    {
        byte[] bytes = File.ReadAllBytes(TestData.Path($"rtsp/{name}.txt"));
        RtspMessage.Parse(bytes, out var message, out int consumed, out string fault).ShouldBe(RtspParse.Complete, $"{name}: {fault}");
        consumed.ShouldBe(bytes.Length, name);
        return message!;
    }

    static SessionDescription Description(byte[] body)
    {
        SessionDescription.TryParse(body, out var description, out string fault).ShouldBeTrue(fault);
        return description!;
    }

    [Fact]
    public void Every_recorded_reply_is_understood_to_its_last_byte()
    {
        foreach (string file in TestData.Files("rtsp", "*.txt"))
        {
            string name = Path.GetFileNameWithoutExtension(file);
            if (!name.EndsWith("_sdp", StringComparison.Ordinal))
                Message(name).Status.ShouldBe(200, name);
        }
    }

    // Tracks as kind:type:encoding/rate/channels:SETUP URL.
    [Theory]
    [InlineData("bunny", "rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/",
        "Audio:96:MPEG4-GENERIC/12000/2:rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=1",
        "Video:97:H264/90000/1:rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=2")]
    [InlineData("dahua_describe_h264_aac_onvif", "rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/",
        "Video:96:H264/90000/1:rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0",
        "Audio:97:MPEG4-GENERIC/48000/1:rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=1",
        "Application:107:VND.ONVIF.METADATA/90000/1:rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=4")]
    [InlineData("dahua_describe_h265_pcma", "rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/",
        "Video:98:H265/90000/1:rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=0",
        "Audio:8:PCMA/8000/1:rtsp://cam-driveway/cam/realmonitor?channel=1&subtype=2/trackID=1")]
    [InlineData("foscam", "rtsp://192.168.5.107:65534/videoMain/",
        "Video:96:H264/90000/1:rtsp://192.168.5.107:65534/videoMain/track1", "Audio:0:PCMU/8000/1:rtsp://192.168.5.107:65534/videoMain/track2")]
    [InlineData("gw_main", "rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif",
        "Video:96:H264/90000/1:rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video",
        "Audio:8:PCMU/8000/1:rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/audio")]
    [InlineData("gw_sub", "rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif",
        "Video:96:H264/90000/1:rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video")]
    [InlineData("hikvision", "rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1",
        "Video:96:H264/90000/1:rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1",
        "Application:107:VND.ONVIF.METADATA/90000/1:rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1")]
    [InlineData("reolink", "rtsp://192.168.5.206/h264Preview_01_main/",
        "Video:96:H264/90000/1:rtsp://192.168.5.206/h264Preview_01_main/trackID=1",
        "Audio:97:MPEG4-GENERIC/16000/1:rtsp://192.168.5.206/h264Preview_01_main/trackID=2")]
    public void The_description_of_a_camera(string name, string aggregate, params string[] tracks)
    {
        var reply = Message(name.Contains("describe", StringComparison.Ordinal) ? name : $"{name}_describe");
        var description = Description(reply.Body);
        string baseUri = ControlUrl.Base(reply.Header("Content-Base"), reply.Header("Content-Location"), "rtsp://asked/");
        ControlUrl.Join(baseUri, description.Control).ShouldBe(aggregate);
        description.Media.Select(m => $"{m.Kind}:{m.PayloadType}:{m.Encoding}/{m.ClockRate}/{m.Channels}:{ControlUrl.Join(baseUri, m.Control)}").ShouldBe(tracks);
        description.Media.ShouldAllBe(m => m.Direction == SdpDirection.ReceiveOnly);
    }

    [Fact]
    public void Tp_link_describes_a_track_without_a_payload_type()
    {
        var media = Description(File.ReadAllBytes(TestData.Path("rtsp/tplink_sdp.txt"))).Media;
        media.Select(m => $"{m.Kind}:{m.PayloadType}:{m.Encoding}/{m.ClockRate}:{m.Control}")
            .ShouldBe(["Video:96:H265/90000:track1", "Audio:8:PCMA/8000:track2", "Application:95:TP-LINK/90000:track3"]);
        media[0].Parameters["sprop-vps"].ShouldBe("QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ");
    }

    [Fact]
    public void Parameters_keep_the_padding_of_their_values()
    {
        Description(Message("dahua_describe_h265_pcma").Body).Media[0].Parameters["sprop-sps"].ShouldEndWith("DKE=");
        Description(Message("hikvision_describe").Body).Media[0].Parameters["sprop-parameter-sets"].ShouldBe("Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==,aO48gA==");
        Description(Message("reolink_describe").Body).Media[1].Parameters["config"].ShouldBe("1408");
        Description(Message("dahua_describe_h264_aac_onvif").Body).Media[0].FrameRate.ShouldBe(15);
    }

    [Theory]
    [InlineData("bunny_setup", "1642021126", 60, 0, 1)]
    [InlineData("dahua_setup", "634214675641", 60, 0, 1)]
    [InlineData("gw_main_setup_audio", "9a90de54", 60, 2, 3)]
    [InlineData("gw_main_setup_video", "9a90de54", 60, 0, 1)]
    [InlineData("gw_sub_setup", "9b0d0e54", 60, 0, 1)]
    [InlineData("hikvision_setup", "708345999", 60, 0, 1)]
    [InlineData("reolink_setup", "F8F8E425", 60, 0, 1)]
    public void The_setup_of_a_camera(string name, string session, int timeout, int rtp, int rtcp)
    {
        var reply = Message(name);
        RtspSessionHeader.TryParse(reply.Header("Session"), out var header).ShouldBeTrue();
        header.ShouldBe(new(session, TimeSpan.FromSeconds(timeout)));
        RtspTransportReply.TryParse(reply.Header("Transport"), out var transport).ShouldBeTrue();
        transport!.IsTcp.ShouldBeTrue();
        transport.Channels.ShouldBe((rtp, rtcp));
    }

    [Theory]
    [InlineData("bunny_play", "rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=1", "trackID=1", 1, 0u)]
    [InlineData("dahua_play", "rtsp://h/trackID=1", "trackID=1", 45186, 2234446919u)]
    [InlineData("gw_main_play", "rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video", "video", 271, 1621990950u)]
    [InlineData("gw_sub_play", "rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video", "video", 273, 1621810809u)]
    [InlineData("hikvision_play", "rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1",
        "rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1", 24104, 1270711678u)]
    [InlineData("reolink_play", "rtsp://192.168.5.206/h264Preview_01_main/trackID=2", "trackID=2", 39409, 3075976528u)]
    public void The_play_of_a_camera(string name, string url, string control, int sequence, uint time)
    {
        var info = RtpInfo.For(RtpInfo.Parse(Message(name).Header("RTP-Info")!), url, control, onlyTrack: false);
        info!.Value.Sequence.ShouldBe((ushort)sequence);
        info.Value.RtpTime.ShouldBe(time);
    }

    [Fact]
    public void Dahua_offers_get_parameter() => Message("dahua_options").Header("Public")!.ShouldContain("GET_PARAMETER");

    /// <summary>The whole way to PLAY with what a camera really said, wrong host and all: its own words come back to it.</summary>
    [Theory]
    [InlineData("hikvision", "rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1",
        "rtsp://192.168.5.106:554/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1", "708345999")]
    [InlineData("reolink", "rtsp://192.168.5.206/h264Preview_01_main/trackID=1", "rtsp://192.168.5.206/h264Preview_01_main/", "F8F8E425")]
    [InlineData("gw_sub", "rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video",
        "rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif", "9b0d0e54")]
    public async Task An_exchange_is_gone_through_to_PLAY(string name, string setup, string play, string session)
    {
        byte[] Recorded(string part) => File.ReadAllBytes(TestData.Path($"rtsp/{name}_{part}.txt"));
        var stop = TestContext.Current.CancellationToken;
        await using var camera = ScriptedRtspServer.Replay(("DESCRIBE", Recorded("describe")), ("SETUP", Recorded("setup")), ("PLAY", Recorded("play")));
        RtspUrl.TryParse(camera.Url, out var url, out _).ShouldBeTrue();
        await using var connected = await RtspSession.ConnectAsync(url!, new(), new(), stop);
        connected.Tracks[0].IsSupported.ShouldBeTrue(connected.Tracks[0].Reason);
        await connected.PlayAsync([connected.Tracks[0]], stop);
        camera.Requests.Select(r => $"{r.Method} {r.Uri} {r["Session"]}".TrimEnd())
            .ShouldBe([$"OPTIONS {camera.Url}", $"DESCRIBE {camera.Url}", $"SETUP {setup}", $"PLAY {play} {session}"]);
    }
}
