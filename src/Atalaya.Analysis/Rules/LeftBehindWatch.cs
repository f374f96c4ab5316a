using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>A thing that rests, and how long nobody has been near it.</summary>
sealed class LeftBehindWatch(LeftBehindRule rule) : TrackWatch<LeftBehindRule, LeftBehindWatch.Memory>(WithClasses(rule))
{
    // Boxes of a thing at rest stay within a quarter of its size; a bag that is carried doesn't for a second.
    const double RestSizes = 0.25;

    // What stands there when the watch begins is part of the place.
    const double FirstSeconds = 2;

    internal sealed class Memory : TrackMemory
    {
        public Box RestBox { get; set; }
        public MediaTime RestSince { get; set; }

        /// <summary>When somebody was near last.</summary>
        public MediaTime Attended { get; set; }
        public bool IsDone { get; set; }
    }

    // Detectors lose small things at rest for many seconds; it is the same one if it stands at the same place.
    protected override double InheritSeconds => 30;
    protected override double Reach(double gap) => RestSizes * 2;

    protected override void OnTrack(in Track track, Memory memory, bool isNew, in Moment moment)
    {
        if (isNew)
        {
            memory.RestBox = track.Box;
            memory.RestSince = memory.Attended = memory.LastSeen;
            memory.IsDone = (track.Born - moment.Began).Seconds < FirstSeconds;
        }

        double size = Math.Max(track.Box.Width * moment.Aspect, track.Box.Height);
        if (!track.IsCoasting && Apart(track.Box.Centre, memory.RestBox.Centre, moment.Aspect) > RestSizes * size)
        {
            memory.RestBox = track.Box;
            memory.RestSince = moment.At;
            memory.IsDone = false;
        }

        foreach (var person in moment.Tracks)
        {
            if (person.IsConfirmed && person.Class == ObjectClass.Person
                && (Box.Overlap(person.Box, track.Box) > 0 || Apart(person.Box.Foot, track.Box.Foot, moment.Aspect) <= Rule.Near * person.Box.Height))
            {
                memory.Attended = moment.At;
            }
        }

        var since = memory.RestSince > memory.Attended ? memory.RestSince : memory.Attended;
        if (memory.IsDone || track.IsCoasting || (moment.At - since).Seconds < Rule.Seconds || !Passes(track, moment)
            || (Rule.Points.Count > 0 && !Shape.Contains(Rule.Points, AnchorOf(track.Box))) || !IsArmed(memory, moment.At))
        {
            return;
        }

        memory.IsDone = true;
        memory.Raised = moment.At;
        moment.Raise(Event(SceneEventKind.LeftBehind, track, since, moment));
    }

    static double Apart((float X, float Y) a, (float X, float Y) b, double aspect) =>
        Math.Sqrt(((a.X - b.X) * (a.X - b.X) * aspect * aspect) + ((a.Y - b.Y) * (a.Y - b.Y)));

    static LeftBehindRule WithClasses(LeftBehindRule rule) =>
        rule.Classes.Count > 0 ? rule : rule with { Classes = [ObjectClass.Bag, ObjectClass.Other] };
}
