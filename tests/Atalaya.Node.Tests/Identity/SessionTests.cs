using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Node.Cli;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Identity;

public sealed class SessionTests
{
    const string Password = "seven grey herons wait";

    [Fact]
    public async Task The_one_time_link_makes_the_first_administrator_once()
    {
        await using var node = await TestNode.StartAsync(administrator: false);
        using var page = new Page(node);
        (await page.GetAsync("/api/session"))["needsFirst"]!.GetValue<bool>().ShouldBeTrue();
        string code = node.Service<FirstStart>().Link!.Split('#')[1];

        (await page.SendAsync(HttpMethod.Post, "/api/start/look", new { code })).Body!["name"].ShouldBeNull();
        (await page.SendAsync(HttpMethod.Post, "/api/start", new { code = code + "x", name = "Ana", password = Password })).Status.ShouldBe(404);
        var weak = await page.SendAsync(HttpMethod.Post, "/api/start", new { code, name = "Ana", password = "password1234" });
        weak.Status.ShouldBe(400);
        weak.Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["password"]);
        var started = await page.SendAsync(HttpMethod.Post, "/api/start", new { code, name = "Ana", password = Password });
        started.Status.ShouldBe(200, started.Body?.ToJsonString());
        page.Cookie.ShouldContain("__Host-atalaya=");
        foreach (string part in new[] { "path=/", "secure", "httponly", "samesite=strict" })
            page.Cookie.ShouldContain(part, Case.Insensitive);

        var session = await page.GetAsync("/api/session");
        ((string?)session["user"]!["name"]).ShouldBe("Ana");
        session["user"]!["permissions"]!.AsArray().Count.ShouldBe(Enum.GetValues<Permission>().Length);
        (await page.GetAsync("/api/cameras")).AsArray().ShouldBeEmpty();
        using var second = new Page(node);
        (await second.SendAsync(HttpMethod.Post, "/api/start", new { code, name = "Eva", password = Password })).Status.ShouldBe(404);
        (await second.GetAsync("/api/session"))["needsFirst"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public async Task Signing_in_and_out_and_a_wrong_name_reads_as_a_wrong_password()
    {
        await using var node = await TestNode.StartAsync();
        await AddAsync(node, "Ana");
        using var page = new Page(node);
        var wrong = await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "ana", password = "not the right one" });
        var unknown = await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Nadia", password = "not the right one" });
        wrong.Status.ShouldBe(401);
        unknown.Body!.ToJsonString().ShouldBe(wrong.Body!.ToJsonString());

        (await page.SendAsync(HttpMethod.Post, "/api/session", new { name = " ANA ", password = Password })).Status.ShouldBe(200);
        ((string?)(await page.GetAsync("/api/session"))["user"]!["name"]).ShouldBe("Ana");
        (await page.SendAsync(HttpMethod.Delete, "/api/session")).Status.ShouldBe(204);
        page.Cookie = page.Kept;
        (await page.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse("the session has ended, whoever kept its cookie");
    }

