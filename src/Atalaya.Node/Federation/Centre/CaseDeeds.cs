using System.Data.Common;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Incidents;
using Atalaya.Node.Notifications;

namespace Atalaya.Node.Federation.Centre;

/// <summary>
/// At a site: does what people at its centre want done with its alarms and incidents, by the rules that hold for its own people, and answers whether it was. How the case is then travels as any other change.
/// </summary>
sealed class CaseDeeds(Casebook book, Standing standing, Channels channels, Outbox outbox, TimeProvider clock) : MessageHandler
{
    public const string Kind = "case.deed", Answer = "deed.answered";

    public override IReadOnlyList<string> Kinds { get; } = [Kind];

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.From.Kind != LinkKind.Centre)
            return MessageVerdict.Refused("Only this site's centre works its cases.");
        if (!CentreJson.TryRead<CaseDeed>(message.Body, out var deed) || !deed.IsSound)
            return MessageVerdict.Refused("It isn't a deed that this site knows.");
        var session = await Casebook.JoinAsync(connection, transaction, stop);
        string by = $"{deed.By} @ {message.From.Site}";
        string? refusal = deed.Alarm is { } alarm ? await DoAsync(session, alarm, by) : await DoAsync(session, deed.Incident!, by);
        await outbox.SendAsync(connection, transaction, message.From, Lane.Urgent, Answer, CentreJson.Write(new DeedAnswered(deed.Id, refusal)));
        return MessageVerdict.Applied;
    }

    public override async Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        outbox.Wake();
        await book.TellAsync(stop);
    }

    /// <returns>Why not, a sentence; null: done.</returns>
    async Task<string?> DoAsync(CaseSession session, AlarmDeed deed, string by)
    {
        if (await session.AlarmAsync(deed.Alarm) is not { } alarm)
            return "The site has no such alarm any more.";
        if (alarm.Version != deed.Version)
            return "Somebody at the site was faster. Look at it, and do it again if it is still right.";
        var policy = standing.Orders.Policy.Policy;
        var act = new AlarmAct(deed.Act, by, clock.GetUtcNow())
        {
            To = deed.Act == AlarmActKind.Escalate && string.IsNullOrWhiteSpace(deed.To) ? policy.EscalateTo(alarm.Severity, alarm.Level + 1) : deed.To,
            Outcome = deed.Outcome,
            Note = deed.Note,
        };
        var (next, step, refusal) = alarm.Apply(act, policy.AcknowledgeWithin(alarm.Severity));
        if (refusal != AlarmRefusal.None)
        {
            return refusal switch
            {
                AlarmRefusal.Closed => $"{alarm.ClosedBy} closed it.",
                AlarmRefusal.AlreadyAcknowledged => $"{alarm.AcknowledgedBy} acknowledged it.",
                AlarmRefusal.NobodyNamed => "It must say who gets it.",
                _ => "It must say what it was.",
            };
        }

        await session.SaveAsync(next, step);
        if (act.Kind == AlarmActKind.Escalate)
            await channels.EnqueueAsync(session, next, NotificationOccasion.Escalated);
        return null;
    }

    async Task<string?> DoAsync(CaseSession session, IncidentDeed deed, string by)
    {
        if (await session.IncidentAsync(deed.Incident) is not { } incident)
            return "The site has no such incident.";
        var custody = await session.CustodyAsync(deed.Incident);
        var now = clock.GetUtcNow();
        if (deed.Custody is { } hand)
        {
            var (after, refused) = hand == CustodyDeed.TakeOver ? custody.TakeOver(deed.Epoch, by) : custody.HandBack(deed.Epoch, by);
            if (refused != CustodyRefusal.None)
                return Words(refused, custody);
            // In the story as well: who reads it later sees who had it when.
            await session.AppendAsync(incident, new Noted(hand == CustodyDeed.TakeOver ? $"Taken over by the centre: {by}." : $"Handed back to the site by {by}.") { By = by, At = now });
            await session.SaveAsync(deed.Incident, after, now);
            return null;
        }

        if (deed.Event is not Noted && custody.RefuseCentre(deed.Epoch) is not CustodyRefusal.None and var why)
            return Words(why, custody);
        var (_, refusal) = await session.AppendAsync(incident, deed.Event! with { By = by, At = now });
        return refusal == IncidentRefusal.None ? null : CaseRequests.Refused(refusal).ProblemDetails.Detail;
    }

    static string Words(CustodyRefusal refusal, Custody custody) => refusal switch
    {
        CustodyRefusal.Held => $"{custody.By} has taken it over already.",
        CustodyRefusal.NotHeld => custody.By.Length > 0 ? $"The site has it: {custody.By}." : "The site has it: take it over first.",
        _ => "It changed hands meanwhile. Look at it, and do it again if it is still right.",
    };
}
