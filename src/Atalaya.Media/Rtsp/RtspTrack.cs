using Atalaya.Media.Sdp;

namespace Atalaya.Media.Rtsp;

/// <summary>One track that a camera offers.</summary>
public sealed class RtspTrack
{
    internal RtspTrack(int index, SdpMedia media, string control, string? reason)
    {
        Index = index;
        Media = media;
        Control = control;
        Reason = reason;
    }

    /// <summary>Position in the session description, from 0.</summary>
    public int Index { get; }
    public SdpMedia Media { get; }

    /// <summary>Can be given to <see cref="RtspSession.PlayAsync"/>.</summary>
    public bool IsSupported => Reason is null;

    /// <summary>In words why the track can't be received; null if it can.</summary>
    public string? Reason { get; }

    /// <summary>The URL that SETUP names, without credentials.</summary>
    internal string Control { get; }

    public override string ToString() => $"{Media.Kind} {Media.Encoding}{(Reason is null ? "" : $" ({Reason})")}";
}
