using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Atalaya.Node.Options;

namespace Atalaya.Node.Configuration;

/// <summary>Mappings, lists and values as YAML that people read and that <see cref="YamlTree"/> reads back the same.</summary>
static partial class YamlWriter
{
    /// <param name="top">Null among its values is written as <c>null</c>.</param>
    public static string Write(JsonObject top)
    {
        var text = new StringBuilder();
        Entries(top, 0, text);
        return text.ToString();
    }

    /// <summary>The other way round. What stands plain is a number, a truth or null where it looks like one.</summary>
    public static JsonNode? Read(YamlNode node) => node switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key, Read(e.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(Read)]),
        YamlScalar { IsNull: true } => null,
        YamlScalar { IsQuoted: false, Text: "true" } => JsonValue.Create(true),
        YamlScalar { IsQuoted: false, Text: "false" } => JsonValue.Create(false),
        YamlScalar { IsQuoted: false } plain when Number().IsMatch(plain.Text) => JsonNode.Parse(plain.Text),
        YamlScalar text => JsonValue.Create(text.Text),
        _ => throw new InvalidOperationException($"A {node.GetType().Name} can't be read."),
    };

    static void Entries(JsonObject map, int depth, StringBuilder text)
    {
        foreach (var (name, value) in map)
        {
            text.Append(' ', depth * 2).Append(Text(name)).Append(':');
            Value(value, depth, text);
        }
    }

    /// <summary>Behind a colon.</summary>
    static void Value(JsonNode? value, int depth, StringBuilder text)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map when !IsShort(map):
                text.Append('\n');
                Entries(map, depth + 1, text);
                break;
            case JsonArray { Count: > 0 } list when !IsShort(list):
                text.Append('\n');
                foreach (var item in list)
                {
                    text.Append(' ', (depth + 1) * 2).Append('-');
                    if (item is JsonObject { Count: > 0 } entry && !IsShort(entry))
                    {
                        // The first field stands behind the dash.
                        int start = text.Length;
                        Entries(entry, depth + 2, text);
                        text.Remove(start, ((depth + 2) * 2) - 1);
                        text[start] = ' ';
                    }
                    else
                    {
                        Value(item, depth + 1, text);
                    }
                }

                break;
            default:
                text.Append(' ');
                Flow(value, text);
                text.Append('\n');
                break;
        }
    }

    /// <summary>Points, names, and the reference to a secret: on one line.</summary>
    static bool IsShort(JsonNode node) => node switch
    {
        JsonArray list => list.All(i => i is null or JsonValue || (i is JsonArray inner && inner.All(v => v is null or JsonValue))),
        JsonObject map => map.Count == 1 && map.First().Value is null or JsonValue,
        _ => true,
    };

    static void Flow(JsonNode? value, StringBuilder text)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case JsonArray list:
                text.Append('[');
                for (int i = 0; i < list.Count; i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    Flow(list[i], text);
                }

                text.Append(']');
                break;
            case JsonObject map:
                text.Append(map.Count == 0 ? "{" : "{ ");
                bool first = true;
                foreach (var (name, inner) in map)
                {
                    text.Append(first ? "" : ", ").Append(Text(name)).Append(": ");
                    Flow(inner, text);
                    first = false;
                }

                text.Append(map.Count == 0 ? "}" : " }");
                break;
            default:
                text.Append(value.GetValueKind() == JsonValueKind.String ? Text(value.GetValue<string>()) : value.ToJsonString());
                break;
        }
    }

    static string Text(string text) => Plain().IsMatch(text) && !Reserved().IsMatch(text) && !Number().IsMatch(text) ? text : Quoted(text);

    static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            // Half a character becomes the sign for one that can't be read.
            if (rune.Value is '"' or '\\')
                quoted.Append('\\').Append((char)rune.Value);
            else if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 or 0xfeff or >= 0xfffe and <= 0xffff || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format && rune.IsBmp)
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                quoted.Append(rune.ToString());
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"^[A-Za-z_/](?:[\w./@-]|:(?=[\w/])|\ (?=[\w./@-]))*$", RegexOptions.ECMAScript)]
    private static partial Regex Plain();

    [GeneratedRegex("^(?:true|false|yes|no|on|off|null|y|n|inf|nan)$", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();

    // As JSON writes them.
    [GeneratedRegex(@"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$")]
    private static partial Regex Number();
}
