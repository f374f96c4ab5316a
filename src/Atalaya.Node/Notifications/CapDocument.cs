using System.Globalization;
using System.Xml.Linq;

using Atalaya.Incidents;

namespace Atalaya.Node.Notifications;

/// <summary>Common Alerting Protocol 1.2 (OASIS, 1 July 2010). Elements stand in the order of its schema, which is a sequence.</summary>
static class CapDocument
{
    static readonly XNamespace Cap = "urn:oasis:names:tc:emergency:cap:1.2";

    /// <param name="sender">Of this site; no spaces, commas or &lt; &amp; (3.2.1).</param>
    /// <param name="place">Where: the camera's name.</param>
    /// <param name="exercise">Status 'Exercise': nobody may act on it as if it were real.</param>
    public static XDocument Of(Alarm alarm, string sender, string place, bool exercise, DateTimeOffset sent, string? restriction = null)
    {
        var info = new XElement(Cap + "info",
            new XElement(Cap + "language", "en"),
            new XElement(Cap + "category", alarm.Type == IncidentType.Rescue ? "Rescue" : "Security"),
            new XElement(Cap + "event", exercise ? $"Exercise: {Words(alarm.Type)}" : Words(alarm.Type)),
            new XElement(Cap + "responseType", alarm.Type == IncidentType.Rescue ? "Execute" : "Assess"),
            new XElement(Cap + "urgency", alarm.Severity <= AlarmSeverity.Critical ? "Immediate" : "Expected"),
            new XElement(Cap + "severity", alarm.Severity switch
            {
                AlarmSeverity.Rescue => "Extreme",
                AlarmSeverity.Critical => "Severe",
                AlarmSeverity.High => "Moderate",
                _ => "Minor",
            }),
            // A rule saw it, nobody has looked yet.
            new XElement(Cap + "certainty", alarm.AcknowledgedAt is null ? "Likely" : "Observed"),
            new XElement(Cap + "onset", Time(alarm.At)),
            new XElement(Cap + "headline", $"{Words(alarm.Type)} at {place}"),
            new XElement(Cap + "description", alarm.Detail.Length > 0 ? alarm.Detail : $"{alarm.Kind} seen {alarm.Events} times from {alarm.At:u} to {alarm.LastAt:u}."),
            new XElement(Cap + "parameter", new XElement(Cap + "valueName", "alarm"), new XElement(Cap + "value", alarm.Id)),
            new XElement(Cap + "area", new XElement(Cap + "areaDesc", place)));
        return new(
            new XDeclaration("1.0", "utf-8", null),
            new XElement(Cap + "alert",
                new XElement(Cap + "identifier", $"{alarm.Id:n}-{alarm.Version}"),
                new XElement(Cap + "sender", Plain(sender)),
                new XElement(Cap + "sent", Time(sent)),
                new XElement(Cap + "status", exercise ? "Exercise" : "Actual"),
                new XElement(Cap + "msgType", alarm.Level > 0 ? "Update" : "Alert"),
                new XElement(Cap + "scope", "Restricted"),
                new XElement(Cap + "restriction", restriction ?? "For those who were given it by the site."),
                exercise ? new XElement(Cap + "note", "This is an exercise.") : null,
                // An update refers to what it updates: sender,identifier,sent.
                alarm.Level > 0 ? new XElement(Cap + "references", $"{Plain(sender)},{alarm.Id:n}-1,{Time(alarm.RaisedAt)}") : null,
                alarm.Incident is { } incident ? new XElement(Cap + "incidents", incident) : null,
                info));
    }

    /// <summary>A rescue that another organisation is told of, as its incident stands.</summary>
    /// <param name="position">Last known, WGS 84; null: nobody knows.</param>
    public static XDocument OfRescue(Incident incident, string sender, string place, (double Latitude, double Longitude)? position, DateTimeOffset sent, string restriction) => new(
        new XDeclaration("1.0", "utf-8", null),
        new XElement(Cap + "alert",
            new XElement(Cap + "identifier", $"{incident.Id:n}-{incident.Version}"),
            new XElement(Cap + "sender", Plain(sender)),
            new XElement(Cap + "sent", Time(sent)),
            new XElement(Cap + "status", "Actual"),
            new XElement(Cap + "msgType", "Alert"),
            new XElement(Cap + "scope", "Restricted"),
            new XElement(Cap + "restriction", restriction),
            new XElement(Cap + "incidents", incident.Id),
            new XElement(Cap + "info",
                new XElement(Cap + "language", "en"),
                new XElement(Cap + "category", "Rescue"),
                new XElement(Cap + "event", Words(IncidentType.Rescue)),
                new XElement(Cap + "responseType", "Execute"),
                new XElement(Cap + "urgency", "Immediate"),
                new XElement(Cap + "severity", "Extreme"),
                // Somebody looked before they handed it over.
                new XElement(Cap + "certainty", "Observed"),
                new XElement(Cap + "onset", Time(incident.OpenedAt)),
                new XElement(Cap + "headline", $"{Words(IncidentType.Rescue)} at {place}"),
                new XElement(Cap + "description", incident.Title),
                // 3.2.4: a circle of no radius is a point.
                new XElement(Cap + "area", new XElement(Cap + "areaDesc", place), position is { } at
                    ? new XElement(Cap + "circle", string.Create(CultureInfo.InvariantCulture, $"{at.Latitude:0.######},{at.Longitude:0.######} 0")) : null))));

    // 3.3.2: an offset, never Z.
    static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'-00:00'", CultureInfo.InvariantCulture);

    static string Words(IncidentType type) => type.ToString();

    static string Plain(string sender) => new([.. sender.Select(c => char.IsWhiteSpace(c) || c is ',' or '<' or '&' ? '-' : c)]);
}
