using System.Diagnostics.CodeAnalysis;
using Atalaya.Media.Sdp;

namespace Atalaya.Media.Rtp;

public static class Depacketizers
{
    /// <param name="reason">Why the track can't be received, in words for a technician; empty on success.</param>
    public static bool TryCreate(SdpMedia media, BlockPool pool, [NotNullWhen(true)] out Depacketizer? depacketizer, out string reason)
    {
        depacketizer = null;
        reason = "Not there yet.";
        return false;
    }
}
