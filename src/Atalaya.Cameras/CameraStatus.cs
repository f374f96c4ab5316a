using System.Collections.Immutable;
using Atalaya.Media;

namespace Atalaya.Cameras;

public enum CameraState
{
    /// <summary>A connection is being made, or the next attempt is near.</summary>
    Connecting,

    /// <summary>Pictures come.</summary>
    Running,

    /// <summary>Pictures come, but some are lost; or one of two streams doesn't run.</summary>
    Degraded,

    /// <summary>No answer, or none that lasted.</summary>
    Unreachable,

    /// <summary>It answers and refuses the user name or password.</summary>
    Unauthorised,

    /// <summary>It answers, but not with what the configuration says: another attempt won't help.</summary>
    Misconfigured,

    /// <summary>Switched off in the configuration.</summary>
    Disabled,
}

/// <param name="Reason">One sentence that a technician understands; empty when there is nothing to say.</param>
/// <param name="Since">When the state began.</param>
/// <param name="Attempt">Connections tried since the last good run.</param>
public sealed record CameraStatus(CameraState State, string Reason, WallTime Since, int Attempt, ImmutableArray<StreamStatus> Streams);

/// <param name="Format">Of the video; null before the first key frame.</param>
/// <param name="FramesPerSecond">Over the last five seconds.</param>
/// <param name="BitsPerSecond">Of payload, over the last five seconds.</param>
/// <param name="LastUnit">When the newest access unit came; null if none came yet.</param>
/// <param name="NextAttempt">When the next connection is tried; null while connected.</param>
/// <param name="ClockDrift">Parts per million by which the camera's clock runs faster than the node's; null before two sender reports.</param>
public sealed record StreamStatus(
    StreamKind Stream,
    CameraState State,
    string Reason,
    WallTime Since,
    int Attempt,
    VideoFormat? Format,
    AudioFormat? Audio,
    double FramesPerSecond,
    double BitsPerSecond,
    StreamTotals Totals,
    WallTime? LastUnit,
    WallTime? NextAttempt,
    double? ClockDrift);

/// <summary>Counts since the node started, over all sessions of one stream.</summary>
public readonly record struct StreamTotals(long Units, long Bytes, long PacketsReceived, long PacketsLost, long Malformed, long Sessions);
