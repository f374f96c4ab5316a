namespace Atalaya.Node.Analysis;

/// <summary>
/// How many pictures a second a camera is asked for while there isn't time for all: half, a quarter, an eighth of what is wanted. Fewer pictures at even distances are
/// worth more than as many in bursts with holes between. Ticked once a second by the camera's feed.
/// </summary>
sealed class RateSteps
{
    public const int Lowest = 3;

    // Seconds. Down after what a gust of motion lasts, up when it has been well for long: going up too early costs the others pictures.
    const int Down = 5, Up = 30;

    // Share of the threads' time: above it there isn't enough, below it there is enough for twice this camera.
    const double Full = 0.9, Free = 0.6;
    const double Short = 0.75, Enough = 0.9;

    int _short, _well;

    /// <summary>Halvings.</summary>
    public int Step { get; private set; }

    public double Of(double wanted) => wanted / (1 << Step);

    /// <param name="wanted">Pictures a second, by the settings.</param>
    /// <param name="given">Of late.</param>
    /// <param name="come">By the camera.</param>
    /// <param name="busy">Share of the analysis threads' time that is used.</param>
    public void Tick(double wanted, double given, double come, double busy)
    {
        double asked = Math.Min(Of(wanted), come);
        _short = busy > Full && given < asked * Short ? _short + 1 : 0;
        _well = busy < Free && given >= asked * Enough ? _well + 1 : 0;
        if (_short >= Down && Step < Lowest)
            Step++;
        else if (_well >= Up && Step > 0)
            Step--;
        else
            return;
        _short = _well = 0;
    }

    /// <summary>The process is another one, or the settings are.</summary>
    public void Reset() => Step = _short = _well = 0;
}
