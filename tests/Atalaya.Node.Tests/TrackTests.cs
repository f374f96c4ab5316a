using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Schema;

using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Tracks;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests;

public sealed class TrackTests
{
    static readonly WallTime Start = WallTime.From(new(2026, 3, 29, 1, 59, 58, TimeSpan.Zero));

    [Fact]
    public void What_was_seen_is_read_again_over_the_hour_and_another_tracker_begins_anew()
    {
        using var folder = new TempFolder("tracks");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        for (int i = 0; i < 30; i++)
            store.Add(Seen(i, tracker: i < 20 ? 1 : 2));

        var blocks = store.Read("gate", Start, Start + TimeSpan.FromMinutes(1)).ToArray();

        blocks.SelectMany(b => b.Pictures).Select(p => p.At).ShouldBe(Enumerable.Range(0, 30).Select(At));
        blocks.Where(b => b.BeginsAnew).Select(b => b.Pictures[0].At).ShouldBe([At(0), At(20)]);
        Directory.GetFiles(folder.Path, "*.tracks", SearchOption.AllDirectories).Select(Path.GetFileName).ShouldBe(["01.tracks", "02.tracks"], ignoreOrder: true);
        var track = blocks[^1].Pictures[^1].Tracks.ShouldHaveSingleItem();
        (track.Id, track.Class).ShouldBe((7, ObjectClass.Person));
        track.Born.ShouldBe(At(0) - TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_look_back_takes_the_place_of_its_stretch_and_of_nothing_else()
    {
        using var folder = new TempFolder("tracks");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        for (int i = 0; i < 30; i++)
            store.Add(Seen(i, tracker: 1));

        // Over the hour, in two steps of one tracker, with more pictures than there were.
        store.Replace("gate", At(5), At(12), [.. Enumerable.Range(4, 20).Select(i => Seen(i, tracker: 9))]);
        store.Replace("gate", At(12), At(20), [.. Enumerable.Range(12, 8).Select(i => Seen(i, tracker: 9, ObjectClass.Vehicle))]);

        var blocks = store.Read("gate", Start, Start + TimeSpan.FromMinutes(1)).ToArray();
        blocks.SelectMany(b => b.Pictures).Select(p => p.At).ShouldBe(Enumerable.Range(0, 30).Select(At));
        blocks.SelectMany(b => b.Pictures).Select(p => p.Tracks[0].Class == ObjectClass.Vehicle).ShouldBe(Enumerable.Range(0, 30).Select(i => i is >= 12 and < 20));
        blocks.Where(b => b.BeginsAnew).Select(b => b.Pictures[0].At).ShouldBe([At(0), At(5), At(20)]);
        Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName).ShouldBe(["01.tracks", "02.tracks"], ignoreOrder: true);
    }

    [Fact]
    public void A_look_back_at_a_time_that_has_no_file_makes_one()
    {
        using var folder = new TempFolder("tracks");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        store.Replace("gate", At(0), At(30), [.. Enumerable.Range(0, 30).Select(i => Seen(i, tracker: 3))]);
        // Live pictures of the same hour go on behind it.
        store.Add(Seen(40, tracker: 4));
        var blocks = store.Read("gate", Start, Start + TimeSpan.FromMinutes(1)).ToArray();
        blocks.SelectMany(b => b.Pictures).Select(p => p.At).ShouldBe([.. Enumerable.Range(0, 30).Select(At), At(40)]);
        blocks.Where(b => b.BeginsAnew).Select(b => b.Pictures[0].At).ShouldBe([At(0), At(40)]);
    }

    [Fact]
    public void A_disk_that_takes_nothing_holds_up_nobody()
    {
        using var folder = new TempFolder("tracks");
        File.WriteAllText(folder.File("gate"), "where a folder should be");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        for (int i = 0; i < 4000; i++)
            store.Add(Seen(i, tracker: 1));
        store.Flush(all: true);
        store.Read("gate", Start, Start + TimeSpan.FromMinutes(1)).ShouldBeEmpty();
    }

    [Fact]
    public void Hours_whose_footage_is_gone_are_forgotten()
    {
        using var folder = new TempFolder("tracks");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        for (int i = 0; i < 30; i++)
            store.Add(Seen(i, tracker: 1));
        store.Flush(all: true);
        var day = store.Days("gate").ShouldHaveSingleItem();

        store.Forget("gate", day, (from, _) => from >= Start);
        Directory.GetFiles(folder.Path, "*.tracks", SearchOption.AllDirectories).Select(Path.GetFileName).ShouldBe(["02.tracks"]);
        store.Forget("gate", day, (_, _) => false);
        store.Cameras().ShouldBeEmpty();
    }

    [Fact]
    public async Task The_ONVIF_stream_is_valid_and_says_nothing_of_faces()
    {
        string schemas = TestData.Path("onvif/wsdl/ver10/schema");
        using var folder = new TempFolder("tracks");
        var store = new TrackStore(folder.Path, TimeProvider.System, NullLogger.Instance);
        foreach (var (what, i) in Enum.GetValues<ObjectClass>().Select((c, i) => (c, i)))
            store.Add(Seen(i, tracker: 1, what));
        using var written = new MemoryStream();
        await OnvifMetadata.WriteAsync(written, store.Read("gate", Start, At(100)), Start, At(100), TestNode.Stop);
        string text = Encoding.UTF8.GetString(written.ToArray());

        var faults = new List<string>();
        var set = new XmlSchemaSet { XmlResolver = new OnlyFiles() };
        set.ValidationEventHandler += (_, _) => { };     // WS-Notification's schema isn't there; what we write uses nothing of it.
        set.Add(null, Path.Combine(schemas, "metadatastream.xsd"));
        set.Compile();
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = set };
        settings.ValidationEventHandler += (_, e) => faults.Add(e.Message);
        int frames = 0;
        using (var reader = XmlReader.Create(new StringReader(text), settings))
        {
            while (reader.Read())
            {
                if (reader is { NodeType: XmlNodeType.Element, LocalName: "Frame" })
                {
                    frames++;
                    reader.SchemaInfo?.SchemaType?.Name.ShouldBe("Frame");
                }
            }
        }

        faults.ShouldBeEmpty();
        frames.ShouldBe(Enum.GetValues<ObjectClass>().Length);
        text.ShouldContain("<tt:BoundingBox left=\"0\" top=\"0.2\" right=\"0.2\" bottom=\"-0.2\" />");
        text.ShouldContain("<tt:Type Likelihood=\"0.8\">Human</tt:Type>");
        text.ShouldNotContain("face", Case.Insensitive);
        text.ShouldNotContain("plate", Case.Insensitive);
    }

