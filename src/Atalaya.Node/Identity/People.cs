using System.Data.Common;

using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Identity;

/// <summary>Users with their grants, sessions, tokens and one-time links in the database. The command line works on it beside a running node.</summary>
sealed class People(DbDataSource store, TimeProvider clock)
{
    const string UserColumns = "id, name, name_key as NameKey, full_name as FullName, password_hash as PasswordHash, stamp, two_factor as TwoFactor, authenticator, recovery, disabled, open_id as OpenId, created_at as CreatedAt, signed_in_at as SignedInAt";
    const string SessionColumns = "id, user_id as UserId, created_at as CreatedAt, seen_at as SeenAt, method, address, agent";

    public static string NewId() => Guid.NewGuid().ToString("N")[..16];

    /// <summary>Names are the same without regard to case.</summary>
    public static string KeyOf(string name) => name.ToUpperInvariant();

    long Now => WallTime.Now(clock).Microseconds;

    // Users

    public Task<User?> FindAsync(string id, CancellationToken stop) => UserAsync("id = @value", id, stop);

    public Task<User?> FindByNameAsync(string name, CancellationToken stop) => UserAsync("name_key = @value", KeyOf(name), stop);

    public async Task<IReadOnlyList<User>> AllAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return [.. await connection.QueryAsync<User>(new CommandDefinition($"select {UserColumns} from users order by name_key", cancellationToken: stop))];
    }

    /// <returns>False: the name is taken.</returns>
    public async Task<bool> AddAsync(User user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into users (id, name, name_key, full_name, password_hash, stamp, two_factor, authenticator, recovery, disabled, open_id, created_at)
            values (@Id, @Name, @NameKey, @FullName, @PasswordHash, @Stamp, @TwoFactor, @Authenticator, @Recovery, @Disabled, @OpenId, @CreatedAt)
            on conflict (name_key) do nothing
            """,
            Row(user), cancellationToken: stop)) == 1;
    }

    public async Task UpdateAsync(User user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            update users set full_name = @FullName, password_hash = @PasswordHash, stamp = @Stamp, two_factor = @TwoFactor, authenticator = @Authenticator,
                recovery = @Recovery, disabled = @Disabled, open_id = @OpenId
            where id = @Id
            """,
            Row(user), cancellationToken: stop));
    }

    public async Task SignedInAsync(string user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("update users set signed_in_at = @now where id = @user", new { user, now = Now }, cancellationToken: stop));
    }

    /// <summary>Takes one recovery code away; false when it isn't there (any more), so that it is never used twice.</summary>
    public async Task<bool> ReplaceRecoveryAsync(string user, string before, string after, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "update users set recovery = @after where id = @user and recovery = @before", new { user, before, after }, cancellationToken: stop)) == 1;
    }

    // Grants and roles

    public async Task<IReadOnlyList<Grant>> GrantsAsync(string user, CancellationToken stop) => [.. (await GrantsAsync(stop, user))[user]];

    public async Task<ILookup<string, Grant>> GrantsAsync(CancellationToken stop, string? user = null)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<(string User, string Role, string Kind, string Id)>(new CommandDefinition(
            $"select user_id, role, scope_kind, scope_id from grants {(user is null ? "" : "where user_id = @user")} order by role, scope_kind, scope_id", new { user }, cancellationToken: stop));
        return rows.ToLookup(r => r.User, r => new Grant(r.Role, new(Enum.Parse<ScopeKind>(r.Kind), r.Id)), StringComparer.Ordinal);
    }

    public async Task SetGrantsAsync(string user, IEnumerable<Grant> grants, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        // What stays isn't touched: the log tells what was given and what was taken.
        var rows = grants.Distinct().Select(g => (g.Role, Kind: g.Scope.Kind.ToString(), g.Scope.Id)).ToHashSet();
        foreach (var (role, kind, id) in await connection.QueryAsync<(string Role, string Kind, string Id)>("select role, scope_kind, scope_id from grants where user_id = @user", new { user }, transaction))
        {
            if (!rows.Remove((role, kind, id)))
                await connection.ExecuteAsync("delete from grants where user_id = @user and role = @role and scope_kind = @kind and scope_id = @id", new { user, role, kind, id }, transaction);
        }

        foreach (var (role, kind, id) in rows)
            await connection.ExecuteAsync("insert into grants (user_id, role, scope_kind, scope_id) values (@user, @role, @kind, @id)", new { user, role, kind, id }, transaction);

        await transaction.CommitAsync(stop);
    }

    /// <summary>Shipped ones first, then one's own.</summary>
    public async Task<IReadOnlyList<Role>> RolesAsync(CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<(string Id, string Name, string Permissions, long? PastDays)>(
            new CommandDefinition("select id, name, permissions, past_days from roles order by name", cancellationToken: stop));
        return [.. Roles.Shipped, .. rows.Select(r => new Role(r.Id, r.Name, PermissionSet.Parse(r.Permissions), (int?)r.PastDays, false))];
    }

    public async Task PutRoleAsync(Role role, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into roles (id, name, permissions, past_days) values (@Id, @Name, @permissions, @pastDays)
            on conflict (id) do update set name = excluded.name, permissions = excluded.permissions, past_days = excluded.past_days
            """,
            new { role.Id, role.Name, permissions = role.Permissions.ToString(), pastDays = (long?)role.PastDays }, cancellationToken: stop));
    }

    /// <summary>With the grants of it.</summary>
    public async Task<bool> RemoveRoleAsync(string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await connection.ExecuteAsync("delete from grants where role = @id", new { id }, transaction);
        bool there = await connection.ExecuteAsync("delete from roles where id = @id", new { id }, transaction) == 1;
        await transaction.CommitAsync(stop);
        return there;
    }

    /// <summary>What a user's grants come to, and how far a role's name is known no more, nothing.</summary>
    public async Task<IReadOnlyList<Power>> PowersAsync(string user, CancellationToken stop)
    {
        var grants = await GrantsAsync(user, stop);
        var roles = (await RolesAsync(stop)).ToDictionary(r => r.Id, StringComparer.Ordinal);
        return [.. grants.Where(g => roles.ContainsKey(g.Role)).Select(g => new Power(roles[g.Role].Permissions, roles[g.Role].PastDays, g.Scope, g.Role, roles[g.Role].Name))];
    }

    /// <summary>Whether anybody may sign in and manage users on the whole organisation.</summary>
    public async Task<bool> HasAdministratorAsync(CancellationToken stop)
    {
        foreach (var user in await AllAsync(stop))
        {
            if (!user.Disabled && (await PowersAsync(user.Id, stop)).Any(p => p.Scope.Kind == ScopeKind.Organisation && p.Permissions.Has(Permission.ManageUsers)))
                return true;
        }

        return false;
    }

    // Sessions

    public async Task AddSessionAsync(Session session, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into sessions (id, user_id, created_at, seen_at, method, address, agent) values (@Id, @UserId, @CreatedAt, @SeenAt, @Method, @Address, @Agent)",
            session, cancellationToken: stop));
    }

    public async Task<Session?> FindSessionAsync(string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<Session>(new CommandDefinition($"select {SessionColumns} from sessions where id = @id", new { id }, cancellationToken: stop));
    }

    public async Task<IReadOnlyList<Session>> SessionsAsync(string user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return [.. await connection.QueryAsync<Session>(new CommandDefinition(
            $"select {SessionColumns} from sessions where user_id = @user order by seen_at desc", new { user }, cancellationToken: stop))];
    }

    public async Task SeenAsync(string session, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("update sessions set seen_at = @now where id = @session", new { session, now = Now }, cancellationToken: stop));
    }

    public async Task<bool> RemoveSessionAsync(string user, string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition("delete from sessions where id = @id and user_id = @user", new { id, user }, cancellationToken: stop)) == 1;
    }

    /// <param name="but">One that stays.</param>
    public async Task RemoveSessionsAsync(string user, string but, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from sessions where user_id = @user and id <> @but", new { user, but }, cancellationToken: stop));
    }

    /// <summary>What no longer counts goes.</summary>
    public async Task ForgetAsync(TimeSpan lifetime, TimeSpan idle, CancellationToken stop)
    {
        long now = Now;
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "delete from sessions where created_at < @born or seen_at < @seen",
            new { born = now - (long)lifetime.TotalMicroseconds, seen = now - (long)idle.TotalMicroseconds }, cancellationToken: stop));
        await connection.ExecuteAsync(new CommandDefinition("delete from start_codes where expires_at < @now", new { now }, cancellationToken: stop));
    }

    // Who somebody is at the OpenID provider

    public async Task<User?> FindByLoginAsync(string issuer, string subject, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<User>(new CommandDefinition(
            $"select {UserColumns} from users where id = (select user_id from user_logins where issuer = @issuer and subject = @subject)", new { issuer, subject }, cancellationToken: stop));
    }

    /// <returns>False: the user is somebody else there, or that somebody is another user here.</returns>
    public async Task<bool> BindAsync(string issuer, string subject, string user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "insert into user_logins (issuer, subject, user_id) values (@issuer, @subject, @user) on conflict do nothing", new { issuer, subject, user }, cancellationToken: stop)) == 1;
    }

    public async Task UnbindAsync(string user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from user_logins where user_id = @user", new { user }, cancellationToken: stop));
    }

    // Tokens

    public async Task AddTokenAsync(ApiToken token, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into api_tokens (id, user_id, name, permissions, created_at, expires_at) values (@Id, @UserId, @Name, @permissions, @CreatedAt, @ExpiresAt)",
            new { token.Id, token.UserId, token.Name, permissions = token.Permissions?.ToString(), token.CreatedAt, token.ExpiresAt }, cancellationToken: stop));
    }

    public async Task<ApiToken?> FindTokenAsync(string id, CancellationToken stop) => (await TokensAsync("id = @value", id, stop)).SingleOrDefault();

    public Task<IReadOnlyList<ApiToken>> TokensAsync(string user, CancellationToken stop) => TokensAsync("user_id = @value", user, stop);

    public async Task TokenUsedAsync(string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("update api_tokens set used_at = @now where id = @id", new { id, now = Now }, cancellationToken: stop));
    }

    public async Task<bool> RemoveTokenAsync(string user, string id, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition("delete from api_tokens where id = @id and user_id = @user", new { id, user }, cancellationToken: stop)) == 1;
    }

    public async Task RemoveTokensAsync(string user, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition("delete from api_tokens where user_id = @user", new { user }, cancellationToken: stop));
    }

    // One-time links

    /// <summary>A new code; earlier ones for the same user, or for the first administrator, end.</summary>
    /// <param name="user">Null: for the first administrator.</param>
    /// <returns>The code itself, which isn't kept.</returns>
    public async Task<string> NewCodeAsync(string? user, TimeSpan valid, CancellationToken stop)
    {
        string code = Secret.New();
        await using var connection = await store.OpenConnectionAsync(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await connection.ExecuteAsync(user is null ? "delete from start_codes where user_id is null" : "delete from start_codes where user_id = @user", new { user }, transaction);
        await connection.ExecuteAsync(
            "insert into start_codes (id, user_id, expires_at) values (@id, @user, @expires)",
            new { id = Secret.Digest(code), user, expires = Now + (long)valid.TotalMicroseconds }, transaction);
        await transaction.CommitAsync(stop);
        return code;
    }

    /// <summary>Whether a code is good, and for whom; null: it isn't.</summary>
    public async Task<(string? User, bool Good)> FindCodeAsync(string code, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var row = await connection.QuerySingleOrDefaultAsync<CodeRow>(new CommandDefinition(
            "select user_id as UserId, expires_at as ExpiresAt from start_codes where id = @id", new { id = Secret.Digest(code) }, cancellationToken: stop));
        return row is not null && row.ExpiresAt > Now ? (row.UserId, true) : (null, false);
    }

    /// <summary>Uses a code up; false for whoever comes second.</summary>
    public async Task<bool> UseCodeAsync(string code, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "delete from start_codes where id = @id and expires_at > @now", new { id = Secret.Digest(code), now = Now }, cancellationToken: stop)) == 1;
    }

    // Passkeys: see UserStore, which knows their shape.

    public Task<IReadOnlyList<PasskeyRow>> PasskeysAsync(string user, CancellationToken stop) => PasskeysAsync("user_id = @value", user, stop);

    public async Task<PasskeyRow?> FindPasskeyAsync(string credential, CancellationToken stop) => (await PasskeysAsync("credential = @value", credential, stop)).SingleOrDefault();

    public async Task PutPasskeyAsync(PasskeyRow passkey, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into user_passkeys (credential, user_id, data, name, created_at) values (@Credential, @UserId, @Data, @Name, @CreatedAt)
            on conflict (credential) do update set data = excluded.data, name = excluded.name
            """,
            passkey, cancellationToken: stop));
    }

    public async Task<bool> RemovePasskeyAsync(string user, string credential, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.ExecuteAsync(new CommandDefinition(
            "delete from user_passkeys where user_id = @user and credential = @credential", new { user, credential }, cancellationToken: stop)) == 1;
    }

    async Task<IReadOnlyList<PasskeyRow>> PasskeysAsync(string where, string value, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return [.. await connection.QueryAsync<PasskeyRow>(new CommandDefinition(
            $"select credential, user_id as UserId, data, name, created_at as CreatedAt from user_passkeys where {where} order by created_at", new { value }, cancellationToken: stop))];
    }

    async Task<User?> UserAsync(string where, string value, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        return await connection.QuerySingleOrDefaultAsync<User>(new CommandDefinition($"select {UserColumns} from users where {where}", new { value }, cancellationToken: stop));
    }

    async Task<IReadOnlyList<ApiToken>> TokensAsync(string where, string value, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<TokenRow>(new CommandDefinition(
            $"select id, user_id as UserId, name, permissions, created_at as CreatedAt, expires_at as ExpiresAt, used_at as UsedAt from api_tokens where {where} order by created_at",
            new { value }, cancellationToken: stop));
        return [.. rows.Select(r => new ApiToken(r.Id, r.UserId, r.Name, r.Permissions is { } names ? PermissionSet.Parse(names) : null, r.CreatedAt, r.ExpiresAt, r.UsedAt))];
    }

    static object Row(User user) => new
    {
        user.Id,
        user.Name,
        user.NameKey,
        user.FullName,
        user.PasswordHash,
        user.Stamp,
        TwoFactor = user.TwoFactor ? 1L : 0L,
        user.Authenticator,
        user.Recovery,
        Disabled = user.Disabled ? 1L : 0L,
        OpenId = user.OpenId ? 1L : 0L,
        user.CreatedAt,
    };

    sealed class TokenRow
    {
        public string Id { get; init; } = "";
        public string UserId { get; init; } = "";
        public string Name { get; init; } = "";
        public string? Permissions { get; init; }
        public long CreatedAt { get; init; }
        public long? ExpiresAt { get; init; }
        public long? UsedAt { get; init; }
    }

    sealed class CodeRow
    {
        public string? UserId { get; init; }
        public long ExpiresAt { get; init; }
    }
}

/// <param name="Credential">Base64url of the credential's id.</param>
/// <param name="Data">JSON.</param>
sealed record PasskeyRow(string Credential, string UserId, string Data, string Name, long CreatedAt);
