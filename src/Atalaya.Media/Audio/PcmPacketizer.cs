using Atalaya.Media.Rtp;

namespace Atalaya.Media.Audio;

public sealed class PcmPacketizer(AudioFormat format, int maxPayloadBytes = Packetizer.DefaultMaxPayloadBytes) : Packetizer(format, maxPayloadBytes)
{
    public override int ClockRate => format.SampleRate;
    public override string Rtpmap => $"L16/{format.SampleRate}/{format.Channels}";
    public override string? Fmtp => null;
    public override void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false) => throw new NotSupportedException();
    public override bool TryWrite(Span<byte> to, out RtpPayload payload) => throw new NotSupportedException();
}
