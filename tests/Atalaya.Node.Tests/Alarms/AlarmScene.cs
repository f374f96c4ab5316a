using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Scene;

namespace Atalaya.Node.Tests.Alarms;

/// <summary>Three cameras that are switched off, events, and what becomes of them.</summary>
static class AlarmScene
{
    public const string Yaml =
        "cameras: [{ id: gate, name: North gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: post, groups: [north] }, { id: wall, main: rtsp://127.0.0.1:9/y, enabled: false, site: harbour }, { id: quay, main: rtsp://127.0.0.1:9/z, enabled: false }]";

    public static readonly DateTimeOffset Noon = new(2026, 3, 29, 12, 0, 0, TimeSpan.Zero);

    public static SceneEvent Event(string camera = "gate", double seconds = 0, SceneEventKind kind = SceneEventKind.LineCrossed, AlarmSeverity? severity = null, string rule = "fence") => new()
    {
        Id = Guid.CreateVersion7(Noon.AddSeconds(seconds)),
        Camera = camera,
        At = Noon.AddSeconds(seconds),
        Kind = kind,
        Source = SceneEventSource.Rule,
        Rule = rule,
        Class = ObjectClass.Person,
        Severity = severity,
    };

    /// <summary>Writes events and waits until policy has decided them all.</summary>
    public static async Task SeeAsync(this TestNode node, params IReadOnlyList<SceneEvent> events)
    {
        foreach (var seen in events)
            await node.Service<SceneEvents>().RecordAsync(seen, TestNode.Stop);
        await node.DecidedAsync();
    }

    public static async Task DecidedAsync(this TestNode node)
    {
        while (await node.Service<AlarmRoute>().DecideAsync(TestNode.Stop) > 0)
        {
        }
    }

    public static async Task<JsonArray> AlarmsAsync(this TestNode node, string query = "") => (await node.GetAsync($"/api/alarms?{query}"))["alarms"]!.AsArray();

    /// <summary>Sends JSON with If-Match.</summary>
    public static async Task<(int Status, JsonNode? Body)> MatchAsync(this TestNode node, HttpMethod method, string path, long version, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("If-Match", $"\"{version}\"");
        using var response = await node.Http.SendAsync(request, TestNode.Stop);
        string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
        return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }
}
