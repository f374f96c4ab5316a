namespace Atalaya.Incidents.Policy;

/// <summary>What holds where a policy says nothing.</summary>
static class PolicyDefaults
{
    /// <summary>Raises an event that says itself that people are in danger, where no clause speaks of it.</summary>
    public const string RescueClause = "rescue (built in)";

    /// <summary>What may be on a checklist without anybody's own words: English by key. Pages have them in their languages.</summary>
    public static IReadOnlyDictionary<string, string> ItemTexts { get; } = new Dictionary<string, string>
    {
        ["where"] = "Say where the people are and how many",
        ["call"] = "Call the rescue service",
        ["keepInSight"] = "Keep them in sight",
        ["nearestPatrol"] = "Send the nearest patrol",
        ["pin"] = "Pin the footage",
        ["look"] = "Look at live and recorded pictures",
        ["patrolOrWhy"] = "Send a patrol, or say why not",
        ["partner"] = "Tell the partner's post",
        ["distance"] = "Keep people away from what was left",
        ["customs"] = "Tell customs",
        ["patrol"] = "Send a patrol",
        ["lookLive"] = "Look at live pictures",
        ["leader"] = "Tell the shift leader",
        ["lookBefore"] = "Look at pictures from before and at neighbour cameras",
        ["haveLooked"] = "Have the camera looked at",
        ["known"] = "See whether it is known",
        ["technician"] = "Tell the technician",
    };

    // Without names: pages say what a clause says in the reader's language.
    public static IReadOnlyList<AlarmClause> Clauses { get; } =
    [
        new() { Id = "rescue", Types = [IncidentType.Rescue], WhenDisarmed = true },
        new()
        {
            Id = "technical",
            Kinds = [SceneEventKind.StreamLost, SceneEventKind.AnalysisBlind, SceneEventKind.RecordingFailed, SceneEventKind.StorageTrouble],
            WhenDisarmed = true,
        },
        new() { Id = "tamper", Kinds = [SceneEventKind.Tamper], WhenDisarmed = true },
        new()
        {
            Id = "scene",
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
        Of(IncidentType.Rescue, Must("where"), Must("call"), Must("see", "keepInSight"), May("patrol", "nearestPatrol"), May("pin")),
        Of(IncidentType.Intrusion, Must("see", "look"), Must("patrol", "patrolOrWhy"), May("pin")),
        Of(IncidentType.Crossing, Must("see", "look"), Must("patrol", "patrolOrWhy"), May("partner"), May("pin")),
        Of(IncidentType.Smuggling, Must("see", "look"), Must("distance"), May("customs"), May("pin")),
        Of(IncidentType.Vehicle, Must("see", "look"), May("patrol"), May("pin")),
        Of(IncidentType.Crowd, Must("see", "lookLive"), May("leader"), May("patrol")),
        Of(IncidentType.Tamper, Must("see", "lookBefore"), Must("patrol", "haveLooked")),
        Of(IncidentType.Technical, Must("known"), May("technician")),
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

    static ChecklistItem Must(string id, string? key = null) => Item(id, key ?? id, true);

    static ChecklistItem May(string id, string? key = null) => Item(id, key ?? id, false);

    static ChecklistItem Item(string id, string key, bool required) => new() { Id = id, Text = ItemTexts[key], Key = key, Required = required };
}
