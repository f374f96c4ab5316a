using System.Globalization;
using System.Xml.Linq;

namespace Atalaya.Simulation;

/// <summary>The bodies that a simulated device answers with, in the order of the official schemas.</summary>
sealed class OnvifReplies(OnvifDeviceOptions options, Func<OnvifQuirks> quirks, Func<DateTimeOffset> clock)
{
    public static readonly XNamespace
        Soap = "http://www.w3.org/2003/05/soap-envelope", Old = "http://schemas.xmlsoap.org/soap/envelope/", Addressing = "http://www.w3.org/2005/08/addressing",
        Notification = "http://docs.oasis-open.org/wsn/b-2", Schema = "http://www.onvif.org/ver10/schema", Device = "http://www.onvif.org/ver10/device/wsdl",
        Media = "http://www.onvif.org/ver10/media/wsdl", Media2 = "http://www.onvif.org/ver20/media/wsdl", Events = "http://www.onvif.org/ver10/events/wsdl",
        Ptz = "http://www.onvif.org/ver20/ptz/wsdl", Imaging = "http://www.onvif.org/ver20/imaging/wsdl", Error = "http://www.onvif.org/ver10/error";

    public const string InnerHost = "192.0.2.77";

    bool Has(OnvifQuirks quirk) => (quirks() & quirk) != OnvifQuirks.None;

    public XElement SystemDateAndTime()
    {
        var now = clock().UtcDateTime;
        return new(
            Device + "GetSystemDateAndTimeResponse",
            new XElement(
                Device + "SystemDateAndTime",
                new XElement(Schema + "DateTimeType", "NTP"),
                new XElement(Schema + "DaylightSavings", "false"),
                Has(OnvifQuirks.MissingFields) ? null : new XElement(Schema + "TimeZone", new XElement(Schema + "TZ", "CET-1CEST,M3.5.0,M10.5.0/3")),
                new XElement(
                    Schema + "UTCDateTime",
                    new XElement(Schema + "Time", Number("Hour", now.Hour), Number("Minute", now.Minute), Number("Second", now.Second)),
                    new XElement(Schema + "Date", Number("Year", now.Year), Number("Month", now.Month), Number("Day", now.Day)))));
    }

    public XElement DeviceInformation() => Has(OnvifQuirks.MissingFields)
        ? new(Device + "GetDeviceInformationResponse", new XElement(Device + "Model", options.Model))
        : new(
            Device + "GetDeviceInformationResponse",
            new XElement(Device + "Manufacturer", options.Manufacturer), new XElement(Device + "Model", options.Model),
            new XElement(Device + "FirmwareVersion", "1.0"), new XElement(Device + "SerialNumber", "0001"), new XElement(Device + "HardwareId", "sim"));

    public XElement Services(string authority) => new(
        Device + "GetServicesResponse",
        Offered(authority).Select(s => new XElement(
            Device + "Service",
            new XElement(Device + "Namespace", s.Namespace.NamespaceName),
            new XElement(Device + "XAddr", s.Address),
            new XElement(Device + "Version", new XElement(Schema + "Major", 2), new XElement(Schema + "Minor", 60)))));

    public XElement Capabilities(string authority)
    {
        var addresses = Offered(authority).ToDictionary(s => s.Namespace, s => s.Address);
        return new(
            Device + "GetCapabilitiesResponse",
            new XElement(
                Device + "Capabilities",
                new XElement(Schema + "Device", new XElement(Schema + "XAddr", addresses[Device])),
                new XElement(
                    Schema + "Events", new XElement(Schema + "XAddr", addresses[Events]), new XElement(Schema + "WSSubscriptionPolicySupport", "false"),
                    new XElement(Schema + "WSPullPointSupport", "true"), new XElement(Schema + "WSPausableSubscriptionManagerInterfaceSupport", "false")),
                new XElement(Schema + "Imaging", new XElement(Schema + "XAddr", addresses[Imaging])),
                !addresses.TryGetValue(Media, out string? media) ? null : new XElement(Schema + "Media", new XElement(Schema + "XAddr", media), new XElement(Schema + "StreamingCapabilities")),
                new XElement(Schema + "PTZ", new XElement(Schema + "XAddr", addresses[Ptz]))));
    }

