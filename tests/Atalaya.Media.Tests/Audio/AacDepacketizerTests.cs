using Atalaya.Media.Audio;
using Atalaya.Media.Tests.H264;

namespace Atalaya.Media.Tests.Audio;

public sealed class AacDepacketizerTests
{
    static Track New(AacHeaderLayout? layout = null)
    {
        AacDepacketizer.TryCreate(new BlockPool(), new byte[] { 0x14, 0x08 }, 16_000, layout ?? AacHeaderLayout.Hbr, out var depacketizer, out string fault).ShouldBeTrue(fault);
        return new(depacketizer);
    }

    [Fact]
    public void Several_frames_in_a_packet_follow_each_other_by_1024_samples()
    {
        using var t = New();
        t.Push(9000, true, 0, 48, 0, 2 << 3, 0, 3 << 3, 0, 1 << 3, 1, 2, 3, 4, 5, 6).ShouldBe(3);
        t.Units.Select(u => u.Data).ShouldBe([[1, 2], [3, 4, 5], [6]]);
        t.Units.Select(u => u.Presentation).ShouldBe([9000, 9000 + 5760, 9000 + 11_520]);
    }

    [Fact]
    public void When_the_senders_clock_is_set_back_sound_goes_on_and_lasts_as_long_as_it_did()
    {
        using var t = New();
        long[] sent = [180_000, 185_760, 95_760, 101_520, 101_000, 113_040];
        foreach (long at in sent)
            t.Push(at, true, 0, 16, 0, 1 << 3, 7).ShouldBe(1);
        t.Units.Select(u => u.Presentation).ShouldBe([180_000, 185_760, 191_520, 197_280, 197_281, 208_800]);
    }

    [Fact]
    public void Low_bit_rate_headers_have_a_byte()
    {
        using var t = New(AacHeaderLayout.Lbr);
        t.Push(0, true, 0, 16, 2 << 2, 1 << 2, 1, 2, 3).ShouldBe(2);
        t.Units.Select(u => u.Data).ShouldBe([[1, 2], [3]]);
    }

    [Fact]
    public void A_frame_in_fragments_that_lost_one_is_dropped_and_the_next_says_so()
    {
        using var t = New();
        t.Push(0, false, 0, 16, 0, 6 << 3, 1, 2, 3);
        t.Push(0, true, 0, 16, 0, 6 << 3, 4, 5, 6).ShouldBe(1);
        t.Push(5760, false, 0, 16, 0, 6 << 3, 1, 2, 3);
        t.Lost();
        t.Push(11_520, true, 0, 16, 0, 1 << 3, 9).ShouldBe(1);
        t.Units.Select(u => u.Data).ShouldBe([[1, 2, 3, 4, 5, 6], [9]]);
        t.Units[1].AfterLoss.ShouldBeTrue();
        t.Depacketizer.UnitsDropped.ShouldBe(1);
    }

    [Fact]
    public void Interleaved_frames_and_headers_beyond_the_end_are_counted()
    {
        using var t = New();
        t.Push(0, true, 0, 32, 0, 1 << 3, 0, (1 << 3) | 2, 1, 2);
        t.Push(0, true, 0xFF, 0xFF, 1);
        t.Push(0, true, 0);
        t.Depacketizer.Malformed.ShouldBe(3);
    }

    [Fact]
    public void An_adts_header_that_a_camera_left_on_is_taken_off()
    {
        using var t = New();
        byte[] adts = [0xFF, 0xF1, 0x60, 0x40, 0x01, 0x3F, 0xFC, 0x21, 0x10];   // 9 bytes
        t.Push(0, true, [0, 16, 0, 9 << 3, .. adts]).ShouldBe(1);
        t.Units[0].Data.ShouldBe([0x21, 0x10]);
    }

    [Theory]
    [InlineData("1188", 2, 48_000, 48_000, 1)]
    [InlineData("1408", 2, 16_000, 16_000, 1)]
    [InlineData("1490", 2, 12_000, 12_000, 2)]
    [InlineData("2B920800", 5, 22_050, 44_100, 2)]
    public void Configurations_are_read(string hex, int type, int rate, int output, int channels)
    {
        AudioSpecificConfig.TryParse(Convert.FromHexString(hex), out var config, out string fault).ShouldBeTrue(fault);
        (config.ObjectType, config.SampleRate, config.OutputRate, config.Channels, config.FrameSamples).ShouldBe((type, rate, output, channels, 1024));
    }
}
