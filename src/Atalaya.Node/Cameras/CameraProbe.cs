using Atalaya.Media;
using Atalaya.Media.Rtp;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Options;

namespace Atalaya.Node.Cameras;

/// <summary>Asks a camera what it offers and leaves again.</summary>
static class CameraProbe
{
    /// <exception cref="RtspException">It can't be reached or understood; the message is for a technician.</exception>
    public static async Task<ProbeJson> RunAsync(
        RtspUrl url, string? userName, string? password, RtspTransport transport, string? fingerprint, RtspNetworkOptions networks, TimeProvider clock, CancellationToken stop)
    {
        long began = clock.GetTimestamp();
        var pool = new BlockPool();
        var options = new RtspOptions
        {
            Transport = transport,
            UserName = userName,
            Password = password,
            AddressAllowed = networks.Allows,
            Trust = fingerprint is null ? RtspTrust.System : RtspTrust.Pinned(fingerprint),
            Clock = clock,
        };
        await using var session = await RtspSession.ConnectAsync(url, options, pool, stop);
        var tracks = session.Tracks.Select(track =>
        {
            TrackFormat? format = null;
            if (track.IsSupported && Depacketizers.TryCreate(track.Media, pool, out var depacketizer, out _))
            {
                using (depacketizer)
                    format = depacketizer.Format;
            }

            var video = format as VideoFormat;
            return new ProbeTrackJson(
                track.Media.Kind.ToString().ToLowerInvariant(), track.Media.Encoding, format?.CodecString, video?.Width, video?.Height, track.IsSupported, track.Reason);
        }).ToArray();
        return new(url.ToString(), (int)clock.GetElapsedTime(began).TotalMilliseconds, tracks);
    }

    /// <summary>The failure in one word of the API.</summary>
    public static string Word(RtspFailure failure) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(failure.ToString());
}
