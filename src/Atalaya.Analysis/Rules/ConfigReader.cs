using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// Makes configuration records from a tree, and goes on after a fault so that all are told at once. A property's name in the text is its
/// own in camel case; what the record marks as required must be there; names it doesn't know are refused.
/// </summary>
sealed class ConfigReader(List<RuleFault> faults)
{
    static readonly JsonNamingPolicy Camel = JsonNamingPolicy.CamelCase;

    public T? Read<T>(ConfigNode node, string path)
        where T : class => Record(typeof(T), node, path) as T;

    /// <param name="besides">Entries that somebody else reads.</param>
    public object? Record(Type type, ConfigNode node, string path, params ReadOnlySpan<string> besides)
    {
        if (node is not ConfigMap map)
        {
            Fault(node, path, $"must be a mapping with {Names(type)}.");
            return null;
        }

        int before = faults.Count;
        object made = RuntimeHelpers.GetUninitializedObject(type);
        // Default values are set by the constructor, which records with only init properties have without parameters.
        type.GetConstructor(BindingFlags.Instance | BindingFlags.Public, Type.EmptyTypes)?.Invoke(made, null);
        var properties = Properties(type);
        foreach (var (key, line, value) in map.Entries)
        {
            if (besides.Contains(key))
                continue;
            string at = path.Length == 0 ? key : $"{path}.{key}";
            if (properties.FirstOrDefault(p => Camel.ConvertName(p.Name) == key) is not { } property)
            {
                Fault(line, path, $"'{ConfigTree.Shown(key)}' isn't known here; known are {Names(type)}.");
                continue;
            }

            bool optional = Nullable.GetUnderlyingType(property.PropertyType) is not null
                || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;
            if (value is ConfigScalar { IsNull: true } && optional)
                continue;
            if (Value(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, value, at) is { } read)
                property.SetValue(made, read);
        }

        foreach (var property in properties)
        {
            string name = Camel.ConvertName(property.Name);
            if (property.GetCustomAttribute<RequiredMemberAttribute>() is not null && !besides.Contains(name) && !map.Entries.Any(e => e.Key == name))
                Fault(map.Line, path, $"'{name}' is missing: {Expected(property.PropertyType)}.");
        }

        return faults.Count > before ? null : made;
    }

    object? Value(Type type, ConfigNode node, string path)
    {
        if (type == typeof(Point))
            return PointOf(node, path);
        if (ItemOf(type) is { } item)
            return List(item, node, path);
        if (type.IsClass && type != typeof(string))
            return Record(type, node, path);
        if (node is ConfigScalar scalar && Scalar(type, scalar) is { } value)
            return value;
        Fault(node, path, $"must be {Expected(type)}{(node is ConfigScalar { Text: var text } ? $", not '{ConfigTree.Shown(text)}'" : "")}.");
        return null;
    }

    static object? Scalar(Type type, ConfigScalar scalar)
    {
        string text = scalar.Text;
        if (type == typeof(string))
            return text;
        if (type == typeof(bool))
            return text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole) ? whole : null;
        if (type == typeof(double))
            return Number(text);
        if (type == typeof(TimeOnly))
            return TimeOnly.TryParseExact(text, ["H:mm", "HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
        if (type == typeof(DayOfWeek))
            return Enum.GetValues<DayOfWeek>().Where(d => string.Equals(d.ToString(), text, StringComparison.OrdinalIgnoreCase)).Cast<object>().FirstOrDefault();
        if (type.IsEnum)
            return Enum.GetValues(type).Cast<object>().FirstOrDefault(v => Camel.ConvertName(v.ToString()!) == text);
        throw new InvalidOperationException($"A configuration can't hold {type.Name}.");
    }

    static object? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    object? PointOf(ConfigNode node, string path)
    {
        if (node is ConfigList { Items: [ConfigScalar x, ConfigScalar y] } && Number(x.Text) is double across && Number(y.Text) is double down)
            return new Point(across, down);
        Fault(node, path, "must be two numbers: [x, y].");
        return null;
    }

    object? List(Type item, ConfigNode node, string path)
    {
        if (node is not ConfigList list)
        {
            Fault(node, path, $"must be {Expected(typeof(IReadOnlyList<>).MakeGenericType(item))}.");
            return null;
        }

        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (Value(item, list.Items[i], $"{path}[{i}]") is { } value)
                items.Add(value);
        }

        var array = Array.CreateInstance(item, items.Count);
        items.CopyTo(array, 0);
        return array;
    }

    public void Fault(ConfigNode node, string path, string message) => Fault(node.Line, path, message);

    void Fault(int line, string path, string message) => faults.Add(new(line, path, message));

    static string Expected(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ItemOf(type) is { } item)
            return item == typeof(Point) ? "a list of points [x, y]" : item.IsEnum ? $"a list of {Words(item, "and")}" : "a list";
        return type == typeof(string) ? "text"
            : type == typeof(bool) ? "true or false"
            : type == typeof(int) ? "a whole number"
            : type == typeof(double) ? "a number"
            : type == typeof(TimeOnly) ? "a time of day such as 22:00"
            : type == typeof(Point) ? "two numbers: [x, y]"
            : type.IsEnum ? Words(type, "or")
            : $"a mapping with {Names(type)}";
    }

    static string Words(Type type, string last)
    {
        string[] words = [.. Enum.GetValues(type).Cast<object>().Select(v => Camel.ConvertName(v.ToString()!))];
        return words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} {last} {words[^1]}";
    }

    static string Names(Type type) => string.Join(", ", Properties(type).Select(p => Camel.ConvertName(p.Name)));

    static Type? ItemOf(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    static List<PropertyInfo> Properties(Type type) => [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanWrite)];
}
