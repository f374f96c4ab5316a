using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Federation.Links;

/// <summary>
/// This node's key on links, in <c>keys/link.pem</c>, encrypted with the passphrase of all its private keys: of the certificate that it shows there, and of the messages that it signs. Others know the key, not the certificate; so that
/// is renewed without anybody's doing. One that can't be opened stays where it is: links rest and what is to be sent waits until it can, and no other takes its place.
/// </summary>
sealed class LinkKey(NodeDatabase database, NodeOptions options, TimeProvider clock, ILogger<LinkKey> log) : IHostedService, IDisposable
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(365), RenewBefore = TimeSpan.FromDays(90), Earlier = TimeSpan.FromDays(1), TryAgain = TimeSpan.FromSeconds(10);

    readonly Lock _using = new();
    ECDsa? _key;                        // under _using, as all that follow
    X509Certificate2? _certificate;
    byte[] _public = [];
    Digest _pin;
    long? _tried;
    string? _fault;

    /// <summary>SubjectPublicKeyInfo.</summary>
    /// <exception cref="IOException">See <see cref="Fault"/>.</exception>
    public byte[] Public
    {
        get
        {
            lock (_using)
            {
                Opened();
                return _public;
            }
        }
    }

    /// <exception cref="IOException">See <see cref="Fault"/>.</exception>
    public Digest Pin
    {
        get
        {
            lock (_using)
            {
                Opened();
                return _pin;
            }
        }
    }

    /// <summary>With the private key; valid now.</summary>
    /// <exception cref="IOException">See <see cref="Fault"/>.</exception>
    public X509Certificate2 Certificate
    {
        get
        {
            lock (_using)
            {
                var (key, now) = (Opened(), clock.GetUtcNow());
                if (_certificate is null || now > new DateTimeOffset(_certificate.NotAfter) - RenewBefore || now < new DateTimeOffset(_certificate.NotBefore))
                    _certificate = Certify(key, now);
                return _certificate;
            }
        }
    }

    /// <summary>Why there is no key just now, and what to do; null: all is well. It is tried again now and then.</summary>
    public string? Fault
    {
        get
        {
            lock (_using)
            {
                try
                {
                    Opened();
                    return null;
                }
                catch (IOException)
                {
                    return _fault;
                }
            }
        }
    }

    public Task StartAsync(CancellationToken stop)
    {
        // A node must record all the same: what is wrong is told where the links are.
        _ = Fault;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    /// <param name="bytes">Of an envelope.</param>
    /// <exception cref="IOException">See <see cref="Fault"/>.</exception>
    public SealedMessage Seal(byte[] bytes)
    {
        lock (_using)
            return SealedMessage.Sign(bytes, Opened());
    }

    public void Dispose()
    {
        _certificate?.Dispose();
        _key?.Dispose();
    }

    ECDsa Opened()
    {
        if (_key is not null)
            return _key;
        if (_tried is { } last && clock.GetElapsedTime(last) < TryAgain)
            throw new IOException(_fault);
        _tried = clock.GetTimestamp();
        string file = Path.Combine(database.Folder.Keys, "link.pem");
        try
        {
            _key = File.Exists(file) ? Open(file) : Make(file);
            _public = _key.ExportSubjectPublicKeyInfo();
            _pin = Digest.Of(_public);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            string told = $"The key for links, {file}, can't be opened, so links rest and what is to be sent waits: {LogKeys.Explain(fault, options.Evidence)} "
                + $"If it is lost for good, move {file} away: the node makes another, and every link has to be made again.";
            if (_fault != told)
                log.LogError("{Fault}", told);
            _fault = told;
            throw new IOException(told, fault);
        }

        if (_fault is not null)
            log.LogInformation("The key for links is open again; links go on.");
        _fault = null;
        return _key;
    }

    ECDsa Open(string file)
    {
        string pem = File.ReadAllText(file);
        var key = ECDsa.Create();
        try
        {
            if (pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal))
            {
                key.ImportFromEncryptedPem(pem, LogKeys.Passphrase(new LocalLogDisk(), database.Folder.Path, options.Evidence));
            }
            else
            {
                // Of a version that didn't encrypt it.
                key.ImportFromPem(pem);
                Keep(file, key);
            }

            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    ECDsa Make(string file)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            Keep(file, key);
        }
        catch
        {
            key.Dispose();
            throw;
        }

        log.LogInformation("The node made its key for links.");
        return key;
    }

    void Keep(string file, ECDsa key)
    {
        LogKeys.MakePassphrase(new LocalLogDisk(), database.Folder.Path, options.Evidence);
        int iterations = options.Evidence.PassphraseFile.Length == 0 ? LogKeys.IterationsOfRandom : KeyFile.UsualIterations;
        string passphrase = LogKeys.Passphrase(new LocalLogDisk(), database.Folder.Path, options.Evidence);
        LogKeys.Keep(new LocalLogDisk(), file, key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations)) + "\n");
    }

    static X509Certificate2 Certify(ECDsa key, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=atalaya link", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));    // serverAuth, clientAuth
        return request.CreateSelfSigned(now - Earlier, now - Earlier + Lifetime);
    }
}
