using System.Numerics;
using System.Runtime.InteropServices;

using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Motion;

/// <summary>
/// Says where something moves that isn't the weather: a background model of one small luma picture (see <see cref="Codec.LumaShrinker"/>). A cell counts when its
/// light <em>and</em> its contrast to its surroundings differ from what was learned there, by more than the noise, sway and flicker learned there; so that
/// headlights, clouds and dusk, which change light and leave contrast, don't count, and leaves, which do, are learned cell by cell.
/// </summary>
/// <remarks>Running mean and deviation after Wren et al. (Pfinder, 1997), selective update; used by one thread at a time. Allocates only when the size changes.</remarks>
public sealed class MotionGate
{
    /// <summary>Cells side by side: 160 make 4 pixels of a usual sub-stream, a person at the far end of a yard two or three.</summary>
    public const int Columns = 160;

    /// <summary>The grid that heat is told in, fine enough to point at a gate or a window.</summary>
    public const int HeatColumns = 32, HeatRows = 18;

    /// <summary>More regions than this are one: the picture.</summary>
    const int MaxRegions = 12;

    // Grey levels: below lies what sensors and codecs do to a still scene.
    const float Floor = 7, ContrastFloor = 4;

    // Deviations beyond which a cell is not itself; of normal noise one in 3000.
    const float Deviations = 3.6f;

    // Grey levels: more than this no noise is learned, or a busy road would be noise in the end.
    const float LargestDeviation = 14;

    // Seconds in which background follows slow light; in which what stands still becomes background; in which flicker is learned and forgotten.
    const double LightSeconds = 8, StandingSeconds = 45, FlickerSeconds = 60, FirstFlickerSeconds = 5;

    // What it takes where it comes and goes once a second, as a multiple of what it takes where nothing does, less one.
    const float FlickerCost = 2.2f;

    // Cells more that it takes for a region where all comes and goes once a second.
    const float RestlessCells = 30;

    // Cells that are marked alone: more of them in a picture is rain or snow, and company counts only in larger groups.
    const double Sprinkled = 12, SprinkledSeconds = 3;

    // Share of cells at once: not something in the scene but the scene, as at a switch to infrared.
    const double WholeScene = 0.45;

    // Seconds after a change of the scene in which it is learned and nothing told; and pictures at least.
    const double LearnSeconds = 1.0;
    const int LearnPictures = 4;

    // Longer without a picture, and what was learned may be wrong.
    const double ForgetSeconds = 60;

    // Whether the camera sways is asked when a twenty-fifth of the cells, of which every fourth is looked at, are lighter or darker than noise makes them: a
    // pole that shakes by a cell changes every edge in the picture, a man close by no more than that.
    const int SwayStep = 4;
    const float SwayLight = 12;
    const double SwayShare = 0.04;

    // Half a cell each way is what noise does to the answer. Beyond a twelfth of the picture too little of what was learned is left to compare with.
    const double LeastSway = 0.5, MostSway = 1 / 12.0;

    // It must explain half of what differs.
    const double SwayExplains = 0.5;

    // A camera that was pushed rests at its new place: then that is learned.
    const double RestSeconds = 5;

    int _rows;
    float[] _value = [], _local = [], _contrast = [], _mean = [], _meanContrast = [], _deviation = [], _deviationContrast = [], _flicker = [], _flickerAround = [], _scratch = [];
    byte[] _raw = [], _rawBefore = [], _confirmed = [], _grown = [], _learnedLuma = [], _aligned = [];
    int[] _stack = [];
    readonly int[] _histogram = new int[511];
    readonly List<Box> _regions = [];
    readonly byte[] _heat = new byte[HeatColumns * HeatRows];
    MediaTime _last, _learningSince, _began, _swaysSince;
    double _sprinkled;      // cells that are marked alone, of late
    int _learned;

    /// <summary>Where it moves, as fractions of the picture, a cell wider on each side; largest first. Valid until the next picture.</summary>
    public IReadOnlyList<Box> Regions => _regions;

    /// <summary>Share of the cells of each field that moved, 0 to 255, row by row.</summary>
    public ReadOnlySpan<byte> Heat => _heat;

    /// <summary>The last picture was so different that the scene is learned anew: a light went on, infrared was switched, the camera turned.</summary>
    public bool SceneChanged { get; private set; }

    /// <summary>Whether it is still learning: nothing is told until it has.</summary>
    public bool IsLearning { get; private set; } = true;

