using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>How two nodes come to know each other: one invites, the other joins, and at both a person compares the digits.</summary>
sealed class Invitations(NodeDatabase database, LinkBook links, LinkKey key, LinkListening listening, LinkFaults faults, Peers peers, NodeLog log, NodeOptions options, TimeProvider clock)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Opening = TimeSpan.FromMinutes(2);

    /// <summary>Of an answer while joining, bytes.</summary>
    const int MaxAnswer = 64 << 10;

    /// <summary>That began to join and haven't ended yet.</summary>
    const int MaxJoining = 32;

    readonly ConcurrentDictionary<Digest, Joining> _joining = [];

    /// <exception cref="IOException">The log, whose key signs it, isn't open.</exception>
    public async Task<(NodeCard Card, string Note)> OwnCardAsync(CancellationToken stop)
    {
        if (await log.HeadAsync(stop) is not var (_, logKey))
            throw new IOException($"The log, whose key signs this node's card, can't be opened: {log.Fault}");
        var card = new NodeCard(Organisation, options.Name, logKey, key.Public, listening.Address);
        var note = await log.SignAsync(card.Text, stop) ?? throw new IOException($"The log, whose key signs this node's card, can't be opened: {log.Fault}");
        return (card, note.ToString());
    }

    public string Organisation => options.Federation.Organisation.Length > 0 ? options.Federation.Organisation : options.Name;

    /// <param name="kind">What who joins will be to this node.</param>
    /// <returns>With its code, which nobody can read again.</returns>
    public async Task<InvitationJson> InviteAsync(LinkKind kind, string note, TimeSpan lasts, string by, CancellationToken stop)
    {
        var invitation = new Invitation(kind.Opposite(), listening.Address, key.Pin, RandomNumberGenerator.GetBytes(Invitation.SecretLength));
        var now = clock.GetUtcNow();
        var row = new InvitationRow(invitation.Id, Convert.ToBase64String(invitation.Secret), kind.ToString(), note, WallTime.From(now).Microseconds, by, WallTime.From(now + lasts).Microseconds, "");
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into link_invitations (id, secret, kind, note, created_at, created_by, expires_at) values (@Id, @Secret, @Kind, @Note, @CreatedAt, @CreatedBy, @ExpiresAt)", row, cancellationToken: stop));
        return row.ToJson() with { Code = invitation.ToString() };
    }

    public async Task<IReadOnlyList<InvitationJson>> ListAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<InvitationRow>(new CommandDefinition(
            $"select {InvitationRow.Columns} from link_invitations where link <> '' or expires_at > @now order by created_at desc, id limit 200", new { now = WallTime.Now(clock).Microseconds }, cancellationToken: stop)))
            .Select(r => r.ToJson())];
    }

    /// <returns>False: there is none that waits.</returns>
    public async Task<bool> WithdrawAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition("delete from link_invitations where id = @id and link = ''", new { id }, cancellationToken: stop)) > 0;
    }

    /// <summary>Joins the node that invited. The link waits for its digits to be compared.</summary>
    /// <param name="inviterIs">What the node that invited is to this one, as a person here says: never as the code alone does, which the other side wrote.</param>
    /// <exception cref="IOException">The other node doesn't answer, or refuses, or there is a link with it; the message says why.</exception>
    public async Task<Link> JoinAsync(Invitation invitation, LinkKind inviterIs, string by, CancellationToken stop)
    {
        if (links.FindByPin(invitation.Pin) is { IsMade: true } there)
            throw new IOException(Made(there));
        var (own, note) = await OwnCardAsync(stop);
        byte[] nonce = RandomNumberGenerator.GetBytes(Pairing.NonceLength);
        using var http = peers.At(invitation.Address, invitation.Pin);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var timer = clock.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            var joined = await PostAsync<JoinedJson>(
                http, "link/1/join", new JoinJson(note, invitation.Id, Convert.ToBase64String(invitation.Proof(key.Pin)), Convert.ToBase64String(Pairing.Commitment(nonce))), patience.Token);
            if (!NodeCard.TryOpen(joined.Card, out var card, out string? fault) || card.Pin != invitation.Pin || !TryNonce(joined.Nonce, out byte[] theirs))
                throw new IOException($"The other node's card can't be believed. {fault}");
            if (OwnerOf(card, own) is { } owner)
                throw new IOException($"The other node's log is called {card.LogKey.Name}, which is the name of {owner}. One of the two has to get another name, or that link has to be ended first.");
            await PostAsync<OpenedJson>(http, "link/1/join/open", new OpenedJson(invitation.Id, Convert.ToBase64String(nonce)), patience.Token);
            var link = new Link(
                Pairing.LinkId(key.Pin, card.Pin), inviterIs, LinkState.Confirming, card.Organisation, card.Site, card.LogKey, card.LinkKey, joined.Card, invitation.Address,
                Pairing.Digits(note, joined.Card, nonce, theirs, inviterIs), WallTime.Now(clock), by, null, "", null, "");
            return await links.AddAsync(link, own.Text, stop) ? link : throw new IOException(Made(link));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new IOException(e.InnerException is IOException inner ? inner.Message : e.Message, e);
        }
        catch (OperationCanceledException late) when (!stop.IsCancellationRequested)
        {
            throw new IOException($"Nobody answers at {invitation.Address}.", late);
        }
    }

    /// <summary>A node that was invited shows its card. Null: it isn't invited; written down.</summary>
    public async Task<JoinedJson?> BeginAsync(Digest pin, string address, JoinJson asked, CancellationToken stop)
    {
        if (!NodeCard.TryOpen(asked.Card, out var card, out string? fault) || card.Pin != pin || !TryNonce(asked.Commitment, out byte[] commitment))
        {
            await faults.AddAsync("", address, "wrong card", fault ?? "A node showed another's card.", stop);
            return null;
        }

        if (await FindAsync(asked.Invitation, stop) is not { } row || !Proves(row, pin, asked.Proof))
        {
            await faults.AddAsync("", address, "not invited", $"{card.Organisation}, {card.Site} tried to join without an invitation that waits.", stop);
            return null;
        }

        if (links.FindByPin(pin) is { IsMade: true } there)
        {
            await faults.AddAsync(there.Id, address, "joined already", $"{there.Name} tried to join anew. {Made(there)}", stop);
            return null;
        }

        var now = clock.GetUtcNow();
        foreach (var (old, joining) in _joining)
        {
            if (now - joining.At > Opening)
                _joining.TryRemove(old, out _);
        }

        if (_joining.Count >= MaxJoining)
            return null;
        var (own, note) = await OwnCardAsync(stop);
        if (OwnerOf(card, own) is { } owner)
        {
            await faults.AddAsync("", address, "another's log", $"{card.Organisation}, {card.Site} tried to join with a log called {card.LogKey.Name}, which is the name of {owner}.", stop);
            return null;
        }

        byte[] nonce = RandomNumberGenerator.GetBytes(Pairing.NonceLength);
        _joining[pin] = new(card, asked.Card, own.Text, note, row, commitment, nonce, now);
        return new(note, Convert.ToBase64String(nonce));
    }

    /// <summary>It shows what it had committed to; now there is a link, whose digits two people compare.</summary>
    public async Task<bool> OpenAsync(Digest pin, string address, OpenedJson opened, CancellationToken stop)
    {
        if (!_joining.TryRemove(pin, out var joining) || joining.Row.Id != opened.Invitation || clock.GetUtcNow() - joining.At > Opening
            || !TryNonce(opened.Nonce, out byte[] nonce) || !Pairing.Commitment(nonce).AsSpan().SequenceEqual(joining.Commitment))
        {
            await faults.AddAsync("", address, "broken commitment", "A node that joined showed another number than the one that it had committed to.", stop);
            return false;
        }

        string id = Pairing.LinkId(key.Pin, pin);
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            if (await connection.ExecuteAsync(new CommandDefinition("update link_invitations set link = @link, secret = '' where id = @Id and link = ''", new { link = id, joining.Row.Id }, cancellationToken: stop)) == 0)
                return false;       // Somebody else was first: a code is good once.
        }

        var card = joining.Card;
        var joinerIs = Enum.Parse<LinkKind>(joining.Row.Kind);
        return await links.AddAsync(
            new(id, joinerIs, LinkState.Confirming, card.Organisation, card.Site, card.LogKey, card.LinkKey, joining.Note, "",
                Pairing.Digits(joining.Note, joining.Own, nonce, joining.Nonce, joinerIs.Opposite()), WallTime.Now(clock), joining.Row.CreatedBy, null, "", null, ""),
            joining.OwnText, stop);
    }

    static string Made(Link link) => $"There is a link with this node, {(link.State == LinkState.Suspended ? "suspended" : "active")}. End it first, at both ends; then make it anew.";

    /// <summary>Who else has the name of the other node's log. A link with the same node is none: this one takes its place.</summary>
    string? OwnerOf(NodeCard card, NodeCard own) =>
        LogNames.OwnerOf(card.LogKey, "", own.LogKey.Name, options.Evidence, links.All.Where(l => l.State != LinkState.Ended && l.Pin != card.Pin));

    async Task<InvitationRow?> FindAsync(string id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<InvitationRow>(new CommandDefinition(
            $"select {InvitationRow.Columns} from link_invitations where id = @id and link = '' and expires_at > @now", new { id, now = WallTime.Now(clock).Microseconds }, cancellationToken: stop));
    }

    bool Proves(InvitationRow row, Digest joiner, string proof) => TryNonce(proof, out byte[] shown) && CryptographicOperations.FixedTimeEquals(
        shown, new Invitation(LinkKind.Partner, "", key.Pin, Convert.FromBase64String(row.Secret)).Proof(joiner));

    /// <summary>Nonces, commitments and proofs have one length.</summary>
    static bool TryNonce(string text, out byte[] nonce)
    {
        nonce = new byte[Pairing.NonceLength];
        return text is { Length: <= 100 } && Convert.TryFromBase64String(text, nonce, out int length) && length == nonce.Length;
    }

    static async Task<T> PostAsync<T>(HttpClient http, string path, object body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, body.GetType(), options: Outbox.Json) };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new IOException(answer.StatusCode switch
            {
                System.Net.HttpStatusCode.Forbidden => "The other node doesn't take the invitation: it was used, has expired or was withdrawn, or there is a link with this node that has to be ended there first. Ask there.",
                _ => $"The other node answers with {(int)answer.StatusCode}.",
            });
        }

        return JsonSerializer.Deserialize<T>(await Peers.ReadAsync(answer, MaxAnswer, stop), Outbox.Json) ?? throw new IOException("The other node's answer is empty.");
    }

    sealed record Joining(NodeCard Card, string Note, string OwnText, string Own, InvitationRow Row, byte[] Commitment, byte[] Nonce, DateTimeOffset At);

    sealed record InvitationRow(string Id, string Secret, string Kind, string Note, long CreatedAt, string CreatedBy, long ExpiresAt, string Link)
    {
        public const string Columns = "id as Id, secret as Secret, kind as Kind, note as Note, created_at as CreatedAt, created_by as CreatedBy, expires_at as ExpiresAt, link as Link";

        public InvitationJson ToJson() =>
            new(Id, Enum.Parse<LinkKind>(Kind), Note, new WallTime(CreatedAt).ToDateTimeOffset(), CreatedBy, new WallTime(ExpiresAt).ToDateTimeOffset(), null, Link);
    }
}
