using System.Text.Json.Serialization;

using Atalaya.Media;

namespace Atalaya.Node.Live;

// What a viewer is told between the pictures, as JSON in text messages. `type` comes first.

sealed record InitMessage(string Mime, string Codec, int Width, int Height, StreamKind Stream)
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

/// <param name="Code">One word for the page: no-camera, no-stream, bad-request, too-many, removed, too-slow, stopping.</param>
sealed record ErrorMessage(string Code, string Detail)
{
    [JsonPropertyOrder(-1)]
    public string Type => "error";
}
