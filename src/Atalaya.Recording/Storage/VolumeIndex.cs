using System.Data.Common;
using Atalaya.Media;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Atalaya.Recording.Storage;

/// <summary>One stream's footage on one volume, in sum.</summary>
readonly record struct Holding(string Volume, string Camera, StreamKind Stream, long Count, long Bytes, WallTime Oldest, WallTime Newest);

/// <summary>What the index says of volumes, deletions and holds. As <see cref="SegmentIndex"/>: one SQL, thread-safe, throws <see cref="DbException"/>.</summary>
sealed class VolumeIndex(SegmentIndex index)
{
    const string MarkRow = """
        insert into deletions (camera, stream, start_us, volume) values (@Camera, @Stream, @Start, @Volume)
        on conflict (volume, camera, stream, start_us) do nothing
        """;

    /// <summary>Reads an index of all rows: some 0.1 s for a million.</summary>
    public IReadOnlyList<Holding> Holdings()
    {
        using var connection = index.Open();
        return [.. connection.Query<(string Volume, string Camera, string Stream, long Count, long Bytes, long Oldest, long Newest)>(
            "select volume, camera, stream, count(*), cast(sum(bytes) as bigint), min(start_us), max(end_us) from segments group by volume, camera, stream")
            .Select(h => new Holding(h.Volume, h.Camera, SegmentIndex.Kind(h.Stream), h.Count, h.Bytes, new(h.Oldest), new(h.Newest)))];
    }

    /// <summary>Segments of a stream on a volume from a moment on, in order.</summary>
    public IReadOnlyList<StoredSegment> From(string volume, string camera, StreamKind stream, WallTime from, int count)
    {
        using var connection = index.Open();
        return [.. connection.Query<(long Start, long End, long Bytes)>(
            """
            select start_us, end_us, bytes from segments where volume = @volume and camera = @camera and stream = @stream and start_us >= @from
            order by start_us limit @count
            """,
            new { volume, camera, stream = SegmentIndex.Text(stream), from = from.Microseconds, count })
            .Select(s => new StoredSegment(volume, camera, stream, new(s.Start), new(s.End), s.Bytes))];
    }

    /// <summary>Every stream that has or had a segment.</summary>
    public IReadOnlyList<(string Camera, StreamKind Stream)> Lives()
    {
        using var connection = index.Open();
        return [.. connection.Query<(string Camera, string Stream)>("select camera, stream from segments union select camera, stream from gaps order by 1, 2")
            .Select(s => (s.Camera, SegmentIndex.Kind(s.Stream)))];
    }

    /// <summary>Bytes of a stream that starts in [from, to), on all volumes.</summary>
    public long Recorded(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        using var connection = index.Open();
        return connection.ExecuteScalar<long?>(
            "select cast(sum(bytes) as bigint) from segments where camera = @camera and stream = @stream and start_us >= @from and start_us < @to",
            new { camera, stream = SegmentIndex.Text(stream), from = from.Microseconds, to = to.Microseconds }) ?? 0;
    }

    /// <summary>Of every segment that holds a part of [from, to) and starts after <paramref name="after"/>: bytes, and the last one's start, by volume.</summary>
    public IReadOnlyList<(string Volume, long Bytes, WallTime Last)> Bytes(string camera, StreamKind stream, WallTime from, WallTime to, WallTime after)
    {
        using var connection = index.Open();
        return [.. connection.Query<(string Volume, long Bytes, long Last)>(
            """
            select volume, cast(sum(bytes) as bigint), max(start_us) from segments
            where camera = @camera and stream = @stream and start_us > @early and start_us < @to and end_us > @from group by volume
            """,
            new
            {
                camera,
                stream = SegmentIndex.Text(stream),
                early = Math.Max(after.Microseconds, (from - SegmentIndex.LongestSegment).Microseconds),
                from = from.Microseconds,
                to = to.Microseconds,
            }).Select(b => (b.Volume, b.Bytes, new WallTime(b.Last)))];
    }

