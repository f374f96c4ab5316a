namespace Atalaya.Cameras.Onvif;

/// <summary>Why a device couldn't be asked.</summary>
public enum OnvifFailure
{
    /// <summary>No route, no name, nothing listens.</summary>
    Unreachable,
    Timeout,
    Tls,

    /// <summary>The address isn't among the allowed networks.</summary>
    AddressForbidden,
    Unauthorised,

    /// <summary>Refused, and the device's clock is the likely reason.</summary>
    WrongClock,

    /// <summary>The device has no such service or action.</summary>
    NotSupported,

    /// <summary>The device refuses a value.</summary>
    InvalidArgument,

    /// <summary>The device reports an error of its own.</summary>
    DeviceFault,

    /// <summary>Something answers, but not ONVIF.</summary>
    NotOnvif,

    /// <summary>More was answered than is read.</summary>
    TooLarge,
}

/// <summary>A device could not be asked, or refused. <see cref="Exception.Message"/> is written for a technician and holds no credentials.</summary>
public sealed class OnvifException : Exception
{
    public OnvifException(OnvifFailure kind, Uri device, string message, string? operation = null, string? code = null, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Device = device;
        Operation = operation;
        Code = code;
    }

    public OnvifFailure Kind { get; }
    public Uri Device { get; }

    /// <summary>For instance <c>GetProfiles</c>; null if none was asked for yet.</summary>
    public string? Operation { get; }

    /// <summary>The device's fault codes, from the outermost to the innermost: <c>Sender/NotAuthorized</c>; null where it sent none.</summary>
    public string? Code { get; }

    /// <summary><see cref="OnvifFailure.Tls"/>: the SHA-256 of the certificate that was shown, 64 hexadecimal digits; null if none was.</summary>
    public string? Certificate { get; init; }

    /// <summary>Where it happened, for a log.</summary>
    public string Coordinates => $"{Device}{(Operation is null ? "" : $", {Operation}")}{(Code is null ? "" : $", {Code}")}";
}
