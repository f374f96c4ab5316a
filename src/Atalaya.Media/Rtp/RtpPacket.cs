using System.Buffers.Binary;

namespace Atalaya.Media.Rtp;

/// <summary>Why bytes are no RTP packet. Counted, never logged one by one.</summary>
public enum RtpFault
{
    None,
    TooShort,
    WrongVersion,
    HeaderBeyondEnd,
    PaddingBeyondPayload,
}

/// <summary>One RTP packet (RFC 3550 5.1), validated once, over the socket's buffer: valid only until the next read.</summary>
public readonly ref struct RtpPacket
{
    RtpPacket(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        _header = header;
        Payload = payload;
    }

    readonly ReadOnlySpan<byte> _header;

    public bool Marker => (_header[1] & 0x80) != 0;
    public int PayloadType => _header[1] & 0x7F;
    public ushort Sequence => BinaryPrimitives.ReadUInt16BigEndian(_header[2..]);
    public uint Timestamp => BinaryPrimitives.ReadUInt32BigEndian(_header[4..]);
    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_header[8..]);

    /// <summary>Without CSRC list, header extension and padding; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out RtpPacket packet, out RtpFault fault)
    {
        packet = default;
        fault = RtpFault.None;
        if (bytes.Length < 12)
        {
            fault = RtpFault.TooShort;
            return false;
        }

        if (bytes[0] >> 6 != 2)
        {
            fault = RtpFault.WrongVersion;
            return false;
        }

        int header = 12 + (4 * (bytes[0] & 15));
        if ((bytes[0] & 0x10) != 0)
        {
            if (bytes.Length < header + 4)
            {
                fault = RtpFault.HeaderBeyondEnd;
                return false;
            }

            header += 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(bytes[(header + 2)..]));
        }

        if (bytes.Length < header)
        {
            fault = RtpFault.HeaderBeyondEnd;
            return false;
        }

        int end = bytes.Length;
        if ((bytes[0] & 0x20) != 0)
        {
            int padding = bytes[^1];
            if (padding == 0 || padding > end - header)
            {
                fault = RtpFault.PaddingBeyondPayload;
                return false;
            }

            end -= padding;
        }

        packet = new(bytes[..12], bytes[header..end]);
        return true;
    }
}

/// <summary>Where a packet stands on the three clocks.</summary>
/// <param name="Media">Its RTP timestamp, unwrapped, on the session's media clock: a presentation time.</param>
/// <param name="Arrival">Monotonic.</param>
/// <param name="Wall">The node's clock at arrival.</param>
public readonly record struct PacketTimes(MediaTime Media, MonotonicTime Arrival, WallTime Wall);
