using System.Security.Cryptography;
using System.Text;

using Atalaya.Cameras;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

namespace Atalaya.Node.Configuration;

/// <summary>
/// What several sites are to have in common, in the words of a configuration's text: fields for every camera, for cameras of a group, for one camera, and the alarm policy. A field that is there takes
/// the place of the site's; all others stay. What belongs to a site (addresses, secrets, names, places, rules, which cameras there are) can't be in it.
/// </summary>
sealed class ConfigurationTemplate
{
    /// <summary>What places in errors are called after.</summary>
    public const string Source = "template";

    const int MaxEntries = 500;

    static readonly string[] Sections = ["version", "everyCamera", "groups", "cameras", "alarmPolicy"];

    static readonly string[] Fields = ["groups", "record", "audio", "retention", "analysis"];

    /// <summary>Of these each field is set by itself.</summary>
    static readonly string[] Nested = ["retention", "analysis"];

    /// <summary>Of no camera: an address for documentation (RFC 5737).</summary>
    static readonly RtspUrl SampleUrl = RtspUrl.TryParse("rtsp://192.0.2.1/sample", out var url, out _) ? url : throw new InvalidOperationException();

    readonly YamlMap? _every;
    readonly Dictionary<string, YamlMap> _groups = new(StringComparer.Ordinal);
    readonly Dictionary<string, YamlMap> _cameras = new(StringComparer.Ordinal);
    readonly (string Key, Place Place, YamlNode Value)? _policy;

    ConfigurationTemplate(YamlMap top, List<OptionError> errors)
    {
        foreach (var entry in top.Entries)
        {
            var (key, place, value) = entry;
            switch (key)
            {
                case "version":
                    if (value is not YamlScalar { Text: "1" })
                        errors.Add(new(value.Place, key, $"must be {NodeConfiguration.Version}: this program reads no other."));
                    break;
                case "everyCamera":
                    _every = Settings(value, key, [], errors);
                    break;
                case "groups":
                    foreach (var (name, _, fields) in Entries(value, key, errors))
                    {
                        if (Settings(fields, $"groups.{OptionError.Shown(name)}", [], errors) is { } settings)
                            _groups[name] = settings;
                    }

                    break;
                case "cameras":
                    ReadCameras(value, errors);
                    break;
                case "alarmPolicy":
                    _policy = entry;
                    break;
                default:
                    errors.Add(new(place, OptionError.Shown(key), $"is no section of a template; there are {string.Join(", ", Sections)}."));
                    break;
            }
        }
    }

    /// <summary>It changes more than cameras.</summary>
    public bool HasPolicy => _policy is not null;

    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Reads one and tries its values with made-up cameras, so that whoever writes it is told before any site is.</summary>
    /// <returns>Null with every error in <paramref name="errors"/>.</returns>
    public static ConfigurationTemplate? Read(string text, NodeOptions options, List<OptionError> errors)
    {
        if (YamlTree.Read(text, Source, errors) is not { } top)
            return null;
        var template = new ConfigurationTemplate(top, errors);
        if (errors.Count > 0)
            return null;
        template.Apply(template.Sample(), options, errors, out _);
        // The made-up camera may be none that this node would take: that isn't the template's matter.
        errors.RemoveAll(e => e.Place.Source != Source);
        return errors.Count == 0 ? template : null;
    }

    /// <summary>What a site's configuration would be with it.</summary>
    /// <param name="kept">What it names and the site keeps as its own; sentences.</param>
    /// <returns>Null with every error in <paramref name="errors"/>: those of the template have its lines.</returns>
    public NodeConfiguration? Apply(NodeConfiguration current, NodeOptions options, List<OptionError> errors, out IReadOnlyList<string> kept)
    {
        var own = new List<string>();
        kept = own;
        if (YamlTree.Read(YamlWriter.Write(current.ToTree()), NodeConfigurations.Source, errors) is not { } top)
            return null;
        foreach (string absent in _cameras.Keys.Where(c => !current.Cameras.ContainsKey(c)).Order(StringComparer.Ordinal))
            own.Add($"There is no camera '{absent}' here.");
        foreach (string absent in _groups.Keys.Where(g => !current.Cameras.Values.Any(c => c.Scope?.Groups.Contains(g) == true)).Order(StringComparer.Ordinal))
            own.Add($"No camera here is in the group '{absent}'.");
        var entries = top.Entries.Where(e => e.Key != "alarmPolicy" || _policy is null).Select(e => e.Key == "cameras" && e.Value is YamlList list
            ? (e.Key, e.Place, new YamlList(list.Place, [.. list.Items.Select(c => Merged((YamlMap)c, current, own))]))
            : e).ToList();
        if (_policy is { } policy)
            entries.Add(policy);
        int before = errors.Count;
        var after = ConfigurationReader.Read(new YamlMap(top.Place, entries), current, options, errors);
        // One value of the template stands at each camera: its error is told once, and not with the place that it has among them.
        var told = errors.Skip(before).Select(e => e.Place.Source == Source ? e with { Key = WithoutCamera(e.Key) } : e).Distinct().ToList();
        errors.RemoveRange(before, errors.Count - before);
        errors.AddRange(told);
        return after;
    }

