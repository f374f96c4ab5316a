namespace Atalaya.Analysis.Rules;

/// <summary>
/// What a small luma says of the scene as a whole: rules about tampering and removed things live on it. Made once and filled again for
/// each picture.
/// </summary>
public sealed class SceneStatistics
{
    /// <summary>Cells across and down.</summary>
    public const int Columns = 32, Rows = 18, Cells = Columns * Rows;

    // Limited range goes to 235; a sensor in the sun sits there.
    const byte Glare = 225;

    readonly float[] _mean = new float[Cells], _detail = new float[Cells];

    /// <summary>Luma of each cell, row by row, 0 to 255.</summary>
    public ReadOnlySpan<float> CellMeans => _mean;

    /// <summary>Mean gradient of each cell: grey levels from a pixel to its right and lower neighbours.</summary>
    public ReadOnlySpan<float> CellDetails => _detail;
    public double Mean { get; private set; }

    /// <summary>Standard deviation of the luma: how much contrast there is at all.</summary>
    public double Spread { get; private set; }

    /// <summary>Mean gradient: how much fine structure there is.</summary>
    public double Detail { get; private set; }

    /// <summary>Share of pixels that are as bright as can be.</summary>
    public double Glaring { get; private set; }

    /// <summary>Not one pixel differs from the picture before; null for the first.</summary>
    public bool? SameAsBefore { get; private set; }

    /// <summary>Reads one picture into <paramref name="into"/>, or a new one. About 160×90 pixels are enough, and what the motion stage has.</summary>
    /// <param name="luma">At least <see cref="Columns"/> × <see cref="Rows"/> pixels.</param>
    /// <param name="previous">The picture before, of the same size and stride; empty for the first.</param>
    public static SceneStatistics Of(ReadOnlySpan<byte> luma, int width, int height, int stride, ReadOnlySpan<byte> previous, SceneStatistics? into = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, Rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, width);
        ArgumentOutOfRangeException.ThrowIfLessThan(luma.Length, ((height - 1) * stride) + width);
        var statistics = into ?? new();
        statistics.Read(luma, width, height, stride);
        statistics.SameAsBefore = previous.IsEmpty ? null : Same(luma, previous, width, height, stride);
        return statistics;
    }

    void Read(ReadOnlySpan<byte> luma, int width, int height, int stride)
    {
        long sum = 0, squares = 0, details = 0;
        int glaring = 0;
        for (int row = 0; row < Rows; row++)
        {
            int top = row * height / Rows, bottom = (row + 1) * height / Rows;
            for (int column = 0; column < Columns; column++)
            {
                int left = column * width / Columns, right = (column + 1) * width / Columns;
                int cell = 0, detail = 0;
                for (int y = top; y < bottom; y++)
                {
                    var line = luma.Slice(y * stride, width);
                    // The last row and column have no neighbour; their own value makes the gradient 0.
                    var below = y + 1 < height ? luma.Slice((y + 1) * stride, width) : line;
                    for (int x = left; x < right; x++)
                    {
                        int value = line[x];
                        cell += value;
                        squares += value * value;
                        detail += Math.Abs(line[Math.Min(x + 1, width - 1)] - value) + Math.Abs(below[x] - value);
                        glaring += value >= Glare ? 1 : 0;
                    }
                }

                int pixels = (right - left) * (bottom - top);
                _mean[(row * Columns) + column] = cell / (float)pixels;
                _detail[(row * Columns) + column] = detail / (float)pixels;
                sum += cell;
                details += detail;
            }
        }

        double all = (double)width * height;
        Mean = sum / all;
        Spread = Math.Sqrt(Math.Max(0, (squares / all) - (Mean * Mean)));
        Detail = details / all;
        Glaring = glaring / all;
    }

    static bool Same(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int width, int height, int stride)
    {
        if (b.Length < ((height - 1) * stride) + width)
            return false;
        for (int y = 0; y < height; y++)
        {
            if (!a.Slice(y * stride, width).SequenceEqual(b.Slice(y * stride, width)))
                return false;
        }

        return true;
    }
}
