using Atalaya.Analysis.Child;

namespace Atalaya.Analysis.Tests.Child;

/// <summary>A minute of a day's work, counted in seconds that nobody waits for: cameras ask, one thread works.</summary>
public sealed class TurnsTests
{
    [Fact]
    public void One_busy_camera_takes_nothing_from_many_quiet_ones()
    {
        // A busy one whose pictures take 300 ms: alone it asks for one and a half threads.
        var given = Run([new(0.3, Moves: true), .. Enumerable.Repeat(new Stream(0.004), 15)]);
        given[1..].ShouldAllBe(g => g >= 4.9);
        given[0].ShouldBeInRange(2, 2.6);
    }

    [Fact]
    public void Busy_cameras_share_what_is_left_alike()
    {
        var given = Run([.. Enumerable.Repeat(new Stream(0.1, Moves: true), 8), .. Enumerable.Repeat(new Stream(0.004), 8)]);
        given[8..].ShouldAllBe(g => g >= 4.9);
        (given[..8].Max() - given[..8].Min()).ShouldBeLessThan(0.15);
        given[..8].Sum().ShouldBeInRange(8, 8.6);
    }

    [Fact]
    public void Twice_the_priority_is_twice_the_pictures_and_a_scene_that_moves_comes_before_one_that_does_not()
    {
        var given = Run([new(0.2, Weight: 2), new(0.2), new(0.2)]);
        (given[0] / given[1]).ShouldBe(2, 0.2);
        given = Run([new(0.2, Moves: true), new(0.2), new(0.2)]);
        (given[0] / given[1]).ShouldBeGreaterThan(3);
        given.ShouldAllBe(g => g > 0.5, "nobody is left out");
    }

    [Fact]
    public void Footage_of_the_past_gets_what_live_cameras_leave_and_no_more()
    {
        var given = Run([new(0.02), new(0.02), new(0.02, IsPast: true)]);
        given[..2].ShouldAllBe(g => g >= 4.9);
        given[2].ShouldBeGreaterThan(35, "four fifths of the time are left");
        Run([new(0.2), new(0.2), new(0.02, IsPast: true)])[2].ShouldBeLessThan(0.1);
    }

    [Fact]
    public void Who_was_away_for_long_has_one_turn_for_it_and_no_more()
    {
        var turns = new Turns();
        Account busy = turns.Open(isPast: false), away = turns.Open(isPast: false);
        for (int i = 0; i < 1000; i++)
        {
            turns.Begin(busy);
            turns.Pay(busy, 1, 1, moves: false);
        }

        turns.Wake(away);
        // One turn, and then they alternate.
        turns.IsBefore(away, busy).ShouldBeTrue();
        turns.Pay(away, 2, 1, moves: false);
        turns.IsBefore(busy, away).ShouldBeTrue();
        turns.Open(isPast: false).Paid.ShouldBeGreaterThan(990);
    }

    /// <param name="Picture">Seconds that one takes.</param>
    sealed record Stream(double Picture, bool Moves = false, double Weight = 1, bool IsPast = false);

    /// <returns>Pictures a second of each over a minute. Live ones ask for five; one that waits for longer than that is thrown away.</returns>
    static double[] Run(Stream[] streams)
    {
        const double Seconds = 60, Every = 0.2;
        var turns = new Turns();
        var accounts = streams.Select(s => turns.Open(s.IsPast)).ToArray();
        int[] done = new int[streams.Length], taken = new int[streams.Length];
        for (double now = 0; now < Seconds;)
        {
            int next = -1;
            for (int i = 0; i < streams.Length; i++)
            {
                bool waits = streams[i].IsPast || taken[i] <= (int)(now / Every);
                if (waits && (next < 0 || turns.IsBefore(accounts[i], accounts[next])))
                    next = i;
            }

            if (next < 0)
            {
                now += 0.001;
                continue;
            }

            // It has waited for a picture, and so was away.
            if (!streams[next].IsPast && taken[next] == (int)(now / Every))
                turns.Wake(accounts[next]);
            turns.Begin(accounts[next]);
            now += streams[next].Picture;
            turns.Pay(accounts[next], streams[next].Picture, streams[next].Weight, streams[next].Moves);
            done[next]++;
            taken[next] = Math.Max(taken[next] + 1, (int)(now / Every));
        }

        return [.. done.Select(d => d / Seconds)];
    }
}
