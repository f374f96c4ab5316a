namespace Atalaya.Incidents.Policy;

/// <summary>A scene event with what was made of it when it came.</summary>
/// <param name="Arrived">When it was written: events are decided in this order.</param>
/// <param name="Alarm">Which it raised or joined.</param>
public sealed record DecidedEvent(SceneEvent Scene, DateTimeOffset Arrived, AlarmVerdict Verdict, string? Clause, Guid? Alarm);

/// <summary>What became of an alarm that was raised.</summary>
/// <param name="Alarm">As it is by now.</param>
/// <param name="Noticed">When it was first acknowledged, assigned or escalated; null: never.</param>
public sealed record AlarmLife(Alarm Alarm, DateTimeOffset? Noticed);

/// <summary>An event of which another policy would have made something else.</summary>
/// <param name="WasSeverity">Of the alarm that it raised; null: it raised none.</param>
/// <param name="WouldSeverity">Of the alarm that it would have raised, with all that would have joined it.</param>
public sealed record TrialDifference(DecidedEvent Was, AlarmDecision Would, AlarmSeverity? WasSeverity, AlarmSeverity? WouldSeverity);

/// <param name="Was">Alarms that were raised, by severity.</param>
/// <param name="Would">Alarms that would have been.</param>
/// <param name="WasVerdicts">What became of all events.</param>
/// <param name="Differences">In the order of arrival.</param>
public sealed record TrialResult(
    int Events, IReadOnlyDictionary<AlarmSeverity, int> Was, IReadOnlyDictionary<AlarmSeverity, int> Would, IReadOnlyDictionary<AlarmVerdict, int> WasVerdicts,
    IReadOnlyDictionary<AlarmVerdict, int> WouldVerdicts, IReadOnlyList<TrialDifference> Differences);

/// <summary>
/// Decides past events again under another policy. What people did with the alarms that there were, they do in the trial as well, at the same moments; with an alarm that there wasn't
/// nobody does anything. So the policy that was in force makes of the events what it made of them then.
/// </summary>
public static class PolicyTrial
{
    /// <param name="events">In the order of their arrival.</param>
    /// <param name="lives">Of alarms that the events raised, and of those before that they may have joined.</param>
    /// <param name="situation">Orders of the time; <see cref="Situation.Recent"/> isn't looked at.</param>
    public static TrialResult Run(AlarmPolicy policy, IReadOnlyList<DecidedEvent> events, IReadOnlyList<AlarmLife> lives, Situation situation)
    {
        var known = lives.ToDictionary(l => l.Alarm.Id);
        var raisers = events.Where(e => e.Verdict == AlarmVerdict.Raised).Select(e => e.Scene.Id).ToHashSet();
        // Alarms from before the stretch are there from its start; the others come as they are decided.
        var alarms = lives.Where(l => !raisers.Contains(l.Alarm.Id)).ToDictionary(l => l.Alarm.Id, l => l.Alarm);
        var decisions = new List<(DecidedEvent Was, AlarmDecision Would)>();
        foreach (var was in events)
        {
            var scene = was.Scene;
            var near = policy.Neighbourhood(scene.Camera);
            var recent = alarms.Values
                .Where(a => a.RaisedAt <= was.Arrived && a.At >= scene.At - policy.Reach && a.At <= scene.At + policy.Reach && a.Cameras.Any(c => near.Contains(c, StringComparer.Ordinal)))
                .Select(a => AsOf(a, known.GetValueOrDefault(a.Id), was.Arrived))
                .ToList();
            var would = policy.Decide(scene, situation with { Recent = recent });
            decisions.Add((was, would));
            if (would.Verdict == AlarmVerdict.Raised)
                alarms[scene.Id] = Alarm.Raise(scene, would.Severity!.Value, would.Type!.Value, would.Clause!, was.Arrived, null);
            else if (would.Alarm is { } into)
                alarms[into] = alarms[into].Join(scene, would.Severity!.Value);
        }

        var raised = new Dictionary<AlarmSeverity, int>();
        var wouldRaise = new Dictionary<AlarmSeverity, int>();
        var differences = new List<TrialDifference>();
        foreach (var (was, would) in decisions)
        {
            var before = was.Verdict == AlarmVerdict.Raised ? known.GetValueOrDefault(was.Scene.Id)?.Alarm : null;
            var after = would.Verdict == AlarmVerdict.Raised ? alarms[was.Scene.Id] : null;
            if (before is not null)
                raised[before.Severity] = raised.GetValueOrDefault(before.Severity) + 1;
            if (after is not null)
                wouldRaise[after.Severity] = wouldRaise.GetValueOrDefault(after.Severity) + 1;
            if (was.Verdict != would.Verdict || (before is not null && after is not null && (before.Severity, before.Type) != (after.Severity, after.Type)))
                differences.Add(new(was, would, before?.Severity, after?.Severity));
        }

        return new(events.Count, raised, wouldRaise, Counted(decisions.Select(d => d.Was.Verdict)), Counted(decisions.Select(d => d.Would.Verdict)), differences);
    }

    /// <summary>As people had it at a moment.</summary>
    static Alarm AsOf(Alarm alarm, AlarmLife? life, DateTimeOffset at) => alarm with
    {
        State = life?.Alarm.ClosedAt <= at ? AlarmState.Closed : life?.Noticed <= at ? AlarmState.Acknowledged : AlarmState.Raised,
    };

    static Dictionary<AlarmVerdict, int> Counted(IEnumerable<AlarmVerdict> verdicts) => verdicts.GroupBy(v => v).ToDictionary(g => g.Key, g => g.Count());
}
