using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Scene;
using Atalaya.Node.Tests.Alarms;

namespace Atalaya.Node.Tests;

public sealed class SceneTests
{
    const string Yaml = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }, { id: wall, main: rtsp://127.0.0.1:9/y, enabled: false }]";

    static readonly DateTimeOffset Noon = new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_event_that_is_delivered_twice_is_there_once_and_stays_as_it_was()
    {
        await using var node = await TestNode.StartAsync(Yaml);
        var id = Guid.CreateVersion7(Noon);
        var (created, body) = await node.SendAsync(HttpMethod.Post, "/api/scene-events", new { id, camera = "gate", at = Noon, kind = "lineCrossed", rule = "fence", @class = "person", score = 0.8, box = new { x = 0.1, y = 0.2, width = 0.3, height = 0.4 } });
        created.ShouldBe(201);
        ((string?)body!["source"]).ShouldBe("injected");
        var (again, kept) = await node.SendAsync(HttpMethod.Post, "/api/scene-events", new { id, camera = "gate", at = Noon.AddSeconds(5), kind = "tamper", rule = "other" });
        again.ShouldBe(200);
        ((string?)kept!["kind"]).ShouldBe("lineCrossed");

        var events = (await node.GetAsync("/api/scene-events?from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z"))["events"]!.AsArray();
        var only = events.Single()!;
        ((string?)only["at"]).ShouldBe("2026-03-29T12:00:00.000Z");
        ((float)only["box"]!["height"]!).ShouldBe(0.4f);
        ((string?)only["class"]).ShouldBe("person");
    }

    [Fact]
    public async Task A_list_goes_on_where_its_page_ended_though_events_share_an_instant()
    {
        await using var node = await TestNode.StartAsync(Yaml);
        var scene = node.Service<SceneEvents>();
        for (int i = 0; i < 25; i++)
            (await scene.RecordAsync(Event(i % 2 == 0 ? "gate" : "wall", Noon.AddSeconds(i / 5), i % 3 == 0 ? SceneEventKind.Motion : SceneEventKind.Tamper), TestNode.Stop)).ShouldBeTrue();

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await node.GetAsync($"/api/scene-events?from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z&limit=7{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page["events"]!.AsArray().Select(e => $"{e!["at"]} {e["id"]}"));
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        seen.Count.ShouldBe(25);
        seen.Distinct().Count().ShouldBe(25);
        seen.Select(s => s[..24]).ShouldBe(seen.Select(s => s[..24]).OrderDescending());

        (await node.GetAsync("/api/scene-events?from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z&camera=wall&kind=motion"))["events"]!.AsArray().Count.ShouldBe(4);
        // The end is outside.
        (await node.GetAsync("/api/scene-events?from=2026-03-29T11:00:00Z&to=2026-03-29T12:00:00Z"))["events"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_timeline_gets_one_mark_a_step_however_many_events_there_are()
    {
        await using var node = await TestNode.StartAsync(Yaml);
        var scene = node.Service<SceneEvents>();
        for (int i = 0; i < 60; i++)
            await scene.RecordAsync(Event("gate", Noon.AddSeconds(i), SceneEventKind.Motion), TestNode.Stop);
        await scene.RecordAsync(Event("wall", Noon, SceneEventKind.LineCrossed), TestNode.Stop);

        var marks = await node.GetAsync("/api/scene-events/marks?from=2026-03-29T12:00:00Z&to=2026-03-29T12:01:00Z&steps=4");
        marks["gate"]!.AsArray().Select(m => ((string?)m!["at"], (long)m["count"]!)).ShouldBe(
            [("2026-03-29T12:00:00.000Z", 15L), ("2026-03-29T12:00:15.000Z", 15L), ("2026-03-29T12:00:30.000Z", 15L), ("2026-03-29T12:00:45.000Z", 15L)]);
        ((string?)marks["wall"]!.AsArray().Single()!["kind"]).ShouldBe("lineCrossed");
    }

    [Theory]
    [InlineData("FaceRecognition", "")]
    [InlineData("fence", "Watch list: somebody")]
    public async Task What_is_about_a_face_or_an_identity_is_refused(string rule, string detail)
    {
        await using var node = await TestNode.StartAsync(Yaml);
        (await node.SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "gate", kind = "other", rule, detail })).Status.ShouldBe(422);
        (await node.GetAsync("/api/scene-events?from=2026-01-01T00:00:00Z&to=2026-01-20T00:00:00Z"))["events"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_fault_of_an_injected_event_is_told_by_field()
    {
        await using var node = await TestNode.StartAsync(Yaml);
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/scene-events", new { at = TimeProvider.System.GetUtcNow().AddHours(1), score = 2, box = new { x = 5 }, detail = new string('x', 501) });
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["at", "box", "camera", "detail", "kind", "rule", "score"], ignoreOrder: true);
        (await node.SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "nowhere", kind = "motion", rule = "r" })).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Events_go_when_their_time_is_over_and_the_oldest_when_there_are_too_many()
    {
        await using var node = await TestNode.StartAsync(Yaml + "\nscene: { keep: 1h, maxEvents: 1000 }");
        var scene = node.Service<SceneEvents>();
        var now = TimeProvider.System.GetUtcNow();
        await scene.RecordAsync(Event("gate", now.AddHours(-2), SceneEventKind.Motion), TestNode.Stop);
        for (int i = 0; i < 1003; i++)
            await scene.RecordAsync(Event("gate", now.AddSeconds(-i), SceneEventKind.Motion), TestNode.Stop);
        await node.DecidedAsync();   // What waits for its decision stays.
        await scene.ForgetAsync();
        var left = await scene.Store.ListAsync(new(WallTime.From(now.AddDays(-1)), WallTime.From(now.AddDays(1)), null, null, null, 2000), TestNode.Stop);
        left.Count.ShouldBe(1000);
        left[^1].At.ShouldBeGreaterThan(now.AddSeconds(-1001));
    }

    static SceneEvent Event(string camera, DateTimeOffset at, SceneEventKind kind) => new()
    {
        Id = Guid.CreateVersion7(at),
        Camera = camera,
        At = at,
        Kind = kind,
        Source = SceneEventSource.Rule,
        Rule = "fence",
    };
}
