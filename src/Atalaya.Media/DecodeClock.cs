namespace Atalaya.Media;

/// <summary>When a picture is shown, and when it must be decoded for that.</summary>
/// <param name="Presentation">As it came, save where that could not be: see <see cref="DecodeClock"/>.</param>
/// <param name="Duration">Predicted.</param>
/// <param name="Jumped">The sender's clock jumped back, and the times were moved so that they go on.</param>
public readonly record struct UnitTimes(MediaTime Presentation, MediaTime Decode, MediaTime Duration, bool Jumped);

/// <summary>
/// Rebuilds decode times. RTP carries pictures in decode order with the times of their presentation; files want both.
/// </summary>
/// <remarks>
/// With a reorder depth of d, decode time i is the (i − d)-th smallest presentation time so far, the first d extrapolated backwards by the frame
/// duration: exact at any frame rate, even or not. Whatever comes in, decode times rise strictly and none is after its presentation time. Where
/// the presentation times contradict that (equal times, jitter, B-frames deeper than the depth), the presentation time is moved forward,
/// by as little as possible.
/// A presentation time that falls behind more pictures than the depth allows is remembered in <see cref="NeededDepth"/>; the owner takes
/// it over with <see cref="Change"/> at a key frame, because that makes a new format. One that falls further behind than the stream can
/// reorder is a jump of the sender's clock: from then on all times are shifted, so that they go on rising.
/// </remarks>
public sealed class DecodeClock
{
    /// <summary>A decoded picture buffer holds no more (H.264 A.3.1, H.265 A.4.2).</summary>
    public const int MaxDepth = 16;

    /// <summary>Assumed until pictures have come: 25 per second.</summary>
    const long NominalFrame = 3600;

    /// <summary>A step back by more is no reordering, however slow the stream (ticks).</summary>
    const long JumpBack = 4 * MediaTime.TicksPerSecond;

    /// <summary>Where nothing can be reordered, a step back by more is no jitter (ticks).</summary>
    internal const long InOrderJumpBack = MediaTime.TicksPerSecond / 2;

    /// <summary>Longer differences are pauses or losses, not frame durations (ticks).</summary>
    const long LongestFrame = 2 * MediaTime.TicksPerSecond;

    /// <summary>After a longer pause the times before it say nothing of the place of what comes (ticks).</summary>
    const long LongestPause = 10 * MediaTime.TicksPerSecond;

    readonly long[] _window = new long[MaxDepth + 1];   // the Depth + 1 largest presentation times, falling; extrapolated at first
    readonly long[] _seen = new long[MaxDepth + 1];     // the largest that really came, falling
    readonly int _maxDepth;
    int _seenCount;
    long _frame;        // estimate of the frame duration; 0 until known
    long _lastDecode;
    long _shift;        // added to what comes in
    bool _started;
    bool _isEven;       // _lastDecode was a presentation time, or one extrapolated at the same rate

