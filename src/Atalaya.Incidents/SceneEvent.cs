namespace Atalaya.Incidents;

public enum SceneEventKind
{
    LineCrossed,
    ZoneEntered,
    ZoneLeft,

    /// <summary>Somebody or something has been inside for as long as the rule says.</summary>
    ZoneOccupied,
    Loitering,

    /// <summary>More, or fewer, things than the rule allows.</summary>
    Count,
    Crowd,
    WrongWay,
    LeftBehind,
    Removed,

    /// <summary>Covered, defocused, turned, blinded, or a frozen picture.</summary>
    Tamper,
    StreamLost,
    Motion,

    /// <summary>A contact, a relay, a sensor on the camera's input.</summary>
    Sensor,
    Other,

    /// <summary>Nobody analyses a camera that is to be analysed.</summary>
    AnalysisBlind,

    /// <summary>A camera that is to be recorded isn't.</summary>
    RecordingFailed,

    /// <summary>A disk or an object store is full, absent or below its reserve.</summary>
    StorageTrouble,
}

public enum SceneEventSource
{
    /// <summary>A rule of this node.</summary>
    Rule,

    /// <summary>The camera's own analytics.</summary>
    Camera,

    /// <summary>Another system, or a test, through the API.</summary>
    Injected,

    /// <summary>The node, about itself.</summary>
    Node,
}

/// <summary>What a rule, a camera's own analytics or a sensor reports. Never who somebody is: events about faces and identities don't become one.</summary>
public sealed record SceneEvent
{
    /// <summary>Made where the event was seen (UUID version 7), so that a repeated delivery is known as such.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its id; empty where the node speaks of itself.</summary>
    public required string Camera { get; init; }

    /// <summary>When it happened in the picture, UTC; not when it was noticed.</summary>
    public required DateTimeOffset At { get; init; }
    public required SceneEventKind Kind { get; init; }
    public required SceneEventSource Source { get; init; }

    /// <summary>The rule's id, or the camera's topic.</summary>
    public required string Rule { get; init; }

    /// <summary>Of the thing that did it, if one did.</summary>
    public ObjectClass? Class { get; init; }

    /// <summary>Number of the track on that camera, if it was tracked.</summary>
    public long? Track { get; init; }

    /// <summary>Left, top, width and height of the thing at <see cref="At"/>, as fractions of the picture.</summary>
    public Box? Box { get; init; }

    /// <summary>From 0 to 1: how sure the source is; null if it doesn't say.</summary>
    public double? Score { get; init; }

    /// <summary>One sentence or name for people; may be empty.</summary>
    public string Detail { get; init; } = "";

    /// <summary>What its rule says that it is about; null: the alarm policy decides by kind and class.</summary>
    public IncidentType? Type { get; init; }

    /// <summary>How urgent its rule says that it is; null: the alarm policy decides.</summary>
    public AlarmSeverity? Severity { get; init; }
}
