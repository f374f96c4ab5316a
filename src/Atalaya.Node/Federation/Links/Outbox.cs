using System.Data.Common;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Links;

/// <summary>A message that the other side hasn't confirmed.</summary>
sealed record Waiting(Lane Lane, long Number, string Kind, SealedMessage Message);

/// <summary>What an answer confirmed.</summary>
/// <param name="Messages">How many.</param>
/// <param name="IsOld">The other side has messages of this node that this node doesn't know: it may run on an old copy of its data.</param>
sealed record Confirmed(long Messages, bool IsOld);

/// <summary>
/// What is to be sent: numbered, signed and kept in the transaction of whatever it tells about. So a message exists exactly when what it tells has happened, and goes on
/// existing until the other side has confirmed it.
/// </summary>
sealed class Outbox(NodeDatabase database, LinkKey key, TimeProvider clock)
{
    /// <summary>As bodies of messages are written and read.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>No message of a batch is shorter, bytes: so few rows are read for a small batch.</summary>
    const int LeastLength = 256;

    /// <summary>There is something to send.</summary>
    public event Action? Woken;

    /// <summary>After the commit: the message goes out at once instead of at the next look.</summary>
    public void Wake() => Woken?.Invoke();

    /// <summary>Puts a message into the outbox of a link; <see cref="Wake"/> after the commit. To a link that ended nothing is sent.</summary>
    /// <param name="body">Becomes a JSON object of at most <see cref="SealedMessage.MaxBody"/> bytes; names in camelCase.</param>
    /// <returns>Its number in its lane; 0: the link ended.</returns>
    /// <exception cref="ArgumentException">The body is too large; what is large is fetched, not sent.</exception>
    public async Task<long> SendAsync(DbConnection connection, DbTransaction transaction, Link to, Lane lane, string kind, object body)
    {
        var written = JsonSerializer.SerializeToElement(body, Json);
        if (written.ValueKind != JsonValueKind.Object || !Envelope.IsKind(kind))
            throw new ArgumentException($"'{kind}' with a {written.ValueKind} isn't a message.", nameof(body));
        var place = await connection.QuerySingleOrDefaultAsync<Place>(
            """
            update link_lanes set sent_number = sent_number + 1 where link = @Id and lane = @lane and exists (select 1 from links l where l.id = @Id and l.state <> 'Ended')
                returning sent_number as Number, sent_hash as Hash, (select told from links l where l.id = @Id) as Told
            """,
            new { to.Id, lane = (long)lane }, transaction);
        if (place is null)
            return 0;
        var now = clock.GetUtcNow();
        // What happened is told whether or not the key can be opened just now; then it is signed when it goes.
        bool isOpen = key.Fault is null;
        byte[] bytes = new Envelope(to.Id, isOpen ? key.Pin : PinOf(place.Told), lane, place.Number, Read(place.Hash), now, kind, written).ToBytes();
        var message = isOpen ? key.Seal(bytes) : new([], bytes);
        if (message.Bytes.Length > SealedMessage.MaxLength)
            throw new ArgumentException($"A message '{kind}' of {message.Bytes.Length} bytes is too large.", nameof(body));
        await connection.ExecuteAsync(
            "insert into link_outbox (link, lane, number, kind, at, signature, body) values (@Id, @lane, @Number, @kind, @at, @signature, @text)",
            new
            {
                to.Id,
                lane = (long)lane,
                place.Number,
                kind,
                at = WallTime.From(now).Microseconds,
                signature = Convert.ToBase64String(message.Signature),
                text = Encoding.UTF8.GetString(message.Bytes),
            },
            transaction);
        await connection.ExecuteAsync("update link_lanes set sent_hash = @hash where link = @Id and lane = @lane", new { hash = message.Hash.ToString(), to.Id, lane = (long)lane }, transaction);
        return place.Number;
    }

    /// <summary>In a transaction of its own.</summary>
    public async Task SendAsync(Link to, Lane lane, string kind, object body, CancellationToken stop)
    {
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            await SendAsync(connection, transaction, to, lane, kind, body);
            await transaction.CommitAsync(stop);
        }

