using Atalaya.Incidents.Policy;

using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class PolicyTrialTests
{
    /// <summary>What a trial says of another policy is worth as much as what it says of the one that was in force.</summary>
    [Fact]
    public void The_policy_that_was_in_force_makes_of_the_events_what_it_made_of_them()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var policy = random.Policy();
            var (events, lives, situation) = Played(random, policy, 120);

            var same = PolicyTrial.Run(policy, events, lives, situation);

            same.Differences.ShouldBeEmpty();
            same.Would.ShouldBe(same.Was, ignoreOrder: true);
            same.WouldVerdicts.ShouldBe(same.WasVerdicts, ignoreOrder: true);
            same.WasVerdicts.Values.Sum().ShouldBe(events.Count);
            same.Was.Values.Sum().ShouldBe(lives.Count);
        }));
    }

    /// <summary>Differences are all there are: what isn't among them would have become the same.</summary>
    [Fact]
    public void Of_another_policy_every_difference_is_told_and_nothing_else()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var (events, lives, situation) = Played(random, random.Policy(), 60);
            var result = PolicyTrial.Run(random.Policy(), events, lives, situation);
            var wouldBe = new Dictionary<AlarmVerdict, int>(result.WasVerdicts);
            foreach (var difference in result.Differences)
            {
                (difference.Was.Verdict != difference.Would.Verdict || difference.WasSeverity is not null).ShouldBeTrue();
                wouldBe[difference.Was.Verdict]--;
                wouldBe[difference.Would.Verdict] = wouldBe.GetValueOrDefault(difference.Would.Verdict) + 1;
            }

            wouldBe.Where(w => w.Value > 0).ToDictionary().ShouldBe(result.WouldVerdicts, ignoreOrder: true);
        }));
    }

    [Fact]
    public void A_clause_that_ignores_takes_its_alarms_away()
    {
        var cat = Scenes.Event(subject: ObjectClass.Animal);
        var alarm = Scenes.Alarm(cat, AlarmSeverity.Low);
        var result = PolicyTrial.Run(
            AlarmPolicy.Default with { Clauses = [new() { Id = "cats", Classes = [ObjectClass.Animal], Action = ClauseAction.Ignore }, .. AlarmPolicy.Default.Clauses] },
            [new(cat, cat.At, AlarmVerdict.Raised, "scene", alarm.Id)], [new(alarm, null)], Scenes.Now());
        result.Was.ShouldBe(new Dictionary<AlarmSeverity, int> { [AlarmSeverity.Low] = 1 });
        result.Would.ShouldBeEmpty();
        var difference = result.Differences.ShouldHaveSingleItem();
        (difference.Would.Verdict, difference.Would.Clause, difference.WasSeverity, difference.WouldSeverity).ShouldBe((AlarmVerdict.Ignored, "cats", AlarmSeverity.Low, null));
    }

    /// <summary>A day as it was: events come in order, people acknowledge and close in between.</summary>
    static (IReadOnlyList<DecidedEvent> Events, IReadOnlyList<AlarmLife> Lives, Situation Situation) Played(Random random, AlarmPolicy policy, int count)
    {
        var situation = random.Situation();
        var alarms = new Dictionary<Guid, Alarm>();
        var noticed = new Dictionary<Guid, DateTimeOffset>();
        var events = new List<DecidedEvent>();
        double at = 0;
        for (int i = 0; i < count; i++)
        {
            at += 1 + random.Next(8);
            var scene = random.Event(at - (random.Next(10) == 0 ? 40 : 0));
            var arrived = Scenes.Noon.AddSeconds(at);
            var decision = policy.Decide(scene, situation with { Recent = [.. alarms.Values] });
            if (decision.Verdict == AlarmVerdict.Raised)
                alarms[scene.Id] = Alarm.Raise(scene, decision.Severity!.Value, decision.Type!.Value, decision.Clause!, arrived, null);
            else if (decision.Alarm is { } into)
                alarms[into] = alarms[into].Join(scene, decision.Severity!.Value);
            events.Add(new(scene, arrived, decision.Verdict, decision.Clause, decision.Alarm));
            if (alarms.Count > 0 && random.Next(4) == 0)
            {
                var some = random.Any([.. alarms.Values]);
                var then = arrived.AddSeconds(0.5);
                var (next, step, _) = some.Apply(new(random.Any([AlarmActKind.Acknowledge, AlarmActKind.Escalate, AlarmActKind.Close]), "ana", then) { Outcome = AlarmOutcome.False });
                alarms[some.Id] = next;
                if (step is not null)
                    noticed.TryAdd(some.Id, then);
            }
        }

        return (events, [.. alarms.Values.Select(a => new AlarmLife(a, noticed.TryGetValue(a.Id, out var then) ? then : null))], situation);
    }
}
