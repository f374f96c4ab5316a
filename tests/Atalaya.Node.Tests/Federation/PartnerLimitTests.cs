using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Operations;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Alarms;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What another node can take up of this one: views, disk, connections, the writer. It ends where this node's own people and cameras begin.</summary>
public sealed class PartnerLimitTests
{
    const string Gate = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n";

    [Fact]
    public async Task A_card_goes_by_who_may_cooperate_about_all_cameras_of_its_incident_and_who_gave_it_takes_it_back()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens + AlarmScene.Yaml);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (link, _) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await ShareTests.AgreeAsync(north, south, link.Id);
        double now = (TimeProvider.System.GetUtcNow() - AlarmScene.Noon).TotalSeconds;
        var (mine, theirs, alone) = (AlarmScene.Event(seconds: now), AlarmScene.Event("quay", now), AlarmScene.Event(seconds: now - 7200, rule: "another"));
        await north.SeeAsync(mine, theirs, alone);
        var alarms = await north.AlarmsAsync();
        string both = await OpenAsync(alarms.Where(a => (string)a!["rule"]! == "fence")), one = await OpenAsync(alarms.Where(a => (string)a!["rule"]! == "another"));
        using var ana = await north.AsAsync("ana", new Grant("liaison-officer", new(ScopeKind.Camera, "gate")));

        (await GiveAsync(both)).Status.ShouldBe(HttpStatusCode.Forbidden, "the incident is of a camera that isn't hers to tell of");
        var (status, given) = await GiveAsync(one);
        status.ShouldBe(HttpStatusCode.Created, given.ToJsonString());
        ((string)given["card"]!["title"]!).ShouldBe("People at the fence");
        using var taken = await PostAsync($"/api/shares/{(string)given["id"]!}/revoke", new { reason = "It was nothing" });
        taken.StatusCode.ShouldBe(HttpStatusCode.OK);

        async Task<string> OpenAsync(IEnumerable<JsonNode?> of)
        {
            var (opened, incident) = await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "People at the fence", alarms = of.Select(a => (string)a!["id"]!).ToArray() });
            opened.ShouldBe(201, incident?.ToJsonString());
            return (string)incident!["id"]!;
        }

        async Task<(HttpStatusCode Status, JsonNode Body)> GiveAsync(string incident)
        {
            using var answer = await PostAsync("/api/shares", new { link = link.Id, what = "incidentCard", incident, purpose = "rescue" });
            return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestNode.Stop))!);
        }

        Task<HttpResponseMessage> PostAsync(string path, object body) => ana.PostAsJsonAsync(path, body, TestNode.Stop);
    }

    [Fact]
    public async Task Views_under_a_grant_are_few_take_no_place_of_the_pages_and_are_stated_only_when_something_is_shown()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens + "live: { maxViewers: 1 }\n" + Gate);
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, atThere) = await Linked.LinkAsync(here, there, LinkKind.Site);
        var (given, grant) = await here.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "live", camera = "gate", purpose = "border-safety" });
        given.ShouldBe(201, grant?.ToJsonString());
        string id = (string)grant!["id"]!;
        var http = there.Service<Peers>().For(atThere);

        // The camera shows nothing, so those that are let in wait for the first picture; the others are told at once.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        var asked = Enumerable.Range(0, 20).Select(_ => AskAsync(left.Token)).ToArray();
        await asked.UntilAsync(a => a.Count(t => t.IsCompleted) == 20 - ShareSeats.MostOfGrant);
        foreach (var refused in asked.Where(t => t.IsCompleted))
            (await refused).ShouldBe(HttpStatusCode.TooManyRequests);

        // The one place that the pages have is free.
        using (var page = await here.ConnectAsync("/api/cameras/gate/live"))
        {
            await here.TextUntilAsync("/metrics", m => m.Contains("\natalaya_live_viewers 1\n", StringComparison.Ordinal));
            using var second = await here.ConnectAsync("/api/cameras/gate/live");
            ((string?)(await second.NextTextAsync())!["code"]).ShouldBe("too-many");
        }

        await left.CancelAsync();
        ShareTests.Acts(await here.GetAsync($"/api/shares/{id}")).ShouldNotContain("sent");

        async Task<HttpStatusCode> AskAsync(CancellationToken stop)
        {
            using var answer = await http.GetAsync($"link/1/grants/{id}/live", HttpCompletionOption.ResponseHeadersRead, stop);
            return answer.StatusCode;
        }
    }

    [Fact]
    public void Views_of_a_grant_begin_so_often_and_no_more()
    {
        var clock = new ManualClock(DateTimeOffset.UnixEpoch);
        var seats = new ShareSeats(clock);
        for (int n = 0; n < ShareSeats.Beginnings; n++)
            seats.Take("link", "a").ShouldNotBeNull().Dispose();
        seats.Take("link", "a").ShouldBeNull();
        seats.Take("link", "b").ShouldNotBeNull().Dispose();
        clock.Advance(TimeSpan.FromSeconds(20));
        seats.Take("link", "a").ShouldNotBeNull().Dispose();
        seats.Take("link", "a").ShouldBeNull();

        // Over one link, of whatever grants.
        for (int n = 0; n < ShareSeats.MostOverLink; n++)
            seats.Take("link", $"c{n}").ShouldNotBeNull();
        seats.Take("link", "d").ShouldBeNull();
        seats.Take("other", "e").ShouldNotBeNull();
    }

    [Fact]
    public async Task What_finds_no_room_waits_says_why_and_comes_when_there_is_room()
    {
        using var folder = new TempFolder("room");
        await using var here = await TestNode.StartAsync(Linked.Listens + Gate);
        string site = "name: North\nfederation: { organisation: Guardia", id;
        await using (var full = await TestNode.StartAsync(site + ", keepFree: 90TiB, maxStill: 1MiB }\n", folder.Path))
        {
            var (link, _) = await Linked.LinkAsync(here, full, LinkKind.Site);
            id = await GiveFileAsync(here, link, ShareKind.Clip, 2_000_000);
            string large = await GiveFileAsync(here, link, ShareKind.Still, 2_000_000);
            var waits = await full.UntilAsync($"/api/shares/{id}", s => s["fileFault"] is { } why && ((string)why!).Length > 0);
            ((string)waits["file"]!).ShouldBe("fetching");
            ((string)waits["fileFault"]!).ShouldContain("federation.keepFree");
            full.Service<TechnicalWatch>().Conditions().Keys.ShouldContain(c => c.Kind == SceneEventKind.StorageTrouble && c.Rule == $"link {link.Id}");
            // What is too large of its kind isn't taken at all.
            var refused = await here.UntilAsync($"/api/shares/{large}", s => (string)s["state"]! == "refused");
            ((string)refused["why"]!).ShouldContain("are the most");
        }

        await using var again = await TestNode.StartAsync(site + " }\n", folder.Path);
        await again.UntilAsync($"/api/shares/{id}", s => (string?)s["file"] == "here" && (string)s["fileFault"]! == "");
        again.Service<TechnicalWatch>().Conditions().Keys.ShouldNotContain(c => c.Rule.StartsWith("link ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_one_partner_never_answers_holds_up_no_other_and_writes_nothing()
    {
        await using var hub = await TestNode.StartAsync(Linked.Listens);
        await using var honest = await TestNode.StartAsync(Linked.Dials("Guardia", "North") + Gate);
        using var liar = await LyingPartner.JoinAsync(hub, LinkKind.Site);
        var (_, link) = await Linked.LinkAsync(hub, honest, LinkKind.Site);
        var changed = new ConcurrentBag<string>();
        hub.Service<ShareGrants>().Changed += changed.Add;

        // It is first, and answers nobody: it has no tunnel, and isn't dialled.
        var (names, before) = (new List<string>(), default(Digest));
        for (int number = 1; number <= 3; number++)
        {
            var now = TimeProvider.System.GetUtcNow();
            var given = new ShareDocument(Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), ShareAct.Given, "Liar", now, Terms: TermsOf("Liar", "Guardia", ShareKind.Clip, 5_000_000, new('a', 64), now));
            var message = liar.Message(number, before, "grant.given", new { note = liar.Sign(given.Text()), file = Guid.NewGuid().ToString() });
            before = message.Hash;
            var (status, answer) = await liar.PostAsync(message);
            (status, answer!["refused"]!.AsArray().Count).ShouldBe((200, 0), answer.ToJsonString());
            names.Add(given.Grant);
        }

        string id = await GiveFileAsync(honest, link, ShareKind.Clip, 100_000);
        await hub.UntilAsync($"/api/shares/{id}", s => (string?)s["file"] == "here");

        foreach (string name in names)
        {
            ((string)(await hub.GetAsync($"/api/shares/{name}"))["file"]!).ShouldBe("fetching");
            changed.Count(c => c == name).ShouldBeLessThanOrEqualTo(1, "what waits changes nothing");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_goes_out_is_cut_when_its_link_is_suspended_or_its_agreement_ends(bool suspended)
    {
        await using var north = await TestNode.StartAsync(Linked.Listens + Gate);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await ShareTests.AgreeAsync(north, south, atNorth.Id);
        // Far more than what the line holds while nobody reads.
        string id = await GiveFileAsync(north, atNorth, ShareKind.Package, 64 << 20, "investigation", "Sur");
        var row = (await north.Service<ShareGrants>().FindAsync(id, TestNode.Stop))!;
        await south.Service<ShareReceiver>().StopAsync(TestNode.Stop);
        using var answer = await south.Service<Peers>().For(atSouth).GetAsync($"link/1/files/{row.FileId}", HttpCompletionOption.ResponseHeadersRead, TestNode.Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        await using var body = await answer.Content.ReadAsStreamAsync(TestNode.Stop);
        await body.ReadExactlyAsync(new byte[100_000], TestNode.Stop);

        if (suspended)
        {
            (await north.SendAsync(HttpMethod.Post, $"/api/links/{atNorth.Id}/suspend", new { why = "A test" })).Status.ShouldBe(200);
        }
        else
        {
            await using (var connection = await north.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
                await connection.ExecuteAsync("delete from agreements");
            await north.Service<AgreementBook>().ReloadAsync(TestNode.Stop);
        }

        // Nothing is read until it is cut there: what the line holds is far from all of it.
        await north.Service<LinkFiles>().UntilAsync(f => f.Running == 0);
        var cut = await Should.ThrowAsync<Exception>(async () => await body.CopyToAsync(Stream.Null, TestNode.Stop));
        cut.ShouldBeAssignableTo<IOException>();
    }

    [Fact]
    public async Task A_link_that_is_suspended_here_asks_nothing_of_the_other_node()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials() + Gate);
        var (_, atSite) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string id = await GiveFileAsync(centre, centre.Service<LinkBook>().Find(atSite.Id)!, ShareKind.Clip, 100_000);
        (await site.SendAsync(HttpMethod.Post, $"/api/links/{atSite.Id}/suspend", new { why = "A test" })).Status.ShouldBe(200);

        Should.Throw<HttpRequestException>(() => site.Service<Peers>().For(atSite));
        (await site.Service<FileFetcher>().FetchAsync(atSite, new(id, "x", 10, new('a', 64)), Path.Combine(site.Folder, "x"), TestNode.Stop)).ShouldBe(FetchEnd.Away);
    }

    [Fact]
    public async Task Refusals_beyond_what_a_person_reads_are_counted_and_the_sender_is_told_of_each()
    {
        await using var node = await TestNode.StartAsync(Linked.Listens);
        using var liar = await LyingPartner.JoinAsync(node);
        var before = default(Digest);
        var told = new HashSet<long>();
        for (int batch = 0; batch < 3; batch++)
        {
            var messages = new List<SealedMessage>();
            for (int n = 1; n <= 60; n++)
            {
                messages.Add(liar.Message((batch * 60) + n, before));
                before = messages[^1].Hash;
            }

            var (status, answer) = await liar.PostAsync([.. messages]);
            (status, (long)answer!["urgent"]!).ShouldBe((200, (batch + 1) * 60));
            told.UnionWith(answer["refused"]!.AsArray().Select(r => (long)r!["number"]!));
        }

        told.Count.ShouldBe(180);
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        (await connection.ExecuteScalarAsync<long>("select count(*) from link_refusals")).ShouldBeInRange(100, 102);
        (await node.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "refused messages");
    }

    [Fact]
    public async Task Messages_and_requests_of_one_link_wait_for_their_turn_and_others_do_not()
    {
        var clock = new ManualClock(DateTimeOffset.UnixEpoch);
        var flood = new LinkFlood(clock);
        for (int n = 0; n < 1000; n++)
            flood.PaceAsync("a", TestNode.Stop).AsTask().IsCompleted.ShouldBeTrue();
        var waits = flood.PaceAsync("a", TestNode.Stop).AsTask();
        waits.IsCompleted.ShouldBeFalse();
        flood.PaceAsync("b", TestNode.Stop).AsTask().IsCompleted.ShouldBeTrue();
        clock.Advance(TimeSpan.FromMilliseconds(5));
        await waits.WaitAsync(TestNode.Stop);

        int begun = 0;
        while (flood.MayBegin("a"))
            begun++;
        begun.ShouldBe(16);
        flood.End("a");
        flood.MayBegin("a").ShouldBeTrue();
    }

    [Fact]
    public async Task One_partner_has_so_many_open_requests_and_operations_here_and_no_more()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens);
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(here, there, LinkKind.Site);
        await using (var connection = await here.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            for (int n = 0; n < RequestBook.MaxOpen; n++)
            {
                await connection.ExecuteAsync(
                    "insert into requests (id, link, ours, kind, urgency, rescue, subject, state, asked_us, due_us, left_us, changed_us, steps) values (@id, @link, 0, 'Other', 'Routine', 0, 'x', 'Questioned', 1, null, 1, 1, 1)",
                    new { id = $"{n:x32}", link = link.Id });
            }

            for (int n = 0; n < OperationBook.MaxOpen; n++)
            {
                await connection.ExecuteAsync(
                    "insert into operations (id, link, ours, title, state, start_us, end_us, changed_us, steps) values (@id, @link, 0, 'x', 'Proposed', 1, 9000000000000000, 1, 1)", new { id = $"{n:x32}", link = link.Id });
            }
        }

        var (asked, request) = await there.SendAsync(HttpMethod.Post, "/api/requests", new
        {
            link = link.Id,
            kind = "holdFootage",
            urgency = "urgent",
            subject = "One more",
            text = "Please.",
            legalBasis = "Art. 5",
            purpose = "p",
            footage = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        });
        asked.ShouldBe(201, request?.ToJsonString());
        var now = TimeProvider.System.GetUtcNow();
        var (proposed, operation) = await there.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "One more",
            aim = "A",
            legalBasis = "Art. 9",
            purpose = "p",
            start = now,
            end = now.AddHours(1),
            members = new[] { "Ana" },
        });
        proposed.ShouldBe(201, operation?.ToJsonString());

        var refusals = await here.UntilAsync("/api/links/refusals", r => r.AsArray().Count == 2);
        refusals.AsArray().Select(r => (string)r!["reason"]!).ShouldAllBe(r => r.Contains("which is the most", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_review_that_nobody_closed_in_time_is_an_alarm_once()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens + Gate);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (link, _) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await ShareTests.AgreeAsync(north, south, link.Id);
        string incident = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "A raft" })).Body!["id"]!;
        var (handed, _) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = link.Id, incident, camera = "gate", purpose = "rescue" });
        handed.ShouldBe(201);
        await using (var connection = await north.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            (await connection.ExecuteAsync("update share_grants set review_due = 1 where review_due is not null")).ShouldBeGreaterThan(0);

        await north.Service<ReviewClock>().LookAsync(TestNode.Stop);
        await north.Service<ReviewClock>().LookAsync(TestNode.Stop);

        var alarms = await north.UntilAsync("/api/alarms", a => a.ToJsonString().Contains("Nobody has reviewed", StringComparison.Ordinal));
        alarms["alarms"]!.AsArray().Count(a => (string?)a!["rule"] == "review").ShouldBe(1);
    }

    /// <summary>A grant of a file of this length, made at its owner's as the maker of files makes them.</summary>
    static async Task<string> GiveFileAsync(TestNode owner, Link to, ShareKind what, int bytes, string purpose = "own-organisation", string organisation = "Guardia")
    {
        var grants = owner.Service<ShareGrants>();
        byte[] content = RandomNumberGenerator.GetBytes(bytes);
        string id = Guid.NewGuid().ToString(), path = Path.Combine(owner.Folder, id);
        await File.WriteAllBytesAsync(path, content, TestNode.Stop);
        var now = TimeProvider.System.GetUtcNow();
        var terms = TermsOf(grants.Organisation, organisation, what, null, "", now) with { Purpose = purpose, Category = purpose == "investigation" ? "drugs" : "", Request = purpose == "investigation" ? "footage" : "", Grade = "B2" };
        var decision = owner.Service<AgreementBook>().Decide(to, terms.ToAsk(now, terms.Persons) with { Handling = null, Keep = null });
        decision.Allowed.ShouldBeTrue(string.Join(' ', decision.Reasons));
        terms = terms with { Clause = decision.Clause, Handling = decision.Conditions.Handling, Onward = decision.Conditions.Onward, KeepUntil = now + (decision.Conditions.Keep ?? TimeSpan.FromDays(1)) };
        // Nobody else makes it.
        await owner.Service<ShareMaker>().StopAsync(TestNode.Stop);
        await grants.GiveAsync(new(id, to, terms, "u", "maker", "second", terms.Persons == 1 ? ["u"] : ["u", "second"], terms.Persons, null, "x"), TestNode.Stop);
        await grants.GiveFileAsync(id, path, "file", bytes, Convert.ToHexStringLower(SHA256.HashData(content)), TestNode.Stop);
        (await grants.FindAsync(id, TestNode.Stop))!.Grant.State.ShouldBe(GrantState.Given);
        return id;
    }

    static ShareTerms TermsOf(string from, string to, ShareKind what, long? bytes, string sha256, DateTimeOffset now) => new(
        what, from, to, "", "own-organisation", "p", "", "", "", "", "", "North", "cam", "Quay", null, null, "", now, now.AddHours(1), now.AddDays(1), what != ShareKind.Package, "",
        HandlingCode.H0, OnwardTransfer.Never, 2, false, bytes, sha256, sha256.Length > 0 ? "file" : "");
}
