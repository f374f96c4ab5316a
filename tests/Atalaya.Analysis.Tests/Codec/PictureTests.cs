using System.Globalization;

using Atalaya.Analysis.Codec;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests.Codec;

public sealed class PictureTests
{
    [Theory]
    [InlineData(704, 576, 160, 131)]
    [InlineData(641, 361, 160, 90)]
    [InlineData(64, 48, 64, 48)]
    [InlineData(33, 1200, 2, 2)]    // more rows in a cell than 16 bits sum
    public void A_cell_is_the_rounded_mean_of_its_pixels(int width, int height, int columns, int rows)
    {
        var picture = new PlanarPicture(width, height);
        new Random(3).NextBytes(picture.Luma);
        byte[] cells = new byte[columns * rows];
        new LumaShrinker().Shrink(picture.AsPicture(), cells, columns, rows);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int top = row * height / rows, bottom = (row + 1) * height / rows, left = column * width / columns, right = (column + 1) * width / columns;
                long sum = 0;
                for (int y = top; y < bottom; y++)
                {
                    for (int x = left; x < right; x++)
                        sum += picture.Luma[(y * picture.LumaStride) + x];
                }

                int pixels = (bottom - top) * (right - left);
                ((long)cells[(row * columns) + column]).ShouldBe((sum + (pixels / 2)) / pixels, $"cell {column},{row}");
            }
        }
    }

    [Fact]
    public void A_part_comes_to_lie_where_it_should_and_nowhere_else()
    {
        Libraries.Jpeg().Dispose();
        var from = new PlanarPicture(64, 64);
        for (int y = 32; y < 64; y++)
            from.Luma.Slice((y * from.LumaStride) + 32, 32).Fill(200);
        var to = new PlanarPicture(100, 80);
        using var scaler = new PictureScaler();
        scaler.Scale(from.AsPicture(), new(32, 32, 32, 32), to, new(20, 10, 40, 30));
        for (int y = 0; y < 80; y++)
        {
            for (int x = 0; x < 100; x++)
                ((int)to.Luma[(y * to.LumaStride) + x]).ShouldBe(x is >= 20 and < 60 && y is >= 10 and < 40 ? 200 : 16, $"{x},{y}");
        }

        Should.Throw<ArgumentOutOfRangeException>(() => scaler.Scale(from.AsPicture(), new(40, 0, 32, 32), to, new(0, 0, 10, 10)));
        Should.Throw<ArgumentOutOfRangeException>(() => scaler.Scale(from.AsPicture(), null, to, new(90, 0, 20, 20)));
    }

    [Theory]
    [InlineData(false, 16, 0)]
    [InlineData(false, 235, 255)]
    [InlineData(true, 100, 100)]
    public void Range_is_widened_for_rgb(bool fullRange, byte luma, byte grey)
    {
        Libraries.Jpeg().Dispose();
        var picture = new PlanarPicture(32, 32, fullRange);
        picture.Luma.Fill(luma);
        using var scaler = new PictureScaler();
        byte[] rgb = new byte[16 * 16 * 3];
        scaler.ToRgb(picture.AsPicture(), null, 16, 16, rgb);
        rgb.ShouldAllBe(v => Math.Abs(v - grey) <= 2);
    }

    /// <summary>ffprobe judges the file, ffmpeg its colours.</summary>
    [Fact]
    public async Task A_jpeg_has_the_pictures_size_and_full_range_colours()
    {
        using var jpeg = Libraries.Jpeg();
        using var folder = new TempFolder();
        var picture = new PlanarPicture(321, 241);
        picture.Luma.Fill(235);
        string path = Path.Combine(folder.Path, "white.jpg");
        await File.WriteAllBytesAsync(path, jpeg.Write(picture.AsPicture(), 90).ToArray(), TestContext.Current.CancellationToken);
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        (probe.Streams[0].Codec, probe.Streams[0].Width, probe.Streams[0].Height).ShouldBe(("mjpeg", 321, 241));
        string raw = Path.Combine(folder.Path, "white.gray");
        await Ffmpeg.RunAsync(["-i", path, "-vf", "extractplanes=y", "-f", "rawvideo", raw]);
        byte[] luma = await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken);
        luma.Min().ShouldBeGreaterThanOrEqualTo((byte)253, luma.Min().ToString(CultureInfo.InvariantCulture));
    }
}
