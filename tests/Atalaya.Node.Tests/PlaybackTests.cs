using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class PlaybackTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);

    [Fact]
    public async Task What_was_recorded_is_listed_played_exported_and_still_there_after_a_restart()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("playback");
        string yaml = $"recording: {{ segment: 2m }}\ncameras: [{{ id: gate, name: 'Gate: 1', main: '{fake.Url}' }}]";
        const string Stretch = "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z";
        string all, closed;
        await using (var node = await TestNode.StartAsync(yaml, folder.Path))
        {
            var now = DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!);
            all = $"from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
            await node.UntilAsync($"/api/cameras/gate/timeline?{all}", t => Recorded(t) > 3000);
            (await node.GetAsync($"/api/cameras/gate/timeline?{Stretch}"))["segments"]!.AsArray().ShouldBeEmpty();

            // The open segment plays as well.
            // To the present only: a playlist that reaches into the future has no end, and a player waits for more.
            var present = DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!);
            (await FramesAsync(node, $"/api/cameras/gate/playback.m3u8?from={present.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={present.AddSeconds(-1):yyyy-MM-ddTHH:mm:ssZ}"))
                .ShouldBeGreaterThan(20);

            // A lost camera is a gap with its cause, and ends the segment.
            fake.Camera.Inject(new(FaultKind.Close));
            await node.UntilAsync($"/api/cameras/gate/timeline?{all}", t => t["gaps"]!.AsArray().Any(g => (string?)g!["cause"] == "camera"));
            await node.UntilAsync($"/api/cameras/gate/timeline?{all}", t => t["segments"]!.AsArray().Count == 2);
            var both = await node.GetAsync($"/api/timeline?{all}");
            both["gate"]!["segments"]!.AsArray().Count.ShouldBe(2);

            string playlist = await node.TextUntilAsync($"/api/cameras/gate/playback.m3u8?{all}", p => p.Contains("#EXT-X-DISCONTINUITY", StringComparison.Ordinal));
            closed = "/api/cameras/gate/" + playlist.Split('\n').First(l => l.StartsWith("segments/", StringComparison.Ordinal));
            await SegmentIsServedAsync(node, closed);

            var spans = (await node.GetAsync($"/api/cameras/gate/timeline?{all}"))["segments"]!.AsArray();
            var from = DateTimeOffset.FromUnixTimeMilliseconds((long)spans[0]![0]! + 500);
            var to = DateTimeOffset.FromUnixTimeMilliseconds((long)spans[1]![0]! + 400);
            await ExportIsServedAsync(node, folder, from, to);
            // A restart can be quicker than the archive tells times apart; a camera that is away for its length makes the pause certain.
            fake.Simulator.StopListening();
        }

        await using (var node = await TestNode.StartAsync(yaml, folder.Path))
        {
            await SegmentIsServedAsync(node, closed);
            var export = (await node.GetAsync("/api/exports")).AsArray().ShouldHaveSingleItem()!;
            (await node.Http.GetAsync($"/api/exports/{export["id"]}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
            await node.UntilAsync("/api/cameras/gate", c => (string?)c["status"]!["state"] == "unreachable");
            fake.Simulator.StartListening();
            await node.UntilAsync($"/api/cameras/gate/timeline?{all}", t => t["segments"]!.AsArray().Count >= 3);
            var causes = (await node.GetAsync($"/api/cameras/gate/timeline?{all}"))["gaps"]!.AsArray().Select(g => (string?)g!["cause"]).ToArray();
            causes.ShouldContain(cause => cause == "shutdown" || cause == "network");

            (await node.SendAsync(HttpMethod.Delete, $"/api/exports/{export["id"]}")).Status.ShouldBe(204);
            (await node.GetAsync("/api/exports")).AsArray().ShouldBeEmpty();
            Directory.GetFiles(folder.File("data", "exports")).ShouldBeEmpty();
        }

        static long Recorded(JsonNode timeline) => timeline["segments"]!.AsArray().Sum(s => (long)s![1]! - (long)s[0]!);
    }

    [Fact]
    public async Task An_export_of_nothing_fails_in_words_and_leaves_no_file()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");

        var (status, export) = await node.SendAsync(HttpMethod.Post, "/api/exports",
            new { camera = "gate", from = "2026-01-01T00:00:00Z", to = "2026-01-01T00:01:00+01:00" });
        status.ShouldBe(400);   // An hour earlier in that zone.
        (status, export) = await node.SendAsync(HttpMethod.Post, "/api/exports", new { camera = "gate", from = "2026-01-01T00:00:00Z", to = "2026-01-01T00:01:00Z" });
        status.ShouldBe(202);

        var ended = await node.UntilAsync($"/api/exports/{export!["id"]}", e => (string?)e["state"] is not ("queued" or "running"));
        ((string?)ended["state"]).ShouldBe("failed");
        ((string?)ended["reason"])!.Length.ShouldBeGreaterThan(10);
        var (file, problem) = await node.SendAsync(HttpMethod.Get, $"/api/exports/{export["id"]}/file");
        file.ShouldBe(409);
        ((string?)problem!["detail"])!.ShouldContain("failed");
        Directory.GetFiles(Path.Combine(node.Folder, "data", "exports")).ShouldBeEmpty();
    }

    static async Task SegmentIsServedAsync(TestNode node, string path)
    {
        using var whole = await node.Http.GetAsync(path, TestNode.Stop);
        whole.StatusCode.ShouldBe(HttpStatusCode.OK);
        whole.Content.Headers.ContentType!.MediaType.ShouldBe("video/mp4");
        whole.Headers.CacheControl!.ToString().ShouldContain("immutable");
        byte[] bytes = await whole.Content.ReadAsByteArrayAsync(TestNode.Stop);
        string digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        whole.Headers.ETag!.Tag.ShouldBe($"\"{digest}\"");

        using var ranged = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(100, 199) } };
        using var part = await node.Http.SendAsync(ranged, TestNode.Stop);
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync(TestNode.Stop)).ShouldBe(bytes[100..200]);

        using var beyond = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(bytes.Length + 1, null) } };
        (await node.Http.SendAsync(beyond, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        using var known = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { whole.Headers.ETag } } };
        (await node.Http.SendAsync(known, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = new HttpRequestMessage(HttpMethod.Head, path);
        (await node.Http.SendAsync(head, TestNode.Stop)).Content.Headers.ContentLength.ShouldBe(bytes.Length);
    }

    static async Task ExportIsServedAsync(TestNode node, TempFolder folder, DateTimeOffset from, DateTimeOffset to)
    {
        var (status, export) = await node.SendAsync(HttpMethod.Post, "/api/exports", new { camera = "gate", from = from.ToString("o"), to = to.ToString("o") });
        status.ShouldBe(202, export?.ToJsonString());
        var done = await node.UntilAsync($"/api/exports/{export!["id"]}", e => (string?)e["state"] is not ("queued" or "running"));
        ((string?)done["state"]).ShouldBe("done", done.ToJsonString());
        ((double)done["progress"]!).ShouldBe(1);
        ((string?)done["gaps"]!.AsArray().ShouldHaveSingleItem()!["cause"]).ShouldBe("camera");

        using var response = await node.Http.GetAsync($"/api/exports/{export["id"]}/file", TestNode.Stop);
        response.Content.Headers.ContentDisposition!.FileName!.Trim('"').ShouldMatch(@"^Atalaya Gate_ 1 \d{4}-\d\d-\d\d \d\d-\d\d-\d\dZ\.mp4$");
        byte[] bytes = await response.Content.ReadAsByteArrayAsync(TestNode.Stop);
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)).ShouldBe((string?)done["sha256"]);
        string file = folder.File("export.mp4");
        await File.WriteAllBytesAsync(file, bytes, TestNode.Stop);
        var probe = await Ffmpeg.ProbeAsync(file);
        probe.Errors.ShouldBeEmpty();
        probe.Video.Count().ShouldBeGreaterThan(50);
    }

    static async Task<int> FramesAsync(TestNode node, string playlist)
    {
        var probe = await Ffmpeg.ProbeAsync(new Uri(node.Address, playlist).ToString(), "-headers", $"Authorization: {node.Http.DefaultRequestHeaders.Authorization}\r\nAtalaya-Purpose: technical\r\n");
        probe.Errors.ShouldBeEmpty();
        return probe.Video.Count();
    }
}