    [Fact]
    public async Task Guessing_becomes_slow_and_the_right_password_waits_as_well()
    {
        await using var node = await TestNode.StartAsync();
        await AddAsync(node, "Ana");
        using var page = new Page(node);
        int status = 0;
        for (int i = 0; i < 8 && status != 429; i++)
            (status, _) = await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = "wrong" + i });
        status.ShouldBe(429);

        (await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Status.ShouldBe(429);
    }

    [Fact]
    public async Task A_change_with_a_cookie_needs_the_pages_header()
    {
        await using var node = await TestNode.StartAsync();
        await AddAsync(node, "Ana");
        using var page = new Page(node);
        (await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Status.ShouldBe(200);
        page.Http.DefaultRequestHeaders.Remove(Gate.PageHeader);

        (await page.GetAsync("/api/cameras")).ShouldNotBeNull();
        var refused = await page.SendAsync(HttpMethod.Post, "/api/session/seen");
        refused.Status.ShouldBe(403);
        ((string?)refused.Body!["title"]).ShouldBe("Not sent by the page");
    }

    [Fact]
    public async Task Sessions_are_listed_ended_and_a_new_password_ends_the_others()
    {
        await using var node = await TestNode.StartAsync();
        await AddAsync(node, "Ana");
        using var here = new Page(node);
        using var there = new Page(node);
        foreach (var page in new[] { here, there })
            (await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Status.ShouldBe(200);
        var sessions = (await here.GetAsync("/api/me/sessions")).AsArray();
        sessions.Count.ShouldBe(2);
        string other = (string)sessions.Single(s => !(bool)s!["current"]!)!["id"]!;
        (await here.SendAsync(HttpMethod.Delete, $"/api/me/sessions/{other}")).Status.ShouldBe(204);
        (await there.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();

        (await there.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Status.ShouldBe(200);
        (await here.SendAsync(HttpMethod.Put, "/api/me/password", new { old = "wrong", @new = "nine red lanterns float" })).Status.ShouldBe(400);
        (await here.SendAsync(HttpMethod.Put, "/api/me/password", new { old = Password, @new = "nine red lanterns float" })).Status.ShouldBe(204);
        (await here.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeTrue();
        (await there.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public async Task A_session_ends_when_nobody_gives_a_sign_and_when_its_time_is_over()
    {
        await using var node = await TestNode.StartAsync("signIn: { idle: 1min, lifetime: 5min }");
        var user = await AddAsync(node, "Ana");
        var people = node.Service<Callers>().People;
        long now = Atalaya.Media.WallTime.Now(TimeProvider.System).Microseconds, minute = 60_000_000;
        async Task<bool> CountsAsync(long created, long seen)
        {
            string secret = Secret.New();
            await people.AddSessionAsync(new(Secret.Digest(secret), user.Id, created, seen, "password", "", ""), TestNode.Stop);
            using var page = new Page(node) { Cookie = $"__Host-atalaya={secret}" };
            return (bool)(await page.GetAsync("/api/session"))["signedIn"]!;
        }

        (await CountsAsync(now, now)).ShouldBeTrue();
        (await CountsAsync(now - (4 * minute), now)).ShouldBeTrue();
        (await CountsAsync(now - (4 * minute), now - (2 * minute))).ShouldBeFalse();
        (await CountsAsync(now - (6 * minute), now)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_token_does_a_part_of_what_its_owner_may_and_makes_no_other()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        await AddAsync(node, "Ana", new Grant("operator", Scope.Organisation));
        using var page = new Page(node);
        await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password });
        (await page.SendAsync(HttpMethod.Post, "/api/me/tokens", new { name = "x", days = 1, permissions = new[] { "audit" } })).Status.ShouldBe(400);
        var made = await page.SendAsync(HttpMethod.Post, "/api/me/tokens", new { name = "wall", days = 1, permissions = new[] { "viewLive" } });
        made.Status.ShouldBe(201, made.Body?.ToJsonString());
        using var http = node.As((string)made.Body!["token"]!);

        (await http.GetAsync("/api/cameras/gate", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        (await http.GetAsync("/api/timeline", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        (await http.PostAsJsonAsync("/api/me/tokens", new { name = "more", days = 1 }, TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        (await page.GetAsync("/api/me/tokens")).ToJsonString().ShouldNotContain((string)made.Body!["token"]!);
        (await page.SendAsync(HttpMethod.Delete, $"/api/me/tokens/{made.Body!["about"]!["id"]}")).Status.ShouldBe(204);
        (await http.GetAsync("/api/cameras/gate", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Who_manages_users_adds_them_by_link_and_gives_no_more_than_they_have()
    {
        await using var node = await TestNode.StartAsync();
        var made = await node.SendAsync(HttpMethod.Post, "/api/users", new { name = "Omar", fullName = "Omar B.", grants = new object[] { new { role = "operator", scope = "site", of = "north" } } });
        made.Status.ShouldBe(201, made.Body?.ToJsonString());
        using var page = new Page(node);
        string code = ((string)made.Body!["link"]!).Split('#')[1];
        ((string?)(await page.SendAsync(HttpMethod.Post, "/api/start/look", new { code })).Body!["name"]).ShouldBe("Omar");
        (await page.SendAsync(HttpMethod.Post, "/api/start", new { code, password = Password })).Status.ShouldBe(200);
        (await page.GetAsync("/api/session"))["user"]!["organisation"]!.AsArray().ShouldBeEmpty();
        (await page.SendAsync(HttpMethod.Get, "/api/users")).Status.ShouldBe(403);

        (await node.SendAsync(HttpMethod.Put, "/api/roles/helpdesk", new { name = "Help desk", permissions = new[] { "manageUsers", "viewHealth" } })).Status.ShouldBe(200);
        using var helper = await node.AsAsync("helper", new Grant("helpdesk", Scope.Organisation));
        var admin = (await node.GetAsync("/api/users")).AsArray().Single(u => (string?)u!["name"] == "administrator")!;
        foreach (var (method, path, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/api/users", new { name = "Lea", grants = new[] { new { role = "operator" } } }),
            (HttpMethod.Post, $"/api/users/{admin["id"]}/link", null),
            (HttpMethod.Put, $"/api/users/{admin["id"]}", new { disabled = true }),
            (HttpMethod.Delete, $"/api/users/{admin["id"]}/factors", null),
            (HttpMethod.Put, "/api/roles/helpdesk", new { name = "Help desk", permissions = new[] { "manageUsers", "viewLive" } }),
        })
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await helper.SendAsync(request, TestNode.Stop);
            ((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync(TestNode.Stop))!["title"]).ShouldBe("More than you have yourself", path);
        }

        (await helper.PostAsJsonAsync("/api/users", new { name = "Lea", grants = Array.Empty<object>() }, TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Created);
    }

    [Fact]
    public async Task What_a_user_may_is_told_by_camera_among_those_that_the_asker_may_know_of()
    {
        await using var node = await TestNode.StartAsync("""
            cameras:
              - { id: gate, name: Gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: north, groups: [entries] }
              - { id: far, main: rtsp://127.0.0.1:9/x, enabled: false, site: south }
            """);
        var user = await AddAsync(node, "Omar", new Grant("operator", new(ScopeKind.Site, "north")), new Grant("liaison-officer", new(ScopeKind.Group, "entries")), new Grant("auditor", Scope.Organisation));

        var powers = await node.GetAsync($"/api/users/{user.Id}/powers");

        powers["organisation"]!.AsArray().Select(p => (string)p!).ShouldBe(["audit"]);
        powers["powers"]!.AsArray().Count.ShouldBe(3);
        var cameras = powers["cameras"]!.AsArray();
        // A grant on the organisation is one on every camera: audit shows no picture, but the camera is no secret to it.
        cameras.Select(c => (string)c!["id"]!).ShouldBe(["far", "gate"]);
        ((int)cameras[1]!["pastDays"]!).ShouldBe(30, "the farther of two reaches");
        cameras[1]!["permissions"]!.AsArray().Select(p => (string)p!).ShouldContain("release");
        cameras[0]!["permissions"]!.AsArray().Select(p => (string)p!).ShouldBe(["audit"]);

        using var far = await node.AsAsync("far", new Grant("operator", new(ScopeKind.Camera, "far")));
        (await far.GetAsync($"/api/users/{user.Id}/powers", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task All_other_sessions_end_at_once_and_this_one_stays()
    {
        await using var node = await TestNode.StartAsync();
        await AddAsync(node, "Ana");
        using var here = new Page(node);
        using var there = new Page(node);
        foreach (var page in new[] { here, there })
            (await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Status.ShouldBe(200);

        (await here.SendAsync(HttpMethod.Delete, "/api/me/sessions")).Status.ShouldBe(204);

        (await here.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeTrue();
        (await there.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();
        var me = (await node.GetAsync("/api/users")).AsArray().Single(u => (string?)u!["name"] == "Ana")!;
        me["signedInAt"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Somebody_who_manages_users_always_remains()
    {
        await using var node = await TestNode.StartAsync();
        var me = (await node.GetAsync("/api/users")).AsArray().Single()!;

        (await node.SendAsync(HttpMethod.Put, $"/api/users/{me["id"]}", new { disabled = true })).Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Put, $"/api/users/{me["id"]}", new { grants = new[] { new { role = "auditor" } } })).Status.ShouldBe(409);
    }

    [Fact]
    public async Task The_command_line_adds_users_and_tokens_beside_a_running_node()
    {
        await using var node = await TestNode.StartAsync();
        string executable = Path.Combine(AppContext.BaseDirectory, "atalaya"), data = Path.Combine(node.Folder, "data"), database = "database=" + TestDatabase.Of(Path.Combine(data, NodeStore.FileName));
        var added = await ManagedProcess.RunAsync(executable, ["user", "add", "script", "--role", "technician", "--data", data, "--set", database]);
        added.ExitCode.ShouldBe(ExitCode.Done, added.Errors);
        added.Output.ShouldContain("/start#");
        var made = await ManagedProcess.RunAsync(executable, ["token", "create", "script", "--data", data, "--set", database, "--permission", "viewHealth"]);
        made.ExitCode.ShouldBe(ExitCode.Done, made.Errors);
        using var http = node.As(made.Output.Trim());
        (await http.GetAsync("/metrics", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        (await http.GetAsync("/api/archive/checks", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);

        var list = await ManagedProcess.RunAsync(executable, ["token", "list", "--data", data, "--set", database]);
        list.Output.ShouldNotContain(made.Output.Trim());
        string id = list.Output.Split('\n').Single(l => l.Contains("\tscript\t", StringComparison.Ordinal)).Split('\t')[0];
        (await ManagedProcess.RunAsync(executable, ["token", "revoke", id, "--data", data, "--set", database])).ExitCode.ShouldBe(ExitCode.Done);
        (await ManagedProcess.RunAsync(executable, ["user", "disable", "script", "--data", data, "--set", database])).ExitCode.ShouldBe(ExitCode.Done);
        (await ManagedProcess.RunAsync(executable, ["token", "create", "script", "--data", data, "--set", database])).ExitCode.ShouldBe(ExitCode.Failed);
        // Believed for two seconds at most.
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await http.GetAsync("/metrics", TestNode.Stop)).StatusCode != System.Net.HttpStatusCode.Unauthorized)
            await beat.WaitForNextTickAsync(TestNode.Stop);
    }

    internal static async Task<User> AddAsync(TestNode node, string name, params Grant[] grants)
    {
        var callers = node.Service<Callers>();
        var user = UserEndpoints.Make(name, "", TimeProvider.System);
        user.PasswordHash = new Microsoft.AspNetCore.Identity.PasswordHasher<User>().HashPassword(user, Password);
        await callers.People.AddAsync(user, TestNode.Stop);
        await callers.People.SetGrantsAsync(user.Id, grants, TestNode.Stop);
        return user;
    }

    /// <summary>What the page is to the node: keeps its cookie and says that it is the page.</summary>
    internal sealed class Page : IDisposable
    {
        public Page(TestNode node)
        {
            Http = node.As(null);
            Http.DefaultRequestHeaders.Add(Gate.PageHeader, "1");
        }

        public HttpClient Http { get; }
        public string Cookie { get; set; } = "";

        /// <summary>The last one that had a value.</summary>
        public string Kept { get; private set; } = "";

        public async Task<JsonNode> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).Body!;

        public async Task<(int Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            if (Cookie.Length > 0)
                request.Headers.Add("Cookie", Cookie.Split(';')[0]);
            using var response = await Http.SendAsync(request, TestNode.Stop);
            if (response.Headers.TryGetValues("Set-Cookie", out var set))
            {
                Cookie = set.Single();
                if (!Cookie.StartsWith("__Host-atalaya=;", StringComparison.Ordinal))
                    Kept = Cookie;
            }

            string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
            return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
        }

        public void Dispose() => Http.Dispose();
    }
}
