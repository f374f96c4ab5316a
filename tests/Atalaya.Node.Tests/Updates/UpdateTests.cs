using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

using Atalaya.Evidence;
using Atalaya.Node.Cli;
using Atalaya.Node.Updates;

namespace Atalaya.Node.Tests.Updates;

/// <summary>A version that travels by hand: whole, from who may sign, newer, and with a way back.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class UpdateTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("atalaya-update-").FullName;
    readonly NoteSigner _release = new("releases.example.org", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));

    public void Dispose()
    {
        _release.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_signed_version_is_put_in_place_of_the_one_before_and_back()
    {
        string first = await MakeAsync("0.1.0"), second = await MakeAsync("0.2.0", replaces: "0.1.0"), third = await MakeAsync("0.9.0", replaces: "0.3.0");
        var root = new InstallFolder(Path.Combine(_folder, "opt"));
        root.Installed.ShouldBeNull();
        (await Refusal(root, first)).ShouldContain("No release key that is known here");
        root.Keys.ShouldBeEmpty();
        await root.InstallAsync(first, [_release.Key], TestNode.Stop);
        root.Keys.ShouldHaveSingleItem().ToString().ShouldBe(_release.Key.ToString());
        root.Installed.ShouldBe(new(0, 1, 0));
        string link = Path.Combine(_folder, "opt", "atalaya");
        (await File.ReadAllTextAsync(link, TestNode.Stop)).ShouldBe("program 0.1.0");
        (File.GetUnixFileMode(link) & UnixFileMode.UserExecute).ShouldNotBe(UnixFileMode.None);
        (File.GetUnixFileMode(Path.Combine(_folder, "opt", "versions", "0.1.0", "web", "index.html")) & UnixFileMode.UserExecute).ShouldBe(UnixFileMode.None);
        (await Refusal(root, first)).ShouldContain("installed already");
        (await Refusal(root, third)).ShouldContain("Install one in between");

        await root.InstallAsync(second, root.Keys, TestNode.Stop);
        (await File.ReadAllTextAsync(link, TestNode.Stop)).ShouldBe("program 0.2.0");
        (await Refusal(root, first)).ShouldContain("older than 0.2.0");
        root.Back().ShouldBe(new(0, 1, 0));
        (await File.ReadAllTextAsync(link, TestNode.Stop)).ShouldBe("program 0.1.0");
        // And forth again: what was left of the first time isn't in the way.
        await root.InstallAsync(second, root.Keys, TestNode.Stop);
        root.Installed.ShouldBe(new(0, 2, 0));
    }

    [Fact]
    public async Task After_a_way_back_the_same_version_is_installed_beside_what_still_runs_from_its_folder()
    {
        string second = await MakeAsync("0.2.0", replaces: "0.1.0"), folder = Path.Combine(_folder, "opt", "versions", "0.2.0");
        var root = new InstallFolder(Path.Combine(_folder, "opt"));
        await root.InstallAsync(await MakeAsync("0.1.0"), [_release.Key], TestNode.Stop);
        await root.InstallAsync(second, root.Keys, TestNode.Stop);
        await File.WriteAllTextAsync(Path.Combine(folder, "of-the-first-time"), "", TestNode.Stop);
        for (int time = 0; time < 2; time++)
        {
            root.Back().ShouldBe(new(0, 1, 0));
            // Whoever runs from there has its files open, and opens others by their names.
            await using var running = File.OpenRead(Path.Combine(folder, "atalaya"));
            await root.InstallAsync(second, root.Keys, TestNode.Stop);
            root.Installed.ShouldBe(new(0, 2, 0));
            (await File.ReadAllTextAsync(Path.Combine(_folder, "opt", "atalaya"), TestNode.Stop)).ShouldBe("program 0.2.0");
            File.Exists(Path.Combine(folder, "of-the-first-time")).ShouldBeFalse("it is the folder of the update alone");
            File.Exists(Path.Combine(folder + ".old", "atalaya")).ShouldBeTrue("what was there is aside, until the next install");
            File.Exists(Path.Combine(folder + ".old", "of-the-first-time")).ShouldBe(time == 0);
        }
    }

    [Fact]
    public async Task What_is_forged_cut_lengthened_or_for_another_machine_is_refused_and_changes_nothing()
    {
        var root = new InstallFolder(Path.Combine(_folder, "opt"));
        await root.InstallAsync(await MakeAsync("0.1.0"), [_release.Key], TestNode.Stop);
        byte[] good = await File.ReadAllBytesAsync(await MakeAsync("0.2.0"), TestNode.Stop);
        string path = Path.Combine(_folder, "x.update");

        await SaysAsync(good[..^1], "ends 1 bytes early");
        await SaysAsync(good[..40], "ends within its manifest");
        await SaysAsync(good[..6], "isn't an update");
        await SaysAsync([.. good, 0], "more in the file than was signed");
        await SaysAsync([.. good[..^20], .. good[^20..].Select(b => (byte)(b ^ 1))], "isn't the one that was signed");
        await SaysAsync(Swapped(good, "0.2.0", "0.3.0"), "No release key");

        using var thief = new NoteSigner("releases.example.org", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));
        (await Refusal(root, await MakeAsync("0.4.0", signer: thief))).ShouldContain("'releases.example.org'");
        (await Refusal(root, await MakeAsync("0.5.0", runsOn: "linux-sparc"))).ShouldContain("It is for linux-sparc");

        root.Installed.ShouldBe(new(0, 1, 0));
        Directory.GetDirectories(Path.Combine(_folder, "opt", "versions")).Where(d => !d.EndsWith(".part", StringComparison.Ordinal)).ShouldHaveSingleItem();

        async Task SaysAsync(byte[] bytes, string why)
        {
            await File.WriteAllBytesAsync(path, bytes, TestNode.Stop);
            (await Refusal(root, path)).ShouldContain(why);
        }
    }

    /// <summary>Even a release key doesn't write outside its folder: a signed mistake is one, too.</summary>
    [Theory]
    [InlineData("../outside")]
    [InlineData("/tmp/outside")]
    [InlineData("a/../../outside")]
    public async Task A_payload_writes_nothing_outside_its_folder(string name)
    {
        using var payload = new MemoryStream();
        await using (var zip = new GZipStream(payload, CompressionLevel.Fastest, leaveOpen: true))
        {
            await using var tar = new TarWriter(zip, TarEntryFormat.Ustar);
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1]) }, TestNode.Stop);
        }

        payload.Position = 0;
        await Should.ThrowAsync<InvalidDataException>(() => UpdateFile.UnpackAsync(payload, Path.Combine(_folder, "in"), TestNode.Stop));
        File.Exists(Path.Combine(_folder, "outside")).ShouldBeFalse();
    }

    [Fact]
    public void A_manifest_has_one_spelling()
    {
        string text = new UpdateManifest(new(1, 2, 3), "linux-x64", new(1, 0, 0), 10, Digest.Of("x"u8)).Text;
        UpdateManifest.TryParse(text, out _).ShouldBeTrue();
        foreach (string other in new[] { text + "\n", text.Replace("1.2.3", "1.2.03", StringComparison.Ordinal), text.Replace("1.2.3", "1.2", StringComparison.Ordinal), text.Replace("length 10", "length 010", StringComparison.Ordinal), text.Replace("length 10", "length 0", StringComparison.Ordinal), text.Replace("v1", "v2", StringComparison.Ordinal), text.Replace("linux-x64", "../x", StringComparison.Ordinal), "" })
            UpdateManifest.TryParse(other, out _).ShouldBeFalse(other);
    }

    [Fact]
    public async Task The_command_line_makes_checks_and_installs_one()
    {
        string built = await BuiltAsync("0.2.0"), key = Path.Combine(_folder, "release.key"), update = Path.Combine(_folder, "a.update"), root = Path.Combine(_folder, "root");
        (await CommandLine.Root().Parse(["update", "key", key, "--name", "releases.example.org"]).InvokeAsync(cancellationToken: TestNode.Stop)).ShouldBe(ExitCode.Done);
        string[] lines = await File.ReadAllLinesAsync(key, TestNode.Stop);
        using var signer = new NoteSigner(lines[0], NoteSignatureKind.Ed25519, Convert.FromBase64String(lines[1]));
        (await RunAsync("make", built, "--out", update, "--version-number", "0.2.0", "--release-key", key)).ShouldBe(ExitCode.Done);

        (await RunAsync("check", update)).ShouldBe(ExitCode.Usage, "nobody is believed yet");
        (await RunAsync("check", update, "--key", _release.Key.ToString())).ShouldBe(ExitCode.Failed, "somebody else's key");
        (await RunAsync("check", update, "--key", signer.Key.ToString())).ShouldBe(ExitCode.Done);
        (await RunAsync("install", update, "--to", root, "--key", signer.Key.ToString())).ShouldBe(ExitCode.Done);
        (await RunAsync("check", update, "--to", root)).ShouldBe(ExitCode.Failed, "it is installed");
        (await RunAsync("check", update, "--to", root, "--key", _release.Key.ToString())).ShouldBe(ExitCode.Usage, "the first key is kept");
        (await RunAsync("back", "--to", root)).ShouldBe(ExitCode.Failed, "there was none before");
        new InstallFolder(root).Installed.ShouldBe(new(0, 2, 0));

        static Task<int> RunAsync(params string[] words) => CommandLine.Root().Parse(["update", .. words]).InvokeAsync(cancellationToken: TestNode.Stop);
    }

    static async Task<string> Refusal(InstallFolder root, string path) => (await Should.ThrowAsync<InvalidDataException>(() => root.InstallAsync(path, root.Keys, TestNode.Stop))).Message;

    static byte[] Swapped(byte[] bytes, string from, string to) =>
        System.Text.Encoding.Latin1.GetBytes(System.Text.Encoding.Latin1.GetString(bytes).Replace(from, to, StringComparison.Ordinal));

    async Task<string> BuiltAsync(string version)
    {
        string folder = Path.Combine(_folder, $"built-{Guid.NewGuid():n}");
        Directory.CreateDirectory(Path.Combine(folder, "web"));
        await File.WriteAllTextAsync(Path.Combine(folder, "atalaya"), $"program {version}", TestNode.Stop);
        File.SetUnixFileMode(Path.Combine(folder, "atalaya"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(folder, "web", "index.html"), "<p>", TestNode.Stop);
        return folder;
    }

    async Task<string> MakeAsync(string version, string replaces = "0.0.0", NoteSigner? signer = null, string? runsOn = null)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():n}.update");
        await UpdateFile.MakeAsync(await BuiltAsync(version), Version.Parse(version), Version.Parse(replaces), runsOn ?? UpdateManifest.Here, signer ?? _release, path, DateTimeOffset.UnixEpoch, TestNode.Stop);
        return path;
    }
}
