using Atalaya.Media;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Releases;

public enum ReleaseStateJson
{
    /// <summary>The link works.</summary>
    Open,
    Expired,
    Revoked,

    /// <summary>The package's file is gone before its time.</summary>
    Gone,
}

/// <summary>A finished package that somebody outside may fetch: to whom, why, on what legal ground, until when. A snapshot: a change makes a new one.</summary>
/// <param name="Token">Digest of the link's secret, which nobody keeps.</param>
/// <param name="Sha256">Of the file, lower-case hexadecimal: another one under the same name isn't given.</param>
/// <param name="AgreedName">Of the second person; empty: nobody had to agree.</param>
sealed record Release(
    string Id,
    string Token,
    string Package,
    string Title,
    string FileName,
    long Bytes,
    string Sha256,
    string LogKey,
    bool Encrypted,
    IReadOnlyList<string> Cameras,
    WallTime From,
    WallTime To,
    string Recipient,
    string Organisation,
    string LegalBasis,
    string Note,
    string UserId,
    string UserName,
    Purpose Purpose,
    string AgreedId,
    string AgreedName,
    WallTime CreatedAt,
    WallTime ExpiresAt,
    WallTime? RevokedAt = null,
    string RevokedBy = "",
    string RevokedWhy = "")
{
    /// <summary>What time and revocation make of it; a revoked one stays revoked.</summary>
    public ReleaseStateJson At(WallTime now) =>
        RevokedAt is not null ? ReleaseStateJson.Revoked : now >= ExpiresAt ? ReleaseStateJson.Expired : ReleaseStateJson.Open;

    /// <summary>Null: it was revoked before, which nothing changes.</summary>
    public Release? Revoke(string by, string why, WallTime now) => RevokedAt is null ? this with { RevokedAt = now, RevokedBy = by, RevokedWhy = why } : null;
}

/// <summary>The file was asked for through a link.</summary>
/// <param name="FirstByte">Where it began: a download that goes on begins later.</param>
/// <param name="IsWhole">All that was asked for was sent.</param>
sealed record ReleaseFetch(string Id, string Release, WallTime At, string Address, string Agent, long FirstByte, WallTime? EndedAt, bool IsWhole);