    /// <param name="depth">Pictures that may precede one in decoding and follow it in showing.</param>
    /// <param name="frameDuration">What the stream declares; zero if nothing.</param>
    /// <param name="maxDepth">That the stream's level allows; zero for streams that can't reorder: then nothing is learned.</param>
    public DecodeClock(int depth, MediaTime frameDuration = default, int maxDepth = MaxDepth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, MaxDepth);
        Depth = NeededDepth = depth;
        _frame = Math.Clamp(frameDuration.Ticks, 0, LongestFrame);
        _maxDepth = Math.Clamp(maxDepth, depth, MaxDepth);
    }

    public int Depth { get; private set; }

    /// <summary>The depth that the pictures so far called for; at least <see cref="Depth"/>.</summary>
    public int NeededDepth { get; private set; }

    /// <summary>Estimated from the pictures so far; zero while unknown.</summary>
    public MediaTime FrameDuration => new(_frame);

    /// <summary>Presentation times that had to be moved.</summary>
    public long Moved { get; private set; }

    /// <summary>How far before the first presentation time decode times begin, for a format of this depth: its reorder delay.</summary>
    public static MediaTime DelayFor(int depth, MediaTime frameDuration) =>
        new(depth * (frameDuration > MediaTime.Zero ? Math.Min(frameDuration.Ticks, LongestFrame) : NominalFrame));

    /// <summary>From the next picture on. Decode times go on rising over the change.</summary>
    public void Change(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, MaxDepth);
        Depth = depth;
        NeededDepth = Math.Max(NeededDepth, depth);
        for (int i = 0; i <= depth; i++)
            _window[i] = i < _seenCount ? _seen[i] : i == 0 ? _window[0] : _window[i - 1] - Frame;
    }

    /// <summary>The next picture in decode order.</summary>
    public UnitTimes Next(MediaTime presentation)
    {
        long shown = presentation.Ticks + _shift;
        bool jumped = false;
        if (!_started)
        {
            Restart(shown);
        }
        else if (_seenCount > 0)
        {
            int behind = Behind(shown);
            long next = Math.Max(_seen[0], _lastDecode) + Frame;
            bool beyond = next - shown > JumpBack || (behind > _maxDepth && (_maxDepth > 0 || next - shown > InOrderJumpBack));
            if (beyond && shown <= _lastDecode)
            {
                _shift += next - shown;
                shown = next;
                jumped = true;
                Restart(shown);
            }
            else
            {
                NeededDepth = Math.Max(NeededDepth, Math.Min(behind, _maxDepth));
                // Until the depth is taken over, steps between decode times are several frames: the nearest picture is one frame away.
                if (behind > Depth)
                    _frame = Math.Min(Frame, _seen[behind - 1] - shown);
            }
        }

        long place = Place(shown);
        Insert(_seen, ref _seenCount, MaxDepth + 1, shown);
        long decode = _started ? Math.Max(place, _lastDecode + 1) : place;
        if (decode > shown)
        {
            shown = decode;
            Moved++;
        }

        Learn(decode, isPlace: decode == place);
        _lastDecode = decode;
        _started = true;
        return new(new(shown), new(decode), new(_frame), jumped);
    }

    long Frame => _frame > 0 ? _frame : NominalFrame;

    /// <summary>The time that takes the picture's place in decode order.</summary>
    long Place(long shown)
    {
        int full = Depth + 1;
        Insert(_window, ref full, full, shown);
        if (shown - _window[Depth] > LongestPause)
        {
            Restart(shown);
            Insert(_window, ref full, full, shown);
        }

        return _window[Depth];
    }

    /// <summary>As if pictures at an even rate had led up to <paramref name="shown"/>.</summary>
    void Restart(long shown)
    {
        for (int i = 0; i <= Depth; i++)
            _window[i] = shown - ((i + 1) * Frame);
        _seenCount = 0;
        _isEven = false;
    }

    /// <summary>Decode times are the presentation times put in order: their distance is the frame duration even among B-frames.</summary>
    void Learn(long decode, bool isPlace)
    {
        long step = decode - _lastDecode;
        if (isPlace && _isEven && step <= LongestFrame)
            _frame = step;
        _isEven = isPlace;
    }

    /// <summary>How many pictures that came earlier are shown later. Steps of less than a third of a frame are jitter.</summary>
    int Behind(long shown)
    {
        long jitter = Frame / 3;
        int count = 0;
        while (count < _seenCount && _seen[count] - shown > jitter)
            count++;
        return count;
    }

    static void Insert(long[] falling, ref int count, int capacity, long value)
    {
        int at = count;
        while (at > 0 && falling[at - 1] < value)
            at--;
        if (at == capacity)
            return;
        count = Math.Min(count + 1, capacity);
        for (int i = count - 1; i > at; i--)
            falling[i] = falling[i - 1];
        falling[at] = value;
    }
}
