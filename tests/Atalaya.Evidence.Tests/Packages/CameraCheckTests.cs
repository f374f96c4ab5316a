using System.Buffers;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Simulation;
using Atalaya.Testing;
using Atalaya.Verify;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>What a camera signed is told file by file by who has nothing but the package, and a package is never less for a camera that doesn't sign.</summary>
public sealed class CameraCheckTests : IDisposable
{
    const int Pictures = 50;    // of a file: five groups of ten

    readonly TempFolder _folder = new("cameras");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_signing_camera_s_files_are_authentic_and_one_that_does_not_sign_takes_nothing_away()
    {
        using var signer = new MediaSigner(Codec.H264, new(ChainOnce: true));
        var (units, format) = await SignedAsync(signer);
        var files = Files(units, format);
        string roots = _folder.File("roots.pem"), others = _folder.File("others.pem");
        using var other = new MediaSigner(Codec.H264);
        await File.WriteAllTextAsync(roots, signer.Root.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(others, other.Root.ExportCertificatePem(), TestContext.Current.CancellationToken);

        var (code, text, json) = await JudgeAsync(files);
        code.ShouldBe(0);
        text.ShouldContain("Gate (gate, main), by its own signatures: authentic");
        text.ShouldContain("no maker's root was given");
        text.ShouldContain("Pier (pier, main), by its own signatures: not signed");
        text.ShouldNotContain("NOT A");
        var gate = json["cameras"]![0]!;
        ((string?)gate["verdict"]).ShouldBe("authentic", gate.ToJsonString());
        ((string?)gate["trust"]).ShouldBe("noRoots");
        ((string?)gate["manufacturer"]).ShouldBe("Maker");
        gate["files"]!.AsArray().Select(f => (string?)f!["verdict"]).ShouldBe(["authentic", "authentic", "authentic"]);
        // The last group of a file is signed by a message in the next one.
        gate["files"]!.AsArray().Select(f => (long)f!["verified"]!).ShouldBe([Pictures, Pictures, Pictures]);
        ((string?)json["cameras"]![1]!["verdict"]).ShouldBe("notSigned");
        json["cameras"]![1]!["files"]!.AsArray().ShouldBeEmpty();

        ((string?)(await JudgeAsync(files, "--camera-roots", roots)).Json["cameras"]![0]!["trust"]).ShouldBe("trusted");
        var stranger = await JudgeAsync(files, "--camera-roots", others);
        ((string?)stranger.Json["cameras"]![0]!["trust"]).ShouldBe("untrusted");
        stranger.Text.ShouldContain("NONE of the roots");
        stranger.Code.ShouldBe(0, "whose signatures they are is a question of its own");
    }

    [Fact]
    public async Task What_was_changed_before_it_was_sealed_is_told_with_file_and_second_and_has_an_exit_code_of_its_own()
    {
        using var signer = new MediaSigner(Codec.H264);
        var (units, format) = await SignedAsync(signer);
        // A slice in the middle of the second file.
        units[Pictures + 25].Data[^3] ^= 0x10;
        var (code, text, json) = await JudgeAsync(Files(units, format));

        code.ShouldBe(5);
        ((int)json["exitCode"]!).ShouldBe(5);
        ((string?)json["verdict"]).ShouldBe("authenticWithGaps", "it is what the log sealed");
        text.ShouldContain("NOT AS ITS CAMERA SIGNED IT");
        var gate = json["cameras"]![0]!;
        ((string?)gate["verdict"]).ShouldBe("notAuthentic");
        gate["files"]!.AsArray().Select(f => (string?)f!["verdict"]).ShouldBe(["authentic", "notAuthentic", "authentic"]);
        var changed = gate["files"]![1]!;
        ((long)changed["failed"]!).ShouldBe(1);
        ((string?)changed["fault"])!.ShouldNotBeEmpty();
        text.ShouldContain($"{(string)changed["file"]!}: NOT AUTHENTIC");
        DateTimeOffset.Parse((string)changed["faultAt"]!, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(new(2026, 3, 26, 12, 1, 1, TimeSpan.Zero));
    }

    [Fact]
    public async Task Lost_units_are_missing_and_no_fault()
    {
        using var signer = new MediaSigner(Codec.H264);
        var (units, format) = await SignedAsync(signer);
        units[Pictures + 25] = units[Pictures + 25] with { Data = [] };
        var (code, text, json) = await JudgeAsync(Files(units, format));

        code.ShouldBe(0);
        text.ShouldContain("authentic, with missing units: 1 that the camera signed");
        json["cameras"]![0]!["files"]!.AsArray().Select(f => (string?)f!["verdict"]).ShouldBe(["authentic", "authenticWithMissing", "authentic"]);
        ((long)json["cameras"]![0]!["files"]![1]!["missing"]!).ShouldBe(1);
    }

    [Fact]
    public async Task A_file_whose_signatures_were_taken_out_is_found_by_those_in_the_files_around_it()
    {
        using var signer = new MediaSigner(Codec.H264);
        var (units, format) = await SignedAsync(signer);
        for (int i = Pictures; i < 2 * Pictures; i++)
            units[i] = units[i] with { Data = MediaSigner.Join(MediaSigner.Split(units[i].Data).Where(n => (n[0] & 31) != 6)) };
        var (code, _, json) = await JudgeAsync(Files(units, format));

        code.ShouldBe(5);
        var files = json["cameras"]![0]!["files"]!;
        ((string?)files[1]!["verdict"]).ShouldBe("notAuthentic", files.ToJsonString());
        ((long)files[1]!["unsigned"]!).ShouldBeGreaterThan(0);
        ((string?)files[2]!["verdict"]).ShouldBe("authentic");
    }

    [Fact]
    public async Task Of_a_package_that_was_changed_cameras_are_not_asked()
    {
        using var sample = new SamplePackage();
        byte[] package = await sample.WriteAsync();
        package[PackageTests.IndexOf(package, "video/pier/main/1774526400000.mp4") + 60] ^= 1;
        var (code, _, json) = await JudgeAsync(package, sample);
        code.ShouldBe(1);
        json["cameras"].ShouldBeNull();
    }

    [Fact]
    public async Task Footage_that_is_no_video_is_undecided_and_bad_roots_are_bad_use()
    {
        using var sample = new SamplePackage();
        var (code, text, json) = await JudgeAsync(await sample.WriteAsync(), sample);
        code.ShouldBe(0);
        ((string?)json["cameras"]![0]!["verdict"]).ShouldBe("undecided");
        text.ShouldContain("can't be read as video");

        string none = _folder.File("none.pem");
        await File.WriteAllTextAsync(none, "no certificate", TestContext.Current.CancellationToken);
        Run(_folder.File("package.zip"), "--camera-roots", none).Code.ShouldBe(2);
        Run(_folder.File("package.zip"), "--camera-roots").Code.ShouldBe(2);
        Run(_folder.File("package.zip"), "--camera-roots", _folder.File("absent.pem")).Code.ShouldBe(2);
    }

    sealed record Picture(ClipUnit Unit, byte[] Data);

    static async Task<(List<Picture> Units, VideoFormat Format)> SignedAsync(MediaSigner signer)
    {
        var video = Clip.Load(await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 3 * Pictures, KeyInterval: 10))).Video!;
        var signed = signer.Sign(video.Units.Select(u => u.Data.ToArray()));
        return ([.. video.Units.Zip(signed, (u, d) => new Picture(u, d))], (VideoFormat)video.Format);
    }

