using System.Net.Security;
using System.Security.Authentication;

using Atalaya.Node.Options;
using Atalaya.Node.Security;

using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Atalaya.Node.Federation.Links;

/// <summary>Where other nodes come in: an address of its own by TLS 1.3, on which both sides show their keys, and the tunnels that this node dialled.</summary>
sealed class LinkListening(LinkKey key, NodeOptions options, TimeProvider clock)
{
    readonly List<ListenOptions> _listening = [];

    /// <summary>Ports that it got, in the order of the options.</summary>
    public IReadOnlyList<int> Ports => [.. _listening.Select(l => l.IPEndPoint?.Port ?? 0)];

    /// <summary>HOST:PORT that invitations name; empty: nobody can dial this node.</summary>
    public string Address => options.Federation.Address.Length > 0 ? options.Federation.Address
        : options.Federation.Listen.Count == 0 ? ""
        : Parse(options.Federation.Listen[0]) is var first && first.IsAny ? "" : $"{Host(first)}:{Ports[0]}";

    public void Listen(KestrelServerOptions kestrel)
    {
        kestrel.Listen(new TunnelEndPoint(), endpoint => endpoint.Protocols = HttpProtocols.Http1);
        foreach (var address in options.Federation.Listen.Select(Parse))
        {
            if (address.IsAny)
                kestrel.ListenAnyIP(address.Port, Endpoint);
            else
                kestrel.Listen(address.Ip ?? System.Net.IPAddress.Loopback, address.Port, Endpoint);
        }

        void Endpoint(ListenOptions endpoint)
        {
            _listening.Add(endpoint);
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificate = key.Certificate,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [LinkDial.Protocol],
                    // Whose key it is, is asked of each request: one that is invited isn't known yet.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => LinkDial.Fault(certificate, clock.GetUtcNow()) is null,
                }),
            });
            endpoint.Use(next => async connection =>
            {
                if (connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } shown)
                {
                    connection.Abort(new ConnectionAbortedException("It shows no certificate."));
                    return;
                }

                connection.Features.Set(new LinkConnection(LinkDial.PinOf(shown)));
                await next(connection);
            });
        }
    }

    static ListenAddress Parse(string text) => ListenAddress.TryParse(text, out var address, out string? fault) ? address : throw new ArgumentException(fault);

    static string Host(ListenAddress address) => address.Ip is { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } six ? $"[{six}]" : address.Ip?.ToString() ?? "127.0.0.1";
}
