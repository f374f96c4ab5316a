using System.Numerics;

namespace Atalaya.Analysis.Detect;

/// <summary>A part of a picture in luma pixels, with even edges, so that it begins and ends between chroma samples.</summary>
readonly record struct PixelArea(int Left, int Top, int Width, int Height)
{
    public int Right => Left + Width;
    public int Bottom => Top + Height;

    public static PixelArea Whole(in Picture picture) => new(0, 0, picture.Width, picture.Height);

    public bool Contains(PixelArea other) => other.Left >= Left && other.Top >= Top && other.Right <= Right && other.Bottom <= Bottom;

    public static PixelArea Union(PixelArea a, PixelArea b)
    {
        int left = Math.Min(a.Left, b.Left), top = Math.Min(a.Top, b.Top);
        return new(left, top, Math.Max(a.Right, b.Right) - left, Math.Max(a.Bottom, b.Bottom) - top);
    }
}

/// <summary>Where a part of a picture lies in the model's input: at the upper left, scaled.</summary>
/// <param name="ScaleX">Input pixels for one pixel of the picture.</param>
readonly record struct Placement(PixelArea Source, float ScaleX, float ScaleY, int Width, int Height);

/// <summary>
/// From planes of luma and chroma to the model's tensor in one pass: each row is scaled (bilinear, the planes as they are), made colours of (BT.601) and normalised while
/// it is in the first cache. What shrinks to half or less is halved first by averaging, because bilinear sampling alone would skip pixels and let small things flicker.
/// </summary>
/// <remarks>Scaling before the change of colours is the same as after it, apart from rounding, at half the work: chroma has a quarter of the samples.</remarks>
sealed class Preprocessor
{
    readonly ModelFile _model;
    readonly PlaneScaler _luma = new(), _cb = new(), _cr = new();
    readonly float[] _rowY, _rowU, _rowV, _rowR, _rowG, _rowB;

    public Preprocessor(ModelFile model)
    {
        _model = model;
        int length = model.Width + Vector<float>.Count;     // rows are written a vector at a time
        (_rowY, _rowU, _rowV) = (new float[length], new float[length], new float[length]);
        (_rowR, _rowG, _rowB) = (new float[length], new float[length], new float[length]);
    }

    /// <summary>Where a part of a picture comes to lie.</summary>
    public Placement Place(PixelArea source)
    {
        if (_model.Fit == PictureFit.Stretch)
            return new(source, (float)_model.Width / source.Width, (float)_model.Height / source.Height, _model.Width, _model.Height);
        float scale = Math.Min((float)_model.Width / source.Width, (float)_model.Height / source.Height);
        int width = Math.Clamp((int)MathF.Round(source.Width * scale), 1, _model.Width), height = Math.Clamp((int)MathF.Round(source.Height * scale), 1, _model.Height);
        return new(source, (float)width / source.Width, (float)height / source.Height, width, height);
    }

    /// <summary>Fills the input of one picture.</summary>
    /// <param name="tensor">3 × height × width samples, in the model's layout.</param>
    public void Fill(in Picture picture, Placement placement, Span<float> tensor)
    {
        var source = placement.Source;
        var luma = _luma.Reduce(picture.Luma, picture.LumaStride, source, placement.Width, placement.Height);
        PlanePart cb = default, cr = default;
        bool coloured = !picture.Cb.IsEmpty && !picture.Cr.IsEmpty;
        if (coloured)
        {
            var chroma = new PixelArea(source.Left / 2, source.Top / 2, Math.Max(1, (source.Width + 1) / 2), Math.Max(1, (source.Height + 1) / 2));
            cb = _cb.Reduce(picture.Cb, picture.ChromaStride, chroma, placement.Width, placement.Height);
            cr = _cr.Reduce(picture.Cr, picture.ChromaStride, chroma, placement.Width, placement.Height);
        }
        else
        {
            _rowU.AsSpan().Fill(128);
            _rowV.AsSpan().Fill(128);
        }

        for (int y = 0; y < placement.Height; y++)
        {
            _luma.Row(luma, y, _rowY);
            if (coloured)
            {
                _cb.Row(cb, y, _rowU);
                _cr.Row(cr, y, _rowV);
            }

            ToColours(picture.FullRange, placement.Width);
            Store(tensor, y, placement.Width);
        }

        FillRest(tensor, placement);
    }

