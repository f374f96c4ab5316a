using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>Cameras that have an ONVIF address: what the node hears of them and makes them do.</summary>
public sealed class OnvifTests
{
    const string User = "operator", Password = "s3cret-Ñ";
    static readonly ClipRecipe Clip = new(Frames: 50, KeyInterval: 10);

    [Fact]
    public async Task Events_of_a_camera_are_kept_and_those_about_faces_never_reach_the_store_or_the_log()
    {
        await using var device = Device();
        await using var node = await TestNode.StartAsync(Yaml(device));
        await RunningAsync(node);
        device.Emit("RuleEngine/FaceDetector/FaceRecognized", [("Rule", "vip-list")], [("State", "true"), ("Name", "Maria Nobody")]);
        device.Emit("RuleEngine/LineDetector/Crossed", [("Rule", "Fence")], [("PersonName", "Maria Nobody"), ("FaceId", "77-face"), ("ClassTypes", "Human")]);
        device.Emit("RuleEngine/ObjectDetector/Found", [], [("State", "true"), ("ObjectClass", "Face")]);
        device.Emit("RuleEngine/TamperDetector/Tamper", [("Rule", "Lens")], [("IsTamper", "true")]);

        var events = (await node.UntilAsync($"/api/scene-events?from={Day(-1)}T00:00:00Z&to={Day(2)}T00:00:00Z", e => e["events"]!.AsArray().Count >= 2))["events"]!.AsArray();
        events.Select(e => (string?)e!["kind"]).ShouldBe(["tamper", "lineCrossed"], ignoreOrder: true);
        events.ShouldAllBe(e => (string?)e!["source"] == "camera" && (string?)e["camera"] == "gate");
        string all = events.ToJsonString() + node.Log;
        foreach (string secret in new[] { "Maria", "77-face", "vip-list" })
            all.ShouldNotContain(secret);
        var camera = await node.GetAsync("/api/cameras/gate");
        ((long)camera["onvif"]!["status"]!["identityEventsDropped"]!).ShouldBe(2);
    }

