using System.ComponentModel;

using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Media;
using Atalaya.Media.Rtsp;

namespace Atalaya.Node.Cameras;

public enum CameraSource
{
    /// <summary>In the configuration file: changed there, not here.</summary>
    File,

    /// <summary>Added by this API.</summary>
    Api,
}

public sealed record CameraStreamJson(
    [property: Description("rtsp:// or rtsps://, without credentials; empty for who may not manage the camera.")] string Url);

public sealed record CameraJson(
    string Id,
    string Name,
    bool Enabled,
    CameraSource Source,
    CameraStreamJson Main,
    CameraStreamJson? Sub,
    RtspTransport Transport,
    RecordedStreams Record,
    bool Audio,
    [property: Description("Its own limits; null: the default ones hold.")] CameraRetentionJson? Retention,
    string? UserName,
    [property: Description("Whether a password is kept. The password itself is never returned.")] bool HasPassword,
    [property: Description("rtsps and https only: SHA-256 of the certificate that the camera must show, for pictures and ONVIF alike; null: the system's authorities decide.")] string? Fingerprint,
    [property: Description("Null: the camera is asked for pictures only.")] CameraOnvifJson? Onvif,
    [property: Description("The site it belongs to; null: none.")] string? Site,
    [property: Description("Groups it belongs to, for rights.")] IReadOnlyList<string> Groups,
    CameraStatusJson Status,
    RecordingStatusJson Recording);

public sealed record CameraOnvifJson(
    [property: Description("Of the device's ONVIF service.")] string Url,
    [property: Description("Token of the profile that is turned and reported on; null: the first that can be turned, else the first.")] string? Profile,
    [property: Description("Null while the camera is switched off.")] OnvifStatusJson? Status);

public sealed record OnvifStatusJson(
    OnvifState State,
    [property: Description("One sentence for a technician; empty while all is well.")] string Reason,
    DateTimeOffset Since,
    DateTimeOffset? NextAttemptAt,
    [property: Description("What the device says it is; null before it first answered.")] OnvifDeviceJson? Device,
    [property: Description("Seconds by which the device's clock is ahead of the node's; null if it doesn't tell its time.")] double? ClockOffsetSeconds,
    DateTimeOffset? ClockReadAt,
    [property: Description("The device takes its time from the network, as it says.")] bool ClockFromNetwork,
    [property: Description("It can be turned or zoomed.")] bool Ptz,
    [property: Description("Its picture can be set.")] bool Imaging,
    [property: Description("What the camera's own analytics see comes in.")] bool ReceivesEvents,
    [property: Description("Why no events come; empty when they do.")] string EventsReason,
    [property: Description("Events received since the node started.")] long Events,
    [property: Description("Events about faces or identities since the node started: left out, never kept.")] long IdentityEventsDropped);

[Description("How long footage of a camera is kept: what goes first is what either limit asks for.")]
public sealed record CameraRetentionJson(
    [property: Description("Footage goes when it is older than so many days; null: no such limit.")] double? Days,
    [property: Description("Footage goes from the oldest on when it is more than so many bytes, both streams together; null: no such limit.")] long? Bytes);

public sealed record CameraStatusJson(
    CameraState State,
    [property: Description("One sentence for an operator; empty while all is well.")] string Reason,
    DateTimeOffset Since,
    [property: Description("Tries to connect since it last ran; 0 while it runs.")] int Attempt,
    IReadOnlyList<StreamStatusJson> Streams);

public sealed record StreamStatusJson(
    StreamKind Stream,
    [property: Description("h264, h265, …; null until the first picture.")] string? Codec,
    [property: Description("RFC 6381, as in a codecs parameter: avc1.640028.")] string? CodecString,
    int? Width,
    int? Height,
    [property: Description("Pictures a second, over the last seconds.")] double? Fps,
    [property: Description("Bit/s over the last seconds.")] long? Bitrate,
    [property: Description("RTP packets lost since the node started.")] long PacketsLost,
    DateTimeOffset? LastUnitAt,
    [property: Description("Of the sound that comes along: aac, g711u, …; null: none, or none yet.")] string? AudioCodec,
    CameraState State,
    string Reason,
    [property: Description("When the next connection is tried; null while connected.")] DateTimeOffset? NextAttemptAt);

public enum RecordingStateJson
{
    Off,
    Waiting,
    Recording,
    Failed,
}

