using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A link takes no more than its share of the line.</summary>
public sealed class LinkRateTests
{
    [Fact]
    public async Task What_is_large_goes_in_pieces_no_faster_than_the_rate_and_waits_for_what_was_urgent()
    {
        var clock = new ManualClock(DateTimeOffset.UnixEpoch);
        var rate = new LinkRate(new NodeOptions { Federation = new() { Rate = 800 } }, clock);    // 100,000 bytes a second
        using var target = new MemoryStream();
        await using var body = new RatedBody(target, rate, "a");

        rate.Count("a", 50_000).ShouldBe(TimeSpan.Zero);
        var writing = body.WriteAsync(new byte[200_000], TestNode.Stop).AsTask();
        target.Length.ShouldBe(0);      // Half a second is taken.

        // Another link isn't held up.
        rate.Count("b", 1).ShouldBe(TimeSpan.Zero);
        int tenths = 0;
        for (; !writing.IsCompleted; tenths++)
        {
            clock.Advance(TimeSpan.FromSeconds(0.1));
            await Task.Yield();
        }

        await writing.WaitAsync(TestNode.Stop);
        target.Length.ShouldBe(200_000);
        // Half a second for what was urgent, two for this, less the last piece.
        tenths.ShouldBeGreaterThanOrEqualTo(23);
    }
}
