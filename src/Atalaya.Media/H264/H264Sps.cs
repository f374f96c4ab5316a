using System.Diagnostics.CodeAnalysis;

namespace Atalaya.Media.H264;

/// <summary>A sequence parameter set (ITU-T H.264 7.3.2.1.1 and E.1.1), as far as a recorder needs it.</summary>
public sealed class H264Sps
{
    /// <summary>Pixels a side; level 6.2 allows no more (A.3.1).</summary>
    const int MaxSide = 16_880;

    H264Sps()
    {
    }

    public int Id { get; private init; }
    public int ProfileIdc { get; private init; }

    /// <summary>constraint_set0_flag is the highest bit.</summary>
    public byte Constraints { get; private init; }
    public int LevelIdc { get; private init; }

    /// <summary>chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormat { get; private set; } = 1;
    public bool SeparateColourPlanes { get; private set; }
    public int BitDepthLuma { get; private set; } = 8;
    public int BitDepthChroma { get; private set; } = 8;

    public int FrameNumBits { get; private set; }
    public int PicOrderCountType { get; private set; }
    public int PicOrderCountBits { get; private set; }
    public bool DeltaPicOrderAlwaysZero { get; private set; }
    public int OffsetForNonRefPic { get; private set; }
    public int OffsetForTopToBottomField { get; private set; }
    public IReadOnlyList<int> OffsetsForRefFrame { get; private set; } = [];
    public int MaxRefFrames { get; private set; }
    public bool FrameMbsOnly { get; private set; }

    /// <summary>Pixels, cropping applied.</summary>
    public int Width { get; private set; }

    /// <summary>Pixels of a frame (of both fields), cropping applied.</summary>
    public int Height { get; private set; }

    /// <summary>Pictures that the level lets a decoder hold: no stream can reorder by more (A.3.1 h).</summary>
    public int MaxDpbFrames { get; private set; }

    /// <summary>What the VUI promises; zero if nothing, or nothing sensible.</summary>
    public MediaTime FrameDuration { get; private set; }

    /// <summary>How many pictures may precede one in decoding and follow it in showing; null if the stream doesn't say.</summary>
    public int? ReorderDepth { get; private set; }

    /// <summary>True for the high profiles, whose SPS and avcC carry chroma format and bit depths.</summary>
    public bool HasChromaFields => HasChroma(ProfileIdc);

    internal static bool HasChroma(int profile) => profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135;

    /// <param name="nal">The NAL unit with its header byte, without start code.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, [NotNullWhen(true)] out H264Sps? sps, out string fault)
    {
        sps = null;
        fault = "";
        if (nal.Length < 5 || (nal[0] & 31) != 7)
        {
            fault = "The NAL unit is no sequence parameter set.";
            return false;
        }

        var r = new BitReader(nal[4..], escaped: true);
        // The three bytes before can't hold an escape: profile_idc is never zero.
        var s = new H264Sps { ProfileIdc = nal[1], Constraints = nal[2], LevelIdc = nal[3], Id = r.Unsigned(31) };
        if (s.HasChromaFields)
            s.ReadChroma(ref r);
        s.FrameNumBits = r.Unsigned(12) + 4;
        s.ReadPicOrder(ref r);
        s.MaxRefFrames = r.Unsigned(255);   // 16 by the standard; some encoders exceed it
        r.Bits(1);                          // gaps_in_frame_num_value_allowed_flag
        long columns = r.Unsigned() + 1L, rows = r.Unsigned() + 1L;
        s.FrameMbsOnly = r.Flag();
        if (!s.FrameMbsOnly)
        {
            rows *= 2;
            r.Bits(1);                      // mb_adaptive_frame_field_flag
        }

        r.Bits(1);                          // direct_8x8_inference_flag
        if (columns * 16 > MaxSide || rows * 16 > MaxSide)
        {
            fault = $"The sequence parameter set claims a picture of {columns * 16}×{rows * 16} pixels.";
            return false;
        }

        s.ReadSize(ref r, (int)columns, (int)rows);
        bool hasVui = r.Flag();
        if (r.Failed)
        {
            fault = $"The sequence parameter set of {nal.Length} bytes ends too early or holds a value out of range.";
            return false;
        }

        s.MaxDpbFrames = Math.Clamp(MaxDpbMacroblocks(s) / (int)(columns * rows), 1, 16);
        if (hasVui)
            s.ReadVui(ref r);
        // These can't hold B-frames that are shown after a later-coded picture, whatever the VUI says.
        if (s.PicOrderCountType == 2 || s.ProfileIdc == 66)
            s.ReorderDepth = 0;
        sps = s;
        return true;
    }

