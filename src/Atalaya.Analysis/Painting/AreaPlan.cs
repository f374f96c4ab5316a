using Atalaya.Analysis.Rules;
using Atalaya.Media;

namespace Atalaya.Analysis.Painting;

/// <summary>What becomes of an area.</summary>
public enum AreaKind
{
    /// <summary>One dark colour: nothing of what was there is left.</summary>
    Fill,

    /// <summary>A few coarse squares with soft transitions: that something is there, and its colour, is left.</summary>
    Blur,

    /// <summary>Stays as it is where <see cref="AreaPlan.Outside"/> takes all the rest.</summary>
    Keep,
}

/// <summary>Where an area is at a moment: at least three corners, as fractions of the picture, which may lie beyond its edges.</summary>
public sealed record AreaKey(MediaTime At, IReadOnlyList<Point> Outline);

/// <summary>
/// A part of the picture, for good or for a while, still or moving. Between two keys with as many corners each corner goes straight; otherwise
/// both outlines are painted. Before the first key the area lies as there, behind the last as there.
/// </summary>
/// <param name="Keys">At least one, their times rising.</param>
public sealed record Area(AreaKind Kind, IReadOnlyList<AreaKey> Keys)
{
    /// <summary>First moment; null: always.</summary>
    public MediaTime? From { get; init; }

    /// <summary>First moment without it; null: never.</summary>
    public MediaTime? To { get; init; }

    /// <summary>At one place for good.</summary>
    public static Area Always(AreaKind kind, IReadOnlyList<Point> outline) => new(kind, [new(MediaTime.Zero, outline)]);

    /// <summary>The corners of a box, as fractions of the picture.</summary>
    public static IReadOnlyList<Point> Corners(double x, double y, double width, double height) =>
        [new(x, y), new(x + width, y), new(x + width, y + height), new(x, y + height)];
}

/// <summary>Which areas of a stream's pictures are painted, and how. Times are those of its access units.</summary>
/// <param name="Areas">A filled area wins over a blurred one, a blurred one over a kept one.</param>
public sealed record AreaPlan(IReadOnlyList<Area> Areas)
{
    /// <summary>What becomes of everything that no kept area holds; null: it stays.</summary>
    public AreaKind? Outside { get; init; }

    /// <summary>Written across the picture, over all else (<see cref="Watermark"/>); empty: nothing.</summary>
    public string Mark { get; init; } = "";
}
