using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>Reads XML that a stranger sent: no document type, no entities, nothing fetched, bounded in depth and number.</summary>
/// <remarks>
/// Elements are found by local name: makers write the same schema with namespaces of other versions, and a wrong one must not
/// cost a camera. Comments and processing instructions are left out.
/// </remarks>
static class Xml
{
    /// <summary>The deepest ONVIF answer nests 15 elements.</summary>
    public const int MaxDepth = 64;

    /// <summary>Elements and attributes. An encoder with 64 channels sends about 20,000.</summary>
    public const int MaxNodes = 100_000;

    static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
    };

    /// <summary>Never throws.</summary>
    /// <param name="fault">What is wrong and where; never repeats what was sent.</param>
    public static XElement? TryLoad(ReadOnlySpan<byte> bytes, out string fault)
    {
        // Some devices send a line break before the declaration.
        while (bytes.Length > 0 && bytes[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            bytes = bytes[1..];
        if (bytes.IsEmpty)
        {
            fault = "It is empty.";
            return null;
        }

        try
        {
            using var stream = new MemoryStream(bytes.ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, Settings);
            return Load(reader, out fault);
        }
        catch (XmlException e)
        {
            fault = e.Message.Contains("DTD", StringComparison.Ordinal)
                ? "It holds a document type definition, which could make a small answer a huge one; none is accepted."
                : $"It is no well-formed XML (line {e.LineNumber}, column {e.LinePosition}).";
            return null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or NotSupportedException)
        {
            fault = "It is XML whose names or encoding make no sense.";
            return null;
        }
    }

    static XElement? Load(XmlReader reader, out string fault)
    {
        XElement? root = null;
        var open = new Stack<XElement>();
        int nodes = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    nodes += 1 + reader.AttributeCount;
                    if (open.Count >= MaxDepth || nodes > MaxNodes)
                    {
                        fault = open.Count >= MaxDepth ? $"Its elements nest deeper than {MaxDepth}." : $"It has more than {MaxNodes:N0} elements and attributes.";
                        return null;
                    }

                    var element = new XElement(XName.Get(reader.LocalName, reader.NamespaceURI));
                    bool empty = reader.IsEmptyElement;
                    while (reader.MoveToNextAttribute())
                        element.Add(new XAttribute(reader.Name == "xmlns" ? "xmlns" : XName.Get(reader.LocalName, reader.NamespaceURI), reader.Value));
                    if (open.TryPeek(out var parent))
                        parent.Add(element);
                    else
                        root = element;
                    if (!empty)
                        open.Push(element);
                    break;
                case XmlNodeType.EndElement:
                    open.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace when open.TryPeek(out var around):
                    around.Add(new XText(reader.Value));
                    break;
            }
        }

        fault = root is null ? "It holds no element." : "";
        return root;
    }

    public static XElement? Child(this XElement? element, string localName)
    {
        if (element is null)
            return null;
        foreach (var child in element.Elements())
        {
            if (child.Name.LocalName == localName)
                return child;
        }

        return null;
    }

    public static IEnumerable<XElement> Children(this XElement? element, string localName) =>
        element is null ? [] : element.Elements().Where(e => e.Name.LocalName == localName);

    /// <summary>Follows local names from child to child.</summary>
    public static XElement? At(this XElement? element, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
            element = element.Child(name);
        return element;
    }

    public static string? Text(this XElement? element, params ReadOnlySpan<string> path) =>
        At(element, path) is { HasElements: false } found && found.Value.Trim() is { Length: > 0 } text ? text : null;

    public static string? AttributeText(this XElement? element, string localName)
    {
        if (element is null)
            return null;
        foreach (var attribute in element.Attributes())
        {
            if (attribute.Name.LocalName == localName && !attribute.IsNamespaceDeclaration)
                return attribute.Value.Trim();
        }

        return null;
    }

    /// <summary>Null for what is absent, no number, negative or beyond 2³¹. Makers write 25 and 25.000000 for the same.</summary>
    public static int? Count(string? text) => Number(text) is >= 0 and <= int.MaxValue and var number ? (int)Math.Round(number) : null;

    public static double? Number(string? text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    /// <summary>Without a zone it is UTC, as the specification wants it.</summary>
    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    /// <summary><c>ter:NotAuthorized</c> → <c>NotAuthorized</c>.</summary>
    public static string LocalOf(string qualified) => qualified[(qualified.LastIndexOf(':') + 1)..].Trim();

    /// <summary>A stranger's words for people: one line of at most <paramref name="length"/> characters.</summary>
    public static string? Shown(string? text, int length = 200)
    {
        if (text is null)
            return null;
        string line = new([.. text.Trim().Take(length).Select(c => char.IsControl(c) ? ' ' : c)]);
        return line.Length == 0 ? null : text.Trim().Length > length ? line + "…" : line;
    }
}
