using System.Text.Json.Serialization;

namespace Atalaya.Federation.Centre;

/// <summary>How a part of a site is.</summary>
public enum PartState
{
    Ok,

    /// <summary>It runs, and someone should look.</summary>
    Degraded,

    /// <summary>It doesn't do what it is for.</summary>
    Failed,
}

/// <param name="Name">As <c>/health</c> of the site calls it.</param>
/// <param name="Detail">What is wrong, a sentence each.</param>
public sealed record SitePart(string Name, PartState State, IReadOnlyList<string> Detail);

/// <param name="TotalBytes">Of the file system; null: unknown.</param>
/// <param name="Oldest">Start of the oldest footage; null: none.</param>
public sealed record SiteVolume(string Name, PartState State, long? TotalBytes, long? FreeBytes, DateTimeOffset? Oldest);

/// <param name="Synchronised">As the site's kernel says; null: it doesn't tell.</param>
/// <param name="MostErrorSeconds">How wrong it may be, as the kernel reckons.</param>
public sealed record SiteClock(bool? Synchronised, double? MostErrorSeconds);

/// <param name="Name">Of the log's key.</param>
/// <param name="Key">Verifier's key, as <c>ref/log.md</c> writes it.</param>
/// <param name="Size">Leaves of the site's log.</param>
/// <param name="Fault">Why the log isn't written just now; null: it is.</param>
public sealed record SiteKeys(string Name, string Key, long Size, string? Fault);

/// <summary>What a site says of itself, but for its cameras. The newest one counts.</summary>
/// <param name="At">By the site's clock.</param>
/// <param name="CamerasDigest">Of the list of cameras that is in force: who hasn't got that one waits for it.</param>
public sealed record SiteReport(
    DateTimeOffset At, string Version, string System, IReadOnlyList<SitePart> Parts, IReadOnlyList<SiteVolume> Volumes, SiteClock Clock, SiteKeys Keys, int Cameras, int CamerasWell, int Recording, string CamerasDigest)
{
    public const int MaxParts = 50, MaxVolumes = 100, MaxDetail = 20, MaxWords = 500;

    /// <summary>Whether it is what a site writes: bounded, and words that can be shown.</summary>
    [JsonIgnore]
    public bool IsSound =>
        Parts.Count <= MaxParts && Volumes.Count <= MaxVolumes && Version.Length <= MaxWords && System.Length <= MaxWords && CamerasDigest.Length <= MaxWords
        && Keys.Name.Length <= MaxWords && Keys.Key.Length <= MaxWords && !(Keys.Fault?.Length > MaxWords) && Cameras >= 0 && CamerasWell >= 0 && Recording >= 0
        && Parts.All(p => p is { Name.Length: <= MaxWords, Detail.Count: <= MaxDetail } && p.Detail.All(d => d is { Length: <= MaxWords })) && Volumes.All(v => v is { Name.Length: <= MaxWords });

    /// <summary>The worst of its parts.</summary>
    [JsonIgnore]
    public PartState State => Parts.Count == 0 ? PartState.Ok : Parts.Max(p => p.State);

    /// <summary>A sentence that fits.</summary>
    public static string Short(string words) => words.Length <= MaxWords ? words : words[..(MaxWords - 1)] + "…";
}

/// <param name="Latitude">Degrees; null: it has no place on the map.</param>
/// <param name="Direction">Where it looks, degrees from north.</param>
/// <param name="Angle">How wide it sees, degrees.</param>
/// <param name="Reach">How far, metres.</param>
public sealed record SitePlace(double Latitude, double Longitude, double? Direction, double? Angle, double? Reach)
{
    [JsonIgnore]
    public bool IsSound => Latitude is >= -90 and <= 90 && Longitude is >= -180 and <= 180 && Direction is null or (>= 0 and <= 360) && Angle is null or (>= 0 and <= 360) && Reach is null or (>= 0 and <= 100_000);
}

/// <param name="State">As the site's API calls it: running, connecting, disabled …</param>
/// <param name="Reason">Why, when it isn't running.</param>
/// <param name="Recording">As the site's API calls it: recording, off, waiting, failed.</param>
/// <param name="HasSub">It has a sub-stream.</param>
/// <param name="Place">Null: nobody has put it on a map of the world.</param>
public sealed record SiteCamera(string Id, string Name, bool Enabled, string State, string Reason, string Recording, bool HasSub, bool HasMasks, SitePlace? Place)
{
    public const int MaxId = 64, MaxName = 200;

    /// <summary>Letters, digits, - and _.</summary>
    public static bool IsId(string? id) => id is { Length: > 0 and <= MaxId } && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    [JsonIgnore]
    public bool IsSound =>
        IsId(Id) && Name.Length <= MaxName && State.Length <= MaxName && Recording.Length <= MaxName
        && Reason.Length <= SiteReport.MaxWords && Place?.IsSound != false;
}

/// <summary>A site's cameras, in pages. The list is in force at the centre when all its pages are there; until then the one before is.</summary>
/// <param name="Digest">Of the whole list: pages of the same list have the same.</param>
/// <param name="Page">From 0.</param>
public sealed record SiteCameras(string Digest, int Page, int Pages, IReadOnlyList<SiteCamera> Cameras)
{
    public const int MaxPages = 100;

    /// <summary>Bytes of a page: a message holds 64 KiB with all that is around it.</summary>
    const int MostBytes = 48 << 10;

    [JsonIgnore]
    public bool IsSound => Digest.Length is > 0 and <= SiteReport.MaxWords && Pages is > 0 and <= MaxPages && Page >= 0 && Page < Pages && Cameras.Count <= AlarmsChanged.Max && Cameras.All(c => c is { IsSound: true });

    public static IReadOnlyList<SiteCameras> Split(string digest, IReadOnlyList<SiteCamera> cameras)
    {
        var pages = CaseMerge.Cut(cameras, MostBytes).Take(MaxPages).ToList();
        return pages.Count == 0 ? [new(digest, 0, 1, [])] : [.. pages.Select((page, i) => new SiteCameras(digest, i, pages.Count, page))];
    }
}
