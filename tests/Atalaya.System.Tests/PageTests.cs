using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>The page in a real browser against the real node. One site, few long tests: starting browsers is what costs.</summary>
[Collection(Site.Browsers)]
public sealed partial class PageTests(Site site) : IClassFixture<Site>
{
    /// <summary>Reads the picture's number: sixteen blocks in the upper quarter, the highest bit at the left.</summary>
    const string ReadNumber = """
        (selector) => {
          const video = document.querySelector(selector);
          const canvas = document.createElement('canvas');
          canvas.width = video.videoWidth; canvas.height = video.videoHeight;
          const pen = canvas.getContext('2d');
          pen.drawImage(video, 0, 0);
          let number = 0;
          for (let bit = 0; bit < 16; bit++) {
            const x = Math.floor((bit + 0.5) * canvas.width / 16), y = Math.floor(canvas.height / 8);
            number = number * 2 + (pen.getImageData(x, y, 1, 1).data[0] > 128 ? 1 : 0);
          }
          return number;
        }
        """;

    const string AllLive = "() => document.querySelectorAll('.tile').length === 4 && [...document.querySelectorAll('.tile')].every(t => t.dataset.phase === 'live')";

    /// <summary>Above the bars of the strip nothing is drawn but the roof of a hold.</summary>
    const string HasRoof = """
        () => {
          const canvas = document.querySelector("[data-strip='lane-1'] canvas");
          const row = canvas.getContext('2d').getImageData(0, Math.round(3 * devicePixelRatio), canvas.width, 1).data;
          return row.some((value, i) => i % 4 === 3 && value > 0);
        }
        """;

    const string FrameCounts = """
        () => [...document.querySelectorAll('.tile video')].map(v => { const q = v.getVideoPlaybackQuality(); return [q.totalVideoFrames, q.droppedVideoFrames]; })
        """;

