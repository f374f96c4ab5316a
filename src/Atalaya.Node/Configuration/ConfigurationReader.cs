using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

using Atalaya.Analysis.Rules;
using Atalaya.Cameras;
using Atalaya.Incidents;
using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Map;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Recording;

namespace Atalaya.Node.Configuration;

/// <summary>A camera's place, as the text writes it.</summary>
sealed record PlaceEntry
{
    [Option("Degrees north of the equator.", Min = "-90", Max = "90")]
    public double? Latitude { get; init; }

    [Option("Degrees east of Greenwich.", Min = "-180", Max = "180")]
    public double? Longitude { get; init; }

    [Option("Where it looks, degrees clockwise from north.", Min = "0", Max = "360")]
    public double? Heading { get; init; }

    [Option("Width of its field of view, degrees.", Min = "1", Max = "360")]
    public double? Angle { get; init; }

    [Option("How far it is of use, metres.", Min = "1", Max = "100000")]
    public double? Range { get; init; }
}

/// <summary>How a camera is analysed, as the text writes it.</summary>
sealed record AnalysisEntry
{
    [Option("Whether it is analysed. Left out: as the node's options say, as the rate.")]
    public bool? Enabled { get; init; }

    [Option("Pictures a second.", Min = "0.1", Max = "30")]
    public double? Rate { get; init; }

    [Option("main or sub; left out: the sub-stream, if there is one.")]
    public StreamKind? Stream { get; init; }

    [Option("Its share beside other cameras.", Min = "0.1", Max = "10")]
    public double Priority { get; init; } = 1;

    [Option("What is looked for; left out: whatever the model knows.", Max = "50")]
    public IReadOnlyList<ObjectClass> Classes { get; init; } = [];
}

/// <summary>A plan, as the text writes it.</summary>
sealed record PlanEntry
{
    [Option("Names it: letters, digits, dots, underscores, hyphens.", Min = "1", Max = "64")]
    public string Id { get; init; } = "";

    [Option("What people call it.", Min = "1", Max = "100")]
    public string Name { get; init; } = "";

    [Option("Latitude of its lower edge.", Min = "-90", Max = "90")]
    public double? South { get; init; }

    [Option("Longitude of its left edge.", Min = "-180", Max = "180")]
    public double? West { get; init; }

    [Option("Latitude of its upper edge.", Min = "-90", Max = "90")]
    public double? North { get; init; }

    [Option("Longitude of its right edge.", Min = "-180", Max = "180")]
    public double? East { get; init; }
}

/// <summary>
/// Reads a configuration out of its text. A section that is there is complete: what it doesn't name goes; one that isn't there stays as it is. Every
/// value is looked at, so that all errors come at once, each with its line; none repeats a secret.
/// </summary>
sealed partial class ConfigurationReader
{
    const int MaxCameras = 2000, MaxPlans = 50;

    static readonly string[] Sections = ["version", "cameras", "plans", "alarmPolicy", "secrets"];
    static readonly string[] BesideCamera = ["definedBy", "place", "analysis", "rules", "ground", "masks"];
    static readonly string[] MayBeSecret = ["password", "main", "sub"];
    static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly JsonSerializerOptions MaskText = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    readonly NodeConfiguration _current;
    readonly NodeOptions _options;
    readonly List<OptionError> _errors;
    readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    ConfigurationReader(NodeConfiguration current, NodeOptions options, List<OptionError> errors)
    {
        _current = current;
        _options = options;
        _errors = errors;
    }

    /// <param name="current">What is in force: secrets that the text only names are taken from it.</param>
    /// <param name="source">What places in errors are called after.</param>
    /// <param name="secrets">By name, beside those that the text gives.</param>
    /// <returns>Null with every error in <paramref name="errors"/>.</returns>
    public static NodeConfiguration? Read(
        string text, string source, NodeConfiguration current, NodeOptions options, List<OptionError> errors, IReadOnlyDictionary<string, string>? secrets = null)
    {
        return YamlTree.Read(text, source, errors) is { } top ? Read(top, current, options, errors, secrets) : null;
    }

    /// <summary>As out of a text.</summary>
    public static NodeConfiguration? Read(YamlMap top, NodeConfiguration current, NodeOptions options, List<OptionError> errors, IReadOnlyDictionary<string, string>? secrets = null)
    {
        var reader = new ConfigurationReader(current, options, errors);
        foreach (var (name, secret) in secrets ?? new Dictionary<string, string>())
            reader._given[name] = secret;
        var read = reader.Read(top);
        return errors.Count == 0 ? read : null;
    }

