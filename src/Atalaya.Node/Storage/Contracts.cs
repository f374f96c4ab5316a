using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Storage;

[Description("What footage lies on, how full it is, and how long footage is kept.")]
public sealed record StorageJson(
    [property: Description("When it was measured; null just after the start.")] DateTimeOffset? At,
    [property: Description("Why nothing is removed or moved just now; null when all is well.")] string? Fault,
    IReadOnlyList<VolumeJson> Volumes,
    [property: Description("Every camera that has footage, removed ones too, by id.")] IReadOnlyList<CameraStorageJson> Cameras,
    [property: Description("Limits of cameras that have none of their own.")] RetentionJson Retention)
{
    internal static StorageJson Of(StorageStatus status, RetentionLimits defaults) => new(
        status.At?.ToDateTimeOffset(), status.Fault, [.. status.Volumes.Select(VolumeJson.Of)], [.. status.Cameras.Select(CameraStorageJson.Of)], RetentionJson.Of(defaults));
}

public sealed record VolumeJson(
    string Name,
    VolumeTier Tier,
    [property: Description("Of the identity that was written on the disk; null while the volume is refused.")] string? Id,
    [property: Description("Folder, or address of the bucket.")] string Place,
    VolumeCondition Condition,
    StorageLevel Level,
    [property: Description("The condition in a sentence or two, English.")] string Detail,
    [property: Description("Bytes; 0 of a bucket without a limit, and of a refused volume; as free.")] long Capacity,
    long Free,
    [property: Description("By footage.")] long Used,
    long Reserve,
    [property: Description("Of that which is used, kept by holds.")] long Held,
    [property: Description("Bytes that holds may use.")] long HoldsLimit,
    [property: Description("Bytes that come to it in a day, by the last one.")] long BytesPerDay,
    [property: Description("Seconds until its reserve is reached at that rate; null: never, or it is.")] long? FullInSeconds,
    [property: Description("Start of the oldest footage on it.")] DateTimeOffset? Oldest)
{
    internal static VolumeJson Of(VolumeStatus v) => new(
        v.Name, v.Tier, v.Id, v.Place, v.Condition, v.Level, v.Detail, v.Capacity, v.Free, v.Used, v.Reserve, v.Held, v.HoldsLimit, v.PerDay,
        v.FullIn is { } span ? (long)span.TotalSeconds : null, v.Oldest?.ToDateTimeOffset());
}

public sealed record RetentionJson(
    [property: Description("Footage goes when it is older; null: no such limit.")] double? Days,
    [property: Description("Footage of the camera goes from the oldest on when it is more; null: no such limit.")] long? Bytes)
{
    internal static RetentionJson Of(RetentionLimits limits) => new(limits.Age?.TotalDays, limits.Bytes);
}

public sealed record CameraStorageJson(
    string Camera,
    RetentionJson Retention,
    [property: Description("The limits are the camera's own, not the default.")] bool IsOwn,
    [property: Description("Of its footage, both streams.")] long Bytes,
    long Held,
    long BytesPerDay,
    [property: Description("How many days back it will reach by its limits and the room there is, at today's rate; null: without end.")] double? GivesDays,
    DateTimeOffset? Oldest)
{
    internal static CameraStorageJson Of(CameraStorage c) =>
        new(c.Camera, RetentionJson.Of(c.Limits), c.IsOwn, c.Bytes, c.Held, c.PerDay, c.Gives?.TotalDays, c.Oldest?.ToDateTimeOffset());
}

public sealed record HoldJson(
    string Id,
    IReadOnlyList<string> Cameras,
    [property: Description("Null: both.")] StreamKind? Stream,
    DateTimeOffset From,
    [property: Description("Null: it runs until it is released.")] DateTimeOffset? To,
    string Reason,
    string Owner,
    DateTimeOffset Created,
    [property: Description("When it ends by itself; null: never.")] DateTimeOffset? Expires,
    [property: Description("When it was released or expired; null: it is in force.")] DateTimeOffset? Ended,
    [property: Description("Who released it, or 'expiry'.")] string? EndedBy,
    [property: Description("Why it was released; null of one in force, and of one that expired.")] string? EndedWhy)
{
    internal static HoldJson Of(Hold h) => new(
        h.Id, h.Cameras, h.Stream, h.From.ToDateTimeOffset(), h.To?.ToDateTimeOffset(), h.Reason, h.Owner, h.Created.ToDateTimeOffset(),
        h.Expires?.ToDateTimeOffset(), h.Ended?.ToDateTimeOffset(), h.EndedBy, h.EndedWhy);
}

public sealed record HoldInputJson
{
    [Description("Ids; also of cameras that were removed and have footage. Required.")]
    public IReadOnlyList<string>? Cameras { get; init; }

    [Description("Absent or null: both.")]
    public StreamKind? Stream { get; init; }

    [Description("Start, RFC 3339 with a zone; fractions of a second are rounded outward. Required.")]
    public string? From { get; init; }

    [Description("End; may lie in the future. Absent or null: it runs until it is released.")]
    public string? To { get; init; }

    [Description("Why, at most 500 characters. Required.")]
    public string? Reason { get; init; }

    [Description("Who answers for it, at most 100 characters. Required.")]
    public string? Owner { get; init; }

    [Description("When it ends by itself; in the future. Absent or null: never.")]
    public string? Expires { get; init; }

    [Description("Make it although the assessment warns. Default false.")]
    public bool? Accept { get; init; }
}

[Description("What a hold costs, and what it would do to other footage.")]
public sealed record HoldAssessmentJson(
    [property: Description("Footage that it keeps and nothing else does; the future at the rate of the last day.")] long Bytes,
    [property: Description("Of a hold without an end.")] long BytesPerDay,
    [property: Description("Of all holds together, where they are worst off.")] long HeldAfter,
    [property: Description("What holds may use there.")] long Limit,
    [property: Description("With any of them the hold is made only with accept.")] IReadOnlyList<HoldConsequenceJson> Warnings,
    IReadOnlyList<HoldConsequenceJson> Notes)
{
    internal static HoldAssessmentJson Of(HoldAssessment a) => new(a.Bytes, a.BytesPerDay, a.HeldAfter, a.Limit, [.. a.Warnings.Select(HoldConsequenceJson.Of)], [.. a.Notes.Select(HoldConsequenceJson.Of)]);
}

[Description("One effect of a hold on volumes that share their footage.")]
public sealed record HoldConsequenceJson(
    HoldConsequenceKind Kind,
    [property: Description("The volumes' names.")] string Place,
    [property: Description("Bytes that all holds would use; of an endless one those of one day of it.")] long Bytes,
    [property: Description("Bytes that holds may use.")] long Limit,
    [property: Description("How many days back other footage would reach; of an endless one, how many days the limit lasts, null: without end.")] double? Days,
    [property: Description("How many days back other footage reaches without it.")] double? InsteadDays,
    [property: Description("The same as a sentence, English.")] string Text)
{
    internal static HoldConsequenceJson Of(HoldConsequence c) => new(c.Kind, c.Place, c.Bytes, c.Limit, c.Reach?.TotalDays, c.Instead?.TotalDays, c.Text);
}

public sealed record HoldMadeJson(HoldJson Hold, HoldAssessmentJson Assessment);
