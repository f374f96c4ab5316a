using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Evidence.Packages;

/// <summary>What a package says of itself: <c>manifest.json</c>, described in <c>ref/package.md</c>. Every member is written, null where there is nothing.</summary>
/// <param name="Created">UTC, to the microsecond, as all times here.</param>
/// <param name="Language">en, es, fr or ar.</param>
/// <param name="Certificate">SHA-256 of the certificate (DER) that signs the manifest.</param>
/// <param name="AgreedBy">The second person; null: nobody had to agree.</param>
/// <param name="Files">Every entry but the manifest, what signs it, <c>SHA256SUMS</c> and <c>seal</c>, in their order.</param>
public sealed record PackageManifest(
    string Format,
    string Id,
    DateTimeOffset Created,
    string Title,
    string Language,
    string Organisation,
    string Site,
    ManifestLog Log,
    Digest Certificate,
    ManifestPurpose Purpose,
    ManifestPerson CreatedBy,
    ManifestAgreement? AgreedBy,
    ManifestIncident? Incident,
    ManifestRelease? Release,
    IReadOnlyList<ManifestStretch> Stretches,
    IReadOnlyList<ManifestVideo> Video,
    IReadOnlyList<ManifestGap> Gaps,
    IReadOnlyList<ManifestDeed> Custody,
    IReadOnlyList<ManifestFile> Files)
{
    public const string FormatName = "atalaya-package-1";

    /// <summary>One that is longer isn't read, bytes. A day of four cameras has some forty million.</summary>
    public const int MaxLength = 256 << 20;

    const int MaxEntries = 200_000;

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.PackageManifest), (byte)'\n'];

    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out PackageManifest manifest, out string fault)
    {
        manifest = null!;
        try
        {
            manifest = JsonSerializer.Deserialize(bytes, ManifestJson.Default.PackageManifest)!;
            fault = manifest is null ? "It is empty." : manifest.Fault();
        }
        catch (JsonException e)
        {
            fault = $"It can't be read (line {e.LineNumber + 1}, {e.Path}): it isn't a manifest of the format {FormatName}.";
        }

        return fault.Length == 0;
    }

    /// <summary>What the form doesn't say: names, orders, sums. Empty: nothing is wrong.</summary>
    string Fault()
    {
        // What is read strictly may still have nothing in place of a list's element.
        if (Lists().Any(list => list.Any(element => element is null)))
            return "A list of it has nothing where something has to be.";
        if (Format != FormatName)
            return $"Its format is '{Format}', not {FormatName}: it needs another program.";
        if (!CanonicalZip.HasTime(Created))
            return "It was created in an impossible year.";
        if (!NoteKey.TryParse(Log.Key, out var key) || key.Kind != NoteSignatureKind.Ed25519 || key.Name != Log.Name)
            return "Its log's key isn't one.";
        if (Stretches.Count is 0 or > MaxEntries || Video.Count is 0 or > MaxEntries || Gaps.Count > MaxEntries || Custody.Count > MaxEntries)
            return "It tells of nothing, or of too much.";
        if (Stretches.FirstOrDefault(s => s.To <= s.From) is { } backwards)
            return $"A stretch of {backwards.Camera} ends before it begins.";
        string[] expected = [PackageEntry.Index, PackageEntry.Checkpoint, PackageEntry.Keys, .. Video.Select(v => v.Path)];
        if (!Files.Select(f => f.Path).SequenceEqual(expected, StringComparer.Ordinal))
            return "Its list of files isn't what it tells of.";
        if (expected.Distinct(StringComparer.Ordinal).Count() != expected.Length)
            return "A file is in it twice.";
        foreach (var (video, file) in Video.Zip(Files.Skip(3)))
        {
            if (!PackageEntry.IsVideo(video.Path, video.Camera, video.Stream))
                return $"'{video.Path}' isn't the name of a file of {video.Camera}.";
            if (video.End < video.Start)
                return $"{video.Path} ends before it begins.";
            long offset = 0;
            foreach (var fragment in video.Fragments)
            {
                if (fragment.Offset != offset || fragment.Length <= 0 || fragment.Length > file.Bytes - offset)
                    return $"The fragments of {video.Path} don't add up to it.";
                offset += fragment.Length;
            }

            if (offset != file.Bytes)
                return $"The fragments of {video.Path} don't add up to it.";
        }

        return Files.Any(f => f.Bytes is < 0 or > 1L << 50) ? "A file has an impossible length." : "";
    }

    /// <summary>Every list of objects, the outer ones first.</summary>
    IEnumerable<IEnumerable<object?>> Lists() =>
        ((IEnumerable<IEnumerable<object?>>)[Stretches, Video, Gaps, Custody, Files]).Concat(Video.Select(v => v.Fragments)).Concat(Video.Where(v => v.Derived is not null).Select(v => v.Derived!.From));
}

