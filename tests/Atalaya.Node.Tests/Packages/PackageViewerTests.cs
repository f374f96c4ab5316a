using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Atalaya.Node.Packages;

namespace Atalaya.Node.Tests.Packages;

public sealed partial class PackageViewerTests
{
    const string NotBuilt = "The page that packages carry isn't built: run `npm run build` in web/, then build again.";

    [Fact]
    public void A_package_s_page_holds_its_facts_without_proofs_and_nothing_in_them_ends_the_element()
    {
        Assert.SkipWhen(PackageViewer.Page is null, NotBuilt);
        const string Manifest = """
            { "title": "</script><script>alert(1)</script> & ليلة", "video": [{ "path": "video/a.mp4", "seal": { "leaf": 1 }, "fragments": [{ "at": 0 }], "derived": { "from": [{ "sha256": "ab", "seal": {} }] } }],
              "files": [{ "path": "index.html" }] }
            """;

        string page = Encoding.UTF8.GetString(PackageViewer.For(Encoding.UTF8.GetBytes(Manifest))!);

        string facts = Facts().Match(page).Groups[1].Value;
        facts.ShouldNotContain("<");
        var read = JsonDocument.Parse(facts).RootElement;
        read.GetProperty("title").GetString().ShouldBe("</script><script>alert(1)</script> & ليلة");
        read.GetProperty("video")[0].GetProperty("derived").GetProperty("from")[0].GetProperty("sha256").GetString().ShouldBe("ab");
        foreach (string left in new[] { "\"seal\"", "\"fragments\"", "\"files\"" })
            facts.ShouldNotContain(left);
        // The rest is the own copy, to the byte.
        page.Replace(facts, "", StringComparison.Ordinal).ShouldBe(PackageViewer.Page);
    }

    [Fact]
    public async Task Anybody_can_take_an_own_copy_which_lets_nothing_out_and_runs_nothing_but_itself()
    {
        Assert.SkipWhen(PackageViewer.Page is null, NotBuilt);
        await using var node = await TestNode.StartAsync();
        using var nobody = node.As(null);

        using var answer = await nobody.GetAsync("/package-viewer", TestContext.Current.CancellationToken);

        answer.EnsureSuccessStatusCode();
        answer.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        string page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string policy = Policy().Match(page).Groups[1].Value;
        policy.ShouldStartWith("default-src 'none'; script-src 'sha256-");
        policy.ShouldNotContain("unsafe");
        policy.ShouldNotContain("http");
    }

    [GeneratedRegex("""<script type="application/json" id="package">(?<facts>.*?)</script>""", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Facts();

    [GeneratedRegex("""http-equiv="Content-Security-Policy" content="(?<policy>[^"]*)""")]
    private static partial Regex Policy();
}
