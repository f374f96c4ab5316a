using System.Text;

using Atalaya.Analysis.Codec;

namespace Atalaya.Analysis.Painting;

/// <summary>
/// A line of text across a picture, again and again, so that cutting off a part leaves some of it: light letters with a dark edge, which are read on any ground and hide little. It tells
/// whoever sees the picture for whom it was made; it isn't meant to withstand somebody who paints over it.
/// </summary>
/// <remarks>Used by one thread at a time. Laid out once for a size of pictures.</remarks>
sealed class Watermark
{
    const int GlyphWidth = 5, GlyphHeight = 7, Cell = GlyphWidth + 1;

    // Lines over the picture, and letters between two copies in one of them.
    const int Lines = 4, Gap = 6;

    // Of 256: how far a pixel goes towards white or black.
    const int Strength = 150, White = 235, Black = 16;

    readonly List<Run> _light = [], _dark = [];

    /// <param name="text">Without <see cref="Fault"/>.</param>
    public Watermark(string text, int width, int height)
    {
        // 200 lines to a dot: letters of 4 % of the height, which an encoder leaves legible.
        int dot = Math.Max(2, height / 200), step = (text.Length + Gap) * Cell * dot;
        for (int line = 0; line < Lines; line++)
        {
            int top = (int)((line + 0.5) * height / Lines) - (GlyphHeight * dot / 2);
            // Each line begins elsewhere, so that no column of the picture is without it.
            for (int left = -(line * step / Lines); left < width; left += step)
                Lay(text, left, top, dot, width, height);
        }
    }

    /// <summary>Null if a text can be written; otherwise what is wrong.</summary>
    public static string? Fault(string text) =>
        text.Length > WatermarkText.MaxLength ? $"A watermark of {text.Length} letters; {WatermarkText.MaxLength} are the most."
        : text.FirstOrDefault(c => c != ' ' && !Glyphs.ContainsKey(c)) is not '\0' and var unknown ? $"A watermark can't have the letter '{unknown}'."
        : null;

    public void Paint(PlanarPicture picture)
    {
        Blend(picture, _dark, Black);
        Blend(picture, _light, White);
    }

    static void Blend(PlanarPicture picture, List<Run> runs, int to)
    {
        foreach (var run in runs)
        {
            foreach (ref byte luma in picture.Luma.Slice((run.Y * picture.LumaStride) + run.From, run.To - run.From))
                luma = (byte)(luma + (((to - luma) * Strength) / 256));
        }
    }

    void Lay(string text, int left, int top, int dot, int width, int height)
    {
        int edge = Math.Max(1, dot / 2);
        for (int i = 0; i < text.Length; i++)
        {
            if (!Glyphs.TryGetValue(text[i], out byte[]? columns))
                continue;
            for (int x = 0; x < GlyphWidth; x++)
            {
                for (int y = 0; y < GlyphHeight; y++)
                {
                    if ((columns[x] >> y & 1) == 0)
                        continue;
                    int atX = left + (((i * Cell) + x) * dot), atY = top + (y * dot);
                    Add(_light, atX, atY, dot, width, height);
                    Add(_dark, atX + edge, atY + edge, dot, width, height);
                }
            }
        }
    }

    static void Add(List<Run> to, int x, int y, int side, int width, int height)
    {
        int from = Math.Max(0, x), end = Math.Min(width, x + side);
        for (int row = Math.Max(0, y); from < end && row < Math.Min(height, y + side); row++)
            to.Add(new(row, from, end));
    }

