using System.ComponentModel;

using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Node.Incidents;

namespace Atalaya.Node.Alarms;

[Description("Something that a person must look at.")]
public sealed record AlarmJson(
    Guid Id,
    IncidentType Type,
    AlarmSeverity Severity,
    AlarmState State,
    [property: Description("Which saw it first; empty: the node itself.")] string Camera,
    [property: Description("All that saw it, the first one first.")] IReadOnlyList<string> Cameras,
    SceneEventKind Kind,
    [property: Description("The rule's id, or the camera's own topic.")] string Rule,
    ObjectClass? Class,
    [property: Description("For people; may be empty.")] string Detail,
    [property: Description("Of kinds whose sentence a page says in its reader's language: what is in it, by name; empty of others.")] IReadOnlyDictionary<string, string> Facts,
    [property: Description("Of the first scene event, in the picture.")] DateTimeOffset At,
    [property: Description("Of the latest one.")] DateTimeOffset LastAt,
    [property: Description("When policy decided.")] DateTimeOffset RaisedAt,
    [property: Description("Scene events in it: merged and counted ones too.")] long Events,
    [property: Description("The policy's clause that raised it.")] string Clause,
    string? AcknowledgedBy,
    DateTimeOffset? AcknowledgedAt,
    string? Assignee,
    [property: Description("How often it was escalated.")] int Level,
    [property: Description("By when somebody must acknowledge it; null: no target, or met. Nothing is escalated while overAt is set.")] DateTimeOffset? Due,
    AlarmOutcome? Outcome,
    string? ClosedBy,
    DateTimeOffset? ClosedAt,
    [property: Description("The incident it belongs to.")] Guid? Incident,
    [property: Description("For If-Match: grows with everything that is done to it, not with events that join.")] long Version,
    [property: Description("When the trouble of the node that it is about ended; null: it goes on, or isn't such an alarm. It stays open until somebody says what it was.")] DateTimeOffset? OverAt)
{
    internal static AlarmJson Of(Alarm a) => new(
        a.Id, a.Type, a.Severity, a.State, a.Camera, a.Cameras, a.Kind, a.Rule, a.Class, a.Detail, a.Facts, a.At, a.LastAt, a.RaisedAt, a.Events, a.Clause, a.AcknowledgedBy, a.AcknowledgedAt, a.Assignee,
        a.Level, a.Due, a.Outcome, a.ClosedBy, a.ClosedAt, a.Incident, a.Version, a.OverAt);
}

public sealed record OpenAlarmsJson(long Rescue, long Critical, long High, long Medium, long Low)
{
    internal static OpenAlarmsJson Of(IReadOnlyDictionary<AlarmSeverity, long> open) => new(
        open.GetValueOrDefault(AlarmSeverity.Rescue), open.GetValueOrDefault(AlarmSeverity.Critical), open.GetValueOrDefault(AlarmSeverity.High), open.GetValueOrDefault(AlarmSeverity.Medium),
        open.GetValueOrDefault(AlarmSeverity.Low));
}

public sealed record AlarmPageJson(
    [property: Description("In the order that was asked for. Rescues are first in each.")] IReadOnlyList<AlarmJson> Alarms,
    [property: Description("For 'cursor' of the next page; null: there is no more.")] string? Next,
    [property: Description("All that are open, by severity, whatever was asked for.")] OpenAlarmsJson Open,
    [property: Description("Number of the last change that this page knows: for GET /api/alarms/changes.")] long Change);

public sealed record AlarmStepJson(
    [property: Description("The alarm's version after it.")] long Version,
    AlarmActKind Act,
    AlarmState From,
    AlarmState To,
    [property: Description("'clock' when a target passed.")] string By,
    DateTimeOffset At,
    [property: Description("To whom it went, if to somebody.")] string? Assignee,
    AlarmOutcome? Outcome,
    string Note)
{
    internal static AlarmStepJson Of(AlarmStep s) => new(s.Version, s.Act.Kind, s.From, s.To, s.Act.By, s.Act.At, s.Act.To, s.Act.Outcome, s.Act.Note);
}

public sealed record AlarmDetailJson(
    AlarmJson Alarm,
    [property: Description("What was done to it, in order.")] IReadOnlyList<AlarmStepJson> Steps,
    [property: Description("Its scene events, the newest first; 200 at most.")] IReadOnlyList<DecisionJson> Events);

