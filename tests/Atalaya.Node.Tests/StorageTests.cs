using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class StorageTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);

    [Fact]
    public async Task Storage_says_what_is_kept_and_a_hold_is_assessed_made_shown_and_released()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync(
            $"recording: {{ segment: 2s }}\nstorage: {{ retention: {{ days: 7 }} }}\ncameras: [{{ id: gate, main: '{fake.Url}', retention: {{ days: 2, bytes: 5GB }} }}]");
        var storage = await node.UntilAsync("/api/storage", s => s["cameras"]!.AsArray().Count > 0 && (long)s["volumes"]![0]!["used"]! > 0, seconds: 40);
        var volume = storage["volumes"]![0]!;
        ((string?)volume["name"], (string?)volume["tier"]).ShouldBe(("archive", "fast"));
        ((string?)volume["id"])!.Length.ShouldBe(32);
        ((long)volume["holdsLimit"]!).ShouldBeGreaterThan(0);
        var camera = storage["cameras"]![0]!;
        ((double)camera["retention"]!["days"]!, (bool)camera["isOwn"]!).ShouldBe((2.0, true));
        ((double)storage["retention"]!["days"]!).ShouldBe(7.0);
        ((double)(await node.GetAsync("/api/cameras/gate"))["retention"]!["days"]!).ShouldBe(2.0);

        var now = DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!);
        string from = $"{now.AddMinutes(-5):yyyy-MM-ddTHH:mm:ss.5}Z", to = $"{now.AddMinutes(5):yyyy-MM-ddTHH:mm:ss.5}Z";
        var hold = new { cameras = new[] { "gate" }, from, to, reason = "Incident 7", owner = "ana" };
        var (status, assessment) = await node.SendAsync(HttpMethod.Post, "/api/holds/assessment", hold);
        status.ShouldBe(200);
        ((long)assessment!["bytes"]!).ShouldBeGreaterThan(0);
        var (made, answer) = await node.SendAsync(HttpMethod.Post, "/api/holds", new { hold.cameras, hold.from, hold.to, hold.reason, hold.owner, accept = true });
        made.ShouldBe(201);
        string id = (string)answer!["hold"]!["id"]!;
        // Exact to the second, outward.
        DateTimeOffset.Parse((string)answer["hold"]!["from"]!).Millisecond.ShouldBe(0);
        (DateTimeOffset.Parse((string)answer["hold"]!["to"]!) - DateTimeOffset.Parse((string)answer["hold"]!["from"]!)).ShouldBe(TimeSpan.FromSeconds(601));

        string stretch = $"from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        ((string?)(await node.GetAsync($"/api/cameras/gate/timeline?{stretch}"))["holds"]![0]!["id"]).ShouldBe(id);
        (await node.GetAsync($"/api/timeline?{stretch}"))["gate"]!["holds"]!.AsArray().Count.ShouldBe(1);
        await node.UntilAsync("/api/storage", s => (long)s["volumes"]![0]!["held"]! > 0, seconds: 40);
        (await node.Http.GetStringAsync("/metrics", TestNode.Stop)).ShouldContain("atalaya_storage_held_bytes{volume=\"archive\"}");

        (await node.SendAsync(HttpMethod.Delete, $"/api/holds/{id}?by=ana")).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Delete, $"/api/holds/{id}?by=ana&why=closed")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Delete, $"/api/holds/{id}?by=ana&why=closed")).Status.ShouldBe(404);
        (await node.GetAsync("/api/holds")).AsArray().ShouldBeEmpty();
        var ended = (await node.GetAsync("/api/holds?ended=true"))[0]!;
        ((string?)ended["endedBy"], (string?)ended["endedWhy"]).ShouldBe(("ana", "closed"));
    }

    [Fact]
    public async Task A_hold_that_says_too_little_is_refused_with_every_reason()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/holds", new { cameras = new[] { "../x" }, to = "now" });
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["cameras", "from", "owner", "reason", "to"]);
        (await node.SendAsync(HttpMethod.Post, "/api/holds", new { cameras = new[] { "nobody" }, from = "2026-01-01T00:00:00Z", reason = "x", owner = "y" })).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Limits_of_a_camera_are_kept_over_a_restart_and_checked()
    {
        using var folder = new TempFolder("limits");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            var camera = new { id = "gate", main = new { url = "rtsp://127.0.0.1:9/x" }, enabled = false, retention = new { days = 30.0, bytes = 50_000_000_000 } };
            (await node.SendAsync(HttpMethod.Post, "/api/cameras", camera)).Status.ShouldBe(201);
            var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", new { camera.main, retention = new { days = 0.0, bytes = 5 } });
            status.ShouldBe(400);
            problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["retention.bytes", "retention.days"]);
        }

        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            var kept = (await node.GetAsync("/api/cameras/gate"))["retention"]!;
            ((double)kept["days"]!, (long)kept["bytes"]!).ShouldBe((30.0, 50_000_000_000));
        }
    }

    [Fact]
    public void Volumes_that_can_t_be_are_told_all_at_once_and_no_key_is_shown()
    {
        string yaml = """
            storage:
              volumes:
                - { name: near, path: relative, reserve: 95% }
                - { name: far, tier: object, endpoint: 'ftp://x', bucket: b, sise: 5GB }
                - { name: far, path: /mnt/b }
              largeAfter: 10d
              objectAfter: 5d
            """;
        var source = new Options.OptionsSource(null, new Dictionary<string, string> { ["ATALAYA_STORAGE__S3__SECRETKEY"] = "hush" }, []);
        string errors = string.Join('\n', source.Read(yaml).Errors);
        foreach (string said in (string[])
        [
            "storage.volumes[0].reserve must be a size such as 20GiB, or a percentage up to 90%", "storage.volumes[1].sise There is no such option",
            "'near' needs a path that begins at the root", "'far' needs an endpoint", "needs storage.s3.accessKey", "Two volumes are called 'far'", "storage.largeAfter must not be above",
        ])
        {
            errors.Replace(": ", " ", StringComparison.Ordinal).ShouldContain(said.Replace(": ", " ", StringComparison.Ordinal));
        }

        errors.ShouldNotContain("hush");
    }

    [Fact]
    public async Task A_volume_that_isn_t_mounted_stops_no_other_and_the_node_says_so()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("volumes");
        string disk = folder.File("disk"), absent = folder.File("absent");
        Directory.CreateDirectory(disk);
        Directory.CreateDirectory(absent);
        string yaml = $"storage: {{ volumes: [{{ name: one, path: '{disk}' }}, {{ name: two, path: '{absent}' }}] }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]";
        await File.WriteAllTextAsync(folder.File("atalaya.yaml"), yaml, TestNode.Stop);
        string[] at = ["--config", folder.File("atalaya.yaml"), "--data", folder.File("data")];
        (await Atalaya.Node.Cli.CommandLine.RunAsync(["volume", "list", .. at])).ShouldBe(1);
        (await Atalaya.Node.Cli.CommandLine.RunAsync(["volume", "adopt", "three", .. at])).ShouldBe(2);
        (await Atalaya.Node.Cli.CommandLine.RunAsync(["volume", "adopt", "one", .. at])).ShouldBe(0);

        await using var node = await TestNode.StartAsync(yaml, folder.Path);
        await node.RunningAsync("gate");
        var storage = await node.UntilAsync("/api/storage", s => s["volumes"]!.AsArray().Count == 2);
        ((string?)storage["volumes"]![1]!["condition"], (string?)storage["volumes"]![1]!["level"]).ShouldBe(("refused", "alarm"));
        ((string?)storage["volumes"]![1]!["detail"])!.ShouldContain("atalaya volume adopt two");
        Directory.EnumerateFileSystemEntries(absent).ShouldBeEmpty();
        await node.UntilAsync("/health", h => h["parts"]!.AsArray().Any(p => (string?)p!["name"] == "storage" && (string?)p["state"] == "degraded"));
    }
}
