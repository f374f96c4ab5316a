using System.Data.Common;
using System.Threading.Channels;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Incidents;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Federation.Centre;

/// <summary>
/// At a site: keeps its centre informed. Of alarms and incidents it sends those that changed since its cursor, as they are; the cursor and the messages are one transaction. While the centre takes nothing
/// few messages wait: what changes meanwhile is read when it is back, each case once. Partners are told nothing here.
/// </summary>
sealed class SiteReporter : IHostedService, IAsyncDisposable
{
    /// <summary>Cases of one reading; and how many messages may wait before it reads on.</summary>
    const int Limit = 200, MostWaiting = 50;

    /// <summary>Of a message's body. 48 KiB: a message holds 64 KiB with all that is around it.</summary>
    const int MostBytes = 48 << 10;

    /// <summary>A state that nothing happened to is told so often. A minute: a hundred sites are not two messages a second.</summary>
    static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1), LookEvery = TimeSpan.FromSeconds(5), AfterFault = TimeSpan.FromSeconds(10);

    /// <summary>What waited for room in the outbox goes on so soon: a second, so that a centre that is back has the latest within two.</summary>
    static readonly TimeSpan CasesEvery = TimeSpan.FromSeconds(1);

    /// <summary>Closed cases from before aren't told to a centre that joins later.</summary>
    static readonly TimeSpan Past = TimeSpan.FromDays(30);

    readonly Casebook _book;
    readonly LinkBook _links;
    readonly Outbox _outbox;
    readonly OwnReport _report;
    readonly NodeDatabase _database;
    readonly TimeProvider _clock;
    readonly ILogger<SiteReporter> _log;
    readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<string, Told> _told = [];      // by link; touched by RunAsync alone
    Task _running = Task.CompletedTask;

    public SiteReporter(Casebook book, LinkBook links, Outbox outbox, OwnReport report, NodeDatabase database, TimeProvider clock, ILogger<SiteReporter> log)
    {
        _book = book;
        _links = links;
        _outbox = outbox;
        _report = report;
        _database = database;
        _clock = clock;
        _log = log;
    }

    public Task StartAsync(CancellationToken stop)
    {
        _book.Changed += OnCase;
        _links.Changed += Wake;
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        _book.Changed -= OnCase;
        _links.Changed -= Wake;
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _running;
    }

    void OnCase(long change) => Wake();

    void Wake() => _wake.Writer.TryWrite(true);

    async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var pause = CasesEvery;
                try
                {
                    foreach (var link in _links.Active.Where(l => l.Kind == LinkKind.Centre))
                    {
                        await TellCasesAsync(link, _stop.Token);
                        await TellStateAsync(link, _stop.Token);
                    }
                }
                catch (Exception fault) when (fault is DbException or InvalidOperationException)
                {
                    _log.LogWarning(fault, "The centre couldn't be told what changed; it is tried again in {Pause}.", AfterFault);
                    pause = AfterFault;
                }

                using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                var beat = Task.Delay(pause, _clock, limit.Token);
                var woken = _wake.Reader.WaitToReadAsync(limit.Token).AsTask();
                await Task.WhenAny(beat, woken);
                await limit.CancelAsync();
                _stop.Token.ThrowIfCancellationRequested();
                _wake.Reader.TryRead(out _);
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "The centre is told nothing until the node is started again");
        }
    }

    /// <summary>Sends what changed since the cursor, until nothing is left or enough waits.</summary>
    async Task TellCasesAsync(Link link, CancellationToken stop)
    {
        while (_links.HealthOf(link.Id).Waiting < MostWaiting && await TellSomeAsync(link, stop))
        {
        }
    }

    /// <returns>Whether there is more.</returns>
    async Task<bool> TellSomeAsync(Link link, CancellationToken stop)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(stop);
        long before = await connection.ExecuteScalarAsync<long?>(new CommandDefinition("select change_number from centre_cursors where link = @Id", new { link.Id }, cancellationToken: stop)) ?? 0;
        long last = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select n from case_counter where id = 1", cancellationToken: stop));
        if (last <= before)
            return false;
        await using var transaction = await connection.BeginTransactionAsync(stop);
        var session = new CaseSession(connection, transaction, 0, stop);
        last = await session.LastChangeAsync();
        var alarms = await session.AlarmChangesAsync(before, Limit);
        var incidents = await session.IncidentChangesAsync(before, Limit);
        long upTo = CaseMerge.UpTo([.. alarms.Select(a => a.Change)], [.. incidents.Select(i => i.Change)], Limit, last);
        var horizon = before == 0 ? _clock.GetUtcNow() - Past : DateTimeOffset.MinValue;
        var tellAlarms = alarms.Where(a => a.Change <= upTo && (a.Alarm.IsOpen || a.Alarm.LastAt >= horizon)).Select(a => new SiteAlarm(a.Change, a.Alarm)).ToList();
        var lines = incidents.Where(i => i.Change <= upTo && (i.ClosedAt is null || i.ClosedAt >= horizon)).ToList();
        foreach (var part in CaseMerge.Cut(tellAlarms, MostBytes))
            await _outbox.SendAsync(connection, transaction, link, Lane.Urgent, SiteNews.Alarms, CentreJson.Write(new AlarmsChanged(part)));
        var custodies = await session.CustodiesAsync([.. lines.Select(i => i.Id)]);
        var tellIncidents = new List<SiteIncident>();
        foreach (var line in lines)
        {
            var cameras = await session.QueryAsync<string>(
                "select distinct camera from alarms where incident = @incident and camera <> '' order by camera limit @most", new { incident = CaseSession.Written(line.Id), most = Alarm.MaxCameras });
            tellIncidents.Add(new(
                line.Change, line.Id, line.Type, line.Severity, line.State, line.Title, line.Assignee, line.OpenedAt, line.ChangedAt, line.Due, line.ClosedAt, line.Version, [.. cameras],
                custodies.GetValueOrDefault(line.Id, Custody.AtSite)));
        }

        foreach (var part in CaseMerge.Cut(tellIncidents, MostBytes))
            await _outbox.SendAsync(connection, transaction, link, Lane.Urgent, SiteNews.Incidents, CentreJson.Write(new IncidentsChanged(part)));
        await SaveAsync(connection, transaction, link, "change_number", upTo, stop);
        await transaction.CommitAsync(stop);
        _outbox.Wake();
        return upTo < last;
    }

    /// <summary>Sends the list of cameras if it isn't the one that the centre has, and how the node is: when that becomes another, or a minute has passed.</summary>
    async Task TellStateAsync(Link link, CancellationToken stop)
    {
        if (_links.HealthOf(link.Id) is { IsUp: false } or { Waiting: >= MostWaiting })
        {
            _told.Remove(link.Id);      // It would be old when it arrives; the first when it is up again isn't.
            return;
        }

        if (_told.TryGetValue(link.Id, out var told) && _clock.GetElapsedTime(told.LookedAt) < LookEvery)
            return;
        var cameras = await _report.CamerasAsync(stop);
        var report = await _report.ReadAsync(cameras, stop);
        long now = _clock.GetTimestamp();
        if (told.At != 0 && _clock.GetElapsedTime(told.At, now) < ReportEvery && told.State == report.State && told.Digest == report.CamerasDigest)
        {
            _told[link.Id] = told with { LookedAt = now };
            return;
        }

        await using var connection = await _database.Source.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        string? known = await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select cameras_digest from centre_cursors where link = @Id", new { link.Id }, transaction, cancellationToken: stop));
        if (known != report.CamerasDigest)
        {
            foreach (var page in SiteCameras.Split(report.CamerasDigest, cameras))
                await _outbox.SendAsync(connection, transaction, link, Lane.Records, SiteNews.Cameras, CentreJson.Write(page));
            await SaveAsync(connection, transaction, link, "cameras_digest", report.CamerasDigest, stop);
        }

        await _outbox.SendAsync(connection, transaction, link, Lane.Records, SiteNews.Reported, CentreJson.Write(report));
        await transaction.CommitAsync(stop);
        _told[link.Id] = new(now, now, report.CamerasDigest, report.State);
        _outbox.Wake();
    }

    static Task SaveAsync(DbConnection connection, DbTransaction transaction, Link link, string column, object value, CancellationToken stop) => connection.ExecuteAsync(new CommandDefinition(
        $"insert into centre_cursors (link, {column}) values (@Id, @value) on conflict (link) do update set {column} = excluded.{column}", new { link.Id, value }, transaction, cancellationToken: stop));

    /// <param name="At">When it was told; 0: not yet. As <paramref name="LookedAt"/> a timestamp of the clock.</param>
    readonly record struct Told(long At, long LookedAt, string Digest, PartState State);
}
