using System.Text.Json.Serialization;

using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// What shall be noticed on one camera. Immutable: a change is a new rule. As JSON and YAML in <c>ref/rules.md</c>; durations are in
/// seconds, places are fractions of the picture's width and height.
/// </summary>
/// <remarks>Only <see cref="RuleReader"/> makes sure that the values make sense; one who builds rules by hand calls <see cref="RuleCheck"/>.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(LineRule), "line")]
[JsonDerivedType(typeof(ZoneRule), "zone")]
[JsonDerivedType(typeof(LoiteringRule), "loitering")]
[JsonDerivedType(typeof(CountRule), "count")]
[JsonDerivedType(typeof(CrowdRule), "crowd")]
[JsonDerivedType(typeof(WrongWayRule), "wrongWay")]
[JsonDerivedType(typeof(LeftBehindRule), "leftBehind")]
[JsonDerivedType(typeof(RemovedRule), "removed")]
[JsonDerivedType(typeof(TamperRule), "tamper")]
[JsonDerivedType(typeof(StreamRule), "stream")]
public abstract record Rule
{
    /// <summary>Unique on its camera, and stays when the name changes; events carry it. The name if none is given.</summary>
    public required string Id { get; init; }

    /// <summary>For people; 1 to 80 characters.</summary>
    public required string Name { get; init; }

    public bool Enabled { get; init; } = true;

    /// <summary>When it watches; null: always.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>How long what it looks for must hold before it is raised. What this means for each kind stands at the kind.</summary>
    public double Dwell { get; init; }

    /// <summary>How urgent what it raises is; null: the site's alarm policy decides. <see cref="AlarmSeverity.Rescue"/> makes it a rescue.</summary>
    public AlarmSeverity? Severity { get; init; }

    /// <summary>What it is about, where the kind of event and the class don't say it; null: the alarm policy decides.</summary>
    public IncidentType? Incident { get; init; }

    /// <summary>How long it must be over, for the same thing or for the scene, before it can be raised anew.</summary>
    public double Rearm { get; init; }
}

/// <summary>The point of a thing that counts as its place.</summary>
public enum Anchor
{
    /// <summary>The middle of the lower edge: where it stands. Right wherever the camera looks down on the ground.</summary>
    Feet,

    /// <summary>The middle: for cameras from straight above, for boats, for things that fences or walls hide the feet of.</summary>
    Centre,
}

/// <summary>A rule about things that move, with a filter on what they are.</summary>
public abstract record TrackRule : Rule
{
    /// <summary>Empty: every class.</summary>
    public IReadOnlyList<ObjectClass> Classes { get; init; } = [];

    public Anchor Anchor { get; init; }

    /// <summary>Height of the box as a fraction of the picture's height: less isn't looked at.</summary>
    public double? MinHeight { get; init; }
    public double? MaxHeight { get; init; }

    /// <summary>Height of the thing in metres; needs a <see cref="GroundPlane"/>. Where that can't tell, the thing passes.</summary>
    public double? MinMetres { get; init; }
    public double? MaxMetres { get; init; }

    /// <summary>Over ground, metres per second; needs a <see cref="GroundPlane"/>.</summary>
    public double? MinSpeed { get; init; }
    public double? MaxSpeed { get; init; }
}

/// <summary>Which way across a line, seen by one who walks along it from its first point to its last.</summary>
public enum LineDirection
{
    Both,
    LeftToRight,
    RightToLeft,
}

/// <summary>A thing crosses a line. <see cref="Rule.Dwell"/>: it stays on the far side for so long. <see cref="Rule.Rearm"/>: no second passage of the same thing counts before.</summary>
public sealed record LineRule : TrackRule
{
    /// <summary>Two or more.</summary>
    public required IReadOnlyList<Point> Points { get; init; }
    public LineDirection Direction { get; init; }
}

public enum ZoneEventKind
{
    /// <summary>It comes from outside, or appears in it and moves about. What was there when the watch began hasn't entered.</summary>
    Enter,

    /// <summary>It goes out; one that vanishes inside doesn't leave.</summary>
    Leave,

    /// <summary>It has been inside without a break for <see cref="ZoneRule.Seconds"/>.</summary>
    Inside,
}

/// <summary>A thing enters or leaves a zone or stays in it. <see cref="Rule.Rearm"/>: it must have been outside for so long to enter anew.</summary>
public sealed record ZoneRule : TrackRule
{
    /// <summary>Corners of a polygon; three or more, closed by itself.</summary>
    public required IReadOnlyList<Point> Points { get; init; }
    public ZoneEventKind Event { get; init; }