    void ReadChroma(ref BitReader r)
    {
        ChromaFormat = r.Unsigned(3);
        if (ChromaFormat == 3)
            SeparateColourPlanes = r.Flag();
        BitDepthLuma = r.Unsigned(6) + 8;
        BitDepthChroma = r.Unsigned(6) + 8;
        r.Bits(1);                          // qpprime_y_zero_transform_bypass_flag
        if (!r.Flag())
            return;
        for (int list = 0; list < (ChromaFormat == 3 ? 12 : 8); list++)
        {
            if (!r.Flag())
                continue;
            int last = 8, next = 8;
            for (int i = 0; i < (list < 6 ? 16 : 64) && !r.Failed; i++)
            {
                if (next != 0)
                    next = (last + r.Signed()) & 0xFF;
                if (next != 0)
                    last = next;
            }
        }
    }

    void ReadPicOrder(ref BitReader r)
    {
        PicOrderCountType = r.Unsigned(2);
        if (PicOrderCountType == 0)
        {
            PicOrderCountBits = r.Unsigned(12) + 4;
        }
        else if (PicOrderCountType == 1)
        {
            DeltaPicOrderAlwaysZero = r.Flag();
            OffsetForNonRefPic = r.Signed();
            OffsetForTopToBottomField = r.Signed();
            int count = r.Unsigned(255);
            var offsets = new int[r.Failed ? 0 : count];
            for (int i = 0; i < offsets.Length && !r.Failed; i++)
                offsets[i] = r.Signed();
            OffsetsForRefFrame = offsets;
        }
    }

    void ReadSize(ref BitReader r, int columns, int rows)
    {
        Width = columns * 16;
        Height = rows * 16;
        if (!r.Flag())
            return;
        long left = r.Unsigned(), right = r.Unsigned(), top = r.Unsigned(), bottom = r.Unsigned();
        int chroma = SeparateColourPlanes ? 0 : ChromaFormat;
        int unitX = chroma is 1 or 2 ? 2 : 1;
        int unitY = (chroma == 1 ? 2 : 1) * (FrameMbsOnly ? 1 : 2);
        long width = Width - ((left + right) * unitX), height = Height - ((top + bottom) * unitY);
        // A crop that leaves nothing is an encoder's mistake: decoders ignore it, so do we.
        if (width > 0 && height > 0)
        {
            Width = (int)width;
            Height = (int)height;
        }
    }

    /// <summary>Cameras write broken VUI: what can be read counts, and nothing of it is needed to record.</summary>
    void ReadVui(ref BitReader r)
    {
        if (r.Flag() && r.Bits(8) == 255)   // aspect_ratio_idc: Extended_SAR
            r.Skip(32);
        if (r.Flag())
            r.Bits(1);                      // overscan_appropriate_flag
        if (r.Flag())
        {
            r.Bits(4);                      // video_format, video_full_range_flag
            if (r.Flag())
                r.Skip(24);                 // colour description
        }

        if (r.Flag())
        {
            r.Unsigned();
            r.Unsigned();                   // chroma_sample_loc_type_*
        }

        if (r.Flag())
        {
            uint unit = r.Bits(32), scale = r.Bits(32);
            r.Bits(1);                      // fixed_frame_rate_flag
            if (!r.Failed)
                FrameDuration = SensibleDuration(2L * unit, scale);
        }

        bool nalHrd = r.Flag();
        if (nalHrd)
            SkipHrd(ref r);
        bool vclHrd = r.Flag();
        if (vclHrd)
            SkipHrd(ref r);
        if (nalHrd || vclHrd)
            r.Bits(1);                      // low_delay_hrd_flag
        r.Bits(1);                          // pic_struct_present_flag
        if (!r.Flag())
            return;
        r.Bits(1);                          // motion_vectors_over_pic_boundaries_flag
        for (int i = 0; i < 4; i++)
            r.Unsigned();
        uint reorder = r.Unsigned();
        r.Unsigned();                       // max_dec_frame_buffering
        if (!r.Failed && reorder <= 16)
            ReorderDepth = (int)reorder;
    }

