using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Evidence.Packages;

namespace Atalaya.Verify;

/// <summary>A report for programs: described in <c>ref/package.md</c>. Members are added, never renamed.</summary>
/// <param name="Package">What it says of itself; to be believed only with exit code 0. Null: it can't be read.</param>
/// <param name="Signer">The key that signed it.</param>
/// <param name="KnownBy">The known key that leads to it.</param>
sealed record ReportJson(
    string Format, PackageVerdict Verdict, int ExitCode, IReadOnlyList<PackageFinding> Reasons, ReportPackage? Package, string? Signer, string? KnownBy, IReadOnlyList<Cosigner> Witnesses, StatedTime? Timestamp,
    long Bytes)
{
    const string FormatName = "atalaya-report-1";

    public static string Write(PackageReport report) => JsonSerializer.Serialize(
        new ReportJson(
            FormatName, report.Verdict, report.ExitCode, report.Reasons, report.Manifest is { } m ? ReportPackage.Of(m) : null, report.Signer?.ToString(), report.KnownBy?.ToString(), report.Witnesses,
            report.Time, report.Bytes),
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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, Converters = [typeof(VerdictConverter), typeof(FindingConverter)])]
[JsonSerializable(typeof(ReportJson))]
sealed partial class ReportJsonContext : JsonSerializerContext;

sealed class VerdictConverter() : JsonStringEnumConverter<PackageVerdict>(JsonNamingPolicy.CamelCase);

sealed class FindingConverter() : JsonStringEnumConverter<FindingKind>(JsonNamingPolicy.CamelCase);
