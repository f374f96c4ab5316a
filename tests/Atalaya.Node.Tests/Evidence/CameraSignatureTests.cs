using System.IO.Compression;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Evidence;

/// <summary>A camera that signs its video (ONVIF Media Signing) is recorded byte for byte: its signatures hold in the files, over segments, and tell what was changed in them.</summary>
public sealed class CameraSignatureTests
{
    [Fact]
    public async Task What_a_signing_camera_sent_is_authentic_in_the_archive_until_a_bit_is_changed()
    {
        using var signer = new MediaSigner(Codec.H264, new(ChainOnce: true, Delay: 2));
        await using var fake = await FakeCamera.StartAsync(await SignedAsync(signer));
        await using var plain = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        using var folder = new TempFolder("signatures");
        await File.WriteAllTextAsync(folder.File("roots.pem"), signer.Root.ExportCertificatePem(), TestNode.Stop);
        string yaml = $"recording: {{ segment: 2s }}\nevidence: {{ cameraRoots: '{folder.File("roots.pem")}' }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}, {{ id: plain, main: '{plain.Url}' }}]";
        await using var node = await TestNode.StartAsync(yaml, folder.Path);
        var timeline = await node.UntilAsync("/api/cameras/gate/timeline?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z",
            t => t["newest"] is { } n && DateTimeOffset.Parse((string)n!) - DateTimeOffset.Parse((string)t["oldest"]!) > TimeSpan.FromSeconds(7));
        var begin = DateTimeOffset.Parse((string)timeline["oldest"]!);

        var all = await SaidAsync(node, "gate", begin, begin.AddSeconds(7));
        ((string?)all["verdict"]).ShouldBe("authentic", all.ToJsonString());
        ((long)all["verified"]!).ShouldBeGreaterThan(50);
        ((string?)all["trust"]).ShouldBe("trusted");
        ((string?)all["manufacturer"]).ShouldBe("Maker");
        // The certificate was sent at the run's beginning only.
        var later = await SaidAsync(node, "gate", begin.AddSeconds(5), begin.AddSeconds(7));
        ((string?)later["verdict"]).ShouldBe("authentic", later.ToJsonString());
        ((string?)(await SaidAsync(node, "plain", begin, begin.AddSeconds(7)))["verdict"]).ShouldBe("notSigned");

        // An evidence package tells it among what was done with the footage.
        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/packages", new { title = "Signed", stretches = new[] { new { camera = "gate", from = begin.UtcDateTime.ToString("o"), to = begin.AddSeconds(3).UtcDateTime.ToString("o") } } });
        status.ShouldBe(202, made?.ToJsonString());
        await node.UntilAsync($"/api/packages/{made!["id"]}", p => (string?)p["state"] is "ready" or "failed", seconds: 60);
        using var zip = new ZipArchive(new MemoryStream(await node.Http.GetByteArrayAsync($"/api/packages/{made["id"]}/file", TestNode.Stop)));
        var manifest = JsonNode.Parse(zip.GetEntry("manifest.json")!.Open())!;
        ((string?)manifest["custody"]!.AsArray().Single(d => (string?)d!["what"] == "signed")!["detail"])!.ShouldContain("gate: authentic");

        string second = Directory.GetFiles(folder.File("data/archive/gate"), "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ElementAt(1);
        await using (var file = File.Open(second, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = file.Length / 2;
            int was = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(was ^ 0x10));
        }

        var changed = await SaidAsync(node, "gate", begin, begin.AddSeconds(7));
        ((string?)changed["verdict"]).ShouldBe("notAuthentic", changed.ToJsonString());
        DateTimeOffset.Parse((string)changed["faultAt"]!).ShouldBeInRange(begin.AddSeconds(1), begin.AddSeconds(5));
    }

    static async Task<JsonNode> SaidAsync(TestNode node, string camera, DateTimeOffset from, DateTimeOffset to) =>
        await node.GetAsync($"/api/cameras/{camera}/signatures?from={from.UtcDateTime:o}&to={to.UtcDateTime:o}");

    static async Task<Clip> SignedAsync(MediaSigner signer)
    {
        var clip = Clip.Load(await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 500, KeyInterval: 10)));
        var signed = signer.Sign(clip.Video!.Units.Select(u => u.Data.ToArray()));
        return new("signed", [new(clip.Video.Format, [.. clip.Video.Units.Select((u, i) => u with { Data = signed[i] })])], clip.Period);
    }
}
