using System.Data.Common;
using System.Globalization;
using System.Text.Json;

using Atalaya.Incidents;
using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Scene;

/// <summary>Which scene events are asked for: from the newest to the oldest, behind <paramref name="After"/> where a list goes on.</summary>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
readonly record struct SceneEventQuery(WallTime From, WallTime To, string? Camera, SceneEventKind? Kind, SceneEventCursor? After, int Limit);

/// <summary>The last event of a page: the next page holds what is older.</summary>
readonly record struct SceneEventCursor(long At, Guid Id)
{
    public override string ToString() => $"{At.ToString(CultureInfo.InvariantCulture)}-{Id:n}";

    public static bool TryParse(string text, out SceneEventCursor cursor)
    {
        cursor = default;
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 1 || !long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out long at) || !Guid.TryParseExact(text.AsSpan(dash + 1), "n", out var id))
            return false;
        cursor = new(at, id);
        return true;
    }
}

/// <summary>Scene events of one camera and kind that fell into one step of a stretch.</summary>
/// <param name="At">The first of them.</param>
sealed record SceneMark(string Camera, SceneEventKind Kind, WallTime At, long Count);

/// <summary>The scene events in the database.</summary>
sealed class SceneEventStore(DbDataSource store)
{
    /// <summary>Writes an event, which then waits for the alarm policy.</summary>
    /// <returns>False: the event is there already, and stays as it was.</returns>
    public async Task<bool> AddAsync(SceneEvent scene, WallTime arrived, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into scene_events (id, camera, at, kind, source, rule, class, track, box, score, detail, type, severity, facts, arrived, pending)
            values (@Id, @Camera, @At, @Kind, @Source, @Rule, @Class, @Track, @Box, @Score, @Detail, @Type, @Severity, @Facts, @arrived, 1)
            on conflict (id) do nothing
            """,
            new
            {
                Id = Written(scene.Id),
                scene.Camera,
                At = WallTime.From(scene.At).Microseconds,
                Kind = scene.Kind.ToString(),
                Source = scene.Source.ToString(),
                scene.Rule,
                Class = scene.Class?.ToString(),
                scene.Track,
                Box = scene.Box is { } box ? string.Create(CultureInfo.InvariantCulture, $"{box.X:R} {box.Y:R} {box.Width:R} {box.Height:R}") : null,
                scene.Score,
                scene.Detail,
                Type = scene.Type?.ToString(),
                Severity = scene.Severity?.ToString(),
                Facts = Written(scene.Facts),
                arrived = arrived.Microseconds,
            },
            cancellationToken: stop)) > 0;
    }

    public async Task<SceneEvent?> FindAsync(Guid id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Columns} where id = @id", new { id = Written(id) }, cancellationToken: stop));
        return row is null ? null : Read(row);
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<SceneEvent>> ListAsync(SceneEventQuery query, CancellationToken stop)
    {
        string where = "at >= @From and at < @To";
        if (query.Camera is not null)
            where += " and camera = @Camera";
        if (query.Kind is not null)
            where += " and kind = @Kind";
        if (query.After is not null)
            where += " and (at < @AfterAt or (at = @AfterAt and id < @AfterId))";
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"{Columns} where {where} order by at desc, id desc limit @Limit",
            new
            {
                From = query.From.Microseconds,
                To = query.To.Microseconds,
                query.Camera,
                Kind = query.Kind?.ToString(),
                AfterAt = query.After?.At,
                AfterId = query.After is { } after ? Written(after.Id) : null,
                query.Limit,
            },
            cancellationToken: stop));
        return [.. rows.Select(Read)];
    }

    /// <summary>Where on a timeline something happened: a mark per camera, kind and step in which anything did, whatever their number.</summary>
    public async Task<IReadOnlyList<SceneMark>> MarksAsync(WallTime from, WallTime to, TimeSpan step, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<MarkRow>(new CommandDefinition(
            """
            select camera, kind, min(at) as at, count(*) as count from scene_events
            where at >= @from and at < @to and camera <> ''
            group by camera, kind, (at - @from) / @step
            order by 1, 3
            """,
            new { from = from.Microseconds, to = to.Microseconds, step = Math.Max(1, (long)step.TotalMicroseconds) },
            cancellationToken: stop));
        return [.. rows.Select(r => new SceneMark(r.Camera, Enum.Parse<SceneEventKind>(r.Kind), new(r.At), r.Count))];
    }

    /// <summary>Forgets what is older than <paramref name="before"/>, and of the rest the oldest beyond <paramref name="most"/>; never what waits for a decision.</summary>
    /// <returns>How many went. At most some thousands at once: others want to write too.</returns>
    public async Task<int> ForgetAsync(WallTime before, long most, CancellationToken stop)
    {
        const int AtOnce = 5000;
        await using var connection = await store.OpenConnectionAsync(stop);
        int gone = await connection.ExecuteAsync(new CommandDefinition(
            "delete from scene_events where id in (select id from scene_events where at < @before and pending <> 1 order by at limit @AtOnce)",
            new { before = before.Microseconds, AtOnce },
            cancellationToken: stop));
        long left = await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from scene_events", cancellationToken: stop));
        if (left > most)
        {
            gone += await connection.ExecuteAsync(new CommandDefinition(
                "delete from scene_events where id in (select id from scene_events where pending <> 1 order by at limit @over)",
                new { over = Math.Min(left - most, AtOnce) },
                cancellationToken: stop));
        }

        return gone;
    }

    internal const string Columns = "select id, camera, at, kind, source, rule, class, track, box, score, detail, type, severity, facts from scene_events";

    // Without hyphens and in lower case, so that the order of texts is that of the ids.
    static string Written(Guid id) => id.ToString("n");

    /// <summary>Null: there are none.</summary>
    internal static string? Written(IReadOnlyDictionary<string, string> facts) => facts.Count == 0 ? null : JsonSerializer.Serialize(facts);

    internal static IReadOnlyDictionary<string, string> ReadFacts(string? facts) => facts is null ? SceneEvent.NoFacts : JsonSerializer.Deserialize<Dictionary<string, string>>(facts)!;

    internal static SceneEvent Read(Row row)
    {
        float[]? box = row.Box?.Split(' ').Select(f => float.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return new()
        {
            Id = Guid.ParseExact(row.Id, "n"),
            Camera = row.Camera,
            At = new WallTime(row.At).ToDateTimeOffset(),
            Kind = Enum.Parse<SceneEventKind>(row.Kind),
            Source = Enum.Parse<SceneEventSource>(row.Source),
            Rule = row.Rule,
            Class = row.Class is null ? null : Enum.Parse<ObjectClass>(row.Class),
            Track = row.Track,
            Box = box is null ? null : new Box(box[0], box[1], box[2], box[3]),
            Score = row.Score,
            Detail = row.Detail,
            Type = row.Type is null ? null : Enum.Parse<IncidentType>(row.Type),
            Severity = row.Severity is null ? null : Enum.Parse<AlarmSeverity>(row.Severity),
            Facts = ReadFacts(row.Facts),
        };
    }

    internal sealed class Row
    {
        public string Id { get; init; } = "";
        public string Camera { get; init; } = "";
        public long At { get; init; }
        public string Kind { get; init; } = "";
        public string Source { get; init; } = "";
        public string Rule { get; init; } = "";
        public string? Class { get; init; }
        public long? Track { get; init; }
        public string? Box { get; init; }
        public double? Score { get; init; }
        public string Detail { get; init; } = "";
        public string? Type { get; init; }
        public string? Severity { get; init; }
        public string? Facts { get; init; }

        // Where they are asked for: what was made of it.
        public long Arrived { get; init; }
        public string? Verdict { get; init; }
        public string? Clause { get; init; }
        public string? Alarm { get; init; }
    }

    sealed class MarkRow
    {
        public string Camera { get; init; } = "";
        public string Kind { get; init; } = "";
        public long At { get; init; }
        public long Count { get; init; }
    }
}
