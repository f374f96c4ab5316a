namespace Atalaya.Analysis.Codec;

/// <summary>A part of a picture in pixels; left and top are rounded down to even numbers, where chroma has a sample.</summary>
public readonly record struct PixelArea(int X, int Y, int Width, int Height);

/// <summary>Pictures in other sizes and as RGB, by libswscale. Keeps what it prepared for the last sizes: use one for each purpose.</summary>
/// <remarks>
/// Used by one thread at a time. libswscale may read up to 32 bytes behind the last row of a plane: pictures of <see cref="PictureDecoder"/> and
/// <see cref="PlanarPicture"/> have room there.
/// </remarks>
public sealed unsafe class PictureScaler : IDisposable
{
    ScaleHandle? _scaler;
    (int Width, int Height, int Format, int ToWidth, int ToHeight, int ToFormat) _prepared;
    PlanarPicture? _converted;

    /// <summary>Scales a part of a picture into a part of another, which keeps its range.</summary>
    /// <param name="part">Null: the whole.</param>
    /// <param name="at">Where it comes to lie; must be inside <paramref name="to"/>.</param>
    public void Scale(in Picture picture, PixelArea? part, PlanarPicture to, PixelArea at)
    {
        var from = Inside(part, picture.Width, picture.Height);
        at = Inside(at, to.Width, to.Height);
        byte** planes = stackalloc byte*[4];
        int* strides = stackalloc int[4];
        fixed (byte* luma = to.Luma, cb = to.Cb, cr = to.Cr)
        {
            planes[0] = luma + (at.Y * to.LumaStride) + at.X;
            planes[1] = cb + (at.Y / 2 * to.ChromaStride) + (at.X / 2);
            planes[2] = cr + (at.Y / 2 * to.ChromaStride) + (at.X / 2);
            planes[3] = null;
            strides[0] = to.LumaStride;
            strides[1] = strides[2] = to.ChromaStride;
            strides[3] = 0;
            Run(picture, from, at.Width, at.Height, to.FullRange ? LibAv.Yuvj420P : LibAv.Yuv420P, planes, strides);
        }
    }

    /// <summary>Scales a part of a picture to packed RGB (or BGR), full range, three bytes a pixel.</summary>
    /// <param name="part">Null: the whole.</param>
    /// <param name="stride">Bytes from row to row of <paramref name="to"/>; 0: rows follow each other.</param>
    public void ToRgb(in Picture picture, PixelArea? part, int width, int height, Span<byte> to, int stride = 0, bool bgr = false)
    {
        stride = stride == 0 ? width * 3 : stride;
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Length, checked((stride * (height - 1)) + (width * 3)));
        byte** planes = stackalloc byte*[4];
        int* strides = stackalloc int[4];
        planes[1] = planes[2] = planes[3] = null;
        strides[1] = strides[2] = strides[3] = 0;
        strides[0] = stride;
        fixed (byte* start = to)
        {
            planes[0] = start;
            Run(picture, Inside(part, picture.Width, picture.Height), width, height, bgr ? LibAv.Bgr24 : LibAv.Rgb24, planes, strides);
        }
    }

    public void Dispose() => _scaler?.Dispose();

    /// <summary>A frame of any other layout as a picture of the same size; valid until the next.</summary>
    internal bool TryConvert(AvFrame* frame, out Picture picture)
    {
        picture = default;
        if (!TryPrepare((frame->Width, frame->Height, frame->Format, frame->Width, frame->Height, LibAv.Yuv420P)))
            return false;
        if (_converted is null || _converted.Width != frame->Width || _converted.Height != frame->Height)
            _converted = new(frame->Width, frame->Height);
        byte** planes = stackalloc byte*[4];
        int* strides = stackalloc int[4];
        fixed (byte* luma = _converted.Luma, cb = _converted.Cb, cr = _converted.Cr)
        {
            planes[0] = luma;
            planes[1] = cb;
            planes[2] = cr;
            planes[3] = null;
            strides[0] = _converted.LumaStride;
            strides[1] = strides[2] = _converted.ChromaStride;
            strides[3] = 0;
            if (LibAv.RunScaler(_scaler!, (byte**)frame->Data, frame->LineSize, 0, frame->Height, planes, strides) <= 0)
                return false;
        }

        picture = _converted.AsPicture();
        return true;
    }

    void Run(in Picture picture, PixelArea from, int width, int height, int format, byte** to, int* toStrides)
    {
        if (!NativeLibraries.TryLoadLibAv(out string fault))
            throw new InvalidOperationException(fault);
        if (!TryPrepare((from.Width, from.Height, picture.FullRange ? LibAv.Yuvj420P : LibAv.Yuv420P, width, height, format)))
            throw new ArgumentException($"libswscale can't make {width}×{height} of {from.Width}×{from.Height}.", nameof(width));
        byte** planes = stackalloc byte*[4];
        int* strides = stackalloc int[4];
        fixed (byte* luma = picture.Luma, cb = picture.Cb, cr = picture.Cr)
        {
            planes[0] = luma + (from.Y * picture.LumaStride) + from.X;
            planes[1] = cb + (from.Y / 2 * picture.ChromaStride) + (from.X / 2);
            planes[2] = cr + (from.Y / 2 * picture.ChromaStride) + (from.X / 2);
            planes[3] = null;
            strides[0] = picture.LumaStride;
            strides[1] = strides[2] = picture.ChromaStride;
            strides[3] = 0;
            _ = LibAv.RunScaler(_scaler!, planes, strides, 0, from.Height, to, toStrides);
        }
    }

    bool TryPrepare((int Width, int Height, int Format, int ToWidth, int ToHeight, int ToFormat) wanted)
    {
        if (_scaler is not null && _prepared == wanted)
            return true;
        _scaler?.Dispose();
        // The mean over an area loses nothing when shrinking; there is nothing to take a mean of when enlarging.
        int method = wanted.ToWidth < wanted.Width || wanted.ToHeight < wanted.Height ? LibAv.ScaleArea : LibAv.ScaleBilinear;
        _scaler = LibAv.CreateScaler(wanted.Width, wanted.Height, wanted.Format, wanted.ToWidth, wanted.ToHeight, wanted.ToFormat, method, 0, 0, 0);
        _prepared = wanted;
        if (!_scaler.IsInvalid)
            return true;
        _scaler.Dispose();
        _scaler = null;
        return false;
    }

    static PixelArea Inside(PixelArea? part, int width, int height)
    {
        if (part is not { } area)
            return new(0, 0, width, height);
        if (area.X < 0 || area.Y < 0 || area.Width < 2 || area.Height < 2 || area.X > width - area.Width || area.Y > height - area.Height)
            throw new ArgumentOutOfRangeException(nameof(part), area, $"Not inside a picture of {width}×{height}.");
        return area with { X = area.X & ~1, Y = area.Y & ~1 };
    }
}
