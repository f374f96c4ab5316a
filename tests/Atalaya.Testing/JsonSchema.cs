using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Atalaya.Testing;

/// <summary>As much of JSON Schema (2020-12) as our schemas use; a word that it doesn't know is a fault of the schema.</summary>
public static class JsonSchema
{
    static readonly string[] Notes = ["$schema", "$id", "$defs", "title", "description"];

    /// <summary>Where the value isn't as the schema says; empty: it is.</summary>
    public static IReadOnlyList<string> Faults(JsonNode schema, JsonNode? value)
    {
        var faults = new List<string>();
        Check(schema.AsObject(), schema.AsObject(), value, "$", faults);
        return faults;
    }

    static void Check(JsonObject root, JsonObject schema, JsonNode? value, string path, List<string> faults)
    {
        foreach (var (word, rule) in schema)
        {
            switch (word)
            {
                case "$ref":
                    Check(root, root["$defs"]![((string)rule!)["#/$defs/".Length..]]!.AsObject(), value, path, faults);
                    break;
                case "type":
                    string[] types = rule is JsonArray list ? [.. list.Select(t => (string)t!)] : [(string)rule!];
                    if (!types.Contains(TypeOf(value)) && !(types.Contains("number") && TypeOf(value) == "integer"))
                        faults.Add($"{path} is of type {TypeOf(value)}, not {string.Join(" or ", types)}");
                    break;
                case "const":
                    if (!JsonNode.DeepEquals(rule, value))
                        faults.Add($"{path} isn't {rule}");
                    break;
                case "enum":
                    if (!rule!.AsArray().Any(r => JsonNode.DeepEquals(r, value)))
                        faults.Add($"{path} is none of {rule.ToJsonString()}");
                    break;
                case "pattern":
                    if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String && !Regex.IsMatch((string)text!, (string)rule!, RegexOptions.None, TimeSpan.FromSeconds(10)))
                        faults.Add($"{path} isn't like {rule}");
                    break;
                case "minimum":
                    if (TypeOf(value) is "integer" or "number" && (double)value! < (double)rule!)
                        faults.Add($"{path} is less than {rule}");
                    break;
                case "maximum":
                    if (TypeOf(value) is "integer" or "number" && (double)value! > (double)rule!)
                        faults.Add($"{path} is more than {rule}");
                    break;
                case "maxItems":
                    if (value is JsonArray many && many.Count > (int)rule!)
                        faults.Add($"{path} has too many");
                    break;
                case "minItems":
                    if (value is JsonArray few && few.Count < (int)rule!)
                        faults.Add($"{path} has too few");
                    break;
                case "required":
                    if (value is JsonObject whole)
                        faults.AddRange(rule!.AsArray().Where(r => !whole.ContainsKey((string)r!)).Select(r => $"{path}.{r} is missing"));
                    break;
                case "properties":
                    foreach (var (name, inner) in value as JsonObject ?? [])
                    {
                        if (rule![name] is JsonObject known)
                            Check(root, known, inner, $"{path}.{name}", faults);
                    }

                    break;
                case "additionalProperties":
                    if ((bool)rule!)
                        throw new NotSupportedException($"The schema at {path} allows what it doesn't name: this check can't.");
                    faults.AddRange((value as JsonObject ?? []).Where(p => schema["properties"]![p.Key] is null).Select(p => $"{path}.{p.Key} isn't known"));
                    break;
                case "items":
                    for (int i = 0; i < (value as JsonArray ?? []).Count; i++)
                        Check(root, rule!.AsObject(), value![i], $"{path}[{i}]", faults);
                    break;
                case "anyOf":
                    var branches = rule!.AsArray().Select(r => { var inner = new List<string>(); Check(root, r!.AsObject(), value, path, inner); return inner; }).ToList();
                    if (branches.TrueForAll(b => b.Count > 0))
                        faults.AddRange(branches.MinBy(b => b.Count)!);
                    break;
                default:
                    if (!Notes.Contains(word))
                        throw new NotSupportedException($"The schema at {path} uses the word '{word}', which this check doesn't know.");
                    break;
            }
        }
    }

    static string TypeOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => value.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-') ? "integer" : "number",
        },
    };
}
