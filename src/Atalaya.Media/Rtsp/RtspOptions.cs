using System.Net;

namespace Atalaya.Media.Rtsp;

/// <summary>How media travels.</summary>
public enum RtspTransport
{
    /// <summary>TCP; UDP if the camera refuses it (461).</summary>
    Auto,

    /// <summary>Interleaved with the control connection: nothing is lost on the way, and firewalls let it through.</summary>
    Tcp,
    Udp,
}

/// <summary>Whom a client of <c>rtsps://</c> believes.</summary>
public enum RtspTrustKind
{
    /// <summary>The certificate chain and the host name, by the system's authorities.</summary>
    System,

    /// <summary>Exactly one certificate. The usual choice: cameras sign their own.</summary>
    Pinned,

    /// <summary>Anyone: protects against listeners, not against impostors.</summary>
    Any,
}

/// <summary>Whom a client of <c>rtsps://</c> believes.</summary>
public sealed record RtspTrust
{
    RtspTrust(RtspTrustKind kind, string? fingerprint) => (Kind, Fingerprint) = (kind, fingerprint);

    public RtspTrustKind Kind { get; }

    /// <summary>SHA-256 of the certificate's DER form, 64 hexadecimal digits in upper case; only when pinned.</summary>
    public string? Fingerprint { get; }

    public static RtspTrust System { get; } = new(RtspTrustKind.System, null);
    public static RtspTrust Any { get; } = new(RtspTrustKind.Any, null);

    /// <summary>Accepts the usual spellings: with colons or spaces, in lower or upper case.</summary>
    /// <exception cref="FormatException">Not 32 bytes in hexadecimal.</exception>
    public static RtspTrust Pinned(string sha256)
    {
        string digits = new([.. sha256.Where(c => c is not (':' or ' ' or '-'))]);
        if (digits.Length != 64 || !digits.All(char.IsAsciiHexDigit))
            throw new FormatException("A certificate fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits.");
        return new(RtspTrustKind.Pinned, digits.ToUpperInvariant());
    }
}

/// <summary>What a session needs to know besides the address.</summary>
public sealed record RtspOptions
{
    public RtspTransport Transport { get; init; } = RtspTransport.Auto;

    /// <summary>Goes before credentials inside the URL.</summary>
    public string? UserName { get; init; }
    public string? Password { get; init; }

    /// <summary>Name resolution, TCP and TLS together. 10 s: a camera on a slow radio link answers in 3.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the reply to one request. 10 s: some cameras start their encoder on DESCRIBE.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without media for so long the run ends with <see cref="RtspEndKind.Timeout"/>. 10 s: longer than the key frame distance of slow streams.</summary>
    public TimeSpan DataTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>3: one is known from load balancers; more is a loop.</summary>
    public int MaxRedirects { get; init; } = 3;

    /// <summary>Asked for each address before it is connected to, also after a redirect. By default everything is allowed.</summary>
    public Func<IPAddress, bool> AddressAllowed { get; init; } = static _ => true;

    public RtspTrust Trust { get; init; } = RtspTrust.System;
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public string UserAgent { get; init; } = "Atalaya";

    // A record prints all it has; a password must not reach a log that way.
    public override string ToString() => $"RtspOptions {{ Transport = {Transport}, Trust = {Trust.Kind} }}";
}