public sealed record RecordingStatusJson(RecordingStateJson State, DateTimeOffset Since, string Reason);

public sealed record CameraInputJson
{
    [Description("Lower-case letters, digits and hyphens, at most 63; chosen once. Made from the name when left out.")]
    public string? Id { get; init; }

    [Description("What people call it, at most 100 characters.")]
    public string? Name { get; init; }

    [Description("Default true.")]
    public bool? Enabled { get; init; }

    [Description("The site it belongs to, at most 63 characters; empty: none. Absent: unchanged.")]
    public string? Site { get; init; }

    [Description("Groups it belongs to, at most 16. Absent: unchanged.")]
    public IReadOnlyList<string>? Groups { get; init; }

    [Description("The stream that is recorded and shown large. Required.")]
    public CameraStreamInputJson? Main { get; init; }

    [Description("A smaller stream of the same picture, if the camera has one.")]
    public CameraStreamInputJson? Sub { get; init; }

    [Description("Default auto: tcp, and udp if the camera refuses it.")]
    public RtspTransport? Transport { get; init; }

    [Description("Which streams are kept on disk. Default main.")]
    public RecordedStreams? Record { get; init; }

    [Description("Sound is received and recorded where the camera sends it. Default true.")]
    public bool? Audio { get; init; }

    [Description("Its own limits. When changing a camera: absent or null keeps them, an object without limits removes them, so that the default ones hold.")]
    public CameraRetentionJson? Retention { get; init; }

    public string? UserName { get; init; }

    [Description("When changing a camera: absent or null keeps the password, an empty string removes it.")]
    public string? Password { get; init; }

    [Description("rtsps and https only: SHA-256 of the certificate that the camera must show, for pictures and ONVIF alike, 64 hexadecimal digits.")]
    public string? Fingerprint { get; init; }

    [Description("For events, turning, picture settings and the clock; left out: the camera is asked for pictures only. User name and password are the camera's.")]
    public CameraOnvifInputJson? Onvif { get; init; }
}

public sealed record CameraOnvifInputJson
{
    [Description("Host, host:port, or the http(s):// address of the device's ONVIF service.")]
    public string? Url { get; init; }

    [Description("Token of one of its profiles; needed where one device has several cameras.")]
    public string? Profile { get; init; }
}

public sealed record CameraStreamInputJson
{
    [Description("rtsp:// or rtsps://; a user name and password inside are split off and kept encrypted.")]
    public string? Url { get; init; }
}

public sealed record ProbeRequestJson
{
    [Description("rtsp:// or rtsps://. Required.")]
    public string? Url { get; init; }

    [Description("For a preview: what is shown where the browser can't play the main stream.")]
    public string? Sub { get; init; }

    public string? UserName { get; init; }
    public string? Password { get; init; }

    [Description("rtsps only: SHA-256 of the certificate that the camera must show, 64 hexadecimal digits.")]
    public string? Fingerprint { get; init; }

    [Description("Default auto.")]
    public RtspTransport? Transport { get; init; }

    [Description("Use the user name and password kept for this camera, if its main or sub stream is at the same host and none are given.")]
    public string? Camera { get; init; }
}

public sealed record ProbeJson(
    [property: Description("The address asked, without credentials.")] string Url,
    int ElapsedMs,
    IReadOnlyList<ProbeTrackJson> Tracks);

public sealed record ProbeTrackJson(
    [property: Description("video, audio or application.")] string Kind,
    [property: Description("As the camera names it: H264, H265, MPEG4-GENERIC, PCMU, …")] string Encoding,
    string? CodecString,
    int? Width,
    int? Height,
    bool Supported,
    [property: Description("Why it can't be received; null if it can.")] string? Reason);

public sealed record DiscoverRequestJson
{
    [Description("How long answers are awaited, 1 to 15 seconds. Default 4.")]
    public int? TimeoutSeconds { get; init; }

    [Description("Ask this one IP address, without multicast. Default: everyone on the node's networks.")]
    public string? Address { get; init; }
}

public sealed record FoundDeviceJson(
    [property: Description("What the device calls itself; empty where it says nothing.")] string Name,
    string Address,
    [property: Description("Its model; empty where it says nothing.")] string Hardware,
    string Location,
    [property: Description("Of its ONVIF service: the address for POST /api/cameras/onvif.")] string Xaddr,
    [property: Description("ONVIF profiles that it claims: Streaming, G, T, M, …")] IReadOnlyList<string> Profiles);