    /// <summary>
    /// How the last picture lies against the one that was learned: a pole that sways in the wind, a camera that was pushed. Pictures are laid over what was
    /// learned before they are compared, so that its edges don't count as motion. <see cref="CameraMotion.None"/> while it hangs still.
    /// </summary>
    public CameraMotion Sway { get; private set; } = CameraMotion.None;

    /// <summary>Rows for a picture, so that cells are about square.</summary>
    public static int RowsFor(int width, int height) => Math.Clamp((int)Math.Round((double)Columns * height / width), 8, Columns * 2);

    /// <summary>Takes the next picture.</summary>
    /// <param name="luma">One byte a cell, <see cref="Columns"/> in a row.</param>
    /// <param name="at">Rising; a step back begins anew.</param>
    /// <returns>Whether anything moves.</returns>
    public bool Update(ReadOnlySpan<byte> luma, int rows, MediaTime at)
    {
        int cells = Columns * rows;
        ArgumentOutOfRangeException.ThrowIfLessThan(luma.Length, cells);
        double seconds = (at - _last).Seconds;
        _last = at;
        _regions.Clear();
        Array.Clear(_heat);
        SceneChanged = false;
        if (rows != _rows)
            Resize(rows);
        bool hangsElsewhere = Lay(luma[..cells], rows, at);
        Take(Sway == CameraMotion.None ? luma : _aligned, rows);
        if (_learned == 0 || seconds <= 0 || seconds > ForgetSeconds)
        {
            _began = at;
            _sprinkled = 0;
            _flicker.AsSpan().Clear();
            Begin(at);
            return false;
        }

        float offset = MedianOfDifference(cells);
        Blur(_flicker, _flickerAround, rows);
        if (Compare(cells, offset, seconds) > cells * WholeScene || hangsElsewhere)
        {
            SceneChanged = !IsLearning;
            if (Sway != CameraMotion.None)
            {
                // What is learned is the picture as it is.
                Sway = CameraMotion.None;
                Take(luma, rows);
            }

            Begin(at);
            return false;
        }

        IsLearning = _learned < LearnPictures || (at - _learningSince).Seconds < LearnSeconds;
        Learn(cells, offset, seconds);
        if (!IsLearning)
        {
            Confirm(rows, seconds);
            FindRegions(rows);
        }

        (_raw, _rawBefore) = (_rawBefore, _raw);
        return _regions.Count > 0;
    }

    /// <summary>The camera turned: what the last picture shows is the scene from now on, and nothing of it moves.</summary>
    public void LearnAnew(MediaTime at)
    {
        _regions.Clear();
        Array.Clear(_heat);
        Begin(at);
    }

    void Take(ReadOnlySpan<byte> luma, int rows)
    {
        for (int i = 0; i < Columns * rows; i++)
            _value[i] = luma[i];
        Blur(_value, _local, rows);
        Subtract(_value, _local, _contrast);
    }

    /// <summary>Lays the picture over what was learned, if the camera sways: then <see cref="_aligned"/> is to be compared.</summary>
    /// <returns>Whether the camera hangs elsewhere now, so that all must be learned anew.</returns>
    bool Lay(ReadOnlySpan<byte> luma, int rows, MediaTime at)
    {
        var before = Sway;
        Sway = CameraMotion.None;
        if (_learned < LearnPictures)
            return false;
        for (int i = 0; i < luma.Length; i++)
            _learnedLuma[i] = (byte)Math.Clamp(_mean[i] + 0.5f, 0, 255);
        int differ = Differing(luma, _learnedLuma);
        if (differ <= luma.Length / SwayStep * SwayShare || CameraMotion.Estimate(_learnedLuma, luma, Columns, rows, Columns) is not { } sway)
            return false;
        double x = Math.Abs(sway.ShiftX), y = Math.Abs(sway.ShiftY);
        if (x * Columns < LeastSway && y * rows < LeastSway && Math.Abs(sway.Scale - 1) * Columns / 2 < LeastSway)
            return false;
        sway.Align(luma, _learnedLuma, _aligned, Columns, rows);
        if (Differing(_aligned, _learnedLuma) > differ * SwayExplains)
            return false;
        if (Math.Max(x, y) > MostSway)
            return true;
        // What rests elsewhere doesn't sway.
        if (before == CameraMotion.None || Math.Abs(sway.ShiftX - before.ShiftX) * Columns > LeastSway || Math.Abs(sway.ShiftY - before.ShiftY) * rows > LeastSway)
            _swaysSince = at;
        Sway = sway;
        return (at - _swaysSince).Seconds > RestSeconds;
    }

