using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class AlarmTests
{
    /// <summary>Whatever people and clocks do, an alarm's story has no hole and says who and when.</summary>
    [Fact]
    public void Every_step_is_told_and_a_refused_act_changes_nothing()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var alarm = Scenes.Alarm(Scenes.Event());
            var steps = new List<AlarmStep>();
            for (int i = 0; i < 20; i++)
            {
                var act = new AlarmAct(random.AnyOf<AlarmActKind>(), random.Any(["ana", "luc"]), Scenes.Noon.AddSeconds(i))
                {
                    To = random.Any([null, "", "ana"]),
                    Outcome = random.Next(5) == 0 ? random.AnyOf<AlarmOutcome>() : null,
                };
                var (next, step, refusal) = alarm.Apply(act, TimeSpan.FromMinutes(1));
                (refusal == AlarmRefusal.None).ShouldBe(step is not null);
                if (step is null)
                {
                    next.ShouldBe(alarm);
                    continue;
                }

                step.From.ShouldBe(alarm.State);
                step.To.ShouldBe(next.State);
                step.Version.ShouldBe(alarm.Version + 1);
                next.Version.ShouldBe(step.Version);
                alarm.IsOpen.ShouldBeTrue();
                if (next.State is AlarmState.Acknowledged or AlarmState.Assigned)
                {
                    next.AcknowledgedBy.ShouldNotBeNull();
                    next.AcknowledgedAt.ShouldNotBeNull();
                    next.Due.ShouldBeNull();
                }

                if (next.State == AlarmState.Closed)
                    (next.Outcome, next.ClosedBy, next.ClosedAt, next.Due).ShouldBe((act.Outcome, act.By, act.At, null));
                if (next.State == AlarmState.Escalated)
                    next.Due.ShouldBe(act.At.AddMinutes(1));
                steps.Add(step);
                alarm = next;
            }

            steps.Select(s => s.Version).ShouldBe(Enumerable.Range(2, steps.Count).Select(n => (long)n));
        }));
    }

    [Fact]
    public void A_closed_alarm_stays_closed_and_an_outcome_is_needed_to_close()
    {
        var alarm = Scenes.Alarm(Scenes.Event());
        alarm.Apply(new(AlarmActKind.Close, "ana", Scenes.Noon)).Refusal.ShouldBe(AlarmRefusal.NoOutcome);
        var (closed, _, _) = alarm.Apply(new(AlarmActKind.Close, "ana", Scenes.Noon) { Outcome = AlarmOutcome.Nuisance });
        foreach (var kind in Enum.GetValues<AlarmActKind>())
            closed.Apply(new(kind, "luc", Scenes.Noon) { To = "luc", Outcome = AlarmOutcome.Real }).Refusal.ShouldBe(AlarmRefusal.Closed);
    }

    [Fact]
    public void What_was_escalated_wants_to_be_acknowledged_anew()
    {
        var alarm = Scenes.Alarm(Scenes.Event()).Apply(new(AlarmActKind.Acknowledge, "ana", Scenes.Noon)).Alarm;
        alarm.Apply(new(AlarmActKind.Acknowledge, "luc", Scenes.Noon)).Refusal.ShouldBe(AlarmRefusal.AlreadyAcknowledged);
        var escalated = alarm.Apply(new(AlarmActKind.Escalate, AlarmAct.Clock, Scenes.Noon) { To = "leader" }, TimeSpan.FromMinutes(2)).Alarm;
        (escalated.State, escalated.Level, escalated.Assignee, escalated.Due).ShouldBe((AlarmState.Escalated, 1, "leader", Scenes.Noon.AddMinutes(2)));
        escalated.Apply(new(AlarmActKind.Acknowledge, "luc", Scenes.Noon)).Alarm.AcknowledgedBy.ShouldBe("luc");
    }

    [Fact]
    public void A_trouble_is_over_once_goes_on_with_the_next_event_and_leaves_a_closed_alarm_as_it_is()
    {
        var alarm = Scenes.Alarm(Scenes.Event());
        var over = alarm.Over(Scenes.Noon.AddMinutes(1));
        over.ShouldBe(alarm with { OverAt = Scenes.Noon.AddMinutes(1) });
        over.Over(Scenes.Noon.AddMinutes(2)).ShouldBe(over);
        over.Join(Scenes.Event(seconds: 90), AlarmSeverity.High).OverAt.ShouldBeNull();
        var closed = alarm.Apply(new(AlarmActKind.Close, "ana", Scenes.Noon) { Outcome = AlarmOutcome.Real }).Alarm;
        closed.Over(Scenes.Noon.AddMinutes(1)).ShouldBe(closed);
        over.Apply(new(AlarmActKind.Close, "ana", Scenes.Noon.AddMinutes(3)) { Outcome = AlarmOutcome.Real }).Alarm.OverAt.ShouldBe(over.OverAt);
    }

    /// <summary>In no order there is, an intrusion stands above a rescue.</summary>
    [Fact]
    public void Rescues_come_first_in_every_order()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var policy = random.Policy();
            var alarms = new List<Alarm>();
            for (int i = 0; i < 60; i++)
            {
                var scene = random.Event(random.Next(1000));
                if (policy.Decide(scene, random.Situation()) is { Verdict: Incidents.Policy.AlarmVerdict.Raised } raised)
                    alarms.Add(Alarm.Raise(scene, raised.Severity!.Value, raised.Type!.Value, raised.Clause!, scene.At, null));
            }

            foreach (var order in (IComparer<Alarm>[])[AlarmOrder.Urgency, AlarmOrder.Newest])
            {
                var sorted = alarms.Order(order).Select(a => a.Type == IncidentType.Rescue).ToList();
                sorted.ShouldBe(sorted.OrderDescending());
            }

            alarms.ShouldAllBe(a => (a.Type == IncidentType.Rescue) == (a.Severity == AlarmSeverity.Rescue));
        }));
    }

    [Fact]
    public void Joining_counts_every_event_and_never_makes_an_alarm_less_urgent()
    {
        var alarm = Scenes.Alarm(Scenes.Event("gate", 10), AlarmSeverity.Medium);
        for (int i = 0; i < 40; i++)
            alarm = alarm.Join(Scenes.Event($"c{i}", i), i == 7 ? AlarmSeverity.High : AlarmSeverity.Low);
        (alarm.Events, alarm.Severity, alarm.Cameras.Count, alarm.Camera).ShouldBe((41, AlarmSeverity.High, Alarm.MaxCameras, "gate"));
        (alarm.At, alarm.LastAt).ShouldBe((Scenes.Noon, Scenes.Noon.AddSeconds(39)));
        alarm.Version.ShouldBe(1);
    }
}
