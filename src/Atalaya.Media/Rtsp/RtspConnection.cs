using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Atalaya.Media.Rtsp;

/// <summary>
/// The control connection: opened, allowed, encrypted; requests out with their credentials, replies in. Until the run begins,
/// replies are read here; then <see cref="TakeUnread"/> hands over what has come, and the run reads on.
/// </summary>
sealed class RtspConnection : IAsyncDisposable
{
    /// <summary>Media that comes before the reply to PLAY is kept up to here (bytes): a key frame and its neighbours.</summary>
    const int MaxEarly = 2 << 20;

    /// <summary>Reports and keep-alives that wait for a camera that doesn't read (messages). More, and it isn't alive.</summary>
    const int MaxPosted = 32;

    readonly RtspOptions _options;
    readonly RtspAuthenticator? _authenticator;
    readonly SemaphoreSlim _writing = new(1, 1);
    byte[] _in = new byte[4096];
    int _start, _end;           // of what is read and not yet understood, in _in
    long _consumed;             // bytes understood on this connection
    MemoryStream? _early;
    int _cSeq;
    int _posted;

    RtspConnection(RtspUrl url, RtspOptions options, RtspAuthenticator? authenticator, Socket socket, SslStream? tls)
    {
        Url = url;
        _options = options;
        _authenticator = authenticator;
        Socket = socket;
        Tls = tls;
    }

    public RtspUrl Url { get; }
    public Socket Socket { get; }
    public SslStream? Tls { get; }
    public IPAddress Camera => ((IPEndPoint)Socket.RemoteEndPoint!).Address;
    public IPAddress Local => ((IPEndPoint)Socket.LocalEndPoint!).Address;

    /// <summary>Set by the first SETUP reply; goes into every request after it.</summary>
    public string? SessionId { get; set; }

    /// <summary>Keeps interleaved frames that come while a reply is awaited, for the run.</summary>
    public bool KeepFrames { get; set; }

    public static async Task<RtspConnection> OpenAsync(RtspUrl url, RtspOptions options, RtspAuthenticator? authenticator, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        Socket? socket = null;
        SslStream? tls = null;
        try
        {
            socket = await ConnectAsync(url, options, either.Token);
            if (url.IsTls)
                tls = await EncryptAsync(url, options, socket, either.Token);
            var connection = new RtspConnection(url, options, authenticator, socket, tls);
            socket = null;
            tls = null;
            return connection;
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw socket is not null
                ? new RtspException(RtspFailure.Tls, url, $"{url.Authority} doesn't answer a TLS greeting: use rtsp://, or the camera's TLS port.", inner: e)
                : new RtspException(RtspFailure.Timeout, url,
                $"Nothing answered at {url.Authority} within {options.ConnectTimeout.TotalSeconds:0.#} s: check address, power and network.", inner: e);
        }
        finally
        {
            if (tls is not null)
                await tls.DisposeAsync();
            socket?.Dispose();
        }
    }

    static async Task<Socket> ConnectAsync(RtspUrl url, RtspOptions options, CancellationToken stop)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(url.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(url.Host, stop);
        }
        catch (SocketException e)
        {
            throw new RtspException(RtspFailure.Unreachable, url, $"The name '{url.Host}' can't be resolved: check its spelling and the name server.", inner: e);
        }

        // Checked after resolution, so that a name can't lead to where an address may not.
        var allowed = addresses.Where(options.AddressAllowed).ToArray();
        if (allowed.Length == 0)
        {
            throw addresses.Length == 0
                ? new RtspException(RtspFailure.Unreachable, url, $"The name '{url.Host}' has no address.")
                : new RtspException(RtspFailure.AddressForbidden, url,
                    $"The address of '{url.Host}' ({string.Join(", ", addresses.Take(4).Select(a => a.ToString()))}) isn't in the networks that cameras may be in: an administrator can allow it.");
        }

