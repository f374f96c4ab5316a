using System.ComponentModel;

namespace Atalaya.Node.Configuration;

public sealed record ConfigurationChangeJson(
    [property: Description("False: it was only compared.")] bool Applied,
    [property: Description("What is other than it was, in the order of the text; empty: nothing.")] IReadOnlyList<ObjectChangeJson> Changes)
{
    internal static ConfigurationChangeJson Of(bool applied, IReadOnlyList<ObjectChange> changes) => new(applied, [.. changes.Select(ObjectChangeJson.Of)]);
}

public sealed record ObjectChangeJson(
    ChangeKindJson Kind,
    [property: Description("cameras, plans or alarmPolicy.")] string Section,
    string Id,
    [property: Description("What people call it.")] string Name,
    IReadOnlyList<FieldChangeJson> Fields)
{
    internal static ObjectChangeJson Of(ObjectChange c) => new(c.Kind, c.Section, c.Id, c.Name, [.. c.Fields.Select(f => new FieldChangeJson(f.Field, f.Before, f.After, f.IsSecret))]);
}

public sealed record FieldChangeJson(
    [property: Description("As the text names it; groups with dots, a rule as rules[ID].")] string Field,
    [property: Description("Null where it wasn't set, and of a secret.")] string? Before,
    [property: Description("Null where it won't be set, and of a secret.")] string? After,
    [property: Description("It is another secret now; neither is shown.")] bool Secret);

[Description("One thing that is wrong with a configuration's text.")]
public sealed record ConfigurationFaultJson(
    [property: Description("From 1.")] int Line,
    [property: Description("From 1.")] int Column,
    [property: Description("As in cameras[2].main; empty for the text as a whole.")] string Field,
    [property: Description("What is wrong and what to do.")] string Message);
