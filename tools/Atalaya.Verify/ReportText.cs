using System.Globalization;
using System.Text;

using Atalaya.Evidence.Packages;
using Atalaya.Media.Signing;

namespace Atalaya.Verify;

/// <summary>A report for people.</summary>
static class ReportText
{
    /// <summary>More files of one camera would tell nobody more.</summary>
    const int MostFiles = 30;

    public static string Write(PackageReport report, IReadOnlyList<CameraFinding> cameras)
    {
        var text = new StringBuilder();
        if (report.Manifest is { } m)
        {
            bool isBelieved = report.ExitCode == 0;
            if (!isBelieved)
                text.Append("What the package says of itself:\n");
            Line(text, "package", $"{Clean(m.Title)} ({Clean(m.Id)})");
            Line(text, "made", $"{m.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC by {Clean(m.CreatedBy.Name)}{(m.AgreedBy is { } agreed ? $", agreed by {Clean(agreed.Name)}" : "")}; {Clean(m.Organisation)}, {Clean(m.Site)}");
            if (m.Purpose.Id.Length > 0)
                Line(text, "purpose", $"{Clean(m.Purpose.Text)} {Clean(m.Purpose.Reference)}".TrimEnd());
            foreach (var stretch in m.Stretches)
                Line(text, "footage", $"{Clean(stretch.Name)} ({Clean(stretch.Camera)}, {stretch.Stream}): {stretch.From.UtcDateTime:yyyy-MM-dd HH:mm:ss} to {stretch.To.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
            int derived = m.Video.Count(v => v.Derived is not null);
            Line(text, "files", $"{m.Video.Count} of footage{(derived > 0 ? $", {derived} of them derived from sealed originals that aren't in the package" : ", as they were recorded")}; {report.Bytes / 1e6:0.0} MB in all");
            Line(text, "signed by", report.Signer?.ToString() ?? "?");
            if (report.KnownBy is { } known && known.ToString() != report.Signer?.ToString())
                Line(text, "known by", $"{known}, through signed changes of keys");
            foreach (var witness in report.Witnesses)
                Line(text, "witness", $"{Clean(witness.Name)}{(witness.Key is null ? ", whose key isn't known here" : witness.At is { } at ? $", {at.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC" : "")}");
            if (report.Time is { } time)
                Line(text, "timestamp", $"{time.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, by {Clean(time.Authority)}: whether to believe that authority is for you to say");
            foreach (var camera in cameras)
                Camera(text, camera);
            text.Append('\n');
        }

        text.Append(Words(report.Verdict)).Append('\n');
        if (cameras.Any(c => c.Report.Verdict == SignedVideoVerdict.NotAuthentic))
            text.Append("NOT AS ITS CAMERA SIGNED IT: something was changed between the camera and the log's seal, see above.\n");
        foreach (var reason in report.Reasons)
            text.Append("  - ").Append(Clean(reason.Text)).Append('\n');
        if (report.Verdict == PackageVerdict.UnknownSigner && !report.IsSignerSpent)
            text.Append(CultureInfo.InvariantCulture, $"\nEverything else fits together. If the key is the owner's: atalaya-verify keep '{report.Signer}'\n");
        return text.ToString();
    }

    static void Camera(StringBuilder text, CameraFinding camera)
    {
        var said = camera.Report;
        Line(text, "camera", $"{Clean(camera.Name)} ({Clean(camera.Camera)}, {camera.Stream}), by its own signatures: {Words(said)}");
        if (said.Verdict == SignedVideoVerdict.NotSigned)
            return;
        Line(text, "", $"{said.Verified} slices verified, {said.Missing} missing, {said.Failed} wrong, {said.Unsigned} without their signature, {said.Pending} at the ends, {said.Uncovered} of kinds that aren't signed");
        if (camera.Certificate is { } certificate)
        {
            Line(text, "", $"certificate {Clean(certificate.Subject)}, SHA-256 {certificate.Fingerprint}, {certificate.Trust switch
            {
                CameraTrust.Trusted => "which leads to a root that you gave",
                CameraTrust.Untrusted => "which leads to NONE of the roots that you gave",
                _ => "which anybody can have made: no maker's root was given (--camera-roots)",
            }}");
        }

        var unlike = camera.Files.Where(f => f.Report.Verdict != SignedVideoVerdict.Authentic).ToList();
        foreach (var (video, report) in unlike.Take(MostFiles))
            Line(text, "", $"  {Clean(video.Path)}: {Words(report)}{(report.FaultAt is { } at ? $", {(video.Start + at).UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} UTC" : "")}");
        if (unlike.Count > MostFiles)
            Line(text, "", $"  and {unlike.Count - MostFiles} more of its {camera.Files.Count} files");
        else if (unlike.Count > 0 && unlike.Count < camera.Files.Count)
            Line(text, "", $"  its other {camera.Files.Count - unlike.Count} files: authentic");
    }

    static string Words(SignedVideoReport said) => said.Verdict switch
    {
        SignedVideoVerdict.NotSigned => "not signed",
        SignedVideoVerdict.Undecided => $"signed, but undecided: {Clean(said.Fault)}",
        SignedVideoVerdict.NotAuthentic => $"NOT AUTHENTIC: {Clean(said.Fault)}",
        SignedVideoVerdict.AuthenticWithMissing => $"authentic, with missing units: {said.Missing} that the camera signed aren't here",
        _ => "authentic",
    };

    static string Words(PackageVerdict verdict) => verdict switch
    {
        PackageVerdict.Authentic => "AUTHENTIC: every byte is as it was signed, and the log holds what the package tells.",
        PackageVerdict.AuthenticWithGaps => "AUTHENTIC, WITH STATED GAPS: every byte is as it was signed; what is missing is told here:",
        PackageVerdict.Altered => "ALTERED: don't rely on it.",
        PackageVerdict.UnknownSigner => "UNKNOWN SIGNER: nothing shows yet that it comes from whom it names.",
        _ => "INCOMPLETE: something is missing that nothing explains.",
    };

    static void Line(StringBuilder text, string name, FormattableString value) => Line(text, name, value.ToString(CultureInfo.InvariantCulture));

    static void Line(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-10} {value}\n");

    /// <summary>What a stranger wrote doesn't steer the terminal.</summary>
    static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? '\ufffd' : c));
}
