using System.Data.Common;
using System.Text.Json;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Links;

using Dapper;

namespace Atalaya.Node.Federation.Centre;

/// <summary>At a centre: takes what its sites tell of themselves, their alarms and incidents. They come in their order, once: the last is how it is, whatever the site's clock said of it.</summary>
sealed class SiteNews(Casebook book, TimeProvider clock) : MessageHandler
{
    public const string Reported = "site.reported", Cameras = "site.cameras", Alarms = "alarm.changed", Incidents = "incident.changed";

    public override IReadOnlyList<string> Kinds { get; } = [Reported, Cameras, Alarms, Incidents, CaseDeeds.Answer];

    /// <summary>Raised when a site told how it is or which cameras it has.</summary>
    public event Action<string>? SiteChanged;

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.From.Kind != LinkKind.Site)
            return MessageVerdict.Refused("Only a site of this organisation reports to its centre.");
        if (message.Kind is Alarms or Incidents)
        {
            var (alarms, incidents, unread) = FarWords.Read(message.Body);
            if (alarms.Count == 0 && incidents.Count == 0)
                return MessageVerdict.Refused(unread ?? $"It isn't a {message.Kind} that this centre can read.");
            if (alarms.Count > 0)
                await AlarmsAsync(new(alarms));
            if (incidents.Count > 0)
                await IncidentsAsync(new(incidents));
            return unread is null ? MessageVerdict.Applied : MessageVerdict.RefusedInPart(unread);
        }

        bool taken = message.Kind switch
        {
            Reported => FarWords.TryReport(message.Body, out var report) && report.IsSound && await TakeAsync(report),
            Cameras => CentreJson.TryRead<SiteCameras>(message.Body, out var cameras) && cameras.IsSound && await TakeAsync(cameras),
            _ => CentreJson.TryRead<DeedAnswered>(message.Body, out var answer) && answer.IsSound && await TakeAsync(answer),
        };
        return taken ? MessageVerdict.Applied : MessageVerdict.Refused($"It isn't a {message.Kind} that this centre can read.");

        string link() => message.From.Id;

        async Task<bool> TakeAsync<T>(T what)
        {
            await (what switch
            {
                SiteReport report => ReportAsync(report),
                SiteCameras cameras => CamerasAsync(cameras),
                DeedAnswered answer => AnswerAsync(answer),
                _ => throw new InvalidOperationException(),
            });
            return true;
        }

        Task WriteAsync(string sql, object values) => connection.ExecuteAsync(new CommandDefinition(sql, values, transaction, cancellationToken: stop));

        Task ReportAsync(SiteReport report) => WriteAsync(
            """
            insert into sites (link, report, reported_at, received_at) values (@link, @report, @at, @now)
            on conflict (link) do update set report = excluded.report, reported_at = excluded.reported_at, received_at = excluded.received_at
            """,
            new { link = link(), report = Written(report), at = Micros(report.At), now = Micros(clock.GetUtcNow()) });

        async Task CamerasAsync(SiteCameras page)
        {
            await WriteAsync(
                "insert into site_camera_pages (link, digest, page, pages, body) values (@link, @Digest, @Page, @Pages, @body) on conflict (link, digest, page) do update set body = excluded.body, pages = excluded.pages",
                new { link = link(), page.Digest, page.Page, page.Pages, body = Written(page.Cameras) });
            long there = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
                "select count(*) from site_camera_pages where link = @link and digest = @Digest and page < @Pages", new { link = link(), page.Digest, page.Pages }, transaction, cancellationToken: stop));
            if (there < page.Pages)
                return;
            await WriteAsync("delete from site_camera_pages where link = @link and (digest <> @Digest or page >= @Pages)", new { link = link(), page.Digest, page.Pages });
            // A site that has its cameras told before its first report has a row then.
            await WriteAsync(
                """
                insert into sites (link, report, reported_at, received_at, cameras_digest) values (@link, '', 0, @now, @Digest)
                on conflict (link) do update set cameras_digest = excluded.cameras_digest
                """,
                new { link = link(), page.Digest, now = Micros(clock.GetUtcNow()) });
        }

        async Task AlarmsAsync(AlarmsChanged changed)
        {
            long number = (await Casebook.JoinAsync(connection, transaction, stop)).Change;
            foreach (var (change, alarm) in changed.Alarms)
            {
                await WriteAsync(
                    """
                    insert into site_alarms (link, id, site_change, severity, is_open, camera, kind, at, last_at, body, change_number)
                    values (@link, @id, @change, @severity, @open, @Camera, @kind, @at, @lastAt, @body, @number)
                    on conflict (link, id) do update set site_change = excluded.site_change, severity = excluded.severity, is_open = excluded.is_open, at = excluded.at, last_at = excluded.last_at,
                    body = excluded.body, change_number = excluded.change_number where site_alarms.site_change < excluded.site_change
                    """,
                    new
                    {
                        link = link(),
                        id = CaseSession.Written(alarm.Id),
                        change,
                        severity = (long)alarm.Severity,
                        open = alarm.IsOpen ? 1L : 0L,
                        alarm.Camera,
                        kind = alarm.Kind.ToString(),
                        at = Micros(alarm.At),
                        lastAt = Micros(alarm.LastAt),
                        body = Written(alarm),
                        number,
                    });
            }
        }

        async Task IncidentsAsync(IncidentsChanged changed)
        {
            long number = (await Casebook.JoinAsync(connection, transaction, stop)).Change;
            foreach (var incident in changed.Incidents)
            {
                await WriteAsync(
                    """
                    insert into site_incidents (link, id, site_change, severity, is_open, opened_at, closed_at, body, change_number)
                    values (@link, @id, @Change, @severity, @open, @openedAt, @closedAt, @body, @number)
                    on conflict (link, id) do update set site_change = excluded.site_change, severity = excluded.severity, is_open = excluded.is_open, closed_at = excluded.closed_at, body = excluded.body,
                    change_number = excluded.change_number where site_incidents.site_change < excluded.site_change
                    """,
                    new
                    {
                        link = link(),
                        id = CaseSession.Written(incident.Id),
                        incident.Change,
                        severity = (long)incident.Severity,
                        open = incident.ClosedAt is null ? 1L : 0L,
                        openedAt = Micros(incident.OpenedAt),
                        closedAt = incident.ClosedAt is { } closed ? Micros(closed) : (long?)null,
                        body = Written(incident),
                        number,
                    });
            }
        }

        Task AnswerAsync(DeedAnswered answer) => WriteAsync(
            "update site_deeds set answered_at = @now, refusal = @Refusal where id = @id and link = @link and answered_at is null",
            new { now = Micros(clock.GetUtcNow()), answer.Refusal, id = CaseSession.Written(answer.Id), link = link() });
    }

    public override async Task AppliedAsync(Incoming message, CancellationToken stop)
    {
        if (message.Kind is Reported or Cameras)
            SiteChanged?.Invoke(message.From.Id);
        else
            await book.TellAsync(stop);
    }

    static string Written<T>(T value) => JsonSerializer.Serialize(value, CentreJson.Options);

    static long Micros(DateTimeOffset at) => WallTime.From(at).Microseconds;
}
