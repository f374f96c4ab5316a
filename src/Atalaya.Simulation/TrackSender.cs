using System.Net;
using System.Security.Cryptography;
using Atalaya.Media;

namespace Atalaya.Simulation;

/// <summary>How a track travels: on two channels of the connection, or to two UDP ports.</summary>
sealed record TrackRoute(byte RtpChannel, byte RtcpChannel, SocketAddress? Rtp = null, SocketAddress? Rtcp = null);

/// <summary>One track of one session: knows what it sends next and when. The session's lock guards it.</summary>
sealed class TrackSender
{
    [ThreadStatic]
    static byte[]? scratch, rebuilt;    // a unit's packets, copied and stamped: read before the next unit is sent

    readonly SimulatedSession _session;
    readonly TrackRoute _route;
    readonly List<SentRange> _sent = [];
    readonly uint _firstTimestamp = RandomUInt32();
    Loop? _loop;            // null: the clip switched to has no such track
    string _clip;
    TrackPackets _packets;
    MediaTime _delay;
    MediaTime _shift;       // what the clips before this one took: added to its times
    long _number, _reported = long.MinValue;
    uint _jump;
    bool _stopped = true, _waitForKey;
    long _units, _keys, _skipped, _packetCount, _dropped, _payloadBytes;
    ReceptionReport? _report;

    public TrackSender(SimulatedSession session, int index, ClipTrack track, TrackRoute route)
    {
        _session = session;
        _route = route;
        _clip = session.Described.Name;
        Index = index;
        Described = Track = track;
        _loop = new(track, session.Camera.Period);
        _packets = session.Simulator.Packets(track);
    }

    public int Index { get; }
    public ClipTrack Described { get; }
    public ClipTrack Track { get; private set; }
    public uint Source { get; } = RandomUInt32();
    public ushort Sequence { get; private set; } = (ushort)RandomUInt32();

    /// <summary>When the next unit goes out.</summary>
    public MonotonicTime Due => _session.InstantOf(_loop!.Decode(_number) + _shift + _delay);

    /// <summary>RTP timestamp of the next unit.</summary>
    public uint Timestamp => StampOf(_loop!.RtpTime(_number));

    public TrackCounts Counts => new(
        Track.IsVideo ? "video" : "audio", Source, _units, _keys, _skipped, _packetCount, _dropped, _payloadBytes, [.. _sent], _report);

    /// <param name="at">The session's time now.</param>
    /// <param name="video">The session's video, already started: sound begins with it.</param>
    public void Start(MediaTime at, MediaTime delay, TrackSender? video)
    {
        _delay = delay;
        _stopped = false;
        _waitForKey = false;
        var from = at - delay - _shift;
        if (!Track.IsVideo && video is { _loop: { } loop })
            from = new(Math.Max(from.Ticks, loop.Decode(video._number).Ticks));
        _number = _loop?.FirstStart(from) ?? 0;
    }

    public void Stop() => _stopped = true;

    public void JumpTimestamp(TimeSpan by) => _jump = unchecked(_jump + (uint)MediaTime.From(by).ToScale(_packets.ClockRate));

    public void JumpSequence(int by) => Sequence = unchecked((ushort)(Sequence + by));

    public void Take(ReceptionReport report) => _report = report;

    public void SwitchTo(Clip clip, ClipTrack? track, MediaTime at, MediaTime period)
    {
        _clip = clip.Name;
        _loop = track is null ? null : new(track, period);
        if (track is null)
            return;
        Track = track;
        _packets = _session.Simulator.Packets(track);
        _number = 0;
        _waitForKey = false;

        // The first unit is due now. Sound starts with the picture, at the same shift.
        _shift = at - _delay - (clip.Video ?? track).Units[0].Decode;
    }

