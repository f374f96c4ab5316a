namespace Atalaya.Media.Rtp;

/// <summary>Puts the tracks of one session on one media clock.</summary>
/// <remarks>
/// <para>The first packet of the session, of whatever track, stands at <see cref="Lead"/>. A track that comes later is placed by RTP-Info if
/// both it and the first track have an entry there, and if that agrees with its arrival within <see cref="Agreement"/>; otherwise by
/// arrival. Sender reports would align better, but they come when times have already been handed out, and a media clock that
/// corrects itself runs backwards; they are measured and reported instead.</para>
/// <para>Not thread-safe: under the session's gate.</para>
/// </remarks>
sealed class MediaClock
{
    /// <summary>A timestamp further behind the latest is another clock's.</summary>
    public static readonly MediaTime MaxBack = new(2 * MediaTime.TicksPerSecond);

    /// <summary>Delays between camera and node differ by less; cameras that invent their RTP-Info are off by more.</summary>
    static readonly MediaTime Agreement = new(MediaTime.TicksPerSecond);

    /// <summary>
    /// What precedes the first packet comes out at zero or later: pictures shown before the first key frame, a track that runs behind the first, a camera
    /// that sets its clock back right after it began.
    /// </summary>
    public static readonly MediaTime Lead = MaxBack + Agreement;

    bool _started;
    MonotonicTime _origin;          // arrival of the session's first packet
    MediaTime? _sinceInfo;          // from the first track's RTP-Info to its first packet

    /// <summary>Media time that has passed by the node's clock since the session's first packet.</summary>
    public MediaTime Elapsed(MonotonicTime at) => MediaTime.From(at - _origin);

    /// <summary>The media time of a track's first packet.</summary>
    /// <param name="sinceInfo">How far its timestamp is after its RTP-Info; null without one.</param>
    public MediaTime Place(MonotonicTime arrival, MediaTime? sinceInfo)
    {
        if (!_started)
        {
            _started = true;
            _origin = arrival;
            _sinceInfo = sinceInfo;
            return Lead;
        }

        var byArrival = Lead + Elapsed(arrival);
        if (sinceInfo is { } own && _sinceInfo is { } first)
        {
            var byInfo = Lead + (own - first);
            var apart = byInfo - byArrival;
            if (apart <= Agreement && apart >= MediaTime.Zero - Agreement && byInfo >= MediaTime.Zero)
                return byInfo;
        }

        return byArrival;
    }
}
