using System.Data.Common;
using System.Net.WebSockets;
using System.Text;

using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Incidents;
using Atalaya.Node.Scene;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Alarms;

public sealed class AlarmRouteTests
{
    sealed class Cut : DbException;

    /// <summary>A node that ends between any two steps has, after its next start, every alarm once and none twice.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Cut_between_any_two_steps_nothing_is_lost_and_nothing_done_twice(int step)
    {
        using var folder = new TempFolder("cut");
        SceneEvent[] events = [AlarmScene.Event(), AlarmScene.Event(seconds: 10), AlarmScene.Event("quay", 20, severity: AlarmSeverity.Rescue), AlarmScene.Event("wall", 30, SceneEventKind.Motion)];
        await using (var node = await TestNode.StartAsync(AlarmScene.Yaml, folder.Path))
        {
            var route = node.Service<AlarmRoute>();
            int cuts = 0;
            route.Passing = at =>
            {
                if ((int)at == step)
                {
                    Interlocked.Increment(ref cuts);
                    throw new Cut();
                }
            };
            foreach (var seen in events)
                await node.Service<SceneEvents>().RecordAsync(seen, TestNode.Stop);
            await Should.ThrowAsync<Cut>(async () =>
            {
                while (await route.DecideAsync(TestNode.Stop) > 0 || Volatile.Read(ref cuts) == 0)
                {
                }

                throw new Cut();    // After the last step nothing is left to do.
            });
            Volatile.Read(ref cuts).ShouldBeGreaterThan(0);
        }

        await using var again = await TestNode.StartAsync(AlarmScene.Yaml, folder.Path);
        await again.DecidedAsync();
        var alarms = await again.AlarmsAsync();
        alarms.Count.ShouldBe(2);
        ((string?)alarms[0]!["type"], (string?)alarms[0]!["id"]).ShouldBe(("rescue", events[2].Id.ToString()));
        ((string?)alarms[1]!["id"], (long)alarms[1]!["events"]!).ShouldBe((events[0].Id.ToString(), 2));
        var incident = (await again.GetAsync("/api/incidents"))["incidents"]!.AsArray().Single()!;
        var story = (await again.GetAsync($"/api/incidents/{incident["id"]}"))["story"]!.AsArray();
        story.Select(e => (string?)e!["event"]).ShouldBe(["opened", "alarmLinked"]);
        ((string?)(await again.GetAsync($"/api/scene-events/{events[3].Id}/decision"))["verdict"]).ShouldBe("noClause");
        ((string?)(await again.GetAsync($"/api/scene-events/{events[1].Id}/decision"))["alarm"]).ShouldBe(events[0].Id.ToString());
    }

