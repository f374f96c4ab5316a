using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.Audio;

/// <summary>AudioSpecificConfig of ISO/IEC 14496-3 1.6.2.1.</summary>
public static class AudioSpecificConfig
{
    /// <summary>The AAC format of a configuration, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> config, [NotNullWhen(true)] out AudioFormat? format, out string fault)
    {
        format = null;
        fault = "Not there yet.";
        return false;
    }
}
