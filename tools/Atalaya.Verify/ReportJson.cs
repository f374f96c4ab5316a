using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Evidence.Packages;
using Atalaya.Media.Signing;

namespace Atalaya.Verify;

/// <summary>A report for programs: described in <c>ref/package.md</c>. Members are added, never renamed.</summary>
/// <param name="Package">What it says of itself; to be believed only with exit code 0. Null: it can't be read.</param>
/// <param name="Signer">The key that signed it.</param>
/// <param name="KnownBy">The known key that leads to it.</param>
/// <param name="Cameras">What cameras' own signatures say; null: it wasn't asked, because something was changed or is missing.</param>
sealed record ReportJson(
    string Format, PackageVerdict Verdict, int ExitCode, IReadOnlyList<PackageFinding> Reasons, ReportPackage? Package, string? Signer, string? KnownBy, IReadOnlyList<Cosigner> Witnesses, StatedTime? Timestamp,
    long Bytes, IReadOnlyList<ReportCamera>? Cameras)
{
    const string FormatName = "atalaya-report-1";

    public static string Write(PackageReport report, IReadOnlyList<CameraFinding> cameras, int exitCode) => JsonSerializer.Serialize(
        new ReportJson(
            FormatName, report.Verdict, exitCode, report.Reasons, report.Manifest is { } m ? ReportPackage.Of(m) : null, report.Signer?.ToString(), report.KnownBy?.ToString(), report.Witnesses,
            report.Time, report.Bytes, report.Verdict is PackageVerdict.Altered or PackageVerdict.Incomplete ? null : [.. cameras.Select(ReportCamera.Of)]),
        Context.ReportJson) + "\n";

    static readonly ReportJsonContext Context = new(new JsonSerializerOptions(ReportJsonContext.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

sealed record ReportPackage(
    string Id, DateTimeOffset Created, string Title, string Organisation, string Site, string Certificate, ManifestPurpose Purpose, string CreatedBy, string? AgreedBy, IReadOnlyList<ManifestStretch> Stretches,
    int Videos, int Derived, int Gaps)
{
    public static ReportPackage Of(PackageManifest m) => new(
        m.Id, m.Created, m.Title, m.Organisation, m.Site, Convert.ToHexStringLower(m.Certificate.ToArray()), m.Purpose, m.CreatedBy.Name, m.AgreedBy?.Name, m.Stretches, m.Video.Count,
        m.Video.Count(v => v.Derived is not null), m.Gaps.Count);
}

/// <param name="Fault">What is wrong, or why nothing could be judged; empty: nothing.</param>
/// <param name="Fingerprint">SHA-256 of the certificate whose key signed.</param>
sealed record ReportCamera(
    string Camera, string Name, string Stream, SignedVideoVerdict Verdict, string Fault, string? Manufacturer, string? SerialNumber, string? Subject, string? Fingerprint, CameraTrust? Trust,
    IReadOnlyList<ReportCameraFile> Files)
{
    public static ReportCamera Of(CameraFinding c) => new(
        c.Camera, c.Name, c.Stream, c.Report.Verdict, c.Report.Fault, c.Report.Maker?.Manufacturer, c.Report.Maker?.Serial, c.Certificate?.Subject, c.Certificate?.Fingerprint, c.Certificate?.Trust,
        [.. c.Files.Select(f => new ReportCameraFile(
            f.Video.Path, f.Report.Verdict, f.Report.Fault, f.Video.Start + f.Report.FaultAt, f.Report.Verified, f.Report.Missing, f.Report.Failed, f.Report.Unsigned, f.Report.Pending, f.Report.Uncovered))]);
}

/// <param name="FaultAt">Of the first fault, about.</param>
sealed record ReportCameraFile(
    string File, SignedVideoVerdict Verdict, string Fault, DateTimeOffset? FaultAt, long Verified, long Missing, long Failed, long Unsigned, long Pending, long Uncovered);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    Converters = [typeof(VerdictConverter), typeof(FindingConverter), typeof(CameraVerdictConverter), typeof(CameraTrustConverter)])]
[JsonSerializable(typeof(ReportJson))]
sealed partial class ReportJsonContext : JsonSerializerContext;

sealed class VerdictConverter() : JsonStringEnumConverter<PackageVerdict>(JsonNamingPolicy.CamelCase);

sealed class CameraVerdictConverter() : JsonStringEnumConverter<SignedVideoVerdict>(JsonNamingPolicy.CamelCase);

sealed class CameraTrustConverter() : JsonStringEnumConverter<CameraTrust>(JsonNamingPolicy.CamelCase);

sealed class FindingConverter() : JsonStringEnumConverter<FindingKind>(JsonNamingPolicy.CamelCase);
