using System.Text.Json.Nodes;

using Atalaya.Node.Cli;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class EvaluateVerbTests
{
    static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "atalaya");

    [Fact]
    public async Task Every_fault_of_every_file_is_told_before_anything_begins()
    {
        using var folder = new TempFolder("evaluate");
        await File.WriteAllTextAsync(folder.File("a.mp4"), "", TestNode.Stop);
        await File.WriteAllTextAsync(folder.File("a.events.yaml"), "rules: [{type: wall, name: a}]\nevents: [{rule: b}]\n", TestNode.Stop);

        var result = await ManagedProcess.RunAsync(Executable, ["evaluate", folder.Path, folder.File("gone"), "--rate", "99"]);

        result.ExitCode.ShouldBe(ExitCode.Usage);
        result.Errors.ShouldContain("a.events.yaml, line 1, rules[0].type: 'wall' is no type of rule");
        result.Errors.ShouldContain("line 2, events[0]: 't' is missing");
        result.Errors.ShouldContain("There is no clip and no folder");
        result.Errors.ShouldContain("--rate must be from 0.5 to 30");
        result.Output.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clip_that_is_none_fails_and_the_others_are_scored()
    {
        string model = RepositoryRoot.File(".cache", "detector", "nanodet-g.yaml");
        Assert.SkipUnless(File.Exists(model), $"{model} isn't there: run scripts/detector.sh.");
        using var folder = new TempFolder("evaluate");
        foreach (string name in (string[])["broken", "good"])
            await File.WriteAllTextAsync(folder.File(name + ".events.yaml"), "rules: [{type: zone, name: a, points: [[0, 0], [1, 0], [1, 1]], classes: [person]}]\n", TestNode.Stop);
        await File.WriteAllTextAsync(folder.File("broken.mp4"), "no video", TestNode.Stop);
        await Ffmpeg.RunAsync(["-f", "lavfi", "-i", "testsrc=size=320x180:rate=5:duration=4", folder.File("good.mkv")]);

        var result = await ManagedProcess.RunAsync(Executable, ["evaluate", folder.Path, "--model", model, "--json"]);

        result.ExitCode.ShouldBe(ExitCode.Failed);
        result.Errors.ShouldContain("broken.mp4");
        var json = JsonNode.Parse(result.Output)!;
        var clip = json["clips"]!.AsArray().ShouldHaveSingleItem()!;
        clip["clip"]!.GetValue<string>().ShouldBe("good.mkv");
        foreach (var scores in (JsonNode[])[clip, json["total"]!])
        {
            foreach (string field in (string[])["truePositives", "falsePositives", "misses", "precision", "recall", "f1", "falseAlarmsPerHour", "hours"])
                scores[field].ShouldNotBeNull(field).GetValueKind().ShouldBe(System.Text.Json.JsonValueKind.Number);
        }

        json["total"]!["hours"]!.GetValue<double>().ShouldBe(4 / 3600.0, 1e-3);
    }

    [Fact]
    public async Task The_tracker_is_scored_on_public_detections()
    {
        var result = await ManagedProcess.RunAsync(Executable, ["evaluate-tracker", TestData.Path("mot"), "--json"]);
        result.ExitCode.ShouldBe(ExitCode.Done, result.Errors);
        var sequences = JsonNode.Parse(result.Output)!["sequences"]!.AsArray();
        sequences.Count.ShouldBe(11);
        sequences.Single(s => s!["sequence"]!.GetValue<string>() == "TUD-Campus")!["mota"]!.GetValue<double>().ShouldBeGreaterThan(0.627);
    }
}
