using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;

using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>What came of a batch.</summary>
/// <param name="Answer">How far each lane has come, for the sender.</param>
/// <param name="Fault">What isn't what an honest node sends; null: all was.</param>
sealed record Received(LinkAnswerJson Answer, string? Fault);

/// <summary>
/// Takes messages of other nodes: each must be signed by the link's key, be for this link, and be the next of its lane. What comes again is confirmed again and not
/// applied; what comes too early is left to come again.
/// </summary>
sealed class Inbox(NodeDatabase database, LinkBook links, LinkKey key, LinkFaults faults, LinkFlood flood, IEnumerable<MessageHandler> handlers, TimeProvider clock, ILogger<Inbox> log)
{
    /// <summary>A sender's clock may be so far ahead; beyond, its operators and ours are told, and messages are taken nevertheless: clocks at remote posts are wrong.</summary>
    static readonly TimeSpan ClockWarning = TimeSpan.FromMinutes(5);

    readonly Lazy<Dictionary<string, MessageHandler>> _handlers = new(() => handlers.SelectMany(h => h.Kinds.Select(k => (k, h))).ToDictionary(h => h.k, h => h.h, StringComparer.Ordinal));
    readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <param name="address">Of the connection, for what is written down.</param>
    /// <param name="isOld">The sender says that this node has messages of it that it doesn't know.</param>
    /// <exception cref="DbException">Nothing more can be written just now; the sender tries again.</exception>
    public async Task<Received> ReceiveAsync(Link from, string address, IReadOnlyList<SealedMessage> messages, bool isOld, CancellationToken stop)
    {
        var turn = _turns.GetOrAdd(from.Id, _ => new(1, 1));
        await turn.WaitAsync(stop);
        try
        {
            using var sender = ECDsa.Create();
            sender.ImportSubjectPublicKeyInfo(from.LinkKey, out _);
            string? fault = null;
            if (isOld)
            {
                fault = $"This node has messages that {from.Name} doesn't know any more: the other node may run on an old copy of its data. End the link at both ends and make it anew.";
                await faults.AddAsync(from.Id, address, "two histories", fault, stop);
            }

            var seen = new Dictionary<Lane, long>();
            var counted = new List<RefusedJson>();
            foreach (var message in messages)
            {
                // The one before may have told of another key of its log.
                from = links.Find(from.Id) ?? from;
                (string What, string Detail)? wrong = null;
                if (!message.IsBy(sender))
                    wrong = ("wrong signature", "A message isn't signed by the key of its sender.");
                else if (!Envelope.TryParse(message.Bytes, out var envelope, out string? unreadable))
                    wrong = ("unreadable message", unreadable);
                else if (envelope.Link != from.Id || envelope.Sender != from.Pin)
                    wrong = ("foreign message", envelope.Sender == key.Pin ? "A message of this node came back to it." : "A message of another link came over this one.");
                else if (await TakeAsync(from, address, envelope, message, seen, counted, stop) is Arrival.Forked)
                    wrong = ("two histories", $"The message {Envelope.NameOf(envelope.Lane)} {envelope.Number} isn't the one that follows what this node has. The sender may run on an old copy of its data; end the link and make it anew.");
                if (wrong is not var (what, detail))
                    continue;
                await faults.AddAsync(from.Id, address, what, detail, stop);
                fault = detail;
                break;
            }

            return new(await AnswerAsync(from, seen, counted, stop), fault);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <param name="counted">Gets what was refused and isn't written down by itself.</param>
    async Task<Arrival> TakeAsync(Link from, string address, Envelope envelope, SealedMessage message, Dictionary<Lane, long> seen, List<RefusedJson> counted, CancellationToken stop)
    {
        seen[envelope.Lane] = Math.Min(seen.GetValueOrDefault(envelope.Lane, long.MaxValue), envelope.Number);
        var incoming = new Incoming(from, envelope.Lane, envelope.Number, envelope.Sent, envelope.Kind, envelope.Body);
        MessageHandler? handler;
        MessageVerdict verdict;
        bool isCounted;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            // A write first, so that this is the only one at it.
            var at = await connection.QuerySingleAsync<Place>(
                "update link_lanes set received_number = received_number where link = @Id and lane = @lane returning received_number as Number, received_hash as Hash", new { from.Id, lane = (long)envelope.Lane }, transaction);
            var cursor = new LaneCursor(at.Number, Outbox.Read(at.Hash));
            var hash = message.Hash;
            var arrival = cursor.Judge(envelope, hash);
            if (arrival != Arrival.Next)
                return arrival;
            handler = _handlers.Value.GetValueOrDefault(envelope.Kind);
            verdict = handler is null
                ? MessageVerdict.Refused($"This node's version doesn't know messages '{envelope.Kind}'.")
                : await ApplyAsync(handler, incoming, connection, transaction, stop);
            if (verdict.IsApplied)
            {
                isCounted = await EndAsync(connection, transaction, incoming, cursor.After(envelope, hash), verdict, stop);
            }
            else
            {
                // Nothing of what it may have begun stays.
                await transaction.RollbackAsync(stop);
                await using var second = await connection.BeginTransactionAsync(stop);
                if (handler is not null)
                    await KeepAsync(handler, incoming, verdict, connection, second, stop);
                isCounted = await EndAsync(connection, second, incoming, cursor.After(envelope, hash), verdict, stop);
            }
        }

        if (isCounted)
        {
            // The sender is told with this answer; if that is lost, it learns only that the message is done with.
            counted.Add(new(Envelope.NameOf(envelope.Lane), envelope.Number, Refusals.Cut(verdict.Reason!), Refusals.Cut(verdict.Clause)));
            await faults.AddAsync(from.Id, address, "refused messages", $"More messages than are written down one by one; first of these {envelope.Kind}: {verdict.Reason}", stop);
        }

        if (envelope.Sent - clock.GetUtcNow() > ClockWarning)
            await faults.AddAsync(from.Id, "", "clock ahead", $"A message was sent {envelope.Sent - clock.GetUtcNow():hh\\:mm\\:ss} in this node's future.", stop);
        if (verdict.IsApplied && handler is not null)
        {
            try
            {
                await handler.AppliedAsync(incoming, stop);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                log.LogError(fault, "A message {Kind} was applied, and what follows it failed.", incoming.Kind);
            }
        }

        // Outside of the transaction: who floods waits, and nobody with them.
        await flood.PaceAsync(from.Id, stop);
        return Arrival.Next;
    }

    async Task<MessageVerdict> ApplyAsync(MessageHandler handler, Incoming incoming, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        try
        {
            return await handler.ApplyAsync(incoming, connection, transaction, stop);
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or DbException))
        {
            log.LogError(fault, "A message {Kind} from {Link} couldn't be applied.", incoming.Kind, incoming.From.Name);
            return MessageVerdict.Refused("This node couldn't apply it; its log says why.");
        }
    }

