using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Incidents;

namespace Atalaya.Federation.Centre;

/// <summary>An alarm as it is at its site.</summary>
/// <param name="Change">The site's change number: it grows with whatever happens to the alarm, while its version doesn't with events that join.</param>
public sealed record SiteAlarm(long Change, Alarm Alarm)
{
    public const int MaxWords = 2000;

    [JsonIgnore]
    public bool IsSound =>
        Change > 0 && Alarm.Cameras.Count <= Alarm.MaxCameras && Alarm.Cameras.Append(Alarm.Camera).All(c => c is "" || SiteCamera.IsId(c))
        && Enum.IsDefined(Alarm.Severity) && Enum.IsDefined(Alarm.Type) && Enum.IsDefined(Alarm.State) && Enum.IsDefined(Alarm.Kind) && Alarm.Version > 0 && Alarm.Level >= 0
        && Alarm.Rule.Length <= MaxWords && Alarm.Detail.Length <= MaxWords && Alarm.Facts?.Sum(f => f.Key.Length + (f.Value?.Length ?? MaxWords)) <= SceneEvent.MaxFacts && Alarm.Clause.Length <= MaxWords && !(Alarm.Assignee?.Length > MaxWords) && !(Alarm.AcknowledgedBy?.Length > MaxWords)
        && !(Alarm.ClosedBy?.Length > MaxWords);
}

/// <summary>What lists show of an incident, and who has it. Its story stays at the site and is asked for when somebody opens it.</summary>
/// <param name="Cameras">Of its alarms, those that saw each first; 32 at most.</param>
public sealed record SiteIncident(
    long Change, Guid Id, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, string? Assignee, DateTimeOffset OpenedAt, DateTimeOffset ChangedAt, DateTimeOffset? Due, DateTimeOffset? ClosedAt,
    long Version, IReadOnlyList<string> Cameras, Custody Custody)
{
    [JsonIgnore]
    public bool IsSound =>
        Change > 0 && Version > 0 && Enum.IsDefined(Type) && Enum.IsDefined(Severity) && Enum.IsDefined(State) && Title.Length <= Incident.MaxName && !(Assignee?.Length > SiteAlarm.MaxWords)
        && Cameras.Count <= Alarm.MaxCameras && Cameras.All(SiteCamera.IsId) && Custody.IsSound;
}

public sealed record AlarmsChanged(IReadOnlyList<SiteAlarm> Alarms)
{
    public const int Max = 500;

    [JsonIgnore]
    public bool IsSound => Alarms.Count is > 0 and <= Max && Alarms.All(a => a is { IsSound: true });
}

public sealed record IncidentsChanged(IReadOnlyList<SiteIncident> Incidents)
{
    [JsonIgnore]
    public bool IsSound => Incidents.Count is > 0 and <= AlarmsChanged.Max && Incidents.All(i => i is { IsSound: true });
}

/// <summary>
/// Cases travel as they are, not as what happened to them: whoever was away for weeks gets each once, as it is by then. Of two states of one case the one with the greater change number of the site counts,
/// so the same twice changes nothing, and an old one that comes late neither.
/// </summary>
public static class CaseMerge
{
    /// <summary>Cuts what changed into bodies that a message holds, in order.</summary>
    /// <param name="most">Bytes of one body.</param>
    public static IEnumerable<IReadOnlyList<T>> Cut<T>(IEnumerable<T> items, int most)
    {
        var part = new List<T>();
        int bytes = 0;
        foreach (var item in items)
        {
            int size = JsonSerializer.SerializeToUtf8Bytes(item, CentreJson.Options).Length + 1;
            if (part.Count > 0 && (bytes + size > most || part.Count >= AlarmsChanged.Max))
            {
                yield return part;
                part = [];
                bytes = 0;
            }

            part.Add(item);
            bytes += size;
        }

        if (part.Count > 0)
            yield return part;
    }

    /// <summary>How far a cursor may go: over whole change numbers alone, so that of a number that wasn't read to its end everything comes again.</summary>
    /// <param name="alarms">Change numbers that were read, in order.</param>
    /// <param name="limit">As many of each were asked for: with so many there may be more.</param>
    /// <param name="last">The last number that is in the database.</param>
    public static long UpTo(IReadOnlyList<long> alarms, IReadOnlyList<long> incidents, int limit, long last) => Math.Min(
        alarms.Count < limit ? last : alarms[^1] - 1,
        incidents.Count < limit ? last : incidents[^1] - 1);
}
