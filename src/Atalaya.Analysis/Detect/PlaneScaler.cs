using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atalaya.Analysis.Detect;

/// <summary>Samples of a plane that a <see cref="PlaneScaler"/> reads its rows from.</summary>
readonly ref struct PlanePart
{
    public required ReadOnlySpan<byte> Samples { get; init; }
    public required int Stride { get; init; }
    public required int Width { get; init; }
    public required int Height { get; init; }
}

/// <summary>One plane on its way to another size, row by row, bilinear with samples at pixel centres. Keeps its memory between pictures.</summary>
sealed class PlaneScaler
{
    // Weights across rows and across columns. 255 << 7 still fits the signed 16-bit lanes that are multiplied and added in pairs.
    const int RowBits = 7, ColumnBits = 14;
    const float Unscale = 1f / (1 << (RowBits + ColumnBits));

    byte[] _halved = [];
    short[] _row = [];
    int[] _columns = [];    // left sample of each column
    int[] _weights = [];    // its weight, and in the upper 16 bits that of the sample to its right
    int _width, _target;    // what _columns and _weights are for
    float _stepY;

    /// <summary>Takes a part of a plane; halves it as often as it will shrink by two or more, so that rows sample every pixel.</summary>
    /// <param name="width">Of the rows that will be asked for.</param>
    /// <param name="height">How many rows there will be.</param>
    /// <returns>Valid until the next call, and as long as <paramref name="plane"/>.</returns>
    /// <exception cref="ArgumentException">The plane doesn't hold the part.</exception>
    public PlanePart Reduce(ReadOnlySpan<byte> plane, int stride, PixelArea area, int width, int height)
    {
        // The last row needn't be as long as the stride.
        if (area.Left < 0 || area.Top < 0 || area.Width < 1 || area.Height < 1 || area.Right > stride || ((long)stride * (area.Bottom - 1)) + area.Right > plane.Length)
            throw new ArgumentException($"A plane of {plane.Length} bytes with {stride} a row doesn't hold {area}.", nameof(plane));
        var part = new PlanePart { Samples = plane[((area.Top * stride) + area.Left)..], Stride = stride, Width = area.Width, Height = area.Height };
        while (part.Width >= 2 * width && part.Height >= 2 * height)
        {
            int halfWidth = part.Width / 2, halfHeight = part.Height / 2;
            // The second time in place: what is written lies before what is still read.
            if (_halved.Length < halfWidth * halfHeight)
                _halved = GC.AllocateUninitializedArray<byte>(halfWidth * halfHeight);
            Halve(part, halfWidth, halfHeight, _halved);
            part = new PlanePart { Samples = _halved, Stride = halfWidth, Width = halfWidth, Height = halfHeight };
        }

        _stepY = (float)part.Height / height;
        if (_width != part.Width || _target != width)
            PlanColumns(part.Width, width);
        return part;
    }

    /// <param name="y">Of the target.</param>
    /// <param name="to">As wide as the target.</param>
    public void Row(PlanePart part, int y, float[] to)
    {
        float at = Math.Clamp(((y + 0.5f) * _stepY) - 0.5f, 0, part.Height - 1);
        int upper = (int)at, lower = Math.Min(upper + 1, part.Height - 1);
        int weight = (int)(((at - upper) * (1 << RowBits)) + 0.5f);
        Blend(part.Samples.Slice(upper * part.Stride, part.Width), part.Samples.Slice(lower * part.Stride, part.Width), weight, _row);
        // The last column's right neighbour, with weight 0.
        _row[part.Width] = _row[part.Width - 1];
        if (Avx2.IsSupported)
            GatherColumns(to);
        else
            Columns(to, 0);
    }

    void PlanColumns(int width, int target)
    {
        (_width, _target) = (width, target);
        if (_row.Length < width + Vector256<short>.Count)
            _row = new short[width + Vector256<short>.Count];
        if (_columns.Length < target)
            (_columns, _weights) = (new int[target], new int[target]);
        float step = (float)width / target;
        for (int x = 0; x < target; x++)
        {
            float at = Math.Clamp(((x + 0.5f) * step) - 0.5f, 0, width - 1);
            _columns[x] = (int)at;
            int right = (int)(((at - _columns[x]) * (1 << ColumnBits)) + 0.5f);
            _weights[x] = ((1 << ColumnBits) - right) | (right << 16);
        }
    }

