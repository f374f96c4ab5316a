using System.Collections.Immutable;
using System.Security.Cryptography;

using Atalaya.Cameras;

namespace Atalaya.Node.Cameras;

/// <summary>
/// Cameras that somebody looks at before adding them: sessions like any other, but nobody records them, no list shows them, and they end by
/// themselves.
/// </summary>
sealed class CameraPreviews(CameraRoster roster, TimeProvider clock) : IHostedService, IAsyncDisposable
{
    /// <summary>At once. Each is a stream of a camera; a person looks at one.</summary>
    public const int Most = 8;

    /// <summary>Long enough to find the right name for what one sees; a page that goes away ends its preview itself.</summary>
    static readonly TimeSpan Length = TimeSpan.FromMinutes(3);

    readonly SemaphoreSlim _changing = new(1, 1);
    ImmutableDictionary<string, (CameraConfig Config, DateTimeOffset End)> _previews = ImmutableDictionary<string, (CameraConfig, DateTimeOffset)>.Empty;   // changed under _changing
    ITimer? _ending;

    /// <summary>The sessions.</summary>
    public CameraSet Set { get; } = new(roster.Services);

    public Task StartAsync(CancellationToken stop)
    {
        _ending = clock.CreateTimer(_ => _ = EndOldAsync(), null, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ending, null) is { } ending)
        {
            await ending.DisposeAsync();
            await Set.DisposeAsync();
        }
    }

    /// <returns>Null: there are too many.</returns>
    public async Task<PreviewJson?> BeginAsync(CameraConfig config)
    {
        // Whoever knows the id sees the picture.
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var end = clock.GetUtcNow() + Length;
        return await ChangeAsync(previews => previews.Count >= Most ? null : previews.Add(id, (config with { Id = id, Enabled = true, Record = RecordedStreams.None, Onvif = null }, end)))
            ? new(id, end)
            : null;
    }

    /// <returns>False: there is none.</returns>
    public Task<bool> EndAsync(string id) => ChangeAsync(previews => previews.Remove(id) is var left && left.Count < previews.Count ? left : null);

    async Task EndOldAsync()
    {
        var now = clock.GetUtcNow();
        if (_previews.Values.Any(p => p.End <= now))
            await ChangeAsync(previews => previews.RemoveRange(previews.Where(p => p.Value.End <= now).Select(p => p.Key)));
    }

    async Task<bool> ChangeAsync(Func<ImmutableDictionary<string, (CameraConfig Config, DateTimeOffset End)>, ImmutableDictionary<string, (CameraConfig, DateTimeOffset)>?> change)
    {
        await _changing.WaitAsync();
        try
        {
            if (change(_previews) is not { } next)
                return false;
            _previews = next;
            await Set.ApplyAsync([.. _previews.Values.Select(p => p.Config)]);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }
}
