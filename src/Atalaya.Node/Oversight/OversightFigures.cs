using System.Data.Common;
using System.Globalization;

using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Oversight;

/// <summary>What oversight is told of a period, counted where it is kept.</summary>
sealed class OversightFigures(NodeDatabase database, CameraRoster roster, OwnWitness witness, WitnessRounds rounds, NodeOptions options, TimeProvider clock)
{
    const long Day = 86_400_000_000, Hour = 3_600_000_000;
    const int MostUsers = 20;

    /// <summary>A file goes at the next round of the caretaker, some minutes after its time.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    public async Task<OversightJson> ReadAsync(WallTime from, WallTime to, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        var span = new { from = from.Microseconds, to = to.Microseconds };
        var accesses = await CountAsync("select kind, count(*) from accesses where begun_at >= @from and begun_at < @to group by kind order by 2 desc, 1");
        var users = await CountAsync($"select user_name, count(*) from accesses where begun_at >= @from and begun_at < @to group by user_name order by 2 desc, 1 limit {MostUsers}");
        var purposes = await CountAsync("select purpose, count(*) from accesses where begun_at >= @from and begun_at < @to and kind in ('Playback', 'Export', 'Download', 'Snapshot', 'Thumbnails') group by purpose order by 2 desc, 1");
        var records = await CountAsync("select kind, count(*) from log_records where at >= @from and at < @to group by kind order by 1");
        var gaps = await CountAsync(
            $"""
            select cause, sum((case when coalesce(to_us, @to) < @to then coalesce(to_us, @to) else @to end) - (case when from_us > @from then from_us else @from end)) / {Hour}
            from gaps where from_us < @to and (to_us is null or to_us > @from) and cause <> 'Policy' group by cause order by 1
            """);
        var days = (await connection.QueryAsync<(long Day, string Kind, long Count)>(new CommandDefinition(
            $"select begun_at / {Day}, kind, count(*) from accesses where begun_at >= @from and begun_at < @to group by begun_at / {Day}, kind", span, cancellationToken: stop))).ToLookup(d => d.Day);
        long first = from.Microseconds / Day, last = (to.Microseconds - 1) / Day;
        var daily = new List<DayCountJson>();
        for (long day = first; day <= last; day++)
        {
            daily.Add(new(
                DateTimeOffset.UnixEpoch.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                days[day].Sum(d => d.Count), days[day].Where(d => d.Kind == nameof(AccessKindJson.Export)).Sum(d => d.Count), days[day].Where(d => d.Kind == nameof(AccessKindJson.Change)).Sum(d => d.Count)));
        }

        var retention = await RetentionAsync(connection, span, stop);
        long now = WallTime.Now(clock).Microseconds;
        long holds = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from holds where ended_us is null and (expires_us is null or expires_us > @now)", new { now }, cancellationToken: stop));
        long released = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "select count(*) from holds where ended_us >= @from and ended_us < @to and ended_by <> 'expiry'", span, cancellationToken: stop));
        long keys = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from keys where ended_us >= @from and ended_us < @to", span, cancellationToken: stop));
        var notable = new List<NotableJson>();
        Note("unmasked", Of(accesses, "Unmask"));
        Note("refused", Of(accesses, nameof(AccessKindJson.ApprovalRefused)));
        Note("released", released);
        Note("noPurpose", purposes.FirstOrDefault(p => p.Name.Length == 0)?.Count ?? 0);
        Note("exported", Of(accesses, nameof(AccessKindJson.Export)));
        Note("keyEnded", keys);
        foreach (var camera in retention.Where(r => r.Overdue > 0))
            Note("overdue", camera.Overdue, camera.Camera);
        foreach (var forked in witness.States.Where(w => w.Fork is not null))
            Note("fork", 1, forked.Origin);
        foreach (var state in rounds.States.Where(s => s.Fault is not null))
            Note(state.Contradicts ? "fork" : "unwitnessed", 1, state.Witness.Key.Name);
        return new(
            from.ToDateTimeOffset(), to.ToDateTimeOffset(), Named(accesses), users, purposes, Named(records), daily, retention, holds, Named(gaps), notable);

        async Task<CountJson[]> CountAsync(string sql) =>
            [.. (await connection.QueryAsync<(string Name, long Count)>(new CommandDefinition(sql, span, cancellationToken: stop))).Select(r => new CountJson(r.Name, r.Count))];

        void Note(string what, long count, string about = "")
        {
            if (count > 0)
                notable.Add(new(what, count, about));
        }

        static long Of(CountJson[] counts, string kind) => counts.FirstOrDefault(c => c.Name == kind)?.Count ?? 0;
        static CountJson[] Named(CountJson[] counts) => [.. counts.Select(c => c with { Name = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(c.Name) })];
    }

    /// <summary>What should be gone and is, and what a hold keeps. Removed cameras with footage are among them.</summary>
    async Task<IReadOnlyList<RetentionStateJson>> RetentionAsync(DbConnection connection, object span, CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        var oldest = (await connection.QueryAsync<(string Camera, long Start)>(new CommandDefinition("select camera, min(start_us) from coverage group by camera", cancellationToken: stop)))
            .ToDictionary(r => r.Camera, r => r.Start, StringComparer.Ordinal);
        var removed = (await connection.QueryAsync<(string Camera, long Count)>(new CommandDefinition(
            "select camera, count(*) from gaps where cause = 'Policy' and to_us >= @from and from_us < @to group by camera", span, cancellationToken: stop)))
            .ToDictionary(r => r.Camera, r => r.Count, StringComparer.Ordinal);
        var states = new List<RetentionStateJson>();
        foreach (string camera in oldest.Keys.Concat(removed.Keys).Concat(roster.Set.All.Select(c => c.Id)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            double? days = roster.Find(camera)?.Config.KeepFor?.TotalDays ?? options.Storage.Retention.Days;
            (long Held, long Overdue) = (0, 0);
            if (days is { } keep)
            {
                (Held, Overdue) = await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(
                    """
                    select coalesce(sum(kept), 0), coalesce(sum(1 - kept), 0) from (
                        select case when exists (select 1 from holds h where h.ended_us is null and (h.expires_us is null or h.expires_us > @now) and (h.stream is null or h.stream = s.stream)
                            and ',' || h.cameras || ',' like '%,' || s.camera || ',%' and h.from_us < s.end_us and (h.to_us is null or h.to_us > s.start_us)) then 1 else 0 end as kept
                        from segments s where s.camera = @camera and s.end_us < @limit) old
                    """,
                    new { camera, now = now.Microseconds, limit = (now - TimeSpan.FromDays(keep) - Grace).Microseconds }, cancellationToken: stop));
            }

            states.Add(new(camera, days, oldest.TryGetValue(camera, out long start) ? new WallTime(start).ToDateTimeOffset() : null, Held, Overdue, removed.GetValueOrDefault(camera)));
        }

        return states;
    }
}
