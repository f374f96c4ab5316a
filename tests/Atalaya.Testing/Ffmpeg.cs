using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Atalaya.Media;
using Xunit;

namespace Atalaya.Testing;

/// <summary>
/// A clip whose pictures carry their number: see <see cref="Ffmpeg.ReadNumbersAsync"/>. Pictures are counted from <see cref="FirstNumber"/>.
/// </summary>
/// <param name="Video">Null: sound alone.</param>
/// <param name="Audio">Null: silent.</param>
/// <param name="Frames">Pictures.</param>
/// <param name="KeyInterval">Pictures from one key frame to the next, exactly.</param>
/// <param name="BFrames">Consecutive B-pictures at most; x264 and x265 then use this many.</param>
/// <param name="Kbps">Video; zero: whatever the quality takes. With a rate, noise fills the picture so that it is needed.</param>
/// <param name="Extension">mp4, mov (what G.711 and L16 need), mkv, or 264/265 for an elementary stream.</param>
public sealed record ClipRecipe(
    Codec? Video = Codec.H264,
    Codec? Audio = null,
    int Width = 320,
    int Height = 240,
    int FrameRate = 25,
    int Frames = 100,
    int KeyInterval = 25,
    int BFrames = 0,
    int Kbps = 0,
    int FirstNumber = 0,
    string? Extension = null)
{
    /// <summary>Further arguments for the encoder, such as <c>-x264-params sliced-threads=1:slices=4</c>.</summary>
    public IReadOnlyList<string> More { get; init; } = [];
}

/// <summary>One packet as ffprobe reads it. Times in seconds.</summary>
public sealed record ProbePacket(string Kind, int Stream, double? Presentation, double? Decode, double? Duration, int Size, bool IsKey);

public sealed record ProbeStream(
    int Index, string Kind, string Codec, string? Profile, int Width, int Height, int SampleRate, int Channels, double? Start, double? Duration, int? BFrames);

/// <param name="Errors">What ffprobe complained of, a line each: empty for a file that is in order.</param>
public sealed record ProbeResult(IReadOnlyList<ProbeStream> Streams, IReadOnlyList<ProbePacket> Packets, IReadOnlyList<string> Errors)
{
    public IEnumerable<ProbePacket> Video => Packets.Where(p => p.Kind == "video");
    public IEnumerable<ProbePacket> Audio => Packets.Where(p => p.Kind == "audio");
}

/// <summary>ffmpeg and ffprobe as makers of clips and as independent judges. Tests that need them are skipped where they aren't installed.</summary>
public static class Ffmpeg
{
    /// <summary>Bits of a picture's number: sixteen blocks side by side in the upper quarter of the picture, the highest bit at the left, white is 1.</summary>
    const int NumberBits = 16;

    static readonly SemaphoreSlim Making = new(1);      // one encoder at a time: clips are cached

    static string CacheFolder => Path.Combine(Path.GetTempPath(), "atalaya-tests", "clips");

