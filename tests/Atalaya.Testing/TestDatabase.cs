using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace Atalaya.Testing;

/// <summary>
/// Which engine the tests of this run keep their tables in. SQLite in a file, unless ATALAYA_TEST_POSTGRES holds the connection string of a server
/// (<c>make test-postgres</c>): then what would be a file is a schema of its own there, gone with the folder that the file would be in.
/// </summary>
public static class TestDatabase
{
    static readonly ConcurrentDictionary<string, string> Schemas = new(StringComparer.Ordinal);     // by file

    static readonly string? Server = Environment.GetEnvironmentVariable("ATALAYA_TEST_POSTGRES") is { Length: > 0 } set ? set : null;

    public static bool IsPostgres => Server is not null;

    /// <summary>The connection string of the database that stands for a file of SQLite; empty if there is to be the file.</summary>
    public static string Of(string file)
    {
        if (Server is null)
            return "";
        string schema = Schemas.GetOrAdd(Path.GetFullPath(file), static _ =>
        {
            string name = "test_" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
            Run($"create schema {name}");
            return name;
        });
        return new NpgsqlConnectionStringBuilder(Server) { SearchPath = schema, MaxPoolSize = 20 }.ToString();
    }

    /// <summary>All that is in it is lost. Nobody may use it just now.</summary>
    public static void Lose(string file)
    {
        if (Schemas.TryGetValue(Path.GetFullPath(file), out string? schema))
        {
            Run($"drop schema {schema} cascade; create schema {schema}");
            return;
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();     // They keep files open.
        foreach (string part in Directory.GetFiles(Path.GetDirectoryName(file)!, Path.GetFileName(file) + "*"))
            File.Delete(part);
    }

    /// <summary>Those that stand for files in a folder.</summary>
    public static void Drop(string folder)
    {
        foreach (var (file, schema) in Schemas)
        {
            if (file.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) && Schemas.TryRemove(file, out _))
                Run($"drop schema if exists {schema} cascade");
        }
    }

    static void Run(string sql)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Pooling = false }.ToString());
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
