using System.Text;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Documents of requests on their way: no link waits for another, and nothing of one that won't come stays in the clear.</summary>
public sealed class RequestDocumentTests
{
    [Fact]
    public async Task What_is_named_later_over_another_link_is_not_held_up_by_one_that_gives_nothing()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var slow = await TestNode.StartAsync(Linked.Dials("Lento", "Slow"));
        await using var quick = await TestNode.StartAsync(Linked.Dials("Vivo", "Quick"));
        var (toSlow, _) = await Linked.LinkAsync(north, slow, LinkKind.Partner);
        var (toQuick, _) = await Linked.LinkAsync(north, quick, LinkKind.Partner);
        await Agreed.SignAsync(north, slow, toSlow.Id);
        await Agreed.SignAsync(north, quick, toQuick.Id);

        // As a line on which nothing comes: its node takes the question, and answers when it is let.
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously), let = new(TaskCreationOptions.RunContinuationsAsynchronously);
        slow.Service<LinkFiles>().Guards[RequestFiles.Subject] = async (_, _, _, stop) =>
        {
            asked.TrySetResult();
            await let.Task.WaitAsync(stop);
            return true;
        };
        string first = await AskAsync(slow, toSlow.Id);
        await asked.Task.WaitAsync(TestNode.Stop);

        foreach (string request in new[] { await AskAsync(quick, toQuick.Id), await AskAsync(quick, toQuick.Id) })
            await north.UntilAsync($"/api/requests/{request}", r => r["story"] is not null && (bool)r["story"]![0]!["files"]![0]!["here"]!);
        ((bool)(await north.GetAsync($"/api/requests/{first}"))["story"]![0]!["files"]![0]!["here"]!).ShouldBeFalse();
        // Nor is the slow one asked for it again and again meanwhile.
        let.SetResult();
        await north.UntilAsync($"/api/requests/{first}", r => (bool)r["story"]![0]!["files"]![0]!["here"]!);
    }

    [Fact]
    public async Task What_lies_in_the_clear_of_a_document_that_will_not_come_is_swept_and_what_goes_on_stays()
    {
        using var folder = new TempFolder("documents");
        string documents;
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            documents = node.Service<NodeDatabase>().Folder.Documents;
            using var other = new NoteSigner("log.partner.example", NoteSignatureKind.Ed25519, new byte[32]);
            var link = new Link("0123456789abcdef", LinkKind.Partner, LinkState.Active, "Sur", "South", other.Key, [1], "", "", "", WallTime.Now(TimeProvider.System), "test", null, "", null, "");
            await node.Service<LinkBook>().AddAsync(link, "", TestNode.Stop);
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            foreach (var (id, of, fault, here) in new[] { ("refused", link.Id, "It isn't given.", 0L), ("ended", "ffffffffffffffff", null, 0L), ("arrived", link.Id, null, 1L), ("goeson", link.Id, null, 0L) })
            {
                await connection.ExecuteAsync(
                    "insert into request_files (id, link, ours, name, bytes, sha256, user_name, created_us, here, fault) values (@id, @of, 0, 'a.txt', 9, '', '', 1, @here, @fault)", new { id, of, here, fault });
            }
        }

        foreach (string id in new[] { "refused", "ended", "arrived", "goeson" })
        {
            await File.WriteAllTextAsync(Path.Combine(documents, id + ".open.part"), "in the clear", TestNode.Stop);
            await File.WriteAllTextAsync(Path.Combine(documents, id + ".open"), "in the clear", TestNode.Stop);
        }

        await File.WriteAllTextAsync(Path.Combine(documents, "arrived"), "sealed", TestNode.Stop);
        await using (await TestNode.StartAsync(folder: folder.Path))
            await Linked.UntilAsync(() => Task.FromResult(Directory.GetFiles(documents).Length == 3));
        Directory.GetFiles(documents).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(["arrived", "goeson.open", "goeson.open.part"]);
    }

    static async Task<string> AskAsync(TestNode node, string link)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("Court order 7/2026")) { Headers = { ContentType = new("application/octet-stream") } };
        using var answer = await node.Http.PostAsync($"/api/requests/files?link={link}&name=order.txt", content, TestNode.Stop);
        string document = (string)System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestNode.Stop))!["id"]!;
        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/requests", new
        {
            link,
            kind = "footage",
            urgency = "urgent",
            subject = "The gate",
            text = "Please let us see it.",
            legalBasis = "Art. 5",
            purpose = "investigation",
            category = "drugs",
            footage = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
            files = new[] { document },
        });
        status.ShouldBe(201, made?.ToJsonString());
        return (string)made!["line"]!["id"]!;
    }
}
