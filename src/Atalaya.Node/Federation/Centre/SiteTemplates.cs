using System.Data.Common;
using System.Text.Json;
using System.Threading.Channels;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Approvals;
using Atalaya.Node.Configuration;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Centre;

/// <summary>
/// At a site: tries what its centre offers, applies what the centre confirms if neither the template nor the configuration has changed since, and takes it back. What came is kept first and done then,
/// step by step, so that a node that ends in between goes on where it was.
/// </summary>
sealed class SiteTemplates : MessageHandler, IHostedService, IAsyncDisposable
{
    public const string Offered = "template.offered", Confirmed = "template.confirmed", Recalled = "template.recalled", Told = "template.told";

    /// <summary>Of one centre: that wait to be tried or applied, and that are kept altogether.</summary>
    const int MostWaiting = 20, MostKept = 100;

    /// <summary>Of changes in an answer, bytes. 32 KiB: with faults and what is around it a message holds them.</summary>
    const int MostBytes = 32 << 10;

    static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(10);

    readonly NodeConfigurations _configurations;
    readonly SecondPerson _second;
    readonly LinkBook _links;
    readonly Outbox _outbox;
    readonly NodeDatabase _database;
    readonly TimeProvider _clock;
    readonly ILogger<SiteTemplates> _log;
    readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;

    public SiteTemplates(NodeConfigurations configurations, SecondPerson second, LinkBook links, Outbox outbox, NodeDatabase database, TimeProvider clock, ILogger<SiteTemplates> log)
    {
        _configurations = configurations;
        _second = second;
        _links = links;
        _outbox = outbox;
        _database = database;
        _clock = clock;
        _log = log;
    }

    public override IReadOnlyList<string> Kinds { get; } = [Offered, Confirmed, Recalled];

