using System.Data.Common;
using Atalaya.Media;
using Atalaya.Recording.Database;
using Atalaya.Recording.Storage;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Atalaya.Recording;

/// <summary>
/// The segments and gaps tables: a cache of what the files say. One SQL for SQLite and PostgreSQL; every value is a parameter.
/// </summary>
/// <remarks>Thread-safe: each call takes a connection of its own. Throws <see cref="DbException"/> when the store can't be reached.</remarks>
public sealed class SegmentIndex(DbDataSource store)
{
    static readonly Migrations Tables = new(
        "recording_schema", "version integer not null primary key", "insert into recording_schema (version) values (@version)",
        Migrations.Read(typeof(SegmentIndex).Assembly, $"{typeof(SegmentIndex).Namespace}.Index."));

    /// <summary>No segment is longer on the wall clock; bounds how far back a search for what covers a moment must look.</summary>
    internal static readonly TimeSpan LongestSegment = TimeSpan.FromMinutes(11);

    const string Columns = """
        camera as Camera, stream as Stream, start_us as StartUs, end_us as EndUs, run as Run, sequence as Sequence, bytes as Bytes,
        media_start as MediaStart, media_duration as MediaDuration, init_bytes as InitBytes, codecs as Codecs, width as Width, height as Height,
        frames as Frames, sha256 as Sha256, end_reason as EndReason, points as Points, volume as Volume
        """;

    const string SpansWithin =
        "select start_us, end_us from segments where camera = @camera and stream = @stream and start_us > @early and start_us < @to and end_us > @from";

    const string GapColumns = "select camera as Camera, stream as Stream, from_us as FromUs, to_us as ToUs, cause as Cause, detail as Detail from gaps";

    const string InsertGap = "insert into gaps (camera, stream, from_us, to_us, cause, detail) values (@Camera, @Stream, @FromUs, @ToUs, @Cause, @Detail)";

    /// <summary>One moment has one cause: only the last gap that begins before a stretch can reach into it.</summary>
    const string GapsWithin = """
        where camera = @camera and stream = @stream and from_us < @to and (to_us is null or to_us > @from) and from_us >=
            coalesce((select max(from_us) from gaps where camera = @camera and stream = @stream and from_us <= @from), @from)
        """;

    /// <summary>Makes or completes the tables. Safe to call at every start, and by several at once.</summary>
    public void Migrate()
    {
        using var connection = Open();
        Tables.Apply(connection, default);
    }

    /// <summary>
    /// All or nothing. What is there already is replaced, so that a repetition changes nothing. A gap replaces every gap that begins inside it
    /// and what another says of its stretch: the newest statement holds, and gaps never overlap. A gap that ends where it begins takes itself away.
    /// Where a segment lies only a move changes.
    /// </summary>
    public void Write(IReadOnlyList<Segment> segments, IReadOnlyList<Gap> gaps)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        foreach (var segment in segments)
        {
            Cover(connection, transaction, segment);
            connection.Execute(
                """
                insert into segments (camera, stream, start_us, end_us, run, sequence, bytes, media_start, media_duration, init_bytes, codecs,
                    width, height, frames, sha256, end_reason, points, volume)
                values (@Camera, @Stream, @StartUs, @EndUs, @Run, @Sequence, @Bytes, @MediaStart, @MediaDuration, @InitBytes, @Codecs,
                    @Width, @Height, @Frames, @Sha256, @EndReason, @Points, @Volume)
                on conflict (camera, stream, start_us) do update set end_us = excluded.end_us, run = excluded.run, sequence = excluded.sequence,
                    bytes = excluded.bytes, media_start = excluded.media_start, media_duration = excluded.media_duration,
                    init_bytes = excluded.init_bytes, codecs = excluded.codecs, width = excluded.width, height = excluded.height,
                    frames = excluded.frames, sha256 = excluded.sha256, end_reason = excluded.end_reason, points = excluded.points
                """,
                SegmentRow.From(segment), transaction);
        }

