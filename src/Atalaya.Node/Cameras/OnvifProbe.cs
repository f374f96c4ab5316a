using System.Net;
using System.Text.Json;

using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Cameras;

/// <summary>Finds devices that speak ONVIF, and asks one for its streams.</summary>
static class OnvifProbe
{
    /// <summary>How long answers are awaited (seconds).</summary>
    public const int ShortestSearch = 1, UsualSearch = 4, LongestSearch = 15;

    /// <summary>Streams asked for at one device; each costs it a call.</summary>
    const int MaxProfiles = 64;

    /// <param name="only">The one address to ask, without multicast; null: everyone on the node's networks.</param>
    /// <exception cref="System.Net.Sockets.SocketException">No network could be asked.</exception>
    public static async Task<IReadOnlyList<FoundDeviceJson>> FindAsync(IPAddress? only, TimeSpan duration, RtspNetworkOptions networks, TimeProvider clock, CancellationToken stop)
    {
        var options = new OnvifDiscoveryOptions { Duration = duration, AddressAllowed = networks.Allows, Clock = clock };
        var result = only is null ? await OnvifDiscovery.FindAsync(options, stop) : await OnvifDiscovery.FindAsync(new IPEndPoint(only, OnvifDiscovery.Port), options, stop);
        return [.. result.Devices.Select(d => new FoundDeviceJson(d.Name, d.Addresses[0].DnsSafeHost, d.Hardware, d.Location, d.Addresses[0].AbsoluteUri, d.Profiles))];
    }

    /// <exception cref="OnvifException">It can't be reached or understood; the message is for a technician.</exception>
    public static async Task<OnvifJson> RunAsync(
        Uri device, string? userName, string? password, string? fingerprint, RtspNetworkOptions networks, TimeProvider clock, ILogger log, CancellationToken stop)
    {
        var options = new OnvifOptions
        {
            UserName = userName,
            Password = password,
            AddressAllowed = networks.Allows,
            Trust = fingerprint is null ? RtspTrust.System : RtspTrust.Pinned(fingerprint),
            Clock = clock,
            Log = log,
        };
        using var client = await OnvifClient.ConnectAsync(device, options, stop);
        var information = await client.GetDeviceInformationAsync(stop);
        var profiles = new List<OnvifProfileJson>();
        var streams = new List<OnvifStream>();
        foreach (var profile in (await client.GetProfilesAsync(stop)).Take(MaxProfiles))
        {
            string? url = null;
            try
            {
                var stream = new OnvifStream(profile, await client.GetStreamUriAsync(profile, stop));
                streams.Add(stream);
                url = CameraAddress.WithoutCredentials(stream.Uri.Url);
            }
            catch (OnvifException e) when (e.Kind is OnvifFailure.DeviceFault or OnvifFailure.InvalidArgument or OnvifFailure.NotSupported)
            {
                // A profile without a stream, of sound alone for instance: the others count.
            }

            profiles.Add(new(profile.Token, profile.Name, profile.Encoding, profile.Width, profile.Height, profile.FramesPerSecond, profile.KilobitsPerSecond, profile.SourceToken, url));
        }

        var proposals = OnvifProposal.From(streams);
        string more = proposals.Count > 1 ? $" This is the first of {proposals.Count} cameras behind this device." : "";
        return new(
            device.AbsoluteUri,
            new(information.Manufacturer, information.Model, information.Firmware, information.SerialNumber, information.HardwareId),
            client.ClockOffset is { } offset ? Math.Round(offset.TotalSeconds) : null,
            profiles,
            new(Address(proposals[0].Main), Address(proposals[0].Sub), proposals[0].Reason + more, proposals[0].Main?.Profile.Token),
            [.. proposals.Skip(1).Select(p => new OnvifProposalJson(Address(p.Main), Address(p.Sub), p.Reason, p.Main?.Profile.Token))],
            client.HasPtz && profiles.Count > 0,
            client.HasEvents);

        static string? Address(OnvifStream? stream) => stream is null ? null : CameraAddress.WithoutCredentials(stream.Uri.Url);
    }

    public static ProblemHttpResult Problem(string title, OnvifException wrong) => TypedResults.Problem(new ProblemDetails
    {
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = title,
        Detail = wrong.Message,
        Extensions = { ["kind"] = Word(wrong.Kind), ["fingerprint"] = wrong.Certificate },
    });

    /// <summary>The failure in one word of the API.</summary>
    public static string Word(OnvifFailure failure) => JsonNamingPolicy.CamelCase.ConvertName(failure.ToString());
}
