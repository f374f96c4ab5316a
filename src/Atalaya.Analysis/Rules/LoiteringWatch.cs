using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Sums up the time inside; it runs down outside as fast.</summary>
sealed class LoiteringWatch(LoiteringRule rule) : TrackWatch<LoiteringRule, LoiteringWatch.Memory>(rule)
{
    internal sealed class Memory : TrackMemory
    {
        public double Spent { get; set; }
        public bool IsRaised { get; set; }
    }

    // Who hangs about for minutes is hidden now and then. Ten seconds, and no further than he would stroll.
    protected override double InheritSeconds => 10;
    protected override double Reach(double gap) => Math.Min(3, base.Reach(gap));

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        bool inside = Rule.Points.Count == 0 || Shape.Contains(Rule.Points, track.IsCoasting ? memory.Last : AnchorOf(track.Box));
        memory.Spent = Math.Clamp(memory.Spent + (inside ? moment.Seconds : -moment.Seconds), 0, Rule.Seconds);
        if (memory.Spent <= 0)
            memory.IsRaised = false;
        if (memory.IsRaised || memory.Spent < Rule.Seconds || track.IsCoasting || !Passes(track, moment) || !IsArmed(memory, moment.At))
            return;
        memory.IsRaised = true;
        memory.Raised = moment.At;
        moment.Raise(Event(SceneEventKind.Loitering, track, moment.At, moment));
    }
}
