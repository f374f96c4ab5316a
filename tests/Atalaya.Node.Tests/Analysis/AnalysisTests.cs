using System.Text.Json.Nodes;

using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Analysis;

/// <summary>A whole node with simulated cameras and its analysis process.</summary>
public sealed class AnalysisTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_camera_is_analysed_at_its_rate_and_again_after_the_process_was_killed_and_the_ledger_says_when_not()
    {
        await using var cameras = await SimulateAsync();
        await using var node = await TestNode.StartAsync(Yaml(cameras), analysis: true);
        var from = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var before = await node.UntilAsync("/api/analysis", a => Camera(a)?["givenRate"]?.GetValue<double>() > 3 && Camera(a)?["blind"] is null, 60);
        Camera(before)!["askedRate"]!.GetValue<double>().ShouldBe(5);
        Camera(before)!["stream"]!.GetValue<string>().ShouldBe("sub");
        await node.UntilAsync("/api/analysis", a => Camera(a)!["moving"]!.GetValue<bool>(), 60);

        int process = before["process"]!.GetValue<int>();
        using (var child = System.Diagnostics.Process.GetProcessById(process))
            child.Kill();
        await node.UntilAsync("/api/analysis", a => a["restarts"]!.GetValue<int>() == 1 && a["process"]?.GetValue<int>() is { } now && now != process
            && Camera(a)?["blind"] is null && Camera(a)?["analysed"]!.GetValue<long>() > 0, 60);

        // Recording didn't notice.
        (await node.GetAsync("/api/cameras/gate"))["recording"]!["state"]!.GetValue<string>().ShouldBe("recording");
        var blind = (await node.GetAsync($"/api/cameras/gate/analysis/blind?{Query(from)}")).AsArray();
        blind.ShouldContain(b => b!["cause"]!.GetValue<string>() == "crash" && b["to"] != null, blind.ToJsonString());

        (await node.GetAsync($"/api/cameras/gate/motion?{Query(from)}"))["moved"]!.AsArray().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Settings_are_kept_and_a_camera_that_is_switched_off_is_blind_for_that_reason()
    {
        await using var cameras = await SimulateAsync();
        string folder;
        using var kept = new TempFolder("analysis");
        folder = kept.Path;
        await using (var node = await TestNode.StartAsync(Yaml(cameras), folder, analysis: true))
        {
            await node.UntilAsync("/api/analysis", a => Camera(a)?["blind"] is null && Camera(a)?["analysed"]!.GetValue<long>() > 0, 60);
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/analysis", new { enabled = false, rate = 2, classes = new[] { "person" } })).Status.ShouldBe(200);
            await node.UntilAsync("/api/analysis", a => (string?)Camera(a)?["blind"] == "off");
            var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/analysis", new { rate = 99, priority = 0 });
            status.ShouldBe(400);
            problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["priority", "rate"], ignoreOrder: true);
        }

        await using (var node = await TestNode.StartAsync(Yaml(cameras), folder, analysis: true))
        {
            var settings = await node.GetAsync("/api/cameras/gate/analysis");
            settings["enabled"]!.GetValue<bool>().ShouldBeFalse();
            settings["rate"]!.GetValue<double>().ShouldBe(2);
            settings["classes"]![0]!.GetValue<string>().ShouldBe("person");
            var from = TimeProvider.System.GetUtcNow().AddMinutes(-5);
            // What lay between the two nodes is known too.
            await node.UntilAsync($"/api/cameras/gate/analysis/blind?{Query(from)}", b => b.AsArray().Any(s => (string?)s!["cause"] == "node"));
        }
    }

    [Fact]
    public async Task Rules_are_checked_and_kept_and_a_viewer_hears_what_is_seen()
    {
        await using var cameras = await SimulateAsync();
        await using var node = await TestNode.StartAsync(Yaml(cameras), analysis: true);
        var rules = JsonNode.Parse("""{ "rules": [{ "type": "line", "name": "fence", "points": [[0.5, 0.2], [0.5, 0.9]], "classes": ["person"] }] }""");
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", rules)).Status.ShouldBe(200);
        (await node.GetAsync("/api/cameras/gate/rules"))["rules"]![0]!["name"]!.GetValue<string>().ShouldBe("fence");
        var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", JsonNode.Parse("""{ "rules": [{ "type": "line", "name": "fence", "points": [[0.5, 2]] }] }"""));
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().ShouldNotBeEmpty();

        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live?stream=sub&objects=true");
        JsonNode? seen;
        do
        {
            seen = await socket.NextTextAsync();
            seen.ShouldNotBeNull();
        }
        while ((string?)seen["type"] != "objects" || seen["moving"]!.AsArray().Count == 0);
        seen["media"].ShouldNotBeNull("the viewer watches the stream that is analysed");
        (seen["moving"]![0]![2]!.GetValue<double>() is > 0.02 and < 0.3).ShouldBeTrue(seen.ToJsonString());
    }

    [Theory]
    [InlineData("area=0,0,2,1")]
    [InlineData("area=nonsense")]
    [InlineData("area=0.5,0.5,0.6,0.1")]
    public async Task An_area_outside_the_picture_is_refused(string area)
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: \"rtsp://127.0.0.1:1/x\" }]");
        var from = TimeProvider.System.GetUtcNow().AddHours(-1);
        var (status, body) = await node.SendAsync(HttpMethod.Get, $"/api/cameras/gate/motion?{Query(from)}&{area}");
        status.ShouldBe(400);
        body!["errors"]!["area"].ShouldNotBeNull();
    }

    static string Query(DateTimeOffset from) => $"from={Iso(from)}&to={Iso(from.AddHours(1))}";

    static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", global::System.Globalization.CultureInfo.InvariantCulture);

    static JsonNode? Camera(JsonNode analysis) => analysis["cameras"]!.AsArray().FirstOrDefault(c => (string?)c!["camera"] == "gate");

    /// <summary>Something the size of a person walks through the picture, over and over.</summary>
    static async Task<RtspSimulator> SimulateAsync()
    {
        string clip = Path.Combine(Path.GetTempPath(), "atalaya-tests", "clips", "walker-1.mp4");
        if (!File.Exists(clip))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(clip)!);
            string part = $"{clip}.{Guid.NewGuid():N}.mp4";
            await Ffmpeg.RunAsync(
            [
                "-f", "lavfi", "-i", "color=c=gray:s=640x360:r=15:d=12", "-f", "lavfi", "-i", "color=c=white:s=24x60:r=15:d=12",
                "-filter_complex", "overlay=x=t*50:y=150:shortest=1", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-g", "30", part,
            ]);
            File.Move(part, clip, overwrite: true);
        }

        return await RtspSimulator.StartAsync(new() { Port = 0, Cameras = [new("gate", clip, clip)] });
    }

    static string Yaml(RtspSimulator cameras) =>
        $"cameras: [{{ id: gate, main: \"{cameras.Url("gate")}\", sub: \"{cameras.Url("gate", Media.StreamKind.Sub)}\" }}]";
}
