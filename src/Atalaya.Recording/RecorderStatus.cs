using Atalaya.Media;

namespace Atalaya.Recording;

public enum RecorderState
{
    /// <summary>No unit has come yet, or none since the camera was lost.</summary>
    Waiting,

    /// <summary>Units reach the disk.</summary>
    Recording,

    /// <summary>The disk refuses; tried again every few seconds.</summary>
    DiskFailed,

    /// <summary>Detached.</summary>
    Stopped,
}

/// <summary>A snapshot of one recorder.</summary>
/// <param name="Since">When it entered <paramref name="State"/>.</param>
/// <param name="Reason">One sentence; empty while it records.</param>
/// <param name="Bytes">Written since it was attached.</param>
/// <param name="Segments">Closed since it was attached.</param>
/// <param name="UnitsLost">Came from the camera and are not on the disk: overflow, or while the disk refused.</param>
/// <param name="Newest">End of the newest fragment that the operating system has; null before the first.</param>
/// <param name="LastError">The last fault of the disk, with its time; null if there was none.</param>
public sealed record RecorderStatus(
    string Camera,
    StreamKind Stream,
    RecorderState State,
    WallTime Since,
    string Reason,
    long Bytes,
    long Segments,
    long UnitsLost,
    WallTime? Newest,
    string? LastError);

/// <summary>A snapshot of the archive as a whole.</summary>
/// <param name="StoreFault">Why the index can't be written just now; null when it can. Recording goes on.</param>
/// <param name="PendingRows">Segments and gaps that wait for the index.</param>
/// <param name="UnpublishedSegments">Closed segments that couldn't be synced and renamed yet; tried again.</param>
public sealed record ArchiveStatus(string? StoreFault, int PendingRows, int UnpublishedSegments, IReadOnlyList<RecorderStatus> Recorders);
