using System.Globalization;

using Atalaya.Federation.Links;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>An hour without a line, in simulated time: what a post in the mountains knows well. ATALAYA_FEDERATION_HOURS says how many, each with a chance of its own.</summary>
public sealed class HourOfCutTests(ITestOutputHelper output)
{
    [Fact]
    public async Task After_an_hour_the_alarms_are_at_the_centre_within_two_seconds_whatever_waits()
    {
        int hours = Environment.GetEnvironmentVariable("ATALAYA_FEDERATION_HOURS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;
        for (int hour = 1; hour <= hours; hour++)
            await CutAsync(hour);
    }

    async Task CutAsync(int seed)
    {
        var random = new Random(seed);
        var ahead = TimeSpan.FromSeconds(7);
        await using var link = await SmallLink.MakeAsync(new(), seed, centreIsAhead: ahead, rateKbit: 512);
        (link.Delay, link.Loss, link.Twice, link.Rate) = (TimeSpan.FromMilliseconds(150), 0.05, 0.2, 1e6);
        var (site, centre, world) = (link.Site, link.Centre, link.World);
        world.RunUntil(() => site.Health.IsUp && centre.Health.IsUp, TimeSpan.FromMinutes(1));
        // As wrong as it is, less what the way's two halves differ.
        (site.Health.ClockOffset!.Value - ahead).Duration().ShouldBeLessThan(TimeSpan.FromSeconds(1));
        (centre.Health.ClockOffset!.Value + ahead).Duration().ShouldBeLessThan(TimeSpan.FromSeconds(1));

        link.Cut();
        int before = link.Posts;
        var from = world.Clock.GetUtcNow();
        // History, and what happens meanwhile.
        string large = new('x', 2000);
        for (int minute = 0; minute < 60; minute++)
        {
            _ = site.SayAsync(Lane.Records, [.. Enumerable.Range(0, 20).Select(n => $"record {minute}.{n} {large}")]);
            if (minute % 10 == 0)
                _ = site.SayAsync(Lane.Urgent, $"alarm {minute}");
            world.Run(TimeSpan.FromSeconds(60));
        }

        // It knows, and isn't busy with it: two ends, a few tries in flight each, begun anew.
        world.Run(TimeSpan.FromSeconds(10 * random.NextDouble()));
        (site.Health.IsUp, site.Health.Waiting).ShouldBe((false, 60 * 20 + 6));
        centre.Health.IsUp.ShouldBeFalse();
        (site.Health.Since - from).ShouldNotBeNull().ShouldBeLessThan(TimeSpan.FromSeconds(20));
        (link.Posts - before).ShouldBeLessThan(2 * 3620 * 2);

        _ = site.SayAsync(Lane.Urgent, "the last alarm");
        link.Heal();
        var healed = world.Clock.GetUtcNow();
        world.RunUntil(() => centre.Count("select count(*) from arrived where lane = 0") == 7, TimeSpan.FromMinutes(5));
        var alarms = world.Clock.GetUtcNow() - healed;
        // And one that is raised while everything else goes over.
        _ = site.SayAsync(Lane.Urgent, "another");
        var raised = world.Clock.GetUtcNow();
        world.RunUntil(() => centre.Count("select count(*) from arrived where lane = 0") == 8, TimeSpan.FromMinutes(5));
        var another = world.Clock.GetUtcNow() - raised;
        await link.SettleAsync(TimeSpan.FromMinutes(10));
        output.WriteLine($"alarms {alarms.TotalSeconds:0.00} s after the return, another within {another.TotalSeconds:0.00} s, all after {(world.Clock.GetUtcNow() - healed).TotalSeconds:0} s; {link.Posts - before} tries");
        alarms.ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(2), $"Seed {seed}");
        another.ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(2), $"Seed {seed}");
        // What came twice and late is through, too.
        world.Run(TimeSpan.FromMinutes(1));
        link.Judge($"Seed {seed}");
        using var connection = centre.Open();
        connection.ExecuteScalar<long>("select count(*) from arrived").ShouldBe((60 * 20) + 8);
    }
}
