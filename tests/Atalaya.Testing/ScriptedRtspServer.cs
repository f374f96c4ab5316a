using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Atalaya.Testing;

/// <summary>What a client asked.</summary>
/// <param name="Connection">Counted from 0.</param>
/// <param name="Headers">Names don't depend on case; of several alike the last.</param>
public sealed record ScriptedRequest(int Connection, string Method, string Uri, IReadOnlyDictionary<string, string> Headers)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);

    /// <summary>A reply to this request, its number filled in.</summary>
    /// <param name="headers">Whole lines, without line ends.</param>
    public byte[] Reply(string status = "200 OK", string[]? headers = null, string body = "", byte[]? then = null)
    {
        var text = new StringBuilder($"RTSP/1.0 {status}\r\nCSeq: {this["CSeq"]}\r\n");
        foreach (string header in headers ?? [])
            text.Append(header).Append("\r\n");
        if (body.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        text.Append("\r\n").Append(body);
        return [.. Encoding.UTF8.GetBytes(text.ToString()), .. then ?? []];
    }

    /// <summary>A recorded reply with this request's number instead of its own.</summary>
    public byte[] Reply(byte[] recorded)
    {
        string text = Encoding.Latin1.GetString(recorded);
        int at = text.IndexOf("CSeq:", StringComparison.OrdinalIgnoreCase), end = text.IndexOf('\r', at);
        return Encoding.Latin1.GetBytes($"{text[..at]}CSeq: {this["CSeq"]}{text[end..]}");
    }
}

