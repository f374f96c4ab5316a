namespace Atalaya.Incidents.Policy;

/// <summary>What policy made of a scene event.</summary>
public enum AlarmVerdict
{
    /// <summary>A new alarm.</summary>
    Raised,

    /// <summary>Part of an alarm that is there: the same happening.</summary>
    Merged,

    /// <summary>Its camera raised too many; counted in an open alarm of at least its severity.</summary>
    Counted,
    Suppressed,
    Disarmed,

    /// <summary>A clause fits but for its schedule.</summary>
    OutOfSchedule,

    /// <summary>A clause says that it is no alarm.</summary>
    Ignored,

    /// <summary>No clause speaks of it.</summary>
    NoClause,
}

/// <summary>A verdict with its reasons.</summary>
/// <param name="Clause">Id of the clause that decided, or that would have; null: none.</param>
/// <param name="Because">Id of what it hung on: the suppression, the disarming, the schedule; null: the clause alone.</param>
/// <param name="Alarm">Of <see cref="AlarmVerdict.Raised"/>, <see cref="AlarmVerdict.Merged"/> and <see cref="AlarmVerdict.Counted"/>.</param>
/// <param name="OpensIncident">The new alarm begins an incident of itself.</param>
/// <param name="Text">The same as a sentence, English.</param>
public sealed record AlarmDecision(
    Guid Event, AlarmVerdict Verdict, string? Clause, string? Because, IncidentType? Type, AlarmSeverity? Severity, Guid? Alarm, bool OpensIncident, string Text);