    /// <summary>
    /// The first step of every deletion. When it returns, also a loss of power leaves the mark: the segments are footage no more, their stretches are
    /// gaps, and their files will go.
    /// </summary>
    public void Mark(IReadOnlyList<(StoredSegment Segment, string Detail)> removals)
    {
        using var connection = OpenDurably();
        using var transaction = connection.BeginTransaction();
        foreach (var (segment, _) in removals)
        {
            var row = Row(segment.Volume, segment.Camera, segment.Stream, segment.Start);
            connection.Execute(MarkRow, row, transaction);
            connection.Execute("delete from segments where camera = @Camera and stream = @Stream and start_us = @Start and volume = @Volume", row, transaction);
            SegmentIndex.Uncover(connection, transaction, segment.Camera, segment.Stream, segment.Start, new(segment.Start, segment.End));
        }

        foreach (var ((camera, stream, from, to), detail) in Spans(removals))
        {
            // What was removed before and after for the same reason becomes one gap with this.
            var key = new { camera, stream = SegmentIndex.Text(stream), from = from.Microseconds, to = to.Microseconds, cause = nameof(GapCause.Policy), detail };
            long start = connection.QueryFirstOrDefault<long?>(
                "select from_us from gaps where camera = @camera and stream = @stream and to_us = @from and cause = @cause and detail = @detail", key, transaction) ?? key.from;
            long end = connection.QueryFirstOrDefault<long?>(
                "select to_us from gaps where camera = @camera and stream = @stream and from_us = @to and to_us is not null and cause = @cause and detail = @detail", key, transaction) ?? key.to;
            connection.Execute(
                "delete from gaps where camera = @camera and stream = @stream and from_us >= @start and from_us < @end and to_us <= @end",
                new { camera, key.stream, start, end }, transaction);
            connection.Execute(
                "insert into gaps (camera, stream, from_us, to_us, cause, detail) values (@camera, @stream, @start, @end, @cause, @detail)",
                new { camera, key.stream, start, end, key.cause, detail }, transaction);
        }

        transaction.Commit();
    }

    /// <summary>Files to be removed, at most so many.</summary>
    /// <param name="volumes">That can be asked just now.</param>
    public IReadOnlyList<(string Volume, string Camera, SegmentName Name)> Marked(IReadOnlyCollection<string> volumes, int count)
    {
        using var connection = index.Open();
        return [.. connection.Query<(string Volume, string Camera, string Stream, long Start)>(
            "select volume, camera, stream, start_us from deletions where volume in @volumes order by volume, camera, stream, start_us limit @count",
            new { volumes, count })
            .Select(d => (d.Volume, d.Camera, new SegmentName(new WallTime(d.Start).Milliseconds, SegmentIndex.Kind(d.Stream))))];
    }

    /// <summary>The last step: the files are gone.</summary>
    public void Unmark(IReadOnlyList<(string Volume, string Camera, SegmentName Name)> gone)
    {
        using var connection = index.Open();
        using var transaction = connection.BeginTransaction();
        foreach (var (volume, camera, name) in gone)
            connection.Execute("delete from deletions where volume = @Volume and camera = @Camera and stream = @Stream and start_us = @Start",
                Row(volume, camera, name.Stream, name.Start), transaction);
        transaction.Commit();
    }

    /// <summary>Before a copy gets a name on another volume: it is no footage yet, and goes if nobody says otherwise.</summary>
    public void BeginMove(StoredSegment segment, string to)
    {
        using var connection = OpenDurably();
        connection.Execute(MarkRow, Row(to, segment.Camera, segment.Stream, segment.Start));
    }

    /// <summary>In one step the copy becomes the footage and the original the file that goes. False if the segment was removed meanwhile.</summary>
    public bool EndMove(StoredSegment segment, string to)
    {
        using var connection = OpenDurably();
        using var transaction = connection.BeginTransaction();
        var row = Row(segment.Volume, segment.Camera, segment.Stream, segment.Start);
        if (connection.Execute(
            "update segments set volume = @to where camera = @Camera and stream = @Stream and start_us = @Start and volume = @Volume",
            new { row.Camera, row.Stream, row.Start, row.Volume, to }, transaction) == 0)
        {
            return false;
        }

        connection.Execute(
            "delete from deletions where volume = @to and camera = @Camera and stream = @Stream and start_us = @Start",
            new { row.Camera, row.Stream, row.Start, to }, transaction);
        connection.Execute(MarkRow, row, transaction);
        transaction.Commit();
        return true;
    }

