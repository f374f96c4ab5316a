using Atalaya.Media.Rtp;

namespace Atalaya.Media.Audio;

/// <summary>G.711 (RFC 3551 4.5.14) and linear PCM of 16 bits, big endian (4.5.11): a packet is an access unit.</summary>
public sealed class PcmDepacketizer : Depacketizer
{
    readonly UnitBuffer _buffer;
    readonly AudioFormat _format;
    readonly int _frameBytes;   // one sample of each channel
    AudioClock _clock;
    bool _afterLoss;

    /// <param name="codec"><see cref="Codec.PcmMuLaw"/>, <see cref="Codec.PcmALaw"/> or <see cref="Codec.L16"/>.</param>
    /// <param name="sampleRate">Hz, also of the RTP timestamps.</param>
    public PcmDepacketizer(BlockPool pool, Codec codec, int sampleRate, int channels)
    {
        string codecString = codec switch
        {
            Codec.PcmMuLaw => "ulaw",
            Codec.PcmALaw => "alaw",
            Codec.L16 => "twos",
            _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "This codec is no PCM."),
        };
        ArgumentOutOfRangeException.ThrowIfLessThan(sampleRate, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        _buffer = new(pool, blockBytes: 8 << 10);
        _frameBytes = channels * (codec == Codec.L16 ? 2 : 1);
        Format = _format = new(codec, default, codecString, sampleRate, channels);
    }

    public override void Push(in RtpPacket packet, in PacketTimes times)
    {
        int samples = packet.Payload.Length / _frameBytes;
        if (samples * _frameBytes != packet.Payload.Length)
            Malformed++;
        if (samples == 0 || !_buffer.TryAppend(packet.Payload[..(samples * _frameBytes)]))
            return;
        var (block, data) = _buffer.Take();
        var duration = MediaTime.FromScale(samples, _format.SampleRate);
        var at = _clock.Next(times.Media, duration);
        Emit(new(_format, data, block)
        {
            Presentation = at,
            Decode = at,
            Duration = duration,
            IsKey = true,
            AfterLoss = _afterLoss,
            Arrival = times.Arrival,
            Wall = times.Wall,
        });
        _afterLoss = false;
    }

    public override void Lost(int packets) => _afterLoss = true;

    public override void Dispose()
    {
        base.Dispose();
        _buffer.Dispose();
        GC.SuppressFinalize(this);
    }
}
