using Atalaya.Analysis.Rules;

namespace Atalaya.Analysis.Painting;

/// <summary>Pixels of one row, from <see cref="From"/> to before <see cref="To"/>.</summary>
readonly record struct Run(int Y, int From, int To);

/// <summary>
/// Which pixels an outline covers: those inside, by the winding number, and those that its edge touches. Coordinates in pixels; nothing is left
/// out for being covered in part only.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
sealed class Coverage(int width, int height)
{
    const byte Out = 0, In = 1, Touched = 2;

    readonly byte[] _row = new byte[width];
    readonly List<(double X, int Turn)> _crossings = [];
    byte[]? _map;       // of a layer: 1 where it is painted

    /// <summary>Painted where any outline covers.</summary>
    public List<Run> Of(IReadOnlyList<IReadOnlyList<Point>> outlines)
    {
        var runs = new List<Run>();
        if (outlines.Count == 1)
        {
            var (top, bottom) = Rows(outlines[0]);
            for (int y = top; y < bottom; y++)
            {
                Scan(outlines[0], y);
                AddRuns(runs, y, _row, static v => v != Out);
            }

            return runs;
        }

        var map = Map(0);
        foreach (var outline in outlines)
            Mark(map, outline, value: 1, static v => v != Out);
        Collect(map, runs);
        return runs;
    }

    /// <summary>Painted but where an outline holds a pixel wholly.</summary>
    public List<Run> Outside(IReadOnlyList<IReadOnlyList<Point>> kept)
    {
        var map = Map(1);
        foreach (var outline in kept)
            Mark(map, outline, value: 0, static v => v == In);
        var runs = new List<Run>();
        Collect(map, runs);
        return runs;
    }

    byte[] Map(byte value)
    {
        _map ??= new byte[width * height];
        _map.AsSpan().Fill(value);
        return _map;
    }

    void Mark(byte[] map, IReadOnlyList<Point> outline, byte value, Func<byte, bool> counts)
    {
        var (top, bottom) = Rows(outline);
        for (int y = top; y < bottom; y++)
        {
            Scan(outline, y);
            var to = map.AsSpan(y * width, width);
            for (int x = 0; x < to.Length; x++)
            {
                if (counts(_row[x]))
                    to[x] = value;
            }
        }
    }

    void Collect(byte[] map, List<Run> runs)
    {
        for (int y = 0; y < height; y++)
            AddRuns(runs, y, map.AsSpan(y * width, width), static v => v != 0);
    }

    static void AddRuns(List<Run> runs, int y, ReadOnlySpan<byte> row, Func<byte, bool> counts)
    {
        int from = -1;
        for (int x = 0; x <= row.Length; x++)
        {
            bool painted = x < row.Length && counts(row[x]);
            if (painted && from < 0)
                from = x;
            if (!painted && from >= 0)
            {
                runs.Add(new(y, from, x));
                from = -1;
            }
        }
    }

    (int Top, int Bottom) Rows(IReadOnlyList<Point> outline)
    {
        double top = double.PositiveInfinity, bottom = double.NegativeInfinity;
        foreach (var corner in outline)
        {
            top = Math.Min(top, corner.Y * height);
            bottom = Math.Max(bottom, corner.Y * height);
        }

        // A corner on the line between two rows touches both.
        return ((int)Math.Clamp(Math.Ceiling(top) - 1, 0, height), (int)Math.Clamp(Math.Floor(bottom) + 1, 0, height));
    }

    void Scan(IReadOnlyList<Point> outline, int y)
    {
        _row.AsSpan().Clear();
        _crossings.Clear();
        double middle = y + 0.5;
        for (int i = 0, j = outline.Count - 1; i < outline.Count; j = i++)
        {
            double ax = outline[j].X * width, ay = outline[j].Y * height, bx = outline[i].X * width, by = outline[i].Y * height;
            if (ay <= middle != by <= middle)
                _crossings.Add((ax + ((middle - ay) * (bx - ax) / (by - ay)), ay < by ? 1 : -1));
        }

        _crossings.Sort(static (a, b) => a.X.CompareTo(b.X));
        int turns = 0;
        for (int i = 0; i + 1 < _crossings.Count; i++)
        {
            turns += _crossings[i].Turn;
            if (turns != 0)
                Put(Math.Ceiling(_crossings[i].X - 0.5), Math.Ceiling(_crossings[i + 1].X - 0.5) - 1, In);
        }

        for (int i = 0, j = outline.Count - 1; i < outline.Count; j = i++)
            Touch(outline[j].X * width, outline[j].Y * height, outline[i].X * width, outline[i].Y * height, y);
    }

    // The part of an edge that lies in the row, its ends included.
    void Touch(double ax, double ay, double bx, double by, int y)
    {
        if (ay > by)
            (ax, ay, bx, by) = (bx, by, ax, ay);
        if (by < y || ay > y + 1)
            return;
        double x0 = ay >= y ? ax : ax + ((y - ay) * (bx - ax) / (by - ay)), x1 = by <= y + 1 ? bx : ax + ((y + 1 - ay) * (bx - ax) / (by - ay));
        Put(Math.Floor(Math.Min(x0, x1)), Math.Floor(Math.Max(x0, x1)), Touched);
    }

    void Put(double from, double to, byte value)
    {
        int first = (int)Math.Clamp(from, 0, width), last = (int)Math.Clamp(to, -1, width - 1);
        if (first <= last)
            _row.AsSpan(first, last - first + 1).Fill(value);
    }
}
