using Atalaya.Incidents;

namespace Atalaya.Analysis;

/// <summary>A box with class and score in one picture.</summary>
/// <param name="Score">From 0 to 1.</param>
public readonly record struct Detection(Box Box, ObjectClass Class, float Score)
{
    /// <summary>The model's own word for it, such as "truck"; null when none is known.</summary>
    public string? Label { get; init; }
}