    NodeConfiguration Read(YamlMap top)
    {
        foreach (var (key, place, value) in top.Entries)
        {
            if (!Sections.Contains(key, StringComparer.Ordinal))
                Fail(place, OptionError.Shown(key), $"is no section; there are {string.Join(", ", Sections)}.");
            else if (key == "version" && value is not YamlScalar { Text: "1" })
                Fail(value.Place, key, $"must be {NodeConfiguration.Version}: this program reads no other.");
            else if (key == "secrets")
                ReadSecrets(value);
        }

        var cameras = Section(top, "cameras", MaxCameras) is { } list ? Cameras(list) : _current.Cameras.Values;
        var plans = Section(top, "plans", MaxPlans) is { } drawn ? Plans(drawn) : _current.Plans.Values;
        var policy = Entry(top, "alarmPolicy") is { } written ? Policy(written) : _current.AlarmPolicy;
        return NodeConfiguration.Of(cameras.DistinctBy(c => c.Id), plans.DistinctBy(p => p.Id)) with { AlarmPolicy = policy };
    }

    /// <summary>Null where the text doesn't have it.</summary>
    YamlList? Section(YamlMap top, string name, int most)
    {
        var (_, place, value) = top.Entries.FirstOrDefault(e => e.Key == name);
        switch (value)
        {
            case null:
                return null;
            case YamlScalar { IsNull: true }:
                return new(value.Place, []);
            case YamlList list when list.Items.Count <= most:
                return list;
            case YamlList:
                Fail(place, name, $"holds more than {most}.");
                return null;
            default:
                Fail(value.Place, name, "must be a list, each entry behind a dash; [] for none.");
                return null;
        }
    }

    void ReadSecrets(YamlNode value)
    {
        if (value is YamlMap map)
        {
            foreach (var (name, place, secret) in map.Entries)
            {
                if (secret is YamlScalar { IsNull: false } text)
                    _given[name] = text.Text;
                else
                    Fail(place, "secrets", "must be names with one value each, as in 'gate.password: …'.");
            }
        }
        else if (value is not YamlScalar { IsNull: true })
        {
            Fail(value.Place, "secrets", "must be names with one value each, as in 'gate.password: …'.");
        }
    }

    List<CameraPart> Cameras(YamlList list)
    {
        var cameras = new List<CameraPart>();
        var seen = new Dictionary<string, Place>(StringComparer.Ordinal);
        for (int i = 0; i < list.Items.Count; i++)
        {
            string key = $"cameras[{i}]";
            if (list.Items[i] is not YamlMap map)
            {
                Fail(list.Items[i].Place, key, "must hold id, main and so on, each as 'name: value'.");
                continue;
            }

            if (Entry(map, "id") is not YamlScalar { IsNull: false } id || !CameraConfig.IsId(id.Text))
            {
                Fail(Entry(map, "id")?.Place ?? map.Place, key + ".id", $"must be 1 to {CameraRules.MaxId} lower-case letters, digits and hyphens, not starting with a hyphen.");
                continue;
            }

            if (!seen.TryAdd(id.Text, id.Place))
            {
                Fail(id.Place, key + ".id", $"'{id.Text}' is the id of the camera in line {seen[id.Text].Line} already.");
                continue;
            }

            if (Camera(map, id.Text, key + ".") is { } camera)
                cameras.Add(camera);
        }

        // Those of the file can't go; what isn't said of them does.
        cameras.AddRange(_current.Cameras.Values.Where(c => c.Config is null && !seen.ContainsKey(c.Id)).Select(c => new CameraPart(c.Id, null) { Masks = c.Masks }));
        return cameras;
    }

    CameraPart? Camera(YamlMap map, string id, string prefix)
    {
        int before = _errors.Count;
        bool ofFile = _current.Cameras.TryGetValue(id, out var known) && known.Config is null;
        CameraConfig? config = null;
        CameraScope? scope = null;
        if (Entry(map, "definedBy") is { } definer)
        {
            if (definer is not YamlScalar { Text: "file" })
                Fail(definer.Place, prefix + "definedBy", "can only be 'file'; leave it out for a camera that is defined here.");
            else if (!ofFile)
                Fail(definer.Place, prefix + "definedBy", $"says that this node's configuration file defines '{id}', and it doesn't. Add it there, or give 'main' here instead.");
        }

        if (ofFile)
        {
            foreach (var (field, place, _) in map.Entries.Where(e => e.Key != "id" && !BesideCamera.Contains(e.Key, StringComparer.OrdinalIgnoreCase)))
                Fail(place, prefix + OptionError.Shown(field), $"can't be set here: the node's configuration file defines '{id}'. Change it there, and leave it out here.");
        }
        else if (_errors.Count == before)
        {
            config = Config(map, prefix, out scope);
        }

        var place1 = Entry(map, "place") is { } at ? Place(at, prefix + "place") : null;
        var analysis = Analysis(map, prefix);
        var masks = Masks(map, known?.Masks ?? [], prefix);
        return _errors.Count > before ? null : new(id, config, analysis, place1, scope) { Masks = masks };
    }

