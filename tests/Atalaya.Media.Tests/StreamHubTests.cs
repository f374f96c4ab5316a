using FsCheck.Fluent;

namespace Atalaya.Media.Tests;

public sealed class StreamHubTests
{
    static readonly VideoFormat Video = new(Codec.H264, new byte[] { 1, 0x42, 0xC0, 0x1E, 0xFF, 0xE0, 0 }, "avc1.42C01E", 640, 480);
    static readonly AudioFormat Audio = new(Codec.PcmALaw, default, "alaw", 8000, 1);
    static readonly StreamBreak Gone = new(BreakCause.Camera, "The camera closed the connection.", default);

    static AccessUnit Picture(int number, bool key = false, int size = 10) =>
        new(Video, new byte[size]) { Decode = new(number * 3600L), Presentation = new(number * 3600L), IsKey = key };

    static AccessUnit Sound(int number) => new(Audio, new byte[10]) { Decode = new(number * 3600L), Presentation = new(number * 3600L), IsKey = true };

    static void Publish(StreamHub hub, params ReadOnlySpan<AccessUnit> units)
    {
        foreach (var unit in units)
        {
            hub.Publish(unit);
            unit.Release();
        }
    }

    /// <summary>What is queued, in words: picture or key with its number, <c>s</c> sound, <c>|</c> a break, <c>+n</c> before what was lost.</summary>
    static string Read(HubReader reader)
    {
        var words = new List<string>();
        while (reader.TryRead(out var item))
        {
            if (item.Skipped > 0)
                words.Add($"+{item.Skipped}");
            words.Add(item.Unit is not { } unit ? "|" : $"{(unit.IsVideo ? unit.IsKey ? "k" : "p" : "s")}{unit.Decode.Ticks / 3600}");
            item.Unit?.Release();
        }

        return string.Join(' ', words);
    }

    [Fact]
    public void A_reader_that_joins_in_mid_group_waits_for_the_key_frame_and_has_lost_nothing()
    {
        var hub = new StreamHub();
        Publish(hub, Picture(0, key: true), Picture(1));
        using var reader = hub.Open(10, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(2), Picture(3, key: true), Picture(4));
        Read(reader).ShouldBe("k3 p4");
        reader.TotalSkipped.ShouldBe(0);
    }

