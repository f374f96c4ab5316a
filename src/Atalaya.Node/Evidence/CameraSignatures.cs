using System.ComponentModel;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Media.Signing;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Recording;

namespace Atalaya.Node.Evidence;

/// <summary>What a camera's own signatures (ONVIF Media Signing) say of what was recorded of it.</summary>
sealed class CameraSignatures(Recordings recordings, NodeOptions options, TimeProvider clock)
{
    /// <summary>A certificate may have been sent once only, when the camera was asked for its stream.</summary>
    static readonly TimeSpan LongestRun = TimeSpan.FromDays(7);

    /// <returns>Null: nothing is recorded, or not in H.264 or H.265.</returns>
    /// <exception cref="IOException">A segment can't be read, or the file of makers' roots.</exception>
    /// <exception cref="Mp4Exception">A segment makes no sense.</exception>
    public async Task<SignaturesJson?> OfAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop)
    {
        var segments = await recordings.Archive.SegmentsAsync(camera, stream, from, to, stop);
        if (segments.Count == 0)
            return null;
        var report = await JudgeAsync(segments, null, stop);
        if (report is { Verdict: SignedVideoVerdict.Undecided, CertificateChain: null })
        {
            var before = await recordings.Archive.SegmentsAsync(camera, stream, from - LongestRun, segments[0].End, stop);
            if (before.FirstOrDefault(s => s.Run == segments[0].Run) is { } first && (await JudgeAsync([first], null, stop))?.CertificateChain is { } chain)
                report = await JudgeAsync(segments, chain, stop);
        }

        if (report is null)
            return null;
        var certificate = report.CertificateChain is { } sent ? CameraCertificate.Read(sent, Roots(), report.To ?? clock.GetUtcNow()) : null;
        return SignaturesJson.Of(report, certificate, segments[0].Start.ToDateTimeOffset());
    }

    async Task<SignedVideoReport?> JudgeAsync(IReadOnlyList<Segment> segments, string? chain, CancellationToken stop)
    {
        var opened = new List<SegmentFile>();
        try
        {
            foreach (var segment in segments)
            {
                if (await recordings.Archive.OpenSegmentAsync(segment.Camera, segment.Name, stop) is { } file)
                    opened.Add(file);
            }

            return await Task.Run(() => SignedVideoCheck.OfFiles(opened.Select(f => Mp4File.Open(f.Handle)), chain, stop), stop);
        }
        finally
        {
            foreach (var file in opened)
                file.Dispose();
        }
    }

    X509Certificate2Collection Roots()
    {
        X509Certificate2Collection roots = [];
        string path = options.Evidence.CameraRoots;
        if (path.Length == 0)
            return roots;
        try
        {
            roots.ImportFromPemFile(path);
        }
        catch (CryptographicException wrong)
        {
            throw new IOException($"{path} (option evidence.cameraRoots) holds no certificates: {wrong.Message}", wrong);
        }

        return roots;
    }
}

public sealed record SignaturesJson(
    [property: Description("What ONVIF Media Signing says of the stretch.")] SignedVideoVerdict Verdict,
    [property: Description("Slices (NAL units of pictures) that are what the camera signed.")] long Verified,
    [property: Description("Slices that it signed and that aren't there, at least.")] long Missing,
    [property: Description("Slices that aren't what it signed, or whose signature is wrong.")] long Failed,
    [property: Description("Slices between signed ones whose signature isn't there.")] long Unsigned,
    [property: Description("Slices at the ends, whose signature lies outside the stretch.")] long Pending,
    [property: Description("Slices of kinds that the format doesn't sign.")] long Uncovered,
    [property: Description("Of the first fault, about.")] DateTimeOffset? FaultAt,
    [property: Description("What is wrong, or why nothing could be judged; empty if nothing is.")] string Fault,
    [property: Description("As the camera says of itself.")] string? Manufacturer,
    [property: Description("As the camera says of itself.")] string? SerialNumber,
    [property: Description("Subject of the certificate whose key signed.")] string? Subject,
    [property: Description("SHA-256 of that certificate.")] string? Fingerprint,
    [property: Description("Whether it leads to a root in option evidence.cameraRoots.")] CameraTrust? Trust)
{
    internal static SignaturesJson Of(SignedVideoReport report, CameraCertificate? certificate, DateTimeOffset begin) => new(
        report.Verdict, report.Verified, report.Missing, report.Failed, report.Unsigned, report.Pending, report.Uncovered, begin + report.FaultAt, report.Fault,
        report.Maker?.Manufacturer, report.Maker?.Serial, certificate?.Subject, certificate?.Fingerprint, certificate?.Trust);
}