    public Task StartAsync(CancellationToken stop)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running;
    }

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.From.Kind != LinkKind.Centre)
            return MessageVerdict.Refused("Only this site's centre offers it templates.");
        long now = WallTime.Now(_clock).Microseconds;
        switch (message.Kind)
        {
            case Offered:
                return CentreJson.TryRead<TemplateOffered>(message.Body, out var offer) && offer.IsSound && offer.Digest == ConfigurationTemplate.DigestOf(offer.Text)
                    ? await KeepAsync(offer) : Unread();
            case Confirmed:
                if (!CentreJson.TryRead<TemplateConfirmed>(message.Body, out var confirmed) || !confirmed.IsSound)
                    return Unread();
                if (await FindAsync(connection, transaction, message.From.Id, confirmed.Id) is not { } tried)
                    return MessageVerdict.Refused("This site knows no such offer.");
                if (!tried.State.MayBecome(TemplateState.Confirmed))
                    return MessageVerdict.Refused($"The template isn't one that waits to be applied: it is {tried.State.ToString().ToLowerInvariant()}.");
                // What is applied is what was tried, to the byte.
                if (confirmed.Digest != tried.Digest || confirmed.Revision != tried.Revision)
                    return MessageVerdict.Refused("It isn't what this site tried.");
                await StepAsync(connection, transaction, tried.Id, TemplateState.Confirmed, "", "confirmed_by = @by", new { by = By(confirmed.By) });
                return MessageVerdict.Applied;
            default:
                if (!CentreJson.TryRead<TemplateRecalled>(message.Body, out var recalled) || !recalled.IsSound)
                    return Unread();
                if (await FindAsync(connection, transaction, message.From.Id, recalled.Id) is not { } applied)
                    return MessageVerdict.Refused("This site knows no such offer.");
                if (!applied.State.MayBecome(TemplateState.Recalled))
                    return MessageVerdict.Refused($"There is nothing to take back: the template is {applied.State.ToString().ToLowerInvariant()}.");
                await StepAsync(connection, transaction, applied.Id, TemplateState.Recalled, "", "recalled_by = @by", new { by = By(recalled.By) });
                return MessageVerdict.Applied;
        }

        MessageVerdict Unread() => MessageVerdict.Refused($"It isn't a {message.Kind} that this site can read.");

        string By(string name) => $"{name} @ {message.From.Site}";

        async Task<MessageVerdict> KeepAsync(TemplateOffered offer)
        {
            if (await connection.ExecuteScalarAsync<long>("select count(*) from centre_templates where link = @Id and state in ('Offered', 'Confirmed', 'Recalled')", new { message.From.Id }, transaction) >= MostWaiting)
                return MessageVerdict.Refused($"{MostWaiting} templates of this centre wait here already.");
            int added = await connection.ExecuteAsync(
                """
                insert into centre_templates (id, link, name, body, digest, state, offered_by, came_at, changed_at)
                values (@id, @link, @Name, @Text, @Digest, 'Offered', @by, @now, @now) on conflict (id) do nothing
                """,
                new { id = Written(offer.Id), link = message.From.Id, offer.Name, offer.Text, offer.Digest, by = By(offer.By), now }, transaction);
            if (added == 0)
                return MessageVerdict.Refused("An offer with this number came before.");
            // What was only tried goes first; what was applied may have to be taken back.
            await connection.ExecuteAsync(
                """
                delete from centre_templates where link = @Id and state in ('Tried', 'Refused', 'Restored')
                and id not in (select id from centre_templates where link = @Id order by came_at desc, id desc limit @most)
                """,
                new { message.From.Id, most = MostKept }, transaction);
            return MessageVerdict.Applied;
        }
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        _wake.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    // These kinds are a centre's to send: what it sent and its site refused is in the centre's book.
    public override async Task<Action?> RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        await TemplateBook.RefusedAsync(message, connection, transaction, WallTime.Now(_clock));
        return null;
    }

    /// <summary>Whether templates are taken, and who said so; nobody: they are.</summary>
    public async Task<(bool Accepts, string By, DateTimeOffset? At)> RuleAsync(CancellationToken stop)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(stop);
        return await RuleAsync(connection, stop);
    }

    public async Task SetRuleAsync(bool accepts, string by, CancellationToken stop)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into centre_template_rule (id, accepts, by_name, at) values (1, @accepts, @by, @now) on conflict (id) do update set accepts = excluded.accepts, by_name = excluded.by_name, at = excluded.at",
            new { accepts = accepts ? 1L : 0L, by, now = WallTime.Now(_clock).Microseconds }, cancellationToken: stop));
    }

    /// <summary>Somebody at the site has it taken back.</summary>
    /// <returns>False: there is no such template, or it isn't applied.</returns>
    public async Task<bool> RecallAsync(Guid id, string by, CancellationToken stop)
    {
        await using (var connection = await _database.Source.OpenConnectionAsync(stop))
        {
            if (await connection.ExecuteAsync(new CommandDefinition(
                "update centre_templates set state = 'Recalled', reason = '', recalled_by = @by, changed_at = @now where id = @id and state = 'Applied'",
                new { id = Written(id), by, now = WallTime.Now(_clock).Microseconds }, cancellationToken: stop)) == 0)
                return false;
        }

        _wake.Writer.TryWrite(true);
        return true;
    }

    /// <summary>The latest first.</summary>
    public async Task<IReadOnlyList<CentreTemplate>> ListAsync(CancellationToken stop)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(stop);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from centre_templates order by came_at desc, id desc limit @MostKept", new { MostKept }, cancellationToken: stop))).Select(r => r.Read())];
    }

    async Task RunAsync()
    {
        try
        {
            while (true)
            {
                try
                {
                    while (await NextAsync() is { } next)
                        await DoAsync(next);
                    await _wake.Reader.ReadAsync(_stop.Token);
                }
                catch (Exception fault) when (fault is DbException or InvalidOperationException or IOException)
                {
                    _log.LogWarning(fault, "A template of the centre couldn't be worked; it is tried again in {Pause}.", AfterFault);
                    await Task.Delay(AfterFault, _clock, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "Templates of the centre wait until the node is started again");
        }
    }

    async Task<CentreTemplate?> NextAsync()
    {
        await using var connection = await _database.Source.OpenConnectionAsync(_stop.Token);
        return (await connection.QueryFirstOrDefaultAsync<Row>(new CommandDefinition(
            $"select {Columns} from centre_templates where state in ('Offered', 'Confirmed', 'Recalled') order by changed_at, id limit 1", cancellationToken: _stop.Token)))?.Read();
    }

    async Task DoAsync(CentreTemplate template)
    {
        if (template.State == TemplateState.Offered)
            await TryAsync(template);
        else if (template.State == TemplateState.Confirmed)
            await ApplyAsync(template);
        else
            await RestoreAsync(template);
    }

    async Task TryAsync(CentreTemplate template)
    {
        if (!(await RuleAsync(_stop.Token)).Accepts)
        {
            await AnswerAsync(template, TemplateState.Refused, SwitchedOff);
            return;
        }

        var (result, digest, kept) = await _configurations.TryAsync(template.Text, _stop.Token);
        var changes = new List<TemplateChange>();
        int bytes = 0;
        foreach (var change in result.Changes)
        {
            var told = new TemplateChange(change.Section, change.Id, change.Name, [.. change.Fields.Take(TemplateTry.MaxFields).Select(f => new TemplateField(Short(f.Field), ShortOrNull(f.Before), ShortOrNull(f.After)))]);
            bytes += JsonSerializer.SerializeToUtf8Bytes(told, CentreJson.Options).Length;
            if (bytes > MostBytes || changes.Count == TemplateTry.MaxChanges)
                break;
            changes.Add(told);
        }

        var faults = result.Errors.Take(TemplateTry.MaxFaults / 5).Select(e => new TemplateFault(e.Place.Source == ConfigurationTemplate.Source ? e.Place.Line : 0, Short(e.Key), SiteReport.Short(e.Message)));
        var tried = new TemplateTry(changes, result.Changes.Count - changes.Count, [.. faults], [.. kept.Take(TemplateTry.MaxKept / 2).Select(SiteReport.Short)]);
        await AnswerAsync(template, TemplateState.Tried, "", revision: digest, tried: tried);

        static string Short(string text) => text.Length <= TemplateTry.MaxValue ? text : text[..(TemplateTry.MaxValue - 1)] + "…";

        static string? ShortOrNull(string? text) => text is null ? null : Short(text);
    }

    async Task ApplyAsync(CentreTemplate template)
    {
        // Begun before this node ended: it is done if the configuration is what it was to be.
        if (template.AfterRevision.Length > 0 && await _configurations.DigestAsync(_stop.Token) == template.AfterRevision)
        {
            await AnswerAsync(template, TemplateState.Applied, "");
            return;
        }

        if (!(await RuleAsync(_stop.Token)).Accepts)
        {
            await AnswerAsync(template, TemplateState.Refused, SwitchedOff);
            return;
        }

        var result = await _configurations.ApplyAsync(template.Text, template.Revision, template.ConfirmedBy, AgreedAsync, KeepAsync, _stop.Token);
        await (result.End switch
        {
            ConfigurationEnd.Done => AnswerAsync(template, TemplateState.Applied, ""),
            ConfigurationEnd.Outdated => AnswerAsync(template, TemplateState.Refused, "The site's configuration was changed after the dry run. Offer the template again."),
            ConfigurationEnd.Waits => AnswerAsync(template, TemplateState.Refused, NeedsSecond),
            _ => AnswerAsync(template, TemplateState.Refused, "It has faults at this site. Offer it again for them."),
        });

        async Task KeepAsync(string before, string after)
        {
            await using var connection = await _database.Source.OpenConnectionAsync(_stop.Token);
            await connection.ExecuteAsync("update centre_templates set before_body = @before, after_revision = @after where id = @id", new { before, after, id = Written(template.Id) });
        }
    }

    async Task RestoreAsync(CentreTemplate template)
    {
        string now = await _configurations.DigestAsync(_stop.Token);
        // Nothing was other, or it is so already.
        if (template.Before is null || now == template.Revision)
        {
            await AnswerAsync(template, TemplateState.Restored, "");
            return;
        }

        var result = await _configurations.RestoreAsync(template.Before, template.AfterRevision, template.RecalledBy, AgreedAsync, _stop.Token);
        await (result.End switch
        {
            ConfigurationEnd.Done => AnswerAsync(template, TemplateState.Restored, ""),
            ConfigurationEnd.Outdated => AnswerAsync(template, TemplateState.Applied, "The site's configuration was changed after the template was applied: what is to go back has to be chosen by hand."),
            ConfigurationEnd.Waits => AnswerAsync(template, TemplateState.Applied, NeedsSecond),
            _ => AnswerAsync(template, TemplateState.Applied, "What was before can't be put back as it was."),
        });
    }

    const string SwitchedOff = "The site takes no templates from its centre: an administrator there has switched them off.";

    const string NeedsSecond = "It would let footage go earlier, for which the site asks a second person: it has to be done there.";

    /// <summary>Two persons of the site can't be asked for from here.</summary>
    Task<bool> AgreedAsync(Deed deed) => Task.FromResult(!_second.IsNeeded(deed.Action));

    /// <summary>Keeps what became of it and tells the centre, in one transaction.</summary>
    async Task AnswerAsync(CentreTemplate template, TemplateState state, string reason, string? revision = null, TemplateTry? tried = null)
    {
        await using (var connection = await _database.Source.OpenConnectionAsync(_stop.Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(_stop.Token);
            await StepAsync(
                connection, transaction, template.Id, state, reason, "revision = @revision, tried = @tried",
                new { revision = revision ?? template.Revision, tried = tried is null ? template.TriedJson : JsonSerializer.Serialize(tried, CentreJson.Options) });
            if (_links.Find(template.Link) is { } link)
            {
                string by = state == TemplateState.Restored || template.State == TemplateState.Recalled ? template.RecalledBy : "";
                await _outbox.SendAsync(
                    connection, transaction, link, Lane.Records, Told, CentreJson.Write(new TemplateTold(template.Id, state, SiteReport.Short(reason), SiteReport.Short(by), revision ?? template.Revision, tried)));
            }

            await transaction.CommitAsync(_stop.Token);
        }

        _outbox.Wake();
        _log.LogInformation("The template '{Name}' of the centre is {State}. {Reason}", template.Name, state, reason);
    }

    async Task StepAsync(DbConnection connection, DbTransaction transaction, Guid id, TemplateState state, string reason, string more, object values)
    {
        var parameters = new DynamicParameters(values);
        parameters.AddDynamicParams(new { id = Written(id), state = state.ToString(), reason, now = WallTime.Now(_clock).Microseconds });
        await connection.ExecuteAsync($"update centre_templates set state = @state, reason = @reason, changed_at = @now, {more} where id = @id", parameters, transaction);
    }

    static async Task<CentreTemplate?> FindAsync(DbConnection connection, DbTransaction transaction, string link, Guid id) =>
        (await connection.QuerySingleOrDefaultAsync<Row>($"select {Columns} from centre_templates where id = @id and link = @link", new { id = Written(id), link }, transaction))?.Read();

    static async Task<(bool Accepts, string By, DateTimeOffset? At)> RuleAsync(DbConnection connection, CancellationToken stop)
    {
        var rule = await connection.QuerySingleOrDefaultAsync<(long Accepts, string By, long At)?>(new CommandDefinition("select accepts, by_name, at from centre_template_rule where id = 1", cancellationToken: stop));
        return rule is var (accepts, by, at) ? (accepts != 0, by, new WallTime(at).ToDateTimeOffset()) : (true, "", null);
    }

    internal static string Written(Guid id) => id.ToString("n");

    const string Columns = """
        id, link, name, body as Text, digest, state, reason, revision, tried, before_body as Before, after_revision as AfterRevision, offered_by as OfferedBy, confirmed_by as ConfirmedBy,
        recalled_by as RecalledBy, came_at as CameAt, changed_at as ChangedAt
        """;

    sealed class Row
    {
        public string Id { get; init; } = "";
        public string Link { get; init; } = "";
        public string Name { get; init; } = "";
        public string Text { get; init; } = "";
        public string Digest { get; init; } = "";
        public string State { get; init; } = "";
        public string Reason { get; init; } = "";
        public string Revision { get; init; } = "";
        public string? Tried { get; init; }
        public string? Before { get; init; }
        public string AfterRevision { get; init; } = "";
        public string OfferedBy { get; init; } = "";
        public string ConfirmedBy { get; init; } = "";
        public string RecalledBy { get; init; } = "";
        public long CameAt { get; init; }
        public long ChangedAt { get; init; }

        public CentreTemplate Read() => new(
            Guid.ParseExact(Id, "n"), Link, Name, Text, Digest, Enum.Parse<TemplateState>(State), Reason, Revision, Tried, Before, AfterRevision, OfferedBy, ConfirmedBy, RecalledBy,
            new WallTime(CameAt).ToDateTimeOffset(), new WallTime(ChangedAt).ToDateTimeOffset());
    }
}

/// <summary>At a site: a template that its centre offered.</summary>
/// <param name="Revision">Of the configuration that it was tried with.</param>
/// <param name="TriedJson">A <see cref="TemplateTry"/>; null: not tried yet.</param>
/// <param name="Before">The configuration before it was applied; null: applying it hasn't begun, or changed nothing.</param>
/// <param name="AfterRevision">Of the configuration that it leads to.</param>
sealed record CentreTemplate(
    Guid Id, string Link, string Name, string Text, string Digest, TemplateState State, string Reason, string Revision, string? TriedJson, string? Before, string AfterRevision, string OfferedBy, string ConfirmedBy,
    string RecalledBy, DateTimeOffset CameAt, DateTimeOffset ChangedAt);
