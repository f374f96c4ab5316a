namespace Atalaya.Incidents.Policy;

/// <summary>What holds where a policy says nothing.</summary>
static class PolicyDefaults
{
    /// <summary>Raises an event that says itself that people are in danger, where no clause speaks of it.</summary>
    public const string RescueClause = "rescue (built in)";

    public static IReadOnlyList<AlarmClause> Clauses { get; } =
    [
        new() { Id = "rescue", Name = "People in danger", Types = [IncidentType.Rescue], WhenDisarmed = true },
        new()
        {
            Id = "technical",
            Name = "The system itself",
            Kinds = [SceneEventKind.StreamLost, SceneEventKind.AnalysisBlind, SceneEventKind.RecordingFailed, SceneEventKind.StorageTrouble],
            WhenDisarmed = true,
        },
        new() { Id = "tamper", Name = "Somebody keeps a camera from seeing", Kinds = [SceneEventKind.Tamper], WhenDisarmed = true },
        new()
        {
            Id = "scene",
            Name = "What rules and sensors report",
            Kinds =
            [
                SceneEventKind.LineCrossed, SceneEventKind.ZoneEntered, SceneEventKind.ZoneOccupied, SceneEventKind.Loitering, SceneEventKind.Count, SceneEventKind.Crowd,
                SceneEventKind.WrongWay, SceneEventKind.LeftBehind, SceneEventKind.Removed, SceneEventKind.Sensor,
            ],
        },
        // Motion, leaving a zone and what cameras report besides are no alarms unless their rule says what they are about.
        new()
        {
            Id = "said",
            Name = "What its rule calls by a type",
            Types = [IncidentType.Intrusion, IncidentType.Crossing, IncidentType.Smuggling, IncidentType.Vehicle, IncidentType.Crowd, IncidentType.Tamper, IncidentType.Technical],
        },
    ];

    public static IReadOnlyList<TargetTerms> Targets { get; } =
    [
        new() { Severity = AlarmSeverity.Rescue, AcknowledgeSeconds = 30, ResolveSeconds = 3600 },
        new() { Severity = AlarmSeverity.Critical, AcknowledgeSeconds = 60, ResolveSeconds = 3600 },
        new() { Severity = AlarmSeverity.High, AcknowledgeSeconds = 120, ResolveSeconds = 4 * 3600 },
        new() { Severity = AlarmSeverity.Medium, AcknowledgeSeconds = 600 },
    ];

    // Few and plain: a list that nobody finishes at night is worse than none.
    public static IReadOnlyList<Checklist> Checklists { get; } =
    [
        Of(IncidentType.Rescue,
            Must("where", "Say where the people are and how many"), Must("call", "Call the rescue service"), Must("see", "Keep them in sight"), May("patrol", "Send the nearest patrol"),
            May("pin", "Pin the footage")),
        Of(IncidentType.Intrusion, Must("see", "Look at live and recorded pictures"), Must("patrol", "Send a patrol, or say why not"), May("pin", "Pin the footage")),
        Of(IncidentType.Crossing, Must("see", "Look at live and recorded pictures"), Must("patrol", "Send a patrol, or say why not"), May("partner", "Tell the partner's post"), May("pin", "Pin the footage")),
        Of(IncidentType.Smuggling, Must("see", "Look at live and recorded pictures"), Must("distance", "Keep people away from what was left"), May("customs", "Tell customs"), May("pin", "Pin the footage")),
        Of(IncidentType.Vehicle, Must("see", "Look at live and recorded pictures"), May("patrol", "Send a patrol"), May("pin", "Pin the footage")),
        Of(IncidentType.Crowd, Must("see", "Look at live pictures"), May("leader", "Tell the shift leader"), May("patrol", "Send a patrol")),
        Of(IncidentType.Tamper, Must("see", "Look at pictures from before and at neighbour cameras"), Must("patrol", "Have the camera looked at")),
        Of(IncidentType.Technical, Must("known", "See whether it is known"), May("technician", "Tell the technician")),
    ];

    public static IncidentType TypeOf(SceneEventKind kind, ObjectClass? subject) => kind switch
    {
        SceneEventKind.StreamLost or SceneEventKind.AnalysisBlind or SceneEventKind.RecordingFailed or SceneEventKind.StorageTrouble => IncidentType.Technical,
        SceneEventKind.Tamper or SceneEventKind.Removed => IncidentType.Tamper,
        SceneEventKind.Crowd or SceneEventKind.Count => IncidentType.Crowd,
        SceneEventKind.LeftBehind => IncidentType.Smuggling,
        _ => subject switch
        {
            ObjectClass.Vehicle or ObjectClass.TwoWheeler => IncidentType.Vehicle,
            ObjectClass.Boat => IncidentType.Crossing,
            ObjectClass.Bag => IncidentType.Smuggling,
            _ => IncidentType.Intrusion,
        },
    };

    public static AlarmSeverity SeverityOf(IncidentType type, SceneEventKind kind, ObjectClass? subject) => type switch
    {
        IncidentType.Rescue => AlarmSeverity.Rescue,
        _ when subject == ObjectClass.Animal => AlarmSeverity.Low,
        _ when kind is SceneEventKind.Motion or SceneEventKind.ZoneLeft or SceneEventKind.Other => AlarmSeverity.Low,
        IncidentType.Technical => kind is SceneEventKind.RecordingFailed or SceneEventKind.StorageTrouble ? AlarmSeverity.High : AlarmSeverity.Medium,
        IncidentType.Intrusion or IncidentType.Crossing or IncidentType.Tamper => AlarmSeverity.High,
        _ => AlarmSeverity.Medium,
    };

    static Checklist Of(IncidentType type, params IReadOnlyList<ChecklistItem> items) => new() { Type = type, Items = items };

    static ChecklistItem Must(string id, string text) => new() { Id = id, Text = text, Required = true };

    static ChecklistItem May(string id, string text) => new() { Id = id, Text = text };
}
