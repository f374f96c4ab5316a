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
    readonly byte[] _seed = RandomNumberGenerator.GetBytes(32);
    readonly NoteSigner _log;
    readonly string _address;

    /// <param name="log">What it calls its log; null: by a name of its own.</param>
    public LyingPartner(TestNode victim, string? log = null)
    {
        _victim = victim;
        _log = KeyNamed(log ?? $"log.example.org/liar-{Convert.ToHexStringLower(_seed.AsSpan(0, 4))}");
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
        var (invitation, nonce, answer) = await liar.ShowAsync(itIs);
        answer.ShouldBe(HttpStatusCode.OK);
        using var opened = await liar.Http.PostAsJsonAsync("link/1/join/open", new OpenedJson(invitation.Id, Convert.ToBase64String(nonce)), TestNode.Stop);
        opened.StatusCode.ShouldBe(HttpStatusCode.OK);
        liar.Link = Pairing.LinkId(victim.Service<LinkKey>().Pin, liar.Pin);
        (await victim.SendAsync(HttpMethod.Post, $"/api/links/{liar.Link}/confirm", new { digits = liar.AtVictim.Digits })).Status.ShouldBe(200);
        return liar;
    }

    /// <summary>Its log's key under any name.</summary>
    public NoteSigner KeyNamed(string log) => new(log, NoteSignatureKind.Ed25519, _seed);

    /// <summary>Shows its card with an invitation.</summary>
    public async Task<HttpStatusCode> AskToJoinAsync() => (await ShowAsync(LinkKind.Partner)).Answer;

    async Task<(Invitation Invitation, byte[] Nonce, HttpStatusCode Answer)> ShowAsync(LinkKind itIs)
    {
        var (_, made) = await _victim.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = itIs.ToString().ToLowerInvariant() });
        Invitation.TryParse((string)made!["code"]!, out var invitation, out string? fault).ShouldBeTrue(fault);
        var card = new SignedNote(new NodeCard("Liar", "Den", _log.Key, Key.ExportSubjectPublicKeyInfo(), "").Text, []);
        card = card with { Signatures = [_log.Sign(card.TextBytes, TimeProvider.System.GetUtcNow())] };
        byte[] nonce = RandomNumberGenerator.GetBytes(Pairing.NonceLength);
        using var joined = await Http.PostAsJsonAsync(
            "link/1/join", new JoinJson(card.ToString(), invitation!.Id, Convert.ToBase64String(invitation.Proof(Pin)), Convert.ToBase64String(Pairing.Commitment(nonce))), TestNode.Stop);
        return (invitation, nonce, joined.StatusCode);
    }

    public SealedMessage Message(long number, Digest previous, string kind = "nobody.knows", object? body = null, Lane lane = Lane.Urgent) =>
        SealedMessage.Seal(new(Link, Pin, lane, number, previous, TimeProvider.System.GetUtcNow(), kind, JsonSerializer.SerializeToElement(body ?? new { n = number }, Outbox.Json)), Key);

    /// <summary>As its log's key signs it: what it says of itself is as good as anybody's.</summary>
    public string Sign(string text)
    {
        var note = new SignedNote(text, []);
        return (note with { Signatures = [_log.Sign(note.TextBytes, TimeProvider.System.GetUtcNow())] }).ToString();
    }

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
