using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Sums up the way against the right direction, in sizes of the thing; the right way takes it off again.</summary>
sealed class WrongWayWatch(WrongWayRule rule) : TrackWatch<WrongWayRule, WrongWayWatch.Memory>(rule)
{
    readonly double _least = Math.Cos(double.DegreesToRadians(rule.Tolerance));

    internal sealed class Memory : TrackMemory
    {
        public double Against { get; set; }
        public bool IsRaised { get; set; }
    }

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        if (track.IsCoasting)
            return;
        var here = AnchorOf(track.Box);
        if (Rule.Points.Count > 0 && !Shape.Contains(Rule.Points, here))
            return;
        double aspect = moment.Aspect, size = Math.Max(track.Box.Width * aspect, track.Box.Height);
        double wayX = (Rule.Way[1].X - Rule.Way[0].X) * aspect, wayY = Rule.Way[1].Y - Rule.Way[0].Y, way = Math.Sqrt((wayX * wayX) + (wayY * wayY));
        double x = (here.X - memory.Last.X) * aspect, y = here.Y - memory.Last.Y, length = Math.Sqrt((x * x) + (y * y));
        if (length <= 0 || way <= 0 || size <= 0)
            return;
        // The direction is the filter's, which is steadier than the difference of two pictures.
        double vx = track.VelocityX * aspect, vy = track.VelocityY, speed = Math.Sqrt((vx * vx) + (vy * vy));
        double against = -((x * wayX) + (y * wayY)) / way, cosine = speed > 0 ? -((vx * wayX) + (vy * wayY)) / (speed * way) : 0;
        if (against <= 0 || cosine >= _least)
            memory.Against = Math.Clamp(memory.Against + (against / size), 0, Rule.Distance);
        if (memory.Against <= 0)
            memory.IsRaised = false;
        if (memory.IsRaised || memory.Against < Rule.Distance || !Passes(track, moment) || !IsArmed(memory, moment.At))
            return;
        memory.IsRaised = true;
        memory.Raised = moment.At;
        moment.Raise(Event(SceneEventKind.WrongWay, track, moment.At, moment));
    }
}
