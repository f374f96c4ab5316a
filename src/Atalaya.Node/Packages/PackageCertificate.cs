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
sealed class PackageCertificate(NodeDatabase database, KeyStore keys, NodeOptions options, TimeProvider clock, ILogger<PackageCertificate> log) : IHostedService, IDisposable
{
    /// <summary>Longer than any proceedings.</summary>
    const int Years = 25;

    readonly SemaphoreSlim _opening = new(1, 1);
    volatile X509Certificate2? _certificate;

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate => _certificate ?? throw new InvalidOperationException("It isn't open.");

    /// <summary>Those that lead from it to its authority.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; private set; } = [];

    public Digest Fingerprint => ManifestSignature.Fingerprint(Certificate);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OpenAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or CryptographicException)
        {
            // A node must record all the same.
            log.LogError("No package can be signed: {Fault}", fault.Message);
        }
    }

    /// <summary>Before it is used: it can't have been opened at the start.</summary>
    /// <exception cref="IOException">Its files can't be read or written; the message says what to do, as the next.</exception>
    /// <exception cref="CryptographicException">They aren't a certificate and its key.</exception>
    public async Task OpenAsync(CancellationToken stop)
    {
        await _opening.WaitAsync(stop);
        try
        {
            if (_certificate is not null)
                return;
            var (certificate, why) = options.Packages.Certificate.Length > 0 ? (Load(), "as the options say") : (Own(), "made by the node");
            string fingerprint = Convert.ToHexStringLower(ManifestSignature.Fingerprint(certificate).ToArray()), id = KeyRow.IdOf(KeyPurpose.Package, fingerprint);
            if (await keys.CurrentAsync(KeyPurpose.Package, stop) is { } before && before.Id != id)
                await keys.EndAsync(before.Id, "Another certificate signs packages.", stop);
            await keys.AddAsync(new(id, KeyPurpose.Package, certificate.ExportCertificatePem(), fingerprint, WallTime.Now(clock).Microseconds, null, why, null), stop);
            _certificate = certificate;
        }
        finally
        {
            _opening.Release();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _opening.Dispose();
        _certificate?.Dispose();
        foreach (var link in Chain)
            link.Dispose();
    }

    X509Certificate2 Load()
    {
        string file = options.Packages.Certificate, key = options.Packages.CertificateKey;
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPemFile(file, key.Length > 0 ? key : file);
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(file);
            Chain = [.. all.Skip(1)];
        }
        catch (CryptographicException e)
        {
            throw new CryptographicException($"{file} (option packages.certificate) isn't a certificate with its private key: {e.Message}", e);
        }

        using var ecdsa = certificate.GetECDsaPrivateKey();
        return ecdsa?.KeySize == 256 ? certificate : throw new CryptographicException($"{file} (option packages.certificate) isn't for ECDSA with the curve P-256.");
    }

    X509Certificate2 Own()
    {
        string secret = Path.Combine(database.Folder.Keys, "package.pem"), shown = Path.Combine(database.Folder.Keys, "package.crt");
        LogKeys.MakePassphrase(new LocalLogDisk(), database.Folder.Path, options.Evidence);
        string passphrase = LogKeys.Passphrase(new LocalLogDisk(), database.Folder.Path, options.Evidence);
        if (File.Exists(shown) && File.Exists(secret))
        {
            try
            {
                using var kept = ECDsa.Create();
                kept.ImportFromEncryptedPem(File.ReadAllText(secret), passphrase);
                using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(shown));
                return certificate.CopyWithPrivateKey(kept);
            }
            catch (Exception fault) when (fault is CryptographicException or ArgumentException or UnauthorizedAccessException)
            {
                throw new IOException($"{secret}: {LogKeys.Explain(fault, options.Evidence)} If it is lost for good, move it away: the node makes another, and the log says so.", fault);
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
        var signed = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(Years));
        int iterations = options.Evidence.PassphraseFile.Length == 0 ? LogKeys.IterationsOfRandom : KeyFile.UsualIterations;
        // The key first: a certificate without one is of no use.
        LogKeys.Keep(new LocalLogDisk(), secret, made.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations)) + "\n");
        LogKeys.Keep(new LocalLogDisk(), shown, signed.ExportCertificatePem() + "\n");
        return signed;
    }
}
