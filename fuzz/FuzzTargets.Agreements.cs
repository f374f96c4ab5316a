using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>What is let through decides, reads as a page, and is the same when it is read again.</summary>
    public static void AgreementText(ReadOnlySpan<byte> input)
    {
        if (AgreementReader.Read(input, out var faults) is not { } agreement)
        {
            if (faults.Count == 0)
                throw new InvalidOperationException("An agreement was refused without a reason.");
            return;
        }

        byte[] written = AgreementReader.Write(agreement);
        if (AgreementReader.Read(written, out _) is not { } again || !AgreementReader.Write(again).AsSpan().SequenceEqual(written))
            throw new InvalidOperationException("An agreement isn't read as it was written.");
        AgreementPage.Of(agreement, Language.Ar).ToHtml();
        foreach (var what in Enum.GetValues<ShareKind>())
        {
            var ask = new Ask(
                agreement.Parties[0].Organisation, agreement.Parties[1].Organisation, what, agreement.Purposes[0].Id, "intrusion", null, "", "", Masked: false, 1080, TimeSpan.FromDays(10), HandlingCode.H0,
                RequestKind.Footage, Rescue: true, agreement.Begins, Approvals: 0);
            if (AgreementEvaluator.Decide(agreement, ask).Reasons.Count == 0)
                throw new InvalidOperationException("A decision says nothing.");
        }
    }

    static IEnumerable<byte[]> AgreementTextSeeds() => [AgreementReader.Write(AgreementExample.Convention)];

    public static void AgreementDenunciation(ReadOnlySpan<byte> input)
    {
        if (!SignedNote.TryParse(input, out var note))
            return;
        if (Denunciation.TryParse(note.Text, out var denunciation) && denunciation.Text != note.Text)
            throw new InvalidOperationException("A denunciation has two spellings.");
        Denunciation.TryRead(note, AgreementExample.Convention, out _, out _);
        SignedAgreement.TryRead(AgreementExample.Convention, note, out _, out _);
    }

    static IEnumerable<byte[]> AgreementDenunciationSeeds()
    {
        // The seed of RFC 8032, 7.1, test 1: the example's first party.
        using var north = new NoteSigner("log.north.example", NoteSignatureKind.Ed25519, Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        foreach (string text in (string[])[Denunciation.Of(AgreementExample.Convention, "North", new(2026, 5, 31), "why").Text, SignedAgreement.TextOf(AgreementExample.Convention)])
            yield return [.. (new SignedNote(text, []) with { Signatures = [north.Sign(Encoding.UTF8.GetBytes(text), DateTimeOffset.UnixEpoch)] }).ToBytes()];
    }

    /// <summary>What is taken over is sound, and survives being written as a policy.</summary>
    public static void OdrlPolicy(ReadOnlySpan<byte> input)
    {
        var read = Odrl.Read(input.ToArray(), AgreementExample.Convention);
        if (read.Agreement is null != read.Faults.Count > 0)
            throw new InvalidOperationException("A policy was refused without a reason, or taken in spite of one.");
        if (read.Agreement is { } agreement && Odrl.Read(Odrl.Write(agreement, out _), draft: null) is var again
            && (again.Agreement is null || !AgreementReader.Write(again.Agreement).AsSpan().SequenceEqual(AgreementReader.Write(agreement))))
        {
            throw new InvalidOperationException("A policy that we wrote isn't read as the same agreement.");
        }
    }

    static IEnumerable<byte[]> OdrlPolicySeeds() =>
    [
        Odrl.Write(AgreementExample.Convention, out _),
        """
        {"@type":"Offer","uid":"http://example.org/7","permission":[{"target":"gate","assigner":"North","assignee":"South","action":["odrl:stream","play"],
        "constraint":[{"leftOperand":"purpose","operator":"eq","rightOperand":{"@id":"http://example.org/x#traffic"}}],"duty":{"action":"delete","constraint":{"leftOperand":"delayPeriod","operator":"lteq","rightOperand":"P5D"}}}]}
        """u8.ToArray(),
    ];
}
