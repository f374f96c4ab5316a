using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Node.Options;

namespace Atalaya.Node.Security;

/// <summary>The certificate that a node makes for itself: ECDSA on P-256, signed by itself, in one file with its key.</summary>
static class OwnCertificate
{
    /// <summary>What browsers take at most (CA/Browser Forum, Baseline Requirements 6.3.2).</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(397);

    /// <summary>So long before its end there is a new one: who compares fingerprints has a month to do it.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>Machines that look at it may be behind in time.</summary>
    static readonly TimeSpan Earlier = TimeSpan.FromHours(1);

    const int MaxNames = 50;

    public static string FileIn(string dataFolder) => Path.Combine(dataFolder, "tls", "own.pem");

    /// <param name="names">Host names and addresses, at least one; the first is the common name.</param>
    /// <returns>Key and certificate, PEM.</returns>
    public static string Make(IReadOnlyList<string> names, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names[0].Length <= 64 ? names[0] : "Atalaya");     // RFC 5280, ub-common-name.
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out var ip))
                san.AddIpAddress(ip);
            else
                san.AddDnsName(name);
        }

        request.CertificateExtensions.Add(san.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));     // serverAuth
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var from = now - Earlier;
        using var certificate = request.CreateSelfSigned(from, from + Lifetime);
        return key.ExportPkcs8PrivateKeyPem() + "\n" + certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>Puts it in the place of an earlier one, at once and whole; readable by this user alone.</summary>
    /// <exception cref="IOException">The data folder can't be written.</exception>
    public static void Write(string file, string pem)
    {
        string folder = Path.GetDirectoryName(file)!;
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, owner | UnixFileMode.UserExecute);
        string next = file + ".next";
        File.Delete(next);
        var how = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            how.UnixCreateMode = owner;
        using (var stream = new FileStream(next, how))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(pem));
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, file, overwrite: true);
    }

    /// <summary>
    /// What people call this machine: what the options say, or its host name and the addresses it listens on. Link-local addresses are left out: nobody types them.
    /// Loopback is always among them.
    /// </summary>
    public static IReadOnlyList<string> Names(NodeOptions options, IEnumerable<ListenAddress> listen)
    {
        var names = new List<string>(options.Tls.Names);
        if (names.Count == 0)
        {
            if (Uri.CheckHostName(Dns.GetHostName()) == UriHostNameType.Dns)
                names.Add(Dns.GetHostName().ToLowerInvariant());
            foreach (var address in listen.Where(a => a is { Tls: true, IsLoopback: false }))
                names.AddRange(address.IsAny ? OfInterfaces() : [address.Ip!.ToString()]);
        }

        return [.. names.Take(MaxNames).Concat(["localhost", "127.0.0.1", "::1"]).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    static IEnumerable<string> OfInterfaces() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => a.Address))
        .Where(a => !a.IsIPv6LinkLocal && !IPAddress.IsLoopback(a) && !(a.GetAddressBytes() is [169, 254, _, _]))
        .Select(a => a.ToString());
}
