namespace Atalaya.Incidents;

/// <summary>A rectangle in a picture, as fractions of its width and height; (0, 0) is the upper left corner. May reach beyond the picture.</summary>
/// <param name="X">Left edge.</param>
/// <param name="Y">Upper edge.</param>
public readonly record struct Box(float X, float Y, float Width, float Height)
{
    public float Right => X + Width;
    public float Bottom => Y + Height;
    public float Area => Width * Height;

    /// <summary>Where the thing stands: the middle of the lower edge.</summary>
    public (float X, float Y) Foot => (X + (Width / 2), Y + Height);
    public (float X, float Y) Centre => (X + (Width / 2), Y + (Height / 2));

    /// <summary>Intersection over union, from 0 to 1; 0 for boxes without area.</summary>
    public static float Overlap(Box a, Box b)
    {
        float width = Math.Min(a.Right, b.Right) - Math.Max(a.X, b.X);
        float height = Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Y, b.Y);
        if (width <= 0 || height <= 0)
            return 0;
        float both = width * height;
        return both / (a.Area + b.Area - both);
    }
}
