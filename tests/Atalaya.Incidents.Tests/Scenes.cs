using Atalaya.Incidents.Policy;

namespace Atalaya.Incidents.Tests;

/// <summary>Scene events, policies and situations, plain or drawn by a seed.</summary>
static class Scenes
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero);

    public static readonly string[] Cameras = ["gate", "wall", "quay"];

    public static readonly IReadOnlyDictionary<string, CameraPlace> Places =
        new Dictionary<string, CameraPlace> { ["gate"] = new("post", ["north"]), ["wall"] = new("post", ["north"]), ["quay"] = new("harbour", ["south"]) };

    public static SceneEvent Event(string camera = "gate", double seconds = 0, SceneEventKind kind = SceneEventKind.LineCrossed, ObjectClass? subject = ObjectClass.Person, string rule = "fence") => new()
    {
        Id = Guid.NewGuid(),
        Camera = camera,
        At = Noon.AddSeconds(seconds),
        Kind = kind,
        Source = SceneEventSource.Rule,
        Rule = rule,
        Class = subject,
    };

    public static Situation Now(params Alarm[] recent) => new() { Zone = TimeZoneInfo.Utc, Recent = recent };

    public static Alarm Alarm(SceneEvent scene, AlarmSeverity severity = AlarmSeverity.High, IncidentType type = IncidentType.Intrusion) =>
        Incidents.Alarm.Raise(scene, severity, type, "clause", scene.At, null);

    public static T Any<T>(this Random random, IReadOnlyList<T> values) => values[random.Next(values.Count)];

    public static T AnyOf<T>(this Random random)
        where T : struct, Enum => random.Any(Enum.GetValues<T>());

    static IReadOnlyList<T> Some<T>(this Random random, IReadOnlyList<T> values) => random.Next(3) > 0 ? [] : [.. values.Where(_ => random.Next(2) == 0)];

    public static SceneEvent Event(this Random random, double seconds) => new()
    {
        Id = new Guid([.. Enumerable.Range(0, 16).Select(_ => (byte)random.Next(256))]),
        Camera = random.Any(Cameras),
        At = Noon.AddSeconds(seconds),
        Kind = random.AnyOf<SceneEventKind>(),
        Source = random.AnyOf<SceneEventSource>(),
        Rule = random.Any(["fence", "yard"]),
        Class = random.Next(3) == 0 ? null : random.AnyOf<ObjectClass>(),
        Score = random.Next(2) == 0 ? null : random.NextDouble(),
        Type = random.Next(3) > 0 ? null : random.AnyOf<IncidentType>(),
        Severity = random.Next(3) > 0 ? null : random.AnyOf<AlarmSeverity>(),
    };

    public static AlarmPolicy Policy(this Random random)
    {
        AlarmPolicy policy;
        do
        {
            policy = new()
            {
                Days = [new() { Id = "feast", Dates = [new() { From = new(2026, 3, 29), To = new(2026, 3, 30) }, new() { From = new(2020, 12, 24), To = new(2021, 1, 6), Yearly = true, Name = "Turn of the year" }] }],
                Schedules = [new() { Id = "night", Windows = [new() { From = new(20, 0), To = new(6, 0) }], Exceptions = random.Next(2) == 0 ? [] : [new() { Days = "feast", Windows = [new() { From = new(11, 0), To = new(13, 0) }] }] }, new() { Id = "never", Windows = [new() { Days = [DayOfWeek.Monday], From = new(1, 0), To = new(1, 1) }] }],
                Clauses = [.. Enumerable.Range(0, random.Next(5)).Select(i => Clause(random, i)), .. random.Next(2) == 0 ? AlarmPolicy.Default.Clauses : []],
                Merge = new() { Seconds = random.Any([0, 20, 60]), MostSeconds = random.Any([60, 600]), Neighbours = random.Next(2) == 0 ? [] : [["gate", "wall"]] },
                Flood = new() { Alarms = random.Any([0, 1, 3]), Seconds = random.Any([30, 300]) },
            };
        }
        while (PolicyCheck.Check(policy).Count > 0);
        return policy;
    }

    static AlarmClause Clause(Random random, int number)
    {
        bool ignore = random.Next(4) == 0;
        IncidentType? type = ignore || random.Next(2) == 0 ? null : random.AnyOf<IncidentType>();
        return new()
        {
            Id = $"c{number}",
            Kinds = random.Some(Enum.GetValues<SceneEventKind>()),
            Sources = random.Some(Enum.GetValues<SceneEventSource>()),
            Rules = random.Some(["fence", "yard"]),
            Classes = random.Some(Enum.GetValues<ObjectClass>()),
            Types = random.Some(Enum.GetValues<IncidentType>()),
            Cameras = random.Some(Cameras),
            Groups = random.Some(["north", "south"]),
            MinScore = random.Next(3) == 0 ? random.NextDouble() : null,
            Schedule = random.Next(4) == 0 ? random.Any(["night", "never"]) : null,
            Action = ignore ? ClauseAction.Ignore : ClauseAction.Raise,
            WhenDisarmed = !ignore && random.Next(2) == 0,
            Type = type,
            Severity = ignore || type == IncidentType.Rescue || random.Next(2) == 0 ? null : (AlarmSeverity)random.Next(1, 5),
            OpensIncident = ignore || random.Next(2) == 0 ? null : random.Next(2) == 0,
        };
    }

    public static Situation Situation(this Random random, params IReadOnlyList<Alarm> recent) => new()
    {
        Zone = TimeZoneInfo.Utc,
        Recent = recent,
        Places = Places,
        Disarmings = [.. Enumerable.Range(0, random.Next(2)).Select(_ => new Disarming(Guid.NewGuid(), random.Any([null, "north", "south"]), Noon.AddSeconds(-50), random.Any<DateTimeOffset?>([null, Noon.AddSeconds(30)]), "ana", "works"))],
        Suppressions = [.. Enumerable.Range(0, random.Next(2)).Select(_ => new Suppression
        {
            Id = Guid.NewGuid(),
            Cameras = random.Some(Cameras),
            Rules = random.Some(["fence", "yard"]),
            Kinds = random.Some(Enum.GetValues<SceneEventKind>()),
            From = Noon.AddSeconds(-60),
            Until = Noon.AddSeconds(random.Next(200)),
            Reason = "wind",
            By = "ana",
        })],
    };
}
