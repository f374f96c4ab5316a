using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Atalaya.Node.Tests;

public sealed class RequestTests
{
    const string Time = "from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";

    [Fact]
    public async Task An_unknown_character_set_and_a_missing_body_are_told_in_words_of_the_API()
    {
        await using var node = await TestNode.StartAsync();
        using var strange = new StringContent("{}");
        strange.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/json; charset=klingon");
        using var refused = await node.Http.PostAsync("/api/cameras", strange, TestNode.Stop);
        refused.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);

        using var nothing = new StringContent("null", Encoding.UTF8, "application/json");
        using var empty = await node.Http.PostAsync("/api/cameras", nothing, TestNode.Stop);
        JsonNode.Parse(await empty.Content.ReadAsStringAsync(TestNode.Stop))!["detail"]!.GetValue<string>().ShouldStartWith("A body is needed");
    }

    [Fact]
    public async Task Every_bad_request_gets_a_problem_that_says_why_and_none_a_server_error()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        var requests = new (string Method, string Path, string? Body, int Status, string? Field)[]
        {
            ("GET", "/api/nothing", null, 404, null),
            ("GET", "/api/cameras/nobody", null, 404, null),
            ("GET", "/api/cameras/..%2f..%2fetc", null, 404, null),
            ("DELETE", "/api/cameras/nobody", null, 404, null),
            ("PATCH", "/api/cameras/gate", null, 405, null),
            ("PUT", "/api/cameras/nobody", "{}", 404, null),
            ("POST", "/api/cameras", null, 400, null),
            ("POST", "/api/cameras", "", 400, null),
            ("POST", "/api/cameras", "null", 400, null),
            ("POST", "/api/cameras", "[]", 400, null),
            ("POST", "/api/cameras", "{", 400, null),
            ("POST", "/api/cameras", "{}", 400, "main.url"),
            ("POST", "/api/cameras", "{\"name\": 5}", 400, "name"),
            ("POST", "/api/cameras", "{\"nmae\": \"x\"}", 400, "nmae"),
            ("POST", "/api/cameras", "{\"transport\": 1}", 400, "transport"),
            ("POST", "/api/cameras", "{\"transport\": \"pigeon\"}", 400, "transport"),
            ("POST", "/api/cameras", "{\"name\":\"\u0001\",\"main\":{\"url\":\"rtsp://10.0.0.1/\"}}", 400, null),
            ("POST", "/api/cameras", "{\"id\":\"../x\",\"name\":\"x\",\"main\":{\"url\":\"rtsp://10.0.0.1/\"}}", 400, "id"),
            ("POST", "/api/cameras", "{\"name\":\"x\",\"main\":{\"url\":\"rtsp://10.0.0.1/\"},\"record\":\"sub\"}", 400, "record"),
            ("POST", "/api/cameras", "{\"name\":\"x\",\"main\":{\"url\":\"rtsp://10.0.0.1/\"},\"sub\":{}}", 400, "sub.url"),
            ("POST", "/api/cameras", "{\"name\":\"x\",\"main\":{\"url\":\"rtsp://1.2.3.4/\"}}", 400, "main.url"),
            ("POST", "/api/cameras", "{\"name\":\"x\",\"main\":{\"url\":\"rtsp://10.0.0.1/\"},\"fingerprint\":\"zz\"}", 400, "fingerprint"),
            ("POST", "/api/cameras", new string('[', 5000), 400, null),
            ("POST", "/api/cameras", $"{{\"name\": \"{new string('x', 100_000)}\"}}", 413, null),
            ("POST", "/api/cameras/probe", "{}", 400, "url"),
            ("POST", "/api/cameras/probe", "{\"url\":\"file:///etc/passwd\"}", 400, "url"),
            ("POST", "/api/cameras/probe", "{\"url\":\"rtsp://10.0.0.1/\",\"camera\":\"nobody\"}", 404, null),
            ("PUT", "/api/cameras/gate/rules", "{\"rules\":[{\"id\":\"\\ud800\"}]}", 400, "rules"),
            ("GET", "/api/timeline", null, 400, "from"),
            ("GET", "/api/timeline?from=yesterday&to=2026-01-01T00:00:00Z", null, 400, "from"),
            ("GET", "/api/timeline?from=2026-01-01T00:00:00&to=2026-01-02T00:00:00Z", null, 400, "from"),
            ("GET", "/api/timeline?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", null, 400, "to"),
            ("GET", "/api/timeline?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", null, 400, "from"),
            ("GET", "/api/timeline?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", null, 400, "to"),
            ("GET", $"/api/timeline?{Time}&stream=third", null, 400, "stream"),
            ("GET", $"/api/cameras/nobody/timeline?{Time}", null, 404, null),
            ("GET", "/api/cameras/gate/timeline", null, 400, "to"),
            ("GET", $"/api/cameras/gate/playback.m3u8?{Time}", null, 404, null),
            ("GET", "/api/cameras/gate/playback.m3u8?from=1&to=2", null, 400, "from"),
            ("GET", "/api/cameras/gate/playback.m3u8?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z", null, 400, "to"),
            ("GET", "/api/cameras/gate/segments/1767225600000.mp4", null, 404, null),
            ("GET", "/api/cameras/gate/segments/..%2f..%2fatalaya.db.mp4", null, 404, null),
            ("GET", "/api/cameras/..%2f..%2f/segments/1767225600000.mp4", null, 404, null),
            ("POST", "/api/exports", "{}", 400, "camera"),
            ("POST", "/api/exports", "{\"camera\":\"gate\",\"from\":\"x\",\"to\":\"y\"}", 400, "from"),
            ("POST", "/api/exports", "{\"camera\":\"../x\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-01T01:00:00Z\"}", 400, "camera"),
            ("POST", "/api/exports", "{\"camera\":\"gate\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-03T01:00:00Z\"}", 400, "to"),
            ("POST", "/api/exports", "{\"camera\":\"nobody\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-01T01:00:00Z\"}", 404, null),
            ("GET", "/api/exports/x", null, 404, null),
            ("GET", "/api/exports/x/file", null, 404, null),
            ("DELETE", "/api/exports/x", null, 404, null),
            ("GET", "/api/cameras/gate/live", null, 400, null),
        };

        foreach (var (method, path, body, status, field) in requests)
        {
            string what = $"{method} {path} {(body is { Length: > 100 } ? "…" : body)}";
            using var request = new HttpRequestMessage(new(method), path);
            if (body is not null)
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await node.Http.SendAsync(request, TestNode.Stop);
            string text = await response.Content.ReadAsStringAsync(TestNode.Stop);

            ((int)response.StatusCode).ShouldBe(status, $"{what}: {text}");
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", what);
            var problem = JsonNode.Parse(text)!;
            ((string?)problem["title"]).ShouldNotBeNullOrEmpty(what);
            if (field is not null)
                problem["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field, $"{what}: {text}");
            text.ShouldNotContain("   at ", Case.Sensitive, what);
        }

        using var form = await node.Http.PostAsync("/api/cameras", new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"), TestNode.Stop);
        form.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        form.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task An_error_is_told_to_those_who_would_rather_have_something_else()
    {
        await using var node = await TestNode.StartAsync();
        foreach (var (method, path, status) in new[] { (HttpMethod.Post, "/api/cameras", 400), (HttpMethod.Get, "/api/nothing", 404), (HttpMethod.Delete, "/api/node", 405) })
        {
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent("{", Encoding.UTF8, "application/json") };
            request.Headers.Add("Accept", "application/xml");
            using var response = await node.Http.SendAsync(request, TestNode.Stop);

            ((int)response.StatusCode).ShouldBe(status);
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
            var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestNode.Stop))!;
            ((string?)problem["title"]).ShouldNotBeNullOrEmpty();
            ((string?)problem["detail"]).ShouldNotBeNullOrEmpty();
        }
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("evil.example:{port}", 421)]
    [InlineData("localhost:1", 421)]
    [InlineData("127.0.0.1", 421)]
    [InlineData("127.0.0.2:{port}", 421)]
    [InlineData("localhost.evil.example:{port}", 421)]
    [InlineData("[::1]:{port}", 200)]
    [InlineData("localhost:{port}", 200)]
    [InlineData("LOCALHOST:{port}", 200)]
    [InlineData("127.0.0.1:{port}", 200)]
    public async Task Only_the_nodes_own_names_are_answered_to(string host, int status)
    {
        await using var node = await TestNode.StartAsync();
        foreach (string path in new[] { "/api/node", "/health" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = host.Replace("{port}", node.Address.Port.ToString());

            using var response = await node.Http.SendAsync(request, TestNode.Stop);

            ((int)response.StatusCode).ShouldBe(status);
        }
    }

    [Fact]
    public async Task Other_sites_pages_reach_nothing()
    {
        await using var node = await TestNode.StartAsync("requests: { allowedOrigins: ['http://localhost:5173'] }");
        async Task<int> Send(HttpMethod method, string path, string? origin, string? site)
        {
            using var request = new HttpRequestMessage(method, path);
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            if (site is not null)
                request.Headers.Add("Sec-Fetch-Site", site);
            using var response = await node.Http.SendAsync(request, TestNode.Stop);
            return (int)response.StatusCode;
        }

        string own = node.Address.GetLeftPart(UriPartial.Authority);
        foreach (string origin in new[] { "http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:" + node.Address.Port, "http://localhost:" + node.Address.Port })
        {
            (await Send(HttpMethod.Delete, "/api/cameras/x", origin, "cross-site")).ShouldBe(403, origin);
            (await Send(HttpMethod.Post, "/api/cameras", origin, null)).ShouldBe(403, origin);
            (await Send(HttpMethod.Get, "/api/cameras", origin, null)).ShouldBe(403, origin);
            foreach (string path in new[] { "/api/cameras/x/live", "/api/events" })
                await Should.ThrowAsync<WebSocketException>(() => node.ConnectAsync(path, origin));
        }

        (await Send(HttpMethod.Get, "/api/cameras", null, "cross-site")).ShouldBe(403);
        (await Send(HttpMethod.Get, "/api/cameras", null, "same-site")).ShouldBe(403);
        (await Send(HttpMethod.Get, "/api/cameras", null, "same-origin")).ShouldBe(200);
        (await Send(HttpMethod.Get, "/api/cameras", null, "none")).ShouldBe(200);
        (await Send(HttpMethod.Get, "/", null, "cross-site")).ShouldBe(200);
        (await Send(HttpMethod.Delete, "/api/cameras/x", own, "same-origin")).ShouldBe(404);
        (await Send(HttpMethod.Delete, "/api/cameras/x", "http://localhost:5173", null)).ShouldBe(404);
        using var socket = await node.ConnectAsync("/api/events", own);
        socket.State.ShouldBe(WebSocketState.Open);
    }

    [Fact]
    public async Task Every_answer_forbids_framing_sniffing_and_inline_script()
    {
        await using var node = await TestNode.StartAsync();
        foreach (string path in new[] { "/", "/live/gate", "/api/cameras", "/api/nothing", "/health", "/metrics" })
        {
            using var response = await node.Http.GetAsync(path, TestNode.Stop);
            string policy = response.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldContain("script-src 'self';");
            policy.ShouldContain("frame-ancestors 'none'");
            response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
            response.Headers.Contains("Server").ShouldBeFalse();
        }
    }

    [Fact]
    public async Task The_page_is_served_for_its_own_addresses_and_hashed_files_are_kept_by_the_browser()
    {
        using var built = new Testing.TempFolder("page");
        Directory.CreateDirectory(built.File("assets"));
        await File.WriteAllTextAsync(built.File("index.html"), "<!doctype html><title>page</title>", TestNode.Stop);
        await File.WriteAllTextAsync(built.File("assets", "main-3f2a.js"), "export {}", TestNode.Stop);
        await using var node = await TestNode.StartAsync($"web: '{built.Path}'");

        foreach (string path in new[] { "/", "/live", "/timeline/gate-1" })
        {
            using var page = await node.Http.GetAsync(path, TestNode.Stop);
            (await page.Content.ReadAsStringAsync(TestNode.Stop)).ShouldContain("<title>page</title>");
            page.Headers.CacheControl!.NoCache.ShouldBeTrue();
        }

        using var script = await node.Http.GetAsync("/assets/main-3f2a.js", TestNode.Stop);
        script.Headers.CacheControl!.ToString().ShouldContain("immutable");
        (await node.Http.GetAsync("/assets/gone-0000.js", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await node.Http.GetAsync("/..%2fatalaya.yaml", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Without_a_built_page_the_front_says_how_to_build_it()
    {
        using var empty = new Testing.TempFolder("page");
        await using var node = await TestNode.StartAsync($"web: '{empty.Path}'");

        (await node.Http.GetStringAsync("/", TestNode.Stop)).ShouldContain("npm run build");
    }
}
