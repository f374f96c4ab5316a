using System.Runtime.CompilerServices;

using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tracks;

/// <summary>
/// Follows things through the pictures of one camera by where they are and how they move, never by what they look like. Association in
/// passes over good and weak detections as in ByteTrack (Zhang et al. 2022), motion by Kalman filters as in SORT (Bewley et al. 2016),
/// overlap of boxes that are widened by what is uncertain about them (after C-BIoU, Yang et al. 2023), so that pictures may come at any
/// rate and drop. <c>design/tracking.md</c> has the reasons.
/// </summary>
/// <remarks>Same detections at the same times give the same tracks. Not for two threads at once.</remarks>
public sealed class Tracker(TrackerOptions options)
{
    // All lengths are in picture heights. A thing's size is the longer side of its box: the height of a person, the length of a car seen
    // from its side; both go about one to three of these a second.

    // What a detector's box shakes by, as a part of the size: the value of SORT and ByteTrack, and what public detectors measure.
    const double BoxDeviation = 0.05;

    // A weak detection is mostly half hidden or blurred: its edges say less.
    const double WeakBoxDeviation = 0.1;

    // Speed of what has just appeared, sizes a second: a runner's three within two deviations.
    const double FirstSpeedDeviation = 1.5;

    // In a second a walker may stop or turn: sizes² per second³. ByteTrack's 1/160 of the height a picture at 30 a second is 1.05.
    const double Acceleration = 1;

    // Boxes grow and shrink with distance, which takes seconds.
    const double SizeAcceleration = 0.02;
    const double FirstGrowthDeviation = 0.1;

    // A box is widened by the deviation of its place, but never by more than itself: beyond that everything overlaps everything.
    const double MostMargin = 1;

    // Price of no match, in 1 − overlap. 0.8: SORT's and ByteTrack's 0.3 and 0.2 for the overlap, the wider for widened boxes.
    const float Limit = 0.8f;

    // Weak detections only carry on what they clearly lie on: ByteTrack's 0.5.
    const float WeakLimit = 0.5f;

    // Of two tracks that fit a detection alike the one seen last has it.
    const float CostOfSecondUnseen = 0.05f;

    // A detector that can't decide between van and bus costs nothing after the class map, one that makes a person of a dog should.
    const float CostOfOtherClass = 0.2f;

    // A second box on the same thing, past the detector's own suppression.
    const float SameThing = 0.7f;

    // A box that lies this far within a better one of its class is a part of the same thing two times in three, whatever its score: on the
    // public detections of MOT15 a third of them or fewer are right, of the others more than half.
    const float PartOf = 0.8f;

    // Weak detections don't revive what has been gone for longer: half of those are shadows.
    static readonly MediaTime WeakRevives = MediaTime.FromSeconds(0.5);

    readonly MediaTime _coast = MediaTime.From(options.Coast), _coastUnconfirmed = MediaTime.From(options.CoastUnconfirmed);
    readonly Assignment _assignment = new();
    readonly List<Followed> _tracks = [];
    readonly Stack<Followed> _spare = [];
    readonly List<Followed> _candidates = [];
    readonly List<Measured> _strong = [], _weak = [];
    readonly List<Track> _result = [];
    float[] _cost = [];
    int[] _columnOf = [];
    MediaTime? _last;
    long _lastId;

    public TrackerOptions Options { get; } = options;

