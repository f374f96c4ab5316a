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
        foreach (var masks in await ReadAsync(connection, stop))
            _masks[masks.Camera] = masks;
    }

    /// <summary>The newest version of each camera.</summary>
    public static async Task<IReadOnlyList<CameraMasks>> ReadAsync(DbConnection connection, CancellationToken stop) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            $"{Row.Select} where version = (select max(m.version) from camera_masks m where m.camera = camera_masks.camera)", cancellationToken: stop))).Select(r => r.ToMasks())];

    /// <summary>Writes a camera's next version.</summary>
    public static Task AddAsync(DbConnection connection, DbTransaction transaction, string camera, IReadOnlyList<Mask> masks, string byName, string byId, WallTime at, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            insert into camera_masks (camera, version, at, by_id, by_name, masks)
            select @camera, coalesce(max(version), 0) + 1, @at, @byId, @byName, @masks from camera_masks where camera = @camera
            """, new { camera, at = at.Microseconds, byId, byName, masks = Text(masks) }, transaction, cancellationToken: stop));

    public static bool AreSame(IReadOnlyList<Mask> one, IReadOnlyList<Mask> other) => Text(one) == Text(other);

    static string Text(IReadOnlyList<Mask> masks) => JsonSerializer.Serialize(masks, MaskJson.Default.IReadOnlyListMask);

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
                new { changed.Camera, changed.Version, at = changed.At.Microseconds, changed.ById, changed.ByName, masks = Text(masks) },
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

    /// <summary>Has somebody write masks beside this, in a transaction of theirs; what they wrote is in force behind it.</summary>
    /// <param name="seen">What they go by, camera by camera.</param>
    /// <returns>False: somebody else was faster, and nothing was written.</returns>
    public async Task<bool> TakeAsync(IReadOnlyDictionary<string, IReadOnlyList<Mask>> seen, Func<Task> write, CancellationToken stop)
    {
        var changed = new List<string>();
        await _writing.WaitAsync(stop);
        try
        {
            if (seen.Any(s => !AreSame(s.Value, Latest(s.Key)?.Masks ?? [])))
                return false;
            await write();
            await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
            foreach (var masks in await ReadAsync(connection, CancellationToken.None))
            {
                if (Latest(masks.Camera)?.Version == masks.Version)
                    continue;
                _masks[masks.Camera] = masks;
                changed.Add(masks.Camera);
            }
        }
        finally
        {
            _writing.Release();
        }

        foreach (string camera in changed)
            Changed?.Invoke(camera);
        return true;
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
