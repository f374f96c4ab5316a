using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Atalaya.Media;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>
/// One site for all browser tests: simulated cameras whose pictures carry their number, the real executable on a free port with a folder of its own, and one
/// browser. A picture's number follows from the wall clock, so that every picture on screen says when it was taken.
/// </summary>
public sealed class Site : IAsyncLifetime
{
    /// <summary>Tests with a browser run one after the other: two of them beside their nodes and cameras are more than two cores can show in time.</summary>
    public const string Browsers = "browsers";

    public const int FrameRate = 25, LoopFrames = 1500;

    /// <summary>The camera that sends G.711 beside its pictures.</summary>
    public const string Spoken = "south";
    static readonly string[] Names = ["North gate", "Carril 1", "Voie 2", "المعبر الجنوبي"];

    readonly TempFolder _folder = new("site");
    RtspSimulator? _cameras;
    OnvifDevice? _device;
    ManagedProcess? _node;
    IPlaywright? _playwright;
    IBrowser? _browser;

    public Uri Address { get; private set; } = new("http://127.0.0.1");
    public HttpClient Http { get; } = new();
    public IReadOnlyList<string> Cameras { get; } = ["north", "lane-1", "lane-2", Spoken];
    public static string Artifacts => RepositoryRoot.File("artifacts");

    public async ValueTask InitializeAsync()
    {
        string page = RepositoryRoot.File("web", "dist");
        Assert.SkipUnless(File.Exists(Path.Combine(page, "index.html")), "The page isn't built: run `npm run build` in web/.");
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "Chromium isn't installed.");

        // A minute of numbered pictures, a key frame each second, main and sub stream alike: whatever is shown can be read.
        string main = await Ffmpeg.ClipAsync(new ClipRecipe(Width: 640, Height: 360, FrameRate: FrameRate, Frames: LoopFrames, KeyInterval: FrameRate));
        // One camera has sound that no browser plays inside MP4.
        string spoken = await Ffmpeg.ClipAsync(new ClipRecipe(Width: 640, Height: 360, FrameRate: FrameRate, Frames: LoopFrames, KeyInterval: FrameRate, Audio: Codec.PcmMuLaw));
        string sub = await Ffmpeg.ClipAsync(new ClipRecipe(Width: 320, Height: 180, FrameRate: FrameRate, Frames: LoopFrames, KeyInterval: FrameRate));
        _cameras = await RtspSimulator.StartAsync(new SimulatorOptions
        {
            Port = 0,
            Start = LoopStart.WallClock,
            Cameras = [.. Cameras.Select(id => new CameraSource(id, id == Spoken ? spoken : main, sub))],
        });