    [Fact]
    public async Task Rules_are_kept_and_every_fault_is_told_at_its_place()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 25));
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        (await node.GetAsync("/api/cameras/gate/rules"))["rules"]!.AsArray().ShouldBeEmpty();
        object line = new { type = "line", id = "fence", name = "Fence", points = new[] { new[] { 0.1, 0.5 }, [0.9, 0.5] }, classes = new[] { "person" } };

        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", new { rules = new[] { line } })).Status.ShouldBe(200);
        var kept = (await node.GetAsync("/api/cameras/gate/rules"))["rules"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)kept["type"], (string?)kept["id"], (string?)kept["classes"]![0]).ShouldBe(("line", "fence", "person"));

        var (status, problem) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", new
        {
            rules = new object[] { line, new { type = "zone", id = "fence", name = "Yard", points = new[] { new[] { 0.1, 0.5 }, [0.9, 0.5] } } },
            ground = new { marks = Array.Empty<object>() },
        });
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["ground", "rules[1].id", "rules[1].points"], ignoreOrder: true);
        // What was there is still there.
        (await node.GetAsync("/api/cameras/gate/rules"))["rules"]!.AsArray().Count.ShouldBe(1);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", new { })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/nowhere/rules", new { rules = Array.Empty<object>() })).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_line_tried_on_kept_tracks_says_what_it_would_have_raised_and_when_nobody_looked()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 25));
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        var keeper = node.Service<TrackKeeper>();
        for (int i = 0; i < 100; i++)
            keeper.Store.Add(Walking(i));
        var body = new
        {
            from = Start.ToDateTimeOffset(),
            to = Start.ToDateTimeOffset().AddMinutes(5),
            rules = new object[]
            {
                new { type = "line", name = "Fence", points = new[] { new[] { 0.5, 0 }, [0.5, 1] } },
                new { type = "tamper", name = "Covered" },
            },
        };

        var (status, tried) = await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/rules/try", body);

        status.ShouldBe(200);
        ((string?)tried!["events"]!.AsArray().ShouldHaveSingleItem()!["kind"]).ShouldBe("lineCrossed");
        ((string?)tried["untried"]!.AsArray().ShouldHaveSingleItem()).ShouldBe("Covered");
        ((long)tried["pictures"]!).ShouldBe(100);
        tried["unwatched"]!.AsArray().Count.ShouldBe(1);
        string query = $"from={Uri.EscapeDataString($"{body.from:O}")}&to={Uri.EscapeDataString($"{body.to:O}")}";
        var tracks = await node.GetAsync($"/api/cameras/gate/tracks?{query}");
        tracks["pictures"]!.AsArray().Count.ShouldBe(100);
        ((string?)tracks["pictures"]![0]!["tracks"]![0]!["class"]).ShouldBe("person");
        tracks["unwatched"]!.AsArray().Count.ShouldBe(1);
        (await node.TextUntilAsync($"/api/cameras/gate/tracks.xml?{query}", _ => true)).ShouldContain("<tt:MetadataStream");
        (await node.SendAsync(HttpMethod.Get, "/api/cameras/gate/tracks?from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task A_viewer_who_asks_is_told_what_is_seen_and_how_analysis_goes()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]", analysis: true);
        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live?stream=main&objects=true");
        JsonNode? objects = null, analysis = null;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while ((objects is null || analysis is null) && !limit.IsCancellationRequested && await socket.NextTextAsync() is { } message)
        {
            objects = (string?)message["type"] == "objects" ? message : objects;
            analysis = (string?)message["type"] == "analysis" ? message : analysis;
        }

        // The stream that is viewed is the one that is analysed: its own clock tells the picture.
        ((double?)objects!["media"]).ShouldNotBeNull();
        objects["tracks"]!.AsArray().ShouldBeEmpty();
        ((double)analysis!["asked"]!).ShouldBe(5);
    }

    static WallTime At(int i) => Start + TimeSpan.FromMilliseconds(200 * i);

    static SeenPicture Seen(int i, long tracker, ObjectClass what = ObjectClass.Person) => new(
        "gate", StreamKind.Sub, MediaTime.FromSeconds(10 + (0.2 * i)), At(i), 640, 360, tracker, false, [],
        [new(7, what, new(0.5f, 0.4f, 0.1f, 0.2f), 0.8f, false, MediaTime.FromSeconds(8), new(0.5f, 0.4f, 0.1f, 0.2f), 0, 0)]);

    static SeenPicture Walking(int i) => Seen(i, 1) with
    {
        Tracks = [new(7, ObjectClass.Person, new(0.1f + (0.01f * i), 0.4f, 0.04f, 0.2f), 0.8f, false, MediaTime.FromSeconds(10), new(0.1f, 0.4f, 0.04f, 0.2f), 0.05f, 0)],
    };

    // Nothing is fetched from anywhere.
    sealed class OnlyFiles : XmlUrlResolver
    {
        public override object? GetEntity(Uri absoluteUri, string? role, Type? ofObjectToReturn) =>
            absoluteUri.IsFile && File.Exists(absoluteUri.LocalPath) ? base.GetEntity(absoluteUri, role, ofObjectToReturn) : throw new IOException($"{absoluteUri} isn't there.");
    }
}