    public XElement Profiles(bool media2) => media2
        ? new(Media2 + "GetProfilesResponse", options.Profiles.Select(Profile2))
        : new(Media + "GetProfilesResponse", options.Profiles.Select(Profile1));

    public static XElement MaskOptions(int most) => new(
        Media2 + "GetMaskOptionsResponse",
        new XElement(
            Media2 + "Options", new XAttribute("RectangleOnly", "false"), new XAttribute("SingleColorOnly", "true"),
            new XElement(Media2 + "MaxMasks", most), new XElement(Media2 + "MaxPoints", 8), new XElement(Media2 + "Types", "Color"), new XElement(Media2 + "Types", "Pixelated")));

    public XElement StreamUri(OnvifDeviceProfile profile, bool media2)
    {
        string uri = Has(OnvifQuirks.WrongHost) ? new UriBuilder(profile.Uri) { Host = InnerHost }.Uri.AbsoluteUri : profile.Uri;
        return media2 ? new(Media2 + "GetStreamUriResponse", new XElement(Media2 + "Uri", uri)) : new(Media + "GetStreamUriResponse", MediaUri(uri));
    }

    public XElement SnapshotUri(string authority, OnvifDeviceProfile profile, bool media2)
    {
        string uri = $"{Scheme}://{Authority(authority)}/snapshot/{profile.Token}.jpg";
        return media2 ? new(Media2 + "GetSnapshotUriResponse", new XElement(Media2 + "Uri", uri)) : new(Media + "GetSnapshotUriResponse", MediaUri(uri));
    }

    public XElement Subscribed(string authority, int id, TimeSpan lifetime) => new(
        Events + "CreatePullPointSubscriptionResponse",
        new XElement(
            Events + "SubscriptionReference",
            new XElement(Addressing + "Address", $"{Scheme}://{Authority(authority)}/onvif/pull"),
            // As one maker does it: every subscription at one address, told apart by what the client sends back.
            new XElement(Addressing + "ReferenceParameters", new XElement((XNamespace)"http://example.com/simulated" + "SubscriptionId", id))),
        new XElement(Notification + "CurrentTime", Time(clock())),
        new XElement(Notification + "TerminationTime", Time(clock() + lifetime)));

    public XElement Pulled(IEnumerable<XElement> messages, TimeSpan lifetime) => new(
        Events + "PullMessagesResponse",
        new XElement(Events + "CurrentTime", Time(clock())), new XElement(Events + "TerminationTime", Time(clock() + lifetime)), messages);

    public XElement Renewed(TimeSpan lifetime) => new(
        Notification + "RenewResponse", new XElement(Notification + "TerminationTime", Time(clock() + lifetime)), new XElement(Notification + "CurrentTime", Time(clock())));

    public XElement Message(string topic, IEnumerable<(string Name, string Value)> source, IEnumerable<(string Name, string Value)> data) => new(
        Notification + "NotificationMessage",
        new XAttribute(XNamespace.Xmlns + "tns1", "http://www.onvif.org/ver10/topics"),
        new XElement(
            Notification + "Topic", new XAttribute("Dialect", "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"), $"tns1:{topic}"),
        new XElement(
            Notification + "Message",
            new XElement(
                Schema + "Message", new XAttribute("UtcTime", Time(clock())), new XAttribute("PropertyOperation", "Changed"),
                new XElement(Schema + "Source", Items(source)), new XElement(Schema + "Data", Items(data)))));

    public static XElement Presets(IEnumerable<KeyValuePair<string, string>> presets) => new(
        Ptz + "GetPresetsResponse", presets.Select(p => new XElement(Ptz + "Preset", new XAttribute("token", p.Key), new XElement(Schema + "Name", p.Value))));

