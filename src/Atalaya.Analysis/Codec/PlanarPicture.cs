namespace Atalaya.Analysis.Codec;

/// <summary>Memory for one picture that is kept: YUV 4:2:0, rows and planes aligned for SIMD, with room behind that a scaler may read.</summary>
public sealed class PlanarPicture
{
    const int Alignment = 32, Tail = 64;

    readonly byte[] _bytes;
    readonly int _cb, _cr;

    /// <param name="width">Pixels, at least 2.</param>
    /// <param name="height">Pixels, at least 2.</param>
    public PlanarPicture(int width, int height, bool fullRange = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 2);
        Width = width;
        Height = height;
        FullRange = fullRange;
        LumaStride = (width + Alignment - 1) & -Alignment;
        ChromaStride = (((width + 1) / 2) + Alignment - 1) & -Alignment;
        _cb = checked(LumaStride * height);
        _cr = checked(_cb + (ChromaStride * ((height + 1) / 2)));
        _bytes = GC.AllocateUninitializedArray<byte>(checked(_cr + (ChromaStride * ((height + 1) / 2)) + Tail), pinned: true);
        Clear();
    }

    public int Width { get; }
    public int Height { get; }
    public bool FullRange { get; set; }
    public int LumaStride { get; }
    public int ChromaStride { get; }
    public Span<byte> Luma => _bytes.AsSpan(0, _cb);
    public Span<byte> Cb => _bytes.AsSpan(_cb, _cr - _cb);
    public Span<byte> Cr => _bytes.AsSpan(_cr, _cr - _cb);

    /// <summary>Black.</summary>
    public void Clear()
    {
        Luma.Fill(FullRange ? (byte)0 : (byte)16);
        _bytes.AsSpan(_cb).Fill(128);
    }

    /// <summary>Copies another picture's upper left part, of this one's size.</summary>
    /// <param name="picture">With chroma, and not smaller.</param>
    public void Take(scoped in Picture picture)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(picture.Width, Width);
        ArgumentOutOfRangeException.ThrowIfLessThan(picture.Height, Height);
        FullRange = picture.FullRange;
        int width = (Width + 1) / 2, height = (Height + 1) / 2;
        Copy(picture.Luma, picture.LumaStride, Luma, LumaStride, Width, Height);
        Copy(picture.Cb, picture.ChromaStride, Cb, ChromaStride, width, height);
        Copy(picture.Cr, picture.ChromaStride, Cr, ChromaStride, width, height);

        static void Copy(ReadOnlySpan<byte> from, int stride, Span<byte> to, int toStride, int width, int height)
        {
            for (int y = 0; y < height; y++)
                from.Slice(y * stride, width).CopyTo(to[(y * toStride)..]);
        }
    }

    public Picture AsPicture() => new()
    {
        Width = Width,
        Height = Height,
        Luma = Luma,
        LumaStride = LumaStride,
        Cb = Cb,
        Cr = Cr,
        ChromaStride = ChromaStride,
        FullRange = FullRange,
    };
}
