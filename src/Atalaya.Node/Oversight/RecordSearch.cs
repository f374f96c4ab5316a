using System.Globalization;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Oversight;

/// <summary>Which records are asked for.</summary>
/// <param name="Kinds">None: all but segments, of which there is one a minute for each camera.</param>
/// <param name="Text">Somewhere in the record, whatever the case of its ASCII letters; empty: any.</param>
/// <param name="Before">Of a smaller leaf.</param>
sealed record RecordFilter(WallTime From, WallTime To, IReadOnlyList<LeafKind> Kinds, string Text, long Before, int Limit);

/// <summary>Search over what the log's leaves stand for.</summary>
sealed class RecordSearch(NodeDatabase database)
{
    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<LogRecordJson>> FindAsync(RecordFilter filter, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        // SQLite lowers ASCII letters alone, PostgreSQL all: each is asked for what it makes of the text.
        string[] texts = [Pattern(filter.Text.ToLowerInvariant()), Pattern(string.Concat(filter.Text.Select(c => char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : c)))];
        var rows = await connection.QueryAsync<LogRow>(new CommandDefinition(
            $"""
            select {NodeLog.Columns} from log_records where at >= @from and at < @to and leaf < @before
                and {(filter.Kinds.Count == 0 ? "kind <> 'Segment'" : "kind in @kinds")} {(filter.Text.Length == 0 ? "" : "and (lower(record) like @lower escape '\\' or lower(record) like @ascii escape '\\')")}
            order by leaf desc limit @limit
            """,
            new { from = filter.From.Microseconds, to = filter.To.Microseconds, before = filter.Before, kinds = filter.Kinds.Select(k => k.ToString()).ToArray(), lower = texts[0], ascii = texts[1], limit = filter.Limit },
            cancellationToken: stop));
        return [.. rows.Select(r => new LogRecordJson(r.Leaf, new WallTime(r.At).ToDateTimeOffset(), NameOf(r.Kind), r.Record))];
    }

    /// <summary>Neither % nor _ of a text is a wildcard.</summary>
    static string Pattern(string text) =>
        $"%{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";

    public async Task<LogRow?> OfLeafAsync(long leaf, CancellationToken stop)
    {
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<LogRow>(new CommandDefinition($"select {NodeLog.Columns} from log_records where leaf = @leaf", new { leaf }, cancellationToken: stop));
    }

    public static string NameOf(string kind) => JsonNamingPolicy.CamelCase.ConvertName(kind);

    /// <summary>Names of kinds, separated by commas.</summary>
    public static bool TryKinds(string? text, out IReadOnlyList<LeafKind> kinds)
    {
        var found = new List<LeafKind>();
        kinds = found;
        foreach (string name in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Enum.TryParse<LeafKind>(name, ignoreCase: true, out var kind) || !Enum.IsDefined(kind) || !char.IsAsciiLetter(name[0]))
                return false;
            found.Add(kind);
        }

        return true;
    }

    public static string Kinds { get; } = string.Join(", ", Enum.GetNames<LeafKind>().Select(NameOf));

    public static string CursorOf(long leaf) => leaf.ToString(CultureInfo.InvariantCulture);
}
