using System.Collections;
using System.Reflection;
using System.Text.Json;

namespace Atalaya.Node.Options;

/// <summary>Why an option is there and what it may be.</summary>
/// <param name="reason">One or two sentences: what it does and why its default is what it is.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OptionAttribute(string reason) : Attribute
{
    public string Reason { get; } = reason;

    /// <summary>Least and largest value, as text of the option's type; for text and lists, the length.</summary>
    public string? Min { get; init; }
    public string? Max { get; init; }

    /// <summary>Never shown, not even in an error.</summary>
    public bool Secret { get; init; }
}

/// <summary>One option of the tree.</summary>
/// <param name="Key">With dots: <c>recording.segment</c>.</param>
sealed record OptionEntry(string Key, PropertyInfo Property, OptionAttribute About, object? Default)
{
    public bool IsList => ElementType(Property.PropertyType) is not null;
    public Type ValueType => ElementType(Property.PropertyType) ?? Property.PropertyType;

    public static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;
}

/// <summary>
/// Makes a tree of options records out of text with places. Every value is looked at, so that all errors come at once; unknown names are
/// errors, with the name that was probably meant.
/// </summary>
static class OptionReader
{
    public static string NameOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    /// <summary>All options below a record, in the order they are written there.</summary>
    public static IEnumerable<OptionEntry> Entries(Type record, string prefix = "")
    {
        object defaults = Activator.CreateInstance(record)!;
        foreach (var property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string key = prefix + NameOf(property);
            if (property.GetCustomAttribute<OptionAttribute>() is { } about)
            {
                yield return new(key, property, about, property.GetValue(defaults));
            }
            else if (IsGroup(property))
            {
                foreach (var entry in Entries(property.PropertyType, key + "."))
                    yield return entry;
            }
        }
    }

    /// <summary>Fills a record from a mapping. Groups are nested mappings.</summary>
    /// <param name="skip">Names at the top that something else reads.</param>
    public static void Apply(YamlMap map, object record, string prefix, List<OptionError> errors, params string[] skip)
    {
        var properties = Properties(record.GetType());
        foreach (var (name, place, value) in map.Entries)
        {
            if (skip.Contains(name))
                continue;
            if (!properties.TryGetValue(name, out var property))
            {
                errors.Add(new(place, prefix + OptionError.Shown(name), Unknown(name, properties.Keys.Concat(skip))));
            }
            else if (IsGroup(property))
            {
                if (value is YamlMap group)
                    Apply(group, property.GetValue(record)!, prefix + NameOf(property) + ".", errors);
                else if (value is not YamlScalar { IsNull: true })
                    errors.Add(new(value.Place, prefix + NameOf(property), "holds other options, written below it with more indentation."));
            }
            else
            {
                Set(record, property, prefix + NameOf(property), value, errors);
            }
        }
    }