public sealed record OnvifRequestJson
{
    [Description("Host, host:port, or the http(s):// address of the device's ONVIF service. Required.")]
    public string? Address { get; init; }

    public string? UserName { get; init; }
    public string? Password { get; init; }

    [Description("https only: SHA-256 of the certificate that the device must show, 64 hexadecimal digits.")]
    public string? Fingerprint { get; init; }
}

public sealed record OnvifJson(
    [property: Description("The address asked.")] string Address,
    OnvifDeviceJson Device,
    [property: Description("Seconds by which the device's clock is ahead of the node's; null if it doesn't tell its time.")] double? ClockOffsetSeconds,
    IReadOnlyList<OnvifProfileJson> Profiles,
    [property: Description("For the first camera of the device.")] OnvifProposalJson Proposal,
    [property: Description("For its other cameras, where one device has several.")] IReadOnlyList<OnvifProposalJson> Others,
    [property: Description("It can be turned or zoomed.")] bool Ptz,
    [property: Description("It reports what its own analytics see.")] bool Events);

public sealed record OnvifDeviceJson(string Manufacturer, string Model, string Firmware, string SerialNumber, string HardwareId);

public sealed record OnvifProfileJson(
    string Token,
    string Name,
    [property: Description("H264, H265, JPEG, …; null: no video.")] string? Encoding,
    int? Width,
    int? Height,
    double? Fps,
    [property: Description("Limit that is set, kbit/s.")] int? Kbps,
    [property: Description("The camera behind it, where the device has several.")] string? Source,
    [property: Description("rtsp:// or rtsps://, without user name and password, at the host that was asked; null where the device gives none.")] string? Url);

public sealed record OnvifProposalJson(
    [property: Description("For main.url of a camera; null: nothing that can be recorded.")] string? Main,
    [property: Description("For sub.url of a camera.")] string? Sub,
    [property: Description("Why these, in words.")] string Reason,
    [property: Description("For onvif.profile of a camera: the main stream's.")] string? Profile);

public sealed record PreviewJson(
    string Id,
    [property: Description("When it ends by itself.")] DateTimeOffset EndsAt);

public sealed record PtzRequestJson
{
    [Description("Speed from -1 (left) to 1 (right). Default 0, as the others.")]
    public double? Pan { get; init; }

    [Description("From -1 (down) to 1 (up).")]
    public double? Tilt { get; init; }

    [Description("From -1 (wider) to 1 (closer).")]
    public double? Zoom { get; init; }

    [Description("From -1 (nearer) to 1 (farther).")]
    public double? Focus { get; init; }
}

public sealed record PtzPositionJson(
    [property: Description("From -1 to 1; null where the camera doesn't tell, as the others.")] double? Pan,
    double? Tilt,
    [property: Description("From 0 to 1.")] double? Zoom);

public sealed record PresetJson(string Token, string Name);

public sealed record PresetInputJson
{
    [Description("1 to 100 characters.")]
    public string? Name { get; init; }

    [Description("Of a preset that is to be moved here. Left out: a new one.")]
    public string? Token { get; init; }
}

public sealed record PresetRequestJson
{
    [Description("As listPresets gives it. Required.")]
    public string? Token { get; init; }
}

public sealed record ImagingValueJson(
    [property: Description("In the camera's own units.")] double Value,
    [property: Description("Null where the camera doesn't say, as 'most'.")] double? Least,
    double? Most);

public sealed record ImagingJson(
    [property: Description("Null: the camera doesn't say, as the others.")] ImagingValueJson? Brightness,
    ImagingValueJson? Contrast,
    ImagingValueJson? Saturation,
    ImagingValueJson? Sharpness,
    [property: Description("The infrared filter: on by day, off by night.")] OnvifIrCut? IrCut,
    [property: Description("What the filter can be set to; empty: can't be set, or isn't said.")] IReadOnlyList<OnvifIrCut> IrCutChoices,
    [property: Description("False: focused by hand.")] bool? AutoFocus,
    [property: Description("Whether that can be chosen.")] bool FocusChoice);

public sealed record ImagingInputJson
{
    [Description("In the camera's own units; left out: as it is, as the others.")]
    public double? Brightness { get; init; }

    public double? Contrast { get; init; }
    public double? Saturation { get; init; }
    public double? Sharpness { get; init; }
    public OnvifIrCut? IrCut { get; init; }
    public bool? AutoFocus { get; init; }
}