        Wake();
    }

    /// <summary>The first that wait, urgent ones first, as many as one batch holds.</summary>
    public async Task<IReadOnlyList<Waiting>> NextAsync(string link, int maxBytes, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            "select lane as Lane, number as Number, kind as Kind, signature as Signature, body as Body from link_outbox where link = @link order by lane, number limit @most",
            new { link, most = Math.Min(MessageBatch.MaxMessages, (maxBytes / LeastLength) + 1) }, cancellationToken: stop));
        var batch = new List<Waiting>();
        int bytes = 0;
        foreach (var row in rows)
        {
            byte[] body = Encoding.UTF8.GetBytes(row.Body), signature = Convert.FromBase64String(row.Signature);
            if (signature.Length == 0 && key.Fault is not null)
                break;
            var message = signature.Length == 0 ? key.Seal(body) : new(signature, body);
            bytes += MessageBatch.LengthOf(message);
            if (batch.Count > 0 && bytes > maxBytes)
                break;
            batch.Add(new((Lane)row.Lane, row.Number, row.Kind, message));
        }

        return batch;
    }

    public async Task<long> CountAsync(string link, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from link_outbox where link = @link", new { link }, cancellationToken: stop));
    }

    /// <summary>The other side has everything of a lane up to a message; what it refused of that is written down. A lane of which it has other messages than were sent isn't confirmed.</summary>
    /// <param name="lanes">That were asked about.</param>
    /// <param name="tell">Told of each that it refused, once, in the transaction that lets go of it; what it returns is done behind the commit.</param>
    public async Task<Confirmed> ConfirmAsync(
        string link, IReadOnlyCollection<Lane> lanes, LinkAnswerJson answer, Func<RefusedMessage, DbConnection, DbTransaction, Task<Action?>> tell, CancellationToken stop)
    {
        var after = new List<Action>();
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        bool isOld = false;
        long confirmed = 0;
        foreach (var lane in Enum.GetValues<Lane>())
        {
            var (number, hash) = answer.Of(lane);
            if (!await IsOursAsync(connection, transaction, link, lane, number, hash))
            {
                isOld = true;
                continue;
            }

            if (!lanes.Contains(lane))
                continue;
            await connection.ExecuteAsync(
                "update link_lanes set acked_number = @number where link = @link and lane = @lane and acked_number < @number and sent_number >= @number", new { link, lane = (long)lane, number }, transaction);
            foreach (var refusal in answer.Refused.Where(r => r.Lane == Envelope.NameOf(lane) && r.Number <= number))
            {
                var sent = await connection.QuerySingleOrDefaultAsync<Sent>(
                    "select kind as Kind, body as Body from link_outbox where link = @link and lane = @lane and number = @Number", new { link, lane = (long)lane, refusal.Number }, transaction);
                if (sent is null)
                    continue;
                await Refusals.AddAsync(connection, transaction, link, isOurs: false, lane, refusal.Number, sent.Kind, WallTime.Now(clock), refusal.Reason, refusal.Clause);
                if (Envelope.TryParse(Encoding.UTF8.GetBytes(sent.Body), out var envelope, out _)
                    && await tell(new(link, sent.Kind, envelope.Body, Refusals.Cut(refusal.Reason), Refusals.Cut(refusal.Clause)), connection, transaction) is { } then)
                {
                    after.Add(then);
                }
            }

            confirmed += await connection.ExecuteAsync(
                "delete from link_outbox where link = @link and lane = @lane and number <= @number and number <= (select acked_number from link_lanes where link = @link and lane = @lane)",
                new { link, lane = (long)lane, number }, transaction);
        }

        await transaction.CommitAsync(stop);
        foreach (var then in after)
            then();
        return new(confirmed, isOld);
    }

    /// <summary>
    /// Whether the last message that the other side has of a lane is one that was sent: by its hash, in which all before it are. A node that was restored from a copy sends other messages with the numbers of
    /// those that it doesn't know any more; by the number alone they would be taken for confirmed, and nobody would ever read them.
    /// </summary>
    static async Task<bool> IsOursAsync(DbConnection connection, DbTransaction transaction, string link, Lane lane, long number, string hash)
    {
        if (await connection.QuerySingleOrDefaultAsync<Sending>(
            "select sent_number as Number, sent_hash as Hash, acked_number as Acked from link_lanes where link = @link and lane = @lane", new { link, lane = (long)lane }, transaction) is not { } sent)
            return true;        // The link has ended, or begins anew just now.
        if (number >= sent.Number)
            return number == sent.Number && hash == sent.Hash;
        // What was confirmed before isn't here any more, and confirms nothing.
        if (number <= sent.Acked)
            return true;
        return await connection.QuerySingleOrDefaultAsync<string>("select body from link_outbox where link = @link and lane = @lane and number = @number", new { link, lane = (long)lane, number }, transaction) is not { } body
            || Digest.Of(Encoding.UTF8.GetBytes(body)).ToString() == hash;
    }

    public static Digest Read(string hash) => hash.Length == 0 ? default : Digest.TryParse(hash, out var digest) ? digest : throw new InvalidDataException("A link's lane has a digest that can't be read.");

    /// <summary>Of the key that this node's card named when it was shown there last: messages are signed by no other.</summary>
    Digest PinOf(string card) => card.Split('\n') is [_, _, _, _, var link, ..] ? Digest.Of(Convert.FromBase64String(link)) : throw new IOException(key.Fault);

    sealed record Place(long Number, string Hash, string Told);

    sealed record Sending(long Number, string Hash, long Acked);

    sealed record Row(long Lane, long Number, string Kind, string Signature, string Body);

    sealed record Sent(string Kind, string Body);
}

