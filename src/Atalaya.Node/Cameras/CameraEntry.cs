using Atalaya.Cameras;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Options;

namespace Atalaya.Node.Cameras;

/// <summary>A camera as the configuration file writes it.</summary>
public sealed record CameraEntry
{
    /// <summary>The name of the list in the file.</summary>
    public const string Section = "cameras";

    [Option("Names its folder in the archive and its place in the API: lower-case letters, digits, hyphens. Never changed: another id is another camera.", Min = "1", Max = "63")]
    public string Id { get; init; } = "";

    [Option("What people call it. Empty: the id.", Max = "100")]
    public string Name { get; init; } = "";

    [Option("The stream that is recorded and shown large; rtsp:// or rtsps://.", Min = "1", Max = "2000", Secret = true)]
    public string Main { get; init; } = "";

    [Option("A smaller stream of the same picture, for walls of many cameras and for browsers that can't play the main stream's codec.", Max = "2000", Secret = true)]
    public string Sub { get; init; } = "";

    [Option("User name at the camera.", Max = "200")]
    public string UserName { get; init; } = "";

    [Option("Password at the camera. A file that holds one should be readable by the node's user alone.", Max = "200", Secret = true)]
    public string Password { get; init; } = "";

    [Option("How packets travel: 'tcp' inside the RTSP connection, 'udp' beside it, 'auto' tcp, and udp if the camera refuses that. Over tcp nothing is lost on the way.")]
    public RtspTransport Transport { get; init; } = RtspTransport.Auto;

    [Option("Which streams are kept on disk.")]
    public RecordedStreams Record { get; init; } = RecordedStreams.Main;

    [Option("Whether sound is received and recorded where the camera sends it.")]
    public bool Audio { get; init; } = true;

    [Option("rtsps, and ONVIF over https: the SHA-256 of the certificate that the camera must show, 64 hexadecimal digits. Empty: the system's authorities decide.", Max = "100")]
    public string Fingerprint { get; init; } = "";

    [Option("Where its ONVIF service is: host, host:port or an http(s):// address. For events, turning, picture settings and its clock. Empty: it is asked for pictures only.", Max = "512")]
    public string Onvif { get; init; } = "";

    [Option("Which ONVIF profile is turned and reported on, where one device has several cameras. Empty: the first that can be turned, else the first.", Max = "256")]
    public string OnvifProfile { get; init; } = "";

    public RetentionOptions Retention { get; init; } = new();

    [Option("The site it belongs to, for rights that are given on a site. Empty: none.", Max = "63")]
    public string Site { get; init; } = "";

    [Option("Groups it belongs to, for rights that are given on a group.", Max = "16")]
    public IReadOnlyList<string> Groups { get; init; } = [];

    [Option("Whether the node connects to it.")]
    public bool Enabled { get; init; } = true;

    /// <summary>Where its entry begins.</summary>
    internal Place Place { get; init; }

    /// <summary>Where each of its values stands.</summary>
    internal IReadOnlyDictionary<string, Place> Places { get; init; } = new Dictionary<string, Place>();

    internal static IReadOnlyList<CameraEntry> ReadAll(YamlMap file, List<OptionError> errors)
    {
        var (_, _, section) = file.Entries.FirstOrDefault(e => e.Key == Section);
        if (section is null or YamlScalar { IsNull: true })
            return [];
        if (section is not YamlList list)
        {
            errors.Add(new(section.Place, Section, "must be a list, each camera behind a dash."));
            return [];
        }

        var cameras = new List<CameraEntry>();
        foreach (var item in list.Items)
        {
            if (item is not YamlMap map)
            {
                errors.Add(new(item.Place, $"{Section}[{cameras.Count}]", "must hold id, main and so on, each as 'name: value'."));
                continue;
            }

            var camera = new CameraEntry
            {
                Place = map.Place,
                Places = map.Entries.ToDictionary(e => e.Key, e => e.Value.Place, StringComparer.OrdinalIgnoreCase),
            };
            OptionReader.Apply(map, camera, $"{Section}[{cameras.Count}].", errors);
            cameras.Add(camera);
        }

        return cameras;
    }

    /// <summary>Checks each against the rules, and all against each other.</summary>
    internal static void Check(IReadOnlyList<CameraEntry> cameras, RtspNetworkOptions networks, List<OptionError> errors)
    {
        var seen = new Dictionary<string, Place>(StringComparer.Ordinal);
        for (int i = 0; i < cameras.Count; i++)
        {
            var camera = cameras[i];
            string prefix = $"{Section}[{i}].";
            if (seen.TryGetValue(camera.Id, out var first))
                errors.Add(new(camera.Place, prefix + "id", $"'{OptionError.Shown(camera.Id)}' is the id of the camera at {first} already."));
            else
                seen[camera.Id] = camera.Place;
            void OnError(string field, string error)
            {
                field = field.Replace(".url", "", StringComparison.Ordinal);
                errors.Add(new(camera.Places.GetValueOrDefault(field, camera.Place), prefix + field, error));
            }

            CameraRules.TryMake(camera.ToDraft(), networks, OnError);
            Identity.CameraScope.Make(camera.Site, camera.Groups, OnError);
        }
    }

    internal CameraDraft ToDraft() => new()
    {
        Id = Id,
        Name = Name.Length == 0 ? Id : Name,
        Enabled = Enabled,
        Main = Main,
        Sub = Sub.Length == 0 ? null : Sub,
        Transport = Transport,
        Record = Record,
        Audio = Audio,
        Retention = Retention,
        Fingerprint = Fingerprint.Length == 0 ? null : Fingerprint,
        Onvif = Onvif.Length == 0 ? null : Onvif,
        OnvifProfile = OnvifProfile.Length == 0 ? null : OnvifProfile,
        UserName = UserName.Length == 0 ? null : UserName,
        Password = Password.Length == 0 ? null : Password,
    };
}
