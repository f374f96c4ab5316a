using Atalaya.Media.Audio;
using Atalaya.Media.H264;
using Atalaya.Media.H265;
using Atalaya.Media.Mp4;
using Atalaya.Media.Rtp;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.H264;

public sealed class RoundTripTests
{
    [Theory]
    [InlineData("h264/test_qcif_cabac.264")]
    [InlineData("h264/MPS_MW_A.264")]
    [InlineData("h264/Zhling_1280x720.264")]
    [InlineData("h264/Cisco_Men_whisper_640x320_CABAC_Bframe_9.264")]
    [InlineData("h265/akiyo.kvazaar.qp_50.265")]
    [InlineData("h265/akiyo.x265.qp_30.265")]
    public void Streams_come_back_from_rtp_byte_for_byte_with_all_their_times(string file)
    {
        var codec = file.StartsWith("h264") ? Codec.H264 : Codec.H265;
        AnnexB.TryReadUnits(File.ReadAllBytes(TestData.Path(file)), codec, out var units, out string fault).ShouldBeTrue(fault);
        foreach (int mtu in (int[])[64, 300, 1400, 9000])
        {
            var packetizer = Packetizers.Create(units[0].Format, mtu);
            using var track = new Track(codec == Codec.H264 ? new H264Depacketizer(new BlockPool()) : new H265Depacketizer(new BlockPool()));
            foreach (var unit in units)
            {
                if (!ReferenceEquals(unit.Format, packetizer.Format))
                    packetizer = Packetizers.Create(unit.Format, mtu);
                track.Send(packetizer, unit.Presentation.Ticks, unit.Data, unit.IsKey);
            }

            track.Units.Count.ShouldBe(units.Count);
            track.Units.Select(u => u.Data).ShouldBe(units.Select(u => u.Data.ToArray()));
            track.Units.Select(u => u.IsKey).ShouldBe(units.Select(u => u.IsKey));
            // The one stream here that reorders without saying so is learned only as it goes.
            if (!file.Contains("Bframe_9"))
                track.Units.Select(u => (u.Presentation, u.Decode)).ShouldBe(units.Select(u => (u.Presentation.Ticks, u.Decode.Ticks)));
            track.Depacketizer.Malformed.ShouldBe(0);
            track.Depacketizer.UnitsDropped.ShouldBe(0);
        }
    }

    [Fact]
    public void Random_units_survive_any_packet_size()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            H264ParameterSets.TryCreate(Synthetic.Sps(), Synthetic.Pps(), out var format, out _).ShouldBeTrue();
            var packetizer = Packetizers.Create(format, random.Next(Packetizer.MinMaxPayloadBytes, 1500));
            packetizer.Fmtp!.ShouldStartWith("packetization-mode=1;profile-level-id=4D001E;sprop-parameter-sets=");
            using var track = new Track(new H264Depacketizer(new BlockPool()));
            var sent = new List<byte[]>();
            for (uint i = 0; i < 30; i++)
            {
                var nals = new List<byte[]>();
                if (random.Next(3) == 0)
                    nals.Add([0x06, 5, .. Enumerable.Range(0, random.Next(1, 400)).Select(_ => (byte)random.Next(4, 256))]);
                for (uint slice = 0; slice < random.Next(1, 4); slice++)
                    nals.Add(Synthetic.Slice(slice * 20, i, idr: i == 0, size: random.Next(1, 6000), fill: (byte)random.Next(1, 256)));
                sent.Add(Track.Join(nals));
                track.Send(packetizer, i * 3600, sent[^1], withParameterSets: i % 10 == 0);
            }