    public XElement PtzStatus(OnvifLook look) => new(
        Ptz + "GetStatusResponse",
        new XElement(
            Ptz + "PTZStatus",
            new XElement(
                Schema + "Position",
                new XElement(Schema + "PanTilt", new XAttribute("x", Real(look.Pan)), new XAttribute("y", Real(look.Tilt))),
                new XElement(Schema + "Zoom", new XAttribute("x", Real(look.Zoom)))),
            new XElement(Schema + "MoveStatus", new XElement(Schema + "PanTilt", look.IsMoving ? "MOVING" : "IDLE"), new XElement(Schema + "Zoom", look.IsMoving ? "MOVING" : "IDLE")),
            new XElement(Schema + "UtcTime", Time(clock()))));

    public static XElement ImagingOptions()
    {
        static XElement Range(string name) => new(Schema + name, new XElement(Schema + "Min", 0), new XElement(Schema + "Max", 100));
        return new(
            Imaging + "GetOptionsResponse",
            new XElement(
                Imaging + "ImagingOptions",
                Range("Brightness"), Range("ColorSaturation"), Range("Contrast"),
                new XElement(Schema + "Focus", new XElement(Schema + "AutoFocusModes", "AUTO"), new XElement(Schema + "AutoFocusModes", "MANUAL")),
                new XElement(Schema + "IrCutFilterModes", "ON"), new XElement(Schema + "IrCutFilterModes", "OFF"), new XElement(Schema + "IrCutFilterModes", "AUTO"),
                Range("Sharpness")));
    }

    public static XElement Fault(string code, string reason) => new(
        Soap + "Fault",
        new XAttribute(XNamespace.Xmlns + "ter", Error.NamespaceName), new XAttribute(XNamespace.Xmlns + "env", Soap.NamespaceName),
        new XElement(Soap + "Code", new XElement(Soap + "Value", "env:Sender"), new XElement(Soap + "Subcode", new XElement(Soap + "Value", $"ter:{code}"))),
        new XElement(Soap + "Reason", new XElement(Soap + "Text", new XAttribute(XNamespace.Xml + "lang", "en"), reason)));

    public static XElement OldFault(string code, string reason) => new(
        Old + "Fault", new XAttribute(XNamespace.Xmlns + "ter", Error.NamespaceName), new XElement("faultcode", $"ter:{code}"), new XElement("faultstring", reason));

    /// <summary>What the device calls itself.</summary>
    /// <summary>Of the addresses it answers.</summary>
    public string Scheme => options.Tls ? "https" : "http";

    public string Authority(string authority) => Has(OnvifQuirks.WrongHost) ? InnerHost : authority;

    IEnumerable<(XNamespace Namespace, string Address)> Offered(string authority)
    {
        string at = $"{Scheme}://{Authority(authority)}/onvif/";
        yield return (Device, at + "device_service");
        if (!Has(OnvifQuirks.NoMedia))
            yield return (Media, at + "media");
        if (!Has(OnvifQuirks.NoMedia2))
            yield return (Media2, at + "media2");
        yield return (Events, at + "events");
        yield return (Ptz, at + "ptz");
        yield return (Imaging, at + "imaging");
    }

    XElement Profile1(OnvifDeviceProfile profile)
    {
        if (Has(OnvifQuirks.MissingFields))
        {
            return new(
                Media + "Profiles", new XAttribute("token", profile.Token),
                new XElement(Schema + "VideoEncoderConfiguration", new XElement(Schema + "Encoding", profile.Encoding), Resolution(profile)));
        }

        return new(
            Media + "Profiles", new XAttribute("token", profile.Token), new XAttribute("fixed", "true"),
            new XElement(Schema + "Name", profile.Name),
            Source(Schema + "VideoSourceConfiguration", profile),
            new XElement(
                Schema + "VideoEncoderConfiguration", new XAttribute("token", $"encoder-{profile.Token}"),
                new XElement(Schema + "Name", profile.Name), new XElement(Schema + "UseCount", 1),
                // Media of 2009 knows three encodings; H.265 is called what its schema allows, as makers do.
                new XElement(Schema + "Encoding", profile.Encoding == "H265" ? "H264" : profile.Encoding),
                Resolution(profile),
                new XElement(Schema + "Quality", 5),
                new XElement(
                    Schema + "RateControl", new XElement(Schema + "FrameRateLimit", (int)profile.FramesPerSecond), new XElement(Schema + "EncodingInterval", 1),
                    new XElement(Schema + "BitrateLimit", profile.KilobitsPerSecond)),
                new XElement(Schema + "H264", new XElement(Schema + "GovLength", 50), new XElement(Schema + "H264Profile", "High")),
                Multicast(),
                new XElement(Schema + "SessionTimeout", "PT60S")),
            Turning(Schema + "PTZConfiguration"));
    }