    [Fact]
    public void Sound_that_comes_first_doesnt_let_pictures_in_before_their_key_frame()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(10, Overflow.EndSegment);
        Publish(hub, Sound(0), Picture(1), Sound(2), Picture(3, key: true), Sound(4), Picture(5));
        Read(reader).ShouldBe("s0 k3 s4 p5");
        reader.TotalSkipped.ShouldBe(0);
    }

    [Fact]
    public void A_reader_of_a_hub_that_keeps_the_group_starts_with_it_and_gets_each_unit_once()
    {
        var hub = new StreamHub(keepGroup: true);
        Publish(hub, Picture(0, key: true), Picture(1), Sound(1));
        using var reader = hub.Open(10, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(2));
        Read(reader).ShouldBe("k0 p1 s1 p2");
        hub.Break(Gone);
        using var late = hub.Open(10, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(3), Picture(4, key: true));
        Read(late).ShouldBe("k4");
        Read(reader).ShouldBe("| k4");
    }

    [Fact]
    public void A_group_that_is_too_long_for_the_reader_is_not_handed_out_in_part()
    {
        var hub = new StreamHub(keepGroup: true);
        Publish(hub, Picture(0, key: true), Picture(1), Picture(2));
        using var reader = hub.Open(3, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(3), Picture(4, key: true));
        Read(reader).ShouldBe("k4");
    }

    [Fact]
    public void A_full_disk_queue_keeps_what_it_has_and_loses_what_comes_until_it_was_read_empty()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(3, Overflow.EndSegment);
        Publish(hub, Picture(0, key: true), Picture(1), Picture(2), Picture(3), Picture(4, key: true));
        Read(reader).ShouldBe("k0 p1 p2");
        Publish(hub, Picture(5), Sound(5), Picture(6, key: true), Picture(7));
        Read(reader).ShouldBe("+4 k6 p7");
        reader.TotalSkipped.ShouldBe(4);
    }

    [Fact]
    public void A_full_viewers_queue_is_thrown_away_and_goes_on_at_the_next_key_frame()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(3, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(0, key: true), Picture(1), Picture(2), Picture(3), Sound(3), Picture(4, key: true), Picture(5));
        Read(reader).ShouldBe("+5 k4 p5");
        Publish(hub, Picture(6), Picture(7), Picture(8), Picture(9, key: true));
        Read(reader).ShouldBe("+3 k9", "a key frame that finds the queue full stays itself");
        reader.TotalSkipped.ShouldBe(8);
    }

    [Fact]
    public void Losses_that_were_queued_and_lost_again_are_still_told()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(2, Overflow.SkipToKeyFrame);
        Publish(hub, Picture(0, key: true), Picture(1), Picture(2, key: true), Picture(3), Picture(4, key: true));
        Read(reader).ShouldBe("+4 k4");
        reader.TotalSkipped.ShouldBe(4);
    }

    [Fact]
    public void A_break_stays_in_its_place_and_the_next_run_starts_with_a_key_frame()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(10, Overflow.EndSegment);
        Publish(hub, Picture(0, key: true), Picture(1));
        hub.Break(Gone);
        Publish(hub, Picture(0), Picture(1, key: true));
        Read(reader).ShouldBe("k0 p1 | k1");
    }

    [Fact]
    public void Breaks_that_nobody_reads_dont_pile_up()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(1000, Overflow.EndSegment);
        for (int i = 0; i < 500; i++)
        {
            Publish(hub, Picture(0, key: true));
            hub.Break(Gone);
        }

        long told = 0, units = 0, breaks = 0;
        while (reader.TryRead(out var item))
        {
            told += item.Skipped;
            units += item.Unit is null ? 0 : 1;
            breaks += item.Break is null ? 0 : 1;
            item.Unit?.Release();
        }

        breaks.ShouldBeLessThanOrEqualTo(64);
        (units + told).ShouldBe(500);
        told.ShouldBe(reader.TotalSkipped);
    }

    [Fact]
    public void A_batch_wakes_its_reader_once_when_it_is_full_and_again_only_after_it_was_read()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(100, Overflow.EndSegment, batch: new MediaTime(3 * 3600));
        int woken = 0;
        reader.OnReady(() => woken++);
        Publish(hub, Picture(0, key: true), Picture(1), Picture(2));
        woken.ShouldBe(0);
        Publish(hub, Picture(3), Picture(4));
        woken.ShouldBe(1);
        Read(reader).ShouldBe("k0 p1 p2 p3 p4");
        Publish(hub, Picture(5));
        woken.ShouldBe(1);
        hub.Break(Gone);
        woken.ShouldBe(2, "a break can't wait");
    }

    [Fact]
    public void A_queue_that_is_full_of_bytes_wakes_its_reader_however_long_the_batch()
    {
        var hub = new StreamHub();
        using var reader = hub.Open(1000, Overflow.EndSegment, batch: MediaTime.FromSeconds(60), maxBytes: 1000);
        int woken = 0;
        reader.OnReady(() => woken++);
        Publish(hub, Picture(0, key: true, size: 400), Picture(1, size: 700));
        woken.ShouldBe(1);
        Read(reader).ShouldBe("k0");
        Publish(hub, Picture(2, key: true));
        Publish(hub, Picture(3, size: 2000), Picture(4));
        woken.ShouldBe(2);
        Read(reader).ShouldBe("+1 k2");
    }

    [Fact]
    public async Task Waiting_ends_with_a_unit_with_disposal_or_with_cancellation()
    {
        var hub = new StreamHub();
        var reader = hub.Open(10, Overflow.EndSegment);
        var waiting = reader.WaitAsync(CancellationToken.None);
        waiting.IsCompleted.ShouldBeFalse();
        Publish(hub, Picture(0, key: true));
        (await waiting).ShouldBeTrue();
        Read(reader).ShouldBe("k0");

        using var stop = new CancellationTokenSource();
        var cancelled = reader.WaitAsync(stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await cancelled);

        var last = reader.WaitAsync(CancellationToken.None);
        reader.Dispose();
        reader.Dispose();
        (await last).ShouldBeFalse();
        (await reader.WaitAsync(CancellationToken.None)).ShouldBeFalse();
        hub.HasReaders.ShouldBeFalse();
    }

    /// <summary>Whatever readers do: every unit goes back to the pool exactly once, and each reader's losses add up.</summary>
    [Fact]
    public void Every_unit_is_released_exactly_once_whatever_happens() =>
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var units = new List<AccessUnit>();
            var hub = new StreamHub(keepGroup: random.Next(2) == 0);
            var readers = new List<(HubReader Reader, long Told)>();
            for (int step = random.Next(400); step > 0; step--)
            {
                int which = readers.Count > 0 ? random.Next(readers.Count) : -1;
                switch (random.Next(20))
                {
                    case 0:
                        readers.Add((hub.Open(random.Next(2, 12), random.Next(2) == 0 ? Overflow.EndSegment : Overflow.SkipToKeyFrame, new(random.Next(20_000)), random.Next(50, 500)), 0));
                        break;
                    case 1 when which >= 0:
                        readers[which].Reader.Dispose();
                        readers.RemoveAt(which);
                        break;
                    case 2:
                        hub.Break(Gone);
                        break;
                    case 3 or 4 or 5 or 6 when which >= 0:
                        Drain(which, random.Next(8));
                        break;
                    default:
                        var unit = random.Next(4) == 0 ? Sound(step) : Picture(step, random.Next(6) == 0, random.Next(1, 80));
                        units.Add(unit);
                        hub.Publish(unit);
                        break;
                }
            }

            hub.Break(Gone);
            for (int i = 0; i < readers.Count; i++)
            {
                Drain(i, int.MaxValue);
                readers[i].Told.ShouldBe(readers[i].Reader.TotalSkipped);
                readers[i].Reader.Dispose();
            }

            foreach (var unit in units)
            {
                unit.Release();
                Should.Throw<InvalidOperationException>(unit.Release);     // that was the last one
            }

            return true;

            void Drain(int which, int most)
            {
                while (most-- > 0 && readers[which].Reader.TryRead(out var item))
                {
                    readers[which] = (readers[which].Reader, readers[which].Told + item.Skipped);
                    if (item.Skipped > 0 && item.Unit is { IsVideo: true } picture)
                        picture.IsKey.ShouldBeTrue();
                    item.Unit?.Release();
                }
            }
        }));
}