        SocketException? last = null;
        foreach (var address in allowed.Take(4))
        {
            // NoDelay: requests are small and awaited. The receive buffer is left to the kernel, which tunes it up to
            // megabytes as needed; a fixed size would be capped far below that.
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, url.Port), stop);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last!.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => new RtspException(RtspFailure.Refused, url,
                $"{url.Authority} refuses connections: check the port, and that RTSP is switched on in the camera.", inner: last),
            SocketError.TimedOut => new RtspException(RtspFailure.Timeout, url, $"Nothing answered at {url.Authority}: check address, power and network.", inner: last),
            _ => new RtspException(RtspFailure.Unreachable, url, $"{url.Authority} can't be reached ({last.Message}): check address, power and network.", inner: last),
        };
    }

    static async Task<SslStream> EncryptAsync(RtspUrl url, RtspOptions options, Socket socket, CancellationToken stop)
    {
        string? seen = null;
        var errors = SslPolicyErrors.None;
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = url.Host,
                    // Cameras have no revocation service, and a site may be cut off.
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, found) =>
                    {
                        errors = found;
                        seen = certificate is null ? null : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(certificate.GetRawCertData()));
                        return options.Trust.Kind switch
                        {
                            RtspTrustKind.Any => true,
                            RtspTrustKind.Pinned => seen == options.Trust.Fingerprint,
                            _ => found == SslPolicyErrors.None,
                        };
                    },
                },
                stop);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException)
        {
            await tls.DisposeAsync();
            string message = seen is null ? $"{url.Authority} doesn't speak TLS: use rtsp://, or the camera's TLS port."
                : options.Trust.Kind == RtspTrustKind.Pinned
                    ? $"The certificate of {url.Authority} isn't the one that was pinned: its SHA-256 is {seen}. If it wasn't renewed, someone else answers there."
                : errors != SslPolicyErrors.None
                    ? $"The certificate of {url.Authority} isn't trusted ({errors}). If the camera signs its own, pin its SHA-256: {seen}"
                : $"TLS with {url.Authority} failed: {e.Message}";
            throw new RtspException(RtspFailure.Tls, url, message, inner: e) { Certificate = seen };
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a request and awaits its reply, answering challenges on the way. The reply may be of any status but 401.</summary>
    /// <exception cref="RtspException">No reply, nonsense, or the credentials are refused.</exception>
    public async Task<RtspMessage> RequestAsync(string method, string uri, IReadOnlyList<(string Name, string Value)> headers, CancellationToken stop)
    {
        while (true)
        {
            byte[] request = Format(method, uri, headers, out int cSeq);
            RtspMessage reply;
            using (var timeout = new CancellationTokenSource(_options.ReplyTimeout, _options.Clock))
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token))
            {
                try
                {
                    await WriteAsync(request, either.Token);
                    reply = await ReadReplyAsync(method, cSeq, either.Token);
                }
                catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
                {
                    throw Fault(RtspFailure.Timeout, $"The camera at {Url.Authority} didn't answer {method} within {_options.ReplyTimeout.TotalSeconds:0.#} s.", method, cSeq, e);
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    throw Fault(RtspFailure.Unreachable, $"The connection to the camera at {Url.Authority} broke during {method}: {e.Message}", method, cSeq, e);
                }
            }

            if (reply.Status != 401)
            {
                // A redirect proves them, too: the next server has a nonce of its own.
                if (_authenticator?.Scheme is not null && reply.Status is >= 200 and < 400)
                    _authenticator.Proven = true;
                return reply;
            }

            if (!TryAdopt(reply, out string why))
                throw Fault(RtspFailure.Unauthorised, why, method, cSeq);
        }
    }

    /// <summary>Takes the challenge of a 401. False, and why in words, if asking again is no use.</summary>
    public bool TryAdopt(RtspMessage reply, out string why)
    {
        var challenges = reply.All("WWW-Authenticate").SelectMany(AuthChallenge.Parse).ToArray();
        why = "";
        if (_authenticator is null)
        {
            why = $"The camera at {Url.Authority} asks for a user name and password, and none is set.";
            return false;
        }

        bool asked = _authenticator.Scheme is not null;
        if (_authenticator.Adopt(challenges))
            return true;
        why = asked
            ? $"The camera at {Url.Authority} refused user '{_authenticator.UserName}': check user name and password."
            : $"The camera at {Url.Authority} asks for credentials in a way that isn't known here (Basic and Digest with MD5 or SHA-256 are).";
        return false;
    }

    /// <summary>A request with its number, session and credentials, as bytes.</summary>
    public byte[] Format(string method, string uri, IReadOnlyList<(string Name, string Value)> headers, out int cSeq)
    {
        var text = new StringBuilder(512);
        cSeq = ++_cSeq;
        text.Append(method).Append(' ').Append(uri).Append(" RTSP/1.0\r\nCSeq: ").Append(cSeq).Append("\r\nUser-Agent: ").Append(_options.UserAgent).Append("\r\n");
        if (SessionId is not null)
            text.Append("Session: ").Append(SessionId).Append("\r\n");
        if (_authenticator?.Authorize(method, uri, default) is { } authorization)
            text.Append("Authorization: ").Append(authorization).Append("\r\n");
        foreach (var (name, value) in headers)
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        text.Append("\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The answer to what a camera asks of us: few do, to see whether we live.</summary>
    public static byte[] FormatReply(RtspMessage request)
    {
        bool known = request.Method!.ToUpperInvariant() is "OPTIONS" or "GET_PARAMETER" or "SET_PARAMETER" or "ANNOUNCE" or "REDIRECT" or "TEARDOWN" or "PLAY_NOTIFY";
        var text = new StringBuilder(known ? "RTSP/1.0 200 OK\r\n" : "RTSP/1.0 501 Not Implemented\r\n");
        if (request.Header("CSeq") is { } cSeq)
            text.Append("CSeq: ").Append(cSeq).Append("\r\n");
        if (request.Header("Session") is { } session)
            text.Append("Session: ").Append(session).Append("\r\n");
        if (request.Method.Equals("OPTIONS", StringComparison.OrdinalIgnoreCase))
            text.Append("Public: OPTIONS, GET_PARAMETER, SET_PARAMETER, ANNOUNCE, REDIRECT, TEARDOWN\r\n");
        return Encoding.UTF8.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>Sends without waiting, whole and in order. False if the camera hasn't taken what was posted before.</summary>
    public bool Post(byte[] message)
    {
        if (Interlocked.Increment(ref _posted) > MaxPosted)
        {
            Interlocked.Decrement(ref _posted);
            return false;
        }

        _ = PostAsync(message);
        return true;
    }

    async Task PostAsync(byte[] message)
    {
        try
        {
            await WriteAsync(message, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Whoever reads this connection notices too, and says so.
        }
        finally
        {
            Interlocked.Decrement(ref _posted);
        }
    }

    async Task WriteAsync(byte[] message, CancellationToken stop)
    {
        await _writing.WaitAsync(stop);
        try
        {
            if (Tls is not null)
            {
                await Tls.WriteAsync(message, stop);
            }
            else
            {
                for (int at = 0; at < message.Length;)
                    at += await Socket.SendAsync(message.AsMemory(at), stop);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    async Task<RtspMessage> ReadReplyAsync(string method, int cSeq, CancellationToken stop)
    {
        while (true)
        {
            while (TryRead(method, cSeq, out var message))
            {
                if (message is null)
                    continue;
                if (message.IsRequest)
                    await WriteAsync(FormatReply(message), stop);
                // A reply without number can only be this one's; one with a lower number came too late for its own.
                else if (message.Status != 100 && (message.CSeq is null || message.CSeq == cSeq))
                    return message;
            }

            MakeRoom();
            int read = Tls is not null ? await Tls.ReadAsync(_in.AsMemory(_end), stop) : await Socket.ReceiveAsync(_in.AsMemory(_end), stop);
            if (read == 0)
                throw Fault(RtspFailure.Refused, $"The camera at {Url.Authority} closed the connection instead of answering {method}.", method, cSeq);
            _end += read;
        }
    }

    /// <summary>One message, or one interleaved frame (then null), off the buffer.</summary>
    bool TryRead(string method, int cSeq, out RtspMessage? message)
    {
        message = null;
        var bytes = _in.AsSpan(_start, _end - _start);
        if (bytes.Length == 0)
            return false;
        int used;
        if (bytes[0] == '$')
        {
            used = bytes.Length < 4 ? int.MaxValue : 4 + (bytes[2] << 8 | bytes[3]);
            if (bytes.Length < used)
                return false;
            if (KeepFrames)
            {
                _early ??= new();
                if (_early.Length + used <= MaxEarly)
                    _early.Write(bytes[..used]);
            }
        }
        else
        {
            switch (RtspMessage.Parse(bytes, out message, out used, out string fault))
            {
                case RtspParse.NeedMore:
                    return false;
                case RtspParse.Invalid:
                    throw Fault(RtspFailure.ProtocolError, $"{Url.Authority} doesn't answer {method} as an RTSP camera does: it sent {fault}.", method, cSeq);
            }
        }

        _start += used;
        _consumed += used;
        return true;
    }

    void MakeRoom()
    {
        if (_start > 0)
        {
            _in.AsSpan(_start, _end - _start).CopyTo(_in);
            _end -= _start;
            _start = 0;
        }

        // Never beyond the largest message or frame, which the parsers bound.
        if (_end == _in.Length)
            Array.Resize(ref _in, 2 * _in.Length);
    }

    /// <summary>What has been read and belongs to the run: frames from before the reply to PLAY, and bytes that came behind it.</summary>
    public byte[] TakeUnread(out long offset)
    {
        byte[] early = _early?.ToArray() ?? [];
        offset = _consumed - early.Length;
        byte[] all = [.. early, .. _in.AsSpan(_start, _end - _start)];
        _early = null;
        _in = [];
        _start = _end = 0;
        return all;
    }

    public RtspException Fault(RtspFailure kind, string message, string? method = null, int? cSeq = null, Exception? inner = null) =>
        new(kind, Url, message, method, cSeq, _consumed, inner);

    public async ValueTask DisposeAsync()
    {
        if (Tls is not null)
            await Tls.DisposeAsync();
        Socket.Dispose();
    }
}
