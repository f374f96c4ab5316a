using System.Buffers;
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.Rtsp;

/// <summary>A track that is played, and how its packets come.</summary>
sealed class RtspRunTrack(RtspTrack track, Depacketizer depacketizer) : IDisposable
{
    public RtspTrack Track { get; } = track;
    public Depacketizer Depacketizer { get; } = depacketizer;
    public (int Rtp, int Rtcp) Channels { get; set; }
    public UdpPorts? Ports { get; set; }
    public RtpInfo? Info { get; set; }
    public RtpReceiver? Receiver { get; set; }
    public bool SaidGoodbye { get; set; }
    public bool IsVideo => Track.Media.Kind == Sdp.SdpMediaKind.Video;

    public void Dispose()
    {
        Ports?.Dispose();
        Receiver?.Dispose();
        Depacketizer.Dispose();
    }
}

/// <summary>Reads media from PLAY to the end, and keeps the session alive.</summary>
/// <remarks>
/// <para>How a socket is read decides what a camera costs. The wait is a receive of no bytes, which needs no buffer; then one synchronous
/// receive takes all there is into a buffer that all sessions of the thread share, and it is parsed in place. What is left of a frame is kept for
/// the next read. Nothing is allocated for a packet or a read, and <see cref="RunTicker"/> serves all that is periodic.</para>
/// <para>The gate: reading, the periodic check and statistics exclude each other, so access units are handed out one at a time.</para>
/// </remarks>
sealed class RtspRun : IDisposable
{
    /// <summary>Largest leftover (a message of <see cref="RtspMessage.MaxHeaderBytes"/> and <see cref="RtspMessage.MaxBodyBytes"/>) and a receive of at least 128 KiB.</summary>
    const int SharedBytes = 256 << 10;

    /// <summary>A TLS record holds 16 KiB.</summary>
    const int TlsReadBytes = 32 << 10;

    /// <summary>Datagrams of a track that are still taken when the camera says goodbye: more than its port holds.</summary>
    const int MaxArrived = 4096;

    static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(5);

    [ThreadStatic]
    static byte[]? _shared;

    readonly RtspConnection _connection;
    readonly RtspOptions _options;
    readonly TimeProvider _clock;
    readonly ImmutableArray<RtspRunTrack> _tracks;
    readonly bool _udp;
    readonly string _uri;
    readonly TimeSpan _keepAlivePeriod;
    readonly Lock _gate = new();
    readonly CancellationTokenSource _ending = new();   // for what can't be shut down: TLS reads
    readonly short[] _channels = new short[256];        // track * 2, plus 1 for RTCP; -1: nobody's
    readonly uint _ssrc;
    readonly byte[] _name;

    // Under the gate
    Action<AccessUnit> _onUnit = static unit => unit.Release();
    byte[] _rest = [];
    int _restLength;
    long _offset;           // bytes understood on this connection
    long _bytes, _reads, _stray;
    string? _keepAlive;     // the method; null when the camera knows none
    int _keepAliveCSeq = -1;
    bool _keepAliveRetried;
    MonotonicTime _started, _nextReport, _nextKeepAlive;

    RtspEnd? _end;          // set once, by whoever comes first
    Exception? _bug;

    public RtspRun(RtspConnection connection, RtspOptions options, IEnumerable<RtspRunTrack> tracks, bool udp, string keepAlive, TimeSpan sessionTimeout, string uri)
    {
        _connection = connection;
        _options = options;
        _clock = options.Clock;
        _tracks = [.. tracks];
        _udp = udp;
        _uri = uri;
        _keepAlive = keepAlive;
        // Half: one keep-alive may get lost, and the next still comes in time.
        _keepAlivePeriod = sessionTimeout / 2;
        _ssrc = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        _name = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(RtcpPacket.NameBytes, lowercase: true));

