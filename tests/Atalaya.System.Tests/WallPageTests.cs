using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>The wall as a shift arranges it: kept, shared, on its own screen, with the tile that goes where it calls, a tour, and a closer look.</summary>
[Collection(Site.Browsers)]
public sealed class WallPageTests(Site site) : IClassFixture<Site>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wall_is_arranged_by_keys_and_by_dragging_shared_and_opened_by_another_who_sees_what_they_may()
    {
        await using var visit = await site.OpenAsync("/live?edit=new-layout");
        var page = visit.Page;
        await page.Locator(".layout-slot").First.WaitForAsync(new() { Timeout = 20_000 });
        // It begins with what is on the wall, four cameras here; keys empty a tile, and put something else there.
        (await page.Locator(".layout-slot.is-camera").CountAsync()).ShouldBe(4);
        await page.Keyboard.PressAsync("Delete");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("Delete");
        (await page.Locator(".layout-slot.is-empty").CountAsync()).ShouldBe(2);
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Locator("[data-put=lane-1]").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        (await page.Locator("[data-slot='0']").InnerTextAsync()).ShouldContain("Carril 1");
        // What was put moves on to the next empty one.
        (await page.Locator("[data-slot='1']").GetAttributeAsync("aria-pressed")).ShouldBe("true");

        // And by hand.
        var camera = (await page.Locator("[data-put=north]").BoundingBoxAsync())!;
        var slot = (await page.Locator("[data-slot='1']").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(camera.X + 20, camera.Y + (camera.Height / 2));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(slot.X + (slot.Width / 2), slot.Y + (slot.Height / 2), new() { Steps = 4 });
        await page.ScreenshotAsync(new() { Path = Shot("layout-editor") });
        await page.Mouse.UpAsync();
        (await page.Locator("[data-slot='1']").InnerTextAsync()).ShouldContain("North gate");

        await page.GetByLabel("Name", new() { Exact = false }).First.FillAsync("Night");
        await page.GetByLabel("For everybody").CheckAsync(new() { Force = true });
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.Locator(".wall[data-saved]").WaitForAsync(new() { Timeout = 20_000 });
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('.wall .tile')].map(t => t.dataset.camera).join() === 'lane-1,north,north,south'");
        string link = new Uri(page.Url).PathAndQuery;
        link.ShouldContain("saved=");
        var kept = (await site.GetAsync("/api/layouts")).EnumerateArray().Single(l => l.GetProperty("name").GetString() == "Night");
        kept.GetProperty("shared").GetBoolean().ShouldBeTrue();

        // A camera may be there twice. By the same link, on a screen of its own, somebody who may watch one camera of it.
        await using var other = await site.OpenAsync(link + "&screen", user: await site.AddUserAsync("Vigía", "operator", "north"));
        await other.Page.Locator(".wall[data-saved] .tile[data-camera=north][data-phase=live]").First.WaitForAsync(new() { Timeout = 30_000 });
        (await other.Page.Locator(".wall .tile[data-camera=north]").CountAsync()).ShouldBe(2);
        (await other.Page.Locator(".wall .tile-none").CountAsync()).ShouldBe(2);
        (await other.Page.Locator(".bar, .rail").CountAsync()).ShouldBe(0);
        await other.Page.ScreenshotAsync(new() { Path = Shot("screen") });
        // It is theirs to see, not to change.
        await other.Page.GotoAsync(new Uri(site.Address, link).ToString());
        await other.Page.Locator("[data-layouts]").ClickAsync();
        await other.Page.Locator($"[data-layout='{kept.GetProperty("id").GetString()}']").WaitForAsync();
        (await other.Page.GetByText("Change “Night”").CountAsync()).ShouldBe(0);
        other.Complaints.ShouldBeEmpty();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_alarm_tile_goes_to_the_camera_that_calls_says_why_and_goes_back_when_somebody_takes_notice()
    {
        string id = await KeepAsync("/api/layouts", new { name = "Alarm", size = 6, tiles = new object[] { new { kind = "alarm", camera = "north" }, new { camera = "lane-2" } } });
        await using var visit = await site.OpenAsync($"/live?saved={id}");
        var page = visit.Page;
        await page.Locator(".alarm-tile .tile[data-camera=north][data-phase=live]").WaitForAsync(new() { Timeout = 30_000 });
        await ReportAsync("south", "fence", "high");
        await page.Locator(".alarm-tile.high .tile[data-camera=south]").WaitForAsync(new() { Timeout = 20_000 });
        // A rescue at once, whatever is there.
        await ReportAsync("lane-1", "water", "rescue");
        await page.Locator(".alarm-tile.rescue .tile[data-camera=lane-1][data-phase=live]").WaitForAsync(new() { Timeout = 30_000 });
        (await page.Locator(".alarm-strip").InnerTextAsync()).ShouldContain("since");
        await page.ScreenshotAsync(new() { Path = Shot("alarm-tile") });

        // One key; then what else waits, and in the end what it shows at rest.
        await page.Locator(".alarm-tile .tile").FocusAsync();
        await page.Keyboard.PressAsync("a");
        await page.Locator(".alarm-tile.high .tile[data-camera=south]").WaitForAsync(new() { Timeout = 20_000 });
        await page.Locator(".alarm-tile .tile").FocusAsync();
        await page.Keyboard.PressAsync("a");
        await page.Locator(".alarm-tile[data-alarm-tile=''] .tile[data-camera=north]").WaitForAsync(new() { Timeout = 20_000 });
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_picture_is_looked_at_closer_with_what_is_drawn_over_it_and_says_how_much()
    {
        await using var visit = await site.OpenAsync("/live?camera=north");
        var page = visit.Page;
        var tile = page.Locator(".tile[data-camera=north]");
        await page.Locator(".tile[data-camera=north][data-phase=live]").WaitForAsync(new() { Timeout = 30_000 });
        await page.Keyboard.PressAsync("+");
        await page.Locator(".tile[data-zoom='1.50']").WaitForAsync();
        (await page.Locator(".zoom-factor").InnerTextAsync()).ShouldBe("1.5×");
        await page.Keyboard.PressAsync("0");
        await page.Locator(".tile[data-camera=north]:not([data-zoom])").WaitForAsync();

        // The wheel keeps what is under the pointer where it is; the frame of the picture moves beyond the tile's.
        var box = (await tile.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.25f), box.Y + (box.Height * 0.5f));
        await page.Mouse.WheelAsync(0, -600);
        await page.Locator(".tile[data-camera=north][data-zoom]").WaitForAsync();
        (double At, double Left, double Factor) = await WhereAsync();
        Factor.ShouldBeGreaterThan(1.5);
        Math.Abs(Left - (0.25 * (1 - Factor))).ShouldBeLessThan(0.01);
        // Dragged to the right, more of the left is seen.
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.3f), box.Y + (box.Height * 0.5f), new() { Steps = 3 });
        await page.Mouse.UpAsync();
        await page.WaitForFunctionAsync("(left) => { const t = document.querySelector('.tile[data-camera=north]').getBoundingClientRect(), v = document.querySelector('.tile[data-camera=north] video').getBoundingClientRect(); return (v.left - t.left) / t.width > left + 0.03; }", Left);
        await page.ScreenshotAsync(new() { Path = Shot("zoomed") });
        await page.Mouse.DblClickAsync(box.X + (box.Width * 0.5f), box.Y + (box.Height * 0.5f));
        await page.Locator(".tile[data-camera=north]:not([data-zoom])").WaitForAsync();
        // Whole again it is as before: the same enlarges and reduces.
        (await page.Locator(".tile:not([hidden])").CountAsync()).ShouldBe(1);

        // On what was recorded, too.
        await page.GotoAsync(new Uri(site.Address, "/timeline?camera=north").ToString());
        await page.WaitForFunctionAsync("() => ['playing', 'paused', 'ended'].includes(document.querySelector('.stage')?.dataset.phase)", null, new() { Timeout = 30_000 });
        await page.Locator(".stage").FocusAsync();
        await page.Keyboard.PressAsync("+");
        await page.Locator(".stage[data-zoom='1.50']").WaitForAsync();
        await page.Locator(".stage .zoom-factor").ClickAsync();
        await page.Locator(".stage:not([data-zoom])").WaitForAsync();
        visit.Complaints.ShouldBeEmpty();

        async Task<(double At, double Left, double Factor)> WhereAsync()
        {
            double[] read = await visit.ReadAsync<double[]>("""
                () => {
                  const t = document.querySelector('.tile[data-camera=north]').getBoundingClientRect();
                  const v = document.querySelector('.tile[data-camera=north] video').getBoundingClientRect();
                  return [t.left, (v.left - t.left) / t.width, v.width / t.width];
                }
                """);
            return (read[0], read[1], read[2]);
        }
    }

    [Fact]
    public async Task A_tour_goes_through_walls_and_cameras_by_key_and_stops_where_somebody_looks()
    {
        string layout = await KeepAsync("/api/layouts", new { name = "Lanes", size = 4, tiles = new object[] { new { camera = "lane-1" }, new { camera = "lane-2" } } });
        string tour = await KeepAsync("/api/tours", new { name = "Round", steps = new object[] { new { layout, seconds = 3600 }, new { camera = "north", seconds = 3600 } } });
        await using var visit = await site.OpenAsync($"/live?tour={tour}");
        var page = visit.Page;
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('.wall .tile[data-camera]')].map(t => t.dataset.camera).join() === 'lane-1,lane-2'", null, new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("PageDown");
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('.wall .tile[data-camera]')].map(t => t.dataset.camera).join() === 'north'");
        await page.Keyboard.PressAsync("PageDown");
        await page.WaitForFunctionAsync("() => document.querySelectorAll('.wall .tile[data-camera]').length === 2");
        await page.Locator("[data-tour-state=going]").WaitForAsync();
        await page.Locator(".tile[data-camera=lane-2]").ClickAsync();
        await page.Locator("[data-tour-state=held]").WaitForAsync();
        // The same key goes on and stops.
        await page.Keyboard.PressAsync(" ");
        await page.Locator("[data-tour-state=going], [data-tour-state=held]").First.WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause the tour" }).Or(page.GetByRole(AriaRole.Button, new() { Name = "Go on with the tour" })).ClickAsync();
        await page.ScreenshotAsync(new() { Path = Shot("tour") });
        visit.Complaints.ShouldBeEmpty();
    }

    static string Shot(string name) => Path.Combine(Site.Artifacts, "screenshots", $"{name}.png");

    async Task<string> KeepAsync(string path, object what)
    {
        using var answer = await site.Http.PostAsJsonAsync(path, what, Stop);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetString()!;
    }

    async Task ReportAsync(string camera, string rule, string severity)
    {
        using var answer = await site.Http.PostAsJsonAsync(
            "/api/scene-events", new { camera, at = Site.Iso(TimeProvider.System.GetUtcNow()), kind = "zoneEntered", rule, @class = "person", severity }, Stop);
        answer.EnsureSuccessStatusCode();
    }
}
