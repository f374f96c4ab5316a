using System.Text;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using Atalaya.Cameras.Onvif;
using Atalaya.Testing;

namespace Atalaya.Cameras.Tests.Onvif;

/// <summary>What we send, against the official schemas; those they import from elsewhere are stood in for as far as they are used.</summary>
public sealed class OnvifMessageTests
{
    /// <summary>The vector of the ONVIF Application Programmer's Guide, 6.1.1.3.</summary>
    [Fact]
    public void The_password_digest_is_the_profiles_own() => SoapEnvelope.PasswordDigest(
        Convert.FromBase64String("LKqI6G/AikKCQrN0zqZFlg=="), "2010-09-16T07:50:45Z", "userpassword").ShouldBe("tuOSpGlFlIXsozq4HFNeeGeFLEI=");

    [Fact]
    public void A_message_is_written_as_it_was() => Encoding.UTF8.GetString(SoapEnvelope.Write(
        Requests.GetStreamUri("main", media2: false),
        SoapEnvelope.UsernameToken("operator", "userpassword", Convert.FromBase64String("LKqI6G/AikKCQrN0zqZFlg=="), new(2010, 9, 16, 9, 50, 45, TimeSpan.FromHours(2))))).ShouldBe(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
        + "xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\" "
        + "xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" "
        + "xmlns:tt=\"http://www.onvif.org/ver10/schema\" xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\">"
        + "<s:Header><wsse:Security s:mustUnderstand=\"1\"><wsse:UsernameToken><wsse:Username>operator</wsse:Username>"
        + "<wsse:Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">tuOSpGlFlIXsozq4HFNeeGeFLEI=</wsse:Password>"
        + "<wsse:Nonce EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary\">LKqI6G/AikKCQrN0zqZFlg==</wsse:Nonce>"
        + "<wsu:Created>2010-09-16T07:50:45Z</wsu:Created></wsse:UsernameToken></wsse:Security></s:Header>"
        + "<s:Body><trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup>"
        + "<trt:ProfileToken>main</trt:ProfileToken></trt:GetStreamUri></s:Body></s:Envelope>");

    [Fact]
    public void Every_request_is_valid_by_the_official_schemas()
    {
        var schemas = Schemas.Load();
        XElement[] requests =
        [
            Requests.GetSystemDateAndTime(), Requests.GetDeviceInformation(), Requests.GetServices(), Requests.GetCapabilities(),
            Requests.SetSystemDateAndTime(null), Requests.SetSystemDateAndTime(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)),
            Requests.GetProfiles(true), Requests.GetProfiles(false), Requests.GetStreamUri("a", true), Requests.GetStreamUri("a", false),
            Requests.GetSnapshotUri("a", true), Requests.GetSnapshotUri("a", false),
            Requests.CreatePullPointSubscription(TimeSpan.FromMinutes(1)), Requests.PullMessages(TimeSpan.FromSeconds(5), 100), Requests.Renew(TimeSpan.FromMinutes(1)), Requests.Unsubscribe(),
            Requests.ContinuousMove("a", new(0.5, null, -1), TimeSpan.FromMilliseconds(1500)), Requests.ContinuousMove("a", new(null, null, 1), null),
            Requests.AbsoluteMove("a", new(0, 1, 0.5)), Requests.Stop("a", true, false), Requests.GetPresets("a"), Requests.GotoPreset("a", "1"),
            Requests.SetPreset("a", "b", null), Requests.SetPreset("a", null, "1"), Requests.RemovePreset("a", "1"),
            Requests.GetImagingSettings("v"), Requests.SetImagingSettings("v", new(1.5, 2, 3, 4, OnvifIrCut.Auto, true)), Requests.GetImagingOptions("v"), Requests.MoveFocus("v", -0.5), Requests.StopFocus("v"), Requests.GetPtzStatus("a"), Requests.SetImagingSettings("v", new(null, null, 3, null, null)),
        ];
        foreach (var request in requests)
            Schemas.Faults(schemas, request).ShouldBeEmpty(request.ToString());