        Array.Fill(_channels, (short)-1);
        var clock = new MediaClock();
        for (int i = 0; i < _tracks.Length; i++)
        {
            var track = _tracks[i];
            track.Receiver = new(track.Depacketizer, track.Track.Media.PayloadType, track.Track.Media.ClockRate, clock, udp, track.Info?.RtpTime);
            if (!udp)
            {
                _channels[track.Channels.Rtcp] = (short)((2 * i) + 1);
                _channels[track.Channels.Rtp] = (short)(2 * i);
            }
        }
    }

    public bool ConnectionBroke { get; private set; }

    public RtspStatistics Statistics
    {
        get
        {
            lock (_gate)
                return new(_bytes, _reads, _stray, [.. _tracks.Select(t => t.Receiver!.Statistics)]);
        }
    }

    string Camera => $"The camera at {_connection.Url.Authority}";

    public async Task<RtspEnd> RunAsync(Action<AccessUnit> onUnit, CancellationToken stop)
    {
        _onUnit = onUnit;
        _started = MonotonicTime.Now(_clock);
        _nextReport = _started + ReportPeriod;
        _nextKeepAlive = _started + _keepAlivePeriod;
        byte[] unread = _connection.TakeUnread(out _offset);

        await using (stop.UnsafeRegister(static run => ((RtspRun)run!).End(RtspEndKind.Stopped, "Stopped."), this))
        {
            var ticker = RunTicker.Of(_clock);
            ticker.Add(this, _clock);
            List<Task> loops = [Guarded(_connection.Tls is { } tls ? ReadTlsAsync(tls, unread) : ReadSocketAsync(unread))];
            foreach (var track in _tracks)
            {
                if (track.Ports is { } ports && _udp)
                {
                    loops.Add(Guarded(ReadDatagramsAsync(track, ports.Rtp, isRtcp: false)));
                    loops.Add(Guarded(ReadDatagramsAsync(track, ports.Rtcp, isRtcp: true)));
                }
            }

            await Task.WhenAll(loops);
            ticker.Remove(this);
            // A check that is under way may still hand out units: whoever awaits this may give back the buffers then, and say that no more comes.
            lock (_gate)
            {
            }
        }

        if (_bug is not null)
            ExceptionDispatchInfo.Throw(_bug);
        return _end!;
    }

    public void Dispose() => _ending.Dispose();

    /// <summary>A bug in one loop, or in whoever receives the units, ends them all before it is thrown.</summary>
    async Task Guarded(Task loop)
    {
        try
        {
            await loop;
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _bug, e, null);
        }

        End(RtspEndKind.NetworkError, $"{Camera} can't be read any more.");
    }

    void End(RtspEndKind kind, string detail)
    {
        if (Interlocked.CompareExchange(ref _end, new(kind, detail), null) is not null)
            return;
        ConnectionBroke = kind == RtspEndKind.NetworkError;
        try
        {
            // Wakes the waiting read; what is to be said to the camera can still be sent.
            if (_connection.Tls is null)
                _connection.Socket.Shutdown(SocketShutdown.Receive);
            else
                _ending.Cancel();
            foreach (var track in _tracks)
                track.Ports?.Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            ConnectionBroke = true;
        }
    }

    async Task ReadSocketAsync(byte[] unread)
    {
        var socket = _connection.Socket;
        // The receive behind the wait must never block: with completions run in line it would hold up all cameras.
        socket.Blocking = false;
        FeedFirst(unread);
        try
        {
            while (Volatile.Read(ref _end) is null)
            {
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                if (!ReadAvailable(socket))
                    return;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(RtspEndKind.NetworkError, $"The connection to the camera at {_connection.Url.Authority} broke: {e.Message}");
        }
    }

    /// <returns>False at the end.</returns>
    bool ReadAvailable(Socket socket)
    {
        byte[] shared = _shared ??= GC.AllocateUninitializedArray<byte>(SharedBytes, pinned: true);
        lock (_gate)
        {
            while (_end is null)
            {
                _rest.AsSpan(0, _restLength).CopyTo(shared);
                int space = shared.Length - _restLength;
                int got = socket.Receive(shared.AsSpan(_restLength), SocketFlags.None, out var error);
                if (error is SocketError.WouldBlock or SocketError.Interrupted)
                    return true;
                if (error != SocketError.Success || got == 0)
                {
                    Closed(error);
                    return false;
                }

                Feed(shared.AsSpan(0, _restLength + got), got);
                if (got < space)
                    return _end is null;
            }
        }

        return false;
    }

    async Task ReadTlsAsync(SslStream tls, byte[] unread)
    {
        FeedFirst(unread);
        byte[]? buffer = null;
        try
        {
            while (Volatile.Read(ref _end) is null)
            {
                // No buffer is held while nothing comes.
                _ = await tls.ReadAsync(Memory<byte>.Empty, _ending.Token);
                buffer = ArrayPool<byte>.Shared.Rent(_restLength + TlsReadBytes);
                int got = await tls.ReadAsync(buffer.AsMemory(_restLength), _ending.Token);
                if (got == 0)
                {
                    Closed(SocketError.Success);
                    return;
                }

                lock (_gate)
                {
                    if (_end is not null)
                        return;
                    _rest.AsSpan(0, _restLength).CopyTo(buffer);
                    Feed(buffer.AsSpan(0, _restLength + got), got);
                }

                ArrayPool<byte>.Shared.Return(buffer);
                buffer = null;
            }
        }
        catch (OperationCanceledException)
        {
            // The end is known.
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            End(RtspEndKind.NetworkError, $"The connection to the camera at {_connection.Url.Authority} broke: {e.Message}");
        }
        finally
        {
            if (buffer is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    void Closed(SocketError error)
    {
        if (error == SocketError.Success)
        {
            TakeArrived();
            End(RtspEndKind.ClosedByCamera, $"{Camera} closed the connection.");
        }
        else
        {
            End(RtspEndKind.NetworkError, $"The connection to the camera at {_connection.Url.Authority} broke ({error}).");
        }

        ConnectionBroke = true;
    }

    void FeedFirst(byte[] unread)
    {
        lock (_gate)
        {
            if (unread.Length > 0 && _end is null)
                Feed(unread, unread.Length);
        }
    }

    /// <summary>Understands what it can of <paramref name="data"/>, which begins with the leftover of the last time, and keeps the rest.</summary>
    void Feed(ReadOnlySpan<byte> data, int fresh)
    {
        _reads++;
        _bytes += fresh;
        int used = Consume(data, MonotonicTime.Now(_clock), WallTime.Now(_clock));
        _offset += used;
        var rest = data[used..];
        if (rest.Length > _rest.Length)
            _rest = GC.AllocateUninitializedArray<byte>(Math.Max(2048, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)rest.Length)));
        rest.CopyTo(_rest);
        _restLength = rest.Length;
    }

    int Consume(ReadOnlySpan<byte> data, MonotonicTime arrival, WallTime wall)
    {
        int at = 0;
        while (at < data.Length && _end is null)
        {
            var bytes = data[at..];
            if (bytes[0] == '$')
            {
                if (bytes.Length < 4)
                    break;
                int length = bytes[2] << 8 | bytes[3];
                if (bytes.Length - 4 < length)
                    break;
                int target = _channels[bytes[1]];
                if (target < 0)
                    _stray++;
                else
                    Receive(_tracks[target >> 1], bytes.Slice(4, length), (target & 1) != 0, arrival, wall);
                at += 4 + length;
                continue;
            }

            var parsed = RtspMessage.Parse(bytes, out var message, out int used, out string fault);
            if (parsed == RtspParse.NeedMore)
                break;
            if (parsed == RtspParse.Invalid)
            {
                End(RtspEndKind.ProtocolError, $"{Camera} sent {fault}, {_offset + at} bytes after the connection began.");
                break;
            }

            at += used;
            if (message!.IsRequest)
                Answer(message);
            else
                Understand(message);
        }

        return at;
    }

    void Receive(RtspRunTrack track, ReadOnlySpan<byte> packet, bool isRtcp, MonotonicTime arrival, WallTime wall)
    {
        var receiver = track.Receiver!;
        if (isRtcp)
        {
            if (!receiver.PushRtcp(packet, arrival, wall))
            {
                // Some servers end the sound seconds before the pictures: what counts is that nothing is left to see, or to hear where there is only sound.
                track.SaidGoodbye = true;
                bool video = _tracks.Any(static t => t.IsVideo);
                if (_tracks.All(t => t.SaidGoodbye || (video && !t.IsVideo)))
                {
                    TakeArrived();
                    End(RtspEndKind.ClosedByCamera, $"{Camera} said goodbye (RTCP BYE).");
                }
            }

            return;
        }

        receiver.Push(packet, arrival, wall);
        Deliver(receiver);
    }

    void Deliver(RtpReceiver receiver)
    {
        while (receiver.Depacketizer.TryPull(out var unit))
        {
            if (_end is null)
                _onUnit(unit);
            else
                unit.Release();
        }

        if (receiver.ClockFault is { } fault)
            End(RtspEndKind.ClockJumped, fault);
    }

    void Answer(RtspMessage request)
    {
        _connection.Post(RtspConnection.FormatReply(request));
        if (request.Method!.Equals("TEARDOWN", StringComparison.OrdinalIgnoreCase))
        {
            TakeArrived();
            End(RtspEndKind.ClosedByCamera, $"{Camera} ended the session.");
        }
        else if (request.Method.Equals("REDIRECT", StringComparison.OrdinalIgnoreCase))
            End(RtspEndKind.ClosedByCamera, $"{Camera} asked to be connected to anew.");
    }

    void Understand(RtspMessage reply)
    {
        if (reply.CSeq is { } number && number != _keepAliveCSeq)
            return;
        switch (reply.Status)
        {
            case < 300:
                _keepAliveRetried = false;
                break;
            case 401:
                if (_keepAliveRetried || !_connection.TryAdopt(reply, out _))
                {
                    End(RtspEndKind.SessionLost, $"{Camera} no longer accepts the credentials.");
                }
                else
                {
                    _keepAliveRetried = true;
                    SendKeepAlive();
                }

                break;
            case 454:
                End(RtspEndKind.SessionLost, $"{Camera} no longer knows the session.");
                break;
            default:
                // Offered or not, it isn't known there: the next at once, as time has passed.
                _keepAlive = _keepAlive switch { "GET_PARAMETER" => "OPTIONS", "OPTIONS" => "SET_PARAMETER", _ => null };
                if (_keepAlive is not null)
                    SendKeepAlive();
                break;
        }
    }

    void SendKeepAlive() => _connection.Post(_connection.Format(_keepAlive!, _uri, [], out _keepAliveCSeq));

    /// <summary>Once a second: silence, keep-alives, reports, packets that waited too long.</summary>
    internal void Check()
    {
        try
        {
            lock (_gate)
            {
                if (_end is not null)
                    return;
                var now = MonotonicTime.Now(_clock);
                if (Silence(now) is { } since && since >= _options.DataTimeout)
                {
                    End(RtspEndKind.Timeout, $"{Camera} sent nothing that can be seen or heard for {since.TotalSeconds:0} s.");
                    return;
                }

                if (_udp)
                {
                    foreach (var track in _tracks)
                    {
                        track.Receiver!.GiveUpAged(now);
                        Deliver(track.Receiver);
                    }
                }

                if (now >= _nextKeepAlive && _keepAlive is not null)
                {
                    _nextKeepAlive = now + _keepAlivePeriod;
                    SendKeepAlive();
                }

                if (now >= _nextReport)
                {
                    _nextReport = now + ReportPeriod;
                    SendReports(now);
                }
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _bug, e, null);
            End(RtspEndKind.NetworkError, $"{Camera} can't be read any more.");
        }
    }

    /// <summary>A video track that fell silent counts even if sound goes on.</summary>
    TimeSpan? Silence(MonotonicTime now)
    {
        TimeSpan? video = null, any = null;
        foreach (var track in _tracks)
        {
            var since = now - (track.Receiver!.LastArrival ?? _started);
            if (track.IsVideo)
                video = video is null || since > video ? since : video;
            any = any is null || since < any ? since : any;
        }

        return video ?? any;
    }

    void SendReports(MonotonicTime now)
    {
        foreach (var track in _tracks)
        {
            int head = _udp ? 0 : 4;
            var report = new byte[head + RtcpPacket.ReceiverReportBytes];
            if (!track.Receiver!.TryWriteReport(report.AsSpan(head), _ssrc, _name, now))
                continue;
            if (_udp)
            {
                track.Ports!.SendReport(report);
                continue;
            }

            report[0] = (byte)'$';
            report[1] = (byte)track.Channels.Rtcp;
            report[3] = RtcpPacket.ReceiverReportBytes;
            // A camera that reads nothing any more still sends; it only gets no reports.
            _connection.Post(report);
        }
    }

    async Task ReadDatagramsAsync(RtspRunTrack track, Socket socket, bool isRtcp)
    {
        try
        {
            await LearnSourceAsync(track, socket, isRtcp);
            while (Volatile.Read(ref _end) is null)
            {
                try
                {
                    await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
                {
                    // An echo: our reports don't reach the camera. That is its choice.
                }

                ReadAvailableDatagrams(track, socket, isRtcp);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(RtspEndKind.NetworkError, $"The UDP ports for the camera at {_connection.Url.Authority} broke: {e.Message}");
        }
    }

    /// <summary>
    /// Some cameras send from another port than they announce: the first datagram from the camera's address shows it. From then on the
    /// kernel keeps all others out.
    /// </summary>
    async Task LearnSourceAsync(RtspRunTrack track, Socket socket, bool isRtcp)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(isRtcp ? 2 << 10 : 64 << 10);
        try
        {
            var anywhere = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
            while (true)
            {
                var datagram = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anywhere);
                if (datagram.RemoteEndPoint is not IPEndPoint from || !from.Address.Equals(track.Ports!.Camera))
                    continue;
                await socket.ConnectAsync(from);
                lock (_gate)
                    Datagram(track, buffer.AsSpan(0, datagram.ReceivedBytes), isRtcp);
                return;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    void ReadAvailableDatagrams(RtspRunTrack track, Socket socket, bool isRtcp)
    {
        byte[] shared = _shared ??= GC.AllocateUninitializedArray<byte>(SharedBytes, pinned: true);
        lock (_gate)
        {
            while (_end is null)
            {
                int got = socket.Receive(shared, SocketFlags.None, out var error);
                if (error == SocketError.WouldBlock)
                    return;
                // Refused: an echo of a report of ours. It stands before the next datagram.
                if (error == SocketError.Success)
                    Datagram(track, shared.AsSpan(0, got), isRtcp);
                else if (error is not (SocketError.ConnectionRefused or SocketError.Interrupted))
                    throw new SocketException((int)error);
            }
        }
    }

    /// <summary>
    /// Each port is read by itself, so that a goodbye may be read before the last pictures that came before it: those are taken first.
    /// </summary>
    void TakeArrived()
    {
        if (!_udp)
            return;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            lock (_gate)
            {
                foreach (var track in _tracks)
                {
                    // Connected: its source is known. The bound is for who goes on sending.
                    for (int i = 0; i < MaxArrived && track.Ports?.Rtp is { Connected: true } socket; i++)
                    {
                        int got = socket.Receive(buffer, SocketFlags.None, out var error);
                        if (error == SocketError.Success)
                            Datagram(track, buffer.AsSpan(0, got), isRtcp: false);
                        else if (error != SocketError.ConnectionRefused)
                            break;
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    void Datagram(RtspRunTrack track, ReadOnlySpan<byte> bytes, bool isRtcp)
    {
        if (_end is not null)
            return;
        _reads++;
        _bytes += bytes.Length;
        Receive(track, bytes, isRtcp, MonotonicTime.Now(_clock), WallTime.Now(_clock));
    }
}
