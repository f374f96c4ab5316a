using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Grants;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void ShareDocumentText(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (ShareDocument.TryParse(text, out var document) && document.Text() != text)
            throw new InvalidOperationException("A document has two spellings.");
    }

    static IEnumerable<byte[]> ShareDocumentTextSeeds() =>
    [
        Encoding.UTF8.GetBytes(new ShareDocument("0196a0b4-7c00-7000-8000-000000000001", "0196a0b4-7c00-7000-8000-000000000002", ShareAct.Received, "South", DateTimeOffset.UnixEpoch, new('a', 64), new('b', 64), 7, "ñ \"").Text()),
        Encoding.UTF8.GetBytes(new ShareDocument(
            "0196a0b4-7c00-7000-8000-000000000001", "0196a0b4-7c00-7000-8000-000000000002", ShareAct.Given, "North", DateTimeOffset.UnixEpoch,
            Terms: new(
                Federation.Agreements.ShareKind.Live, "North", "South", "a/1", "c", "p", "r", "", "", "", "", "s", "cam", "t", null, null, "", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1), null, true, "SOUTH",
                Federation.Agreements.HandlingCode.H1, Federation.Agreements.OnwardTransfer.Never, 1, false)).Text()),
    ];

    public static void ShareBundleFile(ReadOnlySpan<byte> input)
    {
        if (ShareBundle.TryParse(input.ToArray(), out var bundle))
            ReceiptCheck.Run(bundle, bundle with { Organisation = bundle.Partner, Partner = bundle.Organisation }, [bundle.Key]);
    }

    static IEnumerable<byte[]> ShareBundleFileSeeds()
    {
        using var signer = new NoteSigner("log.example.org/north", NoteSignatureKind.Ed25519, new byte[32]);
        var note = new SignedNote(Encoding.UTF8.GetString(ShareDocumentTextSeeds().Last()), []);
        note = note with { Signatures = [signer.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] };
        return [new ShareBundle("North", "South", signer.Key, KeyHistory.Empty, DateTimeOffset.UnixEpoch, [new(note.ToString(), null)]).ToBytes()];
    }
}
