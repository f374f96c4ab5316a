using System.Net;
using System.Text.Json.Nodes;

using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>A node whose database is a server that goes and comes.</summary>
public sealed class StoreTests
{
    const string Timeline = "/api/cameras/gate/timeline?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z";

    [Fact]
    public async Task While_the_server_is_down_the_node_records_and_says_what_it_can_t_answer()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync(
            $"{{ recording: {{ segment: 2s }}, cameras: [{{ id: gate, main: '{fake.Url}' }}] }}", database: server.ConnectionString + ";Password=geheim");
        await node.RunningAsync("gate");
        await node.UntilAsync(Timeline, t => t["newest"] is not null);

        await server.PauseAsync();
        using (var refused = await node.Http.GetAsync(Timeline, TestNode.Stop))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestNode.Stop))!["title"]!.GetValue<string>().ShouldBe("The database doesn't answer");
        }

        // A segment ends, and its row can't be written.
        await node.UntilAsync("/health", h => h["parts"]!.AsArray().Any(p => (string)p!["name"]! == "store" && (string)p["state"]! != "ok"));
        (await node.Http.GetAsync("/health/ready", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await node.RunningAsync("gate");

        await server.ResumeAsync();
        var told = await node.UntilAsync(Timeline, t => t["newest"] is not null);
        await node.UntilAsync("/health", h => (string)h["state"]! == "ok", seconds: 60);
        told["gaps"]!.AsArray().ShouldBeEmpty("the camera was recorded all the time");
        node.Log.ShouldNotContain("geheim");
    }

    [Fact]
    public async Task A_node_that_starts_before_its_server_waits_for_it()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.PauseAsync();
        using var folder = new TempFolder("waiting");
        await using var node = ManagedProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "atalaya"), ["serve", "--data", folder.Path, "--listen", "127.0.0.1:0"], [new("ATALAYA_DATABASE", server.ConnectionString + ";Password=geheim")]);
        await node.WaitForLineAsync(l => l.Contains("The node waits for it", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        await server.ResumeAsync();
        await node.WaitForLineAsync(l => l.Contains("listens on http://127.0.0.1:", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        (node.Output + node.Errors).ShouldNotContain("geheim");
        // All that its log shall watch was made ready, in one go.
        node.Errors.ShouldNotContain("can't be watched");
        node.Terminate();
        (await node.WaitAsync()).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task What_patience_doesn_t_mend_is_told_at_once()
    {
        await using var server = await PostgresServer.StartAsync();

        var fault = await Should.ThrowAsync<global::System.Data.Common.DbException>(() => TestNode.StartAsync(database: server.ConnectionString.Replace("Database=postgres", "Database=nowhere", StringComparison.Ordinal)));

        fault.Message.ShouldContain("nowhere");
    }
}
