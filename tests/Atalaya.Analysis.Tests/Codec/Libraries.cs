using Atalaya.Analysis.Codec;

namespace Atalaya.Analysis.Tests.Codec;

/// <summary>What stands between a test and the codec libraries of this machine.</summary>
static class Libraries
{
    /// <summary>Opens, or skips the running test where libavcodec isn't installed.</summary>
    public static PictureDecoder Open(Media.VideoFormat format, DecoderOptions? options = null)
    {
        if (PictureDecoder.TryOpen(format, options ?? new(), out var decoder, out string fault))
            return decoder;
        Assert.SkipWhen(fault.StartsWith("None of", StringComparison.Ordinal), fault);
        throw new InvalidOperationException(fault);
    }

    /// <summary>Skips the running test where libavcodec isn't installed.</summary>
    public static void Needed()
    {
        bool loaded = NativeLibraries.TryLoadLibAv(out string fault);
        Assert.SkipWhen(!loaded && fault.StartsWith("None of", StringComparison.Ordinal), fault);
        fault.ShouldBeEmpty();
    }

    public static JpegWriter Jpeg()
    {
        if (JpegWriter.TryCreate(out var writer, out string fault))
            return writer;
        Assert.Skip(fault);
        throw new InvalidOperationException(fault);
    }
}
