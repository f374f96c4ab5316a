using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Atalaya.Analysis.Codec;

/// <summary>The mean luma of each cell of a grid laid over a picture: what motion detection looks at. Without libraries, so that it can be reasoned about.</summary>
/// <remarks>Used by one thread at a time.</remarks>
public sealed class LumaShrinker
{
    // Rows whose sum fits 16 bits: 257 × 255.
    const int MaxRows = 257;

    ushort[] _columns = [];
    uint[] _wide = [];

    /// <param name="to">One byte a cell, row by row.</param>
    /// <param name="columns">Cells side by side, at most the picture's width.</param>
    /// <param name="rows">Cells one below the other, at most the picture's height.</param>
    public void Shrink(in Picture picture, Span<byte> to, int columns, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, picture.Width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, picture.Height);
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Length, columns * rows);
        if (_columns.Length < picture.Width)
        {
            _columns = new ushort[picture.Width];
            _wide = new uint[picture.Width];
        }

        var sums = _columns.AsSpan(0, picture.Width);
        var wide = _wide.AsSpan(0, picture.Width);
        for (int row = 0; row < rows; row++)
        {
            int top = (int)((long)row * picture.Height / rows), bottom = (int)((long)(row + 1) * picture.Height / rows);
            bool fits = bottom - top <= MaxRows;
            sums.Clear();
            wide.Clear();
            for (int y = top; y < bottom; y++)
            {
                AddRow(picture.Luma.Slice(y * picture.LumaStride, picture.Width), sums);
                if (!fits && (y - top) % MaxRows == MaxRows - 1)
                    Spill(sums, wide);
            }

            if (!fits)
                Spill(sums, wide);
            var cells = to.Slice(row * columns, columns);
            for (int column = 0; column < columns; column++)
            {
                int left = (int)((long)column * picture.Width / columns), right = (int)((long)(column + 1) * picture.Width / columns);
                ulong sum = 0;
                if (fits)
                {
                    foreach (ushort value in sums[left..right])
                        sum += value;
                }
                else
                {
                    foreach (uint value in wide[left..right])
                        sum += value;
                }

                ulong pixels = (ulong)(bottom - top) * (ulong)(right - left);
                cells[column] = (byte)((sum + (pixels / 2)) / pixels);
            }
        }
    }

    static void AddRow(ReadOnlySpan<byte> row, Span<ushort> sums)
    {
        ref byte from = ref MemoryMarshal.GetReference(row);
        ref ushort to = ref MemoryMarshal.GetReference(sums);
        nuint x = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; x + 32 <= (nuint)row.Length; x += 32)
            {
                var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref from, x));
                (Vector256.LoadUnsafe(ref to, x) + low).StoreUnsafe(ref to, x);
                (Vector256.LoadUnsafe(ref to, x + 16) + high).StoreUnsafe(ref to, x + 16);
            }
        }

        for (int rest = (int)x; rest < row.Length; rest++)
            sums[rest] += row[rest];
    }

    static void Spill(Span<ushort> sums, Span<uint> wide)
    {
        for (int x = 0; x < sums.Length; x++)
            wide[x] += sums[x];
        sums.Clear();
    }
}
