using System.Text.Json;

using Atalaya.Analysis.Rules;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tests.Rules;

public sealed class RuleReaderTests
{
    const double Aspect = 16 / 9.0;

    const string Everything = """
        rules:
          - {type: line, name: fence, points: [[0.1, 0.62], [0.95, 0.55]], direction: both, classes: [person]}
          - type: zone
            id: yard-1
            name: Yard
            points: [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9], [0.5, 0.9]]
            event: inside
            seconds: 7.5
            anchor: centre
            minMetres: 1
            schedule:
              windows:
                - {days: [monday, friday], from: "20:00", to: "06:30"}
                - {from: 12:00, to: 13:00}
          - {type: loitering, name: a, seconds: 30}
          - {type: count, name: b, atLeast: 3}
          - {type: crowd, name: c}
          - {type: wrongWay, name: d, way: [[0, 0], [1, 1]]}
          - {type: leftBehind, name: e, enabled: false}
          - {type: removed, name: f, points: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]}
          - {type: tamper, name: g, kinds: [covered, turned]}
          - {type: stream, name: h}
        ground:
          camera: {height: 6, tilt: 20, fieldOfView: 70}
          map: {latitude: 35.9, longitude: -5.3, bearing: 120}
        """;

    [Fact]
    public void Every_kind_is_read()
    {
        var config = RuleReader.Read(Everything, Aspect, out var faults).ShouldNotBeNull(string.Join('\n', faults));
        config.Rules.Count.ShouldBe(10);
        var zone = config.Rules[1].ShouldBeOfType<ZoneRule>();
        (zone.Id, zone.Name, zone.Event, zone.Seconds, zone.Anchor, zone.MinMetres).ShouldBe(("yard-1", "Yard", ZoneEventKind.Inside, 7.5, Anchor.Centre, 1.0));
        zone.Schedule!.Windows[0].Days.ShouldBe([DayOfWeek.Monday, DayOfWeek.Friday]);
        zone.Schedule.Windows[0].To.ShouldBe(new(6, 30));
        var line = config.Rules[0].ShouldBeOfType<LineRule>();
        line.Id.ShouldBe("fence");
        line.Classes.ShouldBe([ObjectClass.Person]);
        config.Rules[4].ShouldBeOfType<CrowdRule>().Classes.ShouldBe([ObjectClass.Person], "defaults stand where nothing is said");
        config.Ground!.Camera!.Tilt.ShouldBe(20);
    }

    [Fact]
    public void What_is_written_as_JSON_is_read_the_same_by_both_readers()
    {
        var config = RuleReader.Read(Everything, Aspect, out _).ShouldNotBeNull();
        string json = JsonSerializer.Serialize(config, RuleReader.Json);
        JsonSerializer.Serialize(JsonSerializer.Deserialize<RuleConfig>(json, RuleReader.Json), RuleReader.Json).ShouldBe(json);
        var again = RuleReader.Read(json, Aspect, out var faults).ShouldNotBeNull(string.Join('\n', faults));
        JsonSerializer.Serialize(again, RuleReader.Json).ShouldBe(json);
    }

    [Fact]
    public void All_faults_are_told_at_once_with_their_lines()
    {
        RuleReader.Read(
            """
            rules:
              - {type: line, name: fence, points: [[0.1, 0.62]], direction: up}
              - {type: zone, name: fence, points: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]], colour: red}
              - {type: zone, name: far, points: [[0.1, 0.1], [50, 0.9], [0.9, 0.1]], seconds: soon}
              - {type: fence}
              - {name: none}
              - {type: count, name: n, minHeight: 0.5, maxHeight: 0.2, minSpeed: 1}
            sky: blue
            """, Aspect, out var faults).ShouldBeNull();
        string all = string.Join('\n', faults);
        all.ShouldContain("line 2, rules[0].direction: must be both, leftToRight or rightToLeft, not 'up'.");
        all.ShouldContain("line 3, rules[1]: 'colour' isn't known here");
        all.ShouldContain("line 4, rules[2].seconds: must be a number, not 'soon'.");
        all.ShouldContain("line 5, rules[3].type: 'fence' is no type of rule");
        all.ShouldContain("line 6, rules[4]: 'type' is missing");
        all.ShouldContain("line 7, ");
        all.ShouldContain("'atMost' must be given");
        all.ShouldContain("Swap them");
        all.ShouldContain("needs 'ground'");
        all.ShouldContain("line 8: 'sky' isn't known here");
    }

