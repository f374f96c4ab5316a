using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>What a simulator has done since it started.</summary>
/// <param name="Packets">RTP packets sent.</param>
/// <param name="Bytes">Of RTP packets with their framing.</param>
/// <param name="ClientsDropped">Because they took nothing for the stuck timeout.</param>
public sealed record SimulatorCounts(long Connections, long Requests, long Malformed, long Sessions, long Packets, long Bytes, long ClientsDropped, long TimedOut);

/// <summary>An RTSP server whose cameras play files for ever (RFC 2326, RFC 3550). Thread-safe.</summary>
public sealed class RtspSimulator : IAsyncDisposable
{
    /// <summary>A pattern makes no more cameras than this: a client that guesses names mustn't fill the memory.</summary>
    const int MaxCameras = 10_000;

    /// <summary>Ended sessions whose counts are kept.</summary>
    const int MaxEnded = 10_000;

    static readonly TimeSpan Housekeeping = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<string, SimulatedCamera> _cameras = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, Lazy<Clip>> _clips = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<RtspConnection, byte> _connections = [];
    readonly ConcurrentDictionary<Task, byte> _running = [];
    readonly ConcurrentQueue<SimulatedSession> _sessions = new();
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly ITimer _housekeeping;
    readonly List<ITimer> _scheduled = [];
    Socket? _listener;              // under _gate
    Socket? _rtp, _rtcp;            // made under _gate
    int _ordinal;
    long _connectionCount, _requests, _malformed, _sessionCount, _packets, _bytes, _dropped, _timedOut;

    RtspSimulator(SimulatorOptions options, TimeProvider clock)
    {
        Options = options;
        Clock = clock;
        Origin = MonotonicTime.Now(clock);
        OriginWall = WallTime.Now(clock);
        Authentication = new(options.Users, options.Authentication);
        Pacer = new(clock);
        _housekeeping = clock.CreateTimer(_ => KeepHouse(), null, Housekeeping, Housekeeping);
    }

    /// <summary>What it serves; cameras that were added later are in <see cref="Cameras"/>.</summary>
    public SimulatorOptions Options { get; }

    /// <summary>Also where the system chose it.</summary>
    public int Port { get; private set; }

    /// <summary>Of rtsps; null without TLS. Clients that check must be told to trust it.</summary>
    public X509Certificate2? Certificate { get; private set; }

    /// <summary>Those there are by now: of a pattern with a star only the ones asked for.</summary>
    public IReadOnlyCollection<SimulatedCamera> Cameras => [.. _cameras.Values.OrderBy(c => c.Name, StringComparer.Ordinal)];

    /// <summary>Now and before, in the order in which they began.</summary>
    public IReadOnlyList<SimulatedSession> Sessions => [.. _sessions];

    public SimulatorCounts Counts => new(
        Volatile.Read(ref _connectionCount), Volatile.Read(ref _requests), Volatile.Read(ref _malformed), Volatile.Read(ref _sessionCount),
        Volatile.Read(ref _packets), Volatile.Read(ref _bytes), Volatile.Read(ref _dropped), Volatile.Read(ref _timedOut));

    internal TimeProvider Clock { get; }
    internal MonotonicTime Origin { get; }
    internal WallTime OriginWall { get; }
    internal Pacer Pacer { get; }
    internal RtspAuthentication Authentication { get; }

    /// <summary>Loads the files and listens.</summary>
    /// <exception cref="ArgumentException">The options make no sense; the message says all that is wrong.</exception>
    /// <exception cref="InvalidDataException">A file can't be played.</exception>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static async Task<RtspSimulator> StartAsync(SimulatorOptions options, TimeProvider? clock = null, CancellationToken stop = default)
    {
        if (options.Validate() is { Count: > 0 } wrong)
            throw new ArgumentException(string.Join(Environment.NewLine, wrong), nameof(options));
        var simulator = new RtspSimulator(options, clock ?? TimeProvider.System);
        try
        {
            await Task.Run(simulator.Load, stop);
            if (options.Tls)
                simulator.Certificate = SelfSigned.Certificate(options.Address, simulator.OriginWall.ToDateTimeOffset());
            simulator.Port = options.Port;
            simulator.StartListening();
            foreach (var scheduled in options.Faults)
            {
                simulator._scheduled.Add(simulator.Clock.CreateTimer(
                    _ => simulator.Camera(scheduled.Camera).Inject(scheduled.Fault), null, scheduled.Start, Timeout.InfiniteTimeSpan));
            }
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }

        return simulator;
    }

