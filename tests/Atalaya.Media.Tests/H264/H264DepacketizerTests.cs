using Atalaya.Media.H264;
using Atalaya.Media.Rtp;
using static Atalaya.Media.Tests.H264.Synthetic;

namespace Atalaya.Media.Tests.H264;

public sealed class H264DepacketizerTests
{
    static Track New(params byte[][] sets) => new(new H264Depacketizer(new BlockPool(), sets.Select(s => (ReadOnlyMemory<byte>)s)));

    static Track Declared() => New(Sps(), Pps());

    static byte[] Fu(byte[] nal, int from, int to, bool start, bool end) =>
        [(byte)((nal[0] & 0xE0) | 28), (byte)((start ? 128 : 0) | (end ? 64 : 0) | (nal[0] & 31)), .. nal[from..to]];

    static byte[] Stap(params byte[][] nals) => [0x78, .. nals.SelectMany(n => (byte[])[(byte)(n.Length >> 8), (byte)n.Length, .. n])];

    [Fact]
    public void Once_the_marker_has_proved_itself_a_unit_comes_out_with_its_last_packet()
    {
        using var t = Declared();
        t.Push(0, true, Slice(0, 0, idr: true)).ShouldBe(0);
        t.Push(3600, true, Slice(0, 1)).ShouldBe(1);
        t.Push(7200, true, Slice(0, 2)).ShouldBe(2);
        t.Push(10800, true, Slice(0, 3)).ShouldBe(1);
        t.Push(14400, false, Slice(0, 4)).ShouldBe(0);
        t.Push(14400, true, Slice(50, 4)).ShouldBe(1);
        t.Units.Select(u => u.IsKey).ShouldBe([true, false, false, false, false]);
        t.Units.Select(u => u.Presentation).ShouldBe([0, 3600, 7200, 10800, 14400]);
        t.Units.ShouldAllBe(u => u.Decode == u.Presentation);
        t.Depacketizer.Malformed.ShouldBe(0);
    }

    [Fact]
    public void Without_any_marker_units_end_at_the_next_timestamp()
    {
        using var t = Declared();
        for (uint i = 0; i < 5; i++)
        {
            t.Push(i * 3600, false, Slice(0, i, idr: i == 0));
            t.Push(i * 3600, false, Slice(50, i, idr: i == 0));
        }

        t.Units.Count.ShouldBe(4);
        t.Units.ShouldAllBe(u => u.Nals.Count == 2);
    }

    [Fact]
    public void A_marker_on_each_slice_does_not_split_pictures()
    {
        using var t = Declared();
        for (uint i = 0; i < 8; i++)
        {
            foreach (uint first in (uint[])[0, 30, 60])
                t.Push(i * 3600, true, Slice(first, i, idr: i == 0));
        }

        t.Units.Count.ShouldBe(7);
        t.Units.ShouldAllBe(u => u.Nals.Count == 3);
    }

    [Fact]
    public void Pictures_with_the_same_timestamp_and_no_marker_are_told_apart_by_their_headers()
    {
        using var t = Declared();
        t.Push(0, false, Slice(0, 0, idr: true));
        t.Push(0, false, Slice(0, 1));
        t.Push(0, false, Slice(50, 1));
        t.Push(0, false, Slice(0, 2));
        t.Units.Select(u => u.Nals.Count).ShouldBe([1, 2]);
        t.Units[1].Decode.ShouldBeGreaterThan(t.Units[0].Decode);
    }

