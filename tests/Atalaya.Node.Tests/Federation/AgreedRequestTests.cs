using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Two police forces under a convention: what it allows is asked, clarified, answered with documents and a grant, and done together; what it doesn't isn't, whichever end is asked.</summary>
public sealed class AgreedRequestTests
{
    const string Camera = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n";

    static readonly byte[] Order = Encoding.UTF8.GetBytes("Court order 7/2026\n" + string.Concat(Enumerable.Repeat("The footage of the north gate is to be kept. ", 9000)));

    [Fact]
    public async Task Under_an_agreement_a_request_is_answered_with_documents_and_a_grant_and_an_operation_closes_what_it_opened()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens + Camera);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        // The camera is off: nobody knows how large its pictures are.
        await Agreed.SignAsync(north, south, atNorth.Id, draft => Regex.Replace(draft, "\"maxHeight\": ?[0-9]+", "\"maxHeight\": null"));

        await BeyondAsync(north, south, atSouth);
        string request = await AskedAndAnsweredAsync(north, south, atNorth);
        await TogetherAsync(north, south, atNorth, request);
    }

    /// <summary>Refused where it is asked; and by a node that doesn't ask its own agreement, where it arrives: with the clause at both.</summary>
    static async Task BeyondAsync(TestNode north, TestNode south, Link atSouth)
    {
        var (status, problem) = await south.SendAsync(HttpMethod.Post, "/api/requests", Footage(atSouth.Id, "border", "drugs"));
        (status, (string)problem!["clause"]!).ShouldBe((409, "5.2"), problem.ToJsonString());

        var now = TimeProvider.System.GetUtcNow();
        var lie = await south.Service<RequestBook>().AskAsync(
            atSouth, "liar",
            new(RequestKind.Footage, Urgency.Urgent, 8, "The gate", "All of it.", "Art. 5", "border", "drugs", null, "", "", false, new("", ["gate"], now.AddHours(-2), now.AddHours(-1)), []), TestNode.Stop);
        string id = lie.Now!.Row.Id;
        ((string)(await south.UntilAsync($"/api/requests/{id}", r => r["line"]!["fault"] is not null))["line"]!["fault"]!).ShouldContain("5.2");
        (await north.SendAsync(HttpMethod.Get, $"/api/requests/{id}")).Status.ShouldBe(404);
        (await Refusals.ListAsync(north.Service<NodeDatabase>().Source, atSouth.Id, 10, TestNode.Stop)).ShouldContain(r => r.Here && r.Kind == "request.asked" && r.Clause == "5.2");
    }

    static async Task<string> AskedAndAnsweredAsync(TestNode north, TestNode south, Link link)
    {
        // A document is what its name says, and isn't footage; its name is one that may be saved.
        (await BringAsync(south, link.Id, "order.txt", [0, 1, 2])).Status.ShouldBe(400);
        (await BringAsync(south, link.Id, "order.pdf", Order)).Status.ShouldBe(400);
        (await BringAsync(south, link.Id, "gate.mp4", Order)).Status.ShouldBe(400);
        (await BringAsync(south, "0000000000000000", "order.txt", Order)).Status.ShouldBe(404);
        var (brought, order) = await BringAsync(south, link.Id, "../../etc/\u202eorder?.txt", Order);
        (brought, (string)order["name"]!, (long)order["bytes"]!).ShouldBe((201, "order.txt", Order.Length));
        string document = (string)order["id"]!;

        var (status, made) = await south.SendAsync(HttpMethod.Post, "/api/requests", Footage(link.Id, "investigation", "drugs", document));
        status.ShouldBe(201, made?.ToJsonString());
        string id = (string)made!["line"]!["id"]!;
        (await south.SendAsync(HttpMethod.Post, "/api/requests", Footage(link.Id, "investigation", "drugs", document))).Status.ShouldBe(400, "a document goes out once");

        // It comes whole, can be read from anywhere in it, and lies nowhere in the clear, at either end.
        var asked = await north.UntilAsync($"/api/requests/{id}", r => r["story"] is not null && (bool)r["story"]![0]!["files"]![0]!["here"]!);
        ((string)asked["story"]![0]!["files"]![0]!["sha256"]!).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Order)));
        string path = $"/api/requests/{id}/files/{document}";
        (await north.Http.GetByteArrayAsync(path, TestNode.Stop)).ShouldBe(Order);
        using (var part = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(100_000, 200_000) } })
        {
            using var answer = await north.Http.SendAsync(part, TestNode.Stop);
            answer.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            (await answer.Content.ReadAsByteArrayAsync(TestNode.Stop)).ShouldBe(Order[100_000..200_001]);
        }

        await south.UntilAsync($"/api/requests/{id}", r => (bool)r["story"]![0]!["files"]![0]!["arrived"]!);
        foreach (var node in new[] { north, south })
        {
            string file = Directory.GetFiles(node.Service<NodeDatabase>().Folder.Documents).Single();
            (await File.ReadAllBytesAsync(file, TestNode.Stop)).AsSpan().IndexOf("north gate"u8).ShouldBe(-1);
            // Its digest has leaves in both logs, and so has what became of it.
            await Linked.UntilAsync(async () =>
            {
                node.Service<NodeLog>().LookSoon();
                return await CountAsync(node, "select count(*) from log_records where record like @like", new { like = $"%{document}%{Convert.ToHexStringLower(SHA256.HashData(Order))}%" }) >= 2;
            });
        }

        (await CountAsync(north, "select count(*) from accesses where kind = 'Download' and detail like @like", new { like = $"%{document}%" })).ShouldBe(2);
        (await CountAsync(south, "select count(*) from link_files where id = @document", new { document })).ShouldBe(0, "once it is there nobody fetches it again");
        using (var auditor = await north.AsAsync("auditor", new Grant("auditor", Scope.Organisation)))
        {
            (await auditor.GetAsync($"/api/requests/{id}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await auditor.GetAsync(path, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        (await north.SendAsync(HttpMethod.Post, $"/api/requests/{id}/question", new { text = "Which hour?" })).Status.ShouldBe(200);
        await south.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "questioned");
        var (_, map) = await BringAsync(south, link.Id, "hours.csv", "from;to\n10;11\n"u8.ToArray());
        (await south.SendAsync(HttpMethod.Post, $"/api/requests/{id}/clarify", new { text = "As in the table.", files = new[] { (string)map["id"]! } })).Status.ShouldBe(200);
        await north.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "asked" && (bool)r["story"]![2]!["files"]![0]!["here"]!);

        // The answer carries a grant that was given for it, a document, and keeps the footage.
        var (opened, incident) = await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "smuggling", severity = "high", title = "A boat at the north gate" });
        opened.ShouldBe(201, incident?.ToJsonString());
        string elsewhere = await CardAsync(north, link.Id, (string)incident!["id"]!, "information"), card = await CardAsync(north, link.Id, (string)incident["id"]!, "footage");
        var (_, reply) = await BringAsync(north, link.Id, "Respuesta n.º 7.txt", "Guardado."u8.ToArray());
        object Answer(string grant) => new
        {
            extent = "whole",
            text = "Kept.",
            grants = new[] { grant },
            files = new[] { (string)reply["id"]! },
            hold = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        };
        (await north.SendAsync(HttpMethod.Post, $"/api/requests/{id}/answer", Answer("g-1"))).Status.ShouldBe(400, "there is no such grant");
        (await north.SendAsync(HttpMethod.Post, $"/api/requests/{id}/answer", Answer(elsewhere))).Status.ShouldBe(400, "it was given for another kind of request");
        (await north.GetAsync($"/api/requests/{id}/grants")).AsArray().Select(g => (string)g!["id"]!).ShouldBe([card]);
        // Handed over, it is an alarm there, though nobody is in danger.
        var (handed, handOver) = await north.SendAsync(
            HttpMethod.Post, "/api/handovers", new { link = link.Id, incident = (string)incident["id"]!, purpose = "investigation", category = "drugs", grade = "B2" });
        handed.ShouldBe(201, handOver?.ToJsonString());
        await south.UntilAsync("/api/alarms", a => a["alarms"]!.AsArray().Any(x => ((string)x!["detail"]!).Contains("A boat at the north gate", StringComparison.Ordinal)));

        (status, var answered) = await north.SendAsync(HttpMethod.Post, $"/api/requests/{id}/answer", Answer(card));
        status.ShouldBe(200, answered?.ToJsonString());
        (await north.GetAsync("/api/holds")).AsArray().Count.ShouldBe(1);
        var told = await south.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "answered" && (bool)r["story"]![3]!["files"]![0]!["here"]!);
        ((string)told["story"]![3]!["grants"]![0]!, (string)told["story"]![3]!["files"]![0]!["name"]!).ShouldBe((card, "Respuesta n.º 7.txt"));
        ((string)(await south.GetAsync($"/api/shares/{card}"))["clause"]!).ShouldBe("1.2");
        (await south.Http.GetStringAsync($"/api/requests/{id}/files/{(string)reply["id"]!}", TestNode.Stop)).ShouldBe("Guardado.");
        (await south.SendAsync(HttpMethod.Post, $"/api/requests/{id}/close", new { outcome = "met" })).Status.ShouldBe(200);
        await north.UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "closed");
        return id;
    }

    static async Task TogetherAsync(TestNode north, TestNode south, Link link, string request)
    {
        var (status, made) = await north.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "Night patrol",
            aim = "Watch the strait together.",
            legalBasis = "Art. 9",
            purpose = "investigation",
            request,
            start = TimeProvider.System.GetUtcNow().AddMinutes(-1),
            end = TimeProvider.System.GetUtcNow().AddHours(6),
            members = new[] { "Ana" },
        });
        status.ShouldBe(201, made?.ToJsonString());
        string id = (string)made!["line"]!["id"]!;
        await south.UntilAsync($"/api/operations/{id}", o => o["line"] is not null);
        (await south.SendAsync(HttpMethod.Post, $"/api/operations/{id}/join", new { members = new[] { "أحمد" } })).Status.ShouldBe(200);
        await north.UntilAsync($"/api/operations/{id}", o => (string)o["line"]!["state"]! == "joined");

        // Two persons give the live view; the operation carries it, and takes it back when the other side ends it.
        object live = new { link = link.Id, what = "live", camera = "gate", purpose = "investigation", category = "drugs", request = "jointOperation", minutes = 60 };
        var (waits, approval) = await north.SendAsync(HttpMethod.Post, "/api/shares", live);
        waits.ShouldBe(409, approval?.ToJsonString());
        using var second = await north.AtPageAsync("second", new Grant(Roles.Administrator, Scope.Organisation));
        (await second.PostAsync($"/api/approvals/{(string)approval!["approval"]!["id"]!}/approve", Json("{}"), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var (given, grant) = await north.SendAsync(HttpMethod.Post, "/api/shares", live);
        (given, (string)grant!["clause"]!).ShouldBe((201, "2.2"), grant.ToJsonString());
        string share = (string)grant["id"]!;
        (await north.SendAsync(HttpMethod.Post, $"/api/operations/{id}/grants", new { grant = share, what = "Live view of gate" })).Status.ShouldBe(200);
        await south.UntilAsync($"/api/shares/{share}", s => (string?)s["state"] == "given");
        await south.UntilAsync($"/api/operations/{id}", o => o["grants"]!.AsArray().Count == 1);

        (await south.SendAsync(HttpMethod.Post, $"/api/operations/{id}/close", new { note = "Done." })).Status.ShouldBe(200);
        foreach (var node in new[] { north, south })
        {
            await node.UntilAsync($"/api/operations/{id}", o => o["line"]!["settledAt"] is not null);
            ((string)(await node.UntilAsync($"/api/shares/{share}", s => (string)s["state"]! == "revoked"))["why"]!).ShouldBe("Operation over: Night patrol");
            (await node.Http.GetStringAsync($"/api/operations/{id}/report?language=es", TestNode.Stop)).ShouldContain("Live view of gate");
        }
    }

    static object Footage(string link, string purpose, string category, params string[] files) => new
    {
        link,
        kind = "footage",
        urgency = "urgent",
        subject = "The north gate",
        text = "Please let us see it.",
        legalBasis = "Art. 5",
        purpose,
        category,
        footage = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        files,
    };

    static async Task<string> CardAsync(TestNode node, string link, string incident, string request)
    {
        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/shares", new { link, what = "incidentCard", incident, purpose = "investigation", category = "drugs", request, grade = "B2" });
        status.ShouldBe(201, made?.ToJsonString());
        return (string)made!["id"]!;
    }

    static async Task<(int Status, JsonNode Body)> BringAsync(TestNode node, string link, string name, byte[] content)
    {
        using var body = new ByteArrayContent(content) { Headers = { ContentType = new("application/octet-stream") } };
        using var answer = await node.Http.PostAsync($"/api/requests/files?link={link}&name={Uri.EscapeDataString(name)}", body, TestNode.Stop);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestNode.Stop))!);
    }

    static async Task<long> CountAsync(TestNode node, string sql, object values)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        return await connection.ExecuteScalarAsync<long>(sql, values);
    }

    static StringContent Json(string text) => new(text, new MediaTypeHeaderValue("application/json"));
}
