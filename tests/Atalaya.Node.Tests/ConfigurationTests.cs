using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Node.Cli;
using Atalaya.Node.Configuration;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>All that is set in the page as one text: taken out, compared, taken back.</summary>
public sealed class ConfigurationTests
{
    const string OfFile = "cameras: [{ id: tower, main: 'rtsp://user:geheim@127.0.0.1:9/tower', enabled: false }]";

    const string Rules = """
        [{"type": "line", "id": "fence", "name": "Fence: north, \"A\"", "points": [[0.1, 0.62], [0.95, 0.55]], "direction": "both", "classes": ["person"]}]
        """;

    [Fact]
    public async Task What_is_taken_out_and_back_changes_nothing_and_holds_no_secret()
    {
        await using var node = await TestNode.StartAsync(OfFile);
        await FillAsync(node);

        var (text, _) = await ExportAsync(node);
        text.ShouldContain("id: gate");
        text.ShouldContain("definedBy: file");
        text.ShouldContain("password: { secret: gate.password }");
        text.ShouldContain("main: { secret: hidden.main }");
        text.ShouldContain("points: [[0.1, 0.62], [0.95, 0.55]]");
        text.ShouldContain("site: Tarifa");
        text.ShouldContain("groups: [fence, sea]");
        text.ShouldContain("zone: Africa/Nouakchott");
        text.ShouldNotContain("geheim");
        text.ShouldNotContain("token");
        text.ShouldNotContain("null");

        var (status, body) = await PutAsync(node, text, dryRun: false);
        status.ShouldBe(200, body?.ToJsonString());
        body!["changes"]!.AsArray().ShouldBeEmpty();
        (await ExportAsync(node)).Text.ShouldBe(text);
    }