    [Fact]
    public void Parameter_sets_of_an_older_time_with_a_marker_belong_to_the_picture_that_follows()
    {
        using var t = New();
        byte[] sei = [0x06, 5, 3, 1, 2, 3, 0x80];
        t.Push(100, true, Sps());
        t.Push(100, true, Pps());
        t.Push(100, true, sei);
        t.Push(3600, true, Slice(0, 0, idr: true));
        t.Push(3600, true, Sps());
        t.Push(3600, true, Pps());
        t.Push(3600, true, sei);
        t.Push(7200, true, Slice(0, 0, idr: true));
        t.Push(10800, true, Slice(0, 1));
        t.Units.Count.ShouldBeGreaterThanOrEqualTo(2);
        t.Units[0].Presentation.ShouldBe(3600);
        t.Units[1].Presentation.ShouldBe(7200);
        t.Units.Take(2).ShouldAllBe(u => u.IsKey && u.Nals.Count == 2 && u.Nals[0].SequenceEqual(sei));
        t.Units[1].Format.ShouldBeSameAs(t.Units[0].Format);
    }

    [Fact]
    public void Aggregates_and_fragments_come_back_byte_for_byte()
    {
        using var t = New();
        byte[] idr = Slice(0, 0, idr: true, size: 3000), sei = [0x06, 5, 3, 1, 2, 3, 0x80];
        t.Push(0, false, Stap(Sps(), Pps(), [9, 0x10], sei));
        t.Push(0, false, Fu(idr, 1, 1000, true, false));
        t.Push(0, false, Fu(idr, 1000, 2000, false, false));
        t.Push(0, true, Fu(idr, 2000, idr.Length, false, true));
        t.Push(3600, true, Slice(0, 1));
        t.Units.ShouldHaveSingleItem().Data.ShouldBe(Track.Join(sei, idr));
        t.Depacketizer.Malformed.ShouldBe(0);
    }

    [Fact]
    public void A_fragment_that_starts_and_ends_at_once_is_a_whole_unit()
    {
        using var t = Declared();
        byte[] idr = Slice(0, 0, idr: true);
        t.Push(0, true, Fu(idr, 1, idr.Length, true, true));
        t.Push(3600, true, Slice(0, 1));
        t.Units.ShouldHaveSingleItem().Data.ShouldBe(Track.Join(idr));
    }

    [Fact]
    public void A_missing_end_bit_is_forgiven_where_the_marker_says_so()
    {
        using var t = Declared();
        byte[] idr = Slice(0, 0, idr: true);
        t.Push(0, false, Fu(idr, 1, 10, true, false));
        t.Push(0, true, Fu(idr, 10, idr.Length, false, false));
        t.Push(3600, true, Slice(0, 1));
        t.Units.ShouldHaveSingleItem().Data.ShouldBe(Track.Join(idr));
    }

    [Fact]
    public void A_unit_that_lost_a_fragment_is_dropped_and_the_next_one_says_so()
    {
        using var t = Declared();
        for (uint i = 0; i < 3; i++)
            t.Push(i * 3600, true, Slice(0, i, idr: i == 0));
        byte[] p = Slice(0, 3, size: 100);
        t.Push(10800, false, Fu(p, 1, 40, true, false));
        t.Lost();
        t.Push(10800, true, Fu(p, 80, p.Length, false, true)).ShouldBe(0);
        t.Push(14400, true, Slice(0, 4)).ShouldBe(1);
        t.Push(18000, true, Slice(0, 5)).ShouldBe(1);
        t.Units.Select(u => u.AfterLoss).ShouldBe([false, false, false, true, false]);
        t.Depacketizer.UnitsDropped.ShouldBe(1);
        t.Depacketizer.Malformed.ShouldBe(0);
    }

    [Fact]
    public void A_unit_whose_first_packets_were_lost_is_dropped()
    {
        using var t = Declared();
        for (uint i = 0; i < 3; i++)
            t.Push(i * 3600, true, Slice(0, i, idr: i == 0));
        t.Lost(2);
        t.Push(10800, false, Slice(30, 3)).ShouldBe(0);
        t.Push(10800, true, Slice(60, 3)).ShouldBe(0);
        t.Lost(2);
        byte[] p = Slice(0, 4, size: 100);
        t.Push(14400, true, Fu(p, 50, p.Length, false, true)).ShouldBe(0);
        t.Push(18000, true, Slice(0, 5)).ShouldBe(1);
        t.Units[^1].AfterLoss.ShouldBeTrue();
        t.Depacketizer.UnitsDropped.ShouldBe(2);
    }

