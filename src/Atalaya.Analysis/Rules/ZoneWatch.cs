using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>In or out, with firm ground on both sides of the border: who stands on the border stays what he was.</summary>
sealed class ZoneWatch(ZoneRule rule) : TrackWatch<ZoneRule, ZoneWatch.Memory>(rule)
{
    // What is first seen inside came through a door, from behind something, or was too small at the border. It must stay, as ghosts don't.
    const double AppearSeconds = 1;

    // What the first pictures of a watch show was there before and didn't enter; after a restart everybody would. Two seconds: until a
    // detector that runs once a second has found all.
    const double FirstSeconds = 2;

    // And it must have come from somewhere: what hasn't moved by a quarter of its size since it was first seen is a sign or a bush that the
    // detector takes for somebody.
    const double AppearMoves = 0.25;

    // So that even the middle of a small zone is firm ground.
    const double MostOfZone = 0.25;

    internal sealed class Memory : TrackMemory
    {
        /// <summary>On the firm side of the border that it was on last.</summary>
        public bool Inside { get; set; }

        /// <summary>On which side it is now, firmly or not, and since when.</summary>
        public bool Near { get; set; }
        public MediaTime NearSince { get; set; }

        /// <summary>When the present stay began.</summary>
        public MediaTime StaySince { get; set; }
        public MediaTime? LeftAt { get; set; }

        /// <summary>The way in, or out, isn't raised yet.</summary>
        public bool IsPending { get; set; }
        public double Wait { get; set; }

        /// <summary>It was first seen inside.</summary>
        public bool HasAppeared { get; set; }
        public bool IsOccupied { get; set; }
    }

    // The tracker itself carries on for 2.5 s; whom a door hides for 4 s hasn't left.
    protected override double InheritSeconds => 4;

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        if (isNew)
        {
            memory.Inside = memory.Near = Shape.Contains(Rule.Points, memory.Last);
            memory.NearSince = memory.StaySince = memory.LastSeen;
            memory.IsPending = memory.Inside && Rule.Event == ZoneEventKind.Enter && (track.Born - moment.Began).Seconds >= FirstSeconds;
            memory.HasAppeared = memory.IsPending;
            memory.Wait = Math.Max(Rule.Dwell, AppearSeconds);
        }

        // Where it would have gone behind something is a guess.
        if (track.IsCoasting)
            return;
        Place(track, memory, moment);
        if (!Passes(track, moment))
            return;
        switch (Rule.Event)
        {
            case ZoneEventKind.Enter when memory is { Inside: true, IsPending: true } && (moment.At - memory.StaySince).Seconds >= memory.Wait
                && (!memory.HasAppeared || HasMoved(track, moment.Aspect)):
                memory.IsPending = false;
                moment.Raise(Event(SceneEventKind.ZoneEntered, track, memory.StaySince, moment));
                break;
            case ZoneEventKind.Leave when memory is { Inside: false, IsPending: true, LeftAt: { } left } && (moment.At - left).Seconds >= Rule.Dwell:
                memory.IsPending = false;
                if (!IsArmed(memory, left))
                    break;
                memory.Raised = left;
                moment.Raise(Event(SceneEventKind.ZoneLeft, track, left, moment));
                break;
            case ZoneEventKind.Inside when memory is { Inside: true, IsOccupied: false } && (moment.At - memory.StaySince).Seconds >= Rule.Seconds:
                memory.IsOccupied = true;
                moment.Raise(Event(SceneEventKind.ZoneOccupied, track, memory.StaySince + MediaTime.FromSeconds(Rule.Seconds), moment));
                break;
        }
    }

    void Place(in Track track, Memory memory, in Moment moment)
    {
        var here = AnchorOf(track.Box);
        bool near = Shape.Contains(Rule.Points, here);
        if (near != memory.Near)
        {
            memory.Near = near;
            memory.NearSince = moment.At;
        }

        double margin = Math.Min(Margin(track.Box, moment.Aspect), MostOfZone * Math.Sqrt(Shape.Area(Rule.Points, moment.Aspect)));
        if (near == memory.Inside || Shape.Distance(Rule.Points, here, moment.Aspect, closed: true) < margin)
            return;
        memory.Inside = near;
        if (!near)
        {
            memory.LeftAt = memory.NearSince;
            memory.IsPending = Rule.Event == ZoneEventKind.Leave;
        }
        else if (memory.LeftAt is not { } left || (memory.NearSince - left).Seconds >= Rule.Rearm)
        {
            memory.StaySince = memory.NearSince;
            memory.IsPending = Rule.Event == ZoneEventKind.Enter;
            memory.Wait = Rule.Dwell;
            memory.HasAppeared = false;
            memory.IsOccupied = false;
        }
    }

    static bool HasMoved(in Track track, double aspect)
    {
        var (x, y) = track.Box.Centre;
        var (bornX, bornY) = track.BornBox.Centre;
        double dx = (x - bornX) * aspect, dy = y - bornY;
        return Math.Sqrt((dx * dx) + (dy * dy)) >= AppearMoves * Math.Max(track.Box.Width * aspect, track.Box.Height);
    }
}
