using System.Text;

using Atalaya.Analysis.Evaluation;
using Atalaya.Analysis.Rules;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void Rules(ReadOnlySpan<byte> input)
    {
        if (RuleReader.Read(Encoding.UTF8.GetString(input), 16 / 9.0, out var faults) is not { } config)
        {
            if (faults.Count == 0)
                throw new InvalidOperationException("Rules were refused without a reason.");
            return;
        }

        // What was let through must work.
        var ground = config.Ground is null ? null : GroundPlane.Of(config.Ground, 16 / 9.0, out _);
        new RuleSet(config.Rules, ground, TimeZoneInfo.Utc).Update([], default, new(1_700_000_000_000_000));
    }

    static IEnumerable<byte[]> RulesSeeds() =>
    [
        "rules:\n  - {type: line, name: fence, points: [[0.1, 0.62], [0.95, 0.55]], direction: both, classes: [person]}\n"u8.ToArray(),
        "rules:\n  - type: zone\n    name: yard\n    points: [[0.5, 0.5], [0.9, 0.5], [0.9, 0.9]]\n    schedule:\n      windows: [{days: [monday], from: 20:00, to: 06:00}]\n"u8.ToArray(),
        "{\"rules\": [{\"type\": \"count\", \"name\": \"c\", \"atLeast\": 3}, {\"type\": \"tamper\", \"name\": \"t\", \"kinds\": [\"turned\"]}], \"ground\": {\"camera\": {\"height\": 6, \"tilt\": 20, \"fieldOfView\": 70}}}"u8.ToArray(),
        "ground: {marks: [{at: [0.1, 0.9], metres: [0, 0]}, {at: [0.9, 0.9], metres: [9, 0]}, {at: [0.7, 0.4], metres: [9, 20]}, {at: [0.3, 0.4], metres: [0, 20]}]}"u8.ToArray(),
    ];

    public static void EventsOfAClip(ReadOnlySpan<byte> input)
    {
        if (ClipEvents.Read(Encoding.UTF8.GetString(input), out var faults) is null == (faults.Count == 0))
            throw new InvalidOperationException("A text with faults was read, or one without refused.");
    }

    static IEnumerable<byte[]> EventsOfAClipSeeds() =>
    [
        "rules:\n  - {name: fence, type: line, points: [[0.10, 0.62], [0.95, 0.55]], direction: both, classes: [person]}\nevents:\n  - {rule: fence, t: 3.2}\n"u8.ToArray(),
        "{\"rules\": [{\"name\": \"a\", \"type\": \"stream\"}], \"events\": []}"u8.ToArray(),
    ];

    public static void MotChallenge(ReadOnlySpan<byte> input) => _ = MotFile.TryRead(Encoding.UTF8.GetString(input), out _, out _);

    static IEnumerable<byte[]> MotChallengeSeeds() => ["1,-1,281.931,187.466,79.93,209.537,0.997784,-1,-1,-1\n2,1,399,182,121,229,1,-1,-1,-1\n"u8.ToArray()];
}
