namespace Atalaya.Media.Rtp;

/// <summary>What a NAL unit means for the grouping into access units.</summary>
enum NalKind
{
    /// <summary>Slice data that goes on with the open picture, or that says nothing of its place.</summary>
    Slice,
    /// <summary>Slice data that begins a picture.</summary>
    FirstSlice,
    /// <summary>Belongs before slices: SEI and the like.</summary>
    Leading,
    /// <summary>Belongs after slices.</summary>
    Trailing,
    ParameterSet,
    /// <summary>Access unit delimiter: left out.</summary>
    Delimiter,
    /// <summary>No NAL unit that may stand here.</summary>
    Invalid,
}

/// <summary>
/// Groups NAL units into access units: what H.264 and H.265 have in common. A subclass takes payloads apart and knows the headers.
/// </summary>
/// <remarks>
/// <para>A unit ends at the marker bit, so that it costs no waiting. The first two are held until the next packet proves that the camera's
/// marker means the end of a picture; where it doesn't (a marker on each slice, or none ever), units end at the next timestamp, or at the first
/// slice of another picture where timestamps repeat, one packet later.</para>
/// <para>What a unit holds: every NAL unit as it came, byte for byte and in order, but for access unit delimiters and the parameter sets of its
/// format. Parameter sets that differ make a new format at the next key frame; ahead of other pictures they stay in the unit.
/// NAL units other than slices that come with an older timestamp than the slices they precede belong to these.</para>
/// </remarks>
public abstract class VideoDepacketizer : Depacketizer
{
    /// <summary>Of NAL units that wait for their picture; more than that is no picture's (bytes).</summary>
    const int MaxLeadingBytes = 1 << 20;

    /// <summary>Units whose end the next packet must confirm before the marker alone is believed.</summary>
    const int UnitsToTrustMarker = 2;

    /// <summary>NAL units with slices that are searched for start codes before the camera is believed not to send any.</summary>
    const int NalUnitsToSearch = 64;

    readonly UnitBuffer _buffer;
    readonly List<byte[]> _changed = [];        // parameter sets that came since the format was made

    int _appended;                              // of these, so many are in a unit's data already
    DecodeClock? _clock;
    PacketTimes _times;         // of the packet at hand

    // The open unit:
    MediaTime _at;
    MonotonicTime _arrival;
    WallTime _wall;
    bool _hasSlice, _isKey, _damaged, _markerSeen, _lying;
    int _tail = -1;             // where NAL units begin that follow its slices and probably belong to the next unit; -1: none

    // The open NAL unit, in fragments:
    int _nalAt = -1;            // offset of its length; -1: none open
    bool _inFragments, _skipFragments, _endedByMarker;

    bool _afterLoss;            // the next unit emitted is the first after something was lost
    bool _mayLackStart = true;  // packets before the next one were not seen
    bool _closedByMarker;       // the last unit, at _closedAt
    MediaTime _closedAt;
    int _trust;
    bool _markerLies;
    int _searched;
    bool _findsStartCodes;

    private protected VideoDepacketizer(BlockPool pool) => _buffer = new(pool);

    /// <summary>The time of the packet at hand.</summary>
    private protected MediaTime Now => _times.Media;

    public sealed override void Push(in RtpPacket packet, in PacketTimes times)
    {
        _times = times;
        if (packet.Payload.IsEmpty)
        {
            // Some cameras keep a connection open with these.
            if (packet.Marker)
                Marker();
            return;
        }

        Unpack(packet.Payload);
        if (!packet.Marker)
            return;
        if (_inFragments && !_markerLies)
        {
            // The end bit is missing, the marker says it all the same.
            _endedByMarker = true;
            EndFragments();
        }

        Marker();
    }

    public sealed override void Lost(int packets)
    {
        _afterLoss = true;
        _mayLackStart = true;
        if (_inFragments || _hasSlice)
            Damage();
        _inFragments = false;
        _nalAt = -1;
        _skipFragments = true;
    }

