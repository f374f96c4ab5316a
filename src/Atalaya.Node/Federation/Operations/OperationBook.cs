using System.Data.Common;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Operations;
using Atalaya.Federation.Stories;
using Atalaya.Media;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Stories;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Operations;

/// <summary>A joint operation as lists show it.</summary>
/// <param name="Ours">This organisation proposed it.</param>
/// <param name="SettledAt">When this node had closed what it opened.</param>
sealed record OperationRow(string Id, string Link, bool Ours, string Title, OperationState State, WallTime Start, WallTime End, WallTime ChangedAt, int Steps, WallTime? SettledAt);

/// <summary>A joint operation with its story.</summary>
sealed record OperationTold(OperationRow Row, Telling<Operation, OperationDeed> Telling)
{
    public Operation Operation => Telling.State;

    public Side Own => Row.Ours ? Side.First : Side.Second;
}

enum OperationFault
{
    None,
    Absent,
    Refused,
    LinkEnded,
    TooLong,
}

/// <param name="Now">Null: there is none.</param>
sealed record OperationDone(OperationTold? Now, OperationFault Fault = OperationFault.None, OperationRefusal Refusal = OperationRefusal.None);

/// <summary>Joint operations with partners, and the end of what each opened.</summary>
sealed class OperationBook(NodeDatabase database, LinkBook links, Outbox outbox, AgreementBook agreements, TimeProvider clock, ILogger<OperationBook> log) : MessageHandler
{
    static readonly TimeSpan MaxAhead = TimeSpan.FromHours(1);

    const int MaxBody = 60 << 10;

    /// <summary>That one partner proposed and that go on. 50: one a week for a year, of those that last longest.</summary>
    public const int MaxOpen = 50;

    public event Action<string>? Changed;

    /// <summary>Takes a grant back, and why; set at the start by who keeps grants. One that has ended is none.</summary>
    public Func<string, string, CancellationToken, Task> Revoke { get; set; } = (_, _, _) => Task.CompletedTask;

    public override IReadOnlyList<string> Kinds { get; } =
    [
        "operation.proposed", "operation.joined", "operation.declined", "operation.members", "operation.message", "operation.mark", "operation.unmark", "operation.task", "operation.done",
        "operation.grant", "operation.closed",
    ];

    static string KindOf(OperationDeed deed) => "operation." + deed switch
    {
        Proposed => "proposed",
        Joined => "joined",
        Declined => "declined",
        MembersNamed => "members",
        Said => "message",
        Marked => "mark",
        Unmarked => "unmark",
        TaskSet => "task",
        TaskDone => "done",
        GrantCarried => "grant",
        OperationClosed => "closed",
        _ => throw new ArgumentOutOfRangeException(nameof(deed), deed.GetType().Name, "A deed that isn't known."),
    };

    /// <summary>Whether the agreement has joint operations with this partner for a purpose; the reasons when it hasn't.</summary>
    public (string Reason, string Clause)? Beyond(Link link, string purpose, DateTimeOffset at)
    {
        if (link.IsOwn)
            return null;
        if (agreements.InForce(link)?.AnswerWithin(RequestKind.JointOperation, Urgency.Routine) is null)
            return ("No agreement in force foresees joint operations.", Decision.Default);
        return agreements.InForce(link)!.Purposes.Any(p => p.Id == purpose) ? null : ($"The agreement has no purpose '{purpose}'.", Decision.Default);
    }

    /// <summary>Those that go on first, by their start; then those that are over, the last first.</summary>
    public async Task<IReadOnlyList<OperationRow>> ListAsync(int most, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        long now = WallTime.Now(clock).Microseconds;
        return await ReadAsync(
            connection, null,
            $"""
            0 = 0 order by case when state in ('Proposed', 'Joined') and end_us > @now then 0 else 1 end,
                case when state in ('Proposed', 'Joined') and end_us > @now then start_us else -changed_us end, id limit {most}
            """,
            new { now }, stop);
    }

