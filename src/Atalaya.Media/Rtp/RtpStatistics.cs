namespace Atalaya.Media.Rtp;

/// <summary>Counts of one track since the run began; a snapshot.</summary>
/// <param name="Packets">Handed to the depacketizer.</param>
/// <param name="Bytes">Of those packets, header included.</param>
/// <param name="Lost">Missing when the packets after them had to go on.</param>
/// <param name="Reordered">Came late and could still be put into place.</param>
/// <param name="Late">Came twice, or after they had been given up.</param>
/// <param name="Malformed">No RTP or RTCP, or payloads that made no sense.</param>
/// <param name="Foreign">Of another payload type or synchronisation source.</param>
/// <param name="UnitsDropped">Access units that the depacketizer gave up.</param>
/// <param name="Jitter">Interarrival jitter, RFC 3550 A.8.</param>
/// <param name="Report">The last sender report; null before the first.</param>
/// <param name="DriftPpm">How much faster the camera's media clock runs than the node's, in millionths, from sender reports at least 10 s apart; null before.</param>
public sealed record RtpStatistics(
    long Packets, long Bytes, long Lost, long Reordered, long Late, long Malformed, long Foreign, long UnitsDropped,
    TimeSpan Jitter, SenderReport? Report, double? DriftPpm);

/// <summary>Where a camera's RTP clock stood on its wall clock (RFC 3550 6.4.1).</summary>
/// <param name="Media">The report's RTP timestamp on the session's media clock.</param>
/// <param name="CameraWall">The camera's clock: as right as the camera's.</param>
/// <param name="NodeWall">The node's clock when the report came.</param>
public readonly record struct SenderReport(MediaTime Media, WallTime CameraWall, WallTime NodeWall)
{
    /// <summary>How far the camera's clock is ahead of the node's, the way's delay included.</summary>
    public TimeSpan CameraAhead => CameraWall - NodeWall;
}
