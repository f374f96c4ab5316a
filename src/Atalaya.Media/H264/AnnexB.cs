namespace Atalaya.Media.H264;

/// <summary>Elementary streams with start codes: Annex B of H.264 and of H.265.</summary>
public static class AnnexB
{
    /// <summary>Takes the next NAL unit off <paramref name="rest"/>: without its start code and trailing zeros. False at the end.</summary>
    public static bool TryNextNal(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> nal)
    {
        nal = default;
        return false;
    }

    /// <summary>
    /// Reads a whole stream (a <c>.264</c>, <c>.h264</c> or <c>.265</c> file) into access units with the times of an even frame rate, in decode order.
    /// </summary>
    /// <param name="codec"><see cref="Codec.H264"/> or <see cref="Codec.H265"/>.</param>
    /// <param name="frameDuration">Zero: what the stream's own timing says, or 1/25 s.</param>
    /// <param name="fault">Why nothing could be read; empty on success.</param>
    public static bool TryReadUnits(ReadOnlySpan<byte> stream, Codec codec, out List<AccessUnit> units, out string fault, MediaTime frameDuration = default)
    {
        units = [];
        fault = "Not there yet.";
        return false;
    }
}
