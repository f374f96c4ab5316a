using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Analysis;

/// <summary>Tables of analysis: settings of cameras and the ledger of blindness.</summary>
sealed class AnalysisStore(DbDataSource store)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public async Task<IReadOnlyDictionary<string, CameraAnalysis>> SettingsAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<(string Camera, string Settings)>(new CommandDefinition("select camera, settings from analysis_cameras", cancellationToken: stop));
        return rows.Select(r => (r.Camera, Settings: JsonSerializer.Deserialize<CameraAnalysis>(r.Settings, Json)!)).ToDictionary(r => r.Camera, r => r.Settings, StringComparer.Ordinal);
    }

    public async Task PutAsync(string camera, CameraAnalysis settings, WallTime at, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await PutAsync(connection, null, camera, settings, at, stop);
    }

    public static Task PutAsync(DbConnection connection, DbTransaction? transaction, string camera, CameraAnalysis settings, WallTime at, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            insert into analysis_cameras (camera, settings, changed_at) values (@camera, @settings, @at)
            on conflict (camera) do update set settings = excluded.settings, changed_at = excluded.changed_at
            """,
            new { camera, settings = JsonSerializer.Serialize(settings, Json), at = at.Microseconds }, transaction, cancellationToken: stop));

    public static Task RemoveAsync(DbConnection connection, DbTransaction transaction, string camera, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition("delete from analysis_cameras where camera = @camera", new { camera }, transaction, cancellationToken: stop));

    public async Task<WallTime?> AliveAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteScalarAsync<long?>(new CommandDefinition("select at_us from analysis_alive where id = 1", cancellationToken: stop)) is { } at ? new(at) : null;
    }

    public async Task SayAliveAsync(WallTime at, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into analysis_alive (id, at_us) values (1, @at) on conflict (id) do update set at_us = excluded.at_us", new { at = at.Microseconds }, cancellationToken: stop));
    }

    /// <summary>Writes beginnings and ends of stretches, all or none.</summary>
    public async Task WriteAsync(IReadOnlyCollection<BlindStretch> stretches, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await connection.ExecuteAsync(
            """
            insert into analysis_blind (camera, from_us, to_us, cause, detail) values (@Camera, @From, @To, @Cause, @Detail)
            on conflict (camera, from_us) do update set to_us = excluded.to_us, cause = excluded.cause, detail = excluded.detail
            """,
            stretches.Select(s => new { s.Camera, From = s.From.Microseconds, To = s.To?.Microseconds, Cause = s.Cause.ToString(), s.Detail }), transaction);
        await transaction.CommitAsync(stop);
    }

    /// <summary>Ends what a node that is gone left open: at the latest when it was last alive.</summary>
    public async Task CloseAsync(WallTime at, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "update analysis_blind set to_us = case when from_us > @at then from_us else @at end where to_us is null", new { at = at.Microseconds }, cancellationToken: stop));
    }

    /// <summary>Stretches that hold a part of [from, to), in order, not clipped.</summary>
    public async Task<IReadOnlyList<BlindStretch>> BlindAsync(string camera, WallTime from, WallTime to, int limit, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select camera, from_us as FromUs, to_us as ToUs, cause, detail from analysis_blind
            where camera = @camera and from_us < @to and (to_us is null or to_us > @from) order by from_us limit @limit
            """,
            new { camera, from = from.Microseconds, to = to.Microseconds, limit }, cancellationToken: stop));
        return [.. rows.Select(r => new BlindStretch(r.Camera, new(r.FromUs), r.ToUs is { } end ? new(end) : null, Enum.Parse<BlindCause>(r.Cause), r.Detail))];
    }

    public async Task ForgetAsync(WallTime before, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from analysis_blind where to_us < @before", new { before = before.Microseconds }, cancellationToken: stop));
    }

    sealed class Row
    {
        public string Camera { get; init; } = "";
        public long FromUs { get; init; }
        public long? ToUs { get; init; }
        public string Cause { get; init; } = "";
        public string Detail { get; init; } = "";
    }
}
