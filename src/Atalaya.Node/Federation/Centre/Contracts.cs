using System.ComponentModel;

using Atalaya.Federation.Centre;
using Atalaya.Incidents;
using Atalaya.Node.Alarms;

namespace Atalaya.Node.Federation.Centre;

[Description("A site of this organisation, as this centre knows it.")]
public sealed record SiteJson(
    [property: Description("Of the link. A camera there is ID/CAMERA here.")] string Id,
    string Name,
    [property: Description("Whether the link stands now.")] bool Up,
    [property: Description("Since when it does, or doesn't; null: unknown.")] DateTimeOffset? Since,
    [property: Description("Messages that wait to be sent there.")] long Waiting,
    [property: Description("Seconds by which the site's clock is ahead of this node's, as its messages tell; null: unknown.")] double? ClockOffsetSeconds,
    [property: Description("When its last report came; null: none yet, or you may not see how it is.")] DateTimeOffset? ReportedAt,
    SiteReportJson? Report);

public sealed record SiteReportJson(
    [property: Description("By the site's clock.")] DateTimeOffset At,
    string Version,
    [property: Description("Operating system and processor.")] string System,
    [property: Description("The worst of the parts.")] PartState State,
    IReadOnlyList<SitePart> Parts,
    IReadOnlyList<SiteVolume> Volumes,
    SiteClock Clock,
    SiteKeys Keys,
    int Cameras,
    [property: Description("Running, or switched off by somebody.")] int CamerasWell,
    int Recording)
{
    internal static SiteReportJson Of(SiteReport r) => new(r.At, r.Version, r.System, r.State, r.Parts, r.Volumes, r.Clock, r.Keys, r.Cameras, r.CamerasWell, r.Recording);
}

public sealed record FarCameraJson(
    [property: Description("SITE/CAMERA: of this node's own routes under /api/sites.")] string Id,
    [property: Description("Of the link.")] string Site,
    string SiteName,
    string Name,
    bool Enabled,
    [property: Description("As GET /api/cameras says it.")] string State,
    string Reason,
    [property: Description("As GET /api/cameras says it.")] string Recording,
    bool HasSub,
    bool HasMasks,
    [property: Description("Null: it stands on no map.")] SitePlace? Place);

public sealed record FarAlarmJson(
    string Site,
    string SiteName,
    [property: Description("Its cameras are written SITE/CAMERA.")] AlarmJson Alarm);

public sealed record FarIncidentJson(
    string Site, string SiteName, Guid Id, IncidentType Type, AlarmSeverity Severity, IncidentState State, string Title, string? Assignee, DateTimeOffset OpenedAt, DateTimeOffset ChangedAt, DateTimeOffset? Due,
    DateTimeOffset? ClosedAt, long Version,
    [property: Description("Who has it: it is worked there.")] CaseHolder Holder,
    [property: Description("Who took it over or gave it back last; empty: nobody yet.")] string HolderName,
    [property: Description("For 'epoch' of a deed.")] long Epoch);

public sealed record FarCasesJson(
    IReadOnlyList<FarAlarmJson> Alarms,
    IReadOnlyList<FarIncidentJson> Incidents,
    [property: Description("For 'after' of the next call; of pages that of the first one.")] long Change,
    [property: Description("There is more: ask again at once, with 'cursor' where there is 'next'.")] bool More,
    [property: Description("For 'cursor' of the next page of what is open; null: there is no more, or it was asked with 'after'.")] string? Next);

public sealed record AlarmDeedInputJson
{
    [Description("Required.")]
    public AlarmActKind? Act { get; init; }

    [Description("Of the alarm as it was seen. Required.")]
    public long? Version { get; init; }

    [Description("Who gets it, for an assignment.")]
    public string? To { get; init; }

    [Description("What it was, to close it.")]
    public AlarmOutcome? Outcome { get; init; }
    public string? Note { get; init; }
}

public enum FarIncidentDeedJson
{
    /// <summary>This centre works it from now on.</summary>
    TakeOver,
    HandBack,
    Assign,
    Dispatch,
    Monitor,
    Note,
    Resolve,
    Close,
    Reopen,
}

public sealed record IncidentDeedInputJson
{
    [Description("Required. All but takeOver and note need that this centre has it.")]
    public FarIncidentDeedJson? Deed { get; init; }

    [Description("Of the incident as it was seen. Required.")]
    public long? Epoch { get; init; }

    [Description("Who gets it, or which patrol is sent.")]
    public string? To { get; init; }

    [Description("What it was, to close it.")]
    public AlarmOutcome? Outcome { get; init; }

    [Description("The note, the patrol's task, or why it is reopened.")]
    public string? Note { get; init; }
}

[Description("What was asked of a site. It is done there, by its rules; how the case is then comes as any change.")]
public sealed record SentDeedJson(
    Guid Id,
    string By,
    DateTimeOffset At,
    [property: Description("In a word, such as acknowledge or takeOver.")] string What,
    [property: Description("Null: the site hasn't answered yet.")] DateTimeOffset? AnsweredAt,
    [property: Description("Why it wasn't done; null: it was, or waits.")] string? Refusal)
{
    internal static SentDeedJson Of(SentDeed d) => new(d.Deed.Id, d.Deed.By, d.At, d.Deed.Alarm is { } alarm ? Options.OptionText.Format(alarm.Act) : WordOf(d.Deed.Incident!), d.AnsweredAt, d.Refusal);

    static string WordOf(IncidentDeed deed) => Options.OptionText.Format(deed switch
    {
        { Custody: CustodyDeed.TakeOver } => FarIncidentDeedJson.TakeOver,
        { Custody: CustodyDeed.HandBack } => FarIncidentDeedJson.HandBack,
        { Event: IncidentAssigned } => FarIncidentDeedJson.Assign,
        { Event: Dispatched } => FarIncidentDeedJson.Dispatch,
        { Event: Monitored } => FarIncidentDeedJson.Monitor,
        { Event: Resolved } => FarIncidentDeedJson.Resolve,
        { Event: IncidentClosed } => FarIncidentDeedJson.Close,
        { Event: Reopened } => FarIncidentDeedJson.Reopen,
        _ => FarIncidentDeedJson.Note,
    });
}

public sealed record CustodyJson(
    [property: Description("Who works the incident.")] CaseHolder Holder,
    [property: Description("Who took it over or gave it back last; empty: nobody yet.")] string By)
{
    internal static CustodyJson Of(Custody c) => new(c.Holder, c.By);
}