    XElement Profile2(OnvifDeviceProfile profile)
    {
        if (Has(OnvifQuirks.MissingFields))
        {
            return new(
                Media2 + "Profiles", new XAttribute("token", profile.Token),
                new XElement(Media2 + "Configurations", new XElement(Media2 + "VideoEncoder", new XElement(Schema + "Encoding", profile.Encoding), Resolution(profile))));
        }

        return new(
            Media2 + "Profiles", new XAttribute("token", profile.Token), new XAttribute("fixed", "true"),
            new XElement(Media2 + "Name", profile.Name),
            new XElement(
                Media2 + "Configurations",
                Source(Media2 + "VideoSource", profile),
                new XElement(
                    Media2 + "VideoEncoder", new XAttribute("token", $"encoder-{profile.Token}"), new XAttribute("GovLength", 50), new XAttribute("Profile", "Main"),
                    new XElement(Schema + "Name", profile.Name), new XElement(Schema + "UseCount", 1),
                    new XElement(Schema + "Encoding", profile.Encoding),
                    Resolution(profile),
                    new XElement(
                        Schema + "RateControl", new XAttribute("ConstantBitRate", "true"),
                        new XElement(Schema + "FrameRateLimit", profile.FramesPerSecond.ToString("0.000000", CultureInfo.InvariantCulture)),
                        new XElement(Schema + "BitrateLimit", profile.KilobitsPerSecond)),
                    new XElement(Schema + "Quality", 5)),
                Turning(Media2 + "PTZ")));
    }

    static XElement Source(XName name, OnvifDeviceProfile profile) => new(
        name, new XAttribute("token", $"configuration-{profile.Source}"),
        new XElement(Schema + "Name", profile.Source), new XElement(Schema + "UseCount", 2), new XElement(Schema + "SourceToken", profile.Source),
        new XElement(Schema + "Bounds", new XAttribute("x", 0), new XAttribute("y", 0), new XAttribute("width", 1920), new XAttribute("height", 1080)));

    static XElement Turning(XName name) => new(
        name, new XAttribute("token", "ptz"), new XElement(Schema + "Name", "ptz"), new XElement(Schema + "UseCount", 2), new XElement(Schema + "NodeToken", "node"));

    static XElement Multicast() => new(
        Schema + "Multicast", new XElement(Schema + "Address", new XElement(Schema + "Type", "IPv4"), new XElement(Schema + "IPv4Address", "0.0.0.0")),
        new XElement(Schema + "Port", 0), new XElement(Schema + "TTL", 1), new XElement(Schema + "AutoStart", "false"));

    static XElement Resolution(OnvifDeviceProfile profile) =>
        new(Schema + "Resolution", new XElement(Schema + "Width", profile.Width), new XElement(Schema + "Height", profile.Height));

    static XElement MediaUri(string uri) => new(
        Media + "MediaUri", new XElement(Schema + "Uri", uri), new XElement(Schema + "InvalidAfterConnect", "false"),
        new XElement(Schema + "InvalidAfterReboot", "false"), new XElement(Schema + "Timeout", "PT0S"));

    static IEnumerable<XElement> Items(IEnumerable<(string Name, string Value)> items) =>
        items.Select(i => new XElement(Schema + "SimpleItem", new XAttribute("Name", i.Name), new XAttribute("Value", i.Value)));

    static XElement Number(string name, int value) => new(Schema + name, value);

    static string Real(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
