using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Federation.Grants;
using Atalaya.Incidents;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Where somebody or something was seen last. WGS 84.</summary>
/// <param name="Camera">Name of the one that saw it.</param>
public sealed record CardPosition(double Latitude, double Longitude, DateTimeOffset At, string Camera);

/// <summary>What another organisation is told of an incident: what, where, when, how it stands. No names of people who work it, no notes, no footage.</summary>
/// <param name="Id">At its owner's.</param>
/// <param name="Position">Last known; null: its cameras stand nowhere on the map.</param>
/// <param name="Cameras">Names of those that saw it.</param>
public sealed record IncidentCard(
    string Format, Guid Id, string Site, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, DateTimeOffset OpenedAt, DateTimeOffset LastAt, AlarmOutcome? Outcome,
    IReadOnlyList<string> Cameras, CardPosition? Position, string Note)
{
    public const string FormatName = "atalaya-card-1";

    /// <summary>Of its text, bytes: it is part of a message.</summary>
    public const int MaxLength = 16 << 10;

    const int MaxText = 1000, MaxCameras = 50;

    /// <summary>With names on one line each: as it can be read.</summary>
    public string Text() => JsonSerializer.Serialize(
        this with
        {
            Title = ShareDocument.Clean(Title, MaxText),
            Site = ShareDocument.Clean(Site, MaxText),
            Cameras = [.. Cameras.Select(c => ShareDocument.Clean(c, MaxText))],
            Position = Position is { } at ? at with { Camera = ShareDocument.Clean(at.Camera, MaxText) } : null,
        },
        CardJson.Default.IncidentCard);

    public static bool TryRead(string text, out IncidentCard card)
    {
        card = null!;
        if (text.Length > MaxLength)
            return false;
        try
        {
            if (JsonSerializer.Deserialize(text, CardJson.Default.IncidentCard) is not { Format: FormatName } read || !IsText(read.Title) || !IsText(read.Site) || !IsText(read.Note)
                || read.Cameras.Count > MaxCameras || !read.Cameras.All(IsText) || !Enum.IsDefined(read.Type) || !Enum.IsDefined(read.Severity) || !Enum.IsDefined(read.State)
                || (read.Position is { } at && (!(Math.Abs(at.Latitude) <= 90 && Math.Abs(at.Longitude) <= 180) || !IsText(at.Camera))))
            {
                return false;
            }

            card = read;
            return true;
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException or InvalidOperationException)
        {
            return false;
        }
    }

    static bool IsText(string? text) => text is { Length: <= MaxText } && !text.Any(c => char.IsControl(c) && c != '\n');
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(IncidentCard))]
sealed partial class CardJson : JsonSerializerContext;
