using System.Text;

using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Media;

namespace Atalaya.Analysis.Child;

/// <summary>Makes one JPEG of many small pictures from key frames.</summary>
/// <remarks>Used by one thread.</remarks>
sealed class SpriteMaker : IDisposable
{
    /// <summary>JPEG's own limit is 65,500; a sprite is a hundredth of that.</summary>
    public const int MaxSide = 8192;

    readonly PictureScaler _scaler = new();
    JpegWriter? _jpeg;

    /// <returns>The JPEG, valid until the next; empty with a fault in <paramref name="made"/>.</returns>
    public ReadOnlySpan<byte> Make(SpriteHead head, ReadOnlySpan<byte> bytes, out SpriteMade made)
    {
        var shown = new bool[head.Sizes.Count];
        made = new(head.Request, shown, null);
        int rows = (head.Sizes.Count + head.Columns - 1) / Math.Max(1, head.Columns);
        if (head.Sizes.Count == 0 || head.Columns < 1 || head.TileWidth < 2 || head.TileHeight < 2
            || head.TileWidth % 2 != 0 || head.TileHeight % 2 != 0
            || (long)head.Columns * head.TileWidth > MaxSide || (long)rows * head.TileHeight > MaxSide
            || head.ConfigurationSize < 0 || head.Sizes.Any(s => s < 0) || head.ConfigurationSize + head.Sizes.Sum(s => (long)s) != bytes.Length)
        {
            made = made with { Fault = $"A sprite of {head.Sizes.Count} tiles of {head.TileWidth}×{head.TileHeight} in {head.Columns} columns can't be made." };
            return [];
        }

        var format = new VideoFormat(head.Codec, bytes[..head.ConfigurationSize].ToArray(), head.CodecString, head.Width, head.Height);
        if (_jpeg is null && !JpegWriter.TryCreate(out _jpeg, out string missing))
        {
            made = made with { Fault = missing };
            return [];
        }

        if (!PictureDecoder.TryOpen(format, new() { Skip = DecoderSkip.NonKey }, out var decoder, out string fault))
        {
            made = made with { Fault = fault };
            return [];
        }

        AreaPlan? plan = null;
        if (head.Plan is not null && !AreaPlanText.TryRead(Encoding.UTF8.GetBytes(head.Plan), out plan, out string unreadable))
        {
            decoder.Dispose();
            made = made with { Fault = $"What is to be painted can't be read: {unreadable}" };
            return [];
        }

        PlanarPicture? painted = null;
        AreaPainter? painter = null;
        var canvas = new PlanarPicture(head.Columns * head.TileWidth, rows * head.TileHeight, fullRange: true);
        using (decoder)
        {
            int at = head.ConfigurationSize;
            for (int i = 0; i < shown.Length; i++)
            {
                var unit = bytes.Slice(at, head.Sizes[i]);
                at += head.Sizes[i];
                if (unit.IsEmpty)
                    continue;
                var area = new PixelArea(i % head.Columns * head.TileWidth, i / head.Columns * head.TileHeight, head.TileWidth, head.TileHeight);
                decoder.Decode(unit, default, Draw);
                decoder.Flush(Draw);

                void Draw(in Picture picture, MediaTime presentation)
                {
                    if (plan is not null)
                    {
                        if (painted is null || painted.Width != picture.Width || painted.Height != picture.Height || painted.FullRange != picture.FullRange)
                        {
                            painted = new(picture.Width, picture.Height, picture.FullRange);
                            painter = new(plan, picture.Width, picture.Height);
                        }

                        painted.Take(picture);
                        painter!.Paint(painted, default);
                        _scaler.Scale(painted.AsPicture(), null, canvas, area);
                    }
                    else
                    {
                        _scaler.Scale(picture, null, canvas, area);
                    }

                    shown[i] = true;
                }
            }
        }

        if (!shown.Contains(true))
        {
            made = made with { Fault = "None of the key frames could be decoded." };
            return [];
        }

        return _jpeg.Write(canvas.AsPicture(), head.Quality);
    }

    public void Dispose()
    {
        _scaler.Dispose();
        _jpeg?.Dispose();
    }
}