    [Theory]
    [InlineData("points: [[0.5, 0.5], [0.5, 0.5]]", "same place")]
    [InlineData("points: [[0.5, 0.5]]", "2 to 64")]
    [InlineData("points: [[0.5, 0.5], [1.5, 0.5]]", "outside the picture")]
    [InlineData("points: [[0.5, 0.5], [.nan, 0.5]]", "two numbers")]
    [InlineData("points: [[0.5, 0.5], [0.9, 0.5]], rearm: -1", "must be from 0 to 86400")]
    [InlineData("points: [[0.5, 0.5], [0.9, 0.5]], schedule: {windows: []}", "1 to 64")]
    [InlineData("points: [[0.5, 0.5], [0.9, 0.5]], schedule: {windows: [{from: 25:00, to: 06:00}]}", "a time of day")]
    [InlineData("points: &a [[0.5, 0.5], [0.9, 0.5]]", "Anchors")]
    public void A_fault_in_a_line_is_said_in_words(string rest, string expected)
    {
        RuleReader.Read($"rules: [{{type: line, name: a, {rest}}}]", Aspect, out var faults).ShouldBeNull();
        string.Join('\n', faults).ShouldContain(expected);
    }

    [Theory]
    [InlineData("points: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]", "crosses itself")]
    [InlineData("points: [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]", "hardly any area")]
    public void A_fault_in_a_zone_is_said_in_words(string rest, string expected)
    {
        RuleReader.Read($"rules: [{{type: zone, name: a, {rest}}}]", Aspect, out var faults).ShouldBeNull();
        string.Join('\n', faults).ShouldContain(expected);
    }

    [Fact]
    public void Severity_and_incident_are_words_of_a_list_and_a_rescue_is_nothing_else()
    {
        var rule = RuleReader.Read("rules: [{type: tamper, name: a, severity: high, incident: technical}]", Aspect, out _).ShouldNotBeNull().Rules[0];
        (rule.Severity, rule.Incident).ShouldBe((AlarmSeverity.High, IncidentType.Technical));
        RuleReader.Read("rules: [{type: tamper, name: a, severity: urgent, incident: theft}]", Aspect, out var faults).ShouldBeNull();
        faults.Select(f => f.Message).ShouldBe(
        [
            "must be rescue, critical, high, medium or low, not 'urgent'.",
            "must be rescue, intrusion, crossing, smuggling, vehicle, crowd, tamper or technical, not 'theft'.",
        ]);
        RuleReader.Read("rules: [{type: tamper, name: a, severity: rescue, incident: intrusion}]", Aspect, out faults).ShouldBeNull();
        faults.ShouldHaveSingleItem().Message.ShouldContain("belongs to incident rescue alone");
    }

    [Fact]
    public void Two_rules_with_one_name_are_one_too_many()
    {
        RuleReader.Read("rules: [{type: tamper, name: a}, {type: stream, name: a}]", Aspect, out var faults).ShouldBeNull();
        faults.ShouldHaveSingleItem().Message.ShouldContain("another rule's already");
    }

    [Fact]
    public void Nothing_is_no_rules()
    {
        RuleReader.Read("", Aspect, out _).ShouldNotBeNull().Rules.ShouldBeEmpty();
        RuleReader.Read("rules:", Aspect, out _).ShouldNotBeNull().Rules.ShouldBeEmpty();
    }

    [Fact]
    public void A_night_in_local_time_spans_midnight_and_both_changes_of_the_clocks()
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Madrid");
        var nights = new Schedule { Windows = [new() { Days = [DayOfWeek.Saturday], From = new(22, 0), To = new(6, 0) }] };
        // Saturday 28 March 2026 in winter time; on Sunday at 2:00 the clocks go to 3:00.
        Covers(2026, 3, 28, 20, 59).ShouldBeFalse();
        Covers(2026, 3, 28, 21, 0).ShouldBeTrue();
        Covers(2026, 3, 29, 0, 59).ShouldBeTrue();
        Covers(2026, 3, 29, 1, 0).ShouldBeTrue();
        Covers(2026, 3, 29, 3, 59).ShouldBeTrue();
        Covers(2026, 3, 29, 4, 0).ShouldBeFalse();
        // Saturday 24 October 2026; on Sunday at 3:00 the clocks go back to 2:00: nine hours.
        Enumerable.Range(0, 24 * 60).Count(m => nights.Covers(WallTime.From(new DateTimeOffset(2026, 10, 24, 12, 0, 0, TimeSpan.Zero).AddMinutes(m)), zone)).ShouldBe(9 * 60);
        Enumerable.Range(0, 24 * 60).Count(m => nights.Covers(WallTime.From(new DateTimeOffset(2026, 3, 28, 12, 0, 0, TimeSpan.Zero).AddMinutes(m)), zone)).ShouldBe(7 * 60);

        bool Covers(int year, int month, int day, int hour, int minute) => nights.Covers(WallTime.From(new(year, month, day, hour, minute, 0, TimeSpan.Zero)), zone);
    }

    [Fact]
    public void Equal_ends_are_a_whole_day()
    {
        var always = new Schedule { Windows = [new() { From = new(8, 0), To = new(8, 0) }] };
        always.Covers(WallTime.From(new(2026, 1, 1, 3, 0, 0, TimeSpan.Zero)), TimeZoneInfo.Utc).ShouldBeTrue();
        always.Covers(WallTime.From(new(2026, 1, 1, 8, 0, 0, TimeSpan.Zero)), TimeZoneInfo.Utc).ShouldBeTrue();
    }
}
