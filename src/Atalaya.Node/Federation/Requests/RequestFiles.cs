using System.Data.Common;

using Atalaya.Federation.Requests;
using Atalaya.Media;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;

using Dapper;

namespace Atalaya.Node.Federation.Requests;

/// <param name="Link">Whom it goes to, or came from.</param>
/// <param name="IsHere">The bytes are here, and have the digest that the message says.</param>
/// <param name="SealedKey">Of its bytes here, sealed with the node's own; null: none are.</param>
/// <param name="ArrivedAt">Of ours: when the other side said that it has it whole.</param>
sealed record RequestFileRow(string Id, string? Request, string Link, bool Ours, string Name, long Bytes, string Sha256, bool IsHere, string? SealedKey, WallTime? ArrivedAt, string? Fault);

/// <summary>Documents of requests in the store.</summary>
static class RequestFiles
{
    const string Columns =
        "id as Id, request as Request, link as Link, ours as Ours, name as Name, bytes as Bytes, sha256 as Sha256, here as Here, sealed_key as SealedKey, arrived_us as ArrivedAt, fault as Fault";

    /// <summary>Of the files that the other side may fetch: the first part of their subject.</summary>
    public const string Subject = "request";

    /// <summary>That go with a deed.</summary>
    public static IReadOnlyList<RequestFile> Of(RequestDeed deed) => deed switch
    {
        Asked d => d.Files,
        Clarified d => d.Files,
        Answered d => d.Files,
        _ => [],
    };

    /// <summary>Notes that documents which were brought here go out with a step; from its commit on the other side may fetch them.</summary>
    /// <param name="pathOf">Where a document's bytes are, by its id.</param>
    public static async Task<RequestFault> SendAsync(DbConnection connection, DbTransaction transaction, Link link, string request, IReadOnlyList<RequestFile> files, Func<string, string> pathOf)
    {
        foreach (var file in files)
        {
            if (await connection.ExecuteAsync(
                "update request_files set request = @request where id = @Id and link = @link and ours = 1 and here = 1 and request is null and sha256 = @Sha256 and bytes = @Bytes and name = @Name",
                new { file.Id, file.Sha256, file.Bytes, file.Name, link = link.Id, request }, transaction) == 0)
                return RequestFault.NoFile;
            await LinkFiles.OfferAsync(connection, transaction, link, pathOf(file.Id), file.Name, file.Bytes, file.Sha256, $"{Subject}/{request}", id: file.Id);
        }

        return await TogetherAsync(connection, transaction, request, ours: true) > RequestCase.MaxFilesTogether ? RequestFault.TooMuch : RequestFault.None;
    }

    /// <summary>Notes documents that the other side named: they are fetched later.</summary>
    /// <returns>Why they aren't taken; null: they are.</returns>
    public static async Task<string?> ReceiveAsync(DbConnection connection, DbTransaction transaction, string link, string request, IReadOnlyList<RequestFile> files, string by, WallTime now)
    {
        foreach (var file in files)
        {
            if (await connection.ExecuteAsync(
                """
                insert into request_files (id, request, link, ours, name, bytes, sha256, user_name, created_us, here) values (@Id, @request, @link, 0, @Name, @Bytes, @Sha256, @by, @now, 0)
                on conflict (id) do nothing
                """,
                new { file.Id, file.Name, file.Bytes, file.Sha256, link, request, by, now = now.Microseconds }, transaction) == 0)
                return "A document has the id of another one.";
        }

        return await TogetherAsync(connection, transaction, request, ours: false) > RequestCase.MaxFilesTogether ? $"Its documents are more than {RequestCase.MaxFilesTogether >> 20} MiB together." : null;
    }

    public static async Task<IReadOnlyList<RequestFileRow>> ReadAsync(DbConnection connection, string where, object? values, CancellationToken stop, DbTransaction? transaction = null) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from request_files where {where}", values, transaction, cancellationToken: stop)))
            .Select(r => new RequestFileRow(r.Id, r.Request, r.Link, r.Ours != 0, r.Name, r.Bytes, r.Sha256, r.Here != 0, r.SealedKey, r.ArrivedAt is { } at ? new WallTime(at) : null, r.Fault))];

    static Task<long> TogetherAsync(DbConnection connection, DbTransaction transaction, string request, bool ours) => connection.ExecuteScalarAsync<long>(
        "select cast(coalesce(sum(bytes), 0) as bigint) from request_files where request = @request and ours = @side", new { request, side = ours ? 1L : 0 }, transaction);

    sealed class Row
    {
        public required string Id { get; init; }
        public string? Request { get; init; }
        public required string Link { get; init; }
        public long Ours { get; init; }
        public required string Name { get; init; }
        public long Bytes { get; init; }
        public required string Sha256 { get; init; }
        public long Here { get; init; }
        public string? SealedKey { get; init; }
        public long? ArrivedAt { get; init; }
        public string? Fault { get; init; }
    }
}
