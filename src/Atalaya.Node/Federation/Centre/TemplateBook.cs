using System.Data.Common;
using System.Text.Json;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Configuration;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Centre;

/// <summary>What several sites are to have in common, as somebody at the centre wrote it.</summary>
sealed record Template(Guid Id, string Name, string Text, string Digest, DateTimeOffset ChangedAt, string ChangedBy);

/// <summary>A template at one site, as the centre knows it.</summary>
/// <param name="Revision">Of the site's configuration that it was tried with.</param>
/// <param name="Tried">Null: the site hasn't tried it yet, or wouldn't.</param>
sealed record TemplateOffer(
    Guid Id, Guid Template, string Name, string Digest, string Link, TemplateState State, string Reason, string Revision, TemplateTry? Tried, string OfferedBy, DateTimeOffset OfferedAt, string ConfirmedBy,
    string RecalledBy, DateTimeOffset ChangedAt);

/// <summary>At a centre: its templates, and what became of each at the sites.</summary>
sealed class TemplateBook(NodeDatabase database, LinkBook links, Outbox outbox, TimeProvider clock) : MessageHandler
{
    public const int MaxTemplates = 200;

    const string Columns = """
        id, template, name, digest, link, state, reason, revision, tried, offered_by as OfferedBy, offered_at as OfferedAt, confirmed_by as ConfirmedBy, recalled_by as RecalledBy, changed_at as ChangedAt
        """;

    public override IReadOnlyList<string> Kinds { get; } = [SiteTemplates.Told];

