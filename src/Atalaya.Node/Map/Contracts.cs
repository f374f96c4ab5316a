using System.ComponentModel;

namespace Atalaya.Node.Map;

/// <summary>Where a camera stands and what it looks at. WGS 84.</summary>
public sealed record PlaceJson(
    [property: Description("Degrees north of the equator, -90 to 90.")] double Latitude,
    [property: Description("Degrees east of Greenwich, -180 to 180.")] double Longitude,
    [property: Description("Where it looks, degrees clockwise from north, 0 to 360; null if unknown or turning.")] double? Heading,
    [property: Description("Width of its field of view, degrees, 1 to 360.")] double? Angle,
    [property: Description("How far it is of use, metres, 1 to 100 000.")] double? Range);

public sealed record PlaceInputJson(double? Latitude, double? Longitude, double? Heading, double? Angle, double? Range);

/// <summary>A picture of the site laid over the map: north is up.</summary>
public sealed record PlanJson(
    string Id,
    string Name,
    [property: Description("Latitude of its lower edge, degrees.")] double South,
    [property: Description("Longitude of its left edge, degrees.")] double West,
    [property: Description("Latitude of its upper edge, degrees.")] double North,
    [property: Description("Longitude of its right edge, degrees.")] double East,
    [property: Description("Address of the picture, new with each change; null until one is sent.")] string? Image);

public sealed record PlanInputJson(string? Name, double? South, double? West, double? North, double? East);

public sealed record MapJson(
    [property: Description("By camera id; cameras without a place aren't among them.")] IReadOnlyDictionary<string, PlaceJson> Places,
    IReadOnlyList<PlanJson> Plans);
