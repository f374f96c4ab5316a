using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Analysis;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Redactions;

/// <summary>A release copy shows what its plan leaves and nothing more: judged by the pixels that ffmpeg reads from it, and by its bytes.</summary>
public sealed class RedactionTests
{
    const int Width = 320, Height = 240;
    static readonly DateTimeOffset Start = new(2026, 3, 28, 22, 15, 7, TimeSpan.Zero);

    // The clip's stripes, below the band with its numbers.
    static readonly (double X, double Y, double W, double H) Area = (0.25, 0.4, 0.5, 0.5);

    [Theory]
    [InlineData(Codec.H264, 2)]
    [InlineData(Codec.H264, 0)]
    [InlineData(Codec.H265, 3)]
    public async Task Each_picture_of_a_range_is_covered_and_none_beside_it_and_nothing_of_the_original_hides_in_the_file(Codec codec, int bFrames)
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, codec, bFrames);
        await using var node = await StartAsync(folder.Path);
        // From inside a group of pictures to inside of another.
        string id = await DraftAsync(node, 0.5, 3.3);
        long[] at = await PicturesAsync(node, id);
        at.Length.ShouldBe(70);
        // From one picture to before another, both between key frames.
        long from = at[12], to = at[44];
        var draft = await PlanAsync(node, id, Thing("a1", from, to));

        long revision = (long)draft["revision"]!;
        using var still = await node.Http.GetAsync($"/api/redactions/{id}/pictures/20.jpg?painted=true&width=320&revision={revision}", TestNode.Stop);
        // A preview of another revision would be of something else than the copy.
        using (var other = await node.Http.GetAsync($"/api/redactions/{id}/pictures/20.jpg?painted=true&width=320&revision={revision - 1}", TestNode.Stop))
            other.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var copy = await CopyAsync(node, id, revision);

        ((string?)copy["state"]).ShouldBe("done", copy.ToJsonString());
        byte[] bytes = await node.Http.GetByteArrayAsync($"/api/redactions/{id}/file", TestNode.Stop);
        string file = folder.File("mp4");
        await File.WriteAllBytesAsync(file, bytes, TestNode.Stop);
        ((string?)copy["sha256"]).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(bytes)));
        var pictures = await DecodeAsync(file);
        pictures.Count.ShouldBe(at.Length);
        for (int i = 0; i < pictures.Count; i++)
            IsCovered(pictures[i]).ShouldBe(i is >= 12 and < 44, $"picture {i} of {at.Length}");
        // The very pictures of the stretch, none before it and none behind.
        (await Ffmpeg.ReadNumbersAsync(file)).ShouldBe(Enumerable.Range(bFrames == 0 ? 13 : 15, 70), "of a clip whose pictures are reordered the first two come before its time begins");

        HoldsPicturesAlone(bytes, file);

        // What a person was shown is what was made.
        still.StatusCode.ShouldBe(HttpStatusCode.OK, await still.Content.ReadAsStringAsync(TestNode.Stop));
        string jpeg = folder.File("jpg");
        await File.WriteAllBytesAsync(jpeg, await still.Content.ReadAsByteArrayAsync(TestNode.Stop), TestNode.Stop);
        IsCovered((await DecodeAsync(jpeg)).Single()).ShouldBeTrue();
    }

    [Fact]
    public async Task The_log_gets_what_a_copy_was_made_from()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path);
        string id = await DraftAsync(node, 0, 2);
        var copy = await CopyAsync(node, id, (long)(await PlanAsync(node, id, Thing("a1", 0, 2_000_000)))["revision"]!);

        string[] made = [.. copy["sources"]!.AsArray().Select(s => (string)s!["sha256"]!)];
        made.ShouldNotBeEmpty();
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        var (why, sources, what) = await connection.QuerySingleAsync<(string, string, string)>("select why, sources, what from derived_footage where sha256 = @sha256", new { sha256 = (string?)copy["sha256"] });
        why.ShouldBe("redaction");
        JsonNode.Parse(sources)!.AsArray().Select(s => (string)s!["sha256"]!).ShouldBe(made);
        what.ShouldContain("1 things covered");
        // They are those of the recorded files themselves.
        made.ShouldBeSubsetOf(Directory.GetFiles(Path.Combine(folder.Path, "data", "archive", "gate"), "*.mp4", SearchOption.AllDirectories)
            .Select(f => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))));

        // A package that holds the copy proves which sealed originals it derives from, and holds nothing of them.
        var (status, package) = await node.SendAsync(HttpMethod.Post, "/api/packages", new { title = "Copy", stretches = new[] { new { redaction = id } } });
        status.ShouldBe(202, package?.ToJsonString());
        var ready = await node.UntilAsync($"/api/packages/{package!["id"]}", p => (string?)p["state"] is "ready" or "failed", seconds: 90);
        ((string?)ready["state"]).ShouldBe("ready", ready.ToJsonString());
        NoteKey.TryParse((string)ready["key"]!, out var key).ShouldBeTrue();
        var report = PackageCheck.Run(PackageBytes.Of(await node.Http.GetByteArrayAsync($"/api/packages/{package["id"]}/file", TestNode.Stop)), [key!], null, TestNode.Stop);
        report.Verdict.ShouldBeOneOf([PackageVerdict.Authentic, PackageVerdict.AuthenticWithGaps], string.Join("; ", report.Reasons.Select(r => r.Text)));
        var video = report.Manifest!.Video.ShouldHaveSingleItem();
        video.Derived!.Why.ShouldBe("redaction");
        video.Derived.From.Select(o => Convert.ToHexStringLower(o.Sha256.ToArray())).ShouldBe(made);
        (await node.SendAsync(HttpMethod.Post, "/api/packages", new { title = "None", stretches = new[] { new { redaction = "gone" } } })).Status.ShouldBe(400);
    }

    [Fact]
    public async Task A_change_of_the_plan_takes_the_copy_away_and_an_old_revision_changes_nothing()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path);
        string id = await DraftAsync(node, 0, 1);
        long revision = (long)(await PlanAsync(node, id, Thing("a1", 0, 1_000_000)))["revision"]!;
        await CopyAsync(node, id, revision);

        var stale = await node.SendAsync(HttpMethod.Put, $"/api/redactions/{id}/plan", new { revision = revision - 1, plan = new { things = Array.Empty<object>() } });
        stale.Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Post, $"/api/redactions/{id}/copy", new { revision = revision - 1 })).Status.ShouldBe(409);
        (await node.Http.GetAsync($"/api/redactions/{id}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var wrong = await node.SendAsync(HttpMethod.Put, $"/api/redactions/{id}/plan", new { revision, plan = new { things = new[] { Thing("a1", 0, 9_000_000) } } });
        (wrong.Status, wrong.Body!["errors"]!.AsObject().Select(e => e.Key).Single()).ShouldBe((400, "things[0].to"));

        ((string?)(await PlanAsync(node, id, Thing("a2", 0, 500_000)))["state"]).ShouldBe("draft");
        (await node.Http.GetAsync($"/api/redactions/{id}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task What_a_restart_interrupts_goes_on_and_what_was_made_stays()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        string done, waits;
        await using (var node = await StartAsync(folder.Path))
        {
            done = await DraftAsync(node, 0, 1);
            await CopyAsync(node, done, (long)(await PlanAsync(node, done, Thing("a1", 0, 1_000_000)))["revision"]!);
            waits = await DraftAsync(node, 0, 2);
            long revision = (long)(await PlanAsync(node, waits, Thing("a1", 0, 1_000_000)))["revision"]!;
            (await node.SendAsync(HttpMethod.Post, $"/api/redactions/{waits}/copy", new { revision })).Status.ShouldBe(202);
        }

        await using (var node = await StartAsync(folder.Path))
        {
            (await node.Http.GetAsync($"/api/redactions/{done}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
            ((string?)(await node.UntilAsync($"/api/redactions/{waits}", Ended, 60))["state"]).ShouldBe("done");
            (await node.SendAsync(HttpMethod.Delete, $"/api/redactions/{done}")).Status.ShouldBe(204);
            (await node.SendAsync(HttpMethod.Get, $"/api/redactions/{done}")).Status.ShouldBe(404);
            Directory.GetFiles(Path.Combine(folder.Path, "data", "redactions")).Select(Path.GetFileNameWithoutExtension).ShouldBe([waits]);
        }
    }

    [Fact]
    public async Task A_copy_takes_a_second_person_who_agrees_to_that_revision_and_no_other()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path, secondPerson: true);
        string id = await DraftAsync(node, 0, 1);
        long revision = (long)(await PlanAsync(node, id, Thing("a1", 0, 1_000_000)))["revision"]!;
        var (status, needed) = await node.SendAsync(HttpMethod.Post, $"/api/redactions/{id}/copy", new { revision });
        status.ShouldBe(409);
        string approval = (string)needed!["approval"]!["id"]!;
        using (var second = await node.AtPageAsync("lena", new Grant("investigator", Scope.Organisation)))
            (await second.PostAsJsonAsync($"/api/approvals/{approval}/approve", new { }, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);

        // Less is covered now: that nobody agreed to.
        long other = (long)(await PlanAsync(node, id, Thing("a1", 0, 500_000)))["revision"]!;
        (await node.SendAsync(HttpMethod.Post, $"/api/redactions/{id}/copy", new { revision = other })).Status.ShouldBe(409);
        long again = (long)(await PlanAsync(node, id, Thing("a1", 0, 1_000_000)))["revision"]!;
        ((string?)(await CopyAsync(node, id, again))["state"]).ShouldBe("done");
    }

    [Fact]
    public async Task Who_may_not_look_back_or_take_out_gets_no_draft_and_no_picture()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path);
        string id = await DraftAsync(node, 0, 1);
        using var watcher = await node.AsAsync("watcher", new Grant("operator", Scope.Organisation));
        foreach (string path in (string[])["", "/plan", "/pictures", "/pictures/0.jpg", "/pictures/0.jpg?painted=true", "/file"])
            ((int)(await watcher.GetAsync($"/api/redactions/{id}{path}", TestNode.Stop)).StatusCode).ShouldBeOneOf(403, 404);
        (await watcher.PostAsJsonAsync("/api/redactions", new { camera = "gate", from = Start, to = Start.AddSeconds(1) }, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var accesses = (await node.GetAsync($"/api/accesses?from={Uri.EscapeDataString($"{TimeProvider.System.GetUtcNow().AddHours(-1):O}")}&to={Uri.EscapeDataString($"{TimeProvider.System.GetUtcNow().AddHours(1):O}")}"))["accesses"]!.AsArray();
        accesses.ShouldContain(a => (string?)a!["camera"] == "gate" && (string?)a["kind"] == "playback");
    }

    [Fact]
    public async Task Of_a_camera_with_masks_nobody_gets_a_picture_but_who_lifted_them()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path);
        string id = await DraftAsync(node, 0, 1);
        var (status, _) = await node.SendAsync(
            HttpMethod.Put, "/api/cameras/gate/masks",
            new { version = 0, masks = new[] { new { name = "Yard", reason = "Not ours", points = new[] { new[] { 0.1, 0.1 }, [0.4, 0.1], [0.4, 0.4] } } } });
        status.ShouldBe(200);
        using var investigator = await node.AsAsync("investigator", new Grant("investigator", Scope.Organisation));
        string[] paths = ["/plan", "/pictures/0.jpg", "/pictures/0.jpg?painted=true", "/file"];
        foreach (string path in paths)
            (await investigator.GetAsync($"/api/redactions/{id}{path}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, path);
        (await investigator.PostAsJsonAsync("/api/redactions", new { camera = "gate", from = Start, to = Start.AddSeconds(1) }, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        (await investigator.PostAsJsonAsync("/api/cameras/gate/unmasking", new { }, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await investigator.GetAsync($"/api/redactions/{id}/pictures/0.jpg", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_stretch_without_footage_and_one_that_is_too_long_are_refused_with_what_to_do()
    {
        using var folder = new TempFolder("redaction");
        await RecordAsync(folder.Path, Codec.H264, 0);
        await using var node = await StartAsync(folder.Path);
        foreach (var (from, to, field) in new[] { (Start.AddDays(-1), Start.AddDays(-1).AddSeconds(5), "from"), (Start, Start.AddHours(1), "to"), (Start.AddSeconds(2), Start, "to") })
        {
            var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/redactions", new { camera = "gate", from, to });
            (status, problem!["errors"]!.AsObject().Select(e => e.Key).Single()).ShouldBe((400, field));
        }
    }

    static async Task RecordAsync(string folder, Codec codec, int bFrames) =>
        await PastFootage.RecordAsync(folder, "gate", StreamKind.Main, await Ffmpeg.ClipAsync(new(Video: codec, Frames: 100, KeyInterval: 25, BFrames: bFrames)), Start);

    // Faces and persons are searched for in tests of their own: here a person draws.
    static async Task<TestNode> StartAsync(string folder, bool secondPerson = false) =>
        await TestNode.StartAsync("cameras: [{ id: gate, main: \"rtsp://127.0.0.1:1/x\" }]", folder, analysis: true, secondPerson: secondPerson);

    static async Task<string> DraftAsync(TestNode node, double from, double to)
    {
        var (status, made) = await node.SendAsync(
            HttpMethod.Post, "/api/redactions", new { camera = "gate", from = Start.AddSeconds(from), to = Start.AddSeconds(to), search = new { faces = false, heads = false, plates = false } });
        status.ShouldBe(202, made?.ToJsonString());
        string id = (string)made!["id"]!;
        ((string?)(await node.UntilAsync($"/api/redactions/{id}", Ended, 60))["state"]).ShouldBe("draft");
        return id;
    }

    static async Task<long[]> PicturesAsync(TestNode node, string id) =>
        [.. (await node.GetAsync($"/api/redactions/{id}/pictures"))["at"]!.AsArray().Select(a => a!.GetValue<long>())];

    static async Task<JsonNode> PlanAsync(TestNode node, string id, params object[] things)
    {
        long revision = (long)(await node.GetAsync($"/api/redactions/{id}"))["revision"]!;
        var (status, now) = await node.SendAsync(HttpMethod.Put, $"/api/redactions/{id}/plan", new { revision, plan = new { style = "fill", things } });
        status.ShouldBe(200, now?.ToJsonString());
        return now!;
    }

    static async Task<JsonNode> CopyAsync(TestNode node, string id, long revision)
    {
        var (status, asked) = await node.SendAsync(HttpMethod.Post, $"/api/redactions/{id}/copy", new { revision });
        status.ShouldBe(202, asked?.ToJsonString());
        return await node.UntilAsync($"/api/redactions/{id}", Ended, 120);
    }

    static bool Ended(JsonNode redaction) => (string?)redaction["state"] is "draft" or "done" or "failed";

    static object Thing(string id, long from, long to) => new
    {
        id,
        kind = "area",
        deed = "cover",
        from,
        to,
        keys = new[] { new { at = 0, x = Area.X, y = Area.Y, w = Area.W, h = Area.H } },
    };

    static async Task<IReadOnlyList<byte[]>> DecodeAsync(string path)
    {
        using var folder = new TempFolder("pixels");
        string raw = folder.File("gray");
        await Ffmpeg.RunAsync(["-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", $"scale={Width}:{Height}", "-pix_fmt", "gray", "-f", "rawvideo", raw]);
        return [.. (await File.ReadAllBytesAsync(raw, TestNode.Stop)).Chunk(Width * Height)];
    }

    // Flat and dark within, or with the clip's stripes; a little inside of the area, where no coding of its edge reaches.
    static bool IsCovered(byte[] picture)
    {
        var values = new List<int>();
        for (int y = (int)(Area.Y * Height) + 4; y < (int)((Area.Y + Area.H) * Height) - 4; y++)
        {
            for (int x = (int)(Area.X * Width) + 4; x < (int)((Area.X + Area.W) * Width) - 4; x++)
                values.Add(picture[(y * Width) + x]);
        }

        values.Sort();
        int spread = values[values.Count * 99 / 100] - values[values.Count / 100];
        bool covered = spread < 14 && values.Average() < 60, clear = spread > 40;
        (covered ^ clear).ShouldBeTrue($"neither covered nor clear: spread {spread}, mean {values.Average()}");
        return covered;
    }

    /// <summary>Boxes that a player needs and no other, one track, no edit that hides anything, no bytes behind; of NAL units slices alone, and of their sets SPS and PPS.</summary>
    static void HoldsPicturesAlone(byte[] bytes, string file)
    {
        var boxes = Boxes(bytes, 0, bytes.Length).ToList();
        boxes[0].Type.ShouldBe("ftyp");
        boxes[1].Type.ShouldBe("moov");
        boxes.Skip(2).Chunk(2).ShouldAllBe(pair => pair.Length == 2 && pair[0].Type == "moof" && pair[1].Type == "mdat");
        (boxes[^1].At + boxes[^1].Length).ShouldBe(bytes.Length);

        string[] known = ["mvhd", "trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "vmhd", "dinf", "dref", "stbl", "stsd", "stts", "stsc", "stsz", "stco", "mvex", "trex", "mfhd", "traf", "tfhd", "tfdt", "trun"];
        string[] within = ["trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "traf"];
        var inner = boxes.Where(b => b.Type is "moov" or "moof").SelectMany(b => Walk(bytes, b, within)).ToList();
        inner.Select(b => b.Type).Distinct().ShouldBeSubsetOf(known);
        inner.Count(b => b.Type == "trak").ShouldBe(1);
        foreach (var edit in inner.Where(b => b.Type == "elst"))
            BitConverter.ToString(bytes, edit.At + 8 + 12, 4).ShouldBe("00-00-00-00", "an edit that begins later would hide what is before");

        using var mp4 = Mp4File.Open(file);
        mp4.Tracks.ShouldHaveSingleItem().IsVideo.ShouldBeTrue();
        mp4.Skipped.ShouldBeEmpty();
        var video = mp4.Video!;
        video.Samples[0].IsKey.ShouldBeTrue();
        video.Samples.Sum(s => (long)s.Size).ShouldBe(boxes.Where(b => b.Type == "mdat").Sum(b => (long)b.Length - 8), "bytes that no picture is made of");
        for (int i = 0; i < video.Samples.Count; i++)
        {
            byte[] sample = video.ReadSample(i);
            for (int at = 0; at < sample.Length;)
            {
                int length = (sample[at] << 24) | (sample[at + 1] << 16) | (sample[at + 2] << 8) | sample[at + 3];
                (sample[at + 4] & 31).ShouldBeOneOf(1, 5);
                at += 4 + length;
            }
        }

        // Between the pictures' own bytes, where any four letters may be.
        string text = string.Concat(boxes.Where(b => b.Type != "mdat").Select(b => Encoding.Latin1.GetString(bytes, b.At, b.Length)));
        foreach (string trace in (string[])["x264", "x265", "Lavc", "Lavf", "gate", "2026"])
            text.ShouldNotContain(trace, Case.Insensitive);
    }

    static IEnumerable<(string Type, int At, int Length)> Walk(byte[] bytes, (string Type, int At, int Length) box, string[] within) =>
        Boxes(bytes, box.At + 8, box.At + box.Length).SelectMany(b => within.Contains(b.Type) ? [b, .. Walk(bytes, b, within)] : new[] { b });

    static IEnumerable<(string Type, int At, int Length)> Boxes(byte[] bytes, int from, int to)
    {
        for (int at = from; at + 8 <= to;)
        {
            int length = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
            length.ShouldBeGreaterThanOrEqualTo(8);
            yield return (Encoding.ASCII.GetString(bytes, at + 4, 4), at, length);
            at += length;
        }
    }
}
