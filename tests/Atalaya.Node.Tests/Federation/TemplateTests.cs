using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Node.Configuration;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What a centre sets at its sites, and what stays theirs.</summary>
public sealed class TemplateTests
{
    const string Text = """
        version: 1
        everyCamera:
          record: main
          retention: { days: 30 }
        groups:
          fence:
            retention: { days: 60 }
            analysis: { enabled: true, rate: 4 }
        cameras:
          - id: gate
            audio: false
          - id: nowhere
            audio: false
        alarmPolicy:
          zone: Africa/Nouakchott
        """;

    [Fact]
    public async Task A_site_says_what_a_template_would_change_applies_that_alone_and_takes_it_back()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: tower, main: 'rtsp://127.0.0.1:9/tower', enabled: false }}]");
        foreach (string id in new[] { "gate", "fence-1" })
        {
            var (made, body) = await site.SendAsync(HttpMethod.Post, "/api/cameras", new { id, name = $"The {id}", groups = id == "gate" ? null : new[] { "fence" }, main = new { url = $"rtsp://127.0.0.1:9/{id}?token=x" }, userName = "ana", password = "geheim", enabled = false });
            made.ShouldBe(201, body?.ToString());
        }

        var (link, back) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        var before = await site.Http.GetStringAsync("/api/configuration", TestNode.Stop);

        // What is wrong with a template is told before any site is asked.
        var (wrong, why) = await centre.SendAsync(HttpMethod.Post, "/api/templates", new { name = "Wrong", text = "everyCamera:\n  password: x\n  retention: { days: -1 }\n" });
        wrong.ShouldBe(400);
        why!["faults"]!.AsArray().Select(f => $"{(int)f!["line"]!} {(string)f["field"]!}").ShouldBe(["2 everyCamera.password"]);
        (wrong, why) = await centre.SendAsync(HttpMethod.Post, "/api/templates", new { name = "Wrong", text = "everyCamera:\n  retention: { days: -1 }\nalarmPolicy: { zone: Middle/Earth }\n" });
        wrong.ShouldBe(400);
        why!["faults"]!.AsArray().Select(f => (int)f!["line"]!).ShouldBe([2, 3]);

        string template = (string)(await centre.SendAsync(HttpMethod.Post, "/api/templates", new { name = "Borders", text = Text })).Body!["id"]!;
        var offer = await OfferAsync();
        ((string?)offer["state"]).ShouldBe("tried", offer.ToJsonString());
        var tried = offer["tried"]!;
        tried["faults"]!.AsArray().ShouldBeEmpty(tried.ToJsonString());
        var changes = tried["changes"]!.AsArray().ToDictionary(c => (string)c!["id"]!, c => c!["fields"]!.AsArray().Select(f => $"{(string)f!["field"]!}={(string?)f["after"]}").ToArray());
        changes["gate"].ShouldBe(["audio=false", "retention.days=30"], ignoreOrder: true);
        changes["fence-1"].ShouldContain("retention.days=60");
        changes["fence-1"].ShouldContain("analysis.rate=4");
        changes["alarmPolicy"].ShouldContain("zone=Africa/Nouakchott");
        tried["kept"]!.AsArray().Select(k => (string)k!).ShouldContain(k => k.Contains("'nowhere'"));
        tried["kept"]!.AsArray().Select(k => (string)k!).ShouldContain(k => k.Contains("'tower'") && k.Contains("record, retention"));
        (await site.Http.GetStringAsync("/api/configuration", TestNode.Stop)).ShouldBe(before, "a dry run changes nothing");

        // What changed since is told, and nothing is applied.
        using (var renamed = await site.Http.PutAsync("/api/configuration", new StringContent(before.Replace("name: The gate", "name: Main gate", StringComparison.Ordinal), System.Text.Encoding.UTF8, "application/yaml"), TestNode.Stop))
            renamed.EnsureSuccessStatusCode();
        (await AskAsync("apply")).ShouldBe("refused");
        (await site.Http.GetStringAsync("/api/configuration", TestNode.Stop)).ShouldNotContain("days: 30");
        before = await site.Http.GetStringAsync("/api/configuration", TestNode.Stop);

        offer = await OfferAsync();
        // Another text than the one that was tried isn't applied, whoever says so.
        await centre.Service<Outbox>().SendAsync(
            link, Lane.Records, SiteTemplates.Confirmed, CentreJson.Write(new TemplateConfirmed((Guid)offer["id"]!, new string('a', 64), (string)offer["revision"]!, "eva")), TestNode.Stop);
        await Linked.UntilAsync(async () => (await centre.GetAsync("/api/links/refusals")).ToJsonString().Contains("what this site tried"));
        (await AskAsync("apply")).ShouldBe("applied");
        string after = await site.Http.GetStringAsync("/api/configuration", TestNode.Stop);
        after.ShouldContain("days: 30");
        after.ShouldContain("audio: false");
        after.ShouldContain("name: Main gate");
        after.ShouldContain("main: { secret: gate.main }");
        ((bool)(await site.GetAsync("/api/cameras/gate"))["hasPassword"]!).ShouldBeTrue();
        // The same again changes nothing.
        (await OfferAsync())["tried"]!["changes"]!.AsArray().ShouldBeEmpty();
        var own = await site.GetAsync("/api/configuration/from-centre");
        ((string?)own["templates"]!.AsArray().Single(t => (string?)t!["state"] == "applied")!["confirmedBy"]).ShouldBe("administrator @ Centre");

        // It goes back at the site's word, and the centre is told.
        string applied = (string)own["templates"]!.AsArray().Single(t => (string?)t!["state"] == "applied")!["id"]!;
        (await site.SendAsync(HttpMethod.Post, $"/api/configuration/from-centre/{applied}/restore")).Status.ShouldBe(202);
        await site.UntilAsync("/api/configuration/from-centre", f => f["templates"]!.AsArray().Any(t => (string?)t!["id"] == applied && (string?)t["state"] == "restored"));
        (await site.Http.GetStringAsync("/api/configuration", TestNode.Stop)).Split("alarmPolicy")[0].ShouldBe(before.Split("alarmPolicy")[0]);

        // What the site's node doesn't take as a message is refused with its reason, and waits no longer.
        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            offer = await OfferAsync();
            ((string?)offer["state"]).ShouldBe("tried");
            await connection.ExecuteAsync("update template_offers set revision = @other where state = 'Tried'", new { other = new string('b', 64) });
            (await AskAsync("apply")).ShouldBe("refused");
            ((string)(await centre.GetAsync("/api/templates/offers"))[0]!["reason"]!).ShouldContain("what this site tried");
            await connection.ExecuteAsync("update template_offers set state = 'Applied' where state = 'Refused'");
            (await AskAsync("restore")).ShouldBe("applied");
            ((string)(await centre.GetAsync("/api/templates/offers"))[0]!["reason"]!).ShouldContain("nothing to take back");
            string digest = (string)offer["digest"]!;
            await connection.ExecuteAsync("update templates set digest = @other", new { other = new string('c', 64) });
            offer = await OfferAsync();
            ((string?)offer["state"]).ShouldBe("refused");
            ((string)offer["reason"]!).ShouldContain("this site can read");
            await connection.ExecuteAsync("update templates set digest = @digest", new { digest });
        }

        // Whoever runs the site may want none of it.
        (await site.SendAsync(HttpMethod.Put, "/api/configuration/from-centre", new { accepts = false })).Status.ShouldBe(200);
        offer = await OfferAsync();
        ((string?)offer["state"]).ShouldBe("refused");
        ((string)offer["reason"]!).ShouldContain("switched them off");

        // The centre can't be told what it is by its site.
        await site.Service<Outbox>().SendAsync(back, Lane.Records, SiteTemplates.Offered, CentreJson.Write(new TemplateOffered(Guid.NewGuid(), "x", "x", "version: 1", ConfigurationTemplate.DigestOf("version: 1"))), TestNode.Stop);
        await Linked.UntilAsync(async () => (await site.GetAsync("/api/links/refusals")).ToJsonString().Contains("centre offers it templates"));

        async Task<System.Text.Json.Nodes.JsonNode> OfferAsync()
        {
            string last = (await centre.GetAsync("/api/templates/offers")).AsArray().FirstOrDefault()?["id"]?.ToString() ?? "";
            var (status, body) = await centre.SendAsync(HttpMethod.Post, $"/api/templates/{template}/offers", new { sites = new[] { link.Id } });
            status.ShouldBe(202, body?.ToString());
            return (await centre.UntilAsync("/api/templates/offers", o => o.AsArray().Any(e => e!["id"]!.ToString() != last && (string?)e["state"] is not "offered"), 60)).AsArray().Single()!;
        }

        async Task<string> AskAsync(string what)
        {
            var (status, body) = await centre.SendAsync(HttpMethod.Post, $"/api/templates/offers/{(string)offer["id"]!}/{what}");
            status.ShouldBe(202, body?.ToString());
            return (string)(await centre.UntilAsync("/api/templates/offers", o => (string?)o[0]!["state"] is not ("confirmed" or "recalled"), 60))[0]!["state"]!;
        }
    }

    [Fact]
    public void A_template_reaches_no_field_that_is_a_sites_own_and_its_errors_have_its_own_lines()
    {
        foreach (string field in new[] { "main", "sub", "password", "userName", "name", "site", "place", "rules", "enabled", "onvif", "fingerprint", "definedBy", "id" })
        {
            var errors = new List<OptionError>();
            ConfigurationTemplate.Read($"version: 1\neveryCamera:\n  {field}: x\n", new NodeOptions(), errors).ShouldBeNull();
            errors.ShouldHaveSingleItem().Place.Line.ShouldBe(3, field);
        }

        foreach (string section in new[] { "plans", "secrets", "users" })
        {
            var errors = new List<OptionError>();
            ConfigurationTemplate.Read($"{section}: []\n", new NodeOptions(), errors).ShouldBeNull();
            errors.ShouldHaveSingleItem().Message.ShouldContain("no section");
        }

        var twice = new List<OptionError>();
        ConfigurationTemplate.Read("cameras: [{ id: a, record: none }, { id: a }, { id: b, record: sometimes }]\ngroups: { fence: { retention: { days: 0 } } }\n", new NodeOptions(), twice).ShouldBeNull();
        twice.ShouldContain(e => e.Message.Contains("twice"));
    }
}