/// <summary>Names of a package's entries.</summary>
public static class PackageEntry
{
    public const string Index = "index.html", Manifest = "manifest.json", Signature = "manifest.json.p7s", Timestamp = "manifest.json.tsr", Sums = "SHA256SUMS", Checkpoint = "log/checkpoint",
        Keys = "log/keys", Seal = "seal";

    /// <param name="name">Without folder and extension.</param>
    public static string Video(string camera, string stream, string name) => $"video/{camera}/{stream}/{name}.mp4";

    internal static bool IsVideo(string path, string camera, string stream) =>
        CanonicalZip.IsName(path) && !camera.Contains('/', StringComparison.Ordinal) && stream is "main" or "sub"
        && path.StartsWith($"video/{camera}/{stream}/", StringComparison.Ordinal) && path.EndsWith(".mp4", StringComparison.Ordinal) && path.Count(c => c == '/') == 3;
}

/// <param name="Key">As C2SP's signed notes write keys.</param>
public sealed record ManifestLog(string Name, string Key);

/// <param name="Text">In the manifest's language, or as the organisation wrote it.</param>
/// <param name="Reference">Number of a case, or a sentence; may be empty.</param>
public sealed record ManifestPurpose(string Id, string Text, string Reference);

public sealed record ManifestPerson(string Id, string Name);

public sealed record ManifestAgreement(string Id, string Name, DateTimeOffset At);

/// <param name="Text">Its type and outcome, as far as there is one.</param>
public sealed record ManifestIncident(string Id, string Title, DateTimeOffset Opened, string Text);

/// <summary>Why footage was handed to somebody outside, and to whom.</summary>
/// <param name="Text">What else was laid down; may be empty.</param>
public sealed record ManifestRelease(string LegalBasis, string Recipient, string Text);

/// <summary>What was asked for.</summary>
/// <param name="Camera">Its id; names change.</param>
/// <param name="Stream">main or sub.</param>
public sealed record ManifestStretch(string Camera, string Name, string Stream, DateTimeOffset From, DateTimeOffset To);

/// <summary>One file of footage.</summary>
/// <param name="Codecs">RFC 6381.</param>
/// <param name="Seal">Of the file: as it was recorded, or as it was derived.</param>
/// <param name="Fragments">Pieces that follow each other without a gap from the file's first byte to its last, so that a change is found to the second.</param>
/// <param name="Derived">Null: it is what was recorded, to the byte.</param>
public sealed record ManifestVideo(
    string Path, string Camera, string Stream, DateTimeOffset Start, DateTimeOffset End, string Codecs, int Width, int Height, ManifestSeal Seal, IReadOnlyList<ManifestFragment> Fragments,
    ManifestDerivation? Derived);

/// <param name="At">Where it begins, milliseconds from the file's start.</param>
/// <param name="Offset">In the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record ManifestFragment(long At, long Offset, long Length, Digest Sha256);

/// <summary>How a file came out of sealed ones.</summary>
/// <param name="Why">mask or redaction.</param>
/// <param name="What">What was done, for people.</param>
public sealed record ManifestDerivation(string Why, string What, IReadOnlyList<ManifestOriginal> From);

