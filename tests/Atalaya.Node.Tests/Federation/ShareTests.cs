using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Packages;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What one organisation lets another have goes under the agreement alone, ends when it is taken back, and both can show afterwards what was sent, received, used and deleted.</summary>
public sealed class ShareTests
{
    static readonly byte[] Content = RandomNumberGenerator.GetBytes(3_000_000);

    [Fact]
    public async Task A_package_goes_over_the_link_under_the_agreement_is_taken_back_deleted_and_both_sides_papers_agree()
    {
        using var folder = new TempFolder("shares");
        await using var north = await WithPackageAsync(folder);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        object body = new { link = atNorth.Id, what = "package", package = "aa01", purpose = "investigation", category = "drugs", request = "footage", grade = "B2", reference = "DP 7/2026" };

        // Without an agreement nothing goes; with it, only what it allows, and two persons where it says so.
        (await north.SendAsync(HttpMethod.Post, "/api/shares", body)).Status.ShouldBe(403);
        await AgreeAsync(north, south, atNorth.Id);
        var (refused, why) = await north.SendAsync(HttpMethod.Post, "/api/shares", new { link = atNorth.Id, what = "package", package = "aa01", purpose = "border", category = "drugs", request = "footage", grade = "B2" });
        (refused, (string)why!["clause"]!).ShouldBe((403, "5.2"));
        var (asked, waits) = await north.SendAsync(HttpMethod.Post, "/api/shares", body);
        asked.ShouldBe(409, waits?.ToString());
        ((string)waits!["approval"]!["action"]!).ShouldBe("share");
        // Clause 3.2 wants an office among them: who doesn't hold it can't agree, whatever else they may.
        using (var other = await north.AtPageAsync("other", new Grant(Roles.Administrator, Scope.Organisation)))
            (await other.PostAsync($"/api/approvals/{(string)waits["approval"]!["id"]!}/approve", Json("{}"), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await north.SendAsync(HttpMethod.Put, "/api/roles/head-of-liaison", new { name = "Head of the liaison office", permissions = new[] { "cooperate" } })).Status.ShouldBe(200);
        using var second = await north.AtPageAsync("second", new Grant(Roles.Administrator, Scope.Organisation), new Grant("head-of-liaison", Scope.Organisation));
        (await second.PostAsync($"/api/approvals/{(string)waits["approval"]!["id"]!}/approve", Json("{}"), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var (status, made) = await north.SendAsync(HttpMethod.Post, "/api/shares", body);
        status.ShouldBe(201, made?.ToString());
        string id = (string)made!["id"]!;
        ((string)made["clause"]!, (int)made["persons"]!, (string)made["agreedBy"]!).ShouldBe(("3.2", 2, "second"));

        // It arrives whole, and is looked at.
        await south.UntilAsync($"/api/shares/{id}", s => (string?)s["file"] == "here");
        // A look that can't be written down is none: nothing of the file goes out.
        foreach (string table in new[] { "accesses", "share_documents" })
        {
            await ExecuteAsync(south, $"alter table {table} rename to away");
            using (var unseen = await south.Http.GetAsync($"/api/shares/{id}/file", TestNode.Stop))
            {
                ((int)unseen.StatusCode).ShouldBeGreaterThanOrEqualTo(500, table);
                (await unseen.Content.ReadAsByteArrayAsync(TestNode.Stop)).Length.ShouldBeLessThan(10_000, table);
            }

            await ExecuteAsync(south, $"alter table away rename to {table}");
        }

        (await south.Http.GetByteArrayAsync($"/api/shares/{id}/file", TestNode.Stop)).ShouldBe(Content);
        var given = await north.UntilAsync($"/api/shares/{id}", s => Acts(s).Contains("used"));
        ((string)given["state"]!).ShouldBe("active");
        Acts(given).ShouldBe(["given", "sent", "received", "used"]);
        (await north.SendAsync(HttpMethod.Get, $"/api/shares/{id}/file")).Status.ShouldBe(404, "it isn't received here");

        // Taken back: gone there, with a receipt; and fetched by nobody any more.
        (await north.SendAsync(HttpMethod.Post, $"/api/shares/{id}/revoke", new { reason = "The case was closed" })).Status.ShouldBe(200);
        await north.UntilAsync($"/api/shares/{id}", s => Acts(s).Contains("deleted"));
        (await south.SendAsync(HttpMethod.Get, $"/api/shares/{id}/file")).Status.ShouldBe(409);
        Directory.Exists(Path.Combine(south.Folder, "data", "shared", id)).ShouldBeFalse();
        ((string)(await south.GetAsync($"/api/shares/{id}"))["state"]!).ShouldBe("revoked");
        (await north.SendAsync(HttpMethod.Post, $"/api/shares/{id}/revoke", new { reason = "again" })).Status.ShouldBe(409);

        // Each document is a leaf in both logs, and the papers agree from either side.
        var (a, b) = (await PapersAsync(north, atNorth.Id, 6), await PapersAsync(south, atSouth.Id, 6));
        var report = ReceiptCheck.Run(a, b, [a.Key, b.Key]);
        report.Findings.ShouldBeEmpty();
        (report.Verdict, report.Given, report.Sent, report.Received, report.Used, report.Deleted).ShouldBe((ReceiptVerdict.Agrees, 1, 1, 1, 1, 1));
        ReceiptCheck.Run(b with { Notes = [.. b.Notes.Where(n => !n.Note.Contains("\"deleted\"", StringComparison.Ordinal))] }, a, [a.Key, b.Key]).Verdict.ShouldBe(ReceiptVerdict.Disagrees);
    }

    [Fact]
    public async Task A_file_that_is_cut_goes_on_where_it_stopped_is_given_to_its_link_alone_and_ends_at_once_when_it_is_withdrawn()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (atCentre, atSite) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        byte[] content = RandomNumberGenerator.GetBytes(5_000_000);
        string source = Path.Combine(centre.Folder, "source"), target = Path.Combine(site.Folder, "target");
        await File.WriteAllBytesAsync(source, content, TestNode.Stop);
        var file = await OfferAsync(centre, atCentre, source, content, "a/1");
        var fetcher = site.Service<FileFetcher>();

        // A part of it, and then more than it should be: both end in the file as it was named.
        await File.WriteAllBytesAsync(target + ".part", content[..1_234_567], TestNode.Stop);
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Done);
        (await File.ReadAllBytesAsync(target, TestNode.Stop)).ShouldBe(content);
        File.Delete(target);
        await File.WriteAllBytesAsync(target + ".part", [.. content, 1], TestNode.Stop);
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Done);
        File.Delete(target);

        // A part that was another's isn't taken: it is fetched anew.
        await File.WriteAllBytesAsync(target + ".part", new byte[1000], TestNode.Stop);
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Away);
        File.Exists(target).ShouldBeFalse();
        File.Exists(target + ".part").ShouldBeFalse();
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Done);
        (await File.ReadAllBytesAsync(target, TestNode.Stop)).ShouldBe(content);
        File.Delete(target);

        // Nor is another content under this number, of which nothing lay here.
        await File.WriteAllBytesAsync(source, new byte[content.Length], TestNode.Stop);
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Altered);
        File.Exists(target).ShouldBeFalse();
        File.Exists(target + ".part").ShouldBeFalse();
        await File.WriteAllBytesAsync(source, content, TestNode.Stop);

        // Of another link it is as if it weren't there; withdrawn it isn't.
        var other = await OfferAsync(centre, atCentre with { Id = "ffffffffffffffff" }, source, content, "a/2");
        (await fetcher.FetchAsync(atSite, other, target, TestNode.Stop)).ShouldBe(FetchEnd.Refused);
        await centre.Service<LinkFiles>().WithdrawAsync("a/1", TestNode.Stop);
        (await fetcher.FetchAsync(atSite, file, target, TestNode.Stop)).ShouldBe(FetchEnd.Refused);
    }

    [Fact]
    public async Task An_incident_is_handed_over_acknowledged_and_closed_and_one_that_nobody_takes_notice_of_escalates()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, _) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await AgreeAsync(north, south, atNorth.Id);
        string incident = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "Two people on a raft" })).Body!["id"]!;

        // A rescue waits for nobody: it goes, and is reviewed by somebody else.
        var (status, sent) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident, purpose = "rescue", note = "Drifting south" });
        status.ShouldBe(201, sent?.ToString());
        string id = (string)sent!["id"]!, card = (string)sent["cardGrant"]!;
        var came = await south.UntilAsync("/api/handovers", h => h.AsArray().Count == 1);
        ((string)came[0]!["title"]!, (bool)came[0]!["rescue"]!, (bool)came[0]!["hasCap"]!).ShouldBe(("Two people on a raft", true, true));
        (await south.Http.GetStringAsync($"/api/handovers/{id}/cap", TestNode.Stop)).ShouldContain("<category>Rescue</category>");
        var received = await south.UntilAsync($"/api/shares/{card}", s => s["card"] is not null);
        ((string)received["card"]!["type"]!).ShouldBe("rescue");
        await south.UntilAsync("/api/alarms", a => a["alarms"]!.AsArray().Any(x => (string)x!["severity"]! == "rescue"));

        (await south.SendAsync(HttpMethod.Post, $"/api/handovers/{id}/close", new { outcome = "real" })).Status.ShouldBe(409);
        (await south.SendAsync(HttpMethod.Post, $"/api/handovers/{id}/acknowledge")).Status.ShouldBe(200);
        // A number is no outcome.
        await south.Service<Outbox>().SendAsync(south.Service<LinkBook>().Find(atNorth.Id)!, Lane.Urgent, "handover.closed", new { id, outcome = "57", note = "" }, TestNode.Stop);
        await Linked.UntilAsync(async () => (await south.GetAsync("/api/links/refusals")).AsArray().Any(r => (string)r!["kind"]! == "handover.closed" && !(bool)r["here"]!));
        (await south.SendAsync(HttpMethod.Post, $"/api/handovers/{id}/close", new { outcome = "real", note = "Both are ashore" })).Status.ShouldBe(200);
        await north.UntilAsync("/api/handovers", h => (string?)h[0]!["outcome"] == "Real");
        (await north.UntilAsync($"/api/incidents/{incident}", i => i["story"]!.ToJsonString().Contains("ashore"))).ToJsonString().ShouldContain("acknowledged the hand-over");

        // What isn't a rescue is over there what it is here.
        string crossing = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = "Over the river at night" })).Body!["id"]!;
        var (over, answer) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident = crossing, purpose = "investigation", grade = "B2" });
        over.ShouldBe(201, answer?.ToString());
        var alarms = await south.UntilAsync("/api/alarms", a => a["alarms"]!.AsArray().Any(x => x!.ToJsonString().Contains("Over the river", StringComparison.Ordinal)));
        alarms["alarms"]!.AsArray().Where(x => x!.ToJsonString().Contains("Over the river", StringComparison.Ordinal)).Select(x => (string)x!["type"]!).ShouldBe(["crossing"]);

        // Nobody there takes notice of the next: its target lies in the past by now.
        (_, var next) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident, purpose = "rescue" });
        string late = (string)next!["id"]!;
        await using (var connection = await north.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update hand_overs set due_us = 1 where id = @late", new { late });
        await north.UntilAsync("/api/handovers", h => h.AsArray().Any(x => (string)x!["id"]! == late && x["escalated"] is not null));
        await north.UntilAsync($"/api/incidents/{incident}", i => i.ToJsonString().Contains("Nobody over there acknowledged", StringComparison.Ordinal));

        // What they refuse was never given: here their copy of the agreement is gone. A card they have seen, and both sides' papers say so.
        await using (var connection = await south.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("delete from agreements");
        await south.Service<AgreementBook>().ReloadAsync(TestNode.Stop);
        (_, var unwanted) = await north.SendAsync(HttpMethod.Post, "/api/shares", new { link = atNorth.Id, what = "incidentCard", incident, purpose = "rescue" });
        string never = (string)unwanted!["id"]!;
        var refused = await north.UntilAsync($"/api/shares/{never}", s => (string)s["state"]! == "refused" && Acts(s).Contains("refused"));
        ((string)refused["why"]!).ShouldContain("agreement doesn't let you give this");
        (await north.SendAsync(HttpMethod.Post, $"/api/shares/{never}/revoke", new { reason = "late" })).Status.ShouldBe(409);
        var seen = await south.GetAsync($"/api/shares/{never}");
        ((string)seen["state"]!, seen["card"], (string)seen["file"]!).ShouldBe(("refused", null, "none"));
        (await south.SendAsync(HttpMethod.Get, $"/api/shares/{never}/file")).Status.ShouldBe(409, "nothing of it is kept");
        ShareBundle a = null!, b = null!;
        await Linked.UntilAsync(async () =>
        {
            (a, b) = (await PapersAsync(north, atNorth.Id, 2, never), await PapersAsync(south, atNorth.Id, 2, never));
            return ReceiptCheck.Run(a, b, [a.Key, b.Key]).Verdict == ReceiptVerdict.Agrees;
        });
        foreach (var papers in new[] { a, b })
            papers.Notes.Count(n => n.Note.Contains(never, StringComparison.Ordinal)).ShouldBe(2);
        var report = ReceiptCheck.Run(a, b, [a.Key, b.Key]);
        report.Refused.ShouldBe(1);
        foreach (var node in new[] { north, south })
        {
            var now = TimeProvider.System.GetUtcNow().UtcDateTime;
            var counted = (await node.GetAsync($"/api/evaluation?from={now.AddDays(-1):yyyy-MM-dd'T'HH:mm:ss'Z'}&to={now.AddDays(1):yyyy-MM-dd'T'HH:mm:ss'Z'}"))["shares"]!.AsArray().Single()!;
            ((bool)counted["ours"]!, (int)counted["given"]!).ShouldBe((node == north, report.Given));
        }
    }

    [Fact]
    public async Task A_rescue_that_only_the_nodes_own_rule_would_hold_up_goes_and_is_reviewed_and_one_that_is_over_is_none()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials(site: "Post 1") + "approvals: { for: [share] }\n", secondPerson: true);
        var (atCentre, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string raft = (string)(await site.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "A raft" })).Body!["id"]!;
        var card = new { link = atCentre.Id, what = "incidentCard", incident = raft, purpose = "rescue" };
        var (status, given) = await site.SendAsync(HttpMethod.Post, "/api/shares", card);
        status.ShouldBe(201, given?.ToString());
        given!["review"].ShouldNotBeNull();
        // Another incident waits for somebody.
        string crossing = (string)(await site.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = "At night" })).Body!["id"]!;
        (await site.SendAsync(HttpMethod.Post, "/api/shares", new { link = atCentre.Id, what = "incidentCard", incident = crossing, purpose = "investigation" })).Status.ShouldBe(409);
        // So does a rescue that is over.
        (await site.SendAsync(HttpMethod.Post, $"/api/incidents/{raft}/close", new { outcome = "false", note = "Driftwood" })).Status.ShouldBe(200);
        var (over, problem) = await site.SendAsync(HttpMethod.Post, "/api/shares", card);
        over.ShouldBe(400);
        problem!.ToJsonString().ShouldContain("is over");
    }

    [Fact]
    public async Task What_a_lying_partner_says_of_grants_is_refused_and_changes_nothing()
    {
        await using var node = await TestNode.StartAsync(Linked.Dials("Guardia", "North"));
        using var partner = new NoteSigner("log.partner.example", NoteSignatureKind.Ed25519, new byte[32]);
        using var thief = new NoteSigner("log.partner.example", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)7, 32)]);
        var link = new Link("0123456789abcdef", LinkKind.Site, LinkState.Active, "Sur", "South", partner.Key, [1], "", "", "", WallTime.Now(TimeProvider.System), "test", null, "", null, "");
        await node.Service<LinkBook>().AddAsync(link, "", TestNode.Stop);
        await node.Service<LinkBook>().ConfirmAsync(link.Id, "test", TestNode.Stop);
        var messages = node.App.Services.GetServices<MessageHandler>().OfType<ShareMessages>().Single();
        var now = TimeProvider.System.GetUtcNow();
        var terms = new ShareTerms(
            Atalaya.Federation.Agreements.ShareKind.Live, "Sur", "Guardia", "", "own-organisation", "p", "", "", "", "", "", "South", "cam", "Quay", null, null, "", now, now.AddHours(1), null, true, "",
            Atalaya.Federation.Agreements.HandlingCode.H0, Atalaya.Federation.Agreements.OnwardTransfer.Never, 1, false);
        var given = new ShareDocument(Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), ShareAct.Given, "Sur", now, Terms: terms);

        await RefusedAsync("grant.given", Sign(given, thief), "signed with the key");
        await RefusedAsync("grant.given", Sign(given, partner).Replace("Quay", "Gate", StringComparison.Ordinal), "signed with the key");
        await RefusedAsync("grant.given", Sign(given with { By = "Other" }, partner), "came from");
        await RefusedAsync("grant.given", Sign(given with { Terms = terms with { To = "Other" } }, partner), "this link joins");
        await RefusedAsync("grant.given", Sign(given with { Terms = terms with { Sha256 = new('a', 64), Bytes = 5, File = "../../etc/passwd" } }, partner), "by which number");
        await RefusedAsync("grant.revoked", Sign(given with { Act = ShareAct.Revoked, Terms = null }, partner), "no such grant");
        (await node.Service<ShareGrants>().ListAsync(ours: false, 10, TestNode.Stop)).ShouldBeEmpty();
        (await ApplyAsync("grant.given", Sign(given, partner))).Reason.ShouldBeNull();
        (await ApplyAsync("grant.given", Sign(given, partner))).Reason.ShouldBeNull("the same again is the same");
        await RefusedAsync("grant.given", Sign(given with { Terms = terms with { Title = "Another" } }, partner), "another grant with this number");
        // A receipt is ours to give here.
        await RefusedAsync("receipt.signed", Sign(new ShareDocument(Guid.NewGuid().ToString(), given.Grant, ShareAct.Deleted, "Sur", now), partner), "isn't for you to say");
        (await node.Service<ShareGrants>().FindAsync(given.Grant, TestNode.Stop))!.Grant.State.ShouldBe(GrantState.Given);

        // A hand-over's type is optional, and one that isn't known here keeps nothing from coming.
        await HandOverAsync("""{"type":"smuggling","rescue":false}""", null, IncidentType.Smuggling);
        await HandOverAsync("""{"rescue":false}""", null, null);
        await HandOverAsync("""{"type":"landslide","rescue":false}""", null, null);
        await HandOverAsync("""{"type":7,"rescue":false}""", "can't be read", null);
        await HandOverAsync("""{"type":"rescue","rescue":false}""", "whether it is a rescue", null);
        await HandOverAsync("""{"type":"crowd","rescue":true}""", "whether it is a rescue", null);

        async Task HandOverAsync(string said, string? refusal, IncidentType? type)
        {
            var body = JsonNode.Parse(said)!;
            string id = Guid.NewGuid().ToString();
            foreach (var (name, value) in new[] { ("id", id), ("incident", id), ("title", "t"), ("note", ""), ("cardGrant", ""), ("liveGrant", "") })
                body[name] = value;
            body["due"] = now.AddMinutes(5);
            var handler = node.App.Services.GetServices<MessageHandler>().OfType<HandOverMessages>().Single();
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            var verdict = await handler.ApplyAsync(new(link, Lane.Urgent, 1, now, "handover.sent", JsonSerializer.SerializeToElement(body)), connection, transaction, TestNode.Stop);
            if (refusal is null)
                verdict.Reason.ShouldBeNull(said);
            else
                verdict.Reason.ShouldNotBeNull(said).ShouldContain(refusal);
            var kept = await HandOvers.FindAsync(connection, transaction, id);
            (kept is not null, kept?.Type).ShouldBe((refusal is null, type), said);
        }

        async Task RefusedAsync(string kind, string note, string reason) => ((await ApplyAsync(kind, note)).Reason ?? "applied").ShouldContain(reason);

        async Task<MessageVerdict> ApplyAsync(string kind, string note)
        {
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            var verdict = await messages.ApplyAsync(new(link, Lane.Urgent, 1, now, kind, JsonSerializer.SerializeToElement(new { note })), connection, transaction, TestNode.Stop);
            await transaction.CommitAsync(TestNode.Stop);
            return verdict;
        }
    }

    static async Task ExecuteAsync(TestNode node, string sql)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        await connection.ExecuteAsync(sql);
    }

    static string Sign(ShareDocument document, NoteSigner signer)
    {
        var note = new SignedNote(document.Text(), []);
        return (note with { Signatures = [signer.Sign(note.TextBytes, document.At)] }).ToString();
    }

    internal static IEnumerable<string> Acts(JsonNode share) => share["documents"]!.AsArray().Select(d => (string)d!["act"]!);

    /// <summary>One side's papers, as soon as they hold so many documents, each with its leaf.</summary>
    /// <param name="of">Those that have this in them.</param>
    internal static async Task<ShareBundle> PapersAsync(TestNode node, string link, int documents, string of = "")
    {
        ShareBundle? papers = null;
        await Linked.UntilAsync(async () =>
        {
            node.Service<NodeLog>().LookSoon();
            return ShareBundle.TryParse(await node.Http.GetByteArrayAsync($"/api/shares/papers?link={link}", TestNode.Stop), out papers) && papers.Notes.Count(n => n.Note.Contains(of, StringComparison.Ordinal)) >= documents && papers.Notes.All(n => n.Proof is not null);
        });
        return papers!;
    }

    static async Task<LinkFile> OfferAsync(TestNode node, Link to, string path, byte[] content, string subject)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
        var file = await LinkFiles.OfferAsync(connection, transaction, to, path, "name", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), subject);
        await transaction.CommitAsync(TestNode.Stop);
        return file;
    }

    /// <summary>Both sign the example convention.</summary>
    internal static async Task AgreeAsync(TestNode one, TestNode other, string link)
    {
        string draft = await one.Http.GetStringAsync($"/api/agreements/template?link={link}", TestNode.Stop);
        var (written, answer) = await one.SendAsync(HttpMethod.Post, "/api/agreements", new { link, document = draft });
        written.ShouldBe(201, answer?.ToString());
        string path = $"/api/agreements/{link}/police-cooperation/1", digest = (string)answer!["agreement"]!["digest"]!;
        (await one.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest })).Status.ShouldBe(200);
        await other.UntilAsync("/api/agreements", a => a.AsArray().Count == 1);
        (await other.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest })).Status.ShouldBe(200);
        await one.UntilAsync(path, a => (string)a["agreement"]!["state"]! == "inForce");
    }

    static StringContent Json(string text) => new(text, new MediaTypeHeaderValue("application/json"));

    static async Task<TestNode> WithPackageAsync(TempFolder folder)
    {
        string yaml = Linked.Listens + "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n";
        await using (var first = await TestNode.StartAsync(yaml, folder.Path))
        {
            var at = WallTime.Now(TimeProvider.System);
            var package = new EvidencePackage(
                "aa01", "Fence cut", null, [new("gate", StreamKind.Main, at - TimeSpan.FromHours(1), at)], [], PackageLanguageJson.Es, new("u", "maker", new("investigation", "118"), null), at,
                PackageStateJson.Ready, null, at, "Atalaya Fence cut.zip", Content.Length, Convert.ToHexStringLower(SHA256.HashData(Content)), "00", "log.example.org+00000000+AQ==");
            await new PackageStore(first.Service<NodeDatabase>().Source).PutAsync(package);
            await File.WriteAllBytesAsync(Path.Combine(first.Service<NodeDatabase>().Folder.Packages, "aa01.zip"), Content, TestNode.Stop);
        }

        return await TestNode.StartAsync(yaml, folder.Path);
    }
}
