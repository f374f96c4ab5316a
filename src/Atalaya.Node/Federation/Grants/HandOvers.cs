using System.Data.Common;

using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Incidents;
using Atalaya.Node.Scene;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>An incident that one side hands to the other: a card, where it was seen last, and pictures under a grant, in one step.</summary>
/// <param name="Incident">The owner's id.</param>
/// <param name="Cap">CAP 1.2, of a rescue.</param>
/// <param name="Due">To be acknowledged by then.</param>
/// <param name="Type">The incident's; null: its owner didn't say, or one that isn't known here.</param>
/// <param name="Refused">The other side's node didn't take it: nobody there was told.</param>
/// <param name="RefusedClause">Of the agreement, as the other side names it; may be empty.</param>
sealed record HandOver(
    string Id, bool Ours, string Link, string Incident, string Title, bool Rescue, string Note, string CardGrant, string LiveGrant, string? Cap, DateTimeOffset Sent, DateTimeOffset Due, string UserName,
    DateTimeOffset? Acknowledged = null, string AcknowledgedBy = "", DateTimeOffset? Escalated = null, DateTimeOffset? Closed = null, string Outcome = "", string ClosedNote = "", IncidentType? Type = null,
    DateTimeOffset? Refused = null, string RefusedWhy = "", string RefusedClause = "")
{
    /// <summary>The first who takes notice, late or not.</summary>
    public HandOver? Acknowledge(string by, DateTimeOffset now) => Acknowledged is null && Closed is null ? this with { Acknowledged = now, AcknowledgedBy = by } : null;

    /// <summary>Nobody took notice in time, or nobody will: once.</summary>
    public HandOver? Escalate(DateTimeOffset now) => Acknowledged is null && Escalated is null && Closed is null && (now >= Due || Refused is not null) ? this with { Escalated = now } : null;

    /// <summary>The other side's node doesn't take it.</summary>
    public HandOver? Refuse(string why, string clause, DateTimeOffset now) => Ours && Refused is null && Acknowledged is null ? this with { Refused = now, RefusedWhy = why, RefusedClause = clause } : null;

    /// <summary>By who received it: it can't be closed before somebody took notice.</summary>
    public HandOver? Close(string outcome, string note, DateTimeOffset now) => Acknowledged is not null && Closed is null ? this with { Closed = now, Outcome = outcome, ClosedNote = note } : null;
}

