using Atalaya.Simulation;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void RtspRequest(ReadOnlySpan<byte> input)
    {
        while (Simulation.RtspRequest.TryRead(input, out _, out int consumed, out _) != RequestRead.NeedMore || consumed > 0)
        {
            if (consumed == 0)
                throw new InvalidOperationException("A request was read, or refused, and nothing of it consumed: the server would never move on.");
            input = input[consumed..];
        }
    }

    static IEnumerable<byte[]> RtspRequestSeeds() =>
    [
        "DESCRIBE rtsp://10.0.0.5:554/cam RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Digest username=\"a\", realm=\"b\"\r\n folded\r\n\r\n"u8.ToArray(),
        "SET_PARAMETER * RTSP/1.0\nCSeq: 3\nContent-Length: 5\n\na: b\n\r\n$\0\0\u0002xxOPTIONS * RTSP/1.0\r\nCSeq: 4\r\n\r\n"u8.ToArray(),
    ];

    public static void FaultPlan(ReadOnlySpan<byte> input) => _ = ScheduledFault.TryParse(System.Text.Encoding.UTF8.GetString(input), out _, out _);

    static IEnumerable<byte[]> FaultPlanSeeds() => ["camera/3=stall:10s@30s"u8.ToArray(), "gate=drop:5%@1m+20s"u8.ToArray(), "a=switch:x.mp4"u8.ToArray()];
}
