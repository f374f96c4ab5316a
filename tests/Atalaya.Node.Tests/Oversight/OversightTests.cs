using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Oversight;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Oversight;

/// <summary>Who oversees finds what was done, with proofs that hold without the node.</summary>
public sealed class OversightTests
{
    [Fact]
    public async Task Every_record_is_found_by_its_words_and_proven_offline_by_the_kept_key_alone()
    {
        using var folder = new TempFolder("oversight");
        await using var node = await TestNode.StartAsync(folder: folder.Path);
        await node.SendAsync(HttpMethod.Post, "/api/users", new { name = "Éro_sa%", fullName = "Rosa", grants = new[] { new { role = "operator", scope = "organisation" } } });
        using var auditor = node.As(await node.TokenAsync("oversight", new Node.Identity.Grant("auditor", Node.Identity.Scope.Organisation)));
        string period = $"from={TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        var found = await node.UntilAsync($"/api/oversight/records?{period}&kind=user&text={Uri.EscapeDataString("ÉRO_SA%")}", r => r["records"]!.AsArray().Count == 1, seconds: 60);
        long leaf = (long)found["records"]![0]!["leaf"]!;
        ((string)found["records"]![0]!["record"]!).ShouldContain("ro_sa%");
        (await node.GetAsync($"/api/oversight/records?{period}&text=roxsa")).ToJsonString().ShouldNotContain("ro_sa", customMessage: "an underscore is no wildcard");
        var first = await node.GetAsync($"/api/oversight/records?{period}&limit=1");
        var second = await node.GetAsync($"/api/oversight/records?{period}&limit=1&cursor={first["next"]}");
        ((long)second["records"]![0]!["leaf"]!).ShouldBeLessThan((long)first["records"]![0]!["leaf"]!);
        foreach (string wrong in new[] { "kind=nothing", "limit=0", "cursor=x", "text=" + new string('x', 300) })
            (await node.SendAsync(HttpMethod.Get, $"/api/oversight/records?{period}&{wrong}")).Status.ShouldBe(400, wrong);

        await node.UntilAsync($"/api/oversight/records/{leaf}/proof", p => p["format"] is not null, seconds: 30);
        byte[] file = await auditor.GetByteArrayAsync($"/api/oversight/records/{leaf}/proof", TestNode.Stop);
        string key = (string)(await node.GetAsync("/api/log"))["key"]!;
        NoteKey.TryParse(key, out var known).ShouldBeTrue();
        RecordProof.TryParse(file, out var proof).ShouldBeTrue();
        proof.Check([known], out _).ShouldBe(RecordVerdict.Proven);
        proof.Check([], out _).ShouldBe(RecordVerdict.UnknownSigner);
        (proof with { Record = proof.Record.Replace("ro_sa", "anna", StringComparison.Ordinal) }).Check([known], out _).ShouldBe(RecordVerdict.Altered);
        (proof with { Leaf = proof.Leaf + 1 }).Check([known], out _).ShouldBe(RecordVerdict.Altered);

        string path = folder.File("proof.json");
        await File.WriteAllBytesAsync(path, file, TestNode.Stop);
        (await RunAsync(0, path, key)).ShouldContain("proven");
        using var stranger = new NoteSigner(known.Name, NoteSignatureKind.Ed25519, new byte[32]);
        (await RunAsync(3, path, stranger.Key.ToString())).ShouldContain("unknown signer");
        await File.WriteAllTextAsync(path, Encoding.UTF8.GetString(file).Replace("ro_sa", "anna", StringComparison.Ordinal), TestNode.Stop);
        (await RunAsync(1, path, key)).ShouldContain("altered");
    }

    [Fact]
    public async Task The_figures_and_the_report_tell_a_period_in_four_languages()
    {
        await using var node = await TestNode.StartAsync("storage: { retention: { days: 30 } }\ncameras: [{ id: gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }]");
        await node.SendAsync(HttpMethod.Post, "/api/users", new { name = "<rosa>", grants = Array.Empty<object>() });
        string period = $"from={TimeProvider.System.GetUtcNow().AddDays(-2):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}";
        var told = await node.UntilAsync($"/api/oversight/figures?{period}", f => f["accesses"]!.AsArray().Any(a => (string?)a!["name"] == "change") && f["records"]!.AsArray().Any(r => (string?)r!["name"] == "key"), seconds: 60);
        told["days"]!.AsArray().Count.ShouldBeInRange(3, 4);
        told["retention"]!.AsArray().ShouldHaveSingleItem()!["keepDays"]!.GetValue<double>().ShouldBe(30);
        ReportWords.Keys.Values.Select(k => string.Join(' ', k.Order(StringComparer.Ordinal))).Distinct().Count().ShouldBe(1, "a language lacks a word");
        ReportWords.Keys.Keys.Order(StringComparer.Ordinal).ShouldBe(ReportWords.Languages.Order(StringComparer.Ordinal));
        foreach (string language in ReportWords.Languages)
        {
            string html = await node.Http.GetStringAsync($"/api/oversight/report?{period}&language={language}", TestNode.Stop);
            html.ShouldContain($"lang=\"{language}\" dir=\"{(language == "ar" ? "rtl" : "ltr")}\"");
            html.ShouldContain("— ", customMessage: "the checkpoint with its signature");
            html.ShouldNotContain("<rosa>");
            html.ShouldNotContain("<script");
        }

        (await node.SendAsync(HttpMethod.Get, $"/api/oversight/report?{period}&language=de")).Status.ShouldBe(400);
        Assert.SkipUnless(File.Exists("/usr/bin/weasyprint"), "weasyprint isn't installed: scripts/setup.sh test");
        byte[] pdf = await node.Http.GetByteArrayAsync($"/api/oversight/report?{period}&language=ar&format=pdf", TestNode.Stop);
        Encoding.ASCII.GetString(pdf, 0, 5).ShouldBe("%PDF-");
    }

    static async Task<string> RunAsync(int exit, string file, string key)
    {
        var result = await ManagedProcess.RunAsync(Path.Combine(AppContext.BaseDirectory, "atalaya"), ["log", "check-proof", file, "--key", key]);
        result.ExitCode.ShouldBe(exit, result.Output + result.Errors);
        return result.Output + result.Errors;
    }
}
