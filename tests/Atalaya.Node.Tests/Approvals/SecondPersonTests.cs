using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Approvals;

/// <summary>The second person's rule on every route that it is about.</summary>
public sealed class SecondPersonTests
{
    const string Cameras = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]";

    static readonly Grant Investigates = new("investigator", Scope.Organisation);

    static object Export(string to = "2026-01-01T00:01:00Z", string reference = "2026/118") =>
        new { camera = "gate", from = "2026-01-01T00:00:00Z", to, purpose = new { purpose = "investigation", reference } };

    [Fact]
    public async Task An_export_is_made_once_after_somebody_else_agreed_to_exactly_that()
    {
        await using var node = await TestNode.StartAsync(Cameras, secondPerson: true);
        using var omar = await node.AsAsync("Omar", Investigates);
        using var omarAtPage = await node.AtPageAsync("Omar", Investigates);
        using var lena = await node.AtPageAsync("Lena", Investigates);
        using var lenasProgram = await node.AsAsync("Lena", Investigates);
        using var watcher = await node.AtPageAsync("Watcher", new Grant("operator", Scope.Organisation));
        using var elsewhere = await node.AtPageAsync("Elsewhere", new Grant("investigator", new(ScopeKind.Site, "elsewhere")));

        var (status, problem) = await PostAsync(omar, "/api/exports", Export());
        status.ShouldBe(409, problem?.ToJsonString());
        ((string?)problem!["type"]).ShouldBe("urn:atalaya:problem:approval");
        ((string?)problem["approval"]!["state"]).ShouldBe("waiting");
        problem["deciders"]!.AsArray().Select(n => (string)n!).ShouldBe(["Lena"]);
        string id = (string)problem["approval"]!["id"]!;
        ((string?)(await PostAsync(omar, "/api/exports", Export())).Body!["approval"]!["id"]).ShouldBe(id, "asked again, it is the same request");

        // Who may decide, and nobody else.
        (await WaitingAsync(lena)).ShouldBe([id]);
        foreach (var other in new[] { omar, omarAtPage, watcher, elsewhere })
            (await WaitingAsync(other)).ShouldBeEmpty();
        foreach (var (who, answer) in new[] { (omar, 403), (omarAtPage, 403), (lenasProgram, 403), (watcher, 404), (elsewhere, 404) })
            (await PostAsync(who, $"/api/approvals/{id}/approve", new { })).Status.ShouldBe(answer);
        (await PostAsync(lena, $"/api/approvals/{id}/approve", new { reason = "seen" })).Status.ShouldBe(200);
        (await PostAsync(lena, $"/api/approvals/{id}/refuse", new { reason = "too late" })).Status.ShouldBe(409);

        // What is a little different is something else; so is the same by somebody else.
        ((string?)(await PostAsync(omar, "/api/exports", Export(to: "2026-01-01T00:01:01Z"))).Body!["approval"]!["id"]).ShouldNotBe(id);
        ((string?)(await PostAsync(omar, "/api/exports", Export(reference: "2026/119"))).Body!["approval"]!["id"]).ShouldNotBe(id);
        (await PostAsync(lena, "/api/exports", Export())).Status.ShouldBe(409);

        var (made, export) = await PostAsync(omar, "/api/exports", Export());
        made.ShouldBe(202, export?.ToJsonString());
        ((string?)export!["user"]).ShouldBe("Omar");
        ((string?)export["reference"]).ShouldBe("2026/118");
        var (again, anew) = await PostAsync(omar, "/api/exports", Export());
        again.ShouldBe(409);
        ((string?)anew!["approval"]!["id"]).ShouldNotBe(id, "once means once");

        using var auditor = await node.AsAsync("auditor", new Grant("auditor", Scope.Organisation));
        var lines = JsonNode.Parse(await auditor.GetStringAsync($"/api/accesses?{Now()}", TestNode.Stop))!["accesses"]!.AsArray()
            .Where(a => ((string)a!["detail"]!).Contains(id, StringComparison.Ordinal)).Reverse().Select(a => $"{a!["kind"]} {a["user"]} {a["camera"]} {a["purpose"]} {a["reference"]}").ToArray();
        lines.ShouldBe(["approvalAsked Omar gate investigation 2026/118", "approved Lena gate investigation 2026/118", "approvalUsed Omar gate investigation 2026/118"]);
    }

    [Fact]
    public async Task A_refusal_stands_and_says_who_and_why()
    {
        await using var node = await TestNode.StartAsync(Cameras, secondPerson: true);
        using var omar = await node.AsAsync("Omar", Investigates);
        using var lena = await node.AtPageAsync("Lena", Investigates);
        string id = (string)(await PostAsync(omar, "/api/exports", Export())).Body!["approval"]!["id"]!;

        (await PostAsync(lena, $"/api/approvals/{id}/refuse", new { })).Status.ShouldBe(400);
        (await PostAsync(lena, $"/api/approvals/{id}/refuse", new { reason = "There is no such case." })).Status.ShouldBe(200);

        var (status, problem) = await PostAsync(omar, "/api/exports", Export());
        status.ShouldBe(409);
        ((string?)problem!["approval"]!["state"]).ShouldBe("refused");
        ((string?)problem["detail"])!.ShouldStartWith("Lena refused this: There is no such case.");
        (await WaitingAsync(lena)).ShouldBeEmpty("asking again bothers nobody");
    }

    [Fact]
    public async Task Without_a_second_person_nothing_goes_through_and_the_answer_says_what_to_do()
    {
        await using var node = await TestNode.StartAsync(Cameras, secondPerson: true);
        using var omar = await node.AsAsync("Omar", Investigates);

        var (status, problem) = await PostAsync(omar, "/api/exports", Export());

        status.ShouldBe(409);
        problem!["deciders"]!.AsArray().ShouldBeEmpty();
        ((string?)problem["detail"])!.ShouldContain("nobody except you may agree");
        ((string?)problem["detail"])!.ShouldContain("approvals.for");
    }

    [Fact]
    public async Task Requests_outlast_a_restart_and_their_owner_withdraws_them()
    {
        using var folder = new TempFolder("approvals");
        string waits, agreed;
        await using (var node = await TestNode.StartAsync(Cameras, folder.Path, secondPerson: true))
        {
            using var omar = await node.AsAsync("Omar", Investigates);
            using var lena = await node.AtPageAsync("Lena", Investigates);
            waits = (string)(await PostAsync(omar, "/api/exports", Export())).Body!["approval"]!["id"]!;
            agreed = (string)(await PostAsync(omar, "/api/exports", Export(reference: "2"))).Body!["approval"]!["id"]!;
            (await PostAsync(lena, $"/api/approvals/{agreed}/approve", new { })).Status.ShouldBe(200);
        }

        await using (var node = await TestNode.StartAsync(Cameras, folder.Path, secondPerson: true))
        {
            using var omar = await node.AsAsync("Omar", Investigates);
            using var lena = await node.AtPageAsync("Lena", Investigates);
            (await PostAsync(omar, "/api/exports", Export(reference: "2"))).Status.ShouldBe(202);
            (await WaitingAsync(lena)).ShouldBe([waits]);
            (await lena.DeleteAsync($"/api/approvals/{waits}", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
            (await omar.DeleteAsync($"/api/approvals/{waits}", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);
            (await WaitingAsync(lena)).ShouldBeEmpty();
            (await PostAsync(lena, $"/api/approvals/{waits}/approve", new { })).Status.ShouldBe(409);
        }
    }

    [Fact]
    public async Task Footage_goes_earlier_and_holds_end_only_with_a_second_person()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync("approvals: { for: [retention, release] }", secondPerson: true);
        using var lena = await node.AtPageAsync("Lena", new Grant(Roles.Administrator, Scope.Organisation));
        object Camera(double days, string name = "Gate") => new { id = "gate", name, main = new { url = fake.Url.ToString() }, retention = new { days } };
        (await node.SendAsync(HttpMethod.Post, "/api/cameras", Camera(30))).Status.ShouldBe(201);
        await node.UntilAsync($"/api/timeline?{Now()}", t => t["gate"]?["segments"]?.AsArray().Count > 0);
        async Task AgreeAsync(JsonNode? problem)
        {
            ((string?)problem!["type"]).ShouldBe("urn:atalaya:problem:approval", problem.ToJsonString());
            (await PostAsync(lena, $"/api/approvals/{problem["approval"]!["id"]}/approve", new { })).Status.ShouldBe(200);
        }

        // A camera's own limit. What makes nothing shorter needs nobody.
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", Camera(30, "North gate"))).Status.ShouldBe(200);
        var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", Camera(7));
        status.ShouldBe(409);
        ((string?)problem!["approval"]!["detail"]).ShouldBe("30 d → 7 d");
        ((double)(await node.GetAsync("/api/cameras/gate"))["retention"]!["days"]!).ShouldBe(30);
        await AgreeAsync(problem);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", Camera(6))).Status.ShouldBe(409, "six days weren't agreed to");
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", Camera(7))).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", Camera(30))).Status.ShouldBe(200);

        // The same by the configuration's text.
        string text = (await node.Http.GetStringAsync("/api/configuration", TestNode.Stop)).Replace("days: 30", "days: 5", StringComparison.Ordinal);
        async Task<(int Status, JsonNode? Body)> ApplyAsync(bool dryRun)
        {
            using var body = new StringContent(text, Encoding.UTF8, "application/yaml");
            using var answer = await node.Http.PutAsync($"/api/configuration?dryRun={(dryRun ? "true" : "false")}", body, TestNode.Stop);
            return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestNode.Stop)));
        }

        (await ApplyAsync(dryRun: true)).Status.ShouldBe(200);
        (status, problem) = await ApplyAsync(dryRun: false);
        status.ShouldBe(409);
        await AgreeAsync(problem);
        (await ApplyAsync(dryRun: false)).Status.ShouldBe(200);
        ((double)(await node.GetAsync("/api/cameras/gate"))["retention"]!["days"]!).ShouldBe(5);

        // A hold, whichever way it ends.
        var (held, made) = await node.SendAsync(HttpMethod.Post, "/api/holds", new { cameras = new[] { "gate" }, from = At(-1), to = At(1), reason = "Case 7", owner = "ana", accept = true });
        held.ShouldBe(201);
        string release = $"/api/holds/{made!["hold"]!["id"]}?by=ana&why=closed";
        (status, problem) = await node.SendAsync(HttpMethod.Delete, release);
        status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Delete, release.Replace("closed", "lost", StringComparison.Ordinal))).Status.ShouldBe(409);
        await AgreeAsync(problem);
        (await node.SendAsync(HttpMethod.Delete, release)).Status.ShouldBe(204);

        var (opened, incident) = await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title = "Fence" });
        opened.ShouldBe(201);
        var (pinned, pin) = await node.SendAsync(HttpMethod.Post, $"/api/incidents/{incident!["id"]}/pins", new { cameras = new[] { "gate" }, from = At(-1), to = At(0), accept = true });
        pinned.ShouldBe(201, pin?.ToJsonString());
        string unpin = $"/api/incidents/{incident["id"]}/pins/{pin!["hold"]!["hold"]!["id"]}?why=over";
        (status, problem) = await node.SendAsync(HttpMethod.Delete, unpin);
        status.ShouldBe(409);
        (await node.GetAsync("/api/holds")).AsArray().Count.ShouldBe(1);
        await AgreeAsync(problem);
        (await node.SendAsync(HttpMethod.Delete, unpin)).Status.ShouldBe(200);
        (await node.GetAsync("/api/holds")).AsArray().ShouldBeEmpty();
    }

    static async Task<string[]> WaitingAsync(HttpClient http) =>
        [.. JsonNode.Parse(await http.GetStringAsync("/api/approvals", TestNode.Stop))!["toDecide"]!.AsArray().Select(a => (string)a!["id"]!)];

    static async Task<(int Status, JsonNode? Body)> PostAsync(HttpClient http, string path, object body)
    {
        using var answer = await http.PostAsJsonAsync(path, body, TestNode.Stop);
        string text = await answer.Content.ReadAsStringAsync(TestNode.Stop);
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    static string At(double hours) => TimeProvider.System.GetUtcNow().AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    static string Now() => $"from={At(-1)}&to={At(1)}";
}
