using System.Diagnostics.CodeAnalysis;
using Atalaya.Media.H264;

namespace Atalaya.Media.Audio;

/// <summary>AudioSpecificConfig of ISO/IEC 14496-3 1.6.2.1, for the AAC object types.</summary>
/// <param name="ObjectType">2: AAC-LC; 5 and 29: with spectral band replication on top.</param>
/// <param name="SampleRate">Of the core coder (Hz): with band replication half of what is heard.</param>
/// <param name="OutputRate">Of what is heard (Hz).</param>
/// <param name="Channels">1 to 8; with parametric stereo those of the core.</param>
/// <param name="FrameSamples">Per frame, at <paramref name="SampleRate"/>.</param>
public readonly record struct AudioSpecificConfig(int ObjectType, int SampleRate, int OutputRate, int Channels, int FrameSamples)
{
    static readonly int[] Rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350];

    /// <summary>The AAC format of a configuration, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> config, [NotNullWhen(true)] out AudioFormat? format, out string fault)
    {
        format = null;
        if (!TryParse(config.Span, out var parsed, out fault))
            return false;
        format = new(Codec.Aac, config, $"mp4a.40.{parsed.ObjectType}", parsed.SampleRate, parsed.Channels);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<byte> config, out AudioSpecificConfig parsed, out string fault)
    {
        parsed = default;
        var r = new BitReader(config, escaped: false);
        int type = ReadType(ref r), rate = ReadRate(ref r), channels = (int)r.Bits(4);
        int core = type, output = rate;
        if (type is 5 or 29)
        {
            output = ReadRate(ref r);
            core = ReadType(ref r);
        }

        if (r.Failed || config.Length > 64)
        {
            fault = $"An AudioSpecificConfig of {config.Length} bytes makes no sense.";
            return false;
        }

        if (core is not (1 or 2 or 3 or 4 or 17 or 19 or 23 or 39))
        {
            fault = $"Audio object type {core} is no AAC.";
            return false;
        }

        if (rate is < 7000 or > 96_000)
        {
            fault = $"AAC at {rate} Hz makes no sense.";
            return false;
        }

        bool shortFrame = r.Flag();
        int frame = core is 23 or 39 ? (shortFrame ? 480 : 512) : shortFrame ? 960 : 1024;
        if (channels == 0 && core != 39)
        {
            if (r.Flag())
                r.Bits(14);                 // coreCoderDelay
            r.Bits(1);
            channels = CountChannels(ref r);
        }
        else if (channels == 7)
        {
            channels = 8;
        }

        if (channels is 0 or > 8 || r.Failed)
        {
            fault = $"An AudioSpecificConfig of {config.Length} bytes doesn't say its channels.";
            return false;
        }

        fault = "";
        parsed = new(type, rate, output, channels, frame);
        return true;
    }

    /// <summary>For AAC-LC, as most cameras send it.</summary>
    /// <returns>Empty if there is no such configuration.</returns>
    public static byte[] LowComplexity(int sampleRate, int channels)
    {
        int index = Array.IndexOf(Rates, sampleRate);
        if (index < 0 || channels is < 1 or > 6)
            return [];
        return [(byte)((2 << 3) | (index >> 1)), (byte)(((index & 1) << 7) | (channels << 3))];
    }

    static int ReadType(ref BitReader r)
    {
        int type = (int)r.Bits(5);
        return type == 31 ? 32 + (int)r.Bits(6) : type;
    }

    static int ReadRate(ref BitReader r)
    {
        int index = (int)r.Bits(4);
        return index == 15 ? (int)r.Bits(24) : index < Rates.Length ? Rates[index] : 0;
    }

    /// <summary>program_config_element, 4.4.1.1.</summary>
    static int CountChannels(ref BitReader r)
    {
        r.Bits(10);
        int front = (int)r.Bits(4), side = (int)r.Bits(4), back = (int)r.Bits(4), lfe = (int)r.Bits(2);
        r.Bits(7);
        if (r.Flag())
            r.Bits(4);
        if (r.Flag())
            r.Bits(4);
        if (r.Flag())
            r.Bits(3);
        int channels = lfe;
        for (int i = 0; i < front + side + back; i++)
        {
            channels += r.Flag() ? 2 : 1;
            r.Bits(4);
        }

        return channels;
    }
}