    /// <summary>
    /// Takes the detections of one picture. Time that runs backwards is a new run: every track ends. Boxes that aren't finite, are empty or
    /// lie far outside the picture are passed over.
    /// </summary>
    /// <param name="motion">How the picture moved since the last call, if the camera isn't fixed.</param>
    /// <returns>Every track that lives after this picture, also the unconfirmed and the coasting. The list is reused by the next call.</returns>
    public IReadOnlyList<Track> Update(ReadOnlySpan<Detection> detections, MediaTime at, CameraMotion? motion = null)
    {
        if (at < _last)
        {
            End(Ending.All, at, at);
            _last = null;
        }

        var before = _last ?? at;
        double seconds = (at - before).Seconds;
        _last = at;
        Sort(detections);
        // A gap longer than anything may coast: what was there before says nothing of now.
        End(Ending.Unseen, at, before);
        foreach (var track in _tracks)
        {
            if (motion is { } moved)
                track.Move(moved, Options.Aspect);
            track.Predict(seconds, unseen: track.Seen < before);
        }

        _candidates.Clear();
        foreach (var track in _tracks)
        {
            if (track.IsConfirmed)
                _candidates.Add(track);
        }

        Match(_strong, Limit, BoxDeviation, at);
        // What this picture has shown already is no candidate for a weak detection, nor what has been gone for long.
        var since = before - WeakRevives;
        _candidates.Clear();
        foreach (var track in _tracks)
        {
            if (track is { IsConfirmed: true, IsSeen: false } && track.Seen >= since)
                _candidates.Add(track);
        }

        Match(_weak, WeakLimit, WeakBoxDeviation, at);
        _candidates.Clear();
        foreach (var track in _tracks)
        {
            if (!track.IsConfirmed)
                _candidates.Add(track);
        }

        Match(_strong, Limit, BoxDeviation, at);
        // A weak detection keeps alive what may become a track, and isn't evidence that it should.
        _candidates.RemoveAll(static t => t.IsSeen);
        Match(_weak, WeakLimit, WeakBoxDeviation, at);
        Begin(at);
        End(Ending.Outside, at, before);
        _result.Clear();
        foreach (var track in _tracks)
        {
            if (!track.IsConfirmed && track.IsSure(Options.Evidence))
                track.Id = ++_lastId;
            _result.Add(track.State(at, Options.Aspect));
        }

        return _result;
    }

    void Sort(ReadOnlySpan<Detection> detections)
    {
        _strong.Clear();
        _weak.Clear();
        foreach (var detection in detections)
        {
            if (detection.Score >= Options.LowScore && IsSound(detection.Box) && (uint)detection.Class < Followed.Classes)
                (detection.Score >= Options.HighScore && !LiesInBetter(detection, detections) ? _strong : _weak).Add(new(detection, Options.Aspect));
        }

        // Detections beyond what a picture can sensibly hold would only cost time.
        Trim(_strong);
        Trim(_weak);
    }

    void Trim(List<Measured> detections)
    {
        if (detections.Count <= Options.MaxTracks)
            return;
        detections.Sort(static (a, b) => b.Score.CompareTo(a.Score));
        detections.RemoveRange(Options.MaxTracks, detections.Count - Options.MaxTracks);
    }

    static bool LiesInBetter(Detection part, ReadOnlySpan<Detection> all)
    {
        foreach (var whole in all)
        {
            if (whole.Class == part.Class && whole.Score > part.Score && Shared(whole.Box, part.Box) > PartOf * part.Box.Area)
                return true;
        }

        return false;
    }

