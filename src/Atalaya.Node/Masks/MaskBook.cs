using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Masks;

/// <summary>The masks of all cameras: the newest in memory, every version in the database. A node that can't read them doesn't start.</summary>
sealed class MaskBook(NodeDatabase database, TimeProvider clock) : IHostedService, IDisposable
{
    readonly ConcurrentDictionary<string, CameraMasks> _masks = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Raised when a camera's masks are in force; must be quick.</summary>
    public event Action<string>? Changed;

    public async Task StartAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        foreach (var row in await connection.QueryAsync<Row>(new CommandDefinition(
            $"{Row.Select} where version = (select max(m.version) from camera_masks m where m.camera = camera_masks.camera)", cancellationToken: stop)))
            _masks[row.Camera] = row.ToMasks();
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose() => _writing.Dispose();

    /// <summary>What hides parts of a camera's picture; null: nothing does.</summary>
    public CameraMasks? Of(string camera) => _masks.TryGetValue(camera, out var masks) && masks.Masks.Count > 0 ? masks : null;

    /// <summary>The newest version, with masks or without; null: there never were any.</summary>
    public CameraMasks? Latest(string camera) => _masks.GetValueOrDefault(camera);

    /// <summary>Puts them in force once they are written down.</summary>
    /// <param name="expected">The version that was looked at before; 0: none.</param>
    /// <returns>Null: somebody else was faster.</returns>
    /// <exception cref="DbException">They can't be written: nothing has changed.</exception>
    public async Task<CameraMasks?> PutAsync(string camera, IReadOnlyList<Mask> masks, long expected, Caller caller, CancellationToken stop)
    {
        CameraMasks changed;
        await _writing.WaitAsync(stop);
        try
        {
            long version = _masks.TryGetValue(camera, out var before) ? before.Version : 0;
            if (version != expected)
                return null;
            changed = new(camera, version + 1, WallTime.Now(clock), caller.UserId, caller.Name, masks);
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await connection.ExecuteAsync(new CommandDefinition(
                "insert into camera_masks (camera, version, at, by_id, by_name, masks) values (@Camera, @Version, @at, @ById, @ByName, @masks)",
                new { changed.Camera, changed.Version, at = changed.At.Microseconds, changed.ById, changed.ByName, masks = JsonSerializer.Serialize(masks, MaskJson.Default.IReadOnlyListMask) },
                cancellationToken: stop));
            _masks[camera] = changed;
        }
        finally
        {
            _writing.Release();
        }

        Changed?.Invoke(camera);
        return changed;
    }

    /// <summary>Every version, the newest first.</summary>
    public async Task<IReadOnlyList<CameraMasks>> HistoryAsync(string camera, int limit, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            $"{Row.Select} where camera = @camera order by version desc limit @limit", new { camera, limit }, cancellationToken: stop))).Select(r => r.ToMasks())];
    }

    sealed record Row(string Camera, long Version, long At, string ById, string ByName, string Masks)
    {
        public const string Select = "select camera as Camera, version as Version, at as At, by_id as ById, by_name as ByName, masks as Masks from camera_masks";

        public CameraMasks ToMasks() => new(Camera, Version, new(At), ById, ByName, JsonSerializer.Deserialize(Masks, MaskJson.Default.IReadOnlyListMask)
            ?? throw new InvalidOperationException($"The masks of {Camera} in the database, version {Version}, are null."));
    }
}
