using System.Buffers.Binary;

namespace Atalaya.Media.Rtp;

public enum RtcpType
{
    SenderReport = 200,
    ReceiverReport = 201,
    SourceDescription = 202,
    Bye = 203,
    Application = 204,
}

/// <summary>One packet of a compound (RFC 3550 6.1), over the socket's buffer: valid only until the next read.</summary>
public readonly ref struct RtcpPacket
{
    RtcpPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    readonly ReadOnlySpan<byte> _bytes;

    public int Type => _bytes[1];

    /// <summary>Report blocks, or sources.</summary>
    public int Count => _bytes[0] & 31;

    /// <summary>Of the sender of a report, or the first that says goodbye; 0 if there is none.</summary>
    public uint Ssrc => _bytes.Length >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]) : 0;

    /// <summary>Takes the next packet off <paramref name="compound"/>. False at its end, or where it stops making sense.</summary>
    /// <param name="valid">False only where it stopped making sense.</param>
    public static bool TryRead(ref ReadOnlySpan<byte> compound, out RtcpPacket packet, out bool valid)
    {
        packet = default;
        valid = compound.Length == 0;
        if (compound.Length < 4 || compound[0] >> 6 != 2)
            return false;
        int length = 4 * (1 + BinaryPrimitives.ReadUInt16BigEndian(compound[2..]));
        if (length > compound.Length)
            return false;
        valid = true;
        packet = new(compound[..length]);
        compound = compound[length..];
        return true;
    }

    /// <summary>The NTP and RTP timestamps of a sender report.</summary>
    public bool TryReadSenderReport(out ulong ntp, out uint rtpTime)
    {
        ntp = 0;
        rtpTime = 0;
        if (Type != (int)RtcpType.SenderReport || _bytes.Length < 28)
            return false;
        ntp = BinaryPrimitives.ReadUInt64BigEndian(_bytes[8..]);
        rtpTime = BinaryPrimitives.ReadUInt32BigEndian(_bytes[16..]);
        return true;
    }

    public bool SaysGoodbye(uint ssrc)
    {
        if (Type != (int)RtcpType.Bye)
            return false;
        for (int i = 0; i < Count && 8 + (4 * i) <= _bytes.Length; i++)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(_bytes[(4 + (4 * i))..]) == ssrc)
                return true;
        }

        return false;
    }

    /// <summary>
    /// Wall time of a 64 bit NTP timestamp; null for zero, which means "no clock". The era is chosen so that the result lies
    /// between 1968 and 2104.
    /// </summary>
    public static WallTime? FromNtp(ulong ntp)
    {
        const long From1900To1970 = 2_208_988_800, Era = 1L << 32;
        if (ntp == 0)
            return null;
        long seconds = (long)(ntp >> 32);
        if (seconds < 1L << 31)
            seconds += Era;
        long micros = (long)(((ntp & uint.MaxValue) * 1_000_000) >> 32);
        return new(((seconds - From1900To1970) * 1_000_000) + micros);
    }

    /// <summary>A receiver report of one block and a source description, as RFC 3550 6.1 demands them together.</summary>
    /// <param name="to">At least <see cref="ReceiverReportBytes"/>.</param>
    internal static void WriteReceiverReport(
        Span<byte> to, uint own, ReadOnlySpan<byte> name, uint source, byte fractionLost, int cumulativeLost, uint highestSequence, uint jitter, uint lastReport, uint delay)
    {
        to[0] = 0x81;
        to[1] = (byte)RtcpType.ReceiverReport;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], 7);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], own);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], source);
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], ((uint)fractionLost << 24) | ((uint)Math.Clamp(cumulativeLost, -0x800000, 0x7FFFFF) & 0xFFFFFF));
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], highestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], jitter);
        BinaryPrimitives.WriteUInt32BigEndian(to[24..], lastReport);
        BinaryPrimitives.WriteUInt32BigEndian(to[28..], delay);

        var description = to[32..];
        description[0] = 0x81;
        description[1] = (byte)RtcpType.SourceDescription;
        BinaryPrimitives.WriteUInt16BigEndian(description[2..], 4);
        BinaryPrimitives.WriteUInt32BigEndian(description[4..], own);
        description[8] = 1;     // CNAME
        description[9] = NameBytes;
        name[..NameBytes].CopyTo(description[10..]);
        description[10 + NameBytes] = 0;
        description[11 + NameBytes] = 0;
    }

    /// <summary>Eight letters: a name for one session and nothing else (RFC 7022).</summary>
    internal const int NameBytes = 8;
    internal const int ReceiverReportBytes = 32 + 20;
}
