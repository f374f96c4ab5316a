using System.Net;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>Why a session is over.</summary>
public enum SessionEnd
{
    Teardown,

    /// <summary>The client closed its connection.</summary>
    Closed,

    /// <summary>The client said nothing for the session timeout.</summary>
    TimedOut,

    /// <summary>The client took no bytes for the stuck timeout.</summary>
    Stuck,

    /// <summary>By a fault.</summary>
    Faulted,
    Shutdown,
}

/// <summary>Units that were sent in full, one after another: numbers count on through the loops, so that number modulo units of the clip is the unit.</summary>
public readonly record struct SentRange(string Clip, long First, long Last);

/// <summary>What one track of a session has sent. All counts are exact.</summary>
/// <param name="Units">Pictures, or audio units, sent in full.</param>
/// <param name="Skipped">Not sent because the client didn't read, the camera stalled, or a datagram found no room.</param>
/// <param name="Packets">RTP packets, with those sent twice and without those dropped by a fault.</param>
/// <param name="Dropped">Packets that a fault left out.</param>
/// <param name="PayloadBytes">Of RTP packets without their headers.</param>
public sealed record TrackCounts(
    string Kind, uint Source, long Units, long KeyUnits, long Skipped, long Packets, long Dropped, long PayloadBytes, IReadOnlyList<SentRange> Sent, ReceptionReport? Report);

/// <summary>One client that watches one stream. Thread-safe.</summary>
public sealed class SimulatedSession
{
    readonly RtspSimulator _simulator;
    readonly TaskCompletionSource<SessionEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Lock _gate = new();
    readonly List<TrackSender> _tracks = [];    // under _gate, as what follows
    long _heard;
    bool _playing, _mapped;
    MonotonicTime _zero;        // the instant of _zeroMedia on this session's media clock
    MediaTime _zeroMedia;
    Clip _clip;

    internal SimulatedSession(RtspSimulator simulator, RtspConnection connection, SimulatedCamera camera, StreamKind stream, Clip clip)
    {
        _simulator = simulator;
        _clip = clip;
        Connection = connection;
        Camera = camera;
        Stream = stream;
        Described = clip;
        Id = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
        Started = WallTime.Now(simulator.Clock);
        Heard();
    }

    public string Id { get; }
    public SimulatedCamera Camera { get; }
    public StreamKind Stream { get; }
    public bool IsUdp { get; private set; }
    public string? UserAgent { get; internal set; }
    public WallTime Started { get; }

    /// <summary>Over UDP, TLS, or plain TCP, and from where.</summary>
    public EndPoint? Client => Connection.Remote;

    /// <summary>Completes when the session is over.</summary>
    public Task<SessionEnd> Ended => _ended.Task;

    public bool IsPlaying
    {
        get
        {
            lock (_gate)
                return _playing;
        }
    }

    /// <summary>A snapshot, a row a track.</summary>
    public IReadOnlyList<TrackCounts> Tracks
    {
        get
        {
            lock (_gate)
                return [.. _tracks.Select(t => t.Counts)];
        }
    }

    /// <summary>Of the video track; of the audio where there is no video.</summary>
    public TrackCounts Counts => Tracks is var tracks && tracks.FirstOrDefault(t => t.Kind == "video") is { } video ? video : tracks[0];

    internal RtspConnection Connection { get; }
    internal Lock Gate => _gate;
    internal RtspSimulator Simulator => _simulator;

    /// <summary>What its description told the client.</summary>
    internal Clip Described { get; }

    /// <summary>When something last came from the client.</summary>
    internal MonotonicTime LastHeard => new(Volatile.Read(ref _heard));

    internal void Heard() => Volatile.Write(ref _heard, MonotonicTime.Now(_simulator.Clock).Nanoseconds);

