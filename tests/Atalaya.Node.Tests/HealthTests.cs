using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed partial class HealthTests
{
    static readonly ClipRecipe Clip = new(Frames: 50, KeyInterval: 10);

    [Fact]
    public async Task Metrics_are_read_by_Prometheus_and_count_what_happened()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");
        await node.UntilAsync("/api/cameras/gate", c => (string?)c["recording"]!["state"] == "recording");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live");
        for (int i = 0; i < 10; i++)
            await socket.NextAsync();

        using var response = await node.Http.GetAsync("/metrics", TestNode.Stop);
        response.Content.Headers.ContentType!.ToString().ShouldStartWith("text/plain");
        string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
        var values = new Dictionary<string, double>();
        var types = new HashSet<string>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                types.Add(line.Split(' ')[2]).ShouldBeTrue($"{line} is there twice");
            if (line[0] == '#')
                continue;
            var sample = Sample().Match(line);
            sample.Success.ShouldBeTrue(line);
            values.TryAdd(sample.Groups["series"].Value, double.Parse(sample.Groups["value"].Value)).ShouldBeTrue($"{line} is there twice");
        }

        values["atalaya_camera_frames_total{camera=\"gate\",stream=\"main\"}"].ShouldBeGreaterThan(0);
        values["atalaya_camera_state{camera=\"gate\",state=\"running\"}"].ShouldBe(1);
        values["atalaya_camera_packets_lost_total{camera=\"gate\",stream=\"main\"}"].ShouldBe(0);
        values["atalaya_recording_bytes_total{camera=\"gate\",stream=\"main\"}"].ShouldBeGreaterThan(0);
        values["atalaya_live_viewers"].ShouldBe(1);
        values["atalaya_live_latency_seconds_count"].ShouldBeGreaterThan(0);
        values["process_resident_memory_bytes"].ShouldBeGreaterThan(1e6);
    }

    [Fact]
    public async Task Health_names_what_is_wrong_and_readiness_is_about_recording()
    {
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: 'rtsp://127.0.0.1:{FreePort.Tcp()}/x' }}]");

        var health = await node.UntilAsync("/health", h => (string?)h["state"] == "degraded" && h.ToJsonString().Contains("unreachable", StringComparison.Ordinal));
        health.ToJsonString().ShouldContain("gate is unreachable");
        using var ready = await node.Http.GetAsync("/health/ready", TestNode.Stop);
        ((int)ready.StatusCode).ShouldBe(200);
    }

    [Fact]
    public async Task The_report_tells_of_database_machine_clock_outbox_and_the_last_gap_of_a_stream()
    {
        TestNode node;
        await using (var fake = await FakeCamera.StartAsync(Clip))
        {
            node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
            await node.UntilAsync("/api/health", h => h["recording"]!.AsArray().SingleOrDefault() is { } gate && (string?)gate["state"] == "recording" && gate["newest"] is not null);
        }

        await using var ends = node;
        var report = await node.UntilAsync("/api/health", h => h["recording"]!.AsArray().Single()!["lastGap"] is not null);

        ((bool)report["database"]!["answers"]!).ShouldBeTrue();
        ((string)report["database"]!["engine"]!).ShouldBeOneOf("sqlite", "postgresql");
        ((int)report["machine"]!["processors"]!).ShouldBe(Environment.ProcessorCount);
        ((long)report["machine"]!["memoryBytes"]!).ShouldBeGreaterThan((long)report["machine"]!["residentBytes"]!);
        ((long)report["outbox"]!["dead"]!).ShouldBe(0);
        report["outbox"]!["oldestWaiting"].ShouldBeNull();
        report["recording"]![0]!["lastGap"]!["to"].ShouldBeNull();
        // The kernel tells, and then how wrong it may be.
        if ((bool?)report["clock"]!["synchronised"] == true)
            ((double)report["clock"]!["mostErrorSeconds"]!).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public async Task Pages_hear_of_cameras_that_come_change_and_go()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync("cameras: [{ id: other, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        using var socket = await node.ConnectAsync("/api/events");
        await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, TestNode.Stop);
        (await socket.NextAsync()).ShouldNotBeNull();

        await node.SendAsync(HttpMethod.Post, "/api/cameras", new { id = "gate", name = "Gate", main = new { url = fake.Url } });
        var seen = new List<string>();
        await HearAsync(e => (string?)e["target"] == "cameraChanged" && (string?)e["arguments"]![0]!["status"]!["state"] == "running");
        await HearAsync(e => (string?)e["target"] == "recordingChanged" && (string?)e["arguments"]![0]!["recording"]!["state"] == "recording");
        await node.SendAsync(HttpMethod.Post, "/api/exports", new { camera = "gate", from = "2026-01-01T00:00:00Z", to = "2026-01-01T00:01:00Z" });
        await HearAsync(e => (string?)e["target"] == "exportChanged");
        await node.SendAsync(HttpMethod.Delete, "/api/cameras/gate");
        await HearAsync(e => (string?)e["target"] == "cameraRemoved" && (string?)e["arguments"]![0] == "gate");

        async Task HearAsync(Func<JsonNode, bool> wanted)
        {
            // Events of two kinds may come in either order.
            if (seen.Any(text => wanted(JsonNode.Parse(text)!)))
                return;
            while (await socket.NextAsync() is { } message)
            {
                foreach (string text in Encoding.UTF8.GetString(message.Bytes).Split('\u001e', StringSplitOptions.RemoveEmptyEntries))
                    seen.Add(text);
                if (seen.Any(text => wanted(JsonNode.Parse(text)!)))
                    return;
            }

            Assert.Fail(string.Join('\n', seen));
        }
    }

    [GeneratedRegex(@"^(?<series>[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-z_]+=""[^""]*""(,[a-z_]+=""[^""]*"")*\})?) (?<value>[-+0-9.eE]+|NaN|[-+]Inf)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();
}
