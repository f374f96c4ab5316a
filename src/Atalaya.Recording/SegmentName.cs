using System.Globalization;
using System.Text.RegularExpressions;
using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>
/// What a segment's file is called, without folder and extension: the start in milliseconds since 1970 (13 digits), <c>-sub</c> for the
/// sub-stream. The file lies in <c>&lt;camera&gt;/&lt;yyyy-MM-dd&gt;/&lt;HH&gt;/</c> of its start, in UTC.
/// </summary>
public readonly partial record struct SegmentName(long StartMilliseconds, StreamKind Stream)
{
    public const string Extension = ".mp4";

    public WallTime Start => new(StartMilliseconds * 1000);

    public override string ToString() => StartMilliseconds.ToString("D13", CultureInfo.InvariantCulture) + (Stream == StreamKind.Sub ? "-sub" : "");

    /// <summary>Below the camera's folder, with forward slashes: <c>2026-03-01/14/1772373600000.mp4</c>.</summary>
    public string RelativePath() => $"{Start.ToDateTimeOffset():yyyy-MM-dd'/'HH}/{this}{Extension}";

    /// <summary>Whole string, nothing else: safe against paths in disguise.</summary>
    public static bool TryParse(string? text, out SegmentName name)
    {
        name = default;
        if (text is null || !Pattern().IsMatch(text))
            return false;
        name = new(long.Parse(text.AsSpan(0, 13), NumberStyles.None, CultureInfo.InvariantCulture), text.Length == 13 ? StreamKind.Main : StreamKind.Sub);
        return true;
    }

    /// <summary>A camera's identity is also the name of its folder: letters, digits, <c>.</c>, <c>_</c> and <c>-</c>, at most 64, not starting with a dot.</summary>
    public static bool IsCamera(string? id) => id is not null && CameraPattern().IsMatch(id);

    [GeneratedRegex(@"\A[0-9]{13}(-sub)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex CameraPattern();
}
