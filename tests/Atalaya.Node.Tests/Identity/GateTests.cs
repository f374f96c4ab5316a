using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Identity;

/// <summary>Nobody gets what their grants don't say, whatever endpoint is added later.</summary>
public sealed class GateTests
{
    const string Cameras = """
        cameras:
          - { id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here, groups: [entries] }
          - { id: far, main: rtsp://127.0.0.1:9/x, enabled: false, site: elsewhere }
        """;

    const string Time = "from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";

    [Fact]
    public async Task Every_endpoint_says_what_it_demands()
    {
        await using var node = await TestNode.StartAsync();

        Endpoints(node).Where(e => e.Metadata.GetMetadata<Access>() is null).Select(e => e.DisplayName).ShouldBeEmpty();
        // What is open to all is chosen one by one.
        Endpoints(node).Where(e => e.Metadata.GetMetadata<Access>() is { Kind: AccessKind.Open }).Select(e => "/" + e.RoutePattern.RawText!.Trim('/')).Distinct().Order(StringComparer.Ordinal).ShouldBe(
        [
            "/api/node", "/api/released/look", "/api/released/{token}/file", "/api/session", "/api/session/openid", "/api/session/openid/finish", "/api/session/passkey", "/api/session/passkey/options", "/api/session/second", "/api/start", "/api/start/look", "/health", "/health/ready", "/package-viewer", "/witness/add-checkpoint", "/{*path:nonfile}",
        ]);
    }

    [Fact]
    public async Task The_kept_list_of_permissions_is_that_of_the_code()
    {
        await using var node = await TestNode.StartAsync();

        string now = PermissionsDocument.Markdown(Endpoints(node));

        Repository.ReadKept("ref/permissions.md", now).ShouldBe(now, "Run `atalaya permissions > ref/permissions.md`.");
    }

    [Fact]
    public async Task Nobody_and_every_role_get_from_every_endpoint_what_they_may_and_no_more()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var nobody = node.As(null);
        using var stranger = node.As("atl_" + new string('x', 43));
        using var powerless = await node.AsAsync("powerless");
        var roles = new List<(Role Role, HttpClient Http)>();
        foreach (var role in Roles.Shipped)
            roles.Add((role, await node.AsAsync(role.Id, new Grant(role.Id, Scope.Organisation))));

        foreach (var endpoint in Endpoints(node))
        {
            var access = endpoint.Metadata.GetMetadata<Access>()!;
            foreach (var (method, path, type) in Requests(endpoint, "gate"))
            {
                string what = $"{method} {path}";
                if (access.Kind is AccessKind.Peer or AccessKind.AnyNode)
                {
                    // Of other nodes alone, on connections of their own: here there is nothing.
                    foreach (var http in roles.Select(r => r.Http).Append(nobody))
                        (await AskAsync(http, method, path, type: type)).Status.ShouldBe(404, what);
                    continue;
                }

                foreach (var http in new[] { nobody, stranger })
                    ((await AskAsync(http, method, path, type: type)).Status == 401).ShouldBe(access.Kind != AccessKind.Open, what);
                var without = await AskAsync(powerless, method, path, type: type);
                if (access.Kind == AccessKind.Camera)
                    without.Status.ShouldBe(404, what);
                else
                    IsDenied(without).ShouldBe(access.Permission is not null, what);
                foreach (var (role, http) in roles)
                {
                    var answer = await AskAsync(http, method, path, type: type);
                    if (!IsSignIn(path))
                        answer.Status.ShouldNotBe(401, $"{what} as {role.Id}");
                    answer.Status.ShouldBeLessThan(500, $"{what} as {role.Id}: {answer.Text}");
                    IsDenied(answer).ShouldBe(access.Permission is { } permission && !role.Permissions.Has(permission) && !(access.Or is { } or && role.Permissions.Has(or)), $"{what} as {role.Id}: {answer.Text}");
                }
            }
        }

