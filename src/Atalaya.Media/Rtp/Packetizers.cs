using Atalaya.Media.Audio;
using Atalaya.Media.H264;
using Atalaya.Media.H265;

namespace Atalaya.Media.Rtp;

public static class Packetizers
{
    /// <exception cref="NotSupportedException">The format's configuration can't be read.</exception>
    public static Packetizer Create(TrackFormat format, int maxPayloadBytes = Packetizer.DefaultMaxPayloadBytes) => format switch
    {
        VideoFormat { Codec: Codec.H264 } video => new H264Packetizer(video, maxPayloadBytes),
        VideoFormat { Codec: Codec.H265 } video => new H265Packetizer(video, maxPayloadBytes),
        AudioFormat { Codec: Codec.Aac } audio => new AacPacketizer(audio, maxPayloadBytes),
        AudioFormat audio => new PcmPacketizer(audio, maxPayloadBytes),
        _ => throw new NotSupportedException($"{format.Codec} has no RTP packetizer."),
    };
}
