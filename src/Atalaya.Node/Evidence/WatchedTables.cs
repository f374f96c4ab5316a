using System.Data.Common;

using Atalaya.Evidence;

using Dapper;

using Microsoft.Data.Sqlite;

namespace Atalaya.Node.Evidence;

/// <summary>A table that keeps the present alone, and whose every change gets a leaf.</summary>
/// <param name="Key">Columns that tell rows apart.</param>
/// <param name="Shown">Columns that are written down as they are, and whose change counts.</param>
/// <param name="Secret">Columns whose change counts, but of which nothing is written down than whether there is something.</param>
sealed record WatchedTable(string Name, LeafKind Kind, string[] Key, string[] Shown, params string[] Secret)
{
    public static IReadOnlyList<WatchedTable> All { get; } =
    [
        new("users", LeafKind.User, ["id"], ["name", "full_name", "disabled", "two_factor", "open_id"], "password_hash", "authenticator", "recovery"),
        new("user_passkeys", LeafKind.User, ["user_id", "credential"], ["name"]),
        new("user_logins", LeafKind.User, ["user_id", "issuer", "subject"], []),
        new("roles", LeafKind.Grant, ["id"], ["name", "permissions", "past_days"]),
        new("grants", LeafKind.Grant, ["user_id", "role", "scope_kind", "scope_id"], []),
        new("api_tokens", LeafKind.Grant, ["user_id", "id"], ["name", "permissions", "expires_at"]),
        new("analysis_cameras", LeafKind.Rule, ["camera"], ["settings"]),
        new("node_camera", LeafKind.Setting, ["id"], ["name", "enabled", "transport", "record"], "connection"),
        new("share_grants", LeafKind.Grant, ["id"], ["direction", "link", "state", "user_name", "agreed_name", "persons", "given_us", "ended_us", "why", "review_due", "review_closed", "review_by", "review_right", "review_note", "file_state"]),
        new("hand_overs", LeafKind.Grant, ["id"], ["direction", "link", "incident", "type", "rescue", "card_grant", "sent_us", "due_us", "user_name", "acknowledged_us", "acknowledged_by", "escalated_us", "closed_us", "outcome", "refused_us", "refused_why", "refused_clause"]),
        Federation.Stories.StorySteps.Watched,
        new("request_files", LeafKind.Request, ["id"], ["request", "link", "ours", "bytes", "sha256", "user_name", "here", "sent_us", "arrived_us", "fault"]),
        new("camera_scopes", LeafKind.Setting, ["camera"], ["site", "camera_groups"]),
        new("agreements", LeafKind.Agreement, ["link", "id", "version"], ["digest", "state", "note", "own", "other", "written_by", "signed_by", "denunciation", "denounced_by", "last_day"]),
        new("templates", LeafKind.Setting, ["id"], ["name", "digest", "changed_by"]),
        new("template_offers", LeafKind.Setting, ["id"], ["template", "name", "digest", "link", "state", "reason", "revision", "offered_by", "confirmed_by", "recalled_by"]),
        new("centre_templates", LeafKind.Setting, ["id"], ["link", "name", "digest", "state", "reason", "revision", "after_revision", "offered_by", "confirmed_by", "recalled_by"]),
        new("centre_template_rule", LeafKind.Setting, ["id"], ["accepts", "by_name"]),
        new("links", LeafKind.Link, ["id"], ["kind", "state", "organisation", "site", "log_key", "link_key", "created_by", "confirmed_by", "why"]),
        new("link_invitations", LeafKind.Link, ["id"], ["kind", "note", "created_by", "expires_at", "link"]),
        new("link_refusals", LeafKind.Link, ["id"], ["link", "direction", "lane", "number", "kind", "reason", "clause"]),
        new("link_faults", LeafKind.Link, ["id"], ["link", "address", "what", "detail"]),
    ];
}

/// <summary>
/// Has triggers write each change of the watched tables into <c>changes</c>, in the transaction that makes it: whoever makes it, the command line and a console of the database included,
/// and however soon the next follows.
/// </summary>
static class WatchedTables
{
    /// <summary>Makes triggers that are missing or were made by another version. Rows that a table has when it is first watched are noted as found.</summary>
    /// <exception cref="DbException">They can't be made.</exception>
    public static void Watch(DbConnection connection)
    {
        bool sqlite = connection is SqliteConnection;
        using var transaction = connection.BeginTransaction();
        connection.Execute(
            sqlite
                ? "create table if not exists changes_number (n integer not null); insert into changes_number (n) select 0 where not exists (select 1 from changes_number)"
                : "create sequence if not exists changes_number",
            transaction: transaction);
        foreach (var table in WatchedTable.All)
        {
            string[] statements = sqlite ? [Sqlite(table)] : Postgres(table);
            string definition = string.Join('\n', statements);
            string? known = connection.ExecuteScalar<string?>("select definition from changes_watched where source = @Name", new { table.Name }, transaction);
            if (known == definition)
                continue;
            foreach (string statement in statements)
                connection.Execute(statement, transaction: transaction);
            if (known is null)
                Find(connection, transaction, table, sqlite);
            connection.Execute(
                "insert into changes_watched (source, definition) values (@Name, @definition) on conflict (source) do update set definition = excluded.definition", new { table.Name, definition }, transaction);
        }

        transaction.Commit();
    }

