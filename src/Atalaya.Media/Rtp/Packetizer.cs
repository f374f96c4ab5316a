using Atalaya.Media.Sdp;

namespace Atalaya.Media.Rtp;

/// <summary>One payload that a packetizer wrote.</summary>
/// <param name="Length">Bytes written.</param>
/// <param name="Marker">The RTP marker bit: the last packet of a picture, or of an AAC frame.</param>
/// <param name="TimestampOffset">To add to the unit's RTP timestamp, in units of the clock rate: not zero only where one unit of samples fills several packets.</param>
public readonly record struct RtpPayload(int Length, bool Marker, uint TimestampOffset);

/// <summary>
/// Access units in, RTP payloads out: what a camera does. Copies each byte once, into the caller's packet; allocates nothing per packet.
/// </summary>
/// <remarks>Not thread-safe. Usage: <c>Begin(unit)</c>, then <c>TryWrite</c> until it returns false.</remarks>
public abstract class Packetizer(TrackFormat format, int maxPayloadBytes)
{
    /// <summary>Fits an Ethernet frame with room for a VPN's headers (bytes).</summary>
    public const int DefaultMaxPayloadBytes = 1400;

    /// <summary>Below this the headers of fragments and aggregates don't fit sensibly (bytes).</summary>
    public const int MinMaxPayloadBytes = 64;

    public TrackFormat Format { get; } = format;

    /// <summary>Of one RTP payload, without the RTP header; the buffer given to <see cref="TryWrite"/> must hold it.</summary>
    public int MaxPayloadBytes { get; } =
        maxPayloadBytes is >= MinMaxPayloadBytes and <= 65_000
            ? maxPayloadBytes
            : throw new ArgumentOutOfRangeException(nameof(maxPayloadBytes), maxPayloadBytes, $"An RTP payload is {MinMaxPayloadBytes} to 65000 bytes.");

    public SdpMediaKind Kind => Format is VideoFormat ? SdpMediaKind.Video : SdpMediaKind.Audio;

    /// <summary>Hz of the RTP timestamps.</summary>
    public abstract int ClockRate { get; }

    /// <summary>What follows the payload type in <c>a=rtpmap</c>: <c>H264/90000</c>.</summary>
    public abstract string Rtpmap { get; }

    /// <summary>What follows the payload type in <c>a=fmtp</c>; null if there is nothing to say.</summary>
    public abstract string? Fmtp { get; }

    /// <summary>The payload type that RFC 3551 fixes for this format, or null: choose one of 96 to 127.</summary>
    public virtual int? StaticPayloadType => null;

    /// <summary>Starts a unit; what was left of the one before is forgotten.</summary>
    /// <param name="data">As <see cref="AccessUnit.Data"/>: length-prefixed NAL units, an AAC frame, or samples. Must stay unchanged until the last TryWrite.</param>
    /// <param name="withParameterSets">Video: send the parameter sets of <see cref="Format"/> ahead of it, as cameras do with key frames.</param>
    public abstract void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false);

    public void Begin(AccessUnit unit) => Begin(unit.Data, withParameterSets: unit.IsVideo && unit.IsKey);

    /// <summary>Writes the next payload into <paramref name="to"/>, at least <see cref="MaxPayloadBytes"/> long; false when the unit is done.</summary>
    public abstract bool TryWrite(Span<byte> to, out RtpPayload payload);
}