    /// <summary>Adds a camera that plays what the caller made or loaded.</summary>
    /// <exception cref="ArgumentException">There is one of this name.</exception>
    public SimulatedCamera Add(string name, Clip main, Clip? sub = null)
    {
        var camera = new SimulatedCamera(this, name, OrdinalOf(name), main, sub);
        return _cameras.TryAdd(name, camera) ? camera : throw new ArgumentException($"There is a camera {name} already.", nameof(name));
    }

    /// <summary>A camera by its name; one of a pattern comes to be if need be.</summary>
    /// <exception cref="KeyNotFoundException">There is none, and no pattern fits.</exception>
    public SimulatedCamera Camera(string name) => TryCamera(name) ?? throw new KeyNotFoundException($"The simulator has no camera {name}.");

    /// <summary>What a client connects to.</summary>
    public string Url(string camera, StreamKind stream = StreamKind.Main, string? user = null, string? password = null)
    {
        string credentials = user is null ? "" : $"{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password ?? "")}@";
        var address = Options.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : Options.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : Options.Address;
        return $"rtsp{(Options.Tls ? "s" : "")}://{credentials}{new IPEndPoint(address, Port)}/{camera}{(stream == StreamKind.Sub ? "/sub" : "")}";
    }

    /// <summary>Listens again on the same port.</summary>
    public void StartListening()
    {
        lock (_gate)
        {
            if (_listener is not null)
                return;
            var listener = new Socket(Options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                listener.Bind(new IPEndPoint(Options.Address, Port));
                listener.Listen(1024);
            }
            catch
            {
                listener.Dispose();
                throw;
            }

            Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
            _listener = listener;
            Track(AcceptAsync(listener));
        }
    }

    /// <summary>New connections are refused from now on, as by a camera that is switched off; those there are stay.</summary>
    public void StopListening()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Closes all connections to a camera, or to all, at once and without a word.</summary>
    public void CloseViewers(SimulatedCamera? camera = null)
    {
        foreach (var session in _sessions.Where(s => !s.Ended.IsCompleted && (camera is null || s.Camera == camera)))
            End(session, SessionEnd.Faulted);
    }

    public async ValueTask DisposeAsync()
    {
        StopListening();
        await _housekeeping.DisposeAsync();
        foreach (var timer in _scheduled)
            await timer.DisposeAsync();
        Pacer.Dispose();
        foreach (var session in _sessions)
            session.End(SessionEnd.Shutdown);
        await _stop.CancelAsync();
        foreach (var connection in _connections.Keys)
            connection.Close();
        await Task.WhenAll(_running.Keys);
        _rtp?.Dispose();
        _rtcp?.Dispose();
        Certificate?.Dispose();
        _stop.Dispose();
    }

    internal TrackPackets Packets(ClipTrack track) => track.Packets(Options.Mtu, Options.ParameterSetsInStream);

    /// <summary>A file, loaded once for all that play it.</summary>
    internal Clip LoadClip(string path) =>
        _clips.GetOrAdd(Path.GetFullPath(path), static file => new(() => Clip.Load(file))).Value;

