using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Federation.Grants;
using Atalaya.Media.Signing;

namespace Atalaya.Verify;

/// <summary>The command <c>atalaya-verify</c>.</summary>
static class VerifyCommand
{
    const int BadUse = 2, NotAsSent = 5;

    const string Help = """
        atalaya-verify PACKAGE.zip [--key KEY|FILE]... [--json]
            Checks an evidence package: every byte of it, who signed it, and that a public log holds what it tells.
            --key KEY     a log's or witness's public key that you have from its owner, or a file of such keys; may be repeated
            --camera-roots FILE   root certificates of camera makers (PEM), to tell whose signatures are in footage that cameras signed; may be repeated
            --json        the result as JSON (ref/package.md)
        atalaya-verify receipts A.json B.json [--key KEY|FILE]... [--json]
            Compares two organisations' papers about what they let each other have: whether what was sent, received, used and deleted agrees.
            Exit codes: 0 agrees · 1 doesn't · 3 unknown signer · 4 something is missing yet
        atalaya-verify keep KEY      keeps a key for the next time, once you have compared it with its owner's
        atalaya-verify keys          shows the kept keys, and where they are
        atalaya-verify forget KEY    removes one

        Exit codes: 0 authentic (perhaps with stated gaps) · 1 altered · 2 bad use · 3 unknown signer · 4 incomplete
                    5 authentic as it was sealed, but not as its camera signed it
        """;

    public static int Run(string[] args, TextWriter output, TextWriter error, KeptKeys kept)
    {
        try
        {
            return args switch
            {
                [] => Fail("which package?"),
                ["--help" or "-h" or "help"] => Say(Help),
                ["--version"] => Say(typeof(VerifyCommand).Assembly.GetName().Version!.ToString(3)),
                ["keep", var key] => Keep(key),
                ["keys"] => Keys(),
                ["forget", var key] => Forget(key),
                ["receipts", .. var words] => Receipts(words),
                ["keep" or "keys" or "forget", ..] => Fail($"'{args[0]}' takes {(args[0] == "keys" ? "nothing" : "one key")}."),
                _ => Verify(args),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message);
        }
        catch (InvalidDataException e)
        {
            return Fail(e.Message);
        }

        int Say(string text)
        {
            output.WriteLine(text);
            return 0;
        }

        int Fail(string text)
        {
            error.WriteLine($"atalaya-verify: {text} See --help.");
            return BadUse;
        }

        int Keep(string text)
        {
            if (!NoteKey.TryParse(text.Trim(), out var key))
                return Fail("that isn't a key: name+8 digits+base64.");
            return Say(kept.Keep(key) ? $"Kept in {kept.File}." : $"It was in {kept.File} already.");
        }

        int Forget(string text)
        {
            if (!NoteKey.TryParse(text.Trim(), out var key))
                return Fail("that isn't a key: name+8 digits+base64.");
            return kept.Forget(key) ? Say($"Removed from {kept.File}.") : Fail($"it isn't in {kept.File}.");
        }

        int Keys()
        {
            var keys = kept.Read();
            output.WriteLine(keys.Count == 0 ? $"No keys are kept in {kept.File}." : $"# {kept.File}");
            foreach (var key in keys)
                output.WriteLine(key);
            return 0;
        }

        int Receipts(string[] words)
        {
            bool json = false;
            var known = new List<NoteKey>();
            var files = new List<string>();
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] == "--json")
                    json = true;
                else if (words[i] == "--key" && i + 1 < words.Length)
                    known.AddRange(Given(words[++i]));
                else if (words[i].StartsWith('-'))
                    return Fail(words[i] == "--key" ? "--key takes a key or a file." : $"there is no option {words[i]}.");
                else
                    files.Add(words[i]);
            }

            if (files.Count != 2)
                return Fail("receipts takes the papers of two sides: two files.");
            known.AddRange(kept.Read());
            var bundles = new List<ShareBundle>();
            foreach (string file in files)
            {
                if (new FileInfo(file).Length > ShareBundle.MaxLength || !ShareBundle.TryParse(File.ReadAllBytes(file), out var bundle))
                    return Fail($"{file} isn't a file of papers (GET /api/shares/papers).");
                bundles.Add(bundle);
            }

            var report = ReceiptCheck.Run(bundles[0], bundles[1], known);
            output.Write(json ? ReceiptText.Json(report) : ReceiptText.Write(report, bundles[0], bundles[1]));
            return report.Verdict switch { ReceiptVerdict.Agrees => 0, ReceiptVerdict.Disagrees => 1, ReceiptVerdict.UnknownSigner => 3, _ => 4 };
        }

        int Verify(string[] words)
        {
            string? package = null;
            bool json = false;
            var known = new List<NoteKey>();
            X509Certificate2Collection roots = [];
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] == "--json")
                    json = true;
                else if (words[i] == "--key" && i + 1 < words.Length)
                    known.AddRange(Given(words[++i]));
                else if (words[i] == "--camera-roots" && i + 1 < words.Length)
                    AddRoots(roots, words[++i]);
                else if (words[i].StartsWith('-'))
                    return Fail(words[i] == "--key" ? "--key takes a key or a file." : words[i] == "--camera-roots" ? "--camera-roots takes a file." : $"there is no option {words[i]}.");
                else if (package is not null)
                    return Fail("one package at a time.");
                else
                    package = words[i];
            }

            if (package is null)
                return Fail("which package?");
            known.AddRange(kept.Read());
            using var bytes = PackageBytes.Open(package);
            Span<byte> begin = stackalloc byte[21];
            if (begin[..bytes.Read(0, begin)].SequenceEqual("age-encryption.org/v1"u8))
                return Fail($"{package} is encrypted. Open it first: age -d -i YOUR-KEY-FILE -o package.zip '{package}'.");
            using var progress = json || Console.IsErrorRedirected ? null : new ProgressLine(error);
            var report = PackageCheck.Run(bytes, known, progress is null ? null : progress.Report);
            progress?.Dispose();
            var cameras = CameraCheck.Run(package, report, roots);
            int exitCode = report.ExitCode == 0 && cameras.Any(c => c.Report.Verdict == SignedVideoVerdict.NotAuthentic) ? NotAsSent : report.ExitCode;
            output.Write(json ? ReportJson.Write(report, cameras, exitCode) : ReportText.Write(report, cameras));
            return exitCode;
        }
    }

    static void AddRoots(X509Certificate2Collection roots, string file)
    {
        int before = roots.Count;
        try
        {
            roots.ImportFromPemFile(file);
        }
        catch (CryptographicException wrong)
        {
            throw new InvalidDataException($"{file} holds no certificates: {wrong.Message}", wrong);
        }

        if (roots.Count == before)
            throw new InvalidDataException($"{file} holds no certificates.");
    }

    static IReadOnlyList<NoteKey> Given(string text) =>
        NoteKey.TryParse(text, out var key) ? [key]
        : File.Exists(text) ? KeptKeys.Parse(File.ReadAllText(text), text)
        : throw new InvalidDataException($"'{text}' is neither a key (name+8 digits+base64) nor a file.");

    /// <summary>How far it is, on a terminal.</summary>
    sealed class ProgressLine(TextWriter error) : IDisposable
    {
        readonly Lock _lock = new();
        int _percent = -1;

        public void Report(double part)
        {
            int percent = (int)(part * 100);
            lock (_lock)
            {
                if (percent <= _percent)
                    return;
                _percent = percent;
                error.Write(string.Create(CultureInfo.InvariantCulture, $"\rReading {percent} %"));
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                if (_percent >= 0)
                    error.Write("\r              \r");
                _percent = -1;
            }
        }
    }
}
