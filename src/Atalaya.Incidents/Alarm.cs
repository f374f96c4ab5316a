using System.Text.Json.Serialization;

namespace Atalaya.Incidents;

/// <summary>Where an alarm stands; design/incidents.md draws the ways between.</summary>
public enum AlarmState
{
    /// <summary>Nobody has taken notice yet.</summary>
    Raised,
    Acknowledged,

    /// <summary>Somebody has it.</summary>
    Assigned,

    /// <summary>Its target passed, or somebody asked for another one: it wants to be acknowledged anew.</summary>
    Escalated,
    Closed,
}

/// <summary>What an alarm or an incident turned out to be.</summary>
public enum AlarmOutcome
{
    Real,

    /// <summary>Nothing of the kind was there.</summary>
    False,

    /// <summary>It was there, and concerns nobody.</summary>
    Nuisance,

    /// <summary>A test or an exercise.</summary>
    Test,
}

/// <summary>A scene event that policy says a person must look at, with those that are the same happening.</summary>
public sealed record Alarm
{
    /// <summary>More cameras aren't listed; their events are counted.</summary>
    public const int MaxCameras = 32;

    /// <summary>That of the scene event which raised it: decided twice, it is still one.</summary>
    public required Guid Id { get; init; }
    public required IncidentType Type { get; init; }
    public required AlarmSeverity Severity { get; init; }
    public AlarmState State { get; init; }

    /// <summary>Which saw it first; empty: the node itself.</summary>
    public required string Camera { get; init; }

    /// <summary>All that saw it, the first one first.</summary>
    public required IReadOnlyList<string> Cameras { get; init; }
    public required string Rule { get; init; }
    public required SceneEventKind Kind { get; init; }
    public ObjectClass? Class { get; init; }
    public string Detail { get; init; } = "";

    /// <inheritdoc cref="SceneEvent.Facts"/>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = SceneEvent.NoFacts;

    /// <summary>Of the first scene event.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Of the latest one.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>When policy decided.</summary>
    public required DateTimeOffset RaisedAt { get; init; }

    /// <summary>Scene events in it, merged and counted ones too.</summary>
    public long Events { get; init; } = 1;

    /// <summary>The policy's clause that raised it.</summary>
    public required string Clause { get; init; }
    public string? AcknowledgedBy { get; init; }
    public DateTimeOffset? AcknowledgedAt { get; init; }
    public string? Assignee { get; init; }

    /// <summary>How often it was escalated.</summary>
    public int Level { get; init; }

    /// <summary>By when somebody must have acknowledged it; null: no target, or met. It doesn't count while the trouble is over.</summary>
    public DateTimeOffset? Due { get; init; }

