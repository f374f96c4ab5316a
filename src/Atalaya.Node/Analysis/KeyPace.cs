using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>Where key frames come as often as pictures are wanted, nothing else needs to be decoded: a tenth of the cost.</summary>
sealed class KeyPace
{
    // Cameras keep no exact pace.
    const double Tolerance = 1.1;

    MediaTime? _last;

    /// <summary>The next key frame has nothing to do with the last.</summary>
    public void Break() => _last = null;

    /// <summary>Whether the key frames alone do, seen from this one.</summary>
    /// <param name="rate">Pictures a second that are wanted.</param>
    public bool IsEnough(MediaTime key, double rate)
    {
        bool enough = _last is { } before && key > before && (key - before).Seconds <= Tolerance / rate;
        _last = key;
        return enough;
    }
}
