using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void LinkMessage(ReadOnlySpan<byte> input)
    {
        if (!Envelope.TryParse(input.ToArray(), out var envelope, out _))
            return;
        if (!Envelope.TryParse(envelope.ToBytes(), out var again, out string? fault))
            throw new InvalidOperationException($"A message can't be read as it is written. {fault}");
        if (again.Number != envelope.Number || again.Kind != envelope.Kind || again.Previous != envelope.Previous)
            throw new InvalidOperationException("A message says something else when it is read again.");
    }

    static IEnumerable<byte[]> LinkMessageSeeds() =>
    [
        new Envelope("0123456789abcdef", Digest.Of("one"u8), Lane.Urgent, 1, default, DateTimeOffset.UnixEpoch, "alarm.changed", JsonDocument.Parse("{\"id\":\"a\",\"list\":[1,null,{}]}").RootElement).ToBytes(),
        new Envelope("fedcba9876543210", Digest.Of("two"u8), Lane.Records, long.MaxValue, Digest.Of("before"u8), DateTimeOffset.UnixEpoch, "site.reported", JsonDocument.Parse("{}").RootElement).ToBytes(),
    ];

    public static void LinkBatch(ReadOnlySpan<byte> input)
    {
        if (MessageBatch.TryRead(input.ToArray(), out var messages, out _) && !MessageBatch.Write(messages).AsSpan().SequenceEqual(input))
            throw new InvalidOperationException("A batch has two spellings.");
    }

    static IEnumerable<byte[]> LinkBatchSeeds() => [[], MessageBatch.Write([new(new byte[SealedMessage.SignatureLength], "{}"u8.ToArray()), new(new byte[SealedMessage.SignatureLength], [])])];

    public static void LinkInvitation(ReadOnlySpan<byte> input)
    {
        if (Invitation.TryParse(Encoding.UTF8.GetString(input), out var invitation, out _) && !Invitation.TryParse(invitation.ToString(), out _, out string? fault))
            throw new InvalidOperationException($"An invitation can't be read as it is written. {fault}");
    }

    static IEnumerable<byte[]> LinkInvitationSeeds() => [Encoding.ASCII.GetBytes(new Invitation(LinkKind.Centre, "centre.example.org:8443", Digest.Of("key"u8), new byte[Invitation.SecretLength]).ToString())];

    /// <summary>What a site tells its centre, and the centre a site: whether it is sound can be asked of whatever could be read.</summary>
    public static void CentreMessage(ReadOnlySpan<byte> input)
    {
        if (Body(input) is not { } body)
            return;
        _ = (CentreJson.TryRead<SiteReport>(body, out var report) && report.IsSound) | (CentreJson.TryRead<SiteCameras>(body, out var cameras) && cameras.IsSound)
            | (CentreJson.TryRead<AlarmsChanged>(body, out var alarms) && alarms.IsSound) | (CentreJson.TryRead<IncidentsChanged>(body, out var incidents) && incidents.IsSound)
            | (FarWords.Read(body).Unread is null) | FarWords.TryReport(body, out _)
            | (CentreJson.TryRead<CaseDeed>(body, out var deed) && deed.IsSound) | (CentreJson.TryRead<DeedAnswered>(body, out var answered) && answered.IsSound);
    }

    static IEnumerable<byte[]> CentreMessageSeeds()
    {
        var (at, id) = (DateTimeOffset.UnixEpoch, Guid.Empty);
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new SiteReport(
            at, "0.1.0", "Linux", [new("disk", default, ["a"])], [new("fast", default, 1, 1, null)], new(true, 0.1), new("log", "key", 3, null), 3, 2, 2, "digest")).GetRawText());
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new SiteCameras("digest", 0, 1, [new("north", "North", true, "running", "", "recording", true, false, new(36.1, -5.3, 10, 20, 100))])).GetRawText());
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new IncidentsChanged([new(1, id, default, default, default, "A boat", null, at, at, null, null, 1, ["north"], Custody.AtSite)])).GetRawText());
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new CaseDeed(id, "Ana", new AlarmDeed(id, 1, default, null, null, "a"))).GetRawText());
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new CaseDeed(id, "Ana", Incident: new IncidentDeed(id, 1, CustodyDeed.TakeOver))).GetRawText());
        yield return Encoding.UTF8.GetBytes(CentreJson.Write(new DeedAnswered(id, "No.")).GetRawText());
        yield return """{"alarms":[{"change":1,"alarm":{"id":null,"cameras":null}}]}"""u8.ToArray();
    }

    // As the inbox hands it on: an object whose texts are all Unicode.
    static JsonElement? Body(ReadOnlySpan<byte> input)
    {
        var signed = "{\"version\":1,\"link\":\"0123456789abcdef\",\"sender\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"lane\":\"urgent\",\"number\":1,\"previous\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"sent\":\"2026-03-01T12:00:00.000000Z\",\"kind\":\"a\",\"body\":"u8;
        return Envelope.TryParse((byte[])[.. signed, .. input, (byte)'}'], out var envelope, out _) ? envelope.Body : null;
    }

    public static void NodeCard(ReadOnlySpan<byte> input) => Federation.Links.NodeCard.TryOpen(Encoding.UTF8.GetString(input), out _, out _);

    static IEnumerable<byte[]> NodeCardSeeds()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = new NoteSigner("log.example.org/card", NoteSignatureKind.Ed25519, new byte[32]);
        string text = new NodeCard("Guardia", "North", signer.Key, key.ExportSubjectPublicKeyInfo(), "192.0.2.1:8443").Text;
        var note = new SignedNote(text, []);
        return [(note with { Signatures = [signer.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] }).ToBytes()];
    }
}
