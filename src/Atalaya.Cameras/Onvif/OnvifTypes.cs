using System.Collections.Immutable;
using Atalaya.Media.Rtsp;

namespace Atalaya.Cameras.Onvif;

/// <summary>What a device says of itself; empty where it says nothing.</summary>
public sealed record OnvifDeviceInformation(string Manufacturer, string Model, string Firmware, string SerialNumber, string HardwareId);

/// <param name="Namespace">Of its WSDL, for instance <c>http://www.onvif.org/ver20/media/wsdl</c>.</param>
/// <param name="Address">At the host that was asked, whatever the device answered.</param>
public sealed record OnvifService(string Namespace, Uri Address, int Major, int Minor);

/// <param name="Utc">The device's clock.</param>
/// <param name="Offset">By how much it is ahead of ours; as exact as its whole seconds allow.</param>
/// <param name="FromNtp">The device says that it takes its time from the network.</param>
public sealed record OnvifTime(DateTimeOffset Utc, TimeSpan Offset, bool FromNtp);

/// <summary>One way a device sends a picture. What it doesn't say is null.</summary>
/// <param name="Encoding">As the device names it: H264, H265, JPEG …; upper case, without a dot. Null: no video encoder.</param>
/// <param name="FramesPerSecond">The limit that is set.</param>
/// <param name="KilobitsPerSecond">The limit that is set.</param>
/// <param name="SourceToken">The camera behind it: a device with several has several.</param>
/// <param name="SourceConfigurationToken">How events name that camera.</param>
public sealed record OnvifProfile(
    string Token,
    string Name,
    bool OfMedia2,
    string? Encoding,
    int? Width,
    int? Height,
    double? FramesPerSecond,
    int? KilobitsPerSecond,
    int? KeyFrameDistance,
    string? SourceToken,
    string? AudioEncoding,
    bool HasPtz,
    string? SourceConfigurationToken = null);

/// <param name="Url">At the host that was asked; without credentials.</param>
/// <param name="AnsweredHost">What the device had written, where that was another host; else null.</param>
public sealed record OnvifStreamUri(RtspUrl Url, string? AnsweredHost);

public sealed record OnvifPreset(string Token, string Name);

/// <summary>Pan and tilt −1 … 1 (right and up are positive), zoom −1 … 1 as a speed and 0 … 1 as a position; null: leave it as it is.</summary>
public sealed record OnvifMove(double? Pan, double? Tilt, double? Zoom);

/// <summary>A part of the picture that the device paints over itself.</summary>
/// <param name="Token">Empty for one that isn't made yet.</param>
/// <param name="Points">Corners, as fractions of the picture from its upper left.</param>
/// <param name="Type">As ONVIF names it: Color, Pixelated, Blurred.</param>
public sealed record OnvifMask(string Token, ImmutableArray<(double X, double Y)> Points, string Type, bool Enabled);

/// <param name="MaxPoints">Corners of one mask.</param>
/// <param name="RectangleOnly">Their sides must lie along those of the picture.</param>
public sealed record OnvifMaskOptions(int MaxMasks, int MaxPoints, bool RectangleOnly, ImmutableArray<string> Types);

public enum OnvifIrCut
{
    On,
    Off,
    Auto,
}

/// <summary>In the device's own units, usually 0 … 100; null: not said, or to be left as it is.</summary>
/// <param name="AutoFocus">False: it is focused by hand.</param>
public sealed record OnvifImage(double? Brightness, double? Contrast, double? Saturation, double? Sharpness, OnvifIrCut? IrCut, bool? AutoFocus = null);

/// <summary>From the least to the most, both possible.</summary>
public readonly record struct OnvifRange(double Least, double Most);

/// <summary>What can be set at a device's picture; null or empty: can't be set, or isn't said.</summary>
/// <param name="Focus">Whether focusing by itself and by hand can be chosen between.</param>
public sealed record OnvifImageOptions(
    OnvifRange? Brightness, OnvifRange? Contrast, OnvifRange? Saturation, OnvifRange? Sharpness, ImmutableArray<OnvifIrCut> IrCut, bool Focus);

public enum OnvifChange
{
    /// <summary>Nothing was said: something happened, once.</summary>
    Happened,

    /// <summary>The state at the time of subscribing.</summary>
    Initial,
    Changed,
    Deleted,
}

public readonly record struct OnvifItem(string Name, string Value);

/// <summary>What a device reports. Nothing of a face or of somebody's identity is ever in it.</summary>
/// <param name="Topic">Without prefixes: <c>RuleEngine/CellMotionDetector/Motion</c>.</param>
/// <param name="At">By the device's clock; null if it wrote no time that can be read.</param>
public sealed record OnvifEvent(
    string Topic, OnvifChange Change, DateTimeOffset? At, ImmutableArray<OnvifItem> Source, ImmutableArray<OnvifItem> Key, ImmutableArray<OnvifItem> Data);

/// <summary>What was left out of events because it is about who somebody is, not what happens.</summary>
/// <param name="Events">Whole events, by their topic or the class of what they found.</param>
/// <param name="Items">Single items of events that were kept.</param>
public readonly record struct OnvifDropped(long Events, long Items)
{
    public static OnvifDropped operator +(OnvifDropped a, OnvifDropped b) => new(a.Events + b.Events, a.Items + b.Items);
}