    [Fact]
    public async Task The_wall_plays_every_camera_and_says_within_two_seconds_when_one_freezes()
    {
        await using var visit = await site.OpenAsync("/live");
        await visit.Page.WaitForFunctionAsync(AllLive, null, new() { Timeout = 30_000 });

        int[][] before = await visit.ReadAsync<int[][]>(FrameCounts);
        // Four seconds of pictures on every tile, in less than three times that.
        await visit.Page.WaitForFunctionAsync($"(before) => ({FrameCounts})().every(([shown], i) => shown - before[i][0] > {Site.FrameRate * 4})", before, new() { Timeout = 12_000 });
        int[][] after = await visit.ReadAsync<int[][]>(FrameCounts);
        for (int i = 0; i < before.Length; i++)
        {
            int shown = after[i][0] - before[i][0], dropped = after[i][1] - before[i][1];
            dropped.ShouldBeLessThan(shown / 2, $"tile {i} drops pictures");
        }

        // Near the live edge, and the wall clock on the tile is that of the picture.
        double behind = await visit.ReadAsync<double>("() => Math.max(...[...document.querySelectorAll('.tile video')].map(v => v.buffered.end(v.buffered.length - 1) - v.currentTime))");
        behind.ShouldBeLessThan(2);
        double age = await visit.ReadAsync<double>("() => Math.max(...[...document.querySelectorAll('.tile time')].map(t => Date.now() - Date.parse(t.dateTime)))");
        age.ShouldBeLessThan(4000);

        // Keyboard: enlarge to the main stream, come back, four tiles again.
        await visit.Page.Keyboard.PressAsync("ArrowRight");
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.WaitForFunctionAsync("() => document.querySelector('.tile:not([hidden])').dataset.stream === 'main'", null, new() { Timeout = 15_000 });
        (await visit.ReadAsync<int>("() => [...document.querySelectorAll('.tile')].filter(t => !t.hidden).length")).ShouldBe(1);
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.Page.WaitForFunctionAsync(AllLive, null, new() { Timeout = 15_000 });

        // The camera goes on listening but sends nothing: only the picture can tell.
        await visit.Page.EvaluateAsync("""
            () => {
              window.told = null;
              const tile = document.querySelector('[data-camera="lane-2"]');
              new MutationObserver(() => { if (tile.dataset.phase !== 'live') window.told ??= performance.now(); }).observe(tile, { attributes: true });
            }
            """);
        double stopped = await visit.ReadAsync<double>("() => performance.now()");
        site.Camera("lane-2").Inject(new Fault(FaultKind.Stall));
        try
        {
            await visit.Page.WaitForFunctionAsync("() => window.told !== null", null, new() { Timeout = 10_000 });
            double told = await visit.ReadAsync<double>("() => window.told");
            // What was on its way when the camera stopped is still shown; then two seconds.
            (told - stopped).ShouldBeLessThan(2800);
            (await visit.Page.Locator("[data-camera='lane-2'] .tile-state").InnerTextAsync()).ShouldNotBeNullOrWhiteSpace();
            await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "live-frozen.png") });
        }
        finally
        {
            site.Camera("lane-2").Clear();
        }

        await visit.Page.WaitForFunctionAsync(AllLive, null, new() { Timeout = 40_000 });
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_cannot_be_reached_leaves_no_recording_light_on()
    {
        await RecordedAsync(TimeSpan.FromSeconds(2));
        await using var visit = await site.OpenAsync("/live");
        const string Lit = ".tile-recording:not(.not)";
        await visit.Page.WaitForFunctionAsync($"() => document.querySelectorAll('{Lit}').length === 4", null, new() { Timeout = 20_000 });
        await visit.Page.RouteWebSocketAsync(AnySocket(), socket => _ = socket.CloseAsync());
        await visit.Page.ReloadAsync();
        await visit.Page.WaitForFunctionAsync("() => document.querySelectorAll('.tile-recording.not').length === 4", null, new() { Timeout = 20_000 });
        (await visit.Page.Locator(Lit).CountAsync()).ShouldBe(0);
        (await visit.Page.Locator(".tile-recording.not").First.GetAttributeAsync("title")).ShouldBe("Recording unknown: node not reachable");
    }

    [Fact]
    public async Task The_timeline_shows_the_picture_of_the_time_asked_for_steps_and_plays_fast()
    {
        await RecordedAsync(TimeSpan.FromSeconds(25));
        var target = site.Started + TimeSpan.FromSeconds(12);
        await using var visit = await site.OpenAsync($"/timeline?camera=north&t={Site.Iso(target)}&zoom=120");
        var first = await PausedAsync(visit);
        Math.Abs((first.Wall - target).TotalMilliseconds).ShouldBeLessThan(80);

        // The same distance in the numbers as in the times, whichever way one gets there.
        var later = target + TimeSpan.FromSeconds(7.4);
        await visit.Page.EvaluateAsync("(t) => { const u = new URL(location.href); u.searchParams.set('t', t); history.replaceState(null, '', u); dispatchEvent(new PopStateEvent('popstate')); }", Site.Iso(later));
        await visit.Page.WaitForFunctionAsync("(ms) => Math.abs(Number(document.querySelector('.stage').dataset.wall) - ms) < 80", later.ToUnixTimeMilliseconds(), new() { Timeout = 15_000 });
        var second = await PausedAsync(visit);
        double pictures = (second.Wall - first.Wall).TotalSeconds * Site.FrameRate;
        Math.Abs(Distance(first.Number, second.Number) - pictures).ShouldBeLessThanOrEqualTo(1.5);

        // One picture on, one picture back.
        await visit.Page.Keyboard.PressAsync(".");
        await visit.Page.WaitForFunctionAsync($"(was) => ({ReadNumber})('.stage video.active') !== was", second.Number, new() { Timeout = 5000 });
        Distance(second.Number, (await PausedAsync(visit)).Number).ShouldBe(1);
        await visit.Page.Keyboard.PressAsync(",");
        await visit.Page.WaitForFunctionAsync($"(is) => ({ReadNumber})('.stage video.active') === is", second.Number, new() { Timeout = 5000 });

        // Sixteen times as fast: wall time runs ahead of the clock on the wall, as far as the archive goes.
        await visit.Page.EvaluateAsync("(t) => { const u = new URL(location.href); u.searchParams.set('t', t); history.replaceState(null, '', u); dispatchEvent(new PopStateEvent('popstate')); }", Site.Iso(site.Started + TimeSpan.FromSeconds(5)));
        await visit.Page.GetByLabel("Speed").SelectOptionAsync("16");
        await visit.Page.EvaluateAsync("() => document.activeElement.blur()");
        await visit.Page.Keyboard.PressAsync(" ");
        await visit.Page.WaitForFunctionAsync("(ms) => Number(document.querySelector('.stage').dataset.wall) > ms", (site.Started + TimeSpan.FromSeconds(19)).ToUnixTimeMilliseconds(), new() { Timeout = 6000 });
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "timeline-playing.png") });
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Under_the_pointer_is_the_picture_whose_time_it_says()
    {
        await RecordedAsync(TimeSpan.FromSeconds(25));
        var target = site.Started + TimeSpan.FromSeconds(12);
        await using var visit = await site.OpenAsync($"/timeline?camera=north&t={Site.Iso(target)}&zoom=120");
        var shown = await PausedAsync(visit);
        var strip = (await visit.Page.Locator("[data-strip='north'] .strip-track").BoundingBoxAsync())!;
        // Two minutes are in view, the playhead in the middle: eight seconds after it.
        await visit.Page.Mouse.MoveAsync(strip.X + (strip.Width * (60 + 8) / 120), strip.Y + (strip.Height / 2));
        await visit.Page.WaitForFunctionAsync("() => document.querySelector('.scrub canvas, .scrub.empty')", null, new() { Timeout = 30_000 });
        string? none = await visit.Page.EvaluateAsync<string?>("() => document.querySelector('.scrub.empty')?.textContent");
        Assert.SkipWhen(none is not null, $"No codec library is installed: {none}");
        // Of a minute that is still being recorded there may be the first pictures only; the others come while somebody looks.
        await visit.Page.WaitForFunctionAsync(
            "wanted => Math.abs(Date.parse(document.querySelector('.scrub time')?.dateTime) - wanted) < 5000", (shown.Wall + TimeSpan.FromSeconds(8)).ToUnixTimeMilliseconds(), new() { Timeout = 40_000 });
        var at = DateTimeOffset.Parse((await visit.Page.Locator(".scrub time").GetAttributeAsync("datetime"))!, CultureInfo.InvariantCulture);
        int number = await visit.Page.EvaluateAsync<int>(
            """
            () => {
              const canvas = document.querySelector('.scrub canvas');
              const pen = canvas.getContext('2d');
              let number = 0;
              for (let bit = 0; bit < 16; bit++) {
                const [x, y] = [Math.floor((bit + 0.5) * canvas.width / 16), Math.floor(canvas.height / 8)];
                number = number * 2 + (pen.getImageData(x, y, 1, 1).data[0] > 128 ? 1 : 0);
              }
              return number;
            }
            """);
        Math.Abs(Distance(shown.Number, number) - ((at - shown.Wall).TotalSeconds * Site.FrameRate)).ShouldBeLessThanOrEqualTo(1.5);
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "timeline-scrub.png") });
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Pictures_beside_sound_that_no_browser_plays_are_shown_and_play()
    {
        await RecordedAsync(TimeSpan.FromSeconds(12));
        // The archive has the sound: what is served is what the camera sent.
        string camera = $"/api/cameras/{Site.Spoken}/";
        string playlist = await site.Http.GetStringAsync($"{camera}playback.m3u8?from={Site.Iso(site.Started)}&to={Site.Iso(site.Started.AddMinutes(1))}&stream=main", TestContext.Current.CancellationToken);
        string segment = InitUri().Match(playlist).Groups[1].Value;
        byte[] bytes = await site.Http.GetByteArrayAsync($"{camera}{segment}", TestContext.Current.CancellationToken);
        bytes.AsSpan().IndexOf("ulaw"u8).ShouldBePositive();

        var target = site.Started + TimeSpan.FromSeconds(4);
        await using var visit = await site.OpenAsync($"/timeline?camera={Site.Spoken}&t={Site.Iso(target)}&zoom=120");
        var first = await PausedAsync(visit);
        Math.Abs((first.Wall - target).TotalMilliseconds).ShouldBeLessThan(80);
        await visit.Page.Keyboard.PressAsync(" ");
        await visit.Page.WaitForFunctionAsync("(ms) => Number(document.querySelector('.stage').dataset.wall) > ms", (target + TimeSpan.FromSeconds(3)).ToUnixTimeMilliseconds(), new() { Timeout = 8000 });
        await visit.Page.Keyboard.PressAsync(" ");
        var second = await PausedAsync(visit);
        double pictures = (second.Wall - first.Wall).TotalSeconds * Site.FrameRate;
        Math.Abs(Distance(first.Number, second.Number) - pictures).ShouldBeLessThanOrEqualTo(1.5);
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stretch_is_chosen_exported_downloaded_and_plays_elsewhere()
    {
        await RecordedAsync(TimeSpan.FromSeconds(20));
        var from = site.Started + TimeSpan.FromSeconds(8);
        await using var visit = await site.OpenAsync($"/timeline?camera=lane-1&t={Site.Iso(from)}&zoom=120");
        await PausedAsync(visit);
        await visit.Page.Keyboard.PressAsync("i");
        // Faster than pictures come: no step is lost.
        for (int i = 0; i < 6; i++)
            await visit.Page.Keyboard.PressAsync("ArrowRight");
        await visit.Page.WaitForFunctionAsync("(ms) => Number(document.querySelector('.stage').dataset.wall) >= ms", from.ToUnixTimeMilliseconds() + 5900, new() { Timeout = 30_000 });
        await visit.Page.Keyboard.PressAsync("o");
        await visit.Page.Keyboard.PressAsync("e");
        await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync();
        var link = visit.Page.GetByRole(AriaRole.Link, new() { NameRegex = Download() });
        var download = await visit.Page.RunAndWaitForDownloadAsync(() => link.ClickAsync(new() { Timeout = 30_000 }));
        string file = Path.Combine(Site.Artifacts, "export.mp4");
        await download.SaveAsAsync(file);

        var probe = await Ffmpeg.ProbeAsync(file);
        probe.Errors.ShouldBeEmpty();
        var numbers = await Ffmpeg.ReadNumbersAsync(file);
        numbers.Count.ShouldBeInRange((6 * Site.FrameRate) - 5, (7 * Site.FrameRate) + 5);
        for (int i = 1; i < numbers.Count; i++)
            Distance(numbers[i - 1], numbers[i]).ShouldBe(1, $"picture {i} of the export");

        await visit.Page.GotoAsync(new Uri(site.Address, "/exports").ToString());
        await visit.Page.Locator("tr[data-state='done']").First.WaitForAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_camera_is_found_logged_in_to_looked_at_and_added_and_then_recorded_and_turned()
    {
        const string User = "operator", Password = "s3cret-Ñ";
        await using var device = OnvifDevice.Start(new()
        {
            Group = true,
            Name = "Torre este",
            Users = new Dictionary<string, string> { [User] = Password },
            Quirks = OnvifQuirks.WrongClock,
            Profiles =
            [
                new("main", "Main stream", "H264", 640, 360, site.Camera("north").Url()), new("sub", "Sub stream", "H264", 320, 180, site.Camera("north").Url(Atalaya.Media.StreamKind.Sub)),
            ],
        });
        await using var visit = await site.OpenAsync("/settings/cameras?edit=find");
        var page = visit.Page;
        // By keyboard, as far as a keyboard is enough.
        var found = page.GetByRole(AriaRole.Button, new() { NameRegex = TowerName() });
        await found.WaitForAsync(new() { Timeout = 20_000 });
        await ShotAsync("assistant-find");
        await found.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("User name").FillAsync(User);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync("wrong");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("The camera refuses the user name or password").WaitForAsync(new() { Timeout = 20_000 });
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForFunctionAsync("() => document.querySelector('.preview')?.dataset.phase === 'live'", null, new() { Timeout = 20_000 });
        (await visit.ReadAsync<int>($"() => ({ReadNumber})('.preview video')")).ShouldBeGreaterThan(0);
        (await page.GetByText("Clock is 2 hr 0 min behind").CountAsync()).ShouldBe(1);
        await ShotAsync("assistant-look");
        // Nothing is there before it is saved.
        (await site.GetAsync("/api/cameras")).GetArrayLength().ShouldBe(4);
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("East tower");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("tr", new() { HasText = "East tower" }).WaitForAsync();
        try
        {
            await Site.EventuallyAsync(
                async () => await site.GetAsync("/api/cameras/east-tower") is var camera && camera.GetProperty("recording").GetProperty("state").GetString() == "recording"
                    && camera.GetProperty("onvif").GetProperty("status").GetProperty("receivesEvents").GetBoolean(), "the new camera to be recorded and to report");
            await page.GetByRole(AriaRole.Button, new() { Name = "Set its clock" }).ClickAsync();
            await page.Locator("tr", new() { HasText = "East tower" }).GetByText("Clock is right").WaitForAsync();

            // Turned while a key is held, and still when it is let go.
            await page.GotoAsync(new Uri(site.Address, "/live?camera=east-tower").ToString());
            await page.Locator(".ptz-disc").WaitForAsync(new() { Timeout = 20_000 });
            await page.Keyboard.PressAsync("p");
            await page.Keyboard.DownAsync("ArrowRight");
            await Site.EventuallyAsync(() => Task.FromResult(device.Look.IsMoving && device.Look.Pan > 0.3), "the camera to turn");
            await ShotAsync("live-ptz");
            await page.Keyboard.UpAsync("ArrowRight");
            await Site.EventuallyAsync(() => Task.FromResult(!device.Look.IsMoving), "the camera to stand still");

            // A growing playlist lists whole entries, the first after some seconds: until then there is nothing to play, and the page is told so with 404.
            await Site.EventuallyAsync(
                async () =>
                {
                    var now = TimeProvider.System.GetUtcNow();
                    using var playlist = await site.Http.GetAsync($"/api/cameras/east-tower/playback.m3u8?from={Site.Iso(now.AddMinutes(-1))}&to={Site.Iso(now.AddMinutes(1))}", TestContext.Current.CancellationToken);
                    return playlist.IsSuccessStatusCode;
                }, "something of the new camera to play");

            // What it reports is in the list; a row opens the moment, ten seconds before.
            device.Emit("RuleEngine/LineDetector/Crossed", [("Rule", "Fence")], [("ClassTypes", "Human")]);
            await page.GotoAsync(new Uri(site.Address, "/timeline?camera=east-tower").ToString());
            await page.GetByRole(AriaRole.Button, new() { Name = "Events" }).ClickAsync();
            var row = page.Locator(".event", new() { HasText = "Line crossed" });
            await row.WaitForAsync(new() { Timeout = 20_000 });
            await ShotAsync("timeline-events");
            var happened = DateTimeOffset.Parse((await row.Locator("time").GetAttributeAsync("datetime"))!, CultureInfo.InvariantCulture);
            await row.ClickAsync();
            await page.WaitForFunctionAsync("(ms) => Math.abs(Number(document.querySelector('.stage').dataset.wall) - ms) < 60000 && Number(document.querySelector('.stage').dataset.wall) > 0", happened.ToUnixTimeMilliseconds(), new() { Timeout = 15_000 });
        }
        finally
        {
            await site.Http.DeleteAsync("/api/cameras/east-tower", TestContext.Current.CancellationToken);
        }

        // Removed, and its recording still reached.
        await page.GotoAsync(new Uri(site.Address, "/timeline?camera=east-tower").ToString());
        await page.Locator(".strip.removed[data-strip='east-tower']").WaitForAsync(new() { Timeout = 20_000 });
        await page.WaitForFunctionAsync("() => Number(document.querySelector('.stage').dataset.wall) > 0", null, new() { Timeout = 15_000 });
        await ShotAsync("timeline-removed");
        // Ten seconds before its first event there may have been nothing to play yet, in a playlist of its own at a half hour: the browser notes that answer, too.
        visit.Complaints.Where(c => !c.Contains("422", StringComparison.Ordinal)).ShouldBeEmpty();

        Task ShotAsync(string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", $"{name}.png") });
    }

    [Fact]
    public async Task A_hold_is_made_on_the_timeline_seen_on_its_strip_and_in_the_list_and_released()
    {
        const string Reason = "Incidente 7: corte de valla", Why = "Closed by the court";
        await RecordedAsync(TimeSpan.FromSeconds(20));
        var from = site.Started + TimeSpan.FromSeconds(6);
        await using var visit = await site.OpenAsync($"/timeline?camera=lane-1&t={Site.Iso(from)}&zoom=120");
        var page = visit.Page;
        await PausedAsync(visit);
        (await visit.ReadAsync<bool>(HasRoof)).ShouldBeFalse();
        await page.Keyboard.PressAsync("i");
        for (int i = 0; i < 4; i++)
            await page.Keyboard.PressAsync("ArrowRight");
        await page.WaitForFunctionAsync("(ms) => Number(document.querySelector('.stage').dataset.wall) >= ms", from.ToUnixTimeMilliseconds() + 3900, new() { Timeout = 10_000 });
        await page.Keyboard.PressAsync("o");
        await page.Keyboard.PressAsync("Shift+K");
        var dialog = page.GetByRole(AriaRole.Dialog);
        // What it costs is told before anybody is asked to agree; without a reason there is none.
        await page.Locator(".assessment[data-assessed=true]").WaitForAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Hold", Exact = true }).ClickAsync();
        await dialog.GetByText("Say why it is to be kept.").WaitForAsync();
        await dialog.GetByLabel("Reason").FillAsync(Reason);
        await dialog.GetByLabel("Who answers for it").FillAsync("Ana");
        await ShotAsync("hold");
        await page.Keyboard.PressAsync("Enter");
        await dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        var hold = (await site.GetAsync("/api/holds")).EnumerateArray().Single();
        (hold.GetProperty("from").GetDateTimeOffset() <= from).ShouldBeTrue();
        (hold.GetProperty("to").GetDateTimeOffset() - from).TotalSeconds.ShouldBeInRange(3.9, 5.1);

        // On the strip, in words for who can't see it, and beside an export of the same stretch.
        await page.WaitForFunctionAsync(HasRoof, null, new() { Timeout = 10_000 });
        await page.WaitForFunctionAsync("(t) => document.querySelector(\"[data-strip='lane-1'] [role=slider]\").ariaValueText.includes(t)", Reason, new() { Timeout = 10_000 });
        await ShotAsync("timeline-held");
        await page.Keyboard.PressAsync("e");
        await dialog.GetByText(Reason).WaitForAsync();
        await page.Keyboard.PressAsync("Escape");

        // Nothing is released without saying why.
        await page.GotoAsync(new Uri(site.Address, "/holds").ToString());
        var row = page.Locator("tr[data-state='held']", new() { HasText = Reason });
        await row.GetByRole(AriaRole.Button, new() { Name = "Release the hold" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Release the hold" }).ClickAsync();
        await dialog.GetByText("Say why.").WaitForAsync();
        await dialog.GetByLabel("Why it is no longer needed").FillAsync(Why);
        await ShotAsync("hold-release");
        await page.Keyboard.PressAsync("Enter");
        await row.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.GetByLabel("Show ended ones too").CheckAsync(new() { Force = true });
        await page.Locator("tr[data-state='ended']", new() { HasText = Why }).WaitForAsync();
        (await site.GetAsync("/api/holds")).GetArrayLength().ShouldBe(0);
        await page.GotoAsync(new Uri(site.Address, $"/timeline?camera=lane-1&t={Site.Iso(from)}&zoom=120").ToString());
        await PausedAsync(visit);
        (await visit.ReadAsync<bool>(HasRoof)).ShouldBeFalse();

        // On the wall: what happens just now.
        await page.GotoAsync(new Uri(site.Address, "/live?camera=lane-1").ToString());
        await page.Locator(".tile[data-phase=live]:not([hidden])").WaitForAsync(new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("k");
        await page.Locator(".assessment[data-assessed=true]").WaitForAsync();
        visit.Complaints.ShouldBeEmpty();

        Task ShotAsync(string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", $"{name}.png") });
    }

    [Fact]
    public async Task Storage_says_how_long_footage_is_kept_and_checks_the_archive_while_it_is_recorded()
    {
        await RecordedAsync(TimeSpan.FromSeconds(10));
        var answer = await site.Http.PostAsJsonAsync("/api/cameras", new { name = "Shed", enabled = false, main = new { url = "rtsp://127.0.0.1:1/nothing" } }, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        try
        {
            await using var visit = await site.OpenAsync("/settings/cameras?edit=shed");
            var page = visit.Page;
            var keep = page.GetByLabel("Retention");
            await keep.SelectOptionAsync("own");
            await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
            await page.GetByText("Give days or gigabytes.").First.WaitForAsync();
            await page.GetByLabel("At most, days").FillAsync("1,5");
            await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
            await Site.EventuallyAsync(async () => (await site.GetAsync("/api/cameras/shed")).GetProperty("retention") is { ValueKind: JsonValueKind.Object } limits
                && Math.Abs(limits.GetProperty("days").GetDouble() - 1.5) < 1e-9, "the camera's own limit");
            await page.GotoAsync(new Uri(site.Address, "/settings/cameras?edit=shed").ToString());
            await keep.SelectOptionAsync("default");
            await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
            await Site.EventuallyAsync(async () => (await site.GetAsync("/api/cameras/shed")).GetProperty("retention").ValueKind == JsonValueKind.Null, "the default limits");

            await page.GotoAsync(new Uri(site.Address, "/settings/storage").ToString());
            await page.Locator("[data-volume=archive]").WaitForAsync(new() { Timeout = 20_000 });
            // Footage counts from its first closed file on.
            await page.Locator("tr[data-camera=north]").WaitForAsync(new() { Timeout = 90_000 });
            await page.GetByRole(AriaRole.Button, new() { Name = "Check now" }).ClickAsync();
            await page.Locator("li[data-check=done][data-faults='0']").WaitForAsync(new() { Timeout = 30_000 });
            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "storage-checked.png") });
            visit.Complaints.ShouldBeEmpty();
        }
        finally
        {
            await site.Http.DeleteAsync("/api/cameras/shed", TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_camera_is_probed_added_and_removed_and_a_configured_one_says_why_it_is_fixed()
    {
        await using var visit = await site.OpenAsync("/settings/cameras?edit=new");
        var page = visit.Page;
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Tower");
        await page.GetByLabel("Main stream").FillAsync("rtsp://127.0.0.1:1/nothing");
        await page.GetByRole(AriaRole.Button, new() { Name = "Test the address" }).ClickAsync();
        await page.GetByText("The camera can't be used like this").WaitForAsync(new() { Timeout = 20_000 });
        await page.GetByLabel("Main stream").FillAsync(site.Camera("north").Url());
        await page.GetByRole(AriaRole.Button, new() { Name = "Test the address" }).ClickAsync();
        await page.GetByText("The camera answers").WaitForAsync(new() { Timeout = 20_000 });

        // A certificate is asked for where there is one; what the node says against it stands beside the field.
        var fingerprint = page.GetByLabel("Certificate fingerprint");
        (await fingerprint.CountAsync()).ShouldBe(0);
        await page.GetByLabel("Sub-stream").FillAsync("rtsps://127.0.0.1:1/nothing");
        await fingerprint.FillAsync("12:34");
        await page.GetByLabel("Record sound").UncheckAsync(new() { Force = true });
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.Locator("[aria-invalid=true]").And(fingerprint).WaitForAsync();
        await fingerprint.FillAsync(string.Concat(Enumerable.Repeat("ab:", 31)) + "ab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var row = page.Locator("tr", new() { HasText = "Tower" });
        await row.WaitForAsync();
        var tower = (await site.GetAsync("/api/cameras")).EnumerateArray().Single(c => c.GetProperty("name").GetString() == "Tower");
        tower.GetProperty("audio").GetBoolean().ShouldBeFalse();
        tower.GetProperty("fingerprint").GetString().ShouldBe(string.Concat(Enumerable.Repeat("AB", 32)));
        await row.GetByRole(AriaRole.Button, new() { Name = "Remove Tower" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove the camera" }).ClickAsync();
        await row.WaitForAsync(new() { State = WaitForSelectorState.Detached });

        await page.GetByRole(AriaRole.Button, new() { Name = "Show North gate" }).ClickAsync();
        await page.GetByText("configuration file and can only be changed there").First.WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).CountAsync()).ShouldBe(0);
        // A probe that fails and a field that is wrong are answers the page shows, though the browser's console counts it as an error.
        visit.Complaints.Where(c => !c.Contains("422", StringComparison.Ordinal) && !c.Contains("400", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_room_reads_well_in_every_language_theme_and_size()
    {
        await RecordedAsync(TimeSpan.FromSeconds(10));
        (string Language, string Scheme, int Width, int Height)[] readers =
        [
            ("en", "dark", 1920, 1080), ("es", "light", 1366, 768), ("fr", "dark", 390, 844), ("ar", "light", 390, 844),
        ];
        (string Name, string Path)[] rooms =
        [
            ("live", "/live"), ("situation", "/situation"), ("map", "/situation?edit="), ("incidents", "/incidents"), ("handover", "/handover"), ("rules", "/settings/rules?camera=north"),
            ("configuration", "/settings/configuration"), ("oversight", "/oversight"), ("accesses", "/oversight/accesses"), ("records", "/oversight/records"), ("log", "/oversight/log"), ("account", "/account"), ("people", "/settings/people"), ("roles", "/settings/people?tab=roles"), ("new-user", "/settings/people?open=new"), ("role", "/settings/people?tab=roles&open=operator"), ("timeline", "/timeline?camera=north"), ("evidence", "/evidence"), ("package", "/evidence?make=new"), ("disclosures", "/disclosures"), ("hand-over", "/disclosures?package="), ("partners", "/partners"), ("agreements", "/partners/agreements"), ("templates", "/sites/templates?template=new"), ("exports", "/exports"), ("holds", "/holds"), ("cameras", "/settings/cameras"), ("storage", "/settings/storage"), ("health", "/settings/health"), ("layout", "/live?edit=new-layout"), ("tour", "/live?edit=new-tour"), ("camera", "/settings/cameras?edit=new"),
            ("turn", "/live?camera=north"), ("assistant", "/settings/cameras?edit=find"), ("assistant-look", "/settings/cameras?edit=find"),
        ];
        var found = new List<string>();
        foreach (var (language, scheme, width, height) in readers)
        {
            await using var visit = await site.OpenAsync("/live", width, height, language, scheme);
            await visit.Page.WaitForFunctionAsync("() => document.querySelector('.tile[data-phase=live]') !== null", null, new() { Timeout = 30_000 });
            (await visit.ReadAsync<string>("() => document.documentElement.dir")).ShouldBe(language == "ar" ? "rtl" : "ltr");
            (await visit.ReadAsync<string>("() => document.documentElement.lang")).ShouldBe(language);
            foreach (var (name, path) in rooms)
            {
                if (name != "live")
                    await visit.Page.GotoAsync(new Uri(site.Address, path).ToString());
                await visit.Page.Locator("main :is(h1, .notice)").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
                if (name == "timeline")
                    await visit.Page.WaitForFunctionAsync("() => ['playing', 'paused', 'ended'].includes(document.querySelector('.stage')?.dataset.phase)", null, new() { Timeout = 20_000 });
                if (name is "camera" or "package")
                    await visit.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
                if (name == "health")
                    await visit.Page.Locator("[data-ready]").WaitForAsync(new() { State = WaitForSelectorState.Attached, Timeout = 20_000 });
                if (name == "layout")
                    await visit.Page.Locator(".layout-slot").First.WaitForAsync();
                if (name == "turn")
                    await visit.Page.Locator(".ptz-disc").WaitForAsync(new() { Timeout = 20_000 });
                if (name.StartsWith("assistant", StringComparison.Ordinal))
                    await visit.Page.Locator(".device").First.WaitForAsync(new() { Timeout = 20_000 });
                if (name == "assistant-look")
                {
                    await visit.Page.Locator(".device").First.ClickAsync();
                    await visit.Page.Locator("[data-step='2'] button[type=submit]").ClickAsync();
                    await visit.Page.WaitForFunctionAsync("() => document.querySelector('.preview')?.dataset.phase === 'live'", null, new() { Timeout = 20_000 });
                }

                string where = $"{name} {language} {scheme} {width}x{height}";
                await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", $"{name}-{language}-{scheme}-{width}.png") });
                found.AddRange((await visit.FaultsAsync()).Select(f => $"{where}: {f}"));
            }

            found.AddRange(visit.Complaints.Select(c => $"{language}: {c}"));
        }

        found.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_language_changes_without_a_reload_and_stays()
    {
        await using var visit = await site.OpenAsync("/settings/cameras");
        await visit.Page.EvaluateAsync("() => { window.stillHere = true; }");
        foreach (var (label, heading, dir) in new[] { ("Español", "Cámaras", "ltr"), ("Français", "Caméras", "ltr"), ("العربية", "الكاميرات", "rtl"), ("English", "Cameras", "ltr") })
        {
            await visit.Page.Locator(".languages").GetByRole(AriaRole.Button, new() { Name = label }).ClickAsync();
            await visit.Page.GetByRole(AriaRole.Heading, new() { Name = heading }).WaitForAsync();
            (await visit.ReadAsync<string>("() => document.documentElement.dir")).ShouldBe(dir);
        }

        (await visit.ReadAsync<bool>("() => window.stillHere === true")).ShouldBeTrue();
    }

    sealed record Shown(DateTimeOffset Wall, int Number);

    /// <summary>What the paused stage shows: its wall clock and the number in its picture.</summary>
    static async Task<Shown> PausedAsync(Visit visit)
    {
        await visit.Page.WaitForFunctionAsync(
            "() => document.querySelector('.stage')?.dataset.phase === 'paused' && document.querySelector('.stage video.active').readyState >= 2 && !document.querySelector('.stage video.active').seeking",
            null, new() { Timeout = 20_000 });
        // The picture that was decoded last is told to the page before the frame after the next.
        await visit.Page.EvaluateAsync("() => new Promise(told => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(told))))");
        long wall = await visit.ReadAsync<long>("() => Math.round(Number(document.querySelector('.stage').dataset.wall))");
        return new(DateTimeOffset.FromUnixTimeMilliseconds(wall), await visit.ReadAsync<int>(ReadNumber, ".stage video.active"));
    }

    /// <summary>Pictures from one number to another, forward, over the clip's end.</summary>
    static int Distance(int from, int to) => (to - from + Site.LoopFrames) % Site.LoopFrames;

    /// <summary>Waits until every camera has been recorded for so long.</summary>
    Task RecordedAsync(TimeSpan length) => Site.EventuallyAsync(
        async () =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var all = await site.GetAsync($"/api/timeline?from={Site.Iso(now.AddHours(-1))}&to={Site.Iso(now.AddHours(1))}&stream=main");
            return site.Cameras.All(id => all.TryGetProperty(id, out var timeline)
                && timeline.GetProperty("newest") is { ValueKind: JsonValueKind.String } newest && newest.GetDateTimeOffset() - site.Started > length);
        },
        $"recordings of {length.TotalSeconds} s", TimeSpan.FromSeconds(60));

    [GeneratedRegex("Torre este")]
    private static partial Regex TowerName();

    [GeneratedRegex("/api/")]
    private static partial Regex AnySocket();

    [GeneratedRegex("EXT-X-MAP:URI=\"([^\"]+)\"")]
    private static partial Regex InitUri();

    [GeneratedRegex("^Download")]
    private static partial Regex Download();
}
