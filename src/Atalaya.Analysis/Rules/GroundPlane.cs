namespace Atalaya.Analysis.Rules;

/// <summary>How a camera's picture lies on the ground.</summary>
public sealed class GroundPlane
{
}
