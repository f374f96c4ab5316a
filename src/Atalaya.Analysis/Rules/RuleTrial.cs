using Atalaya.Analysis.Tracks;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// What rules would have raised over tracks that were kept: the same <see cref="RuleSet"/> that watches live, driven by the past. Give it the blocks in order.
/// </summary>
/// <remarks>
/// Rules about the scene itself (tamper, removed, stream) need pictures, not tracks: they can't be tried. Boxes were rounded when they were kept, by less than a
/// quarter of a pixel.
/// </remarks>
public sealed class RuleTrial
{
    /// <summary>Longer between two pictures, and nobody looked.</summary>
    public static readonly TimeSpan Unwatched = TimeSpan.FromSeconds(10);

    // A new tracker's numbers mean other things: to the rules it is a new run, as a jump of more than ten seconds is.
    static readonly TimeSpan Anew = TimeSpan.FromSeconds(60);

    readonly IReadOnlyList<Rule> _rules;
    readonly GroundCalibration? _calibration;
    readonly TimeZoneInfo _zone;
    readonly int _limit;
    readonly Dictionary<long, WallTime> _seen = [];
    readonly List<Track> _tracks = [];
    readonly List<RuleEvent> _events = [];
    readonly List<(WallTime From, WallTime To)> _unwatched = [];
    readonly WallTime _from, _to;
    RuleSet? _set;
    double _aspect;
    WallTime? _last;
    TimeSpan _offset;

    /// <param name="config">As <see cref="RuleCheck"/> lets it pass; rules that are switched off are tried as well.</param>
    /// <param name="limit">Events at most; more are counted as <see cref="IsPart"/>.</param>
    public RuleTrial(RuleConfig config, TimeZoneInfo zone, WallTime from, WallTime to, int limit)
    {
        _rules = [.. config.Rules.Where(CanBeTried).Select(r => r with { Enabled = true })];
        Untried = [.. config.Rules.Where(r => !CanBeTried(r)).Select(r => r.Id)];
        _calibration = config.Ground;
        _zone = zone;
        _from = from;
        _to = to;
        _limit = limit;
    }

    public static bool CanBeTried(Rule rule) => rule is TrackRule;

    /// <summary>Ids of rules that tracks say nothing of.</summary>
    public IReadOnlyList<string> Untried { get; }
    public IReadOnlyList<RuleEvent> Events => _events;
    public bool IsPart { get; private set; }
    public long Pictures { get; private set; }

    public void Add(TrackBlock block)
    {
        double aspect = block is { Width: > 0, Height: > 0 } ? (double)block.Width / block.Height : 16 / 9.0;
        if (_set is null || Math.Abs(aspect - _aspect) > 0.01)
        {
            _aspect = aspect;
            _set = new(_rules, _calibration is null ? null : GroundPlane.Of(_calibration, aspect, out _), _zone, aspect);
        }

        if (block.BeginsAnew)
        {
            _offset += Anew;
            _seen.Clear();
        }

        foreach (var picture in block.Pictures)
        {
            if (picture.At < _from || picture.At >= _to || picture.At < _last)
                continue;
            Missing(_last ?? _from, picture.At);
            _last = picture.At;
            Pictures++;
            Update(picture);
        }
    }

    /// <summary>Stretches of the time asked for in which nobody looked. Once, after the last block.</summary>
    public IReadOnlyList<(WallTime From, WallTime To)> End()
    {
        Missing(_last ?? _from, _to);
        return _unwatched;
    }

    void Missing(WallTime from, WallTime to)
    {
        if (to - from > Unwatched)
            _unwatched.Add((from, to));
    }

    void Update(KeptPicture picture)
    {
        _tracks.Clear();
        foreach (var kept in picture.Tracks)
        {
            if (!kept.Coasting || !_seen.ContainsKey(kept.Id))
                _seen[kept.Id] = picture.At;
            _tracks.Add(new()
            {
                Id = kept.Id,
                Class = kept.Class,
                Box = kept.Box,
                Score = kept.Score,
                Born = MediaOf(kept.Born),
                BornBox = kept.BornBox,
                Seen = MediaOf(kept.Coasting ? _seen[kept.Id] : picture.At),
                At = MediaOf(picture.At),
                IsConfirmed = true,
                VelocityX = kept.VelocityX,
                VelocityY = kept.VelocityY,
            });
        }

        foreach (var raised in _set!.Update(_tracks, MediaOf(picture.At), picture.At, cameraMoves: picture.Turning))
        {
            if (_events.Count < _limit)
                _events.Add(raised);
            else
                IsPart = true;
        }
    }

    MediaTime MediaOf(WallTime wall) => MediaTime.FromSeconds((wall - _from + _offset).TotalSeconds);
}
