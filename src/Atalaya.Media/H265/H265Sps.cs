using System.Diagnostics.CodeAnalysis;
using Atalaya.Media.H264;

namespace Atalaya.Media.H265;

/// <summary>profile_tier_level without its sub-layers (ITU-T H.265 7.3.3).</summary>
/// <param name="Compatibility">general_profile_compatibility_flag[0] is the highest bit.</param>
/// <param name="Constraints">The 48 bits from general_progressive_source_flag on.</param>
public readonly record struct H265Profile(int Space, bool HighTier, int Idc, uint Compatibility, ulong Constraints, int LevelIdc)
{
    internal static H265Profile Read(ref BitReader r, int maxSubLayersMinus1)
    {
        int space = (int)r.Bits(2);
        bool tier = r.Flag();
        int idc = (int)r.Bits(5);
        uint compatibility = r.Bits(32);
        ulong constraints = ((ulong)r.Bits(16) << 32) | r.Bits(32);
        int level = (int)r.Bits(8);
        uint present = 0;
        for (int i = 0; i < maxSubLayersMinus1; i++)
            present = (present << 2) | r.Bits(2);
        if (maxSubLayersMinus1 > 0)
            r.Skip(2 * (8 - maxSubLayersMinus1));
        for (int i = maxSubLayersMinus1 - 1; i >= 0; i--)
        {
            uint flags = (present >> (2 * i)) & 3;
            r.Skip(((flags & 2) != 0 ? 88 : 0) + ((flags & 1) != 0 ? 8 : 0));
        }

        return new(space, tier, idc, compatibility, constraints, level);
    }

    /// <summary>What follows <c>hvc1.</c> (ISO/IEC 14496-15 E.3).</summary>
    public override string ToString()
    {
        uint reversed = 0;
        for (int i = 0; i < 32; i++)
            reversed |= ((Compatibility >> i) & 1) << (31 - i);
        string space = Space == 0 ? "" : ((char)('A' + Space - 1)).ToString();
        string text = $"{space}{Idc}.{reversed:X}.{(HighTier ? 'H' : 'L')}{LevelIdc}";
        for (ulong left = Constraints << 16; left != 0; left <<= 8)
            text += $".{left >> 56:X}";
        return text;
    }
}

/// <summary>A video parameter set (7.3.2.1): its id, layers and timing.</summary>
public sealed class H265Vps
{
    H265Vps()
    {
    }

    public int Id { get; private init; }

    /// <summary>vps_max_sub_layers_minus1 + 1.</summary>
    public int TemporalLayers { get; private init; }
    public MediaTime FrameDuration { get; private set; }

    /// <param name="nal">With its two header bytes, without start code.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, [NotNullWhen(true)] out H265Vps? vps, out string fault)
    {
        vps = null;
        fault = "The NAL unit is no video parameter set.";
        if (nal.Length < 6 || ((nal[0] >> 1) & 63) != 32)
            return false;
        var r = new BitReader(nal[2..], escaped: true);
        int id = (int)r.Bits(4);
        r.Bits(8);                          // base layer flags, vps_max_layers_minus1
        int layers = (int)r.Bits(3) + 1;
        if (r.Failed)
        {
            fault = $"The video parameter set of {nal.Length} bytes ends too early.";
            return false;
        }

        fault = "";
        vps = new() { Id = id, TemporalLayers = layers };
        vps.ReadTiming(ref r);
        return true;
    }

    /// <summary>Nothing depends on it: what can't be read is not declared.</summary>
    void ReadTiming(ref BitReader r)
    {
        r.Bits(17);                         // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
        H265Profile.Read(ref r, TemporalLayers - 1);
        for (int i = r.Flag() ? 0 : TemporalLayers - 1; i < TemporalLayers; i++)
        {
            r.Unsigned();
            r.Unsigned();
            r.Unsigned();
        }

        int maxLayerId = (int)r.Bits(6), sets = r.Unsigned(1023);
        for (int i = 0; i < sets && !r.Failed; i++)
            r.Skip(maxLayerId + 1);
        if (!r.Flag())
            return;
        uint units = r.Bits(32), scale = r.Bits(32);
        if (!r.Failed)
            FrameDuration = H264Sps.SensibleDuration(units, scale);
    }
}

/// <summary>A sequence parameter set (7.3.2.2 and E.2.1), as far as a recorder needs it.</summary>
public sealed class H265Sps
{
    /// <summary>Pixels a side; level 6.2 allows no more (A.4.1).</summary>
    const int MaxSide = 16_888;

    H265Sps()
    {
    }

    public int Id { get; private set; }
    public int VpsId { get; private init; }

    /// <summary>sps_max_sub_layers_minus1 + 1.</summary>
    public int TemporalLayers { get; private init; }
    public bool TemporalIdNesting { get; private init; }
    public H265Profile Profile { get; private set; }
    public int ChromaFormat { get; private set; }
    public bool SeparateColourPlanes { get; private set; }
    public int BitDepthLuma { get; private set; }
    public int BitDepthChroma { get; private set; }
    public int PicOrderCountBits { get; private set; }