    async Task KeepAsync(MessageHandler handler, Incoming incoming, MessageVerdict verdict, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        try
        {
            await handler.KeepRefusedAsync(incoming, verdict, connection, transaction, stop);
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or DbException))
        {
            // The lane goes on nevertheless.
            log.LogError(fault, "A message {Kind} from {Link} is refused, and what is kept of it couldn't be.", incoming.Kind, incoming.From.Name);
        }
    }

    /// <returns>True: it is refused, in all or in part, and that isn't written down by itself.</returns>
    async Task<bool> EndAsync(DbConnection connection, DbTransaction transaction, Incoming incoming, LaneCursor next, MessageVerdict verdict, CancellationToken stop)
    {
        await connection.ExecuteAsync(
            "update link_lanes set received_number = @Number, received_hash = @hash where link = @Id and lane = @lane",
            new { next.Number, hash = next.Hash.ToString(), incoming.From.Id, lane = (long)incoming.Lane }, transaction);
        bool isWritten = verdict.Reason is not null && flood.MayWriteRefusal(incoming.From.Id);
        if (isWritten)
        {
            await Refusals.AddAsync(connection, transaction, incoming.From.Id, isOurs: true, incoming.Lane, incoming.Number, incoming.Kind, WallTime.Now(clock), verdict.Reason!, verdict.Clause);
            log.LogWarning("A message {Kind} from {Link} is refused: {Reason}", incoming.Kind, incoming.From.Name, verdict.Reason);
        }

        await transaction.CommitAsync(stop);
        return verdict.Reason is not null && !isWritten;
    }

    /// <param name="seen">For each lane the first number that came: of those from there on the sender may not know what was refused.</param>
    async Task<LinkAnswerJson> AnswerAsync(Link from, Dictionary<Lane, long> seen, List<RefusedJson> refused, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var lanes = (await connection.QueryAsync<(long Lane, long Number, string Hash)>(new CommandDefinition(
            "select lane, received_number, received_hash from link_lanes where link = @Id", new { from.Id }, cancellationToken: stop))).ToDictionary(l => (Lane)l.Lane, l => (l.Number, l.Hash));
        foreach (var (lane, number) in seen)
            refused.AddRange(await Refusals.SinceAsync(connection, from.Id, lane, number));
        var (urgent, records) = (lanes.GetValueOrDefault(Lane.Urgent, (0, "")), lanes.GetValueOrDefault(Lane.Records, (0, "")));
        return new(urgent.Number, urgent.Hash, records.Number, records.Hash, refused, clock.GetUtcNow());
    }

    sealed record Place(long Number, string Hash);
}