    /// <summary>The gate's three minutes, which follow each other without a gap.</summary>
    static byte[][] Files(List<Picture> pictures, VideoFormat format) => [.. pictures.Chunk(Pictures).Select((file, index) =>
    {
        var to = new ArrayBufferWriter<byte>();
        var muxer = new FragmentMuxer([format]);
        muxer.WriteInit(to);
        foreach (var (unit, data) in file.Where(p => p.Data.Length > 0))
            muxer.Add(new(format, data) { Decode = unit.Decode, Presentation = unit.Presentation, IsKey = unit.IsKey });
        var fragment = muxer.End(index + 1 < pictures.Count / Pictures ? pictures[(index + 1) * Pictures].Unit.Decode : null);
        fragment.CopyTo(to);
        fragment.Release();
        return to.WrittenSpan.ToArray();
    })];

    async Task<(int Code, string Text, JsonNode Json)> JudgeAsync(byte[][] gate, params string[] words)
    {
        var plain = Clip.Load(await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 3 * Pictures, KeyInterval: 10))).Video!;
        var unsigned = Files([.. plain.Units.Select(u => new Picture(u, u.Data.ToArray()))], (VideoFormat)plain.Format);
        using var sample = new SamplePackage { Footage = (camera, minute) => camera == "gate" ? gate[minute] : unsigned[minute] };
        return await JudgeAsync(await sample.WriteAsync(), sample, words);
    }

    async Task<(int Code, string Text, JsonNode Json)> JudgeAsync(byte[] bytes, SamplePackage sample, params string[] words)
    {
        string package = _folder.File("package.zip");
        await File.WriteAllBytesAsync(package, bytes, TestContext.Current.CancellationToken);
        string[] all = [package, "--key", sample.Signer.Key.ToString(), .. words];
        var (code, text) = Run(all);
        var json = Run([.. all, "--json"]);
        json.Code.ShouldBe(code);
        return (code, text, JsonNode.Parse(json.Output)!);
    }

    (int Code, string Output) Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (VerifyCommand.Run(words, output, error, new(_folder.File("kept"))), output.ToString());
    }
}
