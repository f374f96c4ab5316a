using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Words that somebody chose for something else don't stop a disclosure, a receipt or an end; nor does a row that can't be read.</summary>
public sealed class GrantWordsTests
{
    [Fact]
    public async Task A_title_of_two_lines_is_given_on_one_and_a_row_that_cannot_be_read_stops_no_other()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens + "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n");
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string incident = (string)(await centre.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = "Over the river\n\tat night" })).Body!["id"]!;

        string titled = await GiveAsync(new { link = link.Id, what = "incidentCard", incident, purpose = "p" });
        var came = await site.UntilAsync($"/api/shares/{titled}", s => s["card"] is not null);
        ((string)came["title"]!).ShouldBe("Over the river  at night");
        ((string)came["card"]!["title"]!).ShouldBe("Over the river  at night");
        var (refused, why) = await centre.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "live", camera = "gate", purpose = "p", category = "drugs\tweapons" });
        refused.ShouldBe(400);
        why!.ToJsonString().ShouldContain("category");

        // As an earlier version, or a fault, may have left it: the first of those that wait to be signed and to be ended.
        string unreadable = await GiveAsync(new { link = link.Id, what = "live", camera = "gate", purpose = "p" });
        await centre.UntilAsync($"/api/shares/{unreadable}", s => (string)s["state"]! == "given" && s["documents"]!.AsArray().All(d => (bool)d!["signed"]!));
        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            await connection.ExecuteAsync("update share_grants set document = replace(document, '\"title\":\"', '\"title\":\"\\t'), expires_us = 1 where id = @unreadable", new { unreadable });
            await connection.ExecuteAsync(
                "insert into share_documents (id, ours, grant_id, act, at_us, body, digest, note) select '019a0000-0000-7000-8000-000000000000', 1, grant_id, 'Ended', 1, body, digest, null from share_documents where grant_id = @unreadable and ours = 1",
                new { unreadable });
        }

        string next = await GiveAsync(new { link = link.Id, what = "live", camera = "gate", purpose = "p" });
        await site.UntilAsync($"/api/shares/{next}", s => (string)s["state"]! == "given");
        (await centre.SendAsync(HttpMethod.Post, $"/api/shares/{next}/revoke", new { reason = "It was enough" })).Status.ShouldBe(200);
        await site.UntilAsync($"/api/shares/{next}", s => (string)s["state"]! == "revoked");
        (await centre.GetAsync("/api/shares"))["given"]!.AsArray().Select(s => (string)s!["id"]!).ShouldBe([next, titled], ignoreOrder: true);
        centre.Log.ShouldContain($"{unreadable} can't be read");

        async Task<string> GiveAsync(object body)
        {
            var (status, made) = await centre.SendAsync(HttpMethod.Post, "/api/shares", body);
            status.ShouldBe(201, made?.ToString());
            return (string)made!["id"]!;
        }
    }

    [Fact]
    public async Task An_operation_with_a_tab_in_its_title_takes_back_what_it_gave_when_it_ends()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens + "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n");
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(here, there, LinkKind.Site);
        var now = TimeProvider.System.GetUtcNow();
        var (status, made) = await here.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "Night\tpatrol",
            aim = "Watch the strait together.",
            legalBasis = "Art. 9",
            purpose = "border-safety",
            start = now.AddMinutes(-1),
            end = now.AddHours(6),
            members = new[] { "Ana" },
        });
        status.ShouldBe(201, made?.ToJsonString());
        string id = (string)made!["line"]!["id"]!;
        await there.UntilAsync($"/api/operations/{id}", o => o["line"] is not null);
        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/join", new { members = new[] { "Luis" } })).Status.ShouldBe(200);
        await here.UntilAsync($"/api/operations/{id}", o => (string)o["line"]!["state"]! == "joined");
        var (given, grant) = await here.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "live", camera = "gate", purpose = "border-safety", request = "jointOperation" });
        given.ShouldBe(201, grant?.ToJsonString());
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/grants", new { grant = (string)grant!["id"]!, what = "Live view of gate" })).Status.ShouldBe(200);

        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/close", new { note = "Done." })).Status.ShouldBe(200);

        var taken = await there.UntilAsync($"/api/shares/{(string)grant["id"]!}", s => (string)s["state"]! == "revoked");
        ((string)taken["why"]!).ShouldBe("Operation over: Night patrol");
    }

    [Fact]
    public void What_is_made_reads_back_or_is_not_made()
    {
        ShareDocument.Clean("a\tb\r\nc\u0085d\ud800").ShouldBe("a b  c d\ufffd");
        ShareDocument.Clean(new string('x', 9) + "😀😀", 11).ShouldBe(new string('x', 9) + "😀");
        var now = TimeProvider.System.GetUtcNow();
        var revoked = new ShareDocument(Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), ShareAct.Revoked, "Guardia", now, Why: "over");
        revoked.IsReadable.ShouldBeTrue();
        (revoked with { Why = "over\tnow" }).IsReadable.ShouldBeFalse();
        (revoked with { Why = ShareDocument.Clean(new string('\n', 3) + new string('x', 5000)) }).IsReadable.ShouldBeTrue();
    }
}
