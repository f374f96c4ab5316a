using System.Collections.Immutable;
using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>Reads the bodies of replies. Never throws: what is missing is null, what makes no sense is left out.</summary>
static class Replies
{
    const int MaxProfiles = 1024, MaxEvents = 4096, MaxItems = 64, MaxPresets = 1024, MaxServices = 64, MaxToken = 256, MaxMasks = 256, MaxCorners = 256;

    /// <returns>The device's clock; null if it says none that exists.</returns>
    public static (DateTimeOffset Utc, bool FromNtp)? Time(XElement reply)
    {
        var root = reply.Child("SystemDateAndTime");
        bool ntp = string.Equals(root.Text("DateTimeType"), "NTP", StringComparison.OrdinalIgnoreCase);
        // UTC is optional in the schema; local time without a zone that we know says nothing.
        var utc = root.Child("UTCDateTime");
        if (Xml.Count(utc.Text("Date", "Year")) is not { } year || Xml.Count(utc.Text("Date", "Month")) is not { } month || Xml.Count(utc.Text("Date", "Day")) is not { } day
            || Xml.Count(utc.Text("Time", "Hour")) is not { } hour || Xml.Count(utc.Text("Time", "Minute")) is not { } minute || Xml.Count(utc.Text("Time", "Second")) is not { } second)
            return null;
        if (year is < 1970 or > 9998 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
            return null;
        // 60 is a leap second.
        return (new(year, month, day, hour, minute, Math.Min(second, 59), TimeSpan.Zero), ntp);
    }

    public static OnvifDeviceInformation DeviceInformation(XElement reply) => new(
        Xml.Shown(reply.Text("Manufacturer")) ?? "", Xml.Shown(reply.Text("Model")) ?? "", Xml.Shown(reply.Text("FirmwareVersion")) ?? "",
        Xml.Shown(reply.Text("SerialNumber")) ?? "", Xml.Shown(reply.Text("HardwareId")) ?? "");

    /// <summary>Of <c>GetServices</c>; addresses as answered.</summary>
    public static IReadOnlyList<(string Namespace, string Address, int Major, int Minor)> Services(XElement reply) =>
    [
        .. reply.Children("Service").Take(MaxServices)
            .Select(s => (s.Text("Namespace") ?? "", s.Text("XAddr") ?? "", Xml.Count(s.Text("Version", "Major")) ?? 0, Xml.Count(s.Text("Version", "Minor")) ?? 0))
            .Where(s => s.Item1.Length > 0 && s.Item2.Length > 0),
    ];

    /// <summary>Of <c>GetCapabilities</c>, which knows services by name only.</summary>
    public static IReadOnlyList<(string Namespace, string Address, int Major, int Minor)> Capabilities(XElement reply)
    {
        var capabilities = reply.Child("Capabilities");
        (string Name, XNamespace Namespace)[] known =
            [("Device", Names.Device), ("Media", Names.Media), ("Events", Names.Events), ("PTZ", Names.Ptz), ("Imaging", Names.Imaging)];
        return [.. known.Select(k => (k.Namespace.NamespaceName, capabilities.Text(k.Name, "XAddr") ?? "", 0, 0)).Where(s => s.Item2.Length > 0)];
    }

    public static IReadOnlyList<OnvifProfile> Profiles(XElement reply, bool media2)
    {
        var profiles = new List<OnvifProfile>();
        foreach (var profile in reply.Children("Profiles").Take(MaxProfiles))
        {
            if (profile.AttributeText("token") is not { Length: > 0 and <= MaxToken } token)
                continue;
            // Media2 gathers under "Configurations" what Media names one by one.
            var within = media2 ? profile.Child("Configurations") : profile;
            string suffix = media2 ? "" : "Configuration";
            var video = within.Child($"VideoEncoder{suffix}");
            var size = video.Child("Resolution");
            var rate = video.Child("RateControl");
            profiles.Add(new(
                token,
                Xml.Shown(profile.Text("Name"), 100) ?? token,
                media2,
                Encoding(video.Text("Encoding")),
                Positive(size.Text("Width"), 65535),
                Positive(size.Text("Height"), 65535),
                Xml.Number(rate.Text("FrameRateLimit")) is > 0 and <= 1000 and var fps ? fps : null,
                Positive(rate.Text("BitrateLimit"), 10_000_000),
                Positive(media2 ? video.AttributeText("GovLength") : video.Text("H264", "GovLength") ?? video.Text("MPEG4", "GovLength"), 100_000),
                Token(within.At($"VideoSource{suffix}").Text("SourceToken")),
                Encoding(within.At($"AudioEncoder{suffix}").Text("Encoding")),
                within.Child($"PTZ{suffix}") is not null,
                Token(within.Child($"VideoSource{suffix}").AttributeText("token"))));
        }

        return profiles;
    }

    /// <summary>Those with a token and an outline.</summary>
    public static IReadOnlyList<OnvifMask> Masks(XElement reply)
    {
        var masks = new List<OnvifMask>();
        foreach (var mask in reply.Children("Masks").Take(MaxMasks))
        {
            ImmutableArray<(double X, double Y)> points =
            [
                .. mask.Child("Polygon").Children("Point").Take(MaxCorners)
                    .Select(p => (X: Xml.Number(p.AttributeText("x")), Y: Xml.Number(p.AttributeText("y"))))
                    .Where(p => p is { X: >= -1 and <= 1, Y: >= -1 and <= 1 })
                    .Select(p => ((p.X!.Value + 1) / 2, (1 - p.Y!.Value) / 2)),
            ];
            if (mask.AttributeText("token") is { Length: > 0 and <= MaxToken } token && points.Length >= 3)
                masks.Add(new(token, points, Xml.Shown(mask.Text("Type"), 40) ?? "Color", !string.Equals(mask.Text("Enabled"), "false", StringComparison.OrdinalIgnoreCase)));
        }

        return masks;
    }

    public static OnvifMaskOptions MaskOptions(XElement reply)
    {
        var options = reply.Child("Options");
        return new(
            Xml.Count(options.Text("MaxMasks")) ?? 0, Xml.Count(options.Text("MaxPoints")) ?? 4,
            string.Equals(options.AttributeText("RectangleOnly"), "true", StringComparison.OrdinalIgnoreCase),
            [.. options.Children("Types").Take(MaxItems).Select(t => Xml.Shown(t.Value, 40)).OfType<string>()]);
    }

    /// <summary>Of a stream or a snapshot, in either version; as answered.</summary>
    public static string? Address(XElement reply) => reply.Text("MediaUri", "Uri") ?? reply.Text("Uri");

    /// <returns>The subscription's address, what must be sent back with every request to it, and how long it lasts; null without an address.</returns>
    public static (string Address, IReadOnlyList<XElement> Parameters, TimeSpan? Lifetime)? Subscription(XElement reply)
    {
        var reference = reply.Child("SubscriptionReference");
        return reference.Text("Address") is not { } address
            ? null
            : (address, [.. (reference.Child("ReferenceParameters")?.Elements() ?? []).Take(16)], Lifetime(reply));
    }

    /// <summary>From now, by the device's own account.</summary>
    public static TimeSpan? Lifetime(XElement reply) =>
        Xml.Time(reply.Text("TerminationTime")) is { } end && Xml.Time(reply.Text("CurrentTime")) is { } now && end > now ? end - now : null;

    /// <summary>What a device reports, without what is about somebody's identity: see <see cref="IdentityFilter"/>.</summary>
    public static (IReadOnlyList<OnvifEvent> Events, OnvifDropped Dropped) Events(XElement reply)
    {
        var events = new List<OnvifEvent>();
        var dropped = default(OnvifDropped);
        foreach (var notification in reply.Children("NotificationMessage").Take(MaxEvents))
        {
            string topic = Topic(notification.Text("Topic") ?? "");
            if (IdentityFilter.IsIdentity(topic))
            {
                dropped += new OnvifDropped(1, 0);
                continue;
            }

            // wsnt:Message holds tt:Message.
            var message = notification.At("Message", "Message");
            if (topic.Length == 0 || message is null)
                continue;
            long items = 0;
            bool face = false;
            var source = Items(message.Child("Source"), ref items, ref face);
            var key = Items(message.Child("Key"), ref items, ref face);
            var data = Items(message.Child("Data"), ref items, ref face);
            if (face)
            {
                dropped += new OnvifDropped(1, 0);
                continue;
            }

            dropped += new OnvifDropped(0, items);
            events.Add(new(
                topic,
                message.AttributeText("PropertyOperation") switch
                {
                    "Initialized" => OnvifChange.Initial,
                    "Changed" => OnvifChange.Changed,
                    "Deleted" => OnvifChange.Deleted,
                    _ => OnvifChange.Happened,
                },
                Xml.Time(message.AttributeText("UtcTime")), source, key, data));
        }

        return (events, dropped);
    }

    public static IReadOnlyList<OnvifPreset> Presets(XElement reply) =>
    [
        .. reply.Children("Preset").Take(MaxPresets)
            .Select(p => (Token: Token(p.AttributeText("token")), Name: Xml.Shown(p.Text("Name"), 100)))
            .Where(p => p.Token is not null)
            .Select(p => new OnvifPreset(p.Token!, p.Name ?? p.Token!)),
    ];

    public static OnvifImage Image(XElement reply)
    {
        var settings = reply.Child("ImagingSettings");
        return new(
            Xml.Number(settings.Text("Brightness")), Xml.Number(settings.Text("Contrast")), Xml.Number(settings.Text("ColorSaturation")), Xml.Number(settings.Text("Sharpness")),
            IrCut(settings.Text("IrCutFilter")),
            settings.Text("Focus", "AutoFocusMode")?.ToUpperInvariant() switch { "AUTO" => true, "MANUAL" => false, _ => null });
    }

    public static OnvifImageOptions ImageOptions(XElement reply)
    {
        var options = reply.Child("ImagingOptions");
        var focus = options.Child("Focus").Children("AutoFocusModes").Select(m => m.Value.Trim().ToUpperInvariant()).ToArray();
        return new(
            Range(options.Child("Brightness")), Range(options.Child("Contrast")), Range(options.Child("ColorSaturation")), Range(options.Child("Sharpness")),
            [.. options.Children("IrCutFilterModes").Take(8).Select(m => IrCut(m.Value.Trim())).OfType<OnvifIrCut>().Distinct()],
            focus.Contains("AUTO") && focus.Contains("MANUAL"));
    }

    /// <summary>Where the camera looks; parts that the device doesn't tell are null.</summary>
    public static OnvifMove Position(XElement reply)
    {
        var position = reply.At("PTZStatus", "Position");
        return new(
            Xml.Number(position.Child("PanTilt").AttributeText("x")), Xml.Number(position.Child("PanTilt").AttributeText("y")), Xml.Number(position.Child("Zoom").AttributeText("x")));
    }

    static OnvifIrCut? IrCut(string? text) => text?.ToUpperInvariant() switch { "ON" => OnvifIrCut.On, "OFF" => OnvifIrCut.Off, "AUTO" => OnvifIrCut.Auto, _ => null };

    static OnvifRange? Range(XElement? range) => Xml.Number(range.Text("Min")) is { } least && Xml.Number(range.Text("Max")) is { } most && most > least ? new(least, most) : null;

    // tns1:RuleEngine/tnsvendor:Thing → RuleEngine/Thing.
    static string Topic(string text) => Xml.Shown(string.Join('/', text.Split('/').Select(Xml.LocalOf)), 256) ?? "";

    static ImmutableArray<OnvifItem> Items(XElement? list, ref long dropped, ref bool face)
    {
        var items = ImmutableArray.CreateBuilder<OnvifItem>();
        // Only simple items: what stands in an ElementItem is a description of objects, faces among them.
        foreach (var item in list.Children("SimpleItem"))
        {
            if (item.AttributeText("Name") is not { Length: > 0 and <= MaxToken } name)
                continue;
            string value = item.AttributeText("Value") ?? "";
            if (IdentityFilter.IsIdentity(name) || value.Length > IdentityFilter.MaxValue)
            {
                dropped++;
                continue;
            }

            face |= IdentityFilter.IsFaceClass(new(name, value));
            if (items.Count < MaxItems)
                items.Add(new(name, value));
        }

        return items.ToImmutable();
    }

    static int? Positive(string? text, int most) => Xml.Count(text) is > 0 and var count && count <= most ? count : null;

    static string? Token(string? text) => text is { Length: > 0 and <= MaxToken } ? text : null;

    // Makers write H264, H.264 and h264.
    static string? Encoding(string? text) => Xml.Shown(text, 40)?.Replace(".", "", StringComparison.Ordinal).ToUpperInvariant() is { Length: > 0 } encoding
        ? encoding is "HEVC" ? "H265" : encoding
        : null;
}
