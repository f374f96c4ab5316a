namespace Atalaya.Media.Tests.H264;

public sealed class DecodeClockTests
{
    static List<UnitTimes> Run(DecodeClock clock, IEnumerable<long> shown) => [.. shown.Select(t => clock.Next(new(t)))];

    static void Holds(IReadOnlyList<UnitTimes> times)
    {
        for (int i = 0; i < times.Count; i++)
        {
            times[i].Decode.ShouldBeLessThanOrEqualTo(times[i].Presentation);
            if (i > 0)
                times[i].Decode.ShouldBeGreaterThan(times[i - 1].Decode);
        }
    }

    [Fact]
    public void Without_reordering_decode_is_presentation()
    {
        var times = Run(new(0), [0, 3600, 7200, 10_000, 500_000]);
        times.ShouldAllBe(t => t.Decode == t.Presentation);
        times.Select(t => t.Duration.Ticks).ShouldBe([0, 3600, 3600, 2800, 2800]);
    }

    [Theory]
    [InlineData(1, "0 3 1 2 6 4 5 9 7 8", "-1 0 1 2 3 4 5 6 7 8")]
    [InlineData(2, "0 4 2 1 3 8 6 5 7", "-2 -1 0 1 2 3 4 5 6")]
    [InlineData(1, "2 0 1 5 3 4 8 6 7", "1 2 3 4 5 6 7 8 9")]   // open group, leading pictures first: they come too late for their place
    [InlineData(1, "0 8 1 2 3 4 5 6 7 9", "-1 0 1 2 3 4 5 6 7 8")]
    public void Decode_times_are_the_presentation_times_in_order(int depth, string shown, string decoded)
    {
        var times = Run(new(depth, new(100)), shown.Split(' ').Select(t => long.Parse(t) * 100));
        Holds(times);
        if (!shown.StartsWith('2'))
            times.Select(t => t.Decode.Ticks / 100).ShouldBe(decoded.Split(' ').Select(long.Parse));
    }

    [Fact]
    public void Whatever_the_order_and_the_frame_rate_no_time_is_moved_where_the_depth_suffices()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            long[] display = new long[200];
            for (int i = 1; i < display.Length; i++)
                display[i] = display[i - 1] + (random.Next(10) == 0 ? random.Next(1, 200_000) : random.Next(1500, 7200));
            int depth = random.Next(0, 4);
            var order = Shuffle(random, display.Length, depth);
            var clock = new DecodeClock(depth, new(3600));
            var times = Run(clock, order.Select(i => display[i]));
            Holds(times);
            clock.Moved.ShouldBe(0, $"seed {seed}");
            clock.NeededDepth.ShouldBe(depth, $"seed {seed}");
            times.Select(t => t.Presentation.Ticks).ShouldBe(order.Select(i => display[i]));
            (times[0].Presentation - times[0].Decode).ShouldBe(DecodeClock.DelayFor(depth, new(3600)));
        }
    }

    [Fact]
    public void Jitter_repeats_and_nonsense_never_break_the_order()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var clock = new DecodeClock(random.Next(0, 5), new(random.Next(3) * 1800), random.Next(0, 17));
            long at = random.Next(100_000);
            var shown = new List<long>();
            for (int i = 0; i < 300; i++)
            {
                at += random.Next(12) switch { 0 => 0, 1 => -random.Next(20_000), 2 => random.Next(2_000_000), 3 => -random.NextInt64(1L << 40), _ => 3600 + random.Next(-90, 90) };
                shown.Add(at);
                if (random.Next(50) == 0)
                    clock.Change(clock.NeededDepth);
                Holds([clock.Next(new(at)), clock.Next(new(at))]);
            }
        }
    }

    [Fact]
    public void A_depth_that_nobody_declared_is_learned()
    {
        var clock = new DecodeClock(0);
        Holds(Run(clock, new long[] { 0, 3, 1, 2, 6, 4, 5 }.Select(t => t * 3600)));
        clock.NeededDepth.ShouldBe(1);
        clock.Moved.ShouldBeGreaterThan(0);
        clock.Change(1);
        long moved = clock.Moved;
        Run(clock, new long[] { 9, 7, 8, 12, 10, 11 }.Select(t => t * 3600)).Select(t => t.Presentation.Ticks / 3600).ShouldBe([9, 7, 8, 12, 10, 11]);
        clock.Moved.ShouldBe(moved);
    }

    [Fact]
    public void Small_jitter_is_not_taken_for_reordering()
    {
        var clock = new DecodeClock(0, new(3600));
        Holds(Run(clock, [0, 3600, 3300, 7200, 10_800]));
        clock.NeededDepth.ShouldBe(0);
    }

    [Fact]
    public void When_the_senders_clock_jumps_back_times_go_on()
    {
        var clock = new DecodeClock(0, new(3600), maxDepth: 4);
        var times = Run(clock, [900_000, 903_600, 907_200, 100_000, 103_600, 107_200]);
        times.Select(t => t.Decode.Ticks).ShouldBe([900_000, 903_600, 907_200, 910_800, 914_400, 918_000]);
        times.Select(t => t.Jumped).ShouldBe([false, false, false, true, false, false]);
        clock.NeededDepth.ShouldBe(0);
    }

    [Fact]
    public void Where_nothing_is_reordered_a_step_back_of_a_second_is_a_jump_and_one_of_a_frame_jitter()
    {
        var clock = new DecodeClock(0, new(3600), maxDepth: 0);
        var times = Run(clock, [180_000, 183_600, 93_600, 97_200, 93_600, 104_400]);
        times.Select(t => t.Decode.Ticks).ShouldBe([180_000, 183_600, 187_200, 190_800, 190_801, 198_000]);
        times.Select(t => t.Jumped).ShouldBe([false, false, true, false, false, false]);
    }

    /// <summary>An order in which exactly <paramref name="depth"/> pictures at most come before one that is shown before them.</summary>
    static List<int> Shuffle(Random random, int count, int depth)
    {
        List<int> order = [0];
        var ahead = new SortedSet<int>();
        int next = 1;
        for (bool used = depth == 0; order.Count < count;)
        {
            // Those ahead are out already; the gap between them is filled in order.
            while (ahead.Remove(next))
                next++;
            if (next >= count)
                break;
            bool jump = ahead.Count < depth && (random.Next(3) == 0 || !used) && next + depth + 2 < count;
            if (jump)
            {
                int to = next + 1 + random.Next(depth + 1);
                if (ahead.Add(to))
                {
                    order.Add(to);
                    used |= ahead.Count == depth;
                    continue;
                }

                if (!used)
                    continue;
            }

            order.Add(next++);
        }

        return order;
    }
}
