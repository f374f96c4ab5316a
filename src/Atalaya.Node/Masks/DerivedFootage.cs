using System.Data.Common;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Masks;

/// <summary>A recorded segment that something was made from.</summary>
/// <param name="Sha256">Of the segment's file as its seal has it, lower-case hex.</param>
sealed record DerivedSource(string Camera, StreamKind Stream, WallTime Start, WallTime End, string Sha256);

/// <summary>What was made from recorded footage: one row for each file, from which the log takes its leaf.</summary>
sealed class DerivedFootage(NodeDatabase database, TimeProvider clock)
{
    /// <summary>Notes a finished file; once, however often it is told.</summary>
    /// <param name="sha256">Of the file, lower-case hex.</param>
    /// <param name="why"><c>mask</c> or <c>redaction</c>.</param>
    /// <param name="what">One sentence: what was done to it.</param>
    /// <exception cref="DbException">It can't be written: the file mustn't be given.</exception>
    public async Task NoteAsync(string sha256, string why, string what, IReadOnlyList<DerivedSource> from, CancellationToken stop)
    {
        string sources = JsonSerializer.Serialize(from.Select(s => new
        {
            camera = s.Camera,
            stream = s.Stream == StreamKind.Sub ? "sub" : "main",
            start = LogRecord.Time(s.Start.Microseconds),
            end = LogRecord.Time(s.End.Microseconds),
            sha256 = s.Sha256,
        }));
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into derived_footage (sha256, at, why, what, sources) values (@sha256, @at, @why, @what, @sources) on conflict (sha256) do nothing",
            new { sha256, at = WallTime.Now(clock).Microseconds, why, what, sources }, cancellationToken: stop));
    }
}
