using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Atalaya.Cameras.Onvif;

/// <summary>A SOAP 1.2 message: one element in its body, or a fault. SOAP 1.1 faults are understood too, some devices send them.</summary>
/// <param name="Body">The body's first element; null for a fault.</param>
sealed record SoapEnvelope(XElement? Header, XElement? Body, SoapFault? Fault)
{
    static readonly XmlWriterSettings Settings = new() { Encoding = new UTF8Encoding(false), Indent = false };

    /// <summary>Never throws.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SoapEnvelope? envelope, out string fault)
    {
        envelope = null;
        var root = Xml.TryLoad(bytes, out fault);
        if (root is null)
            return false;
        if (root.Name.LocalName != "Envelope" || root.Child("Body") is not { } body)
        {
            fault = "It is XML, but no SOAP message.";
            return false;
        }

        var content = body.Elements().FirstOrDefault();
        envelope = content?.Name.LocalName == "Fault" ? new(root.Child("Header"), null, SoapFault.Read(content)) : new(root.Child("Header"), content, null);
        return true;
    }

    public static byte[] Write(XElement body, params ReadOnlySpan<XElement> headers)
    {
        var copies = new List<XElement>();
        foreach (var header in headers)
            copies.Add(new(header));
        var envelope = new XElement(
            Names.Soap + "Envelope", Names.Declared([.. copies, body]), copies.Count == 0 ? null : new XElement(Names.Soap + "Header", copies), new XElement(Names.Soap + "Body", body));
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, Settings))
            envelope.Save(writer);
        return stream.ToArray();
    }

    /// <summary>
    /// WS-Security UsernameToken with a password digest (OASIS Username Token Profile 1.0): the password itself isn't sent, and the digest
    /// is good for one message only, for as long as the device's clock allows.
    /// </summary>
    /// <param name="created">By the device's clock.</param>
    public static XElement UsernameToken(string userName, string password, ReadOnlySpan<byte> nonce, DateTimeOffset created)
    {
        // Whole seconds: older devices can't read fractions.
        string time = created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return new(
            Names.Security + "Security", new XAttribute(Names.Soap + "mustUnderstand", "1"),
            new XElement(
                Names.Security + "UsernameToken",
                new XElement(Names.Security + "Username", userName),
                new XElement(
                    Names.Security + "Password",
                    new XAttribute("Type", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"),
                    PasswordDigest(nonce, time, password)),
                new XElement(
                    Names.Security + "Nonce",
                    new XAttribute("EncodingType", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"),
                    Convert.ToBase64String(nonce)),
                new XElement(Names.SecurityUtility + "Created", time)));
    }

    [SuppressMessage("Security", "CA5350", Justification = "The profile fixes SHA-1; it is what every ONVIF device speaks.")]
    internal static string PasswordDigest(ReadOnlySpan<byte> nonce, string created, string password) =>
        Convert.ToBase64String(SHA1.HashData([.. nonce, .. Encoding.UTF8.GetBytes(created + password)]));
}

/// <param name="Codes">Local names from the outermost to the innermost: <c>Sender, NotAuthorized</c>.</param>
/// <param name="Reason">The device's own words, cut to one line; null if it gave none.</param>
sealed record SoapFault(IReadOnlyList<string> Codes, string? Reason)
{
    public bool Is(string code) => Codes.Contains(code, StringComparer.OrdinalIgnoreCase);

    public static SoapFault Read(XElement fault)
    {
        var codes = new List<string>();
        for (var code = fault.Child("Code"); code is not null && codes.Count < 8; code = code.Child("Subcode"))
        {
            if (code.Text("Value") is { } value)
                codes.Add(Xml.LocalOf(Xml.Shown(value, 80)!));
        }

        if (fault.Text("faultcode") is { } old)
            codes.Add(Xml.LocalOf(Xml.Shown(old, 80)!));
        return new(codes, Xml.Shown(fault.Text("Reason", "Text") ?? fault.Text("faultstring")));
    }
}
