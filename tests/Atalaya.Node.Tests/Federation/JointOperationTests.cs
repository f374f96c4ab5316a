using Atalaya.Federation.Links;
using Atalaya.Federation.Operations;
using Atalaya.Node.Federation.Operations;
using Atalaya.Node.Federation.Reports;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A joint operation is one room at both nodes; at its end each closes what it opened.</summary>
public sealed class JointOperationTests
{
    [Fact]
    public async Task Both_nodes_are_in_one_room_and_its_end_closes_what_they_opened()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens + "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n");
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(here, there, LinkKind.Site);
        var (status, made) = await here.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "Night patrol",
            aim = "Watch the strait together.",
            place = "Tarajal",
            legalBasis = "Art. 9",
            purpose = "border-safety",
            start = TimeProvider.System.GetUtcNow().AddMinutes(-1),
            end = TimeProvider.System.GetUtcNow().AddHours(6),
            members = new[] { "Ana", "Luis" },
        });
        status.ShouldBe(201, made?.ToJsonString());
        string id = (string)made!["line"]!["id"]!;
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/messages", new { language = "es", text = "Hola" })).Status.ShouldBe(409, "nobody else is in");

        await there.UntilAsync($"/api/operations/{id}", o => o["line"] is not null);
        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/join", new { members = new[] { "أحمد" } })).Status.ShouldBe(200);
        await here.UntilAsync($"/api/operations/{id}", o => (string)o["line"]!["state"]! == "joined");
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/messages", new { language = "es", text = "Empezamos" })).Status.ShouldBe(200);
        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/messages", new { language = "ar", text = "حسنا" })).Status.ShouldBe(200);
        (await there.SendAsync(HttpMethod.Put, $"/api/operations/{id}/marks/m1", new { kind = "boat", label = "2 persons", latitude = 35.87, longitude = -5.34 })).Status.ShouldBe(200);
        (await here.SendAsync(HttpMethod.Put, $"/api/operations/{id}/tasks/t1", new { text = "Close the road", @for = "Ahmed" })).Status.ShouldBe(200);
        var (given, grant) = await here.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "live", camera = "gate", purpose = "border-safety", request = "jointOperation" });
        given.ShouldBe(201, grant?.ToJsonString());
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/grants", new { grant = "g-1", what = "Live view of gate" })).Status.ShouldBe(400, "there is no such grant");
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/grants", new { grant = (string)grant!["id"]!, what = "Live view of gate" })).Status.ShouldBe(200);
        await there.UntilAsync($"/api/operations/{id}", o => o["grants"]!.AsArray().Count == 1 && o["tasks"]!.AsArray().Count == 1);
        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/tasks/t1/done", new { note = "Closed." })).Status.ShouldBe(200);
        var whole = await here.UntilAsync($"/api/operations/{id}", o => o["messages"]!.AsArray().Count == 2 && o["tasks"]![0]!["doneBy"] is not null && o["marks"]!.AsArray().Count == 1);
        ((string)whole["theirMembers"]![0]!).ShouldBe("أحمد");

        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/close", new { note = "Done." })).Status.ShouldBe(200);
        foreach (var node in new[] { here, there })
        {
            var over = await node.UntilAsync($"/api/operations/{id}", o => o["line"]!["settledAt"] is not null);
            ((string)over["line"]!["state"]!).ShouldBe("closed");
            (await node.SendAsync(HttpMethod.Post, $"/api/operations/{id}/messages", new { language = "es", text = "¿Hola?" })).Status.ShouldBe(409);
        }

        var taken = await there.UntilAsync($"/api/shares/{(string)grant["id"]!}", s => (string)s["state"]! == "revoked");
        ((string)taken["why"]!).ShouldBe("Operation over: Night patrol", "each side takes back what it gave");
        foreach (string language in new[] { "es", "fr", "ar", "en" })
        {
            string report = await here.Http.GetStringAsync($"/api/operations/{id}/report?language={language}", TestNode.Stop);
            foreach (string text in new[] { "Night patrol", "Empezamos", "حسنا", "Close the road", "Live view of gate", "2 persons" })
                report.ShouldContain(text);
        }
    }

    [Fact]
    public async Task What_the_other_side_names_of_ours_keeps_it_from_ending_with_the_operation_neither_before_nor_after()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens + "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]\n");
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(here, there, LinkKind.Site);
        var now = TimeProvider.System.GetUtcNow();
        var (_, made) = await here.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "Night patrol",
            aim = "A",
            legalBasis = "Art. 9",
            purpose = "border-safety",
            start = now.AddMinutes(-1),
            end = now.AddHours(6),
            members = new[] { "Ana" },
        });
        string id = (string)made!["line"]!["id"]!;
        await there.UntilAsync($"/api/operations/{id}", o => o["line"] is not null);
        (await there.SendAsync(HttpMethod.Post, $"/api/operations/{id}/join", new { members = new[] { "Omar" } })).Status.ShouldBe(200);
        await here.UntilAsync($"/api/operations/{id}", o => (string)o["line"]!["state"]! == "joined");
        var (_, grant) = await here.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "live", camera = "gate", purpose = "border-safety", request = "jointOperation" });
        string given = (string)grant!["id"]!;

        // Their node says that our grant is theirs.
        var said = await there.Service<OperationBook>().DoAsync(id, "nobody", new GrantCarried(given, "Ours"), TestNode.Stop);
        said.Fault.ShouldBe(OperationFault.None);
        var refusals = await here.UntilAsync("/api/links/refusals", r => r.AsArray().Count > 0);
        ((string)refusals[0]!["reason"]!).ShouldContain("isn't yours");

        var (carried, why) = await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/grants", new { grant = given, what = "Live view of gate" });
        carried.ShouldBe(200, why?.ToJsonString());
        (await here.SendAsync(HttpMethod.Post, $"/api/operations/{id}/close", new { note = "Done." })).Status.ShouldBe(200);
        await here.UntilAsync($"/api/shares/{given}", s => (string)s["state"]! == "revoked");
    }

    [Fact]
    public async Task Its_end_counts_without_anybody_saying_so()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens);
        await using var there = await TestNode.StartAsync(Linked.Dials());
        var (link, _) = await Linked.LinkAsync(here, there, LinkKind.Site);
        var (_, made) = await here.SendAsync(HttpMethod.Post, "/api/operations", new
        {
            link = link.Id,
            title = "Short",
            aim = "A",
            legalBasis = "Art. 9",
            purpose = "p",
            start = TimeProvider.System.GetUtcNow().AddMinutes(-1),
            end = TimeProvider.System.GetUtcNow().AddHours(1),
            members = new[] { "Ana" },
        });
        string id = (string)made!["line"]!["id"]!;
        await using (var connection = await here.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update operations set end_us = 1");

        await here.Service<OperationBook>().SettleAsync(TestNode.Stop);

        (await here.GetAsync($"/api/operations/{id}"))["line"]!["settledAt"].ShouldNotBeNull();
    }

    [Fact]
    public void Printed_documents_have_every_word_in_four_languages()
    {
        ReportPage.Keys.Keys.Order().ShouldBe(["ar", "en", "es", "fr"]);
        foreach (var (language, keys) in ReportPage.Keys)
            keys.Order().ShouldBe(ReportPage.Keys["en"].Order(), language);
        foreach (var kind in Enum.GetValues<MarkKind>())
            ReportPage.Keys["en"].ShouldContain($"mark.{System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(kind.ToString())}");
    }

    [Fact]
    public async Task The_evaluation_is_one_document_in_four_languages()
    {
        await using var node = await TestNode.StartAsync();
        string period = $"from={TimeProvider.System.GetUtcNow().AddDays(-366):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}";

        (await node.GetAsync($"/api/evaluation?{period}"))["requests"]!.AsArray().ShouldBeEmpty();
        foreach (string language in new[] { "es", "fr", "ar", "en" })
            (await node.Http.GetStringAsync($"/api/evaluation/report?{period}&language={language}", TestNode.Stop)).ShouldContain($"<html lang=\"{language}\"");
        (await node.Http.GetAsync($"/api/evaluation/report?{period}&language=xx", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.BadRequest);
        (await node.SendAsync(HttpMethod.Get, $"/api/evaluation?{period}&link=ffffffffffffffff")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task The_evaluation_is_of_partners_and_of_one_of_them_where_one_is_named_but_not_of_own_sites()
    {
        await using var here = await TestNode.StartAsync(Linked.Listens);
        await using var partner = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (toPartner, _) = await Linked.LinkAsync(here, partner, LinkKind.Partner);
        var (toSite, _) = await Linked.LinkAsync(here, site, LinkKind.Site);
        await Agreed.SignAsync(here, partner, toPartner.Id);
        string incident = (string)(await here.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "A raft" })).Body!["id"]!;
        foreach (var link in new[] { toPartner, toSite })
        {
            var (status, given) = await here.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "incidentCard", incident, purpose = "rescue" });
            status.ShouldBe(201, given?.ToString());
        }

        string period = $"from={TimeProvider.System.GetUtcNow().AddDays(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        foreach (string of in new[] { period, $"{period}&link={toPartner.Id}" })
        {
            var told = await here.GetAsync($"/api/evaluation?{of}");
            told["partners"]!.AsArray().Select(p => (string)p!["organisation"]!).ShouldBe(["Sur"]);
            ((int)told["shares"]![0]!["given"]!).ShouldBe(1);
            (await here.Http.GetStringAsync($"/api/evaluation/report?{of}", TestNode.Stop)).ShouldContain("Sur");
        }

        (await here.SendAsync(HttpMethod.Get, $"/api/evaluation?{period}&link={toSite.Id}")).Status.ShouldBe(404);
    }
}
