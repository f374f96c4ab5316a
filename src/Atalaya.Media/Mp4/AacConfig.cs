namespace Atalaya.Media.Mp4;

/// <summary>What an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) says that a file needs to know. Zero where it says nothing.</summary>
/// <param name="SampleRate">Hz, of the output where spectral band replication is signalled.</param>
/// <param name="CoreRate">Hz, of the core coder.</param>
/// <param name="FrameSamples">Of one access unit at the core's rate: 1024, or 960 by frameLengthFlag.</param>
readonly record struct AacConfig(int SampleRate, int CoreRate, int Channels, int FrameSamples)
{
    static ReadOnlySpan<int> Rates => [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    public static AacConfig Parse(ReadOnlySpan<byte> config)
    {
        // Two object types, two explicit rates and a flag fit in the first ten bytes.
        UInt128 bits = 0;
        for (int i = 0; i < 16; i++)
            bits = (bits << 8) | (i < config.Length ? config[i] : 0u);
        int at = 0;
        int type = ObjectType();
        int core = Rate();
        int channels = Take(4);
        int output = core;
        if (type is 5 or 29)
        {
            output = Rate();
            type = ObjectType();
        }

        int samples = type is 1 or 2 or 3 or 4 && Take(1) == 1 ? 960 : 1024;
        return new(output, core, channels == 7 ? 8 : channels <= 6 ? channels : 0, samples);

        int ObjectType() => Take(5) is var t && t == 31 ? 32 + Take(6) : t;
        int Rate() => Take(4) is var index && index == 15 ? Take(24) : index < Rates.Length ? Rates[index] : 0;

        int Take(int count)
        {
            at += count;
            return (int)((bits << (at - count)) >> (128 - count));
        }
    }
}

static class AudioSamples
{
    /// <summary>
    /// Samples of each channel that the <paramref name="bytes"/> of one access unit hold, at the format's own rate: of AAC twice the
    /// core's when that rate is twice the core's.
    /// </summary>
    public static int Count(AudioFormat audio, int bytes)
    {
        int channels = Math.Max(1, audio.Channels);
        if (audio.Codec != Codec.Aac)
            return audio.Codec == Codec.L16 ? bytes / (2 * channels) : bytes / channels;
        var config = AacConfig.Parse(audio.Configuration.Span);
        return config.CoreRate > 0 && audio.SampleRate == 2 * config.CoreRate ? 2 * config.FrameSamples : config.FrameSamples;
    }
}
