using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Node.Tests.Federation;

/// <summary>The process isn't there any more: whatever it was at goes no further.</summary>
sealed class KilledException() : DbException("The process was killed.");

/// <summary>
/// A database, with a step before each thing that is done to it and one behind each commit, at which its process may be killed: then what isn't committed is gone, and nothing more is done.
/// </summary>
/// <param name="step">Told what comes; throws <see cref="KilledException"/> when that isn't to be, and ever after.</param>
sealed class CutSource(DbDataSource inner, Action<string> step) : DbDataSource
{
    readonly HashSet<CutConnection> _open = [];

    /// <summary>While it isn't, connections are the database's own, without steps.</summary>
    public bool IsArmed { get; set; }

    public override string ConnectionString => inner.ConnectionString;

    /// <summary>As the kernel does when a process ends.</summary>
    public void CloseAll()
    {
        foreach (var connection in _open.ToArray())
            connection.Inner.Dispose();
        _open.Clear();
    }

    protected override DbConnection CreateDbConnection() => IsArmed ? new CutConnection(this, inner.CreateConnection()) : inner.CreateConnection();

    protected override void Dispose(bool disposing)
    {
        CloseAll();
        inner.Dispose();
        base.Dispose(disposing);
    }

    sealed class CutConnection(CutSource source, DbConnection connection) : DbConnection
    {
        public DbConnection Inner => connection;

        [AllowNull]
        public override string ConnectionString { get => connection.ConnectionString; set => connection.ConnectionString = value; }
        public override string Database => connection.Database;
        public override string DataSource => connection.DataSource;
        public override string ServerVersion => connection.ServerVersion;
        public override ConnectionState State => connection.State;

        public void Step(string what) => source.Step(what);

        public override void Open()
        {
            Step("open");
            connection.Open();
            source._open.Add(this);
        }

        public override void Close() => connection.Close();

        public override void ChangeDatabase(string databaseName) => connection.ChangeDatabase(databaseName);

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
        {
            Step("begin");
            return new CutTransaction(this, connection.BeginTransaction(isolationLevel));
        }

        protected override DbCommand CreateDbCommand() => new CutCommand(this, connection.CreateCommand());

        protected override void Dispose(bool disposing)
        {
            if (disposing && source._open.Remove(this))
                connection.Dispose();
            base.Dispose(disposing);
        }
    }

    sealed class CutTransaction(CutConnection connection, DbTransaction transaction) : DbTransaction
    {
        public DbTransaction Inner => transaction;
        public override IsolationLevel IsolationLevel => transaction.IsolationLevel;
        protected override DbConnection DbConnection => connection;

        public override void Commit()
        {
            connection.Step("commit");
            transaction.Commit();
            connection.Step("committed");
        }

        public override void Rollback()
        {
            connection.Step("roll back");
            transaction.Rollback();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && connection.State == ConnectionState.Open)
                transaction.Dispose();
            base.Dispose(disposing);
        }
    }

    sealed class CutCommand(CutConnection connection, DbCommand command) : DbCommand
    {
        [AllowNull]
        public override string CommandText { get => command.CommandText; set => command.CommandText = value; }
        public override int CommandTimeout { get => command.CommandTimeout; set => command.CommandTimeout = value; }
        public override CommandType CommandType { get => command.CommandType; set => command.CommandType = value; }
        public override bool DesignTimeVisible { get; set; }
        public override UpdateRowSource UpdatedRowSource { get => command.UpdatedRowSource; set => command.UpdatedRowSource = value; }
        protected override DbConnection? DbConnection { get => connection; set => throw new NotSupportedException(); }
        protected override DbParameterCollection DbParameterCollection => command.Parameters;
        protected override DbTransaction? DbTransaction { get; set; }

        public override void Cancel() => command.Cancel();

        public override int ExecuteNonQuery() => Run(c => c.ExecuteNonQuery());

        public override object? ExecuteScalar() => Run(c => c.ExecuteScalar());

        public override void Prepare() => command.Prepare();

        protected override DbParameter CreateDbParameter() => command.CreateParameter();

        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => Run(c => c.ExecuteReader(behavior));

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                command.Dispose();
            base.Dispose(disposing);
        }

        T Run<T>(Func<DbCommand, T> run)
        {
            connection.Step(CommandText);
            command.Transaction = (DbTransaction as CutTransaction)?.Inner;
            return run(command);
        }
    }

    void Step(string what) => step(what);
}
