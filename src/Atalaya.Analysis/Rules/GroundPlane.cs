using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>A place in the picture whose place on the ground was measured.</summary>
public sealed record GroundMark
{
    public required Point At { get; init; }

    /// <summary>[x, y] in metres, along any two axes at right angles.</summary>
    public required Point Metres { get; init; }
}

/// <summary>How the camera hangs. Its picture must be level: no roll.</summary>
public sealed record CameraPose
{
    /// <summary>Of the lens above the ground, metres.</summary>
    public required double Height { get; init; }

    /// <summary>Degrees below the horizon that the middle of the picture looks at.</summary>
    public required double Tilt { get; init; }

    /// <summary>Horizontal angle of view, degrees.</summary>
    public required double FieldOfView { get; init; }
}

/// <summary>Where the ground's origin lies on the map.</summary>
public sealed record MapAnchor
{
    /// <summary>WGS 84, degrees.</summary>
    public required double Latitude { get; init; }
    public required double Longitude { get; init; }

    /// <summary>Degrees clockwise from north into which the ground's y axis points; for a <see cref="CameraPose"/>, into which the camera looks.</summary>
    public double Bearing { get; init; }
}

/// <summary>How a camera's picture lies on the ground, as configured: four or more marks, or how the camera hangs.</summary>
public sealed record GroundCalibration
{
    /// <summary>Four or more, no three in a line.</summary>
    public IReadOnlyList<GroundMark> Marks { get; init; } = [];
    public CameraPose? Camera { get; init; }
    public MapAnchor? Map { get; init; }
}

/// <summary>
/// The homography between picture and ground. With <see cref="CameraPose"/> the ground's origin is below the lens, x to the right and y
/// into the picture. Heights are exact for a pose; with marks alone they are taken from the scale across at the thing's feet, which is too
/// large by one over the cosine of the tilt: a twentieth at 18°.
/// </summary>
public sealed class GroundPlane
{
    // Beyond this a pixel is tens of metres, and what is computed from it is noise.
    const double Farthest = 2000;
    const double EarthRadius = 6_371_008.8;

    readonly double[] _toGround, _toPicture;
    readonly CameraPose? _pose;
    readonly MapAnchor? _map;
    readonly double _aspect;

    GroundPlane(double[] toGround, double[] toPicture, CameraPose? pose, MapAnchor? map, double aspect) =>
        (_toGround, _toPicture, _pose, _map, _aspect) = (toGround, toPicture, pose, map, aspect);

    /// <param name="aspect">Width of the picture over its height.</param>
    /// <param name="fault">What is wrong with it, for whoever wrote it.</param>
    public static GroundPlane? Of(GroundCalibration calibration, double aspect, out string fault)
    {
        fault = "";
        double[]? toGround;
        if (calibration.Camera is { } pose)
        {
            if (calibration.Marks.Count > 0)
                fault = "Give marks or a camera, not both.";
            else if (!(pose.Height is > 0 and <= 1000))
                fault = "The camera's height must be over 0 and at most 1000 metres.";
            else if (!(pose.Tilt is > 0 and <= 90))
                fault = "The tilt must be over 0 and at most 90 degrees: the middle of the picture must see the ground.";
            else if (!(pose.FieldOfView is >= 1 and <= 170))
                fault = "The field of view must be from 1 to 170 degrees.";
            toGround = fault.Length == 0 ? FromPose(pose, aspect) : null;
        }
        else
        {
            if (calibration.Marks.Count is < 4 or > 100)
                fault = "The ground needs from 4 to 100 marks, or a camera.";
            else if (calibration.Marks.Any(m => !double.IsFinite(m.At.X + m.At.Y + m.Metres.X + m.Metres.Y) || Math.Abs(m.Metres.X) > 1e5 || Math.Abs(m.Metres.Y) > 1e5))
                fault = "Marks must be numbers, in metres within 100 km.";
            toGround = fault.Length == 0 ? FromMarks(calibration.Marks) : null;
        }

        if (calibration.Map is { } map && fault.Length == 0 && !(Math.Abs(map.Latitude) <= 89 && Math.Abs(map.Longitude) <= 180 && Math.Abs(map.Bearing) <= 360))
            fault = "The map's latitude must be within ±89, longitude within ±180, bearing within ±360 degrees.";
        double[]? toPicture = toGround is null ? null : Inverse(toGround);
        if (fault.Length > 0)
            return null;
        if (toGround is null || toPicture is null)
        {
            fault = "No ground fits the marks: three of them lie in a line, two are at one place, or their metres contradict each other.";
            return null;
        }

        var plane = new GroundPlane(toGround, toPicture, calibration.Camera, calibration.Map, aspect);
        if (plane.WorstOf(calibration.Marks) is { } worst)
        {
            fault = $"The marks contradict each other: the one at [{worst.At.X:0.###}, {worst.At.Y:0.###}] doesn't fit the others. Are the metres right, and in the same order?";
            return null;
        }

        return plane;
    }