    /// <summary>By name.</summary>
    public async Task<IReadOnlyList<Template>> ListAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<(string Id, string Name, string Body, string Digest, long At, string By)>(new CommandDefinition(
            "select id, name, body, digest, changed_at, changed_by from templates order by name, id", cancellationToken: stop)))
            .Select(t => new Template(Guid.ParseExact(t.Id, "n"), t.Name, t.Body, t.Digest, new WallTime(t.At).ToDateTimeOffset(), t.By))];
    }

    public async Task<Template?> FindAsync(Guid id, CancellationToken stop) => (await ListAsync(stop)).FirstOrDefault(t => t.Id == id);

    /// <summary>Writes one, or another text in its place. What was offered before stays what it was.</summary>
    public async Task<Template> PutAsync(Guid id, string name, string text, string by, CancellationToken stop)
    {
        var template = new Template(id, name, text, ConfigurationTemplate.DigestOf(text), clock.GetUtcNow(), by);
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into templates (id, name, body, digest, changed_at, changed_by) values (@id, @name, @text, @Digest, @at, @by)
            on conflict (id) do update set name = excluded.name, body = excluded.body, digest = excluded.digest, changed_at = excluded.changed_at, changed_by = excluded.changed_by
            """,
            new { id = SiteTemplates.Written(id), name, text, template.Digest, at = WallTime.From(template.ChangedAt).Microseconds, by }, cancellationToken: stop));
        return template;
    }

    /// <returns>False: there is none.</returns>
    public async Task<bool> RemoveAsync(Guid id, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition("delete from templates where id = @id", new { id = SiteTemplates.Written(id) }, cancellationToken: stop)) > 0;
    }

    /// <summary>The last of each template at each site, the latest first.</summary>
    public async Task<IReadOnlyList<TemplateOffer>> OffersAsync(CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            select {Columns} from template_offers o where not exists (
                select 1 from template_offers later where later.link = o.link and later.template = o.template and (later.offered_at > o.offered_at or (later.offered_at = o.offered_at and later.id > o.id)))
            order by offered_at desc, id desc limit 2000
            """, cancellationToken: stop))).Select(r => r.Read())];
    }

    /// <summary>Offers a template to sites: each tries it and tells what it would make other.</summary>
    public async Task OfferAsync(Template template, IReadOnlyList<Link> sites, string by, CancellationToken stop)
    {
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            var now = clock.GetUtcNow();
            foreach (var site in sites)
            {
                var offer = new TemplateOffered(Guid.CreateVersion7(now), template.Name, by, template.Text, template.Digest);
                await connection.ExecuteAsync(
                    """
                    insert into template_offers (id, template, name, digest, link, state, offered_by, offered_at, changed_at)
                    values (@id, @template, @Name, @Digest, @link, 'Offered', @by, @at, @at)
                    """,
                    new { id = SiteTemplates.Written(offer.Id), template = SiteTemplates.Written(template.Id), template.Name, template.Digest, link = site.Id, by, at = WallTime.From(now).Microseconds }, transaction);
                await outbox.SendAsync(connection, transaction, site, Lane.Records, SiteTemplates.Offered, CentreJson.Write(offer));
            }

            await transaction.CommitAsync(stop);
        }

        outbox.Wake();
    }

    /// <summary>Has a site apply what it tried, or take back what it applied.</summary>
    /// <param name="to">Confirmed or recalled.</param>
    /// <returns>As it is now, with a sentence why it can't be done; null: there is no such offer, or no such site any more.</returns>
    public async Task<(TemplateOffer Offer, string? Refusal)?> AskAsync(Guid id, TemplateState to, string by, CancellationToken stop)
    {
        TemplateOffer offer;
        await using (var connection = await database.Source.OpenConnectionAsync(stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(stop);
            if (await FindAsync(connection, transaction, id) is not { } found || links.Find(found.Link) is not { Kind: LinkKind.Site, State: LinkState.Active or LinkState.Suspended } site)
                return null;
            if (!found.State.MayBecome(to))
                return (found, to == TemplateState.Confirmed ? "Only what the site has tried can be applied there. Offer it first." : "Only what was applied can be taken back.");
            if (to == TemplateState.Confirmed && found.Tried is not { Faults.Count: 0 })
                return (found, "It has faults at this site. Mend the template and offer it again.");
            await connection.ExecuteAsync(
                $"update template_offers set state = @state, reason = '', {(to == TemplateState.Confirmed ? "confirmed_by" : "recalled_by")} = @by, changed_at = @now where id = @id",
                new { state = to.ToString(), by, now = WallTime.Now(clock).Microseconds, id = SiteTemplates.Written(id) }, transaction);
            await (to == TemplateState.Confirmed
                ? outbox.SendAsync(connection, transaction, site, Lane.Records, SiteTemplates.Confirmed, CentreJson.Write(new TemplateConfirmed(id, found.Digest, found.Revision, by)))
                : outbox.SendAsync(connection, transaction, site, Lane.Records, SiteTemplates.Recalled, CentreJson.Write(new TemplateRecalled(id, by))));
            await transaction.CommitAsync(stop);
            offer = found with { State = to, Reason = "" };
        }

        outbox.Wake();
        return (offer, null);
    }

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.From.Kind != LinkKind.Site)
            return MessageVerdict.Refused("Only a site of this organisation tells what became of a template.");
        if (!CentreJson.TryRead<TemplateTold>(message.Body, out var told) || !told.IsSound)
            return MessageVerdict.Refused($"It isn't a {message.Kind} that this centre can read.");
        if (await FindAsync(connection, transaction, told.Id) is not { } offer || offer.Link != message.From.Id)
            return MessageVerdict.Refused("This centre offered no such template.");
        // What the site did while this centre asked for something else is as the site says.
        if (!offer.State.MayBecome(told.State) && !(offer.State == TemplateState.Recalled && told.State == TemplateState.Restored))
            return MessageVerdict.Refused($"The template is {offer.State.ToString().ToLowerInvariant()} here; it can't become {told.State.ToString().ToLowerInvariant()}.");
        await connection.ExecuteAsync(
            """
            update template_offers set state = @state, reason = @Reason, revision = @Revision, tried = coalesce(@tried, tried), changed_at = @now,
            recalled_by = case when @By = '' then recalled_by else @By end where id = @id
            """,
            new
            {
                state = told.State.ToString(),
                told.Reason,
                told.Revision,
                tried = told.Try is null ? null : JsonSerializer.Serialize(told.Try, CentreJson.Options),
                now = WallTime.Now(clock).Microseconds,
                told.By,
                id = SiteTemplates.Written(told.Id),
            },
            transaction);
        return MessageVerdict.Applied;
    }

    /// <summary>
    /// A site's node didn't take what this centre sent of a template: an offer and an order to apply become refused, and what it doesn't take back stays applied. What isn't waited for any more changes nothing.
    /// </summary>
    public static async Task RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, WallTime now)
    {
        var (id, from, to) = message.Kind switch
        {
            SiteTemplates.Offered when CentreJson.TryRead<TemplateOffered>(message.Body, out var offered) => (offered.Id, TemplateState.Offered, TemplateState.Refused),
            SiteTemplates.Confirmed when CentreJson.TryRead<TemplateConfirmed>(message.Body, out var confirmed) => (confirmed.Id, TemplateState.Confirmed, TemplateState.Refused),
            SiteTemplates.Recalled when CentreJson.TryRead<TemplateRecalled>(message.Body, out var recalled) => (recalled.Id, TemplateState.Recalled, TemplateState.Applied),
            _ => default,
        };
        if (id != default)
        {
            await connection.ExecuteAsync(
                "update template_offers set state = @to, reason = @reason, changed_at = @now where id = @id and link = @Link and state = @from",
                new { id = SiteTemplates.Written(id), message.Link, from = $"{from}", to = $"{to}", reason = SiteReport.Short(message.Reason), now = now.Microseconds }, transaction);
        }
    }

    static async Task<TemplateOffer?> FindAsync(DbConnection connection, DbTransaction transaction, Guid id) =>
        (await connection.QuerySingleOrDefaultAsync<Row>($"select {Columns} from template_offers where id = @id", new { id = SiteTemplates.Written(id) }, transaction))?.Read();

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Template { get; init; } = "";
        public string Name { get; init; } = "";
        public string Digest { get; init; } = "";
        public string Link { get; init; } = "";
        public string State { get; init; } = "";
        public string Reason { get; init; } = "";
        public string Revision { get; init; } = "";
        public string? Tried { get; init; }
        public string OfferedBy { get; init; } = "";
        public long OfferedAt { get; init; }
        public string ConfirmedBy { get; init; } = "";
        public string RecalledBy { get; init; } = "";
        public long ChangedAt { get; init; }

        public TemplateOffer Read() => new(
            Guid.ParseExact(Id, "n"), Guid.ParseExact(Template, "n"), Name, Digest, Link, Enum.Parse<TemplateState>(State), Reason, Revision,
            Tried is null ? null : JsonSerializer.Deserialize<TemplateTry>(Tried, CentreJson.Options), OfferedBy, new WallTime(OfferedAt).ToDateTimeOffset(), ConfirmedBy, RecalledBy,
            new WallTime(ChangedAt).ToDateTimeOffset());
    }
}
