using System.Text;

using Atalaya.Node.Configuration;
using Atalaya.Node.Options;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void Configuration(ReadOnlySpan<byte> input)
    {
        var errors = new List<OptionError>();
        var nothing = NodeConfiguration.Of([], []);
        if (ConfigurationReader.Read(Encoding.UTF8.GetString(input), "x", nothing, new(), errors) is not { } read)
        {
            if (errors.Count == 0)
                throw new InvalidOperationException("A configuration was refused without a reason.");
            return;
        }

        // What was let through must be written, read again the same, and differ in nothing.
        string text = ConfigurationText.Write(read, "site");
        if (ConfigurationReader.Read(text, "x", read, new(), errors) is not { } again || ConfigurationDifference.Between(read, again).Count > 0)
            throw new InvalidOperationException($"What was written isn't what was read: {string.Join(' ', errors)}\n{text}");
    }

    public static void ConfigurationTemplate(ReadOnlySpan<byte> input)
    {
        var errors = new List<OptionError>();
        if (Node.Configuration.ConfigurationTemplate.Read(Encoding.UTF8.GetString(input), new(), errors) is not { } template)
        {
            if (errors.Count == 0)
                throw new InvalidOperationException("A template was refused without a reason.");
            return;
        }

        // What it leaves is a configuration that can be written and read, with every camera, address and secret that there was; a second time it changes nothing.
        var before = ConfigurationReader.Read("cameras:\n  - { id: gate, groups: [fence], main: rtsp://10.0.0.2/a?token=x, userName: ana, password: b }\n  - { id: yard, main: rtsp://10.0.0.3/ }\n", "x", NodeConfiguration.Of([], []), new(), errors)!;
        if (template.Apply(before, new(), errors, out _) is not { } after)
        {
            if (errors.Count == 0)
                throw new InvalidOperationException("A template failed without a reason.");
            return;
        }

        if (!after.Cameras.Keys.SequenceEqual(before.Cameras.Keys) || before.Secrets().Any(s => before.Find(s) != after.Find(s)) || before.Cameras.Any(c => !c.Value.Config!.Main.Equals(after.Cameras[c.Key].Config!.Main)))
            throw new InvalidOperationException("A template changed what is the site's own.");
        // Groups that it sets may bring other entries of it to bear; without those it is settled at once.
        if (ConfigurationDifference.Between(before, after).All(c => c.Fields.All(f => f.Field != "groups")) && template.Apply(after, new(), errors, out _) is var again && (again is null || ConfigurationDifference.Between(after, again).Count > 0))
            throw new InvalidOperationException($"A template applied twice is something else: {string.Join(' ', errors)}");
    }

    static IEnumerable<byte[]> ConfigurationTemplateSeeds() =>
    [
        "version: 1\neveryCamera:\n  record: main\n  retention: { days: 30 }\ngroups:\n  fence: { retention: { days: 60, bytes: null }, analysis: { enabled: true, rate: 4 } }\ncameras:\n  - { id: gate, audio: false, groups: [sea] }\nalarmPolicy: { zone: UTC }\n"u8.ToArray(),
    ];

    static IEnumerable<byte[]> ConfigurationSeeds() =>
    [
        "version: 1\ncameras:\n  - id: gate\n    name: Gate\n    main: rtsp://10.0.0.2/a?token=x\n    userName: ana\n    password: \"b\"\n    retention: { days: 3.5, bytes: 20GB }\n    place: { latitude: 35.9, longitude: -5.3, heading: 90 }\n    analysis: { enabled: true, rate: 5, classes: [person] }\n    rules:\n      - { type: line, id: f, name: f, points: [[0.1, 0.6], [0.9, 0.5]] }\n"u8.ToArray(),
        "cameras:\n  - { id: a, main: rtsp://10.0.0.2/, password: { secret: a.password } }\nplans:\n  - { id: yard, name: Yard, south: 35, west: -5.4, north: 36, east: -5.2 }\nsecrets:\n  a.password: x\n"u8.ToArray(),
    ];
}