    public override void Dispose()
    {
        base.Dispose();
        _buffer.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes a payload apart and calls <see cref="Nal"/>, <see cref="BeginFragments"/> and so on.</summary>
    private protected abstract void Unpack(ReadOnlySpan<byte> payload);

    /// <param name="start">A NAL unit, or as much of it as its first fragment holds; at least its header.</param>
    /// <param name="mayContinue">There is an open picture that a slice may belong to.</param>
    private protected abstract NalKind Classify(ReadOnlySpan<byte> start, bool mayContinue);

    /// <summary>The slice last classified lets a decoder start.</summary>
    private protected abstract bool SliceIsKey();

    /// <summary>A slice was added to the open unit; says whether the unit is still a key frame, given that it was.</summary>
    private protected abstract bool StaysKey();

    /// <summary>The slice last classified begins at the picture's first block.</summary>
    private protected abstract bool SliceIsAtStart();

    /// <summary>A whole NAL unit that is neither slice nor parameter set passed.</summary>
    private protected virtual void Seen(ReadOnlySpan<byte> nal)
    {
    }

    private protected abstract bool InForce(ReadOnlySpan<byte> parameterSet);

    /// <summary>False if it can't be parsed.</summary>
    private protected abstract bool TryAddParameterSet(ReadOnlySpan<byte> nal);

    /// <summary>Same kind and id: the one replaces the other.</summary>
    private protected abstract bool Replaces(ReadOnlySpan<byte> parameterSet, ReadOnlySpan<byte> other);

    /// <summary>The format that the parameter sets and the slice last classified make, or null.</summary>
    private protected abstract (VideoFormat Format, int Depth, int MaxDepth)? MakeFormat(int reorderDepth, MediaTime frameDuration);

    /// <summary>The slice last classified may use other parameter sets than the format is of.</summary>
    private protected abstract bool UsesOtherSets();

    /// <summary>For what makes no sense in a payload: counted, and the unit it may have been part of is given up.</summary>
    private protected void Refuse()
    {
        Malformed++;
        _inFragments = false;
        _skipFragments = true;
        Damage();
    }

    /// <summary>For elementary streams: one NAL unit, all at the same time. The units end where the syntax says so.</summary>
    internal void PushNal(ReadOnlySpan<byte> nal, in PacketTimes times)
    {
        _times = times;
        _mayLackStart = false;
        _findsStartCodes = false;
        _searched = NalUnitsToSearch;
        Nal(nal);
    }

    /// <summary>Ends the open unit: nothing follows, so that what looked like the beginning of another belongs to it.</summary>
    internal void Flush()
    {
        _tail = -1;
        if (_hasSlice)
            Close();
    }

    private protected void Nal(ReadOnlySpan<byte> nal)
    {
        AbandonFragments();
        _skipFragments = _endedByMarker = false;
        if (nal.IsEmpty)
        {
            Malformed++;
            return;
        }

        if (ShouldSearch(nal) && StartCode(nal) is var at && at >= 0)
        {
            Split(nal, at);
            return;
        }

        if (Open(nal) && !(_buffer.TryAppendUInt32((uint)nal.Length) && _buffer.TryAppend(nal)))
            Refuse();
    }

    /// <param name="header">The NAL unit's header, which fragments carry apart.</param>
    /// <param name="data">What follows it, as far as the first fragment holds it.</param>
    private protected void BeginFragments(ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        AbandonFragments();
        _skipFragments = _endedByMarker = false;
        Span<byte> start = stackalloc byte[64];
        header.CopyTo(start);
        int more = Math.Min(data.Length, start.Length - header.Length);
        data[..more].CopyTo(start[header.Length..]);
        // A parameter set is looked at when it is whole.
        bool append = Open(start[..(header.Length + more)], inFragments: true);
        _inFragments = true;
        if (!append)
            return;
        _nalAt = _buffer.Length;
        if (!(_buffer.TryAppendUInt32(0) && _buffer.TryAppend(header) && _buffer.TryAppend(data)))
            Refuse();
    }

    /// <param name="slice">By its header it is part of a slice.</param>
    private protected void ContinueFragments(ReadOnlySpan<byte> data, bool slice)
    {
        if (!_inFragments)
        {
            Stray(slice);
            return;
        }

        if (_at != _times.Media && _hasSlice && !_damaged)
        {
            // The rest of it never came.
            Refuse();
            return;
        }

        Touch();
        if (_nalAt >= 0 && !_buffer.TryAppend(data))
            Refuse();
    }

    /// <summary>The start of this NAL unit is missing.</summary>
    void Stray(bool slice)
    {
        if (_endedByMarker)
            _markerLies = true;
        // After a loss that is no fault of the camera's.
        if (!_skipFragments)
            Malformed++;
        _skipFragments = true;
        if (_hasSlice && _times.Media != _at)
            Close(byTime: true);
        if (slice && !_hasSlice)
        {
            // A picture that is given up, and counted when it ends.
            BeginUnit();
            _hasSlice = true;
        }

        if (slice)
            Damage();
    }

    private protected void EndFragments()
    {
        if (!_inFragments)
            return;
        _inFragments = false;
        int at = _nalAt;
        _nalAt = -1;
        if (at < 0)
            return;
        var nal = _buffer.Written[(at + 4)..];
        int startCode = ShouldSearch(nal) ? StartCode(nal) : -1;
        var kind = Peek(nal);
        if (startCode < 0 && kind != NalKind.ParameterSet)
        {
            _buffer.PatchUInt32(at, (uint)nal.Length);
            if (kind is NalKind.Leading or NalKind.Trailing)
                Seen(nal);
            return;
        }

        byte[] copy = nal.ToArray();
        _buffer.Truncate(at);
        if (startCode >= 0)
        {
            if (kind is NalKind.Slice or NalKind.FirstSlice)
                PutBack(copy, startCode);
            else
                Split(copy, startCode);
        }
        else
        {
            Open(copy);
        }
    }

    /// <summary>The kind by the header alone; of a slice only that it is one.</summary>
    private protected abstract NalKind Peek(ReadOnlySpan<byte> nal);

    /// <summary>Makes room for a NAL unit that begins: ends the unit before it if it belongs to the next. True if it is to be appended.</summary>
    bool Open(ReadOnlySpan<byte> nal, bool inFragments = false)
    {
        if (_hasSlice && _times.Media != _at)
            Close(byTime: true);
        var kind = Classify(nal, mayContinue: _hasSlice || (_closedByMarker && !_mayLackStart && _closedAt == _times.Media));
        switch (kind)
        {
            case NalKind.Invalid:
                Refuse();
                return false;

            case NalKind.Delimiter:
                if (_hasSlice)
                    MarkTail();
                return false;

            case NalKind.ParameterSet when inFragments:
                return !_damaged;

            case NalKind.ParameterSet:
                AddParameterSet(nal);
                return false;

            case NalKind.Leading or NalKind.Trailing:
                if (_hasSlice && kind == NalKind.Leading)
                {
                    if (_damaged)
                        Close();
                    else
                        MarkTail();
                }

                if (!_hasSlice)
                    BeginUnit();
                if (!inFragments)
                    Seen(nal);
                Touch();
                if (!_hasSlice && _buffer.Length > MaxLeadingBytes)
                {
                    Malformed++;
                    _buffer.Truncate(0);
                }

                return !_damaged;

            default:
                return OpenSlice(nal, kind == NalKind.FirstSlice);
        }
    }

    bool OpenSlice(ReadOnlySpan<byte> nal, bool first)
    {
        if (_hasSlice && first)
            Close(byTime: true);
        if (_hasSlice)
        {
            // It goes on: what looked like the beginning of the next unit stands between two slices.
            _tail = -1;
            if (_markerSeen)
                _lying = true;
            _isKey = _isKey && StaysKey();
            Touch();
            return !_damaged;
        }

        BeginUnit();
        if (!first && _closedByMarker && _closedAt == _at && !_mayLackStart)
        {
            // The unit before ended too early: this camera sets the marker on each slice.
            _markerLies = true;
            Malformed++;
            _damaged = true;
        }
        else if (_mayLackStart && !SliceIsAtStart())
        {
            _damaged = true;
        }

        _mayLackStart = _damaged;
        _hasSlice = true;
        if (_damaged)
            _buffer.Truncate(0);
        _isKey = SliceIsKey();
        if (!_isKey && Format is not null)
            AppendChangedSets();
        else if (TakeOverSets())
            Classify(nal, mayContinue: false);
        Touch();
        return !_damaged;
    }

    /// <summary>A unit without slices yet takes the time of what comes: cameras send parameter sets with the time of the picture before.</summary>
    void BeginUnit() => _at = _times.Media;

    void Touch()
    {
        _arrival = _times.Arrival;
        _wall = _times.Wall;
    }

    void MarkTail()
    {
        if (_tail < 0)
            _tail = _buffer.Length;
    }

    /// <summary>The marker bit: the picture is complete, if this camera can be believed.</summary>
    void Marker()
    {
        if (!_hasSlice || _inFragments || _times.Media != _at)
            return;
        if (!_markerLies && _trust >= UnitsToTrustMarker)
        {
            _tail = -1;
            Close(byMarker: true);
        }
        else
        {
            _markerSeen = true;
        }
    }

    void Close(bool byTime = false, bool byMarker = false)
    {
        if (_inFragments)
        {
            // Its last fragment never came.
            _inFragments = false;
            _nalAt = -1;
            Malformed++;
            Damage();
        }

        if (_lying)
            _markerLies = true;
        else if (byTime && _markerSeen && !_damaged)
            _trust++;
        _closedByMarker = byMarker;
        _closedAt = _at;

        if (_damaged || Format is null || _buffer.Length == 0 || _tail == 0)
        {
            UnitsDropped++;
            _afterLoss = true;
            DropBefore(_tail);
        }
        else
        {
            Finish();
        }

        _hasSlice = _isKey = _damaged = _markerSeen = _lying = false;
        _tail = -1;
    }

    void Finish()
    {
        var (block, data) = _buffer.Take();
        if (_tail >= 0 && _tail < data.Length)
        {
            // The few bytes that begin the next unit move over.
            _buffer.TryAppend(data.Span[_tail..]);
            data = data[.._tail];
        }

        var times = _clock!.Next(_at);
        Emit(new(Format!, data, block)
        {
            Presentation = times.Presentation,
            Decode = times.Decode,
            Duration = times.Duration,
            IsKey = _isKey,
            AfterLoss = _afterLoss || times.Jumped,
            Arrival = _arrival,
            Wall = _wall,
        });
        _afterLoss = false;
    }

    void DropBefore(int tail)
    {
        if (tail < 0 || tail >= _buffer.Length)
        {
            _buffer.Truncate(0);
            return;
        }

        byte[] kept = _buffer.Written[tail..].ToArray();
        _buffer.Truncate(0);
        _buffer.TryAppend(kept);
    }

    /// <summary>The open unit never gets out; its bytes so far go.</summary>
    void Damage()
    {
        _mayLackStart = true;
        _afterLoss = true;
        _nalAt = -1;
        _tail = -1;
        _buffer.Truncate(0);
        if (_hasSlice)
            _damaged = true;
    }

    void AbandonFragments()
    {
        if (!_inFragments)
            return;
        _inFragments = false;
        int at = _nalAt;
        _nalAt = -1;
        Malformed++;
        if (_hasSlice && _tail < 0)
            Damage();
        else if (at >= 0)
            _buffer.Truncate(at);
    }

    void AddParameterSet(ReadOnlySpan<byte> nal)
    {
        if (_hasSlice)
            MarkTail();
        else
            BeginUnit();
        if (InForce(nal))
        {
            Forget(nal);
            return;
        }

        if (nal.Length > H264.H264ParameterSets.MaxSetBytes)
        {
            Malformed++;
            return;
        }

        foreach (byte[] known in _changed)
        {
            if (nal.SequenceEqual(known))
                return;
        }

        Forget(nal);
        if (_changed.Count < 64)
            _changed.Add(nal.ToArray());
        else
            Malformed++;
    }

    void Forget(ReadOnlySpan<byte> nal)
    {
        for (int i = _changed.Count - 1; i >= 0; i--)
        {
            if (!Replaces(nal, _changed[i]))
                continue;
            _changed.RemoveAt(i);
            if (i < _appended)
                _appended--;
        }
    }

    void AppendChangedSets()
    {
        if (_damaged)
            return;
        for (; _appended < _changed.Count; _appended++)
        {
            byte[] nal = _changed[_appended];
            if (!(_buffer.TryAppendUInt32((uint)nal.Length) && _buffer.TryAppend(nal)))
                Refuse();
        }
    }

    /// <summary>Parameter sets that the session description gave.</summary>
    private protected void Declare(ReadOnlySpan<byte> nal)
    {
        if (!TryAddParameterSet(nal))
            Malformed++;
    }

    /// <summary>A picture begins that may begin a format. True if the sets changed, and with them the reading of the slice.</summary>
    private protected bool TakeOverSets()
    {
        bool changed = false;
        foreach (byte[] nal in _changed)
        {
            if (TryAddParameterSet(nal))
                changed = true;
            else
                Malformed++;
        }

        _changed.Clear();
        _appended = 0;
        int needed = _clock?.NeededDepth ?? 0;
        if (changed || Format is null || needed > _clock!.Depth || UsesOtherSets())
            Renew(needed);
        return changed;
    }

    void Renew(int neededDepth)
    {
        if (MakeFormat(neededDepth, _clock?.FrameDuration ?? default) is not { } made)
            return;
        if (!made.Format.Equals(Format))
            Format = made.Format;
        if (_clock is null)
            _clock = new(made.Depth, made.Format.FrameDuration, made.MaxDepth);
        else if (_clock.Depth != made.Depth)
            _clock.Change(made.Depth);
    }

    /// <summary>
    /// Parameter sets and delimiters are always searched, for they are short; slices at first. SEI never is: signed video holds
    /// bytes without emulation prevention there, and must come through untouched.
    /// </summary>
    bool ShouldSearch(ReadOnlySpan<byte> nal)
    {
        var kind = Peek(nal);
        if (kind is NalKind.ParameterSet or NalKind.Delimiter)
            return true;
        if (kind is not (NalKind.Slice or NalKind.FirstSlice))
            return false;
        if (_findsStartCodes)
            return true;
        if (_searched >= NalUnitsToSearch)
            return false;
        _searched++;
        return true;
    }

    /// <summary>Where a start code stands, which no NAL unit may hold (H.264 7.4.1): some cameras send Annex B in one payload.</summary>
    static int StartCode(ReadOnlySpan<byte> nal)
    {
        int at = nal.IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
        // One at the very end separates nothing.
        return at >= 0 && at + 3 < nal.Length ? at : -1;
    }

    void Split(ReadOnlySpan<byte> bytes, int at)
    {
        _findsStartCodes = true;
        while (true)
        {
            var nal = (at < 0 ? bytes : bytes[..at]).TrimEnd((byte)0);
            if (!nal.IsEmpty && Open(nal) && !(_buffer.TryAppendUInt32((uint)nal.Length) && _buffer.TryAppend(nal)))
                Refuse();
            if (at < 0)
                return;
            bytes = bytes[(at + 3)..];
            at = StartCode(bytes);
        }
    }

    /// <summary>As <see cref="Split"/>, when the first NAL unit was opened already as a slice.</summary>
    void PutBack(byte[] bytes, int at)
    {
        _findsStartCodes = true;
        var first = bytes.AsSpan(0, at).TrimEnd((byte)0);
        if (!(_buffer.TryAppendUInt32((uint)first.Length) && _buffer.TryAppend(first)))
            Refuse();
        Split(bytes.AsSpan(at + 3), StartCode(bytes.AsSpan(at + 3)));
    }
}
