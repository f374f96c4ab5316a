using Atalaya.Incidents.Policy;

using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class DecideTests
{
    static readonly AlarmPolicy Usual = AlarmPolicy.Default;

    [Fact]
    public void Without_a_word_from_anybody_rules_raise_alarms_and_motion_does_not()
    {
        (IncidentType?, AlarmSeverity?) Of(SceneEvent scene)
        {
            var decision = Usual.Decide(scene, Scenes.Now());
            return (decision.Type, decision.Severity);
        }

        Of(Scenes.Event()).ShouldBe((IncidentType.Intrusion, AlarmSeverity.High));
        Of(Scenes.Event(subject: ObjectClass.Vehicle)).ShouldBe((IncidentType.Vehicle, AlarmSeverity.Medium));
        Of(Scenes.Event(subject: ObjectClass.Boat)).ShouldBe((IncidentType.Crossing, AlarmSeverity.High));
        Of(Scenes.Event(subject: ObjectClass.Animal)).ShouldBe((IncidentType.Intrusion, AlarmSeverity.Low));
        Of(Scenes.Event(kind: SceneEventKind.StreamLost, subject: null)).ShouldBe((IncidentType.Technical, AlarmSeverity.Medium));
        Of(Scenes.Event(kind: SceneEventKind.Tamper, subject: null)).ShouldBe((IncidentType.Tamper, AlarmSeverity.High));
        Of(Scenes.Event() with { Type = IncidentType.Crossing, Severity = AlarmSeverity.Critical }).ShouldBe((IncidentType.Crossing, AlarmSeverity.Critical));
        Usual.Decide(Scenes.Event(kind: SceneEventKind.Motion, subject: null), Scenes.Now()).Verdict.ShouldBe(AlarmVerdict.NoClause);
        Of(Scenes.Event(kind: SceneEventKind.Motion) with { Severity = AlarmSeverity.Rescue }).ShouldBe((IncidentType.Rescue, AlarmSeverity.Rescue));
    }

    /// <summary>People in danger reach a person, whatever the policy says, unless it says so by name.</summary>
    [Fact]
    public void A_rescue_is_never_lost()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var policy = random.Policy();
            var scene = random.Event(random.Next(100)) with { Type = random.Next(2) == 0 ? IncidentType.Rescue : null, Severity = AlarmSeverity.Rescue };
            var situation = random.Situation([.. Enumerable.Range(0, random.Next(6)).Select(i => Scenes.Alarm(random.Event(i), AlarmSeverity.Rescue, IncidentType.Rescue))]);
            var decision = policy.Decide(scene, situation);
            if (decision.Verdict == AlarmVerdict.Ignored)
                policy.Clauses.Single(c => c.Id == decision.Clause).Rules.ShouldContain(scene.Rule);
            else if (decision.Verdict == AlarmVerdict.Suppressed)
                situation.Suppressions.Single().Rules.ShouldContain(scene.Rule);
            else
                decision.ShouldSatisfyAllConditions(d => d.Verdict.ShouldBeOneOf(AlarmVerdict.Raised, AlarmVerdict.Merged), d => d.Severity.ShouldBe(AlarmSeverity.Rescue));
        }));
    }

    /// <summary>Merging and flood control put events into alarms that somebody can see, all of them, once each.</summary>
    [Fact]
    public void Of_a_stream_of_events_each_is_in_one_open_alarm_or_has_its_reason()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var policy = random.Policy();
            var alarms = new Dictionary<Guid, Alarm>();
            long placed = 0;
            double at = 0;
            for (int i = 0; i < 150; i++)
            {
                at += random.Next(8);
                var scene = random.Event(at - (random.Next(10) == 0 ? 40 : 0));
                var situation = random.Situation([.. alarms.Values]);
                var decision = policy.Decide(scene, situation);
                policy.Decide(scene, situation).ShouldBe(decision);
                decision.Text.ShouldNotBeEmpty();
                switch (decision.Verdict)
                {
                    case AlarmVerdict.Raised:
                        decision.Alarm.ShouldBe(scene.Id);
                        alarms.Add(scene.Id, Alarm.Raise(scene, decision.Severity!.Value, decision.Type!.Value, decision.Clause!, scene.At, null));
                        placed++;
                        break;
                    case AlarmVerdict.Merged or AlarmVerdict.Counted:
                        var into = alarms[decision.Alarm!.Value];
                        into.IsOpen.ShouldBeTrue();
                        into.Type.ShouldBe(decision.Type!.Value);
                        if (decision.Verdict == AlarmVerdict.Counted || into.State != AlarmState.Raised)
                            (into.Severity <= decision.Severity).ShouldBeTrue();
                        alarms[into.Id] = into.Join(scene, decision.Severity!.Value);
                        placed++;
                        break;
                    default:
                        decision.Alarm.ShouldBeNull();
                        if (decision.Verdict is not AlarmVerdict.NoClause)
                            decision.Clause.ShouldNotBeNull();
                        break;
                }

                if (alarms.Count > 0 && random.Next(6) == 0)
                {
                    var some = random.Any([.. alarms.Values]);
                    alarms[some.Id] = some.Apply(new(random.Any([AlarmActKind.Acknowledge, AlarmActKind.Close]), "ana", Scenes.Noon) { Outcome = AlarmOutcome.False }).Alarm;
                }
            }

            alarms.Values.Sum(a => a.Events).ShouldBe(placed);
        }));
    }

    [Fact]
    public void Where_nothing_is_open_the_first_is_always_raised()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var closed = Enumerable.Range(0, 10).Select(i => Scenes.Alarm(random.Event(i)).Apply(new(AlarmActKind.Close, "ana", Scenes.Noon) { Outcome = AlarmOutcome.False }).Alarm);
            random.Policy().Decide(random.Event(10), random.Situation([.. closed])).Verdict.ShouldNotBeOneOf(AlarmVerdict.Merged, AlarmVerdict.Counted);
        }));
    }

    [Fact]
    public void What_several_cameras_and_rules_see_at_once_is_one_alarm()
    {
        var policy = Usual with { Merge = new() { Seconds = 30, MostSeconds = 90, Neighbours = [["gate", "wall"]] } };
        var alarm = Scenes.Alarm(Scenes.Event());
        AlarmVerdict Verdict(SceneEvent scene) => policy.Decide(scene, Scenes.Now(alarm)).Verdict;
        Verdict(Scenes.Event("gate", 20, SceneEventKind.ZoneEntered, rule: "yard")).ShouldBe(AlarmVerdict.Merged);
        Verdict(Scenes.Event("wall", 20)).ShouldBe(AlarmVerdict.Merged);
        Verdict(Scenes.Event("quay", 20)).ShouldBe(AlarmVerdict.Raised, "it sees another place");
        Verdict(Scenes.Event("gate", 31)).ShouldBe(AlarmVerdict.Raised, "too late");
        Verdict(Scenes.Event("gate", -20)).ShouldBe(AlarmVerdict.Merged, "its camera was slower to say so");
        Verdict(Scenes.Event("gate", 10, subject: ObjectClass.Vehicle)).ShouldBe(AlarmVerdict.Raised, "another type");
        alarm = alarm.Join(Scenes.Event("gate", 29), AlarmSeverity.High).Join(Scenes.Event("gate", 58), AlarmSeverity.High).Join(Scenes.Event("gate", 85), AlarmSeverity.High);
        Verdict(Scenes.Event("gate", 89)).ShouldBe(AlarmVerdict.Merged);
        Verdict(Scenes.Event("gate", 91)).ShouldBe(AlarmVerdict.Raised, "the alarm has lasted long enough");
    }

    [Fact]
    public void What_is_more_urgent_than_an_alarm_that_somebody_has_seen_is_a_new_one()
    {
        var alarm = Scenes.Alarm(Scenes.Event(subject: ObjectClass.Animal), AlarmSeverity.Low);
        var person = Scenes.Event(seconds: 5);
        Usual.Decide(person, Scenes.Now(alarm)).Verdict.ShouldBe(AlarmVerdict.Merged);
        var seen = alarm.Apply(new(AlarmActKind.Acknowledge, "ana", Scenes.Noon)).Alarm;
        Usual.Decide(person, Scenes.Now(seen)).Verdict.ShouldBe(AlarmVerdict.Raised);
    }

    [Fact]
    public void A_flood_is_counted_behind_an_open_alarm_of_its_severity_and_never_behind_a_closed_one()
    {
        var policy = Usual with { Merge = new() { Seconds = 0 }, Flood = new() { Alarms = 3, Seconds = 60 } };
        Alarm[] three = [Scenes.Alarm(Scenes.Event()), Scenes.Alarm(Scenes.Event(seconds: 5)), Scenes.Alarm(Scenes.Event(seconds: 9))];
        var fourth = Scenes.Event(seconds: 12);
        var counted = policy.Decide(fourth, Scenes.Now(three));
        (counted.Verdict, counted.Alarm).ShouldBe((AlarmVerdict.Counted, three[2].Id));
        policy.Decide(fourth, Scenes.Now(three[..2])).Verdict.ShouldBe(AlarmVerdict.Raised);
        policy.Decide(Scenes.Event(seconds: 70), Scenes.Now(three)).Verdict.ShouldBe(AlarmVerdict.Raised);
        policy.Decide(Scenes.Event("wall", 12), Scenes.Now(three)).Verdict.ShouldBe(AlarmVerdict.Raised);
        policy.Decide(fourth with { Severity = AlarmSeverity.Critical }, Scenes.Now(three)).Verdict.ShouldBe(AlarmVerdict.Raised);
        Alarm[] closed = [.. three.Select(a => a.Apply(new(AlarmActKind.Close, "ana", Scenes.Noon) { Outcome = AlarmOutcome.False }).Alarm)];
        policy.Decide(fourth, Scenes.Now(closed)).Verdict.ShouldBe(AlarmVerdict.Raised);
    }

    /// <summary>The clock on the wall decides, also on the two days a year on which it jumps.</summary>
    [Theory]
    [InlineData("2026-03-29T00:29:00Z", false)] // 01:29 before the jump
    [InlineData("2026-03-29T00:30:00Z", true)]  // 01:30
    [InlineData("2026-03-29T00:59:00Z", true)]  // 01:59, a minute before 03:00
    [InlineData("2026-03-29T01:00:00Z", true)]  // 03:00, the next minute
    [InlineData("2026-03-29T01:29:00Z", true)]  // 03:29
    [InlineData("2026-03-29T01:30:00Z", false)] // 03:30
    [InlineData("2026-10-25T00:00:00Z", true)]  // 02:00, the first time
    [InlineData("2026-10-25T01:00:00Z", true)]  // 02:00, the second time
    [InlineData("2026-10-25T02:29:00Z", true)]  // 03:29
    [InlineData("2026-10-25T02:30:00Z", false)]
    [InlineData("2026-10-26T01:00:00Z", false)] // a Monday
    public void A_schedule_runs_by_the_clock_on_the_sites_wall(string at, bool raised)
    {
        var policy = Usual with
        {
            Schedules = [new() { Id = "night", Windows = [new() { Days = [DayOfWeek.Sunday], From = new(1, 30), To = new(3, 30) }] }],
            Clauses = [new() { Id = "all", Schedule = "night" }],
        };
        PolicyCheck.Check(policy).ShouldBeEmpty();
        var decision = policy.Decide(Scenes.Event() with { At = DateTimeOffset.Parse(at) }, Scenes.Now() with { Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Madrid") });
        (decision.Verdict, decision.Clause).ShouldBe((raised ? AlarmVerdict.Raised : AlarmVerdict.OutOfSchedule, "all"));
    }

    [Fact]
    public void A_window_over_midnight_belongs_to_the_day_it_begins_on()
    {
        WeeklyWindow[] friday = [new() { Days = [DayOfWeek.Friday], From = new(22, 0), To = new(6, 0) }];
        bool At(string at) => WeeklyWindow.Covers(friday, DateTimeOffset.Parse(at), TimeZoneInfo.Utc);
        At("2026-03-27T21:59:59Z").ShouldBeFalse();
        At("2026-03-27T22:00:00Z").ShouldBeTrue();
        At("2026-03-28T05:59:59Z").ShouldBeTrue();
        At("2026-03-28T06:00:00Z").ShouldBeFalse();
        At("2026-03-28T23:00:00Z").ShouldBeFalse();
        At("2026-03-27T01:00:00Z").ShouldBeFalse();
    }

    [Fact]
    public void Who_is_disarmed_raises_nothing_but_what_goes_on_all_the_same()
    {
        var policy = Usual;
        var off = new Disarming(Guid.NewGuid(), "north", Scenes.Noon.AddMinutes(-5), Scenes.Noon.AddMinutes(5), "ana", "Deliveries");
        var situation = Scenes.Now() with { Disarmings = [off], Places = new Dictionary<string, CameraPlace> { ["gate"] = new("post", ["north", "entries"]), ["wall"] = new("post", []), ["quay"] = new("harbour", []) } };
        var decision = policy.Decide(Scenes.Event(), situation);
        (decision.Verdict, decision.Clause, decision.Because).ShouldBe((AlarmVerdict.Disarmed, "scene", off.Id.ToString()));
        decision.Text.ShouldContain("Deliveries");
        policy.Decide(Scenes.Event("wall"), situation).Verdict.ShouldBe(AlarmVerdict.Raised);
        policy.Decide(Scenes.Event(kind: SceneEventKind.Tamper), situation).Verdict.ShouldBe(AlarmVerdict.Raised);
        policy.Decide(Scenes.Event(seconds: 300), situation).Verdict.ShouldBe(AlarmVerdict.Raised, "its end isn't part of it");
        policy.Decide(Scenes.Event(seconds: -301), situation).Verdict.ShouldBe(AlarmVerdict.Raised, "a late event is judged by its own time");
        policy.Decide(Scenes.Event("wall"), Scenes.Now() with { Disarmings = [off with { Group = null }] }).Verdict.ShouldBe(AlarmVerdict.Disarmed);
        var post = situation with { Disarmings = [off with { Group = null, Site = "post" }] };
        policy.Decide(Scenes.Event("wall"), post).Verdict.ShouldBe(AlarmVerdict.Disarmed);
        policy.Decide(Scenes.Event("quay"), post).Verdict.ShouldBe(AlarmVerdict.Raised, "another site");
    }

    [Fact]
    public void A_suppression_names_who_and_why_and_ends()
    {
        var branch = new Suppression { Id = Guid.NewGuid(), Cameras = ["gate"], Rules = ["fence"], From = Scenes.Noon, Until = Scenes.Noon.AddHours(1), By = "ana", Reason = "A branch moves" };
        var situation = Scenes.Now() with { Suppressions = [branch] };
        var decision = Usual.Decide(Scenes.Event(), situation);
        (decision.Verdict, decision.Because).ShouldBe((AlarmVerdict.Suppressed, branch.Id.ToString()));
        decision.Text.ShouldContain("ana");
        decision.Text.ShouldContain("A branch moves");
        Usual.Decide(Scenes.Event(rule: "yard"), situation).Verdict.ShouldBe(AlarmVerdict.Raised);
        Usual.Decide(Scenes.Event("wall"), situation).Verdict.ShouldBe(AlarmVerdict.Raised);
        Usual.Decide(Scenes.Event(seconds: 3600), situation).Verdict.ShouldBe(AlarmVerdict.Raised);
    }

    [Fact]
    public void The_first_clause_that_fits_decides()
    {
        var policy = Usual with
        {
            Clauses =
            [
                new() { Id = "cats", Classes = [ObjectClass.Animal], Action = ClauseAction.Ignore },
                new() { Id = "sure", MinScore = 0.8, Severity = AlarmSeverity.Critical },
                new() { Id = "rest", Severity = AlarmSeverity.Low, OpensIncident = true },
            ],
        };
        AlarmDecision Of(SceneEvent scene) => policy.Decide(scene, Scenes.Now());
        Of(Scenes.Event(subject: ObjectClass.Animal)).Verdict.ShouldBe(AlarmVerdict.Ignored);
        Of(Scenes.Event() with { Score = 0.9 }).Clause.ShouldBe("sure");
        Of(Scenes.Event()).Clause.ShouldBe("sure", "who doesn't say how sure it is isn't less sure");
        var rest = Of(Scenes.Event() with { Score = 0.5 });
        (rest.Clause, rest.Severity, rest.OpensIncident).ShouldBe(("rest", AlarmSeverity.Low, true));
    }
}
