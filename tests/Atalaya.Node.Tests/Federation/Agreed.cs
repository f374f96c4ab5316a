namespace Atalaya.Node.Tests.Federation;

/// <summary>Two linked partners with an agreement in force.</summary>
static class Agreed
{
    /// <summary>Both sign the shipped example, with one change or none.</summary>
    public static async Task SignAsync(TestNode one, TestNode other, string link, Func<string, string>? change = null)
    {
        string draft = await one.Http.GetStringAsync($"/api/agreements/template?link={link}", TestNode.Stop);
        var (written, answer) = await one.SendAsync(HttpMethod.Post, "/api/agreements", new { link, document = change?.Invoke(draft) ?? draft });
        written.ShouldBe(201, answer?.ToString());
        string path = $"/api/agreements/{link}/police-cooperation/1", digest = (string)answer!["agreement"]!["digest"]!;
        (await one.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest })).Status.ShouldBe(200);
        await other.UntilAsync("/api/agreements", a => a.AsArray().Count == 1);
        (await other.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest })).Status.ShouldBe(200);
        await one.UntilAsync(path, a => (string)a["agreement"]!["state"]! == "inForce");
    }
}
