using System.Net;

namespace Atalaya.Simulation;

/// <summary>What is odd about a simulated ONVIF device. Each was seen in the field.</summary>
[Flags]
public enum OnvifQuirks
{
    None = 0,

    /// <summary>Every address it answers names 192.0.2.77, its own view of itself behind address translation.</summary>
    WrongHost = 1,

    /// <summary>Two hours behind.</summary>
    WrongClock = 1 << 1,

    /// <summary>The time is answered to known users only.</summary>
    SecretClock = 1 << 2,
    NoMedia2 = 1 << 3,
    NoMedia = 1 << 4,

    /// <summary>Knows no GetServices, as devices of before 2011.</summary>
    NoGetServices = 1 << 5,

    /// <summary>Names a Media2 service and then doesn't know its calls.</summary>
    HollowMedia2 = 1 << 6,

    /// <summary>Wants HTTP Digest and ignores tokens in messages.</summary>
    HttpDigest = 1 << 7,

    /// <summary>Wants HTTP Basic.</summary>
    HttpBasic = 1 << 8,

    /// <summary>Leaves out what it may, and some of what it may not.</summary>
    MissingFields = 1 << 9,

    /// <summary>Every element declares its namespace itself, without prefixes.</summary>
    DefaultNamespaces = 1 << 10,

    /// <summary>Prefixes ns1, ns2 …</summary>
    NumberedPrefixes = 1 << 11,

    /// <summary>Faults in the form of SOAP 1.1.</summary>
    OldFaults = 1 << 12,

    /// <summary>Answers without end.</summary>
    Huge = 1 << 13,

    /// <summary>Answers that break off in the middle of an element.</summary>
    Malformed = 1 << 14,

    /// <summary>Answers with a document type whose entities unfold to gigabytes.</summary>
    EntityBomb = 1 << 15,

    /// <summary>A web page where ONVIF should be.</summary>
    WebPage = 1 << 16,

    /// <summary>HTTP 302 to another host.</summary>
    Redirects = 1 << 17,

    /// <summary>Takes the question and never answers.</summary>
    Silent = 1 << 18,

    /// <summary>Elements nested ten thousand deep.</summary>
    Deep = 1 << 19,

    /// <summary>Answers a probe twice, the second time with one more address.</summary>
    AnswersTwice = 1 << 20,
}

/// <summary>One profile of a simulated device.</summary>
/// <param name="Uri">Its stream, for instance a simulated camera's URL.</param>
public sealed record OnvifDeviceProfile(
    string Token, string Name, string Encoding, int Width, int Height, string Uri, double FramesPerSecond = 25, int KilobitsPerSecond = 4096, string Source = "source-1");

/// <summary>What a simulated ONVIF device is. Every default has its reason beside it.</summary>
public sealed record OnvifDeviceOptions
{
    /// <summary>Loopback: nobody else sees a simulated device unless asked for.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>Answers searches by multicast on the interface of <see cref="Address"/>, as real devices do; else only who asks <see cref="OnvifDevice.Discovery"/>.</summary>
    public bool Group { get; init; }

    public string Name { get; init; } = "Torre norte";
    public string Manufacturer { get; init; } = "Atalaya";
    public string Model { get; init; } = "Simulated";

    /// <summary>Name → password. Empty: no credentials wanted.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>A usual pair: 1080p to record, 640×360 to preview.</summary>
    public IReadOnlyList<OnvifDeviceProfile> Profiles { get; init; } =
    [
        new("main", "Main stream", "H264", 1920, 1080, "rtsp://127.0.0.1:8554/gate"),
        new("sub", "Sub stream", "H264", 640, 360, "rtsp://127.0.0.1:8554/gate/sub", 10, 512),
    ];

    public OnvifQuirks Quirks { get; init; }

    /// <summary>https with a certificate made at the start.</summary>
    public bool Tls { get; init; }
}
