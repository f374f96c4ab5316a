using System.Text.Json.Serialization;

using Atalaya.Incidents;

namespace Atalaya.Federation.Centre;

/// <summary>What somebody at the centre wants done with an alarm or an incident of a site. One of the three is there.</summary>
/// <param name="Id">Made at the centre: the answer names it.</param>
/// <param name="By">Who, as the centre knows them.</param>
/// <param name="Alarm">Of an alarm.</param>
/// <param name="Incident">Of an incident.</param>
public sealed record CaseDeed(Guid Id, string By, AlarmDeed? Alarm = null, IncidentDeed? Incident = null)
{
    public const int MaxBy = 100;

    [JsonIgnore]
    public bool IsSound => By.Length is > 0 and <= MaxBy && !By.Any(char.IsControl) && (Alarm is null) != (Incident is null) && Alarm?.IsSound != false && Incident?.IsSound != false;
}

/// <param name="Version">Of the alarm that was seen.</param>
/// <param name="To">Who gets it, for an assignment.</param>
public sealed record AlarmDeed(Guid Alarm, long Version, AlarmActKind Act, string? To, AlarmOutcome? Outcome, string Note)
{
    [JsonIgnore]
    public bool IsSound => Version > 0 && Enum.IsDefined(Act) && !(To?.Length > Incidents.Incident.MaxName) && Note.Length <= Incidents.Incident.MaxText && (Outcome is null || Enum.IsDefined(Outcome.Value));
}

/// <param name="Epoch">Of the custody that was seen.</param>
/// <param name="Custody">To take it over, or to give it back.</param>
/// <param name="Event">What is to be told of it; its number, time and author are the site's to write.</param>
public sealed record IncidentDeed(Guid Incident, long Epoch, CustodyDeed? Custody = null, IncidentEvent? Event = null)
{
    /// <summary>What a centre may do with an incident that it has: not open others, nor pin footage of the site's disk.</summary>
    [JsonIgnore]
    public bool IsSound => Epoch >= 0 && (Custody is null) != (Event is null) && (Custody is null || Enum.IsDefined(Custody.Value))
        && Event is null or IncidentAssigned or Dispatched or Monitored or Noted or Ticked or Resolved or IncidentClosed or Reopened;
}

public enum CustodyDeed
{
    TakeOver,
    HandBack,
}

/// <summary>What became of a deed at the site.</summary>
/// <param name="Refusal">A sentence; null: it was done.</param>
public sealed record DeedAnswered(Guid Id, string? Refusal)
{
    [JsonIgnore]
    public bool IsSound => !(Refusal?.Length > SiteReport.MaxWords);
}
