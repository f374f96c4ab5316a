using System.ComponentModel;
using System.Text.Json;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Federation.Centre;

/// <summary>At a centre: its sites, their cameras, alarms and incidents; at a site: what its centre asks.</summary>
static class CentreEndpoints
{
    const int MaxCases = 500, MaxDeeds = 20;

    public static IServiceCollection AddCentre(this IServiceCollection services) => services
        .AddSingleton<LinkVideo>()
        .AddSingleton<FarVideo>()
        .AddSingleton<OwnReport>()
        .AddSingleton<SiteNews>()
        .AddSingleton<MessageHandler>(s => s.GetRequiredService<SiteNews>())
        .AddSingleton<MessageHandler, CaseDeeds>()
        .AddSingleton<TemplateBook>()
        .AddSingleton<MessageHandler>(s => s.GetRequiredService<TemplateBook>())
        .AddSingleton<MessageHandler>(s => s.GetRequiredService<SiteTemplates>())
        .AddStarted<SiteBook>()
        .AddStarted<SiteReporter>()
        .AddStarted<SiteTemplates>();

    public static void MapCentre(this IEndpointRouteBuilder routes)
    {
        LinkVideo.Map(routes);
        FarVideoEndpoints.Map(routes);
        TemplateEndpoints.Map(routes);
        routes.MapGet("/link/1/cases/alarms/{id:guid}", AlarmEndpoints.FindAsync).ForCentre();
        routes.MapGet("/link/1/cases/incidents/{id:guid}", IncidentEndpoints.FindAsync).ForCentre();

        var sites = routes.MapGroup("/api/sites").WithTags("sites");
        sites.MapGet("", ListAsync).NeedsAnywhere(Permission.ViewLive, or: Permission.ViewHealth).WithName("listSites").WithSummary("Sites of this organisation that report to this node, with how they are.");
        sites.MapGet("cameras", CamerasAsync).NeedsAnywhere(Permission.ViewLive, or: Permission.ViewPast).WithName("listSiteCameras").WithSummary("Cameras of all sites, with their places.");
        sites.MapGet("cases", CasesAsync).NeedsAnywhere(Permission.ViewPast, or: Permission.ViewHealth).WithName("getSiteCases").WithSummary("Open alarms and incidents of all sites; with 'after' those that changed since.")
            .Produces<FarCasesJson>().Fails(400);
        sites.MapGet("{site}/alarms/{alarm:guid}", AlarmAsync).NeedsAnywhere(Permission.ViewPast, or: Permission.ViewHealth).WithName("getSiteAlarm").WithSummary("An alarm of a site with its steps and events, asked of the site.")
            .Produces<AlarmDetailJson>().Fails(404, 503);
        sites.MapGet("{site}/incidents/{incident:guid}", IncidentAsync).NeedsAnywhere(Permission.ViewPast).WithName("getSiteIncident").WithSummary("An incident of a site with its story, asked of the site.")
            .Produces<IncidentJson>().Fails(404, 503);
        sites.MapGet("{site}/deeds/{subject:guid}", DeedsAsync).NeedsAnywhere(Permission.ViewPast).WithName("listSiteDeeds").WithSummary("What was asked of a site about one alarm or incident, the latest first.")
            .Produces<IReadOnlyList<SentDeedJson>>().Fails(404);
        sites.MapPost("{site}/alarms/{alarm:guid}/deeds", AskAlarmAsync).NeedsAnywhere(Permission.Acknowledge).WithName("actOnSiteAlarm").WithSummary("Has a site do something with one of its alarms.")
            .Produces<SentDeedJson>(StatusCodes.Status202Accepted).Fails(400, 404, 409, 413, 415);
        sites.MapPost("{site}/incidents/{incident:guid}/deeds", AskIncidentAsync).NeedsAnywhere(Permission.ManageIncidents).WithName("actOnSiteIncident")
            .WithSummary("Takes an incident of a site over, gives it back, or has the site tell something of it.")
            .Produces<SentDeedJson>(StatusCodes.Status202Accepted).Fails(400, 404, 409, 413, 415);

        var own = routes.MapGroup("/api/incidents").WithTags("incidents");
        own.MapGet("{id:guid}/custody", CustodyAsync).NeedsAnywhere(Permission.ViewPast).WithName("getIncidentCustody").WithSummary("Who has an incident: this site, or its centre.").Produces<CustodyJson>().Fails(404);
        own.MapPost("{id:guid}/take-back", TakeBackAsync).NeedsAnywhere(Permission.ManageIncidents).WithName("takeIncidentBack").WithSummary("Takes an incident back that the centre has.")
            .WithDescription("It counts at once, whether or not the centre can be reached: the site answers for what happens there.").Produces<CustodyJson>().Fails(404, 409);
    }