    /// <summary>For <see cref="ZoneEventKind.Inside"/>.</summary>
    public double Seconds { get; init; } = 10;
}

/// <summary>
/// Somebody hangs about: the time inside is summed up, and runs down outside as fast as it ran up, so that who paces to and fro is
/// noticed too. Raised anew when it has run down to nothing.
/// </summary>
public sealed record LoiteringRule : TrackRule
{
    /// <summary>Empty: the whole picture.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];
    public double Seconds { get; init; } = 60;
}

/// <summary>The number of things in a zone reaches a bound for <see cref="Rule.Dwell"/>; raised anew after <see cref="Rule.Rearm"/> within it.</summary>
public sealed record CountRule : TrackRule
{
    // A second: a track that the tracker loses for a moment doesn't change the number.
    public CountRule() => (Dwell, Rearm) = (1, 2);

    /// <summary>Empty: the whole picture.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];

    /// <summary>Raised when so many are there, or more. One of the two must be given.</summary>
    public int? AtLeast { get; init; }

    /// <summary>Raised when so many are there, or fewer.</summary>
    public int? AtMost { get; init; }
}

/// <summary>
/// People gather: as many, or as densely, as given, for <see cref="Rule.Dwell"/>. Over only when a fifth fewer are left, so that one who
/// comes and goes at the edge doesn't raise it each time. <see cref="TrackRule.Classes"/> are people unless given.
/// </summary>
public sealed record CrowdRule : TrackRule
{
    // Who passes by in a group is no crowd; one that dissolves for less than half a minute is still the same.
    public CrowdRule() => (Classes, Dwell, Rearm) = ([ObjectClass.Person], 5, 30);

    /// <summary>Empty: the whole picture.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];
    public int AtLeast { get; init; } = 10;

    /// <summary>People per square metre of the zone, beside the number; needs a <see cref="GroundPlane"/> and points.</summary>
    public double? Density { get; init; }
}

/// <summary>A thing goes against the one direction that is right here. <see cref="Rule.Rearm"/>: not again for the same thing before.</summary>
public sealed record WrongWayRule : TrackRule
{
    /// <summary>Empty: the whole picture.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];

    /// <summary>The right way: from the first of two points to the second.</summary>
    public required IReadOnlyList<Point> Way { get; init; }

    /// <summary>Degrees from straight against it that still count; 60: what is more across than against doesn't.</summary>
    public double Tolerance { get; init; } = 60;

    /// <summary>How far against, in lengths of the thing's own longer side, before it is raised: a step back is none.</summary>
    public double Distance { get; init; } = 1.5;
}

/// <summary>A thing rests and whoever brought it has gone. <see cref="TrackRule.Classes"/> empty: bags and other things.</summary>
public sealed record LeftBehindRule : TrackRule
{
    /// <summary>Empty: the whole picture.</summary>
    public IReadOnlyList<Point> Points { get; init; } = [];

    /// <summary>So long at rest with nobody near.</summary>
    public double Seconds { get; init; } = 30;

    /// <summary>A person this close, in heights of that person, looks after it.</summary>
    public double Near { get; init; } = 1.5;
}

/// <summary>Where something stood that shall stay, the picture has changed for good: it was taken, moved or covered.</summary>
public sealed record RemovedRule : Rule
{
    /// <summary>Round the thing, closely; three or more.</summary>
    public required IReadOnlyList<Point> Points { get; init; }

    /// <summary>So long changed with nobody in front.</summary>
    public double Seconds { get; init; } = 10;
}

public enum TamperKind
{
    Covered,
    Defocused,
    Turned,
    Blinded,
    Frozen,
}

/// <summary>Somebody tampered with the camera, or it fails in a way that looks the same.</summary>
public sealed record TamperRule : Rule
{
    public TamperRule() => Rearm = 10;

    /// <summary>Empty: all.</summary>
    public IReadOnlyList<TamperKind> Kinds { get; init; } = [];

    // A passing lorry, an exposure that settles and a switch to infrared are over in less.
    public double Seconds { get; init; } = 5;

    // Coders repeat a still picture until the next key frame, which may be 10 s away; then noise shows.
    /// <summary>For <see cref="TamperKind.Frozen"/>: pictures that don't differ in one pixel.</summary>
    public double FrozenSeconds { get; init; } = 20;
}

/// <summary>No picture came for <see cref="Seconds"/>.</summary>
public sealed record StreamRule : Rule
{
    public double Seconds { get; init; } = 10;
}
