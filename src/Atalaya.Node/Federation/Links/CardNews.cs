using System.Data.Common;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Evidence;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>The other node was renamed, is reached at another address, or its log's key was followed by another: it shows its card anew.</summary>
sealed class CardMessages(LinkBook links) : MessageHandler
{
    public const string Shown = "card.shown";

    public override IReadOnlyList<string> Kinds => [Shown];

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (!message.Body.TryGetProperty("card", out var card) || card.ValueKind != JsonValueKind.String || card.GetString() is not { } note)
            return MessageVerdict.Refused("It has no card.");
        if (!NodeCard.TryOpen(note, out var read, out string? fault))
            return MessageVerdict.Refused(fault);
        if (read.Pin != message.From.Pin)
            return MessageVerdict.Refused("It is another node's card. A node whose link key changed joins anew.");
        // Two people said of this name that it is theirs; papers and agreements are in it. Another would be on every page, and nobody asked.
        if (message.From.Kind == LinkKind.Partner && read.Organisation != message.From.Organisation)
            return MessageVerdict.Refused($"It calls its organisation {read.Organisation}; the link was made with {message.From.Organisation}. An organisation that has another name joins anew.");
        string keys = message.From.Keys;
        if (read.LogKey.ToString() != message.From.LogKey.ToString())
        {
            if (!message.Body.TryGetProperty("keys", out var statements) || statements.ValueKind != JsonValueKind.String || statements.GetString() is not { } told
                || !KeyHistory.TryParse(Encoding.UTF8.GetBytes(told), out var history) || history.Follow(message.From.LogKey)[^1].ToString() != read.LogKey.ToString())
            {
                return MessageVerdict.Refused("It is a card of another log key, and no statements lead there from the one that is known. A node whose key is lost joins anew.");
            }

            keys = told;
        }

        await links.RenewAsync(connection, transaction, message.From, read, note, keys);
        return MessageVerdict.Applied;
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop) => links.ReloadAsync(stop);
}

/// <summary>Shows this node's card to those who know an earlier one: at the start, and when its log's key was followed by another.</summary>
sealed class CardNews(LinkBook links, Outbox outbox, Invitations invitations, NodeLog nodeLog, Store.NodeDatabase database, ILogger<CardNews> log) : IHostedLifecycleService, IDisposable
{
    /// <summary>Statements that lead from earlier keys to the one in force, the last ones: a link was up within that many years.</summary>
    const int MaxStatements = 40;

    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    Task _telling = Task.CompletedTask;     // under _gate

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        nodeLog.KeyFollowed += Tell;
        // One that was suspended, or waited for its digits, meanwhile is told when it goes on.
        links.Changed += Tell;
        Tell();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        links.Changed -= Tell;
        nodeLog.KeyFollowed -= Tell;
        await _stop.CancelAsync();
        Task telling;
        lock (_gate)
            telling = _telling;
        await telling;
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stop.Dispose();

    // One after the other.
    void Tell()
    {
        lock (_gate)
        {
            var before = _telling;
            _telling = Task.Run(
                async () =>
                {
                    await before;
                    await TellAsync();
                },
                CancellationToken.None);
        }
    }

    /// <summary>Has who gets something signed know its key: the card goes ahead of it, if another was shown there last. In the transaction that sends it.</summary>
    /// <returns>False: the key in force isn't among those that signed it; it is to be signed anew.</returns>
    /// <exception cref="IOException">The log, whose key signs the card, isn't open.</exception>
    public async Task<bool> GoAheadAsync(DbConnection connection, DbTransaction transaction, Link link, SignedNote signed, CancellationToken stop)
    {
        if (await nodeLog.HeadAsync(stop) is not var (_, key) || signed.Signatures.All(s => s.KeyId != key.Id))
            return false;
        // A write, so that the card of a key that follows meanwhile comes behind it.
        string? told = await connection.QuerySingleOrDefaultAsync<string>("update links set told = told where id = @Id returning told", new { link.Id }, transaction);
        if (told is null || (told.Split('\n') is [_, _, _, var known, ..] && known == key.ToString()))
            return true;
        var (card, note) = await invitations.OwnCardAsync(stop);
        return await ShowAsync(connection, transaction, link, card, note, stop);
    }

    /// <returns>False: it was shown there, or its key has been followed by another since it was signed. Nothing is to be committed then.</returns>
    async Task<bool> ShowAsync(DbConnection connection, DbTransaction transaction, Link link, NodeCard card, string note, CancellationToken stop)
    {
        if (await connection.ExecuteAsync("update links set told = @Text where id = @Id and told <> @Text", new { card.Text, link.Id }, transaction) == 0
            || await nodeLog.HeadAsync(stop) is not var (_, key) || key.ToString() != card.LogKey.ToString())
        {
            return false;
        }

        string keys = string.Join('\n', nodeLog.KeyHistory.Changes.TakeLast(MaxStatements).Select(c => c.Note));
        await outbox.SendAsync(connection, transaction, link, Lane.Urgent, CardMessages.Shown, new { card = note, keys });
        return true;
    }

    async Task TellAsync()
    {
        try
        {
            if (links.Active.Count == 0)
                return;
            var (card, note) = await invitations.OwnCardAsync(_stop.Token);
            await using var connection = await database.Source.OpenConnectionAsync(_stop.Token);
            foreach (var link in links.Active)
            {
                await using var transaction = await connection.BeginTransactionAsync(_stop.Token);
                if (await ShowAsync(connection, transaction, link, card, note, _stop.Token))
                    await transaction.CommitAsync(_stop.Token);
            }

            outbox.Wake();
        }
        catch (Exception fault) when (fault is IOException or DbException)
        {
            log.LogWarning("Other nodes aren't told of this node's card: {Reason}", fault.Message);
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }
}