        foreach (var (_, http) in roles)
            http.Dispose();
    }

    [Fact]
    public async Task For_a_user_of_another_site_a_camera_is_as_one_that_does_not_exist()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var http = await node.AsAsync("elsewhere", new Grant(Roles.Administrator, new(ScopeKind.Site, "elsewhere")));
        foreach (var endpoint in Endpoints(node))
        {
            var access = endpoint.Metadata.GetMetadata<Access>()!;
            var hidden = Requests(endpoint, "gate").ToArray();
            var absent = Requests(endpoint, "gone").ToArray();
            for (int i = 0; i < hidden.Length; i++)
            {
                var first = await AskAsync(http, hidden[i].Method, hidden[i].Path, type: hidden[i].Type);
                var second = await AskAsync(http, absent[i].Method, absent[i].Path, type: absent[i].Type);
                string what = $"{hidden[i].Method} {hidden[i].Path}: {first.Text}";
                first.Status.ShouldBe(second.Status, what);
                if (access.Kind is AccessKind.Camera or AccessKind.Anywhere)
                    first.Text.Replace("gate", "gone", StringComparison.Ordinal).ShouldBe(second.Text, what);
                if (access.Kind == AccessKind.Camera)
                    first.Status.ShouldBe(404, what);
                if (access.Kind == AccessKind.Organisation)
                    IsDenied(first).ShouldBeTrue(what);
            }
        }

        // Nor do lists and the bodies of requests tell.
        foreach (string path in new[] { "/api/cameras", $"/api/timeline?{Time}", $"/api/scene-events?{Time}", $"/api/scene-events/marks?{Time}", "/api/exports", "/api/redactions", "/api/holds?ended=true", "/api/storage", "/api/analysis", "/api/map", "/health" })
            (await http.GetStringAsync(path, TestNode.Stop)).ShouldNotContain("gate", Case.Sensitive, path);
        foreach (var (path, body) in new[]
        {
            ("/api/exports", "{\"camera\":\"gate\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-01T01:00:00Z\"}"),
            ("/api/redactions", "{\"camera\":\"gate\",\"from\":\"2026-01-01T00:00:00Z\",\"to\":\"2026-01-01T00:05:00Z\"}"),
            ("/api/holds", "{\"cameras\":[\"gate\"],\"from\":\"2026-01-01T00:00:00Z\",\"reason\":\"x\",\"owner\":\"x\"}"),
            ("/api/holds/assessment", "{\"cameras\":[\"gate\"],\"from\":\"2026-01-01T00:00:00Z\"}"),
            ("/api/scene-events", "{\"camera\":\"gate\",\"kind\":\"motion\",\"rule\":\"x\"}"),
        })
        {
            var first = await AskAsync(http, "POST", path, body);
            var second = await AskAsync(http, "POST", path, body.Replace("gate", "gone", StringComparison.Ordinal));
            first.Status.ShouldBe(404, path);
            first.Text.Replace("gate", "gone", StringComparison.Ordinal).ShouldBe(second.Text);
        }
    }

    [Fact]
    public async Task Oversight_gets_no_picture_and_no_sound_on_any_route()
    {
        await using var fake = await Atalaya.Testing.FakeCamera.StartAsync(new Atalaya.Testing.ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]");
        var now = TimeProvider.System.GetUtcNow();
        string playlist = await node.TextUntilAsync(
            $"/api/cameras/gate/playback.m3u8?from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}", p => p.Contains("segments/", StringComparison.Ordinal));
        string segment = playlist.Split('\n').First(l => l.StartsWith("segments/", StringComparison.Ordinal))["segments/".Length..];
        string token = await node.TokenAsync("oversight", new Grant("auditor", Scope.Organisation));
        using var http = node.As(token);
        int reached = 0;
        foreach (var endpoint in Endpoints(node))
        {
            var access = endpoint.Metadata.GetMetadata<Access>()!;
            foreach (var (method, path, type) in Requests(endpoint, "gate"))
            {
                // What there really is behind each route that names it: this camera, this segment, this minute.
                string real = path.Contains("/segments/", StringComparison.Ordinal) ? $"/api/cameras/gate/segments/{segment}{(path.EndsWith("/proof", StringComparison.Ordinal) ? "/proof" : "")}" : path;
                using var request = new HttpRequestMessage(new(method), real.Contains('?', StringComparison.Ordinal) ? real : $"{real}?from={now.AddMinutes(-5):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddMinutes(5):yyyy-MM-ddTHH:mm:ssZ}");
                if (method is "POST" or "PUT" or "PATCH")
                    request.Content = new StringContent("[]", Encoding.UTF8, type);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestNode.Stop);
                string what = $"{method} {real} answers {(int)response.StatusCode} {response.Content.Headers.ContentType}";
                response.StatusCode.ShouldNotBe(HttpStatusCode.SwitchingProtocols, what);
                if (!response.IsSuccessStatusCode)
                    continue;
                reached++;
                string media = response.Content.Headers.ContentType?.MediaType ?? "";
                (media.StartsWith("video/", StringComparison.Ordinal) || media.StartsWith("audio/", StringComparison.Ordinal) || media.StartsWith("image/", StringComparison.Ordinal) || media.Contains("mpegurl", StringComparison.Ordinal)
                    || media.StartsWith("multipart/", StringComparison.Ordinal)).ShouldBeFalse(what);
                // Bytes of no kind: only the log's tiles, which are hashes.
                (media == "application/octet-stream" && !real.StartsWith("/log/", StringComparison.Ordinal)).ShouldBeFalse(what);
            }

            // What says that it gives pictures or sound demands something that an auditor hasn't.
            bool gives = endpoint.Metadata.OfType<Microsoft.AspNetCore.Http.Metadata.IProducesResponseTypeMetadata>().SelectMany(p => p.ContentTypes)
                .Any(t => t.StartsWith("video/", StringComparison.Ordinal) || t.StartsWith("audio/", StringComparison.Ordinal) || t.StartsWith("image/jpeg", StringComparison.Ordinal) || t.Contains("mpegurl", StringComparison.Ordinal));
            if (gives)
                (access.Permission is not null and not Permission.Audit).ShouldBeTrue(endpoint.DisplayName);
        }

        reached.ShouldBeGreaterThan(10, "otherwise nothing was tried");
        await Should.ThrowAsync<WebSocketException>(() => node.ConnectAsync("/api/cameras/gate/live", token: token));
        (await http.GetAsync($"/api/cameras/gate/segments/{segment}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await node.Http.GetAsync($"/api/cameras/gate/segments/{segment}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK, "for others it is there");
    }

    [Fact]
    public async Task Lists_hold_what_the_user_may_see_by_site_group_and_camera()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        async Task<string[]> SeenAsync(string user, ScopeKind kind, string of)
        {
            using var http = await node.AsAsync(user, new Grant("operator", new(kind, of)));
            return [.. JsonNode.Parse(await http.GetStringAsync("/api/cameras", TestNode.Stop))!.AsArray().Select(c => (string)c!["id"]!)];
        }

        (await SeenAsync("a", ScopeKind.Site, "here")).ShouldBe(["gate"]);
        (await SeenAsync("b", ScopeKind.Group, "entries")).ShouldBe(["gate"]);
        (await SeenAsync("c", ScopeKind.Camera, "far")).ShouldBe(["far"]);
        (await SeenAsync("d", ScopeKind.Organisation, "")).ShouldBe(["far", "gate"]);
        (await SeenAsync("e", ScopeKind.Site, "nowhere")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_a_camera_is_reached_is_told_to_who_manages_it_alone()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var http = await node.AsAsync("watcher", new Grant("operator", Scope.Organisation));

        (await http.GetStringAsync("/api/cameras/gate", TestNode.Stop)).ShouldNotContain("rtsp://");
        (await node.Http.GetStringAsync("/api/cameras/gate", TestNode.Stop)).ShouldContain("rtsp://");
    }

    [Fact]
    public async Task Looking_back_ends_where_the_role_says()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var http = await node.AsAsync("watcher", new Grant("operator", Scope.Organisation));
        string now = TimeProvider.System.GetUtcNow().AddHours(-1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), soon = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

        foreach (string path in new[] { "/api/cameras/gate/playback.m3u8?", "/api/cameras/gate/tracks?" })
        {
            var old = await AskAsync(http, "GET", path + Time);
            old.Status.ShouldBe(403, old.Text);
            (await AskAsync(http, "GET", $"{path}from={now}&to={soon}")).Status.ShouldNotBe(403);
            (await AskAsync(node.Http, "GET", path + Time)).Status.ShouldNotBe(403);
        }

        (await AskAsync(http, "GET", "/api/cameras/gate/segments/1767225600000.mp4")).Status.ShouldBe(403);
        (await AskAsync(http, "GET", "/api/cameras/gate/previews/29453760.jpg")).Status.ShouldBe(403);
    }

    [Fact]
    public async Task A_connection_ends_when_its_owner_may_no_longer()
    {
        await using var fake = await Atalaya.Testing.FakeCamera.StartAsync(new Atalaya.Testing.ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        string token = await node.TokenAsync("watcher", new Grant("operator", Scope.Organisation));
        using var live = await node.ConnectAsync("/api/cameras/gate/live", token: token);
        using var events = await node.ConnectAsync("/api/events", token: token);
        await events.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, TestNode.Stop);
        (await live.NextTextAsync())!["type"]!.GetValue<string>().ShouldNotBe("error");

        var user = (await node.GetAsync("/api/users")).AsArray().Single(u => (string?)u!["name"] == "watcher")!;
        (await node.SendAsync(HttpMethod.Put, $"/api/users/{user["id"]}", new { disabled = true })).Status.ShouldBe(200);

        JsonNode? last = null;
        while (await live.NextTextAsync() is { } message)
            last = message;
        ((string?)last!["code"]).ShouldBe("revoked");
        await Should.ThrowAsync<WebSocketException>(async () =>
        {
            while (await events.NextAsync() is not null)
            {
            }

            throw new WebSocketException("It was closed in order.");
        });
        await Should.ThrowAsync<WebSocketException>(() => node.ConnectAsync("/api/cameras/gate/live", token: token));
    }

    static IEnumerable<RouteEndpoint> Endpoints(TestNode node) => node.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    // Where a 401 says that what was entered is wrong.
    static bool IsSignIn(string path) => path.StartsWith("/api/session", StringComparison.Ordinal);

    static IEnumerable<(string Method, string Path, string Type)> Requests(RouteEndpoint endpoint, string camera)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        string path = "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternSeparatorPart separator => separator.Content,
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter when parameter.ParameterPolicies.Any(p => p.Content == "guid") => "0198f3a2-0000-7000-8000-000000000000",
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { Name: "minute" } => (now / 60_000).ToString(),
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { Name: "index" } => "0",
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter when parameter.ParameterPolicies.Any(p => p.Content is "long" or "int") => "1",
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { Name: "name" } => now.ToString(),
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { Name: "leaf" } => "0",
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart { Name: "id" } => camera,
            _ => "x",
        }))));
        foreach (string method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : ["GET"])
            yield return (method, path, endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IAcceptsMetadata>()?.ContentTypes[0] ?? "application/json");
    }

    // Lists are no bodies that anything here takes: what is behind the gate does nothing.
    static async Task<(int Status, string Text)> AskAsync(HttpClient http, string method, string path, string body = "[]", string type = "application/json")
    {
        using var request = new HttpRequestMessage(new(method), path);
        if (method is "POST" or "PUT" or "PATCH")
            request.Content = new StringContent(body, Encoding.UTF8, type);
        if (http.DefaultRequestHeaders.Authorization is null)
            request.Headers.Add(Gate.PageHeader, "1");
        using var response = await http.SendAsync(request, TestNode.Stop);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestNode.Stop));
    }

    static bool IsDenied((int Status, string Text) answer) =>
        answer.Status == (int)HttpStatusCode.Forbidden && (answer.Text.Length == 0 || answer.Text.Contains("You may not do this", StringComparison.Ordinal));
}