    /// <summary>Sends what is due. Called by the pacer only.</summary>
    /// <returns>When the next is due; null if this track has nothing more to send.</returns>
    public MonotonicTime? Send(MonotonicTime now)
    {
        lock (_session.Gate)
        {
            if (_stopped)
                return null;
            var faults = _session.Camera.Active(now);
            Clip? other = null;
            bool stalled = false;
            foreach (var fault in faults)
            {
                other ??= fault.Clip;
                stalled |= fault.Fault.Kind == FaultKind.Stall;
            }

            _session.SwitchTo(other, now);
            if (_loop is null)
                return now + TimeSpan.FromMilliseconds(100);    // looks again whether a clip with this track is back
            if (Due > now)
                return Due;
            if (stalled)
                Skip();
            else
                SendUnit(now, faults.IsEmpty ? [] : faults.AsSpan());
            _number++;
            return Due;
        }
    }

    public void SayBye()
    {
        if (_packetCount == 0)
            return;
        Span<byte> packet = stackalloc byte[TrackPackets.FramingBytes + Rtcp.ByeBytes];
        SendControl(packet, Rtcp.WriteBye(packet[TrackPackets.FramingBytes..], Source));
    }

    uint StampOf(long rtpTime) =>
        unchecked(_firstTimestamp + _jump + (uint)rtpTime + (uint)_shift.ToScale(_packets.ClockRate));

    void Skip()
    {
        _skipped++;
        _waitForKey = Track.IsVideo;
    }

    void SendUnit(MonotonicTime now, ReadOnlySpan<ActiveFault> faults)
    {
        int unit = _loop!.Index(_number);
        bool key = Track.Units[unit].IsKey;
        if (_waitForKey && (!key || _session.Connection.Output.Queued > 0))
        {
            _skipped++;
            return;
        }

        if (_reported == long.MinValue || now - new MonotonicTime(_reported) >= _session.Simulator.Options.ReportInterval)
            SendReport(now);

        var source = _packets.Unit(unit);
        int count = _packets.PacketCount(unit);
        if (scratch is null || scratch.Length < source.Length)
            scratch = GC.AllocateUninitializedArray<byte>(source.Length * 2);
        var bytes = scratch.AsSpan(0, source.Length);
        source.CopyTo(bytes);
        _packets.Stamp(unit, bytes, _route.RtpChannel, Sequence, Timestamp, Source);
        int dropped = 0, garbage = 0, lost = 0, packets = count;
        if (!faults.IsEmpty)
            bytes = Spoil(bytes, faults, ref packets, out dropped, out garbage);

        if (_route.Rtp is not null)
        {
            lost = SendDatagrams(bytes);
        }
        else if (!_session.Connection.Output.TrySend(bytes))
        {
            // Sequence numbers stay: for the client there was no such picture.
            Skip();
            return;
        }

        _waitForKey = false;
        Sequence = unchecked((ushort)(Sequence + count));
        _packetCount += packets - lost;
        _dropped += dropped;
        _payloadBytes += bytes.Length - garbage - ((long)packets * (TrackPackets.FramingBytes + TrackPackets.HeaderBytes));
        _session.Simulator.Count(packets - lost, bytes.Length);
        if (dropped + lost > 0)
        {
            _skipped++;
            return;
        }

        _units++;
        if (key)
            _keys++;
        if (_sent.Count > 0 && _sent[^1] is var last && last.Last == _number - 1 && last.Clip == _clip)
            _sent[^1] = last with { Last = _number };
        else
            _sent.Add(new(_clip, _number, _number));
    }

    /// <returns>Packets that the system had no room for.</returns>
    int SendDatagrams(ReadOnlySpan<byte> bytes)
    {
        int lost = 0;
        while (!bytes.IsEmpty)
        {
            int length = bytes[2] << 8 | bytes[3];
            if (!_session.Simulator.SendDatagram(bytes.Slice(TrackPackets.FramingBytes, length), _route.Rtp!, control: false))
                lost++;
            bytes = bytes[(TrackPackets.FramingBytes + length)..];
        }

        return lost;
    }

