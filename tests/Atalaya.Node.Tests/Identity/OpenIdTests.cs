using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Testing;

using Microsoft.AspNetCore.WebUtilities;

namespace Atalaya.Node.Tests.Identity;

/// <summary>Signing in at a real OpenID _provider.</summary>
public sealed class OpenIdTests(OpenIdTests.Running running) : IClassFixture<OpenIdTests.Running>
{
    readonly OpenIdServer _provider = running.Server;

    [Fact]
    public async Task Who_may_sign_in_at_the_provider_is_signed_in_under_the_rights_they_have_here()
    {
        await using var node = await StartAsync();
        await AddAsync(node, "Omar", new Grant("operator", new(ScopeKind.Site, "north")));
        using var browser = new Browser(node);
        ((string?)(await browser.GetAsync("/api/session"))["openId"]!["name"]).ShouldBe("Border police");

        var done = await browser.SignInAsync("omar");

        done.Status.ShouldBe(200, done.Body?.ToJsonString());
        browser.Set.ShouldContain(c => c.StartsWith("__Host-atalaya=", StringComparison.Ordinal) && c.Contains("samesite=strict", StringComparison.OrdinalIgnoreCase) && c.Contains("httponly", StringComparison.OrdinalIgnoreCase));
        var session = await browser.GetAsync("/api/session");
        ((string?)session["user"]!["name"]).ShouldBe("Omar");
        session["user"]!["permissions"]!.AsArray().Select(p => (string)p!).ShouldContain("viewLive");
        ((string?)(await browser.GetAsync("/api/me/sessions")).AsArray().Single()!["method"]).ShouldBe("openId");
        (await node.GetAsync("/api/users")).AsArray().Single(u => (string?)u!["name"] == "Omar")!["signedInAt"].ShouldNotBeNull();

        // Signing out leads to the provider's own, or the next one at this screen would be Omar again.
        var outside = await browser.SendAsync(HttpMethod.Delete, "/api/session");
        outside.Status.ShouldBe(200);
        ((string)outside.Body!["address"]!).ShouldStartWith(_provider.Issuer + "/session/end");
        (await browser.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public async Task Who_is_not_known_not_allowed_disabled_or_somebody_else_is_told_so()
    {
        await using var node = await StartAsync();
        await AddAsync(node, "omar");
        await SessionTests.AddAsync(node, "ana", new Grant(Roles.Administrator, Scope.Organisation));
        var gone = await AddAsync(node, "gone");
        gone.Disabled = true;
        await node.Service<Callers>().People.UpdateAsync(gone, TestNode.Stop);

        (await SignInAsync(node, "nobody")).ShouldBe((403, "unknown"));
        (await SignInAsync(node, "ana")).ShouldBe((403, "notByProvider"), "a name at the provider isn't enough to become an administrator here");
        (await SignInAsync(node, "gone")).ShouldBe((403, "disabled"));
        (await SignInAsync(node, "omar")).ShouldBe((200, null));
        (await SignInAsync(node, "omar#2")).ShouldBe((403, "somebodyElse"), "the name changed hands at the provider");

        // What binds them ends where whoever manages users says so, and so does the way in.
        string id = (string)(await node.GetAsync("/api/users")).AsArray().Single(u => (string?)u!["name"] == "omar")!["id"]!;
        (await node.SendAsync(HttpMethod.Put, $"/api/users/{id}", new { openId = false })).Status.ShouldBe(200);
        (await SignInAsync(node, "omar")).ShouldBe((403, "notByProvider"));
        (await node.SendAsync(HttpMethod.Put, $"/api/users/{id}", new { openId = true })).Status.ShouldBe(200);
        (await SignInAsync(node, "omar#2")).ShouldBe((200, null));
    }

    [Fact]
    public async Task Where_the_provider_gives_roles_users_come_with_them_and_lose_them_there()
    {
        await using var node = await StartAsync("""
                require: groups=atalaya
                roles:
                  - { value: north, role: operator, scope: site, of: north }
                  - { value: techs, role: technician }
            """);
        (await SignInAsync(node, "omar+north")).ShouldBe((403, "notAllowed"));
        (await SignInAsync(node, "omar+atalaya")).ShouldBe((403, "noRole"));
        (await node.GetAsync("/api/users")).AsArray().Count.ShouldBe(1, "nobody is added who has no role");

        (await SignInAsync(node, "omar+atalaya+north")).ShouldBe((200, null));
        JsonNode Omar(JsonNode users) => users.AsArray().Single(u => (string?)u!["name"] == "omar")!;
        var omar = Omar(await node.GetAsync("/api/users"));
        omar["grants"]!.AsArray().Single()!.ToJsonString().ShouldBe("""{"role":"operator","scope":"site","of":"north"}""");
        ((string?)omar["fullName"]).ShouldBe("omar at the provider");
        omar["hasPassword"]!.GetValue<bool>().ShouldBeFalse();

        // The same person: the provider's subject is what it says, not the name. Here it is another one, so it isn't.
        (await SignInAsync(node, "omar+atalaya+north+techs")).ShouldBe((403, "somebodyElse"));
        await node.SendAsync(HttpMethod.Put, $"/api/users/{omar["id"]}", new { grants = new[] { new { role = "administrator" } } });
        (await SignInAsync(node, "omar+atalaya+north")).ShouldBe((200, null));
        Omar(await node.GetAsync("/api/users"))["grants"]!.AsArray().Count.ShouldBe(1);
        ((string?)Omar(await node.GetAsync("/api/users"))["grants"]![0]!["role"]).ShouldBe("operator", "what the provider doesn't give isn't kept");
    }

    [Theory]
    [InlineData("""{ "aud": "another" }""", "audience")]
    [InlineData("""{ "iss": "https://login.example.org" }""", "issuer")]
    [InlineData("""{ "nonce": "of another sign-in" }""", "nonce")]
    [InlineData("""{ "exp": 1700000000 }""", "lifetime")]
    [InlineData("""{ "nbf": 4100000000 }""", "not valid yet")]
    [InlineData("""{ "aud": ["atalaya", "another"], "azp": "another" }""", "authorized party")]
    [InlineData("""{ "key": "other" }""", "signature")]
    [InlineData("""{ "alg": "none" }""", "no signature")]
    [InlineData("""{ "alg": "HS256" }""", "signed with the client's secret")]
    [InlineData("""{ "sub": "" }""", "no subject")]
    public async Task A_token_that_is_not_what_it_should_be_signs_nobody_in(string forge, string what)
    {
        await using var node = await StartAsync();
        await AddAsync(node, "omar");
        await _provider.ControlAsync(new { forge = JsonNode.Parse(forge) });
        try
        {
            (await SignInAsync(node, "omar")).ShouldBe((401, "unbelievable"), what);
        }
        finally
        {
            await _provider.ControlAsync(new { forge = (object?)null });
        }

        (await SignInAsync(node, "omar")).ShouldBe((200, null));
    }

    [Fact]
    public async Task New_keys_of_the_provider_are_believed_at_once_and_old_ones_no_more()
    {
        await using var node = await StartAsync();
        await AddAsync(node, "omar");
        (await SignInAsync(node, "omar")).ShouldBe((200, null));

        await _provider.ControlAsync(new { rotate = true });

        (await SignInAsync(node, "omar")).ShouldBe((200, null));
        (await SignInAsync(node, "omar")).ShouldBe((200, null));
    }

    [Fact]
    public async Task An_answer_counts_once_in_the_browser_that_asked_and_for_this_client()
    {
        await using var node = await StartAsync();
        await AddAsync(node, "omar");
        using var browser = new Browser(node);
        using var other = new Browser(node);
        var sent = await browser.VisitAsync("omar");
        (await other.FinishAsync(sent)).ShouldBe((401, "stale"), "another browser holds no part of the sign-in");
        (await browser.FinishAsync(sent with { State = sent.State + "x" })).ShouldBe((401, "stale"));
        (await browser.FinishAsync(sent with { Issuer = "https://login.example.org" })).ShouldBe((401, "unbelievable"), "RFC 9207");
        (await browser.FinishAsync(sent)).ShouldBe((401, "stale"), "used up");
        (await browser.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();

        // A code that was made for another client of the provider, put into this browser's own sign-in.
        (await browser.FinishAsync(await browser.VisitAsync("omar", address => address.Replace("client_id=atalaya", "client_id=other", StringComparison.Ordinal)))).ShouldBe((401, "refused"));
        // One whose nonce was exchanged on the way.
        (await browser.FinishAsync(await browser.VisitAsync("omar", address => QueryHelpers.AddQueryString(
            address.Split('?')[0], QueryHelpers.ParseQuery(new Uri(address).Query).ToDictionary(q => q.Key, q => q.Key == "nonce" ? "another" : (string?)q.Value))))).ShouldBe((401, "unbelievable"));

        var again = await browser.VisitAsync("omar");
        (await browser.FinishAsync(again)).ShouldBe((200, null));
        (await browser.FinishAsync(again)).ShouldBe((401, "stale"));
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_is_said_to_and_passwords_go_on()
    {
        await using var node = await TestNode.StartAsync("signIn: { oidc: { authority: 'http://127.0.0.1:9', clientId: atalaya } }");
        await SessionTests.AddAsync(node, "Ana");
        using var browser = new Browser(node);

        var begun = await browser.SendAsync(HttpMethod.Post, "/api/session/openid");

        begun.Status.ShouldBe(503);
        ((string?)begun.Body!["reason"]).ShouldBe("unreachable");
        (await browser.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = "seven grey herons wait" })).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_provider_that_calls_itself_otherwise_is_not_asked()
    {
        // The same server by another name: OpenID Connect Discovery 1.0, 4.3.
        await using var node = await TestNode.StartAsync($"signIn: {{ oidc: {{ authority: '{_provider.Issuer.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}', clientId: atalaya }} }}");
        using var browser = new Browser(node);

        (await browser.SendAsync(HttpMethod.Post, "/api/session/openid")).Status.ShouldBe(503);
        node.Log.ShouldContain("must be its issuer");
    }

    [Fact]
    public async Task Without_a_provider_there_is_no_such_way_in()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new Browser(node);

        (await browser.GetAsync("/api/session"))["openId"].ShouldBeNull();
        (await browser.SendAsync(HttpMethod.Post, "/api/session/openid")).Status.ShouldBe(404);
        (await browser.SendAsync(HttpMethod.Post, "/api/session/openid/finish", new { code = "x", state = "x" })).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("clientId: atalaya", "no signIn.oidc.authority")]
    [InlineData("authority: https://login.example.org", "clientId is missing")]
    [InlineData("{ authority: 'http://login.example.org', clientId: atalaya }", "https address")]
    [InlineData("{ authority: 'https://login.example.org', clientId: atalaya, require: groups }", "name=value")]
    [InlineData("{ authority: 'https://login.example.org', clientId: atalaya, roles: [{ value: x, role: operator, scope: site }] }", "roles[0].of")]
    public void Options_that_fit_no_provider_stop_the_start(string oidc, string said)
    {
        string text = oidc.StartsWith('{') ? $"signIn: {{ oidc: {oidc} }}" : $"signIn: {{ oidc: {{ {oidc} }} }}";

        new OptionsSource(null, new Dictionary<string, string>(), []).Read(text).Errors.ShouldContain(e => e.Message.Contains(said, StringComparison.Ordinal));
    }

    async Task<TestNode> StartAsync(string more = "")
    {
        var node = await TestNode.StartAsync($"""
            signIn:
              oidc:
                authority: {_provider.Issuer}
                clientId: atalaya
                clientSecret: {OpenIdServer.Secret}
                displayName: Border police
                scopes: [openid, profile, groups]
            {more}
            """);
        await _provider.ControlAsync(new { node = node.Address.ToString().TrimEnd('/') });
        return node;
    }

    static async Task<User> AddAsync(TestNode node, string name, params Grant[] grants)
    {
        var people = node.Service<Callers>().People;
        var user = UserEndpoints.Make(name, "", TimeProvider.System);
        user.OpenId = true;
        await people.AddAsync(user, TestNode.Stop);
        await people.SetGrantsAsync(user.Id, grants, TestNode.Stop);
        return user;
    }

    static async Task<(int Status, string? Reason)> SignInAsync(TestNode node, string name)
    {
        using var browser = new Browser(node);
        return await browser.FinishAsync(await browser.VisitAsync(name));
    }

    /// <summary>One for all tests here: they run one after the other.</summary>
    public sealed class Running : IAsyncLifetime
    {
        OpenIdServer? _server;

        public OpenIdServer Server => _server!;

        public async ValueTask InitializeAsync() => _server = await OpenIdServer.StartAsync();

        public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>What the provider put into the address.</summary>
    sealed record Sent(string Code, string State, string? Issuer);

    /// <summary>A browser at the node's page: it keeps cookies, Secure ones too, since this is loopback.</summary>
    sealed class Browser : IDisposable
    {
        readonly HttpClient _http;
        readonly Uri _node;
        readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

        public Browser(TestNode node)
        {
            _http = node.As(null);
            _http.DefaultRequestHeaders.Add(Gate.PageHeader, "1");
            _node = node.Address;
        }

        /// <summary>Every cookie that was set.</summary>
        public List<string> Set { get; } = [];

        public async Task<JsonNode> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).Body!;

        public async Task<(int Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            if (_cookies.Count > 0)
                request.Headers.Add("Cookie", string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}")));
            using var response = await _http.SendAsync(request, TestNode.Stop);
            foreach (string set in response.Headers.TryGetValues("Set-Cookie", out var all) ? all : [])
            {
                Set.Add(set);
                string[] pair = set.Split(';')[0].Split('=', 2);
                if (pair[1].Length == 0)
                    _cookies.Remove(pair[0]);
                else
                    _cookies[pair[0]] = pair[1];
            }

            string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
            return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
        }

        /// <param name="change">What somebody on the way does to the address at the _provider.</param>
        public async Task<Sent> VisitAsync(string name, Func<string, string>? change = null)
        {
            var begun = await SendAsync(HttpMethod.Post, "/api/session/openid");
            begun.Status.ShouldBe(200, begun.Body?.ToJsonString());
            string address = (string)begun.Body!["address"]!;
            var back = await OpenIdServer.VisitAsync(change?.Invoke(address) ?? address, name, _node);
            back.AbsolutePath.ShouldBe("/openid");
            var query = QueryHelpers.ParseQuery(back.Query);
            return new(query["code"].ToString(), query["state"].ToString(), query.TryGetValue("iss", out var issuer) ? issuer.ToString() : null);
        }

        public async Task<(int Status, string? Reason)> FinishAsync(Sent sent)
        {
            var (status, body) = await SendFinishAsync(sent);
            return (status, (string?)body?["reason"]);
        }

        public async Task<(int Status, JsonNode? Body)> SignInAsync(string name) => await SendFinishAsync(await VisitAsync(name));

        public void Dispose() => _http.Dispose();

        Task<(int Status, JsonNode? Body)> SendFinishAsync(Sent sent) =>
            SendAsync(HttpMethod.Post, "/api/session/openid/finish", new { code = sent.Code, state = sent.State, issuer = sent.Issuer });
    }
}
