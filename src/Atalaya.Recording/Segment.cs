using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>Why a segment ended. Stored by name: add, never rename.</summary>
public enum SegmentEnd
{
    /// <summary>It was long enough; the next goes on where it ends.</summary>
    Rotated,

    /// <summary>The camera changed resolution, codec or tracks; the next goes on where it ends.</summary>
    FormatChanged,

    /// <summary>The camera or the network went away, or left out more than a moment.</summary>
    CameraLost,

    /// <summary>The node's clock was set forward; the media itself goes on.</summary>
    ClockSet,

    /// <summary>The disk couldn't keep up and units were lost.</summary>
    DiskTooSlow,

    /// <summary>A write or a sync failed.</summary>
    DiskFailed,

    /// <summary>Recording of this stream was switched off.</summary>
    Stopped,

    /// <summary>The node was stopped.</summary>
    Shutdown,

    /// <summary>The process ended without closing it; recovered at the next start up to its last whole fragment.</summary>
    Crash,
}

/// <summary>Why there is a stretch without recording. Stored by name: add, never rename.</summary>
public enum GapCause
{
    Camera,
    Network,

    /// <summary>The camera refuses the credentials.</summary>
    Unauthorised,
    Disk,

    /// <summary>Recording of this stream was switched off.</summary>
    Operator,
    Policy,

    /// <summary>The process ended without warning.</summary>
    Crash,

    /// <summary>The node was stopped.</summary>
    Shutdown,

    /// <summary>The node's clock was set forward: the stretch never was. Nothing is missing.</summary>
    Clock,
}

/// <summary>
/// One closed file of the archive. Start and end are whole milliseconds; segments of one stream never overlap, and within a run each starts
/// where the one before ends.
/// </summary>
/// <remarks>
/// Inside a segment wall time and media time are proportional: <c>wall = Start + (media − MediaStart) · (End − Start) / MediaDuration</c>.
/// The ratio is 1 within 0.5 %: the end is where the node's clock saw it, so that the camera's clock may drift for months.
/// </remarks>
/// <param name="Run">Stretch of continuous media and tfdt: the start of its first segment, in milliseconds since 1970.</param>
/// <param name="Sequence">Place in the run, from 0.</param>
/// <param name="Name"><see cref="SegmentName"/> as text.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="MediaStart">Decode time of its first unit of video (audio, if there is no video).</param>
/// <param name="InitBytes">Length of ftyp and moov.</param>
/// <param name="Codecs">RFC 6381, comma-separated, as the <c>codecs</c> parameter has it.</param>
/// <param name="Width">Pixels; zero without video.</param>
/// <param name="Frames">Units of video (audio, if there is no video).</param>
/// <param name="Sha256">Of the whole file, lower-case hex.</param>
/// <param name="Points">Where a decoder can start.</param>
public sealed record Segment(
    string Camera,
    StreamKind Stream,
    WallTime Start,
    WallTime End,
    long Run,
    int Sequence,
    string Name,
    long Bytes,
    MediaTime MediaStart,
    MediaTime MediaDuration,
    int InitBytes,
    string Codecs,
    int Width,
    int Height,
    int Frames,
    string Sha256,
    SegmentEnd EndReason,
    AccessPoints Points)
{
    /// <summary>Name of the volume that its file is on.</summary>
    public string Volume { get; init; } = Storage.VolumeConfig.DefaultName;

    public MediaTime MediaEnd => MediaStart + MediaDuration;

    /// <summary>Where a moment lies on the media clock; outside the segment the ratio is 1.</summary>
    public MediaTime ToMedia(WallTime at)
    {
        if (at <= Start)
            return MediaStart + MediaTime.From(at - Start);
        if (at >= End)
            return MediaEnd + MediaTime.From(at - End);
        return MediaStart + new MediaTime((long)((Int128)(at.Microseconds - Start.Microseconds) * MediaDuration.Ticks / (End.Microseconds - Start.Microseconds)));
    }

    /// <summary>When a moment of the media clock was; outside the segment the ratio is 1.</summary>
    public WallTime ToWall(MediaTime at)
    {
        if (at <= MediaStart)
            return Start + (at - MediaStart).ToTimeSpan();
        if (at >= MediaEnd)
            return End + (at - MediaEnd).ToTimeSpan();
        return new(Start.Microseconds + (long)((Int128)(at.Ticks - MediaStart.Ticks) * (End.Microseconds - Start.Microseconds) / MediaDuration.Ticks));
    }
}

/// <summary>A stretch of a stream's life with nothing recorded.</summary>
/// <param name="From">End of the segment before.</param>
/// <param name="To">Start of the next segment; null while it lasts.</param>
/// <param name="Detail">One sentence for a technician.</param>
public sealed record Gap(string Camera, StreamKind Stream, WallTime From, WallTime? To, GapCause Cause, string Detail);

/// <summary>A stretch of wall time; <see cref="To"/> is not part of it.</summary>
public readonly record struct WallSpan(WallTime From, WallTime To);

/// <summary>Gaps too short to be told one by one: how many of one cause there are in a stretch, and how much they lack together.</summary>
/// <param name="From">Start of the first.</param>
/// <param name="To">End of the last.</param>
public sealed record ShortGaps(WallTime From, WallTime To, GapCause Cause, int Count, TimeSpan Missing);

/// <summary>What of a stretch is recorded, and why the rest is not. Clipped to [From, To).</summary>
/// <param name="Recorded">Merged: a new span only after a gap. Up to the last written fragment of the open segment.</param>
/// <param name="Gaps">All, or those that are at least as long as the resolution asked for.</param>
/// <param name="ShortGaps">The others, counted; empty if none was asked for. Not clipped.</param>
/// <param name="Oldest">Start of the first segment there is; null if nothing was ever recorded.</param>
/// <param name="Newest">End of the last one, the open one included.</param>
public sealed record Timeline(
    WallTime From, WallTime To, IReadOnlyList<WallSpan> Recorded, IReadOnlyList<Gap> Gaps, IReadOnlyList<ShortGaps> ShortGaps, WallTime? Oldest, WallTime? Newest);

/// <summary>What the index alone knows of a stretch of a stream; gaps are not clipped.</summary>
sealed record IndexedTimeline(
    string Camera, StreamKind Stream, List<WallSpan> Recorded, List<Gap> Gaps, List<ShortGaps> ShortGaps, (WallTime Oldest, WallTime Newest)? Extent);
