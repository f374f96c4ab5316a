using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Evaluation;

/// <summary>
/// How well tracks follow the truth, in the counts that scores are made of, so that several sequences can be added up:
/// CLEAR MOT (Bernardin and Stiefelhagen 2008), identity (Ristani et al. 2016) and HOTA (Luiten et al. 2021).
/// </summary>
public sealed class MotScore
{
    /// <summary>Overlap from which a box counts as found, for CLEAR MOT and identity.</summary>
    const float Found = 0.5f;
    const int Alphas = 19;

    // Dearer than any pairing, so that as many pairs as possible are made before good ones.
    const float Alone = 1e6f;

    readonly long[] _hits = new long[Alphas];
    readonly double[] _association = new double[Alphas];

    /// <summary>Boxes of the truth.</summary>
    public long Truth { get; private set; }

    /// <summary>Boxes of the tracker.</summary>
    public long Results { get; private set; }
    public long Misses { get; private set; }
    public long FalsePositives { get; private set; }

    /// <summary>A true thing is found under another number than before.</summary>
    public long Switches { get; private set; }
    public long IdentityHits { get; private set; }

    /// <summary>1 − (misses + false positives + switches) / truth; below 0 when more is wrong than there is.</summary>
    public double Mota => Truth == 0 ? 0 : 1 - ((Misses + FalsePositives + Switches) / (double)Truth);
    public double Idf1 => Truth + Results == 0 ? 0 : 2 * IdentityHits / (double)(Truth + Results);
    public double Recall => Truth == 0 ? 0 : (Truth - Misses) / (double)Truth;
    public double Precision => Results == 0 ? 0 : (Results - FalsePositives) / (double)Results;

    /// <summary>Mean over the overlaps 0.05, 0.10 … 0.95 of √(detection × association).</summary>
    public double Hota => Mean(a => Math.Sqrt(DetectionAt(a) * AssociationAt(a)));
    public double DetectionAccuracy => Mean(DetectionAt);
    public double AssociationAccuracy => Mean(AssociationAt);

    /// <summary>Scores one sequence.</summary>
    public static MotScore Of(IEnumerable<MotBox> truth, IEnumerable<MotBox> results)
    {
        var score = new MotScore();
        var frames = Frames(truth, results, out var truthIds, out var resultIds);
        score.Truth = frames.Sum(f => f.Truth.Count);
        score.Results = frames.Sum(f => f.Results.Count);
        score.Clear(frames);
        score.Identity(frames, truthIds.Count, resultIds.Count);
        score.HigherOrder(frames, truthIds.Count, resultIds.Count);
        return score;
    }

    /// <summary>As if the sequences were one: counts are added, not scores averaged.</summary>
    public static MotScore Sum(IEnumerable<MotScore> parts)
    {
        var sum = new MotScore();
        foreach (var part in parts)
        {
            sum.Truth += part.Truth;
            sum.Results += part.Results;
            sum.Misses += part.Misses;
            sum.FalsePositives += part.FalsePositives;
            sum.Switches += part.Switches;
            sum.IdentityHits += part.IdentityHits;
            for (int a = 0; a < Alphas; a++)
            {
                sum._hits[a] += part._hits[a];
                sum._association[a] += part._association[a];
            }
        }

        return sum;
    }

    double DetectionAt(int a) => _hits[a] / Math.Max(1.0, Truth + Results - _hits[a]);
    double AssociationAt(int a) => _association[a] / Math.Max(1.0, _hits[a]);
    static double Mean(Func<int, double> at) => Enumerable.Range(0, Alphas).Average(at);

    // A pair holds as long as it overlaps; what is left is matched anew, as CLEAR MOT says.
    void Clear(List<Frame> frames)
    {
        var last = new Dictionary<int, int>();
        var assignment = new Assignment();
        foreach (var frame in frames)
        {
            var truthFree = Enumerable.Range(0, frame.Truth.Count).ToList();
            var resultFree = Enumerable.Range(0, frame.Results.Count).ToList();
            int found = 0;
            foreach (int t in truthFree.ToList())
            {
                if (!last.TryGetValue(frame.Truth[t].Id, out int id))
                    continue;
                int r = resultFree.FindIndex(i => frame.Results[i].Id == id);
                if (r < 0 || frame.Overlap(t, resultFree[r]) < Found)
                    continue;
                truthFree.Remove(t);
                resultFree.RemoveAt(r);
                found++;
            }

            float[] cost = new float[truthFree.Count * resultFree.Count];
            for (int t = 0; t < truthFree.Count; t++)
            {
                for (int r = 0; r < resultFree.Count; r++)
                {
                    float overlap = frame.Overlap(truthFree[t], resultFree[r]);
                    cost[(t * resultFree.Count) + r] = overlap >= Found ? 1 - overlap : float.NaN;
                }
            }

            int[] matched = new int[truthFree.Count];
            assignment.Solve(cost, truthFree.Count, resultFree.Count, Alone, matched);
            for (int t = 0; t < matched.Length; t++)
            {
                if (matched[t] < 0)
                    continue;
                int truthId = frame.Truth[truthFree[t]].Id, resultId = frame.Results[resultFree[matched[t]]].Id;
                if (last.TryGetValue(truthId, out int before) && before != resultId)
                    Switches++;
                last[truthId] = resultId;
                found++;
            }

            Misses += frame.Truth.Count - found;
            FalsePositives += frame.Results.Count - found;
        }
    }