    [Fact]
    public void Nothing_comes_out_before_the_parameter_sets_are_known()
    {
        using var t = New();
        t.Push(0, true, Slice(0, 0, idr: true));
        t.Push(3600, true, Slice(0, 1));
        t.Push(7200, false, Sps());
        t.Push(7200, false, Pps());
        t.Push(7200, true, Slice(0, 0, idr: true));
        t.Push(10800, true, Slice(0, 1));
        t.Push(14400, true, Slice(0, 2));
        t.Units[0].Presentation.ShouldBe(7200);
        t.Units[0].IsKey.ShouldBeTrue();
        t.Depacketizer.UnitsDropped.ShouldBe(2);
    }

    [Fact]
    public void Another_size_in_mid_stream_makes_a_new_format_at_its_key_frame()
    {
        using var t = Declared();
        t.Push(0, true, Slice(0, 0, idr: true));
        t.Push(3600, true, Slice(0, 1));
        t.Push(7200, false, Sps(20, 15));
        t.Push(7200, false, Pps());
        t.Push(7200, true, Slice(0, 0, idr: true));
        t.Push(10800, true, Slice(0, 1));
        t.Units.Select(u => ((VideoFormat)u.Format).Width).ShouldBe([176, 176, 320, 320]);
        t.Units[3].Format.ShouldBeSameAs(t.Units[2].Format);
        t.Units.ShouldAllBe(u => u.Nals.Count == 1);
    }

    [Fact]
    public void Parameter_sets_that_change_ahead_of_an_ordinary_picture_stay_in_the_stream_until_the_next_key_frame()
    {
        using var t = Declared();
        t.Push(0, true, Slice(0, 0, idr: true));
        t.Push(3600, true, Slice(0, 1));
        t.Push(7200, false, Pps(qp: 3));
        t.Push(7200, true, Slice(0, 2));
        t.Push(10800, true, Slice(0, 0, idr: true));
        t.Units[2].Nals[0].ShouldBe(Pps(qp: 3));
        t.Units[2].Format.ShouldBeSameAs(t.Units[0].Format);
        t.Units[3].Format.ShouldNotBe(t.Units[0].Format);
        t.Units[3].Nals.Count.ShouldBe(1);
    }

    [Fact]
    public void Start_codes_inside_a_payload_separate_nal_units()
    {
        using var t = New();
        byte[] idr = Slice(0, 0, idr: true), all = [0, 0, 0, 1, .. Sps(), 0, 0, 0, 1, .. Pps(), 0, 0, 1, .. idr];
        t.Push(0, true, all);
        t.Push(3600, true, Slice(0, 1));
        t.Push(7200, true, all[4..]);       // the first start code is left out
        t.Push(10800, true, Slice(0, 1));
        t.Push(14400, false, Fu(all[4..], 1, 12, true, false));
        t.Push(14400, true, Fu(all[4..], 12, all.Length - 4, false, true));
        t.Units.Where(u => u.IsKey).Select(u => u.Data).ShouldBe([Track.Join(idr), Track.Join(idr), Track.Join(idr)]);
    }

    [Fact]
    public void An_aggregate_with_a_wrong_length_is_counted_and_its_picture_dropped()
    {
        using var t = Declared();
        for (uint i = 0; i < 3; i++)
            t.Push(i * 3600, true, Slice(0, i, idr: i == 0));
        t.Push(10800, true, [.. Stap(Slice(0, 3)), 0x10, 0, 0x41, 0x9A]).ShouldBe(0);
        t.Push(14400, true, Slice(0, 4)).ShouldBe(1);
        t.Depacketizer.Malformed.ShouldBe(1);
        t.Units[^1].AfterLoss.ShouldBeTrue();
    }

