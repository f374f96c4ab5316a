using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Rules;
using Atalaya.Media;

namespace Atalaya.Analysis.Painting;

/// <summary>
/// Paints the areas of a plan into pictures: luma and both chroma planes, each pixel that an area touches. A blurred area is reduced to means of squares,
/// a few across the area and in coarse steps, and only these are spread out again: what is painted is made from nothing else of what was there.
/// </summary>
/// <remarks>Used by one thread at a time. Still areas are laid out once.</remarks>
public sealed class AreaPainter
{
    // Squares across the shorter side of a blurred area, and their smallest side in pixels.
    const int Squares = 5, SmallestSquare = 12;

    // Steps of means.
    const int Step = 8;

    // Nearly black, told from a picture that is missing.
    const byte FilledLuma = 40, NoColour = 128;

    readonly AreaPlan _plan;
    readonly Coverage _coverage;
    readonly int _width, _height;
    readonly List<Placed> _placed = [], _before = [];
    readonly List<Layer> _layers = [];
    readonly Smoother _smoother = new();
    readonly Watermark? _mark;

    /// <param name="plan">Without <see cref="AreaPlanText.Fault"/>.</param>
    /// <param name="width">Of the pictures, pixels.</param>
    /// <param name="height">Of the pictures, pixels.</param>
    public AreaPainter(AreaPlan plan, int width, int height)
    {
        if (AreaPlanText.Fault(plan) is { } fault)
            throw new ArgumentException(fault, nameof(plan));
        _plan = plan;
        _width = width;
        _height = height;
        _coverage = new(width, height);
        _mark = plan.Mark.Length > 0 ? new(plan.Mark, width, height) : null;
    }

    /// <param name="picture">Of the painter's size.</param>
    /// <param name="at">When it is shown, as the plan has it.</param>
    public void Paint(PlanarPicture picture, MediaTime at)
    {
        if (picture.Width != _width || picture.Height != _height)
            throw new ArgumentException($"The painter is for {_width}×{_height}, not {picture.Width}×{picture.Height}.", nameof(picture));
        Place(at);
        foreach (var layer in _layers)
        {
            if (layer.Square == 0)
                Fill(picture, layer.Runs);
            else
                _smoother.Blur(picture, layer.Runs, layer.Square);
        }

        _mark?.Paint(picture);
    }

    void Place(MediaTime at)
    {
        _placed.Clear();
        foreach (var area in _plan.Areas)
        {
            if (area.From > at || area.To <= at)
                continue;
            Outlines(area, at);
        }

        if (_layers.Count > 0 && _placed.SequenceEqual(_before))
            return;
        _before.Clear();
        _before.AddRange(_placed);
        _layers.Clear();
        // First, so that no mean is made from what is filled, and last, so that it wins.
        var filled = new Layer(_coverage.Of([.. _placed.Where(p => p.Kind == AreaKind.Fill).Select(p => p.Outline)]), 0);
        _layers.Add(filled);
        if (_plan.Outside is { } outside)
        {
            _layers.Add(new(
                _coverage.Outside([.. _placed.Where(p => p.Kind == AreaKind.Keep).Select(p => p.Outline)]), outside == AreaKind.Blur ? Square(_width, _height) : 0));
        }

        foreach (var blurred in _placed.Where(p => p.Kind == AreaKind.Blur))
            _layers.Add(new(_coverage.Of([blurred.Outline]), Square(blurred.Outline)));
        _layers.Add(filled);
    }

    void Outlines(Area area, MediaTime at)
    {
        // The first key that is later.
        int low = 0, high = area.Keys.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (area.Keys[middle].At <= at)
                low = middle + 1;
            else
                high = middle;
        }

        if (low == 0 || low == area.Keys.Count || area.Keys[low - 1].At == at)
        {
            _placed.Add(new(area.Kind, area.Keys[Math.Max(0, low - 1)].Outline));
            return;
        }

        AreaKey from = area.Keys[low - 1], to = area.Keys[low];
        if (from.Outline.Count == to.Outline.Count)
        {
            double part = (at - from.At).Ticks / (double)(to.At - from.At).Ticks;
            _placed.Add(new(area.Kind, [.. from.Outline.Zip(to.Outline, (a, b) => new Point(a.X + ((b.X - a.X) * part), a.Y + ((b.Y - a.Y) * part)))]));
            return;
        }

