using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

using Atalaya.Evidence;
using Atalaya.Federation.Links;

namespace Atalaya.Node.Federation.Links;

/// <summary>Connects to other nodes: TLS 1.3 with both sides' certificates, of which only the keys count.</summary>
sealed class LinkDial(LinkKey key, TimeProvider clock)
{
    /// <summary>What TLS names the protocol (RFC 7301); a page's browser doesn't speak it.</summary>
    public static SslApplicationProtocol Protocol { get; } = new("atalaya-link/1");

    /// <exception cref="IOException">Nobody answers, or it is another node than the one that is known.</exception>
    public async Task<Stream> ConnectAsync(string address, Digest pin, CancellationToken stop)
    {
        if (!LinkAddress.TryParse(address, out string host, out int port))
            throw new IOException($"'{address}' isn't an address.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetUp();
            await socket.ConnectAsync(host.Trim('[', ']'), port, stop);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
            try
            {
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "atalaya-link",
                        ClientCertificates = [key.Certificate],
                        LocalCertificateSelectionCallback = (_, _, _, _, _) => key.Certificate,
                        ApplicationProtocols = [Protocol],
                        EnabledSslProtocols = SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) => Fault(certificate, clock.GetUtcNow()) is null && PinOf(certificate!) == pin,
                    },
                    stop);
                return tls;
            }
            catch (AuthenticationException fault)
            {
                await tls.DisposeAsync();
                throw new IOException($"At {address} answers another node than the one that is known, or one with an expired certificate.", fault);
            }
            catch
            {
                await tls.DisposeAsync();
                throw;
            }
        }
        catch (SocketException fault)
        {
            socket.Dispose();
            throw new IOException($"Nobody answers at {address}: {fault.Message}", fault);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static Digest PinOf(X509Certificate certificate) => Digest.Of(((X509Certificate2)certificate).PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>Why a certificate isn't taken whoever's it is; null: it may be.</summary>
    public static string? Fault(X509Certificate? certificate, DateTimeOffset now) => certificate switch
    {
        not X509Certificate2 => "It shows no certificate.",
        X509Certificate2 c when new DateTimeOffset(c.NotAfter) < now => $"Its certificate expired on {c.NotAfter.ToUniversalTime():yyyy-MM-dd}.",
        X509Certificate2 c when new DateTimeOffset(c.NotBefore) > now => $"Its certificate isn't valid before {c.NotBefore.ToUniversalTime():yyyy-MM-dd}.",
        X509Certificate2 c when c.PublicKey.Oid.Value != "1.2.840.10045.2.1" => "Its key isn't one on P-256.",
        _ => null,
    };
}
