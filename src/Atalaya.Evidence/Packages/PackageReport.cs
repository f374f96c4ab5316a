using System.Globalization;

namespace Atalaya.Evidence.Packages;

/// <summary>What a check comes to. In the order in which the worse is told before the less bad.</summary>
public enum PackageVerdict
{
    /// <summary>Everything is as it was signed, by a known signer, and covers what was asked for.</summary>
    Authentic,

    /// <summary>As before; where footage is missing, the package states it.</summary>
    AuthenticWithGaps,

    /// <summary>Something isn't what was signed.</summary>
    Altered,

    /// <summary>All of it fits together, but nothing says that who signed it is who they say.</summary>
    UnknownSigner,

    /// <summary>Something is missing that nothing explains.</summary>
    Incomplete,
}

/// <summary>What a finding is about. Names in the report's JSON: add, never rename.</summary>
public enum FindingKind
{
    /// <summary>The ZIP isn't written as packages are.</summary>
    Archive,

    /// <summary>It ends too early, or a file isn't there.</summary>
    Missing,

    /// <summary>The manifest can't be read, or contradicts itself.</summary>
    Manifest,

    /// <summary>The log's signature over the manifest.</summary>
    Seal,

    /// <summary>The CMS signature, or its certificate.</summary>
    Signature,

    /// <summary>The timestamp.</summary>
    Timestamp,

    /// <summary>The log's checkpoint, a witness's signature below it, or the statements of key changes.</summary>
    Log,

    /// <summary>A file's bytes.</summary>
    File,

    /// <summary>A proof that something is in the log, or what it proves.</summary>
    Proof,

    /// <summary>A stretch that was asked for is neither there nor stated as a gap.</summary>
    Coverage,

    /// <summary>A stated gap.</summary>
    Gap,

    /// <summary>Who signed it isn't known.</summary>
    Signer,
}

/// <param name="Text">A sentence for people.</param>
/// <param name="File">Entry of the package that it concerns.</param>
/// <param name="From">Of the footage that it concerns.</param>
public sealed record PackageFinding(FindingKind Kind, string Text, string? File = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>A witness's signature below the checkpoint.</summary>
/// <param name="Key">The known key that confirmed it; null: nobody knows that witness here.</param>
public sealed record Cosigner(string Name, string? Key, DateTimeOffset? At);

/// <summary>What a check found.</summary>
/// <param name="Reasons">Why it isn't authentic, or which gaps it states; empty for <see cref="PackageVerdict.Authentic"/>.</param>
/// <param name="Manifest">As far as it could be read. To be believed only if the verdict says so.</param>
/// <param name="Signer">The log's key that the package names; null: it couldn't be read.</param>
/// <param name="KnownBy">The known key that leads to it, itself or through key changes; null: none.</param>
/// <param name="Time">A timestamp authority's word; null: there is none, or it doesn't hold.</param>
/// <param name="Bytes">Of the package.</param>
public sealed record PackageReport(
    PackageVerdict Verdict, IReadOnlyList<PackageFinding> Reasons, PackageManifest? Manifest, NoteKey? Signer, NoteKey? KnownBy, IReadOnlyList<Cosigner> Witnesses, StatedTime? Time, long Bytes)
{
    /// <summary>A known key leads to the one that signed, but that one didn't count any more: the package's own statements say that it was followed by another, or revoked.</summary>
    public bool IsSignerSpent { get; init; }

    /// <summary>Where the bytes of each entry lie in the package, by its name; as far as entries were found.</summary>
    public IReadOnlyDictionary<string, (long Offset, long Length)> Places { get; init; } = new Dictionary<string, (long Offset, long Length)>();

    /// <summary>Process exit codes, documented.</summary>
    public int ExitCode => Verdict switch
    {
        PackageVerdict.Authentic or PackageVerdict.AuthenticWithGaps => 0,
        PackageVerdict.Altered => 1,
        PackageVerdict.UnknownSigner => 3,
        _ => 4,
    };

    internal static string Span(DateTimeOffset from, DateTimeOffset to) =>
        string.Create(CultureInfo.InvariantCulture, $"{from.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} to {to.UtcDateTime:HH:mm:ss.fff} UTC");
}