    /// <summary>Pixels, conformance window applied. The default display window is a player's business.</summary>
    public int Width { get; private set; }
    public int Height { get; private set; }

    /// <summary>sps_max_num_reorder_pics of the highest sub-layer.</summary>
    public int ReorderDepth { get; private set; }

    /// <summary>sps_max_dec_pic_buffering_minus1 of the highest sub-layer.</summary>
    public int MaxReorderDepth { get; private set; }

    /// <summary>Of the VUI; zero if nothing, or nothing sensible.</summary>
    public MediaTime FrameDuration { get; private set; }
    public int MinSpatialSegmentation { get; private set; }

    /// <param name="nal">With its two header bytes, without start code.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, [NotNullWhen(true)] out H265Sps? sps, out string fault)
    {
        sps = null;
        fault = "The NAL unit is no sequence parameter set of the base layer.";
        if (nal.Length < 6 || ((nal[0] >> 1) & 63) != 33 || (nal[0] & 1) != 0 || nal[1] >> 3 != 0)
            return false;
        var r = new BitReader(nal[2..], escaped: true);
        var s = new H265Sps { VpsId = (int)r.Bits(4), TemporalLayers = (int)r.Bits(3) + 1, TemporalIdNesting = r.Flag() };
        s.Profile = H265Profile.Read(ref r, s.TemporalLayers - 1);
        s.Id = r.Unsigned(15);
        s.ChromaFormat = r.Unsigned(3);
        if (s.ChromaFormat == 3)
            s.SeparateColourPlanes = r.Flag();
        long width = r.Unsigned(), height = r.Unsigned();
        if (!r.Failed && (width is 0 or > MaxSide || height is 0 or > MaxSide))
        {
            fault = $"The sequence parameter set claims a picture of {width}×{height} pixels.";
            return false;
        }

        s.ReadSize(ref r, (int)width, (int)height);
        s.BitDepthLuma = r.Unsigned(8) + 8;
        s.BitDepthChroma = r.Unsigned(8) + 8;
        s.PicOrderCountBits = r.Unsigned(12) + 4;
        for (int i = r.Flag() ? 0 : s.TemporalLayers - 1; i < s.TemporalLayers; i++)
        {
            s.MaxReorderDepth = r.Unsigned(DecodeClock.MaxDepth);
            s.ReorderDepth = r.Unsigned(DecodeClock.MaxDepth);
            r.Unsigned();                   // sps_max_latency_increase_plus1
        }

        if (r.Failed || s.TemporalLayers > 7)
        {
            fault = $"The sequence parameter set of {nal.Length} bytes ends too early or holds a value out of range.";
            return false;
        }

        s.MaxReorderDepth = Math.Max(s.MaxReorderDepth, s.ReorderDepth);
        s.ReadTools(ref r);
        fault = "";
        sps = s;
        return true;
    }

    void ReadSize(ref BitReader r, int width, int height)
    {
        Width = width;
        Height = height;
        if (!r.Flag())
            return;
        long left = r.Unsigned(), right = r.Unsigned(), top = r.Unsigned(), bottom = r.Unsigned();
        int unitX = !SeparateColourPlanes && ChromaFormat is 1 or 2 ? 2 : 1;
        int unitY = !SeparateColourPlanes && ChromaFormat == 1 ? 2 : 1;
        long croppedWidth = width - ((left + right) * unitX), croppedHeight = height - ((top + bottom) * unitY);
        if (croppedWidth > 0 && croppedHeight > 0)
        {
            Width = (int)croppedWidth;
            Height = (int)croppedHeight;
        }
    }

    /// <summary>Only the way to the VUI: nothing from here on is needed to record, so what can't be read is not declared.</summary>
    void ReadTools(ref BitReader r)
    {
        for (int i = 0; i < 6; i++)
            r.Unsigned();                   // block sizes and depths
        if (r.Flag() && r.Flag())
            SkipScalingLists(ref r);
        r.Bits(2);                          // amp_enabled_flag, sample_adaptive_offset_enabled_flag
        if (r.Flag())
        {
            r.Bits(8);
            r.Unsigned();
            r.Unsigned();
            r.Bits(1);                      // pcm
        }

        SkipShortTermSets(ref r);
        if (r.Flag())
        {
            int count = r.Unsigned(32);
            for (int i = 0; i < count && !r.Failed; i++)
                r.Bits(PicOrderCountBits + 1);
        }

        r.Bits(2);                          // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
        if (r.Flag() && !r.Failed)
            ReadVui(ref r);
    }

    static void SkipScalingLists(ref BitReader r)
    {
        for (int size = 0; size < 4; size++)
        {
            for (int matrix = 0; matrix < 6 && !r.Failed; matrix += size == 3 ? 3 : 1)
            {
                if (!r.Flag())
                {
                    r.Unsigned();
                    continue;
                }

                if (size > 1)
                    r.Signed();
                int count = Math.Min(64, 1 << (4 + (size << 1)));
                for (int i = 0; i < count && !r.Failed; i++)
                    r.Signed();
            }
        }
    }