/// <summary>Messages that one side refused, as both sides keep them.</summary>
static class Refusals
{
    const int MaxText = 500;

    /// <summary>Rows of a link and direction that are kept; the oldest go, and their leaves stay.</summary>
    const int MaxRows = 1000;

    /// <summary>As long as it is kept: it may be the other side's words.</summary>
    public static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText];

    /// <param name="isOurs">Refused here; else by the other side.</param>
    public static async Task AddAsync(DbConnection connection, DbTransaction transaction, string link, bool isOurs, Lane lane, long number, string kind, WallTime at, string reason, string clause)
    {
        string direction = isOurs ? "in" : "out";
        await connection.ExecuteAsync(
            """
            insert into link_refusals (id, link, direction, lane, number, kind, at, reason, clause)
            values (@id, @link, @direction, @lane, @number, @kind, @at, @reason, @clause)
            """,
            new
            {
                id = Guid.CreateVersion7(at.ToDateTimeOffset()).ToString("n"),
                link,
                direction,
                lane = (long)lane,
                number,
                kind,
                at = at.Microseconds,
                reason = Cut(reason),
                clause = Cut(clause),
            },
            transaction);
        await connection.ExecuteAsync(
            "delete from link_refusals where id in (select id from link_refusals where link = @link and direction = @direction order by at desc, id desc limit 100 offset @MaxRows)",
            new { link, direction, MaxRows }, transaction);
    }

    public static async Task<IReadOnlyList<LinkRefusalJson>> ListAsync(DbDataSource store, string? link, int most, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            "select link as Link, direction as Direction, lane as Lane, number as Number, kind as Kind, at as At, reason as Reason, clause as Clause from link_refusals where @link is null or link = @link order by at desc, id desc limit @most",
            new { link, most }, cancellationToken: stop)))
            .Select(r => new LinkRefusalJson(r.Link, r.Direction == "in", Envelope.NameOf((Lane)r.Lane), r.Number, r.Kind, new WallTime(r.At).ToDateTimeOffset(), r.Reason, r.Clause))];
    }

    /// <summary>Of a lane, from a number on: what the sender may not have been told yet. Not of an earlier link of the two, whose messages had the same numbers.</summary>
    public static async Task<IEnumerable<RefusedJson>> SinceAsync(DbConnection connection, string link, Lane lane, long number) => (await connection.QueryAsync<Row>(
        "select link as Link, direction as Direction, lane as Lane, number as Number, kind as Kind, at as At, reason as Reason, clause as Clause from link_refusals where link = @link and direction = 'in' and lane = @lane and number >= @number and at >= (select l.created_at from links l where l.id = @link) order by number limit 200",
        new { link, lane = (long)lane, number })).Select(r => new RefusedJson(Envelope.NameOf((Lane)r.Lane), r.Number, r.Reason, r.Clause));

    sealed record Row(string Link, string Direction, long Lane, long Number, string Kind, long At, string Reason, string Clause);
}
