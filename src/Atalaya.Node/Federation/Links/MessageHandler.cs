using System.Data.Common;
using System.Text.Json;

using Atalaya.Federation.Links;

namespace Atalaya.Node.Federation.Links;

/// <summary>What came from another node: signed by it, the next of its lane.</summary>
/// <param name="SentAt">By the sender's clock.</param>
/// <param name="Body">A JSON object whose texts are all Unicode; everything else about it is to be checked.</param>
sealed record Incoming(Link From, Lane Lane, long Number, DateTimeOffset SentAt, string Kind, JsonElement Body);

/// <summary>What became of a message. One that is refused is confirmed, too: the lane goes on, and both sides have it in their records.</summary>
/// <param name="IsApplied">At least a part of it.</param>
/// <param name="Reason">Why it, or a part of it, was refused, a sentence; null: all of it was applied.</param>
/// <param name="Clause">Of the agreement that it is beyond.</param>
sealed record MessageVerdict(bool IsApplied, string? Reason, string Clause)
{
    public static MessageVerdict Applied { get; } = new(true, null, "");

    public static MessageVerdict Refused(string reason, string? clause = null) => new(false, reason, clause ?? "");

    /// <summary>What else was in it is applied, and stays so.</summary>
    public static MessageVerdict RefusedInPart(string reason) => new(true, reason, "");
}

/// <summary>A message of ours that the other side refused.</summary>
/// <param name="Body">As we sent it.</param>
/// <param name="Reason">A sentence of the other side's.</param>
/// <param name="Clause">Of the agreement; may be empty.</param>
sealed record RefusedMessage(string Link, string Kind, JsonElement Body, string Reason, string Clause);

/// <summary>What some kinds of messages do here.</summary>
abstract class MessageHandler
{
    /// <summary>Such as "request.asked".</summary>
    public abstract IReadOnlyList<string> Kinds { get; }

    /// <summary>
    /// Applies a message in the transaction that also remembers that it came: so it is applied once. All writes go through the given connection. What the other side sent
    /// is refused, not thrown at; what throws is taken for a fault of this node and recorded as refused, unless the database threw it: then the message comes again.
    /// </summary>
    public abstract Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop);

    /// <summary>After the commit, unless the process ends in between: who watches is told.</summary>
    public virtual Task AppliedAsync(Incoming message, CancellationToken stop) => Task.CompletedTask;

    /// <summary>This node refused it, and nothing of what applying it began is there any more: what is to be kept of it all the same, in the transaction that remembers the refusal.</summary>
    public virtual Task KeepRefusedAsync(Incoming message, MessageVerdict verdict, DbConnection connection, DbTransaction transaction, CancellationToken stop) => Task.CompletedTask;

    /// <summary>
    /// The other side refused one of ours of these kinds: what was done in the belief that it would take it is undone, once, in the transaction that lets go of the message. All writes go through the
    /// given connection.
    /// </summary>
    /// <returns>What is to be done behind the commit; null: nothing.</returns>
    public virtual Task<Action?> RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, CancellationToken stop) => Task.FromResult<Action?>(null);
}
