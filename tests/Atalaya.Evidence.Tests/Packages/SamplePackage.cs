using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence.Packages;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>Packages of two cameras with bytes that stand for footage, made by the product's own writer with keys of the test's.</summary>
sealed class SamplePackage : IDisposable
{
    static readonly DateTimeOffset Start = new(2026, 3, 26, 12, 0, 0, TimeSpan.Zero);

    readonly List<(LeafKind Kind, byte[] Entry, byte[] Salt, string Record)> _leaves = [];
    readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <param name="seed">Of the log's key.</param>
    public SamplePackage(byte seed = 7, string log = "log.example.org/north")
    {
        byte[] secret = new byte[32];
        Array.Fill(secret, seed);
        Signer = new(log, NoteSignatureKind.Ed25519, secret);
        Array.Fill(secret, (byte)99);
        Witness = new("witness.example.org", NoteSignatureKind.Cosignature, secret);
        Certificate = new CertificateRequest("CN=Sample", _ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(Start.AddYears(-1), Start.AddYears(20));
    }

    public NoteSigner Signer { get; }
    public NoteSigner Witness { get; }
    public X509Certificate2 Certificate { get; }
    public KeyHistory Keys { get; set; } = KeyHistory.Empty;

    /// <summary>Of each file, in bytes.</summary>
    public int FileLength { get; init; } = 4000;

    /// <summary>The gate's first file is a copy with a door masked, in place of the recorded one.</summary>
    public bool IsMasked { get; init; }

    /// <summary>Where the gate's first file lies; null: where it belongs.</summary>
    public string? FirstPath { get; init; }

    /// <summary>What camera's file of which minute holds; null: bytes that stand for footage.</summary>
    public Func<string, int, byte[]?> Footage { get; init; } = (_, _) => null;

    public Func<PackageManifest, PackageManifest> Change { get; set; } = m => m;

    /// <summary>What the authority answers; null: there is none.</summary>
    public Func<ReadOnlyMemory<byte>, byte[]?> Time { get; set; } = _ => null;

    public byte[] Index { get; set; } = "<!doctype html><title>package</title>\n"u8.ToArray();

    public async Task<byte[]> WriteAsync()
    {
        using var target = new MemoryStream();
        await WriteAsync(target);
        return target.ToArray();
    }

    public async Task<WrittenPackage> WriteAsync(Stream target)
    {
        _leaves.Clear();
        var files = new List<(string Camera, DateTimeOffset From, DateTimeOffset To, byte[] Bytes, PackedFile File, int Leaf)>();
        foreach (string camera in new[] { "gate", "pier" })
        {
            for (int i = 0; i < 3; i++)
            {
                // The second minute of the pier is a gap.
                if (camera == "pier" && i == 1)
                    continue;
                byte[] bytes = Footage(camera, i) ?? Bytes((camera.Length * 1000) + i);
                var file = await PackedFile.ReadAsync(new MemoryStream(bytes), [(0, 0), (bytes.Length / 4, 15_000), (bytes.Length / 2, 30_000), (bytes.Length * 3 / 4, 45_000)], TestContext.Current.CancellationToken);
                var (from, to) = (Start.AddMinutes(i), Start.AddMinutes(i + 1));
                files.Add((camera, from, to, bytes, file, Add(LeafKind.Segment, new { camera, stream = "main", start = Time6(from), end = Time6(to), bytes = bytes.Length, sha256 = Hexadecimal(file.Sha256) })));
            }
        }

        int gap = Add(LeafKind.Gap, new { camera = "pier", stream = "main", from = Time6(Start.AddMinutes(1)), to = Time6(Start.AddMinutes(2)), cause = "Camera", detail = "It was unplugged." });
        int hold = Add(LeafKind.Hold, new { id = "h", reason = "court", owner = "rosa", created = Time6(Start.AddMinutes(20)) });
        var original = files[0];
        int derived = -1;
        if (IsMasked)
        {
            byte[] bytes = [.. original.Bytes.Reverse()];
            var file = await PackedFile.ReadAsync(new MemoryStream(bytes), [(0, 0)], TestContext.Current.CancellationToken);
            derived = Add(LeafKind.Derived, new
            {
                sha256 = Hexadecimal(file.Sha256),
                why = "mask",
                what = "a door",
                from = new[] { new { camera = original.Camera, stream = "main", start = Time6(original.From), end = Time6(original.To), sha256 = Hexadecimal(original.File.Sha256) } },
            });
            files[0] = (original.Camera, original.From, original.To, bytes, file, derived);
        }

        byte[][] hashes = [.. _leaves.Select(l => Merkle.Leaf(l.Entry).ToArray())];
        var tree = new TileTree(_leaves.Count, _ => hashes.SelectMany(h => h).ToArray());
        ManifestSeal Seal(int leaf) => new(leaf, Convert.ToHexStringLower(_leaves[leaf].Entry), Convert.ToHexStringLower(_leaves[leaf].Salt), _leaves[leaf].Record, tree.Inclusion(leaf));
        var head = SignedCheckpoint.Sign(new(Signer.Key.Name, _leaves.Count, tree.Root()), Signer, Start);
        head = head with { Note = head.Note with { Signatures = [.. head.Note.Signatures, Witness.Sign(head.Note.TextBytes, Start)] } };

        var packed = files.Select((f, i) => new PackedVideo(i == 0 ? FirstPath ?? PathOf(f.Camera, f.From) : PathOf(f.Camera, f.From), f.File, _ => Task.FromResult<Stream>(new MemoryStream(f.Bytes)))).ToArray();
        var manifest = new PackageManifest(
            PackageManifest.FormatName, "0011223344556677", Start.AddHours(1), "Crossing at the gate", "en", "Guardia", "North", new(Signer.Key.Name, Signer.Key.ToString()),
            ManifestSignature.Fingerprint(Certificate), new("investigation", "investigation", "2026/118"), new("u1", "rosa"), new("u2", "amina", Start.AddMinutes(50)), null, null,
            [new("gate", "Gate", "main", Start.AddSeconds(10), Start.AddMinutes(3)), new("pier", "Pier", "main", Start, Start.AddMinutes(3))],
            [.. files.Select(f => new ManifestVideo(PathOf(f.Camera, f.From), f.Camera, "main", f.From, f.To, "avc1.640028", 1920, 1080, Seal(f.Leaf), f.File.Fragments,
                f.Leaf == derived ? new("mask", "a door", [new(f.Camera, "main", f.From, f.To, original.File.Sha256, Seal(original.Leaf))]) : null))],
            [new("pier", "main", Start.AddMinutes(1), Start.AddMinutes(2), "Camera", "It was unplugged.", Seal(gap))],
            [new("held", Start.AddMinutes(20), "rosa", "court", Seal(hold)), new("packaged", Start.AddHours(1), "", "North", null)], []);
        return await PackageWriter.WriteAsync(
            Change(manifest), new(Index, head.Note.ToBytes(), Keys.ToBytes(), packed),
            new(m => ManifestSignature.Sign(m, Certificate, [], Start.AddHours(1)), (m, _) => Task.FromResult(Time(m)), (text, _) =>
            {
                var note = new SignedNote(text, []);
                return Task.FromResult(note with { Signatures = [Signer.Sign(note.TextBytes, Start)] });
            }),
            target, null, TestContext.Current.CancellationToken);
    }

    public static PackageReport Check(byte[] package, params NoteKey[] known) => PackageCheck.Run(PackageBytes.Of(package), known);

    public void Dispose()
    {
        Signer.Dispose();
        Witness.Dispose();
        Certificate.Dispose();
        _ecdsa.Dispose();
    }

    byte[] Bytes(int seed)
    {
        byte[] bytes = new byte[FileLength];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    static string PathOf(string camera, DateTimeOffset from) => PackageEntry.Video(camera, "main", from.ToUnixTimeMilliseconds().ToString("D13"));

    int Add(LeafKind kind, object record)
    {
        string text = JsonSerializer.Serialize(record);
        byte[] salt = Leaf.NewSalt();
        _leaves.Add((kind, new Leaf(kind, 1, Leaf.Commit(salt, Encoding.UTF8.GetBytes(text))).Encode(), salt, text));
        return _leaves.Count - 1;
    }

    static string Time6(DateTimeOffset at) => ManifestTimeConverter.Text(at);

    static string Hexadecimal(Digest digest) => Convert.ToHexStringLower(digest.ToArray());
}
