using Atalaya.Media.Rtp;

namespace Atalaya.Media.H264;

/// <summary>H.264 into RTP payloads, RFC 6184 packetization mode 1: single NAL units, FU-A, and STAP-A for the parameter sets.</summary>
public sealed class H264Packetizer : NalPacketizer
{
    /// <exception cref="NotSupportedException">The format's avcC can't be read.</exception>
    public H264Packetizer(VideoFormat format, int maxPayloadBytes = DefaultMaxPayloadBytes)
        : base(format, maxPayloadBytes, headerBytes: 1)
    {
        if (!H264ParameterSets.TryRead(format.Configuration.Span, out var sets, out string fault))
            throw new NotSupportedException($"The format's configuration can't be read: {fault}");
        ReadOnlyMemory<byte>[] nals = [.. sets.Sps, .. sets.Pps];
        string level = Convert.ToHexString(format.Configuration.Span.Slice(1, 3));
        Fmtp = $"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={string.Join(',', nals.Select(n => Convert.ToBase64String(n.Span)))}";
        Prepare(nals);
    }

    public override string Rtpmap => "H264/90000";
    public override string Fmtp { get; }

    private protected override void WriteAggregateHeader(Span<byte> to, IReadOnlyList<ReadOnlyMemory<byte>> nals) =>
        to[0] = (byte)(24 | nals.Max(n => n.Span[0] & 0x60));

    private protected override void WriteFragmentHeader(Span<byte> to, byte header0, byte header1, bool start, bool end)
    {
        to[0] = (byte)((header0 & 0xE0) | 28);
        to[1] = (byte)((start ? 0x80 : 0) | (end ? 0x40 : 0) | (header0 & 31));
    }
}
