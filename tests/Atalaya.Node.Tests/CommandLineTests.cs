using System.Text.Json.Nodes;

using Atalaya.Node.Cli;
using Atalaya.Node.Store;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class CommandLineTests
{
    static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "atalaya");

    [Fact]
    public async Task Serve_prints_one_line_with_its_address_and_ends_cleanly_when_told_to()
    {
        using var folder = new TempFolder("serve");
        await using var node = ManagedProcess.Start(Executable, ["serve", "--data", folder.File("data"), "--listen", "127.0.0.1:0"]);
        string line = await node.WaitForLineAsync(l => l.Contains("http://127.0.0.1:", StringComparison.Ordinal));
        using var http = new HttpClient();
        (await http.GetStringAsync(line.Split(' ')[^1] + "/api/node", TestNode.Stop)).ShouldContain("startedAt");

        // A second node on the same folder would write over the first one's files.
        var second = await ManagedProcess.RunAsync(Executable, ["serve", "--data", folder.File("data"), "--listen", "127.0.0.1:0"]);
        second.ExitCode.ShouldBe(ExitCode.Failed);
        second.Errors.ShouldContain("in use by another node");

        node.Terminate();
        var ended = await node.WaitAsync();
        ended.ExitCode.ShouldBe(ExitCode.Done, ended.Errors);
        // Beside its address only the one-time link for the first administrator, while there is none.
        ended.Output.Trim().Split('\n')[0].ShouldBe(line.Trim());
        ended.Output.Trim().Split('\n').Length.ShouldBe(2);
        ended.Output.ShouldContain("/start#");
    }

    [Fact]
    public async Task Every_error_in_options_is_told_and_the_exit_code_says_usage()
    {
        using var folder = new TempFolder("serve");
        await File.WriteAllTextAsync(folder.File("a.yaml"), "nmae: x\nlisten: http://0.0.0.0:1\n", TestNode.Stop);

        var result = await ManagedProcess.RunAsync(Executable, ["serve", "--config", folder.File("a.yaml"), "--set", "live.queue=1"]);

        result.ExitCode.ShouldBe(ExitCode.Usage);
        result.Output.ShouldBeEmpty();
        result.Errors.ShouldContain("a.yaml:1:1: nmae");
        result.Errors.ShouldContain("a.yaml:2:9: listen");
        result.Errors.ShouldContain("--set live.queue");
    }

    [Theory]
    [InlineData("--help", ExitCode.Done)]
    [InlineData("serve --help", ExitCode.Done)]
    [InlineData("options --markdown", ExitCode.Done)]
    [InlineData("fly", ExitCode.Usage)]
    [InlineData("serve --frobnicate", ExitCode.Usage)]
    [InlineData("record", ExitCode.Usage)]
    [InlineData("simulate nonsense", ExitCode.Usage)]
    [InlineData("camera probe http://10.0.0.1/", ExitCode.Usage)]
    [InlineData("camera probe rtsp://8.8.8.8/", ExitCode.Failed)]
    [InlineData("check --data /nonexistent/atalaya", ExitCode.Failed)]
    [InlineData("check --delete-unreadable", ExitCode.Usage)]
    [InlineData("check --delete-copies", ExitCode.Usage)]
    [InlineData("reindex --data /nonexistent/atalaya", ExitCode.Failed)]
    [InlineData("log verify --data /nonexistent/atalaya", ExitCode.Failed)]
    [InlineData("log cosign --state /nonexistent/a --key nonsense --passphrase-file /nonexistent/b", ExitCode.Usage)]
    [InlineData("export --camera gate --from yesterday --to now --out /tmp/x.mp4", ExitCode.Usage)]
    public async Task Exit_codes_say_how_it_ended(string arguments, int code)
    {
        var result = await ManagedProcess.RunAsync(Executable, arguments.Split(' '));

        result.ExitCode.ShouldBe(code, result.Output + result.Errors);
        if (code != ExitCode.Done)
            result.Errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_nodes_archive_is_checked_and_exported_from_when_it_has_ended()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        using var folder = new TempFolder("archive");
        string database = "database=" + TestDatabase.Of(folder.File("data", NodeStore.FileName));
        JsonNode timeline;
        await using (var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path))
        {
            timeline = await node.UntilAsync(
                $"/api/cameras/gate/timeline?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", t => t["newest"] is { } n && DateTimeOffset.Parse((string)n!) - DateTimeOffset.Parse((string)t["oldest"]!) > TimeSpan.FromSeconds(2));
            // Beside it a check only looks.
            var beside = await ManagedProcess.RunAsync(Executable, ["check", "--data", folder.File("data"), "--set", database, "--depth", "structure"]);
            beside.ExitCode.ShouldBe(0, beside.Output + beside.Errors);
            var refused = await ManagedProcess.RunAsync(Executable, ["check", "--data", folder.File("data"), "--set", database, "--repair"]);
            refused.ExitCode.ShouldBe(ExitCode.Failed);
            refused.Errors.ShouldContain("a node runs on this data folder");
        }

        // The database is lost.
        TestDatabase.Lose(folder.File("data", NodeStore.FileName));
        var reindex = await ManagedProcess.RunAsync(Executable, ["reindex", "--data", folder.File("data"), "--set", database]);
        reindex.ExitCode.ShouldBe(0, reindex.Output + reindex.Errors);

        var check = await ManagedProcess.RunAsync(Executable, ["check", "--data", folder.File("data"), "--set", database, "--json"]);
        check.ExitCode.ShouldBe(0, check.Output + check.Errors);
        ((int)JsonNode.Parse(check.Output)!["segments"]!).ShouldBe(1);

        var export = await ManagedProcess.RunAsync(Executable,
            ["export", "--data", folder.File("data"), "--set", database, "--camera", "gate", "--from", (string)timeline["oldest"]!, "--to", (string)timeline["newest"]!, "--out", folder.File("out.mp4"), "--json"]);
        export.ExitCode.ShouldBe(0, export.Output + export.Errors);
        (await Ffmpeg.ProbeAsync(folder.File("out.mp4"))).Video.Count().ShouldBe((int)JsonNode.Parse(export.Output)!["frames"]!);
    }

    [Fact]
    public async Task A_simulated_camera_can_be_probed()
    {
        string clip = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 50));
        await using var simulator = ManagedProcess.Start(Executable, ["simulate", "--port", "0", "--json", $"gate={clip}"]);
        var ready = JsonNode.Parse(await simulator.WaitForLineAsync(l => l.Contains("\"ready\"", StringComparison.Ordinal)))!;

        var probe = await ManagedProcess.RunAsync(Executable, ["camera", "probe", (string)ready["cameras"]![0]!["main"]!, "--json"]);

        probe.ExitCode.ShouldBe(0, probe.Errors);
        ((string?)JsonNode.Parse(probe.Output)!["tracks"]![0]!["encoding"]).ShouldBe("H264");
        simulator.Terminate();
        (await simulator.WaitAsync()).ExitCode.ShouldBe(0);
    }
}
