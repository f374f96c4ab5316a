using System.Text.Json.Serialization;

namespace Atalaya.Incidents.Policy;

public sealed partial record AlarmPolicy
{
    /// <summary>Decides about one scene event, by its own time. The same arguments always give the same decision.</summary>
    /// <remarks>
    /// What an event itself calls a rescue is never lost on the way: no arming, no flood and no schedule stops it, no clause makes less of it, and it is
    /// ignored or suppressed only by name of its rule.
    /// </remarks>
    public AlarmDecision Decide(SceneEvent scene, Situation situation)
    {
        bool saysRescue = scene.Type == IncidentType.Rescue || scene.Severity == AlarmSeverity.Rescue;
        var place = situation.PlaceOf(scene.Camera);
        var (clause, asleep) = Find(scene, place, situation.Zone, saysRescue);
        string id;
        bool whenDisarmed = false;
        bool? opens = null;
        if (clause is not null)
            (id, whenDisarmed, opens) = (clause.Id, clause.WhenDisarmed, clause.OpensIncident);
        else if (saysRescue)
            id = PolicyDefaults.RescueClause;
        else if (asleep is not null)
            return Not(AlarmVerdict.OutOfSchedule, asleep.Id, asleep.Schedule, $"Clause '{asleep.Id}' speaks of it, but only within schedule '{asleep.Schedule}'.");
        else
            return Not(AlarmVerdict.NoClause, null, null, "No clause speaks of it.");

        if (clause?.Action == ClauseAction.Ignore)
            return Not(AlarmVerdict.Ignored, id, null, $"Clause '{id}' says that it is no alarm.");

        var type = saysRescue ? IncidentType.Rescue : clause?.Type ?? scene.Type ?? PolicyDefaults.TypeOf(scene.Kind, scene.Class);
        var severity = type == IncidentType.Rescue ? AlarmSeverity.Rescue : clause?.Severity ?? scene.Severity ?? PolicyDefaults.SeverityOf(type, scene.Kind, scene.Class);
        if (severity == AlarmSeverity.Rescue && type != IncidentType.Rescue)
            severity = AlarmSeverity.Critical;
        bool isRescue = type == IncidentType.Rescue;

        foreach (var suppression in situation.Suppressions)
        {
            if (suppression.Holds(scene.At) && Speaks(suppression, scene, place) && (!isRescue || suppression.Rules.Count > 0))
            {
                return Not(AlarmVerdict.Suppressed, id, suppression.Id.ToString(),
                    $"Clause '{id}' would raise it; {suppression.By} suppressed it until {suppression.Until:u}: {suppression.Reason}");
            }
        }

        if (!whenDisarmed && !isRescue)
        {
            foreach (var disarming in situation.Disarmings)
            {
                if (disarming.Holds(scene.At) && disarming.Concerns(place))
                {
                    return Not(AlarmVerdict.Disarmed, id, disarming.Id.ToString(),
                        $"Clause '{id}' would raise it; {disarming.What} was disarmed by {disarming.By}: {disarming.Reason}");
                }
            }
        }

        if (SameHappening(scene, type, severity, situation.Recent) is { } joined)
            return new(scene.Id, AlarmVerdict.Merged, id, null, type, severity, joined.Id, false, $"Clause '{id}' raises it; it is part of the alarm of {joined.At:u} on '{joined.Camera}'.");
        if (!isRescue && Flooded(scene, type, severity, situation.Recent) is { } counting)
        {
            return new(scene.Id, AlarmVerdict.Counted, id, null, type, severity, counting.Id, false,
                $"Clause '{id}' raises it; '{scene.Camera}' raised {Flood.Alarms} of its type within {Flood.Seconds} s, so it is counted in the open one of {counting.At:u}.");
        }

        return new(scene.Id, AlarmVerdict.Raised, id, null, type, severity, scene.Id, opens ?? isRescue, $"Clause '{id}' raises it.");

        AlarmDecision Not(AlarmVerdict verdict, string? by, string? because, string text) => new(scene.Id, verdict, by, because, null, null, null, false, text);
    }

    /// <summary>For how long before an event alarms may matter to its decision.</summary>
    [JsonIgnore]
    public TimeSpan Reach => TimeSpan.FromSeconds(Math.Max(Math.Max(Merge.Seconds, Merge.MostSeconds), Flood.Seconds));

