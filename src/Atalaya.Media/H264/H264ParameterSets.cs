using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.H264;

public sealed class H264ParameterSets
{
    /// <summary>From one SPS and one PPS, NAL units without start code.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> sps, ReadOnlySpan<byte> pps, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        fault = "Not there yet.";
        return false;
    }

    /// <summary>From the payload of <c>avcC</c>, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> avcC, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        fault = "Not there yet.";
        return false;
    }
}
