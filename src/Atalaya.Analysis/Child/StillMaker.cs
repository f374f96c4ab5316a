using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Media;

namespace Atalaya.Analysis.Child;

/// <summary>Decodes a few units and makes a JPEG of each wanted picture, painted as a plan says: with the very painter that copies are made with.</summary>
/// <remarks>Used by one thread.</remarks>
sealed class StillMaker : IDisposable
{
    /// <summary>Pictures of one request.</summary>
    public const int MaxStills = 64;

    readonly PictureScaler _copier = new(), _scaler = new();
    JpegWriter? _jpeg;

    /// <returns>The JPEGs one after another, as long as <see cref="StillsMade.Stills"/> says; empty with a fault there.</returns>
    public byte[] Make(StillsHead head, ReadOnlySpan<byte> bytes, out StillsMade made)
    {
        made = new(head.Request, [], null);
        if (head.ConfigurationSize < 0 || head.Units.Any(u => u.Size < 0) || head.ConfigurationSize + head.Units.Sum(u => (long)u.Size) != bytes.Length
            || head.Units.Count(u => u.Wanted) is < 1 or > MaxStills || head.Width is < 64 or > SpriteMaker.MaxSide)
        {
            made = made with { Fault = $"Stills of {head.Units.Count} units and {bytes.Length} bytes can't be made." };
            return [];
        }

        if (!AreaPlanText.TryRead(head.Plan, out var plan, out string fault) || (_jpeg is null && !JpegWriter.TryCreate(out _jpeg, out fault)))
        {
            made = made with { Fault = fault };
            return [];
        }

        var format = new VideoFormat(head.Codec, bytes[..head.ConfigurationSize].ToArray(), head.CodecString, 0, 0);
        if (!PictureDecoder.TryOpen(format, new(), out var decoder, out fault))
        {
            made = made with { Fault = fault };
            return [];
        }

        var wanted = head.Units.Where(u => u.Wanted).Select(u => u.Presentation).ToHashSet();
        var stills = new List<Still>();
        using var jpegs = new MemoryStream();
        PlanarPicture? whole = null, small = null;
        AreaPainter? painter = null;
        using (decoder)
        {
            int at = head.ConfigurationSize;
            foreach (var unit in head.Units)
            {
                decoder.Decode(bytes.Slice(at, unit.Size), new(unit.Presentation), Take);
                at += unit.Size;
            }

            decoder.Flush(Take);
        }

        if (stills.Count == 0)
            made = made with { Fault = "None of the pictures could be decoded." };
        else
            made = made with { Stills = stills };
        return jpegs.ToArray();

        void Take(in Picture picture, MediaTime presentation)
        {
            if (!wanted.Remove(presentation.Ticks))
                return;
            if (whole is null || whole.Width != picture.Width || whole.Height != picture.Height)
            {
                whole = new(picture.Width, picture.Height);
                painter = new(plan!, picture.Width, picture.Height);
                int width = Math.Min(head.Width, picture.Width) & ~1;
                small = new(width, Math.Max(2, (int)((long)picture.Height * width / picture.Width) & ~1), fullRange: true);
            }

            whole.FullRange = picture.FullRange;
            _copier.Scale(picture, null, whole, new(0, 0, whole.Width, whole.Height));
            painter!.Paint(whole, presentation);
            _scaler.Scale(whole.AsPicture(), null, small!, new(0, 0, small!.Width, small.Height));
            var jpeg = _jpeg!.Write(small.AsPicture(), head.Quality);
            jpegs.Write(jpeg);
            stills.Add(new(presentation.Ticks, jpeg.Length));
        }
    }

    public void Dispose()
    {
        _copier.Dispose();
        _scaler.Dispose();
        _jpeg?.Dispose();
    }
}