    [Fact]
    public async Task A_dry_run_tells_every_difference_and_what_is_applied_is_that()
    {
        await using var node = await TestNode.StartAsync(OfFile);
        await FillAsync(node);
        var (text, _) = await ExportAsync(node);
        string wanted = text.Replace("name: Gate", "name: Main gate", StringComparison.Ordinal)
            .Replace("id: hidden", "id: other", StringComparison.Ordinal)
            .Replace("main: { secret: hidden.main }", "main: rtsp://127.0.0.1:9/other", StringComparison.Ordinal)
            .Replace("[[0.1, 0.62], [0.95, 0.55]]", "[[0.1, 0.62], [0.9, 0.55]]", StringComparison.Ordinal)
            .Replace("password: { secret: gate.password }", "password: anders", StringComparison.Ordinal)
            .Replace("heading: 90", "heading: 95", StringComparison.Ordinal)
            .Replace("groups: [fence, sea]", "groups: [sea]", StringComparison.Ordinal)
            .Replace("Africa/Nouakchott", "Africa/Dakar", StringComparison.Ordinal);

        var (status, told) = await PutAsync(node, wanted, dryRun: true);
        status.ShouldBe(200, told?.ToJsonString());
        ((bool)told!["applied"]!).ShouldBeFalse();
        var changes = told["changes"]!.AsArray().ToDictionary(c => (string)c!["id"]!, c => c!);
        ((string)changes["other"]["kind"]!).ShouldBe("added");
        ((string)changes["hidden"]["kind"]!).ShouldBe("removed");
        var gate = changes["gate"]["fields"]!.AsArray().ToDictionary(f => (string)f!["field"]!, f => f!);
        gate.Keys.ShouldBe(["name", "groups", "password", "place.heading", "rules[fence]"], ignoreOrder: true);
        ((string?)gate["name"]["before"], (string?)gate["name"]["after"]).ShouldBe(("Gate", "Main gate"));
        ((bool)gate["password"]["secret"]!, (string?)gate["password"]["after"]).ShouldBe((true, null));
        var policy = changes["alarmPolicy"]["fields"]!.AsArray().ShouldHaveSingleItem()!;
        ((string?)policy["field"], (string?)policy["before"], (string?)policy["after"]).ShouldBe(("zone", "Africa/Nouakchott", "Africa/Dakar"));
        told.ToJsonString().ShouldNotContain("anders");
        (await node.GetAsync("/api/cameras")).AsArray().Select(c => (string)c!["id"]!).ShouldBe(["gate", "hidden", "tower"], ignoreOrder: true);

        var (applied, done) = await PutAsync(node, wanted, dryRun: false);
        applied.ShouldBe(200);
        ((bool)done!["applied"]!).ShouldBeTrue();
        done["changes"]!.ToJsonString().ShouldBe(told["changes"]!.ToJsonString());
        ((string)(await node.GetAsync("/api/cameras/gate"))["name"]!).ShouldBe("Main gate");
        (await node.GetAsync("/api/cameras")).AsArray().Select(c => (string)c!["id"]!).ShouldBe(["gate", "other", "tower"], ignoreOrder: true);
        ((double)(await node.GetAsync("/api/map"))["places"]!["gate"]!["heading"]!).ShouldBe(95);
        var gateNow = await node.GetAsync("/api/cameras/gate");
        ((string?)gateNow["site"], gateNow["groups"]!.ToJsonString()).ShouldBe(("Tarifa", """["sea"]"""));
        ((string?)(await node.GetAsync("/api/alarm-policy"))["policy"]!["zone"]).ShouldBe("Africa/Dakar");
        (await node.GetAsync("/api/cameras/gate/rules"))["rules"]![0]!["points"]![1]![0]!.GetValue<double>().ShouldBe(0.9);
        (await PutAsync(node, wanted, dryRun: true)).Body!["changes"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Errors_come_all_at_once_with_their_lines_and_nothing_is_changed()
    {
        await using var node = await TestNode.StartAsync(OfFile);
        await FillAsync(node);
        var (before, _) = await ExportAsync(node);
        const string Wrong = """
            cameras:
              - id: gate
                name: Gate
                main: http://127.0.0.1/
              - id: second
                main: rtsp://127.0.0.1:9/second
                userName: ana
                password: { secret: second.password }
              - id: tower
                name: Tower
              - id: third
                nmae: x
                main: rtsp://127.0.0.1:9/third
                rules:
                  - type: line
                    id: a
                    name: a
                    points: [[0.1, 0.2], [3, 0.4]]
                place: { latitude: 91, longitude: 0 }
              - id: fourth
                definedBy: file
              - id: fifth
                main: rtsp://127.0.0.1:9/fifth
                site: "a,b"
            plan: []
            alarmPolicy:
              zone: Middle/Earth
              clauses:
                - id: night
                  schedule: never
            """;

        var (status, body) = await PutAsync(node, Wrong, dryRun: false);

        status.ShouldBe(400);
        string[] told = [.. body!["faults"]!.AsArray().Select(f => $"{(int)f!["line"]!} {(string)f["field"]!}: {(string)f["message"]!}")];
        told.ShouldContain(t => t.StartsWith("4 cameras[0].main:"));
        told.ShouldContain(t => t.StartsWith("8 cameras[1].password:") && t.Contains("second.password"));
        told.ShouldContain(t => t.StartsWith("10 cameras[2].name:") && t.Contains("configuration file"));
        told.ShouldContain(t => t.StartsWith("12 cameras[3].nmae:"));
        told.ShouldContain(t => t.StartsWith("18 cameras[3].rules[0].points"));
        told.ShouldContain(t => t.StartsWith("19 cameras[3].place.latitude:"));
        told.ShouldContain(t => t.StartsWith("21 cameras[4].definedBy:"));
        told.ShouldContain(t => t.StartsWith("24 cameras[5].site:"));
        told.ShouldContain(t => t.StartsWith("25 plan:"));
        told.ShouldContain(t => t.StartsWith("30 alarmPolicy.clauses[0].schedule:"));
        (await ExportAsync(node)).Text.ShouldBe(before);
    }

    [Fact]
    public async Task Another_node_takes_it_over_once_it_is_given_the_secrets()
    {
        await using var first = await TestNode.StartAsync();
        await FillAsync(first);
        var (text, _) = await ExportAsync(first);
        await using var second = await TestNode.StartAsync();

        (await PutAsync(second, text, dryRun: false)).Status.ShouldBe(400);
        var (status, body) = await PutAsync(second, text + "secrets:\n  gate.password: geheim\n  hidden.main: rtsp://127.0.0.1:9/x?token=geheim\n", dryRun: false);

        status.ShouldBe(200, body?.ToJsonString());
        body!.ToJsonString().ShouldNotContain("geheim");
        (await ExportAsync(second)).Text.ShouldBe(text);
        ((bool)(await second.GetAsync("/api/cameras/gate"))["hasPassword"]!).ShouldBeTrue();
        second.Log.ShouldNotContain("geheim");
    }

    [Fact]
    public async Task What_was_compared_with_something_else_is_not_applied()
    {
        await using var node = await TestNode.StartAsync();
        await FillAsync(node);
        var (text, revision) = await ExportAsync(node);
        (await node.SendAsync(HttpMethod.Delete, "/api/cameras/hidden")).Status.ShouldBe(204);

        (await PutAsync(node, text.Replace("name: Gate", "name: X", StringComparison.Ordinal), dryRun: false, revision)).Status.ShouldBe(412);

        ((string)(await node.GetAsync("/api/cameras/gate"))["name"]!).ShouldBe("Gate");
    }

    [Fact]
    public async Task Who_may_not_change_rules_or_alarms_can_t_by_this_way_either()
    {
        await using var node = await TestNode.StartAsync();
        await FillAsync(node);
        string data = Path.Combine(node.Folder, "data"), database = "database=" + TestDatabase.Of(Path.Combine(data, NodeStore.FileName)), executable = Path.Combine(AppContext.BaseDirectory, "atalaya");
        (await ManagedProcess.RunAsync(executable, ["user", "add", "script", "--role", "technician", "--data", data, "--set", database])).ExitCode.ShouldBe(0);
        foreach (var (permissions, status, alarms) in new[] { ("manageCameras", 403, 403), ("manageCameras,manageRules", 200, 403) })
        {
            var made = await ManagedProcess.RunAsync(executable, ["token", "create", "script", "--data", data, "--set", database, .. permissions.Split(',').SelectMany(p => new[] { "--permission", p })]);
            made.ExitCode.ShouldBe(0, made.Errors);
            using var http = node.As(made.Output.Trim());
            using var response = await http.PutAsync("/api/configuration?dryRun=true", new StringContent("plans: []\n", new UTF8Encoding(false), new MediaTypeHeaderValue("application/yaml")), TestNode.Stop);
            ((int)response.StatusCode).ShouldBe(status, await response.Content.ReadAsStringAsync(TestNode.Stop));
            using var policy = await http.PutAsync("/api/configuration?dryRun=true", new StringContent("alarmPolicy: {}\n", new UTF8Encoding(false), new MediaTypeHeaderValue("application/yaml")), TestNode.Stop);
            ((int)policy.StatusCode).ShouldBe(alarms);
            (await http.GetStringAsync("/api/configuration", TestNode.Stop)).ShouldNotContain("alarmPolicy");
        }
    }

    [Fact]
    public async Task Masks_go_with_the_text_stay_where_it_is_silent_and_are_thinned_by_nobody_who_may_not()
    {
        await using var node = await TestNode.StartAsync(OfFile);
        await FillAsync(node);
        object yard = new { name = "The yard: north", reason = "Not ours", points = (double[][])[[0.25, 0.4], [0.75, 0.4], [0.75, 0.9]] };
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 0, masks = new[] { yard } })).Status.ShouldBe(200);
        var (text, _) = await ExportAsync(node);
        text.ShouldContain("points: [[0.25, 0.4], [0.75, 0.4], [0.75, 0.9]]");
        text.ShouldContain("kind: fill");
        (await PutAsync(node, text, dryRun: false)).Body!["changes"]!.AsArray().ShouldBeEmpty();
        (await MasksAsync("gate")).ShouldBe((1, 1));

