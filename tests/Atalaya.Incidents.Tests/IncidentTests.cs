using System.Text.Json;

using Atalaya.Incidents.Policy;

using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class IncidentTests
{
    static readonly IReadOnlyList<ChecklistItem> Items = AlarmPolicy.Default.ChecklistOf(IncidentType.Intrusion);

    static Incident Open(params IncidentEvent[] then)
    {
        var (incident, refusal) = Incident.Apply(null, new Opened(Guid.NewGuid(), IncidentType.Intrusion, AlarmSeverity.High, "Fence", Items, Scenes.Noon.AddHours(4)) { Number = 1, By = "ana", At = Scenes.Noon });
        refusal.ShouldBe(IncidentRefusal.None);
        foreach (var next in then)
            incident = Do(incident!, next);
        return incident!;
    }

    static Incident Do(Incident incident, IncidentEvent next)
    {
        var (after, refusal) = Incident.Apply(incident, next with { Number = incident.Version + 1, By = "ana", At = Scenes.Noon.AddMinutes(incident.Version) });
        refusal.ShouldBe(IncidentRefusal.None, next.ToString());
        return after!;
    }

    static IncidentRefusal Try(Incident incident, IncidentEvent next) => Incident.Apply(incident, next with { Number = incident.Version + 1, By = "ana" }).Refusal;

    static IncidentEvent Draw(Random random, Incident incident) => random.Next(17) switch
    {
        0 => new AlarmLinked(Guid.NewGuid()),
        1 => new AlarmUnlinked(incident.Alarms.Count > 0 ? random.Any(incident.Alarms) : Guid.NewGuid(), "not this"),
        2 => new Classified(random.AnyOf<IncidentType>(), random.AnyOf<AlarmSeverity>(), AlarmPolicy.Default.ChecklistOf(random.AnyOf<IncidentType>()), null, "looked again"),
        3 => new IncidentAssigned(random.Any(["", "luc"])),
        4 => new Dispatched("North", "Look"),
        5 => new Monitored(""),
        6 => new IncidentEscalated(random.Any([null, "leader"]), Scenes.Noon, "late"),
        7 or 8 => new Ticked(incident.Checklist.Count > 0 ? random.Any(incident.Checklist).Item.Id : "?", random.AnyOf<TickState>(), random.Any(["", "no patrol near"])),
        9 => new Noted("seen"),
        10 => new Attached("clip", "export 5"),
        11 => new Pinned($"h{random.Next(3)}", ["gate"], Scenes.Noon, Scenes.Noon.AddSeconds(20)),
        12 => new Unpinned($"h{random.Next(3)}", "not needed"),
        13 => new Resolved(""),
        14 => new IncidentClosed(random.AnyOf<AlarmOutcome>(), ""),
        15 => new Reopened("he is back"),
        _ => new Opened(Guid.NewGuid(), IncidentType.Crowd, AlarmSeverity.Low, "again", [], null),
    };

    /// <summary>The events are the incident: read back from their text they make it again, at every length.</summary>
    [Fact]
    public void Replaying_the_story_makes_the_same_incident()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var story = new List<IncidentEvent> { new Opened(Guid.NewGuid(), IncidentType.Intrusion, AlarmSeverity.High, "Fence", Items, null) { Number = 1, By = "ana", At = Scenes.Noon } };
            var incident = Incident.Replay(story);
            for (int i = 0; i < 60; i++)
            {
                var next = Draw(random, incident) with { Number = incident.Version + 1, By = random.Any(["ana", "luc"]), At = Scenes.Noon.AddSeconds(i) };
                var (after, refusal) = Incident.Apply(incident, next);
                if (refusal != IncidentRefusal.None)
                {
                    after.ShouldBeSameAs(incident);
                    continue;
                }

                story.Add(next);
                incident = after!;
                incident.Version.ShouldBe(story.Count);
                (incident.Type == IncidentType.Rescue).ShouldBe(incident.Severity == AlarmSeverity.Rescue);
                if (incident.State == IncidentState.Closed && incident.Outcome == AlarmOutcome.Real)
                    incident.Checklist.ShouldAllBe(c => !c.Item.Required || c.State != TickState.Open);
            }

            string text = JsonSerializer.Serialize(story, PolicyReader.Json);
            var again = Incident.Replay(JsonSerializer.Deserialize<List<IncidentEvent>>(text, PolicyReader.Json)!);
            JsonSerializer.Serialize(again, PolicyReader.Json).ShouldBe(JsonSerializer.Serialize(incident, PolicyReader.Json));
        }));
    }

    [Fact]
    public void A_story_with_a_hole_or_with_what_can_not_be_is_no_incident()
    {
        var opened = new Opened(Guid.NewGuid(), IncidentType.Crowd, AlarmSeverity.Low, "x", [], null) { Number = 1 };
        Should.Throw<InvalidDataException>(() => Incident.Replay([]));
        Should.Throw<InvalidDataException>(() => Incident.Replay([opened, new Noted("x") { Number = 3 }])).Message.ShouldContain("3");
        Should.Throw<InvalidDataException>(() => Incident.Replay([new Noted("x") { Number = 1 }]));
        Should.Throw<InvalidDataException>(() => Incident.Replay([opened, new Reopened("x") { Number = 2 }]));
    }

    [Fact]
    public void It_goes_from_open_to_closed_and_back()
    {
        var incident = Open(new IncidentAssigned("luc"));
        incident.State.ShouldBe(IncidentState.Assigned);
        incident = Do(incident, new Dispatched("North", "Look"));
        incident.State.ShouldBe(IncidentState.Dispatched);
        Do(incident, new IncidentAssigned("eva")).State.ShouldBe(IncidentState.Dispatched, "a patrol stays out, whoever has it");
        incident = Do(Do(incident, new Monitored("")), new Resolved("Gone"));
        (incident.State, incident.Due).ShouldBe((IncidentState.Resolved, null));
        incident = Do(Do(Do(incident, new Ticked("see", TickState.Done, "")), new Ticked("patrol", TickState.NotApplicable, "Nobody near")), new IncidentClosed(AlarmOutcome.Real, ""));
        (incident.State, incident.Outcome).ShouldBe((IncidentState.Closed, AlarmOutcome.Real));
        Try(incident, new Dispatched("North", "")).ShouldBe(IncidentRefusal.Closed);
        Try(incident, new Noted("Something came up")).ShouldBe(IncidentRefusal.None);
        incident = Do(incident, new Reopened("He is back"));
        (incident.State, incident.Outcome, incident.ClosedAt).ShouldBe((IncidentState.Reopened, null, null));
    }

    [Fact]
    public void A_real_one_is_closed_when_it_is_resolved_and_its_checklist_done_any_other_at_once()
    {
        var incident = Open();
        Try(incident, new IncidentClosed(AlarmOutcome.Real, "")).ShouldBe(IncidentRefusal.NotResolved);
        incident = Do(incident, new Resolved(""));
        Try(incident, new IncidentClosed(AlarmOutcome.Real, "")).ShouldBe(IncidentRefusal.ChecklistOpen);
        Try(incident, new Ticked("see", TickState.NotApplicable, "")).ShouldBe(IncidentRefusal.Words, "it must say why");
        foreach (var outcome in (AlarmOutcome[])[AlarmOutcome.False, AlarmOutcome.Nuisance, AlarmOutcome.Test])
            Try(Open(), new IncidentClosed(outcome, "")).ShouldBe(IncidentRefusal.None);
    }

    [Fact]
    public void Another_type_brings_its_checklist_and_keeps_what_was_done()
    {
        var incident = Do(Open(new Ticked("see", TickState.Done, "")), new Classified(IncidentType.Rescue, AlarmSeverity.Rescue, AlarmPolicy.Default.ChecklistOf(IncidentType.Rescue), null, "They are in the water"));
        incident.Checklist.Single(c => c.Item.Id == "see").State.ShouldBe(TickState.Done);
        incident.Checklist.ShouldContain(c => c.Item.Id == "call" && c.State == TickState.Open);
        Try(incident, new Classified(IncidentType.Rescue, AlarmSeverity.Low, [], null, "x")).ShouldBe(IncidentRefusal.Severity);
        Try(incident, new Classified(IncidentType.Crowd, AlarmSeverity.Rescue, [], null, "x")).ShouldBe(IncidentRefusal.Severity);
    }

    [Fact]
    public void The_next_shift_learns_what_waits_what_goes_on_and_what_is_switched_off()
    {
        var early = Scenes.Alarm(Scenes.Event(), AlarmSeverity.High);
        var quick = early with { Id = Guid.NewGuid() };
        quick = quick.Apply(new(AlarmActKind.Acknowledge, "ana", Scenes.Noon.AddSeconds(20))).Alarm;
        var slow = (early with { Id = Guid.NewGuid() }).Apply(new(AlarmActKind.Acknowledge, "ana", Scenes.Noon.AddMinutes(9))).Alarm
            .Apply(new(AlarmActKind.Close, "ana", Scenes.Noon.AddMinutes(10)) { Outcome = AlarmOutcome.False }).Alarm;
        var rescue = Scenes.Alarm(Scenes.Event(seconds: 60), AlarmSeverity.Rescue, IncidentType.Rescue);
        var over = Do(Open(), new IncidentClosed(AlarmOutcome.Test, ""));
        var shift = HandOver.Of(
            Scenes.Noon, Scenes.Noon.AddHours(8), [early, quick, slow, rescue], [Open(), over],
            [new() { Id = Guid.NewGuid(), From = Scenes.Noon, Until = Scenes.Noon.AddHours(9), By = "a", Reason = "r", Cameras = ["gate"] }, new() { Id = Guid.NewGuid(), From = Scenes.Noon, Until = Scenes.Noon.AddHours(1), By = "a", Reason = "r", Cameras = ["gate"] }],
            [new(Guid.NewGuid(), null, Scenes.Noon, null, "a", "r")], AlarmPolicy.Default);
        shift.Waiting.Select(a => a.Id).ShouldBe([rescue.Id, early.Id]);
        shift.Held.Select(a => a.Id).ShouldBe([quick.Id]);
        shift.Counts.Single(c => c.Type == IncidentType.Intrusion).ShouldBe(new(IncidentType.Intrusion, 3, 2, 1, 1, 0, 1, 0, 0));
        (shift.Open.Count, shift.Closed.Single().Id, shift.Suppressions.Count, shift.Disarmings.Count).ShouldBe((1, over.Id, 1, 1));
    }
}