    [Theory]
    [InlineData(25)]
    [InlineData(26)]
    [InlineData(27)]
    [InlineData(29)]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(0x80 | 5)]
    public void Interleaved_packets_reserved_types_and_forbidden_bits_are_counted(int header)
    {
        using var t = Declared();
        t.Push(0, false, (byte)header, 1, 2, 3, 4);
        t.Depacketizer.Malformed.ShouldBe(1);
        t.Push(0, false);
        t.Depacketizer.Malformed.ShouldBe(1);
    }

    [Fact]
    public void In_a_stream_without_idr_an_intra_picture_at_a_recovery_point_is_a_key_frame()
    {
        using var t = Declared();
        for (uint i = 0; i < 10; i++)
        {
            if (i % 5 == 0)
                t.Push(i * 3600, false, RecoveryPoint(0));
            t.Push(i * 3600, true, Slice(0, i, kind: i % 5 == 0 ? 2u : 0));
        }

        t.Units.Take(9).Select(u => u.IsKey).ShouldBe([true, false, false, false, false, true, false, false, false]);
        t.Units[0].Nals[0].ShouldBe(RecoveryPoint(0));
    }

    [Fact]
    public void Next_to_idr_pictures_recovery_points_are_no_key_frames()
    {
        using var t = Declared();
        t.Push(0, true, Slice(0, 0, idr: true));
        t.Push(3600, false, RecoveryPoint(0));
        t.Push(3600, true, Slice(0, 1, kind: 2));
        t.Push(7200, true, Slice(0, 2));
        t.Units.Select(u => u.IsKey).ShouldBe([true, false, false]);
    }

    [Fact]
    public void Reordering_that_nothing_declared_is_learned_and_becomes_a_new_format_at_the_next_key_frame()
    {
        using var t = New(Sps(pocType: 0), Pps());
        long[] shown = [0, 2, 1, 4, 3];
        for (int group = 0; group < 3; group++)
        {
            for (uint i = 0; i < 5; i++)
                t.Push(((5 * group) + shown[i]) * 3600, true, Slice(0, i, idr: i == 0, lsb: (uint)(2 * shown[i])));
        }

        t.Units.Where(u => u.IsKey).Select(u => ((VideoFormat)u.Format).ReorderDelay.Ticks).ShouldBe([0, 3600, 3600]);
        t.Units.Skip(5).Take(9).Select(u => u.Presentation / 3600).ShouldBe([5, 7, 6, 9, 8, 10, 12, 11, 14]);
        t.Units.Zip(t.Units.Skip(1)).ShouldAllBe(p => p.First.Decode < p.Second.Decode);
    }

    [Fact]
    public void Ten_thousand_packets_allocate_little_more_than_their_units()
    {
        using var depacketizer = new H264Depacketizer(new BlockPool(), [Sps(), Pps()]);
        // Ten pictures of five packets each, over and over, each with the parameter sets ahead.
        var packets = new List<byte[]>();
        for (uint picture = 0; picture < 10; picture++)
        {
            byte[] nal = Slice(0, picture, size: 5000);
            packets.Add([0x80, 0x60, .. new byte[10], .. Stap(Sps(), Pps())]);
            for (int part = 0; part < 4; part++)
            {
                int from = Math.Max(1, part * 1250);
                packets.Add([0x80, (byte)(part == 3 ? 0xE0 : 0x60), .. new byte[10], .. Fu(nal, from, (part + 1) * 1250, part == 0, part == 3)]);
            }
        }

        long ticks = 0;
        Run(5000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int units = Run(10_000);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        units.ShouldBe(2000);
        (bytes / units).ShouldBeLessThan(150);
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes / units} bytes per unit");

        int Run(int count)
        {
            int pulled = 0;
            for (int i = 0; i < count; i++)
            {
                RtpPacket.TryParse(packets[i % packets.Count], out var packet, out _).ShouldBeTrue();
                depacketizer.Push(packet, new(new(ticks), default, default));
                ticks += i % 5 == 4 ? 3600 : 0;
                while (depacketizer.TryPull(out var unit))
                {
                    pulled++;
                    unit.Release();
                }
            }

            return pulled;
        }
    }
}
