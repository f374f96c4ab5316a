using System.Text;
using Atalaya.Media;
using Atalaya.Media.Rtp;
using Atalaya.Media.Rtsp;
using Atalaya.Media.Sdp;

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

    [Seeds("rtsp", "*.txt")]
    public static void Message(ReadOnlySpan<byte> input)
    {
        if (RtspMessage.Parse(input, out var message, out int consumed, out _) != RtspParse.Complete)
            return;
        if (consumed <= 0 || consumed > input.Length)
            throw new InvalidOperationException($"{consumed} bytes of {input.Length} used.");
        _ = message!.CSeq;
        foreach (var (_, value) in message.Headers)
        {
            _ = RtspTransportReply.TryParse(value, out _);
            _ = RtspSessionHeader.TryParse(value, out _);
            AuthChallenge.Parse(value);
            RtpInfo.For(RtpInfo.Parse(value), message.Uri, null, onlyTrack: true);
        }
    }

    static IEnumerable<byte[]> MessageSeeds() =>
    [
        "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth,auth-int\", algorithm=SHA-256, Basic realm=\"c\"\r\n\r\n"u8.ToArray(),
        "GET_PARAMETER rtsp://h/ RTSP/1.0\nCSeq: 1\nContent-Length: 2\n\nab"u8.ToArray(),
    ];

    [Seeds("rtsp", "*describe*.txt")]
    [Seeds("rtsp", "*_sdp.txt")]
    public static void Description(ReadOnlySpan<byte> input)
    {
        if (!SessionDescription.TryParse(input, out var description, out _))
            return;
        foreach (var media in description.Media)
            ControlUrl.Join("rtsp://h/s", media.Control);
    }

    public static void Challenge(ReadOnlySpan<byte> input)
    {
        var authenticator = new RtspAuthenticator("user", "password");
        if (authenticator.Adopt(AuthChallenge.Parse(Encoding.UTF8.GetString(input))))
            authenticator.Authorize("DESCRIBE", "rtsp://h/", input);
    }

    static IEnumerable<byte[]> ChallengeSeeds() =>
    [
        "Digest realm=\"a\", nonce=\"b\", qop=\"auth,auth-int\", algorithm=MD5-sess, opaque=\"\\\"\", stale=true"u8.ToArray(), "Basic realm=x, Digest nonce=y"u8.ToArray(),
    ];

    public static void Transport(ReadOnlySpan<byte> input) => _ = RtspTransportReply.TryParse(Encoding.UTF8.GetString(input), out _);

    static IEnumerable<byte[]> TransportSeeds() =>
    [
        "RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=4cacc3d1"u8.ToArray(), "RTP/AVP;unicast;client_port=1-2;server_port=6970-6971;source=::1"u8.ToArray(),
    ];

    public static void Info(ReadOnlySpan<byte> input) => RtpInfo.For(RtpInfo.Parse(Encoding.UTF8.GetString(input)), "rtsp://h/trackID=1", "trackID=1", onlyTrack: false);

    static IEnumerable<byte[]> InfoSeeds() => ["url=rtsp://h/trackID=1;seq=1;rtptime=2, url=trackID=2;seq=3"u8.ToArray()];

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

    /// <summary>Packets of any order and content, each behind its length in two bytes; odd lengths are RTCP.</summary>
    public static void Receiver(ReadOnlySpan<byte> input)
    {
        using var receiver = new RtpReceiver(new Swallow(), 96, 90_000, new MediaClock(), reorder: true, infoTime: 7);
        long now = 0;
        while (input.Length >= 2)
        {
            int length = Math.Min((input[0] << 8 | input[1]) & 0x3FF, input.Length - 2);
            var packet = input.Slice(2, length);
            now += 1_000_000L * (length % 50);
            if (length % 2 == 0)
                receiver.Push(packet, new(now), new(now / 1000));
            else
                receiver.PushRtcp(packet, new(now), new(now / 1000));
            input = input[(2 + length)..];
        }

        receiver.GiveUpAged(new(now + 1_000_000_000));
        Span<byte> report = stackalloc byte[RtcpPacket.ReceiverReportBytes];
        receiver.TryWriteReport(report, 1, "12345678"u8, new(now));
        _ = receiver.Statistics;
    }

    static IEnumerable<byte[]> ReceiverSeeds()
    {
        var packets = new List<byte>();
        foreach (int sequence in (int[])[65534, 0, 65535, 1, 1, 5, 2, 4, 3, 300, 301])
            packets.AddRange([0, 14, 0x80, 96, (byte)(sequence >> 8), (byte)sequence, 0, 0, (byte)sequence, 0, 0, 0, 0, 3, 1, 2]);
        yield return [.. packets];
        yield return [0, 14, 0x80, 96, 0, 1, 0, 0, 0, 7, 0, 0, 0, 3, 1, 2, 0, 29, 0x80, 200, 0, 6, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0];
    }

    public static void Rtcp(ReadOnlySpan<byte> input)
    {
        while (RtcpPacket.TryRead(ref input, out var packet, out _))
        {
            if (packet.TryReadSenderReport(out ulong ntp, out _))
                _ = RtcpPacket.FromNtp(ntp)?.ToString();
            packet.SaysGoodbye(packet.Ssrc);
        }
    }

    static IEnumerable<byte[]> RtcpSeeds() =>
    [
        [0x80, 200, 0, 6, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 3],
        [0x81, 202, 0, 2, 0, 0, 0, 3, 1, 1, 65, 0],
    ];

    /// <summary>Takes every packet and checks what it was promised.</summary>
    sealed class Swallow : Depacketizer
    {
        MediaTime _last;

        public override void Push(in Media.Rtp.RtpPacket packet, in PacketTimes times)
        {
            if (times.Media < MediaTime.Zero || _last - times.Media > MediaTime.FromSeconds(2.1))
                throw new InvalidOperationException($"A packet at {times.Media} after {_last}.");
            if (times.Media > _last)
                _last = times.Media;
        }

        public override void Lost(int packets) => ArgumentOutOfRangeException.ThrowIfLessThan(packets, 1);
    }
}
