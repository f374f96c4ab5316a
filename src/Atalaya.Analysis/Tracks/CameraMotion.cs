using System.Numerics;
using System.Runtime.Intrinsics;

using Atalaya.Incidents;

namespace Atalaya.Analysis.Tracks;

/// <summary>
/// How the whole picture moved since the one before: turned, zoomed or shaken camera. A similarity: rotation and scale about the
/// picture's centre, then a shift.
/// </summary>
/// <param name="ShiftX">To the right, as a fraction of the picture's width.</param>
/// <param name="ShiftY">Downwards, as a fraction of its height.</param>
/// <param name="Scale">1: unchanged; more: zoomed in.</param>
/// <param name="Rotation">Radians, clockwise on the screen.</param>
/// <param name="Confidence">Share of the picture's textured places that moved like this, from 0 to 1.</param>
public readonly record struct CameraMotion(double ShiftX, double ShiftY, double Scale, double Rotation, double Confidence)
{
    // 16 pixels of a small luma of 160×90 hold enough structure to be found again, and 40 of them fit.
    const int Block = 16;

    // An eighth of the width between two pictures: a fast pan at 5 pictures a second. Faster ones blur until nothing can be matched.
    const int ReachParts = 8;

    // Mean gradient a pixel, in grey levels, both ways: below it a block looks the same wherever it is laid, or slides along its edge.
    const int LeastTexture = 3;
    const int LeastBlocks = 6;

    // What moves by itself must be in the minority.
    const double LeastConfidence = 0.5;

    // Of the picture's width and height that agreeing blocks must span.
    const double LeastExtent = 0.5;

    public static CameraMotion None { get; } = new(0, 0, 1, 0, 1);

    // 0.05 of the picture a second is beyond what wind does to a pole on average; the slowest pan across a scene takes 10 s.
    /// <summary>Whether it is more than sway: rules wait until the camera rests.</summary>
    /// <param name="seconds">Since the picture before.</param>
    public bool IsMoving(double seconds) =>
        seconds > 0 && (Math.Max(Math.Abs(ShiftX), Math.Abs(ShiftY)) > 0.01 + (0.05 * seconds) || Math.Abs(Scale - 1) > 0.01 + (0.05 * seconds));

    /// <summary>This motion and then another: what the two did together.</summary>
    public CameraMotion Then(CameraMotion next)
    {
        // The shift of the first is turned and scaled by the second; rotations of a picture between two looks are small, its sides alike.
        double cos = Math.Cos(next.Rotation) * next.Scale, sin = Math.Sin(next.Rotation) * next.Scale;
        return new(
            (cos * ShiftX) - (sin * ShiftY) + next.ShiftX, (sin * ShiftX) + (cos * ShiftY) + next.ShiftY,
            Scale * next.Scale, Rotation + next.Rotation, Math.Min(Confidence, next.Confidence));
    }

    /// <summary>The motion back.</summary>
    public CameraMotion Inverse()
    {
        double cos = Math.Cos(-Rotation) / Scale, sin = Math.Sin(-Rotation) / Scale;
        return new(-((cos * ShiftX) - (sin * ShiftY)), -((sin * ShiftX) + (cos * ShiftY)), 1 / Scale, -Rotation, Confidence);
    }

    /// <summary>Where a place of the picture before is now, cut at the picture's edges. Rotation is left out: a box stays upright.</summary>
    public Box Move(Box box)
    {
        double x = 0.5 + ((box.X - 0.5) * Scale) + ShiftX, y = 0.5 + ((box.Y - 0.5) * Scale) + ShiftY;
        double left = Math.Clamp(x, 0, 1), top = Math.Clamp(y, 0, 1);
        return new(
            (float)left, (float)top, (float)(Math.Clamp(x + (box.Width * Scale), 0, 1) - left), (float)(Math.Clamp(y + (box.Height * Scale), 0, 1) - top));
    }

    /// <summary>Takes the motion out of a small luma picture: what lay somewhere before lies there again. Without gaps between the rows.</summary>
    /// <param name="edge">What stands where the moved picture doesn't reach.</param>
    public void Align(ReadOnlySpan<byte> now, ReadOnlySpan<byte> edge, Span<byte> to, int width, int height)
    {
        double cos = Math.Cos(Rotation) * Scale, sin = Math.Sin(Rotation) * Scale, centreX = (width - 1) / 2.0, centreY = (height - 1) / 2.0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double dx = x - centreX, dy = y - centreY;
                double atX = centreX + (cos * dx) - (sin * dy) + (ShiftX * width), atY = centreY + (sin * dx) + (cos * dy) + (ShiftY * height);
                int left = (int)Math.Floor(atX), top = (int)Math.Floor(atY), i = (y * width) + x;
                if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height)
                {
                    to[i] = edge[i];
                    continue;
                }

                double fx = atX - left, fy = atY - top;
                int from = (top * width) + left;
                double upper = (now[from] * (1 - fx)) + (now[from + 1] * fx), lower = (now[from + width] * (1 - fx)) + (now[from + width + 1] * fx);
                to[i] = (byte)((upper * (1 - fy)) + (lower * fy) + 0.5);
            }
        }
    }

    /// <summary>
    /// Block matching on two small luma pictures of the same size, then the similarity that most blocks agree on. About 160×90 pixels are
    /// enough; cost grows with the square of the size.
    /// </summary>
    /// <returns>Null if the pictures don't say: too little structure, or too much that moves by itself.</returns>
    public static CameraMotion? Estimate(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now, int width, int height, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, width);
        int needed = ((height - 1) * stride) + width;
        if (width < 4 * Block || height < 4 * Block || before.Length < needed || now.Length < needed)
            return null;
        int reach = Math.Max(2, width / ReachParts), columns = (width - 2) / Block, rows = (height - 2) / Block;
        Span<Pair> pairs = columns * rows <= 256 ? stackalloc Pair[columns * rows] : new Pair[columns * rows];
        int count = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int x = 1 + (column * (width - 2 - Block) / Math.Max(1, columns - 1)), y = 1 + (row * (height - 2 - Block) / Math.Max(1, rows - 1));
                if (HasTexture(before, stride, x, y) && Search(before, now, width, height, stride, x, y, reach) is { } pair)
                    pairs[count++] = pair;
            }
        }

        return count < LeastBlocks ? null : Fit(pairs[..count], width, height);
    }

    static bool HasTexture(ReadOnlySpan<byte> luma, int stride, int x, int y)
    {
        int across = 0, down = 0;
        for (int j = y; j < y + Block; j++)
        {
            for (int i = x; i < x + Block; i++)
            {
                int at = (j * stride) + i;
                across += Math.Abs(luma[at] - luma[at - 1]);
                down += Math.Abs(luma[at] - luma[at - stride]);
            }
        }

        return Math.Min(across, down) > LeastTexture * Block * Block;
    }

    static Pair? Search(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now, int width, int height, int stride, int x, int y, int reach)
    {
        int best = int.MaxValue, bestX = 0, bestY = 0;
        // No motion first: of places that look alike the nearest is right.
        for (int dy = Math.Max(-reach, -y); dy <= Math.Min(reach, height - Block - y); dy++)
        {
            for (int dx = Math.Max(-reach, -x); dx <= Math.Min(reach, width - Block - x); dx++)
            {
                int difference = Difference(before, now, stride, x, y, dx, dy, best) + Math.Abs(dx) + Math.Abs(dy);
                if (difference < best)
                    (best, bestX, bestY) = (difference, dx, dy);
            }
        }

        // A block that changed beyond 12 grey levels a pixel wasn't found, only the least bad place.
        if (best > 12 * Block * Block)
            return null;
        double fineX = bestX, fineY = bestY;
        if (x + bestX is > 0 and var px && px + Block < width)
        {
            fineX += Vertex(Difference(before, now, stride, x, y, bestX - 1, bestY, int.MaxValue), best, Difference(before, now, stride, x, y, bestX + 1, bestY, int.MaxValue));
        }

        if (y + bestY is > 0 and var py && py + Block < height)
        {
            fineY += Vertex(Difference(before, now, stride, x, y, bestX, bestY - 1, int.MaxValue), best, Difference(before, now, stride, x, y, bestX, bestY + 1, int.MaxValue));
        }

        double centreX = x + (Block / 2.0), centreY = y + (Block / 2.0);
        return new(new(centreX, centreY), new(centreX + fineX, centreY + fineY));
    }

    // Where a parabola through three neighbours has its least value, from −½ to ½.
    static double Vertex(int left, int middle, int right)
    {
        int bend = left + right - (2 * middle);
        return bend <= 0 ? 0 : Math.Clamp((left - right) / (2.0 * bend), -0.5, 0.5);
    }

    static int Difference(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now, int stride, int x, int y, int dx, int dy, int enough)
    {
        int sum = 0;
        for (int j = 0; j < Block && sum < enough; j++)
        {
            var a = Vector128.Create(before.Slice(((y + j) * stride) + x, Block));
            var b = Vector128.Create(now.Slice(((y + j + dy) * stride) + x + dx, Block));
            var (low, high) = Vector128.Widen(Vector128.Max(a, b) - Vector128.Min(a, b));
            sum += Vector128.Sum(low + high);
        }

        return sum;
    }

    static CameraMotion? Fit(ReadOnlySpan<Pair> pairs, int width, int height)
    {
        // The shift that most others share, allowing for what a few percent of zoom or a degree or two of rotation do over the distance.
        int most = 0, leader = 0;
        for (int i = 0; i < pairs.Length; i++)
        {
            int agree = 0;
            foreach (var other in pairs)
            {
                double allowed = 1.5 + (0.04 * Complex.Abs(other.From - pairs[i].From));
                if (Complex.Abs(other.Shift - pairs[i].Shift) <= allowed)
                    agree++;
            }

            if (agree > most)
                (most, leader) = (agree, i);
        }

        var first = pairs[leader];
        var (turn, shift) = Similarity(pairs, pair => Complex.Abs(pair.Shift - first.Shift) <= 1.5 + (0.04 * Complex.Abs(pair.From - first.From)));
        for (int round = 0; round < 2; round++)
        {
            var (lastTurn, lastShift) = (turn, shift);
            (turn, shift) = Similarity(pairs, pair => Complex.Abs((lastTurn * pair.From) + lastShift - pair.To) <= 1);
        }

        int inliers = 0;
        double left = width, right = 0, top = height, bottom = 0;
        foreach (var pair in pairs)
        {
            if (Complex.Abs((turn * pair.From) + shift - pair.To) > 1)
                continue;
            inliers++;
            (left, right) = (Math.Min(left, pair.From.Real), Math.Max(right, pair.From.Real));
            (top, bottom) = (Math.Min(top, pair.From.Imaginary), Math.Max(bottom, pair.From.Imaginary));
        }

        double confidence = inliers / (double)pairs.Length, scale = Complex.Abs(turn);
        if (inliers < LeastBlocks || confidence < LeastConfidence || scale is < 0.5 or > 2)
            return null;
        // A lorry on bare asphalt is all the structure there is, and moves. What the camera does shows all over.
        if (right - left < LeastExtent * width || bottom - top < LeastExtent * height)
            return null;
        var centre = new Complex(width / 2.0, height / 2.0);
        var moved = (turn * centre) + shift - centre;
        return new(moved.Real / width, moved.Imaginary / height, scale, turn.Phase, confidence);
    }

    // Least squares for to = turn × from + shift, with points as complex numbers: the similarity in closed form.
    static (Complex Turn, Complex Shift) Similarity(ReadOnlySpan<Pair> pairs, Func<Pair, bool> counts)
    {
        Complex from = 0, to = 0;
        int count = 0;
        foreach (var pair in pairs)
        {
            if (!counts(pair))
                continue;
            from += pair.From;
            to += pair.To;
            count++;
        }

        if (count == 0)
            return (1, 0);
        from /= count;
        to /= count;
        Complex both = 0;
        double spread = 0;
        foreach (var pair in pairs)
        {
            if (!counts(pair))
                continue;
            var a = pair.From - from;
            both += Complex.Conjugate(a) * (pair.To - to);
            spread += (a.Real * a.Real) + (a.Imaginary * a.Imaginary);
        }

        // Few blocks close together say nothing of rotation and scale.
        var turn = spread < count * Block * Block ? Complex.One : both / spread;
        return (turn, to - (turn * from));
    }

    readonly record struct Pair(Complex From, Complex To)
    {
        public Complex Shift => To - From;
    }
}
