using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;

namespace Atalaya.CentreBench;

/// <summary>
/// A site as its centre sees it: own keys, joined by an invitation, mutual TLS, two spare connections for what the centre asks, messages signed and chained by the product's own classes. It has no
/// cameras and no database.
/// </summary>
sealed class Site : IDisposable
{
    /// <summary>As a site's reporter keeps them in a message.</summary>
    const int MostBytes = 48 << 10;

    readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly NoteSigner _log = new("log.example.org/bench", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));
    readonly string _name;
    readonly int _cameras;
    readonly X509Certificate2 _certificate;
    readonly SocketsHttpHandler _handler;
    readonly HttpClient _http;
    readonly List<ClientWebSocket> _tunnels = [];
    readonly Dictionary<Lane, (long Number, Digest Last)> _lanes = Enum.GetValues<Lane>().ToDictionary(l => l, _ => (0L, default(Digest)));
    readonly Queue<Alarm> _open = new();
    readonly Random _random;
    string _link = "";
    long _change;

    /// <param name="port">Where the centre listens for other nodes.</param>
    public Site(int number, int cameras, int port)
    {
        (_name, _cameras, _random) = ($"Site {number:000}", cameras, new(number));
        var request = new CertificateRequest("CN=bench", _key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        _certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(10));
        _handler = new()
        {
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync("127.0.0.1", port, stop);
                var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = "centre",
                        LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate,
                        ClientCertificates = [_certificate],
                        ApplicationProtocols = [new("atalaya-link/1")],
                        EnabledSslProtocols = SslProtocols.Tls13,
                        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,     // The one centre there is.
                    },
                    stop);
                return tls;
            },
        };
        _http = new(_handler) { BaseAddress = new("http://centre/"), Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Batches that the centre confirmed.</summary>
    public long Batches { get; private set; }

    /// <summary>Alarm states told, and bytes of all messages.</summary>
    public long Alarms { get; private set; }

    public long Bytes { get; private set; }

    Digest Pin => Digest.Of(_key.ExportSubjectPublicKeyInfo());

    /// <param name="centre">With an administrator's token.</param>
    /// <param name="centrePin">Of the centre's link key.</param>
    public async Task JoinAsync(HttpClient centre, Digest centrePin)
    {
        using var made = await centre.PostAsJsonAsync("/api/links/invitations", new { kind = "site" });
        made.EnsureSuccessStatusCode();
        if (!Invitation.TryParse((string)(await made.Content.ReadFromJsonAsync<JsonNode>())!["code"]!, out var invitation, out string? fault))
            throw new InvalidDataException(fault);
        var card = new SignedNote(new NodeCard("Guardia", _name, _log.Key, _key.ExportSubjectPublicKeyInfo(), "").Text, []);
        card = card with { Signatures = [_log.Sign(card.TextBytes, TimeProvider.System.GetUtcNow())] };
        byte[] nonce = RandomNumberGenerator.GetBytes(Pairing.NonceLength);
        using var joined = await _http.PostAsJsonAsync(
            "link/1/join",
            new { card = card.ToString(), invitation = invitation.Id, proof = Convert.ToBase64String(invitation.Proof(Pin)), commitment = Convert.ToBase64String(Pairing.Commitment(nonce)) });
        joined.EnsureSuccessStatusCode();
        using var opened = await _http.PostAsJsonAsync("link/1/join/open", new { invitation = invitation.Id, nonce = Convert.ToBase64String(nonce) });
        opened.EnsureSuccessStatusCode();
        _link = Pairing.LinkId(centrePin, Pin);
        string digits = (string)(await centre.GetFromJsonAsync<JsonArray>("/api/links"))!.Single(l => (string?)l!["id"] == _link)!["digits"]!;
        using var confirmed = await centre.PostAsJsonAsync($"/api/links/{_link}/confirm", new { digits });
        confirmed.EnsureSuccessStatusCode();
    }

    /// <summary>Lives until stopped: cameras and state first, then alarms as they come, a beat when there is nothing, the state each minute.</summary>
    /// <param name="alarms">New ones a second.</param>
    /// <param name="beat">As a node's sender asks when it has nothing to send.</param>
    public async Task RunAsync(double alarms, TimeSpan beat, CancellationToken stop)
    {
        for (int i = 0; i < 2; i++)
        {
            var tunnel = new ClientWebSocket();
            await tunnel.ConnectAsync(new("ws://centre/link/1/tunnel"), new HttpMessageInvoker(_handler, disposeHandler: false), stop);
            _tunnels.Add(tunnel);
            _ = KeepAsync(tunnel, stop);
        }

        var clock = TimeProvider.System;
        var cameras = Enumerable.Range(1, _cameras).Select(n => new SiteCamera(
            $"camera-{n}", $"Camera {n} of {_name}", true, "running", "", "recording", true, false, new(35.9 + (n / 1000.0), -5.3, 90, 60, 200))).ToList();
        string digest = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(cameras, CentreJson.Options)))[..32];
        await SendAsync([.. SiteCameras.Split(digest, cameras).Select(p => Sealed(Lane.Records, "site.cameras", p))], stop);
        var reported = DateTimeOffset.MinValue;
        // Not all sites at one moment.
        var next = clock.GetUtcNow() + (beat * _random.NextDouble());
        double due = _random.NextDouble();
        var last = clock.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(900 + _random.Next(200)), clock, stop);
            var now = clock.GetUtcNow();
            var batch = new List<SealedMessage>();
            due += alarms * clock.GetElapsedTime(last).TotalSeconds;
            last = clock.GetTimestamp();
            var changed = new List<SiteAlarm>();
            for (; due >= 1; due--)
                changed.AddRange(Changed(now));
            foreach (var part in CaseMerge.Cut(changed, MostBytes))
                batch.Add(Sealed(Lane.Urgent, "alarm.changed", new AlarmsChanged(part)));
            Alarms += changed.Count;
            if (now - reported >= TimeSpan.FromMinutes(1))
            {
                reported = now;
                batch.Add(Sealed(Lane.Records, "site.reported", new SiteReport(
                    now, "0.1.0", "Linux X64", [.. Enumerable.Range(0, 10).Select(i => new SitePart($"part{i}", PartState.Ok, []))],
                    [new("archive", PartState.Ok, 8L << 40, 2L << 40, now.AddDays(-30))], new(true, 0.001), new("log.example.org/bench", _log.Key.ToString(), _change, null), _cameras, _cameras, _cameras, digest)));
            }

            if (batch.Count == 0 && now < next)
                continue;
            await SendAsync(batch, stop);
            next = now + beat;
        }
    }

    public void Dispose()
    {
        foreach (var tunnel in _tunnels)
            tunnel.Dispose();
        _http.Dispose();
        _handler.Dispose();
        _certificate.Dispose();
        _key.Dispose();
        _log.Dispose();
    }

    /// <summary>An alarm is raised, and somebody at the site closes the one of a minute ago: two states of cases.</summary>
    IEnumerable<SiteAlarm> Changed(DateTimeOffset now)
    {
        string camera = $"camera-{_random.Next(1, _cameras + 1)}";
        var raised = new Alarm
        {
            Id = Guid.CreateVersion7(now),
            Camera = camera,
            Cameras = [camera],
            Rule = "fence",
            Kind = SceneEventKind.LineCrossed,
            Severity = AlarmSeverity.High,
            Type = IncidentType.Intrusion,
            State = AlarmState.Raised,
            At = now,
            LastAt = now,
            RaisedAt = now,
            Clause = "rest",
            Version = 1,
            Events = 1,
        };
        _open.Enqueue(raised);
        yield return new(++_change, raised);
        if (_open.Count > 30)
            yield return new(++_change, _open.Dequeue() with { State = AlarmState.Closed, ClosedBy = "omar", ClosedAt = now, Version = 3, Outcome = AlarmOutcome.Nuisance });
    }

    SealedMessage Sealed(Lane lane, string kind, object body)
    {
        var (number, last) = _lanes[lane];
        var message = SealedMessage.Seal(new(_link, Pin, lane, number + 1, last, TimeProvider.System.GetUtcNow(), kind, CentreJson.Write(body)), _key);
        _lanes[lane] = (number + 1, message.Hash);
        return message;
    }

    async Task SendAsync(IReadOnlyList<SealedMessage> messages, CancellationToken stop)
    {
        byte[] body = MessageBatch.Write([.. messages]);
        using var answer = await _http.PostAsync("link/1/messages", new ByteArrayContent(body), stop);
        answer.EnsureSuccessStatusCode();
        var told = (await answer.Content.ReadFromJsonAsync<JsonNode>(stop))!;
        if (told["refused"]!.AsArray() is { Count: > 0 } refused)
            throw new InvalidDataException($"{_name} was refused: {refused.ToJsonString()}");
        if ((long)told["urgent"]! != _lanes[Lane.Urgent].Number || (long)told["records"]! != _lanes[Lane.Records].Number)
            throw new InvalidDataException($"{_name} isn't confirmed: {told.ToJsonString()}");
        Batches++;
        Bytes += body.Length;
    }

    static async Task KeepAsync(ClientWebSocket tunnel, CancellationToken stop)
    {
        byte[] buffer = new byte[1024];
        try
        {
            // Pings are answered while somebody reads.
            while (tunnel.State == WebSocketState.Open)
                await tunnel.ReceiveAsync(buffer.AsMemory(), stop);
        }
        catch (Exception end) when (end is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // The bench is over.
        }
    }
}
