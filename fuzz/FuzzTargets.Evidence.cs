using System.Text;

using Atalaya.Evidence;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    // Public test vectors of the formats; the first is the example of Go's note package.
    const string NoteOfPeter = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    const string CheckpointOfSofa = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        + "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        + "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    public static void Note(ReadOnlySpan<byte> input)
    {
        if (!SignedNote.TryParse(input, out var note))
            return;
        // One text for one note: what was let through is written as it came.
        if (!input.SequenceEqual(note.ToBytes()))
            throw new InvalidOperationException("A note is written otherwise than it was read.");
        if (Checkpoint.TryParse(note.Text, out var checkpoint) && !note.Text.StartsWith(checkpoint.Text, StringComparison.Ordinal))
            throw new InvalidOperationException("A checkpoint is written otherwise than it was read.");
        var key = new NoteKey(note.Signatures[0].Name, NoteSignatureKind.Cosignature, new byte[32]);
        key.Verify(input, note.Signatures[0].Bytes, out _);
    }

    static IEnumerable<byte[]> NoteSeeds() => [Encoding.UTF8.GetBytes(NoteOfPeter), Encoding.UTF8.GetBytes(CheckpointOfSofa)];

    public static void NoteKeyText(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (NoteKey.TryParse(text, out var key) && !string.Equals(key.ToString(), text, StringComparison.OrdinalIgnoreCase))
            throw new InvalidOperationException("A key is written otherwise than it was read.");
    }

    static IEnumerable<byte[]> NoteKeyTextSeeds() => ["PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"u8.ToArray()];

    public static void WitnessRequest(ReadOnlySpan<byte> input)
    {
        if (AddCheckpoint.TryParse(input, out var request) && !input.SequenceEqual(Encoding.UTF8.GetBytes(request.ToString())))
            throw new InvalidOperationException("A request is written otherwise than it was read.");
    }

    static IEnumerable<byte[]> WitnessRequestSeeds() =>
    [
        Encoding.UTF8.GetBytes("old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\n" + CheckpointOfSofa),
        Encoding.UTF8.GetBytes("old 0\n\n" + CheckpointOfSofa),
    ];

    public static void KeyChanges(ReadOnlySpan<byte> input)
    {
        if (!KeyHistory.TryParse(input, out var history))
            return;
        if (!input.SequenceEqual(history.ToBytes()))
            throw new InvalidOperationException("Changes of keys are written otherwise than they were read.");
        foreach (var (statement, _) in history.Changes)
            history.Follow(statement.Earlier);
    }

    static readonly NoteSigner[] LogKeys = [.. Enumerable.Range(1, 2).Select(i => new NoteSigner("log.example.org", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)i, 32)]))];

    static KeyHistory KeyChange { get; } = KeyHistory.Empty.Add(new("log.example.org", LogKeys[0].Key, LogKeys[1].Key, 7, DateTimeOffset.UnixEpoch, true, "yearly"), LogKeys[0], LogKeys[1]);

    static IEnumerable<byte[]> KeyChangesSeeds() => [[], KeyChange.ToBytes()];

    public static void RecordFile(ReadOnlySpan<byte> input)
    {
        // Whatever it is: a verdict, no exception. Nobody but the seed's key signed anything that proves a record.
        if (RecordProof.TryParse(input.ToArray(), out var proof) && proof.Check([LogKeys[0].Key], out string why) != RecordVerdict.Proven && why.Length == 0)
            throw new InvalidOperationException("A record isn't proved, and nothing says why.");
    }

    static IEnumerable<byte[]> RecordFileSeeds()
    {
        byte[] salt = new byte[Leaf.SaltLength], entry = new Leaf(LeafKind.User, 1, Leaf.Commit(salt, "{}"u8)).Encode();
        var head = SignedCheckpoint.Sign(new("log.example.org", 1, Merkle.Leaf(entry)), LogKeys[0], DateTimeOffset.UnixEpoch);
        yield return System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new
        {
            format = RecordProof.Format,
            leaf = 0,
            record = "{}",
            salt = Convert.ToHexStringLower(salt),
            entry = Convert.ToHexStringLower(entry),
            proof = Array.Empty<string>(),
            checkpoint = head.Note.ToString(),
            key = LogKeys[0].Key.ToString(),
            keys = "",
        });
    }

    public static void TilePath(ReadOnlySpan<byte> input)
    {
        string path = Encoding.UTF8.GetString(input);
        if (Tile.TryParse(path, out var tile) && tile.Path != path)
            throw new InvalidOperationException("A tile has two paths.");
    }

    static IEnumerable<byte[]> TilePathSeeds() => ["tile/0/x001/x234/067"u8.ToArray(), "tile/entries/000.p/255"u8.ToArray(), "tile/7/x123/456"u8.ToArray()];

    public static void Bundle(ReadOnlySpan<byte> input)
    {
        if (input.Length == 0 || !EntryBundle.TryRead(input[1..].ToArray(), input[0] + 1, out var entries))
            return;
        using var again = new MemoryStream();
        foreach (var entry in entries)
        {
            EntryBundle.Append(again, entry.Span);
            Leaf.TryDecode(entry.Span, out _);
        }

        if (!input[1..].SequenceEqual(again.ToArray()))
            throw new InvalidOperationException("A bundle is written otherwise than it was read.");
    }

    static IEnumerable<byte[]> BundleSeeds() => [[1, 0, 2, 7, 7, 0, 0], [0, 0, Leaf.Length, .. new Leaf(LeafKind.Gap, 1, Merkle.EmptyRoot).Encode()]];

    /// <summary>A key file that somebody put in the place of ours.</summary>
    public static void KeyFileText(ReadOnlySpan<byte> input)
    {
        try
        {
            KeyFile.Decrypt(Encoding.UTF8.GetString(input), "open sesame");
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            // Told in words.
        }
    }

    static IEnumerable<byte[]> KeyFileTextSeeds() => [Encoding.ASCII.GetBytes(KeyFile.Encrypt(new byte[32], "open sesame", iterations: 1))];
}
