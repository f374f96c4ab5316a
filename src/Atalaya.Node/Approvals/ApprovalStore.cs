using System.Data.Common;

using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Approvals;

/// <summary>Requests in the database.</summary>
static class ApprovalStore
{
    const string Columns = """
        id, action, digest, user_id as UserId, user_name as UserName, cameras, stretch_from as StretchFrom, stretch_to as StretchTo, detail, purpose, reference, state,
        asked_at as AskedAt, expires_at as ExpiresAt, decided_by as DecidedBy, decided_name as DecidedName, decided_at as DecidedAt, reason, used_at as UsedAt, offices
        """;

    /// <param name="where">With @name of <paramref name="values"/>.</param>
    public static async Task<IReadOnlyList<Approval>> ReadAsync(DbConnection connection, string where, object? values, CancellationToken stop) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from approvals where {where}", values, cancellationToken: stop))).Select(Of)];

    public static Task InsertAsync(DbConnection connection, DbTransaction transaction, Approval approval, CancellationToken stop) => connection.ExecuteAsync(new CommandDefinition(
        """
        insert into approvals (id, action, digest, user_id, user_name, cameras, stretch_from, stretch_to, detail, purpose, reference, state, asked_at, expires_at,
            decided_by, decided_name, decided_at, reason, used_at, offices)
        values (@Id, @Action, @Digest, @UserId, @UserName, @Cameras, @StretchFrom, @StretchTo, @Detail, @Purpose, @Reference, @State, @AskedAt, @ExpiresAt,
            @DecidedBy, @DecidedName, @DecidedAt, @Reason, @UsedAt, @Offices)
        """,
        RowOf(approval), transaction, cancellationToken: stop));

    public static Task UpdateAsync(DbConnection connection, DbTransaction transaction, Approval approval, CancellationToken stop) => connection.ExecuteAsync(new CommandDefinition(
        """
        update approvals set state = @State, expires_at = @ExpiresAt, decided_by = @DecidedBy, decided_name = @DecidedName, decided_at = @DecidedAt, reason = @Reason, used_at = @UsedAt
        where id = @Id
        """,
        RowOf(approval), transaction, cancellationToken: stop));

    static Approval Of(Row r) => new(
        r.Id, Enum.Parse<ApprovalAction>(r.Action), r.Digest, r.UserId, r.UserName, r.Cameras.Split(',', StringSplitOptions.RemoveEmptyEntries), Time(r.StretchFrom), Time(r.StretchTo),
        r.Detail, new(r.Purpose, r.Reference), Enum.Parse<ApprovalState>(r.State), new(r.AskedAt), new(r.ExpiresAt), r.DecidedBy, r.DecidedName, Time(r.DecidedAt), r.Reason, Time(r.UsedAt))
    {
        Offices = r.Offices.Split('\n', StringSplitOptions.RemoveEmptyEntries),
    };

    static Row RowOf(Approval a) => new()
    {
        Id = a.Id,
        Action = a.Action.ToString(),
        Digest = a.Digest,
        UserId = a.UserId,
        UserName = a.UserName,
        Cameras = string.Join(',', a.Cameras),
        StretchFrom = a.From?.Microseconds,
        StretchTo = a.To?.Microseconds,
        Detail = a.Detail,
        Purpose = a.Purpose.Id,
        Reference = a.Purpose.Reference,
        State = a.State.ToString(),
        AskedAt = a.AskedAt.Microseconds,
        ExpiresAt = a.ExpiresAt.Microseconds,
        DecidedBy = a.DecidedBy,
        DecidedName = a.DecidedName,
        DecidedAt = a.DecidedAt?.Microseconds,
        Reason = a.Reason,
        UsedAt = a.UsedAt?.Microseconds,
        Offices = string.Join('\n', a.Offices),
    };

    static WallTime? Time(long? at) => at is { } microseconds ? new WallTime(microseconds) : null;

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Action { get; init; } = "";
        public string Digest { get; init; } = "";
        public string UserId { get; init; } = "";
        public string UserName { get; init; } = "";
        public string Cameras { get; init; } = "";
        public long? StretchFrom { get; init; }
        public long? StretchTo { get; init; }
        public string Detail { get; init; } = "";
        public string Purpose { get; init; } = "";
        public string Reference { get; init; } = "";
        public string State { get; init; } = "";
        public long AskedAt { get; init; }
        public long ExpiresAt { get; init; }
        public string DecidedBy { get; init; } = "";
        public string DecidedName { get; init; } = "";
        public long? DecidedAt { get; init; }
        public string Reason { get; init; } = "";
        public long? UsedAt { get; init; }
        public string Offices { get; init; } = "";
    }
}
