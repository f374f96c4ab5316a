using Atalaya.Incidents.Policy;

namespace Atalaya.Incidents;

/// <summary>Where an incident stands; design/incidents.md draws the ways between.</summary>
public enum IncidentState
{
    Open,
    Assigned,

    /// <summary>A patrol is on its way or there.</summary>
    Dispatched,

    /// <summary>It is watched.</summary>
    Monitored,

    /// <summary>It is over; its outcome isn't written yet.</summary>
    Resolved,
    Closed,
    Reopened,
}

/// <summary>Why something can't happen to an incident.</summary>
public enum IncidentRefusal
{
    None,

    /// <summary>The first event must open it, and no other may.</summary>
    NotOpened,
    AlreadyOpened,
    Closed,
    NotClosed,

    /// <summary>A real one is resolved before it is closed.</summary>
    NotResolved,

    /// <summary>Required items of the checklist are neither done nor marked as not applying.</summary>
    ChecklistOpen,
    NoSuchItem,
    NoSuchAlarm,
    AlreadyLinked,
    NoSuchPin,
    AlreadyPinned,

    /// <summary>Text is missing where it must say who, what or why; or is too long.</summary>
    Words,

    /// <summary>Severity and type don't fit: rescue goes with rescue alone.</summary>
    Severity,

    /// <summary>It holds all that one may.</summary>
    Full,
}

/// <summary>A checklist's item with what became of it.</summary>
public sealed record ChecklistEntry(ChecklistItem Item, TickState State, string? By, DateTimeOffset? At, string Note);

public sealed record Patrol(string Name, string Task, string By, DateTimeOffset At);

public sealed record Attachment(string Name, string Reference, string By, DateTimeOffset At);

public sealed record Pin(string Hold, IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To, string By, DateTimeOffset At);

/// <summary>The case a person works: what its events made of it. Immutable.</summary>
public sealed record Incident
{
    public const int MaxEvents = 5000, MaxAlarms = 500, MaxName = 200, MaxText = 4000;

