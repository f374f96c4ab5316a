using System.Collections.Immutable;

namespace Atalaya.Media.Sdp;

public enum SdpMediaKind
{
    Video,
    Audio,
    /// <summary>For instance ONVIF metadata.</summary>
    Application,
    Other,
}

/// <summary>One <c>m=</c> section of a session description (RFC 8866), reduced to what a receiver needs.</summary>
/// <param name="Encoding">Of <c>a=rtpmap</c>, upper case (<c>H264</c>, <c>MPEG4-GENERIC</c>); for static payload types without a map, the name of RFC 3551.</param>
/// <param name="ClockRate">Hz.</param>
/// <param name="Channels">Audio: at least 1.</param>
/// <param name="Parameters">Of <c>a=fmtp</c>, keys lower case, values trimmed.</param>
/// <param name="Control">Of <c>a=control</c>, as written: absolute, relative, <c>*</c>, or null if there is none.</param>
public sealed record SdpMedia(
    SdpMediaKind Kind,
    int PayloadType,
    string Encoding,
    int ClockRate,
    int Channels,
    ImmutableDictionary<string, string> Parameters,
    string? Control)
{
    public SdpDirection Direction { get; init; } = SdpDirection.ReceiveOnly;

    /// <summary>Of <c>a=framerate</c>, pictures per second; null if absent or absurd.</summary>
    public double? FrameRate { get; init; }

    /// <summary>Of the <c>m=</c> line, upper case: <c>RTP/AVP</c>, <c>RTP/SAVP</c> …</summary>
    public string Protocol { get; init; } = "RTP/AVP";
}

/// <summary>Seen from the client, as ONVIF has it: <see cref="SendOnly"/> is a loudspeaker's back channel.</summary>
public enum SdpDirection
{
    ReceiveOnly,
    SendReceive,
    SendOnly,
    Inactive,
}
