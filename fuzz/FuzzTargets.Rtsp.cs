using Atalaya.Media.Rtsp;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void Url(ReadOnlySpan<byte> input)
    {
        if (RtspUrl.TryParse(input, out var url))
            _ = url.ToString();
    }

    static IEnumerable<byte[]> UrlSeeds() =>
    [
        "rtsp://10.0.0.5/stream"u8.ToArray(), "rtsp://user:p%40ss@[2001:db8::1]:8554/a/b?c=d&password=e"u8.ToArray(), "rtsps://cam.example:322/"u8.ToArray(),
    ];

    public static void RtpPacket(ReadOnlySpan<byte> input)
    {
        if (Media.Rtp.RtpPacket.TryParse(input, out var packet, out _))
            _ = packet.Payload.Length + packet.Sequence;
    }

    static IEnumerable<byte[]> RtpPacketSeeds() =>
    [
        [0x80, 0xE0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0x65, 1, 2, 3],
        [0xB1, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 0x65, 1, 2, 2],
    ];
}
