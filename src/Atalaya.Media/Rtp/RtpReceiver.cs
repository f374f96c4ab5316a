using System.Buffers;

namespace Atalaya.Media.Rtp;

/// <summary>
/// One track's packets in, as the network brings them; in order, with media times, into its depacketizer. Counts what is missing,
/// and watches the camera's clock. No I/O; never throws on what a camera sends.
/// </summary>
/// <remarks>
/// <para>Sequence numbers follow RFC 3550 A.1: a jump of up to 3000 is loss, one back by up to 100 a late or repeated packet;
/// anything else is believed when two packets in a row agree.</para>
/// <para>The first packet's synchronisation source is the track's. Others are left out, as some cameras go on sending an earlier session's
/// packets; eight in a row of a new one mean that the source changed.</para>
/// <para>A source that changed and a timestamp that jumped both put <see cref="ClockFault"/>: the run has to end, because media times that are
/// patched together in the middle of a run would overlap or leave a false hole in the files. A timestamp jumped if it goes back by more than two
/// seconds (B-frames go back by less, and so does a camera that corrects its clock: nothing of that is lost) or is ten seconds further ahead of the node's clock than in the last minutes.
/// Falling behind is no jump: that is what a stalled network looks like.</para>
/// <para>Not thread-safe: under the session's gate.</para>
/// </remarks>
sealed class RtpReceiver : IDisposable
{
    const int MaxDropout = 3000, MaxMisorder = 100, NewSourceAfter = 8;
    static readonly MediaTime MaxBack = MediaClock.MaxBack, MaxAhead = new(10 * MediaTime.TicksPerSecond), Window = new(60 * MediaTime.TicksPerSecond);

    /// <summary>How long a packet waits for those before it: longer than disorder on any one network lasts, short enough for live viewing.</summary>
    static readonly TimeSpan MaxHold = TimeSpan.FromMilliseconds(100);

    readonly Depacketizer _depacketizer;
    readonly int _payloadType, _rate;
    readonly MediaClock _clock;
    readonly uint? _infoTime;
    readonly ReorderBuffer? _held;

    // Sequence
    bool _started;
    uint _ssrc, _candidate;
    int _candidateRun;
    long _next;                 // sequence number that is due, unwrapped
    long _base;                 // first sequence number, unwrapped
    long _highest = -1;
    int _probation = -1;        // what must come next for a jump to be believed

    // Clock
    long _timestamp;            // of the last packet, unwrapped
    long _firstTimestamp;
    MediaTime _first, _media, _latest;
    MediaTime _ahead, _aheadBefore, _windowStart;
    MonotonicTime _firstArrival;

    // Jitter, in units of the RTP clock (RFC 3550 A.8)
    double _jitter;
    long _transit;

    // Sender reports
    SenderReport? _report;
    SenderReport _firstReport;
    MonotonicTime _firstReportAt, _reportAt;
    uint _reportMiddle;         // middle 32 bits of the last report's NTP time
    double? _drift;

    // Receiver reports
    long _received, _expectedBefore, _receivedBefore;

    long _packets, _bytes, _lost, _reordered, _late, _malformed, _foreign;

    /// <param name="reorder">The way may change the order: UDP.</param>
    /// <param name="infoTime">RTP time of the track's RTP-Info entry.</param>
    public RtpReceiver(Depacketizer depacketizer, int payloadType, int clockRate, MediaClock clock, bool reorder, uint? infoTime)
    {
        _depacketizer = depacketizer;
        _payloadType = payloadType;
        _rate = clockRate;
        _clock = clock;
        _infoTime = infoTime;
        _held = reorder ? new() : null;
    }

    /// <summary>Why the run must end; null while all is well. Nothing is accepted afterwards.</summary>
    public string? ClockFault { get; private set; }

    /// <summary>When the last packet of this track came; null before the first.</summary>
    public MonotonicTime? LastArrival { get; private set; }

    public Depacketizer Depacketizer => _depacketizer;
    public uint Ssrc => _ssrc;

