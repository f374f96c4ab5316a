namespace Atalaya.Media;

/// <summary>Which of a camera's streams.</summary>
public enum StreamKind
{
    /// <summary>Full quality; recorded.</summary>
    Main,

    /// <summary>Small; analysed, and shown where the picture is small.</summary>
    Sub,
}
