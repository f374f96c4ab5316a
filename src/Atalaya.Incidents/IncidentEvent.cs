using System.Text.Json.Serialization;

using Atalaya.Incidents.Policy;

namespace Atalaya.Incidents;

/// <summary>
/// One thing that happened to an incident. All of them in order are the incident: <see cref="Incident.Replay"/>. They are kept as JSON, so
/// a kind once written stays.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Opened), "opened")]
[JsonDerivedType(typeof(AlarmLinked), "alarmLinked")]
[JsonDerivedType(typeof(AlarmUnlinked), "alarmUnlinked")]
[JsonDerivedType(typeof(Classified), "classified")]
[JsonDerivedType(typeof(IncidentAssigned), "assigned")]
[JsonDerivedType(typeof(Dispatched), "dispatched")]
[JsonDerivedType(typeof(Monitored), "monitored")]
[JsonDerivedType(typeof(IncidentEscalated), "escalated")]
[JsonDerivedType(typeof(Ticked), "ticked")]
[JsonDerivedType(typeof(Noted), "noted")]
[JsonDerivedType(typeof(Attached), "attached")]
[JsonDerivedType(typeof(Pinned), "pinned")]
[JsonDerivedType(typeof(Unpinned), "unpinned")]
[JsonDerivedType(typeof(Resolved), "resolved")]
[JsonDerivedType(typeof(IncidentClosed), "closed")]
[JsonDerivedType(typeof(Reopened), "reopened")]
public abstract record IncidentEvent
{
    /// <summary>From 1, without holes; the incident's version after it.</summary>
    public long Number { get; init; }

    /// <summary>Who; <see cref="AlarmAct.Clock"/> when a target passed, <see cref="ByPolicy"/> when policy opened it.</summary>
    public string By { get; init; } = "";
    public DateTimeOffset At { get; init; }

    public const string ByPolicy = "policy";
}

/// <param name="Checklist">As the policy had it then.</param>
/// <param name="Due">By when it must be resolved; null: no target.</param>
public sealed record Opened(Guid Incident, IncidentType Type, AlarmSeverity Severity, string Title, IReadOnlyList<ChecklistItem> Checklist, DateTimeOffset? Due) : IncidentEvent;

public sealed record AlarmLinked(Guid Alarm) : IncidentEvent;

public sealed record AlarmUnlinked(Guid Alarm, string Why) : IncidentEvent;

/// <summary>It is about something else than it seemed, or more or less urgent. The checklist becomes that of the type; what was ticked and is on both stays so.</summary>
public sealed record Classified(IncidentType Type, AlarmSeverity Severity, IReadOnlyList<ChecklistItem> Checklist, DateTimeOffset? Due, string Why) : IncidentEvent;

public sealed record IncidentAssigned(string To) : IncidentEvent;

/// <param name="Patrol">Who was sent.</param>
/// <param name="Task">What they are to do.</param>
public sealed record Dispatched(string Patrol, string Task) : IncidentEvent;

/// <summary>It is watched, and nobody needs to be sent.</summary>
public sealed record Monitored(string Note) : IncidentEvent;

/// <param name="To">Who gets it; null: nobody in particular.</param>
/// <param name="Due">The next target.</param>
public sealed record IncidentEscalated(string? To, DateTimeOffset? Due, string Why) : IncidentEvent;

/// <param name="Item">Id of the checklist's item.</param>
public sealed record Ticked(string Item, TickState State, string Note) : IncidentEvent;

public enum TickState
{
    Open,
    Done,

    /// <summary>It doesn't apply; the note says why.</summary>
    NotApplicable,
}

public sealed record Noted(string Text) : IncidentEvent;

/// <summary>A file or a page that belongs to it, by reference: the incident holds no bytes.</summary>
/// <param name="Reference">Of an export, or an address.</param>
public sealed record Attached(string Name, string Reference) : IncidentEvent;

/// <summary>Footage that stays: a hold was made.</summary>
public sealed record Pinned(string Hold, IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To) : IncidentEvent;

public sealed record Unpinned(string Hold, string Why) : IncidentEvent;

public sealed record Resolved(string Note) : IncidentEvent;

public sealed record IncidentClosed(AlarmOutcome Outcome, string Note) : IncidentEvent;

public sealed record Reopened(string Why) : IncidentEvent;
