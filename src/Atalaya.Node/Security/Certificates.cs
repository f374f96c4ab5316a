using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Atalaya.Node.Security;

/// <summary>
/// The certificate that the node shows now: files that somebody gave, or its own. Files are read again every ten seconds, so that a renewed one counts without a
/// restart; the own one is renewed a month before its end. Nothing about a certificate ends the node: recording goes on, and the health page says what is wrong.
/// </summary>
sealed class Certificates(NodeDatabase database, NodeOptions options, TimeProvider clock, ILogger<Certificates> log) : IHostedService, IDisposable
{
    // Links (certbot's) and network shares report nothing, so their content is compared.
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    readonly IReadOnlyList<ListenAddress> _listen = OptionsSource.ListenAddresses(options);
    readonly Lock _looking = new();
    volatile State? _state;
    byte[] _read = [];      // digest of what was read last; under _looking
    ITimer? _timer;

    /// <summary>Host names and addresses by which the node is reached over TLS; the first is the one to show.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>Null where nothing listens by HTTPS.</summary>
    public ServedCertificate? Current => _state?.Certificate;

    /// <summary>Why the files that somebody gave aren't served.</summary>
    string? Fault => _state?.Fault;

    public Task StartAsync(CancellationToken stop)
    {
        if (!_listen.Any(a => a.Tls))
        {
            log.LogInformation("The node listens on loopback alone, by plain HTTP: it is reached from this machine only.");
            return Task.CompletedTask;
        }

        Names = OwnCertificate.Names(options, _listen);
        Look(starts: true);
        _timer = clock.CreateTimer(_ => Look(starts: false), null, LookEvery, LookEvery);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    /// <summary>Whether a Host header may name this, over TLS.</summary>
    public bool IsNamed(string host) => Names.Contains(host, StringComparer.OrdinalIgnoreCase) || Current?.Covers(host) == true;

    /// <summary>For the health page, a sentence each.</summary>
    public IEnumerable<string> Complaints()
    {
        if (_state is not { } state)
            return [];
        var complaints = state.Certificate.Complaints(options.Tls.Names, clock.GetUtcNow());
        return state.Fault is { } fault ? complaints.Prepend($"{fault} {(state.Certificate.IsOwn ? "The node's own certificate is shown." : "The one from before is shown.")}") : complaints;
    }

    /// <summary>
    /// RFC 6797 only where an authority signed it: browsers obey the header just from a connection without certificate errors (8.1), but a self-signed one that
    /// somebody added to their trusted ones is such a connection, and its next one would lock them out with no way to go on (12.1).
    /// </summary>
    public string? StrictTransport => options.Tls.Hsts > TimeSpan.Zero && Current is { IsOwn: false, IsSelfSigned: false }
        ? string.Create(CultureInfo.InvariantCulture, $"max-age={(long)options.Tls.Hsts.TotalSeconds}")
        : null;

    /// <summary>What Kestrel listens on, and how.</summary>
    public void Listen(KestrelServerOptions kestrel)
    {
        foreach (var address in _listen)
        {
            if (address.Ip is null)
                kestrel.ListenLocalhost(address.Port, Endpoint);
            else if (address.IsAny && address.Ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
                kestrel.ListenAnyIP(address.Port, Endpoint);
            else
                kestrel.Listen(address.Ip, address.Port, Endpoint);

            void Endpoint(ListenOptions endpoint)
            {
                endpoint.Protocols = address.Tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
                if (address.Tls)
                {
                    endpoint.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                        {
                            ServerCertificateContext = _state!.Certificate.Context,
                            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                        }),
                    });
                }
            }
        }
    }

    void Look(bool starts)
    {
        lock (_looking)
        {
            try
            {
                _state = options.Tls.Certificate.Length > 0 ? Given() : new(Own(), null);
            }
            catch (Exception fault) when (!starts && fault is IOException or UnauthorizedAccessException or CryptographicException)
            {
                log.LogError("The certificate couldn't be looked at; what is shown stays: {Reason}", fault.Message);
            }
        }
    }

    State Given()
    {
        string certificate = options.Tls.Certificate, key = options.Tls.Key.Length > 0 ? options.Tls.Key : certificate;
        try
        {
            string text = File.ReadAllText(certificate), secret = key == certificate ? text : File.ReadAllText(key);
            byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(text + "\0" + secret));
            if (_state is { Certificate.IsOwn: false } state && digest.AsSpan().SequenceEqual(_read))
                return state;
            var read = ServedCertificate.Read(text, secret, certificate, key, isOwn: false);
            _read = digest;
            log.LogInformation("The certificate from {File} is shown: {Names}, until {End:yyyy-MM-dd}, SHA-256 {Fingerprint}", certificate, string.Join(", ", read.Names), read.NotAfter, read.Fingerprint);
            return new(read, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            string reason = fault is InvalidDataException ? fault.Message : $"The certificate can't be read: {fault.Message}";
            if (Fault != reason)
                log.LogError("{Reason}", reason);
            _read = [];
            // A node whose files were spoilt while it was off still has to be reached.
            return new(_state?.Certificate ?? Own(), reason);
        }
    }

    ServedCertificate Own()
    {
        string file = OwnCertificate.FileIn(database.Folder.Path);
        string? text = File.Exists(file) ? File.ReadAllText(file) : null;
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(text ?? ""));
        var now = clock.GetUtcNow();
        if (_state?.Certificate is { IsOwn: true } shown && digest.AsSpan().SequenceEqual(_read) && now < shown.NotAfter - OwnCertificate.RenewBefore)
            return shown;
        var kept = text is null ? null : TryRead(text, file);
        if (kept is not null && now < kept.NotAfter - OwnCertificate.RenewBefore && (_state is not null || Names.All(kept.Covers)))
        {
            _read = digest;
            return kept;
        }

        string made = OwnCertificate.Make(Names, now);
        OwnCertificate.Write(file, made);
        _read = SHA256.HashData(Encoding.UTF8.GetBytes(made));
        var certificate = ServedCertificate.Read(made, made, file, file, isOwn: true);
        log.LogWarning("The node made itself a certificate for {Names}, until {End:yyyy-MM-dd}, SHA-256 {Fingerprint}", string.Join(", ", certificate.Names), certificate.NotAfter, certificate.Fingerprint);
        return certificate;
    }

    ServedCertificate? TryRead(string text, string file)
    {
        try
        {
            return ServedCertificate.Read(text, text, file, file, isOwn: true);
        }
        catch (InvalidDataException fault)
        {
            log.LogError("The node's own certificate can't be used, it makes a new one: {Reason}", fault.Message);
            return null;
        }
    }

    sealed record State(ServedCertificate Certificate, string? Fault);
}
