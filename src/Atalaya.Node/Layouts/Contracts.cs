using System.ComponentModel;

namespace Atalaya.Node.Layouts;

public enum TileKindJson
{
    Empty,
    Camera,

    /// <summary>The camera of the most urgent alarm that nobody has acknowledged, as long as there is one.</summary>
    Alarm,
}

public sealed record TileJson(
    TileKindJson Kind,
    [property: Description("What it shows; of an alarm tile what it shows while nothing calls, null: nothing.")] string? Camera,
    [property: Description("Of an alarm tile: seconds after which it leaves an alarm that nobody acknowledges; a rescue it never leaves. Null: as any other it stays too.")] int? Seconds);

[Description("A wall that somebody arranged. Cameras that the caller may not watch are empty tiles.")]
public sealed record LayoutJson(
    Guid Id,
    string Name,
    [property: Description("Number of tiles: 1, 4, 9, 16 or 25 of the same size; 6 or 8: a large one and five or seven small ones.")] int Size,
    [property: Description("As many as its size, in reading direction; the large one first.")] IReadOnlyList<TileJson> Tiles,
    [property: Description("Everybody sees it; else its owner alone.")] bool Shared,
    [property: Description("Name of who made it.")] string Owner,
    [property: Description("The caller made it.")] bool Mine,
    [property: Description("The caller may change and remove it.")] bool MayChange,
    [property: Description("For If-Match.")] long Version);

public sealed record TileInputJson
{
    [Description("Default camera, if one is named; else empty.")]
    public TileKindJson? Kind { get; init; }

    [Description("Id; of a site's camera SITE/CAMERA. Required of a camera's tile.")]
    public string? Camera { get; init; }

    [Description("Of an alarm tile, 5 to 3600; absent: until somebody acknowledges it.")]
    public int? Seconds { get; init; }
}

public sealed record LayoutInputJson
{
    [Description("1 to 100 characters. Required.")]
    public string? Name { get; init; }

    [Description("1, 4, 6, 8, 9, 16 or 25. Required.")]
    public int? Size { get; init; }

    [Description("At most as many as its size; what is missing is empty. An empty tile leaves a camera that the caller may not watch where it is.")]
    public IReadOnlyList<TileInputJson>? Tiles { get; init; }

    [Description("For everybody: needs manageCameras on the organisation. Default false.")]
    public bool? Shared { get; init; }
}

public sealed record TourStepJson(
    [property: Description("Id of a layout; null: one camera.")] Guid? Layout,
    string? Camera,
    [property: Description("How long it stays.")] int Seconds);

[Description("Layouts and cameras that are shown one after the other. Steps with nothing that the caller may watch aren't told.")]
public sealed record TourJson(
    Guid Id, string Name, IReadOnlyList<TourStepJson> Steps, bool Shared, [property: Description("Name of who made it.")] string Owner, bool Mine, bool MayChange, [property: Description("For If-Match.")] long Version);

public sealed record TourStepInputJson
{
    [Description("Id of a layout, or absent with a camera.")]
    public Guid? Layout { get; init; }

    [Description("Id of a camera, or absent with a layout.")]
    public string? Camera { get; init; }

    [Description("5 to 3600; 20 by default.")]
    public int? Seconds { get; init; }
}

public sealed record TourInputJson
{
    [Description("1 to 100 characters. Required.")]
    public string? Name { get; init; }

    [Description("1 to 50. Required.")]
    public IReadOnlyList<TourStepInputJson>? Steps { get; init; }

    [Description("For everybody: needs manageCameras on the organisation, and shared layouts. Default false.")]
    public bool? Shared { get; init; }
}