    static void SkipHrd(ref BitReader r)
    {
        int count = r.Unsigned(31) + 1;
        r.Bits(8);
        for (int i = 0; i < count && !r.Failed; i++)
        {
            r.Unsigned();
            r.Unsigned();
            r.Bits(1);
        }

        r.Skip(20);
    }

    /// <summary>Between 300 pictures a second and one in ten seconds; anything else is no frame rate.</summary>
    internal static MediaTime SensibleDuration(long units, long scale)
    {
        if (units <= 0 || scale <= 0)
            return default;
        double ticks = units * (double)MediaTime.TicksPerSecond / scale;
        return ticks is >= 300 and <= 900_000 ? new((long)Math.Round(ticks)) : default;
    }

    /// <summary>Table A-1, MaxDpbMbs.</summary>
    static int MaxDpbMacroblocks(H264Sps s) => s.LevelIdc switch
    {
        <= 10 => 396,
        11 => (s.Constraints & 0x10) != 0 && s.ProfileIdc is 66 or 77 or 88 ? 396 : 900,
        <= 20 => 2376,
        21 => 4752,
        <= 30 => 8100,
        31 => 18_000,
        32 => 20_480,
        <= 41 => 32_768,
        42 => 34_816,
        50 => 110_400,
        <= 52 => 184_320,
        _ => 696_320,
    };
}

/// <summary>What slice headers need of a picture parameter set (7.3.2.2).</summary>
public sealed class H264Pps
{
    H264Pps()
    {
    }

    public int Id { get; private init; }
    public int SpsId { get; private init; }
    public bool BottomFieldPicOrderInFrame { get; private set; }
    public bool RedundantPicCount { get; private set; }

    /// <param name="nal">The NAL unit with its header byte, without start code.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, [NotNullWhen(true)] out H264Pps? pps, out string fault)
    {
        pps = null;
        fault = "";
        if (nal.Length < 2 || (nal[0] & 31) != 8)
        {
            fault = "The NAL unit is no picture parameter set.";
            return false;
        }

        var r = new BitReader(nal[1..], escaped: true);
        var p = new H264Pps { Id = r.Unsigned(255), SpsId = r.Unsigned(31) };
        r.Bits(1);                          // entropy_coding_mode_flag
        p.BottomFieldPicOrderInFrame = r.Flag();
        if (r.Failed)
        {
            fault = $"The picture parameter set of {nal.Length} bytes ends too early or holds a value out of range.";
            return false;
        }

        p.ReadRest(ref r);
        pps = p;
        return true;
    }

    /// <summary>Only redundant_pic_cnt_present_flag is wanted; where the rest makes no sense, it is taken as not set.</summary>
    void ReadRest(ref BitReader r)
    {
        int groups = r.Unsigned(7) + 1;
        if (groups > 1)
            SkipSliceGroups(ref r, groups);
        r.Unsigned();
        r.Unsigned();                       // num_ref_idx_*_default_active_minus1
        r.Bits(3);                          // weighted prediction
        r.Signed();
        r.Signed();
        r.Signed();                         // pic_init_qp, pic_init_qs, chroma_qp_index_offset
        r.Bits(2);                          // deblocking_filter_control_present_flag, constrained_intra_pred_flag
        bool redundant = r.Flag();
        RedundantPicCount = redundant && !r.Failed;
    }

    static void SkipSliceGroups(ref BitReader r, int groups)
    {
        int type = r.Unsigned(6);
        if (type == 0)
        {
            for (int i = 0; i < groups; i++)
                r.Unsigned();
        }
        else if (type == 2)
        {
            for (int i = 0; i < 2 * (groups - 1); i++)
                r.Unsigned();
        }
        else if (type is 3 or 4 or 5)
        {
            r.Bits(1);
            r.Unsigned();
        }
        else if (type == 6)
        {
            uint units = r.Unsigned();
            int bits = groups > 4 ? 3 : groups > 2 ? 2 : 1;
            for (uint i = 0; i <= units && !r.Failed; i++)
                r.Bits(bits);
        }
    }
}
