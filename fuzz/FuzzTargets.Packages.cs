using System.Text;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    static readonly NoteSigner SealingKey = new("log.example.org/fuzz", NoteSignatureKind.Ed25519, new byte[32]);

    /// <summary>A whole package: its ZIP, manifest, notes and proofs.</summary>
    public static void Package(ReadOnlySpan<byte> input)
    {
        var report = PackageCheck.Run(PackageBytes.Of(input.ToArray()), [SealingKey.Key]);
        if (report.ExitCode == 0)
            throw new InvalidOperationException("What isn't signed by a certificate is called authentic.");
    }

    static IEnumerable<byte[]> PackageSeeds() => [SmallPackage()];

    public static void Manifest(ReadOnlySpan<byte> input)
    {
        if (PackageManifest.TryParse(input, out var manifest, out _) && !PackageManifest.TryParse(manifest.ToBytes(), out _, out string fault))
            throw new InvalidOperationException($"A manifest can't be read as it is written. {fault}");
    }

    static IEnumerable<byte[]> ManifestSeeds()
    {
        byte[] package = SmallPackage();
        int from = package.AsSpan().IndexOf("{\n"u8), to = package.AsSpan().LastIndexOf("\n}\n"u8) + 3;
        string text = Encoding.UTF8.GetString(package[from..to]);
        yield return package[from..to];
        // Nothing in place of a list's only element, and of one among others.
        foreach (string list in (string[])["stretches", "video", "gaps", "custody", "files", "fragments", "proof"])
        {
            yield return Encoding.UTF8.GetBytes(text.Replace($"\"{list}\": [", $"\"{list}\": [null,", StringComparison.Ordinal).Replace("[null,]", "[null]", StringComparison.Ordinal));
            yield return Encoding.UTF8.GetBytes(text.Replace($"\"{list}\": [", $"\"{list}\": [null], \"{list}s\": [", StringComparison.Ordinal));
        }

        yield return Encoding.UTF8.GetBytes(text.Replace("\"derived\": null", "\"derived\": {\"why\":\"mask\",\"what\":\"\",\"from\":[null]}", StringComparison.Ordinal));
    }

    public static void ManifestCms(ReadOnlySpan<byte> input) => ManifestSignature.Verify("{}"u8.ToArray(), input, out _)?.Dispose();

    // The beginning of a SignedData, and nothing.
    static IEnumerable<byte[]> ManifestCmsSeeds() => [[0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x02, 0x30, 0x00], []];

    public static void TimestampAnswer(ReadOnlySpan<byte> input) => Timestamp.Read("{}"u8.ToArray(), input.ToArray());

    static IEnumerable<byte[]> TimestampAnswerSeeds() => [[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02], [0x30, 0x07, 0x30, 0x03, 0x02, 0x01, 0x00, 0x30, 0x00]];

    public static void Recipient(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (AgeRecipient.TryParse(text, out var recipient) && recipient.ToString() != text)
            throw new InvalidOperationException("A recipient is written otherwise than it was read.");
    }

    static IEnumerable<byte[]> RecipientSeeds() => ["age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"u8.ToArray()];

    /// <summary>One file and one gap, sealed by <see cref="SealingKey"/>; in place of the certificate's signature stand two bytes that are none.</summary>
    static byte[] SmallPackage()
    {
        var at = new DateTimeOffset(2026, 3, 26, 12, 0, 0, TimeSpan.Zero);
        byte[] footage = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
        var file = PackedFile.ReadAsync(new MemoryStream(footage), [(0, 0), (100, 30_000)], CancellationToken.None).GetAwaiter().GetResult();
        string record = $$"""{"camera":"gate","stream":"main","start":"2026-03-26T12:00:00.000000Z","end":"2026-03-26T12:01:00.000000Z","sha256":"{{Convert.ToHexStringLower(file.Sha256.ToArray())}}"}""";
        byte[] salt = new byte[Leaf.SaltLength];
        var leaf = new Leaf(LeafKind.Segment, 1, Leaf.Commit(salt, Encoding.UTF8.GetBytes(record)));
        var root = Merkle.Leaf(leaf.Encode());
        var head = SignedCheckpoint.Sign(new(SealingKey.Key.Name, 1, root), SealingKey, at);
        var manifest = new PackageManifest(
            PackageManifest.FormatName, "0", at, "t", "en", "o", "s", new(SealingKey.Key.Name, SealingKey.Key.ToString()), root, new("p", "p", ""), new("u", "rosa"), null, null, null,
            [new("gate", "Gate", "main", at, at.AddMinutes(2))],
            [new(PackageEntry.Video("gate", "main", "1774526400000"), "gate", "main", at, at.AddMinutes(1), "avc1", 1, 1, ManifestSeal.Of(0, leaf, salt, record, []), file.Fragments, null)],
            [new("gate", "main", at.AddMinutes(1), at.AddMinutes(2), "Camera", "", null)], [], []);
        using var target = new MemoryStream();
        PackageWriter.WriteAsync(
            manifest, new("<p>"u8.ToArray(), head.Note.ToBytes(), Array.Empty<byte>(), [new(manifest.Video[0].Path, file, _ => Task.FromResult<Stream>(new MemoryStream(footage)))]),
            new(_ => [0x30, 0x00], (_, _) => Task.FromResult<byte[]?>(null), (text, _) => Task.FromResult(new SignedNote(text, [SealingKey.Sign(Encoding.UTF8.GetBytes(text), at)]))),
            target, null, CancellationToken.None).GetAwaiter().GetResult();
        return target.ToArray();
    }
}
