using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>One client's connection: reads requests, answers them, owns the client's session. One loop runs it.</summary>
sealed class RtspConnection
{
    const string Methods = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER";
    const int ReadBytes = 4096;

    readonly RtspSimulator _simulator;
    readonly Socket _socket;
    readonly Stream? _encrypted;
    readonly string _nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    SimulatedSession? _session;     // touched only by RunAsync
    bool _closing;                  // likewise

    RtspConnection(RtspSimulator simulator, Socket socket, Stream? encrypted)
    {
        _simulator = simulator;
        _socket = socket;
        _encrypted = encrypted;
        Remote = (IPEndPoint?)socket.RemoteEndPoint;
        Output = new(socket, encrypted, simulator.Options.SendQueueBytes, simulator.Clock);
    }

    public ClientOutput Output { get; }
    public IPEndPoint? Remote { get; }

    /// <summary>Whoever else wants it gone: the loop then ends by itself.</summary>
    public void Close()
    {
        Output.Break();
        try
        {
            _socket.Dispose();
        }
        catch (SocketException)
        {
            // Gone already.
        }
    }

    public static async Task RunAsync(RtspSimulator simulator, Socket socket, CancellationToken stop)
    {
        SslStream? encrypted = null;
        try
        {
            socket.NoDelay = true;
            socket.Blocking = false;
            if (simulator.Certificate is { } certificate)
            {
                socket.Blocking = true;     // what a NetworkStream insists on; its asynchronous calls don't block
                encrypted = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, stop);
            }

            var connection = new RtspConnection(simulator, socket, encrypted);
            simulator.Opened(connection);
            var end = SessionEnd.Closed;
            try
            {
                await connection.ReadAsync(stop);
            }
            catch (OperationCanceledException)
            {
                end = SessionEnd.Shutdown;
            }
            finally
            {
                connection._session?.End(end);
                simulator.Closed(connection);
                connection.Output.Break();
            }
        }
        catch (Exception gone) when (gone is SocketException or IOException or ObjectDisposedException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
            // The client is gone, or spoke no TLS: either is its own affair.
        }
        finally
        {
            if (encrypted is not null)
                await encrypted.DisposeAsync();
            socket.Dispose();
        }
    }

    async Task ReadAsync(CancellationToken stop)
    {
        byte[] buffer = new byte[ReadBytes];
        int length = 0;
        while (!_closing)
        {
            int read = _encrypted is null
                ? await _socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, stop)
                : await _encrypted.ReadAsync(buffer.AsMemory(length), stop);
            if (read == 0)
                return;
            length += read;
            _session?.Heard();
            int at = 0;
            while (!_closing)
            {
                var what = RtspRequest.TryRead(buffer.AsSpan(at, length - at), out var request, out int consumed, out string fault);
                if (what == RequestRead.NeedMore && consumed == 0)
                    break;
                if (what == RequestRead.Interleaved)
                {
                    // Whatever comes on a channel is RTCP from a client that only watches.
                    if (_session is { } session)
                        Rtcp.ReadReports(buffer.AsSpan(at + 4, consumed - 4), session.Report);
                }
                else if (what == RequestRead.Malformed)
                {
                    Reply(400, "Bad Request", request?.CSeq, body: $"{fault}.\r\n");
                    _simulator.CountMalformed();
                    _closing = consumed == length - at && request is null;
                }
                else if (what == RequestRead.Request)
                {
                    await AnswerAsync(request!, stop);
                }

                at += consumed;
            }

            buffer.AsSpan(at, length - at).CopyTo(buffer);
            length -= at;
            if (length == buffer.Length)
                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, RtspRequest.MaxHeadBytes + RtspRequest.MaxBodyBytes + 8192));
        }
    }

    async Task AnswerAsync(RtspRequest request, CancellationToken stop)
    {
        _simulator.CountRequest();
        if (request.CSeq is null)
        {
            Reply(400, "Bad Request", null, body: "A request needs a CSeq.\r\n");
            return;
        }

        if (request.Version != "RTSP/1.0")
        {
            Reply(505, "RTSP Version Not Supported", request.CSeq, body: $"This speaks RTSP/1.0, not {request.Version}.\r\n");
            _closing = request.Version.StartsWith("HTTP/", StringComparison.Ordinal);
            return;
        }

        var (camera, stream, track) = _simulator.Find(request.Url);
        camera ??= _session?.Camera;
        if (camera is not null)
        {
            if (camera.Active(FaultKind.Refuse) is not null)
            {
                _closing = true;
                return;
            }

            if (camera.Active(FaultKind.Slow) is { } slow)
                await Task.Delay(slow.Fault.Value, _simulator.Clock, stop);
            if (camera.Active(FaultKind.Nonsense) is not null)
            {
                Output.TrySend("SIP/7.0 nought ok\r\nCSeq: many\r\n\r\n"u8, reply: true);
                return;
            }
        }

        // Clients ask for the options before they know that credentials are wanted.
        if (request.Method != "OPTIONS" && (!_simulator.Authentication.Accepts(request, _nonce) || camera?.Active(FaultKind.Unauthorised) is not null))
        {
            Reply(401, "Unauthorized", request.CSeq, _simulator.Authentication.Challenges(_nonce).Select(c => $"WWW-Authenticate: {c}"));
            return;
        }

        if (request.Header("Require") is { } required)
        {
            Reply(551, "Option not supported", request.CSeq, [$"Unsupported: {required}"]);
            return;
        }

        switch (request.Method)
        {
            case "OPTIONS":
                Reply(200, "OK", request.CSeq, [$"Public: {Methods}"]);
                break;
            case "DESCRIBE":
                Describe(request, camera, stream);
                break;
            case "SETUP":
                SetUp(request, camera, stream, track);
                break;
            case "PLAY" when InSession(request) is { } session:
                Play(request, session);
                break;
            case "PAUSE" when InSession(request) is { } session:
                session.Pause();
                Reply(200, "OK", request.CSeq, [SessionHeader(session)]);
                break;
            case "TEARDOWN" when InSession(request) is { } session:
                _session = null;
                session.End(SessionEnd.Teardown);
                Reply(200, "OK", request.CSeq, [SessionHeader(session)]);
                break;
            case "GET_PARAMETER" or "SET_PARAMETER":
                // Without a body it keeps the session alive; there are no parameters to get or set.
                if (request.Header("Session") is not null && InSession(request) is null)
                    break;
                if (request.Body.IsEmpty)
                    Reply(200, "OK", request.CSeq, _session is null ? [] : [SessionHeader(_session)]);
                else
                    Reply(451, "Parameter Not Understood", request.CSeq, body: request.Body.Span.IndexOf((byte)':') < 0 ? "" : "There are no parameters to set.\r\n");
                break;
            case "PLAY" or "PAUSE" or "TEARDOWN":
                break;      // answered by InSession
            default:
                Reply(501, "Not Implemented", request.CSeq, [$"Public: {Methods}"]);
                break;
        }
    }

    void Describe(RtspRequest request, SimulatedCamera? camera, StreamKind stream)
    {
        if (camera?.Clip(stream) is not { } clip)
        {
            Reply(404, "Not Found", request.CSeq, body: $"There is no camera {request.Url}.\r\n");
            return;
        }

        if (camera.Active(FaultKind.Switch)?.Clip is { } other)
            clip = other;
        string description = camera.Active(FaultKind.BadSdp) is null
            ? _simulator.Description(clip)
            : "v=0\r\nm=video zero RTP/AVP\r\na=rtpmap:H264\r\nm=\r\na=fmtp:96 sprop-parameter-sets=%%%,;\r\n";
        string url = request.Url.TrimEnd('/');
        Reply(200, "OK", request.CSeq, [$"Content-Base: {url}/", "Content-Type: application/sdp"], description);
    }

    void SetUp(RtspRequest request, SimulatedCamera? camera, StreamKind stream, int? track)
    {
        var clip = camera?.Clip(stream);
        if (camera is not null && camera.Active(FaultKind.Switch)?.Clip is { } other)
            clip = other;
        if (_session is { } open && open.Camera == camera && open.Stream == stream)
            clip = open.Described;
        int index = track ?? 0;
        if (camera is null || clip is null || index < 0 || index >= clip.Tracks.Count || (track is null && clip.Tracks.Count > 1))
        {
            Reply(404, "Not Found", request.CSeq, body: $"There is no track {request.Url}.\r\n");
            return;
        }

        if (request.Header("Session") is not null && InSession(request) is null)
            return;
        if (_session is { } watched && (watched.Camera != camera || watched.Stream != stream))
        {
            Reply(459, "Aggregate Operation Not Allowed", request.CSeq, body: "A connection watches one camera.\r\n");
            return;
        }

        if (_session?.IsPlaying == true)
        {
            Reply(455, "Method Not Valid in This State", request.CSeq, body: "The session plays already.\r\n");
            return;
        }

        if (!TryRoute(request.Header("Transport") ?? "", out var route, out string transport))
        {
            Reply(461, "Unsupported Transport", request.CSeq);
            return;
        }

        bool isNew = _session is null;
        _session ??= new(_simulator, this, camera, stream, clip) { UserAgent = request.Header("User-Agent") };
        var sender = _session.SetUp(index, route);
        if (isNew)
            _simulator.Started(_session);
        Reply(200, "OK", request.CSeq, [$"Transport: {transport};ssrc={sender.Source:X8}", SessionHeader(_session)]);
    }

    void Play(RtspRequest request, SimulatedSession session) => session.Play(tracks =>
    {
        string url = request.Url.TrimEnd('/');
        if (url.LastIndexOf("/trackID=", StringComparison.Ordinal) is var at and > 0)
            url = url[..at];
        var info = tracks.Select(t => $"url={url}/trackID={t.Index};seq={t.Sequence};rtptime={t.Timestamp}");
        Reply(200, "OK", request.CSeq, [SessionHeader(session), "Range: npt=now-", $"RTP-Info: {string.Join(',', info)}"]);
    });

    /// <summary>The session that a request speaks of; answers it itself if there is no such session.</summary>
    SimulatedSession? InSession(RtspRequest request)
    {
        string? id = request.Header("Session")?.Split(';')[0].Trim();
        if (_session is { } session && !session.Ended.IsCompleted && (id is null || id == session.Id))
            return session;
        Reply(454, "Session Not Found", request.CSeq);
        return null;
    }

    /// <summary>The first of the transports offered that we can do (RFC 2326 12.39).</summary>
    bool TryRoute(string header, out TrackRoute route, out string transport)
    {
        var allowed = _simulator.Options.Transports;
        foreach (string offer in header.Split(','))
        {
            string[] parts = offer.Split(';', StringSplitOptions.TrimEntries);
            if (parts.Contains("multicast", StringComparer.OrdinalIgnoreCase))
                continue;
            if (parts[0].Equals("RTP/AVP/TCP", StringComparison.OrdinalIgnoreCase) && allowed.HasFlag(SimulatorTransports.Tcp))
            {
                var (rtp, rtcp) = Pair(parts, "interleaved=") ?? (0, 1);
                if (rtp is < 0 or > 255 || rtcp is < 0 or > 255)
                    continue;
                route = new((byte)rtp, (byte)rtcp);
                transport = $"RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp}";
                return true;
            }

            if ((parts[0].Equals("RTP/AVP", StringComparison.OrdinalIgnoreCase) || parts[0].Equals("RTP/AVP/UDP", StringComparison.OrdinalIgnoreCase))
                && allowed.HasFlag(SimulatorTransports.Udp) && Remote is { } remote && Pair(parts, "client_port=") is { } ports
                && ports.First is > 0 and < 65536 && ports.Second is > 0 and < 65536)
            {
                // Never anywhere but to whoever asks: a simulator mustn't be made to flood others.
                route = new(0, 0, new IPEndPoint(remote.Address, ports.First).Serialize(), new IPEndPoint(remote.Address, ports.Second).Serialize());
                int port = _simulator.OpenUdp();
                transport = $"RTP/AVP;unicast;client_port={ports.First}-{ports.Second};server_port={port}-{port + 1}";
                return true;
            }
        }

        route = null!;
        transport = "";
        return false;
    }

    static (int First, int Second)? Pair(string[] parts, string key)
    {
        if (Array.Find(parts, p => p.StartsWith(key, StringComparison.OrdinalIgnoreCase)) is not { } text)
            return null;
        string[] numbers = text[key.Length..].Split('-');
        if (!int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first))
            return null;
        return numbers.Length > 1 && int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out int second)
            ? (first, second)
            : (first, first + 1);
    }

    string SessionHeader(SimulatedSession session) => $"Session: {session.Id};timeout={(int)_simulator.Options.SessionTimeout.TotalSeconds}";

    void Reply(int code, string reason, int? cseq, IEnumerable<string>? headers = null, string body = "")
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"RTSP/1.0 {code} {reason}\r\n");
        if (cseq is not null)
            text.Append(CultureInfo.InvariantCulture, $"CSeq: {cseq}\r\n");
        text.Append("Server: Atalaya simulator\r\n");
        foreach (string header in headers ?? [])
            text.Append(header).Append("\r\n");
        if (body.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        text.Append("\r\n").Append(body);
        Output.TrySend(Encoding.UTF8.GetBytes(text.ToString()), reply: true);
    }
}
