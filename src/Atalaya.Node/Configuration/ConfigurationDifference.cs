using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Atalaya.Node.Configuration;

public enum ChangeKindJson
{
    Added,
    Changed,
    Removed,
}

/// <param name="Before">As it is written; null where it wasn't set, and of a secret.</param>
sealed record FieldChange(string Field, string? Before, string? After, bool IsSecret);

/// <param name="Section">cameras, plans or alarmPolicy; of the last there is one, with that id.</param>
sealed record ObjectChange(ChangeKindJson Kind, string Section, string Id, string Name, IReadOnlyList<FieldChange> Fields);

/// <summary>What would be other: object by object, field by field, in the order of the text.</summary>
static class ConfigurationDifference
{
    public const string PolicySection = "alarmPolicy";

    static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<ObjectChange> Between(NodeConfiguration before, NodeConfiguration after)
    {
        var changes = new List<ObjectChange>();
        foreach (string id in before.Cameras.Keys.Union(after.Cameras.Keys).Order(StringComparer.Ordinal))
        {
            var (old, now) = (before.Cameras.GetValueOrDefault(id), after.Cameras.GetValueOrDefault(id));
            // A camera of the file stays where nothing is said of it.
            if (old is { Config: null })
                now ??= new(id, null) { Masks = old.Masks };
            Add("cameras", id, (now ?? old)!.Config?.Name ?? id, old is null ? null : NodeConfiguration.ToTree(old), now is null ? null : NodeConfiguration.ToTree(now),
                field => before.Find(NodeConfiguration.SecretName(id, field)) != after.Find(NodeConfiguration.SecretName(id, field)));
        }

        foreach (string id in before.Plans.Keys.Union(after.Plans.Keys).Order(StringComparer.Ordinal))
        {
            var (old, now) = (before.Plans.GetValueOrDefault(id), after.Plans.GetValueOrDefault(id));
            Add("plans", id, (now ?? old)!.Name, old is null ? null : NodeConfiguration.ToTree(old), now is null ? null : NodeConfiguration.ToTree(now), _ => false);
        }

        Add(PolicySection, PolicySection, "", before.AlarmPolicy is { } policy ? NodeConfiguration.ToTree(policy) : null, after.AlarmPolicy is { } next ? NodeConfiguration.ToTree(next) : null, _ => false);
        return changes;

        void Add(string section, string id, string name, JsonObject? old, JsonObject? now, Func<string, bool> otherSecret)
        {
            var (was, @is) = (Flat(old), Flat(now));
            var fields = new List<FieldChange>();
            foreach (string field in was.Keys.Concat(@is.Keys.Where(k => !was.ContainsKey(k))))
            {
                var (from, to) = (was.GetValueOrDefault(field), @is.GetValueOrDefault(field));
                bool secret = from.IsSecret || to.IsSecret;
                if (from != to || (secret && otherSecret(field)))
                    fields.Add(new(field, from.IsSecret ? null : from.Text, to.IsSecret ? null : to.Text, secret));
            }

            if (fields.Count > 0)
                changes.Add(new(old is null ? ChangeKindJson.Added : now is null ? ChangeKindJson.Removed : ChangeKindJson.Changed, section, id, name, fields));
        }
    }

    /// <summary>Fields by name; those of a group behind a dot, rules by their own id.</summary>
    static Dictionary<string, (string? Text, bool IsSecret)> Flat(JsonObject? tree)
    {
        var flat = new Dictionary<string, (string?, bool)>(StringComparer.Ordinal);
        foreach (var (name, value) in tree ?? [])
        {
            switch (value)
            {
                case JsonObject { Count: 1 } reference when reference.ContainsKey("secret"):
                    flat[name] = (null, true);
                    break;
                case JsonObject group:
                    foreach (var (inner, set) in group)
                        flat[$"{name}.{inner}"] = (Shown(set), false);
                    break;
                case JsonArray list when list.All(i => i is JsonObject):
                    for (int i = 0; i < list.Count; i++)
                    {
                        string id = list[i]!["id"]?.ToString() ?? list[i]!["name"]?.ToString() ?? (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
                        string key = $"{name}[{id}]";
                        flat[flat.ContainsKey(key) ? $"{key}#{i + 1}" : key] = (Shown(list[i]), false);
                    }

                    break;
                default:
                    flat[name] = (Shown(value), false);
                    break;
            }
        }

        return flat;
    }

    static string? Shown(JsonNode? value) =>
        value is null ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString(Compact);
}
