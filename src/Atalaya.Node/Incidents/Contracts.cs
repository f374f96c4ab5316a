using System.ComponentModel;

using Atalaya.Incidents;
using Atalaya.Node.Storage;

namespace Atalaya.Node.Incidents;

[Description("What a list shows of an incident.")]
public sealed record IncidentLineJson(
    Guid Id, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, string? Assignee, DateTimeOffset OpenedAt, DateTimeOffset ChangedAt,
    [property: Description("By when it must be resolved; null: no target, or met.")] DateTimeOffset? Due, DateTimeOffset? ClosedAt, long Version)
{
    internal static IncidentLineJson Of(IncidentLine l) => new(l.Id, l.Type, l.Severity, l.State, l.Title, l.Assignee, l.OpenedAt, l.ChangedAt, l.Due, l.ClosedAt, l.Version);
}

public sealed record IncidentPageJson(
    [property: Description("In the order that was asked for. Rescues are first in each.")] IReadOnlyList<IncidentLineJson> Incidents,
    [property: Description("For 'cursor' of the next page; null: there is no more.")] string? Next,
    [property: Description("Number of the last change that this page knows: for GET /api/alarms/changes.")] long Change);

public sealed record ChecklistEntryJson(
    string Id,
    [property: Description("As the policy had it when the incident got it.")] string Text,
    [property: Description("A real incident can't be closed before it is done or doesn't apply.")] bool Required,
    TickState State, string? By, DateTimeOffset? At, string Note);

public sealed record PatrolJson(string Name, string Task, string By, DateTimeOffset At);

public sealed record AttachmentJson(string Name, [property: Description("Id of an export, or an address.")] string Reference, string By, DateTimeOffset At);

public sealed record PinJson(
    [property: Description("Id of the hold: GET /api/holds.")] string Hold, IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To, string By, DateTimeOffset At);

[Description("A case, and the story that it is made of.")]
public sealed record IncidentJson(
    Guid Id, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, string OpenedBy, DateTimeOffset OpenedAt, string? Assignee,
    [property: Description("Who was sent, in order.")] IReadOnlyList<PatrolJson> Patrols,
    [property: Description("Ids.")] IReadOnlyList<Guid> Alarms,
    IReadOnlyList<ChecklistEntryJson> Checklist, IReadOnlyList<AttachmentJson> Attachments,
    [property: Description("Footage that stays.")] IReadOnlyList<PinJson> Pins,
    [property: Description("How often it was escalated.")] int Level,
    [property: Description("By when it must be resolved; null: no target, or met.")] DateTimeOffset? Due,
    AlarmOutcome? Outcome, DateTimeOffset? ClosedAt, DateTimeOffset ChangedAt,
    [property: Description("For If-Match: the number of the story's last event.")] long Version,
    [property: Description("Everything that happened to it, from the first on.")] IReadOnlyList<IncidentEvent> Story)
{
    internal static IncidentJson Of(Incident i, IReadOnlyList<IncidentEvent> story) => new(
        i.Id, i.Type, i.Severity, i.State, i.Title, i.OpenedBy, i.OpenedAt, i.Assignee, [.. i.Patrols.Select(p => new PatrolJson(p.Name, p.Task, p.By, p.At))], i.Alarms,
        [.. i.Checklist.Select(c => new ChecklistEntryJson(c.Item.Id, c.Item.Text, c.Item.Required, c.State, c.By, c.At, c.Note))],
        [.. i.Attachments.Select(a => new AttachmentJson(a.Name, a.Reference, a.By, a.At))], [.. i.Pins.Select(p => new PinJson(p.Hold, p.Cameras, p.From, p.To, p.By, p.At))],
        i.Level, i.Due, i.Outcome, i.ClosedAt, i.ChangedAt, i.Version, story);
}

public sealed record OpenIncidentRequestJson
{
    [Description("Required.")]
    public IncidentType? Type { get; init; }

    [Description("Absent: rescue for a rescue, else high.")]
    public AlarmSeverity? Severity { get; init; }

    [Description("1 to 200 characters. Required.")]
    public string? Title { get; init; }

    [Description("Ids of alarms that belong to it.")]
    public IReadOnlyList<Guid>? Alarms { get; init; }
}

public sealed record IncidentAssignRequestJson
{
    [Description("Who gets it, 1 to 200 characters. Required.")]
    public string? To { get; init; }
}

public sealed record DispatchRequestJson
{
    [Description("Who is sent, 1 to 200 characters. Required.")]
    public string? Patrol { get; init; }

    [Description("What they are to do.")]
    public string? Task { get; init; }
}

public sealed record NoteRequestJson
{
    [Description("At most 4000 characters.")]
    public string? Note { get; init; }
}

public sealed record WhyRequestJson
{
    [Description("1 to 4000 characters. Required.")]
    public string? Why { get; init; }
}

public sealed record EscalateIncidentRequestJson
{
    [Description("Who gets it; absent: whom the policy names next.")]
    public string? To { get; init; }

    [Description("1 to 4000 characters. Required.")]
    public string? Why { get; init; }
}

public sealed record ClassifyRequestJson
{
    [Description("Required.")]
    public IncidentType? Type { get; init; }

    [Description("Required; 'rescue' goes with type 'rescue' alone.")]
    public AlarmSeverity? Severity { get; init; }

    [Description("1 to 4000 characters. Required.")]
    public string? Why { get; init; }
}

public sealed record TickRequestJson
{
    [Description("Required.")]
    public TickState? State { get; init; }

    [Description("Required where it doesn't apply: why.")]
    public string? Note { get; init; }
}

public sealed record AttachRequestJson
{
    [Description("1 to 200 characters. Required.")]
    public string? Name { get; init; }

    [Description("Id of an export, or an address; the incident holds no bytes. Required.")]
    public string? Reference { get; init; }
}

public sealed record LinkRequestJson
{
    [Description("Id of an alarm that is in no incident. Required.")]
    public Guid? Alarm { get; init; }
}

public sealed record PinRequestJson
{
    [Description("Absent: those of its alarms.")]
    public IReadOnlyList<string>? Cameras { get; init; }

    [Description("RFC 3339 with a zone. Absent: ten seconds before its first alarm.")]
    public string? From { get; init; }

    [Description("Absent: ten seconds after the latest event of its alarms.")]
    public string? To { get; init; }

    [Description("Make it although the hold's assessment warns. Default false.")]
    public bool? Accept { get; init; }
}

public sealed record PinnedJson(IncidentJson Incident, HoldMadeJson Hold);

public sealed record CloseIncidentRequestJson
{
    [Description("What it was; its alarms that are still open are closed as the same. Required.")]
    public AlarmOutcome? Outcome { get; init; }
    public string? Note { get; init; }
}
