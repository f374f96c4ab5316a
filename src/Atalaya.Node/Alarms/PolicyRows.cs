using System.Data.Common;
using System.Text;

using Atalaya.Incidents.Policy;
using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Alarms;

/// <summary>A policy as the database keeps it.</summary>
sealed class PolicyRow
{
    public long Version { get; init; }
    public long At { get; init; }
    public string ByWhom { get; init; } = "";
    public string Body { get; init; } = "";

    /// <summary>Null with every fault in <paramref name="faults"/>.</summary>
    public AlarmPolicy? Parse(out IReadOnlyList<PolicyFault> faults) => PolicyReader.Read(Encoding.UTF8.GetBytes(Body), out faults);
}

/// <summary>Every alarm policy there ever was; the last is in force.</summary>
static class PolicyRows
{
    /// <summary>Reads the last.</summary>
    public const string Last = "select version, at, by_whom as ByWhom, body from alarm_policies order by version desc limit 1";

    /// <summary>Puts another behind the last.</summary>
    public const string Add = "insert into alarm_policies (version, at, by_whom, body) select coalesce(max(version), 0) + 1, @at, @by, @body from alarm_policies";

    public static Task<PolicyRow?> LastAsync(DbConnection connection, CancellationToken stop) => connection.QueryFirstOrDefaultAsync<PolicyRow>(new CommandDefinition(Last, cancellationToken: stop));

    public static Task AddAsync(DbConnection connection, DbTransaction transaction, AlarmPolicy policy, string by, WallTime at, CancellationToken stop) =>
        connection.ExecuteAsync(new CommandDefinition(Add, new { at = at.Microseconds, by, body = PolicyReader.Write(policy) }, transaction, cancellationToken: stop));
}
