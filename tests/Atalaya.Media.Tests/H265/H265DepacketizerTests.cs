using System.Collections.Immutable;
using Atalaya.Media.H265;
using Atalaya.Media.Rtp;
using Atalaya.Media.Sdp;
using Atalaya.Media.Tests.H264;

namespace Atalaya.Media.Tests.H265;

public sealed class H265DepacketizerTests
{
    const string Vps = "QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==", Sps = "QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=", Pps = "RAHA8saNA7NA";

    static byte[] Slice(bool first, int type = 1, int size = 30) => [(byte)(type << 1), 1, (byte)(first ? 0xD0 : 0x50), 0xAA, .. Enumerable.Repeat((byte)7, size)];

    static Track New() =>
        new(new H265Depacketizer(new BlockPool(), ((string[])[Vps, Sps, Pps]).Select(s => (ReadOnlyMemory<byte>)Convert.FromBase64String(s))));

    [Theory]
    [InlineData(16, true)]
    [InlineData(19, true)]
    [InlineData(21, true)]
    [InlineData(1, false)]
    [InlineData(9, false)]
    public void Random_access_pictures_are_key_frames(int type, bool key)
    {
        using var t = New();
        t.Push(0, true, Slice(true, type));
        t.Push(3600, true, Slice(true));
        t.Units.ShouldHaveSingleItem().IsKey.ShouldBe(key);
    }

    [Fact]
    public void Padded_aggregates_fragments_and_suffix_sei_are_put_together()
    {
        using var t = New();
        byte[] prefix = [39 << 1, 1, 5, 1, 9, 0x80], suffix = [40 << 1, 1, 5, 1, 8, 0x80], idr = Slice(true, 19, 500), second = Slice(false, 19);
        t.Push(0, false, [48 << 1, 1, 0, (byte)prefix.Length, .. prefix, 0, 3, 35 << 1, 1, 0x50, 0, 0, 0]);
        t.Push(0, false, [49 << 1, 1, 0x80 | 19, .. idr[2..300]]);
        t.Push(0, false, [49 << 1, 1, 0x40 | 19, .. idr[300..]]);
        t.Push(0, false, second);
        t.Push(0, true, suffix);
        t.Push(3600, true, Slice(true));
        t.Units.ShouldHaveSingleItem().Data.ShouldBe(Track.Join(prefix, idr, second, suffix));
        t.Depacketizer.Malformed.ShouldBe(0);
    }

    [Fact]
    public void A_unit_that_lost_a_slice_is_dropped()
    {
        using var t = New();
        for (int i = 0; i < 3; i++)
            t.Push(i * 3600, true, Slice(true, i == 0 ? 19 : 1));
        t.Push(10_800, false, Slice(true));
        t.Lost();
        t.Push(10_800, true, Slice(false)).ShouldBe(0);
        t.Push(14_400, true, Slice(true)).ShouldBe(1);
        t.Units[^1].AfterLoss.ShouldBeTrue();
        t.Depacketizer.UnitsDropped.ShouldBe(1);
    }

    static SdpMedia Media(SdpMediaKind kind, string encoding, int type = 96, int rate = 90_000, params (string, string)[] parameters) =>
        new(kind, type, encoding, rate, 1, parameters.ToImmutableDictionary(p => p.Item1, p => p.Item2), null);

    [Theory]
    [InlineData(SdpMediaKind.Video, "JPEG", 26, "MJPEG (JPEG) isn't recorded: choose H.264 or H.265 in the camera's settings.")]
    [InlineData(SdpMediaKind.Audio, "MP4A-LATM", 97, "LATM")]
    [InlineData(SdpMediaKind.Audio, "G726-32", 97, "G726-32 audio isn't recorded")]
    [InlineData(SdpMediaKind.Application, "VND.ONVIF.METADATA", 107, "neither video nor audio")]
    [InlineData(SdpMediaKind.Video, "", 100, "a=rtpmap")]
    [InlineData(SdpMediaKind.Video, "", 26, "MJPEG")]
    public void What_cannot_be_received_is_refused_in_words(SdpMediaKind kind, string encoding, int type, string reason)
    {
        Depacketizers.TryCreate(Media(kind, encoding, type), new BlockPool(), out _, out string why).ShouldBeFalse();
        why.ShouldContain(reason);
    }

    [Fact]
    public void Interleaving_is_refused_in_words()
    {
        Depacketizers.TryCreate(Media(SdpMediaKind.Video, "H265", parameters: ("sprop-max-don-diff", "2")), new BlockPool(), out _, out string why).ShouldBeFalse();
        why.ShouldContain("sprop-max-don-diff");
        Depacketizers.TryCreate(Media(SdpMediaKind.Video, "H264", parameters: ("packetization-mode", "2")), new BlockPool(), out _, out why).ShouldBeFalse();
        why.ShouldContain("packetization-mode");
    }

    [Fact]
    public void Parameter_sets_of_the_description_are_read_as_cameras_write_them()
    {
        var h265 = Media(SdpMediaKind.Video, "H265", parameters: [("sprop-vps", Vps.TrimEnd('=')), ("sprop-sps", " " + Sps), ("sprop-pps", Pps + ",")]);
        Depacketizers.TryCreate(h265, new BlockPool(), out var d, out string why).ShouldBeTrue(why);
        ((VideoFormat)d.Format!).CodecString.ShouldBe("hvc1.1.6.L90.B0");
        var h264 = Media(SdpMediaKind.Video, "H264", parameters: ("sprop-parameter-sets", "Z00AKpWoHgCJ+WbgICAgQAAAAAE=, aO48gAAAAAE"));
        Depacketizers.TryCreate(h264, new BlockPool(), out d, out why).ShouldBeTrue(why);
        ((VideoFormat)d.Format!).Width.ShouldBe(1920);
        Depacketizers.TryCreate(Media(SdpMediaKind.Video, "H264", parameters: ("sprop-parameter-sets", "%%%,Z0")), new BlockPool(), out d, out why).ShouldBeTrue(why);
        d.Format.ShouldBeNull();
    }

    [Fact]
    public void Sound_is_received_as_the_description_says()
    {
        Depacketizers.TryCreate(Media(SdpMediaKind.Audio, "PCMA", 8, 8000), new BlockPool(), out var d, out _).ShouldBeTrue();
        d.Format!.Codec.ShouldBe(Codec.PcmALaw);
        Depacketizers.TryCreate(Media(SdpMediaKind.Audio, "", 0, 0), new BlockPool(), out d, out _).ShouldBeTrue();
        d.Format!.Codec.ShouldBe(Codec.PcmMuLaw);
        var aac = Media(SdpMediaKind.Audio, "MPEG4-GENERIC", 97, 16_000, ("mode", "AAC-hbr"), ("sizelength", "13"), ("indexlength", "3"), ("indexdeltalength", "3"), ("config", "1408"));
        Depacketizers.TryCreate(aac, new BlockPool(), out d, out string why).ShouldBeTrue(why);
        ((AudioFormat)d.Format!).SampleRate.ShouldBe(16_000);
        Depacketizers.TryCreate(Media(SdpMediaKind.Audio, "MPEG4-GENERIC", 97, 44_100), new BlockPool(), out d, out why).ShouldBeTrue(why);
        ((AudioFormat)d.Format!).CodecString.ShouldBe("mp4a.40.2");
    }
}
