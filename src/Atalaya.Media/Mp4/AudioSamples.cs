using Atalaya.Media.Audio;

namespace Atalaya.Media.Mp4;

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
        if (!AudioSpecificConfig.TryParse(audio.Configuration.Span, out var config, out _))
            return 1024;
        return audio.SampleRate == 2 * config.SampleRate ? 2 * config.FrameSamples : config.FrameSamples;
    }
}
