using System.Collections.Immutable;
using Atalaya.Media;

namespace Atalaya.Cameras;

/// <summary>
/// One camera while it is known: its hubs stay the same over every change of configuration, so that viewers and recorders
/// needn't come anew.
/// </summary>
/// <remarks>Thread-safe to read. <see cref="CameraSet"/> alone changes it.</remarks>
public sealed class Camera
{
    readonly CameraServices _services;
    readonly Dictionary<StreamKind, (CameraSession Session, Task Run)> _sessions = [];   // touched only by CameraSet's changes
    ImmutableArray<CameraSession> _reported = [];
    WallTime _since;

    internal Camera(CameraConfig config, CameraServices services)
    {
        Config = config;
        _services = services;
        Main = new(services.KeepGroups);
        Sub = new(services.KeepGroups);
        _since = WallTime.Now(services.Clock);
    }

    /// <summary>The newest snapshot.</summary>
    public CameraConfig Config { get; private set; }
    public string Id => Config.Id;
    public StreamHub Main { get; }

    /// <summary>Silent when the camera has no sub-stream.</summary>
    public StreamHub Sub { get; }

    public StreamHub Hub(StreamKind stream) => stream == StreamKind.Main ? Main : Sub;

    public CameraStatus Status()
    {
        var streams = _reported.Select(s => s.Status()).ToImmutableArray();
        if (streams.IsEmpty)
            return new(CameraState.Disabled, "Switched off in the configuration.", _since, 0, streams);
        var main = streams[0];
        var failing = streams.FirstOrDefault(s => s.State != CameraState.Running);
        return main.State == CameraState.Running && failing is not null && failing.State != CameraState.Connecting
            ? new(CameraState.Degraded, $"The sub-stream: {failing.Reason}", failing.Since, failing.Attempt, streams)
            : new(main.State, main.Reason, main.Since, main.Attempt, streams);
    }

    internal void Sample()
    {
        foreach (var session in _reported)
            session.Sample();
    }

    /// <summary>Stops what must stop for <paramref name="next"/>, and starts what must start.</summary>
    internal async Task ApplyAsync(CameraConfig next)
    {
        var before = Config;
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            if (_sessions.ContainsKey(stream) && next.NeedsNewSession(before, stream))
                await StopAsync(stream, BreakCause.Operator);
        }

        if (before.Enabled != next.Enabled)
            _since = WallTime.Now(_services.Clock);
        Config = next;
        Start();
    }

    internal void Start()
    {
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            if (!Config.Enabled || Config.Url(stream) is null || _sessions.ContainsKey(stream))
                continue;
            var session = new CameraSession(Config, stream, Hub(stream), _services);
            _sessions.Add(stream, (session, Task.Run(session.RunAsync)));
        }

        Publish();
    }

    internal async Task StopAsync(BreakCause cause)
    {
        foreach (var (session, _) in _sessions.Values)
            session.Stop(cause);
        foreach (var stream in _sessions.Keys.ToArray())
            await StopAsync(stream, cause);
    }

    async Task StopAsync(StreamKind stream, BreakCause cause)
    {
        var (session, run) = _sessions[stream];
        session.Stop(cause);
        await run;
        _sessions.Remove(stream);
        Publish();
        session.Dispose();
    }

    void Publish() => _reported = [.. _sessions.OrderBy(s => s.Key).Select(s => s.Value.Session)];
}