/// <summary>
/// Hand-overs of incidents, sent and received. One that nobody acknowledges in time escalates: at the sender's into its incident and as an alarm, and at the receiver's as an alarm that is more urgent.
/// One that the other side's node refuses does so at once.
/// </summary>
sealed class HandOvers(NodeDatabase database, LinkBook links, Outbox outbox, Casebook cases, SceneEvents scene, ShareGrants grants, TimeProvider clock, ILogger<HandOvers> log) : IHostedService
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    const string Columns = """
        select id as Id, direction as Direction, link as Link, incident as Incident, title as Title, rescue as Rescue, note as Note, card_grant as CardGrant, live_grant as LiveGrant, cap as Cap, sent_us as SentUs,
            due_us as DueUs, user_name as UserName, acknowledged_us as AcknowledgedUs, acknowledged_by as AcknowledgedBy, escalated_us as EscalatedUs, closed_us as ClosedUs, outcome as Outcome,
            closed_note as ClosedNote, type as Type, refused_us as RefusedUs, refused_why as RefusedWhy, refused_clause as RefusedClause from hand_overs
        """;

    ITimer? _timer;
    int _looking;

    /// <summary>Raised after each change, with its id; must be quick.</summary>
    public event Action<string>? Changed;

    public Task StartAsync(CancellationToken stop)
    {
        _timer = clock.CreateTimer(_ => _ = LookAsync(), null, LookEvery, LookEvery);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        if (_timer is not null)
            await _timer.DisposeAsync();
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<HandOver>> ListAsync(int most, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition($"{Columns} order by sent_us desc, id limit @most", new { most }, cancellationToken: stop))).Select(r => r.ToHandOver())];
    }

    public async Task<HandOver?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await FindAsync(connection, null, id);
    }

    public static async Task<HandOver?> FindAsync(DbConnection connection, DbTransaction? transaction, string id) =>
        (await connection.QuerySingleOrDefaultAsync<Row>($"{Columns} where id = @id", new { id }, transaction))?.ToHandOver();

    /// <summary>Gives what goes along and hands it over, in one transaction.</summary>
    public async Task SendAsync(HandOver handOver, Link link, IReadOnlyList<NewGrant> given, CancellationToken stop)
    {
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            // What the agreement is asked goes along: this message needs no signature of the log, and may be there before its grants.
            string document = "";
            foreach (var grant in given)
            {
                var row = await grants.GiveAsync(connection, transaction, grant);
                if (row.Id == handOver.CardGrant)
                    document = row.Document.Text();
            }

            await InsertAsync(connection, transaction, handOver);
            await outbox.SendAsync(connection, transaction, link, Lane.Urgent, "handover.sent", new
            {
                handOver.Id,
                handOver.Incident,
                handOver.Title,
                handOver.Rescue,
                handOver.Type,
                handOver.Note,
                handOver.CardGrant,
                handOver.LiveGrant,
                handOver.Cap,
                handOver.Sent,
                handOver.Due,
                document,
            });
            await transaction.CommitAsync(stop);
        }

        outbox.Wake();
        foreach (var grant in given)
            grants.Tell(grant.Id);
        await NoteAsync(handOver, $"Handed over to {link.Name}.{(handOver.Note.Length > 0 ? $" {handOver.Note}" : "")}", handOver.UserName, stop);
        Changed?.Invoke(handOver.Id);
    }

    /// <summary>Takes a step here, and tells the other side.</summary>
    /// <returns>Null: it isn't possible now.</returns>
    public async Task<HandOver?> StepAsync(string id, Link link, Func<HandOver, HandOver?> step, string kind, Func<HandOver, object> message, CancellationToken stop)
    {
        HandOver? after;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            if (await FindAsync(connection, transaction, id) is not { } before || (after = step(before)) is null)
                return null;
            await UpdateAsync(connection, transaction, after);
            await outbox.SendAsync(connection, transaction, link, Lane.Urgent, kind, message(after));
            await transaction.CommitAsync(stop);
        }

        outbox.Wake();
        Changed?.Invoke(id);
        return after;
    }

    /// <summary>Behind the commit of what came from the other side.</summary>
    public async Task CameAsync(string id, Link from, string kind, CancellationToken stop)
    {
        if (await FindAsync(id, stop) is not { } handOver)
            return;
        if (kind == "handover.sent")
            await RaiseAsync(Guid.Parse(id), SceneEventKind.HandedOver, handOver, from.Name, $"{from.Name} hands over: {handOver.Title}", stop);
        else if (kind == "handover.acknowledged")
            await NoteAsync(handOver, $"{from.Name} acknowledged the hand-over: {handOver.AcknowledgedBy}.", from.Name, stop);
        else
            await NoteAsync(handOver, $"{from.Name} closed what was handed over: {handOver.Outcome}. {handOver.ClosedNote}", from.Name, stop);
        Changed?.Invoke(id);
    }

    /// <summary>Behind the commit of a refusal: into the story, and an alarm at once.</summary>
    public async Task WasRefusedAsync(string id)
    {
        try
        {
            if (await FindAsync(id, CancellationToken.None) is { } refused)
                await NoteAsync(refused, $"The other side's node refused the hand-over{(refused.RefusedClause.Length > 0 ? $", clause {refused.RefusedClause}" : "")}: {refused.RefusedWhy}", "link", CancellationToken.None);
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning("That hand-over {Id} was refused isn't in the story of its incident: {Fault}", id, fault.Message);
        }

        Changed?.Invoke(id);
        await LookAsync();
    }

    public static Task InsertAsync(DbConnection connection, DbTransaction transaction, HandOver h) => connection.ExecuteAsync(
        """
        insert into hand_overs (id, direction, link, incident, title, rescue, note, card_grant, live_grant, cap, sent_us, due_us, user_name, acknowledged_us, acknowledged_by, escalated_us, closed_us, outcome, closed_note, type,
            refused_us, refused_why, refused_clause)
        values (@Id, @Direction, @Link, @Incident, @Title, @Rescue, @Note, @CardGrant, @LiveGrant, @Cap, @SentUs, @DueUs, @UserName, @AcknowledgedUs, @AcknowledgedBy, @EscalatedUs, @ClosedUs, @Outcome, @ClosedNote, @Type,
            @RefusedUs, @RefusedWhy, @RefusedClause)
        """, Row.Of(h), transaction);

    public static Task UpdateAsync(DbConnection connection, DbTransaction transaction, HandOver h) => connection.ExecuteAsync(
        """
        update hand_overs set acknowledged_us = @AcknowledgedUs, acknowledged_by = @AcknowledgedBy, escalated_us = @EscalatedUs, closed_us = @ClosedUs, outcome = @Outcome, closed_note = @ClosedNote,
            refused_us = @RefusedUs, refused_why = @RefusedWhy, refused_clause = @RefusedClause where id = @Id
        """, Row.Of(h), transaction);

    async Task LookAsync()
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0)
            return;
        try
        {
            var now = clock.GetUtcNow();
            IReadOnlyList<HandOver> late;
            await using (var connection = await database.Source.OpenConnectionAsync())
            {
                late = [.. (await connection.QueryAsync<Row>($"{Columns} where acknowledged_us is null and escalated_us is null and closed_us is null and (due_us <= @now or refused_us is not null)", new { now = WallTime.From(now).Microseconds }))
                    .Select(r => r.ToHandOver())];
            }

            foreach (var handOver in late)
                await EscalateAsync(handOver, now);
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException or ObjectDisposedException)
        {
            log.LogWarning("Hand-overs couldn't be looked at; it is tried again: {Fault}", fault.Message);
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }

    async Task EscalateAsync(HandOver late, DateTimeOffset now)
    {
        // The alarm before the mark: cut in between, it is raised again under the same number, which makes one.
        byte[] number = Guid.Parse(late.Id).ToByteArray();
        number[^1] ^= 0x5A;
        await RaiseAsync(
            new(number), SceneEventKind.HandOverLate, late, links.Find(late.Link)?.Name ?? late.Link,
            late.Refused is not null ? $"The hand-over was refused: {late.Title}" : late.Ours ? $"Nobody acknowledged the hand-over: {late.Title}" : $"Still not acknowledged: {late.Title}", CancellationToken.None);
        await using (var connection = await database.Source.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            if (await FindAsync(connection, transaction, late.Id) is not { } current || current.Escalate(now) is not { } escalated)
                return;
            await UpdateAsync(connection, transaction, escalated);
            await transaction.CommitAsync();
        }

        // Of one that was refused the story knows already.
        if (late is { Ours: true, Refused: null })
            await NoteAsync(late, "Nobody over there acknowledged the hand-over in time.", "clock", CancellationToken.None);
        Changed?.Invoke(late.Id);
    }

    /// <summary>It takes the way of all alarms: queue, sound, notifications, and its own escalation.</summary>
    Task<bool> RaiseAsync(Guid id, SceneEventKind kind, HandOver handOver, string partner, string detail, CancellationToken stop) => scene.RecordAsync(
        new()
        {
            Id = id,
            Camera = "",
            At = clock.GetUtcNow(),
            Kind = kind,
            Source = SceneEventSource.Node,
            Rule = "handover",
            Detail = detail,
            Facts = new Dictionary<string, string> { ["partner"] = partner, ["title"] = handOver.Title },
            // Without a type a policy takes it for no alarm.
            Type = handOver.Rescue ? IncidentType.Rescue : handOver.Type ?? IncidentType.Intrusion,
            Severity = handOver.Rescue ? AlarmSeverity.Rescue : AlarmSeverity.High,
        },
        stop);

    /// <summary>Into the story of our incident, if it is ours.</summary>
    async Task NoteAsync(HandOver handOver, string text, string by, CancellationToken stop)
    {
        if (!handOver.Ours || !Guid.TryParse(handOver.Incident, out var id))
            return;
        await cases.WriteAsync(async session =>
        {
            if (await session.IncidentAsync(id) is { } incident)
                await session.AppendAsync(incident, new Noted(text) { By = by, At = clock.GetUtcNow() });
            return true;
        }, stop);
    }

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Direction { get; init; } = "";
        public string Link { get; init; } = "";
        public string Incident { get; init; } = "";
        public string Title { get; init; } = "";
        public long Rescue { get; init; }
        public string Note { get; init; } = "";
        public string CardGrant { get; init; } = "";
        public string LiveGrant { get; init; } = "";
        public string? Cap { get; init; }
        public long SentUs { get; init; }
        public long DueUs { get; init; }
        public string UserName { get; init; } = "";
        public long? AcknowledgedUs { get; init; }
        public string AcknowledgedBy { get; init; } = "";
        public long? EscalatedUs { get; init; }
        public long? ClosedUs { get; init; }
        public string Outcome { get; init; } = "";
        public string ClosedNote { get; init; } = "";
        public string Type { get; init; } = "";
        public long? RefusedUs { get; init; }
        public string RefusedWhy { get; init; } = "";
        public string RefusedClause { get; init; } = "";

        public static Row Of(HandOver h) => new()
        {
            Id = h.Id,
            Direction = h.Ours ? "given" : "received",
            Link = h.Link,
            Incident = h.Incident,
            Title = h.Title,
            Rescue = h.Rescue ? 1 : 0,
            Note = h.Note,
            CardGrant = h.CardGrant,
            LiveGrant = h.LiveGrant,
            Cap = h.Cap,
            SentUs = WallTime.From(h.Sent).Microseconds,
            DueUs = WallTime.From(h.Due).Microseconds,
            UserName = h.UserName,
            AcknowledgedUs = Of(h.Acknowledged),
            AcknowledgedBy = h.AcknowledgedBy,
            EscalatedUs = Of(h.Escalated),
            ClosedUs = Of(h.Closed),
            Outcome = h.Outcome,
            ClosedNote = h.ClosedNote,
            Type = h.Type is { } type ? type.ToString() : "",
            RefusedUs = Of(h.Refused),
            RefusedWhy = h.RefusedWhy,
            RefusedClause = h.RefusedClause,
        };

        public HandOver ToHandOver() => new(
            Id, Direction == "given", Link, Incident, Title, Rescue != 0, Note, CardGrant, LiveGrant, Cap, At(SentUs)!.Value, At(DueUs)!.Value, UserName, At(AcknowledgedUs), AcknowledgedBy, At(EscalatedUs), At(ClosedUs),
            Outcome, ClosedNote, Type.Length == 0 ? null : Enum.Parse<IncidentType>(Type), At(RefusedUs), RefusedWhy, RefusedClause);

        static long? Of(DateTimeOffset? at) => at is { } time ? WallTime.From(time).Microseconds : null;

        static DateTimeOffset? At(long? us) => us is { } at ? new WallTime(at).ToDateTimeOffset() : null;
    }
}
