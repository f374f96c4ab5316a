using Atalaya.Media.Rtp;

namespace Atalaya.Media.H265;

/// <summary>H.265 into RTP payloads, RFC 7798 without DONL: single NAL units, FU, and AP for the parameter sets.</summary>
public sealed class H265Packetizer : NalPacketizer
{
    /// <exception cref="NotSupportedException">The format's hvcC can't be read.</exception>
    public H265Packetizer(VideoFormat format, int maxPayloadBytes = DefaultMaxPayloadBytes)
        : base(format, maxPayloadBytes, headerBytes: 2)
    {
        if (!H265ParameterSets.TryRead(format.Configuration.Span, out var sets, out string fault))
            throw new NotSupportedException($"The format's configuration can't be read: {fault}");
        Fmtp = $"sprop-vps={List(sets.Vps)};sprop-sps={List(sets.Sps)};sprop-pps={List(sets.Pps)}";
        Prepare([.. sets.Vps, .. sets.Sps, .. sets.Pps]);

        static string List(IEnumerable<ReadOnlyMemory<byte>> nals) => string.Join(',', nals.Select(n => Convert.ToBase64String(n.Span)));
    }

    public override string Rtpmap => "H265/90000";
    public override string Fmtp { get; }

    /// <summary>Layer and temporal id are the lowest of those aggregated (4.4.2): for parameter sets of the base layer 0 and 1.</summary>
    private protected override void WriteAggregateHeader(Span<byte> to, IReadOnlyList<ReadOnlyMemory<byte>> nals)
    {
        to[0] = 48 << 1;
        to[1] = (byte)nals.Min(n => n.Span[1] & 7);
    }

    private protected override void WriteFragmentHeader(Span<byte> to, byte header0, byte header1, bool start, bool end)
    {
        to[0] = (byte)((header0 & 0x81) | (49 << 1));
        to[1] = header1;
        to[2] = (byte)((start ? 0x80 : 0) | (end ? 0x40 : 0) | ((header0 >> 1) & 63));
    }
}
