namespace Atalaya.Cameras.Tests;

/// <summary>A dead camera is asked often enough to be back soon, and rarely enough to leave the network and its account alone.</summary>
public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(5, 16)]
    [InlineData(6, 30)]
    [InlineData(1_000_000, 30)]
    public void The_wait_doubles_up_to_the_longest(int attempt, double seconds)
    {
        var random = new Random(1);
        for (int i = 0; i < 100; i++)
            Backoff.Network.After(attempt, random).TotalSeconds.ShouldBeInRange(seconds * 0.8, seconds * 1.2);
    }

    [Fact]
    public void Cameras_that_failed_together_do_not_return_together()
    {
        var random = new Random(2);
        var waits = Enumerable.Range(0, 40).Select(_ => Backoff.Network.After(6, random)).ToList();
        (waits.Max() - waits.Min()).ShouldBeGreaterThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_refused_password_is_tried_rarely() =>
        Backoff.Refused.After(1, new Random(3)).ShouldBeGreaterThan(TimeSpan.FromSeconds(20));
}