    void SendReport(MonotonicTime now)
    {
        _reported = now.Nanoseconds;
        Span<byte> packet = stackalloc byte[TrackPackets.FramingBytes + Rtcp.ReportBytes];
        uint rtpNow = unchecked(_firstTimestamp + _jump + (uint)_session.MediaAt(now).ToScale(_packets.ClockRate));
        SendControl(packet, Rtcp.WriteReport(
            packet[TrackPackets.FramingBytes..], Source, WallTime.Now(_session.Simulator.Clock), rtpNow, unchecked((uint)_packetCount), unchecked((uint)_payloadBytes)));
    }

    void SendControl(Span<byte> packet, int length)
    {
        packet[0] = (byte)'$';
        packet[1] = _route.RtcpChannel;
        packet[2] = 0;
        packet[3] = (byte)length;
        if (_route.Rtcp is null)
            _session.Connection.Output.TrySend(packet[..(TrackPackets.FramingBytes + length)]);
        else
            _session.Simulator.SendDatagram(packet.Slice(TrackPackets.FramingBytes, length), _route.Rtcp, control: true);
    }

    /// <summary>Packets one behind the other in, what a broken camera makes of them out.</summary>
    Span<byte> Spoil(ReadOnlySpan<byte> bytes, ReadOnlySpan<ActiveFault> faults, scoped ref int packets, out int dropped, out int garbage)
    {
        var order = new List<Range>(packets);
        dropped = 0;
        garbage = 0;
        bool marker = true;
        ActiveFault? drop = null, reorder = null, duplicate = null;
        foreach (var fault in faults)
        {
            switch (fault.Fault.Kind)
            {
                case FaultKind.Drop:
                    drop = fault;
                    break;
                case FaultKind.Reorder:
                    reorder = fault;
                    break;
                case FaultKind.Duplicate:
                    duplicate = fault;
                    break;
                case FaultKind.NoMarker:
                    marker = false;
                    break;
                case FaultKind.Garbage when fault.Hits():
                    garbage = 1 + RandomNumberGenerator.GetInt32(64);
                    break;
            }
        }

        for (int at = 0; at < bytes.Length;)
        {
            int end = at + TrackPackets.FramingBytes + (bytes[at + 2] << 8 | bytes[at + 3]);
            if (drop?.Hits() == true)
            {
                dropped++;
            }
            else
            {
                order.Add(at..end);
                if (duplicate?.Hits() == true)
                    order.Add(at..end);
            }

            at = end;
        }

        for (int i = 0; i + 1 < order.Count; i++)
        {
            if (reorder?.Hits() == true)
            {
                (order[i], order[i + 1]) = (order[i + 1], order[i]);
                i++;
            }
        }

        packets = order.Count;
        int needed = (bytes.Length * 2) + garbage + 4;
        if (rebuilt is null || rebuilt.Length < needed)
            rebuilt = new byte[needed];
        int length = 0;
        if (garbage > 0 && _route.Rtp is null)
        {
            // Without a framing byte: a client has to find the next packet itself.
            RandomNumberGenerator.Fill(rebuilt.AsSpan(0, garbage));
            rebuilt.AsSpan(0, garbage).Replace((byte)'$', (byte)'#');
            length = garbage;
        }
        else if (garbage > 0)
        {
            Span<byte> datagram = stackalloc byte[garbage];
            garbage = 0;
            RandomNumberGenerator.Fill(datagram);
            _session.Simulator.SendDatagram(datagram, _route.Rtp!, control: false);
        }

        foreach (var range in order)
        {
            var packet = bytes[range];
            packet.CopyTo(rebuilt.AsSpan(length));
            if (!marker)
                rebuilt[length + 5] &= 0x7F;
            length += packet.Length;
        }

        return rebuilt.AsSpan(0, length);
    }

    static uint RandomUInt32() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
}
