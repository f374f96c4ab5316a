using System.Collections.Immutable;
using Atalaya.Media.Rtp;
using Atalaya.Media.Sdp;

namespace Atalaya.Media.Rtsp;

/// <summary>
/// One connection to a camera, from OPTIONS to TEARDOWN (RFC 2326; RFC 7826 where cameras follow it). One run: a new run needs a new session.
/// </summary>
/// <remarks>
/// Credentials are sent only after a challenge, to the strongest scheme offered, and never to another host than the one that was
/// asked for. The methods are called one after another; <see cref="Statistics"/> may be read at any time.
/// </remarks>
public sealed class RtspSession : IAsyncDisposable
{
    readonly RtspConnection _connection;
    readonly RtspOptions _options;
    readonly BlockPool _pool;
    readonly string _aggregate;         // what PLAY and TEARDOWN name
    readonly string? _public;           // methods the camera offers
    readonly List<RtspRunTrack> _playing = [];
    RtspRun? _run;
    TimeSpan _sessionTimeout = RtspSessionHeader.DefaultTimeout;
    bool _played, _over;

    RtspSession(RtspConnection connection, RtspOptions options, BlockPool pool, string? publicMethods, string? server, string aggregate, ImmutableArray<RtspTrack> tracks)
    {
        _connection = connection;
        _options = options;
        _pool = pool;
        _public = publicMethods;
        _aggregate = aggregate;
        Server = server;
        Tracks = tracks;
    }

    /// <summary>Where the camera was found at last: after redirects. Without credentials.</summary>
    public RtspUrl Url => _connection.Url;

    /// <summary>What the camera calls itself; null if it doesn't.</summary>
    public string? Server { get; }

    /// <summary>All that the camera offers, in its order, with those that can't be received.</summary>
    public ImmutableArray<RtspTrack> Tracks { get; }

    /// <summary>How media travels; null before PLAY.</summary>
    public RtspTransport? Transport { get; private set; }

    public RtspStatistics Statistics => _run?.Statistics ?? new(0, 0, 0, []);

    /// <summary>Connects, logs in, and asks what the camera offers.</summary>
    /// <exception cref="RtspException">No connection, no permission, no description.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static async Task<RtspSession> ConnectAsync(RtspUrl url, RtspOptions options, BlockPool pool, CancellationToken stop)
    {
        var (userName, password) = options.UserName is not null ? (options.UserName, options.Password) : (url.UserName, url.Password);
        if (userName?.Any(char.IsControl) == true)
            throw new RtspException(RtspFailure.Unauthorised, url, "The user name holds a control character.");
        var authenticator = userName is null ? null : new RtspAuthenticator(userName, password ?? "");
        var at = url.WithoutCredentials();
        bool reopened = false;
        for (int redirects = 0; ;)
        {
            var connection = await RtspConnection.OpenAsync(at, options, authenticator, stop);
            RtspSession? session = null;
            try
            {
                bool challenged = authenticator?.Scheme is not null;
                RtspUrl? next = null;
                try
                {
                    (session, next) = await DescribeAsync(connection, options, pool, stop);
                }
                // Some cameras close the connection behind a challenge.
                catch (RtspException e) when (e.Kind is RtspFailure.Refused or RtspFailure.Unreachable && !reopened && !challenged && authenticator?.Scheme is not null)
                {
                    reopened = true;
                    next = at;
                    redirects--;
                }

                if (session is not null)
                    return session;
                if (++redirects > options.MaxRedirects)
                    throw connection.Fault(RtspFailure.Redirected, $"The camera at {url.Authority} redirects more than {options.MaxRedirects} times, at last to {next}.", "DESCRIBE");
                bool samePlace = next!.Host == at.Host && (next.IsTls || !at.IsTls);
                if (!samePlace)
                    authenticator = null;
                at = next.WithoutCredentials();
            }
            finally
            {
                if (session is null)
                    await connection.DisposeAsync();
            }
        }
    }

