using System.Net;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;

using Dapper;

namespace Atalaya.Node.Tests.Alarms;

public sealed class HorizonTests
{
    [Fact]
    public async Task Incidents_are_seen_as_far_back_as_a_role_may_look_and_open_ones_whenever_they_began()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        using var watcher = await node.AsAsync("watcher", new Grant("operator", Scope.Organisation));
        async Task<string> MakeAsync(string title) => (string)(await node.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title })).Body!["id"]!;
        string open = await MakeAsync("open"), old = await MakeAsync("old"), recent = await MakeAsync("recent");
        await using (var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            // An operator looks three days back.
            foreach (var (id, days) in new[] { (old, 4), (recent, 2) })
            {
                await connection.ExecuteAsync("update incidents set is_open = 0, state = 'Closed', closed_at = @at where id = @id",
                    new { id = Guid.Parse(id).ToString("n"), at = (WallTime.Now(TimeProvider.System) - TimeSpan.FromDays(days)).Microseconds });
            }
        }

        async Task<string[]> TitlesAsync(HttpClient http) =>
            [.. JsonNode.Parse(await http.GetStringAsync("/api/incidents", TestNode.Stop))!["incidents"]!.AsArray().Select(i => (string)i!["title"]!).Order(StringComparer.Ordinal)];

        (await TitlesAsync(watcher)).ShouldBe(["open", "recent"]);
        (await TitlesAsync(node.Http)).ShouldBe(["old", "open", "recent"]);
        (await watcher.GetAsync($"/api/incidents/{old}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await watcher.GetAsync($"/api/incidents/{recent}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await watcher.GetAsync($"/api/incidents/{open}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await watcher.GetStringAsync("/api/alarms/changes?after=0", TestNode.Stop)).ShouldNotContain("\"old\"");
        (await node.Http.GetStringAsync("/api/alarms/changes?after=0", TestNode.Stop)).ShouldContain("\"old\"");
    }
}
