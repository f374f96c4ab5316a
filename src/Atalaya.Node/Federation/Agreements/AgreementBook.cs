using System.Data.Common;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Federation.Agreements;

/// <summary>Why something can't happen to an agreement, a sentence.</summary>
sealed class AgreementRefusedException(string message) : Exception(message);

/// <summary>
/// The agreements of this node, in the database and, as few as they are, all in memory. The one place that says what a link's other side may be given: <see cref="Decide"/>.
/// </summary>
sealed class AgreementBook(NodeDatabase database, LinkBook links, Outbox outbox, NodeLog nodeLog, NodeOptions options, TimeProvider clock, ILogger<AgreementBook> log) : IHostedService, IDisposable
{
    /// <summary>When it was given the giver says: so far a clock may be ahead, and so long something may be on its way. Who says another time is taken to have given at the nearest one.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5), LongestWay = TimeSpan.FromDays(1);

    readonly SemaphoreSlim _reading = new(1, 1);
    volatile IReadOnlyList<StoredAgreement> _all = [];

    /// <summary>An agreement was written, came, was signed, denounced.</summary>
    public event Action? Changed;

    /// <summary>By link, id and version.</summary>
    public IReadOnlyList<StoredAgreement> All => _all;

    /// <summary>This organisation, as its card says it.</summary>
    public string Organisation => options.Federation.Organisation.Length > 0 ? options.Federation.Organisation : options.Name;

    public StoredAgreement? Find(string link, string id, int version) => _all.FirstOrDefault(a => a.Link == link && a.Id == id && a.Version == version);

    public async Task StartAsync(CancellationToken stop) => await ReloadAsync(stop);

    public Task StopAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose() => _reading.Dispose();

    public async Task ReloadAsync(CancellationToken stop)
    {
        // From the question to the answer's place one at a time: else one that asked before a denunciation could put its answer over that of one that asked after it.
        await _reading.WaitAsync(stop);
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(stop);
            _all = AgreementStore.All(connection, fault => log.LogError("An agreement isn't taken from the database: {Fault}", fault));
        }
        finally
        {
            _reading.Release();
        }