    static void Find(DbConnection connection, DbTransaction transaction, WatchedTable table, bool sqlite)
    {
        string subject = Subject(table, "t"), body = Body(table, "t", null, sqlite);
        if (!sqlite)
        {
            connection.Execute($"insert into changes (id, at_us, source, subject, act, body) select nextval('changes_number'), {PostgresNow}, '{table.Name}', {subject}, 'found', {body} from {table.Name} t", transaction: transaction);
            return;
        }

        connection.Execute(
            $"""
            insert into changes (id, at_us, source, subject, act, body)
                select (select n from changes_number) + row_number() over (order by {subject}), {SqliteNow}, '{table.Name}', {subject}, 'found', {body} from {table.Name} t;
            update changes_number set n = max(n, (select coalesce(max(id), 0) from changes))
            """, transaction: transaction);
    }

    const string SqliteNow = "cast((julianday('now') - 2440587.5) * 86400000.0 as integer) * 1000", PostgresNow = "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";

    static string Sqlite(WatchedTable table)
    {
        string[] watched = [.. table.Shown, .. table.Secret];
        string changed = string.Join(" or ", watched.Select(c => $"old.{c} is not new.{c}"));
        return string.Join('\n', new[]
        {
            Trigger("made", "insert", "new", null, null),
            Trigger("removed", "delete", "old", null, null),
            watched.Length == 0 ? $"drop trigger if exists watch_{table.Name}_changed;" : Trigger("changed", $"update of {string.Join(", ", watched)}", "new", "old", changed),
        });

        string Trigger(string act, string on, string row, string? before, string? when) =>
            $"""
            drop trigger if exists watch_{table.Name}_{act};
            create trigger watch_{table.Name}_{act} after {on} on {table.Name}{(when is null ? "" : $" when {when}")} begin
                update changes_number set n = n + 1;
                insert into changes (id, at_us, source, subject, act, body) values ((select n from changes_number), {SqliteNow}, '{table.Name}', {Subject(table, row)}, '{act}', {Body(table, row, before, sqlite: true)});
            end;
            """;
    }

    static string[] Postgres(WatchedTable table)
    {
        string[] watched = [.. table.Shown, .. table.Secret];
        string changed = watched.Length == 0 ? "false" : string.Join(" or ", watched.Select(c => $"old.{c} is distinct from new.{c}"));
        return
        [
            $"""
            create or replace function watch_{table.Name}() returns trigger language plpgsql as $watch$
            begin
                if tg_op = 'INSERT' then
                    {Insert("made", "new", null)}
                elsif tg_op = 'DELETE' then
                    {Insert("removed", "old", null)}
                elsif {changed} then
                    {Insert("changed", "new", "old")}
                end if;
                return null;
            end $watch$;
            """,
            $"drop trigger if exists watch_{table.Name} on {table.Name};",
            $"create trigger watch_{table.Name} after insert or update or delete on {table.Name} for each row execute function watch_{table.Name}();",
        ];

        string Insert(string act, string row, string? before) =>
            $"insert into changes (id, at_us, source, subject, act, body) values (nextval('changes_number'), {PostgresNow}, '{table.Name}', {Subject(table, row)}, '{act}', {Body(table, row, before, sqlite: false)});";
    }

    static string Subject(WatchedTable table, string row) => string.Join(" || '/' || ", table.Key.Select(c => $"{row}.{c}"));

    /// <param name="before">The row as it was, of a change.</param>
    static string Body(WatchedTable table, string row, string? before, bool sqlite)
    {
        string same = sqlite ? "is not" : "is distinct from";
        var fields = table.Key.Concat(table.Shown).Select(c => $"'{c}', {row}.{c}").Concat(table.Secret.Select(c =>
            $"'{c}', case {(before is null ? "" : $"when {before}.{c} {same} {row}.{c} then 'changed' ")}when {row}.{c} is null then 'none' else 'set' end"));
        return sqlite ? $"json_object({string.Join(", ", fields)})" : $"cast(json_build_object({string.Join(", ", fields)}) as text)";
    }
}
