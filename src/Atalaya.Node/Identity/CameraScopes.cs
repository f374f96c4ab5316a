using System.Collections.Immutable;
using System.Data.Common;

using Atalaya.Node.Cameras;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Identity;

/// <summary>Where a camera belongs, for the grants that speak of sites and groups.</summary>
/// <param name="Site">Empty: none.</param>
sealed record CameraScope(string Site, IReadOnlyList<string> Groups)
{
    public const int MaxName = 63, MaxGroups = 16;

    public static CameraScope None { get; } = new("", []);

    public bool Equals(CameraScope? other) => other is not null && Site == other.Site && Groups.SequenceEqual(other.Groups);

    public override int GetHashCode() => HashCode.Combine(Site, Groups.Count);

    /// <param name="onError">Called with the field and what is wrong.</param>
    public static CameraScope Make(string? site, IReadOnlyList<string>? groups, Action<string, string> onError)
    {
        if (!string.IsNullOrEmpty(site) && !IsName(site))
            onError("site", $"must be at most {MaxName} characters, without commas or line breaks.");
        if (groups?.Count > MaxGroups || groups?.Any(g => !IsName(g)) == true)
            onError("groups", $"must be at most {MaxGroups} names, each 1 to {MaxName} characters without commas or line breaks.");
        return new(site?.Trim() ?? "", [.. (groups ?? []).Select(g => g.Trim()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    public static bool IsName(string? name) => !string.IsNullOrWhiteSpace(name) && name.Length <= MaxName && !name.Any(c => char.IsControl(c) || c == ',');
}

/// <summary>
/// The site and groups of every camera that is or was there: footage of a removed one stays with those who could see it before.
/// </summary>
sealed class CameraScopes(NodeDatabase database) : IHostedService, IDisposable
{
    readonly SemaphoreSlim _changing = new(1, 1);
    ImmutableDictionary<string, CameraScope> _places = ImmutableDictionary<string, CameraScope>.Empty;  // changed under _changing
    ImmutableDictionary<string, CameraScope> _sites = ImmutableDictionary<string, CameraScope>.Empty;   // by link: the other sites of this organisation; swapped whole

    public IEnumerable<string> Sites => _places.Values.Concat(_sites.Values).Select(p => p.Site).Where(s => s.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    public IEnumerable<string> Groups => _places.Values.SelectMany(p => p.Groups).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>As they are now, by camera.</summary>
    public IReadOnlyDictionary<string, CameraScope> All => _places;

    /// <param name="camera">Id, or <c>link/camera</c> of another site: all of its cameras are at it, and in no group.</param>
    public CameraScope Of(string camera) => camera.IndexOf('/') is >= 0 and var slash
        ? _sites.GetValueOrDefault(camera[..slash], CameraScope.None)
        : _places.GetValueOrDefault(camera, CameraScope.None);

    /// <summary>Takes over which other sites there are: link and name.</summary>
    public void TakeSites(IEnumerable<KeyValuePair<string, string>> sites) => _sites = sites.ToImmutableDictionary(s => s.Key, s => new CameraScope(s.Value, []), StringComparer.Ordinal);

    public Task StartAsync(CancellationToken stop) => LoadAsync(stop);

    /// <summary>After a change that wasn't made here.</summary>
    public async Task LoadAsync(CancellationToken stop)
    {
        await _changing.WaitAsync(stop);
        try
        {
            _places = await ReadAsync(database.Source, stop);
        }
        finally
        {
            _changing.Release();
        }
    }

    public static async Task<ImmutableDictionary<string, CameraScope>> ReadAsync(DbDataSource source, CancellationToken stop)
    {
        await using var connection = await source.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<(string Camera, string Site, string Groups)>(
            new CommandDefinition("select camera, site, camera_groups from camera_scopes", cancellationToken: stop));
        return rows.ToImmutableDictionary(r => r.Camera, r => new CameraScope(r.Site, r.Groups.Split(',', StringSplitOptions.RemoveEmptyEntries)), StringComparer.Ordinal);
    }

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose() => _changing.Dispose();

    /// <summary>Takes over what the configuration file says.</summary>
    public async Task TakeFileAsync(IEnumerable<CameraEntry> cameras)
    {
        foreach (var camera in cameras)
            await PutAsync(camera.Id, CameraScope.Make(camera.Site, camera.Groups, static (_, _) => { }), CancellationToken.None);
    }

    public async Task PutAsync(string camera, CameraScope place, CancellationToken stop)
    {
        await _changing.WaitAsync(stop);
        try
        {
            if (Of(camera).Equals(place))
                return;
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await PutAsync(connection, null, camera, place, stop);
            _places = _places.SetItem(camera, place);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Into the table alone.</summary>
    public static Task PutAsync(DbConnection connection, DbTransaction? transaction, string camera, CameraScope place, CancellationToken stop) => connection.ExecuteAsync(new CommandDefinition(
        """
        insert into camera_scopes (camera, site, camera_groups) values (@camera, @Site, @groups)
        on conflict (camera) do update set site = excluded.site, camera_groups = excluded.camera_groups
        """,
        new { camera, place.Site, groups = string.Join(',', place.Groups) }, transaction, cancellationToken: stop));
}
