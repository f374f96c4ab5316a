using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Federation.Stories;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A request is one case at both nodes, nothing goes out or comes in beyond the agreement, and what a partner makes up changes nothing.</summary>
public sealed class PartnerRequestTests
{
    const string Camera = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n";

    [Fact]
    public async Task A_request_is_asked_clarified_answered_with_a_hold_and_closed_and_both_nodes_read_the_same()
    {
        await using var asked = await TestNode.StartAsync(Linked.Listens + Camera);
        await using var asker = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(asked, asker, LinkKind.Site);

        var (status, made) = await asker.SendAsync(HttpMethod.Post, "/api/requests", new
        {
            link = link.Id,
            kind = "holdFootage",
            urgency = "urgent",
            subject = "Boat at the north gate",
            text = "Please keep it.",
            legalBasis = "Art. 5",
            purpose = "border-safety",
            footage = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        });
        status.ShouldBe(201, made?.ToJsonString());
        string id = (string)made!["line"]!["id"]!;
        ((DateTimeOffset)made["line"]!["due"]! - (DateTimeOffset)made["line"]!["askedAt"]!).ShouldBe(TimeSpan.FromHours(8));

        var there = await asked.UntilAsync($"/api/requests/{id}", r => r["line"] is not null);
        ((bool)there["line"]!["ours"]!).ShouldBeFalse();
        (await asked.SendAsync(HttpMethod.Post, $"/api/requests/{id}/close", new { outcome = "met" })).Status.ShouldBe(409, "the asker does that");
        (await asked.SendAsync(HttpMethod.Post, $"/api/requests/{id}/question", new { text = "Which hour?" })).Status.ShouldBe(200);
        var waits = await asker.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "questioned");
        waits["line"]!["due"].ShouldBeNull();
        (await asker.SendAsync(HttpMethod.Post, $"/api/requests/{id}/clarify", new { text = "That one." })).Status.ShouldBe(200);
        await asked.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "asked");

        // What is agreed to be held is held.
        (await asked.SendAsync(HttpMethod.Post, $"/api/requests/{id}/answer", new { extent = "whole", text = "Kept." })).Status.ShouldBe(400);
        (status, var answered) = await asked.SendAsync(HttpMethod.Post, $"/api/requests/{id}/answer", new
        {
            extent = "whole",
            text = "Kept.",
            hold = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        });
        status.ShouldBe(200, answered?.ToJsonString());
        var hold = (await asked.GetAsync("/api/holds")).AsArray().Single()!;
        ((string)hold["reason"]!).ShouldContain("Boat at the north gate");
        (await asked.SendAsync(HttpMethod.Post, $"/api/requests/{id}/refuse", new { ground = "x", text = "No." })).Status.ShouldBe(409, "it was answered");
        (await asked.GetAsync("/api/holds")).AsArray().Count.ShouldBe(1);

        await asker.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "answered");
        (await asker.SendAsync(HttpMethod.Post, $"/api/requests/{id}/close", new { outcome = "met", note = "Thanks." })).Status.ShouldBe(200);
        var closed = await asked.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "closed");
        var ours = await asker.GetAsync($"/api/requests/{id}");
        Told(closed).ShouldBe(Told(ours));

        // Each step is in both logs' reach under one digest, and the words are not.
        string[] digests = await StepsAsync(asked, id);
        digests.ShouldBe(await StepsAsync(asker, id));
        await using var connection = await asked.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        string[] changes = [.. await connection.QueryAsync<string>("select body from changes where source = 'story_steps' union all select record from log_records where kind = 'Request'")];
        changes.Length.ShouldBeGreaterThanOrEqualTo(digests.Length);
        changes.ShouldAllBe(c => !c.Contains("north gate", StringComparison.Ordinal));

        var counts = (await asker.GetAsync($"/api/requests/statistics?from={TimeProvider.System.GetUtcNow().AddDays(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddDays(1):yyyy-MM-ddTHH:mm:ssZ}")).AsArray().Single()!;
        ((int)counts["asked"]!, (int)counts["whole"]!, (int)counts["inTime"]!, (bool)counts["ours"]!).ShouldBe((1, 1, 1, true));
    }

    [Fact]
    public async Task Beyond_the_agreement_nothing_is_sent_and_what_is_sent_nevertheless_is_refused_on_both_sides()
    {
        await using var asked = await TestNode.StartAsync(Linked.Listens);
        await using var asker = await TestNode.StartAsync(Linked.Dials("Police of the South", "South"));
        var (_, link) = await Linked.LinkAsync(asked, asker, LinkKind.Partner);

        var (status, problem) = await asker.SendAsync(HttpMethod.Post, "/api/requests", new
        {
            link = link.Id,
            kind = "information",
            urgency = "routine",
            subject = "A boat",
            text = "Whose?",
            legalBasis = "Art. 5",
            purpose = "border-safety",
        });
        status.ShouldBe(409, "no agreement is in force");
        ((string)problem!["title"]!).ShouldBe("Beyond the agreement");
        (await asker.GetAsync("/api/requests")).AsArray().ShouldBeEmpty();

        // A node that doesn't ask its own agreement.
        var done = await asker.Service<RequestBook>().AskAsync(
            link, "liar", new(RequestKind.Information, Urgency.Routine, 168, "A boat", "Whose?", "Art. 5", "border-safety", null, null, "", "", false, null, []), TestNode.Stop);
        string id = done.Now!.Row.Id;
        var told = await asker.UntilAsync($"/api/requests/{id}", r => r["line"]!["fault"] is not null);
        ((string)told["line"]!["fault"]!).ShouldContain("agreement");
        (await asked.GetAsync("/api/requests")).AsArray().ShouldBeEmpty();
        (await Refusals.ListAsync(asked.Service<NodeDatabase>().Source, link.Id, 10, TestNode.Stop)).ShouldContain(r => r.Here && r.Kind == "request.asked");
    }

    [Fact]
    public async Task What_a_partner_makes_up_is_refused_and_changes_nothing_and_deadlines_raise_one_alarm_each()
    {
        await using var asked = await TestNode.StartAsync(Linked.Listens);
        await using var asker = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(asked, asker, LinkKind.Site);
        var here = asked.Service<LinkBook>().Find(link.Id)!;
        var book = asked.Service<RequestBook>();
        var done = await asker.Service<RequestBook>().AskAsync(
            link, "ana", new(RequestKind.Information, Urgency.Urgent, 8, "A boat", "Whose?", "Art. 5", "border-safety", null, null, "", "", false, null, []), TestNode.Stop);
        string id = done.Now!.Row.Id;
        await asked.UntilAsync($"/api/requests/{id}", r => r["line"] is not null);
        var good = StoryJson.BodyOf(id, new Step<RequestDeed>(Side.First, 2, 0, TimeProvider.System.GetUtcNow(), "ana", new Withdrawn("Solved.")));

        async Task<string?> LieAsync(Func<JsonObject, object?> lie, string kind = "request.withdrawn", Link? from = null)
        {
            var body = good.DeepClone().AsObject();
            lie(body);
            await using var connection = await asked.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            return (await book.ApplyAsync(new(from ?? here, Lane.Urgent, 99, TimeProvider.System.GetUtcNow(), kind, JsonSerializer.SerializeToElement(body)), connection, transaction, TestNode.Stop)).Reason;
        }

        (await LieAsync(_ => null)).ShouldBeNull("the true one would be taken");
        (await LieAsync(b => b["extra"] = 1)).ShouldNotBeNull();
        (await LieAsync(b => b["deed"]!["extra"] = 1)).ShouldNotBeNull();
        (await LieAsync(b => b["deed"]!["why"] = null)).ShouldNotBeNull();
        (await LieAsync(b => b["deed"]!["deed"] = "answered")).ShouldNotBeNull();
        (await LieAsync(b => b["deed"] = new JsonArray())).ShouldNotBeNull();
        (await LieAsync(b => b.Remove("number"))).ShouldNotBeNull();
        (await LieAsync(b => b["number"] = 7)).ShouldBe("The step before it is missing.");
        (await LieAsync(b => b["number"] = 1)).ShouldBe("Another step has this number.");
        (await LieAsync(b => b["seen"] = 5)).ShouldBe("It claims to know steps that weren't taken.");
        (await LieAsync(b => b["at"] = "2025-01-01T00:00:00.000Z")).ShouldBe("It is dated before the step before it.");
        (await LieAsync(b => b["at"] = "2036-01-01T00:00:00.000Z")).ShouldBe("It is dated in the future.");
        (await LieAsync(b => b["story"] = "../../etc/passwd")).ShouldNotBeNull();
        (await LieAsync(b => b["story"] = new string('a', 32))).ShouldBe("There is no such request.");
        (await LieAsync(_ => null, kind: "request.closed")).ShouldNotBeNull();
        (await LieAsync(_ => null, from: here with { Id = "0123456789abcdef" })).ShouldBe("There is no such request.", "it is another partner's");
        (await StepsAsync(asked, id)).Length.ShouldBe(1);

        // Little is left: told to who has to answer, and to nobody else. Then nothing is: told to both.
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        foreach (var node in new[] { asked, asker })
        {
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await connection.ExecuteAsync("update requests set due_us = @due, asked_us = @since", new { due = now + 3_600_000_000L, since = now - (7 * 3_600_000_000L) });
            await node.Service<RequestBook>().LookAtClockAsync(TestNode.Stop);
            (await node.Service<RequestBook>().LookAtClockAsync(TestNode.Stop)).ShouldBe(0);
            (await connection.QueryAsync<string>("select detail from scene_events where rule = 'request'")).Count(d => d.Contains("is to be answered by", StringComparison.Ordinal)).ShouldBe(node == asked ? 1 : 0);
        }

        foreach (var node in new[] { asked, asker })
        {
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await connection.ExecuteAsync("update requests set due_us = 1");
            (await node.Service<RequestBook>().LookAtClockAsync(TestNode.Stop)).ShouldBeLessThanOrEqualTo(1);
            (await node.Service<RequestBook>().LookAtClockAsync(TestNode.Stop)).ShouldBe(0);
            (await connection.ExecuteScalarAsync<long>("select count(*) from requests where overdue_us is not null")).ShouldBe(1);
            node.Log.ShouldContain($"Request {id}");
            (await connection.QueryAsync<string>("select detail from scene_events where rule = 'request'")).Count(d => d.Contains("answered", StringComparison.Ordinal) && d.Contains("due", StringComparison.Ordinal)).ShouldBe(1);
            // To whoever sees alarms it doesn't say what about.
            string alarms = await node.TextUntilAsync("/api/alarms", a => a.Contains("answered", StringComparison.Ordinal));
            alarms.ShouldNotContain("A boat");
            // Their kind, partner and time, so that a page says it in its reader's language; mail and CAP say the sentence.
            string partner = node.Service<LinkBook>().Active.Single().Organisation;
            var events = (await connection.QueryAsync<(string Kind, string Facts, string Detail)>("select kind, facts, detail from scene_events where rule = 'request' order by at")).ToList();
            string[] kinds = node == asked ? ["RequestDue", "RequestOverdue"] : ["AnswerOverdue"];
            events.Select(e => e.Kind).ShouldBe(kinds);
            foreach (var (_, facts, detail) in events)
            {
                var said = JsonNode.Parse(facts)!;
                ((string?)said["partner"]).ShouldBe(partner);
                detail.ShouldContain(partner);
                detail.ShouldContain((string)said["due"]!);
            }

            JsonNode.Parse(alarms)!["alarms"]!.AsArray().ShouldContain(a => (string?)a!["facts"]!["partner"] == partner);
        }
    }

    /// <summary>What both sides must agree on.</summary>
    static string Told(JsonNode request) => new JsonObject
    {
        ["text"] = request["text"]!.DeepClone(),
        ["state"] = request["line"]!["state"]!.DeepClone(),
        ["due"] = request["line"]!["due"]!.DeepClone(),
        ["story"] = new JsonArray([.. request["story"]!.AsArray().Select(s => (JsonNode)$"{s!["deed"]} {s["at"]} {s["by"]} {s["text"]} {s["overtaken"]} {s["held"]?.ToJsonString()}")]),
    }.ToJsonString();

    static async Task<string[]> StepsAsync(TestNode node, string id)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        return [.. await connection.QueryAsync<string>("select side || '/' || number || ' ' || sha256 from story_steps where story = @id order by side, number", new { id })];
    }
}