        // What is kept between two shapes isn't known: nothing is.
        if (area.Kind == AreaKind.Keep)
            return;
        _placed.Add(new(area.Kind, from.Outline));
        _placed.Add(new(area.Kind, to.Outline));
    }

    int Square(IReadOnlyList<Point> outline) => Square(
        (outline.Max(p => p.X) - outline.Min(p => p.X)) * _width, (outline.Max(p => p.Y) - outline.Min(p => p.Y)) * _height);

    // Even, so that luma and chroma have the same squares.
    int Square(double width, double height) =>
        (int)Math.Clamp(Math.Min(width, height) / Squares, SmallestSquare, Math.Max(SmallestSquare, Math.Min(_width, _height) / Squares)) / 2 * 2;

    static void Fill(PlanarPicture picture, List<Run> runs)
    {
        foreach (var run in runs)
        {
            picture.Luma.Slice((run.Y * picture.LumaStride) + run.From, run.To - run.From).Fill(FilledLuma);
            int at = (run.Y / 2 * picture.ChromaStride) + (run.From / 2), length = ((run.To + 1) / 2) - (run.From / 2);
            picture.Cb.Slice(at, length).Fill(NoColour);
            picture.Cr.Slice(at, length).Fill(NoColour);
        }
    }

    // Compared by the outline itself: a still area's is one and the same object.
    readonly record struct Placed(AreaKind Kind, IReadOnlyList<Point> Outline);

    /// <param name="Square">Side of a square in pixels; 0: filled.</param>
    readonly record struct Layer(List<Run> Runs, int Square);

    /// <summary>Means of squares, and pictures made from these alone.</summary>
    sealed class Smoother
    {
        readonly List<Run> _chroma = [];
        byte[] _means = [];
        int[] _row = [];

        public void Blur(PlanarPicture picture, List<Run> runs, int square)
        {
            if (runs.Count == 0)
                return;
            Plane(picture.Luma, picture.LumaStride, picture.Width, picture.Height, runs, square);
            _chroma.Clear();
            foreach (var run in runs)
                _chroma.Add(new(run.Y / 2, run.From / 2, (run.To + 1) / 2));
            int width = (picture.Width + 1) / 2, height = (picture.Height + 1) / 2;
            Plane(picture.Cb, picture.ChromaStride, width, height, _chroma, square / 2);
            Plane(picture.Cr, picture.ChromaStride, width, height, _chroma, square / 2);
        }

        void Plane(Span<byte> plane, int stride, int width, int height, List<Run> runs, int square)
        {
            int top = int.MaxValue, bottom = 0, left = int.MaxValue, right = 0;
            foreach (var run in runs)
            {
                top = Math.Min(top, run.Y);
                bottom = Math.Max(bottom, run.Y);
                left = Math.Min(left, run.From);
                right = Math.Max(right, run.To - 1);
            }

            // A square more on each side where there is one: means are blended between middles.
            int columns = (width + square - 1) / square, rows = (height + square - 1) / square;
            int firstColumn = Math.Max(0, (left / square) - 1), lastColumn = Math.Min(columns - 1, (right / square) + 1);
            int firstRow = Math.Max(0, (top / square) - 1), lastRow = Math.Min(rows - 1, (bottom / square) + 1);
            int across = lastColumn - firstColumn + 1, down = lastRow - firstRow + 1;
            if (_means.Length < across * down)
                _means = new byte[across * down];
            if (_row.Length < across)
                _row = new int[across];
            for (int r = 0; r < down; r++)
            {
                for (int c = 0; c < across; c++)
                    _means[(r * across) + c] = Mean(plane, stride, width, height, (firstColumn + c) * square, (firstRow + r) * square, square);
            }

            int laid = -1;
            foreach (var run in runs)
            {
                if (run.Y != laid)
                {
                    LayRow(run.Y, square, firstRow, down, across);
                    laid = run.Y;
                }

                var target = plane.Slice(run.Y * stride, width);
                for (int x = run.From; x < run.To; x++)
                {
                    // In 256ths of a square from the middle of the first one.
                    int position = ((((2 * x) + 1 - square) * 128) / square) - (firstColumn << 8);
                    int column = Math.Clamp(position >> 8, 0, across - 1), next = Math.Min(column + 1, across - 1), part = position < 0 ? 0 : position & 255;
                    target[x] = (byte)(((_row[column] * (256 - part)) + (_row[next] * part) + 32768) >> 16);
                }
            }
        }

        // Blended from the two rows of squares whose middles are nearest, times 256.
        void LayRow(int y, int square, int firstRow, int down, int across)
        {
            int position = ((((2 * y) + 1 - square) * 128) / square) - (firstRow << 8);
            int row = Math.Clamp(position >> 8, 0, down - 1), next = Math.Min(row + 1, down - 1), part = position < 0 ? 0 : position & 255;
            for (int c = 0; c < across; c++)
                _row[c] = (_means[(row * across) + c] * (256 - part)) + (_means[(next * across) + c] * part);
        }

        static byte Mean(ReadOnlySpan<byte> plane, int stride, int width, int height, int left, int top, int square)
        {
            int right = Math.Min(width, left + square), bottom = Math.Min(height, top + square);
            long sum = 0;
            for (int y = top; y < bottom; y++)
            {
                foreach (byte value in plane.Slice((y * stride) + left, right - left))
                    sum += value;
            }

            long mean = sum / ((right - left) * (long)(bottom - top));
            return (byte)Math.Clamp((mean + (Step / 2)) / Step * Step, 16, 235);
        }
    }
}
