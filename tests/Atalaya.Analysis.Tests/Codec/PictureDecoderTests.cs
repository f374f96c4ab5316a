using System.Security.Cryptography;

using Atalaya.Analysis.Codec;
using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Codec;

public sealed class PictureDecoderTests
{
    /// <summary>ffmpeg decodes the same bytes by another way: file, demuxer, its own program.</summary>
    [Theory]
    [InlineData(Media.Codec.H264, 0)]
    [InlineData(Media.Codec.H264, 2)]
    [InlineData(Media.Codec.H265, 0)]
    [InlineData(Media.Codec.H265, 2)]
    public async Task Every_picture_is_the_one_that_ffmpeg_shows_at_its_presentation_time(Media.Codec codec, int bFrames)
    {
        string path = await Ffmpeg.ClipAsync(new(codec, BFrames: bFrames, Width: 322, Height: 242));
        var clip = ClipUnits.Read(path);
        using var decoder = Libraries.Open(clip.Format);
        var shown = new List<(MediaTime At, string Md5)>();
        foreach (var unit in clip.Units)
            decoder.Decode(unit, (in p, at) => shown.Add((at, Md5(p))));
        decoder.Flush((in p, at) => shown.Add((at, Md5(p))));

        shown.Select(s => s.Md5).ShouldBe(await Ffmpeg.FrameMd5Async(path));
        shown.Select(s => s.At).ShouldBe(clip.Units.Select(u => u.Presentation).Order());
        decoder.Broken.ShouldBe(0);
    }

    [Fact]
    public async Task Key_frames_alone_give_one_picture_each_and_references_alone_those_that_others_need()
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new(BFrames: 2)));
        Count(DecoderSkip.NonKey).ShouldBe(clip.Keys.Count());
        Count(DecoderSkip.NonReference).ShouldBeInRange(clip.Keys.Count() + 1, clip.Units.Count - 1);

        int Count(DecoderSkip skip)
        {
            using var decoder = Libraries.Open(clip.Format, new() { Skip = skip });
            return clip.Units.Sum(u => decoder.Decode(u, static (in _, _) => { })) + decoder.Flush(static (in _, _) => { });
        }
    }

    /// <summary>What sprites are made of: a key frame, its picture at once, then the next, though the stream has B-frames.</summary>
    [Fact]
    public async Task After_a_flush_the_next_key_frame_starts_anew()
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new(BFrames: 2)));
        using var decoder = Libraries.Open(clip.Format);
        foreach (var key in clip.Keys)
        {
            var shown = new List<MediaTime>();
            decoder.Decode(key, (in _, at) => shown.Add(at));
            decoder.Flush((in _, at) => shown.Add(at));
            shown.ShouldBe([key.Presentation]);
        }
    }

    [Theory]
    [InlineData("yuv422p")]
    [InlineData("yuv444p")]
    [InlineData("yuv420p10le")]
    public async Task Other_layouts_become_8_bit_420(string layout)
    {
        string path = await Ffmpeg.ClipAsync(new(Frames: 3) { More = ["-pix_fmt", layout] });
        var clip = ClipUnits.Read(path);
        using var decoder = Libraries.Open(clip.Format);
        int pictures = 0;
        Look(clip.Units[0]);
        decoder.Flush(See);
        pictures.ShouldBe(1);

        void Look(AccessUnit unit) => decoder.Decode(unit, See);
        void See(in Picture picture, MediaTime at)
        {
            pictures++;
            (picture.Width, picture.Height).ShouldBe((320, 240));
            // Number 0: the upper quarter is 16 of 255, in limited range 30.
            ((int)picture.Luma[(30 * picture.LumaStride) + 100]).ShouldBeInRange(28, 32);
            ((int)picture.Cb[(10 * picture.ChromaStride) + 50]).ShouldBeInRange(126, 130);
        }
    }

    [Fact]
    public async Task Damage_costs_pictures_and_is_counted_and_the_next_whole_group_is_seen_again()
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new(Kbps: 500)));
        using var decoder = Libraries.Open(clip.Format);
        var random = new Random(7);
        for (int round = 0; round < 20; round++)
        {
            foreach (var unit in clip.Units.Take(20))
            {
                byte[] damaged = unit.Data.ToArray();
                for (int i = 0; i < 1 + random.Next(40); i++)
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                decoder.Decode(damaged.AsSpan(0, random.Next(damaged.Length + 1)), unit.Presentation, static (in _, _) => { });
            }
        }

        decoder.Broken.ShouldBeGreaterThan(0);
        decoder.Flush(static (in _, _) => { });
        int pictures = clip.Units.Sum(u => decoder.Decode(u, static (in _, _) => { })) + decoder.Flush(static (in _, _) => { });
        pictures.ShouldBe(clip.Units.Count);
    }

    [Fact]
    public void A_configuration_that_is_none_is_refused_or_decodes_nothing()
    {
        var format = new VideoFormat(Media.Codec.H264, new byte[] { 1, 2, 3, 4, 5, 6, 7 }, "avc1.000000", 640, 480);
        if (!PictureDecoder.TryOpen(format, new(), out var decoder, out string fault))
        {
            fault.ShouldNotBeEmpty();
            return;
        }

        using (decoder)
            decoder.Decode([0, 0, 0, 1, 0x65], default, static (in _, _) => { }).ShouldBe(0);
    }

    [Theory]
    [InlineData(DecoderHardware.Vaapi, "vaapi")]
    [InlineData(DecoderHardware.Cuda, "cuda")]
    public async Task Hardware_that_is_not_there_is_refused_with_its_name(DecoderHardware hardware, string name)
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new()));
        Libraries.Open(clip.Format).Dispose();
        long before = NativeHandle.Alive;
        bool opened = PictureDecoder.TryOpen(clip.Format, new() { Hardware = hardware, Device = "/dev/dri/renderD999" }, out var decoder, out string fault);
        opened.ShouldBeFalse();
        decoder.ShouldBeNull();
        fault.ShouldContain(name);
        fault.ShouldContain("/dev/dri/renderD999");
        NativeHandle.Alive.ShouldBe(before);
    }

    [Fact]
    public async Task Nothing_native_is_left_behind()
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new()));
        Libraries.Open(clip.Format).Dispose();
        long before = NativeHandle.Alive;
        for (int i = 0; i < 50; i++)
        {
            using var decoder = Libraries.Open(clip.Format);
            using var scaler = new PictureScaler();
            var small = new PlanarPicture(160, 120);
            decoder.Decode(clip.Units[0], (in p, _) => scaler.Scale(p, null, small, new(0, 0, 160, 120)));
            decoder.Flush((in p, _) => scaler.Scale(p, null, small, new(0, 0, 80, 60)));
            Should.Throw<FormatException>(() => decoder.Decode(clip.Units[0], static (in _, _) => throw new FormatException()) + decoder.Flush(static (in _, _) => throw new FormatException()));
        }

        NativeHandle.Alive.ShouldBe(before);
    }

    // As ffmpeg's framemd5: the planes without padding.
    static string Md5(in Picture picture)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        for (int y = 0; y < picture.Height; y++)
            md5.AppendData(picture.Luma.Slice(y * picture.LumaStride, picture.Width));
        for (int y = 0; y < (picture.Height + 1) / 2; y++)
            md5.AppendData(picture.Cb.Slice(y * picture.ChromaStride, (picture.Width + 1) / 2));
        for (int y = 0; y < (picture.Height + 1) / 2; y++)
            md5.AppendData(picture.Cr.Slice(y * picture.ChromaStride, (picture.Width + 1) / 2));
        return Convert.ToHexStringLower(md5.GetHashAndReset());
    }
}