    /// <summary>One event that the program can't decide doesn't hold up those behind it.</summary>
    [Fact]
    public async Task A_row_that_nobody_can_read_stays_marked_and_the_next_are_decided()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var book = node.Service<Casebook>();
        await book.WriteAsync(s => s.WriteAsync(
            "insert into scene_events (id, camera, at, kind, source, rule, detail, arrived, pending) values ('00000000000000000000000000000001', 'gate', 1, 'Nonsense', 'Rule', 'r', '', 0, 1)"), TestNode.Stop);
        await node.SeeAsync(AlarmScene.Event());
        (await node.AlarmsAsync()).Count.ShouldBe(1);
        (await book.ReadAsync(s => s.FirstAsync<long>("select pending from scene_events where id = '00000000000000000000000000000001'"), TestNode.Stop)).ShouldBe(2);
        node.Log.ShouldContain("can't be decided and stays without an alarm");
    }

    [Fact]
    public async Task What_waits_for_its_decision_is_never_forgotten()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml + "\nscene: { keep: 1h }");
        node.Service<AlarmRoute>().Passing = _ => throw new Cut();
        var old = AlarmScene.Event();
        await node.Service<SceneEvents>().RecordAsync(old, TestNode.Stop);
        await node.Service<SceneEvents>().ForgetAsync();
        (await node.Service<SceneEvents>().Store.FindAsync(old.Id, TestNode.Stop)).ShouldNotBeNull();
        node.Service<AlarmRoute>().Passing = null;
        await node.DecidedAsync();
        (await node.AlarmsAsync()).Count.ShouldBe(1);
        await node.Service<SceneEvents>().ForgetAsync();
        (await node.Service<SceneEvents>().Store.FindAsync(old.Id, TestNode.Stop)).ShouldBeNull();
    }

    /// <summary>Two people at two screens: what one does, the other is told at once; and whoever was away catches up by a number.</summary>
    [Fact]
    public async Task Pages_hear_of_every_change_and_catch_up_after_a_lost_link()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        long start = (long)(await node.GetAsync("/api/alarms"))["change"]!;
        using var socket = await node.ConnectAsync("/api/events");
        await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, TestNode.Stop);
        // From when on the page is told there is no sign; so something changes until it was.
        var listening = HearAsync(0);
        using (var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50)))
        {
            while (!listening.IsCompleted && await beat.WaitForNextTickAsync(TestNode.Stop))
                await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { });
        }

        long heard = await listening;
        var seen = AlarmScene.Event();
        await node.SeeAsync(seen);
        heard = await HearAsync(heard);
        var first = await node.GetAsync($"/api/alarms/changes?after={start}");
        ((string?)first["alarms"]!.AsArray().Single()!["state"]).ShouldBe("raised");

        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{seen.Id}/acknowledge", new { })).Status.ShouldBe(200);
        await HearAsync(heard);
        var second = await node.GetAsync($"/api/alarms/changes?after={first["change"]}");
        ((string?)second["alarms"]!.AsArray().Single()!["state"]).ShouldBe("acknowledged");
        (await node.GetAsync($"/api/alarms/changes?after={second["change"]}"))["alarms"]!.AsArray().ShouldBeEmpty();

        // Away for as long as it takes: many changes, several answers, each alarm as it is now.
        await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { merge = new { seconds = 0 }, flood = new { alarms = 0 } });
        await node.SeeAsync([.. Enumerable.Range(0, 450).Select(i => AlarmScene.Event("wall", i))]);
        var caughtUp = new List<string>();
        System.Text.Json.Nodes.JsonNode answer;
        long after = (long)second["change"]!;
        do
        {
            answer = await node.GetAsync($"/api/alarms/changes?after={after}");
            caughtUp.AddRange(answer["alarms"]!.AsArray().Select(a => (string)a!["id"]!));
            ((long)answer["change"]!).ShouldBeGreaterThan(after);
            after = (long)answer["change"]!;
        }
        while ((bool)answer["more"]!);
        (caughtUp.Count, caughtUp.Distinct().Count()).ShouldBe((450, 450));
        ((long)answer["open"]!["high"]!).ShouldBe(451);

        async Task<long> HearAsync(long beyond)
        {
            while (await socket.NextAsync() is { } message)
            {
                foreach (string text in Encoding.UTF8.GetString(message.Bytes).Split('\u001e', StringSplitOptions.RemoveEmptyEntries))
                {
                    var told = System.Text.Json.Nodes.JsonNode.Parse(text)!;
                    if ((string?)told["target"] == "casesChanged" && (long)told["arguments"]![0]!["change"]! is var change && change > beyond)
                        return change;
                }
            }

            throw new EndOfStreamException();
        }
    }

    [Fact]
    public async Task What_nobody_did_in_time_is_escalated_down_the_chain()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var (status, _) = await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new
        {
            targets = new object[] { new { severity = "high", acknowledgeSeconds = 60, resolveSeconds = 60, escalateTo = new[] { "shift leader", "commander" } } },
            clauses = new[] { new { id = "all", opensIncident = true } },
        });
        status.ShouldBe(200);
        var seen = AlarmScene.Event();
        await node.SeeAsync(seen);
        var book = node.Service<Casebook>();
        for (int level = 1; level <= 2; level++)
        {
            await book.WriteAsync(async s =>
            {
                await s.WriteAsync("update alarms set due = 1");
                return await s.WriteAsync("update incidents set due = 1");
            }, TestNode.Stop);
            await node.Service<AlarmClock>().EscalateAsync(TestNode.Stop);
        }

        var detail = await node.GetAsync($"/api/alarms/{seen.Id}");
        ((string?)detail["alarm"]!["state"], (int)detail["alarm"]!["level"]!, (string?)detail["alarm"]!["assignee"]).ShouldBe(("escalated", 2, "commander"));
        detail["steps"]!.AsArray().Select(s => ((string?)s!["by"], (string?)s["assignee"])).ShouldBe([("clock", "shift leader"), ("clock", "commander")]);
        DateTimeOffset.Parse((string)detail["alarm"]!["due"]!).ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());
        var incident = await node.GetAsync($"/api/incidents/{detail["alarm"]!["incident"]}");
        ((int)incident["level"]!, (string?)incident["assignee"]).ShouldBe((2, "commander"));

        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{seen.Id}/acknowledge", new { })).Body!["due"].ShouldBeNull();
    }

    [Fact]
    public async Task What_does_not_work_in_the_node_is_an_alarm_once()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var clock = new ManualClock(TimeProvider.System.GetUtcNow());
        await using var watch = await WatchAsync(node, clock);
        var blind = new Condition("gate", SceneEventKind.AnalysisBlind, "analysis");
        var disk = new Condition("", SceneEventKind.StorageTrouble, "volume archive");
        var wrong = new Dictionary<Condition, string> { [blind] = "Too slow.", [disk] = "Nearly full." };
        await watch.LookAsync(wrong, TestNode.Stop);
        await node.DecidedAsync();
        (await node.AlarmsAsync()).ShouldBeEmpty("it may be a hiccup");
        for (int i = 0; i < 20; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await watch.LookAsync(wrong, TestNode.Stop);
        }

        await node.DecidedAsync();
        var alarms = await node.AlarmsAsync();
        alarms.Select(a => ((string?)a!["type"], (string?)a["severity"], (string?)a["camera"], (string?)a["detail"]))
            .ShouldBe([("technical", "high", "", "Nearly full."), ("technical", "medium", "gate", "Too slow.")]);

        // A node that starts anew finds the same trouble, and the alarm of it.
        await using var after = await WatchAsync(node, clock);
        await after.LookAsync(wrong, TestNode.Stop);
        clock.Advance(TimeSpan.FromMinutes(1));
        await after.LookAsync(wrong, TestNode.Stop);
        await node.DecidedAsync();
        (await node.AlarmsAsync()).Sum(a => (long)a!["events"]!).ShouldBe(2);
    }

    [Fact]
    public async Task An_alarm_whose_trouble_has_ended_says_so_and_stays_open_until_somebody_says_what_it_was()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var clock = new ManualClock(TimeProvider.System.GetUtcNow());
        await using var watch = await WatchAsync(node, clock);
        await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { merge = new { seconds = 600 } });
        var full = new Condition("", SceneEventKind.StorageTrouble, "volume archive");
        var absent = full with { Rule = "volume vault" };
        await SeenAsync(watch, full, absent);
        ((long)(await AlarmAsync())["events"]!).ShouldBe(2, "both are one happening");

        await SeenAsync(watch, absent);
        (await AlarmAsync())["overAt"].ShouldBeNull("one of the two lasts");

        // The node stops, and the rest ends before it is back: that is seen when it looks.
        await using var after = await WatchAsync(node, clock);
        var ended = clock.GetUtcNow();
        long before = (long)(await node.GetAsync("/api/alarms"))["change"]!;
        await after.EndAsync(new Dictionary<Condition, string>(), TestNode.Stop);
        (await AlarmAsync())["overAt"].ShouldBeNull("it may only be starting");
        await SeenAsync(after);
        var over = await AlarmAsync();
        (over["overAt"]!.GetValue<DateTimeOffset>() - ended).Duration().ShouldBeLessThan(TimeSpan.FromMilliseconds(1));
        ((string?)over["state"], (long)over["version"]!).ShouldBe(("raised", 1));
        ((string?)(await node.GetAsync($"/api/alarms/changes?after={before}"))["alarms"]!.AsArray().Single()!["id"]).ShouldBe((string?)over["id"]);
        // Not before: the node's own clock of alarms looks, too.
        await node.Service<Casebook>().WriteAsync(s => s.WriteAsync("update alarms set due = 1"), TestNode.Stop);
        await node.Service<AlarmClock>().EscalateAsync(TestNode.Stop);
        ((int)(await AlarmAsync())["level"]!).ShouldBe(0, "nobody must hurry for what is over");

        // It comes again: the alarm isn't over any more.
        await SeenAsync(after, full, absent);
        var again = await AlarmAsync();
        (again["overAt"], (long)again["events"]!).ShouldBe((null, 3));
        await node.Service<AlarmClock>().EscalateAsync(TestNode.Stop);
        ((int)(await AlarmAsync())["level"]!).ShouldBe(1);

        // Closed while it lasts: what ends later changes nothing.
        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{over["id"]}/close", new { outcome = "real" })).Status.ShouldBe(200);
        await SeenAsync(after);
        (await AlarmAsync())["overAt"].ShouldBeNull();

        async Task<System.Text.Json.Nodes.JsonNode> AlarmAsync() => (await node.AlarmsAsync()).Single()!;

        Task SeenAsync(TechnicalWatch by, params Condition[] troubles) => AlarmRouteTests.SeenAsync(node, clock, by, troubles);
    }

    /// <summary>A link that flaps is one alarm as long as nobody has looked; after that it asks for a new look.</summary>
    [Fact]
    public async Task A_trouble_that_comes_back_is_the_same_alarm_until_somebody_has_taken_notice()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var clock = new ManualClock(TimeProvider.System.GetUtcNow());
        await using var watch = await WatchAsync(node, clock);
        var blind = new Condition("gate", SceneEventKind.AnalysisBlind, "analysis");
        for (int i = 0; i < 3; i++)
        {
            await SeenAsync(node, clock, watch, blind);
            (await node.AlarmsAsync()).Single()!["overAt"].ShouldBeNull();
            await SeenAsync(node, clock, watch);
            (await node.AlarmsAsync()).Single()!["overAt"].ShouldNotBeNull();
        }

        string first = (string)(await node.AlarmsAsync()).Single()!["id"]!;
        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{first}/acknowledge", new { })).Status.ShouldBe(200);
        await SeenAsync(node, clock, watch, blind);
        var alarms = await node.AlarmsAsync();
        alarms.Select(a => ((string)a!["id"]! == first, a["overAt"] is null, (string?)a["state"])).ShouldBe([(true, false, "acknowledged"), (false, true, "raised")], ignoreOrder: true);
    }

    /// <summary>For longer than a hiccup.</summary>
    static async Task SeenAsync(TestNode node, ManualClock clock, TechnicalWatch watch, params Condition[] troubles)
    {
        var now = troubles.ToDictionary(c => c, _ => "Trouble.");
        for (int i = 0; i < 8; i++)
        {
            await watch.LookAsync(now, TestNode.Stop);
            await node.DecidedAsync();
            await watch.EndAsync(now, TestNode.Stop);
            clock.Advance(TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>A watch with its own clock, in place of the node's.</summary>
    static async Task<TechnicalWatch> WatchAsync(TestNode node, TimeProvider clock)
    {
        await node.Service<TechnicalWatch>().StopAsync(TestNode.Stop);
        return Microsoft.Extensions.DependencyInjection.ActivatorUtilities.CreateInstance<TechnicalWatch>(node.App.Services, clock);
    }

    [Fact]
    public async Task Closed_alarms_go_when_their_time_is_over_unless_an_incident_holds_them()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event(), AlarmScene.Event("wall"), AlarmScene.Event("quay", severity: AlarmSeverity.Rescue));
        foreach (var alarm in await node.AlarmsAsync())
            (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{alarm!["id"]}/close", new { outcome = "false" })).Status.ShouldBe(200);
        await node.Service<Casebook>().WriteAsync(s => s.WriteAsync("update alarms set closed_at = 1 where camera <> 'wall'"), TestNode.Stop);
        await node.Service<AlarmClock>().ForgetAsync(TestNode.Stop);
        (await node.AlarmsAsync()).Select(a => (string?)a!["camera"]).ShouldBe(["quay", "wall"]);
    }

    [Fact]
    public async Task A_story_is_replayed_from_the_database_at_every_length()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event(severity: AlarmSeverity.Rescue));
        var id = Guid.Parse((string)(await node.GetAsync("/api/incidents"))["incidents"]![0]!["id"]!);
        foreach (string text in (string[])["one", "two", "three"])
            (await node.SendAsync(HttpMethod.Post, $"/api/incidents/{id}/notes", new { note = text })).Status.ShouldBe(200);
        var story = await node.Service<Casebook>().ReadAsync(s => s.StoryAsync(id), TestNode.Stop);
        for (int n = 1; n <= story.Count; n++)
            Incident.Replay(story.Take(n)).Version.ShouldBe(n);
        story.OfType<Noted>().Select(n => n.Text).ShouldBe(["one", "two", "three"]);
    }
}
