using System.Collections.Immutable;

using Atalaya.Cameras;
using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Cameras;

/// <summary>A camera and who defines it.</summary>
sealed record RosterEntry(CameraConfig Config, CameraSource Source);

/// <summary>How a change of the roster ended.</summary>
enum RosterChange
{
    Done,
    NoSuchCamera,
    IdTaken,
    DefinedByFile,
}

/// <summary>
/// Which cameras there are: those of the configuration file and those of the API. Every change makes a new list, which the running
/// cameras follow; those that are the same in both aren't touched.
/// </summary>
sealed class CameraRoster : IHostedService, IAsyncDisposable
{
    readonly NodeDatabase _database;
    readonly CameraScopes _places;
    readonly IReadOnlyList<CameraEntry> _atStart;
    readonly NodeOptions _options;
    readonly TimeProvider _clock;
    readonly ILogger<CameraRoster> _log;
    readonly SemaphoreSlim _changing = new(1, 1);
    CameraStore? _store;
    ImmutableSortedDictionary<string, CameraConfig> _ofFile, _ofApi = ImmutableSortedDictionary<string, CameraConfig>.Empty;   // changed under _changing

    public CameraRoster(NodeDatabase database, CameraScopes places, NodeOptions options, IReadOnlyList<CameraEntry> cameras, TimeProvider clock, ILogger<CameraRoster> log, ILoggerFactory logs)
    {
        _database = database;
        _places = places;
        _atStart = cameras;
        _options = options;
        _clock = clock;
        _log = log;
        _ofFile = Configs(cameras);
        // 10 s without media: longer than the key frame distance of slow streams, short enough that a dead camera is seen as one.
        Services = new(new BlockPool(), clock, logs.CreateLogger("Atalaya.Cameras"), options.Rtsp.Allows, TimeSpan.FromSeconds(10), KeepGroups: true);
        Set = new(Services);
    }

    /// <summary>What the cameras share.</summary>
    public CameraServices Services { get; }

    /// <summary>The running cameras.</summary>
    public CameraSet Set { get; }

    /// <summary>Raised after any change, with the ids that are there now.</summary>
    public event Action? Changed;

    public IEnumerable<RosterEntry> All => Merged().Values;

    public RosterEntry? Find(string id) =>
        _ofFile.TryGetValue(id, out var ofFile) ? new(ofFile, CameraSource.File)
        : _ofApi.TryGetValue(id, out var ofApi) ? new(ofApi, CameraSource.Api) : null;

    public async Task StartAsync(CancellationToken stop)
    {
        _store = new(_database.Source, CameraStore.Protector(_database.Folder.Keys), _clock);
        var cameras = await _store.AllAsync((id, reason) => _log.LogError("Camera {Camera} isn't started. {Reason}", id, reason), stop);
        _ofApi = cameras.ToImmutableSortedDictionary(c => c.Id, c => c);
        await _places.TakeFileAsync(_atStart);
        await FollowAsync();
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            await Set.DisposeAsync();
    }

    int _disposed;

    /// <summary>Takes over what the file says now.</summary>
    public Task TakeFileAsync(IReadOnlyList<CameraEntry> cameras) => ChangeAsync(async () =>
    {
        await _places.TakeFileAsync(cameras);
        _ofFile = Configs(cameras);
        return RosterChange.Done;
    });

    public Task<RosterChange> AddAsync(CameraConfig camera, CancellationToken stop) => ChangeAsync(async () =>
    {
        if (Find(camera.Id) is not null)
            return RosterChange.IdTaken;
        await _store!.PutAsync(camera, stop);
        _ofApi = _ofApi.SetItem(camera.Id, camera);
        return RosterChange.Done;
    });

    public Task<RosterChange> ReplaceAsync(CameraConfig camera, CancellationToken stop) => ChangeAsync(async () =>
    {
        if (Refusal(camera.Id) is { } refusal)
            return refusal;
        await _store!.PutAsync(camera, stop);
        _ofApi = _ofApi.SetItem(camera.Id, camera);
        return RosterChange.Done;
    });

    public Task<RosterChange> RemoveAsync(string id, CancellationToken stop) => ChangeAsync(async () =>
    {
        if (Refusal(id) is { } refusal)
            return refusal;
        await _store!.DeleteAsync(id, stop);
        _ofApi = _ofApi.Remove(id);
        return RosterChange.Done;
    });

    /// <summary>Many changes as one. Nobody else changes cameras while <paramref name="write"/> reads, judges and stores them.</summary>
    /// <param name="write">What it has stored: cameras of the API, and ids of those that are gone; null: nothing.</param>
    public async Task ChangeManyAsync(Func<Task<(IReadOnlyList<CameraConfig> Put, IReadOnlyList<string> Removed)?>> write)
    {
        await _changing.WaitAsync();
        try
        {
            if (await write() is not var (put, removed))
                return;
            _ofApi = _ofApi.RemoveRange(removed).SetItems(put.Select(c => KeyValuePair.Create(c.Id, c)));
            await FollowAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    RosterChange? Refusal(string id) =>
        _ofFile.ContainsKey(id) ? RosterChange.DefinedByFile : _ofApi.ContainsKey(id) ? null : RosterChange.NoSuchCamera;

    async Task<RosterChange> ChangeAsync(Func<Task<RosterChange>> change)
    {
        await _changing.WaitAsync();
        try
        {
            var result = await change();
            if (result == RosterChange.Done)
                await FollowAsync();
            return result;
        }
        finally
        {
            _changing.Release();
        }
    }

    async Task FollowAsync()
    {
        foreach (string id in _ofApi.Keys.Where(_ofFile.ContainsKey))
            _log.LogWarning("Camera {Camera} is in the configuration file and was added through the API as well; the file's is used.", id);
        await Set.ApplyAsync([.. Merged().Values.Select(e => e.Config)]);
        Changed?.Invoke();
    }

    ImmutableSortedDictionary<string, RosterEntry> Merged()
    {
        var all = _ofApi.ToImmutableSortedDictionary(c => c.Key, c => new RosterEntry(c.Value, CameraSource.Api)).ToBuilder();
        foreach (var (id, config) in _ofFile)
            all[id] = new(config, CameraSource.File);
        return all.ToImmutable();
    }

    ImmutableSortedDictionary<string, CameraConfig> Configs(IReadOnlyList<CameraEntry> entries) =>
        entries.Select(e => CameraRules.TryMake(e.ToDraft(), _options.Rtsp, static (_, _) => { })!).ToImmutableSortedDictionary(c => c.Id, c => c);
}
