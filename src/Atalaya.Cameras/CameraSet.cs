using System.Collections.Concurrent;
using System.Collections.Immutable;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras;

/// <summary>All cameras of a node. A new snapshot of configurations starts, changes and stops only what differs.</summary>
/// <remarks>Thread-safe; snapshots are applied one after another.</remarks>
public sealed class CameraSet : IAsyncDisposable
{
    readonly CameraServices _services;
    readonly SemaphoreSlim _applying = new(1, 1);
    readonly ITimer _sampling;
    ImmutableSortedDictionary<string, Camera> _cameras = ImmutableSortedDictionary<string, Camera>.Empty;

    public CameraSet(CameraServices services)
    {
        _services = services;
        _sampling = services.Clock.CreateTimer(_ => Sample(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Raised before a new camera's first connection, so that recorders can be attached to its hubs without losing a picture.</summary>
    public event Action<Camera>? Adding;

    /// <summary>Raised when a camera's configuration was swapped, before sessions follow it.</summary>
    public event Action<Camera, CameraConfig>? Changing;

    /// <summary>Raised after the last session of a removed camera has ended.</summary>
    public event Action<Camera>? Removed;

    /// <summary>Raised once a second, after rates were counted.</summary>
    public event Action? Sampled;

    /// <summary>By id.</summary>
    public IEnumerable<Camera> All => _cameras.Values;

    public Camera? Find(string id) => _cameras.GetValueOrDefault(id);

    /// <summary>
    /// Makes the running cameras those of <paramref name="configs"/>; ones that are equal aren't touched. A camera whose change fails, because a
    /// handler of an event threw, keeps no other from its own; it is tried again with the next snapshot.
    /// </summary>
    /// <exception cref="ArgumentException">Two configurations have one id.</exception>
    /// <exception cref="AggregateException">What handlers threw, after everything else was applied.</exception>
    public async Task ApplyAsync(IReadOnlyCollection<CameraConfig> configs, CancellationToken stop = default)
    {
        var wanted = configs.ToImmutableSortedDictionary(c => c.Id, c => c);
        await _applying.WaitAsync(stop);
        try
        {
            // Side by side: a camera that is slow to say goodbye must not hold up the others.
            var faults = new ConcurrentBag<Exception>();
            await Task.WhenAll(_cameras.Values.Where(c => !wanted.ContainsKey(c.Id)).ToArray().Select(c => TryAsync(c.Id, "removed", () => RemoveAsync(c))));
            await Task.WhenAll(_cameras.Values.Where(c => wanted.TryGetValue(c.Id, out var next) && next != c.Config).ToArray()
                .Select(c => TryAsync(c.Id, "changed", () => ChangeAsync(c, wanted[c.Id]))));
            foreach (var config in wanted.Values.Where(c => !_cameras.ContainsKey(c.Id)).ToArray())
                await TryAsync(config.Id, "added", () => AddAsync(config));
            if (!faults.IsEmpty)
                throw new AggregateException(faults);

            async Task TryAsync(string id, string what, Func<Task> change)
            {
                try
                {
                    await change();
                }
                catch (Exception e)
                {
                    _services.Log.LogError(e, "{Camera} couldn't be {What}; the other cameras aren't concerned.", id, what);
                    faults.Add(e);
                }
            }
        }
        finally
        {
            _applying.Release();
        }
    }

    /// <summary>Ends every session; readers of the hubs hear <see cref="BreakCause.Shutdown"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _applying.WaitAsync();
        try
        {
            await _sampling.DisposeAsync();
            await Task.WhenAll(_cameras.Values.Select(c => c.StopAsync(BreakCause.Shutdown)));
        }
        finally
        {
            _applying.Release();
        }
    }

    Task AddAsync(CameraConfig config)
    {
        var camera = new Camera(config, _services);
        Adding?.Invoke(camera);
        ImmutableInterlocked.Update(ref _cameras, map => map.SetItem(config.Id, camera));
        camera.Start();
        return Task.CompletedTask;
    }

    async Task RemoveAsync(Camera camera)
    {
        await camera.StopAsync(BreakCause.Operator);
        ImmutableInterlocked.Update(ref _cameras, map => map.Remove(camera.Id));
        Removed?.Invoke(camera);
    }

    async Task ChangeAsync(Camera camera, CameraConfig next)
    {
        Changing?.Invoke(camera, next);
        await camera.ApplyAsync(next);
    }

    void Sample()
    {
        foreach (var camera in _cameras.Values)
            camera.Sample();
        Sampled?.Invoke();
    }
}