    /// <summary>7.3.7.</summary>
    static void SkipShortTermSets(ref BitReader r)
    {
        int count = r.Unsigned(64);
        int pictures = 0;                   // of the set before
        for (int set = 0; set < count && !r.Failed; set++)
        {
            if (set > 0 && r.Flag())
            {
                r.Bits(1);
                r.Unsigned();
                int kept = 0;
                for (int i = 0; i <= pictures && !r.Failed; i++)
                {
                    if (r.Flag() || r.Flag())
                        kept++;
                }

                pictures = kept;
                continue;
            }

            pictures = r.Unsigned(16) + r.Unsigned(16);
            for (int i = 0; i < pictures && !r.Failed; i++)
            {
                r.Unsigned();
                r.Bits(1);
            }
        }
    }

    void ReadVui(ref BitReader r)
    {
        if (r.Flag() && r.Bits(8) == 255)
            r.Skip(32);                     // Extended_SAR
        if (r.Flag())
            r.Bits(1);
        if (r.Flag())
        {
            r.Bits(4);
            if (r.Flag())
                r.Skip(24);                 // colour description
        }

        if (r.Flag())
        {
            r.Unsigned();
            r.Unsigned();
        }

        r.Bits(3);                          // neutral chroma, field_seq_flag, frame_field_info_present_flag
        if (r.Flag())
        {
            for (int i = 0; i < 4; i++)
                r.Unsigned();               // default display window
        }

        if (r.Flag())
        {
            uint units = r.Bits(32), scale = r.Bits(32);
            if (r.Flag())
                r.Unsigned();
            if (!r.Failed)
                FrameDuration = H264Sps.SensibleDuration(units, scale);
            if (r.Flag())
                SkipHrd(ref r, TemporalLayers - 1);
        }

        if (!r.Flag())
            return;
        r.Bits(3);
        int segmentation = r.Unsigned(4095);
        if (!r.Failed)
            MinSpatialSegmentation = segmentation;
    }

    /// <summary>E.2.2.</summary>
    static void SkipHrd(ref BitReader r, int maxSubLayersMinus1)
    {
        bool nal = r.Flag(), vcl = r.Flag(), subPicture = false;
        if (nal || vcl)
        {
            subPicture = r.Flag();
            if (subPicture)
                r.Bits(19);
            r.Bits(8);
            if (subPicture)
                r.Bits(4);
            r.Bits(15);
        }

        for (int layer = 0; layer <= maxSubLayersMinus1 && !r.Failed; layer++)
        {
            bool general = r.Flag(), within = general || r.Flag(), lowDelay = false;
            if (within)
                r.Unsigned();
            else
                lowDelay = r.Flag();
            int count = lowDelay ? 1 : r.Unsigned(31) + 1;
            for (int i = 0; i < ((nal ? count : 0) + (vcl ? count : 0)) && !r.Failed; i++)
            {
                r.Unsigned();
                r.Unsigned();
                if (subPicture)
                {
                    r.Unsigned();
                    r.Unsigned();
                }

                r.Bits(1);
            }
        }
    }
}

/// <summary>A picture parameter set (7.3.2.3): what slice headers and hvcC need of it.</summary>
public sealed class H265Pps
{
    H265Pps()
    {
    }

    public int Id { get; private init; }
    public int SpsId { get; private init; }
    public bool OutputFlagPresent { get; private set; }
    public int ExtraSliceHeaderBits { get; private set; }
    public bool Tiles { get; private set; }
    public bool EntropySync { get; private set; }

    /// <param name="nal">With its two header bytes, without start code.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, [NotNullWhen(true)] out H265Pps? pps, out string fault)
    {
        pps = null;
        fault = "The NAL unit is no picture parameter set of the base layer.";
        if (nal.Length < 4 || ((nal[0] >> 1) & 63) != 34 || (nal[0] & 1) != 0 || nal[1] >> 3 != 0)
            return false;
        var r = new BitReader(nal[2..], escaped: true);
        var p = new H265Pps { Id = r.Unsigned(63), SpsId = r.Unsigned(15) };
        r.Bits(1);                          // dependent_slice_segments_enabled_flag
        p.OutputFlagPresent = r.Flag();
        p.ExtraSliceHeaderBits = (int)r.Bits(3);
        if (r.Failed)
        {
            fault = $"The picture parameter set of {nal.Length} bytes ends too early or holds a value out of range.";
            return false;
        }

        r.Bits(2);
        r.Unsigned();
        r.Unsigned();                       // num_ref_idx_l*_default_active_minus1
        r.Signed();
        r.Bits(2);
        if (r.Flag())
            r.Unsigned();                   // diff_cu_qp_delta_depth
        r.Signed();
        r.Signed();
        r.Bits(4);
        p.Tiles = r.Flag();
        p.EntropySync = r.Flag();
        fault = "";
        pps = p;
        return true;
    }
}
