using Atalaya.Incidents;

namespace Atalaya.Analysis.Rules;

/// <summary>Compares each picture with what the camera has shown in the last minutes.</summary>
sealed class TamperWatch(TamperRule rule) : Watch
{
    // Long enough to be the place and not whoever walks through; short enough to follow dusk.
    const double LearnSeconds = 5, FollowSeconds = 120;

    // After so long it is no longer an event but how the camera looks now; raised once, it is learned anew.
    const double AcceptSeconds = 600;

    // A night without lamps holds no structure that could be lost: nothing is judged.
    const double LeastDetail = 0.7;

    // A hand, a bag, paint: hardly any contrast and hardly any structure left.
    const double CoveredDetail = 0.3, CoveredSpread = 0.35;

    // Out of focus the coarse picture stays, its edges go.
    const double DefocusedDetail = 0.4, DefocusedAlike = 0.8;

    // Another view has as much structure, elsewhere. Lamps switched on leave edges where they were: above 0.5 on such pairs.
    const double TurnedDetail = 0.4, TurnedAlike = 0.35;

    // A torch or the sun in the lens.
    const double BlindedShare = 0.6, BlindedBefore = 0.3;

    static readonly TamperKind[] All = Enum.GetValues<TamperKind>();

    readonly float[] _mean = new float[SceneStatistics.Cells], _detail = new float[SceneStatistics.Cells];
    readonly Hold[] _holds = new Hold[All.Length];
    double _learned, _spread, _sceneDetail, _glaring, _suspect;

    bool Watches(TamperKind kind) => rule.Kinds.Count == 0 || rule.Kinds.Contains(kind);

    public override void Reset()
    {
        _learned = _suspect = 0;
        Array.Clear(_holds);
    }

    /// <summary>The camera turned by order or in the wind. One whose turning is watched for keeps what it knows, or turning would never be seen.</summary>
    public bool KeepsThroughMoves => Watches(TamperKind.Turned);

    public override void OnPicture(in Moment moment)
    {
        if (moment.Scene is not { } scene)
            return;
        Judge(TamperKind.Frozen, scene.SameAsBefore == true, rule.FrozenSeconds, moment);
        if (_learned < LearnSeconds)
        {
            Learn(scene, _learned == 0 ? 1 : Math.Min(1, moment.Seconds / (_learned + moment.Seconds)));
            _learned += Math.Max(moment.Seconds, 1e-3);
            return;
        }

        double detail = scene.Detail / Math.Max(_sceneDetail, 1e-6), spread = scene.Spread / Math.Max(_spread, 1e-6);
        bool canTell = _sceneDetail >= LeastDetail;
        bool blinded = scene.Glaring >= BlindedShare && _glaring <= BlindedBefore;
        bool covered = canTell && !blinded && detail < CoveredDetail && spread < CoveredSpread;
        bool hasDetail = detail >= TurnedDetail;
        bool defocused = canTell && !blinded && !covered && detail < DefocusedDetail && Alike(scene.CellMeans, _mean) >= DefocusedAlike;
        bool turned = canTell && !blinded && !covered && !defocused && hasDetail
            && Alike(scene.CellDetails, _detail) < TurnedAlike && Alike(scene.CellMeans, _mean) < TurnedAlike;
        Judge(TamperKind.Blinded, blinded, rule.Seconds, moment);
        Judge(TamperKind.Covered, covered, rule.Seconds, moment);
        Judge(TamperKind.Defocused, defocused, rule.Seconds, moment);
        Judge(TamperKind.Turned, turned, rule.Seconds, moment);
        if (!(blinded || covered || defocused || turned))
        {
            _suspect = 0;
            Learn(scene, Math.Min(1, moment.Seconds / FollowSeconds));
            return;
        }

        _suspect += moment.Seconds;
        if (_suspect >= AcceptSeconds)
            _learned = _suspect = 0;
    }

    void Judge(TamperKind kind, bool holds, double seconds, in Moment moment)
    {
        if (!Watches(kind) || !_holds[(int)kind].Raises(holds, !holds, moment.At, Math.Max(rule.Dwell, seconds), rule.Rearm))
            return;
        var began = _holds[(int)kind].Began;
        moment.Raise(new()
        {
            Rule = rule.Id,
            Kind = SceneEventKind.Tamper,
            Tamper = kind,
            At = began,
            Wall = moment.WallOf(began),
            Noticed = moment.At,
        });
    }

    void Learn(SceneStatistics scene, double share)
    {
        for (int i = 0; i < SceneStatistics.Cells; i++)
        {
            _mean[i] += (float)((scene.CellMeans[i] - _mean[i]) * share);
            _detail[i] += (float)((scene.CellDetails[i] - _detail[i]) * share);
        }

        _spread += (scene.Spread - _spread) * share;
        _sceneDetail += (scene.Detail - _sceneDetail) * share;
        _glaring += (scene.Glaring - _glaring) * share;
    }

    // Pearson's correlation: light and contrast as a whole don't matter.
    static double Alike(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sumA = 0, sumB = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sumA += a[i];
            sumB += b[i];
        }

        double meanA = sumA / a.Length, meanB = sumB / b.Length, both = 0, squaresA = 0, squaresB = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double da = a[i] - meanA, db = b[i] - meanB;
            both += da * db;
            squaresA += da * da;
            squaresB += db * db;
        }

        return squaresA > 0 && squaresB > 0 ? both / Math.Sqrt(squaresA * squaresB) : 0;
    }
}
