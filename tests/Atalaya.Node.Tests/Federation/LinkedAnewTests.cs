using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Alarms;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What a link is, two people say; one that is made is made anew only when it has ended, and then from the first word; and a node that forgot what it said isn't believed to have said it.</summary>
public sealed class LinkedAnewTests
{
    [Fact]
    public async Task A_node_joins_as_what_a_person_there_says_and_never_as_a_code_alone_says()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens);
        await using var there = await TestNode.StartAsync(Linked.Dials("Gendarmerie", "East"));
        // It says to its partner that it is its centre.
        string code = await InviteAsync(here, "site");

        var (unsaid, missing) = await there.SendAsync(HttpMethod.Post, "/api/links/join", new { code });
        unsaid.ShouldBe(400);
        missing!.ToJsonString().ShouldContain("kind");
        var (refused, why) = await there.SendAsync(HttpMethod.Post, "/api/links/join", new { code, kind = "partner" });
        refused.ShouldBe(400);
        why!.ToJsonString().ShouldContain("the code says that its node is this one\\u0027s centre");
        there.Service<LinkBook>().All.ShouldBeEmpty();
        here.Service<LinkBook>().All.ShouldBeEmpty();

        // Nor does it help to write a partner's code and keep another kind for itself: then the digits differ.
        string second = await InviteAsync(here, "partner");
        await using (var connection = await here.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update link_invitations set kind = 'Site'");
        var (joined, link) = await there.SendAsync(HttpMethod.Post, "/api/links/join", new { code = second, kind = "partner" });
        joined.ShouldBe(201, link?.ToString());
        ((string)link!["digits"]!).ShouldNotBe(here.Service<LinkBook>().All.Single().Digits);
    }

    [Fact]
    public async Task A_link_that_is_made_is_not_made_anew_before_it_has_ended_and_then_everything_is_told_from_the_first()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, name: North gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.SeeAsync(AlarmScene.Event());
        var alarm = (await centre.UntilAsync("/api/sites/cases", c => c["alarms"]!.AsArray().Count == 1, 60))["alarms"]![0]!["alarm"]!;
        await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Count == 1, 60);

        // As long as it stands at either end.
        var (status, why) = await JoinAsync();
        status.ShouldBe(502);
        ((string)why!["detail"]!).ShouldContain("End it first");
        (await site.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/end", new { why = "The site was restored." })).Status.ShouldBe(200);
        (status, why) = await JoinAsync();
        status.ShouldBe(502);
        ((string)why!["detail"]!).ShouldContain("ended there first");
        centre.Service<LinkBook>().Find(link.Id)!.State.ShouldBe(LinkState.Active);
        (await centre.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "joined already" && (string)f["link"]! == link.Id);

        // The site came from an old copy: its numbers are lower than those that the centre has of it, and than where it believes to be.
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/end", new { why = "The site was restored." })).Status.ShouldBe(200);
        (await centre.GetAsync("/api/sites/cases"))["alarms"]!.AsArray().ShouldBeEmpty("of an ended link nobody says any more what is open");
        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update site_alarms set site_change = 1000000");
        await using (var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update centre_cursors set change_number = 1000000");
        await Linked.LinkAsync(centre, site, LinkKind.Site);

        (await site.SendAsync(HttpMethod.Post, $"/api/alarms/{(string)alarm["id"]!}/acknowledge")).Status.ShouldBe(200);
        await centre.UntilAsync("/api/sites/cases", c => (string?)c["alarms"]!.AsArray().FirstOrDefault()?["alarm"]!["state"] == "acknowledged", 60);

        async Task<(int Status, System.Text.Json.Nodes.JsonNode? Body)> JoinAsync() =>
            await site.SendAsync(HttpMethod.Post, "/api/links/join", new { code = await InviteAsync(centre, "site"), kind = "centre" });
    }

    [Fact]
    public async Task A_sender_that_runs_on_an_old_copy_is_told_at_both_ends_and_nothing_that_nobody_read_is_confirmed()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Partner);
        await SayAsync(2);
        (long Number, string Hash, long Acked) copy;
        await using (var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            copy = await connection.QuerySingleAsync<(long, string, long)>("select sent_number, sent_hash, acked_number from link_lanes where lane = 0");
        await SayAsync(3);
        int refused = (await RefusedAsync()).Count;

        await using (var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update link_lanes set sent_number = @Number, sent_hash = @Hash, acked_number = @Acked where lane = 0", new { copy.Number, copy.Hash, copy.Acked });
        // Fewer than the centre has, as many, and more: none of them is one that it read.
        for (int n = 1; n <= 5; n++)
        {
            await SendAsync();
            await site.Service<LinkBook>().UntilAsync(b => b.HealthOf(link.Id) is { Fault: { } fault } health && health.Waiting == n && fault.Contains("this node may run on an old copy", StringComparison.Ordinal));
        }

        await Linked.UntilAsync(async () => (await centre.GetAsync("/api/links/faults")).AsArray().Any(f => (string)f!["what"]! == "two histories" && ((string)f["detail"]!).Contains("old copy", StringComparison.Ordinal)));
        (await RefusedAsync()).Count.ShouldBe(refused, "what was refused of the earlier ones isn't said of these");

        // As the guide says: ended at both ends and made anew. What was refused before isn't of these messages either, whose numbers are the same.
        foreach (var node in new[] { site, centre })
            (await node.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/end", new { why = "Restored." })).Status.ShouldBe(200);
        await Linked.LinkAsync(centre, site, LinkKind.Partner);
        await SayAsync(1);
        (await RefusedAsync()).Count.ShouldBe(refused + 1);
        site.Service<LinkBook>().HealthOf(link.Id).Fault.ShouldBeNull();

        async Task SayAsync(int many)
        {
            for (int n = 0; n < many; n++)
                await SendAsync();
            await Linked.UntilAsync(async () => await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop) == 0);
        }

        Task SendAsync() => site.Service<Outbox>().SendAsync(site.Service<LinkBook>().Find(link.Id)!, Lane.Urgent, "nobody.knows", new { at = TimeProvider.System.GetTimestamp() }, TestNode.Stop);

        async Task<IReadOnlyList<LinkRefusalJson>> RefusedAsync() =>
            [.. (await Refusals.ListAsync(site.Service<NodeDatabase>().Source, link.Id, 500, TestNode.Stop)).Where(r => !r.Here && r.Kind == "nobody.knows")];
    }

    [Fact]
    public async Task Who_runs_on_an_old_copy_does_not_ask_without_end()
    {
        await using var link = await SmallLink.MakeAsync(new(), 1);
        _ = link.Site.SayAsync(Lane.Urgent, "a", "b", "c", "d");
        await link.SettleAsync(TimeSpan.FromMinutes(1));
        link.Site.Kill();
        using (var connection = link.Site.Open())
            await connection.ExecuteAsync("update link_lanes set sent_number = 1, acked_number = 1, sent_hash = '' where lane = 0");
        await link.ReviveAsync();
        int before = link.Posts;

        _ = link.Site.SayAsync(Lane.Urgent, "e");
        link.World.Run(TimeSpan.FromMinutes(1));

        link.Site.Waiting.ShouldBe(1);
        link.Site.Health.Fault.ShouldNotBeNull().ShouldContain("this node may run on an old copy");
        // Two seconds between one and the next, and the centre's own questions.
        (link.Posts - before).ShouldBeLessThan(60);
    }

    [Fact]
    public async Task A_reload_that_began_earlier_never_undoes_a_suspension()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        var book = centre.Service<LinkBook>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        var reading = Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
                await book.StartAsync(TestNode.Stop);
        })).ToArray();

        int undone = 0;
        for (int n = 0; n < 100; n++)
        {
            (await book.SuspendAsync(link.Id, "test", TestNode.Stop)).ShouldBeTrue();
            // As long as a reading that had begun before may take.
            for (int look = 0; look < 20; look++)
            {
                undone += book.Find(link.Id)!.State == LinkState.Suspended ? 0 : 1;
                await Task.Yield();
            }

            (await book.ResumeAsync(link.Id, TestNode.Stop)).ShouldBeTrue();
        }

        await over.CancelAsync();
        await Task.WhenAll(reading);
        undone.ShouldBe(0);
    }

    [Fact]
    public async Task A_partner_that_calls_itself_otherwise_keeps_its_name_here_and_joins_anew()
    {
        using var folder = new TempFolder("renamed");
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        string id;
        await using (var before = await TestNode.StartAsync(Linked.Dials("Gendarmerie", "East"), folder.Path))
            id = (await Linked.LinkAsync(centre, before, LinkKind.Partner)).AtInviter.Id;

        await using var after = await TestNode.StartAsync(Linked.Dials("Guardia", "East"), folder.Path);
        await Linked.UntilAsync(async () => (await after.GetAsync("/api/links/refusals")).AsArray().Any(r => !(bool)r!["here"]! && ((string)r["reason"]!).Contains("joins anew", StringComparison.Ordinal)));
        centre.Service<LinkBook>().Find(id)!.Organisation.ShouldBe("Gendarmerie");

        // A client of a link is let go with it.
        var http = after.Service<Peers>().For(after.Service<LinkBook>().Find(id)!);
        (await after.SendAsync(HttpMethod.Post, $"/api/links/{id}/end", new { why = "It has another name now." })).Status.ShouldBe(200);
        await Should.ThrowAsync<ObjectDisposedException>(() => http.GetAsync("link/1/witness/key", TestNode.Stop));
    }

    static async Task<string> InviteAsync(TestNode node, string kind)
    {
        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind });
        status.ShouldBe(201, made?.ToString());
        return (string)made!["code"]!;
    }
}
