using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Evidence.Packages;
using Atalaya.Node.Identity;
using Atalaya.Node.Packages;
using Atalaya.Node.Tests.Masks;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Packages;

/// <summary>Who sees a camera with masks hands footage of it out with its masks painted in, sealed, and bound to originals that aren't in the package; never without.</summary>
public sealed class MaskedPackageTests
{
    [Fact]
    public async Task Who_sees_masks_packs_painted_copies_that_an_outsider_can_check_and_nothing_else()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        await using var plain = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        using var folder = new TempFolder("masked");
        await using var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}, {{ id: plain, main: '{plain.Url}' }}]", folder.Path);
        await MaskTests.NeedsPainter(node);
        // Built here or not: the page that packages carry isn't what this is about.
        node.Service<PackageBuilder>().Page = _ => "<!doctype html><title>p</title>"u8.ToArray();
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 0, masks = new[] { new { name = "Yard", points = Sight.Corners } } })).Status.ShouldBe(200);
        using var leader = node.As(await node.TokenAsync("leader", new Grant("operator", Scope.Organisation), new("shift-leader", Scope.Organisation)));
        var begins = new List<DateTimeOffset>();
        foreach (string camera in (string[])["gate", "plain"])
        {
            var timeline = await node.UntilAsync($"/api/cameras/{camera}/timeline?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z",
                t => t["newest"] is { } n && DateTimeOffset.Parse((string)n!) - DateTimeOffset.Parse((string)t["oldest"]!) > TimeSpan.FromSeconds(6), seconds: 60);
            begins.Add(DateTimeOffset.Parse((string)timeline["oldest"]!));
        }

        var (from, to) = (begins.Max().AddSeconds(1), begins.Max().AddSeconds(4));
        object Package(bool? masked) => new
        {
            title = "Masked",
            masked,
            stretches = ((string[])["gate", "plain"]).Select(camera => new { camera, from = from.UtcDateTime.ToString("o"), to = to.UtcDateTime.ToString("o") }),
        };

        // The refusal says what there is to do.
        using (var refused = await leader.PostAsJsonAsync("/api/packages", Package(null), TestNode.Stop))
        {
            ((int)refused.StatusCode).ShouldBe(403);
            string why = await refused.Content.ReadAsStringAsync(TestNode.Stop);
            why.ShouldContain("gate");
            why.ShouldContain("Paint masks in");
        }

        using var made = await leader.PostAsJsonAsync("/api/packages", Package(true), TestNode.Stop);
        ((int)made.StatusCode).ShouldBe(202, await made.Content.ReadAsStringAsync(TestNode.Stop));
        string id = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync(TestNode.Stop))!["id"]!;
        var done = await node.UntilAsync($"/api/packages/{id}", p => (string?)p["state"] is "ready" or "failed", seconds: 90);
        ((string?)done["state"]).ShouldBe("ready", done.ToJsonString());
        done["stretches"]!.AsArray().Select(s => (long)s!["masks"]!).ShouldBe([1, 0]);

        byte[] zip = await leader.GetByteArrayAsync($"/api/packages/{id}/file", TestNode.Stop);
        NoteKey.TryParse((string)done["key"]!, out var key).ShouldBeTrue();
        var report = PackageCheck.Run(PackageBytes.Of(zip), [key], stop: TestNode.Stop);
        report.Verdict.ShouldBe(PackageVerdict.Authentic, string.Join('\n', report.Reasons));
        var videos = report.Manifest!.Video;
        var painted = videos.Where(v => v.Camera == "gate").ToList();
        painted.Count.ShouldBeGreaterThanOrEqualTo(2);
        painted.ShouldAllBe(v => v.Derived!.Why == "mask" && v.Derived.What.Contains("version 1") && v.Derived.From.Count == 1);
        videos.Where(v => v.Camera == "plain").ShouldAllBe(v => v.Derived == null);

        using var archive = new ZipArchive(new MemoryStream(zip));
        foreach (var video in videos)
        {
            string file = folder.File("out.mp4");
            archive.GetEntry(video.Path)!.ExtractToFile(file, overwrite: true);
            (await Sight.PicturesAsync(file)).ShouldAllBe(p => video.Camera == "gate" ? Sight.IsMasked(p) : Sight.IsClear(p));
        }

        // Not one recorded byte of the masked camera: no original's digest is that of a file inside.
        report.Manifest.Files.Select(f => f.Sha256).Intersect(painted.SelectMany(v => v.Derived!.From).Select(o => o.Sha256)).ShouldBeEmpty();
        Directory.GetDirectories(folder.File("data/packages")).ShouldBeEmpty("what was painted in between is gone");

        // When more is hidden, what was made before isn't given any more.
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 1, masks = new[] { new { name = "Yard", points = Sight.Corners }, new { name = "Door", points = (double[][])[[0, 0.3], [0.2, 0.3], [0.2, 0.6]] } } })).Status.ShouldBe(200);
        using var later = await leader.GetAsync($"/api/packages/{id}/file", TestNode.Stop);
        ((int)later.StatusCode).ShouldBe(403);
        (await later.Content.ReadAsStringAsync(TestNode.Stop)).ShouldContain("Make it anew");

        // Who has lifted the masks packs what was recorded, whatever they ask.
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/unmasking", new { })).Status.ShouldBe(200);
        var (status, whole) = await node.SendAsync(HttpMethod.Post, "/api/packages", Package(true));
        status.ShouldBe(202, whole?.ToJsonString());
        whole!["stretches"]!.AsArray().Select(s => (long)s!["masks"]!).ShouldBe([0, 0]);
    }
}
