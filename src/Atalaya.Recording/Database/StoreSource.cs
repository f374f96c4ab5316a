using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Atalaya.Recording.Database;

/// <summary>
/// The engines that can hold the tables, behind one SQL: SQLite in a file, or PostgreSQL 15 or newer. What they don't have in common is told in
/// <see cref="Dialect"/> and <see cref="PostgresSource"/>, and nowhere else but where a connection is asked whether it is SQLite's.
/// </summary>
public static class StoreSource
{
    /// <summary>What <see cref="Postgres"/> adds where the connection string says nothing: a node that was cut off must not hold the one writer's lock for hours.</summary>
    const string SessionOptions = "-c idle_in_transaction_session_timeout=30s";

    /// <param name="file">Made if it isn't there; its folder must be.</param>
    public static DbDataSource Sqlite(string file)
    {
        // Longer than a disk stalls that then goes on: writers of SQLite don't queue, and one of many may have to ask often before it is its turn.
        var text = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWriteCreate, DefaultTimeout = 30, ForeignKeys = true };
        return new SqliteSource(text.ToString());
    }

    sealed class SqliteSource(string connectionString) : DbDataSource
    {
        public override string ConnectionString => connectionString;

        protected override DbConnection CreateDbConnection() => new SqliteConnection(connectionString);

        // Its tasks are done when they are given: all that follows blocks.
        protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
        {
            await EngineThread.LeaveAsync(Task.CompletedTask);
            return await base.OpenDbConnectionAsync(cancellationToken);
        }
    }

    /// <param name="connectionString">As Npgsql reads it, without faults by <see cref="PostgresFault"/>. The tables are in the first schema of its search path.</param>
    public static DbDataSource Postgres(string connectionString)
    {
        var text = new NpgsqlConnectionStringBuilder(connectionString) { TcpKeepAlive = true };
        text.ApplicationName ??= "atalaya";
        text.Options ??= SessionOptions;
        return new PostgresSource(NpgsqlDataSource.Create(text));
    }

    /// <summary>What is wrong with a connection string, as a sentence that repeats nothing of it; null if nothing is.</summary>
    public static string? PostgresFault(string connectionString)
    {
        NpgsqlConnectionStringBuilder text;
        try
        {
            text = new(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or KeyNotFoundException or OverflowException)
        {
            return "is not a connection string of PostgreSQL; write it as in Host=127.0.0.1;Database=atalaya;Username=atalaya.";
        }

        if (string.IsNullOrEmpty(text.Host))
            return "names no host; add Host=, an address or the folder of the server's socket.";
        if (string.IsNullOrEmpty(text.Database))
            return "names no database; add Database=.";
        if (text.SslMode is not (SslMode.Require or SslMode.VerifyCA or SslMode.VerifyFull) && !text.Host.Split(',').All(IsHere))
            return "would cross the network without encryption; add SSL Mode=VerifyFull (and Root Certificate=FILE for an authority of your own), or at least SSL Mode=Require.";
        return null;
    }

    /// <summary>The store can't be reached just now, and may be again: nobody's mistake. 57P is a server that is being stopped or started.</summary>
    public static bool IsAway(DbException fault) => fault.IsTransient || fault.SqlState?.StartsWith("57P", StringComparison.Ordinal) == true;

    /// <summary>Host and database, without anything that opens them.</summary>
    public static string PostgresPlace(string connectionString)
    {
        var text = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{text.Host}/{text.Database}";
    }

    static bool IsHere(string host)
    {
        string name = host.Trim();
        if (name.StartsWith('/') || name.StartsWith('@'))
            return true;    // a socket in the file system
        // IPv6 addresses stand in brackets where a port follows; a bare one has several colons.
        name = name.StartsWith('[') ? name[1..].Split(']')[0] : name.Count(c => c == ':') == 1 ? name.Split(':')[0] : name;
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (System.Net.IPAddress.TryParse(name, out var address) && System.Net.IPAddress.IsLoopback(address));
    }
}
