using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Node.Evidence;
using Atalaya.Node.Identity;
using Atalaya.Node.Packages;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Packages;

/// <summary>Footage that a node recorded leaves it in a package that needs nobody's word.</summary>
public sealed class PackageTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);

    [Fact]
    public async Task A_package_of_recorded_footage_is_authentic_to_our_check_and_to_stock_tools()
    {
        await using var authority = await TimestampAuthority.StartAsync();
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await StartAsync(fake, $"packages: {{ organisation: Guardia, timestampAuthority: '{authority.Address}' }}");
        var (from, to) = await RecordedAsync(node);

        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to));
        status.ShouldBe(202, made?.ToString());
        ((string?)made!["state"]).ShouldBe("waiting");
        string id = (string)made["id"]!;
        var ready = await ReadyAsync(node, id);
        ((string?)ready["message"]).ShouldBeNull();

        using var folder = new TempFolder("package");
        byte[] bytes = await node.Http.GetByteArrayAsync($"/api/packages/{id}/file", TestNode.Stop);
        Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe((string?)ready["sha256"]);
        ((long)ready["bytes"]!).ShouldBe(bytes.Length);
        NoteKey.TryParse((string)ready["key"]!, out var key).ShouldBeTrue();
        var report = Check(bytes, key);
        report.Verdict.ShouldBe(PackageVerdict.Authentic, string.Join('\n', report.Reasons));
        report.Time!.Authority.ShouldContain("Test clock");
        var manifest = report.Manifest!;
        manifest.Organisation.ShouldBe("Guardia");
        manifest.Purpose.ShouldBe(new("technical", "technical", "tests"));
        manifest.CreatedBy.Name.ShouldBe("administrator");
        manifest.Custody.Select(d => d.What).ShouldBe(["recorded", "asked", "packaged"], ignoreOrder: true);
        manifest.Video.Count.ShouldBeGreaterThan(0);
        manifest.Video.ShouldAllBe(v => v.Derived == null && v.Fragments.Count > 0 && v.Width == 320);

        // The recorded files, to the byte; and others' tools say the same.
        await File.WriteAllBytesAsync(folder.File("package.zip"), bytes, TestNode.Stop);
        await ZipFile.ExtractToDirectoryAsync(folder.File("package.zip"), folder.Path, TestNode.Stop);
        foreach (var video in manifest.Video)
        {
            string name = Path.GetFileNameWithoutExtension(video.Path);
            (await File.ReadAllBytesAsync(folder.File(video.Path), TestNode.Stop)).ShouldBe(await node.Http.GetByteArrayAsync($"/api/cameras/gate/segments/{name}.mp4", TestNode.Stop));
            var probe = await Ffmpeg.ProbeAsync(folder.File(video.Path));
            probe.Errors.ShouldBeEmpty();
            probe.Video.ShouldNotBeEmpty();
        }

        File.Copy(Path.Combine(node.Folder, "data", "keys", "package.crt"), folder.File("signer.pem"));
        foreach (string[] command in (string[][])
        [
            ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "manifest.json.p7s", "-content", "manifest.json", "-CAfile", "signer.pem", "-out", "/dev/null"],
            ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "manifest.json.tsr", "-CAfile", authority.AuthorityFile],
        ])
        {
            var result = await ManagedProcess.RunAsync(command[0], command[1..], workingFolder: folder.Path);
            result.ExitCode.ShouldBe(0, $"{string.Join(' ', command)}: {result.Output}{result.Errors}");
        }

        JsonSchema.Faults(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "ref/package.schema.json"), TestNode.Stop))!, JsonNode.Parse(await File.ReadAllTextAsync(folder.File("manifest.json"), TestNode.Stop))!).ShouldBeEmpty();

        // A download that broke off goes on where it was; another file's tag doesn't fit.
        using var range = new HttpRequestMessage(HttpMethod.Get, $"/api/packages/{id}/file") { Headers = { Range = new RangeHeaderValue(1000, null), IfRange = new(new EntityTagHeaderValue($"\"{(string)ready["sha256"]!}\"")) } };
        using var rest = await node.Http.SendAsync(range, TestNode.Stop);
        rest.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await rest.Content.ReadAsByteArrayAsync(TestNode.Stop)).ShouldBe(bytes[1000..]);

        // The log holds its manifest's digest; nothing is held any more; oversight sees who took it.
        var row = await UntilAsync(async () => await node.Service<NodeLog>().FindAsync(LeafKind.Export, $"package/{id}", TestNode.Stop));
        row.Record.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(folder.File("manifest.json"), TestNode.Stop))));
        (await node.GetAsync("/api/holds")).AsArray().ShouldBeEmpty();
        (await node.GetAsync($"/api/accesses?from={from.UtcDateTime.AddDays(-1):yyyy-MM-dd'T'HH:mm:ss}Z&to={from.UtcDateTime.AddDays(1):yyyy-MM-dd'T'HH:mm:ss}Z")).ToString().ShouldContain("\"download\"");

        (await node.SendAsync(HttpMethod.Delete, $"/api/packages/{id}")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Get, $"/api/packages/{id}")).Status.ShouldBe(404);
        Directory.EnumerateFiles(Path.Combine(node.Folder, "data", "packages")).ShouldBeEmpty();
    }

    [Fact]
    public async Task It_can_be_encrypted_to_recipients_and_says_when_no_authority_gave_the_time()
    {
        await using var authority = await TimestampAuthority.StartAsync();
        authority.Stalls = true;        // in the middle of its answer
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await StartAsync(fake, $"packages: {{ timestampAuthority: '{authority.Address}' }}");
        var (from, to) = await RecordedAsync(node);
        using var folder = new TempFolder("age");
        var made = await ManagedProcess.RunAsync("age-keygen", ["-o", folder.File("rosa")]);
        string recipient = made.Errors.Trim().Split(' ')[^1];

        var (status, body) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to, recipients: [recipient]));
        status.ShouldBe(202, body?.ToString());
        string id = (string)body!["id"]!;
        var ready = await ReadyAsync(node, id);

        ((bool)ready["encrypted"]!).ShouldBeTrue();
        ((string?)ready["fileName"])!.ShouldEndWith(".zip.age");
        ((string?)ready["message"])!.ShouldContain("without a timestamp");
        byte[] bytes = await node.Http.GetByteArrayAsync($"/api/packages/{id}/file", TestNode.Stop);
        Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe((string?)ready["sha256"]);
        await File.WriteAllBytesAsync(folder.File("p.zip.age"), bytes, TestNode.Stop);
        var opened = await ManagedProcess.RunAsync("age", ["-d", "-i", folder.File("rosa"), "-o", folder.File("p.zip"), folder.File("p.zip.age")]);
        opened.ExitCode.ShouldBe(0, opened.Errors);
        NoteKey.TryParse((string)ready["key"]!, out var key).ShouldBeTrue();
        using var package = PackageBytes.Open(folder.File("p.zip"));
        PackageCheck.Run(package, [key], null, TestNode.Stop).Verdict.ShouldBe(PackageVerdict.Authentic);
    }

    [Fact]
    public async Task A_second_person_agrees_to_exactly_one_package_and_its_manifest_names_them()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await StartAsync(fake, secondPerson: true);
        var (from, to) = await RecordedAsync(node);
        using var rosa = await node.AtPageAsync("rosa", new Grant("investigator", Scope.Organisation));

        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to));
        status.ShouldBe(409);
        string approval = (string)problem!["approval"]!["id"]!;
        using (var yes = await rosa.PostAsync($"/api/approvals/{approval}/approve", new StringContent("{}", Encoding.UTF8, "application/json"), TestNode.Stop))
            yes.StatusCode.ShouldBe(HttpStatusCode.OK, await yes.Content.ReadAsStringAsync(TestNode.Stop));
        (await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to, title: "Another"))).Status.ShouldBe(409, "they agreed to something else");
        var (accepted, made) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to));
        accepted.ShouldBe(202, made?.ToString());
        var ready = await ReadyAsync(node, (string)made!["id"]!);
        ((string?)ready["agreedBy"]).ShouldBe("rosa");
        (await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, to))).Status.ShouldBe(409, "once");

        byte[] bytes = await node.Http.GetByteArrayAsync($"/api/packages/{(string)made["id"]!}/file", TestNode.Stop);
        var manifest = Check(bytes).Manifest!;
        manifest.AgreedBy!.Name.ShouldBe("rosa");
        manifest.Custody.ShouldContain(d => d.What == "agreed" && d.By == "rosa");
    }

    [Fact]
    public async Task What_was_never_recorded_is_stated_and_what_nothing_was_recorded_of_fails_plainly()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await StartAsync(fake);
        var (from, to) = await RecordedAsync(node);

        var (_, before) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from.AddSeconds(-5), to));
        string id = (string)before!["id"]!;
        var ready = await ReadyAsync(node, id);
        ((long)ready["gaps"]!).ShouldBe(1);
        byte[] bytes = await node.Http.GetByteArrayAsync($"/api/packages/{id}/file", TestNode.Stop);
        NoteKey.TryParse((string)ready["key"]!, out var key).ShouldBeTrue();
        var report = Check(bytes, key);
        report.Verdict.ShouldBe(PackageVerdict.AuthenticWithGaps, string.Join('\n', report.Reasons));
        report.Manifest!.Gaps.ShouldHaveSingleItem().Cause.ShouldBe("None");

        var (_, nothing) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from.AddDays(-2), to.AddDays(-2)));
        var failed = await node.UntilAsync($"/api/packages/{(string)nothing!["id"]!}", p => (string?)p["state"] == "failed", seconds: 60);
        ((string?)failed["message"])!.ShouldContain("Nothing was recorded");
        using var download = await node.Http.GetAsync($"/api/packages/{(string)nothing["id"]!}/file", TestNode.Stop);
        download.StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_stop_interrupts_a_package_and_the_next_start_makes_it_while_its_footage_is_held()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("again");
        string id;
        DateTimeOffset from, to;
        await using (var node = await StartAsync(fake, folder: folder.Path))
        {
            (from, to) = await RecordedAsync(node);
            // One that waits for its footage to be closed: the segment of just now is open.
            var now = DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!, System.Globalization.CultureInfo.InvariantCulture);
            var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/packages", Input(from, now));
            status.ShouldBe(202, made?.ToString());
            id = (string)made!["id"]!;
            (await node.GetAsync("/api/holds")).AsArray().Count.ShouldBe(1);
        }

        await File.WriteAllTextAsync(folder.File("data", "packages", "left.zip.partial"), "of a crash", TestNode.Stop);
        await using (var node = await StartAsync(fake, folder: folder.Path))
        {
            await ReadyAsync(node, id, seconds: 150);   // a gap of the stop lies behind it, and may be asked for
            (await node.GetAsync("/api/holds")).AsArray().ShouldBeEmpty();
            Directory.EnumerateFiles(folder.File("data", "packages")).ShouldHaveSingleItem();

            // Its time is over: the file goes, the line stays.
            var jobs = node.Service<PackageJobs>();
            await jobs.CleanAsync(Media.WallTime.From(TimeProvider.System.GetUtcNow().AddDays(31)));
            ((string?)(await node.GetAsync($"/api/packages/{id}"))["state"]).ShouldBe("expired");
            Directory.EnumerateFiles(folder.File("data", "packages")).ShouldBeEmpty();
            using var download = await node.Http.GetAsync($"/api/packages/{id}/file", TestNode.Stop);
            download.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        }
    }

    [Fact]
    public async Task Bad_requests_say_what_is_wrong_and_packages_of_others_are_not_there()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }, { id: far, main: rtsp://127.0.0.1:9/x, enabled: false, site: elsewhere }]");
        object Stretch(string camera = "gate", string from = "2026-01-01T00:00:00Z", string to = "2026-01-01T00:01:00Z") => new { camera, from, to };
        foreach (var (field, body) in new (string, object)[]
        {
            ("title", new { stretches = new[] { Stretch() } }),
            ("title", new { title = new string('x', 201), stretches = new[] { Stretch() } }),
            ("stretches", new { title = "x" }),
            ("stretches", new { title = "x", stretches = new[] { Stretch(), Stretch(from: "2026-01-01T00:00:30Z") } }),
            ("stretches[0].camera", new { title = "x", stretches = new[] { Stretch("../x") } }),
            ("stretches[0].to", new { title = "x", stretches = new[] { Stretch(to: "2025-01-01T00:00:00Z") } }),
            ("stretches[0].to", new { title = "x", stretches = new[] { Stretch(to: "2026-01-03T00:00:00Z") } }),
            ("stretches[0].to", new { title = "x", stretches = new[] { Stretch(from: "2199-01-01T00:00:00Z", to: "2199-01-01T00:01:00Z") } }),
            ("recipients", new { title = "x", stretches = new[] { Stretch() }, recipients = new[] { "AGE-SECRET-KEY-1" } }),
        })
        {
            var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/packages", body);
            status.ShouldBe(400, problem?.ToString());
            problem!["errors"]![field].ShouldNotBeNull(problem.ToString());
        }

        (await node.SendAsync(HttpMethod.Post, "/api/packages", new { title = "x", stretches = new[] { Stretch() }, incident = Guid.NewGuid() })).Status.ShouldBe(404);
        var (taken, made) = await node.SendAsync(HttpMethod.Post, "/api/packages", new { title = "x", stretches = new[] { Stretch() } });
        taken.ShouldBe(202, made?.ToString());
        string id = (string)made!["id"]!;
        using var elsewhere = await node.AsAsync("elsewhere", new Grant("investigator", new(ScopeKind.Site, "elsewhere")));
        foreach (string path in new[] { $"/api/packages/{id}", $"/api/packages/{id}/file" })
        {
            using var answer = await elsewhere.GetAsync(path, TestNode.Stop);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        (await elsewhere.GetStringAsync("/api/packages", TestNode.Stop)).ShouldBe("[]");
        using var denied = await elsewhere.DeleteAsync($"/api/packages/{id}", TestNode.Stop);
        denied.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    static PackageReport Check(byte[] package, params NoteKey[] known) => PackageCheck.Run(PackageBytes.Of(package), known, null, TestNode.Stop);

    static async Task<TestNode> StartAsync(FakeCamera fake, string yaml = "", string? folder = null, bool secondPerson = false)
    {
        var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\n{yaml}\ncameras: [{{ id: gate, name: Gate, main: '{fake.Url}' }}]", folder, secondPerson: secondPerson);
        // The page is built by npm, and isn't what these tests are about.
        node.Service<PackageBuilder>().Page = m => Encoding.UTF8.GetBytes($"<!doctype html><title>{m.Length}</title>");
        return node;
    }

    /// <summary>The stretch of the first two closed segments.</summary>
    static async Task<(DateTimeOffset From, DateTimeOffset To)> RecordedAsync(TestNode node)
    {
        var archive = node.Service<Footage.Recordings>().Archive;
        var segments = await UntilAsync(async () =>
            (await archive.SegmentsAsync("gate", Media.StreamKind.Main, Media.WallTime.From(TimeProvider.System.GetUtcNow().AddHours(-1)), Media.WallTime.From(TimeProvider.System.GetUtcNow()), TestNode.Stop)) is { } all
                && all.Where(s => s.Sha256.Length > 0).ToList() is { Count: >= 2 } closed ? closed : null);
        return (segments[0].Start.ToDateTimeOffset(), segments[1].End.ToDateTimeOffset());
    }

    static async Task<JsonNode> ReadyAsync(TestNode node, string id, int seconds = 60)
    {
        var ended = await node.UntilAsync($"/api/packages/{id}", p => (string?)p["state"] is "ready" or "failed", seconds);
        ((string?)ended["state"]).ShouldBe("ready", ended.ToString());
        return ended;
    }

    static async Task<T> UntilAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(120));
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            if (await look() is { } found)
                return found;
        }
        while (await beat.WaitForNextTickAsync(limit.Token));
        throw new OperationCanceledException();
    }

    static object Input(DateTimeOffset from, DateTimeOffset to, string title = "Crossing at the gate", string[]? recipients = null) => new
    {
        title,
        language = "es",
        recipients,
        stretches = new[] { new { camera = "gate", from = $"{from.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff}Z", to = $"{to.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff}Z" } },
    };
}