        // That the schemas are asked at all:
        var wrong = Requests.GetStreamUri("a", true);
        wrong.Add(new XElement(wrong.Elements().First()));
        Schemas.Faults(schemas, wrong).ShouldNotBeEmpty();
    }

    /// <summary>Else the tests against it would prove a private dialect.</summary>
    [Theory]
    [InlineData(Simulation.OnvifQuirks.None)]
    [InlineData(Simulation.OnvifQuirks.DefaultNamespaces)]
    public async Task The_simulated_device_answers_by_the_official_schemas(Simulation.OnvifQuirks quirks)
    {
        var schemas = Schemas.Load();
        var stop = TestContext.Current.CancellationToken;
        await using var device = Simulation.OnvifDevice.Start(new() { Quirks = quirks });
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("Rule", "1")], [("IsMotion", "true")]);
        using var http = new HttpClient();
        XElement[] requests =
        [
            Requests.GetSystemDateAndTime(), Requests.GetDeviceInformation(), Requests.GetServices(), Requests.GetCapabilities(), Requests.SetSystemDateAndTime(null),
            Requests.GetProfiles(true), Requests.GetProfiles(false), Requests.GetStreamUri("main", true), Requests.GetStreamUri("main", false), Requests.GetSnapshotUri("main", true),
            Requests.GetSnapshotUri("main", false), Requests.CreatePullPointSubscription(TimeSpan.FromMinutes(1)), Requests.PullMessages(TimeSpan.Zero, 100), Requests.Renew(TimeSpan.FromMinutes(1)),
            Requests.ContinuousMove("main", new(1, 1, null), null), Requests.GetPresets("main"), Requests.SetPreset("main", "b", null), Requests.GetImagingSettings("v"),
            Requests.GetImagingOptions("v"), Requests.MoveFocus("v", 1), Requests.StopFocus("v"), Requests.GetPtzStatus("main"),
            Requests.SetImagingSettings("v", new(1, null, null, null, null)), Requests.Unsubscribe(),
        ];
        foreach (var request in requests)
        {
            using var content = new ByteArrayContent(SoapEnvelope.Write(request, new XElement("SubscriptionId", 1)));
            using var response = await http.PostAsync(device.Url, content, stop);
            SoapEnvelope.TryRead(await response.Content.ReadAsByteArrayAsync(stop), out var envelope, out string fault).ShouldBeTrue(fault);
            envelope!.Body.ShouldNotBeNull($"{request.Name.LocalName}: {envelope.Fault}");
            Schemas.Faults(schemas, envelope.Body).ShouldBeEmpty(envelope.Body.ToString());
        }
    }

    static class Schemas
    {
        static readonly string[] Files =
        [
            "ver10/device/wsdl/devicemgmt.wsdl", "ver10/media/wsdl/media.wsdl", "ver20/media/wsdl/media.wsdl", "ver10/events/wsdl/event.wsdl",
            "ver20/ptz/wsdl/ptz.wsdl", "ver20/imaging/wsdl/imaging.wsdl",
        ];

        // What the ONVIF schemas use of schemas that lie elsewhere.
        static readonly string[] Elsewhere =
        [
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://docs.oasis-open.org/wsn/b-2" xmlns="http://docs.oasis-open.org/wsn/b-2" elementFormDefault="qualified">
              <xs:complexType name="FilterType"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:complexType>
              <xs:simpleType name="AbsoluteOrRelativeTimeType"><xs:union memberTypes="xs:dateTime xs:duration"/></xs:simpleType>
              <xs:element name="CurrentTime" type="xs:dateTime"/>
              <xs:element name="TerminationTime" type="xs:dateTime" nillable="true"/>
              <xs:element name="FixedTopicSet" type="xs:boolean"/>
              <xs:element name="TopicExpressionDialect" type="xs:anyURI"/>
              <xs:complexType name="Topic" mixed="true"><xs:sequence><xs:any minOccurs="0" processContents="lax"/></xs:sequence><xs:attribute name="Dialect" type="xs:anyURI" use="required"/></xs:complexType>
              <xs:complexType name="NotificationMessageHolderType"><xs:sequence>
                <xs:element name="Topic" type="Topic" minOccurs="0"/>
                <xs:element name="Message"><xs:complexType><xs:sequence><xs:any namespace="##any" processContents="strict"/></xs:sequence></xs:complexType></xs:element>
              </xs:sequence></xs:complexType>
              <xs:element name="NotificationMessage" type="NotificationMessageHolderType"/>
              <xs:element name="Renew"><xs:complexType><xs:sequence><xs:element name="TerminationTime" type="AbsoluteOrRelativeTimeType" nillable="true"/></xs:sequence></xs:complexType></xs:element>
              <xs:element name="RenewResponse"><xs:complexType><xs:sequence><xs:element ref="TerminationTime"/><xs:element ref="CurrentTime" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
              <xs:element name="Unsubscribe"><xs:complexType/></xs:element>
              <xs:element name="UnsubscribeResponse"><xs:complexType/></xs:element>
            </xs:schema>
            """,
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://docs.oasis-open.org/wsn/t-1"><xs:element name="TopicSet"/></xs:schema>
            """,
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2005/08/addressing" elementFormDefault="qualified">
              <xs:complexType name="EndpointReferenceType"><xs:sequence><xs:element name="Address" type="xs:anyURI"/><xs:element name="ReferenceParameters" minOccurs="0"/></xs:sequence></xs:complexType>
            </xs:schema>
            """,
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2005/05/xmlmime"><xs:attribute name="contentType" type="xs:string"/></xs:schema>
            """,
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2004/08/xop/include"><xs:element name="Include"/></xs:schema>
            """,
            """
            <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2003/05/soap-envelope"><xs:complexType name="Envelope"/><xs:complexType name="Fault"/></xs:schema>
            """,
        ];

        /// <summary>Skips when the schemas aren't there. Nothing is fetched.</summary>
        public static XmlSchemaSet Load()
        {
            string root = TestData.Path("onvif/wsdl");
            // The official schemas have a wildcard before named elements, which strict readers call ambiguous.
            var schemas = new XmlSchemaSet { XmlResolver = null, CompilationSettings = new() { EnableUpaCheck = false } };
            foreach (string text in Elsewhere)
                schemas.Add(Read(XElement.Parse(text)));
            // common.xsd is included by onvif.xsd, and without a resolver put beside it by hand: both have the same namespace.
            schemas.Add(Read(XDocument.Load(Path.Combine(root, "ver10/schema/common.xsd")).Root!));
            schemas.Add(Read(XDocument.Load(Path.Combine(root, "ver10/schema/onvif.xsd")).Root!));
            foreach (string file in Files)
                schemas.Add(Read(XDocument.Load(Path.Combine(root, file)).Descendants(Xs + "schema").First()));
            schemas.Compile();
            return schemas;
        }

        static readonly XNamespace Xs = "http://www.w3.org/2001/XMLSchema";

        static XmlSchema Read(XElement schema)
        {
            var copy = new XElement(schema);
            // A schema within a WSDL inherits its prefixes.
            foreach (var prefix in schema.Ancestors().Attributes().Where(a => a.IsNamespaceDeclaration && copy.Attribute(a.Name) is null))
                copy.Add(prefix);
            copy.Elements(Xs + "include").Remove();
            foreach (var import in copy.Elements(Xs + "import"))
                import.Attribute("schemaLocation")?.Remove();
            using var reader = copy.CreateReader();
            return XmlSchema.Read(reader, null)!;
        }

        public static IReadOnlyList<string> Faults(XmlSchemaSet schemas, XElement body)
        {
            var faults = new List<string>();
            schemas.GlobalElements.Contains(new XmlQualifiedName(body.Name.LocalName, body.Name.NamespaceName)).ShouldBeTrue($"No schema knows {body.Name}.");
            new XDocument(new XElement(body)).Validate(schemas, (_, e) => faults.Add(e.Message));
            return faults;
        }
    }
}
