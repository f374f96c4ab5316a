using System.ComponentModel;

using Atalaya.Node.Oversight;

namespace Atalaya.Node.Releases;

public sealed record ReleaseInputJson
{
    [Description("Id of a finished package. Required.")]
    public string? Package { get; init; }

    [Description("Who receives it: a person. Required; at most 200 characters.")]
    public string? Recipient { get; init; }

    [Description("Whom they receive it for: a court, an authority, an insurer. Required; at most 200 characters.")]
    public string? Organisation { get; init; }

    [Description("On what legal ground it is handed over: article, order, number of the request. Required; at most 500 characters.")]
    public string? LegalBasis { get; init; }

    [Description("For the recipient; at most 1000 characters.")]
    public string? Note { get; init; }

    [Description("How many days the link works. Default 7; at most option releases.maxDays.")]
    public int? Days { get; init; }

    [Description("What it is for, where the options ask for it; or send the header Atalaya-Purpose.")]
    public PurposeInputJson? Purpose { get; init; }
}

public sealed record RevokeInputJson
{
    [Description("Why. Required; at most 500 characters.")]
    public string? Reason { get; init; }
}

public sealed record ReleaseFetchJson(
    DateTimeOffset At,
    string Address,
    [property: Description("What the program that fetched it calls itself.")] string Agent,
    [property: Description("Where it began: a download that went on began later.")] long FirstByte,
    [property: Description("Null: it runs, or the node was stopped.")] DateTimeOffset? Ended,
    [property: Description("All that was asked for was sent.")] bool IsWhole)
{
    internal static ReleaseFetchJson Of(ReleaseFetch fetch) =>
        new(fetch.At.ToDateTimeOffset(), fetch.Address, fetch.Agent, fetch.FirstByte, fetch.EndedAt?.ToDateTimeOffset(), fetch.IsWhole);
}

public sealed record ReleaseJson(
    string Id,
    [property: Description("Id of the package.")] string Package,
    [property: Description("Of the package.")] string Title,
    long Bytes,
    [property: Description("Lower-case hexadecimal SHA-256 of the file.")] string Sha256,
    ReleaseStateJson State,
    IReadOnlyList<string> Cameras,
    DateTimeOffset From,
    DateTimeOffset To,
    string Recipient,
    string Organisation,
    string LegalBasis,
    string Note,
    [property: Description("Who released it.")] string By,
    string Purpose,
    string Reference,
    [property: Description("The second person; null: nobody had to agree.")] string? AgreedBy,
    DateTimeOffset Created,
    DateTimeOffset Expires,
    DateTimeOffset? Revoked,
    string? RevokedBy,
    string? RevokedWhy,
    [property: Description("Oldest first.")] IReadOnlyList<ReleaseFetchJson> Fetches)
{
    internal static ReleaseJson Of(Release r, ReleaseStateJson state, IEnumerable<ReleaseFetch> fetches) => new(
        r.Id, r.Package, r.Title, r.Bytes, r.Sha256, state, r.Cameras, r.From.ToDateTimeOffset(), r.To.ToDateTimeOffset(), r.Recipient, r.Organisation, r.LegalBasis, r.Note, r.UserName,
        r.Purpose.Id, r.Purpose.Reference, r.AgreedName.Length > 0 ? r.AgreedName : null, r.CreatedAt.ToDateTimeOffset(), r.ExpiresAt.ToDateTimeOffset(), r.RevokedAt?.ToDateTimeOffset(),
        r.RevokedBy.Length > 0 ? r.RevokedBy : null, r.RevokedWhy.Length > 0 ? r.RevokedWhy : null, [.. fetches.Select(ReleaseFetchJson.Of)]);
}

public sealed record ReleasedJson(
    ReleaseJson Release,
    [property: Description("The secret of the link: behind the # of /release on this node's address. It isn't kept and never shown again.")] string Token);

public sealed record ReleaseLookJson
{
    [Description("What stands behind the # of the link.")]
    public string? Token { get; init; }
}

/// <summary>What a recipient is told. Nobody is signed in here: nothing else is.</summary>
public sealed record HandedOverJson(
    [property: Description("Name of the site.")] string Site,
    string Title,
    string FileName,
    long Bytes,
    [property: Description("Lower-case hexadecimal SHA-256 of the file.")] string Sha256,
    [property: Description("The age format: the recipient's own key opens it.")] bool Encrypted,
    string Recipient,
    string Organisation,
    string LegalBasis,
    string Note,
    DateTimeOffset Expires,
    [property: Description("Public key of the log that signed it, as atalaya-verify takes it. Compare it with one that you have from elsewhere.")] string Key);
