using System.Text.Json.Serialization;

using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Scene;

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

/// <summary>What analysis saw in one picture, which may have been another stream's.</summary>
/// <param name="Media">When that picture is shown, seconds on the fragments' timeline; null: of the other stream, to be placed by <paramref name="Wall"/>.</param>
/// <param name="Moving">Where it moves.</param>
sealed record SeenMessage(double? Media, DateTimeOffset Wall, IReadOnlyList<BoxJson> Moving, IReadOnlyList<SeenTrackJson> Tracks)
{
    [JsonPropertyOrder(-1)]
    public string Type => "seen";

    public static SeenMessage Of(SeenPicture seen, StreamKind shown) => new(
        seen.Stream == shown ? Math.Round(seen.Media.Seconds, 6) : null, seen.Wall.ToDateTimeOffset(), [.. seen.Moving.Select(Box)],
        [.. seen.Tracks.Select(t => new SeenTrackJson(t.Id, t.Class, Box(t.Box), t.Score, t.Coasting))]);

    static BoxJson Box(Atalaya.Incidents.Box box) => new(box.X, box.Y, box.Width, box.Height);
}

/// <param name="Coasting">This picture didn't show it: that is where it would have gone.</param>
sealed record SeenTrackJson(long Id, Atalaya.Incidents.ObjectClass Class, BoxJson Box, float Score, bool Coasting);

/// <param name="Code">One word for the page: no-camera, no-stream, bad-request, too-many, removed, too-slow, stopping.</param>
sealed record ErrorMessage(string Code, string Detail)
{
    [JsonPropertyOrder(-1)]
    public string Type => "error";
}
