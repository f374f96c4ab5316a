using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.H265;

public sealed class H265ParameterSets
{
    /// <summary>From one VPS, SPS and PPS, NAL units without start code.</summary>
    public static bool TryCreate(
        ReadOnlySpan<byte> vps, ReadOnlySpan<byte> sps, ReadOnlySpan<byte> pps, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        fault = "Not there yet.";
        return false;
    }

    /// <summary>From the payload of <c>hvcC</c>, which the format keeps byte for byte.</summary>
    public static bool TryCreate(ReadOnlyMemory<byte> hvcC, [NotNullWhen(true)] out VideoFormat? format, out string fault)
    {
        format = null;
        fault = "Not there yet.";
        return false;
    }
}