        Changed?.Invoke();
    }

    /// <summary>What holds with a partner now, with the end that a denunciation gave it; null: nothing, or the link is within the organisation.</summary>
    public Agreement? InForce(Link link) => StoredInForce(link, clock.GetUtcNow())?.Effective;

    /// <summary>
    /// What the agreement with a link's other side says. Without one in force: no. Between nodes of one organisation: yes. The names that the two organisations call themselves by now are taken
    /// for those in the document.
    /// </summary>
    public Decision Decide(Link link, Ask ask)
    {
        if (link.IsOwn)
            return Of(new(true, Decision.OwnOrganisation, [], Conditions.None, ""), new Reason("ownOrganisation"));
        if (StoredInForce(link, ask.At) is not { } stored)
            return Of(new(false, Decision.Default, [], Conditions.Strictest, AgreementEvaluator.NotInForce) { Refusal = RefusalKind.Total }, new Reason("noAgreement", link.Organisation));
        return AgreementEvaluator.Decide(stored.Effective, Named(stored, link, ask));

        static Decision Of(Decision decision, Reason reason) => decision with { Reasons = [AgreementWords.Sentence(reason, Language.En)], Because = [reason] };
    }

    /// <summary>
    /// What the agreement says to what the other side gives, as that side asked it itself: in the moment when it gave, by the version that was in force there. A version that this node's signature
    /// replaced meanwhile still holds for what was given before.
    /// </summary>
    public Decision DecideGiven(Link link, ShareTerms terms)
    {
        var now = clock.GetUtcNow();
        var at = terms.Begins > now + ClockSkew ? now + ClockSkew : terms.Begins < now - LongestWay ? now - LongestWay : terms.Begins;
        // The size of the owner's pictures is the owner's to keep to: a grant doesn't say it.
        var ask = terms.ToAsk(at, terms.Persons, height: 0);
        if (StoredInForce(link, at) is { BoundAt: { } bound } last && terms.Agreement == $"{last.Id}/{last.Version - 1}" && at < bound.ToDateTimeOffset()
            && Find(link.Id, last.Id, last.Version - 1) is { State: AgreementState.Binding } before && before.Effective.IsInForce(at))
        {
            return AgreementEvaluator.Decide(before.Effective, Named(before, link, ask));
        }

        return Decide(link, ask);
    }

    /// <summary>Why what the other side gives isn't what the agreement lets it give; null: it is.</summary>
    /// <param name="deed">Such as "give this".</param>
    public MessageVerdict? Beyond(Link from, ShareTerms terms, string deed)
    {
        var decision = DecideGiven(from, terms);
        if (!decision.Allowed)
            return MessageVerdict.Refused($"The agreement doesn't let you {deed} ({decision.Ground}). {string.Join(' ', decision.Reasons)}", decision.Clause);
        return decision.Conditions.LeftOpenBy(terms.ToAsk(terms.Begins, terms.Persons, height: 0)) is { } open
            ? MessageVerdict.Refused($"The agreement lets you {deed} only with {(open == LeftOpen.Grade ? "a grade of source and information" : "an end to its being kept")}.", decision.Clause)
            : null;
    }

    /// <summary>An ask with the document's names for the two organisations.</summary>
    public Ask Named(StoredAgreement stored, Link? link, Ask ask)
    {
        return ask with { From = Name(ask.From), To = Name(ask.To) };

        string Name(string organisation) =>
            organisation == stored.Own || organisation == stored.Other ? organisation : organisation == Organisation ? stored.Own : organisation == link?.Organisation ? stored.Other : organisation;
    }

    /// <summary>The last binding version that has begun, unless it has ended: an earlier one doesn't come back.</summary>
    public StoredAgreement? StoredInForce(Link link, DateTimeOffset at)
    {
        if (link.Kind != LinkKind.Partner)
            return null;
        // Of several agreements with one partner the one that came into force last decides; a document is to say all.
        var last = _all.Where(a => a.Link == link.Id && a.State == AgreementState.Binding && a.Document.Begins <= at).GroupBy(a => a.Id, StringComparer.Ordinal).Select(g => g.MaxBy(a => a.Version)!)
            .Where(a => a.Effective.IsInForce(at));
        return last.MaxBy(a => (a.Document.Begins, a.Id));
    }

    /// <summary>Writes a draft for a partner, or another one in its place.</summary>
    /// <exception cref="AgreementRefusedException">It doesn't fit the link, or what was signed before.</exception>
    public async Task<StoredAgreement> DraftAsync(Link link, Agreement document, string by, CancellationToken stop)
    {
        var (own, other) = await PartiesAsync(link, document, stop);
        var stored = await ChangeAsync(async (connection, transaction) =>
        {
            var before = await AgreementStore.OfAsync(connection, transaction, link.Id);
            if (before.FirstOrDefault(a => a.Id == document.Id && a.Version == document.Version) is { State: not AgreementState.Draft } there)
                throw new AgreementRefusedException($"Version {document.Version} of '{document.Id}' is there already ({there.State}); write the next one, or another id.");
            if (ChainFault(SignedAgreement.Unsigned(document), before) is { } fault)
                throw new AgreementRefusedException(fault);
            var draft = new StoredAgreement(
                link.Id, AgreementStore.Hex(document), SignedAgreement.Unsigned(document), AgreementState.Draft, own.Organisation, other.Organisation, WallTime.Now(clock), by, null, "", null, "", "", null);
            await AgreementStore.PutAsync(connection, transaction, draft);
            return draft;
        }, stop);
        return stored;
    }

    /// <summary>Takes a draft away.</summary>
    /// <exception cref="AgreementRefusedException">It is none.</exception>
    public Task RemoveAsync(StoredAgreement draft, CancellationToken stop) => ChangeAsync(async (connection, transaction) =>
        await AgreementStore.RemoveAsync(connection, transaction, draft) > 0 ? draft : throw new AgreementRefusedException("Only a draft can be removed: what was sent stays, whoever signs it."), stop);

    /// <summary>Signs with the log's key and sends it: a draft as an offer, what came as the second signature.</summary>
    /// <exception cref="AgreementRefusedException">It can't be signed.</exception>
    /// <exception cref="IOException">The log's key doesn't sign just now.</exception>
    public async Task<StoredAgreement> SignAsync(Link link, StoredAgreement agreement, string by, CancellationToken stop)
    {
        var (own, _) = await PartiesAsync(link, agreement.Document, stop);
        var note = await nodeLog.SignAsync(SignedAgreement.TextOf(agreement.Document), stop) ?? throw new IOException($"The log, whose key signs, can't be opened: {nodeLog.Fault}");
        var signature = SignedAgreement.SignatureOf(note, own) ?? throw new AgreementRefusedException("The log's key isn't the one that the document names.");
        var signed = await ChangeAsync(async (connection, transaction) =>
        {
            var before = await AgreementStore.OfAsync(connection, transaction, link.Id);
            var now = before.FirstOrDefault(a => a.Id == agreement.Id && a.Version == agreement.Version);
            if (now is null || now.Digest != agreement.Digest)
                throw new AgreementRefusedException("Another document has taken its place meanwhile: read it before you sign it.");
            if (now.State is AgreementState.Offered or AgreementState.Binding)
                throw new AgreementRefusedException("This organisation has signed it.");
            if (ChainFault(now.Signed, before) is { } fault)
                throw new AgreementRefusedException(fault);
            var together = now.Signed.With(signature) ?? throw new AgreementRefusedException("The log's key isn't the one that the document names.");
            var at = WallTime.Now(clock);
            var next = now with
            {
                Signed = together,
                State = together.IsBinding ? AgreementState.Binding : AgreementState.Offered,
                SignedAt = at,
                SignedBy = by,
                BoundAt = together.IsBinding ? at : null,
            };
            await AgreementStore.PutAsync(connection, transaction, next);
            // What is given from here on must not overtake it: it may be allowed by this version alone.
            if (next.State == AgreementState.Offered)
                await outbox.SendAsync(connection, transaction, link, Lane.Records, AgreementMessages.Proposed, AgreementMessages.Offer(next));
            else
                await outbox.SendAsync(connection, transaction, link, Lane.Urgent, AgreementMessages.Signed, AgreementMessages.SignatureOf(next));
            return next;
        }, stop);
        outbox.Wake();
        return signed;
    }

    /// <summary>Tells the partner that the agreement ends, after its notice.</summary>
    /// <exception cref="AgreementRefusedException">It can't be denounced.</exception>
    /// <exception cref="IOException">The log's key doesn't sign just now.</exception>
    public async Task<StoredAgreement> DenounceAsync(Link link, StoredAgreement agreement, string reason, string by, CancellationToken stop)
    {
        var denunciation = Denunciation.Of(agreement.Document, agreement.Own, DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime), reason);
        var note = await nodeLog.SignAsync(denunciation.Text, stop) ?? throw new IOException($"The log, whose key signs, can't be opened: {nodeLog.Fault}");
        // While a key follows another, the log signs with both.
        if (SignedAgreement.SignatureOf(note, agreement.Document.PartyOf(agreement.Own)!) is { } signature)
            note = note with { Signatures = [signature] };
        if (!Denunciation.TryRead(note, agreement.Document, out _, out string fault))
            throw new AgreementRefusedException($"This node can't sign for the key that the document names: {fault}");
        var denounced = await ChangeAsync(async (connection, transaction) =>
        {
            var before = await AgreementStore.OfAsync(connection, transaction, link.Id);
            if (DenunciationFault(before, agreement.Id, agreement.Version) is { } standing)
                throw new AgreementRefusedException(standing);
            var next = before.First(a => a.Id == agreement.Id && a.Version == agreement.Version) with { Denunciation = note.ToString(), DenouncedBy = by, LastDay = denunciation.Ends };
            await AgreementStore.PutAsync(connection, transaction, next);
            await outbox.SendAsync(connection, transaction, link, Lane.Urgent, AgreementMessages.Denounced, AgreementMessages.DenunciationOf(next));
            return next;
        }, stop);
        outbox.Wake();
        return denounced;
    }

    /// <summary>Who of a document's parties is this organisation, who the link's: by their keys.</summary>
    /// <exception cref="AgreementRefusedException">They are others.</exception>
    public async Task<(Party Own, Party Other)> PartiesAsync(Link link, Agreement document, CancellationToken stop)
    {
        if (link.Kind != LinkKind.Partner)
            throw new AgreementRefusedException("An agreement is made with a partner; the other node belongs to this organisation.");
        if (await nodeLog.HeadAsync(stop) is not var (_, key))
            throw new AgreementRefusedException($"The log, whose key signs for this organisation, can't be opened: {nodeLog.Fault}");
        if (document.Parties.FirstOrDefault(p => p.Key == key.ToString()) is not { } own)
            throw new AgreementRefusedException($"No party has this organisation's key, {key}.");
        if (document.Parties.FirstOrDefault(p => p.Key == link.LogKey.ToString()) is not { } other)
            throw new AgreementRefusedException($"No party has the key of {link.Organisation}, {link.LogKey}.");
        return (own, other);
    }

    /// <summary>Why a version can't follow what is signed by both; null: it can.</summary>
    internal static string? ChainFault(SignedAgreement next, IReadOnlyList<StoredAgreement> before)
    {
        if (before.Where(a => a.Id == next.Agreement.Id && a.State == AgreementState.Binding).MaxBy(a => a.Version) is { } last)
            return next.Follows(last.Document, out string fault) ? null : fault;
        return next.Agreement.Version == 1 ? null : "There is no version before it that both have signed; the first has number 1.";
    }

    /// <summary>Why a version can't be denounced; null: it can.</summary>
    internal static string? DenunciationFault(IReadOnlyList<StoredAgreement> before, string id, int version)
    {
        var last = before.Where(a => a.Id == id && a.State == AgreementState.Binding).MaxBy(a => a.Version);
        return last is null || last.Version != version ? "Only the last version that both have signed can be denounced."
            : last.Denunciation.Length > 0 ? $"It is denounced and ends on {last.LastDay:yyyy-MM-dd}."
            : null;
    }

    async Task<StoredAgreement> ChangeAsync(Func<DbConnection, DbTransaction, Task<StoredAgreement>> change, CancellationToken stop)
    {
        StoredAgreement changed;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            changed = await change(connection, transaction);
            await transaction.CommitAsync(CancellationToken.None);
        }

        await ReloadAsync(CancellationToken.None);
        return changed;
    }

    /// <summary>Whether this is what decides with its partner at a moment.</summary>
    public bool IsInForce(StoredAgreement agreement, DateTimeOffset at) => links.Find(agreement.Link) is { } link && StoredInForce(link, at) is { } now && now.Id == agreement.Id && now.Version == agreement.Version;

    /// <summary>This organisation as a party to sign.</summary>
    /// <exception cref="AgreementRefusedException">The log can't be opened.</exception>
    public async Task<Party> OwnPartyAsync(CancellationToken stop) => await nodeLog.HeadAsync(stop) is var (_, key)
        ? AgreementEndpoints.PartyOf(Organisation, key.ToString())
        : throw new AgreementRefusedException($"The log, whose key signs for this organisation, can't be opened: {nodeLog.Fault}");
}
