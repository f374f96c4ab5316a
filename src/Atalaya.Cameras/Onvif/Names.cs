using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>Namespaces of the messages, under the prefixes that the ONVIF specifications use.</summary>
static class Names
{
    public static readonly XNamespace
        Soap = "http://www.w3.org/2003/05/soap-envelope",
        Addressing = "http://www.w3.org/2005/08/addressing",
        Security = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
        SecurityUtility = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
        Notification = "http://docs.oasis-open.org/wsn/b-2",
        Schema = "http://www.onvif.org/ver10/schema",
        Device = "http://www.onvif.org/ver10/device/wsdl",
        Media = "http://www.onvif.org/ver10/media/wsdl",
        Media2 = "http://www.onvif.org/ver20/media/wsdl",
        Events = "http://www.onvif.org/ver10/events/wsdl",
        Ptz = "http://www.onvif.org/ver20/ptz/wsdl",
        Imaging = "http://www.onvif.org/ver20/imaging/wsdl",
        // WS-Discovery of April 2005 and its addressing: what ONVIF devices speak, not the OASIS version.
        Discovery = "http://schemas.xmlsoap.org/ws/2005/04/discovery",
        DiscoveryAddressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        Network = "http://www.onvif.org/ver10/network/wsdl";

    /// <summary>Prefixes that an envelope declares at its head, so that devices with a weak parser find them there.</summary>
    public static IEnumerable<XAttribute> Declared(IEnumerable<XElement> content)
    {
        var used = content.SelectMany(e => e.DescendantsAndSelf()).Select(e => e.Name.Namespace).Append(Soap).ToHashSet();
        return Prefixes.Where(p => used.Contains(p.Namespace)).Select(p => new XAttribute(XNamespace.Xmlns + p.Prefix, p.Namespace.NamespaceName));
    }

    static readonly (string Prefix, XNamespace Namespace)[] Prefixes =
    [
        ("s", Soap), ("wsa", Addressing), ("wsse", Security), ("wsu", SecurityUtility), ("wsnt", Notification), ("tt", Schema),
        ("tds", Device), ("trt", Media), ("tr2", Media2), ("tev", Events), ("tptz", Ptz), ("timg", Imaging),
        ("d", Discovery), ("a", DiscoveryAddressing),
    ];
}
