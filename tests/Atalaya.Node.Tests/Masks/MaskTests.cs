using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

using Atalaya.Analysis.Motion;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Masks;

/// <summary>Nobody sees what a mask hides but who may and asked for it, on no way out of the node; judged by pixels.</summary>
public sealed class MaskTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);
    static readonly Grant Investigator = new("investigator", Scope.Organisation), Operator = new("operator", Scope.Organisation), Technician = new("technician", Scope.Organisation);

    static object Masks(long version, params object[] masks) => new { version, masks };

    static object Yard => new { name = "The neighbour's yard", reason = "Not ours", points = Sight.Corners };

    /// <summary>Whatever gives pictures is in the walk below; one that comes later makes this fail until it is.</summary>
    [Fact]
    public async Task Every_endpoint_that_gives_pictures_is_known_here()
    {
        await using var node = await TestNode.StartAsync();
        var pictures = node.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.OfType<IProducesResponseTypeMetadata>().Any(p => p.StatusCode == 101 || p.ContentTypes.Any(t => t.StartsWith("video/", StringComparison.Ordinal)
                || t.StartsWith("image/", StringComparison.Ordinal) || t is "application/vnd.apple.mpegurl" or "application/zip" or "application/octet-stream")))
            .Select(e => e.RoutePattern.RawText!.Trim('/')).Distinct().Order(StringComparer.Ordinal).ToArray();

        pictures.ShouldBe(
        [
            "api/cameras/previews/{id}/live",                               // an address that is no camera's yet; one that is a masked camera's is refused
            "api/cameras/{id}/live",
            "api/cameras/{id}/masked/{version:long}/{segment}/{piece}",
            "api/cameras/{id}/playback.m3u8",
            "api/cameras/{id}/previews/{minute:long}.jpg",
            "api/cameras/{id}/segments/{name}.mp4",
            "api/exports/{id}/file",
            "api/packages/{id}/file",
            "api/plans/{id}/image",                                         // what somebody uploaded: a plan of the site
            "api/redactions/{id}/file",                                     // made of what was recorded: for who sees the camera without masks, RedactionTests
            "api/redactions/{id}/pictures/{index:int}.jpg",
            "api/released/{token}/file",                                    // a package that two people handed out
            "api/requests/{id}/files/{file}",                               // a document that somebody brought: film is refused, footage goes by grants
            "api/shares/{id}/file",                                         // what another organisation gave: its masks are its own
            "api/shares/{id}/live",                                         // the same, as it comes
            "api/sites/{site}/cameras/{id}/live",                           // a site's: painted there, for who asks from here, CentreTests
            "api/sites/{site}/cameras/{id}/masked/{version:long}/{segment}/{piece}",
            "api/sites/{site}/cameras/{id}/playback.m3u8",
            "api/sites/{site}/cameras/{id}/segments/{name}.mp4",
        ]);
    }

    [Fact]
    public async Task Live_recorded_small_and_taken_out_pictures_have_masks_but_for_who_may_lift_them_and_did()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("masks");
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 10s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path, analysis: true);
        await NeedsPainter(node);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard))).Status.ShouldBe(200);
        string watcherToken = await node.TokenAsync("watcher", Operator, new("shift-leader", Scope.Organisation)), investigatorToken = await node.TokenAsync("investigator", Investigator);
        using HttpClient watcher = node.As(watcherToken), investigator = node.As(investigatorToken);
        string stretch = await RecordedAsync(node, 5000);

        // With: who may not, and who may and hasn't asked.
        string exported = await ExportAsync(node, watcher, stretch);
        foreach (var (http, token) in new[] { (watcher, watcherToken), (investigator, investigatorToken) })
        {
            (await LiveAsync(node, token, folder.File("live.mp4"))).ShouldAllBe(p => Sight.IsMasked(p));
            (await PlayAsync(http, stretch, folder)).ShouldAllBe(p => Sight.IsMasked(p));
            (await DownloadAsync(http, exported, folder)).ShouldAllBe(p => Sight.IsMasked(p));
        }

        string digest = (string)(await node.GetAsync($"/api/exports/{exported}"))["sha256"]!;
        var derived = (await RecordsAsync(node, "Derived", 1)).Single(d => (string?)d["sha256"] == digest);
        ((string?)derived["why"], (string?)derived["what"]).ShouldBe(("mask", "1 areas filled, 0 blurred: masks of gate, version 1"));
        derived["from"]!.AsArray().ShouldAllBe(f => (string?)f!["camera"] == "gate" && ((string)f["sha256"]!).Length == 64);

        string segment = await SegmentOfAsync(node, stretch);
        (await StatusAsync(watcher, segment)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusAsync(investigator, segment)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusAsync(watcher, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(HttpStatusCode.Forbidden);

        using (var packed = await watcher.PostAsJsonAsync("/api/packages", Package(stretch), TestNode.Stop))
            packed.StatusCode.ShouldBe(HttpStatusCode.Forbidden, "a package holds what was recorded");

        // Without: it is asked for, with a purpose that is kept.
        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(HttpStatusCode.OK);
        (await LiveAsync(node, investigatorToken, folder.File("clear.mp4"))).ShouldAllBe(p => Sight.IsClear(p));
        (await PlayAsync(investigator, stretch, folder)).ShouldAllBe(p => Sight.IsClear(p));
        string unmasked = await ExportAsync(node, investigator, stretch);
        (await DownloadAsync(investigator, unmasked, folder)).ShouldAllBe(p => Sight.IsClear(p));
        (await StatusAsync(investigator, segment)).ShouldBe(HttpStatusCode.OK);
        // Not for anybody else, nor in another session of the same one; and not what was made then.
        (await StatusAsync(watcher, segment)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusAsync(watcher, $"/api/exports/{unmasked}/file")).ShouldBe(HttpStatusCode.Forbidden);
        using (var elsewhere = node.As(await node.TokenAsync("investigator", Investigator)))
            (await StatusAsync(elsewhere, segment)).ShouldBe(HttpStatusCode.Forbidden);

        var lines = (await node.GetAsync($"/api/accesses?{Around()}&user=investigator"))["accesses"]!.AsArray();
        lines.Single(l => (string?)l!["kind"] == "unmask")!["purpose"]!.GetValue<string>().ShouldBe("technical");
        foreach (string kind in (string[])["live", "playback", "export", "download"])
            lines.ShouldContain(l => (string?)l!["kind"] == kind && (string?)l["detail"] == "unmasked", kind);

        // Small pictures have masks for all. The minute has to be over before it is asked for here: the export's has begun at least.
        long minute = DateTimeOffset.Parse(stretch.Split('&')[0]["from=".Length..]).ToUnixTimeSeconds() / 60;
        string preview = folder.File("preview.jpg");
        foreach (var http in new[] { watcher, investigator })
        {
            using var sprite = await http.GetAsync($"/api/cameras/gate/previews/{minute}.jpg", TestNode.Stop);
            sprite.StatusCode.ShouldBe(HttpStatusCode.OK, await sprite.Content.ReadAsStringAsync(TestNode.Stop));
            await File.WriteAllBytesAsync(preview, await sprite.Content.ReadAsByteArrayAsync(TestNode.Stop), TestNode.Stop);
            var layout = JsonNode.Parse(sprite.Headers.GetValues("Atalaya-Preview").Single())!;
            var tile = layout["tiles"]![0]!;
            string part = folder.File("tile.png");
            await Ffmpeg.RunAsync(["-i", preview, "-vf", $"crop={layout["width"]}:{layout["height"]}:{tile["x"]}:{tile["y"]}", part]);
            (await Sight.PicturesAsync(part)).ShouldAllBe(p => Sight.IsMasked(p));
        }

        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Delete)).ShouldBe(HttpStatusCode.NoContent);
        (await StatusAsync(investigator, segment)).ShouldBe(HttpStatusCode.Forbidden);

        // What masks hide now wasn't hidden in what was made before.
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(1, Yard, new { name = "Door", points = new double[][] { [0, 0.3], [0.2, 0.3], [0.2, 0.6] } }))).Status.ShouldBe(200);
        (await StatusAsync(watcher, $"/api/exports/{exported}/file")).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Motion_under_a_filled_mask_is_found_by_who_has_lifted_it_alone()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard))).Status.ShouldBe(200);
        var at = TimeProvider.System.GetUtcNow().AddMinutes(-10);
        byte[] heat = new byte[MotionGate.HeatColumns * MotionGate.HeatRows];
        heat[(10 * MotionGate.HeatColumns) + 16] = 1;
        node.Service<AnalysisFeeds>().Heat.Add("gate", WallTime.From(at), heat, learning: false);
        string query = $"/api/cameras/gate/motion?from={at.AddMinutes(-1).UtcDateTime:o}&to={at.AddMinutes(1).UtcDateTime:o}";
        using var investigator = node.As(await node.TokenAsync("investigator", Investigator));

        (await MovedAsync()).ShouldBe(0);
        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(HttpStatusCode.OK);
        (await MovedAsync()).ShouldBe(1);

        async Task<int> MovedAsync() => JsonNode.Parse(await investigator.GetStringAsync(query, TestNode.Stop))!["moved"]!.AsArray().Count;
    }

    [Theory]
    [InlineData(Codec.H264, 2)]
    [InlineData(Codec.H265, 3)]
    public async Task Streams_with_pictures_out_of_order_and_of_H265_are_masked_in_order(Codec codec, int bFrames)
    {
        await using var fake = await FakeCamera.StartAsync(Clip with { Video = codec, BFrames = bFrames, Audio = Codec.Aac });
        using var folder = new TempFolder("masks");
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 10s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path);
        await NeedsPainter(node);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard))).Status.ShouldBe(200);
        string token = await node.TokenAsync("watcher", Operator);
        string file = folder.File("live.mp4");

        (await LiveAsync(node, token, file)).ShouldAllBe(p => Sight.IsMasked(p));
        var numbers = await Ffmpeg.ReadNumbersAsync(file);
        numbers.Zip(numbers.Skip(1)).ShouldAllBe(pair => pair.Second == (pair.First + 1) % 100, string.Join(' ', numbers));

        string stretch = await RecordedAsync(node, 5000);
        (await PlayAsync(node.Http, stretch, folder)).ShouldAllBe(p => Sight.IsMasked(p));
        var played = await Ffmpeg.ReadNumbersAsync(folder.File("played.mp4"));
        played.Count.ShouldBeGreaterThan(100);
        // What is listed of the open file may end between pictures that are coded out of order.
        played = [.. played.SkipLast(bFrames + 1)];
        played.Zip(played.Skip(1)).ShouldAllBe(pair => pair.Second == (pair.First + 1) % 100, string.Join(' ', played));
        (await Ffmpeg.ProbeAsync(folder.File("played.mp4"))).Audio.ShouldNotBeEmpty("sound comes along");
    }

    [Fact]
    public async Task Masks_that_come_and_grow_while_somebody_watches_are_in_the_stream_at_once()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("masks");
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path);
        await NeedsPainter(node);
        await node.RunningAsync("gate");
        using var clear = await node.ConnectAsync("/api/cameras/gate/live");
        ((bool?)(await clear.NextTextAsync())!["masked"]).ShouldBe(false);

        // Whoever saw all of it is sent off, to come back.
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, new { name = "Corner", points = new double[][] { [0.9, 0.9], [1, 0.9], [1, 1] } }))).Status.ShouldBe(200);
        JsonNode? last = null;
        while (await clear.NextTextAsync() is { } message)
            last = message;
        ((string?)last!["code"]).ShouldBe("masks");

        // Who sees masks sees the new one in the running stream, without a break.
        using var masked = await node.ConnectAsync("/api/cameras/gate/live");
        var init = (await masked.NextTextAsync())!;
        ((bool?)init["masked"]).ShouldBe(true);
        using var written = new MemoryStream();
        int fragments = 0;
        while (fragments < 10 && await masked.NextAsync() is { } message)
        {
            if (message.Type != WebSocketMessageType.Binary)
                continue;
            written.Write(message.Bytes);
            fragments++;
        }

        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(1, Yard, new { name = "Corner", points = new double[][] { [0.9, 0.9], [1, 0.9], [1, 1] } }))).Status.ShouldBe(200);
        int at = fragments;
        while (fragments < at + 60 && await masked.NextAsync() is { } message)
        {
            if (message.Type == WebSocketMessageType.Text)
            {
                ((string?)JsonNode.Parse(message.Bytes)!["type"]).ShouldBe("clock");
                continue;
            }

            written.Write(message.Bytes);
            fragments++;
        }

        string file = folder.File("grown.mp4");
        await File.WriteAllBytesAsync(file, written.ToArray(), TestNode.Stop);
        var pictures = await Sight.PicturesAsync(file);
        Sight.IsClear(pictures[0]).ShouldBeTrue("its yard wasn't hidden yet");
        int first = pictures.ToList().FindIndex(Sight.IsMasked);
        first.ShouldBeInRange(1, at + 50);
        pictures.Skip(first).ShouldAllBe(p => Sight.IsMasked(p));
    }

    [Fact]
    public async Task After_a_restart_masks_are_there_and_nobody_has_lifted_them()
    {
        using var folder = new TempFolder("masks");
        const string Yaml = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]";
        await using (var node = await TestNode.StartAsync(Yaml, folder.Path))
        {
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard))).Status.ShouldBe(200);
            (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/unmasking", new { })).Status.ShouldBe(200);
            (await node.GetAsync("/api/cameras/gate/masks"))["liftedUntil"].ShouldNotBeNull();
        }

        await using (var node = await TestNode.StartAsync(Yaml, folder.Path))
        {
            var masks = await node.GetAsync("/api/cameras/gate/masks");
            ((long)masks["version"]!, (string?)masks["by"], masks["masks"]!.AsArray().Count).ShouldBe((1, "administrator", 1));
            ((string?)masks["masks"]![0]!["id"]).ShouldBe("the-neighbours-yard");
            masks["liftedUntil"].ShouldBeNull();
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0))).Status.ShouldBe(412);
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(1))).Status.ShouldBe(200);
            var history = (await node.GetAsync("/api/cameras/gate/masks/history")).AsArray();
            history.Select(h => (long)h!["version"]!).ShouldBe([2, 1]);
        }
    }

    [Fact]
    public async Task Who_keeps_cameras_in_order_hides_more_and_never_less()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        using var technician = await node.AsAsync("technician", Technician);
        using var watcher = await node.AsAsync("watcher", Operator);

        (await PutAsync(watcher, Masks(0, Yard))).ShouldBe(HttpStatusCode.Forbidden);
        (await PutAsync(technician, Masks(0, Yard))).ShouldBe(HttpStatusCode.OK);
        (await PutAsync(technician, Masks(1))).ShouldBe(HttpStatusCode.Forbidden);
        (await PutAsync(technician, Masks(1, new { name = "Yard", kind = "blur", points = Sight.Corners }))).ShouldBe(HttpStatusCode.Forbidden);
        (await PutAsync(technician, Masks(1, new { name = "Yard, smaller", points = new double[][] { [0.3, 0.4], [0.7, 0.4], [0.7, 0.9] } }))).ShouldBe(HttpStatusCode.Forbidden);
        (await PutAsync(technician, Masks(1, Yard, new { name = "Door", points = new double[][] { [0, 0], [0.1, 0], [0.1, 0.1] } }))).ShouldBe(HttpStatusCode.OK);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(2))).Status.ShouldBe(200);
        // Each change is a leaf of the log, with who did it and what is hidden since.
        var leaves = await RecordsAsync(node, "Mask", 3);
        leaves.Select(l => (long)l["version"]!).ShouldBe([1, 2, 3]);
        leaves.Select(l => (string?)l["user"]).ShouldBe(["technician", "technician", "administrator"]);
        leaves[1]["masks"]!.AsArray().Count.ShouldBe(2);

        static async Task<HttpStatusCode> PutAsync(HttpClient http, object body)
        {
            using var answer = await http.PutAsJsonAsync("/api/cameras/gate/masks", body, TestNode.Stop);
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("""{"version":0,"masks":[{"name":"","points":[[0,0],[1,0],[1,1]]}]}""", "masks[0].name")]
    [InlineData("""{"version":0,"masks":[{"name":"a","points":[[0,0],[1,0]]}]}""", "masks[0].points")]
    [InlineData("""{"version":0,"masks":[{"name":"a","points":[[0,0],[1,0],[1,1.01]]}]}""", "masks[0].points")]
    [InlineData("""{"version":0,"masks":[{"name":"a","points":[[0,0],[0.5,0.5],[1,1]]}]}""", "masks[0].points")]
    [InlineData("""{"version":0,"masks":[{"name":"a","points":[[0,0],null,[1,1]]}]}""", "masks[0].points")]
    [InlineData("""{"version":0,"masks":[{"id":"a","name":"a","points":[[0,0],[1,0],[1,1]]},{"id":"a","name":"b","points":[[0,0],[1,0],[1,1]]}]}""", "masks[1].id")]
    [InlineData("""{"version":0,"masks":[null]}""", "masks[0]")]
    [InlineData("""{"version":0}""", "masks")]
    [InlineData("""{"masks":[]}""", "version")]
    public async Task What_is_no_mask_is_refused_with_its_place(string body, string field)
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", JsonNode.Parse(body));
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldContain(field);
    }

    [Fact]
    public async Task Lifting_takes_a_purpose_and_where_the_options_say_so_a_second_person()
    {
        await using var node = await TestNode.StartAsync(
            "approvals: { for: [unmask] }\ncameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]", secondPerson: true);
        await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard));
        using var mute = node.As(await node.TokenAsync("investigator", Investigator), purpose: false);
        ((int)await StatusAsync(mute, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(428);

        using var investigator = node.As(await node.TokenAsync("investigator", Investigator));
        using var second = await node.AtPageAsync("second", Investigator);
        using var asked = await investigator.PostAsJsonAsync("/api/cameras/gate/unmasking", new { }, TestNode.Stop);
        asked.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        string approval = (string)JsonNode.Parse(await asked.Content.ReadAsStringAsync(TestNode.Stop))!["approval"]!["id"]!;
        using (var agreed = await second.PostAsJsonAsync($"/api/approvals/{approval}/approve", new { reason = "Case 7" }, TestNode.Stop))
            agreed.IsSuccessStatusCode.ShouldBeTrue(await agreed.Content.ReadAsStringAsync(TestNode.Stop));
        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Delete)).ShouldBe(HttpStatusCode.NoContent);
        (await StatusAsync(investigator, "/api/cameras/gate/unmasking", HttpMethod.Post)).ShouldBe(HttpStatusCode.Conflict, "it was agreed to once");
    }

    /// <summary>Without whoever paints there is no picture, on any route, and the reason is told.</summary>
    [Fact]
    public async Task What_can_not_be_painted_is_not_shown()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 10s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard));
        string stretch = await RecordedAsync(node, 3000);
        await node.Service<PaintHost>().DisposeAsync();

        using var live = await node.ConnectAsync("/api/cameras/gate/live");
        var told = new List<JsonNode>();
        while (await live.NextAsync() is { } message)
        {
            message.Type.ShouldBe(WebSocketMessageType.Text, "not one picture");
            told.Add(JsonNode.Parse(message.Bytes)!);
        }

        ((string?)told[^1]["code"]).ShouldBe("masks-unavailable");
        string playlist = await node.Http.GetStringAsync($"/api/cameras/gate/playback.m3u8?{stretch}", TestNode.Stop);
        string piece = playlist.Split('\n').First(l => l.StartsWith("masked/", StringComparison.Ordinal));
        (await StatusAsync(node.Http, $"/api/cameras/gate/{piece}")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        var (_, export) = await node.SendAsync(HttpMethod.Post, "/api/exports", Order(stretch));
        var ended = await node.UntilAsync($"/api/exports/{export!["id"]}", e => (string?)e["state"] is not ("queued" or "running"));
        ((string?)ended["state"]).ShouldBe("failed");
        ((string?)ended["reason"])!.ShouldContain("masks");
    }

    [Fact]
    public async Task When_the_process_that_paints_is_killed_the_stream_goes_on_with_masks()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        using var folder = new TempFolder("masks");
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path);
        await NeedsPainter(node);
        await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard));
        await node.RunningAsync("gate");
        using var live = await node.ConnectAsync("/api/cameras/gate/live");
        using var written = new MemoryStream();
        var host = node.Service<PaintHost>();
        int fragments = 0;
        int? killed = null;
        while (fragments < 80 && await live.NextAsync() is { } message)
        {
            if (message.Type != WebSocketMessageType.Binary)
            {
                ((string?)JsonNode.Parse(message.Bytes)!["type"]).ShouldNotBe("error");
                continue;
            }

            written.Write(message.Bytes);
            if (++fragments == 20)
            {
                killed = host.Status().Process;
                using var process = Process.GetProcessById(killed!.Value);
                process.Kill();
            }
        }

        fragments.ShouldBe(80);
        host.Status().Process.ShouldNotBe(killed);
        string file = folder.File("live.mp4");
        await File.WriteAllBytesAsync(file, written.ToArray(), TestNode.Stop);
        (await Sight.PicturesAsync(file)).ShouldAllBe(p => Sight.IsMasked(p));
    }

    [Fact]
    public async Task A_stream_is_painted_once_for_all_who_watch_and_not_when_nobody_does()
    {
        await using var fake = await FakeCamera.StartAsync(Clip, sub: Clip);
        await using var node = await TestNode.StartAsync($"masks: {{ streams: 1 }}\ncameras: [{{ id: gate, main: '{fake.Url}', sub: '{fake.SubUrl}' }}]");
        await NeedsPainter(node);
        await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", Masks(0, Yard));
        await node.RunningAsync("gate");
        var streams = node.Service<MaskedStreams>();
        streams.Count.ShouldBe(0);
        using var one = await node.ConnectAsync("/api/cameras/gate/live?stream=main");
        using var other = await node.ConnectAsync("/api/cameras/gate/live?stream=main");
        await one.NextTextAsync();
        await other.NextTextAsync();
        streams.Count.ShouldBe(1);
        node.Service<PaintHost>().Status().Streams.ShouldBe(1);

        using var third = await node.ConnectAsync("/api/cameras/gate/live?stream=sub");
        ((string?)(await third.NextTextAsync())!["code"]).ShouldBe("too-many");
    }

    /// <summary>What the log has leaves of, of one kind.</summary>
    static async Task<IReadOnlyList<JsonNode>> RecordsAsync(TestNode node, string kind, int count)
    {
        IReadOnlyList<JsonNode> found = [];
        await node.UntilAsync("/api/log", _ =>
        {
            using var connection = node.Service<NodeDatabase>().Source.OpenConnection();
            found = [.. connection.Query<string>("select record from log_records where kind = @kind order by leaf", new { kind }).Select(r => JsonNode.Parse(r)!)];
            return found.Count >= count;
        }, seconds: 60);
        return found;
    }

    internal static async Task NeedsPainter(TestNode node)
    {
        var host = node.Service<PaintHost>();
        try
        {
            host.Close(await host.OpenAsync("none", new([]), live: true, TestNode.Stop));
        }
        catch (PaintException fault) when (fault.Message.Contains("install", StringComparison.Ordinal))
        {
            Assert.Skip(fault.Message);
        }
    }

    /// <returns>The stretch that is recorded, as a query.</returns>
    static async Task<string> RecordedAsync(TestNode node, long milliseconds)
    {
        var timeline = await node.UntilAsync($"/api/cameras/gate/timeline?{Around()}", t => t["segments"]!.AsArray().Sum(s => (long)s![1]! - (long)s[0]!) > milliseconds, seconds: 60);
        long from = (long)timeline["segments"]![0]![0]!, to = (long)timeline["segments"]!.AsArray()[^1]![1]!;
        return $"from={DateTimeOffset.FromUnixTimeMilliseconds(from):yyyy-MM-ddTHH:mm:ss.fffZ}&to={DateTimeOffset.FromUnixTimeMilliseconds(to - 200):yyyy-MM-ddTHH:mm:ss.fffZ}";
    }

    static string Around()
    {
        var now = TimeProvider.System.GetUtcNow();
        return $"from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
    }

    static async Task<IReadOnlyList<byte[]>> LiveAsync(TestNode node, string token, string file)
    {
        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live", token: token);
        int fragments = 0;
        await using (var written = File.Create(file))
        {
            while (fragments < 50 && await socket.NextAsync() is { } message)
            {
                if (message.Type != WebSocketMessageType.Binary)
                {
                    ((string?)JsonNode.Parse(message.Bytes)!["type"]).ShouldNotBe("error", System.Text.Encoding.UTF8.GetString(message.Bytes));
                    continue;
                }

                await written.WriteAsync(message.Bytes, TestNode.Stop);
                fragments++;
            }
        }

        var pictures = await Sight.PicturesAsync(file);
        pictures.Count.ShouldBe(49, "the first message is the init segment");
        return pictures;
    }

    /// <summary>Every piece that the playlist lists, put together as a player does.</summary>
    static async Task<IReadOnlyList<byte[]>> PlayAsync(HttpClient http, string stretch, TempFolder folder)
    {
        string playlist = await http.GetStringAsync($"/api/cameras/gate/playback.m3u8?{stretch}", TestNode.Stop);
        using var whole = new MemoryStream();
        string[] lines = playlist.Split('\n');
        (long Length, long Offset)? range = null;
        foreach (string line in lines)
        {
            if (line.StartsWith("#EXT-X-MAP:URI=\"", StringComparison.Ordinal) && whole.Length == 0)
            {
                string uri = line.Split('"')[1];
                long? length = line.Contains("BYTERANGE", StringComparison.Ordinal) ? long.Parse(line.Split('"')[3].Split('@')[0]) : null;
                byte[] init = await http.GetByteArrayAsync($"/api/cameras/gate/{uri}", TestNode.Stop);
                whole.Write(length is { } l ? init.AsSpan(0, (int)l) : init);
            }
            else if (line.StartsWith("#EXT-X-BYTERANGE:", StringComparison.Ordinal))
            {
                string[] parts = line["#EXT-X-BYTERANGE:".Length..].Split('@');
                range = (long.Parse(parts[0]), long.Parse(parts[1]));
            }
            else if (line.Length > 0 && !line.StartsWith('#'))
            {
                byte[] bytes = await http.GetByteArrayAsync($"/api/cameras/gate/{line}", TestNode.Stop);
                whole.Write(range is { } r ? bytes.AsSpan((int)r.Offset, (int)r.Length) : bytes);
                range = null;
            }
        }

        string file = folder.File("played.mp4");
        await File.WriteAllBytesAsync(file, whole.ToArray(), TestNode.Stop);
        var pictures = await Sight.PicturesAsync(file);
        pictures.Count.ShouldBeGreaterThan(50);
        return pictures;
    }

    static object Order(string stretch)
    {
        string[] parts = stretch.Split('&');
        return new { camera = "gate", from = parts[0]["from=".Length..], to = parts[1]["to=".Length..] };
    }

    static object Package(string stretch)
    {
        string[] parts = stretch.Split('&');
        return new { title = "Case 7", stretches = new[] { new { camera = "gate", from = parts[0]["from=".Length..], to = parts[1]["to=".Length..] } } };
    }

    static async Task<string> ExportAsync(TestNode node, HttpClient http, string stretch)
    {
        using var answer = await http.PostAsJsonAsync("/api/exports", Order(stretch), TestNode.Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync(TestNode.Stop));
        string id = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestNode.Stop))!["id"]!;
        var done = await node.UntilAsync($"/api/exports/{id}", e => (string?)e["state"] is not ("queued" or "running"), seconds: 60);
        ((string?)done["state"]).ShouldBe("done", done.ToJsonString());
        return id;
    }

    static async Task<IReadOnlyList<byte[]>> DownloadAsync(HttpClient http, string export, TempFolder folder)
    {
        string file = folder.File("exported.mp4");
        await File.WriteAllBytesAsync(file, await http.GetByteArrayAsync($"/api/exports/{export}/file", TestNode.Stop), TestNode.Stop);
        // Also what an edit list would keep from being shown.
        var pictures = await Sight.PicturesAsync(file, "-ignore_editlist", "1");
        pictures.Count.ShouldBeGreaterThan(50);
        return pictures;
    }

    static async Task<string> SegmentOfAsync(TestNode node, string stretch)
    {
        string playlist = await node.Http.GetStringAsync($"/api/cameras/gate/playback.m3u8?{stretch}", TestNode.Stop);
        string piece = playlist.Split('\n').First(l => l.StartsWith("masked/", StringComparison.Ordinal));
        return $"/api/cameras/gate/segments/{piece.Split('/')[2]}.mp4";
    }

    static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (method == HttpMethod.Post)
            request.Content = JsonContent.Create(new { });
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestNode.Stop);
        return answer.StatusCode;
    }
}
