using System.Data.Common;

using Atalaya.Media;

using Dapper;

namespace Atalaya.Node.Releases;

/// <summary>Releases and what was fetched through them, in the database.</summary>
sealed class ReleaseStore(DbDataSource store)
{
    const string Columns = """
        id, token, package, title, file_name as FileName, bytes, sha256, log_key as LogKey, encrypted, cameras, stretch_from as StretchFrom, stretch_to as StretchTo, recipient, organisation,
        legal_basis as LegalBasis, note, user_id as UserId, user_name as UserName, purpose, reference, agreed_id as AgreedId, agreed_name as AgreedName, created_at as CreatedAt,
        expires_at as ExpiresAt, revoked_at as RevokedAt, revoked_by as RevokedBy, revoked_why as RevokedWhy
        """;

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<Release>> ListAsync(int most, CancellationToken stop) => ReadAsync("0 = 0 order by created_at desc, id desc limit @most", new { most }, stop);

    /// <summary>Those whose links work at a moment.</summary>
    public Task<IReadOnlyList<Release>> OpenAsync(WallTime now, CancellationToken stop) => ReadAsync("revoked_at is null and expires_at > @now", new { now = now.Microseconds }, stop);

    public async Task<Release?> FindAsync(string id, CancellationToken stop) => (await ReadAsync("id = @id", new { id }, stop)).SingleOrDefault();

    /// <param name="token">As <see cref="Release.Token"/>.</param>
    public async Task<Release?> FindByTokenAsync(string token, CancellationToken stop) => (await ReadAsync("token = @token", new { token }, stop)).SingleOrDefault();

    public async Task AddAsync(Release release, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into releases (id, token, package, title, file_name, bytes, sha256, log_key, encrypted, cameras, stretch_from, stretch_to, recipient, organisation, legal_basis, note, user_id,
                user_name, purpose, reference, agreed_id, agreed_name, created_at, expires_at)
            values (@Id, @Token, @Package, @Title, @FileName, @Bytes, @Sha256, @LogKey, @encrypted, @cameras, @from, @to, @Recipient, @Organisation, @LegalBasis, @Note, @UserId,
                @UserName, @purpose, @reference, @AgreedId, @AgreedName, @created, @expires)
            """,
            new
            {
                release.Id,
                release.Token,
                release.Package,
                release.Title,
                release.FileName,
                release.Bytes,
                release.Sha256,
                release.LogKey,
                encrypted = release.Encrypted ? 1L : 0,
                cameras = string.Join(',', release.Cameras),
                from = release.From.Microseconds,
                to = release.To.Microseconds,
                release.Recipient,
                release.Organisation,
                release.LegalBasis,
                release.Note,
                release.UserId,
                release.UserName,
                purpose = release.Purpose.Id,
                reference = release.Purpose.Reference,
                release.AgreedId,
                release.AgreedName,
                created = release.CreatedAt.Microseconds,
                expires = release.ExpiresAt.Microseconds,
            },
            cancellationToken: stop));
    }

    /// <summary>False: it was revoked before.</summary>
    public async Task<bool> RevokeAsync(Release revoked)
    {
        await using var connection = await store.OpenConnectionAsync();
        return await connection.ExecuteAsync(
            "update releases set revoked_at = @at, revoked_by = @RevokedBy, revoked_why = @RevokedWhy where id = @Id and revoked_at is null",
            new { at = revoked.RevokedAt!.Value.Microseconds, revoked.RevokedBy, revoked.RevokedWhy, revoked.Id }) > 0;
    }

    /// <summary>Oldest first, of several releases.</summary>
    public async Task<ILookup<string, ReleaseFetch>> FetchesAsync(IReadOnlyCollection<string> releases, CancellationToken stop)
    {
        if (releases.Count == 0)
            return Array.Empty<ReleaseFetch>().ToLookup(f => f.Release);
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<FetchRow>(new CommandDefinition(
            """
            select id, release_id as Release, at, address, agent, first_byte as FirstByte, ended_at as EndedAt, is_whole as IsWhole
            from release_fetches where release_id in @releases order by at, id
            """,
            new { releases },
            cancellationToken: stop));
        return rows.Select(r => new ReleaseFetch(r.Id, r.Release, new(r.At), r.Address, r.Agent, r.FirstByte, r.EndedAt is { } ended ? new WallTime(ended) : null, r.IsWhole != 0))
            .ToLookup(f => f.Release, StringComparer.Ordinal);
    }

    public async Task AddFetchAsync(ReleaseFetch fetch, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into release_fetches (id, release_id, at, address, agent, first_byte) values (@Id, @Release, @at, @Address, @Agent, @FirstByte)",
            new { fetch.Id, fetch.Release, at = fetch.At.Microseconds, fetch.Address, fetch.Agent, fetch.FirstByte },
            cancellationToken: stop));
    }

    public async Task EndFetchAsync(string id, WallTime at, bool whole)
    {
        await using var connection = await store.OpenConnectionAsync();
        await connection.ExecuteAsync("update release_fetches set ended_at = @at, is_whole = @whole where id = @id", new { id, at = at.Microseconds, whole = whole ? 1L : 0 });
    }

    async Task<IReadOnlyList<Release>> ReadAsync(string where, object arguments, CancellationToken stop)
    {
        await using var connection = await store.OpenConnectionAsync(stop);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"select {Columns} from releases where {where}", arguments, cancellationToken: stop));
        return [.. rows.Select(r => new Release(
            r.Id, r.Token, r.Package, r.Title, r.FileName, r.Bytes, r.Sha256, r.LogKey, r.Encrypted != 0, r.Cameras.Split(','), new(r.StretchFrom), new(r.StretchTo), r.Recipient, r.Organisation,
            r.LegalBasis, r.Note, r.UserId, r.UserName, new(r.Purpose, r.Reference), r.AgreedId, r.AgreedName, new(r.CreatedAt), new(r.ExpiresAt),
            r.RevokedAt is { } at ? new WallTime(at) : null, r.RevokedBy, r.RevokedWhy))];
    }

    sealed record FetchRow(string Id, string Release, long At, string Address, string Agent, long FirstByte, long? EndedAt, long IsWhole);

    sealed class Row
    {
        public required string Id { get; init; }
        public required string Token { get; init; }
        public required string Package { get; init; }
        public required string Title { get; init; }
        public required string FileName { get; init; }
        public long Bytes { get; init; }
        public required string Sha256 { get; init; }
        public required string LogKey { get; init; }
        public long Encrypted { get; init; }
        public required string Cameras { get; init; }
        public long StretchFrom { get; init; }
        public long StretchTo { get; init; }
        public required string Recipient { get; init; }
        public required string Organisation { get; init; }
        public required string LegalBasis { get; init; }
        public required string Note { get; init; }
        public required string UserId { get; init; }
        public required string UserName { get; init; }
        public required string Purpose { get; init; }
        public required string Reference { get; init; }
        public required string AgreedId { get; init; }
        public required string AgreedName { get; init; }
        public long CreatedAt { get; init; }
        public long ExpiresAt { get; init; }
        public long? RevokedAt { get; init; }
        public required string RevokedBy { get; init; }
        public required string RevokedWhy { get; init; }
    }
}
