using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Media.Mp4;
using Atalaya.Media.Signing;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya signatures</c>: what the camera's own signatures say of recorded files.</summary>
static class SignaturesVerb
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "MP4 files of one camera's stream, in the order of their times.", Arity = ArgumentArity.OneOrMore, HelpName = "FILE" };
        var roots = new Option<string?>("--roots") { Description = "Root certificates of camera makers (PEM): without them the signatures are checked, but not whose they are.", HelpName = "FILE" };
        var chain = new Option<string?>("--chain") { Description = "The camera's certificate (PEM), where it was sent before these files begin.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("signatures", "Checks the signatures that a camera put into its video (ONVIF Media Signing). Exit code 0 only if all that they cover is as the camera sent it.")
            { files, roots, chain, json };
        command.SetAction((parsed, stop) =>
        {
            try
            {
                X509Certificate2Collection trusted = [];
                if (parsed.GetValue(roots) is { } rootFile)
                    trusted.ImportFromPemFile(rootFile);
                string? known = parsed.GetValue(chain) is { } chainFile ? File.ReadAllText(chainFile) : null;
                if (SignedVideoCheck.OfFiles(parsed.GetRequiredValue(files).Select(Mp4File.Open), known, stop) is not { } report)
                    return Failed("There is no H.264 or H.265 in the first file: media signing is defined for these.");
                var certificate = report.CertificateChain is { } sent ? CameraCertificate.Read(sent, trusted, report.To ?? TimeProvider.System.GetUtcNow()) : null;
                Print(report, certificate, parsed.GetValue(json));
                return Task.FromResult(report.Verdict == SignedVideoVerdict.Authentic && certificate?.Trust != CameraTrust.Untrusted ? ExitCode.Done : ExitCode.Failed);
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or Mp4Exception or CryptographicException)
            {
                return Failed(wrong.Message);
            }
        });
        return command;

        static Task<int> Failed(string why)
        {
            Console.Error.WriteLine(why);
            return Task.FromResult(ExitCode.Failed);
        }
    }

    static void Print(SignedVideoReport report, CameraCertificate? certificate, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { report, certificate }, Json));
            return;
        }

        Console.WriteLine(report.Verdict switch
        {
            SignedVideoVerdict.NotSigned => "Not signed: the camera put no signature into this.",
            SignedVideoVerdict.Undecided => $"Signed, but nothing could be judged: {report.Fault}.",
            SignedVideoVerdict.NotAuthentic => $"Not authentic: {report.Fault}, {report.FaultAt?.TotalSeconds:0.00} s from the beginning.",
            SignedVideoVerdict.AuthenticWithMissing => "Authentic with missing pictures: all that is here is as the camera sent it, some of what it sent isn't here.",
            _ => "Authentic: all that the signatures cover is as the camera sent it.",
        });
        Console.WriteLine($"{report.Verified} slices verified, {report.Missing} missing, {report.Failed} wrong, {report.Unsigned} without their signature, {report.Pending} at the ends, {report.Uncovered} of kinds that aren't signed.");
        if (report.Maker is { } maker)
            Console.WriteLine($"Says of itself: {maker.Manufacturer}, serial number {maker.Serial}, firmware {maker.Firmware}.");
        if (certificate is not null)
        {
            Console.WriteLine($"Certificate: {certificate.Subject}, SHA-256 {certificate.Fingerprint}.");
            Console.WriteLine(certificate.Trust switch
            {
                CameraTrust.Trusted => "It leads to a root of the maker's that you gave.",
                CameraTrust.Untrusted => "It leads to none of the roots that you gave: whose signatures these are isn't shown.",
                _ => "No root of a maker was given (--roots): whose signatures these are isn't shown. Compare the digest with the one that the camera's own page shows.",
            });
        }
    }
}
