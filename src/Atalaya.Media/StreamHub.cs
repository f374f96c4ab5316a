namespace Atalaya.Media;

/// <summary>What a reader that can't keep up loses. Either way the next unit it reads is a key frame and carries the count of those lost.</summary>
public enum Overflow
{
    /// <summary>For disk: what is queued stays and is read; what comes is lost until the queue is empty again. The writer ends its segment there, with a gap.</summary>
    EndSegment,

    /// <summary>For viewers and analysis: what is queued is stale and thrown away.</summary>
    SkipToKeyFrame,
}

/// <summary>Why nothing comes any more. The same words as a gap's cause.</summary>
public enum BreakCause
{
    Camera,
    Network,
    Unauthorised,
    Operator,
    Shutdown,
}

/// <summary>The source ended; a later unit belongs to a new run with a new media clock.</summary>
/// <param name="Detail">One sentence for a technician.</param>
public sealed record StreamBreak(BreakCause Cause, string Detail, WallTime At);

/// <summary>One thing a reader got: either a unit or a break.</summary>
/// <param name="Skipped">Units of this stream that this reader lost just before.</param>
public readonly record struct HubItem(AccessUnit? Unit, StreamBreak? Break, long Skipped);

/// <summary>Fans one stream out to its readers. Publishing never blocks and never waits for a reader.</summary>
/// <remarks>Publish and Break are called by the one loop that owns the session; readers come and go on any thread.</remarks>
public sealed class StreamHub(bool keepGroup = false)
{
    /// <summary>A group longer than this is not kept: joining viewers wait for the next key frame instead.</summary>
    const int MaxGroupUnits = 1024, MaxGroupBytes = 16 << 20;

    readonly Lock _gate = new();
    readonly List<AccessUnit> _group = [];  // since the last key frame; under _gate
    HubReader[] _readers = [];              // replaced, never changed; under _gate to write
    int _groupBytes;
    bool _groupOpen;

    public bool HasReaders => Volatile.Read(ref _readers).Length > 0;

    /// <summary>
    /// Starts reading: with the current group of pictures where the hub keeps it, otherwise with the next key frame.
    /// </summary>
    /// <param name="capacity">Units that may wait, at least 2.</param>
    /// <param name="batch">The reader is woken when so much media waits, or at a break; zero wakes it for each unit.</param>
    /// <param name="maxBytes">Bytes that may wait.</param>
    public HubReader Open(int capacity, Overflow overflow, MediaTime batch = default, long maxBytes = 32 << 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        var reader = new HubReader(this, capacity, overflow, batch, maxBytes);
        lock (_gate)
        {
            if (_group.Count < capacity && _groupBytes < maxBytes)
            {
                foreach (var unit in _group)
                    reader.Offer(unit);
            }

            _readers = [.. _readers, reader];
        }

        return reader;
    }

    /// <summary>Lends the unit to every reader; the caller keeps its own reference.</summary>
    public void Publish(AccessUnit unit)
    {
        HubReader[] readers;
        if (keepGroup)
        {
            // Under the gate, so that a reader that joins gets each unit once: from the group or from here.
            lock (_gate)
            {
                Keep(unit);
                readers = _readers;
                foreach (var reader in readers)
                    reader.Offer(unit);
            }
        }
        else
        {
            readers = Volatile.Read(ref _readers);
            foreach (var reader in readers)
                reader.Offer(unit);
        }

        foreach (var reader in readers)
            reader.WakeIfDue();
    }

    /// <summary>Tells every reader that the run has ended.</summary>
    public void Break(StreamBreak reason)
    {
        HubReader[] readers;
        lock (_gate)
        {
            Forget();
            readers = _readers;
            foreach (var reader in readers)
                reader.Offer(reason);
        }

        foreach (var reader in readers)
            reader.WakeIfDue();
    }

    internal void Remove(HubReader reader)
    {
        lock (_gate)
            _readers = [.. _readers.Where(r => r != reader)];
    }

    void Keep(AccessUnit unit)
    {
        if (unit.IsVideo && unit.IsKey)
        {
            Forget();
            _groupOpen = true;
        }

        if (!_groupOpen)
            return;
        if (_group.Count == MaxGroupUnits || _groupBytes + unit.Data.Length > MaxGroupBytes)
        {
            Forget();
            return;
        }

        unit.Retain();
        _group.Add(unit);
        _groupBytes += unit.Data.Length;
    }

    void Forget()
    {
        foreach (var unit in _group)
            unit.Release();
        _group.Clear();
        _groupBytes = 0;
        _groupOpen = false;
    }
}

/// <summary>One consumer's bounded queue. Read by one thread or loop at a time.</summary>
public sealed class HubReader : IDisposable
{
    const int MaxBreaks = 64;

