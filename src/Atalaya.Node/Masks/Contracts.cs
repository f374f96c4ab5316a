using System.ComponentModel;

using Atalaya.Node.Oversight;

namespace Atalaya.Node.Masks;

/// <summary>How a mask hides.</summary>
public enum MaskKindJson
{
    [Description("One dark colour.")]
    Fill,

    [Description("A few coarse squares with soft transitions: that something moves there stays visible.")]
    Blur,
}

public sealed record MaskedAreaJson(
    [property: Description("Unique among the camera's masks.")] string Id,
    string Name,
    [property: Description("Why it is there; may be empty.")] string Reason,
    MaskKindJson Kind,
    [property: Description("At least three corners, [x, y] as fractions of the picture from its upper left.")] IReadOnlyList<double[]> Points);

public sealed record MasksJson(
    [property: Description("Counts changes; 0: there never were any.")] long Version,
    IReadOnlyList<MaskedAreaJson> Masks,
    [property: Description("When they were changed last.")] DateTimeOffset? At,
    [property: Description("By whom.")] string? By,
    [property: Description("Until when this session sees the camera without them; null: it sees them.")] DateTimeOffset? LiftedUntil);

public sealed record MaskInputJson
{
    [Description("Left out: made from the name.")]
    public string? Id { get; init; }

    [Description("1 to 60 characters. Required.")]
    public string? Name { get; init; }

    [Description("At most 200 characters.")]
    public string? Reason { get; init; }

    [Description("Default: fill.")]
    public MaskKindJson? Kind { get; init; }

    [Description("3 to 32 corners, [x, y] from 0 to 1. Required.")]
    public IReadOnlyList<IReadOnlyList<double>?>? Points { get; init; }
}

public sealed record MasksInputJson
{
    [Description("The version that was looked at, so that nobody's change is lost. Required.")]
    public long? Version { get; init; }

    [Description("All of them, at most 32; empty: none. Required.")]
    public IReadOnlyList<MaskInputJson?>? Masks { get; init; }
}

[Description("What the camera itself paints over, before it sends or records anything.")]
public sealed record DeviceMasksJson(
    IReadOnlyList<DeviceMaskJson> Masks,
    [property: Description("How many it takes.")] int Most,
    [property: Description("Corners of one; more, or slanted sides where it takes rectangles alone, become the rectangle around them.")] int MostCorners,
    bool RectanglesOnly);

public sealed record DeviceMaskJson(
    [property: Description("The camera's name for it.")] string Token,
    [property: Description("As ONVIF names it: Color, Pixelated, Blurred.")] string Type,
    bool Enabled,
    IReadOnlyList<double[]> Points);

public sealed record DeviceMaskInputJson
{
    [Description("Id of one of the camera's masks here. Required.")]
    public string? Mask { get; init; }
}

public sealed record UnmaskingInputJson
{
    [Description("Why; needed where the options ask for it (oversight.purpose).")]
    public PurposeInputJson? Purpose { get; init; }
}

public sealed record UnmaskingJson([property: Description("Then the masks are back.")] DateTimeOffset Until);