    /// <summary>Two rows by their distance: <c>(a × (128 − weight) + b × weight)</c>.</summary>
    static void Blend(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int weight, short[] to)
    {
        var above = Vector256.Create((ushort)((1 << RowBits) - weight));
        var below = Vector256.Create((ushort)weight);
        ref byte first = ref MemoryMarshal.GetReference(a);
        ref byte second = ref MemoryMarshal.GetReference(b);
        ref ushort result = ref Unsafe.As<short, ushort>(ref MemoryMarshal.GetArrayDataReference(to));
        int x = 0;
        for (; x <= a.Length - Vector256<byte>.Count; x += Vector256<byte>.Count)
        {
            var (lowA, highA) = Vector256.Widen(Vector256.LoadUnsafe(ref first, (nuint)x));
            var (lowB, highB) = Vector256.Widen(Vector256.LoadUnsafe(ref second, (nuint)x));
            ((lowA * above) + (lowB * below)).StoreUnsafe(ref result, (nuint)x);
            ((highA * above) + (highB * below)).StoreUnsafe(ref result, (nuint)(x + Vector256<ushort>.Count));
        }

        for (; x < a.Length; x++)
            to[x] = (short)((a[x] * ((1 << RowBits) - weight)) + (b[x] * weight));
    }

    /// <summary>Eight columns at a time: one 32-bit gather takes a sample and its right neighbour, one instruction weighs and adds them.</summary>
    unsafe void GatherColumns(float[] to)
    {
        int x = 0;
        fixed (short* row = _row)
        {
            fixed (int* columns = _columns, weights = _weights)
            {
                fixed (float* result = to)
                {
                    var unscale = Vector256.Create(Unscale);
                    for (; x <= _target - 8; x += 8)
                    {
                        var pairs = Avx2.GatherVector256((int*)row, Vector256.Load(columns + x), sizeof(short));
                        var sums = Avx2.MultiplyAddAdjacent(pairs.AsInt16(), Vector256.Load(weights + x).AsInt16());
                        (Vector256.ConvertToSingle(sums) * unscale).Store(result + x);
                    }
                }
            }
        }

        Columns(to, x);
    }

    /// <summary>The same, one column at a time.</summary>
    internal void Columns(float[] to, int from)
    {
        for (int x = from; x < _target; x++)
        {
            int at = _columns[x], weights = _weights[x];
            to[x] = ((_row[at] * (weights & 0xFFFF)) + (_row[at + 1] * (weights >> 16))) * Unscale;
        }
    }

    /// <summary>The mean of each block of 2 × 2, rounded.</summary>
    static void Halve(PlanePart from, int width, int height, Span<byte> to)
    {
        ref byte result = ref MemoryMarshal.GetReference(to);
        var low = Vector256.Create((ushort)0xFF);
        var two = Vector256.Create((ushort)2);
        for (int y = 0; y < height; y++)
        {
            ref byte a = ref Unsafe.Add(ref MemoryMarshal.GetReference(from.Samples), 2 * y * from.Stride);
            ref byte b = ref Unsafe.Add(ref a, from.Stride);
            int x = 0;
            for (; x <= width - 32; x += 32)
            {
                var first = Quarter(ref a, ref b, 2 * x, low, two);
                var second = Quarter(ref a, ref b, (2 * x) + 32, low, two);
                Vector256.Narrow(first, second).StoreUnsafe(ref result, (nuint)((y * width) + x));
            }

            for (; x < width; x++)
            {
                int sum = Unsafe.Add(ref a, 2 * x) + Unsafe.Add(ref a, (2 * x) + 1) + Unsafe.Add(ref b, 2 * x) + Unsafe.Add(ref b, (2 * x) + 1);
                Unsafe.Add(ref result, (y * width) + x) = (byte)((sum + 2) >> 2);
            }
        }
    }

    static Vector256<ushort> Quarter(ref byte a, ref byte b, int at, Vector256<ushort> low, Vector256<ushort> two)
    {
        var above = Vector256.LoadUnsafe(ref a, (nuint)at).AsUInt16();
        var below = Vector256.LoadUnsafe(ref b, (nuint)at).AsUInt16();
        return ((above & low) + (above >> 8) + (below & low) + (below >> 8) + two) >> 2;
    }
}
