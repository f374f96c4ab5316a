using System.Text.Json.Serialization;

using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Rules;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Node.Masks;

/// <summary>A part of a camera's picture that isn't anybody's business.</summary>
/// <param name="Id">Unique among the camera's masks.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Reason">Why it is there; may be empty.</param>
/// <param name="Kind">Filled or blurred.</param>
/// <param name="Points">Corners, as fractions of the picture.</param>
sealed record Mask(string Id, string Name, string Reason, AreaKind Kind, IReadOnlyList<Point> Points)
{
    /// <summary>Hides at least what another one hides, as far as that can be told without geometry: the same corners, and no less thoroughly.</summary>
    public bool Covers(Mask other) => Points.SequenceEqual(other.Points) && (Kind == AreaKind.Fill || Kind == other.Kind);
}

/// <summary>The masks of one camera since they were changed last.</summary>
/// <param name="Version">From 1, rising by one.</param>
sealed record CameraMasks(string Camera, long Version, WallTime At, string ById, string ByName, IReadOnlyList<Mask> Masks)
{
    /// <summary>Of a box, a grid of so many places across and down is looked at; more than half of them under masks hide it.</summary>
    const int Places = 4;

    /// <summary>For whom the pictures are: written across them; empty: nothing is.</summary>
    public string Mark { get; init; } = "";

    public AreaPlan Plan => new([.. Masks.Select(m => Area.Always(m.Kind, m.Points))]) { Mark = Mark };

    /// <summary>What is painted into pictures that go to somebody outside.</summary>
    /// <param name="masks">Of the camera; null: none are painted.</param>
    /// <returns>Null: nothing is to be painted.</returns>
    public static CameraMasks? For(string camera, CameraMasks? masks, string mark) =>
        mark.Length == 0 ? masks : (masks ?? new(camera, 0, default, "", "", [])) with { Mark = mark };

    /// <summary>Whether what was seen there is hidden: it would tell what happens under a mask.</summary>
    public bool Hides(Box box)
    {
        int hidden = 0;
        for (int i = 0; i < Places * Places; i++)
        {
            double x = box.X + (box.Width * ((i % Places) + 0.5) / Places), y = box.Y + (box.Height * ((i / Places) + 0.5) / Places);
            if (Masks.Any(m => Contains(m.Points, x, y)))
                hidden++;
        }

        return hidden * 2 > Places * Places;
    }

    static bool Contains(IReadOnlyList<Point> outline, double x, double y)
    {
        int winding = 0;
        for (int i = 0, j = outline.Count - 1; i < outline.Count; j = i++)
        {
            Point a = outline[j], b = outline[i];
            if (a.Y <= y != b.Y <= y && x < a.X + ((y - a.Y) * (b.X - a.X) / (b.Y - a.Y)))
                winding += a.Y < b.Y ? 1 : -1;
        }

        return winding != 0;
    }
}

/// <summary>As the database keeps them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<Mask>))]
sealed partial class MaskJson : JsonSerializerContext;
