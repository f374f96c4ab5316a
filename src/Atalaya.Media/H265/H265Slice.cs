using Atalaya.Media.H264;

namespace Atalaya.Media.H265;

/// <summary>The start of a slice segment header (7.3.6.1).</summary>
readonly record struct H265Slice
{
    public required int NalType { get; init; }
    public required int TemporalId { get; init; }
    public required bool First { get; init; }
    public required int PpsId { get; init; }

    /// <summary>Of first segments whose parameter sets are at hand; else null.</summary>
    public int? PicOrderLsb { get; init; }

    public bool IsIdr => NalType is 19 or 20;

    /// <summary>BLA and IDR forget what came before; a CRA may be followed by pictures that don't.</summary>
    public bool IsBla => NalType is >= 16 and <= 18;

    /// <summary>The pictures that order counts refer to (8.3.1): of the lowest layer, and not leading or unreferenced.</summary>
    public bool IsOrderAnchor => TemporalId == 0 && NalType is not ((>= 6 and <= 9) or 0 or 2 or 4 or 10 or 12 or 14);

    public static bool TryParse(ReadOnlySpan<byte> nal, H265ParameterSets sets, out H265Slice slice)
    {
        slice = default;
        if (nal.Length < 3)
            return false;
        int type = (nal[0] >> 1) & 63;
        var r = new BitReader(nal[2..Math.Min(nal.Length, 64)], escaped: true);
        bool first = r.Flag();
        if (type is >= 16 and <= 23)
            r.Bits(1);                      // no_output_of_prior_pics_flag
        int ppsId = r.Unsigned(63);
        if (r.Failed)
            return false;
        slice = new() { NalType = type, TemporalId = (nal[1] & 7) - 1, First = first, PpsId = ppsId };
        if (!first || !sets.TryGet(ppsId, out var pps, out var sps))
            return true;
        r.Skip(pps.ExtraSliceHeaderBits);
        r.Unsigned(2);                      // slice_type
        r.Skip((pps.OutputFlagPresent ? 1 : 0) + (sps.SeparateColourPlanes ? 2 : 0));
        int lsb = type is 19 or 20 ? 0 : (int)r.Bits(sps.PicOrderCountBits);
        if (!r.Failed)
            slice = slice with { PicOrderLsb = lsb };
        return true;
    }
}
