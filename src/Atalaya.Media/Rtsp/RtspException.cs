namespace Atalaya.Media.Rtsp;

/// <summary>Why there is no stream.</summary>
public enum RtspFailure
{
    /// <summary>No route, no name, no answer on the network.</summary>
    Unreachable,

    /// <summary>The machine is there and refuses the connection, or the camera refuses the request.</summary>
    Refused,
    Timeout,
    Tls,
    Unauthorised,
    NotFound,

    /// <summary>The camera offers nothing that can be received.</summary>
    NoSupportedStream,
    ProtocolError,

    /// <summary>The address isn't among the allowed networks.</summary>
    AddressForbidden,

    /// <summary>Redirected too often, or to somewhere that can't be followed.</summary>
    Redirected,
}

/// <summary>A camera could not be reached or understood. <see cref="Exception.Message"/> is written for a technician.</summary>
public sealed class RtspException : Exception
{
    public RtspException(RtspFailure kind, RtspUrl camera, string message, string? request = null, int? cSeq = null, long? offset = null, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Camera = camera;
        Request = request;
        CSeq = cSeq;
        Offset = offset;
    }

    public RtspFailure Kind { get; }

    /// <summary>Never shows credentials.</summary>
    public RtspUrl Camera { get; }

    /// <summary>The method, for instance <c>DESCRIBE</c>; null if no request had been made.</summary>
    public string? Request { get; }
    public int? CSeq { get; }

    /// <summary><see cref="RtspFailure.Tls"/>: the SHA-256 of the certificate that was shown, 64 hexadecimal digits; null if none was.</summary>
    public string? Certificate { get; init; }

    /// <summary><see cref="RtspFailure.Redirected"/>: where the camera sends us, if that is an address; credentials of the first host aren't for another.</summary>
    public RtspUrl? RedirectedTo { get; init; }

    /// <summary>Bytes that the camera had sent on this connection before what made no sense.</summary>
    public long? Offset { get; }

    /// <summary>The message with its coordinates, for a log.</summary>
    public string Coordinates =>
        $"{Camera}{(Request is null ? "" : $", {Request}")}{(CSeq is null ? "" : $", CSeq {CSeq}")}{(Offset is null ? "" : $", byte {Offset}")}";
}
