using System.Xml.Linq;
using Atalaya.Media.Rtsp;

namespace Atalaya.Cameras.Onvif;

public sealed partial class OnvifClient
{
    /// <summary>The ways in which the device sends pictures: of Media2 where it has that, for only there is H.265 named; else of Media.</summary>
    public async Task<IReadOnlyList<OnvifProfile>> GetProfilesAsync(CancellationToken stop = default)
    {
        if (Find(Names.Media2) is { } media2)
        {
            try
            {
                var profiles = Replies.Profiles(await CallAsync(media2, Requests.GetProfiles(media2: true), stop), media2: true);
                if (profiles.Any(p => p.Encoding is not null) || Find(Names.Media) is null)
                    return profiles;
            }
            catch (OnvifException e) when (Find(Names.Media) is not null && e.Kind is OnvifFailure.NotSupported or OnvifFailure.DeviceFault or OnvifFailure.InvalidArgument or OnvifFailure.NotOnvif)
            {
                // Some firmware names the service and doesn't have it.
            }
        }

        var media = Service(Names.Media, "media", "GetProfiles");
        return Replies.Profiles(await CallAsync(media, Requests.GetProfiles(media2: false), stop), media2: false);
    }

    /// <summary>Where a profile's stream is, for RTSP over TCP or UDP as the client then asks.</summary>
    public async Task<OnvifStreamUri> GetStreamUriAsync(OnvifProfile profile, CancellationToken stop = default)
    {
        var reply = await CallAsync(MediaOf(profile, "GetStreamUri"), Requests.GetStreamUri(profile.Token, profile.OfMedia2), stop);
        string? answered = Replies.Address(reply);
        if (!RtspUrl.TryParse(answered, out var url, out string fault))
            throw new OnvifException(OnvifFailure.DeviceFault, Device, $"The stream address that the device gives for profile '{profile.Name}' can't be used. {fault}", "GetStreamUri");
        // Never with credentials that a device wrote into it: they are ours to give.
        string bracketed = Device.HostNameType == UriHostNameType.IPv6 ? $"[{Device.DnsSafeHost}]" : Device.IdnHost;
        string text = $"{(url.IsTls ? "rtsps" : "rtsp")}://{bracketed}:{url.Port}{url.PathAndQuery}";
        if (!RtspUrl.TryParse(text, out var here, out fault))
            throw new OnvifException(OnvifFailure.DeviceFault, Device, $"The stream address that the device gives for profile '{profile.Name}' can't be used. {fault}", "GetStreamUri");
        return new(here, IsDevice(url.Host) ? null : url.Host);
    }

    /// <summary>Where a single picture can be fetched (HTTP, with the same credentials); null if the device gives no address that can be used.</summary>
    public async Task<Uri?> GetSnapshotUriAsync(OnvifProfile profile, CancellationToken stop = default) =>
        Replies.Address(await CallAsync(MediaOf(profile, "GetSnapshotUri"), Requests.GetSnapshotUri(profile.Token, profile.OfMedia2), stop)) is { } address ? AtDevice(address) : null;

    Uri MediaOf(OnvifProfile profile, string operation)
    {
        XNamespace name = profile.OfMedia2 ? Names.Media2 : Names.Media;
        return Service(name, "media", operation);
    }
}
