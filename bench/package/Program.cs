// Writes a package of random bytes, for bench/verify.sh, and prints the key that it is sealed with. Usage: PackageBench FILE GIB
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;

const int Minute = 30 << 20;    // bytes: a minute at 4 Mbit/s
int count = (int)((long)int.Parse(args[1], CultureInfo.InvariantCulture) * (1L << 30) / Minute);
var start = new DateTimeOffset(2026, 3, 26, 0, 0, 0, TimeSpan.Zero);
using var signer = new NoteSigner("log.example.org/bench", NoteSignatureKind.Ed25519, KeyFile.NewSeed());
using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
using var certificate = new CertificateRequest("CN=bench", ecdsa, HashAlgorithmName.SHA256).CreateSelfSigned(start.AddYears(-1), start.AddYears(20));
byte[] bytes = new byte[Minute];
new Random(1).NextBytes(bytes);
var file = await PackedFile.ReadAsync(new MemoryStream(bytes), [.. Enumerable.Range(0, 60).Select(i => ((long)i * Minute / 60, i * 1000L))], CancellationToken.None);
byte[] salt = new byte[Leaf.SaltLength];
string Record(int i) =>
    $$"""{"camera":"gate","stream":"main","start":"{{Text(i)}}","end":"{{Text(i + 1)}}","bytes":{{Minute}},"sha256":"{{Convert.ToHexStringLower(file.Sha256.ToArray())}}"}""";
string Text(int minute) => start.AddMinutes(minute).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
Leaf[] leaves = [.. Enumerable.Range(0, count).Select(i => new Leaf(LeafKind.Segment, i, Leaf.Commit(salt, Encoding.UTF8.GetBytes(Record(i)))))];
byte[] hashes = [.. leaves.SelectMany(l => Merkle.Leaf(l.Encode()).ToArray())];
// Up to 256 leaves lie in one tile.
var tree = new TileTree(count, _ => hashes);
var head = SignedCheckpoint.Sign(new(signer.Key.Name, count, tree.Root()), signer, start);
string Path(int i) => PackageEntry.Video("gate", "main", start.AddMinutes(i).ToUnixTimeMilliseconds().ToString("D13", CultureInfo.InvariantCulture));
var manifest = new PackageManifest(
    PackageManifest.FormatName, "bench", start, "Bench", "en", "bench", "bench", new(signer.Key.Name, signer.Key.ToString()), ManifestSignature.Fingerprint(certificate), new("", "", ""), new("", "bench"),
    null, null, null, [new("gate", "Gate", "main", start, start.AddMinutes(count))],
    [.. Enumerable.Range(0, count).Select(i => new ManifestVideo(
        Path(i), "gate", "main", start.AddMinutes(i), start.AddMinutes(i + 1), "avc1.640028", 1920, 1080, ManifestSeal.Of(i, leaves[i], salt, Record(i), tree.Inclusion(i)), file.Fragments, null))],
    [], [], []);
await using var target = new FileStream(args[0], FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
await PackageWriter.WriteAsync(
    manifest,
    new("<p>bench</p>"u8.ToArray(), head.Note.ToBytes(), Array.Empty<byte>(), [.. Enumerable.Range(0, count).Select(i => new PackedVideo(Path(i), file, _ => Task.FromResult<Stream>(new MemoryStream(bytes))))]),
    new(m => ManifestSignature.Sign(m, certificate, [], start), (_, _) => Task.FromResult<byte[]?>(null), (text, _) => Task.FromResult(new SignedNote(text, [signer.Sign(Encoding.UTF8.GetBytes(text), start)]))),
    target, null, CancellationToken.None);
Console.WriteLine(signer.Key);
