using System.Data.Common;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;

using Dapper;

namespace Atalaya.Node.Federation.Grants;

/// <summary>Grants, disclosures and receipts as they come from the other side. Each is signed with its log's key; what doesn't fit what is known of the grant is refused.</summary>
sealed class ShareMessages(ShareGrants grants, AgreementBook agreements, NodeOptions options, TimeProvider clock) : MessageHandler
{
    /// <summary>Grants of one partner that are open here. 1000: each is somebody's decision over there.</summary>
    const int MaxOpen = 1000;

    public override IReadOnlyList<string> Kinds => ["grant.given", "grant.revoked", "grant.ended", "disclosure.made", "receipt.signed"];

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (Text(message.Body, "note") is not { } note || !ShareDocument.TryRead(note, message.From.LogKeys, out var document))
            return MessageVerdict.Refused("It holds no document that is signed with the key of your log.");
        if (document.By != message.From.Organisation)
            return MessageVerdict.Refused($"It is {document.By}'s word, and came from {message.From.Organisation}.");
        var row = await ShareStore.FindAsync(connection, document.Grant, stop, transaction);
        if (row is not null && row.Link != message.From.Id)
            return MessageVerdict.Refused("There is no such grant on this link.");
        if (message.Kind == "grant.given")
            return document.Act == ShareAct.Given ? await GivenAsync(message, document, note, row, connection, transaction) : MessageVerdict.Refused("It doesn't say that something was given.");
        if (row is null)
            return MessageVerdict.Refused("There is no such grant on this link.");
        // A disclosure is about what they gave, a receipt about what we gave.
        if (row.Ours == document.IsDisclosure || !Fits(message.Kind, document.Act))
            return MessageVerdict.Refused($"'{document.Act}' isn't for you to say of this grant.");
        if (!await ShareStore.StateAsync(connection, transaction, document, note))
        {
            var known = (await ShareStore.NotesAsync(connection, "id = @Id and ours = 0", new { document.Id }, stop, transaction)).Single();
            return known.Text == document.Text() ? MessageVerdict.Applied : MessageVerdict.Refused("You signed another document with this number before.");
        }

        await StepAsync(document, row, connection, transaction, stop);
        return MessageVerdict.Applied;
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        if (Text(message.Body, "note") is { } note && ShareDocument.TryRead(note, message.From.LogKeys, out var document))
        {
            if (document.Act is ShareAct.Revoked or ShareAct.Ended)
                grants.Cut(document.Grant);
            grants.Tell(document.Grant);
        }

