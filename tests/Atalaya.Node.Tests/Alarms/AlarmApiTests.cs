using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Incidents;
using Atalaya.Node.Identity;

namespace Atalaya.Node.Tests.Alarms;

public sealed class AlarmApiTests
{
    [Fact]
    public async Task The_queue_begins_with_rescues_and_goes_on_where_its_page_ended()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { merge = new { seconds = 0 }, flood = new { alarms = 0 } });
        await node.SeeAsync([.. Enumerable.Range(0, 23).Select(i => AlarmScene.Event(i % 2 == 0 ? "gate" : "wall", i / 4, severity: (AlarmSeverity)(i % 5)))]);
        foreach (string order in (string[])["urgency", "newest"])
        {
            var seen = new List<JsonNode>();
            string? cursor = null;
            do
            {
                var page = await node.GetAsync($"/api/alarms?order={order}&limit=4{(cursor is null ? "" : $"&cursor={cursor}")}");
                seen.AddRange(page["alarms"]!.AsArray().Select(a => a!));
                cursor = (string?)page["next"];
            }
            while (cursor is not null);
            seen.Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(23);
            seen.Count.ShouldBe(23);
            seen.Select(a => (string?)a["type"] == "rescue").ShouldBe(Enumerable.Repeat(true, 5).Concat(Enumerable.Repeat(false, 18)));
            var rest = seen.Skip(5).ToList();
            if (order == "newest")
                rest.Select(a => (string)a["at"]!).ShouldBe(rest.Select(a => (string)a["at"]!).OrderDescending());
            else
                rest.Select(a => Enum.Parse<AlarmSeverity>((string)a["severity"]!, ignoreCase: true)).ShouldBeInOrder();
        }

        var open = (await node.GetAsync("/api/alarms?limit=1"))["open"]!;
        ((long)open["rescue"]!, (long)open["low"]!).ShouldBe((5, 4));
        (await node.AlarmsAsync("camera=wall&severity=rescue")).Count.ShouldBe(2);
        (await node.AlarmsAsync("type=rescue&before=2026-03-29T12:00:02Z")).Count.ShouldBe(2);
        (await node.AlarmsAsync("open=false")).ShouldBeEmpty();
    }

    /// <summary>Two people press the same button: the second learns what the first did.</summary>
    [Fact]
    public async Task Who_acts_on_what_somebody_else_changed_is_told_what_was_done()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var seen = AlarmScene.Event();
        await node.SeeAsync(seen);
        string path = $"/api/alarms/{seen.Id}";
        (await node.MatchAsync(HttpMethod.Post, path + "/acknowledge", 1, new { note = "I see him" })).Status.ShouldBe(200);
        var (status, problem) = await node.MatchAsync(HttpMethod.Post, path + "/close", 1, new { outcome = "false" });
        status.ShouldBe(412);
        ((string?)problem!["since"]!.AsArray().Single()!["act"], (string?)problem["since"]![0]!["note"], (string?)problem["current"]!["state"]).ShouldBe(("acknowledge", "I see him", "acknowledged"));
        (await node.SendAsync(HttpMethod.Post, path + "/acknowledge", new { })).Status.ShouldBe(409);
        (await node.MatchAsync(HttpMethod.Post, path + "/assign", 2, new { to = "Patrol desk" })).Body!["assignee"]!.GetValue<string>().ShouldBe("Patrol desk");
        (await node.SendAsync(HttpMethod.Post, path + "/escalate", new { to = "leader", note = "Two of them" })).Body!["level"]!.GetValue<int>().ShouldBe(1);
        (await node.SendAsync(HttpMethod.Post, path + "/close", new { outcome = "nuisance" })).Status.ShouldBe(200);
        var (closed, why) = await node.SendAsync(HttpMethod.Post, path + "/assign", new { to = "x" });
        closed.ShouldBe(409);
        ((string?)why!["detail"])!.ShouldContain("nuisance");
        var detail = await node.GetAsync(path);
        detail["steps"]!.AsArray().Select(s => (string?)s!["act"]).ShouldBe(["acknowledge", "assign", "escalate", "close"]);
        ((string?)detail["events"]!.AsArray().Single()!["clause"]).ShouldBe("scene");
        ((string?)detail["events"]![0]!["reason"])!.ShouldContain("scene");

        var figures = await node.GetAsync($"/api/alarms/figures?from={TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}");
        var figure = figures.AsArray().Single()!;
        ((string?)figure["rule"], (long)figure["nuisance"]!, (double)figure["falseShare"]!).ShouldBe(("fence", 1, 1.0));
    }

    [Fact]
    public async Task A_policy_is_refused_with_every_fault_beside_its_field_and_decides_at_once_when_it_is_sound()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var (refused, problem) = await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { zone = "Nowhere/City", clauses = new[] { new { id = "a", schedule = "none" } }, flood = new { seconds = 0 } });
        refused.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["clauses[0].schedule", "flood.seconds"], ignoreOrder: true);
        (await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { zone = "Nowhere/City" })).Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["zone"]);

        var standing = await node.GetAsync("/api/alarm-policy");
        ((long)standing["version"]!).ShouldBe(0);
        var policy = standing["policy"]!.AsObject();
        // What is given out can be sent back.
        (await node.MatchAsync(HttpMethod.Put, "/api/alarm-policy", 0, policy)).Status.ShouldBe(200);
        (await node.MatchAsync(HttpMethod.Put, "/api/alarm-policy", 0, policy)).Status.ShouldBe(412);
        policy["clauses"] = new JsonArray(new JsonObject { ["id"] = "quiet", ["cameras"] = new JsonArray("wall"), ["action"] = "ignore" }, new JsonObject { ["id"] = "rest", ["severity"] = "critical" });
        policy["zone"] = "Europe/Madrid";
        var (put, body) = await node.MatchAsync(HttpMethod.Put, "/api/alarm-policy", 1, policy);
        (put, (long)body!["version"]!, (string?)body["zone"]).ShouldBe((200, 2, "Europe/Madrid"));
        var ignored = AlarmScene.Event("wall");
        await node.SeeAsync(ignored, AlarmScene.Event());
        ((string?)(await node.AlarmsAsync()).Single()!["severity"]).ShouldBe("critical");
        var decision = await node.GetAsync($"/api/scene-events/{ignored.Id}/decision");
        ((string?)decision["verdict"], (string?)decision["clause"], decision["alarm"]).ShouldBe(("ignored", "quiet", null));
    }

    [Fact]
    public async Task A_group_that_no_camera_has_is_refused_beside_its_field()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        (await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { clauses = new[] { new { id = "a", groups = new[] { "north", "south" } } } })).Body!["errors"]!.AsObject().Select(e => e.Key)
            .ShouldBe(["clauses[0].groups[1]"]);
        (await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { clauses = new[] { new { id = "a", groups = new[] { "north" } } } })).Status.ShouldBe(200);
        await node.SeeAsync(AlarmScene.Event(), AlarmScene.Event("wall"));
        (await node.AlarmsAsync()).Select(a => (string?)a!["camera"]).ShouldBe(["gate"]);
    }

    [Fact]
    public async Task A_policy_is_tried_on_what_was_seen_and_changes_nothing()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        const string Trial = "/api/alarm-policy/trial?from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z";
        var cat = AlarmScene.Event("quay", 100) with { Class = ObjectClass.Animal };
        var motion = AlarmScene.Event("wall", 50, SceneEventKind.Motion);
        await node.SeeAsync(AlarmScene.Event(), AlarmScene.Event(seconds: 10), motion, cat);
        await node.SendAsync(HttpMethod.Post, $"/api/alarms/{cat.Id}/close", new { outcome = "nuisance" });

        var (status, same) = await node.SendAsync(HttpMethod.Post, Trial, (await node.GetAsync("/api/alarm-policy"))["policy"]);
        (status, (int)same!["events"]!, (int)same["different"]!).ShouldBe((200, 4, 0));
        same["would"]!.ToJsonString().ShouldBe(same["was"]!.ToJsonString());

        var (_, other) = await node.SendAsync(HttpMethod.Post, Trial, new
        {
            clauses = new object[] { new { id = "cats", classes = new[] { "animal" }, action = "ignore" }, new { id = "all", severity = "critical" } },
        });
        ((int)other!["was"]!["high"]!, (int)other["was"]!["low"]!, (int)other["would"]!["critical"]!, (int)other["would"]!["low"]!).ShouldBe((1, 1, 2, 0));
        other["differences"]!.AsArray().Select(d => ((string?)d!["was"], (string?)d["would"], (string?)d["wouldClause"]))
            .ShouldBe([("raised", "raised", "all"), ("noClause", "raised", "all"), ("raised", "ignored", "cats")]);
        ((long)(await node.GetAsync("/api/alarm-policy"))["version"]!).ShouldBe(0);
        (await node.AlarmsAsync()).Count.ShouldBe(2);
        (await node.SendAsync(HttpMethod.Post, Trial, new { flood = new { seconds = 0 } })).Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["flood.seconds"]);
        (await node.SendAsync(HttpMethod.Post, "/api/alarm-policy/trial?from=2026-03-01T00:00:00Z&to=2026-03-30T00:00:00Z", new { })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task What_is_disarmed_or_suppressed_raises_nothing_until_somebody_ends_it()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { merge = new { seconds = 0 } });
        (await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { group = "south", reason = "x" })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { group = "north" })).Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["reason"]);
        string disarming = (string)(await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { group = "north", reason = "Deliveries" })).Body!["id"]!;
        disarming = (string)(await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { group = "north", reason = "More deliveries" })).Body!["id"]!;
        ((string?)(await node.GetAsync("/api/arming")).AsArray().Single()!["reason"]).ShouldBe("More deliveries");
        SceneEvent Now(string camera) => AlarmScene.Event(camera) with { At = TimeProvider.System.GetUtcNow() };
        var quiet = Now("gate");
        await node.SeeAsync(quiet, Now("wall"));
        ((string?)(await node.GetAsync($"/api/scene-events/{quiet.Id}/decision"))["because"]).ShouldBe(disarming);
        (await node.SendAsync(HttpMethod.Delete, $"/api/arming/{disarming}")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Delete, $"/api/arming/{disarming}")).Status.ShouldBe(404);
        await node.SeeAsync(Now("gate"));
        (await node.AlarmsAsync()).Count.ShouldBe(2);
        (await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { site = "nowhere", reason = "x" })).Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["site"]);
        string harbour = (string)(await node.SendAsync(HttpMethod.Post, "/api/arming/disarm", new { site = "harbour", reason = "Works" })).Body!["id"]!;
        var works = Now("wall");
        await node.SeeAsync(works);
        ((string?)(await node.GetAsync($"/api/scene-events/{works.Id}/decision"))["because"]).ShouldBe(harbour);
        (await node.SendAsync(HttpMethod.Delete, $"/api/arming/{harbour}")).Status.ShouldBe(204);

        var soon = TimeProvider.System.GetUtcNow().AddHours(1);
        (await node.SendAsync(HttpMethod.Post, "/api/suppressions", new { until = soon, reason = "x" })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Post, "/api/suppressions", new { cameras = new[] { "gate" }, until = soon.AddDays(60), reason = "x" })).Status.ShouldBe(400);
        string id = (string)(await node.SendAsync(HttpMethod.Post, "/api/suppressions", new { cameras = new[] { "gate" }, kinds = new[] { "lineCrossed" }, until = soon, reason = "A branch moves" })).Body!["id"]!;
        ((string?)(await node.GetAsync("/api/suppressions")).AsArray().Single()!["reason"]).ShouldBe("A branch moves");
        var branch = Now("gate");
        await node.SeeAsync(branch, Now("gate") with { Severity = AlarmSeverity.Rescue });
        ((string?)(await node.GetAsync($"/api/scene-events/{branch.Id}/decision"))["verdict"]).ShouldBe("suppressed");
        (await node.AlarmsAsync()).Count.ShouldBe(3, "a rescue isn't suppressed with the rest");
        (await node.SendAsync(HttpMethod.Delete, $"/api/suppressions/{id}")).Status.ShouldBe(204);
        (await node.GetAsync("/api/suppressions")).AsArray().ShouldBeEmpty();
        await node.SeeAsync(Now("gate"));
        (await node.AlarmsAsync()).Count.ShouldBe(4);
    }

    [Fact]
    public async Task An_incident_is_worked_from_its_alarm_to_its_outcome()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event(), AlarmScene.Event("wall", 5));
        var alarms = await node.AlarmsAsync();
        var (opened, incident) = await node.SendAsync(HttpMethod.Post, $"/api/alarms/{alarms[0]!["id"]}/incident");
        opened.ShouldBe(200);
        string id = (string)incident!["id"]!, path = $"/api/incidents/{id}";
        ((string?)incident["title"], (string?)incident["type"], (string?)incident["state"]).ShouldBe(("North gate", "intrusion", "open"));
        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{alarms[0]!["id"]}/incident")).Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Post, path + "/alarms", new { alarm = alarms[1]!["id"] })).Status.ShouldBe(200);
        (await node.AlarmsAsync($"incident={id}")).Count.ShouldBe(2);

        (await node.SendAsync(HttpMethod.Post, path + "/assign", new { to = "luc" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Post, path + "/dispatch", new { patrol = "North 2", task = "Look at the fence" })).Body!["state"]!.GetValue<string>().ShouldBe("dispatched");
        (await node.SendAsync(HttpMethod.Post, path + "/notes", new { note = "Two people, one ladder" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Post, path + "/attachments", new { name = "Clip", reference = "export 12" })).Status.ShouldBe(200);
        var (pinned, pin) = await node.SendAsync(HttpMethod.Post, path + "/pins");
        pinned.ShouldBe(201, pin?.ToJsonString());
        string hold = (string)pin!["hold"]!["hold"]!["id"]!;
        var held = (await node.GetAsync("/api/holds")).AsArray().Single()!;
        ((string?)held["id"], (string?)held["from"], (string?)held["to"]).ShouldBe((hold, "2026-03-29T11:59:50.000Z", "2026-03-29T12:00:15.000Z"));
        held["cameras"]!.AsArray().Select(c => (string?)c).ShouldBe(["gate", "wall"]);

        (await node.SendAsync(HttpMethod.Post, path + "/close", new { outcome = "real" })).Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Post, path + "/resolve", new { note = "Gone" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Post, path + "/close", new { outcome = "real" })).Body!["title"]!.GetValue<string>().ShouldContain("checklist");
        (await node.SendAsync(HttpMethod.Put, path + "/checklist/see", new { state = "done" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, path + "/checklist/patrol", new { state = "notApplicable" })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Put, path + "/checklist/patrol", new { state = "notApplicable", note = "Nobody near" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, path + "/checklist/nothing", new { state = "done" })).Status.ShouldBe(404);
        (await node.SendAsync(HttpMethod.Post, path + "/close", new { outcome = "real", note = "Fled" })).Status.ShouldBe(200);
        (await node.AlarmsAsync("open=false")).Select(a => (string?)a!["outcome"]).ShouldBe(["real", "real"]);
        using (var leader = await node.AsAsync("leader", new Grant("shift-leader", Scope.Organisation)))
        using (var liaison = await node.AsAsync("liaison", new Grant("liaison-officer", Scope.Organisation)))
        {
            using var release = await leader.DeleteAsync($"{path}/pins/{hold}?why=copied", TestNode.Stop);
            ((int)release.StatusCode).ShouldBe(403, "who may hold may not release");
            using var keep = await liaison.PostAsync($"{path}/pins", new StringContent("{\"cameras\":[\"quay\"]}", Encoding.UTF8, "application/json"), TestNode.Stop);
            ((int)keep.StatusCode).ShouldBe(403, "an incident is no way around the permission to hold");
        }

        (await node.SendAsync(HttpMethod.Delete, $"{path}/pins/{hold}?why=copied")).Status.ShouldBe(200);
        (await node.GetAsync("/api/holds")).AsArray().ShouldBeEmpty();
        (await node.SendAsync(HttpMethod.Post, path + "/reopen", new { why = "They are back" })).Body!["state"]!.GetValue<string>().ShouldBe("reopened");

        var story = (await node.GetAsync(path))["story"]!.AsArray();
        story.Select(e => (string?)e!["event"]).ShouldBe(
            ["opened", "alarmLinked", "alarmLinked", "assigned", "dispatched", "noted", "attached", "pinned", "resolved", "ticked", "ticked", "closed", "unpinned", "reopened"]);
        story.Select(e => (long)e!["number"]!).ShouldBe(Enumerable.Range(1, 14).Select(n => (long)n));
        story.ShouldAllBe(e => (string?)e!["by"] == "administrator");

        var (changed, problem) = await node.MatchAsync(HttpMethod.Post, path + "/notes", 12, new { note = "late" });
        changed.ShouldBe(412);
        problem!["since"]!.AsArray().Select(e => (string?)e!["event"]).ShouldBe(["unpinned", "reopened"]);
        ((long)problem["current"]!["version"]!).ShouldBe(14);
    }

    /// <summary>Who may see one camera sees its alarms and nothing of others, not even that there are any.</summary>
    [Fact]
    public async Task Nobody_learns_of_cameras_that_they_may_not_see()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new { merge = new { neighbours = new[] { new[] { "gate", "wall" } } } });
        var mine = AlarmScene.Event();
        var theirs = AlarmScene.Event("quay", severity: AlarmSeverity.Rescue);
        await node.SeeAsync(mine, AlarmScene.Event("wall", 5), theirs);
        using var http = await node.AsAsync("ana", new Grant("shift-leader", new(ScopeKind.Camera, "gate")));
        async Task<(int Status, string Text)> Ask(HttpMethod method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
            using var response = await http.SendAsync(request, TestNode.Stop);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestNode.Stop));
        }

        string now = $"{TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        foreach (string path in (string[])["/api/alarms", "/api/alarms/changes?after=0", $"/api/alarms/figures?from={now}", $"/api/alarms/{mine.Id}", $"/api/scene-events/{mine.Id}/decision", "/api/incidents"])
        {
            var (status, text) = await Ask(HttpMethod.Get, path);
            status.ShouldBe(200, path);
            text.ShouldNotContain("quay", Case.Sensitive, path);
            text.ShouldNotContain("wall", Case.Sensitive, path);
        }

        (await Ask(HttpMethod.Get, "/api/alarms")).Text.ShouldContain(mine.Id.ToString());
        JsonNode.Parse((await Ask(HttpMethod.Get, "/api/alarms")).Text)!["open"]!["rescue"]!.GetValue<long>().ShouldBe(0);
        JsonNode.Parse((await Ask(HttpMethod.Get, "/api/incidents")).Text)!["incidents"]!.AsArray().ShouldBeEmpty();
        string incident = (string)(await node.GetAsync("/api/incidents"))["incidents"]![0]!["id"]!;
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Get, $"/api/alarms/{theirs.Id}", null), (HttpMethod.Get, $"/api/alarms/{theirs.Id}/cap", null), (HttpMethod.Get, $"/api/scene-events/{theirs.Id}/decision", null),
            (HttpMethod.Post, $"/api/alarms/{theirs.Id}/acknowledge", "{}"), (HttpMethod.Post, $"/api/alarms/{theirs.Id}/close", "{\"outcome\":\"false\"}"), (HttpMethod.Post, $"/api/alarms/{theirs.Id}/incident", "{}"),
            (HttpMethod.Get, $"/api/incidents/{incident}", null), (HttpMethod.Post, $"/api/incidents/{incident}/notes", "{\"note\":\"x\"}"), (HttpMethod.Post, $"/api/incidents/{incident}/pins", (string?)"{}"),
            (HttpMethod.Post, $"/api/alarms/{mine.Id}/incident", $"{{\"incident\":\"{incident}\"}}"),
        })
            (await Ask(method, path, body)).Status.ShouldBe(404, $"{method} {path}");
        foreach (string path in (string[])["/api/alarm-policy", "/api/suppressions", $"/api/handover?from={now}", "/api/notifications/channels"])
            (await Ask(HttpMethod.Get, path)).Status.ShouldBe(403, path);
        var (done, text2) = await Ask(HttpMethod.Post, $"/api/alarms/{mine.Id}/acknowledge", "{}");
        done.ShouldBe(200);
        ((string?)JsonNode.Parse(text2)!["acknowledgedBy"]).ShouldBe("ana");
    }

    [Fact]
    public async Task A_technician_sees_what_does_not_work_and_nothing_of_what_cameras_saw()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var seen = AlarmScene.Event();
        var lost = AlarmScene.Event("wall", 5, SceneEventKind.StreamLost, rule: "stream");
        var elsewhere = AlarmScene.Event("gate", 9, SceneEventKind.RecordingFailed, rule: "recording");
        await node.SeeAsync(seen, lost, elsewhere);
        using var technician = await node.AsAsync("technician", new Grant("technician", Scope.Organisation));
        using var here = await node.AsAsync("harbour", new Grant("technician", new(ScopeKind.Site, "harbour")));
        using var operators = await node.AsAsync("operator", new Grant("operator", Scope.Organisation));
        async Task<string[]> AlarmsAsync(HttpClient http, string path = "/api/alarms") =>
            [.. JsonNode.Parse(await http.GetStringAsync(path, TestNode.Stop))!["alarms"]!.AsArray().Select(a => (string)a!["id"]!).Order(StringComparer.Ordinal)];
        string[] Ids(params SceneEvent[] events) => [.. events.Select(e => e.Id.ToString()).Order(StringComparer.Ordinal)];

        (await AlarmsAsync(technician)).ShouldBe(Ids(lost, elsewhere));
        (await AlarmsAsync(technician, "/api/alarms/changes?after=0")).ShouldBe(Ids(lost, elsewhere));
        (await AlarmsAsync(here)).ShouldBe(Ids(lost));
        (await AlarmsAsync(operators)).ShouldBe(Ids(seen, lost, elsewhere));
        JsonNode.Parse(await here.GetStringAsync("/api/alarms", TestNode.Stop))!["open"]!.AsObject().Sum(o => (long)o.Value!).ShouldBe(1);
        var detail = JsonNode.Parse(await technician.GetStringAsync($"/api/alarms/{lost.Id}", TestNode.Stop))!;
        detail["events"]!.AsArray().Count.ShouldBe(1);

        foreach (string path in new[] { $"/api/alarms/{seen.Id}", $"/api/alarms/{elsewhere.Id}" })
            ((int)(await here.GetAsync(path, TestNode.Stop)).StatusCode).ShouldBe(404, path);
        ((int)(await technician.GetAsync($"/api/alarms/{seen.Id}", TestNode.Stop)).StatusCode).ShouldBe(404);
        foreach (string path in new[] { "/api/alarms/figures", $"/api/scene-events/{lost.Id}/decision", "/api/timeline", "/api/cameras/wall/playback.m3u8" })
            ((int)(await technician.GetAsync(path, TestNode.Stop)).StatusCode).ShouldBe(403, path);
    }

    [Fact]
    public async Task Closed_alarms_are_seen_as_far_back_as_a_role_may_look()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var old = AlarmScene.Event();
        await node.SeeAsync(old);
        using var http = await node.AsAsync("op", new Grant("operator", Scope.Organisation));
        (await http.GetStringAsync("/api/alarms", TestNode.Stop)).ShouldContain(old.Id.ToString(), Case.Sensitive, "it is open");
        await node.SendAsync(HttpMethod.Post, $"/api/alarms/{old.Id}/close", new { outcome = "false" });
        foreach (string path in (string[])["/api/alarms", "/api/alarms/changes?after=0"])
        {
            (await http.GetStringAsync(path, TestNode.Stop)).ShouldNotContain(old.Id.ToString());
            (await node.GetAsync(path)).ToJsonString().ShouldContain(old.Id.ToString());
        }

        using var gone = await http.GetAsync($"/api/alarms/{old.Id}", TestNode.Stop);
        ((int)gone.StatusCode).ShouldBe(404);
    }

    /// <summary>Half of a change is worse than none.</summary>
    [Fact]
    public async Task A_change_that_can_not_be_whole_is_not_made_at_all()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event());
        var alarm = (await node.AlarmsAsync()).Single()!["id"];
        (await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title = "x", alarms = new object?[] { (string?)alarm, Guid.NewGuid() } })).Status.ShouldBe(404);
        (await node.GetAsync("/api/incidents"))["incidents"]!.AsArray().ShouldBeEmpty();
        (await node.AlarmsAsync()).Single()!["incident"].ShouldBeNull();
        var (made, incident) = await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title = "x", alarms = new[] { (string?)alarm } });
        made.ShouldBe(201);
        (await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crowd", title = "y", alarms = new[] { (string?)alarm } })).Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Delete, $"/api/incidents/{incident!["id"]}/alarms/{alarm}?why=other")).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crowd", title = "y", alarms = new[] { (string?)alarm } })).Status.ShouldBe(201);
    }

    [Fact]
    public async Task The_next_shift_reads_what_waits_and_what_was_left_for_it()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event(), AlarmScene.Event("quay", severity: AlarmSeverity.Rescue));
        var now = TimeProvider.System.GetUtcNow();
        string stretch = $"from={now.AddHours(-8):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        (await node.SendAsync(HttpMethod.Post, "/api/handover", new { from = now.AddHours(-8), to = now })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Post, "/api/handover", new { from = now.AddHours(-8), to = now, note = "Watch the quay" })).Status.ShouldBe(201);
        var shift = await node.GetAsync($"/api/handover?{stretch}");
        shift["waiting"]!.AsArray().Select(a => (string?)a!["type"]).ShouldBe(["rescue", "intrusion"]);
        shift["counts"]!.AsArray().Select(c => ((string?)c!["type"], (long)c["raised"]!)).ShouldBe([("rescue", 1), ("intrusion", 1)]);
        ((string?)shift["open"]!.AsArray().Single()!["type"]).ShouldBe("rescue");
        ((string?)shift["notes"]!.AsArray().Single()!["note"]).ShouldBe("Watch the quay");
    }

    [Fact]
    public async Task Whatever_is_sent_gets_a_problem_that_says_why_and_none_a_server_error()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SeeAsync(AlarmScene.Event(severity: AlarmSeverity.Rescue));
        string alarm = (string)(await node.AlarmsAsync()).Single()!["id"]!;
        string incident = (string)(await node.GetAsync("/api/incidents"))["incidents"]![0]!["id"]!;
        string nobody = Guid.NewGuid().ToString();
        var requests = new (string Method, string Path, string? Body, int Status, string? Field)[]
        {
            ("GET", "/api/alarms?limit=0", null, 400, "limit"),
            ("GET", "/api/alarms?severity=5", null, 400, "severity"),
            ("GET", "/api/alarms?order=random", null, 400, "order"),
            ("GET", "/api/alarms?cursor=x", null, 400, "cursor"),
            ("GET", "/api/alarms?cursor=1-2-3", null, 400, "cursor"),
            ("GET", "/api/alarms?since=yesterday", null, 400, "since"),
            ("GET", "/api/alarms?open=maybe", null, 400, null),
            ("GET", "/api/alarms/changes", null, 400, "after"),
            ("GET", "/api/alarms/changes?after=-1", null, 400, "after"),
            ("GET", "/api/alarms/figures", null, 400, "from"),
            ("GET", $"/api/alarms/{nobody}", null, 404, null),
            ("GET", "/api/alarms/7", null, 404, null),
            ("GET", $"/api/scene-events/{nobody}/decision", null, 404, null),
            ("POST", $"/api/alarms/{nobody}/acknowledge", "{}", 404, null),
            ("POST", $"/api/alarms/{alarm}/acknowledge", "{\"note\":\"\\u0000\"}", 400, "note"),
            ("POST", $"/api/alarms/{alarm}/acknowledge", "[]", 400, null),
            ("POST", $"/api/alarms/{alarm}/assign", "{}", 400, "to"),
            ("POST", $"/api/alarms/{alarm}/assign", $"{{\"to\":\"{new string('x', 201)}\"}}", 400, "to"),
            ("POST", $"/api/alarms/{alarm}/close", "{}", 400, "outcome"),
            ("POST", $"/api/alarms/{alarm}/close", "{\"outcome\":\"maybe\"}", 400, "outcome"),
            ("POST", $"/api/alarms/{alarm}/incident", $"{{\"incident\":\"{nobody}\"}}", 409, null),
            ("PUT", "/api/alarm-policy", "", 400, "body"),
            ("PUT", "/api/alarm-policy", "null", 400, "body"),
            ("PUT", "/api/alarm-policy", "{\"clauses\":[{}]}", 400, null),
            ("PUT", "/api/alarm-policy", "{\"clause\":[]}", 400, "clause"),
            ("POST", "/api/arming/disarm", "{\"reason\":\"x\",\"until\":\"2020-01-01T00:00:00Z\"}", 400, "until"),
            ("DELETE", $"/api/arming/{nobody}", null, 404, null),
            ("POST", "/api/suppressions", "{}", 400, "reason"),
            ("POST", "/api/suppressions", "{\"cameras\":[null],\"reason\":\"x\",\"until\":\"2100-01-01T00:00:00Z\"}", 400, "cameras"),
            ("DELETE", $"/api/suppressions/{nobody}", null, 404, null),
            ("GET", "/api/incidents?state=asleep", null, 400, "state"),
            ("GET", $"/api/incidents/{nobody}", null, 404, null),
            ("POST", "/api/incidents", "{}", 400, "type"),
            ("POST", "/api/incidents", "{\"type\":\"crowd\",\"severity\":\"rescue\",\"title\":\"x\"}", 400, "severity"),
            ("POST", $"/api/incidents/{nobody}/notes", "{\"note\":\"x\"}", 404, null),
            ("POST", $"/api/incidents/{incident}/notes", "{}", 400, "note"),
            ("POST", $"/api/incidents/{incident}/notes", $"{{\"note\":\"{new string('x', 4001)}\"}}", 400, "note"),
            ("POST", $"/api/incidents/{incident}/dispatch", "{}", 400, "patrol"),
            ("POST", $"/api/incidents/{incident}/classify", "{\"type\":\"crowd\",\"severity\":\"rescue\",\"why\":\"x\"}", 400, "severity"),
            ("POST", $"/api/incidents/{incident}/reopen", "{\"why\":\"x\"}", 409, null),
            ("POST", $"/api/incidents/{incident}/alarms", "{}", 400, "alarm"),
            ("POST", $"/api/incidents/{incident}/alarms", $"{{\"alarm\":\"{nobody}\"}}", 404, null),
            ("DELETE", $"/api/incidents/{incident}/alarms/{alarm}", null, 400, "why"),
            ("DELETE", $"/api/incidents/{incident}/pins/x?why=y", null, 404, null),
            ("POST", $"/api/incidents/{incident}/pins", "{\"cameras\":[\"../x\"]}", 400, "cameras"),
            ("POST", $"/api/incidents/{incident}/pins", "{\"from\":\"2026-01-02T00:00:00Z\",\"to\":\"2026-01-01T00:00:00Z\"}", 400, "to"),
            ("POST", $"/api/incidents/{incident}/close", "{}", 400, "outcome"),
            ("GET", "/api/handover", null, 400, "from"),
            ("POST", "/api/handover", "{}", 400, "note"),
        };
        foreach (var (method, path, body, status, field) in requests)
        {
            string what = $"{method} {path} {(body is { Length: > 100 } ? "…" : body)}";
            using var request = new HttpRequestMessage(new(method), path);
            if (body is not null)
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await node.Http.SendAsync(request, TestNode.Stop);
            string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
            ((int)response.StatusCode).ShouldBe(status, $"{what}: {text}");
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", what);
            if (field is not null)
                JsonNode.Parse(text)!["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field, $"{what}: {text}");
            text.ShouldNotContain("   at ", Case.Sensitive, what);
        }

        using var tagged = new HttpRequestMessage(HttpMethod.Post, $"/api/alarms/{alarm}/acknowledge") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        tagged.Headers.TryAddWithoutValidation("If-Match", "seven");
        using var odd = await node.Http.SendAsync(tagged, TestNode.Stop);
        ((int)odd.StatusCode).ShouldBe(400);
    }
}
