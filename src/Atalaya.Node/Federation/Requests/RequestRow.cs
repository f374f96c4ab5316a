using System.Data.Common;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Requests;
using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Federation.Requests;

/// <summary>A request as lists show it. A snapshot of what its steps made of it.</summary>
/// <param name="Ours">This organisation asks.</param>
/// <param name="Due">Null: a clarification is awaited.</param>
/// <param name="Left">What was left for the answer when the clock last stopped.</param>
/// <param name="Steps">How many steps it has: its version.</param>
/// <param name="OverdueAt">When this node saw that nobody had answered in time.</param>
/// <param name="SoonAt">When this node told that little is left for its answer.</param>
/// <param name="Fault">Why the other node wouldn't take it.</param>
sealed record RequestRow(
    string Id, string Link, bool Ours, RequestKind Kind, Urgency Urgency, bool Rescue, string Subject, RequestState State, WallTime AskedAt, WallTime? Due, TimeSpan Left, WallTime ChangedAt,
    int Steps, WallTime? OverdueAt, WallTime? SoonAt, string? Fault)
{
    public static RequestRow Of(string id, string link, bool ours, RequestCase now, int steps, RequestRow? before) => new(
        id, link, ours, now.Asked.Kind, now.Asked.Urgency, now.Asked.Rescue, now.Asked.Subject, now.State, WallTime.From(now.AskedAt), now.Due is { } due ? WallTime.From(due) : null,
        now.Left(now.ChangedAt), WallTime.From(now.ChangedAt), steps, before?.OverdueAt, before?.SoonAt, before?.Fault);
}

/// <summary>Requests and their documents in the store; steps are in <see cref="Stories.StorySteps"/>.</summary>
static class RequestTable
{
    static readonly string Columns = $"""
        id as Id, link as Link, ours as Ours, kind as Kind, urgency as Urgency, rescue as Rescue, subject as Subject, state as State, asked_us as AskedAt, due_us as Due, left_us as LeftFor,
        changed_us as ChangedAt, steps as Steps, overdue_us as OverdueAt, soon_us as SoonAt, {Stories.StorySteps.FaultOf("r")} as Fault
        """;

    public static async Task<RequestRow?> FindAsync(DbConnection connection, DbTransaction? transaction, string id, CancellationToken stop) =>
        (await ReadAsync(connection, transaction, "id = @id", new { id }, stop)).SingleOrDefault();

    /// <summary>Rescues first; of the same, what is due first; then what is over, the last changed first.</summary>
    public static Task<IReadOnlyList<RequestRow>> ListAsync(DbConnection connection, bool? open, string? link, int most, CancellationToken stop) => ReadAsync(
        connection, null,
        $"""
        (@open is null or (case when state in ('Asked', 'Questioned') then 1 else 0 end) = @open) and (@link is null or link = @link)
        order by case when state in ('Asked', 'Questioned') then 0 else 1 end, case when state in ('Asked', 'Questioned') then 1 - rescue else 0 end,
            case when state in ('Asked', 'Questioned') then coalesce(due_us, changed_us + left_us) else -changed_us end, id
        limit {most}
        """,
        new { open = open is { } o ? o ? 1L : 0 : (long?)null, link }, stop);

    /// <summary>What was asked, answered or refused within a period.</summary>
    public static Task<IReadOnlyList<RequestRow>> OfAsync(DbConnection connection, IReadOnlyList<string>? links, WallTime from, WallTime to, int most, CancellationToken stop) =>
        ReadAsync(connection, null, $"{(links is null ? "" : "link in @links and ")}asked_us >= @from and asked_us < @to order by asked_us, id limit {most}", new { links, from = from.Microseconds, to = to.Microseconds }, stop);

    /// <summary>How many a partner asked and nobody has ended yet.</summary>
    public static Task<long> OpenAsync(DbConnection connection, DbTransaction transaction, string link) => connection.ExecuteScalarAsync<long>(
        "select count(*) from requests where link = @link and ours = 0 and state in ('Asked', 'Questioned')", new { link }, transaction);

