using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Rules;

namespace Atalaya.Analysis.Tests.Painting;

public sealed class AreaPainterTests
{
    const int Width = 96, Height = 64;

    /// <summary>
    /// Nothing of what was under an area may be left, whatever its shape: two pictures that differ under it alone are the same when they are painted.
    /// </summary>
    [Fact]
    public void What_lies_under_a_filled_area_can_not_be_told_from_the_painted_picture()
    {
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            var outline = Outline(random);
            PlanarPicture one = Noise(random.Next()), other = Copy(one);
            // Whatever has its middle, or any of a grid of places, within the outline.
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    if (Touches(outline, x, y))
                    {
                        other.Luma[(y * other.LumaStride) + x] ^= 0x55;
                        other.Cb[(y / 2 * other.ChromaStride) + (x / 2)] ^= 0x33;
                        other.Cr[(y / 2 * other.ChromaStride) + (x / 2)] ^= 0x0F;
                    }
                }
            }

            var painter = new AreaPainter(new([Area.Always(AreaKind.Fill, outline)]), Width, Height);
            painter.Paint(one, default);
            painter.Paint(other, default);
            Same(one, other).ShouldBeTrue($"round {round}: {string.Join(" ", outline)}");
        }
    }

    [Fact]
    public void What_is_a_pixel_away_from_every_area_stays_as_it_was()
    {
        var random = new Random(6);
        for (int round = 0; round < 200; round++)
        {
            var outline = Outline(random);
            var before = Noise(random.Next());
            var after = Copy(before);
            new AreaPainter(new([Area.Always(round % 2 == 0 ? AreaKind.Fill : AreaKind.Blur, outline)]), Width, Height).Paint(after, default);
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++)
                {
                    if (Near(outline, x, y))
                        continue;
                    after.Luma[(y * after.LumaStride) + x].ShouldBe(before.Luma[(y * before.LumaStride) + x], $"round {round}, {x}/{y}");
                }
            }
        }
    }

    /// <summary>All that a blurred area tells is the coarse means of a few squares: noise of the same means vanishes, detail of one pixel and of eight is gone.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Detail_under_a_blurred_area_is_gone(int size)
    {
        var picture = new PlanarPicture(320, 240);
        for (int y = 0; y < 240; y++)
        {
            for (int x = 0; x < 320; x++)
                picture.Luma[(y * picture.LumaStride) + x] = ((x / size) + (y / size)) % 2 == 0 ? (byte)40 : (byte)200;
        }

        new AreaPainter(new([Area.Always(AreaKind.Blur, Area.Corners(0.25, 0.25, 0.5, 0.5))]), 320, 240).Paint(picture, default);
        var inside = new List<int>();
        for (int y = 64; y < 176; y++)
        {
            for (int x = 84; x < 236; x++)
                inside.Add(picture.Luma[(y * picture.LumaStride) + x]);
        }

        (inside.Max() - inside.Min()).ShouldBeLessThanOrEqualTo(16);
        inside.Average().ShouldBeInRange(112, 128);
    }

    [Fact]
    public void A_blurred_face_has_five_squares_across_whatever_its_size()
    {
        // A step across the area: what is left of it is as wide as a square.
        foreach (int side in (int[])[80, 160, 320])
        {
            var picture = new PlanarPicture(640, 480);
            for (int y = 0; y < 480; y++)
                picture.Luma.Slice(y * picture.LumaStride, 640).Fill(60);
            for (int y = 80; y < 80 + side; y++)
                picture.Luma.Slice((y * picture.LumaStride) + 80 + (side / 2), side / 2).Fill(180);
            new AreaPainter(new([Area.Always(AreaKind.Blur, Area.Corners(80 / 640.0, 80 / 480.0, side / 640.0, side / 480.0))]), 640, 480).Paint(picture, default);
            var row = picture.Luma.Slice(((80 + (side / 2)) * picture.LumaStride) + 80, side);
            int between = 0;
            foreach (byte v in row)
                between += v is > 70 and < 170 ? 1 : 0;
            between.ShouldBeGreaterThan(side / 10);
        }
    }

    [Fact]
    public void Outside_of_what_is_kept_everything_is_painted_and_the_edge_too()
    {
        var before = Noise(3);
        var after = Copy(before);
        // Its edges run through pixels 20 and 60, 10 and 40.
        var kept = Area.Corners(20.5 / Width, 10.5 / Height, 40.0 / Width, 30.0 / Height);
        new AreaPainter(new([Area.Always(AreaKind.Keep, kept)]) { Outside = AreaKind.Fill }, Width, Height).Paint(after, default);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                bool inside = x is > 20 and < 60 && y is > 10 and < 40;
                byte is_ = after.Luma[(y * after.LumaStride) + x];
                if (inside)
                    is_.ShouldBe(before.Luma[(y * before.LumaStride) + x]);
                else
                    is_.ShouldBe((byte)40, $"{x}/{y}");
            }
        }
    }

    [Fact]
    public void An_area_moves_between_its_keys_and_is_there_for_its_time_only()
    {
        var area = new Area(AreaKind.Fill, [new(new(0), Area.Corners(0, 0, 0.25, 1)), new(new(1000), Area.Corners(0.5, 0, 0.25, 1))]) { From = new(0), To = new(2000) };
        var painter = new AreaPainter(new([area]), Width, Height);
        Span(-1).ShouldBe((-1, -1));
        Span(0).ShouldBe((0, 24));
        Span(500).ShouldBe((24, 48));
        Span(1000).ShouldBe((48, 72));
        Span(1999).ShouldBe((48, 72));
        Span(2000).ShouldBe((-1, -1));

        // Corners on the line between two pixels touch both.
        (int From, int To) Span(long at)
        {
            var picture = new PlanarPicture(Width, Height);
            picture.Luma.Fill(200);
            painter.Paint(picture, new(at));
            var row = picture.Luma.Slice(5 * picture.LumaStride, Width);
            return (row.IndexOf((byte)40), row.LastIndexOf((byte)40));
        }
    }

    [Fact]
    public void Between_outlines_of_different_corners_both_are_painted()
    {
        var area = new Area(AreaKind.Fill, [new(new(0), [new(0, 0), new(0.2, 0), new(0, 1)]), new(new(1000), Area.Corners(0.6, 0, 0.2, 1))]);
        var picture = new PlanarPicture(Width, Height);
        picture.Luma.Fill(200);
        new AreaPainter(new([area]), Width, Height).Paint(picture, new(500));
        picture.Luma[(5 * picture.LumaStride) + 3].ShouldBe((byte)40);
        picture.Luma[(5 * picture.LumaStride) + 65].ShouldBe((byte)40);
    }

    [Fact]
    public void An_outline_that_crosses_itself_or_is_a_line_covers_what_it_encloses_and_what_it_touches()
    {
        var star = new List<Point>();
        for (int i = 0; i < 5; i++)
            star.Add(new(0.5 + (0.4 * Math.Sin(i * 4 * Math.PI / 5)), 0.5 - (0.4 * Math.Cos(i * 4 * Math.PI / 5))));
        var picture = new PlanarPicture(Width, Height);
        picture.Luma.Fill(200);
        new AreaPainter(new([Area.Always(AreaKind.Fill, star), Area.Always(AreaKind.Fill, [new(0, 0.9), new(1, 0.9), new(0.5, 0.9)])]), Width, Height).Paint(picture, default);
        picture.Luma[(32 * picture.LumaStride) + 48].ShouldBe((byte)40, "the middle of a star is wound around twice");
        picture.Luma.Slice((int)(0.9 * Height) * picture.LumaStride, Width).IndexOfAnyExcept((byte)40).ShouldBe(-1);
    }

    static List<Point> Outline(Random random) =>
        [.. Enumerable.Range(0, random.Next(3, 9)).Select(_ => new Point((random.NextDouble() * 1.4) - 0.2, (random.NextDouble() * 1.4) - 0.2))];

    // A grid of places in the pixel, tried by the winding number.
    static bool Touches(IReadOnlyList<Point> outline, int x, int y)
    {
        for (int i = 0; i < 16; i++)
        {
            if (Winding(outline, (x + (((i % 4) + 0.5) / 4)) / Width, (y + (((i / 4) + 0.5) / 4)) / Height) != 0)
                return true;
        }

        return false;
    }

    // Anything within two pixels: chroma is painted by twos.
    static bool Near(IReadOnlyList<Point> outline, int x, int y)
    {
        for (int dy = -2; dy <= 2; dy++)
        {
            for (int dx = -2; dx <= 2; dx++)
            {
                if (Touches(outline, x + dx, y + dy))
                    return true;
            }
        }

        // Thin ends that no place of the grid hits.
        for (int i = 0, j = outline.Count - 1; i < outline.Count; j = i++)
        {
            double px = x + 0.5, py = y + 0.5, ax = outline[j].X * Width, ay = outline[j].Y * Height, bx = outline[i].X * Width, by = outline[i].Y * Height;
            double length = ((bx - ax) * (bx - ax)) + ((by - ay) * (by - ay));
            double t = length > 0 ? Math.Clamp((((px - ax) * (bx - ax)) + ((py - ay) * (by - ay))) / length, 0, 1) : 0;
            if (Math.Abs(ax + (t * (bx - ax)) - px) < 2 && Math.Abs(ay + (t * (by - ay)) - py) < 2)
                return true;
        }

        return false;
    }

    static int Winding(IReadOnlyList<Point> outline, double x, double y)
    {
        int winding = 0;
        for (int i = 0, j = outline.Count - 1; i < outline.Count; j = i++)
        {
            Point a = outline[j], b = outline[i];
            if (a.Y <= y != b.Y <= y && x < a.X + ((y - a.Y) * (b.X - a.X) / (b.Y - a.Y)))
                winding += a.Y < b.Y ? 1 : -1;
        }

        return winding;
    }

    static PlanarPicture Noise(int seed)
    {
        var picture = new PlanarPicture(Width, Height);
        var random = new Random(seed);
        random.NextBytes(picture.Luma);
        random.NextBytes(picture.Cb);
        random.NextBytes(picture.Cr);
        return picture;
    }

    static PlanarPicture Copy(PlanarPicture of)
    {
        var copy = new PlanarPicture(Width, Height);
        of.Luma.CopyTo(copy.Luma);
        of.Cb.CopyTo(copy.Cb);
        of.Cr.CopyTo(copy.Cr);
        return copy;
    }

    static bool Same(PlanarPicture one, PlanarPicture other)
    {
        for (int y = 0; y < Height; y++)
        {
            if (!one.Luma.Slice(y * one.LumaStride, Width).SequenceEqual(other.Luma.Slice(y * other.LumaStride, Width)))
                return false;
        }

        for (int y = 0; y < Height / 2; y++)
        {
            if (!one.Cb.Slice(y * one.ChromaStride, Width / 2).SequenceEqual(other.Cb.Slice(y * other.ChromaStride, Width / 2))
                || !one.Cr.Slice(y * one.ChromaStride, Width / 2).SequenceEqual(other.Cr.Slice(y * other.ChromaStride, Width / 2)))
                return false;
        }

        return true;
    }
}
