using System.Data.Common;
using Dapper;

namespace Atalaya.Recording;

/// <summary>
/// The coverage table: what is recorded of each stream as few merged stretches. Every change happens in the transaction that changes the segments.
/// </summary>
static class Coverage
{
    /// <summary>Adds a stretch; stretches that touch it become one with it.</summary>
    public static void Add(DbConnection connection, DbTransaction transaction, string camera, string stream, WallSpan span)
    {
        long from = span.From.Microseconds, to = span.To.Microseconds;
        var touching = Touching(connection, transaction, camera, stream, from, to).Where(s => s.End >= from).ToList();
        if (touching is [var only] && only.Start <= from)
        {
            // Nearly always: the segment follows the one before.
            if (only.End < to)
            {
                connection.Execute(
                    "update coverage set end_us = @to where camera = @camera and stream = @stream and start_us = @Start",
                    new { camera, stream, to, only.Start }, transaction);
            }

            return;
        }

        Replace(connection, transaction, camera, stream, touching, [(touching.Select(s => s.Start).Append(from).Min(), touching.Select(s => s.End).Append(to).Max())]);
    }

    /// <summary>Takes a stretch away, which may leave a piece on either side.</summary>
    public static void Remove(DbConnection connection, DbTransaction transaction, string camera, string stream, WallSpan span)
    {
        long from = span.From.Microseconds, to = span.To.Microseconds;
        var touching = Touching(connection, transaction, camera, stream, from, to).Where(s => s.End > from && s.Start < to).ToList();
        var left = touching.SelectMany(s => new[] { (s.Start, End: Math.Min(s.End, from)), (Start: Math.Max(s.Start, to), s.End) }).Where(s => s.End > s.Start);
        Replace(connection, transaction, camera, stream, touching, [.. left]);
    }

    /// <summary>Makes the table again from the segments, in one pass over their covering index.</summary>
    public static void Rebuild(DbConnection connection, DbTransaction transaction)
    {
        connection.Execute("delete from coverage", transaction: transaction);
        connection.Execute(
            """
            insert into coverage (camera, stream, start_us, end_us)
            select camera, stream, min(start_us), max(end_us)
            from (
                select camera, stream, start_us, end_us, sum(fresh) over (partition by camera, stream order by start_us) as island
                from (
                    select camera, stream, start_us, end_us,
                        case when start_us <= max(end_us) over (
                            partition by camera, stream order by start_us rows between unbounded preceding and 1 preceding) then 0 else 1 end as fresh
                    from segments) marked) islands
            group by camera, stream, island
            """, transaction: transaction);
    }

    /// <summary>Rows that may touch [from, to], in order. They don't overlap, so only the last that begins before can reach in.</summary>
    static IEnumerable<(long Start, long End)> Touching(DbConnection connection, DbTransaction transaction, string camera, string stream, long from, long to) =>
        connection.Query<(long, long)>(
            """
            select start_us, end_us from coverage where camera = @camera and stream = @stream and start_us <= @to and start_us >=
                coalesce((select max(start_us) from coverage where camera = @camera and stream = @stream and start_us <= @from), @from)
            order by start_us
            """, new { camera, stream, from, to }, transaction);

    static void Replace(
        DbConnection connection, DbTransaction transaction, string camera, string stream, List<(long Start, long End)> old, (long Start, long End)[] by)
    {
        connection.Execute(
            "delete from coverage where camera = @camera and stream = @stream and start_us = @Start",
            old.Select(s => new { camera, stream, s.Start }), transaction);
        connection.Execute(
            "insert into coverage (camera, stream, start_us, end_us) values (@camera, @stream, @Start, @End)",
            by.Select(s => new { camera, stream, s.Start, s.End }), transaction);
    }
}
