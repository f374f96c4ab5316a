using System.Buffers.Binary;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>What a receiver last reported of one of our sources (RFC 3550 6.4.1).</summary>
/// <param name="FractionLost">0 to 1, since its report before.</param>
/// <param name="Lost">Packets, in all.</param>
/// <param name="Jitter">In units of the RTP clock.</param>
public readonly record struct ReceptionReport(uint Source, double FractionLost, int Lost, uint HighestSequence, uint Jitter);

/// <summary>RTCP as a sender needs it.</summary>
static class Rtcp
{
    const byte SenderReport = 200, ReceiverReport = 201, Description = 202, Bye = 203;
    const long NtpEpochSeconds = 2_208_988_800;     // from 1900 to 1970

    public const int ReportBytes = 28 + 20, ByeBytes = 8 + 8;

    /// <summary>A sender report with the source description that must go with it.</summary>
    public static int WriteReport(Span<byte> to, uint source, WallTime now, uint rtpNow, uint packets, uint octets)
    {
        to = to[..ReportBytes];
        to.Clear();
        Head(to, 0x80, SenderReport, 28);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], source);
        var (seconds, micros) = Math.DivRem(now.Microseconds, 1_000_000);
        BinaryPrimitives.WriteUInt32BigEndian(to[8..], unchecked((uint)(seconds + NtpEpochSeconds)));
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], (uint)(((ulong)micros << 32) / 1_000_000));
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], rtpNow);
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], packets);
        BinaryPrimitives.WriteUInt32BigEndian(to[24..], octets);
        var sdes = to[28..];
        Head(sdes, 0x81, Description, 20);
        BinaryPrimitives.WriteUInt32BigEndian(sdes[4..], source);
        sdes[8] = 1;    // CNAME
        sdes[9] = 7;
        "atalaya"u8.CopyTo(sdes[10..]);
        return ReportBytes;
    }

    /// <summary>The end of a source, behind an empty receiver report: RTCP comes in compounds that begin with a report.</summary>
    public static int WriteBye(Span<byte> to, uint source)
    {
        Head(to, 0x80, ReceiverReport, 8);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], source);
        Head(to[8..], 0x81, Bye, 8);
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], source);
        return ByeBytes;
    }

    /// <summary>Receiver reports in a compound; what makes no sense ends the reading.</summary>
    public static void ReadReports(ReadOnlySpan<byte> bytes, Action<ReceptionReport> found)
    {
        while (bytes.Length >= 4 && bytes[0] >> 6 == 2)
        {
            int length = 4 * (BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) + 1);
            if (length > bytes.Length)
                return;
            int blocks = bytes[1] switch { ReceiverReport => 8, SenderReport => 28, _ => length };
            for (int left = bytes[0] & 31; left > 0 && blocks + 24 <= length; left--, blocks += 24)
            {
                var block = bytes[blocks..];
                int lost = (block[5] << 16 | block[6] << 8 | block[7]) << 8 >> 8;   // 24 bits, signed
                found(new(
                    BinaryPrimitives.ReadUInt32BigEndian(block), block[4] / 256.0, lost, BinaryPrimitives.ReadUInt32BigEndian(block[8..]),
                    BinaryPrimitives.ReadUInt32BigEndian(block[12..])));
            }

            bytes = bytes[length..];
        }
    }

    static void Head(Span<byte> to, byte first, byte type, int bytes)
    {
        to[0] = first;
        to[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)((bytes / 4) - 1));
    }
}
