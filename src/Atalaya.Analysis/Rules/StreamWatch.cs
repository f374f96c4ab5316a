using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>Raised once for each time that pictures stay away.</summary>
sealed class StreamWatch(StreamRule rule) : Watch
{
    bool _isRaised;

    public override void OnPicture(in Moment moment) => _isRaised = false;

    public override void Reset() => _isRaised = false;

    public override void OnSilence(double seconds, MediaTime at, WallTime wall, List<RuleEvent> events)
    {
        if (_isRaised || seconds < Math.Max(rule.Dwell, rule.Seconds))
            return;
        _isRaised = true;
        var since = MediaTime.FromSeconds(seconds);
        events.Add(new() { Rule = rule.Id, Kind = SceneEventKind.StreamLost, At = at - since, Wall = wall - since.ToTimeSpan(), Noticed = at });
    }
}
