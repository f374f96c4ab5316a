using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Atalaya.Node.Security;

/// <summary>A certificate with its key, as handshakes take it.</summary>
sealed class ServedCertificate
{
    ServedCertificate(X509Certificate2 leaf, SslStreamCertificateContext context, bool isOwn)
    {
        Leaf = leaf;
        Context = context;
        IsOwn = isOwn;
        Names = [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames().Concat(e.EnumerateIPAddresses().Select(a => a.ToString())))];
    }

    public X509Certificate2 Leaf { get; }

    /// <summary>With the intermediate certificates of the file, which clients need to find the authority.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>The node made it.</summary>
    public bool IsOwn { get; }

    /// <summary>Host names, <c>*.example.org</c> among them, and addresses that it is made out to.</summary>
    public IReadOnlyList<string> Names { get; }

    public bool IsSelfSigned => Leaf.SubjectName.RawData.AsSpan().SequenceEqual(Leaf.IssuerName.RawData);

    public DateTimeOffset NotBefore => new(Leaf.NotBefore.ToUniversalTime(), TimeSpan.Zero);

    public DateTimeOffset NotAfter => new(Leaf.NotAfter.ToUniversalTime(), TimeSpan.Zero);

    /// <summary>SHA-256 of the certificate, as browsers show it: pairs of hexadecimal digits with colons.</summary>
    public string Fingerprint => string.Join(':', Convert.ToHexString(Leaf.GetCertHash(HashAlgorithmName.SHA256)).Chunk(2).Select(c => new string(c)));

    /// <summary>Reads PEM.</summary>
    /// <param name="certificate">The certificate, then those that lead to the authority.</param>
    /// <param name="certificateFile">Where it came from, for the message.</param>
    /// <exception cref="InvalidDataException">It can't be used; the message says what to do.</exception>
    public static ServedCertificate Read(string certificate, string key, string certificateFile, string keyFile, bool isOwn)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(certificate);
        }
        catch (CryptographicException fault)
        {
            throw new InvalidDataException($"{certificateFile} holds a damaged certificate: {fault.Message}", fault);
        }

        if (chain.Count == 0)
            throw new InvalidDataException($"{certificateFile} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).");
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new InvalidDataException($"The key in {keyFile} is encrypted, and nobody is there to type its password when the node starts. Give it one without, readable by the node's user alone.");
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new InvalidDataException($"{keyFile} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----).");
        try
        {
            var leaf = X509Certificate2.CreateFromPem(chain[0].ExportCertificatePem(), key);
            return new(leaf, SslStreamCertificateContext.Create(leaf, chain, offline: true), isOwn);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(
                $"The key in {keyFile} doesn't belong to the first certificate in {certificateFile} ({chain[0].Subject}). The certificate itself stands first, those of the authority behind it.", fault);
        }
    }

    /// <summary>What somebody should look at; it is served all the same, since browsers warn and a node without any certificate can't be reached.</summary>
    /// <param name="names">That the node should be reached by.</param>
    public IEnumerable<string> Complaints(IEnumerable<string> names, DateTimeOffset now)
    {
        if (now > NotAfter)
            yield return $"The certificate has expired on {NotAfter:yyyy-MM-dd}: browsers refuse it.";
        else if (now > NotAfter - ExpiresSoon && !IsOwn)
            yield return $"The certificate expires on {NotAfter:yyyy-MM-dd}, and no newer one was put in its place.";
        if (now < NotBefore)
            yield return $"The certificate is valid from {NotBefore:yyyy-MM-dd HH:mm} UTC on only. Is this machine's clock right?";
        string[] lacking = [.. names.Where(n => !Covers(n))];
        if (lacking.Length > 0)
            yield return $"The certificate isn't made out to {string.Join(", ", lacking)} (tls.names), only to {string.Join(", ", Names)}: browsers refuse it there.";
    }

    static readonly TimeSpan ExpiresSoon = TimeSpan.FromDays(14);

    /// <summary>Whether it is made out to a name or address; <c>*.</c> stands for one label (RFC 9525, 6.3).</summary>
    public bool Covers(string name)
    {
        if (IPAddress.TryParse(name, out var ip))
            return Names.Any(n => IPAddress.TryParse(n, out var one) && one.Equals(ip));
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return Names.Any(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)
            || (dot > 0 && n.StartsWith("*.", StringComparison.Ordinal) && n.AsSpan(1).Equals(name.AsSpan(dot), StringComparison.OrdinalIgnoreCase)));
    }
}
