using System.Data.Common;
using System.Text;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Media;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Stories;
using Atalaya.Node.Scene;
using Atalaya.Node.Store;

namespace Atalaya.Node.Federation.Requests;

/// <summary>Why something wasn't done with a request.</summary>
enum RequestFault
{
    None,

    /// <summary>There is none of this id.</summary>
    Absent,

    /// <summary>Somebody was faster.</summary>
    Changed,

    /// <summary>Its rules forbid it: <see cref="RequestDone.Refusal"/>.</summary>
    Refused,

    /// <summary>The link has ended.</summary>
    LinkEnded,

    /// <summary>It is more than a message holds.</summary>
    TooLong,

    /// <summary>A document isn't one that was brought here for this partner.</summary>
    NoFile,

    /// <summary>Its documents are more than a request holds.</summary>
    TooMuch,
}

/// <param name="Now">Null: there is none.</param>
sealed record RequestDone(RequestTold? Now, RequestFault Fault = RequestFault.None, RequestRefusal Refusal = RequestRefusal.None);

/// <summary>A request with its story.</summary>
sealed record RequestTold(RequestRow Row, Telling<RequestCase, RequestDeed> Telling)
{
    public RequestCase Case => Telling.State;
}

/// <summary>
/// Requests of this organisation and of its partners. Each step is written, and put into the outbox, in one transaction; the other side's come in by the link and are judged by the same rules.
/// </summary>
sealed class RequestBook(NodeDatabase database, LinkBook links, Outbox outbox, AgreementBook agreements, SceneEvents scene, TimeProvider clock, ILogger<RequestBook> log) : MessageHandler
{
    /// <summary>So far may the other side's clock be ahead before its dates aren't believed.</summary>
    static readonly TimeSpan MaxAhead = TimeSpan.FromHours(1);

    /// <summary>That one partner asked and nobody has ended. 200: a busy liaison office's month.</summary>
    public const int MaxOpen = 200;

    /// <summary>Below what a message holds: its frame takes some of it.</summary>
    const int MaxBody = 60 << 10;

    public event Action? Changed;

    public override IReadOnlyList<string> Kinds { get; } =
        ["request.asked", "request.questioned", "request.clarified", "request.answered", "request.refused", "request.withdrawn", "request.closed"];

    static string KindOf(RequestDeed deed) => deed switch
    {
        Asked => "request.asked",
        Questioned => "request.questioned",
        Clarified => "request.clarified",
        Answered => "request.answered",
        Refused => "request.refused",
        Withdrawn => "request.withdrawn",
        Closed => "request.closed",
        _ => throw new ArgumentOutOfRangeException(nameof(deed), deed.GetType().Name, "A deed that isn't known."),
    };

    /// <summary>Where the agreement forbids what a request of this organisation, or one of its partner, asks for; empty: nowhere.</summary>
    /// <param name="ours">This organisation asks, so the other one would give.</param>
    public IReadOnlyList<(string Camera, Decision Decision)> Beyond(Link link, bool ours, Asked asked, DateTimeOffset at)
    {
        string[] cameras = asked.Footage is { Cameras.Count: > 0 } footage ? [.. footage.Cameras] : [""];
        // What people will have to agree to, mask and limit when they answer is theirs: here it counts whether they could at all.
        return [.. cameras.Select(c => (c, agreements.Decide(link, new(
            ours ? link.Organisation : agreements.Organisation, ours ? agreements.Organisation : link.Organisation, ShareOf(asked.Kind), asked.Purpose, asked.IncidentType, asked.Category, asked.Footage?.Site ?? "", c, true, null, null, null,
            asked.Kind, asked.Rescue, at, int.MaxValue)))).Where(d => !d.Item2.Allowed && !IsForTheGiver(d.Item2.Ground))];
    }

    // Who asks needn't know where something was seen, and in which incident: whoever answers names it, and then the agreement is asked again.
    static bool IsForTheGiver(string ground) => ground is AgreementEvaluator.IncidentTypeMissing or AgreementEvaluator.SiteMissing or AgreementEvaluator.CameraMissing;

    /// <summary>What an answer to such a request would give.</summary>
    static ShareKind ShareOf(RequestKind kind) => kind switch
    {
        RequestKind.Footage or RequestKind.HoldFootage => ShareKind.Clip,
        RequestKind.LiveAssistance => ShareKind.Live,
        _ => ShareKind.IncidentCard,
    };

    /// <summary>How many hours an answer may take; null: the agreement doesn't foresee such requests. Within one organisation it is the default.</summary>
    public int? HoursFor(Link link, RequestKind kind, Urgency urgency)
    {
        if (agreements.InForce(link) is { } agreement)
            return (int?)agreement.AnswerWithin(kind, urgency)?.TotalHours;
        var usual = RequestTerms.Template.Single(t => t.Kind == kind);
        return link.Kind == LinkKind.Partner ? null : urgency switch { Urgency.Urgent => usual.UrgentHours, Urgency.Prompt => usual.PromptHours, _ => usual.RoutineHours };
    }

