using System.Data.Common;

using Atalaya.Media;
using Atalaya.Node.Options;
using Atalaya.Recording.Database;

namespace Atalaya.Node.Store;

/// <summary>The node's database. SQL keeps to what SQLite and PostgreSQL have in common; times are microseconds since 1970, truths 0 or 1.</summary>
static class NodeStore
{
    public const string FileName = "atalaya.db";

    const string Files = "Atalaya.Node.Store.Migrations.";

    static readonly Migrations Tables = new(
        "node_version", "version bigint not null primary key, applied_at bigint not null", "insert into node_version (version, applied_at) values (@version, @at)",
        Migrations.Read(typeof(NodeStore).Assembly, Files));

    /// <summary>Opens the database that the options name; without one makes or opens SQLite's in <paramref name="folder"/>.</summary>
    public static DbDataSource Open(NodeOptions options, string folder) =>
        options.Database.Length == 0 ? StoreSource.Sqlite(Path.Combine(folder, FileName)) : StoreSource.Postgres(options.Database);

    /// <summary>Brings the node's tables up to date, each step in a transaction of its own.</summary>
    /// <exception cref="InvalidOperationException">The database is from a newer version, or can't be used.</exception>
    public static Task MigrateAsync(DbDataSource store, TimeProvider clock, CancellationToken stop) => Task.Run(
        () =>
        {
            using var connection = store.OpenConnection();
            if (connection is Microsoft.Data.Sqlite.SqliteConnection)
                Dapper.SqlMapper.Execute(connection, "pragma synchronous = normal");
            Tables.Apply(connection, WallTime.Now(clock));
        },
        stop);
}
