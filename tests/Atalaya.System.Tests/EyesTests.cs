using System.Text.Json;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>People who walk before a camera are boxed in the browser, and a line that is drawn there tells when they cross it. With a real detector and real footage.</summary>
[Collection(Site.Browsers)]
public sealed class EyesTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task People_are_boxed_over_the_live_picture_and_a_line_drawn_in_the_browser_tells_of_a_crossing()
    {
        string page = RepositoryRoot.File("web", "dist");
        Assert.SkipUnless(File.Exists(Path.Combine(page, "index.html")), "The page isn't built: run `npm run build` in web/.");
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "Chromium isn't installed.");
        string detector = RepositoryRoot.File(".cache", "detector"), model = Path.Combine(detector, "nanodet-g.yaml");
        Assert.SkipUnless(File.Exists(model), "There is no detector: run scripts/detector.sh.");
        using var folder = new TempFolder("eyes");
        string clip = folder.File("people.mp4");
        string[] encode = ["-nostdin", "-v", "error", "-y", "-i", TestData.Path("video/vtest.avi"), "-an", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p", clip];
        (await Ffmpeg.RunAsync(encode)).ExitCode.ShouldBe(0);
        await using var cameras = await RtspSimulator.StartAsync(new SimulatorOptions { Port = 0, Cameras = [new("gate", clip, null)] }, stop: Stop);
        string configuration = folder.File("atalaya.yaml");
        await File.WriteAllLinesAsync(
            configuration,
            [
                "name: \"Eyes\"", "listen: \"127.0.0.1:0\"", $"data: \"{folder.File("data")}\"", $"web: \"{page}\"",
                $"analysis: {{ model: \"{model}\", runtime: \"{Path.Combine(detector, "libonnxruntime.so.1")}\" }}",
                $"cameras: [{{ id: gate, name: \"Gate\", main: \"{cameras.Url("gate")}\" }}]",
            ],
            Stop);
        string output = AppContext.BaseDirectory.Replace("tests/Atalaya.System.Tests", "src/Atalaya.Node", StringComparison.Ordinal);
        await using var node = ManagedProcess.Start(Path.Combine(output, "atalaya"), ["serve", "--config", configuration, "--json"]);
        string ready = await node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        var said = JsonDocument.Parse(ready).RootElement;
        var address = new Uri(said.GetProperty("listening")[0].GetString()!);
        string link = said.GetProperty("start").GetString()!;

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = 1366, Height = 768 } });
        await using var visit = new Visit(context, await context.NewPageAsync());
        await visit.Page.GotoAsync(link);
        await visit.Page.GetByLabel("Name", new() { Exact = false }).First.FillAsync("Night shift");
        foreach (var password in await visit.Page.Locator("input[type=password]").AllAsync())
            await password.FillAsync("seven grey herons wait");
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Locator(".rail").WaitForAsync(new() { Timeout = 20_000 });
        // Who looks back says for what; that the page asks for it is a test of its own.
        (await visit.Page.EvaluateAsync<int>(
            "async () => (await fetch('/api/me/purpose', { method: 'PUT', headers: { 'Content-Type': 'application/json', 'Atalaya-Page': '1' }, body: JSON.stringify({ purpose: 'technical' }) })).status")).ShouldBe(200);
        await visit.Page.GotoAsync(new Uri(address, "/live").ToString());
        await visit.Page.WaitForFunctionAsync("() => Number(document.querySelector('[data-overlay=live]')?.dataset.boxes) > 0", null, new() { Timeout = 60_000 });

        await visit.Page.GotoAsync(new Uri(address, "/settings/rules?camera=gate").ToString());
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Add a rule" }).ClickAsync();
        await visit.Page.Locator("[data-type=line]").ClickAsync();
        // Down the middle, where people of the clip walk across.
        var sketch = (await visit.Page.Locator(".sketch").BoundingBoxAsync())!;
        await visit.Page.Mouse.MoveAsync((float)(sketch.X + (sketch.Width * 0.5)), (float)(sketch.Y + (sketch.Height * 0.05)));
        await visit.Page.Mouse.DownAsync();
        await visit.Page.Mouse.MoveAsync((float)(sketch.X + (sketch.Width * 0.5)), (float)(sketch.Y + (sketch.Height * 0.95)), new() { Steps = 5 });
        await visit.Page.Mouse.UpAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await visit.Page.GetByText("saved").WaitForAsync();

        await visit.Page.GotoAsync(new Uri(address, "/timeline?camera=gate").ToString());
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Events" }).ClickAsync();
        await visit.Page.Locator(".event").First.WaitForAsync(new() { Timeout = 90_000 });
        (await visit.Page.Locator(".event").First.InnerTextAsync()).ShouldContain("Line crossed");
        visit.Complaints.ShouldBeEmpty();
    }
}
