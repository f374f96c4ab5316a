namespace Atalaya.Analysis.Tracks;

/// <summary>
/// How the whole picture moved since the one before: turned, zoomed or shaken camera. A similarity: rotation and scale about the
/// picture's centre, then a shift.
/// </summary>
/// <param name="ShiftX">To the right, as a fraction of the picture's width.</param>
/// <param name="ShiftY">Downwards, as a fraction of its height.</param>
/// <param name="Scale">1: unchanged; more: zoomed in.</param>
/// <param name="Rotation">Radians, clockwise on the screen.</param>
/// <param name="Confidence">Share of the picture's textured places that moved like this, from 0 to 1.</param>
public readonly record struct CameraMotion(double ShiftX, double ShiftY, double Scale, double Rotation, double Confidence)
{
    public static CameraMotion None { get; } = new(0, 0, 1, 0, 1);

    // A fiftieth of the picture's height per second is what wind does to a pole; a pan is many times faster.
    /// <summary>Whether it is more than sway: rules wait until the camera rests.</summary>
    /// <param name="seconds">Since the picture before.</param>
    public bool IsMoving(double seconds) =>
        seconds > 0 && (Math.Max(Math.Abs(ShiftX), Math.Abs(ShiftY)) > 0.02 * seconds + 0.01 || Math.Abs(Scale - 1) > 0.02 * seconds + 0.01);
}