    static async Task<IReadOnlyList<SiteJson>> ListAsync(SiteBook book, LinkBook links, Caller caller, CancellationToken stop) =>
        [.. (await book.SitesAsync(stop)).Where(s => caller.Sees(FarVideo.IdOf(s.Link.Id, ""))).Select(s =>
        {
            var health = links.HealthOf(s.Link.Id);
            bool told = s.Report is not null && caller.Can(Permission.ViewHealth, FarVideo.IdOf(s.Link.Id, ""));
            return new SiteJson(
                s.Link.Id, s.Link.Site, health.IsUp, health.Since, health.Waiting, health.ClockOffset is { } offset ? Math.Round(offset.TotalSeconds, 1) : null, told ? s.ReceivedAt : null,
                told ? SiteReportJson.Of(s.Report!) : null);
        })];

    static async Task<IReadOnlyList<FarCameraJson>> CamerasAsync(SiteBook book, LinkBook links, Caller caller, CancellationToken stop) =>
        [.. (await book.CamerasAsync(stop)).SelectMany(site => links.Find(site.Key) is { Kind: LinkKind.Site, State: LinkState.Active } link
            ? site.Value.Select(c => new FarCameraJson(FarVideo.IdOf(link.Id, c.Id), link.Id, link.Site, c.Name, c.Enabled, c.State, c.Reason, c.Recording, c.HasSub, c.HasMasks, c.Place)).Where(c => caller.Sees(c.Id))
            : [])];

    static async Task<Results<Ok<FarCasesJson>, ProblemHttpResult>> CasesAsync(
        [Description("'change' of the last answer; absent: all that are open, in pages.")] long? after, [Description("'next' of the page before; not with 'after'.")] string? cursor, Casebook book, LinkBook links, Actor actor,
        CancellationToken stop)
    {
        if (after < 0)
            return Problems.Invalid("after", "must be the number of a change that was seen: 'change' of another answer.");
        if (cursor is not null && (after is not null || !FarPlace.TryParse(cursor, out _)))
            return Problems.Invalid("cursor", "must be 'next' of another answer, and not with 'after'.");
        var place = cursor is not null && FarPlace.TryParse(cursor, out var read) ? read : FarPlace.First;
        return TypedResults.Ok(await book.ReadAsync(async session =>
        {
            // The number first: what changes meanwhile is asked for again rather than missed.
            long last = await session.LastChangeAsync();
            if (after is null)
            {
                var openAlarms = await SiteBook.OpenAlarmsAsync(session, place.Alarms, MaxCases);
                var openIncidents = await SiteBook.OpenIncidentsAsync(session, place.Incidents, MaxCases);
                // What isn't theirs is left out of a page, which is shorter for it, and never the end.
                var next = place.After(openAlarms, openIncidents, MaxCases);
                return new FarCasesJson(
                    [.. openAlarms.Select(c => Seen(c, links, actor)).OfType<FarAlarmJson>()], [.. openIncidents.Select(c => Seen(c, links, actor)).OfType<FarIncidentJson>()], last, next is not null, next?.ToString());
            }

            var alarms = await SiteBook.AlarmChangesAsync(session, after.Value, MaxCases);
            var incidents = await SiteBook.IncidentChangesAsync(session, after.Value, MaxCases);
            long upTo = CaseMerge.UpTo([.. alarms.Select(c => c.Change)], [.. incidents.Select(c => c.Change)], MaxCases, last);
            return new FarCasesJson(
                [.. alarms.Where(c => c.Change <= upTo).Select(c => Seen(c, links, actor)).OfType<FarAlarmJson>()],
                [.. incidents.Where(c => c.Change <= upTo).Select(c => Seen(c, links, actor)).OfType<FarIncidentJson>()], upTo, upTo < last, null);
        }, stop));
    }

