namespace Atalaya.Analysis.Rules;

/// <summary>Lines and polygons in the picture. Lengths are in picture heights: x is stretched by the picture's aspect before it is measured.</summary>
static class Shape
{
    /// <summary>Which side of a line from a to b: positive on the right hand of one who walks along it on the screen.</summary>
    public static double Side(Point a, Point b, Point p) => ((b.X - a.X) * (p.Y - a.Y)) - ((b.Y - a.Y) * (p.X - a.X));

    /// <summary>Where a way from one point to another crosses a segment.</summary>
    /// <param name="along">The part of the way before the crossing, from 0 to 1.</param>
    /// <returns>1 from left to right, −1 from right to left, 0 not at all. A point on a line counts as on its right: no crossing is seen twice or lost.</returns>
    public static int Crossing(Point from, Point to, Point a, Point b, out double along)
    {
        along = 0;
        double before = Side(a, b, from), after = Side(a, b, to);
        if ((before >= 0) == (after >= 0) || (Side(from, to, a) >= 0) == (Side(from, to, b) >= 0))
            return 0;
        along = before / (before - after);
        return after >= 0 ? 1 : -1;
    }

    /// <summary>Crossing number; points on an edge belong to one side of it or the other, never to both or none.</summary>
    public static bool Contains(IReadOnlyList<Point> polygon, Point p)
    {
        bool inside = false;
        for (int i = 0, j = polygon.Count - 1; i < polygon.Count; j = i++)
        {
            Point a = polygon[i], b = polygon[j];
            if ((a.Y > p.Y) != (b.Y > p.Y) && p.X < ((b.X - a.X) * (p.Y - a.Y) / (b.Y - a.Y)) + a.X)
                inside = !inside;
        }

        return inside;
    }

    /// <summary>To the nearest point of the line.</summary>
    public static double Distance(IReadOnlyList<Point> line, Point p, double aspect, bool closed)
    {
        double least = double.PositiveInfinity;
        for (int i = closed ? 0 : 1; i < line.Count; i++)
            least = Math.Min(least, Distance(line[i == 0 ? line.Count - 1 : i - 1], line[i], p, aspect));
        return least;
    }

    /// <summary>In picture heights squared.</summary>
    public static double Area(IReadOnlyList<Point> polygon, double aspect)
    {
        double twice = 0;
        for (int i = 0, j = polygon.Count - 1; i < polygon.Count; j = i++)
            twice += (polygon[j].X * polygon[i].Y) - (polygon[i].X * polygon[j].Y);
        return Math.Abs(twice) / 2 * aspect;
    }

    static double Distance(Point a, Point b, Point p, double aspect)
    {
        double dx = (b.X - a.X) * aspect, dy = b.Y - a.Y, px = (p.X - a.X) * aspect, py = p.Y - a.Y, length = (dx * dx) + (dy * dy);
        double t = length > 0 ? Math.Clamp(((px * dx) + (py * dy)) / length, 0, 1) : 0;
        return Math.Sqrt(((px - (t * dx)) * (px - (t * dx))) + ((py - (t * dy)) * (py - (t * dy))));
    }
}
