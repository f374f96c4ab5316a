using System.Globalization;

using Atalaya.Cameras;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Approvals;

/// <summary>Whether a change lets footage go earlier than it would have.</summary>
static class ShortenedRetention
{
    /// <summary>What holds for a camera's footage; of one that was removed, as for one without limits of its own, the node's.</summary>
    public static RetentionLimits Of(CameraConfig? camera, RetentionLimits node) =>
        camera is { KeepFor: not null } or { KeepBytes: not null } ? new(camera.KeepFor, camera.KeepBytes) : node;

    /// <summary>Null when nothing goes earlier, otherwise what becomes less, for the second person.</summary>
    public static string? Between(RetentionLimits before, RetentionLimits after)
    {
        var less = new List<string>();
        if (after.Age is { } age && (before.Age is not { } oldAge || age < oldAge))
            less.Add($"{Days(before.Age)} → {Days(age)}");
        if (after.Bytes is { } bytes && (before.Bytes is not { } oldBytes || bytes < oldBytes))
            less.Add($"{Size(before.Bytes)} → {Size(bytes)}");
        return less.Count == 0 ? null : string.Join(", ", less);
    }

    static string Days(TimeSpan? age) => age is { } span ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0.##} d") : "∞ d";

    static string Size(long? bytes) => bytes is { } size ? string.Create(CultureInfo.InvariantCulture, $"{size / 1e9:0.##} GB") : "∞ GB";
}