    /// <returns>Null for what is at or above the horizon, or further than 2 km.</returns>
    public GroundPoint? ToGround(double x, double y)
    {
        var (gx, gy, w) = Apply(_toGround, x, y);
        if (!(w > 1e-12))
            return null;
        var point = new GroundPoint(gx / w, gy / w);
        // Also false for what isn't a number.
        return Math.Abs(point.X) <= Farthest && Math.Abs(point.Y) <= Farthest ? point : null;
    }

    public GroundPoint? ToGround(Box box) => box.Foot is var (x, y) ? ToGround(x, y) : null;

    /// <returns>Null for what lies behind the camera.</returns>
    public Point? ToPicture(GroundPoint ground) =>
        Apply(_toPicture, ground.X, ground.Y) is var (x, y, w) && w > 1e-12 ? new Point(x / w, y / w) : null;

    /// <summary>Latitude and longitude in degrees, by the plane that touches the earth at the map's anchor: good to a metre over some kilometres.</summary>
    public (double Latitude, double Longitude)? ToMap(GroundPoint ground)
    {
        if (_map is null)
            return null;
        double bearing = double.DegreesToRadians(_map.Bearing), cos = Math.Cos(bearing), sin = Math.Sin(bearing);
        double east = (cos * ground.X) + (sin * ground.Y), north = (cos * ground.Y) - (sin * ground.X);
        return (_map.Latitude + double.RadiansToDegrees(north / EarthRadius),
            _map.Longitude + double.RadiansToDegrees(east / (EarthRadius * Math.Cos(double.DegreesToRadians(_map.Latitude)))));
    }

    /// <summary>Height in metres of a thing that stands upright on the ground; null where its feet aren't on it.</summary>
    public double? HeightOf(Box box)
    {
        if (ToGround(box) is not { } foot)
            return null;
        if (_pose is { } pose)
        {
            // The ray through the head meets the vertical over the feet.
            double distance = foot.Y, focal = Focal(pose, _aspect), tilt = double.DegreesToRadians(pose.Tilt);
            double angle = tilt + Math.Atan((box.Y - 0.5) / focal);
            double height = pose.Height - (distance * Math.Tan(angle));
            return distance > 0 && height is > 0 and < 1000 ? height : null;
        }

        double half = Math.Max(box.Width / 2, 0.002);
        if (ToGround(box.Foot.X - half, box.Foot.Y) is not { } left || ToGround(box.Foot.X + half, box.Foot.Y) is not { } right)
            return null;
        return Distance(left, right) / (2 * half * _aspect) * box.Height;
    }

    /// <summary>Metres per second over ground, from the filter's speed at the feet.</summary>
    public double? SpeedOf(Track track)
    {
        // A tenth of a second: short enough that perspective doesn't bend the way.
        const double Step = 0.1;
        var (x, y) = track.Box.Foot;
        return ToGround(x, y) is { } here && ToGround(x + (track.VelocityX * Step), y + (track.VelocityY * Step)) is { } there
            ? Distance(here, there) / Step
            : null;
    }

    /// <summary>Square metres of a polygon in the picture; null if a corner isn't on the ground.</summary>
    public double? AreaOf(IReadOnlyList<Point> polygon)
    {
        double twice = 0;
        for (int i = 0, j = polygon.Count - 1; i < polygon.Count; j = i++)
        {
            if (ToGround(polygon[j].X, polygon[j].Y) is not { } a || ToGround(polygon[i].X, polygon[i].Y) is not { } b)
                return null;
            twice += (a.X * b.Y) - (b.X * a.Y);
        }

        return Math.Abs(twice) / 2;
    }

    static double Distance(GroundPoint a, GroundPoint b) => Math.Sqrt(((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)));

    // Focal length in picture heights.
    static double Focal(CameraPose pose, double aspect) => aspect / 2 / Math.Tan(double.DegreesToRadians(pose.FieldOfView) / 2);

    static double[] FromPose(CameraPose pose, double aspect)
    {
        // A pixel's ray: right u, down v, ahead 1, turned down by the tilt; it meets the ground where it has fallen by the height.
        double focal = Focal(pose, aspect), sin = Math.Sin(double.DegreesToRadians(pose.Tilt)), cos = Math.Cos(double.DegreesToRadians(pose.Tilt));
        // u = (x − ½)·aspect / focal, v = (y − ½) / focal; fall = v·cos + sin, ahead = cos − v·sin.
        double a = aspect / focal, b = 1 / focal;
        return
        [
            pose.Height * a, 0, -pose.Height * a / 2,
            0, -pose.Height * b * sin, pose.Height * (cos + (b * sin / 2)),
            0, b * cos, sin - (b * cos / 2),
        ];
    }

