using System.Data.Common;

using Atalaya.Evidence;
using Atalaya.Node.Evidence;

using Dapper;

namespace Atalaya.Node.Releases;

/// <summary>What the log is to say of releases: made, revoked, fetched.</summary>
static class Disclosures
{
    /// <summary>What no record is about yet. Rows are read as they are used.</summary>
    public static IEnumerable<LogRecord> Of(DbConnection connection) => Made(connection).Concat(Revoked(connection)).Concat(Fetched(connection));

    static IEnumerable<LogRecord> Made(DbConnection connection) => connection.Query<MadeRow>(
        """
        select r.id as Id, r.package as Package, r.title as Title, r.sha256 as Sha256, r.cameras as Cameras, r.stretch_from as StretchFrom, r.stretch_to as StretchTo, r.recipient as Recipient,
            r.organisation as Organisation, r.legal_basis as LegalBasis, r.user_id as UserId, r.user_name as UserName, r.purpose as Purpose, r.reference as Reference,
            r.agreed_id as AgreedId, r.agreed_name as AgreedName, r.created_at as CreatedAt, r.expires_at as ExpiresAt
        from releases r where not exists (select 1 from log_records l where l.kind = 'Disclosure' and l.reference = r.id) order by r.created_at, r.id
        """, buffered: false).Select(r => LogRecord.Of(
            LeafKind.Disclosure, r.Id,
            new
            {
                id = r.Id,
                package = r.Package,
                title = r.Title,
                sha256 = r.Sha256,
                cameras = r.Cameras,
                from = LogRecord.Time(r.StretchFrom),
                to = LogRecord.Time(r.StretchTo),
                recipient = r.Recipient,
                organisation = r.Organisation,
                legalBasis = r.LegalBasis,
                userId = r.UserId,
                user = r.UserName,
                purpose = r.Purpose,
                reference = r.Reference,
                agreedId = r.AgreedId,
                agreed = r.AgreedName,
                created = LogRecord.Time(r.CreatedAt),
                expires = LogRecord.Time(r.ExpiresAt),
            }));

    static IEnumerable<LogRecord> Revoked(DbConnection connection) => connection.Query<RevokedRow>(
        """
        select r.id as Id, r.revoked_at as RevokedAt, r.revoked_by as RevokedBy, r.revoked_why as RevokedWhy from releases r
        where r.revoked_at is not null and not exists (select 1 from log_records l where l.kind = 'Disclosure' and l.reference = r.id || '/end') order by r.revoked_at, r.id
        """, buffered: false).Select(r => LogRecord.Of(LeafKind.Disclosure, $"{r.Id}/end", new { id = r.Id, revoked = LogRecord.Time(r.RevokedAt), by = r.RevokedBy, why = r.RevokedWhy }));

    static IEnumerable<LogRecord> Fetched(DbConnection connection) => connection.Query<FetchedRow>(
        """
        select f.id as Id, f.release_id as Release, f.at as At, f.address as Address, f.agent as Agent, f.first_byte as FirstByte from release_fetches f
        where not exists (select 1 from log_records l where l.kind = 'Disclosure' and l.reference = f.release_id || '/' || f.id) order by f.at, f.id
        """, buffered: false).Select(f => LogRecord.Of(
            LeafKind.Disclosure, $"{f.Release}/{f.Id}", new { id = f.Release, fetch = f.Id, at = LogRecord.Time(f.At), address = f.Address, agent = f.Agent, firstByte = f.FirstByte }));

    sealed record MadeRow(
        string Id, string Package, string Title, string Sha256, string Cameras, long StretchFrom, long StretchTo, string Recipient, string Organisation, string LegalBasis, string UserId,
        string UserName, string Purpose, string Reference, string AgreedId, string AgreedName, long CreatedAt, long ExpiresAt);

    sealed record RevokedRow(string Id, long RevokedAt, string RevokedBy, string RevokedWhy);

    sealed record FetchedRow(string Id, string Release, long At, string Address, string Agent, long FirstByte);
}