    CameraConfig? Config(YamlMap map, string prefix, out CameraScope? scope)
    {
        scope = null;
        int before = _errors.Count;
        var plain = new YamlMap(map.Place, [.. map.Entries.Select(e => (e.Key, e.Place, Resolved(e.Key, e.Value, prefix)))]);
        var entry = new CameraEntry
        {
            Place = map.Place,
            Places = map.Entries.ToDictionary(e => e.Key, e => e.Value.Place, StringComparer.OrdinalIgnoreCase),
        };
        OptionReader.Apply(plain, entry, prefix, _errors, BesideCamera);
        scope = CameraScope.Make(entry.Site, entry.Groups, (field, error) => Fail(entry.Places.GetValueOrDefault(field, entry.Place), prefix + field, error));
        if (_errors.Count > before)
            return null;
        return CameraRules.TryMake(entry.ToDraft(), _options.Rtsp, (field, error) =>
        {
            field = field.Replace(".url", "", StringComparison.Ordinal);
            Fail(entry.Places.GetValueOrDefault(field, entry.Place), prefix + field, error);
        });
    }

    /// <summary>The value that the name of a secret stands for.</summary>
    YamlNode Resolved(string field, YamlNode value, string prefix)
    {
        if (value is not YamlMap reference || !MayBeSecret.Contains(field, StringComparer.Ordinal))
            return value;
        if (reference.Entries is not [("secret", _, YamlScalar { IsNull: false } name)])
            Fail(value.Place, prefix + field, "must be one value, or { secret: NAME }.");
        else if ((_given.GetValueOrDefault(name.Text) ?? _current.Find(name.Text)) is { } secret)
            return new YamlScalar(value.Place, secret, false, IsQuoted: true);
        else
            Fail(value.Place, prefix + field, $"names a secret that isn't kept here: '{OptionError.Shown(name.Text)}'. Give it under 'secrets:', as in '  {OptionError.Shown(name.Text)}: …', or write the value in its place.");
        return new YamlScalar(value.Place, "", true);
    }

    PlaceJson? Place(YamlNode node, string key)
    {
        if (Group(node, key) is not { } map)
            return null;
        var entry = new PlaceEntry();
        int before = _errors.Count;
        OptionReader.Apply(map, entry, key + ".", _errors);
        if (_errors.Count > before)
            return null;
        if (entry is { Latitude: { } latitude, Longitude: { } longitude })
            return new(latitude, longitude, entry.Heading, entry.Angle, entry.Range);
        Fail(map.Place, key, "needs latitude and longitude.");
        return null;
    }

    CameraAnalysis? Analysis(YamlMap camera, string prefix)
    {
        int before = _errors.Count;
        var entry = new AnalysisEntry();
        var map = Entry(camera, "analysis") is { } node ? Group(node, prefix + "analysis") : null;
        if (map is not null)
            OptionReader.Apply(map, entry, prefix + "analysis.", _errors);
        var (rules, ground) = (Entry(camera, "rules"), Entry(camera, "ground"));
        string text = Rules(rules, ground, prefix);
        if (_errors.Count > before || (map is null && text.Length == 0))
            return null;
        return new()
        {
            Enabled = entry.Enabled ?? _options.Analysis.Cameras,
            Rate = entry.Rate ?? _options.Analysis.Rate,
            Stream = entry.Stream,
            Priority = entry.Priority,
            Classes = [.. entry.Classes.Distinct()],
            Rules = text,
        };
    }

    /// <summary>A text that doesn't say them leaves them as they are, unlike all else: what is forgotten in a text mustn't be shown by it.</summary>
    IReadOnlyList<Mask> Masks(YamlMap camera, IReadOnlyList<Mask> known, string prefix)
    {
        if (Entry(camera, "masks") is not { } node || node is YamlScalar { IsNull: true })
            return known;
        try
        {
            var errors = new FieldErrors();
            var masks = MaskEndpoints.Read(YamlWriter.Read(node).Deserialize<IReadOnlyList<MaskInputJson?>>(MaskText), errors);
            foreach (string error in errors.All)
            {
                int end = error.IndexOf(": ", StringComparison.Ordinal);
                Fail((Nearest(node, error[..end]) ?? node).Place, prefix + error[..end], error[(end + 2)..]);
            }

            return masks;
        }
        catch (JsonException)
        {
            Fail(node.Place, prefix + "masks", "must be a list of masks, each with 'name' and 'points' (and 'id', 'reason', 'kind': fill or blur); [] for none.");
            return known;
        }
    }