        // The first camera can be found, turned and reports what it sees.
        _device = OnvifDevice.Start(new()
        {
            Group = true,
            Profiles = [new("main", "Main stream", "H264", 640, 360, _cameras.Url(Cameras[0])), new("sub", "Sub stream", "H264", 320, 180, _cameras.Url(Cameras[0], StreamKind.Sub))],
        });
        string configuration = _folder.File("atalaya.yaml");
        await File.WriteAllLinesAsync(configuration,
        [
            "name: \"Test post\"",
            "listen: \"127.0.0.1:0\"",
            $"data: \"{_folder.File("data")}\"",
            $"database: \"{TestDatabase.Of(_folder.File("data", "atalaya.db"))}\"",
            $"web: \"{page}\"",
            // One person walks through the rooms; what takes two has a node of its own.
            "approvals: { for: [] }",
            "cameras:",
            .. Cameras.Zip(Names).Select(c => $"  - {{ id: {c.First}, name: \"{c.Second}\", main: \"{_cameras.Url(c.First)}\", sub: \"{_cameras.Url(c.First, StreamKind.Sub)}\"{(c.First == Cameras[0] ? $", onvif: \"{_device.Url}\"" : "")} }}"),
        ]);
        // Beside these tests, in the same configuration.
        string output = AppContext.BaseDirectory.Replace("tests/Atalaya.System.Tests", "src/Atalaya.Node", StringComparison.Ordinal);
        _node = ManagedProcess.Start(Path.Combine(output, "atalaya"), ["serve", "--config", configuration, "--json"]);
        string ready = await _node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        var said = JsonDocument.Parse(ready).RootElement;
        Address = new Uri(said.GetProperty("listening")[0].GetString()!);
        Http.BaseAddress = Address;
        FirstLink = said.GetProperty("start").GetString()!;
        await BecomeAdministratorAsync();
        Started = TimeProvider.System.GetUtcNow();

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        Directory.CreateDirectory(Path.Combine(Artifacts, "screenshots"));
    }

    public DateTimeOffset Started { get; private set; }

    /// <summary>Who is signed in on the pages that <see cref="OpenAsync"/> opens.</summary>
    public const string UserName = "Night shift", Password = "seven grey herons wait";

    /// <summary>As the node printed it when it started; used up.</summary>
    public string FirstLink { get; private set; } = "";

    /// <summary>Of the first camera.</summary>
    public OnvifDevice Device => _device!;

    public SimulatedCamera Camera(string id) => _cameras!.Camera(id);

    /// <summary>A page with a reader's choices; what it complains of on its console fails the test that closes it.</summary>
    /// <param name="signedIn">As <see cref="UserName"/>; otherwise as nobody.</param>
    /// <param name="purpose">They have said for what they look back.</param>
    /// <param name="address">Of another node than this site's; null: this one.</param>
    /// <param name="user">Null: <see cref="UserName"/>. All have the same password.</param>
    public async Task<Visit> OpenAsync(
        string path, int width = 1366, int height = 768, string language = "en", string scheme = "dark", bool signedIn = true, bool purpose = true, Uri? address = null, string? user = null)
    {
        var context = await _browser!.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, AcceptDownloads = true });
        await context.AddInitScriptAsync($"localStorage.setItem('atalaya.language', '{language}'); localStorage.setItem('atalaya.scheme', '{scheme}');");
        var page = await context.NewPageAsync();
        if (signedIn)
        {
            // By the page's own request: the cookie must come the way a browser takes it.
            await page.GotoAsync(new Uri(address ?? Address, "/favicon.svg").ToString());
            int status = await page.EvaluateAsync<int>(
                "async ([name, password]) => (await fetch('/api/session', { method: 'POST', headers: { 'Content-Type': 'application/json', 'Atalaya-Page': '1' }, body: JSON.stringify({ name, password }) })).status",
                new[] { user ?? UserName, Password });
            // For what they look back is asked once; a test of that begins without.
            if (status == 200 && purpose)
            {
                status = await page.EvaluateAsync<int>(
                    "async () => (await fetch('/api/me/purpose', { method: 'PUT', headers: { 'Content-Type': 'application/json', 'Atalaya-Page': '1' }, body: JSON.stringify({ purpose: 'technical' }) })).status");
            }

            if (status != 200)
                throw new InvalidOperationException($"Signing in was answered with {status}.");
        }

        var visit = new Visit(context, page);
        await visit.Page.GotoAsync(new Uri(address ?? Address, path).ToString());
        return visit;
    }

    /// <summary>Somebody else with a role on one camera, who has chosen the same password by their link. Returns the name.</summary>
    public async Task<string> AddUserAsync(string name, string role, string camera)
    {
        using var made = await Http.PostAsJsonAsync("/api/users", new { name, grants = new[] { new { role, scope = "camera", of = camera } } });
        made.EnsureSuccessStatusCode();
        string link = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("link").GetString()!;
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address };
        browser.DefaultRequestHeaders.Add("Atalaya-Page", "1");
        using var started = await browser.PostAsJsonAsync("/api/start", new { code = link[(link.IndexOf('#', StringComparison.Ordinal) + 1)..], password = Password });
        started.EnsureSuccessStatusCode();
        return name;
    }

    /// <summary>As a person does it: by the printed link; then a token for what the tests themselves ask.</summary>
    async Task BecomeAdministratorAsync()
    {
        using var browser = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address };
        browser.DefaultRequestHeaders.Add("Atalaya-Page", "1");
        using var started = await browser.PostAsJsonAsync("/api/start", new { code = FirstLink[(FirstLink.IndexOf('#', StringComparison.Ordinal) + 1)..], name = UserName, password = Password });
        started.EnsureSuccessStatusCode();
        browser.DefaultRequestHeaders.Add("Cookie", started.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        using var made = await browser.PostAsJsonAsync("/api/me/tokens", new { name = "tests", days = 1 });
        made.EnsureSuccessStatusCode();
        Http.DefaultRequestHeaders.Authorization = new("Bearer", (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString());
        Http.DefaultRequestHeaders.Add("Atalaya-Purpose", "technical");
    }

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Asks until the answer is right; the message says what was waited for.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> isSo, string what, TimeSpan? limit = null)
    {
        var deadline = TimeProvider.System.GetUtcNow() + (limit ?? TimeSpan.FromSeconds(20));
        while (!await isSo())
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
                throw new TimeoutException($"Waited in vain for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.CloseAsync();
        _playwright?.Dispose();
        if (_node is not null)
        {
            _node.Terminate();
            await _node.DisposeAsync();
        }

        if (_device is not null)
            await _device.DisposeAsync();
        if (_cameras is not null)
            await _cameras.DisposeAsync();
        Http.Dispose();
        _folder.Dispose();
    }
}

