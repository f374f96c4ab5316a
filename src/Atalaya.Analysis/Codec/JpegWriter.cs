using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Codec;

/// <summary>Pictures as JPEG (JFIF, 4:2:0), by TurboJPEG, straight from their planes.</summary>
/// <remarks>Used by one thread at a time.</remarks>
public sealed unsafe class JpegWriter : IDisposable
{
    // JFIF is full range. From limited range: (v − 16) · 255 / 219 for luma, 128 + (v − 128) · 255 / 224 for chroma.
    static readonly byte[] FullLuma = [.. Enumerable.Range(0, 256).Select(v => (byte)Math.Clamp(Math.Round((v - 16) * 255.0 / 219), 0, 255))];
    static readonly byte[] FullChroma = [.. Enumerable.Range(0, 256).Select(v => (byte)Math.Clamp(Math.Round(128 + ((v - 128) * 255.0 / 224)), 0, 255))];

    readonly JpegHandle _handle;
    byte[] _jpeg = [];
    PlanarPicture? _full;

    JpegWriter(JpegHandle handle) => _handle = handle;

    /// <param name="fault">What is missing, and what to do.</param>
    public static bool TryCreate([NotNullWhen(true)] out JpegWriter? writer, out string fault)
    {
        writer = null;
        if (!NativeLibraries.TryLoadTurboJpeg(out fault))
            return false;
        writer = new(TurboJpeg.CreateCompressor());
        return true;
    }

    /// <param name="picture">With chroma planes; at most 65,500 pixels wide and high.</param>
    /// <param name="quality">1 to 100.</param>
    /// <returns>The whole file, valid until the next.</returns>
    public ReadOnlySpan<byte> Write(scoped in Picture picture, int quality = 80)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(picture.Width, 65_500);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(picture.Height, 65_500);
        var source = picture.FullRange ? picture : Widen(picture);
        nuint largest = TurboJpeg.LargestJpeg(source.Width, source.Height, TurboJpeg.Samples420).Value;
        if ((nuint)_jpeg.Length < largest)
            _jpeg = GC.AllocateUninitializedArray<byte>(checked((int)largest));
        byte** planes = stackalloc byte*[3];
        int* strides = stackalloc int[3];
        strides[0] = source.LumaStride;
        strides[1] = strides[2] = source.ChromaStride;
        var size = new CULong((nuint)_jpeg.Length);
        fixed (byte* luma = source.Luma, cb = source.Cb, cr = source.Cr, jpeg = _jpeg)
        {
            planes[0] = luma;
            planes[1] = cb;
            planes[2] = cr;
            byte* target = jpeg;
            if (TurboJpeg.Compress(_handle, planes, source.Width, strides, source.Height, TurboJpeg.Samples420, &target, &size, Math.Clamp(quality, 1, 100), TurboJpeg.NoReallocation) != 0)
                throw new InvalidOperationException($"TurboJPEG can't write {source.Width}×{source.Height}: {TurboJpeg.Describe(_handle)}");
        }

        return _jpeg.AsSpan(0, (int)size.Value);
    }

    public void Dispose() => _handle.Dispose();

    Picture Widen(scoped in Picture picture)
    {
        if (_full is null || _full.Width != picture.Width || _full.Height != picture.Height)
            _full = new(picture.Width, picture.Height, fullRange: true);
        Map(picture.Luma, picture.LumaStride, _full.Luma, _full.LumaStride, picture.Width, picture.Height, FullLuma);
        int width = (picture.Width + 1) / 2, height = (picture.Height + 1) / 2;
        Map(picture.Cb, picture.ChromaStride, _full.Cb, _full.ChromaStride, width, height, FullChroma);
        Map(picture.Cr, picture.ChromaStride, _full.Cr, _full.ChromaStride, width, height, FullChroma);
        return _full.AsPicture();
    }

    static void Map(ReadOnlySpan<byte> from, int stride, Span<byte> to, int toStride, int width, int height, byte[] values)
    {
        for (int y = 0; y < height; y++)
        {
            var row = from.Slice(y * stride, width);
            var target = to.Slice(y * toStride, width);
            for (int x = 0; x < row.Length; x++)
                target[x] = values[row[x]];
        }
    }
}
