using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void AlarmPolicyText(ReadOnlySpan<byte> input)
    {
        if (PolicyReader.Read(input, out var faults) is not { } policy)
        {
            if (faults.Count == 0)
                throw new InvalidOperationException("A policy was refused without a reason.");
            return;
        }

        // What was let through must decide, and survive being written.
        var scene = new SceneEvent { Id = Guid.Empty, Camera = "gate", At = DateTimeOffset.UnixEpoch, Kind = SceneEventKind.LineCrossed, Source = SceneEventSource.Rule, Rule = "fence" };
        policy.Decide(scene, new() { Zone = TimeZoneInfo.Utc });
        if (PolicyReader.Read(JsonSerializer.SerializeToUtf8Bytes(policy, PolicyReader.Json), out _) is null)
            throw new InvalidOperationException("A sound policy wasn't read again.");
    }

    static IEnumerable<byte[]> AlarmPolicyTextSeeds() =>
    [
        JsonSerializer.SerializeToUtf8Bytes(AlarmPolicy.Default, PolicyReader.Json),
        "{\"zone\":\"Europe/Madrid\",\"days\":[{\"id\":\"feasts\",\"dates\":[{\"from\":\"2026-12-24\",\"to\":\"2027-01-06\",\"yearly\":true}]}],\"schedules\":[{\"id\":\"night\",\"windows\":[{\"days\":[\"monday\"],\"from\":\"22:00:00\",\"to\":\"06:00:00\"}],\"exceptions\":[{\"days\":\"feasts\",\"windows\":[]}]}],\"clauses\":[{\"id\":\"fence\",\"rules\":[\"fence\"],\"schedule\":\"night\",\"groups\":[\"north\"],\"type\":\"intrusion\",\"severity\":\"critical\"}],\"merge\":{\"seconds\":30,\"neighbours\":[[\"gate\",\"wall\"]]},\"flood\":{\"alarms\":5,\"seconds\":60}}"u8.ToArray(),
        "{\"clauses\":[{\"id\":\"cats\",\"classes\":[\"animal\"],\"action\":\"ignore\"}],\"targets\":[{\"severity\":\"rescue\",\"acknowledgeSeconds\":20,\"escalateTo\":[\"leader\"]}],\"checklists\":[]}"u8.ToArray(),
    ];

    /// <summary>The story of an incident, as it is kept.</summary>
    public static void IncidentStory(ReadOnlySpan<byte> input)
    {
        try
        {
            if (JsonSerializer.Deserialize<List<IncidentEvent>>(input, PolicyReader.Json) is { } story && !story.Contains(null!))
                Incident.Replay(story);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException or NotSupportedException)
        {
            // Told in words.
        }
    }

    static IEnumerable<byte[]> IncidentStorySeeds() =>
    [
        JsonSerializer.SerializeToUtf8Bytes<List<IncidentEvent>>(
        [
            new Opened(Guid.NewGuid(), IncidentType.Intrusion, AlarmSeverity.High, "Fence", AlarmPolicy.Default.ChecklistOf(IncidentType.Intrusion), null) { Number = 1, By = "a" },
            new AlarmLinked(Guid.NewGuid()) { Number = 2, By = "a" },
            new Dispatched("North", "Look") { Number = 3, By = "a" },
            new Ticked("see", TickState.Done, "") { Number = 4, By = "a" },
            new Resolved("") { Number = 5, By = "b" },
        ], PolicyReader.Json),
    ];
}
