using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Layouts;

/// <summary>What somebody arranged, as it is kept; whom it is shown to is decided by <see cref="LayoutEndpoints"/>.</summary>
/// <param name="Content"><see cref="Wall"/> or <see cref="Tour"/>.</param>
sealed record Arranged<T>(Guid Id, string Owner, string OwnerName, bool Shared, string Name, T Content, long Version);

sealed record Wall(int Size, IReadOnlyList<TileJson> Tiles);

sealed record Tour(IReadOnlyList<TourStepJson> Steps);

/// <summary>Layouts and tours in the node's database.</summary>
sealed class LayoutStore(NodeDatabase database, TimeProvider clock)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    const string Columns = "l.id, l.owner, case when u.full_name = '' then u.name else u.full_name end as OwnerName, l.shared, l.name, l.content, l.version";

    /// <summary>A user's own and those of everybody, by name.</summary>
    public async Task<IReadOnlyList<Arranged<T>>> AllAsync<T>(string user, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"select {Columns} from layouts l join users u on u.id = l.owner where l.kind = @kind and (l.owner = @user or l.shared = 1) order by l.name, l.id",
            new { kind = KindOf<T>(), user }, cancellationToken: stop));
        return [.. rows.Select(Of<T>)];
    }

    /// <returns>Null: there is none, or it is somebody else's own.</returns>
    public async Task<Arranged<T>?> FindAsync<T>(Guid id, string user, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var row = await connection.QueryFirstOrDefaultAsync<Row>(new CommandDefinition(
            $"select {Columns} from layouts l join users u on u.id = l.owner where l.id = @id and l.kind = @kind and (l.owner = @user or l.shared = 1)",
            new { id = id.ToString(), kind = KindOf<T>(), user }, cancellationToken: stop));
        return row is null ? null : Of<T>(row);
    }

    /// <returns>How many a user has of their own, and how many there are for everybody.</returns>
    public async Task<(long Own, long Shared)> CountAsync<T>(string user, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
            """
            select coalesce(sum(case when owner = @user and shared = 0 then 1 else 0 end), 0), coalesce(sum(case when shared = 1 then 1 else 0 end), 0)
            from layouts where kind = @kind
            """,
            new { kind = KindOf<T>(), user }, cancellationToken: stop));
    }

    public async Task AddAsync<T>(Guid id, string user, bool shared, string name, T content, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into layouts (id, kind, owner, shared, name, content, version, changed_at) values (@id, @kind, @user, @shared, @name, @content, 1, @at)",
            new { id = id.ToString(), kind = KindOf<T>(), user, shared = shared ? 1L : 0L, name, content = JsonSerializer.Serialize(content, Json), at = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
    }

    /// <returns>False: somebody was faster, or it is gone.</returns>
    public async Task<bool> ChangeAsync<T>(Guid id, long version, bool shared, string name, T content, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "update layouts set shared = @shared, name = @name, content = @content, version = version + 1, changed_at = @at where id = @id and version = @version",
            new { id = id.ToString(), version, shared = shared ? 1L : 0L, name, content = JsonSerializer.Serialize(content, Json), at = WallTime.Now(clock).Microseconds }, cancellationToken: stop)) == 1;
    }

    public async Task RemoveAsync(Guid id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from layouts where id = @id", new { id = id.ToString() }, cancellationToken: stop));
    }

    static string KindOf<T>() => typeof(T) == typeof(Tour) ? "tour" : "layout";

    static Arranged<T> Of<T>(Row row) =>
        new(Guid.Parse(row.Id), row.Owner, row.OwnerName, row.Shared == 1, row.Name, JsonSerializer.Deserialize<T>(row.Content, Json)!, row.Version);

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Owner { get; init; } = "";
        public string OwnerName { get; init; } = "";
        public long Shared { get; init; }
        public string Name { get; init; } = "";
        public string Content { get; init; } = "";
        public long Version { get; init; }
    }
}