    /// <summary>Null: it isn't theirs to see.</summary>
    static FarAlarmJson? Seen(FarCase<Alarm> found, LinkBook links, Actor actor)
    {
        if (links.Find(found.Link) is not { Kind: LinkKind.Site, State: LinkState.Active } link)
            return null;
        var far = Far(found.Case, link.Id);
        // What a site says of itself is seen by who may on the whole site.
        bool seen = far.Camera.Length == 0 ? actor.Can(Permission.ViewHealth, FarVideo.IdOf(link.Id, "")) : actor.MaySee(far);
        return seen ? new(link.Id, link.Site, actor.Shown(AlarmJson.Of(far))) : null;
    }

    static FarIncidentJson? Seen(FarCase<SiteIncident> found, LinkBook links, Actor actor)
    {
        var c = found.Case;
        return links.Find(found.Link) is { Kind: LinkKind.Site, State: LinkState.Active } link && Concerns(actor, Permission.ViewPast, link, c)
            ? new(link.Id, link.Site, c.Id, c.Type, c.Severity, c.State, c.Title, c.Assignee, c.OpenedAt, c.ChangedAt, c.Due, c.ClosedAt, c.Version, c.Custody.Holder, c.Custody.By, c.Custody.Epoch)
            : null;
    }

    /// <summary>An alarm with its cameras named as they are here.</summary>
    static Alarm Far(Alarm alarm, string link) =>
        alarm with { Camera = alarm.Camera.Length == 0 ? "" : FarVideo.IdOf(link, alarm.Camera), Cameras = [.. alarm.Cameras.Where(c => c.Length > 0).Select(c => FarVideo.IdOf(link, c))] };

    /// <summary>Whether one of an incident's cameras, or the site as a whole, is theirs.</summary>
    static bool Concerns(Actor actor, Permission permission, Link link, SiteIncident incident) => incident.Cameras.Append("").Any(c => actor.Can(permission, FarVideo.IdOf(link.Id, c)));

    static async Task<IResult> AlarmAsync(string site, Guid alarm, Casebook book, FarVideo video, LinkBook links, HttpContext http, Actor actor, CancellationToken stop)
    {
        if (video.Site(site) is not { } link || await book.ReadAsync(s => SiteBook.AlarmAsync(s, site, alarm), stop) is not { } known || Seen(new FarCase<Alarm>(site, known, 0), links, actor) is null)
            return CaseRequests.NoAlarm(alarm);
        return await video.AskAsync<AlarmDetailJson>(link, $"link/1/cases/alarms/{alarm}", FarViewer.Of(http, unmasked: false), stop) is { } detail
            ? TypedResults.Ok(detail with
            {
                Alarm = actor.Shown(detail.Alarm with { Camera = detail.Alarm.Camera.Length == 0 ? "" : FarVideo.IdOf(site, detail.Alarm.Camera), Cameras = [.. detail.Alarm.Cameras.Select(c => FarVideo.IdOf(site, c))] }),
                Events = [.. detail.Events.Select(e => e with { Camera = e.Camera.Length == 0 ? "" : FarVideo.IdOf(site, e.Camera) }).Where(e => actor.Can(Permission.ViewPast, e.Camera) || actor.MaySeeHealth(e.Kind, e.Camera)).Select(actor.Shown)],
            })
            : FarVideo.Away(link);
    }