    /// <summary>Five columns each, the lowest bit on top.</summary>
    static readonly Dictionary<char, byte[]> Glyphs = new()
    {
        ['0'] = [0x3e, 0x51, 0x49, 0x45, 0x3e],
        ['1'] = [0x00, 0x42, 0x7f, 0x40, 0x00],
        ['2'] = [0x42, 0x61, 0x51, 0x49, 0x46],
        ['3'] = [0x21, 0x41, 0x45, 0x4b, 0x31],
        ['4'] = [0x18, 0x14, 0x12, 0x7f, 0x10],
        ['5'] = [0x27, 0x45, 0x45, 0x45, 0x39],
        ['6'] = [0x3c, 0x4a, 0x49, 0x49, 0x30],
        ['7'] = [0x01, 0x71, 0x09, 0x05, 0x03],
        ['8'] = [0x36, 0x49, 0x49, 0x49, 0x36],
        ['9'] = [0x06, 0x49, 0x49, 0x29, 0x1e],
        ['A'] = [0x7e, 0x11, 0x11, 0x11, 0x7e],
        ['B'] = [0x7f, 0x49, 0x49, 0x49, 0x36],
        ['C'] = [0x3e, 0x41, 0x41, 0x41, 0x22],
        ['D'] = [0x7f, 0x41, 0x41, 0x22, 0x1c],
        ['E'] = [0x7f, 0x49, 0x49, 0x49, 0x41],
        ['F'] = [0x7f, 0x09, 0x09, 0x09, 0x01],
        ['G'] = [0x3e, 0x41, 0x49, 0x49, 0x7a],
        ['H'] = [0x7f, 0x08, 0x08, 0x08, 0x7f],
        ['I'] = [0x00, 0x41, 0x7f, 0x41, 0x00],
        ['J'] = [0x20, 0x40, 0x41, 0x3f, 0x01],
        ['K'] = [0x7f, 0x08, 0x14, 0x22, 0x41],
        ['L'] = [0x7f, 0x40, 0x40, 0x40, 0x40],
        ['M'] = [0x7f, 0x02, 0x0c, 0x02, 0x7f],
        ['N'] = [0x7f, 0x04, 0x08, 0x10, 0x7f],
        ['O'] = [0x3e, 0x41, 0x41, 0x41, 0x3e],
        ['P'] = [0x7f, 0x09, 0x09, 0x09, 0x06],
        ['Q'] = [0x3e, 0x41, 0x51, 0x21, 0x5e],
        ['R'] = [0x7f, 0x09, 0x19, 0x29, 0x46],
        ['S'] = [0x46, 0x49, 0x49, 0x49, 0x31],
        ['T'] = [0x01, 0x01, 0x7f, 0x01, 0x01],
        ['U'] = [0x3f, 0x40, 0x40, 0x40, 0x3f],
        ['V'] = [0x1f, 0x20, 0x40, 0x20, 0x1f],
        ['W'] = [0x3f, 0x40, 0x38, 0x40, 0x3f],
        ['X'] = [0x63, 0x14, 0x08, 0x14, 0x63],
        ['Y'] = [0x07, 0x08, 0x70, 0x08, 0x07],
        ['Z'] = [0x61, 0x51, 0x49, 0x45, 0x43],
        ['-'] = [0x08, 0x08, 0x08, 0x08, 0x08],
        ['.'] = [0x00, 0x60, 0x60, 0x00, 0x00],
        [':'] = [0x00, 0x36, 0x36, 0x00, 0x00],
        ['/'] = [0x20, 0x10, 0x08, 0x04, 0x02],
    };
}

/// <summary>What of a name a watermark can show: it has capital letters, digits and a few signs alone.</summary>
public static class WatermarkText
{
    public const int MaxLength = 60;

    const string Accented = "ÁÀÂÄÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕÚÙÛÜÝ", Plain = "AAAAAACEEEEIIIINOOOOOUUUUY", Signs = " -.:/";

    /// <summary>The name as far as it can be shown, and the number behind it, which always can: a name in another script is told by its number alone.</summary>
    /// <param name="number">Letters, digits and signs.</param>
    public static string Of(string name, string number)
    {
        var text = new StringBuilder();
        foreach (char c in name.ToUpperInvariant())
        {
            int at = Accented.IndexOf(c, StringComparison.Ordinal);
            char shown = at >= 0 ? Plain[at] : char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || Signs.Contains(c, StringComparison.Ordinal) ? c : ' ';
            if (shown != ' ' || (text.Length > 0 && text[^1] != ' '))
                text.Append(shown);
        }

        string tail = number.ToUpperInvariant(), shownName = text.ToString().Trim();
        int room = MaxLength - tail.Length - 1;
        return shownName.Length == 0 ? tail : $"{(shownName.Length <= room ? shownName : shownName[..room].TrimEnd())} {tail}";
    }
}
