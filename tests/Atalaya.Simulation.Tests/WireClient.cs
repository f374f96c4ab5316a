using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Atalaya.Simulation.Tests;

sealed record Reply(int Code, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>An RTP packet that came, taken apart.</summary>
sealed record Packet(int Channel, bool Marker, ushort Sequence, uint Timestamp, uint Source, byte[] Payload)
{
    public bool IsRtcp => Channel % 2 != 0;
}

/// <summary>A client that says exactly what a test wants and shows exactly what came.</summary>
sealed class WireClient : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly Queue<Packet> _packets = new();
    byte[] _buffer = new byte[1 << 16];
    int _length, _cseq;
    string? _session;

    /// <summary>Bytes between packets that belong to nothing.</summary>
    public int Stray { get; private set; }

    public static async Task<WireClient> ConnectAsync(RtspSimulator simulator, int? receiveBuffer = null)
    {
        var client = new WireClient();
        if (receiveBuffer is { } bytes)
            client._socket.ReceiveBufferSize = bytes;
        await client._socket.ConnectAsync(IPAddress.Loopback, simulator.Port).WaitAsync(Limit);
        return client;
    }

    /// <summary>Connects, sets up every track over TCP, and plays.</summary>
    public static async Task<WireClient> PlayAsync(RtspSimulator simulator, string url, int tracks = 1, int? receiveBuffer = null)
    {
        var client = await ConnectAsync(simulator, receiveBuffer);
        for (int i = 0; i < tracks; i++)
            (await client.AskAsync("SETUP", $"{url}/trackID={i}", $"Transport: RTP/AVP/TCP;unicast;interleaved={2 * i}-{(2 * i) + 1}")).Code.ShouldBe(200);
        client.Played = await client.AskAsync("PLAY", url);
        client.Played.Code.ShouldBe(200);
        return client;
    }

    public Reply? Played { get; private set; }

    public async Task<Reply> AskAsync(string method, string url, params string[] headers)
    {
        var text = new StringBuilder($"{method} {url} RTSP/1.0\r\nCSeq: {++_cseq}\r\n");
        if (_session is not null && !headers.Any(h => h.StartsWith("Session", StringComparison.Ordinal)))
            text.Append($"Session: {_session}\r\n");
        foreach (string header in headers)
            text.Append(header).Append("\r\n");
        var reply = await SendRawAsync(Encoding.ASCII.GetBytes(text.Append("\r\n").ToString()));
        if (reply.Code == 200)
            reply.Headers["CSeq"].ShouldBe(_cseq.ToString(CultureInfo.InvariantCulture));
        if (method == "SETUP" && reply.Code == 200)
            _session = reply.Headers["Session"].Split(';')[0];
        return reply;
    }

    public async Task<Reply> SendRawAsync(byte[] bytes)
    {
        await SendAsync(bytes);
        return await ReadReplyAsync();
    }

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>The next packet; null at the connection's end.</summary>
    public async Task<Packet?> NextAsync()
    {
        while (_packets.Count == 0)
        {
            TakePackets();
            if (_packets.Count == 0 && !await ReadAsync())
                return null;
        }

        return _packets.Dequeue();
    }

    /// <summary>RTP packets of a track, up to so many markers.</summary>
    public async Task<List<Packet>> PicturesAsync(int count, int channel = 0)
    {
        var got = new List<Packet>();
        while (count > 0)
        {
            var packet = await NextAsync() ?? throw new InvalidOperationException($"The connection ended {count} pictures early.");
            if (packet.Channel != channel)
                continue;
            got.Add(packet);
            if (packet.Marker)
                count--;
        }

        return got;
    }

    /// <summary>True when the server has closed the connection.</summary>
    public async Task<bool> IsClosedAsync()
    {
        while (await ReadAsync())
            _length = 0;
        return true;
    }

    public void Dispose() => _socket.Dispose();

    async Task<bool> ReadAsync()
    {
        if (_length == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        try
        {
            int read = await _socket.ReceiveAsync(_buffer.AsMemory(_length)).AsTask().WaitAsync(Limit);
            _length += read;
            return read > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    async Task<Reply> ReadReplyAsync()
    {
        while (true)
        {
            TakePackets();
            int end = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                string[] lines = Encoding.ASCII.GetString(_buffer, 0, end).Split("\r\n");
                var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).GroupBy(p => p[0], StringComparer.OrdinalIgnoreCase)
                    .ToDictionary(g => g.Key, g => string.Join('\n', g.Select(p => p[1])), StringComparer.OrdinalIgnoreCase);
                int body = headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0;
                if (_length >= end + 4 + body)
                {
                    string text = Encoding.UTF8.GetString(_buffer, end + 4, body);
                    Consume(end + 4 + body);
                    return new(lines[0].StartsWith("RTSP/1.0 ", StringComparison.Ordinal) ? int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture) : 0, headers, text);
                }
            }

            if (!await ReadAsync())
                throw new InvalidOperationException("The connection ended before the reply.");
        }
    }

    void TakePackets()
    {
        int at = 0;
        while (at < _length)
        {
            if (_buffer[at] == '$')
            {
                if (_length - at < 4 || _length - at < 4 + BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(at + 2)))
                    break;
                int length = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(at + 2));
                var packet = _buffer.AsSpan(at + 4, length);
                bool rtcp = _buffer[at + 1] % 2 != 0;
                _packets.Enqueue(rtcp
                    ? new(_buffer[at + 1], false, 0, 0, BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), packet.ToArray())
                    : new(_buffer[at + 1], packet[1] >> 7 != 0, BinaryPrimitives.ReadUInt16BigEndian(packet[2..]), BinaryPrimitives.ReadUInt32BigEndian(packet[4..]),
                        BinaryPrimitives.ReadUInt32BigEndian(packet[8..]), packet[12..].ToArray()));
                at += 4 + length;
            }
            else if (_buffer.AsSpan(at, _length - at).StartsWith("RTSP/"u8) || _buffer.AsSpan(at, _length - at).StartsWith("SIP/"u8)
                || "RTSP/"u8.StartsWith(_buffer.AsSpan(at, _length - at)))
            {
                break;
            }
            else
            {
                Stray++;
                at++;
            }
        }

        Consume(at);
    }

    void Consume(int bytes)
    {
        _buffer.AsSpan(bytes, _length - bytes).CopyTo(_buffer);
        _length -= bytes;
    }
}
