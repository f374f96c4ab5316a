using System.ComponentModel;

using Atalaya.Incidents;

namespace Atalaya.Node.Scene;

public sealed record BoxJson(
    [property: Description("Left edge, as a fraction of the picture's width.")] float X,
    [property: Description("Upper edge, as a fraction of the picture's height.")] float Y,
    float Width,
    float Height);

public sealed record SceneEventJson(
    Guid Id,
    string Camera,
    [property: Description("When it happened in the picture.")] DateTimeOffset At,
    SceneEventKind Kind,
    SceneEventSource Source,
    [property: Description("The rule's id, or the camera's own topic.")] string Rule,
    [property: Description("What did it, if something did.")] ObjectClass? Class,
    long? Track,
    BoxJson? Box,
    [property: Description("From 0 to 1: how sure the source is; null if it doesn't say.")] double? Score,
    [property: Description("For people; may be empty.")] string Detail,
    [property: Description("Of kinds whose sentence a page says in its reader's language: what is in it, by name; empty of others.")] IReadOnlyDictionary<string, string> Facts,
    [property: Description("What its rule says that it is about; null: the alarm policy decides.")] IncidentType? Type,
    [property: Description("How urgent its rule says that it is; null: the alarm policy decides.")] AlarmSeverity? Severity)
{
    internal static SceneEventJson Of(SceneEvent scene) => new(
        scene.Id, scene.Camera, scene.At, scene.Kind, scene.Source, scene.Rule, scene.Class, scene.Track,
        scene.Box is { } box ? new(box.X, box.Y, box.Width, box.Height) : null, scene.Score, scene.Detail, scene.Facts, scene.Type, scene.Severity);
}

public sealed record SceneEventPageJson(
    [property: Description("The newest first.")] IReadOnlyList<SceneEventJson> Events,
    [property: Description("For 'cursor' of the next page, which is older; null: there is no more.")] string? Next);

public sealed record SceneMarkJson(
    [property: Description("The first in its step.")] DateTimeOffset At,
    SceneEventKind Kind,
    [property: Description("Events of this kind in the step.")] long Count);

public sealed record SceneEventInputJson
{
    [Description("Best a UUID of version 7, made where the event was seen: sent again, it is there once. Made here when left out.")]
    public Guid? Id { get; init; }

    [Description("The camera's id. Required.")]
    public string? Camera { get; init; }

    [Description("When it happened in the picture. Default: now.")]
    public DateTimeOffset? At { get; init; }

    [Description("Required.")]
    public SceneEventKind? Kind { get; init; }

    [Description("What reports it: a rule or a sensor of the other system, 1 to 200 characters. Required.")]
    public string? Rule { get; init; }

    public ObjectClass? Class { get; init; }
    public long? Track { get; init; }
    public BoxInputJson? Box { get; init; }

    [Description("From 0 to 1.")]
    public double? Score { get; init; }

    [Description("For people, at most 500 characters. Never who somebody is.")]
    public string? Detail { get; init; }

    [Description("What it is about, if the other system knows. 'rescue' reaches a person whatever is disarmed or suppressed.")]
    public IncidentType? Type { get; init; }

    [Description("How urgent it is, if the other system knows.")]
    public AlarmSeverity? Severity { get; init; }
}

public sealed record BoxInputJson
{
    public float X { get; init; }
    public float Y { get; init; }
    public float Width { get; init; }
    public float Height { get; init; }
}