    readonly StreamHub _hub;
    readonly int _capacity;
    readonly long _maxBytes;
    readonly Overflow _overflow;
    readonly MediaTime _batch;
    readonly Lock _gate = new();
    readonly Queue<HubItem> _queue = new();     // all below: under _gate
    long _bytes, _skipped;
    bool _overflowed, _due, _signalled, _closed;
    bool _sawVideo;         // in this run
    bool _pictureOpen;      // a key frame was queued and nothing lost since: the pictures after it can be decoded
    MediaTime _first;
    int _units, _breaks;
    TaskCompletionSource<bool>? _waiter;
    Action? _ready;

    internal HubReader(StreamHub hub, int capacity, Overflow overflow, MediaTime batch, long maxBytes)
    {
        _hub = hub;
        _capacity = capacity;
        _overflow = overflow;
        _batch = batch;
        _maxBytes = maxBytes;
    }

    /// <summary>Units lost by this reader since it was opened.</summary>
    public long TotalSkipped { get; private set; }

    /// <summary>
    /// Called on the publisher's thread, once, when something is due; again only after <see cref="TryRead"/> has returned false. Must be quick.
    /// </summary>
    public void OnReady(Action ready)
    {
        bool now;
        lock (_gate)
        {
            _ready = ready;
            now = _due && !_signalled && !_closed;
            _signalled |= now;
        }

        if (now)
            ready();
    }

    /// <summary>The next thing, if any; a unit's reference is then the caller's.</summary>
    public bool TryRead(out HubItem item)
    {
        lock (_gate)
        {
            if (_queue.TryDequeue(out item))
            {
                if (item.Unit is { } unit)
                {
                    _units--;
                    _bytes -= unit.Data.Length;
                }
                else
                {
                    _breaks--;
                }

                return true;
            }

            _due = _signalled = false;
            return false;
        }
    }

    /// <summary>True when there is something to read, false when the reader was disposed.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            if (_closed)
                return ValueTask.FromResult(false);
            if (_due && _queue.Count > 0)
                return ValueTask.FromResult(true);
            _waiter ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(_waiter.Task.WaitAsync(stop));
        }
    }

    public void Dispose()
    {
        _hub.Remove(this);
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            DropUnits();
            _queue.Clear();
            waiter = _waiter;
            _waiter = null;
        }

        waiter?.TrySetResult(false);
    }

    internal void Offer(AccessUnit unit)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            _sawVideo |= unit.IsVideo;
            if (_overflowed && _units == 0)
                _overflowed = false;
            if (_overflowed || MustWait(unit))
            {
                // Before its first key frame a reader has lost nothing: it only waits.
                if (_overflowed || _skipped > 0)
                    Lose(1);
                return;
            }

            if (_units == _capacity || _bytes + unit.Data.Length > _maxBytes)
            {
                _pictureOpen = false;
                _overflowed = _overflow == Overflow.EndSegment;
                if (!_overflowed)
                    Lose(DropUnits());
                if (_overflowed || MustWait(unit) || unit.Data.Length > _maxBytes)
                {
                    _due |= _queue.Count > 0;
                    Lose(1);
                    return;
                }
            }

            _pictureOpen |= unit.IsVideo;
            unit.Retain();
            if (_units == 0)
                _first = unit.Decode;
            _queue.Enqueue(new(unit, null, _skipped));
            _skipped = 0;
            _units++;
            _bytes += unit.Data.Length;
            _due |= _batch <= MediaTime.Zero || unit.Decode - _first >= _batch || _units * 2 >= _capacity || _bytes * 2 >= _maxBytes;
        }
    }

    internal void Offer(StreamBreak reason)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            if (_breaks == MaxBreaks)
            {
                // Nobody has read for a long time. One break stands for all of them, and what lay between is lost.
                Lose(DropUnits());
                while (_queue.TryDequeue(out var old))
                    _skipped += old.Skipped;
                _breaks = 0;
            }

            _queue.Enqueue(new(null, reason, _skipped));
            _breaks++;
            _skipped = 0;
            _pictureOpen = false;
            _sawVideo = false;
            _due = true;
        }
    }

    internal void WakeIfDue()
    {
        Action? ready = null;
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            if (!_due || _closed)
                return;
            waiter = _waiter;
            _waiter = null;
            if (!_signalled && _ready is not null)
            {
                _signalled = true;
                ready = _ready;
            }
        }

        waiter?.TrySetResult(true);
        ready?.Invoke();
    }

    void Lose(long units)
    {
        _skipped += units;
        TotalSkipped += units;
    }

    // Pictures wait for a key frame; sound, where there are pictures too, waits with them.
    bool MustWait(AccessUnit unit) => !_pictureOpen && (unit.IsVideo ? !unit.IsKey : _sawVideo);

    int DropUnits()
    {
        int dropped = _units;
        for (int left = _queue.Count; left > 0; left--)
        {
            var item = _queue.Dequeue();
            if (item.Unit is null)
            {
                _queue.Enqueue(item);
                continue;
            }

            item.Unit.Release();
            _skipped += item.Skipped;   // was counted in the total already; still has to be told
        }

        _units = 0;
        _bytes = 0;
        return dropped;
    }
}
