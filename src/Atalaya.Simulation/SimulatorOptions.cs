using System.Net;

namespace Atalaya.Simulation;

/// <summary>Transports that clients may ask for. What isn't allowed is answered with 461.</summary>
[Flags]
public enum SimulatorTransports
{
    None = 0,
    Tcp = 1,
    Udp = 2,
    Both = Tcp | Udp,
}

/// <summary>What a request without credentials is challenged with, in this order.</summary>
[Flags]
public enum SimulatorAuthentication
{
    None = 0,
    Basic = 1,
    DigestMd5 = 2,
    DigestSha256 = 4,
}

/// <summary>Where in its file a camera is when a client starts to watch. It always begins with a key frame.</summary>
public enum LoopStart
{
    /// <summary>Each viewer gets the file from its first picture: for tests that compare exactly.</summary>
    Beginning,

    /// <summary>Cameras of a pattern start at different key frames, so that many don't send alike.</summary>
    Spread,

    /// <summary>
    /// As a real camera does: the same instant shows the same picture to everyone, on the main and on the sub stream. Viewers wait for the next
    /// key frame, so the file should have one every few seconds.
    /// </summary>
    WallClock,
}

/// <summary>One camera, or many that serve the same file.</summary>
/// <param name="Name">
/// The path of its URL, such as <c>gate</c>; <c>camera/*</c> stands for any number of cameras, one for each path that is asked for;
/// <c>camera/1-20</c> for those that can be listed. The sub stream's path is this with <c>/sub</c> behind it.
/// </param>
/// <param name="File">MP4, MOV, or an elementary stream: .264 .h264 .jsv .265 .h265 .hevc.</param>
/// <param name="SubFile">Null: the camera has no sub stream.</param>
public sealed record CameraSource(string Name, string File, string? SubFile = null)
{
    /// <summary>Reads <c>name=file</c> or <c>name=file;sub=file</c>.</summary>
    public static bool TryParse(string text, out CameraSource? source, out string fault)
    {
        source = null;
        int equals = text.IndexOf('=');
        if (equals <= 0 || equals == text.Length - 1)
        {
            fault = $"'{text}' is no camera: write name=file or name=file;sub=file, for instance camera/*=clip.mp4.";
            return false;
        }

        string name = text[..equals].Trim('/');
        string[] files = text[(equals + 1)..].Split(";sub=", 2);
        if (name.Length == 0 || name.Any(c => char.IsWhiteSpace(c) || c is '?' or '#' or '%') || files.Any(f => f.Length == 0))
        {
            fault = $"'{text}' has an empty name or file, or a name that can't stand in a URL: use letters, digits, '-', '_' and '/'.";
            return false;
        }

        fault = "";
        source = new(name, files[0], files.Length > 1 ? files[1] : null);
        return true;
    }
}

/// <summary>What a simulator serves and how. Every default has its reason beside it.</summary>
public sealed record SimulatorOptions
{
    /// <summary>Loopback: nobody else sees simulated cameras unless asked for.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0: any free port. 8554 is what other simulators use; 554 needs privileges.</summary>
    public int Port { get; init; } = 8554;

    public IReadOnlyList<CameraSource> Cameras { get; init; } = [];

    /// <summary>Name → password. Empty: no credentials wanted.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>MD5 digest is what nearly every camera speaks.</summary>
    public SimulatorAuthentication Authentication { get; init; } = SimulatorAuthentication.DigestMd5;

    public SimulatorTransports Transports { get; init; } = SimulatorTransports.Both;

    /// <summary>Largest RTP packet, header included (bytes, 100 to 65000). 1412: an Ethernet frame with room for a VPN's headers.</summary>
    public int Mtu { get; init; } = 1412;

    public LoopStart Start { get; init; } = LoopStart.WallClock;

    /// <summary>A client that says nothing for so long is gone. 60 s is RFC 2326's default.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What may wait for a client that doesn't read (bytes): two seconds at 8 Mbit/s. Beyond, pictures are skipped to the next key frame.</summary>
    public int SendQueueBytes { get; init; } = 2 << 20;

    /// <summary>A client that takes no byte for so long is dropped.</summary>
    public TimeSpan StuckTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Parameter sets ahead of each key frame, as most cameras send them; they are in the session description in any case.</summary>
    public bool ParameterSetsInStream { get; init; } = true;

    /// <summary>Interval of RTCP sender reports.</summary>
    public TimeSpan ReportInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>rtsps:// with a certificate made when the simulator starts.</summary>
    public bool Tls { get; init; }

    /// <summary>What goes wrong and when.</summary>
    public IReadOnlyList<ScheduledFault> Faults { get; init; } = [];

    /// <summary>Everything that is wrong with these options, a sentence each.</summary>
    public IReadOnlyList<string> Validate()
    {
        var wrong = new List<string>();
        if (Port is < 0 or > 65535)
            wrong.Add($"The port is {Port}: it must lie between 0 (any free one) and 65535.");
        if (Mtu is < 100 or > 65000)
            wrong.Add($"The MTU is {Mtu}: it must lie between 100 and 65000 bytes.");
        if (SessionTimeout < TimeSpan.FromSeconds(1))
            wrong.Add($"The session timeout is {SessionTimeout}: it must be at least one second.");
        if (SendQueueBytes < 64 << 10)
            wrong.Add($"The send queue is {SendQueueBytes} bytes: it must hold at least 65536.");
        if ((Transports & SimulatorTransports.Both) == SimulatorTransports.None)
            wrong.Add("No transport is allowed: allow TCP, UDP, or both.");
        if (Users.Count > 0 && Authentication == SimulatorAuthentication.None)
            wrong.Add("There are users but no way to authenticate them.");
        foreach (var twice in Cameras.GroupBy(c => c.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            wrong.Add($"The camera {twice.Key} is there {twice.Count()} times.");
        foreach (var camera in Cameras)
        {
            foreach (string file in new[] { camera.File, camera.SubFile ?? camera.File }.Distinct(StringComparer.Ordinal).Where(f => !File.Exists(f)))
                wrong.Add($"The camera {camera.Name} serves {file}, which isn't there.");
        }

        return wrong;
    }
}
