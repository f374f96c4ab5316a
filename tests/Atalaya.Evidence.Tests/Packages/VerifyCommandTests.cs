using System.Text.Json.Nodes;

using Atalaya.Testing;
using Atalaya.Verify;

namespace Atalaya.Evidence.Tests.Packages;

/// <summary>What <c>atalaya-verify</c> says, and the exit codes that scripts go by.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    readonly TempFolder _folder = new("verify");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_package_is_judged_by_a_given_or_a_kept_key_and_kept_only_when_told_so()
    {
        using var sample = new SamplePackage();
        string package = await PackageAsync(sample), key = sample.Signer.Key.ToString();

        var unknown = Run(package);
        unknown.Code.ShouldBe(3);
        unknown.Output.ShouldContain("UNKNOWN SIGNER");
        unknown.Output.ShouldContain($"atalaya-verify keep '{key}'");
        Run(package).Code.ShouldBe(3, "a look makes nobody known");
        var given = Run(package, "--key", key);
        given.Code.ShouldBe(0);
        given.Output.ShouldContain("AUTHENTIC, WITH STATED GAPS");
        given.Output.ShouldContain("It was unplugged.");
        await File.WriteAllTextAsync(_folder.File("keys.txt"), $"# from the ministry\n{key}\n", TestContext.Current.CancellationToken);
        Run(package, "--key", _folder.File("keys.txt")).Code.ShouldBe(0);

        Run("keep", key).Code.ShouldBe(0);
        Run("keep", key).Output.ShouldContain("already");
        Run("keys").Output.ShouldContain(key);
        Run(package).Code.ShouldBe(0);
        Run("forget", key).Code.ShouldBe(0);
        Run(package).Code.ShouldBe(3);
    }

    [Fact]
    public async Task The_json_says_the_verdict_the_reasons_and_where()
    {
        using var sample = new SamplePackage();
        string package = await PackageAsync(sample);
        byte[] bytes = await File.ReadAllBytesAsync(package, TestContext.Current.CancellationToken);
        bytes[PackageTests.IndexOf(bytes, "video/pier/main/1774526400000.mp4") + 40] ^= 4;
        await File.WriteAllBytesAsync(package, bytes, TestContext.Current.CancellationToken);

        var run = Run(package, "--json", "--key", sample.Signer.Key.ToString());

        run.Code.ShouldBe(1);
        var json = JsonNode.Parse(run.Output)!;
        ((string?)json["format"]).ShouldBe("atalaya-report-1");
        ((string?)json["verdict"]).ShouldBe("altered");
        ((int)json["exitCode"]!).ShouldBe(1);
        ((string?)json["knownBy"]).ShouldBe(sample.Signer.Key.ToString());
        ((string?)json["package"]!["title"]).ShouldBe("Crossing at the gate");
        var reason = json["reasons"]![0]!;
        ((string?)reason["kind"]).ShouldBe("file");
        ((string?)reason["file"]).ShouldBe("video/pier/main/1774526400000.mp4");
        DateTimeOffset.Parse((string)reason["from"]!, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(new(2026, 3, 26, 12, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task Bad_use_is_told_apart_from_a_bad_package()
    {
        using var sample = new SamplePackage();
        string package = await PackageAsync(sample);
        string encrypted = _folder.File("x.zip.age");
        await File.WriteAllTextAsync(encrypted, "age-encryption.org/v1\n-> X25519 …", TestContext.Current.CancellationToken);
        foreach (string[] words in (string[][])[[], ["--json"], [package, "--nonsense"], [package, package], [package, "--key"], [package, "--key", "nonsense"], [_folder.File("absent.zip")], ["keep"], ["keep", "x"], ["forget", "x"], ["keys", "x"], [encrypted]])
        {
            var run = Run(words);
            run.Code.ShouldBe(2, string.Join(' ', words));
            run.Error.ShouldContain("atalaya-verify: ");
            run.Output.ShouldBeEmpty();
        }

        Run(encrypted).Error.ShouldContain("age -d");
        Run("--help").Output.ShouldContain("Exit codes");
        await File.WriteAllTextAsync(_folder.File("no.zip"), "no package", TestContext.Current.CancellationToken);
        Run(_folder.File("no.zip")).Code.ShouldBe(4, "what is too short for a package's begin");
    }

    [Fact]
    public async Task What_a_stranger_wrote_steers_no_terminal()
    {
        using var sample = new SamplePackage { Change = m => m with { Title = "\u001b[2JAUTHENTIC\u202e\n" } };
        Run(await PackageAsync(sample)).Output.ShouldNotContain("\u001b");
    }

    async Task<string> PackageAsync(SamplePackage sample)
    {
        string file = _folder.File("package.zip");
        await File.WriteAllBytesAsync(file, await sample.WriteAsync(), TestContext.Current.CancellationToken);
        return file;
    }

    (int Code, string Output, string Error) Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = VerifyCommand.Run(words, output, error, new(_folder.File("kept")));
        return (code, output.ToString(), error.ToString());
    }
}
