using System.Data.Common;

using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Alarms;

/// <summary>
/// Alarms and incidents in the database. Every change is made in one transaction that takes the next change number first: so changes are made one after another, in SQLite
/// and in PostgreSQL, and who has seen number n has missed nothing before it.
/// </summary>
sealed class Casebook(NodeDatabase database)
{
    /// <summary>Raised, quickly, after a change was committed, with its number.</summary>
    public event Action<long>? Changed;

    public DbDataSource Source => database.Source;

    /// <summary>Does <paramref name="work"/> in one transaction: all of it, or none. What it throws undoes everything.</summary>
    /// <exception cref="DbException">The database can't be written; nothing has changed.</exception>
    public async Task<T> WriteAsync<T>(Func<CaseSession, Task<T>> work, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        long change = await connection.ExecuteScalarAsync<long>(new CommandDefinition("update case_counter set n = n + 1 where id = 1 returning n", transaction: transaction, cancellationToken: stop));
        var session = new CaseSession(connection, transaction, change, stop);
        var result = await work(session);
        if (session.HasWritten)
            await transaction.CommitAsync(stop);
        if (session.HasChanged)
            Changed?.Invoke(change);

        return result;
    }

    /// <summary>A session on somebody else's transaction, with the next change number. Who commits it calls <see cref="TellAsync"/> then.</summary>
    public static async Task<CaseSession> JoinAsync(DbConnection connection, DbTransaction transaction, CancellationToken stop) => new(
        connection, transaction,
        await connection.ExecuteScalarAsync<long>(new CommandDefinition("update case_counter set n = n + 1 where id = 1 returning n", transaction: transaction, cancellationToken: stop)), stop);

    /// <summary>Says that something was changed and committed by <see cref="JoinAsync"/>.</summary>
    public async Task TellAsync(CancellationToken stop) => Changed?.Invoke(await ReadAsync(s => s.LastChangeAsync(), stop));

    public async Task<T> ReadAsync<T>(Func<CaseSession, Task<T>> work, CancellationToken stop)
    {
        await using var connection = await Source.OpenConnectionAsync(stop);
        return await work(new(connection, null, 0, stop));
    }
}

/// <summary>Alarms and incidents on one connection: to read, or to change within one transaction.</summary>
/// <param name="transaction">Null: only to read.</param>
/// <param name="change">Number of everything that this transaction changes.</param>
sealed partial class CaseSession(DbConnection connection, DbTransaction? transaction, long change, CancellationToken stop)
{
    public CancellationToken Stop => stop;
    public long Change => change;

    /// <summary>Something is to be committed.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Something that pages follow.</summary>
    public bool HasChanged { get; private set; }

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object? values = null) => connection.QueryAsync<T>(Command(sql, values));

    public Task<T?> FirstAsync<T>(string sql, object? values = null) => connection.QueryFirstOrDefaultAsync<T>(Command(sql, values));

    public Task<int> WriteAsync(string sql, object? values = null)
    {
        HasChanged = true;
        return KeepAsync(sql, values);
    }

    /// <summary>Writes what no page follows.</summary>
    public Task<int> KeepAsync(string sql, object? values = null)
    {
        if (transaction is null)
            throw new InvalidOperationException("This session only reads.");
        HasWritten = true;
        return connection.ExecuteAsync(Command(sql, values));
    }

    /// <summary>The number of the last change.</summary>
    public Task<long> LastChangeAsync() => FirstAsync<long>("select n from case_counter where id = 1");

    /// <summary>Without hyphens and in lower case, so that the order of texts is that of the ids.</summary>
    public static string Written(Guid id) => id.ToString("n");

    CommandDefinition Command(string sql, object? values) => new(sql, values, transaction, cancellationToken: stop);
}
