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

    static IEnumerable<byte[]> ConfigurationSeeds() =>
    [
        "version: 1\ncameras:\n  - id: gate\n    name: Gate\n    main: rtsp://10.0.0.2/a?token=x\n    userName: ana\n    password: \"b\"\n    retention: { days: 3.5, bytes: 20GB }\n    place: { latitude: 35.9, longitude: -5.3, heading: 90 }\n    analysis: { enabled: true, rate: 5, classes: [person] }\n    rules:\n      - { type: line, id: f, name: f, points: [[0.1, 0.6], [0.9, 0.5]] }\n"u8.ToArray(),
        "cameras:\n  - { id: a, main: rtsp://10.0.0.2/, password: { secret: a.password } }\nplans:\n  - { id: yard, name: Yard, south: 35, west: -5.4, north: 36, east: -5.2 }\nsecrets:\n  a.password: x\n"u8.ToArray(),
    ];
}
