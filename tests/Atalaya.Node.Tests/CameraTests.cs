using System.Text;

using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class CameraTests
{
    static readonly ClipRecipe Clip = new(Frames: 50, KeyInterval: 10);

    [Fact]
    public async Task Cameras_come_change_and_go_while_the_others_keep_their_sessions()
    {
        await using var first = await FakeCamera.StartAsync(Clip);
        await using var second = await FakeCamera.StartAsync(Clip, Clip);
        await using var node = await TestNode.StartAsync($"cameras:\n  - id: first\n    main: {first.Url}\n");
        await node.RunningAsync("first");
        var session = first.Session;

        var (created, camera) = await node.SendAsync(HttpMethod.Post, "/api/cameras", new { name = "Second gate", main = new { url = second.Url }, sub = new { url = second.SubUrl } });
        created.ShouldBe(201);
        ((string?)camera!["id"]).ShouldBe("second-gate");
        ((string?)camera["source"]).ShouldBe("api");
        var running = await node.RunningAsync("second-gate");
        running["status"]!["streams"]!.AsArray().Count.ShouldBe(2);
        ((string?)running["status"]!["streams"]![0]!["codecString"]).ShouldStartWith("avc1.");
        await node.UntilAsync("/api/cameras/second-gate", c => (string?)c["recording"]!["state"] == "recording");

        (await node.SendAsync(HttpMethod.Put, "/api/cameras/second-gate", new { name = "Renamed", main = new { url = second.Url }, record = "none", enabled = true })).Status.ShouldBe(200);
        var renamed = await node.UntilAsync("/api/cameras/second-gate", c => (string?)c["recording"]!["state"] == "off");
        ((string?)renamed["name"]).ShouldBe("Renamed");
        renamed["sub"].ShouldBeNull();

        (await node.SendAsync(HttpMethod.Delete, "/api/cameras/second-gate")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Get, "/api/cameras/second-gate")).Status.ShouldBe(404);
        (await node.GetAsync("/api/cameras")).AsArray().Count.ShouldBe(1);

        first.Session.ShouldBeSameAs(session);
        session!.Ended.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Cameras_of_the_file_are_changed_in_the_file_only()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        var body = new { name = "x", main = new { url = "rtsp://127.0.0.1:9/y" } };

        foreach (var (status, problem) in new[]
        {
            await node.SendAsync(HttpMethod.Put, "/api/cameras/gate", body),
            await node.SendAsync(HttpMethod.Delete, "/api/cameras/gate"),
        })
        {
            status.ShouldBe(409);
            ((string?)problem!["detail"])!.ShouldContain("configuration file");
        }

        (await node.SendAsync(HttpMethod.Post, "/api/cameras", new { id = "gate", name = "x", main = new { url = "rtsp://127.0.0.1:9/y" } })).Status.ShouldBe(409);
    }

    [Fact]
    public async Task A_camera_with_several_faults_hears_of_all_of_them_field_by_field()
    {
        await using var node = await TestNode.StartAsync();

        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras", new
        {
            id = "Gate 1",
            name = new string('x', 101),
            main = new { url = "http://10.0.0.1/" },
            sub = new { url = "rtsp://8.8.8.8/x" },
            password = "geheim",
        });

        status.ShouldBe(400);
        var errors = problem!["errors"]!.AsObject();
        errors.Select(e => e.Key).ShouldBe(["id", "main.url", "name", "sub.url", "userName"], ignoreOrder: true);
        ((string?)errors["sub.url"]![0])!.ShouldContain("rtsp.allowedNetworks");
        problem.ToJsonString().ShouldNotContain("geheim");
    }

    [Fact]
    public async Task Passwords_are_taken_kept_and_used_but_never_shown_stored_plainly_or_logged()
    {
        const string Secret = "t0p&s3cret";
        await using var fake = await FakeCamera.StartAsync(Clip, options: new() { Users = new Dictionary<string, string> { ["viewer"] = Secret } });
        using var folder = new TempFolder("secrets");
        var seen = new StringBuilder();
        await using (var node = await TestNode.StartAsync($"cameras:\n  - id: of-file\n    main: {fake.UrlFor("viewer", Secret)}\n", folder.Path))
        {
            var (status, body) = await node.SendAsync(HttpMethod.Post, "/api/cameras", new { id = "of-api", name = "Of API", main = new { url = fake.UrlFor("viewer", Secret) } });
            status.ShouldBe(201);
            seen.Append(body!.ToJsonString());
            ((bool)body["hasPassword"]!).ShouldBeTrue();
            ((string?)body["userName"]).ShouldBe("viewer");
            await node.RunningAsync("of-api");
            await node.RunningAsync("of-file");

            // Sending back what was shown keeps the password; another user name drops it.
            var (_, kept) = await node.SendAsync(HttpMethod.Put, "/api/cameras/of-api",
                new { name = "Of API", main = new { url = (string?)body["main"]!["url"] }, userName = "viewer" });
            ((bool)kept!["hasPassword"]!).ShouldBeTrue();
            var (probed, _) = await node.SendAsync(HttpMethod.Post, "/api/cameras/probe", new { url = fake.Url, camera = "of-api" });
            probed.ShouldBe(200);
            var (refused, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/probe", new { url = fake.Url, userName = "viewer", password = "wrong-" + Secret });
            refused.ShouldBe(422);
            ((string?)problem!["kind"]).ShouldBe("unauthorised");
            seen.Append(problem.ToJsonString());

            foreach (string path in new[] { "/api/cameras", "/api/cameras/of-api", "/api/cameras/of-file", "/health", "/metrics", "/api/node", "/openapi/v1.json" })
                seen.Append(await node.Http.GetStringAsync(path, TestNode.Stop));
            seen.Append(node.Log);
        }

        foreach (string file in Directory.EnumerateFiles(folder.File("data"), "*", SearchOption.AllDirectories))
            seen.Append(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestNode.Stop)));
        seen.ToString().ShouldNotContain(Secret);
        seen.ToString().ShouldNotContain(Uri.EscapeDataString(Secret));

        // It is kept over a restart, and still used.
        await using var again = await TestNode.StartAsync("", folder.Path);
        (await again.GetAsync("/api/cameras")).AsArray().Count.ShouldBe(1);
        await again.RunningAsync("of-api");
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(folder.File("data", "keys")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task A_changed_file_is_taken_over_and_a_bad_one_is_refused_whole()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        string first = $"cameras:\n  - id: first\n    main: {fake.Url}\n";
        await using var node = await TestNode.StartAsync(first);
        await node.RunningAsync("first");
        var session = fake.Session;

        await File.WriteAllTextAsync(node.ConfigFile, first + $"  - id: second\n    main: {fake.Url}\n", TestNode.Stop);
        await node.RunningAsync("second");

        await File.WriteAllTextAsync(node.ConfigFile, "cameras:\n  - id: third\n    main: rtsp://8.8.8.8/x\n    colour: red\n", TestNode.Stop);
        var health = await node.UntilAsync("/health", h => Part(h)["detail"]!.AsArray().Count == 2);
        ((string?)Part(health)["state"]).ShouldBe("degraded");
        Part(health).ToJsonString().ShouldContain("atalaya.yaml:4:5");
        (await node.GetAsync("/api/cameras")).AsArray().Select(c => (string?)c!["id"]).ShouldBe(["first", "second"]);
        node.Log.ShouldContain("is refused");

        await File.WriteAllTextAsync(node.ConfigFile, first + "live:\n  queue: 99\n", TestNode.Stop);
        await node.UntilAsync("/api/cameras", c => c.AsArray().Count == 1);
        await node.UntilAsync("/health", h => Part(h).ToJsonString().Contains("next start", StringComparison.Ordinal));
        session!.Ended.IsCompleted.ShouldBeFalse();

        static System.Text.Json.Nodes.JsonNode Part(System.Text.Json.Nodes.JsonNode health) => health["parts"]!.AsArray().First(p => (string?)p!["name"] == "configuration")!;
    }

    [Fact]
    public async Task A_probe_says_what_a_camera_offers_or_in_words_why_it_cannot()
    {
        await using var fake = await FakeCamera.StartAsync(Clip with { Audio = Media.Codec.Aac });
        await using var node = await TestNode.StartAsync();

        var (status, probe) = await node.SendAsync(HttpMethod.Post, "/api/cameras/probe", new { url = fake.Url });
        status.ShouldBe(200);
        probe!["tracks"]!.AsArray().Select(t => (string?)t!["kind"]).ShouldBe(["video", "audio"]);
        ((int)probe["tracks"]![0]!["width"]!).ShouldBe(320);

        var (unreachable, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/probe", new { url = $"rtsp://127.0.0.1:{FreePort.Tcp()}/x" });
        unreachable.ShouldBe(422);
        ((string?)problem!["detail"])!.Length.ShouldBeGreaterThan(10);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/probe", new { url = "rtsp://8.8.8.8/x" })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task A_device_is_asked_over_onvif_and_its_streams_proposed()
    {
        await using var device = OnvifDevice.Start(new() { Users = new Dictionary<string, string> { ["viewer"] = "s3cret" }, Quirks = OnvifQuirks.WrongHost });
        await using var node = await TestNode.StartAsync();

        var (status, answer) = await node.SendAsync(HttpMethod.Post, "/api/cameras/onvif", new { address = $"127.0.0.1:{device.Port}", userName = "viewer", password = "s3cret" });
        status.ShouldBe(200);
        ((string?)answer!["device"]!["model"]).ShouldBe("Simulated");
        ((string?)answer["proposal"]!["main"]).ShouldBe("rtsp://127.0.0.1:8554/gate");
        ((string?)answer["proposal"]!["sub"]).ShouldBe("rtsp://127.0.0.1:8554/gate/sub");
        answer["profiles"]!.AsArray().Count.ShouldBe(2);

        var (refused, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/onvif", new { address = device.Url, userName = "viewer", password = "wrong-s3cret" });
        (refused, (string?)problem!["kind"]).ShouldBe((422, "unauthorised"));
        (answer.ToJsonString() + problem.ToJsonString() + node.Log).ShouldNotContain("s3cret");
    }

    [Theory]
    [InlineData("onvif", "{\"address\":\"rtsp://10.0.0.1/\"}", "address")]
    [InlineData("onvif", "{\"address\":\"10.0.0.1\",\"password\":\"x\"}", "userName")]
    [InlineData("onvif", "{\"address\":\"10.0.0.1\",\"fingerprint\":\"x\"}", "fingerprint")]
    [InlineData("discover", "{\"timeoutSeconds\":99}", "timeoutSeconds")]
    [InlineData("discover", "{\"address\":\"gate.local\"}", "address")]
    [InlineData("discover", "{\"address\":\"8.8.8.8\"}", "address")]
    public async Task A_search_or_question_that_makes_no_sense_is_refused_field_by_field(string path, string body, string field)
    {
        await using var node = await TestNode.StartAsync();
        var (status, problem) = await node.SendAsync(HttpMethod.Post, $"/api/cameras/{path}", System.Text.Json.Nodes.JsonNode.Parse(body)!);
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe([field]);
    }

    /// <summary>The node must not be made to ask for others.</summary>
    [Fact]
    public async Task A_device_outside_the_allowed_networks_is_not_asked()
    {
        await using var node = await TestNode.StartAsync();
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/onvif", new { address = "203.0.113.9" });
        (status, (string?)problem!["kind"]).ShouldBe((422, "addressForbidden"));
    }

    [Fact]
    public async Task A_search_at_one_address_where_nobody_answers_finds_nothing()
    {
        await using var node = await TestNode.StartAsync();
        var (status, found) = await node.SendAsync(HttpMethod.Post, "/api/cameras/discover", new { timeoutSeconds = 1, address = "127.0.0.77" });
        (status, found!.AsArray().Count).ShouldBe((200, 0));
    }
}