    [Fact]
    public async Task A_camera_is_turned_sent_to_presets_and_its_picture_and_clock_set()
    {
        await using var device = Device(OnvifQuirks.WrongClock);
        await using var node = await TestNode.StartAsync(Yaml(device));
        var running = await RunningAsync(node);
        ((double)running["onvif"]!["status"]!["clockOffsetSeconds"]!).ShouldBe(-7200, tolerance: 5);
        ((string?)running["onvif"]!["status"]!["device"]!["model"]).ShouldBe("Simulated");

        (await node.Http.GetStringAsync("/metrics", TestNode.Stop)).ShouldContain("""atalaya_onvif_connected{camera="gate"} 1""");

        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/ptz", new { pan = 1, tilt = -0.5 })).Status.ShouldBe(204);
        device.Look.IsMoving.ShouldBeTrue();
        // Nobody says it again: it stops by itself.
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10)))
        using (var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            while (device.Look.IsMoving)
                await beat.WaitForNextTickAsync(limit.Token);
        }

        device.Calls.ShouldContain(c => c.Operation == "Stop");
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets/goto", new { token = "1" })).Status.ShouldBe(204);
        ((double)(await node.GetAsync("/api/cameras/gate/ptz"))["pan"]!).ShouldBe(0.5);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets", new { name = "Beach" })).Status.ShouldBe(200);
        (await node.GetAsync("/api/cameras/gate/presets")).AsArray().Select(p => (string?)p!["name"]).ShouldBe(["Puerta", "Beach"]);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets/goto", new { token = "none" })).Body!["kind"]!.GetValue<string>().ShouldBe("invalidArgument");

        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets/remove", new { token = "1" })).Status.ShouldBe(204);
        (await node.GetAsync("/api/cameras/gate/presets")).AsArray().Select(p => (string?)p!["name"]).ShouldBe(["Beach"]);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets/remove", new { token = "1" })).Status.ShouldBe(422);

        var (_, image) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/imaging", new { brightness = 70, irCut = "off" });
        ((double)image!["brightness"]!["value"]!).ShouldBe(70);
        ((double)image["brightness"]!["most"]!).ShouldBe(100);
        ((string?)image["irCut"]).ShouldBe("off");

        var (set, camera) = await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/onvif/time");
        set.ShouldBe(200);
        Math.Abs((double)camera!["onvif"]!["status"]!["clockOffsetSeconds"]!).ShouldBeLessThan(5);
    }

    [Fact]
    public async Task Over_https_the_probe_tells_the_certificate_takes_it_back_and_the_camera_keeps_it()
    {
        await using var device = OnvifDevice.Start(new() { Users = new Dictionary<string, string> { [User] = Password }, Tls = true });
        await using var node = await TestNode.StartAsync();
        string address = device.Url.AbsoluteUri;
        var (refused, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/onvif", new { address, userName = User, password = Password });
        (refused, (string?)problem!["kind"]).ShouldBe((422, "tls"));
        string fingerprint = (string)problem["fingerprint"]!;
        fingerprint.ShouldBe(device.Certificate!.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256));
        device.Calls.ShouldBeEmpty();

        var (asked, answer) = await node.SendAsync(HttpMethod.Post, "/api/cameras/onvif", new { address, userName = User, password = Password, fingerprint });
        (asked, (string?)answer!["address"]).ShouldBe((200, address));
        var camera = new { id = "gate", name = "Gate", main = new { url = "rtsp://127.0.0.1:9/x" }, onvif = new { url = address }, userName = User, password = Password, fingerprint };
        (await node.SendAsync(HttpMethod.Post, "/api/cameras", camera)).Status.ShouldBe(201);
        await RunningAsync(node);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/presets/goto", new { token = "1" })).Status.ShouldBe(204);
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_in_words_and_one_word()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: plain, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras/plain/ptz", new { pan = 1 });
        (status, (string?)problem!["kind"]).ShouldBe((422, "noOnvif"));
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/none/ptz", new { pan = 1 })).Status.ShouldBe(404);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/plain/ptz", new { pan = 1.5 })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task An_onvif_address_is_kept_with_the_camera_checked_and_followed_when_it_changes()
    {
        await using var device = Device();
        using var folder = new TempFolder("onvif-kept");
        await using (var node = await TestNode.StartAsync("", folder.Path))
        {
            var (refused, problem) = await node.SendAsync(HttpMethod.Post, "/api/cameras", new { id = "gate", name = "Gate", main = new { url = "rtsp://127.0.0.1:9/x" }, onvif = new { url = "http://8.8.8.8/" } });
            refused.ShouldBe(400);
            problem!["errors"]!.AsObject().Single().Key.ShouldBe("onvif.url");
            var (created, camera) = await node.SendAsync(HttpMethod.Post, "/api/cameras", new
            {
                id = "gate",
                name = "Gate",
                main = new { url = "rtsp://127.0.0.1:9/x" },
                onvif = new { url = $"127.0.0.1:{device.Port}", profile = "sub" },
                userName = User,
                password = Password,
            });
            created.ShouldBe(201);
            ((string?)camera!["onvif"]!["url"]).ShouldBe(device.Url.AbsoluteUri);
            await RunningAsync(node);
        }

        await using (var again = await TestNode.StartAsync("", folder.Path))
        {
            ((string?)(await RunningAsync(again))["onvif"]!["profile"]).ShouldBe("sub");
            (await again.SendAsync(HttpMethod.Put, "/api/cameras/gate", new { name = "Gate", main = new { url = "rtsp://127.0.0.1:9/x" }, userName = User })).Status.ShouldBe(200);
            (await again.GetAsync("/api/cameras/gate"))["onvif"].ShouldBeNull();
            (await again.SendAsync(HttpMethod.Post, "/api/cameras/gate/ptz", new { pan = 1 })).Status.ShouldBe(422);
        }
    }

    [Fact]
    public async Task A_camera_is_looked_at_before_it_is_added_and_nothing_of_it_stays()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync();
        var (status, preview) = await node.SendAsync(HttpMethod.Post, "/api/cameras/previews", new { url = fake.Url });
        status.ShouldBe(201);
        string id = (string)preview!["id"]!;
        using (var socket = await node.ConnectAsync($"/api/cameras/previews/{id}/live"))
        {
            string? type;
            do
                type = (string?)(await socket.NextTextAsync())!["type"];
            while (type is not ("init" or "error"));
            type.ShouldBe("init");
            (await socket.NextAsync())!.Value.Type.ShouldBe(System.Net.WebSockets.WebSocketMessageType.Binary);
            (await node.GetAsync("/api/cameras")).AsArray().ShouldBeEmpty();
            Directory.EnumerateFileSystemEntries(Path.Combine(node.Folder, "data", "archive")).ShouldAllBe(e => !e.Contains(id, StringComparison.Ordinal));
            (await node.SendAsync(HttpMethod.Delete, $"/api/cameras/previews/{id}")).Status.ShouldBe(204);
            while (await socket.NextAsync() is not null)
            {
            }
        }

        await fake.Session!.Ended;
        (await node.SendAsync(HttpMethod.Delete, $"/api/cameras/previews/{id}")).Status.ShouldBe(404);
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/previews", new { url = "rtsp://8.8.8.8/x" })).Status.ShouldBe(400);
    }

    static string Day(int fromToday) => TimeProvider.System.GetUtcNow().AddDays(fromToday).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_mask_goes_into_the_camera_and_comes_out_again()
    {
        await using var device = Device();
        await using var node = await TestNode.StartAsync(Yaml(device));
        await RunningAsync(node);
        double[][] points = [[0.1, 0.2], [0.6, 0.2], [0.5, 0.9]];
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 0, masks = new[] { new { id = "yard", name = "Yard", kind = "blur", points } } })).Status.ShouldBe(200);
        (await node.GetAsync("/api/cameras/gate/masks/device"))["masks"]!.AsArray().ShouldBeEmpty();

        var (status, put) = await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/masks/device", new { mask = "yard" });
        status.ShouldBe(200, put?.ToJsonString());
        var mask = put!["masks"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)mask["type"], (bool)mask["enabled"]!).ShouldBe(("Pixelated", true));
        mask["points"]!.AsArray().Select(p => ((double)p![0]!, (double)p[1]!)).ShouldBe(points.Select(p => (p[0], p[1])));
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/masks/device", new { mask = "none" })).Status.ShouldBe(400);

        using var technician = await node.AsAsync("technician", new Atalaya.Node.Identity.Grant("technician", Atalaya.Node.Identity.Scope.Organisation));
        using (var refused = await technician.DeleteAsync($"/api/cameras/gate/masks/device/{mask["token"]}", TestNode.Stop))
            ((int)refused.StatusCode).ShouldBe(403, "taking one away shows more");
        var (removed, left) = await node.SendAsync(HttpMethod.Delete, $"/api/cameras/gate/masks/device/{mask["token"]}");
        removed.ShouldBe(200);
        left!["masks"]!.AsArray().ShouldBeEmpty();
        (await node.SendAsync(HttpMethod.Delete, "/api/cameras/gate/masks/device/gone")).Status.ShouldBe(422);
    }

    static OnvifDevice Device(OnvifQuirks quirks = OnvifQuirks.None) => OnvifDevice.Start(new() { Users = new Dictionary<string, string> { [User] = Password }, Quirks = quirks });

    static string Yaml(OnvifDevice device) => $"cameras: [{{ id: gate, main: rtsp://127.0.0.1:9/x, onvif: \"127.0.0.1:{device.Port}\", userName: {User}, password: \"{Password}\" }}]";

    static Task<System.Text.Json.Nodes.JsonNode> RunningAsync(TestNode node) =>
        node.UntilAsync("/api/cameras/gate", c => (string?)c["onvif"]?["status"]?["state"] == "running" && (bool)c["onvif"]!["status"]!["receivesEvents"]!);
}