    /// <summary>Adds the clip's track, or replaces how it travels.</summary>
    internal TrackSender SetUp(int track, TrackRoute route)
    {
        lock (_gate)
        {
            _tracks.RemoveAll(t => t.Index == track);
            var sender = new TrackSender(this, track, Described.Tracks[track], route);
            _tracks.Add(sender);
            _tracks.Sort((a, b) => a.Index.CompareTo(b.Index));
            IsUdp = route.Rtp is not null;
            return sender;
        }
    }

    /// <summary>Sets the tracks going. What each will begin with is known when it returns.</summary>
    /// <param name="replied">Called before the first packet can leave, with the lock held: the reply must come first.</param>
    internal void Play(Action<IReadOnlyList<TrackSender>> replied)
    {
        lock (_gate)
        {
            if (_playing || _ended.Task.IsCompleted)
            {
                replied(_tracks);
                return;
            }

            var now = MonotonicTime.Now(_simulator.Clock);
            if (!_mapped)
                Map(now);
            _mapped = true;
            _playing = true;
            var at = MediaAt(now);
            foreach (var track in _tracks)
                track.Start(at, Camera.ReorderDelay, _tracks.Find(t => t.Track.IsVideo));

            // The pacer waits for the lock: a client that has the reply can rely on its stream being under way, and no packet comes before it.
            foreach (var track in _tracks)
                _simulator.Pacer.Add(track, track.Due);
            replied(_tracks);
        }
    }

    internal void Pause()
    {
        lock (_gate)
        {
            _playing = false;
            foreach (var track in _tracks)
                track.Stop();
        }
    }

    internal bool End(SessionEnd why)
    {
        if (!_ended.TrySetResult(why))
            return false;
        Pause();
        if (why is not SessionEnd.Closed)
        {
            lock (_gate)
            {
                foreach (var track in _tracks)
                    track.SayBye();
            }
        }

        return true;
    }

    internal void JumpTimestamps(TimeSpan by)
    {
        lock (_gate)
        {
            foreach (var track in _tracks)
                track.JumpTimestamp(by);
        }
    }

    internal void JumpSequence(int by)
    {
        lock (_gate)
        {
            foreach (var track in _tracks)
                track.JumpSequence(by);
        }
    }

    internal void Report(ReceptionReport report)
    {
        lock (_gate)
        {
            if (_tracks.Find(t => t.Source == report.Source) is not { } track)
                return;
            track.Take(report);
        }

        Heard();
    }

    // What follows is called with the lock held.

    internal MonotonicTime InstantOf(MediaTime media) => _zero + (media - _zeroMedia).ToTimeSpan();
    internal MediaTime MediaAt(MonotonicTime now) => _zeroMedia + MediaTime.From(now - _zero);

    /// <summary>From now on the tracks play another clip, all from its beginning; timestamps go on.</summary>
    internal void SwitchTo(Clip? clip, MonotonicTime now)
    {
        clip ??= Described;
        if (clip == _clip)
            return;
        _clip = clip;
        var at = MediaAt(now);
        foreach (var track in _tracks)
        {
            var other = clip.Tracks.FirstOrDefault(t => t.IsVideo == track.Described.IsVideo);
            track.SwitchTo(clip, other, at, clip == Described ? Camera.Period : clip.Period);
        }
    }

    void Map(MonotonicTime now)
    {
        _zero = now;
        switch (_simulator.Options.Start)
        {
            case LoopStart.WallClock:
                (_zero, _zeroMedia) = (_simulator.Origin, MediaTime.FromScale(_simulator.OriginWall.Microseconds, 1_000_000) + Camera.Phase);
                break;
            case LoopStart.Spread when Described.Video is { } video:
                _zeroMedia = video.Units[video.Keys[Camera.Ordinal % video.Keys.Count]].Decode + Camera.ReorderDelay;
                break;
            default:
                _zeroMedia = Described.Video is { } first ? first.Units[0].Decode + Camera.ReorderDelay : MediaTime.Zero;
                break;
        }
    }
}
