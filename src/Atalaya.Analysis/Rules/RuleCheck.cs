using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Whether rules make sense. Every fault is found, in words that say what to do.</summary>
public static class RuleCheck
{
    const int MostRules = 64, MostPoints = 64, MostText = 80;

    // A tenth beyond the picture: where a line is drawn to be sure.
    const double Beyond = 0.1;
    const double Day = 86_400;

    /// <summary>Of one camera's rules together.</summary>
    /// <param name="aspect">Width of the picture over its height.</param>
    /// <returns>Paths as <c>rules[2].points</c>; no lines.</returns>
    public static IReadOnlyList<RuleFault> Check(RuleConfig config, double aspect)
    {
        var faults = new List<RuleFault>();
        if (config.Rules.Count > MostRules)
            faults.Add(new(0, "rules", $"are {config.Rules.Count}; one camera may have {MostRules}."));
        if (config.Ground is { } ground && GroundPlane.Of(ground, aspect, out string fault) is null)
            faults.Add(new(0, "ground", fault));
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < config.Rules.Count; i++)
        {
            var check = new One(config.Rules[i], $"rules[{i}]", config.Ground is not null, faults);
            check.All();
            if (!ids.Add(config.Rules[i].Id))
                faults.Add(new(0, $"rules[{i}].id", $"'{ConfigTree.Shown(config.Rules[i].Id)}' is another rule's already; give each its own."));
        }

