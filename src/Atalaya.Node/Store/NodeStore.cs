using System.Data.Common;
using System.Reflection;

using Dapper;

using Microsoft.Data.Sqlite;

namespace Atalaya.Node.Store;

/// <summary>The node's database. SQL keeps to what SQLite and PostgreSQL have in common; times are microseconds since 1970, truths 0 or 1.</summary>
static class NodeStore
{
    public const string FileName = "atalaya.db";

    /// <summary>Opens or makes the database in <paramref name="folder"/>.</summary>
    public static DbDataSource Open(string folder)
    {
        // WAL is a property of the file and set with the migrations. Five seconds: longer than any write here takes, shorter than a person waits.
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(folder, FileName),
            Mode = SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 5,
            ForeignKeys = true,
        };
        return SqliteFactory.Instance.CreateDataSource(text.ToString());
    }

    /// <summary>Brings the node's tables up to date, each step in a transaction of its own.</summary>
    /// <exception cref="InvalidOperationException">The database is from a newer version.</exception>
    public static async Task MigrateAsync(DbDataSource store, TimeProvider clock, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        if (connection is SqliteConnection)
            await connection.ExecuteAsync("pragma journal_mode = wal; pragma synchronous = normal;");
        await connection.ExecuteAsync("create table if not exists node_version (version bigint not null primary key, applied_at bigint not null)");
        long done = await connection.ExecuteScalarAsync<long>("select coalesce(max(version), 0) from node_version");
        var steps = Steps();
        if (done > steps[^1].Version)
        {
            throw new InvalidOperationException(
                $"The database is of version {done}, this program knows {steps[^1].Version} at most: it was used by a newer one. Install that, or restore a copy from before.");
        }

        foreach (var (version, sql) in steps.Where(s => s.Version > done))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            await connection.ExecuteAsync(sql, transaction: transaction);
            await connection.ExecuteAsync(
                "insert into node_version (version, applied_at) values (@version, @at)", new { version, at = Media.WallTime.Now(clock).Microseconds }, transaction);
            await transaction.CommitAsync(stop);
        }
    }

    static IReadOnlyList<(long Version, string Sql)> Steps()
    {
        const string Folder = "Atalaya.Node.Store.Migrations.";
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Folder, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return (long.Parse(name[Folder.Length..].Split('-')[0]), reader.ReadToEnd());
            })];
    }
}
