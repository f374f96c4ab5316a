namespace Atalaya.Analysis.Rules;

/// <summary>What a small luma says of the scene as a whole; rules about tampering and removed things live on it.</summary>
public sealed class SceneStatistics
{
    /// <summary>Cells across and down.</summary>
    public const int Columns = 32, Rows = 18;

    /// <summary>Reads one picture into <paramref name="into"/>, or a new one. About 160×90 pixels are enough, and what the motion stage has.</summary>
    /// <param name="previous">The picture before, of the same size, for the difference; may be empty.</param>
    public static SceneStatistics Of(ReadOnlySpan<byte> luma, int width, int height, int stride, ReadOnlySpan<byte> previous, SceneStatistics? into = null) => into ?? new();
}
