using Atalaya.Media.Rtp;

namespace Atalaya.Media.Audio;

/// <summary>G.711 and L16 into RTP payloads (RFC 3551): as many samples a packet as fit.</summary>
public sealed class PcmPacketizer(AudioFormat format, int maxPayloadBytes = Packetizer.DefaultMaxPayloadBytes) : Packetizer(format, maxPayloadBytes)
{
    readonly int _frameBytes = format.Channels * (format.Codec == Codec.L16 ? 2 : 1);
    ReadOnlyMemory<byte> _rest;
    uint _sent;     // samples of this unit

    public override int ClockRate => format.SampleRate;

    public override string Rtpmap => $"{Name}/{format.SampleRate}{(format.Channels > 1 ? $"/{format.Channels}" : "")}";

    public override string? Fmtp => null;

    public override int? StaticPayloadType => (format.Codec, format.SampleRate, format.Channels) switch
    {
        (Codec.PcmMuLaw, 8000, 1) => 0,
        (Codec.PcmALaw, 8000, 1) => 8,
        (Codec.L16, 44_100, 2) => 10,
        (Codec.L16, 44_100, 1) => 11,
        _ => null,
    };

    string Name => format.Codec switch
    {
        Codec.PcmMuLaw => "PCMU",
        Codec.PcmALaw => "PCMA",
        Codec.L16 => "L16",
        _ => throw new NotSupportedException($"{format.Codec} is no PCM."),
    };

    public override void Begin(ReadOnlyMemory<byte> data, bool withParameterSets = false)
    {
        _rest = data;
        _sent = 0;
    }

    public override bool TryWrite(Span<byte> to, out RtpPayload payload)
    {
        payload = default;
        int samples = Math.Min(_rest.Length, MaxPayloadBytes) / _frameBytes;
        if (samples == 0)
            return false;
        int take = samples * _frameBytes;
        _rest.Span[..take].CopyTo(to);
        _rest = _rest[take..];
        payload = new(take, Marker: false, _sent);
        _sent += (uint)samples;
        return true;
    }
}