    /// <summary>A configuration with a camera for each of the template's entries.</summary>
    NodeConfiguration Sample()
    {
        string[] names = [.. _cameras.Keys, .. _groups.Keys.Select((_, i) => $"sample-{i}"), "sample"];
        string[] groups = [.. _groups.Keys];
        return NodeConfiguration.Of(
            names.Distinct(StringComparer.Ordinal).Select(id => new CameraPart(
                id, new CameraConfig { Id = id, Name = id, Main = SampleUrl }, null, null,
                id.StartsWith("sample-", StringComparison.Ordinal) && int.TryParse(id["sample-".Length..], out int i) && i < groups.Length ? CameraScope.None with { Groups = [groups[i]] } : CameraScope.None)),
            []);
    }

    YamlMap Merged(YamlMap camera, NodeConfiguration current, List<string> own)
    {
        string id = camera.Entries.First(e => e.Key == "id").Value is YamlScalar name ? name.Text : "";
        var part = current.Cameras[id];
        var layers = new[] { _every }.Concat(part.Scope?.Groups.Order(StringComparer.Ordinal).Select(g => _groups.GetValueOrDefault(g)) ?? []).Append(_cameras.GetValueOrDefault(id)).OfType<YamlMap>();
        var fields = camera.Entries.ToList();
        var stays = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var field in layers.SelectMany(l => l.Entries))
        {
            if (part.Config is null && field.Key != "analysis")
                stays.Add(field.Key);
            else
                Set(fields, field);
        }

        if (stays.Count > 0)
            own.Add($"'{id}' is defined by the site's configuration file: {string.Join(", ", stays)} stays as it is there.");
        return new(camera.Place, fields);
    }

    static void Set(List<(string Key, Place Place, YamlNode Value)> fields, (string Key, Place Place, YamlNode Value) field)
    {
        int at = fields.FindIndex(f => f.Key == field.Key);
        if (field.Value is YamlScalar { IsNull: true })
        {
            if (at >= 0)
                fields.RemoveAt(at);
            return;
        }

        if (field.Value is YamlMap given && Nested.Contains(field.Key))
        {
            var inner = at >= 0 && fields[at].Value is YamlMap there ? there.Entries.ToList() : [];
            foreach (var each in given.Entries)
                Set(inner, each);
            field = field with { Value = new YamlMap(given.Place, inner) };
        }

        if (at >= 0)
            fields[at] = field;
        else
            fields.Add(field);
    }

    void ReadCameras(YamlNode value, List<OptionError> errors)
    {
        if (value is not YamlList { Items.Count: <= MaxEntries } list)
        {
            errors.Add(new(value.Place, "cameras", $"must be a list, each entry behind a dash with 'id' first, at most {MaxEntries}."));
            return;
        }

        for (int i = 0; i < list.Items.Count; i++)
        {
            string key = $"cameras[{i}]";
            if (list.Items[i] is not YamlMap map || map.Entries.FirstOrDefault(e => e.Key == "id").Value is not YamlScalar { IsNull: false } id || !CameraConfig.IsId(id.Text))
                errors.Add(new(list.Items[i].Place, key + ".id", "names a camera by its id; for all cameras there is 'everyCamera', for those of a group 'groups'."));
            else if (_cameras.ContainsKey(id.Text))
                errors.Add(new(id.Place, key + ".id", $"'{id.Text}' is here twice."));
            else if (Settings(map, key, ["id"], errors) is { } settings)
                _cameras[id.Text] = settings;
        }
    }

    /// <param name="beside">Fields that may be there and aren't set.</param>
    static YamlMap? Settings(YamlNode node, string key, string[] beside, List<OptionError> errors)
    {
        var entries = Entries(node, key, errors);
        foreach (var (field, place, _) in entries.Where(e => !Fields.Contains(e.Key, StringComparer.Ordinal) && !beside.Contains(e.Key)))
            errors.Add(new(place, $"{key}.{OptionError.Shown(field)}", $"can't be set by a template: {string.Join(", ", Fields)} can; anything else is the site's own."));
        return node is YamlMap ? new(node.Place, [.. entries.Where(e => !beside.Contains(e.Key))]) : null;
    }

    static IReadOnlyList<(string Key, Place Place, YamlNode Value)> Entries(YamlNode node, string key, List<OptionError> errors)
    {
        if (node is YamlMap { Entries.Count: <= MaxEntries } map)
            return map.Entries;
        if (node is not YamlScalar { IsNull: true })
            errors.Add(new(node.Place, key, $"holds other values, written below it with more indentation; at most {MaxEntries}."));
        return [];
    }

    static string WithoutCamera(string key) => key.StartsWith("cameras[", StringComparison.Ordinal) && key.IndexOf("].", StringComparison.Ordinal) is > 0 and var end ? key[(end + 2)..] : key;
}
