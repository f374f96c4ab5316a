namespace Atalaya.Media.H264;

/// <summary>The start of a slice header (7.3.3): enough to tell pictures apart (7.4.1.2.4) and to put them in order (8.2.1).</summary>
readonly record struct H264Slice
{
    public required int NalType { get; init; }
    public required int RefIdc { get; init; }
    public required uint FirstMacroblock { get; init; }

    /// <summary>0 to 4: P, B, I, SP, SI.</summary>
    public required int SliceType { get; init; }
    public required int PpsId { get; init; }

    /// <summary>The parameter sets were at hand: what follows is valid.</summary>
    public bool Whole { get; init; }
    public int FrameNum { get; init; }
    public bool Field { get; init; }
    public bool Bottom { get; init; }
    public uint IdrPicId { get; init; }
    public int PicOrderLsb { get; init; }
    public int DeltaBottom { get; init; }
    public int Delta0 { get; init; }
    public int Delta1 { get; init; }
    public bool Redundant { get; init; }

    public bool IsIdr => NalType == 5;
    public bool IsIntra => SliceType is 2 or 4;

    /// <param name="nal">The NAL unit, or its first bytes; 32 are enough.</param>
    public static bool TryParse(ReadOnlySpan<byte> nal, H264ParameterSets sets, out H264Slice slice)
    {
        slice = default;
        if (nal.Length < 2)
            return false;
        var r = new BitReader(nal[1..Math.Min(nal.Length, 64)], escaped: true);
        int type = nal[0] & 31;
        uint first = r.Unsigned();
        int sliceType = r.Unsigned(9) % 5, ppsId = r.Unsigned(255);
        if (r.Failed)
            return false;
        slice = new() { NalType = type, RefIdc = (nal[0] >> 5) & 3, FirstMacroblock = first, SliceType = sliceType, PpsId = ppsId };
        if (!sets.TryGet(ppsId, out var pps, out var sps))
            return true;

        if (sps.SeparateColourPlanes)
            r.Bits(2);
        int frameNum = (int)r.Bits(sps.FrameNumBits);
        bool field = !sps.FrameMbsOnly && r.Flag(), bottom = field && r.Flag();
        uint idrPicId = type == 5 ? r.Unsigned() : 0;
        int lsb = 0, deltaBottom = 0, delta0 = 0, delta1 = 0;
        if (sps.PicOrderCountType == 0)
        {
            lsb = (int)r.Bits(sps.PicOrderCountBits);
            if (pps.BottomFieldPicOrderInFrame && !field)
                deltaBottom = r.Signed();
        }
        else if (sps.PicOrderCountType == 1 && !sps.DeltaPicOrderAlwaysZero)
        {
            delta0 = r.Signed();
            if (pps.BottomFieldPicOrderInFrame && !field)
                delta1 = r.Signed();
        }

        bool redundant = pps.RedundantPicCount && r.Unsigned() > 0;
        slice = slice with
        {
            Whole = !r.Failed,
            FrameNum = frameNum,
            Field = field,
            Bottom = bottom,
            IdrPicId = idrPicId,
            PicOrderLsb = lsb,
            DeltaBottom = deltaBottom,
            Delta0 = delta0,
            Delta1 = delta1,
            Redundant = redundant,
        };
        return true;
    }

    /// <summary>
    /// This slice begins another picture than <paramref name="last"/>, the slice before it, was of. The second field of a frame does not:
    /// both are stored as one access unit, as players expect it.
    /// </summary>
    /// <param name="first">Of the picture that <paramref name="last"/> belongs to.</param>
    public bool StartsPicture(in H264Slice first, in H264Slice last)
    {
        if (!Whole || !last.Whole)
            return FirstMacroblock == 0;
        if (Redundant)
            return false;
        if (Field && first.Field && last.Bottom == first.Bottom && Bottom != first.Bottom && FrameNum == first.FrameNum && (!IsIdr || first.IsIdr))
            return false;
        return FrameNum != last.FrameNum || PpsIdChanges(last) || Field != last.Field || Bottom != last.Bottom
            || (RefIdc == 0) != (last.RefIdc == 0) || IsIdr != last.IsIdr || IdrPicId != last.IdrPicId
            || PicOrderLsb != last.PicOrderLsb || DeltaBottom != last.DeltaBottom || Delta0 != last.Delta0 || Delta1 != last.Delta1;
    }

    /// <summary>By the letter any change begins a picture, but encoders mix sets within one: only the first slice counts.</summary>
    bool PpsIdChanges(in H264Slice last) => PpsId != last.PpsId && FirstMacroblock == 0;
}
