using Atalaya.Analysis.Detect;

namespace Atalaya.Analysis.Tests.Detect;

/// <summary>The vectorized way from planes to a tensor gives what the plain formulas give.</summary>
public sealed class PreprocessorTests
{
    [Theory]
    [InlineData(64, 64, 64)]
    [InlineData(96, 64, 64)]        // letterboxed, scaled to two thirds
    [InlineData(640, 360, 416)]
    [InlineData(33, 47, 96)]        // odd, enlarged
    [InlineData(120, 90, 64)]       // nearly half
    public void Each_sample_is_the_bilinear_one_of_its_place(int width, int height, int side)
    {
        byte[] samples = Noise(width, height);
        var model = Models.File("yolox", side: side, more: "");
        var preprocessor = new Preprocessor(model);
        float[] tensor = new float[3 * side * side];
        var picture = Models.Picture(samples, width, height);

        var placement = preprocessor.Place(PixelArea.Whole(picture));
        preprocessor.Fill(picture, placement, tensor);

        placement.Width.ShouldBeLessThanOrEqualTo(side);
        Math.Max(placement.Width, placement.Height).ShouldBe(side);
        float worst = 0;
        for (int y = 0; y < placement.Height; y++)
        {
            for (int x = 0; x < placement.Width; x++)
            {
                var (r, g, b) = Plain(picture, placement, x, y);
                int at = (y * side) + x;
                worst = Math.Max(worst, Math.Max(Math.Abs(tensor[at] - r), Math.Max(Math.Abs(tensor[(side * side) + at] - g), Math.Abs(tensor[(2 * side * side) + at] - b))));
            }
        }

        // Weights of 7 bits across rows: a step of 255 is off by at most 1, chroma by twice that.
        worst.ShouldBeLessThan(4);
    }

    [Fact]
    public void What_shrinks_to_half_keeps_every_pixel()
    {
        // Lines one pixel wide: bilinear sampling at a quarter would see all of them or none.
        byte[] samples = Models.Samples(256, 256, 16);
        for (int y = 0; y < 256; y++)
        {
            for (int x = 0; x < 256; x += 4)
                samples[(y * 256) + x] = 235;
        }

        var preprocessor = new Preprocessor(Models.File("yolox"));
        float[] tensor = new float[3 * 64 * 64];
        var picture = Models.Picture(samples, 256, 256);
        preprocessor.Fill(picture, preprocessor.Place(PixelArea.Whole(picture)), tensor);

        tensor.ShouldAllBe(v => Math.Abs(v - (255 / 4f)) < 3);
    }

    [Fact]
    public void Margins_get_the_fill_value_and_normalisation_applies_to_all_in_every_layout()
    {
        string input = "input: {width: 64, height: 64, layout: LAYOUT, colour: COLOUR, mean: [10, 20, 30], std: [2, 4, 8], pad: 114}";
        byte[] samples = Models.Samples(64, 32, 126);
        samples.AsSpan(64 * 32, 32 * 16).Fill(100);     // Cb: less blue
        samples.AsSpan((64 * 32) + (32 * 16)).Fill(200);        // Cr: more red
        float grey = (126 - 16) * 255f / 219, r = Math.Min(255, grey + (1.402f * 255 / 224 * 72)), g = grey - ((0.344136f * -28 + (0.714136f * 72)) * 255 / 224), b = grey + (1.772f * 255 / 224 * -28);
        foreach (var (layout, colour) in new[] { ("nchw", "rgb"), ("nchw", "bgr"), ("nhwc", "rgb"), ("nhwc", "bgr") })
        {
            string text = string.Join('\n', Models.Text("yolox").Split('\n').Select(l => l.StartsWith("input:") ? input.Replace("LAYOUT", layout).Replace("COLOUR", colour) : l));
            var preprocessor = new Preprocessor(Models.Parse(text));
            float[] tensor = new float[3 * 64 * 64];
            var picture = Models.Picture(samples, 64, 32);
            preprocessor.Fill(picture, preprocessor.Place(PixelArea.Whole(picture)), tensor);

            float[] expected = colour == "rgb" ? [r, g, b] : [b, g, r];
            float[] mean = [10, 20, 30], deviation = [2, 4, 8];
            for (int c = 0; c < 3; c++)
            {
                At(5, 5, c).ShouldBe((expected[c] - mean[c]) / deviation[c], 0.3f, $"{layout} {colour} {c}");
                At(5, 40, c).ShouldBe((114 - mean[c]) / deviation[c], 1e-4f, $"{layout} {colour} {c}");
            }

            float At(int x, int y, int c) => layout == "nchw" ? tensor[(c * 64 * 64) + (y * 64) + x] : tensor[(((y * 64) + x) * 3) + c];
        }
    }

