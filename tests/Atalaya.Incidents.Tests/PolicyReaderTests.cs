using System.Text;
using System.Text.Json;

using Atalaya.Incidents.Policy;

using FsCheck.Fluent;

namespace Atalaya.Incidents.Tests;

public sealed class PolicyReaderTests
{
    static AlarmPolicy? Read(string json, out IReadOnlyList<PolicyFault> faults) => PolicyReader.Read(Encoding.UTF8.GetBytes(json), out faults);

    [Fact]
    public void A_sound_policy_is_the_same_after_being_written_and_read()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var policy = new Random(seed).Policy();
            string text = PolicyReader.Write(policy);
            PolicyReader.Write(Read(text, out var faults).ShouldNotBeNull(string.Join(' ', faults))).ShouldBe(text);
        }));
        Read("{}", out _).ShouldNotBeNull().Clauses.ShouldBe(AlarmPolicy.Default.Clauses);
    }

    [Fact]
    public void Every_fault_is_told_at_once_with_its_place()
    {
        Read(
            """
            {
              "zone": "Mars?", "days": [{"id": "a", "dates": []}, {"id": "a", "dates": [{"from": "2026-12-25", "to": "2026-12-24"}, {"from": "2026-01-01", "to": "2027-12-24", "name": ""}]}],
              "schedules": [
                {"id": "s", "windows": []},
                {"id": "t", "windows": [{"from": "20:00:00", "to": "06:00:00"}], "exceptions": [{"days": "a", "windows": [{"days": ["monday"], "from": "20:00:00", "to": "06:00:00"}]}, {"days": "a"}, {"days": "b"}]}
              ],
              "clauses": [
                {"id": "c", "schedule": "none", "groups": [""], "minScore": 2, "severity": "rescue"},
                {"id": "d", "action": "ignore", "severity": "low"},
                {"id": "e", "type": "rescue", "severity": "low"}
              ],
              "merge": {"seconds": -1, "neighbours": [["x"]]}, "flood": {"seconds": 0},
              "targets": [{"severity": "low", "acknowledgeSeconds": 1}, {"severity": "low", "escalateTo": [""]}],
              "checklists": [{"type": "crowd", "items": [{"id": "", "text": "x"}, {"id": "y", "text": "x", "key": "dance"}]}]
            }
            """, out var faults).ShouldBeNull();
        faults.Select(f => f.Path).ShouldBe(
            [
                "zone", "days[0].dates", "days[1].id", "days[1].dates[0].to", "days[1].dates[1].to", "schedules[0].windows", "schedules[1].exceptions[0].windows[0].days", "schedules[1].exceptions[1].days",
                "schedules[1].exceptions[2].days", "clauses[0].schedule", "clauses[0].groups[0]", "clauses[0].minScore", "clauses[0].severity",
                "clauses[1].action", "clauses[2].severity", "merge.seconds", "merge.neighbours[0]", "flood.seconds", "targets[0].acknowledgeSeconds", "targets[1].severity",
                "targets[1].escalateTo[0]", "checklists[0].items[0].id", "checklists[0].items[1].key",
            ], ignoreOrder: true);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("{\"clauses\": null}", "clauses")]
    [InlineData("{\"clauses\": [null]}", "clauses[0]")]
    [InlineData("{\"clauses\": [{\"id\": \"a\", \"rules\": [null]}]}", "clauses[0].rules[0]")]
    [InlineData("{\"clauses\": [{\"id\": \"a\", \"kinds\": [\"dancing\"]}]}", "clauses[0].kinds[0]")]
    [InlineData("{\"clauses\": [{\"name\": \"a\"}]}", "clauses[0]")]
    [InlineData("{\"clause\": []}", "clause")]
    [InlineData("{\"flood\": {\"alarms\": \"3\"}}", "flood.alarms")]
    public void What_is_no_policy_is_refused_with_its_place(string json, string path)
    {
        Read(json, out var faults).ShouldBeNull();
        faults.ShouldContain(f => f.Path == path, string.Join(' ', faults));
    }

    /// <summary>Both are kept for years: what a version once wrote must be read by the next.</summary>
    [Fact]
    public void The_story_of_an_incident_is_written_as_it_always_was()
    {
        IncidentEvent opened = new Opened(Guid.Parse("0198c0de-0000-7000-8000-000000000001"), IncidentType.Rescue, AlarmSeverity.Rescue, "Raft", [new() { Id = "where", Text = "Where", Required = true }], null)
        {
            Number = 1,
            By = "ana",
            At = Scenes.Noon,
        };
        JsonSerializer.Serialize(opened, PolicyReader.Json).ShouldBe(
            """{"event":"opened","incident":"0198c0de-0000-7000-8000-000000000001","type":"rescue","severity":"rescue","title":"Raft","checklist":[{"id":"where","text":"Where","required":true}],"number":1,"by":"ana","at":"2026-03-29T12:00:00+00:00"}""");
    }
}