/// <summary>One open page.</summary>
public sealed class Visit : IAsyncDisposable
{
    readonly IBrowserContext _context;
    readonly List<string> _complaints = [];

    public Visit(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            // A camera that is young has recorded nothing in the half hour before it: the page asks, and is told so.
            bool isNothingRecorded = message.Text.Contains("404", StringComparison.Ordinal) && message.Location.Contains("playback.m3u8", StringComparison.Ordinal);
            if (message.Type == "error" && !isNothingRecorded)
                _complaints.Add($"{message.Text} {message.Location}");
        };
    }

    public IPage Page { get; }

    /// <summary>Errors of the page's code, and what its content security policy blocked.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>What whoever reads the page stumbles over: a key in place of words, more width than the screen, what axe calls serious or worse.</summary>
    public async Task<IReadOnlyList<string>> FaultsAsync()
    {
        var found = new List<string>();
        if (Keys.Value.Match(await ReadAsync<string>("() => document.body.innerText")) is { Success: true } key)
            found.Add($"shows the key {key.Value}");
        if (await ReadAsync<bool>("() => document.documentElement.scrollWidth > innerWidth + 1"))
            found.Add("wider than the screen");
        await Page.EvaluateAsync(await File.ReadAllTextAsync(RepositoryRoot.File("web", "node_modules", "axe-core", "axe.min.js")));
        found.AddRange(await ReadAsync<string[]>("""
            async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
              .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`)
            """));
        return found;
    }

    /// <summary>Keys of the page's words, as they would be seen where a translation is missing.</summary>
    static readonly Lazy<Regex> Keys = new(() =>
    {
        string[] files = ["en.json", "partners/en.json"];
        var groups = files.SelectMany(f => JsonDocument.Parse(File.ReadAllText(RepositoryRoot.File("web", "src", "i18n", f))).RootElement.EnumerateObject().Select(g => g.Name)).Distinct(StringComparer.Ordinal);
        return new($@"\b({string.Join('|', groups)})\.[a-z]+[A-Za-z.]*\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    });

    public Task<T> ReadAsync<T>(string script, object? argument = null) => Page.EvaluateAsync<T>(script, argument);

    public ValueTask DisposeAsync() => new(_context.CloseAsync());
}
