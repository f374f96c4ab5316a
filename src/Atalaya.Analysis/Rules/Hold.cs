using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>A state of the scene that must last before it is raised, and be over before it can be raised again.</summary>
struct Hold
{
    MediaTime? _since, _overSince;
    bool _isRaised;

    /// <summary>When what was raised last had begun.</summary>
    public MediaTime Began { get; private set; }
    public readonly bool IsRaised => _isRaised;

    /// <summary>It holds now, raised or not.</summary>
    public readonly bool IsOn => _isRaised || _since is not null;

    /// <param name="isOver">May be narrower than "doesn't hold", so that what hovers at the bound is raised once.</param>
    /// <returns>True in the one picture that raises it.</returns>
    public bool Raises(bool holds, bool isOver, MediaTime at, double dwell, double rearm)
    {
        if (_isRaised)
        {
            if (!isOver)
            {
                _overSince = null;
                return false;
            }

            _overSince ??= at;
            if ((at - _overSince.Value).Seconds < rearm)
                return false;
            this = default;
        }

        if (!holds)
        {
            _since = null;
            return false;
        }

        _since ??= at;
        if ((at - _since.Value).Seconds < dwell)
            return false;
        Began = _since.Value;
        _since = null;
        return _isRaised = true;
    }
}
