using System.Collections.Immutable;

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

    /// <summary>Little of the time is left in which a partner's request must be answered.</summary>
    RequestDue,

    /// <summary>Nobody here answered a partner's request in time.</summary>
    RequestOverdue,

    /// <summary>A partner didn't answer a request of ours in time.</summary>
    AnswerOverdue,

    /// <summary>A partner hands an incident over.</summary>
    HandedOver,

    /// <summary>Nobody has acknowledged in time what was handed over.</summary>
    HandOverLate,
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
    /// <summary>Of one event, in characters with its names: what is longer isn't kept.</summary>
    public const int MaxFacts = 2000;

    public static IReadOnlyDictionary<string, string> NoFacts { get; } = ImmutableDictionary<string, string>.Empty;

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

    /// <summary>Of a kind whose sentence pages say in their reader's language: what is in it, by name. Times as RFC 3339 has them. Empty: <see cref="Detail"/> is all there is.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = NoFacts;

    /// <summary>What its rule says that it is about; null: the alarm policy decides by kind and class.</summary>
    public IncidentType? Type { get; init; }

    /// <summary>How urgent its rule says that it is; null: the alarm policy decides.</summary>
    public AlarmSeverity? Severity { get; init; }
}
