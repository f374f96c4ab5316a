using System.Collections.Concurrent;
using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Federation.Grants;

/// <summary>A file that another node may fetch, as a message names it.</summary>
/// <param name="Sha256">Lower-case hexadecimal.</param>
sealed record LinkFile(string Id, string Name, long Bytes, string Sha256);

/// <summary>
/// Files that nodes fetch from each other over their link (<c>GET /link/1/files/{id}</c>, with ranges): messages name them, they aren't part of them. One file is for one link; it can be withdrawn at any time,
/// which cuts whoever fetches it, as the end or suspension of the link does.
/// </summary>
sealed class LinkFiles(NodeDatabase database, LinkBook links, TimeProvider clock)
{
    readonly ConcurrentDictionary<HttpContext, string> _running = new();    // → subject

    /// <summary>How many go out just now.</summary>
    public int Running => _running.Count;

    /// <summary>Asked before a file goes out, by the first part of its subject, which may be written down there. False: it doesn't.</summary>
    public ConcurrentDictionary<string, Func<LinkFile, string, HttpContext, CancellationToken, Task<bool>>> Guards { get; } = new(StringComparer.Ordinal);

    /// <summary>How content is read that doesn't lie in its file as it goes out, by the first part of its subject. Null: it isn't there.</summary>
    public ConcurrentDictionary<string, Func<LinkFile, CancellationToken, Task<Stream?>>> Openers { get; } = new(StringComparer.Ordinal);

    /// <summary>In the transaction of the message that names it.</summary>
    /// <param name="subject">What it belongs to, as <c>grant/ID</c>; empty: nothing.</param>
    /// <param name="until">Null: until it is withdrawn.</param>
    /// <param name="id">By which it is fetched; null: a new one.</param>
    public static async Task<LinkFile> OfferAsync(
        DbConnection connection, DbTransaction transaction, Link to, string path, string name, long bytes, string sha256, string subject = "", DateTimeOffset? until = null, string? id = null)
    {
        var file = new LinkFile(id ?? Guid.NewGuid().ToString(), name, bytes, sha256);
        await connection.ExecuteAsync(
            "insert into link_files (id, link, subject, path, name, bytes, sha256, until_us) values (@Id, @link, @subject, @path, @Name, @Bytes, @Sha256, @until)",
            new { file.Id, link = to.Id, subject, path, file.Name, file.Bytes, file.Sha256, until = until is { } end ? WallTime.From(end).Microseconds : (long?)null }, transaction);
        return file;
    }

    /// <summary>It isn't given any more, from this transaction on.</summary>
    public static Task TakeBackAsync(DbConnection connection, DbTransaction transaction, Link from, string id) =>
        connection.ExecuteAsync("delete from link_files where id = @id and link = @link", new { id, link = from.Id }, transaction);

    /// <summary>Nobody gets a subject's files any more, and who is fetching one is cut. The files themselves stay.</summary>
    public async Task WithdrawAsync(string subject, CancellationToken stop)
    {
        Cut(subject);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from link_files where subject = @subject", new { subject }, cancellationToken: stop));
        Cut(subject);
    }

    /// <summary>In the caller's transaction; <see cref="Cut"/> behind its commit.</summary>
    public static Task WithdrawAsync(DbConnection connection, DbTransaction transaction, string subject) => connection.ExecuteAsync("delete from link_files where subject = @subject", new { subject }, transaction);

    /// <summary>Who is fetching one of a subject's files is cut.</summary>
    public void Cut(string subject)
    {
        foreach (var (http, of) in _running)
        {
            if (of == subject)
                http.Abort();
        }
    }

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods("/link/1/files/{id}", ["GET", "HEAD"], (string id, LinkFiles files, HttpContext http, CancellationToken stop) => files.ServeAsync(id, http, stop)).ByPeers();

    async Task<IResult> ServeAsync(string id, HttpContext http, CancellationToken stop)
    {
        // Whose it isn't isn't told apart from what there isn't.
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
                "select subject as Subject, path as Path, name as Name, bytes as Bytes, sha256 as Sha256 from link_files where id = @id and link = @link and (until_us is null or until_us > @now)",
                new { id, link = http.Peer().Id, now = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
            if (row is null || !File.Exists(row.Path))
                return Results.NotFound();
            // Before it is looked at whether it may: who revokes it in between cuts it.
            _running[http] = row.Subject;
            var linked = links.CutWith(http.Peer().Id, http.Abort);
            http.Response.OnCompleted(() =>
            {
                _running.TryRemove(http, out _);
                linked.Dispose();
                return Task.CompletedTask;
            });
            var (file, kind) = (new LinkFile(id, row.Name, row.Bytes, row.Sha256), row.Subject.Split('/', 2)[0]);
            if (Guards.TryGetValue(kind, out var guard) && !await guard(file, row.Subject, http, stop))
                return Results.NotFound();
            var tag = new EntityTagHeaderValue($"\"{row.Sha256}\"");
            if (Openers.TryGetValue(kind, out var open))
                return await open(file, stop) is { } content ? Results.Stream(content, "application/octet-stream", entityTag: tag, enableRangeProcessing: true) : Results.NotFound();
            return Results.File(row.Path, "application/octet-stream", entityTag: tag, enableRangeProcessing: true);
        }
    }

    sealed record Row(string Subject, string Path, string Name, long Bytes, string Sha256);
}
