using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Oversight;

public sealed class AccessLogTests
{
    [Fact]
    public async Task Who_looked_at_what_is_told_to_oversight_alone_which_sees_no_picture()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]");
        string token = await node.TokenAsync("Omar", new Grant("investigator", Scope.Organisation));
        using var omar = node.As(token);
        using var auditor = await node.AsAsync("auditor", new Grant("auditor", Scope.Organisation));
        string day = "from=" + Time(-1) + "&to=" + Time(1);
        async Task<JsonArray> AccessesAsync(string more = "") => JsonNode.Parse(await auditor.GetStringAsync($"/api/accesses?{day}{more}", TestNode.Stop))!["accesses"]!.AsArray();

        using (var live = await node.ConnectAsync("/api/cameras/gate/live", token: token))
        {
            await live.NextTextAsync();
            var goesOn = (await AccessesAsync()).Single()!;
            ((string?)goesOn["kind"]).ShouldBe("live");
            ((string?)goesOn["user"]).ShouldBe("Omar");
            goesOn["endedAt"].ShouldBeNull();
            live.Abort();
        }

        await node.UntilAsync($"/api/accesses?{day}", a => a["accesses"]![0]!["endedAt"] is not null);
        string list = await node.TextUntilAsync($"/api/cameras/gate/playback.m3u8?{day}", t => t.Split('\n').Count(l => l.Contains("/segments/", StringComparison.Ordinal) || l.EndsWith(".mp4", StringComparison.Ordinal)) >= 3);
        string[] segments = [.. list.Split('\n').Where(l => l.EndsWith(".mp4", StringComparison.Ordinal)).Distinct()];
        foreach (string segment in segments)
            (await omar.GetAsync(new Uri(new Uri(node.Address, "/api/cameras/gate/playback.m3u8"), segment), TestNode.Stop)).EnsureSuccessStatusCode();
        var played = (await AccessesAsync("&kind=playback")).Single()!;
        played["from"].ShouldNotBeNull("pieces that follow each other are one stretch");
        ((string?)played["token"]).ShouldNotBeNullOrEmpty();
        (await AccessesAsync("&user=administrator")).ShouldBeEmpty();
        (await AccessesAsync("&user=Omar&camera=gate&limit=1")).Count.ShouldBe(1);

        string csv = await auditor.GetStringAsync($"/api/accesses.csv?{day}", TestNode.Stop);
        csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(3);
        (await omar.GetAsync($"/api/accesses?{day}", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        foreach (string path in new[] { $"/api/cameras/gate/playback.m3u8?{day}", segments[0], "/api/cameras/gate/live", "/api/exports" })
            (await auditor.GetAsync(new Uri(new Uri(node.Address, "/api/cameras/gate/playback.m3u8"), path), TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden, path);
    }

    [Fact]
    public void A_cell_is_never_a_formula()
    {
        AccessEndpoints.Cell("=1+1").ShouldBe("'=1+1");
        AccessEndpoints.Cell("a,\"b\"").ShouldBe("\"a,\"\"b\"\"\"");
        AccessEndpoints.Cell(null).ShouldBe("");
    }

    static string Time(int hours) => TimeProvider.System.GetUtcNow().AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
}