    public async Task<OperationTold?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await FindRowAsync(connection, null, id, stop) is { } row ? new(row, Operation.Of(await StorySteps.ReadAsync<OperationDeed>(connection, null, id, stop))) : null;
    }

    /// <summary>How many began within a period, and how many of these are over.</summary>
    public async Task<(int Begun, int Over)> CountAsync(IReadOnlyList<string> links, WallTime from, WallTime to, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await ReadAsync(connection, null, "link in @links and start_us >= @from and start_us < @to and state <> 'Declined'", new { links, from = from.Microseconds, to = to.Microseconds }, stop);
        var now = WallTime.Now(clock);
        return (rows.Count, rows.Count(r => r.State == OperationState.Closed || r.End <= now));
    }

    public Task<OperationDone> ProposeAsync(Link link, string by, Proposed proposed, CancellationToken stop)
    {
        string id = StoryJson.NewId(clock.GetUtcNow());
        return WriteAsync(id, (connection, transaction) => StepAsync(connection, transaction, link, id, null, by, proposed, stop), stop);
    }

    /// <summary>Does something in an operation, on this side.</summary>
    public Task<OperationDone> DoAsync(string id, string by, OperationDeed deed, CancellationToken stop) => WriteAsync(
        id,
        async (connection, transaction) =>
        {
            if (await FindRowAsync(connection, transaction, id, stop) is not { } row)
                return new(null, OperationFault.Absent);
            return links.Find(row.Link) is { State: LinkState.Active or LinkState.Suspended } link
                ? await StepAsync(connection, transaction, link, id, row, by, deed, stop)
                : new(new(row, Operation.Of(await StorySteps.ReadAsync<OperationDeed>(connection, transaction, id, stop))), OperationFault.LinkEnded);
        }, stop);

    async Task<OperationDone> StepAsync(DbConnection connection, DbTransaction transaction, Link link, string id, OperationRow? row, string by, OperationDeed deed, CancellationToken stop)
    {
        bool ours = row?.Ours ?? true;
        var story = row is null ? new() : await StorySteps.ReadAsync<OperationDeed>(connection, transaction, id, stop);
        var before = Operation.Of(story);
        var told = row is null ? null : new OperationTold(row, before);
        var step = story.Next(ours ? Side.First : Side.Second, StoryJson.Moment(clock.GetUtcNow()), by, deed);
        if (Operation.Apply(before.State, step).Refusal is var refusal and not OperationRefusal.None)
            return new(told, OperationFault.Refused, refusal);
        var (next, fault) = story.Add(step, Operation.None, Operation.Rule);
        if (fault != StepFault.None)
            return new(told, OperationFault.Refused, OperationRefusal.Full);
        var body = StoryJson.BodyOf(id, step);
        if (System.Text.Encoding.UTF8.GetByteCount(body.ToJsonString(StoryJson.Options)) > MaxBody)
            return new(told, OperationFault.TooLong);
        long number = await outbox.SendAsync(connection, transaction, link, Lane.Urgent, KindOf(deed), body);
        return new(await KeepAsync(connection, transaction, link.Id, id, ours, row, next, step, number));
    }

    async Task<OperationTold> KeepAsync(DbConnection connection, DbTransaction transaction, string link, string id, bool ours, OperationRow? before, Story<OperationDeed> story, Step<OperationDeed> step, long message)
    {
        await StorySteps.AddAsync(connection, transaction, id, step, KindOf(step.Deed), message, WallTime.Now(clock));
        var telling = Operation.Of(story);
        var now = telling.State;
        // A grant that came under it after its end is to be closed still.
        var row = new OperationRow(
            id, link, ours, now.Proposed.Title, now.State, WallTime.From(now.Proposed.Start), WallTime.From(now.Proposed.End), WallTime.From(step.At), story.Count, step.Deed is GrantCarried ? null : before?.SettledAt);
        await connection.ExecuteAsync(
            """
            insert into operations (id, link, ours, title, state, start_us, end_us, changed_us, steps, settled_us)
            values (@Id, @Link, @ours, @Title, @state, @start, @end, @changed, @steps, @settled)
            on conflict (id) do update set state = excluded.state, changed_us = excluded.changed_us, steps = excluded.steps, settled_us = excluded.settled_us
            """,
            new
            {
                row.Id,
                row.Link,
                ours = ours ? 1L : 0,
                row.Title,
                state = row.State.ToString(),
                start = row.Start.Microseconds,
                end = row.End.Microseconds,
                changed = row.ChangedAt.Microseconds,
                steps = (long)row.Steps,
                settled = row.SettledAt?.Microseconds,
            },
            transaction);
        return new(row, telling);
    }

    async Task<OperationDone> WriteAsync(string id, Func<DbConnection, DbTransaction, Task<OperationDone>> work, CancellationToken stop)
    {
        OperationDone done;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            done = await work(connection, transaction);
            if (done.Fault != OperationFault.None)
                return done;
            await transaction.CommitAsync(stop);
        }

        outbox.Wake();
        Changed?.Invoke(id);
        return done;
    }

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (!StoryJson.TryRead<OperationDeed>(message.Body, out string? id, out var step, out string? fault))
            return MessageVerdict.Refused(fault);
        if (KindOf(step.Deed) != message.Kind)
            return MessageVerdict.Refused("The message's kind isn't that of what it carries.");
        if (step.At > clock.GetUtcNow() + MaxAhead)
            return MessageVerdict.Refused("It is dated in the future.");
        var row = await FindRowAsync(connection, transaction, id, stop);
        if ((row is not null && row.Link != message.From.Id) || (row is null && step.Deed is not Proposed))
            return MessageVerdict.Refused("There is no such operation.");
        if (row is null && Beyond(message.From, ((Proposed)step.Deed).Purpose, clock.GetUtcNow()) is var (reason, clause))
            return MessageVerdict.Refused(reason, clause);
        if (row is null && await connection.ExecuteScalarAsync<long>(
            "select count(*) from operations where link = @Id and ours = 0 and state in ('Proposed', 'Joined') and end_us > @now", new { message.From.Id, now = WallTime.Now(clock).Microseconds }, transaction) >= MaxOpen)
            return MessageVerdict.Refused($"{MaxOpen} operations that you proposed go on, which is the most.");
        // Theirs may be on its way still; ours, or another partner's, isn't theirs to name.
        if (step.Deed is GrantCarried carried && await ShareStore.FindAsync(connection, carried.Grant, stop, transaction) is { } grant && (grant.Ours || grant.Link != message.From.Id))
            return MessageVerdict.Refused("The grant that it names isn't yours.");
        bool ours = row?.Ours ?? false;
        step = step with { Side = ours ? Side.Second : Side.First };
        var story = row is null ? new() : await StorySteps.ReadAsync<OperationDeed>(connection, transaction, id, stop);
        var (next, wrong) = story.Add(step, Operation.None, Operation.Rule);
        if (wrong != StepFault.None)
            return StorySteps.VerdictOf(wrong);
        await KeepAsync(connection, transaction, message.From.Id, id, ours, row, next, step, 0);
        return MessageVerdict.Applied;
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        if (StoryJson.TryRead<OperationDeed>(message.Body, out string? id, out _, out _))
            Changed?.Invoke(id);
        return Task.CompletedTask;
    }

    /// <summary>Takes back what this side opened in operations that are over. What can't be done is tried again.</summary>
    public async Task SettleAsync(CancellationToken stop)
    {
        IReadOnlyList<OperationRow> over;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            over = await ReadAsync(
                connection, null, "settled_us is null and (state in ('Closed', 'Declined') or end_us <= @now) order by end_us limit 50", new { now = WallTime.Now(clock).Microseconds }, stop);
        }

        var faults = new List<Exception>();
        foreach (var row in over)
        {
            try
            {
                await SettleAsync(row, stop);
            }
            catch (Exception fault) when (!stop.IsCancellationRequested)
            {
                // One that can't be closed now doesn't keep what the others opened open.
                faults.Add(fault);
            }
        }

        if (faults.Count > 0)
            throw new AggregateException(faults);
    }

    async Task SettleAsync(OperationRow row, CancellationToken stop)
    {
        if (await FindAsync(row.Id, stop) is not { } told)
            return;
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        // Those that were overtaken by the end as well: they were given all the same. Whoever named it, it ends if it is ours to this partner.
        foreach (var named in told.Telling.Steps.Where(s => s.Deed is GrantCarried).GroupBy(s => ((GrantCarried)s.Deed).Grant, StringComparer.Ordinal))
        {
            if (named.Any(s => s.Side == told.Own) || (await ShareStore.FindAsync(connection, named.Key, stop) is { Ours: true } grant && grant.Link == row.Link))
                await Revoke(named.Key, $"Operation over: {row.Title}", stop);
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "update operations set settled_us = @now where id = @Id and steps = @steps", new { now = WallTime.Now(clock).Microseconds, row.Id, steps = (long)row.Steps }, cancellationToken: stop));
        log.LogInformation("Joint operation {Id} is over: what this node opened for it is closed.", row.Id);
        Changed?.Invoke(row.Id);
    }

    static async Task<OperationRow?> FindRowAsync(DbConnection connection, DbTransaction? transaction, string id, CancellationToken stop) =>
        (await ReadAsync(connection, transaction, "id = @id", new { id }, stop)).SingleOrDefault();

    static async Task<IReadOnlyList<OperationRow>> ReadAsync(DbConnection connection, DbTransaction? transaction, string where, object values, CancellationToken stop) =>
        [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            $"select id as Id, link as Link, ours as Ours, title as Title, state as State, start_us as StartAt, end_us as EndAt, changed_us as ChangedAt, steps as Steps, settled_us as SettledAt from operations where {where}",
            values, transaction, cancellationToken: stop)))
            .Select(r => new OperationRow(
                r.Id, r.Link, r.Ours != 0, r.Title, Enum.Parse<OperationState>(r.State), new(r.StartAt), new(r.EndAt), new(r.ChangedAt), (int)r.Steps, r.SettledAt is { } at ? new WallTime(at) : null))];

    sealed record Row(string Id, string Link, long Ours, string Title, string State, long StartAt, long EndAt, long ChangedAt, long Steps, long? SettledAt);
}