public sealed record ManifestOriginal(string Camera, string Stream, DateTimeOffset Start, DateTimeOffset End, Digest Sha256, ManifestSeal Seal);

/// <summary>A stretch without footage, and why.</summary>
/// <param name="Seal">Null: it hadn't been written to the log.</param>
public sealed record ManifestGap(string Camera, string Stream, DateTimeOffset From, DateTimeOffset To, string Cause, string Detail, ManifestSeal? Seal);

/// <summary>What somebody did with the footage.</summary>
/// <param name="What">recorded, held, accessed, exported, signed (by the camera), asked, agreed, packaged, derived, released.</param>
/// <param name="By">Empty: the node itself.</param>
public sealed record ManifestDeed(string What, DateTimeOffset At, string By, string Detail, ManifestSeal? Seal);

public sealed record ManifestFile(string Path, long Bytes, Digest Sha256);

/// <summary>That a record is in the log: everything that it takes to check it but the checkpoint.</summary>
/// <param name="Leaf">Its index.</param>
/// <param name="Entry">The leaf, 42 bytes in lower-case hexadecimal.</param>
/// <param name="Salt">16 bytes in lower-case hexadecimal.</param>
/// <param name="Record">Its text, to the byte.</param>
/// <param name="Proof">From the leaf to the root of <c>log/checkpoint</c> (RFC 6962, 2.1.1).</param>
public sealed record ManifestSeal(long Leaf, string Entry, string Salt, string Record, IReadOnlyList<Digest> Proof)
{
    public static ManifestSeal Of(long index, Leaf leaf, ReadOnlySpan<byte> salt, string record, IReadOnlyList<Digest> proof) =>
        new(index, Convert.ToHexStringLower(leaf.Encode()), Convert.ToHexStringLower(salt), record, proof);

    /// <summary>Whether the record is in the log that the checkpoint is of, as a leaf of this kind.</summary>
    /// <param name="kind">Null: of any.</param>
    public bool IsIn(Checkpoint checkpoint, params ReadOnlySpan<LeafKind> kind)
    {
        if (!Hex.TryRead(Entry, Atalaya.Evidence.Leaf.Length, out byte[] entry) || !Hex.TryRead(Salt, Atalaya.Evidence.Leaf.SaltLength, out byte[] salt)
            || !Atalaya.Evidence.Leaf.TryDecode(entry, out var leaf) || (kind.Length > 0 && !kind.Contains(leaf.Kind)))
        {
            return false;
        }

        return leaf.Commitment == Atalaya.Evidence.Leaf.Commit(salt, Encoding.UTF8.GetBytes(Record))
            && Merkle.IsIncluded(Merkle.Leaf(entry), Leaf, checkpoint.Size, [.. Proof], checkpoint.Root);
    }
}

/// <summary>Lower-case hexadecimal of one spelling.</summary>
static class Hex
{
    public static bool TryRead(string? text, int length, out byte[] bytes)
    {
        bytes = [];
        if (text is null || text.Length != length * 2 || text.Any(c => !char.IsAsciiHexDigitLower(c)))
            return false;
        bytes = Convert.FromHexString(text);
        return true;
    }
}

sealed class HexDigestConverter : JsonConverter<Digest>
{
    public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Hex.TryRead(reader.GetString(), Digest.Length, out byte[] bytes) ? new(bytes) : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) => writer.WriteStringValue(Convert.ToHexStringLower(value.ToArray()));
}

/// <summary>RFC 3339 in UTC with microseconds, spelled in one way.</summary>
sealed class ManifestTimeConverter : JsonConverter<DateTimeOffset>
{
    const string Form = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DateTimeOffset.TryParseExact(reader.GetString(), Form, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(Text(value));

    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString(Form, CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    IndentSize = 1,
    NewLine = "\n",
    MaxDepth = 16,
    Converters = [typeof(HexDigestConverter), typeof(ManifestTimeConverter)])]
[JsonSerializable(typeof(PackageManifest))]
sealed partial class ManifestJson : JsonSerializerContext;
