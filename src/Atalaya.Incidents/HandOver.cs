using Atalaya.Incidents.Policy;

namespace Atalaya.Incidents;

/// <summary>What happened in a stretch to alarms of one type.</summary>
/// <param name="WithinTarget">Of those acknowledged, how many in time; all where there is no target.</param>
public sealed record ShiftCount(IncidentType Type, long Raised, long Acknowledged, long WithinTarget, long Closed, long Real, long False, long Nuisance, long Test);

/// <summary>What the next shift must know, of one stretch of time.</summary>
/// <param name="Waiting">Open alarms that nobody is on, the most urgent first.</param>
/// <param name="Held">Open alarms that somebody has.</param>
/// <param name="Open">Incidents that go on, the most urgent first.</param>
/// <param name="Closed">Incidents that were closed in the stretch.</param>
/// <param name="Suppressions">In force at its end.</param>
/// <param name="Disarmings">In force at its end.</param>
public sealed record HandOver(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<ShiftCount> Counts, IReadOnlyList<Alarm> Waiting, IReadOnlyList<Alarm> Held, IReadOnlyList<Incident> Open,
    IReadOnlyList<Incident> Closed, IReadOnlyList<Suppression> Suppressions, IReadOnlyList<Disarming> Disarmings)
{
    /// <param name="alarms">Those raised or closed in the stretch, and all that are open.</param>
    /// <param name="incidents">Those closed in the stretch, and all that are open.</param>
    public static HandOver Of(
        DateTimeOffset from, DateTimeOffset to, IReadOnlyList<Alarm> alarms, IReadOnlyList<Incident> incidents, IReadOnlyList<Suppression> suppressions,
        IReadOnlyList<Disarming> disarmings, AlarmPolicy policy)
    {
        var counts = new List<ShiftCount>();
        foreach (var type in Enum.GetValues<IncidentType>())
        {
            var raised = alarms.Where(a => a.Type == type && In(a.RaisedAt)).ToList();
            var closed = alarms.Where(a => a.Type == type && a.ClosedAt is { } at && In(at)).ToList();
            var acknowledged = raised.Where(a => a.AcknowledgedAt is not null).ToList();
            if (raised.Count > 0 || closed.Count > 0)
            {
                counts.Add(new(type, raised.Count, acknowledged.Count, acknowledged.Count(a => !(a.AcknowledgedAt - a.RaisedAt > policy.AcknowledgeWithin(a.Severity))), closed.Count,
                    closed.Count(a => a.Outcome == AlarmOutcome.Real), closed.Count(a => a.Outcome == AlarmOutcome.False),
                    closed.Count(a => a.Outcome == AlarmOutcome.Nuisance), closed.Count(a => a.Outcome == AlarmOutcome.Test)));
            }
        }

        var open = alarms.Where(a => a.IsOpen).Order(AlarmOrder.Urgency).ToList();
        return new(
            from, to, counts, [.. open.Where(a => a.IsWaiting)], [.. open.Where(a => !a.IsWaiting)],
            [.. incidents.Where(i => i.IsOpen).OrderBy(i => i.Severity).ThenBy(i => i.OpenedAt)],
            [.. incidents.Where(i => i.ClosedAt is { } at && In(at)).OrderBy(i => i.ClosedAt)],
            [.. suppressions.Where(s => s.Holds(to))], [.. disarmings.Where(d => d.Holds(to))]);

        bool In(DateTimeOffset at) => at >= from && at < to;
    }
}
