using System.Collections.Frozen;
using System.Data.Common;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Incidents;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Hand-overs as they come from the other side.</summary>
sealed class HandOverMessages(HandOvers handOvers, AgreementBook agreements, TimeProvider clock) : MessageHandler
{
    const int MaxText = 1000, MaxType = 40, MaxCap = 16 << 10;

    static readonly FrozenDictionary<string, IncidentType> Types = Enum.GetValues<IncidentType>().ToFrozenDictionary(t => JsonNamingPolicy.CamelCase.ConvertName(t.ToString()), StringComparer.Ordinal);

    /// <summary>A target that lies farther away is no target.</summary>
    static readonly TimeSpan LongestTarget = TimeSpan.FromDays(1);

    public override IReadOnlyList<string> Kinds => ["handover.sent", "handover.acknowledged", "handover.closed"];

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        var body = message.Body;
        if (Text(body, "id", 36) is not { } id || !Guid.TryParseExact(id, "D", out _))
            return MessageVerdict.Refused("It has no id.");
        var known = await HandOvers.FindAsync(connection, transaction, id);
        if (known is not null && known.Link != message.From.Id)
            return MessageVerdict.Refused("There is no such hand-over on this link.");
        if (message.Kind == "handover.sent")
        {
            if (known is not null)
                return known.Ours ? MessageVerdict.Refused("There is another hand-over with this number.") : MessageVerdict.Applied;
            if (Text(body, "incident", 36) is not { } incident || Text(body, "title", MaxText) is not { Length: > 0 } title || Text(body, "note", MaxText) is not { } note
                || Text(body, "cardGrant", 36) is not { } card || Text(body, "liveGrant", 36) is not { } live || !body.TryGetProperty("rescue", out var rescue)
                || rescue.ValueKind is not (JsonValueKind.True or JsonValueKind.False) || !body.TryGetProperty("due", out var due) || !due.TryGetDateTimeOffset(out var by))
            {
                return MessageVerdict.Refused("A member of the hand-over is missing, or can't be read.");
            }

            IncidentType? type = null;
            if (body.TryGetProperty("type", out var named) && named.ValueKind != JsonValueKind.Null)
            {
                if (Text(body, "type", MaxType) is not { } word)
                    return MessageVerdict.Refused("The type of its incident can't be read.");
                // One that a later version has isn't known here: it comes nevertheless.
                type = Types.TryGetValue(word, out var read) ? read : null;
                if (type is { } stated && (stated == IncidentType.Rescue) != (rescue.ValueKind == JsonValueKind.True))
                    return MessageVerdict.Refused("Its type says another thing than whether it is a rescue.");
            }

            if (!message.From.IsOwn && Beyond(message.From, body, card, incident, rescue.ValueKind == JsonValueKind.True) is { } beyond)
                return beyond;
            string? cap = null;
            if (body.TryGetProperty("cap", out var xml) && xml.ValueKind != JsonValueKind.Null && ((cap = xml.ValueKind == JsonValueKind.String ? xml.GetString() : "") is not { Length: > 0 and <= MaxCap } || !IsCap(cap)))
                return MessageVerdict.Refused("Its CAP document can't be read.");
            var now = clock.GetUtcNow();
            // By this node's clock; the other's may be off.
            var target = by - message.SentAt;
            var at = now + (target < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : target > LongestTarget ? LongestTarget : target);
            await HandOvers.InsertAsync(connection, transaction, new(id, false, message.From.Id, incident, title, rescue.ValueKind == JsonValueKind.True, note, card, live, cap, now, at, "", Type: type));
            return MessageVerdict.Applied;
        }

        if (known is not { Ours: true })
            return MessageVerdict.Refused("There is no such hand-over on this link.");
        if (message.Kind == "handover.acknowledged")
        {
            if (Text(body, "by", MaxText) is not { Length: > 0 } who)
                return MessageVerdict.Refused("It doesn't say who acknowledged it.");
            if (known.Acknowledge(who, clock.GetUtcNow()) is { } acknowledged)
                await HandOvers.UpdateAsync(connection, transaction, acknowledged);
            return MessageVerdict.Applied;
        }

        if (Text(body, "outcome", 20) is not { } outcome || !Enum.TryParse<AlarmOutcome>(outcome, ignoreCase: true, out var what) || !Enum.IsDefined(what) || Text(body, "note", MaxText) is not { } closing)
            return MessageVerdict.Refused("It doesn't say what came of it.");
        if (known.Close(what.ToString(), closing, clock.GetUtcNow()) is not { } closed)
            return MessageVerdict.Refused("It is closed already, or nobody acknowledged it.");
        await HandOvers.UpdateAsync(connection, transaction, closed);
        return MessageVerdict.Applied;
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop) =>
        Text(message.Body, "id", 36) is { } id ? handOvers.CameAsync(id, message.From, message.Kind, stop) : Task.CompletedTask;

    /// <summary>Nobody there was told: here it is as late as can be.</summary>
    public override async Task<Action?> RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.Kind != "handover.sent" || Text(message.Body, "id", 36) is not { } id || await HandOvers.FindAsync(connection, transaction, id) is not { } sent || sent.Link != message.Link
            || sent.Refuse(message.Reason, message.Clause, clock.GetUtcNow()) is not { } refused)
        {
            return null;
        }

        await HandOvers.UpdateAsync(connection, transaction, refused);
        return () => _ = handOvers.WasRefusedAsync(id);
    }

    /// <summary>Why it isn't what the agreement lets them hand over: they ask it by the terms of the card's grant, and so does this node. Null: it is.</summary>
    MessageVerdict? Beyond(Link from, JsonElement body, string card, string incident, bool isRescue)
    {
        if (!body.TryGetProperty("document", out var text) || text.ValueKind != JsonValueKind.String || !ShareDocument.TryParse(text.GetString()!, out var document)
            || document is not { Act: ShareAct.Given, Terms: { What: ShareKind.IncidentCard } terms })
        {
            return MessageVerdict.Refused("It doesn't say under which terms its incident is handed over.");
        }

        if (document.Grant != card || document.By != from.Organisation || terms.From != from.Organisation || terms.To != agreements.Organisation || terms.Incident != incident || (terms.IncidentType == "rescue") != isRescue
            || (Text(body, "type", MaxType) is { } type && type != terms.IncidentType))
        {
            return MessageVerdict.Refused("Its terms are of something else.");
        }

        return agreements.Beyond(from, terms, "hand this over");
    }

    // An alert of CAP 1.2, and no DTD: what is in it people read, nothing acts on it.
    static bool IsCap(string text)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxCap });
            return XDocument.Load(reader).Root?.Name == XName.Get("alert", "urn:oasis:names:tc:emergency:cap:1.2");
        }
        catch (XmlException)
        {
            return false;
        }
    }

    static string? Text(JsonElement body, string name, int most) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= most && !text.Any(char.IsControl) ? text : null;
}
