using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Masks;

/// <summary>What a picture of a test clip shows: its parts are known, so that a mask is told from what it hides by real pixels.</summary>
static class Sight
{
    /// <summary>Below the numbers, where the clip's slanted stripes are; as corners, and a little inside of it in pixels of 320 × 240.</summary>
    public static readonly double[][] Corners = [[0.25, 0.4], [0.75, 0.4], [0.75, 0.9], [0.25, 0.9]];
    static readonly (int Left, int Top, int Right, int Bottom) Hidden = (84, 100, 236, 212), Open = (4, 100, 70, 236);

    /// <summary>All pictures of a file, a playlist or a URL, as grey bytes.</summary>
    public static async Task<IReadOnlyList<byte[]>> PicturesAsync(string path, params IEnumerable<string> inputOptions)
    {
        using var folder = new TempFolder("sight");
        string raw = folder.File("gray");
        await Ffmpeg.RunAsync([.. inputOptions, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", "scale=320:240", "-pix_fmt", "gray", "-f", "rawvideo", raw]);
        byte[] all = await File.ReadAllBytesAsync(raw);
        return [.. all.Chunk(320 * 240)];
    }

    /// <summary>Flat and dark where the mask is, and as the clip has it elsewhere.</summary>
    public static bool IsMasked(byte[] picture) => Spread(picture, Hidden) < 14 && Mean(picture, Hidden) < 60 && Spread(picture, Open) > 40;

    /// <summary>As the clip has it everywhere.</summary>
    public static bool IsClear(byte[] picture) => Spread(picture, Hidden) > 40 && Mean(picture, Hidden) > 90 && Spread(picture, Open) > 40;

    /// <summary>Dark where the mask is but for what is written over it, and as the clip has it elsewhere.</summary>
    public static bool IsMaskedUnderWords(byte[] picture) => Values(picture, Hidden).Count(v => v < 60) > Values(picture, Hidden).Count() * 6 / 10 && Spread(picture, Open) > 40;

    /// <summary>How much a watermark stands out on the mask of a picture, as grey levels between where its letters are and where they aren't.</summary>
    public static double Reads(byte[] picture, string mark)
    {
        var dark = new PlanarPicture(320, 240);
        dark.Luma.Fill(40);
        new AreaPainter(new([]) { Mark = mark }, 320, 240).Paint(dark, default);
        byte[] painted = new byte[320 * 240];
        for (int y = 0; y < 240; y++)
            dark.Luma.Slice(y * dark.LumaStride, 320).CopyTo(painted.AsSpan(y * 320));
        var pairs = Values(painted, Hidden).Zip(Values(picture, Hidden)).ToArray();
        return pairs.Where(p => p.First > 70).Average(p => p.Second) - pairs.Where(p => p.First <= 70).Average(p => p.Second);
    }

    static int Spread(byte[] picture, (int Left, int Top, int Right, int Bottom) part)
    {
        int[] values = [.. Values(picture, part).Order()];
        // Without the few that ringing makes.
        return values[values.Length * 99 / 100] - values[values.Length / 100];
    }

    static double Mean(byte[] picture, (int Left, int Top, int Right, int Bottom) part) => Values(picture, part).Average();

    static IEnumerable<int> Values(byte[] picture, (int Left, int Top, int Right, int Bottom) part)
    {
        for (int y = part.Top; y < part.Bottom; y++)
        {
            for (int x = part.Left; x < part.Right; x++)
                yield return picture[(y * 320) + x];
        }
    }
}
