using System.CommandLine;
using System.Text.Json;

using Atalaya.Node.Options;
using Atalaya.Node.Security;

namespace Atalaya.Node.Cli;

/// <summary><c>atalaya tls</c>: which certificate the node shows over HTTPS. Beside a node that runs, too.</summary>
static class TlsVerb
{
    public static Command Create() => new("tls", "The certificate that the node shows over HTTPS.") { Show(), Renew() };

    static Command Show()
    {
        var pem = new Option<bool>("--pem") { Description = "Print the certificate itself, for machines that are to trust it." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("show", "Says which certificate is shown, and its fingerprint to compare with what a browser says.") { pem, json };
        var options = new OptionArguments(command, serves: false);
        command.SetAction(parsed => Run(options, parsed, options =>
        {
            var shown = Read(options);
            string[] complaints = [.. shown.Complaints(options.Tls.Names, TimeProvider.System.GetUtcNow())];
            if (parsed.GetValue(pem))
            {
                Console.Out.WriteLine(shown.Leaf.ExportCertificatePem());
            }
            else if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(
                    new { own = shown.IsOwn, names = shown.Names, from = shown.NotBefore, to = shown.NotAfter, issuer = shown.Leaf.Issuer, fingerprint = shown.Fingerprint, complaints }));
            }
            else
            {
                Console.Out.WriteLine($"SHA-256 {shown.Fingerprint}\nfor     {string.Join(", ", shown.Names)}\nvalid   {shown.NotBefore:yyyy-MM-dd} to {shown.NotAfter:yyyy-MM-dd}\n"
                    + $"from    {(shown.IsOwn ? "the node itself" : $"{options.Tls.Certificate}, issued by {shown.Leaf.Issuer}")}");
                foreach (string complaint in complaints)
                    Console.Error.WriteLine($"atalaya: {complaint}");
            }

            return complaints.Length == 0 ? ExitCode.Done : ExitCode.Failed;
        }));
        return command;
    }

    static Command Renew()
    {
        var command = new Command("renew", "Makes the node a new certificate of its own, for its names of now. A node that runs shows it within ten seconds.");
        var options = new OptionArguments(command, serves: false);
        command.SetAction(parsed => Run(options, parsed, options =>
        {
            if (options.Tls.Certificate.Length > 0)
                return Fail($"the node shows {options.Tls.Certificate} (tls.certificate); renew it where it came from.");
            string file = OwnCertificate.FileIn(Path.GetFullPath(options.Data));
            string made = OwnCertificate.Make(OwnCertificate.Names(options, OptionsSource.ListenAddresses(options)), TimeProvider.System.GetUtcNow());
            OwnCertificate.Write(file, made);
            Console.Out.WriteLine($"SHA-256 {ServedCertificate.Read(made, made, file, file, isOwn: true).Fingerprint}");
            return ExitCode.Done;
        }));
        return command;
    }

    static ServedCertificate Read(NodeOptions options)
    {
        if (options.Tls.Certificate is { Length: > 0 } given)
        {
            string key = options.Tls.Key.Length > 0 ? options.Tls.Key : given;
            return ServedCertificate.Read(File.ReadAllText(given), File.ReadAllText(key), given, key, isOwn: false);
        }

        string file = OwnCertificate.FileIn(Path.GetFullPath(options.Data));
        if (!File.Exists(file))
            throw new IOException("The node has no certificate yet: it makes one when it first listens beyond loopback, `atalaya tls renew` does at once.");
        string own = File.ReadAllText(file);
        return ServedCertificate.Read(own, own, file, file, isOwn: true);
    }

    static int Run(OptionArguments arguments, ParseResult parsed, Func<NodeOptions, int> run)
    {
        if (arguments.Read(parsed, Console.Error) is not var (reading, _))
            return ExitCode.Usage;
        try
        {
            return run(reading.Options);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return Fail(fault.Message);
        }
    }

    static int Fail(string message)
    {
        Console.Error.WriteLine($"atalaya: {message}");
        return ExitCode.Failed;
    }
}
