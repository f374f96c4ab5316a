using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>The bodies of all requests; the order of elements is the schemas'.</summary>
static class Requests
{
    public static XElement GetSystemDateAndTime() => new(Names.Device + "GetSystemDateAndTime");
    public static XElement GetDeviceInformation() => new(Names.Device + "GetDeviceInformation");
    public static XElement GetServices() => new(Names.Device + "GetServices", new XElement(Names.Device + "IncludeCapability", "false"));
    public static XElement GetCapabilities() => new(Names.Device + "GetCapabilities", new XElement(Names.Device + "Category", "All"));

    /// <param name="utc">Null: let the device take its time from the network.</param>
    public static XElement SetSystemDateAndTime(DateTimeOffset? utc)
    {
        var request = new XElement(
            Names.Device + "SetSystemDateAndTime",
            new XElement(Names.Device + "DateTimeType", utc is null ? "NTP" : "Manual"),
            new XElement(Names.Device + "DaylightSavings", "false"));
        if (utc?.UtcDateTime is { } time)
        {
            request.Add(new XElement(
                Names.Device + "UTCDateTime",
                new XElement(Names.Schema + "Time", Number("Hour", time.Hour), Number("Minute", time.Minute), Number("Second", time.Second)),
                new XElement(Names.Schema + "Date", Number("Year", time.Year), Number("Month", time.Month), Number("Day", time.Day))));
        }

        return request;

        static XElement Number(string name, int value) => new(Names.Schema + name, value);
    }

    public static XElement GetProfiles(bool media2) =>
        media2 ? new(Names.Media2 + "GetProfiles", new XElement(Names.Media2 + "Type", "All")) : new(Names.Media + "GetProfiles");

    public static XElement GetStreamUri(string profile, bool media2) => media2
        ? new(Names.Media2 + "GetStreamUri", new XElement(Names.Media2 + "Protocol", "RTSP"), new XElement(Names.Media2 + "ProfileToken", profile))
        : new(
            Names.Media + "GetStreamUri",
            new XElement(
                Names.Media + "StreamSetup",
                new XElement(Names.Schema + "Stream", "RTP-Unicast"),
                new XElement(Names.Schema + "Transport", new XElement(Names.Schema + "Protocol", "RTSP"))),
            new XElement(Names.Media + "ProfileToken", profile));

    public static XElement GetSnapshotUri(string profile, bool media2)
    {
        var space = media2 ? Names.Media2 : Names.Media;
        return new(space + "GetSnapshotUri", new XElement(space + "ProfileToken", profile));
    }

    public static XElement CreatePullPointSubscription(TimeSpan lifetime) =>
        new(Names.Events + "CreatePullPointSubscription", new XElement(Names.Events + "InitialTerminationTime", XmlConvert.ToString(lifetime)));

    public static XElement PullMessages(TimeSpan timeout, int limit) => new(
        Names.Events + "PullMessages", new XElement(Names.Events + "Timeout", XmlConvert.ToString(timeout)), new XElement(Names.Events + "MessageLimit", limit));

    public static XElement Renew(TimeSpan lifetime) =>
        new(Names.Notification + "Renew", new XElement(Names.Notification + "TerminationTime", XmlConvert.ToString(lifetime)));

    public static XElement Unsubscribe() => new(Names.Notification + "Unsubscribe");

    public static XElement ContinuousMove(string profile, OnvifMove speed, TimeSpan? timeout) => new(
        Names.Ptz + "ContinuousMove", Profile(profile), Vector("Velocity", speed),
        timeout is { } limit ? new XElement(Names.Ptz + "Timeout", XmlConvert.ToString(limit)) : null);

    public static XElement AbsoluteMove(string profile, OnvifMove position) => new(Names.Ptz + "AbsoluteMove", Profile(profile), Vector("Position", position));

    public static XElement Stop(string profile, bool panTilt, bool zoom) => new(
        Names.Ptz + "Stop", Profile(profile), new XElement(Names.Ptz + "PanTilt", panTilt), new XElement(Names.Ptz + "Zoom", zoom));

    public static XElement GetPresets(string profile) => new(Names.Ptz + "GetPresets", Profile(profile));
    public static XElement GotoPreset(string profile, string preset) => new(Names.Ptz + "GotoPreset", Profile(profile), Preset(preset));
    public static XElement RemovePreset(string profile, string preset) => new(Names.Ptz + "RemovePreset", Profile(profile), Preset(preset));

