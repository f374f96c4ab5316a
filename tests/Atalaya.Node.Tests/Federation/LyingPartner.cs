using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Another node's end of a link that says what it likes: with a key of its own, joined as any node joins, and nothing of the product behind it.</summary>
sealed class LyingPartner : IDisposable
{
    readonly TestNode _victim;
    readonly NoteSigner _log = new("log.example.org/liar", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));
    readonly string _address;

    LyingPartner(TestNode victim)
    {
        _victim = victim;
        _address = victim.Service<LinkListening>().Address;
        Http = Client(TimeSpan.FromDays(1));
    }

    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    public HttpClient Http { get; }
    public string Link { get; private set; } = "";
    public Digest Pin => Digest.Of(Key.ExportSubjectPublicKeyInfo());

    /// <summary>The link as the honest node sees it.</summary>
    public Link AtVictim => _victim.Service<LinkBook>().Find(Link)!;

    /// <summary>Joins a node that listens and is confirmed there.</summary>
    public static async Task<LyingPartner> JoinAsync(TestNode victim, LinkKind itIs = LinkKind.Partner)
    {
        var liar = new LyingPartner(victim);
        var (_, made) = await victim.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = itIs.ToString().ToLowerInvariant() });
        Invitation.TryParse((string)made!["code"]!, out var invitation, out string? fault).ShouldBeTrue(fault);
        var card = new SignedNote(new NodeCard("Liar", "Den", liar._log.Key, liar.Key.ExportSubjectPublicKeyInfo(), "").Text, []);
        card = card with { Signatures = [liar._log.Sign(card.TextBytes, TimeProvider.System.GetUtcNow())] };
        byte[] nonce = RandomNumberGenerator.GetBytes(Pairing.NonceLength);
        using var joined = await liar.Http.PostAsJsonAsync(
            "link/1/join", new JoinJson(card.ToString(), invitation!.Id, Convert.ToBase64String(invitation.Proof(liar.Pin)), Convert.ToBase64String(Pairing.Commitment(nonce))), TestNode.Stop);
        joined.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var opened = await liar.Http.PostAsJsonAsync("link/1/join/open", new OpenedJson(invitation.Id, Convert.ToBase64String(nonce)), TestNode.Stop);
        opened.StatusCode.ShouldBe(HttpStatusCode.OK);
        liar.Link = Pairing.LinkId(victim.Service<LinkKey>().Pin, liar.Pin);
        (await victim.SendAsync(HttpMethod.Post, $"/api/links/{liar.Link}/confirm", new { digits = liar.AtVictim.Digits })).Status.ShouldBe(200);
        return liar;
    }

    public SealedMessage Message(long number, Digest previous, string kind = "nobody.knows", object? body = null, Lane lane = Lane.Urgent) =>
        SealedMessage.Seal(new(Link, Pin, lane, number, previous, TimeProvider.System.GetUtcNow(), kind, JsonSerializer.SerializeToElement(body ?? new { n = number }, Outbox.Json)), Key);

    public async Task<(int Status, JsonNode? Answer)> PostAsync(params SealedMessage[] messages) => await PostAsync(new ByteArrayContent(MessageBatch.Write(messages)));

    public async Task<(int Status, JsonNode? Answer)> PostAsync(HttpContent content)
    {
        using (content)
        {
            using var answer = await Http.PostAsync("link/1/messages", content, TestNode.Stop);
            string text = await answer.Content.ReadAsStringAsync(TestNode.Stop);
            return ((int)answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
        }
    }

    /// <param name="age">How long ago its certificate began; it lasts ten days.</param>
    public HttpClient Client(TimeSpan age)
    {
        var request = new CertificateRequest("CN=liar", Key, HashAlgorithmName.SHA256);
        var from = TimeProvider.System.GetUtcNow() - age;
        var certificate = request.CreateSelfSigned(from, from + TimeSpan.FromDays(10));
        LinkAddress.TryParse(_address, out string host, out int port).ShouldBeTrue();
        return new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(host, port, stop);
                var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "x",
                        LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
                        ClientCertificates = [certificate],
                        ApplicationProtocols = [LinkDial.Protocol],
                        EnabledSslProtocols = SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
                    },
                    stop);
                return tls;
            },
        })
        { BaseAddress = new("http://victim/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    public void Dispose()
    {
        Http.Dispose();
        Key.Dispose();
        _log.Dispose();
    }
}
