using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Packages;

/// <summary>
/// The certificate that signs manifests for stock tools: the one that the options name, or one that the node makes at its first start. Which it is has a leaf in the log.
/// </summary>
sealed class PackageCertificate(NodeDatabase database, KeyStore keys, NodeOptions options, TimeProvider clock) : IHostedService, IDisposable
{
    /// <summary>Longer than any proceedings.</summary>
    const int Years = 25;

    X509Certificate2? _certificate;

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate => _certificate ?? throw new InvalidOperationException("The node hasn't been started.");

    /// <summary>Those that lead from it to its authority.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; private set; } = [];

    public Digest Fingerprint => ManifestSignature.Fingerprint(Certificate);

    /// <exception cref="IOException">Its files can't be read or written.</exception>
    /// <exception cref="CryptographicException">They aren't a certificate and its key.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        string why = "as the options say";
        if (options.Packages.Certificate.Length > 0)
            Load();
        else
            why = Own();
        string fingerprint = Convert.ToHexStringLower(Fingerprint.ToArray()), id = KeyRow.IdOf(KeyPurpose.Package, fingerprint);
        if (await keys.CurrentAsync(KeyPurpose.Package, cancellationToken) is { } before && before.Id != id)
            await keys.EndAsync(before.Id, "Another certificate signs packages.", cancellationToken);
        await keys.AddAsync(new(id, KeyPurpose.Package, Certificate.ExportCertificatePem(), fingerprint, WallTime.Now(clock).Microseconds, null, why, null), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _certificate?.Dispose();
        foreach (var link in Chain)
            link.Dispose();
    }

    void Load()
    {
        string file = options.Packages.Certificate, key = options.Packages.CertificateKey;
        try
        {
            _certificate = X509Certificate2.CreateFromPemFile(file, key.Length > 0 ? key : file);
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(file);
            Chain = [.. all.Skip(1)];
        }
        catch (CryptographicException e)
        {
            throw new CryptographicException($"{file} (option packages.certificate) isn't a certificate with its private key: {e.Message}", e);
        }

        using var ecdsa = _certificate.GetECDsaPrivateKey();
        if (ecdsa?.KeySize != 256)
            throw new CryptographicException($"{file} (option packages.certificate) isn't for ECDSA with the curve P-256.");
    }

    string Own()
    {
        string secret = Path.Combine(database.Folder.Keys, "package.pem"), shown = Path.Combine(database.Folder.Keys, "package.crt");
        LogKeys.MakePassphrase(database.Folder, options.Evidence);
        string passphrase = LogKeys.Passphrase(database.Folder, options.Evidence);
        if (File.Exists(shown))
        {
            try
            {
                using var kept = ECDsa.Create();
                kept.ImportFromEncryptedPem(File.ReadAllText(secret), passphrase);
                using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(shown));
                _certificate = certificate.CopyWithPrivateKey(kept);
                return "made by the node";
            }
            catch (Exception e) when (e is CryptographicException or FileNotFoundException)
            {
                // Its passphrase or file is lost. A node must record all the same: another certificate follows, and the log's keys tell that it did.
            }
        }

        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string organisation = options.Packages.Organisation.Length > 0 ? options.Packages.Organisation : options.Name;
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName($"{organisation}: evidence packages");
        name.AddOrganizationName(organisation);
        var request = new CertificateRequest(name.Build(), made, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = clock.GetUtcNow();
        _certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        int iterations = options.Evidence.PassphraseFile.Length == 0 ? LogKeys.IterationsOfRandom : KeyFile.UsualIterations;
        // The key first: a certificate without one is of no use.
        LogKeys.Keep(database.Folder, secret, made.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations)) + "\n");
        LogKeys.Keep(database.Folder, shown, _certificate.ExportCertificatePem() + "\n");
        return "made by the node";
    }
}
