using System.Data.Common;
using System.Globalization;
using System.Reflection;
using Atalaya.Media;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Atalaya.Recording.Database;

/// <summary>
/// The steps in which one set of tables came to be: SQL files named <c>NUMBER-what.sql</c>, embedded into an assembly, and a table that says which
/// were done. A step that has been released is never changed.
/// </summary>
/// <param name="VersionTable">Holds the numbers of the steps that were done, in <c>version</c>.</param>
/// <param name="VersionColumns">Of that table, as it is created.</param>
/// <param name="InsertVersion">Puts <c>@version</c> in; may use <c>@at</c>, microseconds since 1970.</param>
public sealed record Migrations(string VersionTable, string VersionColumns, string InsertVersion, IReadOnlyList<(long Version, string Sql)> Steps)
{
    /// <param name="prefix">Of the files' names in the assembly, with the dot.</param>
    public static IReadOnlyList<(long Version, string Sql)> Read(Assembly assembly, string prefix) =>
    [
        .. assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return (long.Parse(name.AsSpan(prefix.Length, name.IndexOf('-', StringComparison.Ordinal) - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture), reader.ReadToEnd());
        }),
    ];

    /// <summary>
    /// Does what is to be done, each step in a transaction of its own that also looks which step is next: of several processes that start at once each
    /// step is done by one, and all find the same tables.
    /// </summary>
    /// <exception cref="InvalidOperationException">A newer version made the tables, or the database can't hold all text.</exception>
    /// <exception cref="DbException">The store can't be reached, or a step fails; then nothing of the step is there.</exception>
    public void Apply(DbConnection connection, WallTime at)
    {
        if (connection is SqliteConnection)
            connection.Execute("pragma journal_mode = wal");    // A reader never waits for the writer. It stays in the file.
        else
            CheckServer(connection);
        while (Next(connection, at))
        {
        }
    }

    /// <returns>False: all are done.</returns>
    bool Next(DbConnection connection, WallTime at)
    {
        using var transaction = connection.BeginTransaction();
        connection.Execute(Dialect.TablesFor(connection, $"create table if not exists {VersionTable} ({VersionColumns})"), transaction: transaction);
        long done = connection.ExecuteScalar<long>($"select coalesce(max(version), 0) from {VersionTable}", transaction: transaction);
        if (done > Steps[^1].Version)
        {
            throw new InvalidOperationException(
                $"The database is of version {done}, this program knows {Steps[^1].Version} at most: it was used by a newer one. Install that, or restore a copy from before.");
        }

        var (version, sql) = Steps.FirstOrDefault(s => s.Version > done);
        if (sql is not null)
        {
            // However long: a step may go through all rows.
            connection.Execute(Dialect.TablesFor(connection, sql), transaction: transaction, commandTimeout: 0);
            connection.Execute(InsertVersion, new { version, at = at.Microseconds }, transaction);
        }

        transaction.Commit();
        return sql is not null;
    }

    static void CheckServer(DbConnection connection)
    {
        var (version, encoding, schema) = connection.QuerySingle<(string, string, string?)>(
            "select current_setting('server_version'), current_setting('server_encoding'), current_schema()::text");
        if (encoding != "UTF8")
            throw new InvalidOperationException($"The database's encoding is {encoding}. Make one that holds every language: create database … encoding 'UTF8' template template0.");
        if (schema is null)
            throw new InvalidOperationException("The database has no schema that the connection string's search path names, or this user may not use it.");
        if (!int.TryParse(version.Split('.', ' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) || major < Oldest)
            throw new InvalidOperationException($"The server is PostgreSQL {version}; this program needs {Oldest} or newer.");
    }

    /// <summary>Debian 12's, which the tests run against.</summary>
    const int Oldest = 15;
}