    /// <summary>Makes a clip, or finds the one made before; the file is shared, so nobody may change it.</summary>
    public static async Task<string> ClipAsync(ClipRecipe recipe)
    {
        string extension = recipe.Extension ?? (recipe.Audio is null or Codec.Aac ? "mp4" : "mov");
        string key = $"v1 {recipe with { More = [] }} {string.Join(' ', recipe.More)}";
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..20];
        string path = Path.Combine(CacheFolder, $"{name}.{extension}");
        if (File.Exists(path))
            return path;
        await Making.WaitAsync();
        try
        {
            if (File.Exists(path))
                return path;
            Directory.CreateDirectory(CacheFolder);
            string part = Path.Combine(CacheFolder, $"{name}.{Environment.ProcessId}.part.{extension}");
            await RunAsync([.. ClipArguments(recipe), part], recipe.Video is null ? null : stdin => DrawAsync(recipe, stdin));
            File.Move(part, path, overwrite: true);
            return path;
        }
        finally
        {
            Making.Release();
        }
    }

    /// <summary>Runs ffmpeg with <c>-v warning</c>; throws with its words if it fails. What it warned of is in <see cref="ProcessResult.Errors"/>.</summary>
    public static async Task<ProcessResult> RunAsync(IEnumerable<string> arguments, Func<Stream, Task>? input = null, TimeSpan? limit = null)
    {
        string[] all = ["-hide_banner", "-nostats", "-v", "warning", "-y", .. arguments];
        var result = await ProgramAsync("ffmpeg", all, input, limit);
        return result.ExitCode == 0
            ? result
            : throw new InvalidOperationException($"ffmpeg {string.Join(' ', all)} failed with {result.ExitCode}:\n{result.Errors}");
    }

    /// <summary>Streams and packets of a file, a playlist or a URL, and every complaint.</summary>
    public static async Task<ProbeResult> ProbeAsync(string path, params IEnumerable<string> options)
    {
        var result = await ProgramAsync("ffprobe", ["-hide_banner", "-v", "warning", "-of", "json", "-show_streams", "-show_packets", .. options, path]);
        using var json = JsonDocument.Parse(result.Output is { Length: > 0 } text ? text : "{}");
        return new(
            [.. Items(json, "streams").Select(s => new ProbeStream(
                (int)Number(s, "index")!, Text(s, "codec_type"), Text(s, "codec_name"), TextOrNull(s, "profile"),
                (int)(Number(s, "width") ?? 0), (int)(Number(s, "height") ?? 0), (int)(Number(s, "sample_rate") ?? 0), (int)(Number(s, "channels") ?? 0),
                Number(s, "start_time"), Number(s, "duration"), (int?)Number(s, "has_b_frames")))],
            [.. Items(json, "packets").Select(p => new ProbePacket(
                Text(p, "codec_type"), (int)Number(p, "stream_index")!, Number(p, "pts_time"), Number(p, "dts_time"), Number(p, "duration_time"),
                (int)(Number(p, "size") ?? 0), Text(p, "flags").StartsWith('K')))],
            Lines(result.Errors));
    }

    /// <summary>MD5 of each decoded video picture, in the order shown, none left out or doubled.</summary>
    /// <param name="frames">Stop after so many: for URLs, which have no end.</param>
    public static async Task<IReadOnlyList<string>> FrameMd5Async(string path, int? frames = null, params IEnumerable<string> inputOptions)
    {
        var result = await RunAsync([.. inputOptions, "-i", path, "-map", "0:v:0", .. Limit(frames), "-fps_mode", "passthrough", "-f", "framemd5", "-"]);
        return [.. Lines(result.Output).Where(line => !line.StartsWith('#')).Select(line => line[(line.LastIndexOf(',') + 1)..].Trim())];
    }

    /// <summary>The numbers in the pictures of a clip that <see cref="ClipAsync"/> made, or of what became of it, in the order shown.</summary>
    /// <param name="frames">Stop after so many: for URLs, which have no end.</param>
    public static async Task<IReadOnlyList<int>> ReadNumbersAsync(string path, int? frames = null, params IEnumerable<string> inputOptions)
    {
        // Scaled so that each block becomes one pixel: an average over its area, far from the half-way grey even after hard compression.
        var numbers = new List<int>();
        string folder = Directory.CreateTempSubdirectory("atalaya-numbers-").FullName;
        try
        {
            string raw = Path.Combine(folder, "gray");
            await RunAsync([.. inputOptions, "-i", path, "-map", "0:v:0", .. Limit(frames), "-fps_mode", "passthrough",
                "-vf", $"crop=iw:ih/4:0:0,scale={NumberBits}:1:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", raw]);
            byte[] pixels = await File.ReadAllBytesAsync(raw);
            for (int at = 0; at + NumberBits <= pixels.Length; at += NumberBits)
            {
                int number = 0;
                for (int bit = 0; bit < NumberBits; bit++)
                    number = (number << 1) | (pixels[at + bit] >= 128 ? 1 : 0);
                numbers.Add(number);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return numbers;
    }

    static string[] Limit(int? frames) => frames is null ? [] : ["-frames:v", $"{frames}"];

    static async Task<ProcessResult> ProgramAsync(string name, IEnumerable<string> arguments, Func<Stream, Task>? input = null, TimeSpan? limit = null)
    {
        try
        {
            return await ManagedProcess.RunAsync(name, arguments, limit, input);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{name} isn't installed.");
            throw;
        }
    }

    static List<string> ClipArguments(ClipRecipe recipe)
    {
        List<string> arguments = [];
        string seconds = ((double)recipe.Frames / recipe.FrameRate).ToString("0.######", CultureInfo.InvariantCulture);
        if (recipe.Video is not null)
        {
            arguments.AddRange(["-f", "rawvideo", "-pix_fmt", "gray", "-s", $"{recipe.Width}x{recipe.Height}", "-r", $"{recipe.FrameRate}", "-i", "pipe:0"]);
        }

        int rate = recipe.Audio is Codec.PcmMuLaw or Codec.PcmALaw ? 8000 : 48000;
        if (recipe.Audio is not null)
            arguments.AddRange(["-f", "lavfi", "-t", seconds, "-i", $"sine=frequency=440:sample_rate={rate}"]);
        if (recipe.Video is { } video)
        {
            arguments.AddRange(["-map", "0:v", "-pix_fmt", "yuv420p", "-g", $"{recipe.KeyInterval}", "-bf", $"{recipe.BFrames}"]);
            arguments.AddRange(video switch
            {
                Codec.H264 => ["-c:v", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-keyint_min", $"{recipe.KeyInterval}", "-x264-params",
                    $"b-adapt=0:open-gop=0:scenecut=0"],
                Codec.H265 => ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params",
                    $"log-level=error:keyint={recipe.KeyInterval}:min-keyint={recipe.KeyInterval}:open-gop=0:scenecut=0:b-adapt=0:bframes={recipe.BFrames}"],
                _ => throw new ArgumentException($"{video} is no video codec.", nameof(recipe)),
            });
            if (recipe.Kbps > 0)
                arguments.AddRange(["-b:v", $"{recipe.Kbps}k", "-maxrate", $"{recipe.Kbps}k", "-bufsize", $"{recipe.Kbps}k"]);
            arguments.AddRange(["-frames:v", $"{recipe.Frames}"]);
        }

        if (recipe.Audio is { } audio)
        {
            arguments.AddRange(["-map", recipe.Video is null ? "0:a" : "1:a", "-c:a", audio switch
            {
                Codec.Aac => "aac",
                Codec.PcmMuLaw => "pcm_mulaw",
                Codec.PcmALaw => "pcm_alaw",
                Codec.L16 => "pcm_s16be",
                _ => throw new ArgumentException($"{audio} is no audio codec.", nameof(recipe)),
            }]);
        }

        arguments.AddRange(["-fflags", "+bitexact", "-map_metadata", "-1"]);
        arguments.AddRange(recipe.More);
        return arguments;
    }

    static async Task DrawAsync(ClipRecipe recipe, Stream to)
    {
        int width = recipe.Width, height = recipe.Height, band = height / 4;
        byte[] picture = new byte[width * height];
        byte[] noise = new byte[(width * height) + 8192];
        new Random(1).NextBytes(noise);
        for (int n = 0; n < recipe.Frames; n++)
        {
            int number = recipe.FirstNumber + n;
            for (int x = 0; x < width; x++)
                picture[x] = (number >> (NumberBits - 1 - (x * NumberBits / width)) & 1) != 0 ? (byte)235 : (byte)16;
            for (int y = 1; y < band; y++)
                picture.AsSpan(0, width).CopyTo(picture.AsSpan(y * width));
            int at = number * 977 % 8192;
            for (int y = band; y < height; y++)
            {
                var row = picture.AsSpan(y * width, width);
                for (int x = 0; x < width; x++)
                {
                    int value = (x + y + (number * 2)) & 127;
                    row[x] = (byte)(64 + value + (recipe.Kbps > 0 ? noise[(y * width) + x + at] >> 4 : 0));
                }
            }

            try
            {
                await to.WriteAsync(picture);
            }
            catch (IOException)
            {
                return;     // ffmpeg gave up: its exit code says so
            }
        }
    }

    static IReadOnlyList<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    static IEnumerable<JsonElement> Items(JsonDocument json, string name) =>
        json.RootElement.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];

    static string Text(JsonElement item, string name) => TextOrNull(item, name) ?? "";

    static string? TextOrNull(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static double? Number(JsonElement item, string name) =>
        !item.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out double number) ? number : null;
}
