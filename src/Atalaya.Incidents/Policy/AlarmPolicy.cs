namespace Atalaya.Incidents.Policy;

/// <summary>
/// Which scene events a person must look at, and how soon. Immutable; <see cref="PolicyCheck"/> says whether it is sound, and only a sound one
/// may decide. How it decides: <see cref="Decide"/>.
/// </summary>
public sealed partial record AlarmPolicy
{
    /// <summary>IANA name of the site's time zone, by which schedules run; null: the node's.</summary>
    public string? Zone { get; init; }

    /// <summary>Holidays and other days on which schedules run otherwise.</summary>
    public IReadOnlyList<SpecialDays> Days { get; init; } = [];
    public IReadOnlyList<AlarmSchedule> Schedules { get; init; } = [];

    /// <summary>The first that fits decides.</summary>
    public IReadOnlyList<AlarmClause> Clauses { get; init; } = PolicyDefaults.Clauses;
    public MergeTerms Merge { get; init; } = new();
    public FloodTerms Flood { get; init; } = new();

    /// <summary>Severities that aren't named have no targets.</summary>
    public IReadOnlyList<TargetTerms> Targets { get; init; } = PolicyDefaults.Targets;

    /// <summary>Types that aren't named have no checklist.</summary>
    public IReadOnlyList<Checklist> Checklists { get; init; } = PolicyDefaults.Checklists;

    /// <summary>In force until somebody writes another one.</summary>
    public static AlarmPolicy Default { get; } = new();

    /// <summary>How long an alarm of this severity may wait; null: as long as it likes.</summary>
    public TimeSpan? AcknowledgeWithin(AlarmSeverity severity) =>
        Targets.FirstOrDefault(t => t.Severity == severity)?.AcknowledgeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>How long an incident of this severity may take until it is resolved; null: as long as it takes.</summary>
    public TimeSpan? ResolveWithin(AlarmSeverity severity) =>
        Targets.FirstOrDefault(t => t.Severity == severity)?.ResolveSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Who gets what nobody did in time, at the n-th escalation (from 1); null: nobody in particular.</summary>
    public string? EscalateTo(AlarmSeverity severity, int level)
    {
        var chain = Targets.FirstOrDefault(t => t.Severity == severity)?.EscalateTo ?? [];
        return chain.Count == 0 ? null : chain[Math.Clamp(level, 1, chain.Count) - 1];
    }

    public IReadOnlyList<ChecklistItem> ChecklistOf(IncidentType type) => Checklists.FirstOrDefault(c => c.Type == type)?.Items ?? [];
}

public enum ClauseAction
{
    Raise,

    /// <summary>What fits is no alarm. A rescue is ignored only by a clause that names its rule.</summary>
    Ignore,
}

/// <summary>Which events, when, and what becomes of them. An empty list: any.</summary>
public sealed record AlarmClause
{
    public required string Id { get; init; }
    public string Name { get; init; } = "";
    public IReadOnlyList<SceneEventKind> Kinds { get; init; } = [];
    public IReadOnlyList<SceneEventSource> Sources { get; init; } = [];

    /// <summary>Ids of rules, or topics of cameras.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>An event of no class fits only where none is asked for.</summary>
    public IReadOnlyList<ObjectClass> Classes { get; init; } = [];

    /// <summary>What the event's own rule says that it is about. An event that says nothing fits only where nothing is asked for.</summary>
    public IReadOnlyList<IncidentType> Types { get; init; } = [];
    public IReadOnlyList<string> Cameras { get; init; } = [];

    /// <summary>Of cameras, as they are given to each camera.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Events that are less sure don't fit; those that don't say how sure they are do.</summary>
    public double? MinScore { get; init; }

    /// <summary>Fits within this schedule alone; null: always.</summary>
    public string? Schedule { get; init; }
    public ClauseAction Action { get; init; }

    /// <summary>Also where cameras are disarmed.</summary>
    public bool WhenDisarmed { get; init; }

    /// <summary>Null: what the event's rule says, else by its kind and class.</summary>
    public IncidentType? Type { get; init; }

    /// <summary>Null: what the event's rule says, else by type and class. <see cref="AlarmSeverity.Rescue"/> only with that type.</summary>
    public AlarmSeverity? Severity { get; init; }

    /// <summary>Whether its alarms begin an incident of themselves; null: rescues do.</summary>
    public bool? OpensIncident { get; init; }
}

/// <summary>When scene events are one happening.</summary>
public sealed record MergeTerms
{
    /// <summary>At most so long after the latest event of an alarm (or before the first); 0: nothing is merged. 60 s: somebody walks from one camera's picture into the next.</summary>
    public int Seconds { get; init; } = 60;

    /// <summary>An alarm takes in no more after so long, whatever goes on: what still happens then wants a new look.</summary>
    public int MostSeconds { get; init; } = 600;

    /// <summary>Cameras that see the same place, or places next to each other, list by list.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Neighbours { get; init; } = [];
}

/// <summary>How many alarms one camera may raise of one type; more are counted in the open one of at least their severity. The first is always raised, and so is each rescue.</summary>
public sealed record FloodTerms
{
    /// <summary>0: no bound.</summary>
    public int Alarms { get; init; } = 10;
    public int Seconds { get; init; } = 300;
}

public sealed record TargetTerms
{
    public required AlarmSeverity Severity { get; init; }

    /// <summary>Null: no target.</summary>
    public int? AcknowledgeSeconds { get; init; }

    /// <summary>From opening an incident until it is resolved; null: no target.</summary>
    public int? ResolveSeconds { get; init; }

    /// <summary>Who gets it at the first, second … escalation; the last one gets all that follow.</summary>
    public IReadOnlyList<string> EscalateTo { get; init; } = [];
}

public sealed record Checklist
{
    public required IncidentType Type { get; init; }
    public required IReadOnlyList<ChecklistItem> Items { get; init; }
}

public sealed record ChecklistItem
{
    public required string Id { get; init; }
    public required string Text { get; init; }

    /// <summary>Which of the shipped items it is, so that pages can say it in their language; null: somebody's own words.</summary>
    public string? Key { get; init; }

    /// <summary>A real incident can't be closed before it is done, or marked as not applying.</summary>
    public bool Required { get; init; }
}
