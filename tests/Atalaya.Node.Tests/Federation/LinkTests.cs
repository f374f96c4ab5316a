using System.Net;
using System.Net.Http.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Two nodes know each other only when people at both said so; then each message is applied once, whoever dialled.</summary>
public sealed class LinkTests
{
    [Fact]
    public async Task Two_nodes_join_by_a_code_compare_digits_and_then_messages_go_over_both_ways()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());

        string id = await Linked.JoinAsync(centre, site, LinkKind.Site);

        var (atCentre, atSite) = (centre.Service<LinkBook>().Find(id)!, site.Service<LinkBook>().Find(id)!);
        (atCentre.Kind, atSite.Kind).ShouldBe((LinkKind.Site, LinkKind.Centre));
        (atCentre.Site, atSite.Site).ShouldBe(("North", "Centre"));
        atCentre.Digits.ShouldBe(atSite.Digits);
        // Before both have said so, nothing is active; with one, the other refuses.
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{id}/confirm", new { digits = "1234 5678" })).Status.ShouldBe(400);
        (await site.SendAsync(HttpMethod.Post, $"/api/links/{id}/confirm", new { digits = atSite.Digits })).Status.ShouldBe(200);
        await site.Service<LinkBook>().UntilAsync(b => b.HealthOf(id).Fault?.Contains("nobody has compared", StringComparison.Ordinal) == true);
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{id}/confirm", new { digits = atSite.Digits })).Status.ShouldBe(200);
        await Linked.UpAsync(site, id);
        await Linked.UpAsync(centre, id);       // It can't dial: it asks through a tunnel.

        // What neither knows is refused, once and in order, and both have it in their records.
        foreach (var (from, to) in new[] { (site, centre), (centre, site) })
        {
            for (int n = 1; n <= 5; n++)
                await from.Service<Outbox>().SendAsync(from.Service<LinkBook>().Find(id)!, Lane.Urgent, "nobody.knows", new { n }, TestNode.Stop);
            await Linked.UntilAsync(async () => (await from.Service<Outbox>().CountAsync(id, TestNode.Stop)) == 0);
            foreach (var node in new[] { from, to })
            {
                var refused = (await Refusals.ListAsync(node.Service<NodeDatabase>().Source, id, 100, TestNode.Stop)).Where(r => r.Here == (node == to)).ToList();
                refused.Select(r => r.Number).Order().ShouldBe([1, 2, 3, 4, 5]);
                refused.ShouldAllBe(r => r.Kind == "nobody.knows" && r.Reason.Contains("doesn't know messages"));
            }
        }

        // A code is good once.
        (await centre.GetAsync("/api/links/invitations"))[0]!["link"]!.GetValue<string>().ShouldBe(id);
    }

    [Fact]
    public async Task What_another_node_answers_is_read_up_to_a_length_whatever_it_says_of_itself()
    {
        using var answer = new HttpResponseMessage { Content = new ByteArrayContent(new byte[1000]) };
        answer.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=nonsense").ShouldBeTrue();
        (await Peers.ReadAsync(answer, 1000, TestNode.Stop)).Length.ShouldBe(1000);
        using var longer = new HttpResponseMessage { Content = new ByteArrayContent(new byte[1001]) };
        await Should.ThrowAsync<IOException>(() => Peers.ReadAsync(longer, 1000, TestNode.Stop));
    }

    [Fact]
    public async Task Nobody_joins_with_a_log_that_has_the_name_of_somebody_elses_and_nobody_speaks_for_it()
    {
        using var partner = new NoteSigner("log.example.org/partner", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)7, 32)]);
        await using var centre = await TestNode.StartAsync($"{Linked.Listens}evidence: {{ witnessedLogs: ['{partner.Key}'] }}");
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (atCentre, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        var own = (await centre.Service<Invitations>().OwnCardAsync(TestNode.Stop)).Card.LogKey;

        foreach (string name in new[] { partner.Key.Name, own.Name, atCentre.LogKey.Name })
        {
            using var liar = new LyingPartner(centre, name);
            (await liar.AskToJoinAsync()).ShouldBe(HttpStatusCode.Forbidden, name);
        }

        // The same within an hour is one line.
        (await centre.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "another's log" && ((string)f["detail"]!).Contains(partner.Key.Name));

        // Who was linked before the name was somebody else's doesn't speak for that log, either.
        using var early = await LyingPartner.JoinAsync(centre);
        using var other = await LyingPartner.JoinAsync(centre);
        foreach (var (name, of, status) in new[] { (own.Name, early, 404), (partner.Key.Name, other, 403), (atCentre.LogKey.Name, other, 403) })
        {
            using var signer = of.KeyNamed(name);
            await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
                await connection.ExecuteAsync("update links set log_key = @key where id = @Link", new { key = signer.Key.ToString(), of.Link });
            await centre.Service<LinkBook>().ReloadAsync(TestNode.Stop);
            var head = SignedCheckpoint.Sign(new(name, 3, Digest.Of("a"u8)), signer, default);
            using var asked = new StringContent(new AddCheckpoint(0, [], head.Note).ToString());
            using var answer = await centre.Http.PostAsync("/witness/add-checkpoint", asked, TestNode.Stop);
            ((int)answer.StatusCode).ShouldBe(status, name);
        }
    }

    [Fact]
    public async Task What_is_for_nodes_is_reached_over_links_alone_and_the_page_is_not()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);

        var http = site.Service<Peers>().For(link);
        foreach (string path in new[] { "", "api/node", "health", "witness/add-checkpoint", "api/links" })
            (await http.GetAsync(path, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        (await centre.Http.PostAsJsonAsync("/link/1/messages", new { }, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // Another key gets as far as joining, and not without an invitation.
        await using var stranger = await TestNode.StartAsync(Linked.Dials("Nobody", "Nowhere"));
        string address = centre.Service<LinkListening>().Address;
        using var other = stranger.Service<Peers>().At(address, centre.Service<LinkKey>().Pin);
        (await other.PostAsync("link/1/messages", new ByteArrayContent([]), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var (card, note) = await stranger.Service<Invitations>().OwnCardAsync(TestNode.Stop);
        (await other.PostAsJsonAsync("link/1/join", new JoinJson(note, "0123456789abcdef", Convert.ToBase64String(new byte[32]), Convert.ToBase64String(new byte[32])), TestNode.Stop)).StatusCode
            .ShouldBe(HttpStatusCode.Forbidden);
        (await centre.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "not invited" && ((string)f["detail"]!).Contains("Nobody, Nowhere"));

        // Who dials makes sure of whom.
        using var wrong = stranger.Service<Peers>().At(address, Digest.Of("another key"u8));
        (await Should.ThrowAsync<HttpRequestException>(() => wrong.GetAsync("link/1/tunnel", TestNode.Stop))).InnerException!.Message.ShouldContain("answers another node");
    }

    [Fact]
    public async Task Linked_nodes_sign_each_others_checkpoints_and_show_a_fork()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        await Linked.LinkAsync(centre, site, LinkKind.Partner);

        foreach (var node in new[] { centre, site })
        {
            await Linked.UntilAsync(async () => (await node.GetAsync("/api/log"))["witnesses"]!.AsArray().Any(w => w!["signedAt"] is not null));
            (await node.GetAsync("/api/log"))["witnesses"]!.AsArray().ShouldAllBe(w => !(bool)w!["contradicts"]!);
            await Linked.UntilAsync(async () => (await node.Service<Atalaya.Node.Evidence.NodeLog>().HeadAsync(TestNode.Stop))!.Value.Head.Note.Signatures.Count > 1);
        }
    }

    [Fact]
    public async Task A_receiver_that_runs_on_an_old_copy_is_told_apart_and_not_asked_without_end()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Partner);
        for (int n = 0; n < 3; n++)
            await site.Service<Outbox>().SendAsync(link, Lane.Urgent, "nobody.knows", new { n }, TestNode.Stop);
        await Linked.UntilAsync(async () => await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop) == 0);

        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await Dapper.SqlMapper.ExecuteAsync(connection, "update link_lanes set received_number = 1, received_hash = ''");
        await site.Service<Outbox>().SendAsync(link, Lane.Urgent, "nobody.knows", new { n = 3 }, TestNode.Stop);

        await site.Service<LinkBook>().UntilAsync(b => b.HealthOf(link.Id).Fault?.Contains("old copy", StringComparison.Ordinal) == true);
        (await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop)).ShouldBe(1);
    }

    [Fact]
    public async Task A_link_that_is_suspended_lets_nothing_over_and_one_that_ended_never_again()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (atCentre, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);

        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/suspend", new { why = "The site is being rebuilt." })).Status.ShouldBe(200);
        await site.Service<Outbox>().SendAsync(link, Lane.Urgent, "nobody.knows", new { n = 1 }, TestNode.Stop);
        await site.Service<LinkBook>().UntilAsync(b => !b.HealthOf(link.Id).IsUp);
        (await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop)).ShouldBe(1);
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/resume")).Status.ShouldBe(200);
        await Linked.UntilAsync(async () => (await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop)) == 0);

        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/end", new { why = "The post is closed." })).Status.ShouldBe(200);
        await site.Service<LinkBook>().UntilAsync(b => b.HealthOf(link.Id).Fault?.Contains("ended the link", StringComparison.Ordinal) == true);
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/resume")).Status.ShouldBe(409);
        (await centre.Service<Outbox>().CountAsync(atCentre.Id, TestNode.Stop)).ShouldBe(0);
    }
}