    static async Task<IResult> IncidentAsync(string site, Guid incident, Casebook book, FarVideo video, HttpContext http, Actor actor, CancellationToken stop)
    {
        if (video.Site(site) is not { } link || await book.ReadAsync(s => SiteBook.IncidentAsync(s, site, incident), stop) is not { } known || !Concerns(actor, Permission.ViewPast, link, known))
            return CaseRequests.NoIncident(incident);
        return await video.AskAsync<IncidentJson>(link, $"link/1/cases/incidents/{incident}", FarViewer.Of(http, unmasked: false), stop) is { } story ? TypedResults.Ok(story) : FarVideo.Away(link);
    }

    static async Task<IResult> DeedsAsync(string site, Guid subject, Casebook book, LinkBook links, Actor actor, CancellationToken stop) => await book.ReadAsync<IResult>(async session =>
    {
        bool seen = links.Find(site) is { Kind: LinkKind.Site } link
            && ((await SiteBook.AlarmAsync(session, site, subject) is { } alarm && Seen(new FarCase<Alarm>(site, alarm, 0), links, actor) is not null)
                || (await SiteBook.IncidentAsync(session, site, subject) is { } incident && Concerns(actor, Permission.ViewPast, link, incident)));
        return seen
            ? TypedResults.Ok<IReadOnlyList<SentDeedJson>>([.. (await SiteBook.DeedsAsync(session, site, subject, MaxDeeds)).Select(SentDeedJson.Of)])
            : Problems.NotFound("No such case", "The sites have no such alarm or incident.");
    }, stop);

