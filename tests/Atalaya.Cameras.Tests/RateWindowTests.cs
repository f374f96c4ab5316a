using Atalaya.Testing;

namespace Atalaya.Cameras.Tests;

/// <summary>What a technician reads as rate and loss is what came in the last seconds, not since the start.</summary>
public sealed class RateWindowTests
{
    [Fact]
    public void Rates_are_those_of_the_last_five_seconds_and_loss_of_the_last_ten()
    {
        var clock = new ManualClock();
        var window = new RateWindow();
        window.Read(clock).ShouldBe(default);
        for (int second = 0; second <= 20; second++)
        {
            // 100 pictures a second at first, 25 in the last six; two packets lost at second 12.
            int units = second <= 14 ? 100 * second : 1400 + (25 * (second - 14));
            window.Add(clock.GetTimestamp(), units, units * 1000, units * 10, second >= 12 ? 2 : 0);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        var rates = window.Read(clock);
        rates.FramesPerSecond.ShouldBe(25, 0.001);
        rates.BitsPerSecond.ShouldBe(25 * 8000, 0.1);
        rates.PacketsLost.ShouldBe(2);
    }

    [Fact]
    public void Old_loss_is_forgotten()
    {
        var clock = new ManualClock();
        var window = new RateWindow();
        for (int second = 0; second <= 30; second++)
        {
            window.Add(clock.GetTimestamp(), second, second, second, second >= 5 ? 7 : 0);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        window.Read(clock).PacketsLost.ShouldBe(0);
    }
}