    /// <param name="preset">Null: a new one.</param>
    public static XElement SetPreset(string profile, string? name, string? preset) => new(
        Names.Ptz + "SetPreset", Profile(profile), name is null ? null : new XElement(Names.Ptz + "PresetName", name), preset is null ? null : Preset(preset));

    public static XElement GetImagingSettings(string source) => new(Names.Imaging + "GetImagingSettings", new XElement(Names.Imaging + "VideoSourceToken", source));

    public static XElement SetImagingSettings(string source, OnvifImage image) => new(
        Names.Imaging + "SetImagingSettings",
        new XElement(Names.Imaging + "VideoSourceToken", source),
        new XElement(
            Names.Imaging + "ImagingSettings",
            Value("Brightness", image.Brightness), Value("ColorSaturation", image.Saturation), Value("Contrast", image.Contrast),
            image.AutoFocus is { } auto ? new XElement(Names.Schema + "Focus", new XElement(Names.Schema + "AutoFocusMode", auto ? "AUTO" : "MANUAL")) : null,
            image.IrCut is { } cut ? new XElement(Names.Schema + "IrCutFilter", cut switch { OnvifIrCut.On => "ON", OnvifIrCut.Off => "OFF", _ => "AUTO" }) : null,
            Value("Sharpness", image.Sharpness)),
        new XElement(Names.Imaging + "ForcePersistence", "true"));

    public static XElement GetImagingOptions(string source) => new(Names.Imaging + "GetOptions", new XElement(Names.Imaging + "VideoSourceToken", source));

    /// <param name="speed">Positive: farther.</param>
    public static XElement MoveFocus(string source, double speed) => new(
        Names.Imaging + "Move",
        new XElement(Names.Imaging + "VideoSourceToken", source),
        new XElement(Names.Imaging + "Focus", new XElement(Names.Schema + "Continuous", Value("Speed", speed))));

    public static XElement StopFocus(string source) => new(Names.Imaging + "Stop", new XElement(Names.Imaging + "VideoSourceToken", source));

    public static XElement GetPtzStatus(string profile) => new(Names.Ptz + "GetStatus", Profile(profile));

    /// <summary>Asks who is there: devices of one of the two types that ONVIF devices give themselves.</summary>
    /// <param name="type">A qualified name; its prefix is declared beside it.</param>
    public static XElement Probe(XNamespace space, string type) => new(
        Names.Discovery + "Probe",
        new XElement(Names.Discovery + "Types", new XAttribute(XNamespace.Xmlns + "dp0", space.NamespaceName), $"dp0:{type}"));

    public static XElement GetMasks(string configuration) => new(Names.Media2 + "GetMasks", new XElement(Names.Media2 + "ConfigurationToken", configuration));
    public static XElement GetMaskOptions(string configuration) => new(Names.Media2 + "GetMaskOptions", new XElement(Names.Media2 + "ConfigurationToken", configuration));
    public static XElement DeleteMask(string token) => new(Names.Media2 + "DeleteMask", new XElement(Names.Media2 + "Token", token));

    /// <param name="operation">CreateMask or SetMask.</param>
    public static XElement PutMask(string operation, string configuration, OnvifMask mask) => new(
        Names.Media2 + operation,
        new XElement(
            Names.Media2 + "Mask",
            new XAttribute("token", mask.Token),
            new XElement(Names.Media2 + "ConfigurationToken", configuration),
            // ONVIF counts from −1 to 1, upwards.
            new XElement(Names.Media2 + "Polygon", mask.Points.Select(p => new XElement(Names.Schema + "Point", Axis("x", (p.X * 2) - 1), Axis("y", 1 - (p.Y * 2))))),
            new XElement(Names.Media2 + "Type", mask.Type),
            new XElement(Names.Media2 + "Enabled", mask.Enabled)));

    static XElement Profile(string token) => new(Names.Ptz + "ProfileToken", token);
    static XElement Preset(string token) => new(Names.Ptz + "PresetToken", token);

    static XElement? Value(string name, double? value) => value is { } number ? new(Names.Schema + name, number.ToString(CultureInfo.InvariantCulture)) : null;

    static XElement Vector(string name, OnvifMove move) => new(
        Names.Ptz + name,
        move.Pan is null && move.Tilt is null ? null : new XElement(Names.Schema + "PanTilt", Axis("x", move.Pan), Axis("y", move.Tilt)),
        move.Zoom is null ? null : new XElement(Names.Schema + "Zoom", Axis("x", move.Zoom)));

    static XAttribute Axis(string name, double? value) => new(name, (value ?? 0).ToString(CultureInfo.InvariantCulture));
}