    /// <summary>Sets one option by its key with dots, from one text; lists are separated by commas.</summary>
    public static void Apply(string key, string text, Place place, object record, List<OptionError> errors)
    {
        string[] names = key.Split('.');
        string prefix = "";
        for (int i = 0; i < names.Length; i++)
        {
            var properties = Properties(record.GetType());
            if (!properties.TryGetValue(names[i], out var property) || IsGroup(property) != (i < names.Length - 1))
            {
                var known = Entries(typeof(NodeOptions)).Select(e => e.Key);
                errors.Add(new(place, OptionError.Shown(key), Unknown(key, known)));
                return;
            }

            prefix += NameOf(property) + ".";
            if (IsGroup(property))
            {
                record = property.GetValue(record)!;
                continue;
            }

            YamlNode value = OptionEntry.ElementType(property.PropertyType) is null
                ? new YamlScalar(place, text, false)
                : new YamlList(place, [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => new YamlScalar(place, t, false))]);
            Set(record, property, prefix[..^1], value, errors);
        }
    }

    public static string Unknown(string name, IEnumerable<string> known)
    {
        var nearest = known.Select(k => (Name: k, Distance: Distance(name.ToLowerInvariant(), k.ToLowerInvariant()))).MinBy(k => k.Distance);
        return nearest.Name is not null && nearest.Distance <= Math.Max(1, nearest.Name.Length / 3)
            ? $"There is no such option. Did you mean '{nearest.Name}'?"
            : "There is no such option. `atalaya options` lists all.";
    }

    static Dictionary<string, PropertyInfo> Properties(Type record) =>
        record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.GetCustomAttribute<OptionAttribute>() is not null || IsGroup(p))
            .ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);

    /// <summary>An entry of a list that has options of its own.</summary>
    static bool IsRecord(Type type) => type.IsClass && type.Name.EndsWith("Entry", StringComparison.Ordinal);

    static bool IsGroup(PropertyInfo property) => property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal);

    static void Set(object record, PropertyInfo property, string key, YamlNode value, List<OptionError> errors)
    {
        var about = property.GetCustomAttribute<OptionAttribute>()!;
        if (value is YamlScalar { IsNull: true })
            return;     // 'name:' with nothing behind it: the default.
        if (OptionEntry.ElementType(property.PropertyType) is { } element)
        {
            // A list of one may be written without dashes.
            var items = value switch { YamlList list => list.Items, YamlScalar one => [one], _ => null };
            if (items is null)
            {
                errors.Add(new(value.Place, key, "must be a list."));
                return;
            }

            var values = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
            int before = errors.Count;
            foreach (var item in items)
            {
                if (IsRecord(element))
                {
                    if (item is YamlMap map)
                    {
                        object one = Activator.CreateInstance(element)!;
                        Apply(map, one, $"{key}[{values.Count}].", errors);
                        values.Add(one);
                    }
                    else
                    {
                        errors.Add(new(item.Place, key, "holds options for each entry: write it in the configuration file, each behind a dash."));
                    }
                }
                else if (One(element, about, item, key, errors, ranged: false) is { } read)
                    values.Add(read);
            }

            // Entries are kept with their faults, so that checks between them come at the same time.
            if ((IsRecord(element) || errors.Count == before) && InRange(about, typeof(int), values.Count, " entries", value.Place, key, errors))
                property.SetValue(record, values);
        }
        else if (One(property.PropertyType, about, value, key, errors, ranged: true) is { } read)
        {
            property.SetValue(record, read);
        }
    }

    static object? One(Type type, OptionAttribute about, YamlNode node, string key, List<OptionError> errors, bool ranged)
    {
        if (node is not YamlScalar scalar)
        {
            errors.Add(new(node.Place, key, "must be one value, not a list or a group."));
            return null;
        }

        if (!OptionText.TryParse(type, scalar.Text, out object? value, out string error))
        {
            string shown = about.Secret ? "" : $", not '{OptionError.Shown(scalar.Text)}'";
            errors.Add(new(node.Place, key, $"{error}{shown}."));
            return null;
        }

        if (!ranged)
            return value;
        bool fits = value is string text
            ? InRange(about, typeof(int), text.Length, " characters", node.Place, key, errors)
            : InRange(about, type, value!, "", node.Place, key, errors);
        return fits ? value : null;
    }

    static bool InRange(OptionAttribute about, Type type, object value, string unit, Place place, string key, List<OptionError> errors)
    {
        bool low = about.Min is not null && Compare(type, value, about.Min) < 0;
        bool high = about.Max is not null && Compare(type, value, about.Max) > 0;
        if (low || high)
            errors.Add(new(place, key, low ? $"must be at least {about.Min}{unit}." : $"must be at most {about.Max}{unit}."));
        return !low && !high;
    }

    static int Compare(Type type, object value, string bound)
    {
        if (!OptionText.TryParse(type, bound, out object? limit, out _))
            throw new InvalidOperationException($"The bound '{bound}' isn't a {type}.");
        return ((IComparable)value).CompareTo(limit);
    }

    // Levenshtein, two rows.
    static int Distance(string a, string b)
    {
        if (a.Length > 100)
            return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 0; i < a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < b.Length; j++)
            {
                int substitution = diagonal + (a[i] == b[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(substitution, 1 + Math.Min(row[j], diagonal));
            }
        }

        return row[b.Length];
    }
}