    /// <param name="ended">Also those that were released or have expired.</param>
    public IReadOnlyList<Hold> Holds(bool ended = false)
    {
        using var connection = index.Open();
        return [.. connection.Query<HoldRow>(
            $"""
            select id as Id, cameras as Cameras, stream as Stream, from_us as FromUs, to_us as ToUs, reason as Reason, owner as Owner, created_us as CreatedUs,
                expires_us as ExpiresUs, ended_us as EndedUs, ended_by as EndedBy, ended_why as EndedWhy
            from holds {(ended ? "" : "where ended_us is null")} order by created_us, id
            """).Select(r => r.ToHold())];
    }

    public void Add(Hold hold)
    {
        using var connection = OpenDurably();
        connection.Execute(
            """
            insert into holds (id, cameras, stream, from_us, to_us, reason, owner, created_us, expires_us)
            values (@Id, @Cameras, @Stream, @FromUs, @ToUs, @Reason, @Owner, @CreatedUs, @ExpiresUs)
            """, HoldRow.From(hold));
    }

    /// <summary>False if there is no such hold in force.</summary>
    public bool End(string id, WallTime at, string by, string? why)
    {
        using var connection = OpenDurably();
        return connection.Execute(
            "update holds set ended_us = @at, ended_by = @by, ended_why = @why where id = @id and ended_us is null", new { id, at = at.Microseconds, by, why }) > 0;
    }

    /// <summary>Stretches without interruption that go for one reason.</summary>
    static List<((string Camera, StreamKind Stream, WallTime From, WallTime To) Span, string Detail)> Spans(IReadOnlyList<(StoredSegment Segment, string Detail)> removals)
    {
        var spans = new List<((string Camera, StreamKind Stream, WallTime From, WallTime To) Span, string Detail)>();
        foreach (var (s, detail) in removals.OrderBy(r => r.Segment.Camera, StringComparer.Ordinal).ThenBy(r => r.Segment.Stream).ThenBy(r => r.Segment.Start.Microseconds))
        {
            if (spans.Count > 0 && spans[^1] is var (last, why) && (last.Camera, last.Stream, last.To, why) == (s.Camera, s.Stream, s.Start, detail))
                spans[^1] = (last with { To = s.End }, why);
            else
                spans.Add(((s.Camera, s.Stream, s.Start, s.End), detail));
        }

        return spans;
    }

    static KeyRow Row(string volume, string camera, StreamKind stream, WallTime start) => new(volume, camera, SegmentIndex.Text(stream), start.Microseconds);

    /// <summary>What is committed here survives a loss of power: the disk is about to be changed in a way that the files can't tell.</summary>
    DbConnection OpenDurably()
    {
        var connection = index.Open();
        if (connection is SqliteConnection)
            connection.Execute("pragma synchronous = full");
        return connection;
    }

    sealed record KeyRow(string Volume, string Camera, string Stream, long Start);

    sealed class HoldRow
    {
        public required string Id { get; init; }
        public required string Cameras { get; init; }
        public string? Stream { get; init; }
        public long FromUs { get; init; }
        public long? ToUs { get; init; }
        public required string Reason { get; init; }
        public required string Owner { get; init; }
        public long CreatedUs { get; init; }
        public long? ExpiresUs { get; init; }
        public long? EndedUs { get; init; }
        public string? EndedBy { get; init; }
        public string? EndedWhy { get; init; }

        public static HoldRow From(Hold hold) => new()
        {
            Id = hold.Id,
            Cameras = string.Join(',', hold.Cameras),
            Stream = hold.Stream is { } stream ? SegmentIndex.Text(stream) : null,
            FromUs = hold.From.Microseconds,
            ToUs = hold.To?.Microseconds,
            Reason = hold.Reason,
            Owner = hold.Owner,
            CreatedUs = hold.Created.Microseconds,
            ExpiresUs = hold.Expires?.Microseconds,
        };

        public Hold ToHold() => new(Id, Cameras.Split(','), Stream is null ? null : SegmentIndex.Kind(Stream), new(FromUs), Time(ToUs), Reason, Owner, new(CreatedUs),
            Time(ExpiresUs), Time(EndedUs), EndedBy, EndedWhy);

        static WallTime? Time(long? at) => at is { } us ? new(us) : null;
    }
}
