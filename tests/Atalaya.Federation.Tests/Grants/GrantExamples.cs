using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;

namespace Atalaya.Federation.Tests.Grants;

/// <summary>Terms, documents and logs of two invented police forces.</summary>
static class GrantExamples
{
    public const string Owner = "Guardia Norte", Receiver = "شرطة الجنوب";

    public static readonly DateTimeOffset Noon = new(2031, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static readonly string Sha256 = new('a', 64);

    public static ShareTerms Terms(ShareKind what = ShareKind.Clip) => new(
        what, Owner, Receiver, "convenio/2", "clips-of-crossings", "prevention", "N-77", "smuggling", "drugs", "footage", "B2", "Puerto", "cam-1", "Muelle 3", Noon.AddHours(-2), Noon.AddHours(-1), "", Noon, Noon.AddHours(2),
        what == ShareKind.Live ? null : Noon.AddDays(30), true, "SHURTA 12345678", HandlingCode.H2, OnwardTransfer.Never, 2, false, what == ShareKind.Live ? null : 1000, what == ShareKind.Live ? "" : Sha256,
        what == ShareKind.Live ? "" : "clip.mp4");

    public static NoteSigner Signer(string name, byte seed) => new(name, NoteSignatureKind.Ed25519, Enumerable.Repeat(seed, 32).ToArray());

    /// <summary>A log in memory: every record has its leaf, and every proof is made for all of them.</summary>
    public static IReadOnlyList<RecordProof> Prove(NoteSigner signer, IReadOnlyList<string> records)
    {
        byte[] salt = new byte[Leaf.SaltLength];
        var entries = records.Select(r => new Leaf(LeafKind.Disclosure, 1, Leaf.Commit(salt, System.Text.Encoding.UTF8.GetBytes(r))).Encode()).ToArray();
        var leaves = entries.Select(e => Merkle.Leaf(e)).ToArray();
        var root = Root(leaves);
        var note = new SignedNote(new Checkpoint(signer.Key.Name, leaves.Length, root).Text, []);
        note = note with { Signatures = [signer.Sign(note.TextBytes, Noon)] };
        return [.. records.Select((r, i) => new RecordProof(i, r, salt, entries[i], Path(leaves, i), note, signer.Key, KeyHistory.Empty))];
    }

    // RFC 6962, 2.1: the left part is the largest power of two that is smaller.
    static Digest Root(ReadOnlySpan<Digest> leaves) => leaves.Length == 1 ? leaves[0] : Merkle.Node(Root(leaves[..Split(leaves.Length)]), Root(leaves[Split(leaves.Length)..]));

    static IReadOnlyList<Digest> Path(ReadOnlySpan<Digest> leaves, int at)
    {
        if (leaves.Length == 1)
            return [];
        int split = Split(leaves.Length);
        return at < split ? [.. Path(leaves[..split], at), Root(leaves[split..])] : [.. Path(leaves[split..], at - split), Root(leaves[..split])];
    }

    static int Split(int count) => 1 << (31 - System.Numerics.BitOperations.LeadingZeroCount((uint)count - 1));
}