    public void Push(ReadOnlySpan<byte> bytes, MonotonicTime arrival, WallTime wall)
    {
        if (ClockFault is not null)
            return;
        if (!RtpPacket.TryParse(bytes, out var packet, out _))
        {
            _malformed++;
            return;
        }

        if (packet.PayloadType != _payloadType)
        {
            _foreign++;
            return;
        }

        if (!_started)
            Start(packet, arrival);
        else if (packet.Ssrc != _ssrc)
        {
            Foreign(packet.Ssrc);
            return;
        }

        _candidateRun = 0;
        LastArrival = arrival;
        _received++;
        Jitter(packet.Timestamp, arrival);

        int step = (short)(packet.Sequence - (ushort)_next);
        if (step == 0)
        {
            _probation = -1;
            Deliver(packet, bytes.Length, arrival, wall);
            if (_held is { Count: > 0 })
                Drain();
        }
        else if (step is > 0 and <= MaxDropout)
        {
            _probation = -1;
            if (_held is null)
                Skip(step, packet, bytes.Length, arrival, wall);
            else
                Hold(step, packet, bytes, arrival, wall);
        }
        else if (step is < 0 and >= -MaxMisorder)
        {
            _late++;
        }
        else if (packet.Sequence == _probation)
        {
            // The source began to count anew: how many are lost nobody knows, at least one is.
            _probation = -1;
            GiveUpHeld();
            long next = _next + (short)(packet.Sequence - (ushort)_next);
            _base += next - _next - 1;
            _next = next;
            _highest = next - 1;
            Lose(1);
            Deliver(packet, bytes.Length, arrival, wall);
        }
        else
        {
            _probation = (ushort)(packet.Sequence + 1);
            _late++;
        }

        if (_held is { Count: > 0 })
            GiveUpAged(arrival);
    }

    /// <summary>Hands over what has waited too long for packets before it. For the periodic check, when nothing comes.</summary>
    public void GiveUpAged(MonotonicTime now)
    {
        while (_held is { Count: > 0 } && ClockFault is null)
        {
            var (sequence, oldest) = _held.First();
            if (now - oldest < MaxHold)
                return;
            GiveUpFirst(sequence);
        }
    }

    /// <returns>False if the source said goodbye.</returns>
    public bool PushRtcp(ReadOnlySpan<byte> compound, MonotonicTime arrival, WallTime wall)
    {
        bool valid;
        while (RtcpPacket.TryRead(ref compound, out var packet, out valid))
        {
            if (packet.TryReadSenderReport(out ulong ntp, out uint rtpTime) && (!_started || packet.Ssrc == _ssrc))
            {
                _reportMiddle = (uint)(ntp >> 16);
                _reportAt = arrival;
                if (_started && RtcpPacket.FromNtp(ntp) is { } camera)
                    Report(new(MediaAt(_timestamp + (int)(rtpTime - (uint)_timestamp)), camera, wall), arrival);
            }
            else if (_started && packet.SaysGoodbye(_ssrc))
            {
                return false;
            }
        }

        if (!valid)
            _malformed++;
        return true;
    }

    /// <summary>False while there is nothing to report.</summary>
    /// <param name="to">At least <see cref="RtcpPacket.ReceiverReportBytes"/>.</param>
    public bool TryWriteReport(Span<byte> to, uint own, ReadOnlySpan<byte> name, MonotonicTime now)
    {
        if (!_started)
            return false;
        long expected = _highest - _base + 1;
        long expectedNow = expected - _expectedBefore, lostNow = expectedNow - (_received - _receivedBefore);
        (_expectedBefore, _receivedBefore) = (expected, _received);
        byte fraction = expectedNow <= 0 || lostNow <= 0 ? (byte)0 : (byte)Math.Min(255, (lostNow << 8) / expectedNow);
        uint delay = _reportMiddle == 0 ? 0 : (uint)Math.Min(uint.MaxValue, (now - _reportAt).TotalSeconds * 65536);
        RtcpPacket.WriteReceiverReport(
            to, own, name, _ssrc, fraction, (int)Math.Clamp(expected - _received, int.MinValue, int.MaxValue), (uint)_highest, (uint)_jitter, _reportMiddle, delay);
        return true;
    }

    public RtpStatistics Statistics => new(
        _packets, _bytes, _lost, _reordered, _late, _malformed + _depacketizer.Malformed, _foreign, _depacketizer.UnitsDropped,
        TimeSpan.FromSeconds(_jitter / _rate), _report, _drift);

    public void Dispose()
    {
        _held?.Dispose();
        _depacketizer.Dispose();
    }

    void Start(in RtpPacket packet, MonotonicTime arrival)
    {
        _started = true;
        _ssrc = packet.Ssrc;
        // One cycle up, so that a packet from before the first still has a positive place.
        _next = _base = 0x10000 + packet.Sequence;
        _highest = _next - 1;
        _timestamp = _firstTimestamp = packet.Timestamp;
        MediaTime? since = _infoTime is { } info ? MediaTime.FromScale((int)(packet.Timestamp - info), _rate) : null;
        _first = _media = _latest = _clock.Place(arrival, since);
        _firstArrival = arrival;
        _ahead = _aheadBefore = _first - _clock.Elapsed(arrival);
        _windowStart = _first;
        _transit = Units(arrival) - packet.Timestamp;
    }