    [Fact]
    public void A_crop_shows_what_lies_there()
    {
        byte[] samples = Models.Samples(320, 240, 16);
        for (int y = 100; y < 164; y++)
            samples.AsSpan((y * 320) + 200, 64).Fill(235);
        var preprocessor = new Preprocessor(Models.File("yolox"));
        float[] tensor = new float[3 * 64 * 64];
        var picture = Models.Picture(samples, 320, 240);

        preprocessor.Fill(picture, preprocessor.Place(new(200, 100, 64, 64)), tensor);
        tensor.ShouldAllBe(v => Math.Abs(v - 255) < 1);
        preprocessor.Fill(picture, preprocessor.Place(new(136, 100, 64, 64)), tensor);
        tensor.ShouldAllBe(v => Math.Abs(v) < 1);
    }

    [Fact]
    public void A_picture_without_colours_is_grey()
    {
        byte[] luma = new byte[64 * 64];
        luma.AsSpan().Fill(126);
        var preprocessor = new Preprocessor(Models.File("yolox"));
        float[] tensor = new float[3 * 64 * 64];
        var picture = new Picture { Width = 64, Height = 64, Luma = luma, LumaStride = 64 };
        preprocessor.Fill(picture, preprocessor.Place(PixelArea.Whole(picture)), tensor);
        tensor.ShouldAllBe(v => Math.Abs(v - ((126 - 16) * 255f / 219)) < 0.1f);
    }

    [Fact]
    public void Planes_that_are_shorter_than_they_say_are_refused()
    {
        var preprocessor = new Preprocessor(Models.File("yolox"));
        float[] tensor = new float[3 * 64 * 64];
        byte[] luma = new byte[(64 * 64) - 1];
        Should.Throw<ArgumentException>(() =>
        {
            var picture = new Picture { Width = 64, Height = 64, Luma = luma, LumaStride = 64 };
            preprocessor.Fill(picture, preprocessor.Place(PixelArea.Whole(picture)), tensor);
        });
    }

    [Fact]
    public void Columns_one_by_one_and_eight_at_a_time_are_equal()
    {
        var random = new Random(3);
        foreach (int target in (int[])[1, 7, 8, 9, 100, 416])
        {
            byte[] plane = new byte[500 * 2];
            random.NextBytes(plane);
            var scaler = new PlaneScaler();
            var part = scaler.Reduce(plane, 500, new(0, 0, 500, 2), target, 2);
            float[] fast = new float[target], plain = new float[target];
            scaler.Row(part, 1, fast);
            scaler.Columns(plain, 0);
            fast.ShouldBe(plain);
        }
    }

    static byte[] Noise(int width, int height)
    {
        byte[] samples = Models.Samples(width, height);
        // Smooth, with some noise: what a picture is, and what makes an error of place show.
        var random = new Random(width);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                samples[(y * width) + x] = (byte)(64 + (((x * 3) + (y * 2)) % 128) + random.Next(8));
        }

        for (int i = width * height; i < samples.Length; i++)
            samples[i] = (byte)(118 + random.Next(20));
        return samples;
    }

    static (float R, float G, float B) Plain(in Picture picture, Placement placement, int x, int y)
    {
        float luma = Sample(picture.Luma, picture.LumaStride, picture.Width, picture.Height, placement, x, y);
        int chromaWidth = (picture.Width + 1) / 2, chromaHeight = (picture.Height + 1) / 2;
        float u = Sample(picture.Cb, picture.ChromaStride, chromaWidth, chromaHeight, placement, x, y) - 128;
        float v = Sample(picture.Cr, picture.ChromaStride, chromaWidth, chromaHeight, placement, x, y) - 128;
        float grey = (luma - 16) * 255 / 219, chroma = 255f / 224;
        return (Math.Clamp(grey + (1.402f * chroma * v), 0, 255), Math.Clamp(grey - (chroma * ((0.344136f * u) + (0.714136f * v))), 0, 255), Math.Clamp(grey + (1.772f * chroma * u), 0, 255));
    }

    static float Sample(ReadOnlySpan<byte> plane, int stride, int width, int height, Placement placement, int x, int y)
    {
        float atX = Math.Clamp(((x + 0.5f) * width / placement.Width) - 0.5f, 0, width - 1), atY = Math.Clamp(((y + 0.5f) * height / placement.Height) - 0.5f, 0, height - 1);
        int left = (int)atX, top = (int)atY, right = Math.Min(left + 1, width - 1), bottom = Math.Min(top + 1, height - 1);
        float above = (plane[(top * stride) + left] * (1 - (atX - left))) + (plane[(top * stride) + right] * (atX - left));
        float below = (plane[(bottom * stride) + left] * (1 - (atX - left))) + (plane[(bottom * stride) + right] * (atX - left));
        return (above * (1 - (atY - top))) + (below * (atY - top));
    }
}
