using System.Globalization;

using Atalaya.Federation.Links;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// A node killed at every step of an exchange, either end: before and behind each thing it does to its tables, before and behind sending, receiving and acknowledging. A few of the steps, by chance;
/// <c>make test-federation</c> tries them all (ATALAYA_FEDERATION_EVERY=1), one after the other, and then many in one life.
/// </summary>
public sealed class KilledLinkTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Killed_at_any_step_an_end_goes_on_and_every_message_is_applied_once_and_in_order()
    {
        int every = Setting("ATALAYA_FEDERATION_EVERY") ?? 24, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        var killed = new List<string>();
        int steps = await RunAsync(0);
        for (int at = 1 + (Math.Abs(seed) % every); at <= steps; at += every)
            await RunAsync(at);
        output.WriteLine($"{steps} steps, killed at {killed.Count} of them");
        killed.Count.ShouldBeGreaterThan(steps / every / 2);

        async Task<int> RunAsync(int at)
        {
            await using var link = await SmallLink.MakeAsync(new(), seed);
            link.KillAt = at;
            // Both ways, both lanes, what is refused among it.
            _ = link.Site.SayAsync(Lane.Records, "a", "refuse b", "c");
            _ = link.Site.SayAsync(Lane.Urgent, "d", "e", "refuse f");
            _ = link.Centre.SayAsync(Lane.Urgent, "g", "refuse h");
            _ = link.Centre.SayAsync(Lane.Records, "i");
            await link.SettleAsync(Patience);
            // And what is told after it.
            int used = link.Steps;
            _ = link.Site.SayAsync(Lane.Urgent, "k");
            _ = link.Centre.SayAsync(Lane.Records, "l");
            await link.SettleAsync(Patience);
            if (link.Killed is { } where)
                killed.Add(where);
            link.Judge($"Killed at {link.Killed}, seed {seed}");
            return used;
        }
    }

    [Fact]
    public async Task Killed_again_and_again_on_a_path_that_brings_things_late_twice_and_in_another_order_nothing_is_lost()
    {
        int lives = Setting("ATALAYA_FEDERATION_LIVES") ?? 8, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        var random = new Random(seed);
        await using var link = await SmallLink.MakeAsync(new(), seed);
        (link.Delay, link.Loss, link.Twice) = (TimeSpan.FromMilliseconds(150), 0.05, 0.3);
        int told = 0;
        for (int life = 0; life < lives; life++)
        {
            link.KillAt = link.Steps + random.Next(1, 300);
            foreach (var end in new[] { link.Site, link.Centre })
            {
                foreach (var lane in Enum.GetValues<Lane>())
                    _ = end.SayAsync(lane, [.. Enumerable.Range(0, random.Next(5)).Select(_ => $"{(random.Next(6) == 0 ? "refuse " : "")}{told++}")]);
            }

            if (random.Next(4) == 0)
                link.Cut();
            link.World.Run(TimeSpan.FromSeconds(random.Next(15)));
            link.Heal();
            await link.ReviveAsync();
        }

        await link.SettleAsync(Patience);
        // What is still on its way.
        link.World.Run(TimeSpan.FromMinutes(1));
        link.Judge($"Seed {seed}");
        output.WriteLine($"{told} messages, {link.Steps} steps, {link.World.Clock.GetUtcNow() - new Testing.ManualClock().GetUtcNow()} of simulated time");
    }

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
