using System.Text.Json.Serialization;

using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Tracks;

namespace Atalaya.Node.Live;

// What a viewer is told between the pictures, as JSON in text messages. `type` comes first.

/// <param name="Masked">The camera's masks are painted in.</param>
sealed record InitMessage(string Mime, string Codec, int Width, int Height, StreamKind Stream, bool Masked)
{
    [JsonPropertyOrder(-1)]
    public string Type => "init";
}

/// <param name="Media">Seconds on the fragments' timeline …</param>
/// <param name="Wall">… and when the picture that is shown then came, by the node's clock.</param>
sealed record ClockMessage(double Media, DateTimeOffset Wall)
{
    [JsonPropertyOrder(-1)]
    public string Type => "clock";
}

/// <summary>What was seen in one analysed picture, when the viewer asked for it.</summary>
/// <param name="Media">Seconds on the fragments' timeline; null if another stream was analysed than is viewed.</param>
/// <param name="Wall">When that picture came, by the node's clock.</param>
/// <param name="Moving">Where it moves: left, top, width, height as fractions.</param>
sealed record ObjectsMessage(double? Media, DateTimeOffset Wall, IReadOnlyList<TrackJson> Tracks, IReadOnlyList<IReadOnlyList<float>> Moving)
{
    [JsonPropertyOrder(-1)]
    public string Type => "objects";
}

/// <summary>How the camera's analysis goes, once a second.</summary>
/// <param name="Asked">Pictures a second that are wanted …</param>
/// <param name="Given">… and that were looked at, over the last seconds.</param>
/// <param name="AgeMs">From a picture's arrival to its result, the last one.</param>
/// <param name="Blind">Why nobody looks; null while somebody does.</param>
sealed record AnalysisMessage(double Asked, double Given, double? AgeMs, BlindCause? Blind, DateTimeOffset? Since, string Detail)
{
    [JsonPropertyOrder(-1)]
    public string Type => "analysis";
}

sealed record SkippedMessage(long Units)
{
    [JsonPropertyOrder(-1)]
    public string Type => "skipped";
}

sealed record BreakMessage(BreakCause Cause, string Detail, DateTimeOffset At)
{
    [JsonPropertyOrder(-1)]
    public string Type => "break";
}

/// <param name="Code">One word for the page: no-camera, no-stream, bad-request, too-many, removed, too-slow, revoked, ended (what it was shown under: a grant, a link), no-grant, unavailable, stopping, masks (what may be seen has changed: open it again), masks-unavailable (they can't be painted, so nothing is shown), link (the camera's site can't be reached, or was lost).</param>
sealed record ErrorMessage(string Code, string Detail)
{
    [JsonPropertyOrder(-1)]
    public string Type => "error";
}