        foreach (var gap in gaps)
            Put(connection, transaction, gap);
        transaction.Commit();
    }

    static void Put(DbConnection connection, DbTransaction transaction, Gap gap)
    {
        var row = GapRow.From(gap);
        connection.Execute(
            """
            delete from gaps where camera = @Camera and stream = @Stream
                and (from_us = @FromUs or (from_us > @FromUs and (@ToUs is null or from_us < @ToUs)))
            """, row, transaction);
        if (gap.To <= gap.From)
            return;
        var around = connection.QueryFirstOrDefault<GapRow>(
            $"{GapColumns} where camera = @Camera and stream = @Stream and from_us < @FromUs order by from_us desc limit 1", row, transaction)?.ToGap();
        if (around is not null && !(around.To <= gap.From))
        {
            connection.Execute(
                "update gaps set to_us = @FromUs where camera = @Camera and stream = @Stream and from_us = @Before",
                new { row.Camera, row.Stream, row.FromUs, Before = around.From.Microseconds }, transaction);
            if (gap.To is { } end && !(around.To <= end))
                connection.Execute(InsertGap, GapRow.From(around with { From = end }), transaction);
        }

        connection.Execute(InsertGap, row, transaction);
    }

    /// <summary>Before the segment's own row changes, which knows what it covered until now.</summary>
    static void Cover(DbConnection connection, DbTransaction transaction, Segment segment)
    {
        string stream = Text(segment.Stream);
        long? end = connection.QueryFirstOrDefault<long?>(
            "select end_us from segments where camera = @Camera and stream = @stream and start_us = @start",
            new { segment.Camera, stream, start = segment.Start.Microseconds }, transaction);
        if (end > segment.End.Microseconds)
            Uncover(connection, transaction, segment.Camera, segment.Stream, segment.Start, new(segment.End, new(end.Value)));
        Coverage.Add(connection, transaction, segment.Camera, stream, new(segment.Start, segment.End));
    }

    /// <summary>Takes a stretch of a segment away, but for what an index with overlapping segments holds besides.</summary>
    /// <param name="start">Of the segment.</param>
    internal static void Uncover(DbConnection connection, DbTransaction transaction, string camera, StreamKind stream, WallTime start, WallSpan span)
    {
        Coverage.Remove(connection, transaction, camera, Text(stream), span);
        foreach (var (from, to) in connection.Query<(long, long)>(
            $"{SpansWithin} and start_us <> @start",
            new { camera, stream = Text(stream), from = span.From.Microseconds, to = span.To.Microseconds, early = (span.From - LongestSegment).Microseconds, start = start.Microseconds },
            transaction))
        {
            Coverage.Add(connection, transaction, camera, Text(stream), new(new(from), new(to)));
        }
    }

    /// <summary>Takes a segment's row away and says what its time is instead.</summary>
    internal void Drop(Segment row, Gap instead)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        connection.Execute(
            "delete from segments where camera = @Camera and stream = @stream and start_us = @start",
            new { row.Camera, stream = Text(row.Stream), start = row.Start.Microseconds }, transaction);
        Uncover(connection, transaction, row.Camera, row.Stream, row.Start, new(row.Start, row.End));
        Put(connection, transaction, instead);
        transaction.Commit();
    }

    /// <summary>Segments whose bytes nobody has read since the index was made again, in order.</summary>
    internal IReadOnlyList<Segment> Undigested(string camera, StreamKind stream, WallTime after, int limit)
    {
        using var connection = Open();
        return [.. connection.Query<SegmentRow>(
            $"select {Columns} from segments where camera = @camera and stream = @stream and start_us > @after and sha256 = '' order by start_us limit @limit",
            new { camera, stream = Text(stream), after = after.Microseconds, limit }).Select(r => r.ToSegment())];
    }

    /// <summary>Makes the merged coverage again from the rows of the segments.</summary>
    public void RebuildCoverage()
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        Coverage.Rebuild(connection, transaction);
        transaction.Commit();
    }

    /// <summary>Whether the merged coverage of a stream is that of its segments: none outside, and together as long. One statement, so one state.</summary>
    internal bool IsCovered(string camera, StreamKind stream)
    {
        using var connection = Open();
        var (outside, excess) = connection.QuerySingle<(long, long)>(
            """
            select (select count(*) from segments s where s.camera = @camera and s.stream = @stream and s.end_us > coalesce((select end_us from coverage c
                    where c.camera = @camera and c.stream = @stream and c.start_us <= s.start_us order by c.start_us desc limit 1), s.start_us)),
                cast((select coalesce(sum(end_us - start_us), 0) from coverage where camera = @camera and stream = @stream)
                - (select coalesce(sum(end_us - start_us), 0) from segments where camera = @camera and stream = @stream) as bigint)
            """, new { camera, stream = Text(stream) });
        return outside == 0 && excess <= 0;     // Segments that overlap, a fault of their own, are together longer.
    }

    /// <summary>Puts gaps in the place of those of the stream that begin in [from, to).</summary>
    internal void ReplaceGaps(string camera, StreamKind stream, WallTime from, WallTime to, IReadOnlyList<Gap> gaps)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        connection.Execute(
            "delete from gaps where camera = @camera and stream = @stream and from_us >= @from and from_us < @to",
            new { camera, stream = Text(stream), from = from.Microseconds, to = to.Microseconds }, transaction);
        connection.Execute(InsertGap, gaps.Select(GapRow.From), transaction);
        transaction.Commit();
    }

    /// <summary>Segments that hold a part of [from, to), in order.</summary>
    public IReadOnlyList<Segment> Segments(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        using var connection = Open();
        return [.. connection.Query<SegmentRow>(
            $"select {Columns} from segments where camera = @camera and stream = @stream and start_us > @early and start_us < @to and end_us > @from order by start_us",
            Range(camera, stream, from, to)).Select(r => r.ToSegment())];
    }

    /// <summary>The segment that starts just then, or null.</summary>
    public Segment? Find(string camera, SegmentName name)
    {
        using var connection = Open();
        return connection.QuerySingleOrDefault<SegmentRow>(
            $"select {Columns} from segments where camera = @camera and stream = @stream and start_us = @start",
            new { camera, stream = Text(name.Stream), start = name.Start.Microseconds })?.ToSegment();
    }

    /// <summary>The last segment that starts before a moment, or null.</summary>
    public Segment? Before(string camera, StreamKind stream, WallTime at)
    {
        using var connection = Open();
        return connection.QueryFirstOrDefault<SegmentRow>(
            $"select {Columns} from segments where camera = @camera and stream = @stream and start_us < @at order by start_us desc limit 1",
            new { camera, stream = Text(stream), at = at.Microseconds })?.ToSegment();
    }

    /// <summary>Start and end of each segment that holds a part of [from, to), in order; not merged.</summary>
    public IReadOnlyList<WallSpan> Spans(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        using var connection = Open();
        return [.. connection.Query<(long From, long To)>(
            $"{SpansWithin} order by start_us",
            Range(camera, stream, from, to)).Select(s => new WallSpan(new(s.From), new(s.To)))];
    }

    /// <summary>
    /// What is recorded of [from, to) and why the rest is not, from the merged coverage: no segment's row is read. Answers of several streams share
    /// one connection.
    /// </summary>
    /// <param name="resolution">
    /// What is shorter doesn't matter: recorded stretches with less between them are one, and shorter gaps are counted by cause in slots of this
    /// length. Zero: everything exactly.
    /// </param>
    internal IReadOnlyList<IndexedTimeline> Timelines(IReadOnlyList<(string Camera, StreamKind Stream)> streams, WallTime from, WallTime to, TimeSpan resolution)
    {
        using var connection = Open();
        return [.. streams.Select(s => Timeline(connection, s.Camera, s.Stream, from, to, resolution))];
    }

    static IndexedTimeline Timeline(DbConnection connection, string camera, StreamKind stream, WallTime from, WallTime to, TimeSpan resolution)
    {
        var range = new
        {
            camera,
            stream = Text(stream),
            from = from.Microseconds,
            to = to.Microseconds,
            resolution = resolution.Ticks / TimeSpan.TicksPerMicrosecond,
        };
        var recorded = connection.Query<(long From, long To)>(
            """
            select start_us, end_us from coverage where camera = @camera and stream = @stream and start_us < @to and end_us > @from and start_us >=
                coalesce((select max(start_us) from coverage where camera = @camera and stream = @stream and start_us <= @from), @from)
            order by start_us
            """, range, buffered: false).Select(s => new WallSpan(new(s.From), new(s.To)));
        var merged = GapLedger.Merge(recorded, from, to, resolution);
        var (oldest, newest) = connection.QuerySingle<(long?, long?)>(
            """
            select (select start_us from coverage where camera = @camera and stream = @stream order by start_us limit 1),
                (select end_us from coverage where camera = @camera and stream = @stream order by start_us desc limit 1)
            """, range);
        // In one pass, without a sort in the database; a detail only where it is told.
        var gaps = new List<Gap>();
        var shorter = new List<ShortGaps>();
        foreach (var (start, end, cause, detail) in connection.Query<(long, long?, string, string?)>(
            $"""
            select from_us, to_us, cause, case when to_us is null or to_us - from_us >= @resolution then detail end from gaps {GapsWithin} order by from_us
            """, range, buffered: false))
        {
            if (detail is not null)
                gaps.Add(new(camera, stream, new(start), end is { } e ? new(e) : null, Enum.Parse<GapCause>(cause), detail));
            else
                GapLedger.Count(shorter, new(new(start), new(end!.Value)), Enum.Parse<GapCause>(cause), resolution);
        }

        return new(camera, stream, merged, gaps, shorter, oldest is { } first && newest is { } last ? (new(first), new(last)) : null);
    }

    /// <summary>Gaps that hold a part of [from, to), in order, not clipped.</summary>
    public IReadOnlyList<Gap> Gaps(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        using var connection = Open();
        return [.. connection.Query<GapRow>($"{GapColumns} {GapsWithin} order by from_us", Range(camera, stream, from, to)).Select(r => r.ToGap())];
    }

    /// <summary>Start of the first segment and end of the last; null if there is none.</summary>
    public (WallTime Oldest, WallTime Newest)? Extent(string camera, StreamKind stream)
    {
        using var connection = Open();
        var parameters = new { camera, stream = Text(stream) };
        long? oldest = connection.QueryFirstOrDefault<long?>(
            "select start_us from coverage where camera = @camera and stream = @stream order by start_us limit 1", parameters);
        long? newest = connection.QueryFirstOrDefault<long?>(
            "select end_us from coverage where camera = @camera and stream = @stream order by start_us desc limit 1", parameters);
        return oldest is { } from && newest is { } to ? (new(from), new(to)) : null;
    }

    /// <summary>Every camera and stream that has a segment. A step through the index for each camera, however many rows there are.</summary>
    public IReadOnlyList<(string Camera, StreamKind Stream)> Streams()
    {
        using var connection = Open();
        return [.. connection.Query<(string Camera, string Stream)>(
            """
            with recursive known (camera) as (
                select min(camera) from coverage
                union all
                select (select min(camera) from coverage where camera > known.camera) from known where known.camera is not null)
            select camera, stream from known cross join (select 'main' as stream union all select 'sub') kinds
            where exists (select 1 from coverage c where c.camera = known.camera and c.stream = kinds.stream)
            order by camera, stream
            """).Select(s => (s.Camera, Kind(s.Stream)))];
    }

    /// <summary>Files of a stream that are no footage any more, or not yet: by the volume they are on.</summary>
    internal HashSet<(string Volume, WallTime Start)> Deletions(string camera, StreamKind stream)
    {
        using var connection = Open();
        return [.. connection.Query<(string Volume, long Start)>(
            "select volume, start_us from deletions where camera = @camera and stream = @stream", new { camera, stream = Text(stream) })
            .Select(d => (d.Volume, new WallTime(d.Start)))];
    }

    /// <summary>Which archive this index belongs to, and the disks it knows; null and none in a new one.</summary>
    internal (string? Archive, IReadOnlyList<KnownVolume> Volumes) Identities()
    {
        using var connection = Open();
        return (connection.QueryFirstOrDefault<string>("select id from archive"),
            [.. connection.Query<(string Name, string Id)>("select name, id from volumes").Select(v => new KnownVolume(v.Name, v.Id))]);
    }

    /// <summary>Remembers a disk and the archive that it belongs to; another that had this name is forgotten.</summary>
    internal void Register(VolumeIdentity identity)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        connection.Execute("delete from archive", transaction: transaction);
        connection.Execute("insert into archive (id) values (@Archive)", new { identity.Archive }, transaction);
        connection.Execute(
            "insert into volumes (name, id, created_us) values (@Name, @Volume, @at) on conflict (name) do update set id = excluded.id, created_us = excluded.created_us",
            new { identity.Name, identity.Volume, at = WallTime.From(identity.Created).Microseconds }, transaction);
        transaction.Commit();
    }

    internal bool HasSegmentsOn(string volume)
    {
        using var connection = Open();
        return connection.QueryFirstOrDefault<long?>("select start_us from segments where volume = @volume limit 1", new { volume }) is not null;
    }

    internal static string Text(StreamKind stream) => stream == StreamKind.Sub ? "sub" : "main";

    internal static StreamKind Kind(string text) => text switch
    {
        "main" => StreamKind.Main,
        "sub" => StreamKind.Sub,
        _ => throw new FormatException($"The index holds a stream '{text}'; there are main and sub."),
    };

    static object Range(string camera, StreamKind stream, WallTime from, WallTime to) => new
    {
        camera,
        stream = Text(stream),
        from = from.Microseconds,
        to = to.Microseconds,
        early = (from - LongestSegment).Microseconds,
    };

    internal DbConnection Open()
    {
        var connection = store.OpenConnection();
        // Normal, not full: a loss of power may take the last rows, never the tables; the next start finds those rows in the files again.
        // So no commit waits for a disk that is busy with video.
        if (connection is SqliteConnection)
            connection.Execute("pragma synchronous = normal");
        return connection;
    }

    sealed class SegmentRow
    {
        public required string Camera { get; init; }
        public required string Stream { get; init; }
        public long StartUs { get; init; }
        public long EndUs { get; init; }
        public long Run { get; init; }
        public int Sequence { get; init; }
        public long Bytes { get; init; }
        public long MediaStart { get; init; }
        public long MediaDuration { get; init; }
        public int InitBytes { get; init; }
        public required string Codecs { get; init; }
        public int Width { get; init; }
        public int Height { get; init; }
        public int Frames { get; init; }
        public required string Sha256 { get; init; }
        public required string EndReason { get; init; }
        public required byte[] Points { get; init; }
        public required string Volume { get; init; }

        public static SegmentRow From(Segment s) => new()
        {
            Camera = s.Camera,
            Stream = Text(s.Stream),
            StartUs = s.Start.Microseconds,
            EndUs = s.End.Microseconds,
            Run = s.Run,
            Sequence = s.Sequence,
            Bytes = s.Bytes,
            MediaStart = s.MediaStart.Ticks,
            MediaDuration = s.MediaDuration.Ticks,
            InitBytes = s.InitBytes,
            Codecs = s.Codecs,
            Width = s.Width,
            Height = s.Height,
            Frames = s.Frames,
            Sha256 = s.Sha256,
            EndReason = s.EndReason.ToString(),
            Points = s.Points.Encode(s.MediaStart),
            Volume = s.Volume,
        };

        public Segment ToSegment()
        {
            var start = new WallTime(StartUs);
            var stream = Kind(Stream);
            return new(Camera, stream, start, new(EndUs), Run, Sequence, new SegmentName(start.Milliseconds, stream).ToString(), Bytes,
                new(MediaStart), new(MediaDuration), InitBytes, Codecs, Width, Height, Frames, Sha256, Enum.Parse<SegmentEnd>(EndReason),
                AccessPoints.Decode(Points, new(MediaStart)))
            {
                Volume = Volume,
            };
        }
    }

    sealed class GapRow
    {
        public required string Camera { get; init; }
        public required string Stream { get; init; }
        public long FromUs { get; init; }
        public long? ToUs { get; init; }
        public required string Cause { get; init; }
        public required string Detail { get; init; }

        public static GapRow From(Gap gap) => new()
        {
            Camera = gap.Camera,
            Stream = Text(gap.Stream),
            FromUs = gap.From.Microseconds,
            ToUs = gap.To?.Microseconds,
            Cause = gap.Cause.ToString(),
            Detail = gap.Detail,
        };

        public Gap ToGap() => new(Camera, Kind(Stream), new(FromUs), ToUs is { } to ? new(to) : null, Enum.Parse<GapCause>(Cause), Detail);
    }
}