    static async Task<(RtspSession? Session, RtspUrl? Redirect)> DescribeAsync(RtspConnection connection, RtspOptions options, BlockPool pool, CancellationToken stop)
    {
        string uri = connection.Url.ToRequestUri();
        var offered = await connection.RequestAsync("OPTIONS", uri, [], stop);
        if (TryRedirect(connection, offered, "OPTIONS", out var next))
            return (null, next);

        // A camera that refuses OPTIONS may still have a stream: only DESCRIBE decides.
        var described = await connection.RequestAsync("DESCRIBE", uri, [("Accept", "application/sdp")], stop);
        if (TryRedirect(connection, described, "DESCRIBE", out next))
            return (null, next);
        ThrowUnlessOk(connection, described, "DESCRIBE");
        if (described.Body.Length == 0)
            throw connection.Fault(RtspFailure.ProtocolError, $"The camera at {connection.Url.Authority} accepted DESCRIBE and sent no description.", "DESCRIBE", described.CSeq);
        if (!SessionDescription.TryParse(described.Body, out var description, out string fault))
            throw connection.Fault(RtspFailure.ProtocolError, $"The camera at {connection.Url.Authority} described itself wrongly: {fault}", "DESCRIBE", described.CSeq);
        if (description.Media.IsEmpty)
            throw connection.Fault(RtspFailure.NoSupportedStream, $"The camera at {connection.Url.Authority} offers no stream at this URL.", "DESCRIBE", described.CSeq);

        string baseUri = ControlUrl.Base(described.Header("Content-Base"), described.Header("Content-Location"), uri);
        var tracks = ImmutableArray.CreateBuilder<RtspTrack>(description.Media.Length);
        foreach (var media in description.Media)
        {
            string? control = ControlUrl.Join(baseUri, media.Control);
            string? reason = control is null ? "Its control URL makes no sense."
                : media.Direction == SdpDirection.SendOnly ? "It is a back channel: it takes sound to the camera."
                : media.Direction == SdpDirection.Inactive ? "The camera has switched it off."
                : media.Protocol.Contains("SAVP", StringComparison.Ordinal) ? "It is encrypted (SRTP), which isn't supported: use rtsps://."
                : null;
            if (reason is null)
            {
                if (Depacketizers.TryCreate(media, pool, out var depacketizer, out string unsupported))
                    depacketizer.Dispose();
                else
                    reason = unsupported;
            }

            tracks.Add(new(tracks.Count, media, control ?? "", reason));
        }

        string aggregate = ControlUrl.Join(baseUri, description.Control) ?? baseUri;
        return (new(connection, options, pool, offered.Header("Public"), offered.Header("Server") ?? described.Header("Server"), aggregate, tracks.MoveToImmutable()), null);
    }

    static bool TryRedirect(RtspConnection connection, RtspMessage reply, string method, out RtspUrl? next)
    {
        next = null;
        if (reply.Status is not (301 or 302 or 303 or 305 or 307 or 308))
            return false;
        if (!RtspUrl.TryParse(reply.Header("Location"), out next, out string fault))
            throw connection.Fault(RtspFailure.Redirected, $"The camera at {connection.Url.Authority} redirects to where nobody can follow: {fault}", method, reply.CSeq);
        return true;
    }

    static void ThrowUnlessOk(RtspConnection connection, RtspMessage reply, string method)
    {
        if (reply.Status is >= 200 and < 300)
            return;
        string camera = $"The camera at {connection.Url.Authority}";
        string answer = $"{reply.Status} {reply.Reason}".Trim();
        var (kind, message) = reply.Status switch
        {
            403 => (RtspFailure.Unauthorised, $"{camera} forbids the stream to this user ({answer}): give the user the right to live video."),
            404 or 410 => (RtspFailure.NotFound, $"{camera} has no stream at {connection.Url} ({answer}): check the path."),
            453 or 503 => (RtspFailure.Refused, $"{camera} serves as many viewers as it can ({answer}): close others or raise its limit."),
            461 => (RtspFailure.Refused, $"{camera} doesn't send media over this transport ({answer}): choose TCP, UDP or automatic."),
            _ => (RtspFailure.Refused, $"{camera} refused {method} ({answer})."),
        };
        throw connection.Fault(kind, message, method, reply.CSeq);
    }

    /// <summary>Asks the camera to send <paramref name="tracks"/>, all of them supported ones of <see cref="Tracks"/>.</summary>
    /// <exception cref="RtspException">The camera refuses.</exception>
    public async Task PlayAsync(IReadOnlyList<RtspTrack> tracks, CancellationToken stop)
    {
        if (_played)
            throw new InvalidOperationException("A session plays once.");
        if (tracks.Count == 0)
            throw _connection.Fault(RtspFailure.NoSupportedStream, $"The camera at {Url.Authority} offers nothing that can be received: {string.Join("; ", Tracks)}.");
        _played = true;
        bool udp = _options.Transport == RtspTransport.Udp;
        foreach (var track in tracks)
        {
            if (!Tracks.Contains(track) || !Depacketizers.TryCreate(track.Media, _pool, out var depacketizer, out _))
                throw new ArgumentException($"Track {track} isn't a supported one of this session.", nameof(tracks));
            var playing = new RtspRunTrack(track, depacketizer);
            _playing.Add(playing);
            var reply = await SetUpAsync(playing, udp, stop);
            if (reply.Status == 461 && !udp && _options.Transport == RtspTransport.Auto && _playing.Count == 1)
            {
                udp = true;
                reply = await SetUpAsync(playing, udp, stop);
            }

            ThrowIfRedirected(reply, "SETUP");
            ThrowUnlessOk(_connection, reply, "SETUP");
            Accept(playing, reply, udp);
        }

        Transport = udp ? RtspTransport.Udp : RtspTransport.Tcp;
        _connection.KeepFrames = true;
        var played = await _connection.RequestAsync("PLAY", _aggregate, [("Range", "npt=0.000-")], stop);
        ThrowIfRedirected(played, "PLAY");
        ThrowUnlessOk(_connection, played, "PLAY");
        if (played.Header("RTP-Info") is { } text)
        {
            var infos = RtpInfo.Parse(text);
            foreach (var playing in _playing)
                playing.Info = RtpInfo.For(infos, playing.Track.Control, playing.Track.Media.Control, _playing.Count == 1);
        }

        _run = new(_connection, _options, _playing, udp, KeepAlive(), _sessionTimeout, _aggregate);
    }