    // Least squares of the direct linear transform with the last element 1 (Hartley and Zisserman 2004, 4.1), both sides centred and scaled first.
    static double[]? FromMarks(IReadOnlyList<GroundMark> marks)
    {
        var (fromShift, fromScale) = Normal(marks.Select(m => m.At).ToList());
        var (toShift, toScale) = Normal(marks.Select(m => m.Metres).ToList());
        double[,] normal = new double[8, 9];
        foreach (var mark in marks)
        {
            double x = (mark.At.X - fromShift.X) * fromScale, y = (mark.At.Y - fromShift.Y) * fromScale;
            double u = (mark.Metres.X - toShift.X) * toScale, v = (mark.Metres.Y - toShift.Y) * toScale;
            foreach (double[] row in (double[][])[[x, y, 1, 0, 0, 0, -u * x, -u * y, u], [0, 0, 0, x, y, 1, -v * x, -v * y, v]])
            {
                for (int i = 0; i < 8; i++)
                {
                    for (int j = 0; j < 9; j++)
                        normal[i, j] += row[i] * row[j];
                }
            }
        }

        if (Solve(normal) is not { } h)
            return null;
        double[] middle = [.. h, 1];
        double[] before = [fromScale, 0, -fromShift.X * fromScale, 0, fromScale, -fromShift.Y * fromScale, 0, 0, 1];
        double[] after = [1 / toScale, 0, toShift.X, 0, 1 / toScale, toShift.Y, 0, 0, 1];
        double[] all = Times(after, Times(middle, before));
        // The sign is free: what was measured must lie before the camera.
        var first = marks[0].At;
        if ((all[6] * first.X) + (all[7] * first.Y) + all[8] < 0)
            all = [.. all.Select(v => -v)];
        return marks.All(m => (all[6] * m.At.X) + (all[7] * m.At.Y) + all[8] > 1e-9) ? all : null;
    }

    static (Point Shift, double Scale) Normal(IReadOnlyList<Point> points)
    {
        double x = points.Average(p => p.X), y = points.Average(p => p.Y);
        double spread = points.Average(p => Math.Sqrt(((p.X - x) * (p.X - x)) + ((p.Y - y) * (p.Y - y))));
        return (new(x, y), spread > 1e-9 ? 1 / spread : 1);
    }

    static double[]? Solve(double[,] m)
    {
        for (int column = 0; column < 8; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < 8; row++)
            {
                if (Math.Abs(m[row, column]) > Math.Abs(m[pivot, column]))
                    pivot = row;
            }

            if (Math.Abs(m[pivot, column]) < 1e-7)
                return null;
            for (int j = 0; j < 9; j++)
                (m[column, j], m[pivot, j]) = (m[pivot, j], m[column, j]);
            for (int row = 0; row < 8; row++)
            {
                double factor = row == column ? 0 : m[row, column] / m[column, column];
                for (int j = column; j < 9 && factor != 0; j++)
                    m[row, j] -= factor * m[column, j];
            }
        }

        return [.. Enumerable.Range(0, 8).Select(i => m[i, 8] / m[i, i])];
    }

    static double[] Times(double[] a, double[] b)
    {
        double[] c = new double[9];
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++)
                c[(i * 3) + j] = (a[i * 3] * b[j]) + (a[(i * 3) + 1] * b[3 + j]) + (a[(i * 3) + 2] * b[6 + j]);
        }

        return c;
    }

    static double[]? Inverse(double[] m)
    {
        double[] adjugate =
        [
            (m[4] * m[8]) - (m[5] * m[7]), (m[2] * m[7]) - (m[1] * m[8]), (m[1] * m[5]) - (m[2] * m[4]),
            (m[5] * m[6]) - (m[3] * m[8]), (m[0] * m[8]) - (m[2] * m[6]), (m[2] * m[3]) - (m[0] * m[5]),
            (m[3] * m[7]) - (m[4] * m[6]), (m[1] * m[6]) - (m[0] * m[7]), (m[0] * m[4]) - (m[1] * m[3]),
        ];
        double determinant = (m[0] * adjugate[0]) + (m[1] * adjugate[3]) + (m[2] * adjugate[6]);
        return Math.Abs(determinant) < 1e-12 ? null : [.. adjugate.Select(v => v / determinant)];
    }

    // A mark off by more than a tenth of the spread of all is a slip of the pen, not of the tape.
    GroundMark? WorstOf(IReadOnlyList<GroundMark> marks)
    {
        if (marks.Count == 0)
            return null;
        var (_, scale) = Normal(marks.Select(m => m.Metres).ToList());
        var worst = marks.MaxBy(Error)!;
        return Error(worst) * scale > 0.1 ? worst : null;

        double Error(GroundMark mark) =>
            ToGround(mark.At.X, mark.At.Y) is { } ground ? Distance(ground, new(mark.Metres.X, mark.Metres.Y)) : double.PositiveInfinity;
    }

    static (double X, double Y, double W) Apply(double[] m, double x, double y) =>
        ((m[0] * x) + (m[1] * y) + m[2], (m[3] * x) + (m[4] * y) + m[5], (m[6] * x) + (m[7] * y) + m[8]);
}
