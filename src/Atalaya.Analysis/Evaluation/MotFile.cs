using System.Globalization;

using Atalaya.Incidents;

namespace Atalaya.Analysis.Evaluation;

/// <summary>A line of a MOTChallenge file: a box in a picture, in pixels.</summary>
/// <param name="Frame">From 1.</param>
/// <param name="Id">-1 in files of detections.</param>
public readonly record struct MotBox(int Frame, long Id, Box Box, float Score);

/// <summary>Ground truth, detections or results in the text form of MOTChallenge 2015: frame, id, left, top, width, height, score and more.</summary>
public static class MotFile
{
    const int MaxFrames = 10_000_000;

    /// <returns>False with the line and what is wrong with it in <paramref name="fault"/>.</returns>
    public static bool TryRead(string text, out IReadOnlyList<MotBox> boxes, out string fault)
    {
        var read = new List<MotBox>();
        boxes = read;
        fault = "";
        int number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace())
                continue;
            if (!TryRead(line, out var box))
            {
                fault = $"line {number}: not 'frame,id,left,top,width,height,score'";
                return false;
            }

            read.Add(box);
        }

        return true;
    }

    /// <exception cref="IOException">The file can't be read or isn't in this form; the message says where.</exception>
    public static IReadOnlyList<MotBox> Read(string path) =>
        TryRead(File.ReadAllText(path), out var boxes, out string fault) ? boxes : throw new IOException($"{path}, {fault}.");

    static bool TryRead(ReadOnlySpan<char> line, out MotBox box)
    {
        box = default;
        Span<Range> ranges = stackalloc Range[16];
        int count = line.Split(ranges, ',');
        if (count < 6)
            return false;
        Span<double> values = stackalloc double[7];
        values[6] = 1;
        for (int i = 0; i < Math.Min(count, 7); i++)
        {
            if (!double.TryParse(line[ranges[i]], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
                return false;
        }

        if (values[0] is < 1 or > MaxFrames || Math.Abs(values[1]) > 1e12)
            return false;
        box = new((int)values[0], (long)values[1], new((float)values[2], (float)values[3], (float)values[4], (float)values[5]), (float)values[6]);
        return true;
    }
}
