using System.Globalization;
using System.Text;
using System.Xml;

using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Node.Tracks;

/// <summary>
/// Tracks as an ONVIF metadata stream (<c>tt:MetadataStream</c> of metadatastream.xsd, ONVIF Analytics Service Specification 5.1.2.2). Coordinates are those of
/// the specification: −1 to 1, x to the right and y upwards. Appearance holds a shape and a class; faces, bodies, plates and pictures never.
/// </summary>
static class OnvifMetadata
{
    public const string ContentType = "application/vnd.onvif.metadata+xml";
    const string Schema = "http://www.onvif.org/ver10/schema";

    public static async Task WriteAsync(Stream to, IEnumerable<TrackBlock> blocks, WallTime from, WallTime until, CancellationToken stop)
    {
        await using var xml = XmlWriter.Create(to, new() { Async = true, Indent = true, IndentChars = " ", NewLineChars = "\n", Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
        await xml.WriteStartDocumentAsync();
        await xml.WriteStartElementAsync("tt", "MetadataStream", Schema);
        await xml.WriteStartElementAsync("tt", "VideoAnalytics", Schema);
        foreach (var picture in blocks.SelectMany(b => b.Pictures))
        {
            stop.ThrowIfCancellationRequested();
            if (picture.At >= from && picture.At < until)
                await WriteAsync(xml, picture);
        }

        await xml.WriteEndElementAsync();
        await xml.WriteEndElementAsync();
        await xml.WriteEndDocumentAsync();
    }

    static async Task WriteAsync(XmlWriter xml, KeptPicture picture)
    {
        await xml.WriteStartElementAsync("tt", "Frame", Schema);
        await xml.WriteAttributeStringAsync(null, "UtcTime", null, picture.At.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        foreach (var track in picture.Tracks)
        {
            await xml.WriteStartElementAsync("tt", "Object", Schema);
            await xml.WriteAttributeStringAsync(null, "ObjectId", null, track.Id.ToString(CultureInfo.InvariantCulture));
            await xml.WriteStartElementAsync("tt", "Appearance", Schema);
            await xml.WriteStartElementAsync("tt", "Shape", Schema);
            await ElementAsync(xml, "BoundingBox", ("left", X(track.Box.X)), ("top", Y(track.Box.Y)), ("right", X(track.Box.Right)), ("bottom", Y(track.Box.Bottom)));
            await ElementAsync(xml, "CenterOfGravity", ("x", X(track.Box.Centre.X)), ("y", Y(track.Box.Centre.Y)));
            await xml.WriteEndElementAsync();
            await xml.WriteStartElementAsync("tt", "Class", Schema);
            await xml.WriteStartElementAsync("tt", "Type", Schema);
            await xml.WriteAttributeStringAsync(null, "Likelihood", null, Number(track.Score));
            await xml.WriteStringAsync(TypeOf(track.Class));
            await xml.WriteEndElementAsync();
            await xml.WriteEndElementAsync();
            await xml.WriteEndElementAsync();
            await xml.WriteEndElementAsync();
        }

        await xml.WriteEndElementAsync();
    }

    static async Task ElementAsync(XmlWriter xml, string name, params (string Name, string Value)[] attributes)
    {
        await xml.WriteStartElementAsync("tt", name, Schema);
        foreach (var (attribute, value) in attributes)
            await xml.WriteAttributeStringAsync(null, attribute, null, value);
        await xml.WriteEndElementAsync();
    }

    static string X(float x) => Number((2 * x) - 1);
    static string Y(float y) => Number(1 - (2 * y));
    static string Number(float value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    // Words of tt:ObjectType where it has one; the type is open for others.
    static string TypeOf(ObjectClass what) => what switch
    {
        ObjectClass.Person => "Human",
        ObjectClass.Vehicle => "Vehicle",
        ObjectClass.TwoWheeler => "Bike",
        ObjectClass.Animal => "Animal",
        ObjectClass.Boat => "Boat",
        ObjectClass.Bag => "Bag",
        _ => "Other",
    };
}
