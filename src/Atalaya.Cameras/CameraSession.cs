using Atalaya.Media;
using Atalaya.Media.Rtsp;
using Atalaya.Media.Sdp;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras;

/// <summary>
/// One stream of one camera, kept running: connects, pumps into the hub, tells the hub why it ended, waits, and again.
/// </summary>
sealed class CameraSession(CameraConfig config, StreamKind stream, StreamHub hub, CameraServices services) : IDisposable
{
    /// <summary>Pictures for so long make a good run: the next failure starts the back-off anew.</summary>
    static readonly TimeSpan GoodRun = TimeSpan.FromSeconds(30);

    readonly RateWindow _rates = new();
    readonly CancellationTokenSource _stop = new();
    BreakCause _stopCause = BreakCause.Shutdown;    // set before _stop is cancelled

    // Written by the session's loop and its packet callback, read by Status: single words, or snapshots swapped whole.
    volatile StreamPhase _phase = new(CameraState.Connecting, "", WallTime.Now(services.Clock), 0, null);
    volatile VideoFormat? _video;
    volatile AudioFormat? _audio;
    long _units, _bytes, _lastUnit, _sessions;
    readonly Lock _gate = new();
    RtspSession? _running;      // under _gate, with the next: a session's counts are in one or the other, never in both or neither
    StreamTotals _ended;        // of sessions that are over

    // Touched only by RunAsync, and by OnUnit while that waits for the session.
    int _attempt;
    bool _silentOverTcp;
    BreakCause? _told;
    MonotonicTime? _firstPicture;   // of this session

    /// <summary>Runs until stopped; never throws.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            _attempt++;
            Enter(CameraState.Connecting, _attempt == 1 ? "Connecting." : $"Connecting, attempt {_attempt}.", null);
            _firstPicture = null;
            var ending = await RunOnceAsync();
            if (_stop.IsCancellationRequested)
                break;

