using Atalaya.Media.H264;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.H264;

public sealed class ElementaryStreamTests
{
    /// <summary>Streams that ffprobe reads whole, so that it is a judge of all of it.</summary>
    public static TheoryData<string> Sound =>
    [
        "h264/BANM_MW_D.264", "h264/BA_MW_D.264", "h264/BA1_Sony_D.jsv", "h264/Cisco_Men_whisper_640x320_CABAC_Bframe_9.264", "h264/MIDR_MW_D.264",
        "h264/MPS_MW_A.264", "h264/NL1_Sony_D.jsv", "h264/SVA_BA1_B.264", "h264/SVA_CL1_E.264", "h264/SarVui.264", "h264/Zhling_1280x720.264",
        "h264/test_qcif_cabac.264", "h264/test_vd_1d.264", "h264/MR1_BT_A.h264", "h265/akiyo.kvazaar.qp_50.265", "h265/akiyo.x265.qp_30.265",
    ];

    [Theory]
    [MemberData(nameof(Sound))]
    public async Task Size_pictures_key_frames_and_reordering_are_those_that_ffprobe_sees(string file)
    {
        string path = TestData.Path(file);
        var codec = file.StartsWith("h264") ? Codec.H264 : Codec.H265;
        AnnexB.TryReadUnits(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), codec, out var units, out string fault).ShouldBeTrue(fault);

        var probe = await Ffmpeg.ProbeAsync(path);
        var stream = probe.Streams[0];
        var format = (VideoFormat)units[0].Format;
        (format.Width, format.Height).ShouldBe((stream.Width, stream.Height));
        units.Count.ShouldBe(probe.Packets.Count);
        if (!file.EndsWith(".jsv"))     // ffprobe takes each packet of these for a key frame, but decodes only one as such
            units.Select(u => u.IsKey).ShouldBe(probe.Packets.Select(p => p.IsKey));
        else
            units.Select(u => u.IsKey).ShouldBe(units.Select((_, i) => i == 0));
        bool reordered = units.Any(u => u.Presentation - u.Decode > MediaTime.Zero);
        reordered.ShouldBe(stream.BFrames > 0);
    }

    [Theory]
    [MemberData(nameof(Sound))]
    public void Times_rise_and_cover_each_place_once(string file)
    {
        var codec = file.StartsWith("h264") ? Codec.H264 : Codec.H265;
        AnnexB.TryReadUnits(File.ReadAllBytes(TestData.Path(file)), codec, out var units, out string fault, frameDuration: new(3600)).ShouldBeTrue(fault);
        units.Select(u => u.Presentation.Ticks).Order().ShouldBe(Enumerable.Range(0, units.Count).Select(i => i * 3600L));
        for (int i = 0; i < units.Count; i++)
        {
            units[i].Decode.ShouldBeLessThanOrEqualTo(units[i].Presentation);
            if (i == 0)
                (units[0].Presentation - units[0].Decode).ShouldBe(((VideoFormat)units[0].Format).ReorderDelay);
            else
                units[i].Decode.ShouldBeGreaterThan(units[i - 1].Decode);
        }
    }

    [Theory]
    [InlineData("h264/BA_MW_D_IDR_LOST.264", Codec.H264)]
    [InlineData("h264/Error_I_P.264", Codec.H264)]
    [InlineData("h265/pps_fdump_crash.202203.265", Codec.H265)]
    public void Broken_streams_give_what_can_be_read_of_them(string file, Codec codec)
    {
        AnnexB.TryReadUnits(File.ReadAllBytes(TestData.Path(file)), codec, out var units, out string fault);
        (units.Count > 0 || fault.Length > 0).ShouldBeTrue();
    }

    [Fact]
    public void Bytes_that_are_no_elementary_stream_are_refused_with_a_reason()
    {
        AnnexB.TryReadUnits("RIFF and so on"u8, Codec.H264, out _, out string fault).ShouldBeFalse();
        fault.ShouldContain("no start code");
    }

    [Fact]
    public void Nal_units_are_split_at_start_codes_of_three_and_four_bytes()
    {
        ReadOnlySpan<byte> rest = [0xAA, 0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x67, 1, 0, 0, 0, 0, 1, 0x68, 2, 0, 0, 3, 1];
        var nals = new List<byte[]>();
        while (AnnexB.TryNextNal(ref rest, out var nal))
            nals.Add(nal.ToArray());
        nals.ShouldBe([[9, 0x10], [0x67, 1], [0x68, 2, 0, 0, 3, 1]]);
    }
}
