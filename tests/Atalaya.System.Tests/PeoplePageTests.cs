using System.Net.Http.Json;
using System.Text.Json;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>People, their accounts and their ways in, in a real browser against the real node.</summary>
[Collection(Site.Browsers)]
public sealed class PeoplePageTests(Site site) : IClassFixture<Site>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    // WebAuthn takes a domain, no IP address.
    string ByName(string path) => $"http://localhost:{site.Address.Port}{path}";

    [Fact]
    public async Task A_new_user_comes_by_link_with_a_role_on_one_camera_and_sees_that_one_alone()
    {
        await using var admin = await site.OpenAsync("/settings/people");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Add a user" }).ClickAsync();
        var form = admin.Page.GetByRole(AriaRole.Dialog);
        await form.GetByLabel("Name to sign in").FillAsync("Omar:");
        await form.GetByLabel("Display name").FillAsync("Omar B.");
        await form.GetByRole(AriaRole.Button, new() { Name = "Give a role" }).ClickAsync();
        await form.GetByLabel("Role").SelectOptionAsync("operator");
        await form.GetByLabel("On", new() { Exact = true }).SelectOptionAsync("camera");
        await form.GetByRole(AriaRole.Button, new() { Name = "Add a user" }).ClickAsync();
        // What is wrong stands beside the field it is about.
        await form.Locator(".mantine-InputWrapper-root", new() { HasText = "Name to sign in" }).GetByText("without line breaks, colons").WaitForAsync();
        await form.Locator(".grant").GetByText("must name the camera").WaitForAsync();
        await form.GetByLabel("Name to sign in").FillAsync("Omar");
        await form.GetByLabel("Camera", new() { Exact = true }).SelectOptionAsync("lane-1");
        await form.GetByRole(AriaRole.Button, new() { Name = "Add a user" }).ClickAsync();
        string link = await admin.Page.Locator("[data-secret]").InnerTextAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Omar B." }).ClickAsync();
        var can = admin.Page.Locator("[data-can]");
        await can.GetByText("Carril 1").WaitForAsync();
        (await can.InnerTextAsync()).ShouldNotContain("North gate");

        await using var omar = await site.OpenAsync(new Uri(link).PathAndQuery + new Uri(link).Fragment, signedIn: false);
        await omar.Page.GetByText("Welcome, Omar").WaitForAsync();
        await omar.Page.Locator("input[autocomplete=new-password]").First.FillAsync(Site.Password);
        await omar.Page.Locator("input[autocomplete=new-password]").Last.FillAsync(Site.Password);
        await omar.Page.GetByRole(AriaRole.Button, new() { Name = "Begin" }).ClickAsync();
        await omar.Page.Locator(".me", new() { HasText = "Omar B." }).WaitForAsync(new() { Timeout = 20_000 });
        await omar.Page.GotoAsync(new Uri(site.Address, "/live").ToString());
        await omar.Page.Locator(".tile[data-camera=lane-1]").WaitForAsync(new() { Timeout = 20_000 });
        (await omar.Page.Locator(".tile[data-camera]").CountAsync()).ShouldBe(1);
        (await omar.ReadAsync<string[]>("async () => (await (await fetch('/api/cameras')).json()).map(c => c.id)")).ShouldBe(["lane-1"]);
        (await omar.Page.GetByText("Settings").CountAsync()).ShouldBe(0);

        // Disabled, they are out at once.
        await admin.Page.GetByLabel("May sign in").ClickAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await admin.Page.Locator("tr[data-user=Omar][data-state=disabled]").WaitForAsync();
        (await omar.ReadAsync<int>("async () => (await fetch('/api/cameras')).status")).ShouldBe(401);
        admin.Complaints.Where(c => !c.Contains("400", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_authenticator_and_a_passkey_are_set_up_on_the_account_page_and_sign_in()
    {
        string link = await AddAsync("Lea");
        await using var visit = await site.OpenAsync("/favicon.svg", signedIn: false);
        var page = visit.Page;
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });
        await page.GotoAsync(ByName(link));
        await page.Locator("input[autocomplete=new-password]").First.FillAsync(Site.Password);
        await page.Locator("input[autocomplete=new-password]").Last.FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Begin" }).ClickAsync();

        await FromMenuAsync(page, "Lea", "Your account");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up" }).ClickAsync();
        await page.GetByLabel("Your password").FillAsync("not this one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await page.GetByText("This isn't your password.").WaitForAsync();
        await page.GetByLabel("Your password").FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await page.Locator(".qr").WaitForAsync();
        string key = await page.Locator("[data-secret]").InnerTextAsync();
        await page.GetByLabel("Code that the app shows now").FillAsync(Totp.Code(key, 0));
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await page.Locator(".recovery li").First.WaitForAsync();
        (await page.Locator(".recovery li").CountAsync()).ShouldBe(10);
        await page.GetByRole(AriaRole.Button, new() { Name = "I have kept them" }).ClickAsync();
        await page.Locator("[data-authenticator=on]").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByLabel("Name of the passkey").FillAsync("Key ring");
        await page.GetByLabel("Your password").FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await page.GetByText("Key ring").WaitForAsync();

        await FromMenuAsync(page, "Lea", "Sign out");
        await page.Locator("input[autocomplete^=username]").FillAsync("Lea");
        await page.Locator("input[autocomplete=current-password]").FillAsync(Site.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        // The next one: a code counts once.
        await page.GetByLabel("Code of your authenticator").FillAsync(Totp.Code(key, 1));
        await page.GetByRole(AriaRole.Button, new() { Name = "Confirm" }).ClickAsync();
        await FromMenuAsync(page, "Lea", "Sign out");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with a passkey" }).ClickAsync();
        await FromMenuAsync(page, "Lea", "Your account");
        await page.Locator("[data-session=here]").WaitForAsync();

        // At an IP address the page says why there are no passkeys.
        await page.GotoAsync(new Uri(site.Address, "/").ToString());
        await page.GetByText("Passkeys don't work at an IP address").WaitForAsync();
        visit.Complaints.Where(c => !c.Contains("400", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>The whole way of a browser: to another site, back to the page, and a cookie that is SameSite=Strict all the same.</summary>
    [Fact]
    public async Task Somebody_signs_in_at_the_provider_and_signs_out_there_too()
    {
        await using var provider = await OpenIdServer.StartAsync();
        using var folder = new TempFolder("openid");
        string configuration = folder.File("atalaya.yaml");
        await File.WriteAllTextAsync(configuration, $$"""
            name: "Test post"
            listen: "127.0.0.1:0"
            data: "{{folder.File("data")}}"
            web: "{{RepositoryRoot.File("web", "dist")}}"
            signIn:
              oidc:
                authority: {{provider.Issuer}}
                clientId: atalaya
                clientSecret: {{OpenIdServer.Secret}}
                displayName: Border police
                scopes: [openid, profile, groups]
                roles: [{ value: watch, role: operator }]
            """, Stop);
        await using var node = AtalayaProgram.Start("serve", "--config", configuration, "--json");
        var ready = JsonDocument.Parse(await node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(60))).RootElement;
        // By name: for the browser, 127.0.0.1 and localhost are different sites, as a provider elsewhere is.
        string address = $"http://localhost:{new Uri(ready.GetProperty("listening")[0].GetString()!).Port}";
        await provider.ControlAsync(new { node = address });
        using (var http = new HttpClient { BaseAddress = new Uri(address) })
        {
            http.DefaultRequestHeaders.Add("Atalaya-Page", "1");
            using var started = await http.PostAsJsonAsync("/api/start", new { code = ready.GetProperty("start").GetString()!.Split('#')[1], name = "Ana", password = Site.Password }, Stop);
            started.EnsureSuccessStatusCode();
        }

        await using var visit = await site.OpenAsync("/favicon.svg", signedIn: false);
        var page = visit.Page;
        await page.GotoAsync(address + "/");
        await SignInAsync("omar");
        await page.GetByText("Nothing your account has at Border police gives a role here.").WaitForAsync(new() { Timeout = 20_000 });
        page.Url.ShouldBe(address + "/openid", "the code is out of the address");

        await page.Context.ClearCookiesAsync();
        await page.GotoAsync(address + "/");
        await SignInAsync("omar+watch");
        await page.Locator(".me", new() { HasText = "omar at the provider" }).WaitForAsync(new() { Timeout = 20_000 });
        var cookie = (await page.Context.CookiesAsync([address])).Single(c => c.Name == "__Host-atalaya");
        cookie.SameSite.ShouldBe(SameSiteAttribute.Strict);

        await FromMenuAsync(page, "omar at the provider", "Sign out");
        await page.WaitForURLAsync(url => url.StartsWith(provider.Issuer + "/session/end", StringComparison.Ordinal), new() { Timeout = 20_000 });
        node.Terminate();

        async Task SignInAsync(string name)
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with Border police" }).ClickAsync();
            await page.Locator("input[name=login]").FillAsync(name);
            await page.Locator("input[name=password]").FillAsync("any");
            await page.Locator("[type=submit]").First.ClickAsync();
        }
    }

    static async Task FromMenuAsync(IPage page, string name, string item)
    {
        await page.Locator(".me", new() { HasText = name }).ClickAsync(new() { Timeout = 20_000 });
        await page.GetByRole(AriaRole.Menuitem, new() { Name = item }).ClickAsync();
    }

    async Task<string> AddAsync(string name)
    {
        using var made = await site.Http.PostAsJsonAsync("/api/users", new { name }, Stop);
        made.EnsureSuccessStatusCode();
        return (await made.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("link").GetString()!;
    }
}
