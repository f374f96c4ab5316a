using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// Counts how often a track's anchor crossed the line, left to right up and right to left down. Once the anchor is clearly off the line,
/// a count that isn't zero is one passage; dithering on the line adds up to none, and so does walking round its end.
/// </summary>
sealed class LineWatch(LineRule rule) : TrackWatch<LineRule, LineWatch.Memory>(rule)
{
    // Two boxes on one thing lie on each other, before the line and behind it. One who follows close behind doesn't.
    const double TwinSeconds = 1;
    const float TwinOverlap = 0.5f;

    (MediaTime At, long Track, LineDirection Direction)? _latest;

    internal sealed class Memory : TrackMemory
    {
        public int Net { get; set; }
        public MediaTime CrossedAt { get; set; }
    }

    public override void Reset()
    {
        base.Reset();
        _latest = null;
    }

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        // Where it would have gone behind something is a guess; the way is drawn when it is seen again.
        if (track.IsCoasting)
            return;
        var here = AnchorOf(track.Box);
        for (int i = 1; i < Rule.Points.Count; i++)
        {
            int crossing = Shape.Crossing(memory.Last, here, Rule.Points[i - 1], Rule.Points[i], out double along);
            if (crossing == 0)
                continue;
            memory.Net += crossing;
            memory.CrossedAt = memory.LastSeen + MediaTime.FromSeconds((moment.At - memory.LastSeen).Seconds * along);
        }

        if (memory.Net == 0 || Shape.Distance(Rule.Points, here, moment.Aspect, closed: false) < Margin(track.Box, moment.Aspect)
            || (moment.At - memory.CrossedAt).Seconds < Rule.Dwell)
        {
            return;
        }

        var direction = memory.Net > 0 ? LineDirection.LeftToRight : LineDirection.RightToLeft;
        memory.Net = 0;
        if ((Rule.Direction != LineDirection.Both && Rule.Direction != direction) || !Passes(track, moment) || !IsArmed(memory, memory.CrossedAt) || IsTwin(track, direction, moment))
            return;
        memory.Raised = memory.CrossedAt;
        _latest = (moment.At, track.Id, direction);
        moment.Raise(Event(SceneEventKind.LineCrossed, track, memory.CrossedAt, moment) with { Direction = direction });
    }

    bool IsTwin(in Track track, LineDirection direction, in Moment moment)
    {
        if (_latest is not { } latest || latest.Direction != direction || (moment.At - latest.At).Seconds > TwinSeconds)
            return false;
        foreach (var other in moment.Tracks)
        {
            if (other.Id == latest.Track && other.Id != track.Id && Box.Overlap(other.Box, track.Box) > TwinOverlap)
                return true;
        }

        return false;
    }
}
