namespace Atalaya.Media.H264;

/// <summary>Picture order counts (8.2.1): in which order a stream's pictures are shown. memory_management_control_operation 5 isn't followed.</summary>
sealed class H264PictureOrder
{
    int _previousMsb, _previousLsb, _previousFrameNum, _frameNumOffset;

    /// <summary>Of the next picture in decode order. Counts compare within the pictures from one IDR to the next.</summary>
    public int Next(in H264Slice slice, H264Sps sps)
    {
        if (slice.IsIdr)
            _previousMsb = _previousLsb = _frameNumOffset = 0;
        else if (_previousFrameNum > slice.FrameNum)
            _frameNumOffset += 1 << sps.FrameNumBits;
        _previousFrameNum = slice.FrameNum;
        return sps.PicOrderCountType switch
        {
            0 => FromLsb(slice, sps),
            1 => FromCycle(slice, sps),
            _ => slice.IsIdr ? 0 : (2 * (_frameNumOffset + slice.FrameNum)) - (slice.RefIdc == 0 ? 1 : 0),
        };
    }

    int FromLsb(in H264Slice slice, H264Sps sps)
    {
        int range = 1 << sps.PicOrderCountBits, lsb = slice.PicOrderLsb;
        int msb = _previousMsb;
        if (lsb < _previousLsb && _previousLsb - lsb >= range / 2)
            msb += range;
        else if (lsb > _previousLsb && lsb - _previousLsb > range / 2)
            msb -= range;
        if (slice.RefIdc != 0)
        {
            _previousMsb = msb;
            _previousLsb = lsb;
        }

        return unchecked(msb + lsb + Math.Min(0, slice.Field ? 0 : slice.DeltaBottom));
    }

    int FromCycle(in H264Slice slice, H264Sps sps)
    {
        var offsets = sps.OffsetsForRefFrame;
        int frame = offsets.Count == 0 ? 0 : _frameNumOffset + slice.FrameNum;
        if (slice.RefIdc == 0 && frame > 0)
            frame--;
        int expected = 0;
        unchecked
        {
            if (frame > 0)
            {
                int cycle = 0;
                for (int i = 0; i < offsets.Count; i++)
                    cycle += offsets[i];
                expected = (frame - 1) / offsets.Count * cycle;
                for (int i = 0; i <= (frame - 1) % offsets.Count; i++)
                    expected += offsets[i];
            }

            if (slice.RefIdc == 0)
                expected += sps.OffsetForNonRefPic;
            int top = expected + slice.Delta0;
            int bottom = top + sps.OffsetForTopToBottomField + slice.Delta1;
            return slice.Field ? (slice.Bottom ? bottom : top) : Math.Min(top, bottom);
        }
    }
}
