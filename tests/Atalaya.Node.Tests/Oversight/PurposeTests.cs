using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Oversight;

public sealed class PurposeTests
{
    const string Cameras = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]";
    const string Past = "/api/cameras/gate/playback.m3u8?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";

    static readonly Grant Investigates = new("investigator", Scope.Organisation);

    [Fact]
    public async Task The_past_is_shown_to_who_says_for_what_and_what_just_happened_to_everybody()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        string token = await node.TokenAsync("Omar", Investigates);
        using var omar = node.As(token, purpose: false);
        foreach (string path in new[] { Past, "/api/cameras/gate/segments/1767225600000.mp4", "/api/cameras/gate/previews/29453760.jpg" })
        {
            var (status, problem) = await AskAsync(omar, HttpMethod.Get, path);
            status.ShouldBe(428, path);
            ((string?)problem!["type"]).ShouldBe("urn:atalaya:problem:purpose");
            problem["purposes"]!.AsArray().Select(p => (string)p!["id"]!).ShouldContain("investigation");
        }

        // What just happened belongs to watching: an alarm is looked at without a question.
        (await AskAsync(omar, HttpMethod.Get, $"/api/cameras/gate/playback.m3u8?from={At(-10)}&to={At(0)}")).Status.ShouldBe(404);
        (await AskAsync(omar, HttpMethod.Get, $"/api/cameras/gate/playback.m3u8?from={At(-20)}&to={At(0)}")).Status.ShouldBe(428);

        (await AskAsync(omar, HttpMethod.Put, "/api/me/purpose", new { purpose = "investigation" })).Status.ShouldBe(400, "this one needs a reference");
        (await AskAsync(omar, HttpMethod.Put, "/api/me/purpose", new { purpose = "curiosity" })).Status.ShouldBe(400);
        (await AskAsync(omar, HttpMethod.Put, "/api/me/purpose", new { purpose = "investigation", reference = "القضية ١١٨" })).Status.ShouldBe(200);
        (await AskAsync(omar, HttpMethod.Get, Past)).Status.ShouldBe(404, "nothing is recorded there");
        using (var another = node.As(await node.TokenAsync("Omar", Investigates), purpose: false))
            (await AskAsync(another, HttpMethod.Get, Past)).Status.ShouldBe(428, "it is the session's or token's, not the user's");

        (await AskAsync(omar, HttpMethod.Delete, "/api/me/purpose")).Status.ShouldBe(204);
        (await AskAsync(omar, HttpMethod.Get, Past)).Status.ShouldBe(428);
        omar.DefaultRequestHeaders.Add(Purposes.Header, "authority; %D8%A7%D9%84%D9%82%D8%B6%D9%8A%D8%A9");
        (await AskAsync(omar, HttpMethod.Get, Past)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task An_export_says_its_own_purpose_which_oversight_reads()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var omar = node.As(await node.TokenAsync("Omar", Investigates), purpose: false);
        (await AskAsync(omar, HttpMethod.Put, "/api/me/purpose", new { purpose = "training" })).Status.ShouldBe(200);
        var export = new { camera = "gate", from = "2026-01-01T00:00:00Z", to = "2026-01-01T00:01:00Z" };

        (await AskAsync(omar, HttpMethod.Post, "/api/exports", export)).Status.ShouldBe(428, "what one looks back for isn't always what one takes footage out for");
        var (status, made) = await AskAsync(omar, HttpMethod.Post, "/api/exports", new { export.camera, export.from, export.to, purpose = new { purpose = "authority", reference = "=court 7" } });
        status.ShouldBe(202, made?.ToJsonString());
        (await AskAsync(omar, HttpMethod.Post, "/api/accesses/snapshots", new { camera = "gate" })).Status.ShouldBe(204);
        (await AskAsync(omar, HttpMethod.Post, "/api/accesses/snapshots", new { camera = "gate" })).Status.ShouldBe(204);
        (await AskAsync(omar, HttpMethod.Post, "/api/accesses/snapshots", new { camera = "other" })).Status.ShouldBe(404);

        var lines = (await node.GetAsync($"/api/accesses?from={At(-60)}&to={At(60)}&user=Omar"))["accesses"]!.AsArray();
        lines.Select(l => $"{l!["kind"]} {l["purpose"]} {l["reference"]}").ShouldBe(["snapshot training ", "snapshot training ", "export authority =court 7"]);
        string csv = await node.Http.GetStringAsync($"/api/accesses.csv?from={At(-60)}&to={At(60)}&user=Omar", TestNode.Stop);
        csv.ShouldStartWith("begun,ended,user,token,address,camera,kind,from,to,purpose,reference,detail\r\n");
        csv.ShouldContain(",authority,'=court 7,");
    }

    [Fact]
    public async Task For_what_and_whom_one_is_asked_is_the_organisations_to_say()
    {
        using var folder = new TempFolder("purposes");
        string yaml = $"oversight: {{ purpose: [past], purposeRoles: [operator], purposes: [investigation, 'Registro 4-B'], purposeReference: [] }}\n{Cameras.Replace("enabled: false", "enabled: false, site: a", StringComparison.Ordinal)}";
        string token;
        await using (var node = await TestNode.StartAsync(yaml, folder.Path))
        {
            using var omar = node.As(await node.TokenAsync("Omar", Investigates), purpose: false);
            (await AskAsync(omar, HttpMethod.Get, Past)).Status.ShouldBe(404, "investigators aren't asked here");
            token = await node.TokenAsync("Ana", new Grant("operator", Scope.Organisation));
            using var ana = node.As(token, purpose: false);
            string old = $"/api/cameras/gate/playback.m3u8?from={At(-60)}&to={At(0)}";
            (await AskAsync(ana, HttpMethod.Get, old)).Status.ShouldBe(428);
            (await AskAsync(ana, HttpMethod.Put, "/api/me/purpose", new { purpose = "Registro 4-B" })).Status.ShouldBe(200);
            (await AskAsync(ana, HttpMethod.Get, old)).Status.ShouldBe(404);
        }

        await using (var node = await TestNode.StartAsync(yaml, folder.Path))
        {
            using var ana = node.As(token, purpose: false);
            var known = (await AskAsync(ana, HttpMethod.Get, "/api/purposes")).Body!;
            ((string?)known["current"]!["purpose"]).ShouldBe("Registro 4-B", "a restart in a shift asks nobody again");
            ((bool)known["purposes"]![1]!["isOwn"]!).ShouldBeTrue();
        }
    }

    static async Task<(int Status, JsonNode? Body)> AskAsync(HttpClient http, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await http.SendAsync(request, TestNode.Stop);
        string text = await answer.Content.ReadAsStringAsync(TestNode.Stop);
        return ((int)answer.StatusCode, text.Length == 0 || text[0] != '{' ? null : JsonNode.Parse(text));
    }

    static string At(double minutes) => TimeProvider.System.GetUtcNow().AddMinutes(minutes).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
