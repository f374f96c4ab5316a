namespace Atalaya.Analysis.Tracks;

/// <summary>
/// A Kalman filter for one coordinate and its speed: constant velocity, driven by white acceleration, for any time between pictures
/// (Bar-Shalom, Li, Kirubarajan 2001, 6.2.2). The four numbers of a box don't influence one another in the model of SORT (Bewley et al.
/// 2016) and ByteTrack, so that four of these are the same as their 8×8 matrices.
/// </summary>
struct AxisFilter
{
    public double Position, Velocity;

    // The covariance: position, both, velocity.
    double _pp, _pv, _vv;

    public AxisFilter(double position, double positionDeviation, double velocityDeviation)
    {
        Position = position;
        _pp = positionDeviation * positionDeviation;
        _vv = velocityDeviation * velocityDeviation;
    }

    public readonly double Deviation => Math.Sqrt(Math.Max(0, _pp));

    /// <param name="acceleration">Spectral density: how much the speed's variance grows in a second.</param>
    public void Predict(double seconds, double acceleration)
    {
        Position += Velocity * seconds;
        _pp += seconds * ((2 * _pv) + (seconds * (_vv + (acceleration * seconds / 3))));
        _pv += seconds * (_vv + (acceleration * seconds / 2));
        _vv += acceleration * seconds;
    }

    public void Correct(double measured, double deviation)
    {
        double variance = _pp + (deviation * deviation);
        double gain = _pp / variance, velocityGain = _pv / variance, surprise = measured - Position;
        Position += gain * surprise;
        Velocity += velocityGain * surprise;
        _vv -= velocityGain * _pv;
        _pv *= 1 - gain;
        _pp *= 1 - gain;
    }

    /// <summary>The picture was zoomed: all lengths change.</summary>
    public void Scale(double factor)
    {
        Position *= factor;
        Velocity *= factor;
        _pp *= factor * factor;
        _pv *= factor * factor;
        _vv *= factor * factor;
    }
}