    /// <summary>The camera and those that see the same place.</summary>
    public IReadOnlyList<string> Neighbourhood(string camera)
    {
        var near = new List<string> { camera };
        foreach (var place in Merge.Neighbours)
        {
            if (place.Contains(camera, StringComparer.Ordinal))
                near.AddRange(place.Where(c => !near.Contains(c, StringComparer.Ordinal)));
        }

        return near;
    }

    (AlarmClause? Clause, AlarmClause? Asleep) Find(SceneEvent scene, CameraPlace place, TimeZoneInfo zone, bool saysRescue)
    {
        AlarmClause? asleep = null;
        foreach (var clause in Clauses)
        {
            if (!Fits(clause, scene, place) || (saysRescue && clause.Action == ClauseAction.Ignore && clause.Rules.Count == 0))
                continue;
            if (clause.Schedule is not { } id || Schedules.FirstOrDefault(s => s.Id == id) is not { } schedule || schedule.Covers(scene.At, zone, Days))
                return (clause, null);
            asleep ??= clause;
        }

        return (null, asleep);
    }

    static bool Fits(AlarmClause clause, SceneEvent scene, CameraPlace place) =>
        Any(clause.Kinds, scene.Kind) && Any(clause.Sources, scene.Source) && Any(clause.Rules, scene.Rule)
        && (clause.Classes.Count == 0 || (scene.Class is { } subject && clause.Classes.Contains(subject)))
        && (clause.Types.Count == 0 || ((scene.Type ?? (scene.Severity == AlarmSeverity.Rescue ? IncidentType.Rescue : null)) is { } type && clause.Types.Contains(type)))
        && InAny(clause.Cameras, clause.Groups, scene.Camera, place)
        && (clause.MinScore is not { } least || scene.Score is not { } score || score >= least);

    static bool Speaks(Suppression suppression, SceneEvent scene, CameraPlace place) =>
        Any(suppression.Kinds, scene.Kind) && Any(suppression.Rules, scene.Rule) && InAny(suppression.Cameras, suppression.Groups, scene.Camera, place);

    static bool InAny(IReadOnlyList<string> cameras, IReadOnlyList<string> groups, string camera, CameraPlace place) =>
        (cameras.Count == 0 && groups.Count == 0) || cameras.Contains(camera, StringComparer.Ordinal) || groups.Any(g => place.Groups.Contains(g, StringComparer.Ordinal));

    static bool Any<T>(IReadOnlyList<T> wanted, T value) => wanted.Count == 0 || wanted.Contains(value);

    /// <summary>
    /// An open alarm of the same type, seen by the same camera or a neighbour a moment ago. A more urgent event joins only while nobody has taken
    /// notice: whoever has looked once needn't look again at the same number.
    /// </summary>
    Alarm? SameHappening(SceneEvent scene, IncidentType type, AlarmSeverity severity, IReadOnlyList<Alarm> recent)
    {
        if (Merge.Seconds == 0)
            return null;
        var window = TimeSpan.FromSeconds(Merge.Seconds);
        var most = TimeSpan.FromSeconds(Merge.MostSeconds);
        var near = Neighbourhood(scene.Camera);
        return Latest(recent.Where(a =>
            a.IsOpen && a.Type == type && (severity >= a.Severity || a.State == AlarmState.Raised)
            && scene.At - a.LastAt <= window && a.At - scene.At <= window && scene.At - a.At <= most && a.LastAt - scene.At <= most
            && a.Cameras.Any(c => near.Contains(c, StringComparer.Ordinal))));
    }

    Alarm? Flooded(SceneEvent scene, IncidentType type, AlarmSeverity severity, IReadOnlyList<Alarm> recent)
    {
        if (Flood.Alarms == 0)
            return null;
        var window = TimeSpan.FromSeconds(Flood.Seconds);
        var same = recent.Where(a => a.Camera == scene.Camera && a.Type == type && scene.At - a.At < window && a.At - scene.At < window).ToList();
        // Behind what is closed, or less urgent, nothing may hide.
        return same.Count < Flood.Alarms ? null : Latest(same.Where(a => a.IsOpen && a.Severity <= severity));
    }

    static Alarm? Latest(IEnumerable<Alarm> alarms) => alarms.OrderByDescending(a => a.LastAt).ThenBy(a => a.Id).FirstOrDefault();
}
