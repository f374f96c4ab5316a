using System.ComponentModel;

using Atalaya.Analysis.Painting;
using Atalaya.Media;
using Atalaya.Node.Api;

namespace Atalaya.Node.Redactions;

/// <summary>What a thing of a draft is.</summary>
public enum RedactionThingKind
{
    /// <summary>Where the model for faces saw one.</summary>
    Face,

    /// <summary>The upper part of a person: faces that are too small, turned or dark for the model are there all the same.</summary>
    Head,
    Person,
    Vehicle,

    /// <summary>The lower part of a vehicle, where plates are.</summary>
    Plate,

    /// <summary>Anything that a person drew.</summary>
    Area,
}

/// <summary>What becomes of a thing.</summary>
public enum RedactionDeed
{
    /// <summary>Nothing: as if it weren't there.</summary>
    None,
    Cover,

    /// <summary>Stays visible where all the rest is covered.</summary>
    Keep,
}

/// <summary>How something is covered.</summary>
public enum RedactionStyle
{
    /// <summary>Means of coarse squares, softly blended.</summary>
    Blur,

    /// <summary>One dark colour.</summary>
    Fill,
}

/// <summary>A box at a moment.</summary>
/// <param name="At">Microseconds from the start of the draft's stretch.</param>
/// <param name="X">Left edge, as a fraction of the width; may lie beyond the picture.</param>
/// <param name="Y">Upper edge, as a fraction of the height.</param>
/// <param name="W">Width, as a fraction of the picture's.</param>
/// <param name="H">Height, as a fraction of the picture's.</param>
public sealed record RedactionKeyJson(
    [property: Description("Microseconds from the start of the stretch.")] long At,
    [property: Description("Left edge as a fraction of the width; may lie beyond the picture, as all of these.")] double X,
    double Y,
    double W,
    double H);

/// <summary>Something in the stretch that may be covered: found, or drawn by a person.</summary>
public sealed record RedactionThingJson
{
    [Description("Of the draft's own choosing, unique within it: 1 to 40 letters, digits, hyphens.")]
    public required string Id { get; init; }
    public required RedactionThingKind Kind { get; init; }

    [Description("False: a person drew it.")]
    public bool Found { get; init; }
    public required RedactionDeed Deed { get; init; }

    [Description("Null: the plan's own style.")]
    public RedactionStyle? Style { get; init; }

    [Description("First moment it is there, microseconds from the start of the stretch.")]
    public required long From { get; init; }

    [Description("First moment it isn't there any more.")]
    public required long To { get; init; }

    [Description("At least one, times rising. Between two the box moves straight; before the first it lies as there, behind the last as there.")]
    public required IReadOnlyList<RedactionKeyJson> Keys { get; init; }
}

/// <summary>What is covered in a stretch, and how: what a person decides, and the copy is made by.</summary>
public sealed record RedactionPlanJson
{
    [Description("How things are covered that don't say it themselves.")]
    public RedactionStyle Style { get; init; } = RedactionStyle.Blur;

    [Description("Cover everything but the things that are kept.")]
    public bool EverythingElse { get; init; }

    public required IReadOnlyList<RedactionThingJson> Things { get; init; }
}

/// <summary>Checks of plans, and their translation to what is painted. Pure.</summary>
static class RedactionPlan
{
    public const int MaxThings = 2000, MaxKeys = 20_000, MaxAllKeys = 100_000;

    // Fractions: a box may reach beyond the picture by its size, and no farther.
    const double Reach = 2;

    public static RedactionPlanJson Empty { get; } = new() { Things = [] };

