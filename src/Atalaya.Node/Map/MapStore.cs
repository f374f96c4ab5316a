using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Map;

/// <summary>Places of cameras and plans of the site.</summary>
sealed class MapStore(Func<DbDataSource> source)
{
    public MapStore(NodeDatabase database)
        : this(() => database.Source)
    {
    }

    public MapStore(DbDataSource source)
        : this(() => source)
    {
    }

    DbDataSource Store => source();

    public async Task<IReadOnlyDictionary<string, PlaceJson>> PlacesAsync(CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<PlaceRow>(new CommandDefinition("select camera, latitude, longitude, heading, angle, range_m as Range from camera_places", cancellationToken: stop));
        return rows.ToDictionary(r => r.Camera, r => new PlaceJson(r.Latitude, r.Longitude, r.Heading, r.Angle, r.Range), StringComparer.Ordinal);
    }

    public async Task PutAsync(string camera, PlaceJson place, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        await PutAsync(connection, null, camera, place, stop);
    }

    public static Task PutAsync(DbConnection connection, DbTransaction? transaction, string camera, PlaceJson place, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            insert into camera_places (camera, latitude, longitude, heading, angle, range_m) values (@camera, @Latitude, @Longitude, @Heading, @Angle, @Range)
            on conflict (camera) do update set latitude = excluded.latitude, longitude = excluded.longitude, heading = excluded.heading, angle = excluded.angle, range_m = excluded.range_m
            """,
            new { camera, place.Latitude, place.Longitude, place.Heading, place.Angle, place.Range }, transaction, cancellationToken: stop));

    public async Task RemoveAsync(string camera, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        await RemoveAsync(connection, null, camera, stop);
    }

    public static Task RemoveAsync(DbConnection connection, DbTransaction? transaction, string camera, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition("delete from camera_places where camera = @camera", new { camera }, transaction, cancellationToken: stop));

    public async Task<IReadOnlyList<PlanJson>> PlansAsync(CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<PlanRow>(new CommandDefinition(
            "select id, name, south, west, north, east, changed_at as ChangedAt, image_type as ImageType from plans order by name, id", cancellationToken: stop));
        return [.. rows.Select(Of)];
    }

    public async Task<PlanJson?> PlanAsync(string id, CancellationToken stop) => (await PlansAsync(stop)).FirstOrDefault(p => p.Id == id);

    public async Task PutPlanAsync(string id, PlanInputJson plan, WallTime at, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        await PutPlanAsync(connection, null, id, plan, at, stop);
    }

    public static Task PutPlanAsync(DbConnection connection, DbTransaction? transaction, string id, PlanInputJson plan, WallTime at, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            insert into plans (id, name, south, west, north, east, changed_at) values (@id, @Name, @South, @West, @North, @East, @at)
            on conflict (id) do update set name = excluded.name, south = excluded.south, west = excluded.west, north = excluded.north, east = excluded.east, changed_at = excluded.changed_at
            """,
            new { id, plan.Name, plan.South, plan.West, plan.North, plan.East, at = at.Microseconds }, transaction, cancellationToken: stop));

    /// <returns>False if there is no such plan.</returns>
    public async Task<bool> PutImageAsync(string id, string type, byte[] image, WallTime at, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "update plans set image_type = @type, image = @image, changed_at = @at where id = @id", new { id, type, image, at = at.Microseconds }, cancellationToken: stop)) > 0;
    }

    public async Task<(string Type, byte[] Bytes)?> ImageAsync(string id, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        var row = await connection.QueryFirstOrDefaultAsync<ImageRow>(new CommandDefinition(
            "select image_type as Type, image as Bytes from plans where id = @id and image is not null", new { id }, cancellationToken: stop));
        return row is null ? null : (row.Type, row.Bytes);
    }

    /// <returns>False if there is no such plan.</returns>
    public async Task<bool> RemovePlanAsync(string id, CancellationToken stop)
    {
        await using var connection = await Store.OpenConnectionAsync(stop);
        return await RemovePlanAsync(connection, null, id, stop) > 0;
    }

    public static Task<int> RemovePlanAsync(DbConnection connection, DbTransaction? transaction, string id, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition("delete from plans where id = @id", new { id }, transaction, cancellationToken: stop));

    // The time makes each picture's address its own, so that a browser may keep it.
    static PlanJson Of(PlanRow row) =>
        new(row.Id, row.Name, row.South, row.West, row.North, row.East, row.ImageType is null ? null : $"/api/plans/{row.Id}/image?at={row.ChangedAt}");

    sealed class PlaceRow
    {
        public string Camera { get; init; } = "";
        public double Latitude { get; init; }
        public double Longitude { get; init; }
        public double? Heading { get; init; }
        public double? Angle { get; init; }
        public double? Range { get; init; }
    }

    sealed class PlanRow
    {
        public string Id { get; init; } = "";
        public string Name { get; init; } = "";
        public double South { get; init; }
        public double West { get; init; }
        public double North { get; init; }
        public double East { get; init; }
        public long ChangedAt { get; init; }
        public string? ImageType { get; init; }
    }

    sealed class ImageRow
    {
        public string Type { get; init; } = "";
        public byte[] Bytes { get; init; } = [];
    }
}
