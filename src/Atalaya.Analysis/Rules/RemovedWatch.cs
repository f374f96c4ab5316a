using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Learns what the cells round a thing look like and sees when they look different for good.</summary>
sealed class RemovedWatch(RemovedRule rule) : Watch
{
    // Learned as a mean over the first pictures, then slowly on: sun and season change what stands there, a thief does it at once.
    const double LearnSeconds = 3, FollowSeconds = 300;

    // Half of the cells: what is taken leaves its whole place.
    const double Share = 0.5;

    // Grey levels beyond noise and coding, and a tenth for what the light changes unevenly.
    const double MeanApart = 12, MeanApartShare = 0.1;
    const double DetailApart = 2, DetailApartShare = 0.5;

    readonly int[] _cells = CellsOf(rule.Points);
    readonly float[] _mean = new float[SceneStatistics.Cells], _detail = new float[SceneStatistics.Cells];
    double _learned;
    double _sceneMean;
    Hold _hold;

    public override void Reset()
    {
        _learned = 0;
        _hold = default;
    }

    public override void OnPicture(in Moment moment)
    {
        if (moment.Scene is not { } scene)
            return;
        bool isHidden = IsHidden(moment);
        if (_learned < LearnSeconds)
        {
            if (!isHidden)
                Learn(scene, _learned == 0 ? 1 : Math.Min(1, moment.Seconds / (_learned + moment.Seconds)));
            _learned += isHidden ? 0 : Math.Max(moment.Seconds, 1e-3);
            return;
        }

        // Lamps and the change to infrared change everything: that is another picture of the same place, not a theft.
        if (ChangedShare(scene, ReadOnlySpan<int>.Empty) > Share)
        {
            Reset();
            return;
        }

        if (isHidden)
            return;
        bool changed = ChangedShare(scene, _cells) >= Share;
        if (!changed)
            Learn(scene, Math.Min(1, moment.Seconds / FollowSeconds));
        if (!_hold.Raises(changed, !changed, moment.At, Math.Max(rule.Dwell, rule.Seconds), rule.Rearm))
            return;
        double left = rule.Points.Min(p => p.X), top = rule.Points.Min(p => p.Y);
        moment.Raise(new()
        {
            Rule = rule.Id,
            Kind = SceneEventKind.Removed,
            At = _hold.Began,
            Wall = moment.WallOf(_hold.Began),
            Noticed = moment.At,
            Box = new((float)left, (float)top, (float)(rule.Points.Max(p => p.X) - left), (float)(rule.Points.Max(p => p.Y) - top)),
        });
    }

    void Learn(SceneStatistics scene, double share)
    {
        for (int i = 0; i < SceneStatistics.Cells; i++)
        {
            _mean[i] += (float)((scene.CellMeans[i] - _mean[i]) * share);
            _detail[i] += (float)((scene.CellDetails[i] - _detail[i]) * share);
        }

        _sceneMean += (scene.Mean - _sceneMean) * share;
    }

    // Empty: all cells but the watched ones.
    double ChangedShare(SceneStatistics scene, ReadOnlySpan<int> cells)
    {
        // A cloud, an exposure: what all cells share is light.
        double gain = _sceneMean > 1 ? Math.Clamp(scene.Mean / _sceneMean, 0.25, 4) : 1;
        int changed = 0, all = 0;
        if (!cells.IsEmpty)
        {
            foreach (int i in cells)
                changed += HasChanged(scene, i, gain) ? 1 : 0;
            return changed / (double)cells.Length;
        }

        for (int i = 0; i < SceneStatistics.Cells; i++)
        {
            if (Array.BinarySearch(_cells, i) >= 0)
                continue;
            all++;
            changed += HasChanged(scene, i, gain) ? 1 : 0;
        }

        return all == 0 ? 0 : changed / (double)all;
    }

    bool HasChanged(SceneStatistics scene, int i, double gain)
    {
        double mean = _mean[i] * gain, detail = _detail[i] * gain;
        return Math.Abs(scene.CellMeans[i] - mean) > MeanApart + (MeanApartShare * mean)
            || Math.Abs(scene.CellDetails[i] - detail) > DetailApart + (DetailApartShare * detail);
    }

    bool IsHidden(in Moment moment)
    {
        double left = rule.Points.Min(p => p.X), right = rule.Points.Max(p => p.X), top = rule.Points.Min(p => p.Y), bottom = rule.Points.Max(p => p.Y);
        foreach (var track in moment.Tracks)
        {
            if (track.IsConfirmed && track.Class is ObjectClass.Person or ObjectClass.Vehicle or ObjectClass.TwoWheeler or ObjectClass.Animal
                && track.Box.X < right && track.Box.Right > left && track.Box.Y < bottom && track.Box.Bottom > top)
            {
                return true;
            }
        }

        return false;
    }

    static int[] CellsOf(IReadOnlyList<Point> polygon)
    {
        var cells = new List<int>();
        for (int i = 0; i < SceneStatistics.Cells; i++)
        {
            if (Shape.Contains(polygon, Middle(i)))
                cells.Add(i);
        }

        // Smaller than a cell: the one it lies in.
        if (cells.Count == 0)
        {
            var centre = new Point(polygon.Average(p => p.X), polygon.Average(p => p.Y));
            int column = Math.Clamp((int)(centre.X * SceneStatistics.Columns), 0, SceneStatistics.Columns - 1);
            cells.Add((Math.Clamp((int)(centre.Y * SceneStatistics.Rows), 0, SceneStatistics.Rows - 1) * SceneStatistics.Columns) + column);
        }

        return [.. cells];
    }

    static Point Middle(int cell) =>
        new(((cell % SceneStatistics.Columns) + 0.5) / SceneStatistics.Columns, ((cell / SceneStatistics.Columns) + 0.5) / SceneStatistics.Rows);
}
