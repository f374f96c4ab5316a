using System.Diagnostics;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Analysis;

/// <summary>Recorded footage through the analysis process, and rules tried on what it saw.</summary>
public sealed class ReanalysisTests
{
    static readonly DateTimeOffset Start = new(2026, 3, 28, 22, 15, 7, TimeSpan.Zero);
    static readonly object[] Rules =
    [
        new { type = "zone", id = "table", name = "Table", points = new[] { new[] { 0.40, 0.55 }, [0.75, 0.55], [0.78, 0.97], [0.38, 0.97] }, @event = "enter", classes = new[] { "person" } },
        new { type = "line", id = "exit", name = "Exit", points = new[] { new[] { 0.80, 0.50 }, [0.80, 1.0] }, classes = new[] { "person" } },
    ];

    /// <summary>The question of every morning, over a night in which nobody looked: what would this rule have raised?</summary>
    [Fact]
    public async Task Rules_are_tried_on_footage_that_nobody_watched()
    {
        using var folder = new TempFolder("reanalysis");
        await PastFootage.RecordAsync(folder.Path, "gate", StreamKind.Main, Clip, Start, seconds: 30);
        await using var node = await StartAsync(folder.Path);

        var before = await TryAsync(node);
        ((long)before["pictures"]!).ShouldBe(0);
        ((double)before["footageSeconds"]!).ShouldBe(30, 1.5);
        var done = await LookBackAsync(node);

        ((string?)done["state"]).ShouldBe("done", done.ToJsonString());
        done["skipped"]!.AsArray().ShouldBeEmpty();
        ((double)done["doneSeconds"]!).ShouldBe(30, 1.5);
        // Five a second were wanted of ten.
        ((long)done["pictures"]!).ShouldBeInRange(140, 155);
        var tried = await TryAsync(node);
        ((double)tried["footageSeconds"]!).ShouldBe(0);
        // As the clip's events file has them, in seconds from its start: by eye, to half a second.
        Raised(tried, "table").ShouldBe([6.9, 23.5], tolerance: 1.5);
        Raised(tried, "exit").ShouldBe([18.8], tolerance: 1.5);
        // Where it moved was kept, too.
        (await node.GetAsync($"/api/cameras/gate/motion?{Query}"))["moved"]!.AsArray().ShouldNotBeEmpty();

        // What was watched isn't looked at again, unless somebody wants it; then it takes the place of what was there.
        ((double?)(await LookBackAsync(node))["footageSeconds"]).ShouldBe(0);
        var again = await LookBackAsync(node, everything: true);
        ((long)again["pictures"]!).ShouldBe((long)done["pictures"]!);
        var twice = await TryAsync(node);
        ((long)twice["pictures"]!).ShouldBe((long)tried["pictures"]!);
        Raised(twice, "table").ShouldBe(Raised(tried, "table"));
        ((long)(await node.GetAsync($"/api/cameras/gate/tracks?{Query}"))["pictures"]!.AsArray().Count).ShouldBe((long)tried["pictures"]!);
    }

    [Fact]
    public async Task A_process_that_is_killed_on_the_way_costs_nothing_but_time()
    {
        using var folder = new TempFolder("reanalysis");
        await PastFootage.RecordAsync(folder.Path, "gate", StreamKind.Sub, Clip, Start);
        await using var node = await StartAsync(folder.Path, model: false);
        string id = await CreateAsync(node);
        await node.UntilAsync($"/api/reanalyses/{id}", r => r["pictures"]!.GetValue<long>() > 0, 60);
        using (var child = Process.GetProcessById((await node.GetAsync("/api/analysis"))["process"]!.GetValue<int>()))
            child.Kill();
        var done = await node.UntilAsync($"/api/reanalyses/{id}", HasEnded, 120);
        ((string?)done["state"]).ShouldBe("done", done.ToJsonString());
        done["skipped"]!.AsArray().ShouldBeEmpty();
        var tracks = await node.GetAsync($"/api/cameras/gate/tracks?{Query}");
        double[] times = [.. tracks["pictures"]!.AsArray().Select(p => p!["at"]!.GetValue<double>())];
        times.ShouldBe(times.Distinct().Order());
        times.Length.ShouldBeInRange(680, 700);
    }

