using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Counts tracks in a zone: one watch for count and crowd, which differ in their bounds.</summary>
sealed class CountWatch(TrackRule rule, IReadOnlyList<Point> zone, SceneEventKind kind) : TrackWatch<TrackRule, CountWatch.Memory>(rule)
{
    // A fifth fewer: who comes and goes at the edge of a crowd doesn't end it.
    const double CrowdIsOver = 0.8;

    // Longer unseen, and he may as well be gone.
    const double UnseenCounts = 1;

    Hold _hold;
    int _count;

    internal sealed class Memory : TrackMemory;

    public override void OnPicture(in Moment moment)
    {
        _count = 0;
        base.OnPicture(moment);
    }

    public override void Reset()
    {
        base.Reset();
        _hold = default;
    }

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        if ((track.At - track.Seen).Seconds <= UnseenCounts && (zone.Count == 0 || Shape.Contains(zone, AnchorOf(track.Box))) && Passes(track, moment))
            _count++;
    }

    protected override void AfterTracks(in Moment moment)
    {
        var (holds, isOver) = Rule switch
        {
            CountRule count => Judge(_count >= count.AtLeast || _count <= count.AtMost),
            CrowdRule crowd when crowd.Density is { } density && moment.Ground?.AreaOf(zone) is { } area =>
                (_count >= crowd.AtLeast && _count >= density * area, _count < CrowdIsOver * Math.Max(crowd.AtLeast, density * area)),
            CrowdRule crowd => (_count >= crowd.AtLeast, _count < CrowdIsOver * crowd.AtLeast),
            _ => throw new InvalidOperationException($"{Rule.GetType().Name} isn't counted."),
        };
        if (_hold.Raises(holds, isOver, moment.At, Rule.Dwell, Rule.Rearm))
        {
            moment.Raise(new()
            {
                Rule = Rule.Id,
                Kind = kind,
                At = _hold.Began,
                Wall = moment.WallOf(_hold.Began),
                Noticed = moment.At,
                Class = Rule.Classes.Count == 1 ? Rule.Classes[0] : null,
                Count = _count,
            });
        }
    }

    static (bool Holds, bool IsOver) Judge(bool holds) => (holds, !holds);
}