    public required Guid Id { get; init; }
    public required IncidentType Type { get; init; }
    public required AlarmSeverity Severity { get; init; }
    public required string Title { get; init; }
    public IncidentState State { get; init; }
    public required string OpenedBy { get; init; }
    public required DateTimeOffset OpenedAt { get; init; }
    public string? Assignee { get; init; }
    public IReadOnlyList<Patrol> Patrols { get; init; } = [];
    public IReadOnlyList<Guid> Alarms { get; init; } = [];
    public IReadOnlyList<ChecklistEntry> Checklist { get; init; } = [];
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];
    public IReadOnlyList<Pin> Pins { get; init; } = [];

    /// <summary>How often it was escalated.</summary>
    public int Level { get; init; }

    /// <summary>By when it must be resolved; null: no target, or met.</summary>
    public DateTimeOffset? Due { get; init; }
    public AlarmOutcome? Outcome { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Number of its last event.</summary>
    public long Version { get; init; }

    /// <summary>Of its last event.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    public bool IsOpen => State != IncidentState.Closed;

    /// <summary>What its events make, from the first to the last.</summary>
    /// <exception cref="InvalidDataException">They aren't the story of one incident; the message says which event is wrong.</exception>
    public static Incident Replay(IEnumerable<IncidentEvent> events)
    {
        Incident? incident = null;
        foreach (var next in events)
        {
            if (next.Number != (incident?.Version ?? 0) + 1)
                throw new InvalidDataException($"Event {next.Number} doesn't follow event {incident?.Version ?? 0}.");
            (incident, var refusal) = Apply(incident, next);
            if (refusal != IncidentRefusal.None)
                throw new InvalidDataException($"Event {next.Number} ({next.GetType().Name}) can't be: {refusal}.");
        }

        return incident ?? throw new InvalidDataException("There are no events.");
    }

    /// <summary>What one event makes of an incident. The same rules hold for what somebody wants to do and for what was done.</summary>
    /// <param name="incident">Null: there is none yet.</param>
    /// <returns>The incident as it was when the event is refused.</returns>
    public static (Incident? Incident, IncidentRefusal Refusal) Apply(Incident? incident, IncidentEvent next)
    {
        var refusal = Refuse(incident, next);
        if (refusal != IncidentRefusal.None)
            return (incident, refusal);
        if (next is Opened opened)
        {
            return (new Incident
            {
                Id = opened.Incident,
                Type = opened.Type,
                Severity = opened.Severity,
                Title = opened.Title,
                OpenedBy = opened.By,
                OpenedAt = opened.At,
                Checklist = Entries(opened.Checklist, []),
                Due = opened.Due,
                Version = opened.Number,
                ChangedAt = opened.At,
            }, IncidentRefusal.None);
        }

        var changed = next switch
        {
            AlarmLinked e => incident! with { Alarms = [.. incident.Alarms, e.Alarm] },
            AlarmUnlinked e => incident! with { Alarms = [.. incident.Alarms.Where(a => a != e.Alarm)] },
            Classified e => incident! with { Type = e.Type, Severity = e.Severity, Checklist = Entries(e.Checklist, incident.Checklist), Due = e.Due },
            IncidentAssigned e => incident! with { Assignee = e.To, State = Forward(incident.State, IncidentState.Assigned) },
            Dispatched e => incident! with { Patrols = [.. incident.Patrols, new(e.Patrol, e.Task, e.By, e.At)], State = IncidentState.Dispatched },
            Monitored => incident! with { State = IncidentState.Monitored },
            IncidentEscalated e => incident! with { Level = incident.Level + 1, Assignee = e.To ?? incident.Assignee, Due = e.Due },
            Ticked e => incident! with { Checklist = [.. incident.Checklist.Select(c => c.Item.Id == e.Item ? c with { State = e.State, By = e.By, At = e.At, Note = e.Note } : c)] },
            Noted => incident!,
            Attached e => incident! with { Attachments = [.. incident.Attachments, new(e.Name, e.Reference, e.By, e.At)] },
            Pinned e => incident! with { Pins = [.. incident.Pins, new(e.Hold, e.Cameras, e.From, e.To, e.By, e.At)] },
            Unpinned e => incident! with { Pins = [.. incident.Pins.Where(p => p.Hold != e.Hold)] },
            Resolved => incident! with { State = IncidentState.Resolved, Due = null },
            IncidentClosed e => incident! with { State = IncidentState.Closed, Outcome = e.Outcome, ClosedAt = e.At, Due = null },
            Reopened => incident! with { State = IncidentState.Reopened, Outcome = null, ClosedAt = null },
            _ => throw new ArgumentOutOfRangeException(nameof(next), next.GetType().Name, "An event that isn't known."),
        };
        return (changed with { Version = next.Number, ChangedAt = next.At > incident!.ChangedAt ? next.At : incident.ChangedAt }, IncidentRefusal.None);
    }

    static IncidentRefusal Refuse(Incident? incident, IncidentEvent next)
    {
        if (next is Opened opened)
        {
            return incident is not null ? IncidentRefusal.AlreadyOpened
                : !Fit(opened.Type, opened.Severity) ? IncidentRefusal.Severity
                : Short(opened.Title);
        }

        if (incident is null)
            return IncidentRefusal.NotOpened;
        if (incident.Version >= MaxEvents && next is not (IncidentClosed or Resolved))
            return IncidentRefusal.Full;
        // What is closed can still be told about, and what it holds let go.
        if (!incident.IsOpen && next is not (Reopened or Noted or Attached or Unpinned))
            return IncidentRefusal.Closed;
        return next switch
        {
            AlarmLinked e => incident.Alarms.Contains(e.Alarm) ? IncidentRefusal.AlreadyLinked : incident.Alarms.Count >= MaxAlarms ? IncidentRefusal.Full : IncidentRefusal.None,
            AlarmUnlinked e => incident.Alarms.Contains(e.Alarm) ? Long(e.Why) : IncidentRefusal.NoSuchAlarm,
            Classified e => Fit(e.Type, e.Severity) ? Long(e.Why) : IncidentRefusal.Severity,
            IncidentAssigned e => Short(e.To),
            Dispatched e => Short(e.Patrol) is var bad and not IncidentRefusal.None ? bad : Long(e.Task, mayBeEmpty: true),
            Monitored e => Long(e.Note, mayBeEmpty: true),
            IncidentEscalated e => Long(e.Why),
            Ticked e => incident.Checklist.All(c => c.Item.Id != e.Item) ? IncidentRefusal.NoSuchItem : Long(e.Note, mayBeEmpty: e.State != TickState.NotApplicable),
            Noted e => Long(e.Text),
            Attached e => Short(e.Name) is var bad and not IncidentRefusal.None ? bad : Long(e.Reference),
            Pinned e => incident.Pins.Any(p => p.Hold == e.Hold) ? IncidentRefusal.AlreadyPinned : IncidentRefusal.None,
            Unpinned e => incident.Pins.Any(p => p.Hold == e.Hold) ? Long(e.Why) : IncidentRefusal.NoSuchPin,
            Resolved e => Long(e.Note, mayBeEmpty: true),
            IncidentClosed e => Closing(incident, e),
            Reopened e => incident.IsOpen ? IncidentRefusal.NotClosed : Long(e.Why),
            _ => IncidentRefusal.None,
        };
    }

    // What wasn't real needs neither a resolution nor a checklist.
    static IncidentRefusal Closing(Incident incident, IncidentClosed e) =>
        e.Outcome == AlarmOutcome.Real && incident.State != IncidentState.Resolved ? IncidentRefusal.NotResolved
        : e.Outcome == AlarmOutcome.Real && incident.Checklist.Any(c => c.Item.Required && c.State == TickState.Open) ? IncidentRefusal.ChecklistOpen
        : Long(e.Note, mayBeEmpty: true);

    /// <summary>Assigning again, while a patrol is out or all is over, changes who, not where it stands.</summary>
    static IncidentState Forward(IncidentState now, IncidentState to) => now is IncidentState.Open or IncidentState.Reopened or IncidentState.Assigned ? to : now;

    static bool Fit(IncidentType type, AlarmSeverity severity) => (type == IncidentType.Rescue) == (severity == AlarmSeverity.Rescue);

    static IncidentRefusal Short(string? text) => string.IsNullOrWhiteSpace(text) || text.Length > MaxName ? IncidentRefusal.Words : IncidentRefusal.None;

    static IncidentRefusal Long(string? text, bool mayBeEmpty = false) =>
        text is null || text.Length > MaxText || (!mayBeEmpty && string.IsNullOrWhiteSpace(text)) ? IncidentRefusal.Words : IncidentRefusal.None;

    static ChecklistEntry[] Entries(IReadOnlyList<ChecklistItem> items, IReadOnlyList<ChecklistEntry> before) =>
        [.. items.Select(i => before.FirstOrDefault(b => b.Item.Id == i.Id) is { } kept ? kept with { Item = i } : new(i, TickState.Open, null, null, ""))];
}