    /// <summary>Every fault of a plan by field; null is a fault like any other.</summary>
    /// <param name="length">Of the stretch, microseconds.</param>
    public static void Check(RedactionPlanJson? plan, long length, FieldErrors errors)
    {
        if (plan?.Things is null)
        {
            errors.Add("things", "is missing: send a list, empty if nothing is to be covered.");
            return;
        }

        if (!Enum.IsDefined(plan.Style))
            errors.Add("style", "must be blur or fill.");
        if (plan.Things.Count > MaxThings)
        {
            errors.Add("things", $"holds {plan.Things.Count} things; {MaxThings} are the most. Make several copies of shorter stretches.");
            return;
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        long keys = 0;
        for (int i = 0; i < plan.Things.Count; i++)
        {
            if (plan.Things[i] is not { } thing)
            {
                errors.Add($"things[{i}]", "is null.");
                continue;
            }

            keys += thing.Keys?.Count ?? 0;
            Check(thing, $"things[{i}]", length, ids, errors);
        }

        if (keys > MaxAllKeys)
            errors.Add("things", $"hold {keys} keys together; {MaxAllKeys} are the most.");
    }

    static void Check(RedactionThingJson thing, string field, long length, HashSet<string> ids, FieldErrors errors)
    {
        if (thing.Id is not { Length: >= 1 and <= 40 } || !thing.Id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            errors.Add($"{field}.id", "must be 1 to 40 letters, digits and hyphens.");
        else if (!ids.Add(thing.Id))
            errors.Add($"{field}.id", "is that of another thing as well.");
        if (!Enum.IsDefined(thing.Kind))
            errors.Add($"{field}.kind", "is none of those there are.");
        if (!Enum.IsDefined(thing.Deed))
            errors.Add($"{field}.deed", "must be none, cover or keep.");
        if (thing.Style is { } style && !Enum.IsDefined(style))
            errors.Add($"{field}.style", "must be blur, fill or null.");
        if (thing.From < 0 || thing.To > length || thing.To <= thing.From)
            errors.Add($"{field}.to", $"must be after its from, both between 0 and {length} microseconds.");
        if (thing.Keys is not { Count: >= 1 and <= MaxKeys } list)
        {
            errors.Add($"{field}.keys", $"must hold 1 to {MaxKeys} keys.");
            return;
        }

        for (int k = 0; k < list.Count; k++)
        {
            if (list[k] is not { } key)
                errors.Add($"{field}.keys[{k}]", "is null.");
            else if (!IsSound(key))
                errors.Add($"{field}.keys[{k}]", $"must be a box with a width and a height of at most {Reach}, at most {Reach} outside the picture.");
            else if (key.At < 0 || key.At > length || (k > 0 && list[k - 1] is { } before && key.At <= before.At))
                errors.Add($"{field}.keys[{k}].at", $"must be later than the key before, between 0 and {length} microseconds.");
            else
                continue;
            return;     // One fault of a thing's keys says enough.
        }
    }

    static bool IsSound(RedactionKeyJson key) =>
        key.W is > 0 and <= Reach && key.H is > 0 and <= Reach && key.X is >= -Reach and <= 1 + Reach && key.Y is >= -Reach and <= 1 + Reach;

    /// <summary>What is painted. Times are those of <see cref="TimeOf"/>.</summary>
    /// <param name="plan">Without faults.</param>
    public static AreaPlan ToAreas(RedactionPlanJson plan)
    {
        var areas = new List<Area>();
        foreach (var thing in plan.Things)
        {
            if (KindOf(thing, plan) is not { } kind)
                continue;
            areas.Add(new(kind, Keys(thing))
            {
                From = TimeOf(thing.From),
                To = TimeOf(thing.To),
            });
        }

        return new(areas) { Outside = plan.EverythingElse ? Of(plan.Style) : null };
    }

    // A microsecond is less than a tick: keys closer than pictures can be would fall together.
    static List<AreaKey> Keys(RedactionThingJson thing)
    {
        var keys = new List<AreaKey>(thing.Keys.Count);
        foreach (var key in thing.Keys)
        {
            var at = TimeOf(key.At);
            if (keys.Count == 0 || at > keys[^1].At)
                keys.Add(new(at, Area.Corners(key.X, key.Y, key.W, key.H)));
        }

        return keys;
    }

    static AreaKind? KindOf(RedactionThingJson thing, RedactionPlanJson plan) => thing.Deed switch
    {
        RedactionDeed.Cover => Of(thing.Style ?? plan.Style),
        RedactionDeed.Keep when plan.EverythingElse => AreaKind.Keep,
        _ => null,
    };

    static AreaKind Of(RedactionStyle style) => style == RedactionStyle.Fill ? AreaKind.Fill : AreaKind.Blur;

    /// <summary>A moment of a draft on the time line that its pictures are decoded, painted and written on.</summary>
    /// <param name="microseconds">From the start of the stretch.</param>
    public static MediaTime TimeOf(long microseconds) => new((long)Math.Floor(microseconds * 9 / 100m));
}
