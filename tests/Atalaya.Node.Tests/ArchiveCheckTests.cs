using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>The archive is checked and repaired through the API while the node records.</summary>
public sealed class ArchiveCheckTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_check_beside_the_recording_finds_a_missing_file_and_makes_it_a_gap()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        using var folder = new TempFolder("checks");
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path);
        await node.UntilAsync("/api/cameras/gate/timeline?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z",
            t => t["newest"] is { } n && DateTimeOffset.Parse((string)n!) - DateTimeOffset.Parse((string)t["oldest"]!) > TimeSpan.FromSeconds(5));
        (await CheckAsync(node, new { depth = "digest" }))["check"]!["faultCount"]!.GetValue<int>().ShouldBe(0);

        string oldest = Directory.GetFiles(folder.File("data/archive/gate"), "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.Delete(oldest);
        var found = await CheckAsync(node, new { depth = "presence" });
        ((string)found["faults"]![0]!["kind"]!).ShouldBe("missing");
        ((bool)found["faults"]![0]!["repaired"]!).ShouldBeFalse();
        var repaired = await CheckAsync(node, new { depth = "presence", repair = true });
        ((int)repaired["check"]!["repairedCount"]!).ShouldBe(1);
        (await CheckAsync(node, new { depth = "structure" }))["check"]!["faultCount"]!.GetValue<int>().ShouldBe(0);
        (await node.Http.GetFromJsonAsync<JsonNode>("/api/archive/checks", Stop))!.AsArray().Count.ShouldBe(4);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused()
    {
        using var folder = new TempFolder("checks");
        await using var node = await TestNode.StartAsync("", folder.Path);
        (await node.Http.PostAsJsonAsync("/api/archive/checks", new { deleteUnreadable = true }, Stop)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await node.Http.GetAsync(new Uri("/api/archive/checks/77", UriKind.Relative), Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await node.Http.DeleteAsync(new Uri("/api/archive/checks/77", UriKind.Relative), Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    static async Task<JsonNode> CheckAsync(TestNode node, object input)
    {
        var answer = await node.Http.PostAsJsonAsync("/api/archive/checks", input, Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return await node.UntilAsync(answer.Headers.Location!.ToString(), c => (string)c["check"]!["state"]! == "done");
    }
}
