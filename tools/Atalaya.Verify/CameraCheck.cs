using System.Security.Cryptography.X509Certificates;

using Atalaya.Evidence.Packages;
using Atalaya.Media.Mp4;
using Atalaya.Media.Signing;

using Microsoft.Win32.SafeHandles;

namespace Atalaya.Verify;

/// <summary>What a camera's own signatures say of the files of one of its streams.</summary>
/// <param name="Name">What the manifest calls the camera.</param>
/// <param name="Report">Of all files, as one recording.</param>
/// <param name="Certificate">Whose signatures they are; null: no certificate came.</param>
/// <param name="Files">In the order of their times, each with what is said of it alone; empty: nothing is signed, or nothing could be judged.</param>
sealed record CameraFinding(
    string Camera, string Name, string Stream, SignedVideoReport Report, CameraCertificate? Certificate, IReadOnlyList<(ManifestVideo Video, SignedVideoReport Report)> Files);

/// <summary>Judges recorded files in a package by what their cameras signed (ONVIF Media Signing), from the files alone: what the node says of it isn't asked.</summary>
static class CameraCheck
{
    /// <summary>Files that were derived from recorded ones are nothing that a camera sent, and left out.</summary>
    /// <param name="roots">Certificates of makers; may be none.</param>
    /// <exception cref="IOException">The package can't be read.</exception>
    public static IReadOnlyList<CameraFinding> Run(string package, PackageReport report, X509Certificate2Collection roots)
    {
        // Of what was changed since it was sealed the check of the package tells more.
        if (report is not { Manifest: { } manifest, Verdict: not (PackageVerdict.Altered or PackageVerdict.Incomplete) })
            return [];
        using var handle = File.OpenHandle(package);
        return [.. manifest.Video.Where(v => v.Derived is null).GroupBy(v => (v.Camera, v.Stream)).Select(files => Judge(
            handle, report, manifest.Stretches.FirstOrDefault(s => s.Camera == files.Key.Camera)?.Name ?? files.Key.Camera, [.. files.OrderBy(f => f.Start)], roots))];
    }

    static CameraFinding Judge(SafeFileHandle package, PackageReport report, string name, List<ManifestVideo> files, X509Certificate2Collection roots)
    {
        var (camera, stream) = (files[0].Camera, files[0].Stream);
        string at = "";
        try
        {
            // Footage that isn't signed needn't be read once more.
            if (!files.Any(Signs))
                return new(camera, name, stream, Without(SignedVideoVerdict.NotSigned, ""), null, []);
            var said = SignedVideoCheck.OfFiles(files.Select(Open));
            // A certificate that came only later signed what was before, too.
            if (said is { CertificateChain: { } chain } && said.Files.Any(f => f.Verdict == SignedVideoVerdict.Undecided))
                said = SignedVideoCheck.OfFiles(files.Select(Open), chain);
            if (said is null)
                return new(camera, name, stream, Without(SignedVideoVerdict.NotSigned, ""), null, []);
            var certificate = said.CertificateChain is { } sent ? CameraCertificate.Read(sent, roots, said.To ?? files[^1].End) : null;
            return new(camera, name, stream, said, certificate, [.. files.Zip(said.Files)]);
        }
        catch (Mp4Exception wrong)
        {
            return new(camera, name, stream, Without(SignedVideoVerdict.Undecided, $"{at} can't be read as video: {wrong.Message}"), null, []);
        }

        bool Signs(ManifestVideo video)
        {
            using var file = Open(video);
            return SignedVideoCheck.Signs(file);
        }

        Mp4File Open(ManifestVideo video)
        {
            at = video.Path;
            var (offset, length) = report.Places[video.Path];
            return Mp4File.Open(package, offset, length);
        }
    }

    static SignedVideoReport Without(SignedVideoVerdict verdict, string why) => new(verdict, 0, 0, 0, 0, 0, 0, null, why, null, null, null, null);
}
