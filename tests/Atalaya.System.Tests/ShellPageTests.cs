using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>What holds the rooms together: a page that can be installed and never passes for a node that is away, lists that stay light, and the room that says how the node is.</summary>
[Collection(Site.Browsers)]
public sealed class ShellPageTests(Site site) : IClassFixture<Site>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_is_installed_says_so_while_its_node_is_away_and_opens_what_was_asked_for_when_it_is_back()
    {
        using var folder = new TempFolder("away");
        string configuration = folder.File("atalaya.yaml");
        int port = PortThatStaysFree();
        await File.WriteAllLinesAsync(configuration, [$"listen: \"127.0.0.1:{port}\"", $"data: \"{folder.File("data")}\"", $"web: \"{RepositoryRoot.File("web", "dist")}\"", "analysis: { enabled: false }"], Stop);
        string address = $"http://127.0.0.1:{port}";
        var node = AtalayaProgram.Start("serve", "--config", configuration, "--json");
        try
        {
            await node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            using var playwright = await Playwright.CreateAsync();
            // No private window: Chromium installs nothing from one.
            await using var context = await playwright.Chromium.LaunchPersistentContextAsync(folder.File("profile"), new()
            {
                ExecutablePath = "/usr/bin/chromium",
                Locale = "fr-FR",
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
            var page = context.Pages[0];
            await page.GotoAsync(address + "/live");
            await page.EvaluateAsync("async () => { await navigator.serviceWorker.ready; }");
            await page.ReloadAsync();
            await page.WaitForFunctionAsync("() => navigator.serviceWorker.controller !== null");

            var devtools = await context.NewCDPSessionAsync(page);
            var errors = (await devtools.SendAsync("Page.getInstallabilityErrors"))!.Value.GetProperty("installabilityErrors");
            errors.GetArrayLength().ShouldBe(0, errors.ToString());
            var manifest = (await devtools.SendAsync("Page.getAppManifest"))!.Value;
            manifest.GetProperty("errors").GetArrayLength().ShouldBe(0, manifest.ToString());
            manifest.GetProperty("url").GetString().ShouldBe(address + "/manifest.fr.webmanifest");
            // Nothing is kept but what says that the node is away.
            string[] kept = await page.EvaluateAsync<string[]>("async () => (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys()).map(r => new URL(r.url).pathname)))).flat().sort()");
            kept.ShouldBe(["/away-words.js", "/away.css", "/away.html", "/away.js", "/favicon.svg"]);

            node.Terminate();
            await node.DisposeAsync();
            await page.GotoAsync(address + "/live?layout=4");
            (await page.Locator("#title").InnerTextAsync()).ShouldBe("Le nœud est injoignable");
            (await page.Locator("video, canvas, img, .tile").CountAsync()).ShouldBe(0);
            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "away-fr.png") });
            await page.EvaluateAsync("() => { localStorage.setItem('atalaya.language', 'ar'); localStorage.setItem('atalaya.scheme', 'light'); }");
            await page.SetViewportSizeAsync(390, 844);
            await page.ReloadAsync();
            (await page.EvaluateAsync<string>("() => document.documentElement.dir")).ShouldBe("rtl");
            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "away-ar.png") });

            node = AtalayaProgram.Start("serve", "--config", configuration, "--json");
            await node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
            await page.WaitForFunctionAsync("() => document.getElementById('again') === null && document.getElementById('root') !== null", null, new() { Timeout = 60_000 });
            page.Url.ShouldBe(address + "/live?layout=4");
        }
        finally
        {
            node.Terminate();
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_thousand_open_alarms_are_a_few_rows_and_every_one_is_reached_by_keys()
    {
        const int Alarms = 1000, Page = 500;
        await using var visit = await site.OpenAsync("/settings/cameras");
        var page = visit.Page;
        // As the node tells them, page by page.
        await page.RouteAsync(url => new Uri(url).AbsolutePath == "/api/alarms", route =>
        {
            int from = int.Parse(QueryOf(route.Request.Url, "cursor") ?? "0");
            return route.FulfillAsync(new()
            {
                ContentType = "application/json",
                Body = JsonSerializer.Serialize(new
                {
                    alarms = Enumerable.Range(from, Page).Select(AlarmOf),
                    next = from + Page < Alarms ? $"{from + Page}" : null,
                    open = new { rescue = 1, critical = 0, high = Alarms - 1, medium = 0, low = 0 },
                    change = 1,
                }),
            });
        });
        await page.GotoAsync(new Uri(site.Address, "/situation").ToString());
        await page.Locator($".queue [role=listitem][aria-setsize='{Alarms}']").First.WaitForAsync(new() { Timeout = 20_000 });
        async Task FewAsync() => (await page.Locator(".queue [role=listitem]").CountAsync()).ShouldBeLessThan(60);
        await FewAsync();
        // One stop of the keyboard, from which all are reached.
        (await page.Locator(".queue [tabindex='0']").CountAsync()).ShouldBe(1);
        await page.Locator(".queue [tabindex='0']").FocusAsync();
        await page.Keyboard.PressAsync("End");
        await page.WaitForFunctionAsync($"() => document.activeElement?.closest('[role=listitem]')?.ariaPosInSet === '{Alarms}'");
        await FewAsync();
        await page.Keyboard.PressAsync("ArrowUp");
        await page.WaitForFunctionAsync($"() => document.activeElement?.closest('[role=listitem]')?.ariaPosInSet === '{Alarms - 1}'");
        // Scrolled away from it the focus stays where it was.
        await page.EvaluateAsync("() => { document.querySelector('.queue').scrollTop = 0; }");
        await page.Locator(".queue [aria-posinset='1']").WaitForAsync();
        (await visit.ReadAsync<string>("() => document.activeElement.closest('[role=listitem]').ariaPosInSet")).ShouldBe($"{Alarms - 1}");
        await FewAsync();
        await page.Keyboard.PressAsync("Home");
        await page.WaitForFunctionAsync("() => document.activeElement?.closest('[role=listitem]')?.ariaPosInSet === '1'");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("[data-alarm-panel]").WaitForAsync();

        static string? QueryOf(string url, string name) => new Uri(url).Query.TrimStart('?').Split('&').FirstOrDefault(p => p.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

        static object AlarmOf(int i) => new
        {
            id = new Guid(i, 0, 0, new byte[8]),
            type = i == 0 ? "rescue" : "intrusion",
            severity = i == 0 ? "rescue" : "high",
            state = "raised",
            camera = "north",
            cameras = new[] { "north" },
            kind = "zoneEntered",
            rule = $"rule-{i}",
            @class = "person",
            detail = "",
            at = "2026-01-01T00:00:00.000Z",
            lastAt = "2026-01-01T00:00:00.000Z",
            raisedAt = "2026-01-01T00:00:00.000Z",
            events = 1,
            clause = "",
            level = 0,
            acknowledgedBy = (string?)null,
            acknowledgedAt = (string?)null,
            assignee = (string?)null,
            due = (string?)null,
            outcome = (string?)null,
            closedBy = (string?)null,
            closedAt = (string?)null,
            incident = (string?)null,
            overAt = (string?)null,
            version = 1,
        };
    }

    [Fact]
    public async Task Health_says_what_is_wrong_what_it_means_and_leads_to_where_it_is_mended()
    {
        using var made = await site.Http.PostAsJsonAsync("/api/cameras", new { id = "shed", name = "Shed", main = new { url = $"rtsp://127.0.0.1:{PortThatStaysFree()}/nothing" } }, Stop);
        made.EnsureSuccessStatusCode();
        try
        {
            await using var visit = await site.OpenAsync("/settings/health");
            var page = visit.Page;
            var trouble = page.Locator("[data-trouble=camera]", new() { HasText = "Shed" });
            await trouble.WaitForAsync(new() { Timeout = 40_000 });
            await page.Locator("tr[data-recorder=north]", new() { HasText = "records" }).WaitForAsync(new() { Timeout = 30_000 });
            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "health.png"), FullPage = true });
            await trouble.Locator("a").ClickAsync();
            await page.GetByRole(AriaRole.Dialog).WaitForAsync();
            page.Url.ShouldEndWith("/settings/cameras?edit=shed");
            visit.Complaints.ShouldBeEmpty();
        }
        finally
        {
            await site.Http.DeleteAsync("/api/cameras/shed", Stop);
        }
    }

    /// <summary>Below those that the system gives to whoever asks for any: nothing else comes to it meanwhile.</summary>
    static int PortThatStaysFree()
    {
        while (true)
        {
            int port = Random.Shared.Next(15_000, 31_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken; another.
            }
        }
    }
}
