using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Scene;

/// <summary>
/// What happened in front of the cameras, from whatever source: rules, cameras' own analytics, other systems. Everyone writes through
/// <see cref="RecordAsync"/>.
/// </summary>
sealed class SceneEvents(NodeDatabase database, NodeOptions options, TimeProvider clock, ILogger<SceneEvents> log) : IHostedService, IDisposable
{
    /// <summary>How often rows whose time is over are looked for.</summary>
    static readonly TimeSpan ForgetEvery = TimeSpan.FromMinutes(10);

    ITimer? _forgetting;
    int _busy;

    /// <summary>Raised, quickly, when an event was written that wasn't known before.</summary>
    public event Action<SceneEvent>? Recorded;

    public SceneEventStore Store => new(database.Source);

    public Task StartAsync(CancellationToken stop)
    {
        _forgetting = clock.CreateTimer(_ => _ = ForgetAsync(), null, TimeSpan.FromSeconds(30), ForgetEvery);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken stop)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _forgetting?.Dispose();

    /// <summary>Writes an event. Delivered twice, it is there once: its id tells.</summary>
    /// <returns>False: it was known already.</returns>
    /// <exception cref="System.Data.Common.DbException">The database can't be written; the same event may be given again.</exception>
    public async Task<bool> RecordAsync(SceneEvent scene, CancellationToken stop)
    {
        if (!await Store.AddAsync(scene, WallTime.Now(clock), stop))
            return false;
        Recorded?.Invoke(scene);
        return true;
    }

    /// <summary>Forgets what is too old or too much (options <c>scene.keep</c> and <c>scene.maxEvents</c>).</summary>
    public async Task ForgetAsync()
    {
        if (Interlocked.Exchange(ref _busy, 1) == 1)
            return;
        try
        {
            var before = WallTime.Now(clock) - options.Scene.Keep;
            while (await Store.ForgetAsync(before, options.Scene.MaxEvents, CancellationToken.None) > 0)
            {
            }
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning(fault, "Scene events whose time is over couldn't be removed; it is tried again.");
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }
}
