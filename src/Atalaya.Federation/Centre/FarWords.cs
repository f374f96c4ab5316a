using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Incidents;

namespace Atalaya.Federation.Centre;

/// <summary>
/// Reads what a site of a later version tells: a word of a list that this version doesn't know is taken for the nearest that makes nothing less urgent, and stands in the alarm's detail as it came; and of many cases
/// that came together one that can't be read keeps none of the others away. Never throws, whatever came.
/// </summary>
public static class FarWords
{
    /// <summary>Cases that couldn't be read are named up to so many.</summary>
    const int MostNamed = 5;

    static readonly Word Type = Word.Of(nameof(Alarm.Type), IncidentType.Intrusion), Severity = Word.Of(nameof(Alarm.Severity), AlarmSeverity.High), Class = Word.Of(nameof(Alarm.Class), ObjectClass.Other),
        Kind = Word.Of(nameof(Alarm.Kind), SceneEventKind.Other), Outcome = Word.Of(nameof(Alarm.Outcome), AlarmOutcome.Real), AlarmIs = Word.Of(nameof(Alarm.State), AlarmState.Raised),
        ClosedAlarm = Word.Of(nameof(Alarm.State), AlarmState.Closed), IncidentIs = Word.Of(nameof(SiteIncident.State), IncidentState.Open), ClosedIncident = Word.Of(nameof(SiteIncident.State), IncidentState.Closed),
        Holder = Word.Of(nameof(Custody.Holder), CaseHolder.Site), Part = Word.Of(nameof(SitePart.State), PartState.Degraded);

    /// <summary>The alarms or incidents of a message, and what couldn't be read of it, a sentence; null: all could.</summary>
    public static (IReadOnlyList<SiteAlarm> Alarms, IReadOnlyList<SiteIncident> Incidents, string? Unread) Read(JsonElement body)
    {
        List<SiteAlarm> alarms = [];
        List<SiteIncident> incidents = [];
        List<string> unread = [];
        int many = 0;
        foreach (var (item, isAlarm) in Items(body, "alarms").Select(i => (i, true)).Concat(Items(body, "incidents").Select(i => (i, false))))
        {
            if (++many > AlarmsChanged.Max)
                return ([], [], $"It has more than {AlarmsChanged.Max} alarms or incidents.");
            if (isAlarm && TryAlarm(item, out var alarm))
                alarms.Add(alarm);
            else if (!isAlarm && TryIncident(item, out var incident))
                incidents.Add(incident);
            else
                unread.Add(IdOf(item, isAlarm));
        }

        return (alarms, incidents, unread.Count == 0
            ? null
            : $"{unread.Count} of {many} alarms and incidents in it can't be read here: {string.Join(", ", unread.Take(MostNamed))}{(unread.Count > MostNamed ? " …" : "")}. The centre may need the site's version.");
    }

    public static bool TryReport(JsonElement body, [NotNullWhen(true)] out SiteReport? report)
    {
        report = null;
        if (Copy(body) is not { } known)
            return false;
        if (known["parts"] is JsonArray parts)
        {
            foreach (var part in parts.OfType<JsonObject>())
                Part.Settle(part);
        }

        return CentreJson.TryRead(JsonSerializer.SerializeToElement(known), out report);
    }

    static bool TryAlarm(JsonElement item, [NotNullWhen(true)] out SiteAlarm? read)
    {
        read = null;
        if (Copy(item) is not { } known || known["alarm"] is not JsonObject alarm)
            return false;
        string?[] words = [.. Known(alarm), Class.Settle(alarm), Kind.Settle(alarm), Outcome.Settle(alarm), (alarm["closedAt"] is null ? AlarmIs : ClosedAlarm).Settle(alarm)];
        if (string.Join(", ", words.Where(w => w is not null)) is { Length: > 0 } unknown)
        {
            string detail = alarm["detail"] is JsonValue said && said.TryGetValue(out string? text) && text.Length > 0 ? $"{unknown}; {text}" : unknown;
            alarm["detail"] = detail.Length <= SiteAlarm.MaxWords ? detail : detail[..SiteAlarm.MaxWords];
        }

        return CentreJson.TryRead(JsonSerializer.SerializeToElement(known), out read) && read.IsSound;
    }

    static bool TryIncident(JsonElement item, [NotNullWhen(true)] out SiteIncident? read)
    {
        read = null;
        if (Copy(item) is not { } known)
            return false;
        _ = Known(known);
        (known["closedAt"] is null ? IncidentIs : ClosedIncident).Settle(known);
        if (known["custody"] is JsonObject custody)
            Holder.Settle(custody);
        return CentreJson.TryRead(JsonSerializer.SerializeToElement(known), out read) && read.IsSound;
    }

    // A rescue is one by either word.
    static string?[] Known(JsonObject of)
    {
        bool isRescue = IsRescue(of, "type") || IsRescue(of, "severity");
        string?[] unknown = [Type.Settle(of), Severity.Settle(of)];
        if (isRescue && unknown[0] is not null)
            of["type"] = "rescue";
        if (isRescue && unknown[1] is not null)
            of["severity"] = "rescue";
        return unknown;
    }

    static bool IsRescue(JsonObject of, string name) => of[name] is JsonValue value && value.TryGetValue(out string? word) && word.Equals("rescue", StringComparison.OrdinalIgnoreCase);

    static IEnumerable<JsonElement> Items(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    static string IdOf(JsonElement item, bool isAlarm) =>
        item.ValueKind == JsonValueKind.Object && (!isAlarm || (item.TryGetProperty("alarm", out item) && item.ValueKind == JsonValueKind.Object))
        && item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && id.TryGetGuid(out var read) ? read.ToString() : "one without an id";

    // Of an object that has a member twice there is no telling which is meant.
    static JsonObject? Copy(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object ? JsonNode.Parse(element.GetRawText(), null, new() { AllowDuplicateProperties = false }) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member that is a word of a list.</summary>
    sealed record Word(string Member, IReadOnlySet<string> All, string Instead)
    {
        public static Word Of<T>(string member, T instead)
            where T : struct, Enum => new(
                JsonNamingPolicy.CamelCase.ConvertName(member), Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName).ToHashSet(StringComparer.OrdinalIgnoreCase),
                JsonNamingPolicy.CamelCase.ConvertName(instead.ToString()));

        /// <returns>The word that isn't known, and its member; null: all is well, or it is no word.</returns>
        public string? Settle(JsonObject of)
        {
            if (of[Member] is not JsonValue value || !value.TryGetValue(out string? word) || All.Contains(word))
                return null;
            of[Member] = Instead;
            return $"{Member}: {(word.Length <= 40 ? word : word[..40] + "…")}";
        }
    }
}
