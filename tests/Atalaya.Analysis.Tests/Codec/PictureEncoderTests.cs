using System.Buffers.Binary;

using Atalaya.Analysis.Codec;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Codec;

public sealed class PictureEncoderTests
{
    /// <summary>Decoded, encoded, written by our muxer, and read by ffmpeg: each picture is still itself, at its time.</summary>
    [Theory]
    [InlineData(true, Media.Codec.H264)]
    [InlineData(false, Media.Codec.H265)]
    public async Task Pictures_keep_what_they_show_and_when(bool live, Media.Codec codec)
    {
        var clip = ClipUnits.Read(await Ffmpeg.ClipAsync(new(codec, BFrames: 2, Frames: 60, Kbps: 400)));
        var units = Again(clip, new() { Live = live });

        units.Select(u => u.Presentation).ShouldBe(clip.Units.Select(u => u.Presentation).Order());
        units.ShouldAllBe(u => u.Decode == u.Presentation);
        units[0].IsKey.ShouldBeTrue();
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, "again.mp4");
        Write(path, units);
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(0, 60));
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        probe.Packets.Count(p => p.IsKey).ShouldBe(units.Count(u => u.IsKey));
    }

    [Fact]
    public void Live_gives_one_unit_for_each_picture_at_once_and_a_key_frame_where_one_is_asked_for()
    {
        using var encoder = Open(320, 240, new() { Live = true });
        var picture = new PlanarPicture(320, 240);
        var units = new List<AccessUnit>();
        for (int i = 0; i < 30; i++)
        {
            picture.Luma[i * 100] = 200;
            encoder.Encode(picture.AsPicture(), new(i * 3000), key: i is 7 or 20, units.Add);
            units.Count.ShouldBe(i + 1);
        }

        units.Select((u, i) => (u, i)).Where(x => x.u.IsKey).Select(x => x.i).ShouldBe([0, 7, 20]);
    }

    [Fact]
    public void A_unit_holds_slices_and_nothing_that_the_encoder_says_of_itself()
    {
        using var encoder = Open(320, 240, new() { Live = true });
        var types = new HashSet<int>();
        for (int i = 0; i < 5; i++)
        {
            encoder.Encode(new PlanarPicture(320, 240).AsPicture(), new(i * 3000), key: false, unit =>
            {
                var rest = unit.Data.Span;
                while (!rest.IsEmpty)
                {
                    int length = BinaryPrimitives.ReadInt32BigEndian(rest);
                    types.Add(rest[4] & 31);
                    rest = rest[(4 + length)..];
                }
            });
        }

        types.ShouldBe([5, 1], ignoreOrder: true);
        encoder.Format.CodecString.ShouldStartWith("avc1.");
        (encoder.Format.Width, encoder.Format.Height).ShouldBe((320, 240));
    }

    [Fact]
    public void The_same_size_and_options_give_the_same_configuration()
    {
        using var one = Open(640, 360, new() { Live = true });
        using var other = Open(640, 360, new() { Live = true });
        other.Format.ShouldBe(one.Format);
    }

    [Theory]
    [InlineData(321, 240)]
    [InlineData(8, 8)]
    [InlineData(40_000, 40_000)]
    public void A_size_that_no_encoder_takes_is_refused_with_the_reason(int width, int height)
    {
        Libraries.Needed();
        PictureEncoder.TryOpen(width, height, false, new(), out _, out string fault).ShouldBeFalse();
        fault.ShouldContain($"{width}×{height}");
    }

    [Fact]
    public void What_was_taken_of_the_library_is_given_back()
    {
        Libraries.Needed();
        long before = NativeHandle.Alive;
        for (int i = 0; i < 5; i++)
        {
            using var encoder = Open(64, 64, new());
            encoder.Encode(new PlanarPicture(64, 64).AsPicture(), default, key: true, static _ => { });
        }

        NativeHandle.Alive.ShouldBeLessThanOrEqualTo(before);
    }

    internal static PictureEncoder Open(int width, int height, EncoderOptions options)
    {
        Libraries.Needed();
        return PictureEncoder.TryOpen(width, height, false, options, out var encoder, out string fault) ? encoder : throw new InvalidOperationException(fault);
    }

    static List<AccessUnit> Again(ClipUnits clip, EncoderOptions options)
    {
        using var decoder = Libraries.Open(clip.Format);
        using var encoder = Open(clip.Format.Width, clip.Format.Height, options);
        var units = new List<AccessUnit>();
        foreach (var unit in clip.Units)
            decoder.Decode(unit, (in p, at) => encoder.Encode(p, at, key: false, units.Add));
        decoder.Flush((in p, at) => encoder.Encode(p, at, key: false, units.Add));
        encoder.Flush(units.Add);
        return units;
    }

    static void Write(string path, List<AccessUnit> units)
    {
        var muxer = new FragmentMuxer([units[0].Format]);
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        muxer.WriteInit(bytes);
        foreach (var unit in units)
            muxer.Add(unit);
        var fragment = muxer.End();
        fragment.CopyTo(bytes);
        fragment.Release();
        File.WriteAllBytes(path, bytes.WrittenSpan);
    }
}
