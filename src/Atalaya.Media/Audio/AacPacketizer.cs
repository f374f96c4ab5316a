using System.Buffers.Binary;
using Atalaya.Media.Rtp;

namespace Atalaya.Media.Audio;

/// <summary>AAC into RTP payloads, RFC 3640 mode AAC-hbr: a frame a packet, or in several where it doesn't fit.</summary>
public sealed class AacPacketizer(AudioFormat format, int maxPayloadBytes = Packetizer.DefaultMaxPayloadBytes) : Packetizer(format, maxPayloadBytes)
{
    const int HeaderBytes = 4, MaxFrameBytes = (1 << 13) - 1;

    ReadOnlyMemory<byte> _rest;
    int _size;

    public override int ClockRate => format.SampleRate;
    public override string Rtpmap => $"mpeg4-generic/{format.SampleRate}{(format.Channels > 1 ? $"/{format.Channels}" : "")}";

    public override string Fmtp =>
        $"streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config={Convert.ToHexString(format.Configuration.Span)}";

    /// <exception cref="ArgumentException">The frame is larger than the mode allows.</exception>
    public override void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false)
    {
        if (data.Length > MaxFrameBytes)
            throw new ArgumentException($"An AAC frame of {data.Length} bytes is larger than AAC-hbr allows, {MaxFrameBytes}.", nameof(data));
        _rest = data;
        _size = data.Length;
    }

    public override bool TryWrite(Span<byte> to, out RtpPayload payload)
    {
        payload = default;
        if (_rest.IsEmpty)
            return false;
        int take = Math.Min(_rest.Length, MaxPayloadBytes - HeaderBytes);
        BinaryPrimitives.WriteUInt16BigEndian(to, 16);                          // AU-headers-length, bits
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)(_size << 3));   // AU-size, AU-Index 0
        _rest.Span[..take].CopyTo(to[HeaderBytes..]);
        _rest = _rest[take..];
        payload = new(HeaderBytes + take, Marker: _rest.IsEmpty, 0);
        return true;
    }
}