    static int Differing(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int count = 0;
        for (int i = 0; i < a.Length; i += SwayStep)
            count += Math.Abs(a[i] - b[i]) > SwayLight ? 1 : 0;
        return count;
    }

    void Resize(int rows)
    {
        _rows = rows;
        int cells = Columns * rows;
        _value = new float[cells];
        _local = new float[cells];
        _contrast = new float[cells];
        _mean = new float[cells];
        _meanContrast = new float[cells];
        _deviation = new float[cells];
        _deviationContrast = new float[cells];
        _flicker = new float[cells];
        _flickerAround = new float[cells];
        _scratch = new float[cells];
        _learnedLuma = new byte[cells];
        _aligned = new byte[cells];
        _raw = new byte[cells];
        _rawBefore = new byte[cells];
        _confirmed = new byte[cells];
        _grown = new byte[cells];
        _stack = new int[cells];
        _learned = 0;
    }

    void Begin(MediaTime at)
    {
        _value.AsSpan().CopyTo(_mean);
        _contrast.AsSpan().CopyTo(_meanContrast);
        _deviation.AsSpan().Fill(2);
        _deviationContrast.AsSpan().Fill(2);
        // What flickers goes on flickering in another light.
        Array.Clear(_rawBefore);
        _learningSince = at;
        _learned = 1;
        IsLearning = true;
    }

    /// <summary>Mean of 7×7 cells: the surroundings of a cell, larger than what moves far away, smaller than a beam of light.</summary>
    void Blur(float[] from, float[] to, int rows)
    {
        const int Reach = 3;
        for (int y = 0; y < rows; y++)
        {
            var row = from.AsSpan(y * Columns, Columns);
            var target = _scratch.AsSpan(y * Columns, Columns);
            float sum = 0;
            for (int x = 0; x < Reach; x++)
                sum += row[x];
            for (int x = 0; x < Columns; x++)
            {
                if (x + Reach < Columns)
                    sum += row[x + Reach];
                if (x - Reach > 0)
                    sum -= row[x - Reach - 1];
                target[x] = sum / (Math.Min(x + Reach, Columns - 1) - Math.Max(x - Reach, 0) + 1);
            }
        }

        Span<float> sums = stackalloc float[Columns];
        sums.Clear();
        for (int y = 0; y < Math.Min(Reach, rows); y++)
            Add(sums, _scratch.AsSpan(y * Columns, Columns), 1);
        for (int y = 0; y < rows; y++)
        {
            if (y + Reach < rows)
                Add(sums, _scratch.AsSpan((y + Reach) * Columns, Columns), 1);
            if (y - Reach > 0)
                Add(sums, _scratch.AsSpan((y - Reach - 1) * Columns, Columns), -1);
            float share = 1f / (Math.Min(y + Reach, rows - 1) - Math.Max(y - Reach, 0) + 1);
            var target = to.AsSpan(y * Columns, Columns);
            for (int x = 0; x < Columns; x++)
                target[x] = sums[x] * share;
        }
    }