[Description("What policy made of a scene event, and why.")]
public sealed record DecisionJson(
    Guid Event,
    string Camera,
    DateTimeOffset At,
    SceneEventKind Kind,
    string Rule,
    [property: Description("Null: it waits for its decision, or is from before there were any.")] AlarmVerdict? Verdict,
    [property: Description("The clause that decided, or that would have; null: none.")] string? Clause,
    [property: Description("Id of the suppression, disarming or schedule that it hung on.")] string? Because,
    [property: Description("The same as a sentence, English.")] string? Reason,
    Guid? Alarm);

public sealed record CaseChangesJson(
    [property: Description("As they are now, in the order of their last change.")] IReadOnlyList<AlarmJson> Alarms,
    IReadOnlyList<IncidentLineJson> Incidents,
    [property: Description("For 'after' of the next call.")] long Change,
    [property: Description("There is more: ask again at once.")] bool More,
    [property: Description("All that are open, by severity.")] OpenAlarmsJson Open);

public sealed record AcknowledgeRequestJson
{
    [Description("At most 4000 characters.")]
    public string? Note { get; init; }
}

public sealed record AssignRequestJson
{
    [Description("Who gets it, 1 to 200 characters. Required.")]
    public string? To { get; init; }
    public string? Note { get; init; }
}

public sealed record EscalateRequestJson
{
    [Description("Who gets it; absent: whom the policy names next.")]
    public string? To { get; init; }
    public string? Note { get; init; }
}

public sealed record CloseAlarmRequestJson
{
    [Description("What it was. Required.")]
    public AlarmOutcome? Outcome { get; init; }
    public string? Note { get; init; }
}

public sealed record AlarmIncidentRequestJson
{
    [Description("An incident that goes on; absent: a new one is opened.")]
    public Guid? Incident { get; init; }

    [Description("Of a new one, at most 200 characters; absent: the camera's name.")]
    public string? Title { get; init; }
}

[Description("How alarms of one rule on one camera ended.")]
public sealed record AlarmFigureJson(
    string Camera, string Rule, SceneEventKind Kind, IncidentType Type, long Alarms, long Events, long Closed, long Real, long False, long Nuisance, long Test,
    [property: Description("False and nuisance ones of those that were closed, tests apart; null: none was.")] double? FalseShare)
{
    internal static AlarmFigureJson Of(AlarmFigure f)
    {
        long judged = f.Real + f.False + f.Nuisance;
        return new(f.Camera, f.Rule, f.Kind, f.Type, f.Alarms, f.Events, f.Closed, f.Real, f.False, f.Nuisance, f.Test, judged == 0 ? null : Math.Round((f.False + f.Nuisance) / (double)judged, 3));
    }
}

public sealed record StandingPolicyJson(
    [property: Description("For If-Match; 0: nobody has written a policy yet, the default is in force.")] long Version,
    [property: Description("Who wrote it.")] string? By,
    DateTimeOffset? At,
    [property: Description("The site's zone as it is in force.")] string Zone,
    AlarmPolicy Policy);

[Description("An event of which the tried policy would have made something else.")]
public sealed record TrialDifferenceJson(
    Guid Event,
    string Camera,
    DateTimeOffset At,
    SceneEventKind Kind,
    string Rule,
    ObjectClass? Class,
    [property: Description("What was made of it.")] AlarmVerdict Was,
    string? WasClause,
    [property: Description("Of the alarm that it raised.")] AlarmSeverity? WasSeverity,
    [property: Description("What would have been made of it.")] AlarmVerdict Would,
    string? WouldClause,
    [property: Description("Of the alarm that it would have raised.")] AlarmSeverity? WouldSeverity,
    [property: Description("Why, as a sentence, English.")] string Reason)
{
    internal static TrialDifferenceJson Of(TrialDifference d) => new(
        d.Was.Scene.Id, d.Was.Scene.Camera, d.Was.Scene.At, d.Was.Scene.Kind, d.Was.Scene.Rule, d.Was.Scene.Class, d.Was.Verdict, d.Was.Clause, d.WasSeverity, d.Would.Verdict, d.Would.Clause, d.WouldSeverity,
        d.Would.Text);
}