    // One number for one true thing over the whole sequence, so that as many boxes as possible agree.
    void Identity(List<Frame> frames, int truthIds, int resultIds)
    {
        if (truthIds == 0 || resultIds == 0)
            return;
        float[] cost = new float[truthIds * resultIds];
        foreach (var frame in frames)
        {
            for (int t = 0; t < frame.Truth.Count; t++)
            {
                for (int r = 0; r < frame.Results.Count; r++)
                {
                    if (frame.Overlap(t, r) >= Found)
                        cost[(frame.Truth[t].Id * resultIds) + frame.Results[r].Id]--;
                }
            }
        }

        int[] matched = new int[truthIds];
        new Assignment().Solve(cost, truthIds, resultIds, 0, matched);
        for (int t = 0; t < truthIds; t++)
            IdentityHits += matched[t] < 0 ? 0 : (long)-cost[(t * resultIds) + matched[t]];
    }

    // Boxes are matched so that both the overlap and how much the two tracks share as a whole are greatest.
    void HigherOrder(List<Frame> frames, int truthIds, int resultIds)
    {
        if (truthIds == 0 || resultIds == 0)
            return;
        double[] shared = new double[truthIds * resultIds], truthCount = new double[truthIds], resultCount = new double[resultIds];
        foreach (var frame in frames)
        {
            double[] truthSum = new double[frame.Truth.Count], resultSum = new double[frame.Results.Count];
            for (int t = 0; t < frame.Truth.Count; t++)
            {
                truthCount[frame.Truth[t].Id]++;
                for (int r = 0; r < frame.Results.Count; r++)
                {
                    truthSum[t] += frame.Overlap(t, r);
                    resultSum[r] += frame.Overlap(t, r);
                }
            }

            for (int r = 0; r < frame.Results.Count; r++)
                resultCount[frame.Results[r].Id]++;
            for (int t = 0; t < frame.Truth.Count; t++)
            {
                for (int r = 0; r < frame.Results.Count; r++)
                {
                    double overlap = frame.Overlap(t, r), union = truthSum[t] + resultSum[r] - overlap;
                    if (union > 1e-9)
                        shared[(frame.Truth[t].Id * resultIds) + frame.Results[r].Id] += overlap / union;
                }
            }
        }

        double Alignment(int t, int r) => shared[(t * resultIds) + r] / (truthCount[t] + resultCount[r] - shared[(t * resultIds) + r]);

        var pairs = new Dictionary<(int Truth, int Result), long>[Alphas];
        for (int a = 0; a < Alphas; a++)
            pairs[a] = [];
        var assignment = new Assignment();
        foreach (var frame in frames)
        {
            float[] cost = new float[frame.Truth.Count * frame.Results.Count];
            for (int t = 0; t < frame.Truth.Count; t++)
            {
                for (int r = 0; r < frame.Results.Count; r++)
                    cost[(t * frame.Results.Count) + r] = (float)-(Alignment(frame.Truth[t].Id, frame.Results[r].Id) * frame.Overlap(t, r));
            }

            int[] matched = new int[frame.Truth.Count];
            assignment.Solve(cost, frame.Truth.Count, frame.Results.Count, 0, matched);
            for (int t = 0; t < matched.Length; t++)
            {
                if (matched[t] is not (>= 0 and var r))
                    continue;
                float overlap = frame.Overlap(t, r);
                for (int a = 0; a < Alphas && overlap >= ((a + 1) * 0.05) - 1e-6; a++)
                {
                    _hits[a]++;
                    var key = (frame.Truth[t].Id, frame.Results[r].Id);
                    pairs[a][key] = pairs[a].GetValueOrDefault(key) + 1;
                }
            }
        }

        for (int a = 0; a < Alphas; a++)
        {
            foreach (var ((t, r), count) in pairs[a])
                _association[a] += count * (count / (truthCount[t] + resultCount[r] - count));
        }
    }

    static List<Frame> Frames(IEnumerable<MotBox> truth, IEnumerable<MotBox> results, out Dictionary<long, int> truthIds, out Dictionary<long, int> resultIds)
    {
        var frames = new SortedDictionary<int, Frame>();
        Frame Of(int number) => frames.TryGetValue(number, out var frame) ? frame : frames[number] = new();
        truthIds = [];
        resultIds = [];
        foreach (var box in truth)
            Of(box.Frame).Truth.Add((Dense(truthIds, box.Id), box.Box));
        foreach (var box in results)
            Of(box.Frame).Results.Add((Dense(resultIds, box.Id), box.Box));
        return [.. frames.Values];
    }

    static int Dense(Dictionary<long, int> ids, long id)
    {
        if (!ids.TryGetValue(id, out int dense))
            ids[id] = dense = ids.Count;
        return dense;
    }

    sealed class Frame
    {
        public List<(int Id, Box Box)> Truth { get; } = [];
        public List<(int Id, Box Box)> Results { get; } = [];

        public float Overlap(int t, int r) => Box.Overlap(Truth[t].Box, Results[r].Box);
    }
}