        // A text from before there were masks.
        string[] lines = text.Split('\n');
        int first = Array.FindIndex(lines, l => l == "    masks:"), end = Array.FindIndex(lines, first + 1, l => !l.StartsWith("      ", StringComparison.Ordinal));
        string silent = string.Join('\n', [.. lines[..first], .. lines[end..]]);
        (await PutAsync(node, silent, dryRun: false)).Body!["changes"]!.AsArray().ShouldBeEmpty();
        (await MasksAsync("gate")).ShouldBe((1, 1));

        // Of the file's camera as well, with a version and a leaf of its own.
        string more = text.Replace("    definedBy: file\n", "    definedBy: file\n    masks:\n      - name: Door\n        points: [[0, 0], [0.2, 0], [0.2, 0.2]]\n", StringComparison.Ordinal);
        var (status, done) = await PutAsync(node, more, dryRun: false);
        status.ShouldBe(200, done?.ToJsonString());
        (await MasksAsync("tower")).ShouldBe((1, 1));
        ((string?)(await node.GetAsync("/api/cameras/tower/masks"))["by"]).ShouldBe("administrator");

        // Who may set up cameras and rules, and not look under masks.
        using var technician = await node.AsAsync("technician", new Grant("technician", Scope.Organisation));
        string none = text.Replace(string.Join('\n', lines[first..end]), "    masks: []", StringComparison.Ordinal), thinner = text.Replace("kind: fill", "kind: blur", StringComparison.Ordinal);
        foreach (string less in (string[])[none, thinner])
        {
            using var answer = await technician.PutAsync("/api/configuration", new StringContent(less, new MediaTypeHeaderValue("application/yaml")), TestNode.Stop);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await answer.Content.ReadAsStringAsync(TestNode.Stop)).ShouldContain("unmask");
        }

        (await MasksAsync("gate")).ShouldBe((1, 1));
        (await PutAsync(node, none, dryRun: false)).Status.ShouldBe(200);
        (await MasksAsync("gate")).ShouldBe((2, 0));

        var (refused, problem) = await PutAsync(node, text.Replace("[0.75, 0.9]]", "[0.75, 1.9]]", StringComparison.Ordinal), dryRun: false);
        refused.ShouldBe(400);
        ((string)problem!["faults"]![0]!["field"]!).ShouldContain("masks[0].points");

        async Task<(long Version, int Count)> MasksAsync(string camera)
        {
            var masks = await node.GetAsync($"/api/cameras/{camera}/masks");
            return ((long)masks["version"]!, masks["masks"]!.AsArray().Count);
        }
    }

    [Fact]
    public async Task A_section_that_is_not_there_stays_as_it_is()
    {
        await using var node = await TestNode.StartAsync();
        await FillAsync(node);

        var (_, body) = await PutAsync(node, "plans: []\n", dryRun: false);

        var change = body!["changes"]!.AsArray().ShouldHaveSingleItem()!;
        ((string)change["section"]!, (string)change["kind"]!).ShouldBe(("plans", "removed"));
        (await node.GetAsync("/api/cameras")).AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task The_command_line_takes_it_out_beside_a_node_and_back_without_one()
    {
        using var folder = new TempFolder("configuration");
        string database = "database=" + TestDatabase.Of(folder.File("data", NodeStore.FileName));
        string executable = Path.Combine(AppContext.BaseDirectory, "atalaya"), file = folder.File("node.yaml"), secrets = folder.File("secrets.yaml");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await FillAsync(node);
            var export = await ManagedProcess.RunAsync(executable, ["configuration", "export", "--data", folder.File("data"), "--set", database, "--out", file]);
            export.ExitCode.ShouldBe(0, export.Errors);
            (await File.ReadAllTextAsync(file, TestNode.Stop)).Split('\n').Skip(1).ShouldBe((await ExportAsync(node)).Text.Split('\n').Skip(1));
            var refused = await ManagedProcess.RunAsync(executable, ["configuration", "import", file, "--data", folder.File("data"), "--set", database]);
            refused.ExitCode.ShouldBe(ExitCode.Failed);
            refused.Errors.ShouldContain("A node runs on this data folder");
        }

        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestNode.Stop)).Replace("name: Gate", "name: Main gate", StringComparison.Ordinal).Replace("gate.password }", "new.password }", StringComparison.Ordinal), TestNode.Stop);
        await File.WriteAllTextAsync(secrets, "new.password: anders\n", TestNode.Stop);
        var wrong = await ManagedProcess.RunAsync(executable, ["configuration", "import", file, "--data", folder.File("data"), "--set", database]);
        wrong.ExitCode.ShouldBe(ExitCode.Usage);
        wrong.Errors.ShouldContain($"{file}:");
        wrong.Errors.ShouldContain("new.password");
        foreach (string dry in (string[])["--dry-run", ""])
        {
            var import = await ManagedProcess.RunAsync(executable, ["configuration", "import", file, "--data", folder.File("data"), "--set", database, "--secrets", secrets, .. dry.Length > 0 ? new[] { dry } : []]);
            import.ExitCode.ShouldBe(0, import.Errors);
            import.Output.ShouldContain("name: Gate → Main gate");
            import.Output.ShouldContain("password: another secret");
            import.Output.ShouldNotContain("anders");
        }

        await using var again = await TestNode.StartAsync(folder: folder.Path);
        ((string)(await again.GetAsync("/api/cameras/gate"))["name"]!).ShouldBe("Main gate");
    }

    [Fact]
    public void Whatever_JSON_holds_is_the_same_after_YAML()
    {
        var random = new Random(20260301);
        string[] texts =
        [
            "", " ", "x", "a b", " a", "a ", "a: b", "a #b", "#", "-", "- a", "?", "true", "No", "null", "~", "1", "-0.5", "1e5", "0x1f", "1_000", ".5", "'", "\"", "\\", "{", "[a]", "a, b",
            "&a", "*a", "!a", "|", ">", "%", "@", "`", "a:", ":a", "\n", "a\nb", "\t", "\u0085", "\u2028", "\ufeff", "\u200f", "é", "مرحبا بالعالم", "😀", "rtsp://10.0.0.1:554/a?b=c&d#e", "2026-01-01", "=", "<<", "---", "...",
        ];
        for (int i = 0; i < 3000; i++)
        {
            var tree = new JsonObject { ["top"] = Any(0) };
            string yaml = YamlWriter.Write(tree);
            var errors = new List<OptionError>();
            var read = YamlTree.Read(yaml, "x", errors);
            errors.ShouldBeEmpty(yaml);
            string again = YamlWriter.Read(read!)!.ToJsonString();
            if (again != tree.ToJsonString())
                Assert.Fail($"{tree.ToJsonString()}\nbecame\n{again}\nby\n{yaml}");
        }

        JsonNode? Any(int depth) => random.Next(depth > 4 ? 5 : 8) switch
        {
            0 => null,
            1 => JsonValue.Create(random.Next(2) == 0),
            2 => JsonValue.Create(random.Next(-1000, 1000)),
            3 => JsonValue.Create(Math.Round((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, 20)), 6)),
            4 => JsonValue.Create(texts[random.Next(texts.Length)]),
            5 or 6 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Any(depth + 1))]),
            _ => new JsonObject(Enumerable.Range(0, random.Next(4)).Select(i => KeyValuePair.Create(texts[random.Next(texts.Length)] + i, Any(depth + 1)))),
        };
    }

    [Fact]
    public async Task Damaged_texts_are_refused_with_a_line_and_never_break_the_node()
    {
        await using var node = await TestNode.StartAsync(OfFile);
        await FillAsync(node);
        string good = (await ExportAsync(node)).Text + "secrets:\n  gate.password: geheim\n";
        const string Salt = "{}[]:,-&*!|>'\"%@`#?\n\t \\\u00e9~0a=x";
        var random = new Random(20260302);
        for (int i = 0; i < 400; i++)
        {
            var text = new StringBuilder(good);
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                int at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text[at] = Salt[random.Next(Salt.Length)];
                else
                    text.Remove(at, Math.Min(random.Next(1, 30), text.Length - at));
            }

            var (status, body) = await PutAsync(node, text.ToString(), dryRun: true);
            if (status == 200)
                continue;
            status.ShouldBe(400, text.ToString());
            body!["faults"]!.AsArray().ShouldNotBeEmpty(text.ToString());
            body["faults"]!.AsArray().ShouldAllBe(f => (int)f!["line"]! > 0 && ((string)f["message"]!).Length > 0);
            body.ToJsonString().ShouldNotContain("geheim", Case.Sensitive, text.ToString());
        }
    }

    /// <summary>Two cameras, one whose address is a secret, rules, a place, a plan.</summary>
    static async Task FillAsync(TestNode node)
    {
        foreach (object camera in new object[]
        {
            new { id = "gate", name = "Gate", site = "Tarifa", groups = new[] { "sea", "fence" }, main = new { url = "rtsp://127.0.0.1:9/main" }, sub = new { url = "rtsp://127.0.0.1:9/sub" }, userName = "ana", password = "geheim", enabled = false, record = "both", retention = new { days = 12.5, bytes = 50_000_000L } },
            new { id = "hidden", name = "بوابة: 2", main = new { url = "rtsp://127.0.0.1:9/x?token=geheim" }, enabled = false },
        })
        {
            var (status, body) = await node.SendAsync(HttpMethod.Post, "/api/cameras", camera);
            status.ShouldBe(201, body?.ToJsonString());
        }

        var (ruled, why) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/rules", new { rules = JsonNode.Parse(Rules) });
        ruled.ShouldBe(200, why?.ToJsonString());
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/place", new { latitude = 35.9, longitude = -5.3, heading = 90, angle = 60, range = 120 })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, "/api/plans/yard", new { name = "Yard", south = 35.0, west = -5.4, north = 36.0, east = -5.2 })).Status.ShouldBe(200);
        var (written, fault) = await node.SendAsync(HttpMethod.Put, "/api/alarm-policy", new
        {
            zone = "Africa/Nouakchott",
            schedules = new[] { new { id = "night", windows = new[] { new { from = "20:00:00", to = "06:00:00" } } } },
            clauses = new object[] { new { id = "river-night", groups = new[] { "sea" }, schedule = "night", type = "crossing", severity = "critical" }, new { id = "rest" } },
        });
        written.ShouldBe(200, fault?.ToJsonString());
    }

    static async Task<(string Text, string Revision)> ExportAsync(TestNode node)
    {
        using var response = await node.Http.GetAsync("/api/configuration", TestNode.Stop);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/yaml");
        return (await response.Content.ReadAsStringAsync(TestNode.Stop), response.Headers.ETag!.Tag);
    }

    static async Task<(int Status, JsonNode? Body)> PutAsync(TestNode node, string text, bool dryRun, string? seen = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/configuration?dryRun={(dryRun ? "true" : "false")}") { Content = new StringContent(text, new UTF8Encoding(false), new MediaTypeHeaderValue("application/yaml")) };
        if (seen is not null)
            request.Headers.IfMatch.Add(new(seen));
        using var response = await node.Http.SendAsync(request, TestNode.Stop);
        string body = await response.Content.ReadAsStringAsync(TestNode.Stop);
        return ((int)response.StatusCode, body.Length == 0 ? null : JsonNode.Parse(body));
    }
}
