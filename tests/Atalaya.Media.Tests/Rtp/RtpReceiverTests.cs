using System.Buffers.Binary;
using Atalaya.Media.Rtp;
using FsCheck;
using FsCheck.Fluent;

namespace Atalaya.Media.Tests.Rtp;

public sealed class RtpReceiverTests : IDisposable
{
    /// <summary>Keeps what it gets, in order: a sequence number, or how many were lost as a negative one.</summary>
    sealed class Recorder : Depacketizer
    {
        public List<int> Log { get; } = [];
        public List<MediaTime> Times { get; } = [];

        public override void Push(in RtpPacket packet, in PacketTimes times)
        {
            Log.Add(packet.Sequence);
            Times.Add(times.Media);
        }

        public override void Lost(int packets) => Log.Add(-packets);
    }

    readonly Recorder _out = new();
    long _nanoseconds;

    public void Dispose() => _out.Dispose();

    RtpReceiver Receiver(bool udp = false, MediaClock? clock = null, uint? info = null, int rate = 90_000) =>
        new(_out, 96, rate, clock ?? new(), udp, info);

    static byte[] Packet(int sequence, uint timestamp = 0, uint ssrc = 7, int type = 96)
    {
        var bytes = new byte[16];
        bytes[0] = 0x80;
        bytes[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)sequence);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), ssrc);
        return bytes;
    }

    void Push(RtpReceiver to, int sequence, uint timestamp = 0, uint ssrc = 7, double at = 0, int type = 96)
    {
        _nanoseconds = Math.Max(_nanoseconds, (long)(at * 1e9));
        to.Push(Packet(sequence, timestamp, ssrc, type), new(_nanoseconds), new(_nanoseconds / 1000));
    }

    [Fact]
    public void Sequence_numbers_wrap_without_loss()
    {
        using var receiver = Receiver();
        for (int i = 65_530; i < 65_550; i++)
            Push(receiver, i);
        _out.Log.ShouldBe(Enumerable.Range(65_530, 20).Select(i => (int)(ushort)i));
        receiver.Statistics.Lost.ShouldBe(0);
    }

    [Fact]
    public void Timestamps_wrap_without_a_jump()
    {
        using var receiver = Receiver();
        for (int i = 0; i < 100; i++)
            Push(receiver, i, unchecked(0xFFFFF000u + ((uint)i * 3600)), at: i * 0.04);
        receiver.ClockFault.ShouldBeNull();
        _out.Times.ShouldBe(Enumerable.Range(0, 100).Select(i => MediaClock.Lead + new MediaTime(i * 3600)));
    }

    [Fact]
    public void Over_tcp_a_hole_is_lost_at_once_and_what_comes_twice_is_left_out()
    {
        using var receiver = Receiver();
        foreach (int sequence in (int[])[1, 2, 5, 5, 4, 6])
            Push(receiver, sequence);
        _out.Log.ShouldBe([1, 2, -2, 5, 6]);
        (receiver.Statistics.Lost, receiver.Statistics.Late).ShouldBe((2, 2));
    }

    [Fact]
    public void Over_udp_disorder_is_put_right_and_duplicates_left_out()
    {
        using var receiver = Receiver(udp: true);
        foreach (int sequence in (int[])[65534, 0, 65535, 65535, 3, 2, 2, 1, 4])
            Push(receiver, sequence);
        _out.Log.ShouldBe([65534, 65535, 0, 1, 2, 3, 4]);
        var statistics = receiver.Statistics;
        (statistics.Lost, statistics.Reordered, statistics.Late).ShouldBe((0, 3, 2));
    }

    [Fact]
    public void Over_udp_a_hole_is_given_up_when_its_successors_have_waited_long_enough()
    {
        using var receiver = Receiver(udp: true);
        Push(receiver, 1, at: 0);
        Push(receiver, 3, at: 0.01);
        Push(receiver, 4, at: 0.05);
        _out.Log.ShouldBe([1]);
        Push(receiver, 6, at: 0.12);
        _out.Log.ShouldBe([1, -1, 3, 4]);
        receiver.GiveUpAged(new MonotonicTime(500_000_000));
        _out.Log.ShouldBe([1, -1, 3, 4, -1, 6]);
        Push(receiver, 2, at: 0.13);
        receiver.Statistics.Late.ShouldBe(1);
    }

    [Fact]
    public void Over_udp_a_hole_larger_than_the_buffer_is_lost()
    {
        using var receiver = Receiver(udp: true);
        Push(receiver, 1);
        Push(receiver, 3);
        Push(receiver, 500);
        _out.Log.ShouldBe([1, -1, 3, -496, 500]);
    }

    [Fact]
    public void A_new_count_is_believed_when_two_packets_agree()
    {
        using var receiver = Receiver();
        foreach (int sequence in (int[])[100, 101, 40_000, 102, 40_000, 40_001, 40_002])
            Push(receiver, sequence);
        _out.Log.ShouldBe([100, 101, 102, -1, 40_001, 40_002]);
    }

    [Fact]
    public void Any_order_within_the_buffer_comes_out_in_order_and_whole()
    {
        // Packets displaced by less than the buffer, some twice, starting anywhere: all come out once, in order.
        Prop.ForAll(Gen.Choose(0, 65_535).ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), (start, seed) =>
        {
            _out.Log.Clear();
            using var receiver = Receiver(udp: true);
            var random = new Random(seed);
            int[] order = [.. Enumerable.Range(1, 300)
                .SelectMany(i => Enumerable.Repeat(i, random.Next(5) == 0 ? 2 : 1))
                .OrderBy(i => i + (random.NextDouble() * 40))];
            foreach (int i in order.Prepend(0))
                Push(receiver, start + i);
            return _out.Log.SequenceEqual(Enumerable.Range(start, 301).Select(i => (int)(ushort)i)) && receiver.Statistics.Lost == 0;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void With_loss_each_number_comes_out_once_or_is_counted_as_lost()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            _out.Log.Clear();
            using var receiver = Receiver(udp: true);
            var random = new Random(seed);
            int[] sent = [.. Enumerable.Range(1, 400).Where(_ => random.Next(10) > 0).OrderBy(i => i + (random.NextDouble() * 20))];
            foreach (int i in sent.Prepend(0).Append(401))
                Push(receiver, i);
            receiver.GiveUpAged(new MonotonicTime(long.MaxValue / 2));
            int next = 0;
            foreach (int entry in _out.Log)
            {
                if (entry >= 0 && entry != next)
                    return false;
                next += entry >= 0 ? 1 : -entry;
            }

            return next == 402 && _out.Log.Count(e => e >= 0) == sent.Length + 2;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(90_000 * 3, -1)]
    [InlineData(0, 90_000 * 11)]
    [InlineData(0, int.MaxValue)]
    public void A_timestamp_that_jumps_ends_the_run(int first, int jump)
    {
        using var receiver = Receiver();
        uint start = 4_000_000_000;
        Push(receiver, 1, start);
        Push(receiver, 2, start + (uint)first, at: first / 90_000.0);
        uint next = jump < 0 ? start : unchecked(start + (uint)first + (uint)jump);
        Push(receiver, 3, next, at: first / 90_000.0);
        receiver.ClockFault.ShouldNotBeNull();
        _out.Log.ShouldBe([1, 2]);
        Push(receiver, 4, next, at: 1);
        _out.Log.ShouldBe([1, 2]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(10_000)]
    public void A_step_back_of_up_to_two_seconds_loses_nothing_whenever_it_comes(int packets)
    {
        using var receiver = Receiver();
        uint start = 4_000_000_000;
        for (int i = 0; i < packets + 100; i++)
            Push(receiver, i, unchecked(start + (uint)(i * 3600) - (i < packets ? 0u : 180_000u)), at: i * 0.04);
        receiver.ClockFault.ShouldBeNull();
        _out.Log.ShouldBe(Enumerable.Range(0, packets + 100).Select(i => (int)(ushort)i));
        _out.Times.ShouldAllBe(t => t >= MediaTime.Zero);
        receiver.Statistics.Late.ShouldBe(0);
    }

    [Fact]
    public void A_track_that_runs_behind_the_first_may_step_back_at_once()
    {
        var clock = new MediaClock();
        using var video = Receiver(clock: clock, info: 90_000);
        Push(video, 1, 90_000, at: 5);
        // By its RTP-Info it is a second older than the pictures.
        using var sound = Receiver(clock: clock, info: 16_000, rate: 8000);
        Push(sound, 1, 8000, at: 5.001);
        Push(sound, 2, unchecked((uint)(8000 - 16_000)), at: 5.02);
        _out.Times.Count.ShouldBe(3);
        _out.Times.ShouldAllBe(t => t >= MediaTime.Zero);
    }

    [Fact]
    public void A_network_that_stalls_and_a_clock_that_drifts_are_no_jumps()
    {
        using var receiver = Receiver();
        uint time = 0;
        int sequence = 0;
        // An hour at two per mille too fast: seven seconds ahead in the end.
        for (double at = 0; at < 3600; at += 0.5, time += 45_090)
            Push(receiver, sequence++, time, at: at);
        // Nine seconds of silence, then what the camera had kept.
        for (int i = 0; i < 20; i++, time += 45_000)
            Push(receiver, sequence++, time, at: 3609);
        receiver.ClockFault.ShouldBeNull();
        receiver.Statistics.Lost.ShouldBe(0);
    }

    [Fact]
    public void Pictures_out_of_display_order_are_no_jump()
    {
        using var receiver = Receiver();
        foreach (var (sequence, picture) in (int[])[0, 4, 2, 1, 3, 8, 6, 5, 7] is var order ? order.Select((p, i) => (i, p)) : [])
            Push(receiver, sequence, (uint)(90_000 + (picture * 3600)), at: sequence * 0.04);
        receiver.ClockFault.ShouldBeNull();
        _out.Times.ShouldAllBe(t => t >= MediaTime.Zero);
    }

    [Fact]
    public void Another_source_now_and_then_is_left_out_and_one_that_stays_ends_the_run()
    {
        using var receiver = Receiver();
        for (int i = 0; i < 10; i++)
        {
            Push(receiver, i);
            Push(receiver, 900 + i, ssrc: 9);
        }

        receiver.ClockFault.ShouldBeNull();
        receiver.Statistics.Foreign.ShouldBe(10);
        for (int i = 0; i < 8; i++)
            Push(receiver, 950 + i, ssrc: 9);
        receiver.ClockFault!.ShouldContain("00000009");
        _out.Log.Count.ShouldBe(10);
    }

    [Fact]
    public void Other_payload_types_and_garbage_are_counted()
    {
        using var receiver = Receiver();
        Push(receiver, 1, type: 97);
        receiver.Push([1, 2, 3], default, default);
        (receiver.Statistics.Foreign, receiver.Statistics.Malformed).ShouldBe((1, 1));
        _out.Log.ShouldBeEmpty();
    }

    [Fact]
    public void Tracks_are_aligned_by_rtp_info_where_it_is_sane_and_by_arrival_otherwise()
    {
        var clock = new MediaClock();
        using var video = Receiver(clock: clock, info: 1000);
        Push(video, 1, 1000, at: 5);
        // Its first packet is 0.2 s of its own clock after RTP-Info, and came 0.3 s after the video's.
        using var sane = Receiver(clock: clock, info: 500, rate: 8000);
        Push(sane, 1, 500 + 1600, at: 5.3);
        using var absent = Receiver(clock: clock, rate: 8000);
        Push(absent, 1, 77, at: 5.3);
        using var invented = Receiver(clock: clock, info: 0, rate: 8000);
        Push(invented, 1, 3_000_000_000, at: 5.3);
        _out.Times.ShouldBe([MediaClock.Lead, MediaClock.Lead + MediaTime.FromSeconds(0.2), MediaClock.Lead + MediaTime.FromSeconds(0.3), MediaClock.Lead + MediaTime.FromSeconds(0.3)]);
    }

    [Fact]
    public void Sender_reports_give_the_cameras_wall_time_and_its_drift()
    {
        using var receiver = Receiver();
        var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        for (int second = 0; second <= 20; second += 5)
        {
            // 100 ppm too fast.
            uint time = (uint)(second * 90_009);
            Push(receiver, second, time, at: second);
            receiver.PushRtcp(Report(7, start.AddSeconds(second + 2), time), new(_nanoseconds), WallTime.From(start.AddSeconds(second))).ShouldBeTrue();
        }

        var statistics = receiver.Statistics;
        statistics.Report!.Value.CameraAhead.TotalSeconds.ShouldBe(2, 0.001);
        statistics.Report.Value.Media.ShouldBe(MediaClock.Lead + new MediaTime(20 * 90_009));
        statistics.DriftPpm!.Value.ShouldBe(100, 0.5);
    }

    [Fact]
    public void Jitter_and_loss_are_reported_as_rfc_3550_says()
    {
        using var receiver = Receiver();
        Push(receiver, 0, 0, at: 0);
        Push(receiver, 1, 3600, at: 0.05);      // 10 ms late: 900 units / 16
        Push(receiver, 4, 7200, at: 0.09);
        receiver.Statistics.Jitter.TotalMilliseconds.ShouldBe(900 / 16.0 * 15 / 16 / 90, 0.01);

        receiver.PushRtcp(Report(7, DateTimeOffset.UnixEpoch.AddSeconds(1), 0), new(_nanoseconds), default);
        var report = new byte[RtcpPacket.ReceiverReportBytes];
        receiver.TryWriteReport(report, 0x01020304, "abcdefgh"u8, new(_nanoseconds + 500_000_000)).ShouldBeTrue();
        ReadOnlySpan<byte> compound = report;
        RtcpPacket.TryRead(ref compound, out var packet, out _).ShouldBeTrue();
        (packet.Type, packet.Count, packet.Ssrc).ShouldBe((201, 1, 0x01020304u));
        report[12].ShouldBe((byte)(2 * 256 / 5));                                       // 2 of 5 lost
        (BinaryPrimitives.ReadUInt32BigEndian(report.AsSpan(12)) & 0xFFFFFF).ShouldBe(2u);
        BinaryPrimitives.ReadUInt32BigEndian(report.AsSpan(16)).ShouldBe(0x10004u);      // one cycle up
        BinaryPrimitives.ReadUInt32BigEndian(report.AsSpan(28)).ShouldBe(32768u);        // half a second since the sender report
        RtcpPacket.TryRead(ref compound, out packet, out bool valid).ShouldBeTrue();
        packet.Type.ShouldBe(202);
        (compound.Length, valid).ShouldBe((0, true));
    }

    [Fact]
    public void Goodbye_counts_only_from_the_tracks_own_source()
    {
        using var receiver = Receiver();
        Push(receiver, 1);
        receiver.PushRtcp([0x81, 203, 0, 1, 0, 0, 0, 9], default, default).ShouldBeTrue();
        receiver.PushRtcp([0x81, 203, 0, 1, 0, 0, 0, 7], default, default).ShouldBeFalse();
    }

    [Fact]
    public void Ntp_time_is_read_in_both_eras()
    {
        RtcpPacket.FromNtp(2_208_988_800UL << 32).ShouldBe(new WallTime(0));
        RtcpPacket.FromNtp(((2_208_988_800UL + 1) << 32) | 0x80000000).ShouldBe(new WallTime(1_500_000));
        RtcpPacket.FromNtp(1UL << 32)!.Value.ToDateTimeOffset().Year.ShouldBe(2036);
        RtcpPacket.FromNtp(0).ShouldBeNull();
    }

    static byte[] Report(uint ssrc, DateTimeOffset wall, uint time)
    {
        var bytes = new byte[28];
        bytes[0] = 0x80;
        bytes[1] = 200;
        bytes[3] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), ssrc);
        double seconds = (wall - DateTimeOffset.UnixEpoch).TotalSeconds + 2_208_988_800;
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), ((ulong)seconds << 32) | (ulong)((seconds - Math.Floor(seconds)) * 4294967296.0));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(16), time);
        return bytes;
    }
}