    static Task<IResult> AskAlarmAsync(string site, Guid alarm, AlarmDeedInputJson input, Casebook book, FarVideo video, Outbox outbox, Actor actor, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.Act is null)
            errors.Add("act", "is missing.");
        if (input.Version is not > 0)
            errors.Add("version", "must be the alarm's version as it was seen.");
        string to = CaseRequests.Words("to", input.To, Incident.MaxName, errors, mayBeEmpty: input.Act != AlarmActKind.Assign);
        string note = CaseRequests.Words("note", input.Note, Incident.MaxText, errors, mayBeEmpty: true);
        if (input.Act == AlarmActKind.Close && input.Outcome is null)
            errors.Add("outcome", "is missing.");
        return errors.Any ? Task.FromResult<IResult>(errors.ToProblem()) : SendAsync(
            site, alarm, video, book, outbox, clock,
            async (session, link) => await SiteBook.AlarmAsync(session, site, alarm) is { } known && actor.Can(Permission.Acknowledge, FarVideo.IdOf(link.Id, known.Camera)) ? null : CaseRequests.NoAlarm(alarm),
            new(Guid.CreateVersion7(clock.GetUtcNow()), Name(actor), Alarm: new(alarm, input.Version!.Value, input.Act!.Value, to.Length > 0 ? to : null, input.Outcome, note)), stop);
    }

    static Task<IResult> AskIncidentAsync(string site, Guid incident, IncidentDeedInputJson input, Casebook book, FarVideo video, Outbox outbox, Actor actor, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.Deed is null)
            errors.Add("deed", "is missing.");
        if (input.Epoch is not >= 0)
            errors.Add("epoch", "must be the incident's as it was seen.");
        string to = CaseRequests.Words("to", input.To, Incident.MaxName, errors, mayBeEmpty: input.Deed is not (FarIncidentDeedJson.Assign or FarIncidentDeedJson.Dispatch));
        string note = CaseRequests.Words("note", input.Note, Incident.MaxText, errors, mayBeEmpty: input.Deed is not (FarIncidentDeedJson.Note or FarIncidentDeedJson.Reopen));
        if (input.Deed == FarIncidentDeedJson.Close && input.Outcome is null)
            errors.Add("outcome", "is missing.");
        if (errors.Any)
            return Task.FromResult<IResult>(errors.ToProblem());
        CustodyDeed? custody = input.Deed switch { FarIncidentDeedJson.TakeOver => CustodyDeed.TakeOver, FarIncidentDeedJson.HandBack => CustodyDeed.HandBack, _ => null };
        IncidentEvent? told = input.Deed switch
        {
            FarIncidentDeedJson.Assign => new IncidentAssigned(to),
            FarIncidentDeedJson.Dispatch => new Dispatched(to, note),
            FarIncidentDeedJson.Monitor => new Monitored(note),
            FarIncidentDeedJson.Note => new Noted(note),
            FarIncidentDeedJson.Resolve => new Resolved(note),
            FarIncidentDeedJson.Close => new IncidentClosed(input.Outcome!.Value, note),
            FarIncidentDeedJson.Reopen => new Reopened(note),
            _ => null,
        };
        return SendAsync(
            site, incident, video, book, outbox, clock,
            async (session, link) => await SiteBook.IncidentAsync(session, site, incident) is { } known && Concerns(actor, Permission.ManageIncidents, link, known) ? null : CaseRequests.NoIncident(incident),
            new(Guid.CreateVersion7(clock.GetUtcNow()), Name(actor), Incident: new(incident, input.Epoch!.Value, custody, told)), stop);
    }

    static string Name(Actor actor) => actor.Name.Length <= CaseDeed.MaxBy ? actor.Name : actor.Name[..CaseDeed.MaxBy];

    /// <summary>Keeps a deed and sends it, in one transaction.</summary>
    static async Task<IResult> SendAsync(
        string site, Guid subject, FarVideo video, Casebook book, Outbox outbox, TimeProvider clock, Func<CaseSession, Link, Task<ProblemHttpResult?>> refuse, CaseDeed deed, CancellationToken stop)
    {
        if (video.Site(site) is not { } link)
            return Problems.NotFound("No such site", $"There is no site '{Problems.Shown(site)}'.");
        await using var connection = await book.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        if (await refuse(new(connection, transaction, 0, stop), link) is { } refusal)
            return refusal;
        var sent = new SentDeed(deed, clock.GetUtcNow(), null, null);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into site_deeds (id, link, subject, body, by_name, at) values (@id, @link, @subject, @body, @By, @at)",
            new { id = CaseSession.Written(deed.Id), link = link.Id, subject = CaseSession.Written(subject), body = JsonSerializer.Serialize(deed, CentreJson.Options), deed.By, at = WallTime.From(sent.At).Microseconds },
            transaction, cancellationToken: stop));
        await outbox.SendAsync(connection, transaction, link, Lane.Urgent, CaseDeeds.Kind, CentreJson.Write(deed));
        await transaction.CommitAsync(stop);
        outbox.Wake();
        return TypedResults.Accepted((string?)null, SentDeedJson.Of(sent));
    }

    static async Task<Results<Ok<CustodyJson>, ProblemHttpResult>> CustodyAsync(Guid id, Actor actor, Casebook book, CameraRoster roster, CancellationToken stop) =>
        await book.ReadAsync<Results<Ok<CustodyJson>, ProblemHttpResult>>(
            async session => await IncidentEndpoints.SeenAsync(session, id, actor, roster, Permission.ViewPast) is null ? CaseRequests.NoIncident(id) : TypedResults.Ok(CustodyJson.Of(await session.CustodyAsync(id))), stop);

    static async Task<Results<Ok<CustodyJson>, ProblemHttpResult>> TakeBackAsync(Guid id, Actor actor, Casebook book, CameraRoster roster, TimeProvider clock, CancellationToken stop) =>
        await book.WriteAsync<Results<Ok<CustodyJson>, ProblemHttpResult>>(async session =>
        {
            if (await IncidentEndpoints.SeenAsync(session, id, actor, roster, Permission.ManageIncidents) is not { } incident)
                return CaseRequests.NoIncident(id);
            var (after, refusal) = (await session.CustodyAsync(id)).TakeBack(actor.Name);
            if (refusal != CustodyRefusal.None)
                return Problems.Conflict("This site has the incident", "It isn't with the centre.");
            var now = clock.GetUtcNow();
            await session.AppendAsync(incident, new Noted($"Taken back from the centre by {actor.Name}.") { By = actor.Name, At = now });
            await session.SaveAsync(id, after, now);
            return TypedResults.Ok(CustodyJson.Of(after));
        }, stop);
}
