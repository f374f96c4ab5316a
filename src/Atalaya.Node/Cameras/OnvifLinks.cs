using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Node.Scene;

namespace Atalaya.Node.Cameras;

/// <summary>An ONVIF session for each camera that has an address for it: follows the cameras as they come, change and go.</summary>
sealed class OnvifLinks(CameraRoster roster, SceneEvents scene, ILogger<OnvifLinks> log) : IHostedService, IAsyncDisposable
{
    readonly Dictionary<string, OnvifSession> _sessions = new(StringComparer.Ordinal);      // this and the next under _sessions
    readonly List<Task> _ending = [];

    /// <summary>Raised, quickly, when a session's status has changed.</summary>
    public event Action? Changed;

    public Task StartAsync(CancellationToken stop)
    {
        roster.Set.Adding += camera => Follow(camera.Config, null);
        roster.Set.Changing += (camera, next) => Follow(next, camera.Config);
        roster.Set.Removed += camera => Follow(null, camera.Config);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Task[] ending;
        lock (_sessions)
        {
            foreach (var session in _sessions.Values)
                _ending.Add(session.DisposeAsync().AsTask());
            _sessions.Clear();
            ending = [.. _ending];
        }

        await Task.WhenAll(ending);
    }

    /// <summary>Null: the camera has no ONVIF address, or is switched off.</summary>
    public OnvifSession? Find(string camera)
    {
        lock (_sessions)
            return _sessions.GetValueOrDefault(camera);
    }

    /// <summary>Of every camera that has one.</summary>
    public IReadOnlyList<(string Camera, OnvifStatus Status)> Statuses()
    {
        lock (_sessions)
            return [.. _sessions.Select(s => (s.Key, s.Value.Status))];
    }

    void Follow(CameraConfig? next, CameraConfig? before)
    {
        if (next is not null && before is not null && !next.NeedsNewOnvif(before))
            return;
        lock (_sessions)
        {
            _ending.RemoveAll(t => t.IsCompleted);
            if (before is not null && _sessions.Remove(before.Id, out var old))
                _ending.Add(old.DisposeAsync().AsTask());
            if (next is { Onvif: not null, Enabled: true })
            {
                var session = new OnvifSession(next, roster.Services, scene.RecordAsync);
                session.Changed += () => Changed?.Invoke();
                _sessions[next.Id] = session;
                session.Start();
                log.LogDebug("{Camera} is asked over ONVIF at {Device}.", next.Id, next.Onvif.Device);
            }
        }
    }
}
