using Atalaya.Media;

namespace Atalaya.Recording.Storage;

public enum StorageLevel
{
    Ok,

    /// <summary>Someone should look within days.</summary>
    Warning,

    /// <summary>Someone should look now.</summary>
    Alarm,
}

/// <summary>How a volume is; the last that applies of: steady, filling, full, holds high, below reserve, holds overrun, unreachable, refused.</summary>
public enum VolumeCondition
{
    /// <summary>Limits keep it from getting full, or nothing comes to it.</summary>
    Steady,
    Filling,

    /// <summary>The oldest footage makes room for the newest, or moves on.</summary>
    Full,

    /// <summary>Holds use much of what they may.</summary>
    HoldsHigh,

    /// <summary>Less than a quarter of its reserve is left.</summary>
    BelowReserve,

    /// <summary>Holds use more than they may: recording goes on in the reserve.</summary>
    HoldsOverrun,

    /// <summary>The object store doesn't answer; footage waits where it is.</summary>
    Unreachable,

    /// <summary>Another disk, or none, is where it should be.</summary>
    Refused,
}

/// <summary>A snapshot of one volume, in bytes.</summary>
/// <param name="Id">Of its identity; null while it is refused.</param>
/// <param name="Place">Folder, or bucket.</param>
/// <param name="Detail">The condition in a sentence or two.</param>
/// <param name="Capacity">Zero of an object store without a limit, and of a refused volume; as <paramref name="Free"/>.</param>
/// <param name="Used">By footage.</param>
/// <param name="HoldsLimit">What holds may use.</param>
/// <param name="PerDay">What comes to it, by the last day.</param>
/// <param name="FullIn">Until its reserve is reached at that rate; null: never, or it is.</param>
/// <param name="Oldest">Start of the oldest footage on it.</param>
public sealed record VolumeStatus(
    string Name, VolumeTier Tier, string? Id, string Place, VolumeCondition Condition, StorageLevel Level, string Detail, long Capacity, long Free, long Used,
    long Reserve, long Held, long HoldsLimit, long PerDay, TimeSpan? FullIn, WallTime? Oldest);

/// <summary>A snapshot of what is kept of one camera.</summary>
/// <param name="Limits">In force: its own, or the default.</param>
/// <param name="IsOwn">The limits are its own.</param>
/// <param name="Gives">How far back its limits and the volumes' room really let it reach at today's rate; null: without end.</param>
/// <param name="Oldest">Start of its oldest footage.</param>
public sealed record CameraStorage(string Camera, RetentionLimits Limits, bool IsOwn, long Bytes, long Held, long PerDay, TimeSpan? Gives, WallTime? Oldest);

/// <param name="At">When it was measured; null: not yet.</param>
/// <param name="Fault">Why nothing is removed or moved just now; null: all is well.</param>
/// <param name="Removed">Files removed since the start; <paramref name="Moved"/>: to another volume.</param>
public sealed record StorageStatus(
    WallTime? At, IReadOnlyList<VolumeStatus> Volumes, IReadOnlyList<CameraStorage> Cameras, string? Fault, long Removed, long RemovedBytes, long Moved, long MovedBytes)
{
    public static StorageStatus Unknown { get; } = new(null, [], [], null, 0, 0, 0, 0);
}
