using System.Net.WebSockets;

using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Alarms;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A centre sees and works what its sites have, over a link that the site dialled.</summary>
public sealed class CentreTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);

    [Fact]
    public async Task A_sites_camera_is_seen_at_the_centre_live_and_past_and_both_write_down_who_looks()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}recording: {{ segment: 2s }}\ncameras: [{{ id: gate, name: North gate, main: '{fake.Url}' }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.RunningAsync("gate");

        // It tells what it has.
        var camera = (await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Any(e => (string?)e!["state"] == "running"), 60)).AsArray().ShouldHaveSingleItem()!;
        ((string?)camera["id"]).ShouldBe($"{link.Id}/gate");
        ((string?)camera["siteName"]).ShouldBe("North");
        var known = (await centre.UntilAsync("/api/sites", s => s[0]?["report"] is not null)).AsArray().ShouldHaveSingleItem()!;
        ((bool?)known["up"]).ShouldBe(true);
        ((int?)known["report"]!["cameras"]).ShouldBe(1);

        // Live: the same messages as at the site.
        using (var socket = await centre.ConnectAsync($"/api/sites/{link.Id}/cameras/gate/live?stream=main"))
        {
            ((string?)(await socket.NextTextAsync())!["type"]).ShouldBe("init");
            (await socket.NextAsync())!.Value.Type.ShouldBe(WebSocketMessageType.Binary, "the init segment");
            int pictures = 0;
            while (pictures < 30 && await socket.NextAsync() is { } message)
            {
                if (message.Type != WebSocketMessageType.Binary)
                    continue;
                message.Bytes.AsSpan(4, 4).SequenceEqual("moof"u8).ShouldBeTrue();
                pictures++;
            }

            pictures.ShouldBe(30);
        }

        // Who left is gone there, too: nothing more comes over the link.
        var begun = TimeProvider.System.GetUtcNow();
        await site.UntilAsync($"/api/accesses?from={begun.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={begun.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}", a => a["accesses"]!.AsArray().Count(l => (string?)l!["kind"] == "live" && l["endedAt"] is not null) == 1);

        // Past: playlist, and what it lists.
        var now = TimeProvider.System.GetUtcNow();
        string at = $"/api/sites/{link.Id}/cameras/gate";
        string playlist = await centre.TextUntilAsync($"{at}/playback.m3u8?from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}", p => p.Contains("segments/", StringComparison.Ordinal));
        string segment = playlist.Split('\n').First(l => l.StartsWith("segments/", StringComparison.Ordinal));
        using (var request = new HttpRequestMessage(HttpMethod.Get, $"{at}/{segment}") { Headers = { Range = new(0, 99) } })
        {
            using var part = await centre.Http.SendAsync(request, TestNode.Stop);
            ((int)part.StatusCode).ShouldBe(206);
            (await part.Content.ReadAsByteArrayAsync(TestNode.Stop)).Length.ShouldBe(100);
        }

        (await centre.GetAsync($"{at}/timeline?from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}"))["segments"]!.AsArray().ShouldNotBeEmpty();

        // Who looked stands in both logs, for the same purpose; for live pictures none was asked.
        foreach (var (node, seen) in new[] { (centre, $"{link.Id}/gate"), (site, "gate") })
        {
            var lines = (await node.UntilAsync($"/api/accesses?from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}", a => a["accesses"]!.AsArray().Count(l => (string?)l!["camera"] == seen && (string?)l["kind"] is "live" or "playback") >= 2))["accesses"]!.AsArray();
            var looked = lines.Where(l => (string?)l!["camera"] == seen && (string?)l["kind"] is "live" or "playback").ToList();
            looked.ShouldAllBe(l => ((string)l!["user"]!).StartsWith("administrator", StringComparison.Ordinal) && (string?)l["purpose"] == ((string?)l["kind"] == "live" ? "" : "technical"));
        }

        // Nobody who may not: another site's people, and who sees no video.
        using var elsewhere = await centre.AsAsync("elsewhere", new Grant(Roles.Administrator, new(ScopeKind.Site, "South")));
        ((int)(await elsewhere.GetAsync($"{at}/{segment}", TestNode.Stop)).StatusCode).ShouldBe(404);
        (await elsewhere.GetStringAsync("/api/sites/cameras", TestNode.Stop)).ShouldBe("[]");
        (await elsewhere.GetStringAsync("/api/sites", TestNode.Stop)).ShouldBe("[]");
        using var there = await centre.AsAsync("there", new Grant(Roles.Administrator, new(ScopeKind.Site, "North")));
        ((int)(await there.GetAsync($"{at}/{segment}", TestNode.Stop)).StatusCode).ShouldBe(200);
        // And not from the page's address, whoever asks.
        ((int)(await site.Http.GetAsync("/link/1/video/gate/timeline", TestNode.Stop)).StatusCode).ShouldBe(404);

        // A link that is suspended shows nothing more, at once.
        using var watching = await centre.ConnectAsync($"{at}/live?stream=main");
        (await watching.NextTextAsync()).ShouldNotBeNull();
        (await site.Service<LinkBook>().SuspendAsync(link.Id, "test", TestNode.Stop)).ShouldBeTrue();
        while (await watching.NextAsync() is not null)
        {
        }
    }

    /// <summary>More than a site keeps tunnels open: those of views that ended must be free again.</summary>
    [Fact]
    public async Task However_often_somebody_looks_a_site_can_be_asked_and_what_nobody_looks_at_ends_there()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.RunningAsync("gate");
        for (int n = 0; n < 40; n++)
        {
            using var socket = await centre.ConnectAsync($"/api/sites/{link.Id}/cameras/gate/live?stream=main");
            ((string?)(await socket.NextTextAsync())!["type"]).ShouldBe("init", $"view {n}");
        }

        // And the site's own record of who looked says until when.
        await using var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        await Linked.UntilAsync(async () => await connection.ExecuteScalarAsync<long>("select count(*) from accesses where kind = 'Live' and ended_at is not null") == 40);
    }

    [Fact]
    public async Task Alarms_come_to_the_centre_and_what_is_done_there_is_done_at_the_site_by_one_side_at_a_time()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, name: North gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.SeeAsync(AlarmScene.Event());

        var there = (await site.UntilAsync("/api/alarms?open=true", a => a["alarms"]!.AsArray().Count == 1))["alarms"]![0]!;
        var alarm = (await centre.UntilAsync("/api/sites/cases", c => c["alarms"]!.AsArray().Count == 1, 60))["alarms"]![0]!;
        ((string?)alarm["siteName"]).ShouldBe("North");
        ((string?)alarm["alarm"]!["camera"]).ShouldBe($"{link.Id}/gate");
        string id = (string)alarm["alarm"]!["id"]!;
        id.ShouldBe((string?)there["id"]);

        // Taken notice of at the centre, it is at the site, too; the second who does is told.
        string deeds = $"/api/sites/{link.Id}/alarms/{id}/deeds";
        (await centre.SendAsync(HttpMethod.Post, deeds, new { act = "acknowledge", version = (long)alarm["alarm"]!["version"]! })).Status.ShouldBe(202);
        (await centre.SendAsync(HttpMethod.Post, deeds, new { act = "acknowledge", version = (long)alarm["alarm"]!["version"]! })).Status.ShouldBe(202);
        var acknowledged = (await site.UntilAsync("/api/alarms?open=true", a => (string?)a["alarms"]![0]!["state"] == "acknowledged"))["alarms"]![0]!;
        ((string)acknowledged["acknowledgedBy"]!).ShouldStartWith("administrator @ Centre");
        await centre.UntilAsync("/api/sites/cases", c => (string?)c["alarms"]![0]!["alarm"]!["state"] == "acknowledged");
        var asked = await centre.UntilAsync($"/api/sites/{link.Id}/deeds/{id}", d => d.AsArray().All(e => e!["answeredAt"] is not null));
        asked.AsArray().Select(d => d!["refusal"] is null).Order().ShouldBe([false, true]);
        // Its steps are asked of the site.
        (await centre.GetAsync($"/api/sites/{link.Id}/alarms/{id}"))["steps"]!.AsArray().ShouldHaveSingleItem();

        // An incident is worked by one side.
        var (opened, made) = await site.SendAsync(HttpMethod.Post, $"/api/alarms/{id}/incident", new { });
        opened.ShouldBe(200);
        string incident = (string)made!["id"]!;
        var far = (await centre.UntilAsync("/api/sites/cases", c => c["incidents"]!.AsArray().Count == 1))["incidents"]![0]!;
        ((string?)far["holder"]).ShouldBe("site");
        string work = $"/api/sites/{link.Id}/incidents/{incident}/deeds";
        (await centre.SendAsync(HttpMethod.Post, work, new { deed = "dispatch", epoch = 0, to = "Patrol 2" })).Status.ShouldBe(202);
        await RefusedAsync(1);
        (await centre.SendAsync(HttpMethod.Post, work, new { deed = "takeOver", epoch = 0 })).Status.ShouldBe(202);
        await centre.UntilAsync("/api/sites/cases", c => (string?)c["incidents"]![0]!["holder"] == "centre");
        var (locked, why) = await site.SendAsync(HttpMethod.Post, $"/api/incidents/{incident}/dispatch", new { patrol = "Own patrol" });
        locked.ShouldBe(409, why?.ToString());
        (await site.SendAsync(HttpMethod.Post, $"/api/incidents/{incident}/notes", new { note = "We see them." })).Status.ShouldBe(200);
        (await centre.SendAsync(HttpMethod.Post, work, new { deed = "dispatch", epoch = 1, to = "Patrol 2" })).Status.ShouldBe(202);
        await site.UntilAsync($"/api/incidents/{incident}", i => i["patrols"]!.AsArray().Count == 1);

        // The site takes it back by itself; what the centre still believes is refused.
        (await site.SendAsync(HttpMethod.Post, $"/api/incidents/{incident}/take-back")).Status.ShouldBe(200);
        (await centre.SendAsync(HttpMethod.Post, work, new { deed = "resolve", epoch = 1 })).Status.ShouldBe(202);
        await RefusedAsync(2);
        (await site.SendAsync(HttpMethod.Post, $"/api/incidents/{incident}/dispatch", new { patrol = "Own patrol" })).Status.ShouldBe(200);
        ((string?)(await centre.GetAsync($"/api/sites/{link.Id}/incidents/{incident}"))["state"]).ShouldBe("dispatched");

        Task RefusedAsync(int many) => centre.UntilAsync($"/api/sites/{link.Id}/deeds/{incident}", d => d.AsArray().Count(e => e!["refusal"] is not null) == many);
    }

    [Fact]
    public async Task Walls_and_tours_at_the_centre_have_cameras_of_sites_for_who_may_watch_them()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, name: North gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Count == 1);
        string gate = $"{link.Id}/gate";
        object wall = new { name = "All", size = 1, shared = true, tiles = new[] { new { camera = gate } } };
        var (made, kept) = await centre.SendAsync(HttpMethod.Post, "/api/layouts", wall);
        made.ShouldBe(201, kept?.ToString());
        (await centre.SendAsync(HttpMethod.Post, "/api/tours", new { name = "Round", shared = true, steps = new[] { new { camera = gate } } })).Status.ShouldBe(201);
        (await centre.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "None", size = 1, tiles = new[] { new { camera = $"{link.Id}/mole" } } })).Status.ShouldBe(404, "the site has no such camera");

        using var there = await centre.AsAsync("there", new Grant("operator", new(ScopeKind.Site, "North")));
        (await there.GetStringAsync("/api/layouts", TestNode.Stop)).ShouldContain(gate);
        (await there.GetStringAsync("/api/tours", TestNode.Stop)).ShouldContain(gate);
        using var elsewhere = await centre.AsAsync("elsewhere", new Grant("operator", new(ScopeKind.Site, "South")));
        (await elsewhere.GetStringAsync("/api/layouts", TestNode.Stop)).ShouldBe("[]");
        (await elsewhere.GetStringAsync("/api/tours", TestNode.Stop)).ShouldBe("[]");

        // Without its link its place stays empty, and kept, whoever changes the wall meanwhile.
        await centre.Service<LinkBook>().SuspendAsync(link.Id, "test", TestNode.Stop);
        ((string?)(await centre.GetAsync("/api/layouts"))[0]!["tiles"]![0]!["kind"]).ShouldBe("empty");
        (await centre.SendAsync(HttpMethod.Put, $"/api/layouts/{(string)kept!["id"]!}", new { name = "All of them", size = 1, shared = true, tiles = new[] { new { kind = "empty" } } })).Status.ShouldBe(200);
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/resume")).Status.ShouldBe(200);
        var again = (await centre.GetAsync("/api/layouts"))[0]!;
        ((string?)again["name"], (string?)again["tiles"]![0]!["camera"]).ShouldBe(("All of them", gate));
    }

    /// <summary>A deed of a partner is no deed of the centre.</summary>
    [Fact]
    public async Task A_partner_reports_nothing_here_and_works_no_case()
    {
        await using var own = await TestNode.StartAsync(Linked.Listens);
        await using var partner = await TestNode.StartAsync($"{Linked.Dials("Gendarmerie", "East")}cameras: [{{ id: post, main: 'rtsp://127.0.0.1:9/x', enabled: false }}]");
        var (link, back) = await Linked.LinkAsync(own, partner, LinkKind.Partner);

        foreach (string kind in new[] { SiteNews.Reported, SiteNews.Alarms, CaseDeeds.Kind })
            await partner.Service<Outbox>().SendAsync(back, Lane.Urgent, kind, new { any = 1 }, TestNode.Stop);
        partner.Service<Outbox>().Wake();

        await partner.Service<LinkBook>().UntilAsync(b => b.HealthOf(back.Id).Waiting == 0);
        (await own.GetAsync("/api/sites")).AsArray().ShouldBeEmpty();
        (await own.GetAsync("/api/sites/cameras")).AsArray().ShouldBeEmpty();
        ((int)(await own.Http.GetAsync($"/api/sites/{link.Id}/cameras/post/timeline?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z", TestNode.Stop)).StatusCode).ShouldBe(404);
        using var answer = await own.Service<Peers>().For(link).GetAsync("link/1/video/post/timeline?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z", TestNode.Stop);
        ((int)answer.StatusCode).ShouldBe(403);
    }
}