    static float Shared(Box a, Box b) =>
        Math.Max(0, Math.Min(a.Right, b.Right) - Math.Max(a.X, b.X)) * Math.Max(0, Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Y, b.Y));

    static bool IsSound(Box box) =>
        box.Width is > 1e-4f and <= 2 && box.Height is > 1e-4f and <= 2 && box.X is >= -1 and <= 2 && box.Y is >= -1 and <= 2;

    void Match(List<Measured> detections, float limit, double deviation, MediaTime at)
    {
        if (_candidates.Count == 0 || detections.Count == 0)
            return;
        int columns = detections.Count, size = _candidates.Count * columns;
        if (_cost.Length < size)
            _cost = new float[size * 2];
        if (_columnOf.Length < _candidates.Count)
            _columnOf = new int[_candidates.Count * 2];
        for (int row = 0; row < _candidates.Count; row++)
        {
            var track = _candidates[row];
            float alone = CostOfSecondUnseen * (float)(at - track.Seen).Seconds;
            for (int column = 0; column < columns; column++)
            {
                var detection = detections[column];
                float other = detection.Class == track.Class ? 0 : CostOfOtherClass;
                _cost[(row * columns) + column] = 1 - track.Overlap(detection) + alone + other;
            }
        }

        var columnOf = _columnOf.AsSpan(0, _candidates.Count);
        _assignment.Solve(_cost.AsSpan(0, size), _candidates.Count, columns, limit, columnOf);
        for (int row = 0; row < columnOf.Length; row++)
        {
            if (columnOf[row] is >= 0 and var column)
            {
                _candidates[row].Correct(detections[column], deviation, at, isEvidence: detections != _weak);
                detections[column] = default;
            }
        }

        detections.RemoveAll(static d => d.Width <= 0);
    }

    void Begin(MediaTime at)
    {
        foreach (var detection in _strong)
        {
            if (_tracks.Count >= Options.MaxTracks)
                return;
            bool doubled = false;
            foreach (var track in _tracks)
                doubled |= track.Seen == at && Box.Overlap(track.Detected, detection.Box) > SameThing;
            if (doubled)
                continue;
            if (!_spare.TryPop(out var fresh))
                fresh = new();
            fresh.Begin(detection, at);
            _tracks.Add(fresh);
        }
    }

    enum Ending
    {
        All,

        /// <summary>Longer than it may coast.</summary>
        Unseen,

        /// <summary>What went out of the picture doesn't come back under its old number: others will enter there.</summary>
        Outside,
    }

    void End(Ending why, MediaTime at, MediaTime before)
    {
        int kept = 0;
        for (int i = 0; i < _tracks.Count; i++)
        {
            var track = _tracks[i];
            bool ends = why switch
            {
                Ending.All => true,
                // One that isn't confirmed yet has its next picture to be seen again, however far off that is.
                Ending.Unseen => at - track.Seen > (track.IsConfirmed || track.Seen == before ? _coast : _coastUnconfirmed),
                _ => track.Seen < at && track.IsOutside(Options.Aspect),
            };
            if (ends)
                _spare.Push(track);
            else
                _tracks[kept++] = track;
        }

        _tracks.RemoveRange(kept, _tracks.Count - kept);
    }

    /// <summary>A detection in picture heights.</summary>
    readonly struct Measured(Detection detection, double aspect)
    {
        public readonly Box Box = detection.Box;
        public readonly ObjectClass Class = detection.Class;
        public readonly float Score = detection.Score;
        public readonly double X = (detection.Box.X + (detection.Box.Width / 2)) * aspect;
        public readonly double Y = detection.Box.Y + (detection.Box.Height / 2);
        public readonly double Width = detection.Box.Width * aspect;
        public readonly double Height = detection.Box.Height;

        public double Size => Math.Max(Width, Height);
    }

    /// <summary>What the tracker knows of one track. Used again after its end, so that a busy street makes no garbage.</summary>
    sealed class Followed
    {
        public const int Classes = (int)ObjectClass.Other + 1;

        // Votes lose half their weight in about 70 pictures: a class that was wrong for long can still be put right.
        const float Remembered = 0.99f;

        AxisFilter _x, _y, _width, _height;
        Votes _votes;
        Box _bornBox;
        MediaTime _born;
        float _score, _evidence;

        public long Id { get; set; }
        public bool IsConfirmed => Id != 0;
        public ObjectClass Class { get; private set; }
        public MediaTime Seen { get; private set; }

        /// <summary>In this picture, already.</summary>
        public bool IsSeen { get; private set; }

        /// <summary>Where the last detection was, unfiltered.</summary>
        public Box Detected { get; private set; }

        double Size => Math.Max(_width.Position, _height.Position);

        public void Begin(in Measured first, MediaTime at)
        {
            double size = first.Size;
            _x = new(first.X, BoxDeviation * size, FirstSpeedDeviation * size);
            _y = new(first.Y, BoxDeviation * size, FirstSpeedDeviation * size);
            _width = new(first.Width, BoxDeviation * size, FirstGrowthDeviation * size);
            _height = new(first.Height, BoxDeviation * size, FirstGrowthDeviation * size);
            _votes = default;
            _bornBox = first.Box;
            _born = at;
            _evidence = 0;
            Id = 0;
            Take(first, at, isEvidence: true);
        }

        public void Correct(in Measured seen, double deviation, MediaTime at, bool isEvidence)
        {
            double edge = deviation * Math.Max(Size, seen.Size);
            _x.Correct(seen.X, edge);
            _y.Correct(seen.Y, edge);
            _width.Correct(seen.Width, edge);
            _height.Correct(seen.Height, edge);
            Take(seen, at, isEvidence);
        }

        void Take(in Measured seen, MediaTime at, bool isEvidence)
        {
            _evidence += isEvidence ? seen.Score : 0;
            _score = seen.Score;
            IsSeen = true;
            Seen = at;
            Detected = seen.Box;
            int best = (int)seen.Class;
            for (int i = 0; i < Classes; i++)
            {
                _votes[i] = (_votes[i] * Remembered) + (i == (int)seen.Class ? seen.Score : 0);
                if (_votes[i] > _votes[best])
                    best = i;
            }

            Class = (ObjectClass)best;
            Bound();
        }

        public void Predict(double seconds, bool unseen)
        {
            IsSeen = false;
            double size = Size;
            _x.Predict(seconds, Acceleration * size * size);
            _y.Predict(seconds, Acceleration * size * size);
            // Unseen, it keeps its size: growth that noise began would otherwise go on for two seconds.
            if (unseen)
                _width.Velocity = _height.Velocity = 0;
            _width.Predict(seconds, SizeAcceleration * size * size);
            _height.Predict(seconds, SizeAcceleration * size * size);
            Bound();
        }

        public void Move(CameraMotion motion, double aspect)
        {
            double cos = Math.Cos(motion.Rotation), sin = Math.Sin(motion.Rotation);
            double x = _x.Position - (aspect / 2), y = _y.Position - 0.5, vx = _x.Velocity, vy = _y.Velocity;
            double scale = Math.Clamp(motion.Scale, 0.1, 10);
            _x.Scale(scale);
            _y.Scale(scale);
            _width.Scale(scale);
            _height.Scale(scale);
            _x.Position = (aspect / 2) + (scale * ((cos * x) - (sin * y))) + (motion.ShiftX * aspect);
            _y.Position = 0.5 + (scale * ((sin * x) + (cos * y))) + motion.ShiftY;
            _x.Velocity = scale * ((cos * vx) - (sin * vy));
            _y.Velocity = scale * ((sin * vx) + (cos * vy));
            Bound();
        }

        /// <summary>Overlap of both boxes, widened on every side by what is uncertain of this one's place.</summary>
        public float Overlap(in Measured other)
        {
            double margin = Math.Min(Math.Max(_x.Deviation, _y.Deviation), MostMargin * Size) * 2;
            double width = _width.Position + margin, height = _height.Position + margin;
            double otherWidth = other.Width + margin, otherHeight = other.Height + margin;
            double sharedWidth = Shared(_x.Position, width, other.X, otherWidth), sharedHeight = Shared(_y.Position, height, other.Y, otherHeight);
            if (sharedWidth <= 0 || sharedHeight <= 0)
                return 0;
            double shared = sharedWidth * sharedHeight;
            return (float)(shared / ((width * height) + (otherWidth * otherHeight) - shared));
        }

        static double Shared(double a, double lengthA, double b, double lengthB) =>
            Math.Min(a + (lengthA / 2), b + (lengthB / 2)) - Math.Max(a - (lengthA / 2), b - (lengthB / 2));

        public bool IsSure(float evidence) => _evidence >= evidence;

        public bool IsOutside(double aspect) => _x.Position < 0 || _x.Position > aspect || _y.Position < 0 || _y.Position > 1;

        public Track State(MediaTime at, double aspect) => new()
        {
            Id = Id,
            Class = Class,
            Box = new(
                (float)((_x.Position - (_width.Position / 2)) / aspect), (float)(_y.Position - (_height.Position / 2)),
                (float)(_width.Position / aspect), (float)_height.Position),
            Score = _score,
            Born = _born,
            BornBox = _bornBox,
            Seen = Seen,
            At = at,
            IsConfirmed = IsConfirmed,
            VelocityX = (float)(_x.Velocity / aspect),
            VelocityY = (float)_y.Velocity,
        };

        // Whatever is fed in, a track stays near the picture and has a size. No real thing comes near these bounds.
        void Bound()
        {
            _x.Position = Math.Clamp(_x.Position, -4, 8);
            _y.Position = Math.Clamp(_y.Position, -2, 3);
            _x.Velocity = Math.Clamp(_x.Velocity, -50, 50);
            _y.Velocity = Math.Clamp(_y.Velocity, -50, 50);
            _width.Position = Math.Clamp(_width.Position, 1e-4, 8);
            _height.Position = Math.Clamp(_height.Position, 1e-4, 4);
        }

        [InlineArray(Classes)]
        struct Votes
        {
            float _first;
        }
    }
}
