using Atalaya.Media.Rtp;

namespace Atalaya.Media.H265;

public sealed class H265Packetizer(VideoFormat format, int maxPayloadBytes = Packetizer.DefaultMaxPayloadBytes) : Packetizer(format, maxPayloadBytes)
{
    public override int ClockRate => 90_000;
    public override string Rtpmap => "H265/90000";
    public override string? Fmtp => null;
    public override void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false) => throw new NotSupportedException();
    public override bool TryWrite(Span<byte> to, out RtpPayload payload) => throw new NotSupportedException();
}