            if (_firstPicture is { } began && MonotonicTime.Now(services.Clock) - began >= GoodRun)
                _attempt = 1;
            Tell(ending.Cause, ending.Detail);
            var wait = ending.Backoff.After(_attempt, Random.Shared);
            Enter(ending.State, ending.Detail, WallTime.Now(services.Clock) + wait);
            services.Log.LogWarning("{Camera} {Stream}: {Reason} Next attempt in {Seconds:0.0} s.", config.Id, stream, ending.Detail, wait.TotalSeconds);
            try
            {
                await Task.Delay(wait, services.Clock, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        Tell(_stopCause, _stopCause == BreakCause.Shutdown ? "The node was stopped." : "The camera was changed or switched off.");
    }

    /// <summary>Ends <see cref="RunAsync"/>; readers of the hub are told <paramref name="cause"/>.</summary>
    public void Stop(BreakCause cause)
    {
        _stopCause = cause;
        _stop.Cancel();
    }

    /// <summary>Only after <see cref="RunAsync"/> has ended.</summary>
    public void Dispose() => _stop.Dispose();

    /// <summary>Counts what has come; called once a second by the owner.</summary>
    public void Sample()
    {
        var counters = Totals();
        _rates.Add(services.Clock.GetTimestamp(), counters.Units, counters.Bytes, counters.PacketsReceived, counters.PacketsLost);
    }

    public StreamStatus Status()
    {
        var phase = _phase;
        var rates = _rates.Read(services.Clock);
        var (state, reason) = (phase.State, phase.Reason);
        if (state == CameraState.Running && rates.PacketsLost > 0)
            (state, reason) = (CameraState.Degraded, $"Lost {rates.PacketsLost:N0} of {rates.PacketsLost + rates.PacketsReceived:N0} packets in the last 10 s: check cable, switch and radio link.");
        long last = Volatile.Read(ref _lastUnit);
        return new(
            stream, state, reason, phase.Since, phase.Attempt, _video, _audio, rates.FramesPerSecond, rates.BitsPerSecond, Totals(),
            last == 0 ? null : new WallTime(last), phase.NextAttempt, Drift());
    }

    async Task<Ending> RunOnceAsync()
    {
        try
        {
            await using var session = await PlayAsync();
            Interlocked.Increment(ref _sessions);
            lock (_gate)
                _running = session;
            try
            {
                var end = await session.RunAsync(OnUnit, _stop.Token);
                // Some cameras accept TCP and then send nothing over it, and some networks swallow UDP: each other attempt tries the other.
                if (end.Kind == RtspEndKind.Timeout && session.Statistics.Tracks.All(t => t.Packets == 0))
                    _silentOverTcp = !_silentOverTcp;
                return Ending.Of(end);
            }
            finally
            {
                Ended(session);
            }
        }
        catch (RtspException e)
        {
            services.Log.LogDebug(e, "{Camera} {Stream}: {Coordinates}", config.Id, stream, e.Coordinates);
            return Ending.Of(e);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return Ending.Stopped;
        }
        catch (Exception e)
        {
            // A bug of ours met this camera's bytes. It must not take other cameras along, and it must be seen.
            services.Log.LogError(e, "{Camera} {Stream}: unexpected {Error}", config.Id, stream, e.GetType().Name);
            return new(CameraState.Unreachable, BreakCause.Camera, $"An unexpected error ended the session ({e.GetType().Name}); the log has the details.", Backoff.Network);
        }
    }

    /// <summary>Connects and asks for media, following a camera that redirects only now (some balance their load there).</summary>
    async Task<RtspSession> PlayAsync()
    {
        var options = new RtspOptions
        {
            Transport = config.Transport == RtspTransport.Auto && _silentOverTcp ? RtspTransport.Udp : config.Transport,
            UserName = config.UserName,
            Password = config.Password,
            Trust = config.Fingerprint is { } fingerprint ? RtspTrust.Pinned(fingerprint) : RtspTrust.System,
            AddressAllowed = services.AddressAllowed,
            DataTimeout = services.DataTimeout,
            Clock = services.Clock,
        };
        var at = config.Url(stream)!;
        for (int redirects = 1; ; redirects++)
        {
            var session = await RtspSession.ConnectAsync(at, options, services.Pool, _stop.Token);
            try
            {
                await session.PlayAsync(ChooseTracks(session), _stop.Token);
                return session;
            }
            catch (RtspException e) when (e.RedirectedTo is { } next && redirects <= options.MaxRedirects)
            {
                await session.DisposeAsync();
                // As for redirects before: the credentials are for this host, and not from inside TLS to outside.
                if (next.Host != at.Host || (at.IsTls && !next.IsTls))
                    options = options with { UserName = null, Password = null };
                at = next;
            }
            catch
            {
                await session.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>The first video, and the first sound where it is wanted.</summary>
    List<RtspTrack> ChooseTracks(RtspSession session)
    {
        var video = session.Tracks.FirstOrDefault(t => t.IsSupported && t.Media.Kind == SdpMediaKind.Video)
            ?? throw new RtspException(
                RtspFailure.NoSupportedStream, session.Url,
                session.Tracks.FirstOrDefault(t => t.Media.Kind == SdpMediaKind.Video)?.Reason ?? "The camera offers no video at this address.", "DESCRIBE");
        var audio = config.Audio ? session.Tracks.FirstOrDefault(t => t.IsSupported && t.Media.Kind == SdpMediaKind.Audio) : null;
        return audio is null ? [video] : [video, audio];
    }

    // On the socket's thread, for each unit.
    void OnUnit(AccessUnit unit)
    {
        if (unit.Format is VideoFormat video)
        {
            if (!ReferenceEquals(video, _video))
                _video = video;
            Volatile.Write(ref _units, _units + 1);
            Volatile.Write(ref _lastUnit, unit.Wall.Microseconds);
            if (_phase.State != CameraState.Running)
            {
                _firstPicture = MonotonicTime.Now(services.Clock);
                Enter(CameraState.Running, "", null);
            }
        }
        else if (!ReferenceEquals(unit.Format, _audio))
        {
            _audio = (AudioFormat)unit.Format;
        }

        Volatile.Write(ref _bytes, _bytes + unit.Data.Length);
        // Also of sound alone: readers must hear that its media clock ended, whatever they heard before.
        _told = null;
        hub.Publish(unit);
        unit.Release();
    }

    void Enter(CameraState state, string reason, WallTime? nextAttempt)
    {
        var now = WallTime.Now(services.Clock);
        _phase = new(state, reason, _phase.State == state ? _phase.Since : now, _attempt, nextAttempt);
    }

    /// <summary>Readers hear of a break once, and again only when its cause has changed.</summary>
    void Tell(BreakCause cause, string detail)
    {
        if (_told == cause)
            return;
        _told = cause;
        hub.Break(new(cause, detail, WallTime.Now(services.Clock)));
    }

    void Ended(RtspSession session)
    {
        lock (_gate)
        {
            _running = null;
            var statistics = session.Statistics;
            _ended = new(
                0, 0, _ended.PacketsReceived + statistics.Tracks.Sum(t => t.Packets), _ended.PacketsLost + statistics.Tracks.Sum(t => t.Lost),
                _ended.Malformed + statistics.Tracks.Sum(t => t.Malformed), 0);
        }
    }

    StreamTotals Totals()
    {
        lock (_gate)
        {
            var running = _running?.Statistics;
            return new(
                Volatile.Read(ref _units), Volatile.Read(ref _bytes),
                _ended.PacketsReceived + (running?.Tracks.Sum(t => t.Packets) ?? 0),
                _ended.PacketsLost + (running?.Tracks.Sum(t => t.Lost) ?? 0),
                _ended.Malformed + (running?.Tracks.Sum(t => t.Malformed) ?? 0),
                Interlocked.Read(ref _sessions));
        }
    }

    double? Drift()
    {
        lock (_gate)
            return _running?.Statistics.Tracks.FirstOrDefault()?.DriftPpm;
    }

    sealed record StreamPhase(CameraState State, string Reason, WallTime Since, int Attempt, WallTime? NextAttempt);

    /// <summary>What the end of one connection means for the camera's state, for the ledger, and for the next attempt.</summary>
    readonly record struct Ending(CameraState State, BreakCause Cause, string Detail, Backoff Backoff)
    {
        public static readonly Ending Stopped = new(CameraState.Connecting, BreakCause.Operator, "Stopped.", Backoff.Network);

        public static Ending Of(RtspEnd end) => new(
            CameraState.Unreachable,
            end.Kind is RtspEndKind.Timeout or RtspEndKind.NetworkError ? BreakCause.Network : BreakCause.Camera,
            end.Detail,
            Backoff.Network);

        public static Ending Of(RtspException e) => e.Kind switch
        {
            RtspFailure.Unauthorised => new(CameraState.Unauthorised, BreakCause.Unauthorised, e.Message, Backoff.Refused),
            RtspFailure.Unreachable or RtspFailure.Refused or RtspFailure.Timeout => new(CameraState.Unreachable, BreakCause.Network, e.Message, Backoff.Network),
            _ => new(CameraState.Misconfigured, BreakCause.Camera, e.Message, Backoff.Refused),
        };
    }
}
