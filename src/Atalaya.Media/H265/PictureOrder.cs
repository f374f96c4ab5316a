namespace Atalaya.Media.H265;

/// <summary>Picture order counts (8.3.1): in which order a stream's pictures are shown.</summary>
sealed class H265PictureOrder
{
    int _previousMsb, _previousLsb;
    bool _started;

    /// <param name="restarts">The counts start anew here: they compare with those that follow, not with those before.</param>
    public int Next(in H265Slice slice, H265Sps sps, out bool restarts)
    {
        int range = 1 << sps.PicOrderCountBits, lsb = slice.PicOrderLsb ?? 0;
        restarts = slice.IsIdr || slice.IsBla || !_started;
        _started = true;
        int msb = _previousMsb;
        if (restarts)
            msb = 0;
        else if (lsb < _previousLsb && _previousLsb - lsb >= range / 2)
            msb += range;
        else if (lsb > _previousLsb && lsb - _previousLsb > range / 2)
            msb -= range;
        if (slice.IsOrderAnchor)
        {
            _previousMsb = msb;
            _previousLsb = lsb;
        }

        return unchecked(msb + lsb);
    }
}