    // BT.601: full-range luma and chroma, or luma 16–235 and chroma 16–240.
    void ToColours(bool fullRange, int width)
    {
        float gain = fullRange ? 1f : 255f / 219f, black = fullRange ? 0 : 16, chromaGain = fullRange ? 1f : 255f / 224f;
        // Clamped as a picture in bytes would be, then (value − mean) / deviation as one multiplication and one addition.
        var luma = new Vector<float>(gain);
        var offset = new Vector<float>(-black * gain);
        var redV = new Vector<float>(1.402f * chromaGain);
        var greenU = new Vector<float>(-0.344136f * chromaGain);
        var greenV = new Vector<float>(-0.714136f * chromaGain);
        var blueU = new Vector<float>(1.772f * chromaGain);
        var middle = new Vector<float>(128);
        var most = new Vector<float>(255);
        int r = _model.Colour == ColourOrder.Rgb ? 0 : 2, b = 2 - r;
        Vector<float> scaleR = new(1 / _model.Deviation[r]), scaleG = new(1 / _model.Deviation[1]), scaleB = new(1 / _model.Deviation[b]);
        Vector<float> shiftR = new(-_model.Mean[r] / _model.Deviation[r]), shiftG = new(-_model.Mean[1] / _model.Deviation[1]), shiftB = new(-_model.Mean[b] / _model.Deviation[b]);
        for (int x = 0; x < width; x += Vector<float>.Count)
        {
            var y = Vector.FusedMultiplyAdd(new Vector<float>(_rowY, x), luma, offset);
            var u = new Vector<float>(_rowU, x) - middle;
            var v = new Vector<float>(_rowV, x) - middle;
            var red = Vector.Clamp(Vector.FusedMultiplyAdd(v, redV, y), Vector<float>.Zero, most);
            var green = Vector.Clamp(Vector.FusedMultiplyAdd(u, greenU, Vector.FusedMultiplyAdd(v, greenV, y)), Vector<float>.Zero, most);
            var blue = Vector.Clamp(Vector.FusedMultiplyAdd(u, blueU, y), Vector<float>.Zero, most);
            Vector.FusedMultiplyAdd(red, scaleR, shiftR).CopyTo(_rowR, x);
            Vector.FusedMultiplyAdd(green, scaleG, shiftG).CopyTo(_rowG, x);
            Vector.FusedMultiplyAdd(blue, scaleB, shiftB).CopyTo(_rowB, x);
        }
    }

    void Store(Span<float> tensor, int y, int width)
    {
        var (first, third) = _model.Colour == ColourOrder.Rgb ? (_rowR, _rowB) : (_rowB, _rowR);
        if (_model.Layout == TensorLayout.Nchw)
        {
            int plane = _model.Width * _model.Height, at = y * _model.Width;
            first.AsSpan(0, width).CopyTo(tensor[at..]);
            _rowG.AsSpan(0, width).CopyTo(tensor[(plane + at)..]);
            third.AsSpan(0, width).CopyTo(tensor[((2 * plane) + at)..]);
            return;
        }

        var row = tensor.Slice(y * _model.Width * 3, width * 3);
        for (int x = 0, to = 0; x < width; x++, to += 3)
        {
            row[to] = first[x];
            row[to + 1] = _rowG[x];
            row[to + 2] = third[x];
        }
    }

    void FillRest(Span<float> tensor, Placement placement)
    {
        int width = _model.Width, height = _model.Height;
        if (placement.Width == width && placement.Height == height)
            return;
        for (int c = 0; c < 3; c++)
        {
            float value = (_model.Pad - _model.Mean[c]) / _model.Deviation[c];
            if (_model.Layout == TensorLayout.Nchw)
            {
                var plane = tensor.Slice(c * width * height, width * height);
                for (int y = 0; y < placement.Height && placement.Width < width; y++)
                    plane[((y * width) + placement.Width)..((y + 1) * width)].Fill(value);
                plane[(placement.Height * width)..].Fill(value);
            }
            else
            {
                for (int y = 0; y < height; y++)
                {
                    for (int x = y < placement.Height ? placement.Width : 0; x < width; x++)
                        tensor[(((y * width) + x) * 3) + c] = value;
                }
            }
        }
    }
}