/// <summary>
/// A camera that says exactly what a test wants it to say, byte for byte: for quirks, nonsense and recorded exchanges. For a camera that behaves, and for
/// media in real time, take <see cref="FakeCamera"/>.
/// </summary>
public sealed class ScriptedRtspServer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Func<ScriptedRequest, byte[]?> _answer;
    readonly X509Certificate2? _certificate;
    readonly ConcurrentQueue<ScriptedRequest> _requests = new();
    readonly SemaphoreSlim _arrived = new(0);
    readonly List<Task> _serving = [];
    readonly Task _accepting;
    volatile Client? _latest;
    int _connections;

    ScriptedRtspServer(Func<ScriptedRequest, byte[]?> answer, X509Certificate2? certificate)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    public string Url => $"{(_certificate is null ? "rtsp" : "rtsps")}://127.0.0.1:{Port}/stream";

    /// <summary>All that came, on all connections, in order.</summary>
    public IReadOnlyList<ScriptedRequest> Requests => [.. _requests];

    /// <summary>Binary frames that clients sent, as they came: channel and content.</summary>
    public ConcurrentQueue<(int Channel, byte[] Content)> Frames { get; } = new();
    public int Connections => Volatile.Read(ref _connections);

    /// <param name="answer">The bytes to answer a request with. Empty: silence. Null: the connection is closed.</param>
    public static ScriptedRtspServer Start(Func<ScriptedRequest, byte[]?> answer, X509Certificate2? certificate = null) => new(answer, certificate);

    /// <summary>Answers each method with a recorded reply; of several for one method, each once, the last for ever.</summary>
    public static ScriptedRtspServer Replay(params (string Method, byte[] Reply)[] exchange)
    {
        var left = exchange.GroupBy(e => e.Method, StringComparer.Ordinal).ToDictionary(g => g.Key, g => new Queue<byte[]>(g.Select(e => e.Reply)), StringComparer.Ordinal);
        return Start(request =>
        {
            lock (left)
            {
                if (!left.TryGetValue(request.Method, out var replies))
                    return request.Reply();
                return request.Reply(replies.Count > 1 ? replies.Dequeue() : replies.Peek());
            }
        });
    }

    /// <summary>A camera that does what is asked, over TCP, but for what <paramref name="instead"/> answers itself (null: as usual).</summary>
    /// <param name="playing">Sent right behind the reply to PLAY.</param>
    public static ScriptedRtspServer Camera(
        string sdp, Func<ScriptedRequest, byte[]?>? instead = null, byte[]? playing = null, string session = "4711;timeout=60", string @public = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER",
        X509Certificate2? certificate = null) =>
        Start(
            request => instead?.Invoke(request) ?? request.Method switch
            {
                "OPTIONS" => request.Reply(headers: [$"Public: {@public}", "Server: Scripted/1.0"]),
                "DESCRIBE" => request.Reply(headers: ["Content-Type: application/sdp"], body: sdp),
                "SETUP" => request.Reply(headers: [$"Transport: {request["Transport"]}", $"Session: {session}"]),
                "PLAY" => request.Reply(headers: [$"Session: {session.Split(';')[0]}"], then: playing),
                _ => request.Reply(),
            },
            certificate);

    /// <summary>A binary frame (RFC 2326 10.12).</summary>
    public static byte[] Frame(int channel, byte[] content) => [(byte)'$', (byte)channel, (byte)(content.Length >> 8), (byte)content.Length, .. content];

    /// <summary>Sends on the latest connection, between replies.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        var client = _latest ?? throw new InvalidOperationException("Nobody is connected.");
        await client.SendAsync(bytes, _stop.Token);
    }

    /// <summary>Closes the latest connection.</summary>
    public void Close() => _latest?.Stream.Dispose();

    /// <summary>Waits until <paramref name="matches"/> has been asked <paramref name="times"/> times since the start.</summary>
    public async Task<ScriptedRequest> WaitForAsync(Func<ScriptedRequest, bool> matches, int times = 1)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (_requests.Where(matches).Skip(times - 1).FirstOrDefault() is { } found)
                return found;
            await _arrived.WaitAsync(limit.Token);
        }
    }

    public Task<ScriptedRequest> WaitForAsync(string method, int times = 1) => WaitForAsync(r => r.Method == method, times);

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                int number = Interlocked.Increment(ref _connections) - 1;
                lock (_serving)
                    _serving.Add(ServeAsync(client, number));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    async Task ServeAsync(TcpClient client, int number)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                    stream = tls;
                }

                await using (stream)
                {
                    using var latest = new Client(stream);
                    _latest = latest;
                    var reader = new BufferedStream(stream, 16 << 10);
                    while (await ReadRequestAsync(reader, number) is { } request)
                    {
                        _requests.Enqueue(request);
                        byte[]? answer = request.Method.StartsWith("RTSP/", StringComparison.Ordinal) ? [] : _answer(request);
                        _arrived.Release();
                        if (answer is null)
                            return;
                        await latest.SendAsync(answer, _stop.Token);
                    }
                }
            }
            // NotSupportedException: what a stream says that the test closed between two reads.
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or NotSupportedException
                or System.Security.Authentication.AuthenticationException)
            {
                // The client went, or the test is over.
            }
        }
    }

    async Task<ScriptedRequest?> ReadRequestAsync(Stream stream, int connection)
    {
        var line = new List<byte>();
        var lines = new List<string>();
        var one = new byte[1];
        while (true)
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
                return null;
            if (lines.Count == 0 && line.Count == 0 && one[0] == '$')
            {
                var head = new byte[3];
                await stream.ReadExactlyAsync(head, _stop.Token);
                var content = new byte[head[1] << 8 | head[2]];
                await stream.ReadExactlyAsync(content, _stop.Token);
                Frames.Enqueue((head[0], content));
                _arrived.Release();
                continue;
            }

            if (one[0] != '\n')
            {
                line.Add(one[0]);
                continue;
            }

            string text = Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            line.Clear();
            if (text.Length > 0)
            {
                lines.Add(text);
                continue;
            }

            if (lines.Count == 0)
                continue;
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (string header in lines.Skip(1))
                headers[header[..header.IndexOf(':')].Trim()] = header[(header.IndexOf(':') + 1)..].Trim();
            string[] start = lines[0].Split(' ');
            // What answers a request of ours is kept like a request: its method is "RTSP/1.0".
            return new(connection, start[0], start[1], headers);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        // Only now: a listener stopped between two accepts says "not listening" to the next.
        _listener.Stop();
        Task[] serving;
        lock (_serving)
            serving = [.. _serving];
        await Task.WhenAll(serving);
        _stop.Dispose();
        _arrived.Dispose();
    }

    /// <summary>A connection. Replies and what the test sends take turns: TLS takes one write at a time.</summary>
    sealed class Client(Stream stream) : IDisposable
    {
        readonly SemaphoreSlim _writing = new(1, 1);

        public Stream Stream => stream;

        public void Dispose() => _writing.Dispose();

        public async Task SendAsync(byte[] bytes, CancellationToken stop)
        {
            await _writing.WaitAsync(stop);
            try
            {
                await stream.WriteAsync(bytes, stop);
                await stream.FlushAsync(stop);
            }
            finally
            {
                _writing.Release();
            }
        }
    }
}
