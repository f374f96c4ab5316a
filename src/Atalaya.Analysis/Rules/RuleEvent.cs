using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>A rule saw what it looks for. Becomes a <see cref="SceneEvent"/> where the camera is known.</summary>
public sealed record RuleEvent
{
    /// <summary>Id of the rule.</summary>
    public required string Rule { get; init; }
    public required SceneEventKind Kind { get; init; }

    /// <summary>When it happened in the picture, between pictures where that can be told.</summary>
    public required MediaTime At { get; init; }
    public required WallTime Wall { get; init; }

    /// <summary>The picture that made the rule sure: never before <see cref="At"/>.</summary>
    public required MediaTime Noticed { get; init; }
    public ObjectClass? Class { get; init; }
    public long? Track { get; init; }

    /// <summary>Of the thing, in the picture of <see cref="Noticed"/>.</summary>
    public Box? Box { get; init; }
    public float? Score { get; init; }

    /// <summary>Things counted, for count and crowd.</summary>
    public int? Count { get; init; }

    /// <summary>For a line; never <see cref="LineDirection.Both"/>.</summary>
    public LineDirection? Direction { get; init; }
    public TamperKind? Tamper { get; init; }

    /// <summary>As its rule says; null: the alarm policy decides.</summary>
    public AlarmSeverity? Severity { get; init; }

    /// <summary>What its rule says that it is about; null: the alarm policy decides.</summary>
    public IncidentType? Incident { get; init; }

    /// <summary>Where it stood, in metres of the <see cref="GroundPlane"/>, if there is one.</summary>
    public GroundPoint? Ground { get; init; }

    /// <summary>Over ground, metres per second, if there is a <see cref="GroundPlane"/>.</summary>
    public double? Speed { get; init; }

    /// <param name="id">UUID version 7, made by the caller.</param>
    public SceneEvent ToSceneEvent(Guid id, string camera) => new()
    {
        Id = id,
        Camera = camera,
        At = Wall.ToDateTimeOffset(),
        Kind = Kind,
        Source = SceneEventSource.Rule,
        Rule = Rule,
        Class = Class,
        Track = Track,
        Box = Box,
        Score = Score,
        Detail = Detail,
        Type = Incident,
        Severity = Severity,
    };

    // Names, not sentences: the page speaks the operator's language.
    /// <summary>Direction, tamper kind or number, as one word.</summary>
    public string Detail =>
        Direction is { } direction ? direction.ToString()
        : Tamper is { } tamper ? tamper.ToString()
        : Count is { } count ? count.ToString()
        : "";
}

/// <summary>Metres on the ground: east and north of the calibration's origin, or along its own axes if it isn't placed on a map.</summary>
public readonly record struct GroundPoint(double X, double Y);