        return faults;
    }

    readonly struct One(Rule rule, string path, bool hasGround, List<RuleFault> faults)
    {
        public void All()
        {
            Text("id", rule.Id);
            Text("name", rule.Name);
            Range("dwell", rule.Dwell, 0, Day);
            Range("rearm", rule.Rearm, 0, Day);
            Schedule();
            if (rule is { Severity: AlarmSeverity.Rescue, Incident: not (null or IncidentType.Rescue) })
                Fault("severity", "is rescue, which belongs to incident rescue alone. Leave 'incident' out, or choose another severity.");
            if (rule is TrackRule track)
                Filter(track);
            switch (rule)
            {
                case LineRule line:
                    Line(line.Points);
                    break;
                case ZoneRule zone:
                    Zone(zone.Points, mayBeEmpty: false);
                    Range("seconds", zone.Seconds, 0, Day);
                    break;
                case LoiteringRule loitering:
                    Zone(loitering.Points, mayBeEmpty: true);
                    Range("seconds", loitering.Seconds, 1, Day);
                    break;
                case CountRule count:
                    Zone(count.Points, mayBeEmpty: true);
                    if (count.AtLeast is null && count.AtMost is null)
                        Fault("atLeast", "or 'atMost' must be given, or nothing would be counted.");
                    if (count is { AtLeast: { } least, AtMost: { } most } && most >= least)
                        Fault("atMost", $"is {most} and 'atLeast' is {least}: every number would be raised. Make 'atMost' the smaller one.");
                    Range("atLeast", count.AtLeast, 1, 1000);
                    Range("atMost", count.AtMost, 0, 1000);
                    break;
                case CrowdRule crowd:
                    Zone(crowd.Points, mayBeEmpty: crowd.Density is null);
                    Range("atLeast", crowd.AtLeast, 2, 1000);
                    Range("density", crowd.Density, 0.01, 10);
                    if (crowd.Density is not null && !hasGround)
                        Fault("density", "is people per square metre and needs 'ground'.");
                    break;
                case WrongWayRule wrongWay:
                    Zone(wrongWay.Points, mayBeEmpty: true);
                    if (wrongWay.Way.Count != 2 || Same(wrongWay.Way[0], wrongWay.Way[^1]))
                        Fault("way", "must be two different points: the right way goes from the first to the second.");
                    Inside("way", wrongWay.Way);
                    Range("tolerance", wrongWay.Tolerance, 1, 90);
                    Range("distance", wrongWay.Distance, 0.1, 100);
                    break;
                case LeftBehindRule leftBehind:
                    Zone(leftBehind.Points, mayBeEmpty: true);
                    Range("seconds", leftBehind.Seconds, 1, Day);
                    Range("near", leftBehind.Near, 0, 20);
                    break;
                case RemovedRule removed:
                    Zone(removed.Points, mayBeEmpty: false);
                    Range("seconds", removed.Seconds, 1, Day);
                    break;
                case TamperRule tamper:
                    Range("seconds", tamper.Seconds, 1, 3600);
                    Range("frozenSeconds", tamper.FrozenSeconds, 1, 3600);
                    break;
                case StreamRule stream:
                    Range("seconds", stream.Seconds, 1, Day);
                    break;
            }
        }

        void Filter(TrackRule track)
        {
            Ordered("minHeight", track.MinHeight, "maxHeight", track.MaxHeight, 0, 1);
            Ordered("minMetres", track.MinMetres, "maxMetres", track.MaxMetres, 0, 100);
            Ordered("minSpeed", track.MinSpeed, "maxSpeed", track.MaxSpeed, 0, 200);
            if (!hasGround && (track.MinMetres ?? track.MaxMetres ?? track.MinSpeed ?? track.MaxSpeed) is not null)
                Fault("", "filters by metres or speed, which needs 'ground'.");
        }

        void Schedule()
        {
            if (rule.Schedule is not { } schedule)
                return;
            if (schedule.Windows.Count is 0 or > 64)
                Fault("schedule.windows", "must be 1 to 64; leave the schedule out for always, or set 'enabled' to false for never.");
        }

        void Line(IReadOnlyList<Point> points)
        {
            if (points.Count is < 2 or > MostPoints)
                Fault("points", $"must be 2 to {MostPoints} for a line.");
            Inside("points", points);
            if (points.Count >= 2 && points.Zip(points.Skip(1)).Any(p => Same(p.First, p.Second)))
                Fault("points", "has two at the same place, one after the other.");
        }

        void Zone(IReadOnlyList<Point> points, bool mayBeEmpty)
        {
            if (points.Count == 0 && mayBeEmpty)
                return;
            if (points.Count is < 3 or > MostPoints)
                Fault("points", $"must be 3 to {MostPoints} corners of a zone{(mayBeEmpty ? ", or none for the whole picture" : "")}.");
            Inside("points", points);
            if (points.Count < 3)
                return;
            if (CrossesItself(points))
                Fault("points", "make a zone whose border crosses itself: name its corners in order.");
            else if (Shape.Area(points, 1) < 1e-4)
                Fault("points", "hold hardly any area between them: draw the zone larger.");
        }

        void Inside(string name, IReadOnlyList<Point> points)
        {
            foreach (var point in points)
            {
                if (!(point.X is >= -Beyond and <= 1 + Beyond && point.Y is >= -Beyond and <= 1 + Beyond))
                {
                    Fault(name, $"has [{point.X:0.###}, {point.Y:0.###}], which is outside the picture. Points are fractions of its width and height, from 0 to 1.");
                    return;
                }
            }
        }

        void Text(string name, string text)
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > MostText || text.Any(char.IsControl))
                Fault(name, $"must be 1 to {MostText} visible characters.");
        }

        void Ordered(string lower, double? min, string upper, double? max, double least, double most)
        {
            Range(lower, min, least, most);
            Range(upper, max, least, most);
            if (min > max)
                Fault(lower, $"is {min} and '{upper}' is {max}: nothing would pass. Swap them.");
        }

        void Range(string name, double? value, double least, double most)
        {
            if (value is { } given && !(given >= least && given <= most))
                Fault(name, $"is {given}, but must be from {least} to {most}.");
        }

        void Fault(string name, string message) => faults.Add(new(0, name.Length == 0 ? path : $"{path}.{name}", message));

        static bool Same(Point a, Point b) => Math.Abs(a.X - b.X) + Math.Abs(a.Y - b.Y) < 1e-6;

        static bool CrossesItself(IReadOnlyList<Point> corners)
        {
            for (int i = 0; i < corners.Count; i++)
            {
                for (int j = i + 2; j < corners.Count; j++)
                {
                    if (i == 0 && j == corners.Count - 1)
                        continue;
                    if (Shape.Crossing(corners[i], corners[i + 1], corners[j], corners[(j + 1) % corners.Count], out _) != 0)
                        return true;
                }
            }

            return false;
        }
    }
}