    [Fact]
    public async Task One_that_runs_and_one_that_waits_are_cancelled_and_what_was_seen_stays()
    {
        using var folder = new TempFolder("reanalysis");
        await PastFootage.RecordAsync(folder.Path, "gate", StreamKind.Main, Clip, Start);
        await using var node = await StartAsync(folder.Path);
        string runs = await CreateAsync(node), waits = await CreateAsync(node);
        (await node.SendAsync(HttpMethod.Delete, $"/api/reanalyses/{waits}")).Status.ShouldBe(204);
        ((string?)(await node.GetAsync($"/api/reanalyses/{waits}"))["state"]).ShouldBe("cancelled");
        await node.UntilAsync($"/api/reanalyses/{runs}", r => r["pictures"]!.GetValue<long>() > 0, 60);
        (await node.SendAsync(HttpMethod.Delete, $"/api/reanalyses/{runs}")).Status.ShouldBe(204);
        var ended = await node.UntilAsync($"/api/reanalyses/{runs}", HasEnded, 60);
        ((string?)ended["state"]).ShouldBe("cancelled", ended.ToJsonString());
        long kept = (await node.GetAsync($"/api/cameras/gate/tracks?{Query}"))["pictures"]!.AsArray().Count;
        kept.ShouldBe(ended["pictures"]!.GetValue<long>());
        (await node.SendAsync(HttpMethod.Delete, "/api/reanalyses/99")).Status.ShouldBe(404);
        (await node.GetAsync("/api/reanalyses")).AsArray().Select(r => (string?)r!["id"]).ShouldBe([waits, runs]);
    }

    [Fact]
    public async Task What_cant_be_looked_at_is_refused_with_the_reason()
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: \"rtsp://127.0.0.1:1/x\" }]");
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/reanalyses", new { camera = "../x", from = "yesterday", to = "2026-03-29T00:00:00Z" });
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["camera", "from"], ignoreOrder: true);
        (await node.SendAsync(HttpMethod.Post, "/api/reanalyses", new { camera = "gate", from = "2026-03-01T00:00:00Z", to = "2026-03-29T00:00:00Z" })).Status.ShouldBe(400);
        // Analysis is off on this node.
        (await node.SendAsync(HttpMethod.Post, "/api/reanalyses", new { camera = "gate", from = "2026-03-28T00:00:00Z", to = "2026-03-29T00:00:00Z" })).Status.ShouldBe(409);
    }

    static string Clip => TestData.Path("video/intel_one-by-one-person-detection.mp4");

    static string Query => $"from={Uri.EscapeDataString($"{Start:O}")}&to={Uri.EscapeDataString($"{Start.AddMinutes(3):O}")}";

    static async Task<TestNode> StartAsync(string folder, bool model = true)
    {
        string library = RepositoryRoot.File(".cache", "detector", "libonnxruntime.so.1"), file = RepositoryRoot.File(".cache", "detector", "nanodet-g.yaml");
        Assert.SkipUnless(!model || File.Exists(library), $"{library} isn't there: run scripts/detector.sh.");
        string options = model ? $"analysis: {{ model: '{file}', runtime: '{library}' }}\n" : "";
        // Nobody has to answer: what is looked at lies on the disk.
        return await TestNode.StartAsync($"{options}cameras: [{{ id: gate, main: \"rtsp://127.0.0.1:1/x\" }}]", folder, analysis: true);
    }

    static async Task<JsonNode> TryAsync(TestNode node)
    {
        var (status, tried) = await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/rules/try", new { from = Start, to = Start.AddMinutes(3), rules = Rules });
        status.ShouldBe(200, tried?.ToJsonString());
        return tried!;
    }

    static double[] Raised(JsonNode tried, string rule) =>
        [.. tried["events"]!.AsArray().Where(e => (string?)e!["rule"] == rule).Select(e => (e!["at"]!.GetValue<DateTimeOffset>() - Start).TotalSeconds)];

    static async Task<string> CreateAsync(TestNode node, bool everything = false)
    {
        var (status, created) = await node.SendAsync(HttpMethod.Post, "/api/reanalyses", new { camera = "gate", from = Start, to = Start.AddMinutes(3), everything });
        status.ShouldBe(202, created?.ToJsonString());
        return (string)created!["id"]!;
    }

    static async Task<JsonNode> LookBackAsync(TestNode node, bool everything = false) =>
        await node.UntilAsync($"/api/reanalyses/{await CreateAsync(node, everything)}", HasEnded, 120);

    static bool HasEnded(JsonNode reanalysis) => (string?)reanalysis["state"] is not ("queued" or "running");
}