    static void Add(Span<float> sums, ReadOnlySpan<float> row, float factor)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(sums);
        var more = MemoryMarshal.Cast<float, Vector<float>>(row);
        var by = new Vector<float>(factor);
        for (int i = 0; i < wide.Length; i++)
            wide[i] += more[i] * by;
        for (int i = wide.Length * Vector<float>.Count; i < sums.Length; i++)
            sums[i] += row[i] * factor;
    }

    static void Subtract(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> to)
    {
        for (int i = 0; i < a.Length; i++)
            to[i] = a[i] - b[i];
    }

    /// <summary>By how much the whole picture is lighter than learned: exposure, clouds. The median, so that what moves has no say.</summary>
    float MedianOfDifference(int cells)
    {
        Array.Clear(_histogram);
        for (int i = 0; i < cells; i++)
            _histogram[(int)MathF.Round(_value[i] - _mean[i]) + 255]++;
        int left = cells / 2, at = 0;
        while ((left -= _histogram[at]) >= 0)
            at++;
        return at - 255;
    }

    /// <summary>Marks the cells that aren't as learned, in <see cref="_raw"/>.</summary>
    /// <returns>How many have another light, whether they are marked or not.</returns>
    int Compare(int cells, float offset, double seconds)
    {
        int count = 0;
        // At first the mean of all there was, later of the last minute.
        double memory = Math.Clamp((_last - _began).Seconds, FirstFlickerSeconds, FlickerSeconds);
        float forget = (float)(1 - Math.Exp(-seconds / memory));
        float perSecond = (float)(1 / Math.Max(seconds, 0.02));
        for (int i = 0; i < cells; i++)
        {
            // A gust goes through the whole crown, so what flickers around a cell counts for it too.
            float patience = 1 + (FlickerCost * Math.Max(_flicker[i], _flickerAround[i]));
            float light = Math.Abs(_value[i] - _mean[i] - offset);
            // More light makes proportionally more contrast of the same surface.
            float gain = Math.Clamp((_local[i] + 8) / (_mean[i] - _meanContrast[i] + 8), 0.25f, 4f);
            float contrast = Math.Abs(_contrast[i] - (_meanContrast[i] * gain));
            bool lit = light > (Floor + (Deviations * _deviation[i])) * patience;
            bool differs = lit && contrast > (ContrastFloor + (Deviations * _deviationContrast[i])) * patience;
            byte now = differs ? (byte)1 : (byte)0;
            _flicker[i] += ((now != _rawBefore[i] ? perSecond : 0) - _flicker[i]) * forget;
            _raw[i] = now;
            count += lit ? 1 : 0;
        }

        return count;
    }

    void Learn(int cells, float offset, double seconds)
    {
        _learned++;
        // At first the mean of all pictures so far, later a running one.
        float first = _learned < 30 ? 1f / _learned : 0;
        float follow = Math.Max(first, (float)(1 - Math.Exp(-seconds / LightSeconds)));
        float stand = IsLearning ? follow : (float)(1 - Math.Exp(-seconds / StandingSeconds));
        var followed = new Vector<float>(follow);
        var stood = new Vector<float>(stand);
        var shift = new Vector<float>(offset);
        var most = new Vector<float>(LargestDeviation);
        int width = Vector<float>.Count;
        Span<float> marked = stackalloc float[width];
        int i = 0;
        for (; i + width <= cells; i += width)
        {
            for (int k = 0; k < width; k++)
                marked[k] = _raw[i + k];
            // What comes and goes belongs to the scene and is learned like it.
            var swaying = Vector.Max(stood, followed * Vector.Min(Vector<float>.One, new Vector<float>(_flicker, i)));
            var rate = Vector.ConditionalSelect(Vector.Equals(new Vector<float>(marked), Vector<float>.Zero), followed, swaying);
            var light = new Vector<float>(_value, i) - new Vector<float>(_mean, i);
            var contrast = new Vector<float>(_contrast, i) - new Vector<float>(_meanContrast, i);
            var deviation = new Vector<float>(_deviation, i);
            var deviationContrast = new Vector<float>(_deviationContrast, i);
            // What differs says little about noise: it is learned from as much as a large deviation would be.
            (deviation + (rate * (Vector.Min(Vector.Abs(light - shift), most) - deviation))).CopyTo(_deviation, i);
            (deviationContrast + (rate * (Vector.Min(Vector.Abs(contrast), most) - deviationContrast))).CopyTo(_deviationContrast, i);
            (new Vector<float>(_mean, i) + (rate * light)).CopyTo(_mean, i);
            (new Vector<float>(_meanContrast, i) + (rate * contrast)).CopyTo(_meanContrast, i);
        }

        for (; i < cells; i++)
        {
            float rate = _raw[i] == 0 ? follow : Math.Max(stand, follow * Math.Min(1, _flicker[i]));
            float light = _value[i] - _mean[i], contrast = _contrast[i] - _meanContrast[i];
            _deviation[i] += rate * (Math.Min(Math.Abs(light - offset), LargestDeviation) - _deviation[i]);
            _deviationContrast[i] += rate * (Math.Min(Math.Abs(contrast), LargestDeviation) - _deviationContrast[i]);
            _mean[i] += rate * light;
            _meanContrast[i] += rate * contrast;
        }
    }

    /// <summary>
    /// A marked cell counts with company: enough marked neighbours, or some now and some in the picture before. Drops of rain and single sparks have neither.
    /// </summary>
    void Confirm(int rows, double seconds)
    {
        bool sprinkled = _sprinkled > Sprinkled;
        int alone = 0;
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < Columns; x++)
            {
                int i = (y * Columns) + x;
                _confirmed[i] = 0;
                if (_raw[i] == 0)
                    continue;
                int now = 0, before = 0;
                for (int yy = Math.Max(0, y - 1); yy <= Math.Min(rows - 1, y + 1); yy++)
                {
                    for (int xx = Math.Max(0, x - 1); xx <= Math.Min(Columns - 1, x + 1); xx++)
                    {
                        now += _raw[(yy * Columns) + xx];
                        before += _rawBefore[(yy * Columns) + xx];
                    }
                }

                if (now < 5 && before == 0)
                    alone++;
                if (now >= (sprinkled ? 7 : 5) || (sprinkled ? now >= 4 && before >= 3 : now >= 2 && before >= 2))
                    _confirmed[i] = 1;
            }
        }

        _sprinkled += (alone - _sprinkled) * (1 - Math.Exp(-seconds / SprinkledSeconds));
    }

    void FindRegions(int rows)
    {
        Array.Clear(_grown);
        Span<int> fields = stackalloc int[HeatColumns * HeatRows];
        fields.Clear();
        const int Reach = 2;    // Parts of one body lie this close.
        for (int y = 0; y < rows; y++)
        {
            for (int x = 0; x < Columns; x++)
            {
                if (_confirmed[(y * Columns) + x] == 0)
                    continue;
                fields[(y * HeatRows / rows * HeatColumns) + (x * HeatColumns / Columns)]++;
                for (int yy = Math.Max(0, y - Reach); yy <= Math.Min(rows - 1, y + Reach); yy++)
                    _grown.AsSpan((yy * Columns) + Math.Max(0, x - Reach), Math.Min(Columns - 1, x + Reach) - Math.Max(0, x - Reach) + 1).Fill(1);
            }
        }

        double perField = (double)Columns * rows / (HeatColumns * HeatRows);
        for (int i = 0; i < fields.Length; i++)
            _heat[i] = (byte)(fields[i] == 0 ? 0 : Math.Clamp((int)(fields[i] * 255 / perField), 1, 255));

        for (int start = 0; start < Columns * rows; start++)
        {
            if (_grown[start] == 1)
                Collect(start, rows);
        }

        _regions.Sort(static (a, b) => b.Area.CompareTo(a.Area));
        if (_regions.Count > MaxRegions)
        {
            // The smallest ones in one: nothing that moves is left out.
            var rest = _regions[MaxRegions - 1];
            foreach (var region in _regions.Skip(MaxRegions))
                rest = Union(rest, region);
            _regions.RemoveRange(MaxRegions - 1, _regions.Count - MaxRegions + 1);
            _regions.Add(rest);
        }
    }

    void Collect(int start, int rows)
    {
        int left = Columns, right = 0, top = rows, bottom = 0, moving = 0, depth = 0;
        float restless = 0;
        _stack[depth++] = start;
        _grown[start] = 2;
        while (depth > 0)
        {
            int at = _stack[--depth], x = at % Columns, y = at / Columns;
            if (_confirmed[at] == 1)
            {
                moving++;
                restless += _flickerAround[at];
                (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x), Math.Min(top, y), Math.Max(bottom, y));
            }

            if (x > 0)
                Visit(at - 1);
            if (x < Columns - 1)
                Visit(at + 1);
            if (y > 0)
                Visit(at - Columns);
            if (y < rows - 1)
                Visit(at + Columns);
        }

        // Two cells, because less is no more than one cell and its echo; where leaves come and go, more than a branch.
        if (moving == 0 || moving < 2 + (RestlessCells * restless / moving))
            return;
        float x0 = Math.Max(0, left - 1) / (float)Columns, y0 = Math.Max(0, top - 1) / (float)rows;
        var region = new Box(x0, y0, (Math.Min(Columns, right + 2) / (float)Columns) - x0, (Math.Min(rows, bottom + 2) / (float)rows) - y0);
        _regions.Add(Sway == CameraMotion.None ? region : Sway.Move(region));

        void Visit(int next)
        {
            if (_grown[next] != 1)
                return;
            _grown[next] = 2;
            _stack[depth++] = next;
        }
    }

    static Box Union(Box a, Box b)
    {
        float x = Math.Min(a.X, b.X), y = Math.Min(a.Y, b.Y);
        return new(x, y, Math.Max(a.Right, b.Right) - x, Math.Max(a.Bottom, b.Bottom) - y);
    }
}
