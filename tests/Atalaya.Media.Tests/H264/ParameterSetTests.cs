using Atalaya.Media.H264;
using Atalaya.Media.H265;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.H264;

public sealed class ParameterSetTests
{
    [Theory]
    [InlineData("Z0LAHtkDxWhAAAADAEAAAAwDxYuS", "aMuMsg==", "avc1.42C01E", 240, 160)]
    [InlineData("Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==", "aO48gA==", "avc1.4D0029", 1920, 1080)]
    [InlineData("Z2QAM6zoAoALWQ==", "aO48MA==", "avc1.640033", 2560, 1440)]
    [InlineData("Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA", "aO4xshsA", "avc1.64001E", 704, 480)]
    [InlineData("Z00AKpWoHgCJ+WbgICAgQAAAAAE=", "aO48gAAAAAE=", "avc1.4D002A", 1920, 1080)]
    [InlineData("Z00AH5WoFAFuQA==", "aO48gA==", "avc1.4D001F", 1280, 720)]
    public void What_cameras_declare_is_read(string sps, string pps, string codecString, int width, int height)
    {
        H264ParameterSets.TryCreate(Convert.FromBase64String(sps), Convert.FromBase64String(pps), out var format, out string fault).ShouldBeTrue(fault);
        format.CodecString.ShouldBe(codecString);
        (format.Width, format.Height).ShouldBe((width, height));
        H264ParameterSets.TryCreate(format.Configuration, out var again, out fault).ShouldBeTrue(fault);
        again.ShouldBe(format);
    }

    [Fact]
    public void What_h265_cameras_declare_is_read()
    {
        H265ParameterSets.TryCreate(
            Convert.FromBase64String("QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA=="),
            Convert.FromBase64String("QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE="),
            Convert.FromBase64String("RAHA8saNA7NA"), out var format, out string fault).ShouldBeTrue(fault);
        format.CodecString.ShouldBe("hvc1.1.6.L90.B0");
        (format.Width, format.Height).ShouldBe((704, 480));
        format.ReorderDelay.ShouldBe(MediaTime.Zero);
        H265ParameterSets.TryCreate(format.Configuration, out var again, out fault).ShouldBeTrue(fault);
        again.ShouldBe(format);
    }

    public static TheoryData<string> Encodings =>
    [
        "-c:v libx264 -bf 3 -pix_fmt yuv420p", "-c:v libx264 -profile:v baseline", "-c:v libx264 -pix_fmt yuv444p -bf 2", "-c:v libx264 -pix_fmt yuv422p10le",
        "-c:v libx264 -flags +ildct+ilme -x264-params interlaced=1:cqm=jvt", "-c:v libx265 -x265-params log-level=none:bframes=4", "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=none:bframes=0",
    ];

    /// <summary>The box that ffmpeg writes for the same stream is the judge: it must be ours, byte for byte, but for SEI messages that ffmpeg adds.</summary>
    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Decoder_configurations_are_those_that_ffmpeg_writes(string encoding)
    {
        bool h264 = encoding.Contains("libx264");
        using var folder = new TempFolder();
        string raw = Path.Combine(folder.Path, h264 ? "a.264" : "a.265"), mp4 = Path.Combine(folder.Path, "a.mp4");
        await Ffmpeg.RunAsync(["-f", "lavfi", "-i", "testsrc2=size=322x184:rate=25", "-frames:v", "12", .. encoding.Split(' '), raw]);
        await Ffmpeg.RunAsync(["-i", raw, "-c", "copy", "-tag:v", h264 ? "avc1" : "hvc1", mp4]);
        AnnexB.TryReadUnits(await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken), h264 ? Codec.H264 : Codec.H265, out var units, out string fault).ShouldBeTrue(fault);
        var format = (VideoFormat)units[0].Format;
        (format.Width, format.Height).ShouldBe((322, 184));

        byte[] file = await File.ReadAllBytesAsync(mp4, TestContext.Current.CancellationToken);
        int at = file.AsSpan().IndexOf(h264 ? "avcC"u8 : "hvcC"u8);
        int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at - 4)) - 8;
        byte[] theirs = file[(at + 4)..(at + 4 + length)];
        if (h264)
        {
            Convert.ToHexString(format.Configuration.Span).ShouldBe(Convert.ToHexString(theirs));
            return;
        }

        Convert.ToHexString(format.Configuration.Span[..22]).ShouldBe(Convert.ToHexString(theirs.AsSpan(0, 22)));
        H265ParameterSets.TryCreate(theirs, out var read, out fault).ShouldBeTrue(fault);
        (read.CodecString, read.Width, read.Height, read.ReorderDelay).ShouldBe((format.CodecString, format.Width, format.Height, format.ReorderDelay));
    }

    [Fact]
    public void Nonsense_is_refused_with_a_reason()
    {
        H264ParameterSets.TryCreate([0x67, 0x42], [0x68, 0xCE], out _, out string fault).ShouldBeFalse();
        fault.ShouldNotBeEmpty();
        H264ParameterSets.TryCreate(new byte[] { 1, 2, 3 }, out _, out fault).ShouldBeFalse();
        fault.ShouldContain("3 bytes");
        H265ParameterSets.TryCreate(new byte[30], out _, out fault).ShouldBeFalse();
        fault.ShouldContain("version 0");
        H264ParameterSets.TryCreate(Synthetic.Sps(2000, 2000), Synthetic.Pps(), out _, out fault).ShouldBeFalse();
        fault.ShouldContain("32000×32000");
    }
}
