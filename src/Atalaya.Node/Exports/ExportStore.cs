using System.Data.Common;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;

using Dapper;

namespace Atalaya.Node.Exports;

/// <summary>An export as it is kept. A snapshot: a change makes a new one.</summary>
sealed record Export(
    string Id,
    string Camera,
    StreamKind Stream,
    WallTime From,
    WallTime To,
    ExportStateJson State,
    string? Reason,
    WallTime CreatedAt,
    WallTime? FinishedAt,
    string? FileName,
    long? Bytes,
    string? Sha256,
    IReadOnlyList<GapJson> Gaps,
    ExportOrder Order)
{
    public bool HasEnded => State is not (ExportStateJson.Queued or ExportStateJson.Running);
}

/// <summary>Who asked for an export, and for what.</summary>
/// <param name="Masks">The version of the camera's masks that are painted in: as it was asked for, later as it was done. 0: none.</param>
sealed record ExportOrder(string UserId, string UserName, Purpose Purpose, long Masks);

/// <summary>The list of exports in the database.</summary>
sealed class ExportStore(DbDataSource store)
{
    static readonly JsonSerializerOptions Json = Options();

    public async Task<IReadOnlyList<Export>> AllAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, camera, stream, time_from as TimeFrom, time_to as TimeTo, state, reason, created_at as CreatedAt, finished_at as FinishedAt,
                file_name as FileName, bytes, sha256, gaps, user_id as UserId, user_name as UserName, purpose, reference, masks
            from node_export order by created_at, id
            """,
            cancellationToken: stop));
        return [.. rows.Select(r => new Export(
            r.Id,
            r.Camera,
            Enum.Parse<StreamKind>(r.Stream),
            new(r.TimeFrom),
            new(r.TimeTo),
            Enum.Parse<ExportStateJson>(r.State),
            r.Reason,
            new(r.CreatedAt),
            r.FinishedAt is { } at ? new WallTime(at) : null,
            r.FileName,
            r.Bytes,
            r.Sha256,
            JsonSerializer.Deserialize<GapJson[]>(r.Gaps, Json) ?? [],
            new(r.UserId, r.UserName, new(r.Purpose, r.Reference), r.Masks)))];
    }

    public async Task PutAsync(Export export)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into node_export (id, camera, stream, time_from, time_to, state, reason, created_at, finished_at, file_name, bytes, sha256, gaps, user_id, user_name, purpose, reference, masks)
            values (@Id, @Camera, @Stream, @TimeFrom, @TimeTo, @State, @Reason, @CreatedAt, @FinishedAt, @FileName, @Bytes, @Sha256, @Gaps, @UserId, @UserName, @Purpose, @Reference, @Masks)
            on conflict (id) do update set state = excluded.state, reason = excluded.reason, finished_at = excluded.finished_at,
                file_name = excluded.file_name, bytes = excluded.bytes, sha256 = excluded.sha256, gaps = excluded.gaps, masks = excluded.masks
            """,
            new Row
            {
                Id = export.Id,
                Camera = export.Camera,
                Stream = export.Stream.ToString(),
                TimeFrom = export.From.Microseconds,
                TimeTo = export.To.Microseconds,
                State = export.State.ToString(),
                Reason = export.Reason,
                CreatedAt = export.CreatedAt.Microseconds,
                FinishedAt = export.FinishedAt?.Microseconds,
                FileName = export.FileName,
                Bytes = export.Bytes,
                Sha256 = export.Sha256,
                Gaps = JsonSerializer.Serialize(export.Gaps, Json),
                UserId = export.Order.UserId,
                UserName = export.Order.UserName,
                Purpose = export.Order.Purpose.Id,
                Reference = export.Order.Purpose.Reference,
                Masks = export.Order.Masks,
            });
    }

    public async Task DeleteAsync(string id)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync("delete from node_export where id = @id", new { id });
    }

    static JsonSerializerOptions Options()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiDocument.Json(options);
        return options;
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Camera { get; init; } = "";
        public string Stream { get; init; } = "";
        public long TimeFrom { get; init; }
        public long TimeTo { get; init; }
        public string State { get; init; } = "";
        public string? Reason { get; init; }
        public long CreatedAt { get; init; }
        public long? FinishedAt { get; init; }
        public string? FileName { get; init; }
        public long? Bytes { get; init; }
        public string? Sha256 { get; init; }
        public string Gaps { get; init; } = "[]";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public string Purpose { get; init; } = "";
        public string Reference { get; init; } = "";
        public long Masks { get; init; }
    }
}