    void Foreign(uint ssrc)
    {
        _foreign++;
        _candidateRun = ssrc == _candidate ? _candidateRun + 1 : 1;
        _candidate = ssrc;
        if (_candidateRun >= NewSourceAfter)
            ClockFault = $"The camera changed its stream's source from {_ssrc:x8} to {ssrc:x8}: it probably restarted its encoder.";
    }

    void Hold(int step, in RtpPacket packet, ReadOnlySpan<byte> bytes, MonotonicTime arrival, WallTime wall)
    {
        // No more is given up than it takes to make room: what is missing further up may still come.
        while (step >= ReorderBuffer.Capacity && _held!.Count > 0)
        {
            GiveUpFirst(_held.First().Sequence);
            step = (short)(packet.Sequence - (ushort)_next);
        }

        if (step >= ReorderBuffer.Capacity || step == 0)
            Skip(step, packet, bytes.Length, arrival, wall);
        else if (!_held!.TryAdd(_next + step, bytes, arrival, wall))
            _late++;
        if (_held!.Count > 0)
            Drain();
    }

    void Skip(int missing, in RtpPacket packet, int length, MonotonicTime arrival, WallTime wall)
    {
        if (missing > 0)
            Lose(missing);
        _next += missing;
        Deliver(packet, length, arrival, wall);
    }

    void Drain()
    {
        while (_held!.Count > 0 && _held.TryTake(_next, out byte[] bytes, out int length, out var arrival, out var wall))
        {
            if (RtpPacket.TryParse(bytes.AsSpan(0, length), out var packet, out _))
            {
                _reordered++;
                Deliver(packet, length, arrival, wall);
            }

            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    void GiveUpHeld()
    {
        while (_held is { Count: > 0 } && ClockFault is null)
            GiveUpFirst(_held.First().Sequence);
    }

    void GiveUpFirst(long held)
    {
        Lose((int)(held - _next));
        _next = held;
        Drain();
    }

    void Lose(int packets)
    {
        if (packets <= 0)
            return;
        _lost += packets;
        _depacketizer.Lost(packets);
    }

    void Deliver(in RtpPacket packet, int length, MonotonicTime arrival, WallTime wall)
    {
        if (ClockFault is not null)
            return;
        if (packet.Timestamp != (uint)_timestamp && !Advance(packet.Timestamp, arrival))
            return;
        _highest = _next++;
        _packets++;
        _bytes += length;
        _depacketizer.Push(packet, new(_media, arrival, wall));
    }

    bool Advance(uint timestamp, MonotonicTime arrival)
    {
        long unwrapped = _timestamp + (int)(timestamp - (uint)_timestamp);
        var media = MediaAt(unwrapped);
        if (_latest - media > MaxBack)
        {
            ClockFault = $"The camera's media clock went back by {(_latest - media).Seconds:0.0} s.";
            return false;
        }

        // How far the camera is ahead of the node's clock, against the most of the last one to two minutes: drift passes, jumps don't.
        var ahead = media - _clock.Elapsed(arrival);
        var most = _ahead > _aheadBefore ? _ahead : _aheadBefore;
        if (ahead - most > MaxAhead)
        {
            ClockFault = $"The camera's media clock jumped ahead by {(ahead - most).Seconds:0.0} s.";
            return false;
        }

        if (media - _windowStart > Window)
        {
            _windowStart = media;
            _aheadBefore = _ahead;
            _ahead = ahead;
        }
        else if (ahead > _ahead)
        {
            _ahead = ahead;
        }

        _timestamp = unwrapped;
        _media = media;
        if (media > _latest)
            _latest = media;
        return true;
    }

    MediaTime MediaAt(long timestamp) => _first + MediaTime.FromScale(timestamp - _firstTimestamp, _rate);

    void Report(SenderReport report, MonotonicTime arrival)
    {
        if (_report is null)
            (_firstReport, _firstReportAt) = (report, arrival);
        _report = report;
        var elapsed = arrival - _firstReportAt;
        if (elapsed >= TimeSpan.FromSeconds(10))
            _drift = (((report.Media - _firstReport.Media).Seconds / elapsed.TotalSeconds) - 1) * 1e6;
    }

    void Jitter(uint timestamp, MonotonicTime arrival)
    {
        long transit = Units(arrival) - timestamp;
        int difference = (int)(transit - _transit);     // wraps with the timestamp
        _transit = transit;
        _jitter += (Math.Abs((double)difference) - _jitter) / 16;
    }

    long Units(MonotonicTime arrival) => (long)((arrival.Nanoseconds - _firstArrival.Nanoseconds) * (double)_rate / 1e9);
}