    internal void Count(int packets, int bytes)
    {
        Interlocked.Add(ref _packets, packets);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void CountRequest() => Interlocked.Increment(ref _requests);
    internal void CountMalformed() => Interlocked.Increment(ref _malformed);

    internal void Opened(RtspConnection connection)
    {
        _connections[connection] = 0;
        Interlocked.Increment(ref _connectionCount);
    }

    internal void Closed(RtspConnection connection) => _connections.TryRemove(connection, out _);

    internal void Started(SimulatedSession session)
    {
        Interlocked.Increment(ref _sessionCount);
        _sessions.Enqueue(session);
        while (_sessions.Count > MaxEnded && _sessions.TryPeek(out var oldest) && oldest.Ended.IsCompleted)
            _sessions.TryDequeue(out _);
    }

    /// <summary>The camera, stream and track of a URL. What stands behind a question mark is ignored.</summary>
    internal (SimulatedCamera? Camera, StreamKind Stream, int? Track) Find(string url)
    {
        int scheme = url.IndexOf("://", StringComparison.Ordinal);
        int slash = scheme < 0 ? url.IndexOf('/') : url.IndexOf('/', scheme + 3);
        if (slash < 0)
            return default;
        string path = url[(slash + 1)..];
        int? track = null;
        int at = path.LastIndexOf("/trackID=", StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!int.TryParse(path.AsSpan(at + "/trackID=".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                return default;
            track = number;
            path = path[..at];
        }

        int query = path.IndexOf('?');
        if (query >= 0)
            path = path[..query];
        path = path.Trim('/');
        if (TryCamera(path) is { } main)
            return (main, StreamKind.Main, track);
        return path.EndsWith("/sub", StringComparison.Ordinal) && TryCamera(path[..^"/sub".Length]) is { } sub ? (sub, StreamKind.Sub, track) : default;
    }

    internal string Description(Clip clip)
    {
        var text = new StringBuilder();
        string family = Options.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "IP6 ::" : "IP4 0.0.0.0";
        text.Append(CultureInfo.InvariantCulture, $"v=0\r\no=- {OriginWall.Microseconds} 1 IN {family}\r\ns=Atalaya simulator\r\nc=IN {family}\r\nt=0 0\r\na=control:*\r\na=range:npt=now-\r\n");
        for (int i = 0; i < clip.Tracks.Count; i++)
        {
            var track = clip.Tracks[i];
            var packets = Packets(track);
            text.Append(CultureInfo.InvariantCulture, $"m={(track.IsVideo ? "video" : "audio")} 0 RTP/AVP {packets.PayloadType}\r\n");
            text.Append(CultureInfo.InvariantCulture, $"a=rtpmap:{packets.PayloadType} {packets.Rtpmap}\r\n");
            if (packets.Fmtp is { } fmtp)
                text.Append(CultureInfo.InvariantCulture, $"a=fmtp:{packets.PayloadType} {fmtp}\r\n");
            if (track.IsVideo)
                text.Append(CultureInfo.InvariantCulture, $"a=framerate:{track.Units.Count / clip.Period.Seconds:0.###}\r\n");
            text.Append(CultureInfo.InvariantCulture, $"a=control:trackID={i}\r\na=recvonly\r\n");
        }

        return text.ToString();
    }

    /// <summary>The port that RTP comes from; RTCP has the next. One pair for all: the source in each packet says whose it is.</summary>
    internal int OpenUdp()
    {
        lock (_gate)
        {
            for (int attempt = 0; _rtp is null; attempt++)
            {
                var rtp = new Socket(Options.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, SendBufferSize = 4 << 20 };
                var rtcp = new Socket(Options.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
                try
                {
                    rtp.Bind(new IPEndPoint(Options.Address, 0));
                    int port = ((IPEndPoint)rtp.LocalEndPoint!).Port;
                    if (port % 2 != 0)
                        throw new SocketException((int)SocketError.AddressNotAvailable);
                    rtcp.Bind(new IPEndPoint(Options.Address, port + 1));
                    (_rtp, _rtcp) = (rtp, rtcp);
                    Track(ReadReportsAsync(rtcp));
                }
                catch (SocketException) when (attempt < 100)
                {
                    // RTP wants an even port and the next one free as well.
                    rtp.Dispose();
                    rtcp.Dispose();
                }
            }

            return ((IPEndPoint)_rtp.LocalEndPoint!).Port;
        }
    }

    /// <summary>False if the system has no room for it; to the client it is lost on the way.</summary>
    internal bool SendDatagram(ReadOnlySpan<byte> bytes, SocketAddress to, bool control)
    {
        var socket = control ? _rtcp : _rtp;
        try
        {
            return socket is not null && socket.SendTo(bytes, SocketFlags.None, to) == bytes.Length;
        }
        catch (Exception full) when (full is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    void Load()
    {
        foreach (var source in Options.Cameras)
        {
            var main = LoadClip(source.File);
            var sub = source.SubFile is null ? null : LoadClip(source.SubFile);
            foreach (var clip in new[] { main, sub })
            {
                foreach (var track in clip?.Tracks ?? [])
                    Packets(track);
            }

            if (source.Name.EndsWith("/*", StringComparison.Ordinal))
                continue;
            if (TryRange(source.Name, out string prefix, out int first, out int last))
            {
                for (int i = first; i <= last; i++)
                    Add($"{prefix}{i}", main, sub);
            }
            else
            {
                Add(source.Name, main, sub);
            }
        }

        foreach (var fault in Options.Faults)
        {
            if (TryCamera(fault.Camera) is null)
                throw new ArgumentException($"A fault is planned for {fault.Camera}, but there is no such camera.", nameof(fault));
            if (fault.Fault.File is { } file)
                LoadClip(file);
        }
    }

    SimulatedCamera? TryCamera(string name)
    {
        if (_cameras.TryGetValue(name, out var camera))
            return camera;
        int slash = name.LastIndexOf('/');
        if (slash < 0 || _cameras.Count >= MaxCameras || name.Length > 200 || name.AsSpan(slash + 1) is "sub" or "")
            return null;
        string pattern = name[..slash] + "/*";
        return Options.Cameras.FirstOrDefault(c => c.Name == pattern) is { } source
            ? _cameras.GetOrAdd(name, key => new(this, key, OrdinalOf(key), LoadClip(source.File), source.SubFile is null ? null : LoadClip(source.SubFile)))
            : null;
    }

    static bool TryRange(string name, out string prefix, out int first, out int last)
    {
        int dash = name.LastIndexOf('-');
        int start = dash;
        while (start > 0 && char.IsAsciiDigit(name[start - 1]))
            start--;
        prefix = dash > 0 ? name[..start] : "";
        first = last = 0;
        return dash > 0 && int.TryParse(name.AsSpan(start, dash - start), NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out last) && first <= last && last - first < MaxCameras;
    }

    // The number at the name's end, so that camera/3 is the same camera after each start; otherwise in the order of their making.
    int OrdinalOf(string name)
    {
        int start = name.Length;
        while (start > 0 && name.Length - start < 6 && char.IsAsciiDigit(name[start - 1]))
            start--;
        return start < name.Length ? int.Parse(name.AsSpan(start), CultureInfo.InvariantCulture) : Interlocked.Increment(ref _ordinal) - 1;
    }

    async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptAsync(_stop.Token);
                Track(RtspConnection.RunAsync(this, client, _stop.Token));
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException wrong)
            {
                if (wrong.SocketErrorCode is SocketError.OperationAborted or SocketError.InvalidArgument or SocketError.Interrupted)
                    return;     // the listener was closed
                if (wrong.SocketErrorCode is SocketError.TooManyOpenSockets)
                    await Task.Delay(TimeSpan.FromMilliseconds(100), Clock);
            }
        }
    }

    async Task ReadReportsAsync(Socket socket)
    {
        byte[] buffer = new byte[2048];
        var from = new IPEndPoint(Options.Address, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var read = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, _stop.Token);
                // By the source they report of, not by port: some clients send reports from the port that they receive RTP on.
                var sender = ((IPEndPoint)read.RemoteEndPoint).Address;
                foreach (var session in _sessions.Where(s => s.IsUdp && !s.Ended.IsCompleted && sender.Equals(s.Connection.Remote?.Address)))
                    Rtcp.ReadReports(buffer.AsSpan(0, read.ReceivedBytes), session.Report);
            }
            catch (SocketException)
            {
                // A client's port was closed before our last report came: nothing to do.
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    void KeepHouse()
    {
        var now = MonotonicTime.Now(Clock);
        foreach (var session in _sessions.Where(s => !s.Ended.IsCompleted))
        {
            if (session.Connection.Output.Stuck(now) > Options.StuckTimeout)
            {
                Interlocked.Increment(ref _dropped);
                End(session, SessionEnd.Stuck);
            }
            else if (now - session.LastHeard > Options.SessionTimeout)
            {
                Interlocked.Increment(ref _timedOut);
                End(session, SessionEnd.TimedOut);
            }
        }
    }

    static void End(SimulatedSession session, SessionEnd why)
    {
        session.End(why);
        session.Connection.Close();
    }

    void Track(Task task)
    {
        _running[task] = 0;
        _ = task.ContinueWith(t => _running.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