    /// <summary>Those whose time has passed and of which nobody was told.</summary>
    public static Task<IReadOnlyList<RequestRow>> OverdueAsync(DbConnection connection, WallTime now, CancellationToken stop) =>
        ReadAsync(connection, null, "state = 'Asked' and due_us < @now and overdue_us is null order by due_us, id limit 200", new { now = now.Microseconds }, stop);

    /// <summary>Those that this organisation was asked, of whose time less than a quarter is left, and of which nobody was told.</summary>
    public static Task<IReadOnlyList<RequestRow>> SoonAsync(DbConnection connection, WallTime now, CancellationToken stop) => ReadAsync(
        connection, null, "state = 'Asked' and ours = 0 and due_us >= @now and (due_us - @now) * 4 < due_us - asked_us and overdue_us is null and soon_us is null order by due_us, id limit 200",
        new { now = now.Microseconds }, stop);

    /// <summary>Notes that somebody was told, unless it has changed since.</summary>
    /// <param name="isOver">Its time has passed; otherwise little is left.</param>
    public static Task<int> NoteToldAsync(DbConnection connection, DbTransaction transaction, RequestRow row, bool isOver, WallTime now) => connection.ExecuteAsync(
        $"update requests set {(isOver ? "overdue_us" : "soon_us")} = @now where id = @Id and steps = @steps and {(isOver ? "overdue_us" : "soon_us")} is null",
        new { row.Id, steps = (long)row.Steps, now = now.Microseconds }, transaction);

    public static Task PutAsync(DbConnection connection, DbTransaction transaction, RequestRow row) => connection.ExecuteAsync(
        """
        insert into requests (id, link, ours, kind, urgency, rescue, subject, state, asked_us, due_us, left_us, changed_us, steps, overdue_us, soon_us)
        values (@Id, @Link, @ours, @kind, @urgency, @rescue, @Subject, @state, @asked, @due, @left, @changed, @steps, @overdue, @soon)
        on conflict (id) do update set state = excluded.state, due_us = excluded.due_us, left_us = excluded.left_us, changed_us = excluded.changed_us, steps = excluded.steps,
            overdue_us = excluded.overdue_us, soon_us = excluded.soon_us
        """,
        new
        {
            row.Id,
            row.Link,
            ours = row.Ours ? 1L : 0,
            kind = row.Kind.ToString(),
            urgency = row.Urgency.ToString(),
            rescue = row.Rescue ? 1L : 0,
            row.Subject,
            state = row.State.ToString(),
            asked = row.AskedAt.Microseconds,
            due = row.Due?.Microseconds,
            left = row.Left.Ticks / TimeSpan.TicksPerMicrosecond,
            changed = row.ChangedAt.Microseconds,
            steps = (long)row.Steps,
            overdue = row.OverdueAt?.Microseconds,
            soon = row.SoonAt?.Microseconds,
        },
        transaction);

    static async Task<IReadOnlyList<RequestRow>> ReadAsync(DbConnection connection, DbTransaction? transaction, string where, object values, CancellationToken stop) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from requests r where {where}", values, transaction, cancellationToken: stop))).Select(r => new RequestRow(
            r.Id, r.Link, r.Ours != 0, Enum.Parse<RequestKind>(r.Kind), Enum.Parse<Urgency>(r.Urgency), r.Rescue != 0, r.Subject, Enum.Parse<RequestState>(r.State), new(r.AskedAt),
            r.Due is { } due ? new WallTime(due) : null, TimeSpan.FromMicroseconds(r.LeftFor), new(r.ChangedAt), (int)r.Steps, r.OverdueAt is { } overdue ? new WallTime(overdue) : null, r.SoonAt is { } soon ? new WallTime(soon) : null, r.Fault))];

    sealed class Row
    {
        public required string Id { get; init; }
        public required string Link { get; init; }
        public long Ours { get; init; }
        public required string Kind { get; init; }
        public required string Urgency { get; init; }
        public long Rescue { get; init; }
        public required string Subject { get; init; }
        public required string State { get; init; }
        public long AskedAt { get; init; }
        public long? Due { get; init; }
        public long LeftFor { get; init; }
        public long ChangedAt { get; init; }
        public long Steps { get; init; }
        public long? OverdueAt { get; init; }
        public long? SoonAt { get; init; }
        public string? Fault { get; init; }
    }
}