    /// <summary>When the trouble of the node that it is about ended; null: it goes on, or isn't such an alarm.</summary>
    public DateTimeOffset? OverAt { get; init; }
    public AlarmOutcome? Outcome { get; init; }
    public string? ClosedBy { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>The case it belongs to.</summary>
    public Guid? Incident { get; init; }

    /// <summary>Grows with every step; scene events that join don't change it.</summary>
    public long Version { get; init; } = 1;

    [JsonIgnore]
    public bool IsOpen => State != AlarmState.Closed;

    /// <summary>Nobody is on it.</summary>
    [JsonIgnore]
    public bool IsWaiting => State is AlarmState.Raised or AlarmState.Escalated;

    public static Alarm Raise(SceneEvent scene, AlarmSeverity severity, IncidentType type, string clause, DateTimeOffset now, TimeSpan? target) => new()
    {
        Id = scene.Id,
        Type = type,
        Severity = severity,
        Camera = scene.Camera,
        Cameras = [scene.Camera],
        Rule = scene.Rule,
        Kind = scene.Kind,
        Class = scene.Class,
        Detail = scene.Detail,
        Facts = scene.Facts,
        At = scene.At,
        LastAt = scene.At,
        RaisedAt = now,
        Clause = clause,
        Due = now + target,
    };

    /// <summary>The same with one more scene event of the same happening. The more urgent of both severities stays; a trouble that was over goes on.</summary>
    public Alarm Join(SceneEvent scene, AlarmSeverity severity) => this with
    {
        Cameras = Cameras.Contains(scene.Camera, StringComparer.Ordinal) || Cameras.Count >= MaxCameras ? Cameras : [.. Cameras, scene.Camera],
        At = scene.At < At ? scene.At : At,
        LastAt = scene.At > LastAt ? scene.At : LastAt,
        Events = Events + 1,
        Severity = severity < Severity ? severity : Severity,
        OverAt = null,
    };

    /// <summary>The same with its trouble ended, or as it is if it is closed or its trouble was over already. No step: nobody did anything, and who acts on it needn't look anew.</summary>
    public Alarm Over(DateTimeOffset at) => IsOpen && OverAt is null ? this with { OverAt = at } : this;

    /// <summary>What an act makes of it.</summary>
    /// <param name="target">For how long it may wait after an escalation; null: as long as it likes.</param>
    /// <returns>Unchanged and without a step when the act is refused.</returns>
    public (Alarm Alarm, AlarmStep? Step, AlarmRefusal Refusal) Apply(AlarmAct act, TimeSpan? target = null)
    {
        if (!IsOpen)
            return (this, null, AlarmRefusal.Closed);
        switch (act.Kind)
        {
            case AlarmActKind.Acknowledge when !IsWaiting:
                return (this, null, AlarmRefusal.AlreadyAcknowledged);
            case AlarmActKind.Assign when string.IsNullOrWhiteSpace(act.To):
                return (this, null, AlarmRefusal.NobodyNamed);
            case AlarmActKind.Close when act.Outcome is null:
                return (this, null, AlarmRefusal.NoOutcome);
        }

        var next = act.Kind switch
        {
            AlarmActKind.Acknowledge => this with { State = AlarmState.Acknowledged, AcknowledgedBy = act.By, AcknowledgedAt = act.At, Due = null },
            AlarmActKind.Assign => this with
            {
                State = AlarmState.Assigned,
                Assignee = act.To,
                AcknowledgedBy = AcknowledgedBy ?? act.By,
                AcknowledgedAt = AcknowledgedAt ?? act.At,
                Due = null,
            },
            AlarmActKind.Escalate => this with { State = AlarmState.Escalated, Level = Level + 1, Assignee = act.To ?? Assignee, Due = act.At + target },
            AlarmActKind.Close => this with { State = AlarmState.Closed, Outcome = act.Outcome, ClosedBy = act.By, ClosedAt = act.At, Due = null },
            _ => throw new ArgumentOutOfRangeException(nameof(act), act.Kind, null),
        };
        next = next with { Version = Version + 1 };
        return (next, new(next.Version, State, next.State, act), AlarmRefusal.None);
    }
}

public enum AlarmActKind
{
    Acknowledge,
    Assign,
    Escalate,
    Close,
}

/// <summary>What somebody does with an alarm.</summary>
/// <param name="By">Who; <see cref="Clock"/> when a target passed.</param>
public sealed record AlarmAct(AlarmActKind Kind, string By, DateTimeOffset At)
{
    /// <summary>Who does what nobody did in time.</summary>
    public const string Clock = "clock";

    /// <summary>To whom; needed for <see cref="AlarmActKind.Assign"/>.</summary>
    public string? To { get; init; }

    /// <summary>Needed for <see cref="AlarmActKind.Close"/>.</summary>
    public AlarmOutcome? Outcome { get; init; }
    public string Note { get; init; } = "";
}

/// <summary>One step of an alarm, as it is kept: who, when, from where to where.</summary>
/// <param name="Version">The alarm's after it.</param>
public sealed record AlarmStep(long Version, AlarmState From, AlarmState To, AlarmAct Act);

/// <summary>Why an act on an alarm can't be.</summary>
public enum AlarmRefusal
{
    None,
    Closed,
    AlreadyAcknowledged,
    NobodyNamed,
    NoOutcome,
}

/// <summary>The orders that a list of alarms may have. In each of them rescues come first.</summary>
public static class AlarmOrder
{
    /// <summary>By severity; of the same, who waits longest.</summary>
    public static IComparer<Alarm> Urgency { get; } = Comparer<Alarm>.Create(static (a, b) =>
        a.Severity != b.Severity ? a.Severity.CompareTo(b.Severity) : a.At != b.At ? a.At.CompareTo(b.At) : a.Id.CompareTo(b.Id));

    /// <summary>Rescues, then all others by time, the newest first.</summary>
    public static IComparer<Alarm> Newest { get; } = Comparer<Alarm>.Create(static (a, b) =>
    {
        bool rescueA = a.Severity == AlarmSeverity.Rescue, rescueB = b.Severity == AlarmSeverity.Rescue;
        return rescueA != rescueB ? rescueB.CompareTo(rescueA) : a.At != b.At ? b.At.CompareTo(a.At) : b.Id.CompareTo(a.Id);
    });
}