    public async Task<IReadOnlyList<RequestRow>> ListAsync(bool? open, string? link, int most, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await RequestTable.ListAsync(connection, open, link, most, stop);
    }

    public async Task<RequestTold?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await RequestTable.FindAsync(connection, null, id, stop) is { } row
            ? new(row, RequestCase.Of(await StorySteps.ReadAsync<RequestDeed>(connection, null, id, stop)))
            : null;
    }

    /// <summary>All that were asked within a period, as they are now.</summary>
    /// <param name="links">Over which of them; null: over any.</param>
    public async Task<IReadOnlyList<RequestTold>> OfAsync(IReadOnlyList<string>? links, WallTime from, WallTime to, int most, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await RequestTable.OfAsync(connection, links, from, to, most, stop);
        var stories = await StorySteps.ReadAsync<RequestDeed>(connection, null, [.. rows.Select(r => r.Id)], stop);
        return [.. rows.Select(r => new RequestTold(r, RequestCase.Of(stories[r.Id])))];
    }

    /// <summary>Asks a partner. Whether the agreement allows it was looked at before.</summary>
    public Task<RequestDone> AskAsync(Link link, string by, Asked asked, CancellationToken stop)
    {
        string id = StoryJson.NewId(clock.GetUtcNow());
        return WriteAsync(async (connection, transaction) => await StepAsync(connection, transaction, link, id, null, by, asked, stop), stop);
    }

    /// <summary>Does something with a request, on this side.</summary>
    /// <param name="seen">How many steps whoever does it has read; null: it doesn't matter.</param>
    public Task<RequestDone> DoAsync(string id, int? seen, string by, RequestDeed deed, CancellationToken stop) => WriteAsync(
        async (connection, transaction) =>
        {
            if (await RequestTable.FindAsync(connection, transaction, id, stop) is not { } row)
                return new(null, RequestFault.Absent);
            if (seen is { } version && version != row.Steps)
                return new(new(row, RequestCase.Of(await StorySteps.ReadAsync<RequestDeed>(connection, transaction, id, stop))), RequestFault.Changed);
            return links.Find(row.Link) is { State: LinkState.Active or LinkState.Suspended } link
                ? await StepAsync(connection, transaction, link, id, row, by, deed, stop)
                : new(new(row, RequestCase.Of(await StorySteps.ReadAsync<RequestDeed>(connection, transaction, id, stop))), RequestFault.LinkEnded);
        }, stop);

    async Task<RequestDone> StepAsync(DbConnection connection, DbTransaction transaction, Link link, string id, RequestRow? row, string by, RequestDeed deed, CancellationToken stop)
    {
        bool ours = row?.Ours ?? true;
        var story = row is null ? new() : await StorySteps.ReadAsync<RequestDeed>(connection, transaction, id, stop);
        var before = RequestCase.Of(story);
        var step = story.Next(ours ? Side.First : Side.Second, StoryJson.Moment(clock.GetUtcNow()), by, deed);
        var told = row is null ? null : new RequestTold(row, before);
        if (RequestCase.Apply(before.State, step).Refusal is var refusal and not RequestRefusal.None)
            return new(told, RequestFault.Refused, refusal);
        var (next, fault) = story.Add(step, RequestCase.None, RequestCase.Rule);
        if (fault != StepFault.None)
            return new(told, RequestFault.Refused, RequestRefusal.Over);     // Full: the rules themselves were asked above.
        var body = StoryJson.BodyOf(id, step);
        if (Encoding.UTF8.GetByteCount(body.ToJsonString(StoryJson.Options)) > MaxBody)
            return new(told, RequestFault.TooLong);
        if (await RequestFiles.SendAsync(connection, transaction, link, id, RequestFiles.Of(deed), d => RequestDocuments.PathOf(database.Folder, d)) is var unsent and not RequestFault.None)
            return new(told, unsent);
        long number = await outbox.SendAsync(connection, transaction, link, Lane.Urgent, KindOf(deed), body);
        return new(await KeepAsync(connection, transaction, link.Id, id, ours, row, next, step, number));
    }

    async Task<RequestTold> KeepAsync(DbConnection connection, DbTransaction transaction, string link, string id, bool ours, RequestRow? before, Story<RequestDeed> story, Step<RequestDeed> step, long message)
    {
        await StorySteps.AddAsync(connection, transaction, id, step, KindOf(step.Deed), message, WallTime.Now(clock));
        var telling = RequestCase.Of(story);
        var row = RequestRow.Of(id, link, ours, telling.State, story.Count, before);
        // A clarification gave it time anew.
        if (row.OverdueAt is not null && !telling.State.IsOverdue(clock.GetUtcNow()) && telling.State.IsOpen)
            row = row with { OverdueAt = null };
        if (step.Deed is Clarified)
            row = row with { SoonAt = null };
        await RequestTable.PutAsync(connection, transaction, row);
        return new(row, telling);
    }

    async Task<RequestDone> WriteAsync(Func<DbConnection, DbTransaction, Task<RequestDone>> work, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var done = await work(connection, transaction);
        if (done.Fault != RequestFault.None)
            return done;
        await transaction.CommitAsync(stop);
        outbox.Wake();
        Changed?.Invoke();
        return done;
    }

    /// <summary>The other side did something. What its rules forbid is refused, and changes nothing.</summary>
    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (!StoryJson.TryRead<RequestDeed>(message.Body, out string? id, out var step, out string? fault))
            return MessageVerdict.Refused(fault);
        if (KindOf(step.Deed) != message.Kind)
            return MessageVerdict.Refused("The message's kind isn't that of what it carries.");
        if (step.At > clock.GetUtcNow() + MaxAhead)
            return MessageVerdict.Refused("It is dated in the future.");
        var row = await RequestTable.FindAsync(connection, transaction, id, stop);
        // Another's case is one that isn't there.
        if (row is not null && row.Link != message.From.Id)
            return MessageVerdict.Refused("There is no such request.");
        if (row is null && step.Deed is not Asked)
            return MessageVerdict.Refused("There is no such request.");
        bool ours = row?.Ours ?? false;
        step = step with { Side = ours ? Side.Second : Side.First };
        if (row is null && step.Deed is Asked asked && Beyond(message.From, asked) is var (reason, clause))
            return MessageVerdict.Refused(reason, clause);
        if (row is null && await RequestTable.OpenAsync(connection, transaction, message.From.Id) >= MaxOpen)
            return MessageVerdict.Refused($"{MaxOpen} requests of yours are open here, which is the most. Answers are due for those first.");
        var story = row is null ? new() : await StorySteps.ReadAsync<RequestDeed>(connection, transaction, id, stop);
        var (next, wrong) = story.Add(step, RequestCase.None, RequestCase.Rule);
        if (wrong != StepFault.None)
            return StorySteps.VerdictOf(wrong);
        if (await RequestFiles.ReceiveAsync(connection, transaction, message.From.Id, id, RequestFiles.Of(step.Deed), step.By, WallTime.Now(clock)) is { } untaken)
            return MessageVerdict.Refused(untaken);
        await KeepAsync(connection, transaction, message.From.Id, id, ours, row, next, step, 0);
        return MessageVerdict.Applied;
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        Changed?.Invoke();
        return Task.CompletedTask;
    }

    /// <summary>Why a partner's request isn't one that the agreement foresees; null: it is.</summary>
    (string Reason, string Clause)? Beyond(Link from, Asked asked)
    {
        if (HoursFor(from, asked.Kind, asked.Urgency) is not { } hours)
            return ("No agreement in force foresees such requests.", Decision.Default);
        if (asked.Hours < hours)
            return ($"The agreement gives {hours} hours for the answer, and the request {asked.Hours}.", Decision.Default);
        return Beyond(from, ours: false, asked, clock.GetUtcNow()) is [var (_, refused), ..] ? (string.Join(' ', refused.Reasons), refused.Clause) : null;
    }

    /// <summary>Tells by an alarm, once each, of which little time is left (who was asked) and whose time has passed (both).</summary>
    /// <returns>How many were told of.</returns>
    public async Task<int> LookAtClockAsync(CancellationToken stop)
    {
        int told = 0;
        var now = WallTime.Now(clock);
        IReadOnlyList<RequestRow> over, soon;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
            (over, soon) = (await RequestTable.OverdueAsync(connection, now, stop), await RequestTable.SoonAsync(connection, now, stop));
        foreach (var (row, isOver) in over.Select(r => (r, true)).Concat(soon.Select(r => (r, false))))
        {
            // The alarm before the mark: cut in between, it is raised again under the same number, which makes one.
            // One that the other node never took is told of as such.
            if (row.Fault is null)
                await scene.RecordAsync(RequestAlarm.Of(row, links.Find(row.Link)?.Organisation ?? row.Link, isOver, clock.GetUtcNow()), stop);
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            await using var transaction = await connection.BeginTransactionAsync(stop);
            told += await RequestTable.NoteToldAsync(connection, transaction, row, isOver, now);
            await transaction.CommitAsync(stop);
            if (isOver)
                log.LogWarning("Request {Id} ({Kind}, {Who}) wasn't answered by {Due}.", row.Id, row.Kind, row.Ours ? "asked by us" : "asked of us", row.Due);
        }

        if (told > 0)
            Changed?.Invoke();
        return told;
    }
}