        return Task.CompletedTask;
    }

    /// <summary>A card comes with its message, so this node has seen it: both sides' papers say so, and that nothing of it was kept.</summary>
    public override async Task KeepRefusedAsync(Incoming message, MessageVerdict verdict, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.Kind != "grant.given" || Text(message.Body, "card") is not { } card || Text(message.Body, "note") is not { } note || !ShareDocument.TryRead(note, message.From.LogKeys, out var document)
            || document is not { Act: ShareAct.Given, Terms: { What: ShareKind.IncidentCard } terms } || document.By != message.From.Organisation || terms.From != document.By || terms.To != grants.Organisation
            || ShareDocument.DigestOf(card) != terms.Sha256 || await ShareStore.FindAsync(connection, document.Grant, stop, transaction) is not null)
        {
            return;
        }

        var now = clock.GetUtcNow();
        var grant = new ShareGrant(document.Grant, terms, GrantState.Refused, document.At, terms.Persons, [], null, document.At, now, Refusals.Cut(verdict.Reason!));
        var row = new ShareRow(grant, false, message.From.Id, document, "", "", "", ShareFile.None);
        await ShareStore.InsertAsync(connection, transaction, row);
        await ShareStore.StateAsync(connection, transaction, document, note);
        await ShareStore.StateAsync(
            connection, transaction,
            new(ShareGrants.NewId(now), row.Id, ShareAct.Refused, grants.Organisation, now, ShareDocument.DigestOf(document.Text()), terms.Sha256, terms.Bytes, verdict.Clause.Length > 0 ? $"clause {verdict.Clause}" : ""), null);
    }

    /// <summary>What we gave and they don't take was never given.</summary>
    public override async Task<Action?> RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (Text(message.Body, "note") is not { } note || !SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var signed) || !ShareDocument.TryParse(signed.Text, out var document)
            || await ShareStore.FindAsync(connection, document.Grant, stop, transaction) is not { } row || row.Link != message.Link)
        {
            return null;
        }

        if (await grants.SignAnewAsync(connection, transaction, document, signed, stop))
            return () => grants.Tell(row.Id);
        if (message.Kind != "grant.given" || !row.Ours || row.Grant.Refuse(message.Reason, clock.GetUtcNow()) is not { Fault: GrantFault.None, Next: var refused })
            return null;
        await ShareStore.UpdateAsync(connection, transaction, row.With(refused));
        await LinkFiles.WithdrawAsync(connection, transaction, row.Subject);
        return () =>
        {
            grants.Cut(row.Id);
            grants.Tell(row.Id);
        };
    }

    static bool Fits(string kind, ShareAct act) => kind switch
    {
        "grant.revoked" => act == ShareAct.Revoked,
        "grant.ended" => act == ShareAct.Ended,
        "disclosure.made" => act == ShareAct.Sent,
        _ => act is ShareAct.Received or ShareAct.Used or ShareAct.Deleted or ShareAct.Refused,
    };

    async Task<MessageVerdict> GivenAsync(Incoming message, ShareDocument document, string note, ShareRow? known, DbConnection connection, DbTransaction transaction)
    {
        var terms = document.Terms!;
        if (known is not null)
            return known is { Ours: false, Grant.State: not GrantState.Refused } && known.Document.Text() == document.Text() ? MessageVerdict.Applied : MessageVerdict.Refused("There is another grant with this number.");
        if (terms.From != message.From.Organisation || terms.To != grants.Organisation)
            return MessageVerdict.Refused($"It is from {terms.From} to {terms.To}; this link joins {message.From.Organisation} and {grants.Organisation}.");
        if (agreements.Beyond(message.From, terms, "give this") is { } refusal)
            return refusal;
        if (await connection.ExecuteScalarAsync<long>(
            "select count(*) from share_grants where direction = 'received' and link = @Id and state in ('Given', 'Active')", new { message.From.Id }, transaction) >= MaxOpen)
            return MessageVerdict.Refused($"{MaxOpen} grants of yours are open here, which is the most.");
        string? card = null, file = Text(message.Body, "file");
        if (message.Body.TryGetProperty("card", out var given) && given.ValueKind == JsonValueKind.String)
        {
            card = given.GetString()!;
            if (!IncidentCard.TryRead(card, out _) || ShareDocument.DigestOf(card) != terms.Sha256 || Encoding.UTF8.GetByteCount(card) != terms.Bytes)
                return MessageVerdict.Refused("The incident card isn't the one that was signed.");
        }

        bool isFetched = terms.Sha256.Length > 0 && card is null;
        if (isFetched && (file is null || !Guid.TryParseExact(file, "D", out _)))
            return MessageVerdict.Refused("It names a file, and not by which number that is fetched.");
        if (isFetched && MostOf(terms.What) is var most && !(terms.Bytes <= most.Bytes))
            return MessageVerdict.Refused($"Its file has {new ByteSize(terms.Bytes ?? 0)}; {most} are the most that this node takes of such.");
        var grant = new ShareGrant(document.Grant, terms, GrantState.Given, document.At, terms.Persons, [], null, document.At);
        var row = new ShareRow(grant, false, message.From.Id, document, "", "", "", isFetched ? ShareFile.Fetching : card is null ? ShareFile.None : ShareFile.Here, Card: card, FileId: file ?? "");
        await ShareStore.InsertAsync(connection, transaction, row);
        await ShareStore.StateAsync(connection, transaction, document, note);
        // What is fetched is confirmed when it is here.
        if (!isFetched)
            await ShareStore.StateAsync(connection, transaction, Received(row), null);
        return MessageVerdict.Applied;
    }

    ByteSize MostOf(ShareKind what) => what switch
    {
        ShareKind.Still => options.Federation.MaxStill,
        ShareKind.Clip => options.Federation.MaxClip,
        _ => options.Federation.MaxPackage,
    };

    /// <summary>That a grant's content is here.</summary>
    ShareDocument Received(ShareRow row) => ReceiptOf(row, grants.Organisation, clock.GetUtcNow());

    public static ShareDocument ReceiptOf(ShareRow row, string organisation, DateTimeOffset now) => new(
        ShareGrants.NewId(now), row.Id, ShareAct.Received, organisation, now, ShareDocument.DigestOf(row.Document.Text()), row.Terms.Sha256, row.Terms.Bytes);

    async Task StepAsync(ShareDocument document, ShareRow row, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        switch (document.Act)
        {
            case ShareAct.Revoked when row.Grant.Revoke(document.Why, now) is { Fault: GrantFault.None, Next: var revoked }:
                await ShareStore.UpdateAsync(connection, transaction, row.With(revoked));
                break;
            case ShareAct.Ended when row.Grant.End(document.Why, now) is { Fault: GrantFault.None, Next: var ended }:
                await ShareStore.UpdateAsync(connection, transaction, row.With(ended));
                break;
            case ShareAct.Received when row.Grant.Use(now) is { Fault: GrantFault.None, Next: var used }:
                await ShareStore.UpdateAsync(connection, transaction, row.With(used));
                break;
            case ShareAct.Sent:
                // Its number is that of the look which was begun here.
                if (await connection.QuerySingleOrDefaultAsync<long?>("select at_us from share_views where id = @Id and grant_id = @Grant", new { document.Id, document.Grant }, transaction) is { } at)
                {
                    await ShareStore.StateAsync(
                        connection, transaction,
                        new(ShareGrants.NewId(now), row.Id, ShareAct.Used, grants.Organisation, new Media.WallTime(at).ToDateTimeOffset(), ShareDocument.DigestOf(document.Text())), null);
                    if (row.Grant.Use(now) is { Fault: GrantFault.None, Next: var active })
                        await ShareStore.UpdateAsync(connection, transaction, row.With(active));
                }

                break;
        }
    }

    static string? Text(JsonElement body, string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