    // Another session must be made for where it sends us: whoever owns this one does that.
    void ThrowIfRedirected(RtspMessage reply, string method)
    {
        if (!TryRedirect(_connection, reply, method, out var next))
            return;
        var fault = _connection.Fault(RtspFailure.Redirected, $"The camera at {Url.Authority} redirects in the middle of {method}, to {next}.", method, reply.CSeq);
        throw new RtspException(fault.Kind, fault.Camera, fault.Message, fault.Request, fault.CSeq) { RedirectedTo = next!.WithoutCredentials() };
    }

    async Task<RtspMessage> SetUpAsync(RtspRunTrack playing, bool udp, CancellationToken stop)
    {
        string transport;
        if (udp)
        {
            playing.Ports ??= UdpPorts.Open(_connection);
            transport = $"RTP/AVP;unicast;client_port={playing.Ports.RtpPort}-{playing.Ports.RtpPort + 1}";
        }
        else
        {
            int channel = 2 * (_playing.Count - 1);
            playing.Channels = (channel, channel + 1);
            transport = $"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}";
        }

        return await _connection.RequestAsync("SETUP", playing.Track.Control, [("Transport", transport)], stop);
    }

    void Accept(RtspRunTrack playing, RtspMessage reply, bool udp)
    {
        RtspException Nonsense(string what) => _connection.Fault(RtspFailure.ProtocolError, $"The camera at {Url.Authority} accepted SETUP {what}.", "SETUP", reply.CSeq);

        if (RtspSessionHeader.TryParse(reply.Header("Session"), out var session))
        {
            _connection.SessionId = session.Id;
            _sessionTimeout = session.Timeout;
        }

        RtspTransportReply? transport = null;
        if (reply.Header("Transport") is { } text && !RtspTransportReply.TryParse(text, out transport))
            throw Nonsense("with a transport that makes no sense");
        if (udp)
        {
            if (transport?.IsTcp == true)
                throw Nonsense("over UDP and then wants TCP: choose TCP");
            var from = _connection.Camera;
            if (transport?.Source is { } source && source.AddressFamily == from.AddressFamily && !source.Equals(from))
            {
                if (!_options.AddressAllowed(source))
                    throw _connection.Fault(RtspFailure.AddressForbidden, $"The camera at {Url.Authority} wants to send from {source}, which isn't in the networks that cameras may be in.", "SETUP");
                from = source;
            }

            playing.Ports!.Expect(from, transport?.ServerPorts);
            return;
        }

        if (transport is { IsTcp: false, ServerPorts: not null })
            throw Nonsense("over TCP and then wants UDP: choose UDP");
        var channels = transport?.Channels ?? playing.Channels;
        // The reply counts, whatever was asked for; but two tracks can't share a channel.
        foreach (var other in _playing)
        {
            if (other != playing && (other.Channels.Rtp == channels.Rtp || other.Channels.Rtcp == channels.Rtp))
                throw Nonsense($"with channel {channels.Rtp}, which another track has");
        }

        playing.Channels = channels;
    }

    /// <summary>Without GET_PARAMETER on offer, OPTIONS: every camera knows it.</summary>
    string KeepAlive() => _public is not null && _public.Contains("GET_PARAMETER", StringComparison.OrdinalIgnoreCase) ? "GET_PARAMETER" : "OPTIONS";

    /// <summary>Hands over access units until the end. The receiver of a unit owns its reference. Calls never overlap.</summary>
    /// <returns>Why it ended; a broken connection or a camera gone silent are endings, too.</returns>
    public async Task<RtspEnd> RunAsync(Action<AccessUnit> onUnit, CancellationToken stop)
    {
        if (_run is null || _over)
            throw new InvalidOperationException("A session runs once, after PlayAsync.");
        _over = true;
        return await _run.RunAsync(onUnit, stop);
    }

    /// <summary>Says TEARDOWN if the connection still stands, without awaiting the answer: nothing depends on it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_connection.SessionId is not null && _run?.ConnectionBroke != true)
        {
            _connection.Post(_connection.Format("TEARDOWN", _aggregate, [], out _));
            try
            {
                _connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            }
            catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException)
            {
                // Gone already.
            }
        }

        foreach (var playing in _playing)
            playing.Dispose();
        _run?.Dispose();
        await _connection.DisposeAsync();
    }
}
