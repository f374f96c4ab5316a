using System.Buffers.Binary;

namespace Atalaya.Node.Tests.Federation;

/// <summary>That the line which nodes are tried on is as bad as it says, and no worse.</summary>
public sealed class PacketLineTests
{
    const byte Syn = 2, Ack = 16;

    static readonly long Second = TimeProvider.System.TimestampFrequency;

    [Fact]
    public void Packets_come_late_by_chance_overtake_each_other_are_lost_and_come_twice_as_often_as_is_said()
    {
        var line = new PacketLine();
        line.Worsen(rate: 1e9);
        var random = new Random(1);
        var late = new List<double>();
        int twice = 0;
        for (int n = 0; n < 20_000; n++)
        {
            long now = n * Second / 1000;
            int copies = 0;
            line.Carry(0, Packet(1, 2, Ack), now, random, at =>
            {
                late.Add((double)(at - now) / Second);
                copies++;
            });
            twice += copies == 2 ? 1 : 0;
        }

        late.Min().ShouldBeInRange(0.1, 0.102);
        late.Max().ShouldBeInRange(0.198, 0.201);
        late.Average().ShouldBe(0.15, 0.002);
        twice.ShouldBeInRange(300, 460);
        (late.Count - twice).ShouldBeInRange(18_850, 19_150);
        line.ToString().ShouldNotContain(" 0 overtaken");
    }

    [Fact]
    public void A_line_carries_no_more_than_its_rate_and_keeps_no_more_than_a_second_of_it()
    {
        var line = new PacketLine { Rate = 1e6 };
        var random = new Random(1);
        long last = 0;
        int came = 0;
        for (int n = 0; n < 200; n++)
        {
            line.Carry(0, new byte[1250].AsSpan().ToPacket(1, 2, Ack), 0, random, at =>
            {
                last = at;
                came++;
            });
        }

        (came, (double)last / Second).ShouldBe((100, 1.0));
        // The other way is free.
        line.Carry(1, Packet(2, 1, Ack), 0, random, at => last = at);
        ((double)last / Second).ShouldBeLessThan(0.001);
    }

    [Fact]
    public void Nothing_passes_a_cut_nobody_dials_into_a_router_and_what_it_forgot_goes_over_no_more()
    {
        var line = new PacketLine { Dialler = 1 };
        Passes(0, 443, 50_000, Syn).ShouldBeFalse("nobody within asked for it");
        Passes(1, 50_000, 443, Syn).ShouldBeTrue();
        Passes(0, 443, 50_000, Syn | Ack).ShouldBeTrue();
        line.IsCut = true;
        Passes(1, 50_000, 443, Ack).ShouldBeFalse();
        line.IsCut = false;
        Passes(1, 50_000, 443, Ack).ShouldBeTrue();

        line.Forget();
        Passes(1, 50_000, 443, Ack).ShouldBeFalse();
        Passes(0, 443, 50_000, Ack).ShouldBeFalse();
        Passes(1, 50_001, 443, Syn).ShouldBeTrue("another one");
        Passes(0, 443, 50_001, Syn | Ack).ShouldBeTrue();
        line.BytesFrom(0).ShouldBe(4 * 40);

        bool Passes(int from, ushort source, ushort target, int flags)
        {
            bool passed = false;
            line.Carry(from, Packet(source, target, flags), 0, new(1), _ => passed = true);
            return passed;
        }
    }

    static ReadOnlySpan<byte> Packet(ushort source, ushort target, int flags) => new byte[40].AsSpan().ToPacket(source, target, flags);
}

static class PacketWriting
{
    /// <summary>Writes headers of IPv4 and TCP, as far as a line reads them.</summary>
    public static ReadOnlySpan<byte> ToPacket(this Span<byte> bytes, ushort source, ushort target, int flags)
    {
        (bytes[0], bytes[9]) = (0x45, 6);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[20..], source);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[22..], target);
        bytes[33] = (byte)flags;
        return bytes;
    }
}
