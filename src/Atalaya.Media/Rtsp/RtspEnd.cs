namespace Atalaya.Media.Rtsp;

/// <summary>How a run ended. None of these is a bug: a supervisor starts the next run.</summary>
public enum RtspEndKind
{
    /// <summary>We were asked to stop.</summary>
    Stopped,

    /// <summary>The camera closed the connection, said goodbye (RTCP BYE), or asked us to leave.</summary>
    ClosedByCamera,

    /// <summary>No media for <see cref="RtspOptions.DataTimeout"/>.</summary>
    Timeout,

    /// <summary>The connection broke.</summary>
    NetworkError,

    /// <summary>The camera sent what is neither RTSP nor an interleaved frame.</summary>
    ProtocolError,

    /// <summary>The camera no longer knows the session (454), or no longer accepts the credentials.</summary>
    SessionLost,

    /// <summary>The camera's media clock jumped, or another source took over: what follows would overlap what was received or leave a false hole.</summary>
    ClockJumped,
}

/// <param name="Detail">One sentence for a technician.</param>
public sealed record RtspEnd(RtspEndKind Kind, string Detail);
