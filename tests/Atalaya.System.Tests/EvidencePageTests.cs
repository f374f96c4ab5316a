using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>A package on its way from the page of the node to somebody who has nothing but the file and a browser.</summary>
[Collection(Site.Browsers)]
public sealed class EvidencePageTests(Site site) : IClassFixture<Site>
{
    const string Camera = "lane-1";

    /// <summary>Packages that are damaged at random; both checks have to say the same of each.</summary>
    const int Damaged = 40;

    static readonly TimeSpan Recorded = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_package_made_on_the_page_plays_and_is_checked_in_a_browser_without_a_network()
    {
        var stop = TestContext.Current.CancellationToken;
        string verify = AppContext.BaseDirectory.Replace("tests/Atalaya.System.Tests", "tools/Atalaya.Verify", StringComparison.Ordinal) + "atalaya-verify";
        using var folder = new TempFolder("evidence");
        var (from, to) = await TwoFilesAndAGapAsync();

        // Made on the page, as from the timeline.
        await using var visit = await site.OpenAsync($"/evidence?make=stretch&camera={Camera}&from={from}&to={to}");
        var dialog = visit.Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("What it is about").FillAsync("Boat at the mole");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Make a package" }).ClickAsync();
        await dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        var row = visit.Page.Locator("tr[data-package]");
        await visit.Page.Locator("tr:is([data-state=ready], [data-state=failed])").WaitForAsync(new() { Timeout = 240_000 });
        (await row.GetAttributeAsync("data-state")).ShouldBe("ready", await row.InnerTextAsync());
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "evidence-ready.png") });
        string zip = folder.File("package.zip");
        var download = await visit.Page.RunAndWaitForDownloadAsync(() => row.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        await download.SaveAsAsync(zip);
        visit.Complaints.ShouldBeEmpty();

        // Opened from a folder, offline: it plays before anybody has given it the file.
        string extracted = folder.File("extracted");
        await ZipFile.ExtractToDirectoryAsync(zip, extracted, stop);
        await using var reader = await site.OpenAsync("index.html", signedIn: false, address: new Uri($"file://{extracted}/"));
        await reader.Page.Context.SetOfflineAsync(true);
        await reader.Page.ReloadAsync();
        var stage = reader.Page.Locator(".stage");
        await PlaysAsync(reader);
        (await reader.Page.Locator(".track .hatched").CountAsync()).ShouldBe(1);
        (await reader.Page.Locator("[data-verdict]").CountAsync()).ShouldBe(0, "nothing is called authentic that wasn't read");

        // Given the file: unknown until the key is there, then authentic, with the gap; and it plays from the file.
        (await CheckAsync(reader, zip)).ShouldBe("unknownSigner");
        string key = (await site.GetAsync("/api/log")).GetProperty("key").GetString()!;
        await reader.Page.Locator("textarea").FillAsync(key);
        await reader.Page.Locator("[data-verdict=authenticWithGaps]").WaitForAsync();
        (await reader.Page.Locator("[data-fault]").CountAsync()).ShouldBe(0);
        await PlaysAsync(reader);
        (await reader.ReadAsync<string>("() => document.querySelector('.stage video:not([hidden])').src")).ShouldStartWith("blob:");
        // Over the gap to the next file, which is said.
        await reader.Page.Locator(".track").ClickAsync(new() { Position = await BeforeAsync(reader, ".hatched") });
        await reader.Page.Locator(".notice[data-notice=skipped]").WaitForAsync(new() { Timeout = 30_000 });
        (await reader.Page.Locator(".notice").InnerTextAsync()).ShouldContain("camera gave no picture");
        await reader.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "package-authentic.png"), FullPage = true });

        // One byte of one second.
        byte[] bytes = await File.ReadAllBytesAsync(zip, stop);
        using var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(extracted, "manifest.json"), stop));
        var video = manifest.RootElement.GetProperty("video")[1];
        var fragment = video.GetProperty("fragments")[2];
        string path = video.GetProperty("path").GetString()!;
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(extracted, path), stop);
        int at = bytes.AsSpan().IndexOf(file) + fragment.GetProperty("offset").GetInt32() + (fragment.GetProperty("length").GetInt32() / 2);
        string altered = await WriteAsync(folder, "altered.zip", [.. bytes[..at], (byte)(bytes[at] ^ 1), .. bytes[(at + 1)..]]);
        (await CheckAsync(reader, altered)).ShouldBe("altered");
        var fault = reader.Page.Locator("[data-fault]");
        (await fault.GetAttributeAsync("data-where")).ShouldBe(path);
        long second = (video.GetProperty("start").GetDateTimeOffset().UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10 + (fragment.GetProperty("at").GetInt64() * 1000);
        (await fault.Locator("[data-from]").GetAttributeAsync("data-from")).ShouldBe($"{second}");

        // In Arabic, from right to left, and for those who don't see it.
        await reader.Page.GetByRole(AriaRole.Button, new() { Name = "العربية" }).ClickAsync();
        (await reader.ReadAsync<string>("() => document.documentElement.dir")).ShouldBe("rtl");
        await reader.Page.GetByText("معدَّلة", new() { Exact = true }).WaitForAsync();
        await reader.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "package-altered-ar.png"), FullPage = true });
        (await reader.ReadAsync<bool>("() => document.documentElement.scrollWidth > innerWidth + 1")).ShouldBeFalse();
        await reader.Page.EvaluateAsync(await File.ReadAllTextAsync(RepositoryRoot.File("web", "node_modules", "axe-core", "axe.min.js"), stop));
        (await reader.ReadAsync<string[]>("async () => (await axe.run(document)).violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => v.id + ' ' + v.nodes[0].html)")).ShouldBeEmpty();

        // What this page says of any file, atalaya-verify says, too.
        var random = new Random(20);
        for (int i = 0; i < Damaged; i++)
        {
            byte[] damaged = Damage(bytes, random, out string how);
            string name = await WriteAsync(folder, $"{i}.zip", damaged);
            string told = await CheckAsync(reader, name);
            told.ShouldBe(await VerdictAsync(verify, name, key), $"{i}: {how}");
            told.ShouldNotStartWith("authentic", Case.Sensitive, $"{i}: {how}");
            File.Delete(name);
        }

        (await VerdictAsync(verify, zip, key)).ShouldBe("authenticWithGaps");
        reader.Complaints.ShouldBeEmpty();
    }

    /// <summary>Closed files on both sides of a gap, so that nothing has to be waited for but their seals. Returns from and to, ms since 1970.</summary>
    async Task<(long From, long To)> TwoFilesAndAGapAsync()
    {
        List<long[]> segments = [];
        async Task UntilAsync(int count) => await Site.EventuallyAsync(
            async () =>
            {
                var now = TimeProvider.System.GetUtcNow();
                var all = await site.GetAsync($"/api/timeline?from={Site.Iso(now.AddHours(-1))}&to={Site.Iso(now.AddHours(1))}&stream=main");
                segments = all.TryGetProperty(Camera, out var timeline) ? timeline.GetProperty("segments").Deserialize<List<long[]>>()! : [];
                return segments.Count == count && segments[^1][1] - segments[^1][0] >= Recorded.TotalMilliseconds;
            },
            $"footage in {count} parts", TimeSpan.FromSeconds(120));

        await UntilAsync(1);
        site.Camera(Camera).Inject(new Fault(FaultKind.Close));
        await UntilAsync(2);
        site.Camera(Camera).Inject(new Fault(FaultKind.Close));
        await UntilAsync(3);
        return (segments[0][0] + 1000, segments[1][1] - 1000);
    }

    /// <summary>Goes on until pictures were shown for two seconds of the footage's time.</summary>
    static async Task PlaysAsync(Visit reader)
    {
        await reader.Page.WaitForFunctionAsync("() => document.querySelector('.stage video:not([hidden])')?.readyState >= 2", null, new() { Timeout = 30_000 });
        long before = await reader.ReadAsync<long>("() => Number(document.querySelector('.stage').dataset.time)");
        await reader.Page.Locator(".transport .main").ClickAsync();
        await reader.Page.WaitForFunctionAsync("(before) => Number(document.querySelector('.stage').dataset.time) > before + 2000000", before, new() { Timeout = 30_000 });
        (await reader.ReadAsync<int>("() => document.querySelector('.stage video:not([hidden])').videoWidth")).ShouldBe(640);
    }

    /// <summary>A place on the timeline just in front of something.</summary>
    static async Task<Position> BeforeAsync(Visit reader, string what)
    {
        var track = (await reader.Page.Locator(".track").BoundingBoxAsync())!;
        var found = (await reader.Page.Locator($".track {what}").BoundingBoxAsync())!;
        return new() { X = found.X - track.X - 8, Y = track.Height / 2 };
    }

    static async Task<string> CheckAsync(Visit reader, string path)
    {
        await reader.Page.Locator("input[type=file]").SetInputFilesAsync(path);
        await reader.Page.Locator($"[data-check=done][data-file='{Path.GetFileName(path)}']").WaitForAsync(new() { Timeout = 60_000 });
        return (await reader.Page.Locator("[data-verdict]").GetAttributeAsync("data-verdict"))!;
    }

    static async Task<string> WriteAsync(TempFolder folder, string name, byte[] bytes)
    {
        string path = folder.File(name);
        await File.WriteAllBytesAsync(path, bytes);
        return path;
    }

    static byte[] Damage(byte[] bytes, Random random, out string how)
    {
        // Half of it among what isn't footage, which is little of the file.
        int at = random.Next(2) == 0 ? random.Next(bytes.Length) : (bytes.Length * 3 / 4 + random.Next(bytes.Length)) % bytes.Length;
        int length = Math.Min(1 + random.Next(64), bytes.Length - at);
        byte[] changed = [.. bytes];
        switch (random.Next(6))
        {
            case 0:
                how = $"ends at {at}";
                return bytes[..at];
            case 1:
                how = $"{length} bytes left out at {at}";
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 2:
                how = $"{length} bytes twice at {at}";
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 3:
                how = $"{length} bytes behind it";
                return [.. bytes, .. bytes[at..(at + length)]];
            case 4:
                int bit = random.Next(8);
                how = $"bit {bit} at {at}";
                changed[at] ^= (byte)(1 << bit);
                return changed;
            default:
                how = $"byte at {at}";
                changed[at] = (byte)~changed[at];
                return changed;
        }
    }

    static async Task<string> VerdictAsync(string verify, string path, string key)
    {
        using var process = Process.Start(new ProcessStartInfo(verify, [path, "--key", key, "--json"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonDocument.Parse(said).RootElement.GetProperty("verdict").GetString()!;
    }
}