public sealed record VerdictsJson(
    int Raised,
    [property: Description("Part of an alarm that was there.")] int Merged,
    [property: Description("Behind a flood.")] int Counted,
    int Suppressed, int Disarmed, int OutOfSchedule, int Ignored, int NoClause)
{
    internal static VerdictsJson Of(IReadOnlyDictionary<AlarmVerdict, int> counts)
    {
        int Of(AlarmVerdict verdict) => counts.GetValueOrDefault(verdict);
        return new(
            Of(AlarmVerdict.Raised), Of(AlarmVerdict.Merged), Of(AlarmVerdict.Counted), Of(AlarmVerdict.Suppressed), Of(AlarmVerdict.Disarmed), Of(AlarmVerdict.OutOfSchedule), Of(AlarmVerdict.Ignored),
            Of(AlarmVerdict.NoClause));
    }
}

public sealed record PolicyTrialJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("Scene events of the stretch that were decided.")] int Events,
    [property: Description("There were more; these are the first.")] bool IsPart,
    [property: Description("Alarms that were raised, by severity.")] OpenAlarmsJson Was,
    [property: Description("Alarms that the policy would have raised.")] OpenAlarmsJson Would,
    VerdictsJson WasVerdicts,
    VerdictsJson WouldVerdicts,
    [property: Description("How many events would have become something else.")] int Different,
    [property: Description("The first 200 of them, in the order of their arrival.")] IReadOnlyList<TrialDifferenceJson> Differences)
{
    const int MaxShown = 200;

    internal static PolicyTrialJson Of(DateTimeOffset from, DateTimeOffset to, bool isPart, TrialResult result)
    {
        return new(
            from, to, result.Events, isPart, Counts(result.Was), Counts(result.Would), VerdictsJson.Of(result.WasVerdicts), VerdictsJson.Of(result.WouldVerdicts), result.Differences.Count,
            [.. result.Differences.Take(MaxShown).Select(TrialDifferenceJson.Of)]);

        static OpenAlarmsJson Counts(IReadOnlyDictionary<AlarmSeverity, int> counts) => OpenAlarmsJson.Of(counts.ToDictionary(c => c.Key, c => (long)c.Value));
    }
}

[Description("A group of cameras, a site or everything, that raises only what goes on when disarmed.")]
public sealed record DisarmingJson(
    Guid Id,
    [property: Description("A group of cameras; null: not by group.")] string? Group,
    [property: Description("A site of cameras; null, as group: everything.")] string? Site,
    DateTimeOffset From,
    [property: Description("Null: until somebody arms it.")] DateTimeOffset? Until,
    string By,
    string Reason)
{
    internal static DisarmingJson Of(Disarming d) => new(d.Id, d.Group, d.Site, d.From, d.Until, d.By, d.Reason);
}

public sealed record DisarmRequestJson
{
    [Description("A group that cameras have. Absent, as site: everything.")]
    public string? Group { get; init; }

    [Description("A site that cameras have.")]
    public string? Site { get; init; }

    [Description("When it arms itself; absent: when somebody does.")]
    public DateTimeOffset? Until { get; init; }

    [Description("Why, 1 to 500 characters. Required.")]
    public string? Reason { get; init; }
}

[Description("Events that raise nothing for a while.")]
public sealed record SuppressionJson(
    Guid Id, IReadOnlyList<string> Cameras, IReadOnlyList<string> Groups, IReadOnlyList<string> Rules, IReadOnlyList<SceneEventKind> Kinds, DateTimeOffset From, DateTimeOffset Until, string Reason, string By,
    [property: Description("Who ended it early.")] string? EndedBy)
{
    internal static SuppressionJson Of(Suppression s) => new(s.Id, s.Cameras, s.Groups, s.Rules, s.Kinds, s.From, s.Until, s.Reason, s.By, s.EndedBy);
}

public sealed record SuppressionRequestJson
{
    [Description("Ids. Of cameras, groups, rules and kinds at least one must be named; what isn't means any.")]
    public IReadOnlyList<string>? Cameras { get; init; }

    [Description("Groups that cameras have.")]
    public IReadOnlyList<string>? Groups { get; init; }

    [Description("Ids. A rescue is suppressed only by name of its rule.")]
    public IReadOnlyList<string>? Rules { get; init; }
    public IReadOnlyList<SceneEventKind>? Kinds { get; init; }

    [Description("When it ends, at most 30 days ahead. Required.")]
    public DateTimeOffset? Until { get; init; }

    [Description("Why, 1 to 500 characters. Required.")]
    public string? Reason { get; init; }
}
