using System.Text;
using Atalaya.Cameras.Onvif;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    static readonly Guid Asked = new("11111111-2222-4333-8444-555555555555");

    /// <summary>Whatever a device answers, over HTTP or as a datagram, goes through here.</summary>
    public static void OnvifXml(ReadOnlySpan<byte> input)
    {
        _ = OnvifDiscovery.ReadMatches(input, [Asked]);
        if (!SoapEnvelope.TryRead(input, out var envelope, out string fault))
        {
            if (fault.Length == 0)
                throw new InvalidOperationException("Refused without a word.");
            return;
        }

        if (envelope.Body is not { } body)
            return;
        _ = Replies.Time(body);
        _ = Replies.DeviceInformation(body);
        _ = Replies.Services(body);
        _ = Replies.Capabilities(body);
        _ = Replies.Profiles(body, media2: true);
        _ = Replies.Profiles(body, media2: false);
        _ = Replies.Address(body);
        _ = Replies.Subscription(body);
        _ = Replies.Lifetime(body);
        _ = Replies.Presets(body);
        _ = Replies.Image(body);
        foreach (var item in Replies.Events(body).Events.SelectMany(e => e.Source.Concat(e.Key).Concat(e.Data)))
        {
            if (IdentityFilter.IsIdentity(item.Name) || IdentityFilter.IsFaceClass(item))
                throw new InvalidOperationException("Something of a person came through.");
        }
    }

    static IEnumerable<byte[]> OnvifXmlSeeds() => new[]
    {
        Soap("<GetSystemDateAndTimeResponse><SystemDateAndTime><DateTimeType>NTP</DateTimeType><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>60</Second></Time><Date><Year>2026</Year><Month>2</Month><Day>28</Day></Date></UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>"),
        Soap("<GetServicesResponse><Service><Namespace>n</Namespace><XAddr>http://10.0.0.1/onvif</XAddr><Version><Major>2</Major><Minor>5</Minor></Version></Service></GetServicesResponse>"),
        Soap("<r><Profiles token='a'><Name>b</Name><VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution><Width>1920</Width><Height>1080</Height></Resolution><RateControl><FrameRateLimit>25</FrameRateLimit><BitrateLimit>4096</BitrateLimit></RateControl></VideoEncoderConfiguration><Configurations><VideoEncoder GovLength='50'><Encoding>H265</Encoding></VideoEncoder></Configurations></Profiles></r>"),
        Soap("<r><CurrentTime>2026-03-01T12:00:00Z</CurrentTime><TerminationTime>2026-03-01T12:01:00Z</TerminationTime><NotificationMessage><Topic>tns1:RuleEngine/FaceDetector</Topic></NotificationMessage><NotificationMessage><Topic>tns1:RuleEngine/LineDetector/Crossed</Topic><Message><Message UtcTime='2026-03-01T12:00:00Z' PropertyOperation='Changed'><Source><SimpleItem Name='Rule' Value='a'/></Source><Data><SimpleItem Name='Age' Value='30'/><SimpleItem Name='ObjectId' Value='7'/></Data></Message></Message></NotificationMessage></r>"),
        Soap("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text>No</s:Text></s:Reason></s:Fault>"),
        Soap($"<ProbeMatches><ProbeMatch><EndpointReference><Address>urn:uuid:1</Address></EndpointReference><Scopes>onvif://www.onvif.org/name/Puerta%20norte</Scopes><XAddrs>http://10.0.0.1/onvif/device_service</XAddrs></ProbeMatch></ProbeMatches>", $"<RelatesTo>urn:uuid:{Asked}</RelatesTo>"),
        Soap("<r><SubscriptionReference><Address>http://10.0.0.1/pull</Address><ReferenceParameters><Id>7</Id></ReferenceParameters></SubscriptionReference><Preset token='1'><Name>a</Name></Preset><ImagingSettings><Brightness>50</Brightness></ImagingSettings><MediaUri><Uri>rtsp://10.0.0.1/</Uri></MediaUri></r>"),
    };

    static byte[] Soap(string body, string header = "") =>
        Encoding.UTF8.GetBytes($"<?xml version='1.0'?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:ter='http://www.onvif.org/ver10/error'><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>");
}
