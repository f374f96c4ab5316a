using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

using Atalaya.Analysis.Painting;
using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Masks;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What a partner gets to see has masks and its name in it, ends when its owner or its time ends it, and both can show afterwards what became of it; judged by pixels and by the program for outsiders.</summary>
public sealed class SharedPicturesTests
{
    [Fact]
    public async Task Pictures_for_a_partner_have_masks_and_its_name_end_with_their_grant_are_deleted_in_time_and_both_papers_agree()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        using var folder = new TempFolder("shared");
        ShiftedClock northClock = new(), southClock = new();
        await using var north = await TestNode.StartAsync(
            Linked.Listens + $"recording: {{ segment: 10s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]\n", analysis: true, clock: northClock);
        await MaskTests.NeedsPainter(north);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"), clock: southClock);
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await ShareTests.AgreeAsync(north, south, atNorth.Id);
        (await north.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 0, masks = new[] { new { name = "Yard", reason = "Not ours", points = Sight.Corners } } })).Status.ShouldBe(200);
        await north.RunningAsync("gate");
        using var second = await north.AtPageAsync("second", new Grant(Roles.Administrator, Scope.Organisation));
        var now = TimeProvider.System.GetUtcNow();
        string around = $"from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        var timeline = await north.UntilAsync($"/api/cameras/gate/timeline?{around}", t => t["segments"]!.AsArray().Sum(s => (long)s![1]! - (long)s[0]!) > 4000, seconds: 60);
        var begins = DateTimeOffset.FromUnixTimeMilliseconds((long)timeline["segments"]![0]![0]!);

        // Two persons, by the clause; a clip that may be kept for a day, a still for a rescue.
        object footage = new { link = atNorth.Id, what = "clip", camera = "gate", from = begins.AddSeconds(0.5), to = begins.AddSeconds(3.5), purpose = "investigation", category = "drugs", request = "footage", keepDays = 1 };
        var clip = await GiveAsync(footage);
        string raft = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "A raft" })).Body!["id"]!;
        var still = await GiveAsync(new { link = atNorth.Id, what = "still", camera = "gate", to = begins.AddSeconds(2), incident = raft, purpose = "rescue" });

        // A rescue is handed over by one alone, live pictures and all, and somebody else says afterwards whether that was right.
        var (handed, handOver) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident = raft, camera = "gate", purpose = "rescue" });
        handed.ShouldBe(201, handOver?.ToString());
        string released = $"/api/shares/{(string)handOver!["liveGrant"]!}";
        var open = await north.GetAsync(released);
        ((bool)open["released"]!, (int)open["persons"]!, (string)open["clause"]!, (string?)open["review"]?["closed"]).ShouldBe((true, 1, "4.1", null));
        open["review"].ShouldNotBeNull();
        (await north.SendAsync(HttpMethod.Post, $"{released}/review", new { right = true })).Status.ShouldBe(403, "nobody reviews their own");
        using (var reviewed = await second.PostAsync($"{released}/review", new StringContent("""{"right":true}""", new MediaTypeHeaderValue("application/json")), TestNode.Stop))
            reviewed.StatusCode.ShouldBe(HttpStatusCode.OK);
        ((string)(await north.GetAsync(released))["review"]!["by"]!).ShouldBe("second");

        foreach (var (grant, name) in new[] { (clip, "clip.mp4"), (still, "still.jpg") })
        {
            string id = (string)grant["id"]!;
            await south.UntilAsync($"/api/shares/{id}", s => (string?)s["file"] == "here", seconds: 60);
            // A player asks for parts, the first of which needn't be the first of the file: one look.
            using (var part = new HttpRequestMessage(HttpMethod.Get, $"/api/shares/{id}/file") { Headers = { Range = new RangeHeaderValue(100, 199) } })
            using (var answer = await south.Http.SendAsync(part, TestNode.Stop))
                answer.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            await File.WriteAllBytesAsync(folder.File(name), await south.Http.GetByteArrayAsync($"/api/shares/{id}/file", TestNode.Stop), TestNode.Stop);
            IsForThePartner(await Sight.PicturesAsync(folder.File(name)), (string)grant["watermark"]!);
            var looked = await north.UntilAsync($"/api/shares/{id}", s => ShareTests.Acts(s).Contains("used"));
            ShareTests.Acts(looked).Count(a => a == "used").ShouldBe(1);
        }

        // Live: painted by the owner, and cut by its owner while it runs.
        var live = await GiveAsync(Live(60));
        var watch = new Stopwatch();
        using (var socket = await WatchAsync(live))
        {
            IsForThePartner(await SeenAsync(socket, folder.File("live.mp4")), (string)live["watermark"]!);
            // Looking again within minutes is the same look.
            using (var twice = await WatchAsync(live))
                await SeenAsync(twice, folder.File("twice.mp4"));
            ShareTests.Acts(await north.GetAsync($"/api/shares/{(string)live["id"]!}")).Count(a => a == "sent").ShouldBe(1);
            watch.Start();
            (await north.SendAsync(HttpMethod.Post, $"/api/shares/{(string)live["id"]!}/revoke", new { reason = "The case was closed" })).Status.ShouldBe(200);
            (await EndOfAsync(socket)).ShouldBe("ended");
            TestContext.Current.TestOutputHelper?.WriteLine($"A view at the partner's ended {watch.Elapsed.TotalMilliseconds:0} ms after its revocation was asked for.");
        }

        using (var again = await south.ConnectAsync($"/api/shares/{(string)live["id"]!}/live"))
            ((string?)(await again.NextTextAsync())!["code"]).ShouldBe("ended");
        using (var reached = await south.Service<Peers>().For(atSouth).GetAsync($"link/1/grants/{(string)live["id"]!}/live", TestNode.Stop))
            reached.StatusCode.ShouldBe(HttpStatusCode.Gone, "the owner asks nobody's page");

        // Live: its time is over while it runs, by the owner's clock.
        var brief = await GiveAsync(Live(10));
        using (var socket = await WatchAsync(brief))
        {
            await SeenAsync(socket, folder.File("brief.mp4"));
            northClock.Forward(TimeSpan.FromMinutes(10));
            (await EndOfAsync(socket)).ShouldBe("ended");
        }

        ((string)(await north.GetAsync($"/api/shares/{(string)brief["id"]!}"))["state"]!).ShouldBe("expired");
        await south.UntilAsync($"/api/shares/{(string)brief["id"]!}", s => (string)s["state"]! is "ended" or "expired");

        // The clip's day is over there: deleted, with a receipt that its owner has.
        southClock.Forward(TimeSpan.FromDays(1));
        string kept = (string)clip["id"]!;
        await north.UntilAsync($"/api/shares/{kept}", s => ShareTests.Acts(s).Contains("deleted"), seconds: 60);
        Directory.Exists(Path.Combine(south.Folder, "data", "shared", kept)).ShouldBeFalse();
        (await south.SendAsync(HttpMethod.Get, $"/api/shares/{kept}/file")).Status.ShouldBe(409);

        // Both papers agree, says the program that knows nothing but keys; and that they don't, once somebody has changed a word.
        await ShareTests.PapersAsync(north, atNorth.Id, 23);
        await ShareTests.PapersAsync(south, atSouth.Id, 23);
        string a = folder.File("north.json"), b = folder.File("south.json"), forged = folder.File("forged.json");
        await File.WriteAllBytesAsync(a, await north.Http.GetByteArrayAsync($"/api/shares/papers?link={atNorth.Id}", TestNode.Stop), TestNode.Stop);
        string papers = await south.Http.GetStringAsync($"/api/shares/papers?link={atSouth.Id}", TestNode.Stop);
        await File.WriteAllTextAsync(b, papers, TestNode.Stop);
        await File.WriteAllTextAsync(forged, papers.Replace("its time was over", "nobody asked for it", StringComparison.Ordinal), TestNode.Stop);
        var (agrees, told) = await VerifyAsync(folder, a, b);
        (agrees, told).ShouldBe((0, told));
        var (differs, why) = await VerifyAsync(folder, a, forged);
        (differs, why).ShouldBe((1, why));

        // What they refuse was never given: their copy of the agreement is gone.
        await using (var connection = await south.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("delete from agreements");
        await south.Service<AgreementBook>().ReloadAsync(TestNode.Stop);
        string never = (string)(await GiveAsync(Live(60)))["id"]!;
        await north.UntilAsync($"/api/shares/{never}", s => (string)s["state"]! == "refused");
        using (var reached = await south.Service<Peers>().For(atSouth).GetAsync($"link/1/grants/{never}/live", TestNode.Stop))
            reached.StatusCode.ShouldBe(HttpStatusCode.Gone);

        object Live(int minutes) => new { link = atNorth.Id, what = "live", camera = "gate", purpose = "border", category = "drugs", request = "liveAssistance", minutes };

        async Task<JsonNode> GiveAsync(object wish)
        {
            var (status, answer) = await north.SendAsync(HttpMethod.Post, "/api/shares", wish);
            if (status == 409)
            {
                using var yes = await second.PostAsync($"/api/approvals/{(string)answer!["approval"]!["id"]!}/approve", new StringContent("{}", new MediaTypeHeaderValue("application/json")), TestNode.Stop);
                yes.StatusCode.ShouldBe(HttpStatusCode.OK);
                (status, answer) = await north.SendAsync(HttpMethod.Post, "/api/shares", wish);
            }

            status.ShouldBe(201, answer?.ToString());
            return answer!;
        }

        async Task<ClientWebSocket> WatchAsync(JsonNode grant)
        {
            await south.UntilAsync("/api/shares", s => s["received"]!.AsArray().Any(r => (string)r!["id"]! == (string)grant["id"]!));
            return await south.ConnectAsync($"/api/shares/{(string)grant["id"]!}/live");
        }
    }

    static void IsForThePartner(IReadOnlyList<byte[]> pictures, string mark)
    {
        pictures.ShouldNotBeEmpty();
        mark.ShouldStartWith("SUR ");
        foreach (byte[] picture in pictures)
        {
            Sight.IsMaskedUnderWords(picture).ShouldBeTrue();
            Sight.Reads(picture, mark).ShouldBeGreaterThan(40);
            Sight.Reads(picture, WatermarkText.Of("Norte", "00000000")).ShouldBeLessThan(Sight.Reads(picture, mark) / 2);
        }
    }

    /// <summary>Some of the pictures that come.</summary>
    static async Task<IReadOnlyList<byte[]>> SeenAsync(WebSocket socket, string file)
    {
        await using (var written = File.Create(file))
        {
            for (int fragments = 0; fragments < 30;)
            {
                var message = (await socket.NextAsync()).ShouldNotBeNull();
                if (message.Type == WebSocketMessageType.Text)
                {
                    ((string?)JsonNode.Parse(message.Bytes)!["type"]).ShouldNotBe("error", System.Text.Encoding.UTF8.GetString(message.Bytes));
                    continue;
                }

                await written.WriteAsync(message.Bytes, TestNode.Stop);
                fragments++;
            }
        }

        return await Sight.PicturesAsync(file);
    }

    /// <summary>Why the node ended it.</summary>
    static async Task<string?> EndOfAsync(WebSocket socket)
    {
        string? code = null;
        while (await socket.NextAsync() is { } message)
        {
            if (message.Type == WebSocketMessageType.Text && JsonNode.Parse(message.Bytes)! is { } told && (string?)told["type"] == "error")
                code = (string?)told["code"];
        }

        return code;
    }

    static async Task<(int Code, string Output)> VerifyAsync(TempFolder folder, string a, string b)
    {
        string program = AppContext.BaseDirectory.Replace("tests/Atalaya.Node.Tests", "tools/Atalaya.Verify", StringComparison.Ordinal) + "atalaya-verify";
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ATALAYA_VERIFY_KEYS"] = folder.File("no-kept-keys");
        foreach (string word in (string[])["receipts", a, b, "--key", KeyOf(a), "--key", KeyOf(folder.File("south.json"))])
            start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestNode.Stop) + await process.StandardError.ReadToEndAsync(TestNode.Stop);
        await process.WaitForExitAsync(TestNode.Stop);
        return (process.ExitCode, output);

        static string KeyOf(string file) => (string)JsonNode.Parse(File.ReadAllText(file))!["key"]!;
    }
}
