using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

using Atalaya.Media;

namespace Atalaya.Analysis.Evaluation;

/// <summary>
/// Pictures of a file at an even rate, decoded by an ffmpeg process, so that any container and codec it knows will do. One use, one thread.
/// </summary>
public sealed class ClipReader : IDisposable
{
    // Longest side; the picture is kept until the next, and three of these fit the smallest cache of a grown processor.
    const int MaxSide = 8192, MaxLine = 256;

    static readonly string[] Stills = [".jpg", ".jpeg", ".png", ".bmp", ".webp"];

    readonly Process _process;
    readonly Task<string> _complaints;
    readonly Stream _output;
    readonly string _path;
    readonly double _rate;
    byte[] _buffer = [];
    int _number = -1;

    ClipReader(Process process, string path, double rate)
    {
        _process = process;
        _path = path;
        _rate = rate;
        _output = process.StandardOutput.BaseStream;
        _complaints = process.StandardError.ReadToEndAsync();
    }

    public int Width { get; private set; }
    public int Height { get; private set; }

    /// <summary>A file that holds one picture; it is shown for as long as was asked.</summary>
    public static bool IsStill(string path) => Stills.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <param name="rate">Pictures a second; missing ones are repeated and others left out, as an analysis at that rate would see them.</param>
    /// <param name="stillSeconds">For how long a still is shown.</param>
    /// <exception cref="IOException">There is no ffmpeg, no such file, or nothing in it to decode; the message says which.</exception>
    public static async Task<ClipReader> OpenAsync(string path, double rate, double stillSeconds, CancellationToken stop)
    {
        if (!File.Exists(path))
            throw new IOException($"There is no file {path}.");
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        string[] still = IsStill(path)
            ? ["-loop", "1", "-framerate", Number(rate), "-t", Number(stillSeconds)]
            : [];
        // The protocol is named, so that a file's name can't be taken for an address.
        foreach (string argument in (string[])
            ["-nostdin", "-hide_banner", "-v", "error", .. still, "-i", $"file:{path}", "-map", "0:v:0", "-vf", $"fps={Number(rate)},format=yuv420p", "-f", "yuv4mpegpipe", "pipe:1"])
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new IOException("Clips are decoded by ffmpeg, which isn't installed (Debian: ffmpeg).", fault);
        }

        process.StandardInput.Close();
        var reader = new ClipReader(process, path, rate);
        try
        {
            await reader.ReadHeaderAsync(stop);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <returns>False at the end of the clip.</returns>
    /// <exception cref="IOException">The file broke off, or ffmpeg failed.</exception>
    public async Task<bool> NextAsync(CancellationToken stop)
    {
        if (await ReadLineAsync(stop) is not { } line)
        {
            await EndAsync(stop);
            return false;
        }

        if (!line.StartsWith("FRAME", StringComparison.Ordinal))
            throw new IOException($"{_path}: ffmpeg wrote something else than pictures.");
        int read = await _output.ReadAtLeastAsync(_buffer, _buffer.Length, throwOnEndOfStream: false, stop);
        if (read < _buffer.Length)
        {
            await EndAsync(stop);
            return false;
        }

        _number++;
        return true;
    }

    /// <summary>The picture that <see cref="NextAsync"/> read; valid until the next call.</summary>
    public Picture Picture
    {
        get
        {
            int luma = Width * Height, chromaWidth = (Width + 1) / 2, chroma = chromaWidth * ((Height + 1) / 2);
            return new()
            {
                Width = Width,
                Height = Height,
                Luma = _buffer.AsSpan(0, luma),
                LumaStride = Width,
                Cb = _buffer.AsSpan(luma, chroma),
                Cr = _buffer.AsSpan(luma + chroma, chroma),
                ChromaStride = chromaWidth,
            };
        }
    }

    /// <summary>Of that picture, from the first one.</summary>
    public MediaTime At => MediaTime.FromSeconds(Math.Max(0, _number) / _rate);

    public void Dispose()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    async Task ReadHeaderAsync(CancellationToken stop)
    {
        if (await ReadLineAsync(stop) is not { } header)
        {
            await EndAsync(stop);
            throw new IOException($"{_path}: there is no picture in it.");
        }

        foreach (string field in header.Split(' '))
        {
            if (field.StartsWith('W') && int.TryParse(field.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int width))
                Width = width;
            else if (field.StartsWith('H') && int.TryParse(field.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int height))
                Height = height;
        }

        if (!header.StartsWith("YUV4MPEG2 ", StringComparison.Ordinal) || Width is < 2 or > MaxSide || Height is < 2 or > MaxSide)
            throw new IOException($"{_path}: its pictures are {Width}×{Height}; from 2×2 to {MaxSide}×{MaxSide} can be read.");
        _buffer = new byte[(Width * Height) + (2 * ((Width + 1) / 2) * ((Height + 1) / 2))];
    }

    async Task EndAsync(CancellationToken stop)
    {
        await _process.WaitForExitAsync(stop);
        string complaints = await _complaints;
        if (_process.ExitCode != 0)
            throw new IOException($"{_path}: ffmpeg can't decode it: {complaints.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? $"exit code {_process.ExitCode}"}");
    }

    // One byte at a time: a header once, six bytes a picture.
    async Task<string?> ReadLineAsync(CancellationToken stop)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (await _output.ReadAsync(one, stop) == 1)
        {
            if (one[0] == '\n')
                return line.ToString();
            if (line.Length == MaxLine)
                throw new IOException($"{_path}: ffmpeg wrote something else than pictures.");
            line.Append((char)one[0]);
        }

        return null;
    }
}
