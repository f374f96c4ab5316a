namespace Atalaya.Media.Signing;

/// <summary>What can be said of footage by the camera's own signatures (ONVIF Media Signing, client side validation).</summary>
public enum SignedVideoVerdict
{
    /// <summary>There is no signature in it.</summary>
    NotSigned,

    /// <summary>It is signed, but nothing of it could be judged: no certificate, an unknown algorithm, or too short.</summary>
    Undecided,

    /// <summary>Something was changed, added, put elsewhere, or has lost its signature.</summary>
    NotAuthentic,

    /// <summary>All that is there is as the camera sent it; some of what it sent is missing.</summary>
    AuthenticWithMissing,

    /// <summary>All of it that a signature covers is as the camera sent it.</summary>
    Authentic,
}

/// <param name="Verified">Slices (NAL units of pictures) that are what the camera signed.</param>
/// <param name="Missing">Slices that it signed and that aren't there.</param>
/// <param name="Failed">Slices that aren't what it signed, or whose signature is wrong.</param>
/// <param name="Unsigned">Slices between signed ones whose signature isn't there.</param>
/// <param name="Pending">Slices at the ends, whose signature lies outside.</param>
/// <param name="Uncovered">Slices of kinds that the format doesn't sign.</param>
/// <param name="FaultAt">Of the first that is wrong, from the beginning.</param>
/// <param name="Fault">What is wrong, or why nothing could be judged; empty if nothing is.</param>
/// <param name="CertificateChain">PEM, the camera's own first; null if none came.</param>
/// <param name="From">The camera's clock at the first verified group.</param>
public sealed record SignedVideoReport(
    SignedVideoVerdict Verdict,
    long Verified,
    long Missing,
    long Failed,
    long Unsigned,
    long Pending,
    long Uncovered,
    TimeSpan? FaultAt,
    string Fault,
    CameraMaker? Maker,
    string? CertificateChain,
    DateTimeOffset? From,
    DateTimeOffset? To)
{
    /// <summary>Each file by itself, where files were judged; times are from that file's beginning. A file whose last group is signed in the next one is judged with it.</summary>
    public IReadOnlyList<SignedVideoReport> Files { get; init; } = [];
}
