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
/// is renewed without anybody's doing.
/// </summary>
sealed class LinkKey(NodeDatabase database, NodeOptions options, TimeProvider clock, ILogger<LinkKey> log) : IHostedService, IDisposable
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(365), RenewBefore = TimeSpan.FromDays(90), Earlier = TimeSpan.FromDays(1);

    readonly Lock _using = new();
    ECDsa? _key;
    volatile X509Certificate2? _certificate;

    /// <summary>SubjectPublicKeyInfo.</summary>
    public byte[] Public { get; private set; } = [];

    public Digest Pin { get; private set; }

    /// <summary>With the private key; valid now.</summary>
    public X509Certificate2 Certificate
    {
        get
        {
            lock (_using)
            {
                var now = clock.GetUtcNow();
                if (_certificate is null || now > new DateTimeOffset(_certificate.NotAfter) - RenewBefore || now < new DateTimeOffset(_certificate.NotBefore))
                    _certificate = Certify(_key ?? throw new InvalidOperationException("The node hasn't been started."), now);
                return _certificate;
            }
        }
    }

    public Task StartAsync(CancellationToken stop)
    {
        string file = Path.Combine(database.Folder.Keys, "link.pem");
        LogKeys.MakePassphrase(database.Folder, options.Evidence);
        string passphrase = LogKeys.Passphrase(database.Folder, options.Evidence);
        _key = Open() ?? Make();
        Public = _key.ExportSubjectPublicKeyInfo();
        Pin = Digest.Of(Public);
        return Task.CompletedTask;

        // Null: there is none that can be opened.
        ECDsa? Open()
        {
            if (!File.Exists(file))
                return null;
            string pem = File.ReadAllText(file);
            var key = ECDsa.Create();
            try
            {
                if (pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal))
                {
                    key.ImportFromEncryptedPem(pem, passphrase);
                }
                else
                {
                    // Of a version that didn't encrypt it.
                    key.ImportFromPem(pem);
                    Keep(key);
                }

                return key;
            }
            catch (Exception fault) when (fault is ArgumentException or CryptographicException)
            {
                key.Dispose();
                if (options.Evidence.PassphraseFile.Length > 0)
                    throw new IOException($"{file} can't be opened with the passphrase in {options.Evidence.PassphraseFile}: {fault.Message} Give the one that it was encrypted with.", fault);
                // A node must record all the same.
                string aside = $"{file}.lost-{clock.GetUtcNow().UtcDateTime:yyyyMMddHHmmss}";
                File.Move(file, aside);
                log.LogError("The key for links can't be opened, because it or keys/log.passphrase is damaged or lost: it is {Aside} now, another follows it, and every link has to be made again.", aside);
                return null;
            }
        }

        ECDsa Make()
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Keep(key);
            log.LogInformation("The node made its key for links.");
            return key;
        }

        void Keep(ECDsa key)
        {
            int iterations = options.Evidence.PassphraseFile.Length == 0 ? LogKeys.IterationsOfRandom : KeyFile.UsualIterations;
            LogKeys.Keep(database.Folder, file, key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterations)) + "\n");
        }
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public SealedMessage Seal(Envelope envelope)
    {
        lock (_using)
            return SealedMessage.Seal(envelope, _key ?? throw new InvalidOperationException("The node hasn't been started."));
    }

    public void Dispose()
    {
        _certificate?.Dispose();
        _key?.Dispose();
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
