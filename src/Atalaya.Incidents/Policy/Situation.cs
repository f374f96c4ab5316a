namespace Atalaya.Incidents.Policy;

/// <summary>What a decision depends on besides policy and event. A snapshot; more than is needed does no harm.</summary>
public sealed record Situation
{
    /// <summary>The policy's zone, or the node's.</summary>
    public required TimeZoneInfo Zone { get; init; }

    /// <summary>Where cameras belong, by id; one that isn't here belongs nowhere.</summary>
    public IReadOnlyDictionary<string, CameraPlace> Places { get; init; } = new Dictionary<string, CameraPlace>();

    /// <summary>Now and before: an event that comes late is judged by its own time.</summary>
    public IReadOnlyList<Disarming> Disarmings { get; init; } = [];
    public IReadOnlyList<Suppression> Suppressions { get; init; } = [];

    /// <summary>Alarms that the event might belong to, and those that its camera raised within <see cref="FloodTerms.Seconds"/>; closed ones too.</summary>
    public IReadOnlyList<Alarm> Recent { get; init; } = [];

    internal CameraPlace PlaceOf(string camera) => Places.TryGetValue(camera, out var place) ? place : CameraPlace.None;
}

/// <summary>The site and the groups that a camera was given; rights go by the same.</summary>
/// <param name="Site">Empty: none.</param>
public sealed record CameraPlace(string Site, IReadOnlyList<string> Groups)
{
    public static CameraPlace None { get; } = new("", []);
}

/// <summary>A stretch in which a group of cameras, a site or everything isn't armed.</summary>
/// <param name="Group">Null: not by group.</param>
/// <param name="Until">Null: until somebody arms it again.</param>
public sealed record Disarming(Guid Id, string? Group, DateTimeOffset From, DateTimeOffset? Until, string By, string Reason)
{
    /// <summary>Null, as <see cref="Group"/>: everything.</summary>
    public string? Site { get; init; }

    /// <summary>What isn't armed, in words.</summary>
    public string What => Group is not null ? $"group '{Group}'" : Site is not null ? $"site '{Site}'" : "everything";

    public bool Concerns(CameraPlace place) =>
        Group is not null ? place.Groups.Contains(Group, StringComparer.Ordinal) : Site is null || place.Site == Site;

    public bool Holds(DateTimeOffset at) => at >= From && (Until is not { } end || at < end);
}

/// <summary>Events that raise nothing for a while, by somebody's word. Lists as in <see cref="AlarmClause"/>; at least one isn't empty.</summary>
public sealed record Suppression
{
    public required Guid Id { get; init; }
    public IReadOnlyList<string> Cameras { get; init; } = [];
    public IReadOnlyList<string> Groups { get; init; } = [];
    public IReadOnlyList<string> Rules { get; init; } = [];
    public IReadOnlyList<SceneEventKind> Kinds { get; init; } = [];
    public required DateTimeOffset From { get; init; }

    /// <summary>Always there: nothing is suppressed for good.</summary>
    public required DateTimeOffset Until { get; init; }
    public required string Reason { get; init; }
    public required string By { get; init; }

    /// <summary>Ended early by.</summary>
    public string? EndedBy { get; init; }

    public bool Holds(DateTimeOffset at) => at >= From && at < Until;
}
