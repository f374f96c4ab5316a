using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Analysis.Rules;

/// <summary>The rules of one camera with what they need to know of its place.</summary>
public sealed record RuleConfig
{
    public IReadOnlyList<Rule> Rules { get; init; } = [];
    public GroundCalibration? Ground { get; init; }
}

/// <summary>Rules from YAML or JSON text, as <c>ref/rules.md</c> has them; and as JSON.</summary>
public static class RuleReader
{
    static readonly (string Word, Type Type)[] Kinds =
        [.. typeof(Rule).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(a => ((string)a.TypeDiscriminator!, a.DerivedType))];

    /// <summary>How rules are written and read as JSON. Reading so checks no values: <see cref="RuleCheck"/> does.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Never throws, whatever the text is.</summary>
    /// <param name="aspect">Width of the picture over its height, for the ground.</param>
    /// <returns>Null with every fault in <paramref name="faults"/>, or rules that are sound.</returns>
    public static RuleConfig? Read(string text, double aspect, out IReadOnlyList<RuleFault> faults)
    {
        var found = new List<RuleFault>();
        faults = found;
        if (ConfigTree.Read(text, found) is not { } tree)
            return null;
        var config = Read(tree, aspect, found);
        return found.Count == 0 ? config : null;
    }

    /// <param name="besides">Entries of the top that somebody else reads.</param>
    internal static RuleConfig Read(ConfigNode tree, double aspect, List<RuleFault> faults, params ReadOnlySpan<string> besides)
    {
        var reader = new ConfigReader(faults);
        var rules = new List<Rule>();
        var lines = new List<int>();
        GroundCalibration? ground = null;
        if (tree is not ConfigMap map)
        {
            reader.Fault(tree, "", "must be a mapping with rules.");
            return new();
        }

        foreach (var (key, line, value) in map.Entries)
        {
            switch (key)
            {
                case "rules" when value is ConfigList list:
                    for (int i = 0; i < list.Items.Count; i++)
                    {
                        if (Rule(list.Items[i], $"rules[{i}]", reader) is not { } rule)
                            continue;
                        rules.Add(rule);
                        lines.Add(list.Items[i].Line);
                    }

                    break;
                case "rules" when value is ConfigScalar { IsNull: true }:
                    break;
                case "rules":
                    reader.Fault(value, "rules", "must be a list of rules.");
                    break;
                case "ground" when value is not ConfigScalar { IsNull: true }:
                    ground = reader.Read<GroundCalibration>(value, "ground");
                    break;
                case "ground":
                    break;
                default:
                    if (!besides.Contains(key))
                        faults.Add(new(line, "", $"'{ConfigTree.Shown(key)}' isn't known here; known are rules, ground{string.Concat(besides.ToArray().Select(b => ", " + b))}."));
                    break;
            }
        }

        var config = new RuleConfig { Rules = rules, Ground = ground };
        // Rules that couldn't be read are missing here, so numbers in paths may be off; the line is right.
        foreach (var fault in RuleCheck.Check(config, aspect))
        {
            int at = fault.Path.StartsWith("rules[", StringComparison.Ordinal) && int.TryParse(fault.Path.AsSpan(6, fault.Path.IndexOf(']') - 6), out int index) ? lines[index] : 0;
            faults.Add(fault with { Line = at });
        }

        return config;
    }

    static Rule? Rule(ConfigNode node, string path, ConfigReader reader)
    {
        string kinds = string.Join(", ", Kinds.Select(k => k.Word));
        if (node is not ConfigMap map)
        {
            reader.Fault(node, path, "must be a mapping with type and name.");
            return null;
        }

        var (_, _, named) = map.Entries.FirstOrDefault(e => e.Key == "type");
        if (named is not ConfigScalar { Text: var word })
        {
            reader.Fault(node, path, $"'type' is missing: one of {kinds}.");
            return null;
        }

        if (Kinds.FirstOrDefault(k => k.Word == word).Type is not { } type)
        {
            reader.Fault(named, $"{path}.type", $"'{ConfigTree.Shown(word)}' is no type of rule; there are {kinds}.");
            return null;
        }

        // A name alone names the rule; an id alone does, too.
        var entries = map.Entries.ToList();
        int name = entries.FindIndex(e => e.Key == "name"), id = entries.FindIndex(e => e.Key == "id");
        if (name >= 0 && id < 0)
            entries.Add(("id", entries[name].Line, entries[name].Value));
        else if (id >= 0 && name < 0)
            entries.Add(("name", entries[id].Line, entries[id].Value));
        return (Rule?)reader.Record(type, map with { Entries = entries }, path, "type");
    }
}
