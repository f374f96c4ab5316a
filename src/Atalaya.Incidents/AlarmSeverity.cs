namespace Atalaya.Incidents;

/// <summary>How urgently a person must look, the most urgent first: lists are sorted by it before anything else.</summary>
public enum AlarmSeverity
{
    /// <summary>People are in danger. Belongs to <see cref="IncidentType.Rescue"/> and to nothing else, so that no other alarm is ever above a rescue.</summary>
    Rescue,

    /// <summary>Act now.</summary>
    Critical,

    /// <summary>Look now.</summary>
    High,

    /// <summary>Look soon.</summary>
    Medium,

    /// <summary>Look when there is time.</summary>
    Low,
}

/// <summary>What an alarm or an incident is about; decides its checklist.</summary>
public enum IncidentType
{
    /// <summary>People in danger. Ahead of all others, whatever else it is.</summary>
    Rescue,
    Intrusion,

    /// <summary>A border or a crossing point is passed where or when it must not be.</summary>
    Crossing,

    /// <summary>Goods, or things left behind.</summary>
    Smuggling,
    Vehicle,
    Crowd,

    /// <summary>Somebody keeps a camera from seeing.</summary>
    Tamper,

    /// <summary>Something of the system itself doesn't work: a stream, the analysis, a disk.</summary>
    Technical,
}
