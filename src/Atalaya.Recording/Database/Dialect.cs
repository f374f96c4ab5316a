using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Atalaya.Recording.Database;

/// <summary>
/// What statements that make tables mean on each engine. They are written for both: SQLite takes them as they are; for PostgreSQL the names of
/// types are replaced, so that columns hold and sort the same:
/// <list type="bullet">
/// <item><c>text</c> becomes <c>text collate "C"</c>: it sorts and compares by bytes, whatever the database's language</item>
/// <item><c>integer</c> becomes <c>bigint</c>, <c>real</c> becomes <c>double precision</c>: SQLite's have 64 bits</item>
/// <item><c>blob</c> becomes <c>bytea</c></item>
/// </list>
/// </summary>
static partial class Dialect
{
    public static string TablesFor(DbConnection connection, string sql) => connection is SqliteConnection ? sql : ForPostgres(sql);

    internal static string ForPostgres(string sql) => Parts().Replace(sql, part => part.Groups["type"] is { Success: true } type
        ? type.Value.ToLowerInvariant() switch
        {
            "text" => "text collate \"C\"",
            "integer" => "bigint",
            "real" => "double precision",
            _ => "bytea",
        }
        : part.Groups["comment"].Success ? "" : part.Value);

    // Strings stay, comments go. A type stands behind a column's name and before what else is said of the column; after 'as' it is a cast.
    [GeneratedRegex(
        """
        '(?:[^']|'')*' | (?<comment>--[^\n]*) |
        (?<=\w\s+)(?<!\bas\s+)\b(?<type>text|integer|real|blob)\b(?=\s*(?:[,;)]|--|\z)|\s+(?:not|null|primary|unique|default|references|check)\b)
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Parts();
}
