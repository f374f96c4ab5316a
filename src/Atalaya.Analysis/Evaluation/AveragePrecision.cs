using Atalaya.Incidents;

namespace Atalaya.Analysis.Evaluation;

/// <summary>A thing that is in a picture.</summary>
public readonly record struct TrueBox(Box Box, ObjectClass Class);

/// <summary>
/// Average precision of a detector, class by class: the area under precision over recall, precision made falling (PASCAL VOC from 2010 on, all points). Within a picture the
/// best scored detection chooses first, and takes the free true box that it overlaps most (COCO's rule).
/// </summary>
/// <param name="overlap">Least intersection over union of a match; 0.5 gives AP50.</param>
public sealed class AveragePrecision(float overlap = 0.5f)
{
    readonly Dictionary<ObjectClass, List<(float Score, bool Hit)>> _found = [];
    readonly Dictionary<ObjectClass, int> _truth = [];

    public int PictureCount { get; private set; }

    /// <summary>Classes that any picture held or any detection claimed, in the order of <see cref="ObjectClass"/>.</summary>
    public IEnumerable<ObjectClass> Classes => _found.Keys.Union(_truth.Keys).Order();

    /// <summary>One picture: everything that was found, also with low scores, and everything that is there.</summary>
    public void Add(IEnumerable<Detection> found, IEnumerable<TrueBox> truth)
    {
        PictureCount++;
        var free = truth.ToList();
        foreach (var box in free)
            _truth[box.Class] = _truth.GetValueOrDefault(box.Class) + 1;
        foreach (var detection in found.OrderByDescending(d => d.Score))
        {
            int best = -1;
            float most = overlap;
            for (int i = 0; i < free.Count; i++)
            {
                float both = free[i].Class == detection.Class ? Box.Overlap(free[i].Box, detection.Box) : 0;
                if (both >= most)
                    (best, most) = (i, both);
            }

            if (best >= 0)
                free.RemoveAt(best);
            if (!_found.TryGetValue(detection.Class, out var list))
                _found[detection.Class] = list = [];
            list.Add((detection.Score, best >= 0));
        }
    }

    /// <summary>How many true boxes of a class there were.</summary>
    public int TrueCount(ObjectClass of) => _truth.GetValueOrDefault(of);

    /// <summary>From 0 to 1; NaN when no picture held one of that class.</summary>
    public double Of(ObjectClass of)
    {
        int there = TrueCount(of);
        if (there == 0)
            return double.NaN;
        var found = _found.GetValueOrDefault(of, []).OrderByDescending(f => f.Score).ToList();
        var points = new List<(double Recall, double Precision)>();
        int hits = 0;
        for (int i = 0; i < found.Count; i++)
        {
            hits += found[i].Hit ? 1 : 0;
            // Equal scores are one threshold: their order means nothing.
            if (i + 1 == found.Count || found[i + 1].Score != found[i].Score)
                points.Add(((double)hits / there, (double)hits / (i + 1)));
        }

        double area = 0, precision = 0, recall = points.Count > 0 ? points[^1].Recall : 0;
        for (int i = points.Count - 1; i >= 0; i--)
        {
            precision = Math.Max(precision, points[i].Precision);
            double from = i > 0 ? points[i - 1].Recall : 0;
            area += (recall - from) * precision;
            recall = from;
        }

        return area;
    }

    /// <summary>Detections of a class with at least a score that match nothing.</summary>
    public int FalseCount(ObjectClass of, float score) => _found.GetValueOrDefault(of, []).Count(f => !f.Hit && f.Score >= score);

    /// <summary>Share of the true boxes of a class that are found with at least a score.</summary>
    public double Recall(ObjectClass of, float score) => (double)_found.GetValueOrDefault(of, []).Count(f => f.Hit && f.Score >= score) / TrueCount(of);
}
