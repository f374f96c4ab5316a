using System.Diagnostics;
using System.Globalization;

using Atalaya.Analysis;
using Atalaya.Analysis.Evaluation;
using Atalaya.Incidents;

namespace Atalaya.DetectorBench;

/// <summary>A picture in memory, planar YUV 4:2:0.</summary>
sealed record Still(int Width, int Height, byte[] Samples, bool FullRange)
{
    public int ChromaWidth => (Width + 1) / 2;
    public int ChromaHeight => (Height + 1) / 2;

    public Picture Picture
    {
        get
        {
            int luma = Width * Height, chroma = ChromaWidth * ChromaHeight;
            return new()
            {
                Width = Width,
                Height = Height,
                Luma = Samples.AsSpan(0, luma),
                LumaStride = Width,
                Cb = Samples.AsSpan(luma, chroma),
                Cr = Samples.AsSpan(luma + chroma, chroma),
                ChromaStride = ChromaWidth,
                FullRange = FullRange,
            };
        }
    }
}

/// <summary>Pictures out of files, by ffmpeg, and what is in them.</summary>
static class Footage
{
    /// <summary>Every n-th picture of a file.</summary>
    /// <param name="filter">What ffmpeg does to each.</param>
    public static IEnumerable<(int Number, Still Still)> Read(string file, int step, string filter = "null")
    {
        var (width, height) = Size(file, filter);
        int length = (width * height) + (2 * ((width + 1) / 2) * ((height + 1) / 2));
        using var ffmpeg = Start("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-vf", $"select=not(mod(n\\,{step})),{filter},format=yuv420p", "-fps_mode", "passthrough",
            "-f", "rawvideo", "-");
        try
        {
            for (int number = 0; ; number += step)
            {
                byte[] samples = new byte[length];
                if (ffmpeg.StandardOutput.BaseStream.ReadAtLeast(samples, length, throwOnEndOfStream: false) < length)
                    break;
                yield return (number, new(width, height, samples, FullRange: false));
            }
        }
        finally
        {
            ffmpeg.Kill();
            ffmpeg.WaitForExit();
        }
    }

    /// <summary>Boxes of persons in MOTChallenge's form, by picture from 1, as fractions.</summary>
    public static ILookup<int, TrueBox> Boxes(string file, float width, float height) =>
        File.ReadLines(file)
            .Select(line => line.Split(','))
            .Select(f => (Picture: int.Parse(f[0], CultureInfo.InvariantCulture), Numbers: f[2..6].Select(n => float.Parse(n, CultureInfo.InvariantCulture)).ToArray()))
            .ToLookup(b => b.Picture, b => new TrueBox(new(b.Numbers[0] / width, b.Numbers[1] / height, b.Numbers[2] / width, b.Numbers[3] / height), ObjectClass.Person));

    static (int Width, int Height) Size(string file, string filter)
    {
        // The filter's own answer: the length of a first picture doesn't tell width from height.
        using var ffmpeg = Start("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-vf", $"{filter},format=yuv420p", "-frames:v", "1", "-f", "yuv4mpegpipe", "-");
        string header = "";
        for (int next; (next = ffmpeg.StandardOutput.BaseStream.ReadByte()) is not (-1 or '\n');)
            header += (char)next;
        ffmpeg.StandardOutput.BaseStream.CopyTo(Stream.Null);
        ffmpeg.WaitForExit();
        string[] fields = header.Split(' ');
        return fields.Length > 2
            ? (int.Parse(fields[1].AsSpan(1), CultureInfo.InvariantCulture), int.Parse(fields[2].AsSpan(1), CultureInfo.InvariantCulture))
            : throw new InvalidDataException($"ffmpeg gives no pictures of {file}.");
    }

    static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
}
