using System.Diagnostics.CodeAnalysis;
using System.Net;
using Atalaya.Media.Rtsp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Cameras.Onvif;

/// <summary>What a client needs to know besides the address.</summary>
public sealed record OnvifOptions
{
    public string? UserName { get; init; }
    public string? Password { get; init; }

    /// <summary>Name resolution, TCP and TLS together. 5 s: people wait for it.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For one reply, connecting included. 10 s: small devices need 4 to list their profiles.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest reply that is read (bytes). 4 MiB: an encoder with 64 channels sends 1 MiB of profiles.</summary>
    public int MaxReplyBytes { get; init; } = 4 << 20;

    /// <summary>Asked for each address before it is connected to, after its name was resolved. By default everything is allowed.</summary>
    public Func<IPAddress, bool> AddressAllowed { get; init; } = static _ => true;

    /// <summary>https only: whom to believe.</summary>
    public RtspTrust Trust { get; init; } = RtspTrust.System;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public ILogger Log { get; init; } = NullLogger.Instance;

    // A record prints all it has; a password must not reach a log that way.
    public override string ToString() => $"OnvifOptions {{ UserName = {(UserName is null ? "none" : "set")}, Trust = {Trust.Kind} }}";
}

/// <summary>Where a device's ONVIF service is.</summary>
public static class OnvifAddress
{
    /// <summary>Longer is no device's address (characters).</summary>
    public const int MaxLength = 512;

    /// <summary>Reads <c>host</c>, <c>host:port</c> or a URL; without a path it is <c>/onvif/device_service</c>, as the specification fixes it. Never throws.</summary>
    /// <param name="fault">What is wrong, in words that don't repeat a password.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? device, out string fault)
    {
        device = null;
        text = text?.Trim() ?? "";
        if (text.Length is 0 or > MaxLength)
        {
            fault = text.Length == 0 ? "The device's address is empty." : $"The device's address is longer than {MaxLength} characters.";
            return false;
        }

        if (IPAddress.TryParse(text, out var literal) && literal.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
            text = $"[{text}]";
        if (!text.Contains("://", StringComparison.Ordinal))
            text = $"http://{text}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || text.Any(char.IsControl))
        {
            fault = "A device's address is a host, host:port, or an http:// or https:// URL.";
            return false;
        }

        if (uri.UserInfo.Length > 0)
        {
            fault = "The device's address holds a user name: give user name and password separately.";
            return false;
        }

        fault = "";
        device = new UriBuilder(uri) { Path = uri.AbsolutePath == "/" ? "/onvif/device_service" : uri.AbsolutePath, Fragment = "" }.Uri;
        return true;
    }
}
