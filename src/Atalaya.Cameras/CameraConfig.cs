using Atalaya.Media;
using Atalaya.Media.Rtsp;

namespace Atalaya.Cameras;

/// <summary>Which of a camera's streams are kept.</summary>
public enum RecordedStreams
{
    None,
    Main,
    /// <summary>For cameras whose main stream is H.265 and whose operators' browsers can't play that.</summary>
    Sub,
    Both,
}

/// <summary>Where a camera's ONVIF service is. User name, password and fingerprint are the camera's.</summary>
/// <param name="Device">As <see cref="Onvif.OnvifAddress.TryParse"/> makes it.</param>
/// <param name="Profile">Token of the profile that is turned and reported on; null: the first that can be turned, else the first. Needed where one device has several cameras.</param>
public sealed record OnvifConfig(Uri Device, string? Profile);

/// <summary>One camera as someone described it. A snapshot: a change makes a new one and swaps it.</summary>
public sealed record CameraConfig
{
    /// <summary>1 to 63 of a–z, 0–9 and hyphens, not starting with a hyphen: it names a folder, a metric and a path of the API.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it, 1 to 100 characters.</summary>
    public required string Name { get; init; }

    public required RtspUrl Main { get; init; }
    public RtspUrl? Sub { get; init; }
    public string? UserName { get; init; }
    public string? Password { get; init; }
    public RtspTransport Transport { get; init; } = RtspTransport.Auto;
    public RecordedStreams Record { get; init; } = RecordedStreams.Main;

    /// <summary>Sound is received and recorded where the camera sends it.</summary>
    public bool Audio { get; init; } = true;

    /// <summary>How long its footage is kept, and how many bytes of it; both null: as all others'.</summary>
    public TimeSpan? KeepFor { get; init; }
    public long? KeepBytes { get; init; }

    /// <summary>False: known, but not contacted; its silence is the operator's.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>rtsps, and ONVIF over https: the SHA-256 of the certificate that this camera must show, 64 hexadecimal digits. Null: the system's authorities decide.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>For events, turning, picture settings and the clock; null: the camera is asked for pictures only.</summary>
    public OnvifConfig? Onvif { get; init; }

    public bool Records(StreamKind stream) =>
        Record == RecordedStreams.Both || Record == (stream == StreamKind.Main ? RecordedStreams.Main : RecordedStreams.Sub);

    public RtspUrl? Url(StreamKind stream) => stream == StreamKind.Main ? Main : Sub;

    public static bool IsId(string? id)
    {
        if (id is not { Length: >= 1 and <= 63 } || id[0] == '-')
            return false;
        foreach (char c in id)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                return false;
        }

        return true;
    }

    /// <summary>Whether a running session of <paramref name="stream"/> must start anew to follow this change.</summary>
    internal bool NeedsNewSession(CameraConfig before, StreamKind stream) =>
        !Equals(Url(stream), before.Url(stream)) || UserName != before.UserName || Password != before.Password || Transport != before.Transport
        || Audio != before.Audio || Enabled != before.Enabled || Fingerprint != before.Fingerprint;

    /// <summary>Whether a running ONVIF session must start anew to follow this change.</summary>
    public bool NeedsNewOnvif(CameraConfig before) =>
        Onvif != before.Onvif || UserName != before.UserName || Password != before.Password || Enabled != before.Enabled || Fingerprint != before.Fingerprint;

    /// <summary>Without credentials: configurations end up in logs.</summary>
    public override string ToString() => $"{Id} ({Main})";
}
