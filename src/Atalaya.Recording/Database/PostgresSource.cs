using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Atalaya.Recording.Database;

/// <summary>
/// PostgreSQL that behaves as SQLite does where code relies on it: transactions run one after another, and a list may be a parameter of <c>in</c>.
/// Readers, and single statements, wait for nobody.
/// </summary>
/// <remarks>
/// One transaction at a time: what reads, decides and writes in one is right without a word about isolation. A node writes some ten rows a second;
/// PostgreSQL takes hundreds of such transactions.
/// </remarks>
sealed class PostgresSource(NpgsqlDataSource source) : DbDataSource
{
    /// <summary>Without the password.</summary>
    public override string ConnectionString => source.ConnectionString;

    protected override DbConnection CreateDbConnection() => new PostgresConnection(source.CreateConnection());

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            source.Dispose();
        base.Dispose(disposing);
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        await source.DisposeAsync();
        await base.DisposeAsyncCore();
    }
}

sealed class PostgresConnection(NpgsqlConnection inner) : DbConnection
{
    // Transactions of one schema exclude each other, and those that make its tables: two nodes that start at once make them once. The number is ours.
    const string TakeTurn = "select pg_advisory_xact_lock(1635018081, hashtext(current_schema()))";

    [AllowNull]
    public override string ConnectionString
    {
        get => inner.ConnectionString;
        set => inner.ConnectionString = value;
    }

    public override string Database => inner.Database;
    public override string DataSource => inner.DataSource;
    public override string ServerVersion => inner.ServerVersion;
    public override ConnectionState State => inner.State;

    public override void Open() => inner.Open();
    public override Task OpenAsync(CancellationToken cancellationToken) => EngineThread.LeaveAsync(inner.OpenAsync(cancellationToken));
    public override void Close() => inner.Close();
    public override Task CloseAsync() => EngineThread.LeaveAsync(inner.CloseAsync());
    public override void ChangeDatabase(string databaseName) => inner.ChangeDatabase(databaseName);

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
    {
        var transaction = inner.BeginTransaction(isolationLevel);
        try
        {
            using var turn = new NpgsqlCommand(TakeTurn, inner, transaction);
            turn.ExecuteNonQuery();
            return new PostgresTransaction(this, transaction);
        }
        catch
        {
            transaction.Dispose();
            throw;
        }
    }

    protected override async ValueTask<DbTransaction> BeginDbTransactionAsync(IsolationLevel isolationLevel, CancellationToken cancellationToken)
    {
        var transaction = await inner.BeginTransactionAsync(isolationLevel, cancellationToken);
        try
        {
            await using var turn = new NpgsqlCommand(TakeTurn, inner, transaction);
            await EngineThread.LeaveAsync(turn.ExecuteNonQueryAsync(cancellationToken));
            return new PostgresTransaction(this, transaction);
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    protected override DbCommand CreateDbCommand() => new PostgresCommand(this, inner.CreateCommand());

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await EngineThread.LeaveAsync(inner.DisposeAsync().AsTask());
        await base.DisposeAsync();
    }
}

sealed class PostgresTransaction(DbConnection connection, NpgsqlTransaction inner) : DbTransaction
{
    public NpgsqlTransaction Inner => inner;
    public override IsolationLevel IsolationLevel => inner.IsolationLevel;
    protected override DbConnection DbConnection => connection;

    public override void Commit() => inner.Commit();
    public override Task CommitAsync(CancellationToken cancellationToken = default) => EngineThread.LeaveAsync(inner.CommitAsync(cancellationToken));
    public override void Rollback() => inner.Rollback();
    public override Task RollbackAsync(CancellationToken cancellationToken = default) => EngineThread.LeaveAsync(inner.RollbackAsync(cancellationToken));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await EngineThread.LeaveAsync(inner.DisposeAsync().AsTask());
        await base.DisposeAsync();
    }
}

/// <summary>Says that it belongs to our connection: Dapper sends a list as one array to those that it takes for Npgsql's own, which <c>in</c> doesn't read.</summary>
sealed class PostgresCommand(DbConnection connection, NpgsqlCommand inner) : DbCommand
{
    PostgresTransaction? _transaction;

    [AllowNull]
    [SuppressMessage("Security", "CA2100", Justification = "It hands on what it is given.")]
    public override string CommandText
    {
        get => inner.CommandText;
        set => inner.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => inner.CommandTimeout;
        set => inner.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => inner.CommandType;
        set => inner.CommandType = value;
    }

    public override bool DesignTimeVisible
    {
        get => inner.DesignTimeVisible;
        set => inner.DesignTimeVisible = value;
    }

    public override UpdateRowSource UpdatedRowSource
    {
        get => inner.UpdatedRowSource;
        set => inner.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => connection;
        set => throw new NotSupportedException("A command stays with the connection that made it.");
    }

    protected override DbParameterCollection DbParameterCollection => inner.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => _transaction;
        set
        {
            _transaction = (PostgresTransaction?)value;
            inner.Transaction = _transaction?.Inner;
        }
    }

    public override void Cancel() => inner.Cancel();
    public override void Prepare() => inner.Prepare();
    public override Task PrepareAsync(CancellationToken cancellationToken = default) => EngineThread.LeaveAsync(inner.PrepareAsync(cancellationToken));
    protected override DbParameter CreateDbParameter() => inner.CreateParameter();
    public override int ExecuteNonQuery() => inner.ExecuteNonQuery();
    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) => EngineThread.LeaveAsync(inner.ExecuteNonQueryAsync(cancellationToken));
    public override object? ExecuteScalar() => inner.ExecuteScalar();
    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) => EngineThread.LeaveAsync(inner.ExecuteScalarAsync(cancellationToken));
    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => inner.ExecuteReader(behavior);

    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(CommandBehavior behavior, CancellationToken cancellationToken) =>
        new PostgresReader(await EngineThread.LeaveAsync(inner.ExecuteReaderAsync(behavior, cancellationToken)));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }
}