    /// <summary>As the store keeps them; empty: none.</summary>
    string Rules(YamlNode? rules, YamlNode? ground, string prefix)
    {
        if (rules is null or YamlScalar { IsNull: true } or YamlList { Items.Count: 0 } && ground is null or YamlScalar { IsNull: true })
            return "";
        var json = new JsonObject();
        if (rules is not null)
            json["rules"] = YamlWriter.Read(rules);
        if (ground is not null)
            json["ground"] = YamlWriter.Read(ground);
        // 16:9, as before the first picture: the same that the page's own form is judged by then.
        var config = RuleReader.Read(json.ToJsonString(Relaxed), 16 / 9.0, out var faults);
        foreach (var fault in faults)
        {
            bool ofGround = fault.Path.StartsWith("ground", StringComparison.Ordinal);
            var near = Nearest(ofGround ? ground : rules, fault.Path) ?? rules ?? ground!;
            Fail(near.Place, prefix + (fault.Path.Length == 0 ? "rules" : fault.Path), fault.Message);
        }

        return config is null ? "" : JsonSerializer.Serialize(config, RuleReader.Json);
    }

    /// <summary>What a path such as <c>rules[2].points[0]</c> leads to, as far as it is there.</summary>
    static YamlNode? Nearest(YamlNode? node, string path)
    {
        foreach (Match step in Steps().Matches(path).Skip(1))
        {
            var next = step.Groups["index"] is { Success: true } index
                ? node is YamlList list && int.TryParse(index.ValueSpan, out int i) && i < list.Items.Count ? list.Items[i] : null
                : node is YamlMap map ? Entry(map, step.Groups["name"].Value) : null;
            if (next is null)
                break;
            node = next;
        }

        return node;
    }

    /// <summary>As the API takes it; an empty one is the shipped one, written down.</summary>
    AlarmPolicy? Policy(YamlNode node)
    {
        if (node is YamlScalar { IsNull: true })
            return new();
        if (Group(node, "alarmPolicy") is not { } map)
            return null;
        var policy = PolicyReader.Read(JsonSerializer.SerializeToUtf8Bytes(YamlWriter.Read(map)), out var faults);
        foreach (var fault in faults)
        {
            string path = fault.Path.Length == 0 ? "alarmPolicy" : $"alarmPolicy.{fault.Path}";
            Fail(Nearest(map, path)?.Place ?? map.Place, path, fault.Message);
        }

        if (policy?.Zone is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
            Fail(Entry(map, "zone")!.Place, "alarmPolicy.zone", "is no time zone that this machine knows.");
        return policy;
    }

    List<PlanPart> Plans(YamlList list)
    {
        var plans = new List<PlanPart>();
        for (int i = 0; i < list.Items.Count; i++)
        {
            string key = $"plans[{i}]";
            if (Group(list.Items[i], key) is not { } map)
                continue;
            var entry = new PlanEntry();
            int before = _errors.Count;
            OptionReader.Apply(map, entry, key + ".", _errors);
            if (!SegmentName.IsCamera(entry.Id))
                Fail(map.Place, key + ".id", "takes up to 64 letters, digits, '.', '_' and '-', not starting with a dot.");
            else if (plans.Exists(p => p.Id == entry.Id))
                Fail(map.Place, key + ".id", $"'{entry.Id}' is here twice.");
            if (string.IsNullOrWhiteSpace(entry.Name) || entry.Name.Any(char.IsControl))
                Fail(map.Place, key + ".name", "takes 1 to 100 characters, without line breaks.");
            if (entry is not { South: { } south, West: { } west, North: { } north, East: { } east })
                Fail(map.Place, key, "needs south, west, north and east.");
            else if (north <= south || east <= west)
                Fail(map.Place, key, "must have north above south and east above west.");
            else if (_errors.Count == before)
                plans.Add(new(entry.Id, entry.Name.Trim(), south, west, north, east));
        }

        return plans;
    }

    YamlMap? Group(YamlNode node, string key)
    {
        if (node is YamlMap map)
            return map;
        if (node is not YamlScalar { IsNull: true })
            Fail(node.Place, key, "holds other values, written below it with more indentation.");
        return null;
    }

    static YamlNode? Entry(YamlMap map, string key) => map.Entries.FirstOrDefault(e => e.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;

    void Fail(Place place, string key, string message) => _errors.Add(new(place, key, message));

    [GeneratedRegex(@"\[(?<index>[0-9]+)\]|(?<name>[^.\[\]]+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Steps();
}