            track.Units.Select(u => u.Data).ShouldBe(sent);
        }
    }

    [Theory]
    [InlineData(Codec.H264)]
    [InlineData(Codec.H265)]
    public async Task Decode_times_of_b_frames_have_the_shape_that_ffprobe_sees_in_the_file(Codec codec)
    {
        string clip = await Ffmpeg.ClipAsync(new(codec, BFrames: 3, Frames: 100));
        using var folder = new TempFolder();
        string raw = Path.Combine(folder.Path, codec == Codec.H264 ? "a.264" : "a.265");
        await Ffmpeg.RunAsync(["-i", clip, "-c", "copy", "-bsf:v", codec == Codec.H264 ? "h264_mp4toannexb" : "hevc_mp4toannexb", raw]);
        AnnexB.TryReadUnits(await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken), codec, out var units, out string fault).ShouldBeTrue(fault);
        var probe = await Ffmpeg.ProbeAsync(clip);
        var packets = probe.Video.ToList();
        units.Count.ShouldBe(packets.Count);
        for (int i = 0; i < units.Count; i++)
        {
            units[i].Presentation.Seconds.ShouldBe(packets[i].Presentation!.Value, 0.001);
            units[i].Decode.Seconds.ShouldBe(packets[i].Decode!.Value, 0.001);
            units[i].IsKey.ShouldBe(packets[i].IsKey);
        }
    }

    /// <summary>What a camera signed must stay verifiable: every NAL unit that is no parameter set and no delimiter, in order.</summary>
    [Theory]
    [InlineData("video/onvif_test_signed_h264.mp4", Codec.H264)]
    [InlineData("video/onvif_test_signed_h265.mp4", Codec.H265)]
    public void Signed_video_keeps_every_byte_of_slices_and_sei(string file, Codec codec)
    {
        using var mp4 = Mp4File.Open(TestData.Path(file));
        var video = mp4.Video.ShouldNotBeNull();
        var packetizer = Packetizers.Create(video.Format, 1000);
        using var track = new Track(codec == Codec.H264 ? new H264Depacketizer(new BlockPool()) : new H265Depacketizer(new BlockPool()));
        var expected = new List<string>();
        for (int i = 0; i < video.Samples.Count; i++)
        {
            byte[] sample = video.ReadSample(i);
            track.Send(packetizer, i * 3600, sample, video.Samples[i].IsKey);
            expected.AddRange(new Track.Out(video.Format, sample, 0, 0, false, false, 0).Nals.Where(n => !IsLeftOut(n)).Select(Convert.ToHexString));
        }

        track.Depacketizer.Malformed.ShouldBe(0);
        string[] got = [.. track.Units.SelectMany(u => u.Nals).Select(Convert.ToHexString)];
        int differs = got.Zip(expected).TakeWhile(p => p.First == p.Second).Count();
        differs.ShouldBe(got.Length);
        // The last signature has no picture behind it that it could come out with.
        (expected.Count - got.Length).ShouldBeInRange(0, 1);

        bool IsLeftOut(byte[] nal) => codec == Codec.H264 ? (nal[0] & 31) is 7 or 8 or 9 : ((nal[0] >> 1) & 63) is 32 or 33 or 34 or 35;
    }

    [Fact]
    public void Aac_frames_survive_any_packet_size()
    {
        AudioSpecificConfig.TryCreate(new byte[] { 0x11, 0x90 }, out var format, out string fault).ShouldBeTrue(fault);
        (format.SampleRate, format.Channels, format.CodecString).ShouldBe((48_000, 2, "mp4a.40.2"));
        var random = new Random(1);
        foreach (int mtu in (int[])[64, 200, 1400])
        {
            var packetizer = Packetizers.Create(format, mtu);
            packetizer.Rtpmap.ShouldBe("mpeg4-generic/48000/2");
            AacDepacketizer.TryCreate(new BlockPool(), format.Configuration, 48_000, AacHeaderLayout.Hbr, out var depacketizer, out fault).ShouldBeTrue(fault);
            using var track = new Track(depacketizer);
            var sent = new List<byte[]>();
            for (int i = 0; i < 50; i++)
            {
                byte[] frame = new byte[random.Next(1, 2000)];
                random.NextBytes(frame);
                frame[0] = 0x21;
                sent.Add(frame);
                track.Send(packetizer, i * 1920, frame);
            }

            track.Units.Select(u => u.Data).ShouldBe(sent);
            track.Units.ShouldAllBe(u => u.Duration == 1920 && u.IsKey);
        }
    }

    [Fact]
    public void Samples_are_spread_over_packets_with_rising_timestamps()
    {
        var format = new AudioFormat(Codec.L16, default, "twos", 44_100, 2);
        var packetizer = Packetizers.Create(format, 400);
        packetizer.StaticPayloadType.ShouldBe(10);
        using var track = new Track(new PcmDepacketizer(new BlockPool(), Codec.L16, 44_100, 2));
        byte[] samples = new byte[1764];
        new Random(2).NextBytes(samples);
        track.Send(packetizer, 90_000, samples);
        track.Units.SelectMany(u => u.Data).ShouldBe(samples);
        track.Units.Select(u => u.Presentation).ShouldBe([90_000, 90_204, 90_408, 90_612, 90_816]);
        Packetizers.Create(new AudioFormat(Codec.PcmALaw, default, "alaw", 8000, 1)).StaticPayloadType.ShouldBe(8);
    }
}
