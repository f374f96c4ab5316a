using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>Walls and tours that are kept: one's own are nobody else's, shared ones are changed by who manages cameras, and none shows what its viewer may not watch.</summary>
public sealed class LayoutTests
{
    const string Cameras = """
        cameras:
          - { id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }
          - { id: far, main: rtsp://127.0.0.1:9/x, enabled: false, site: elsewhere }
        """;

    static CancellationToken Stop => TestNode.Stop;

    [Fact]
    public async Task A_wall_is_kept_over_a_restart_changed_and_removed()
    {
        using var folder = new TempFolder("layouts");
        string id;
        await using (var node = await TestNode.StartAsync(Cameras, folder.Path))
        {
            var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = " Noche ", size = 6, tiles = new object[] { new { kind = "alarm", camera = "gate", seconds = 60 }, new { camera = "far" } } });
            status.ShouldBe(201);
            id = (string)made!["id"]!;
            ((string)made["name"]!).ShouldBe("Noche");
            ((string)made["owner"]!).ShouldBe("administrator");
            made["tiles"]!.AsArray().Count.ShouldBe(6);
            KindsOf(made).ShouldBe(["alarm", "camera", "empty", "empty", "empty", "empty"]);
        }

        await using var again = await TestNode.StartAsync(Cameras, folder.Path);
        var kept = (await again.GetAsync("/api/layouts")).AsArray().Single()!;
        ((int)kept["tiles"]![0]!["seconds"]!).ShouldBe(60);
        (await again.SendAsync(HttpMethod.Put, $"/api/layouts/{id}", new { name = "Noche", size = 4, tiles = new[] { new { camera = "far" } } })).Status.ShouldBe(200);
        (await again.SendAsync(HttpMethod.Delete, $"/api/layouts/{id}")).Status.ShouldBe(204);
        (await again.SendAsync(HttpMethod.Delete, $"/api/layouts/{id}")).Status.ShouldBe(404);
        (await again.GetAsync("/api/layouts")).AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Ones_own_wall_is_nobody_elses_and_a_shared_one_is_changed_by_who_manages_cameras_alone()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        using var ana = await node.AsAsync("ana", new Grant("operator", Scope.Organisation));
        using var technician = await node.AsAsync("tecnico", new Grant("technician", Scope.Organisation));
        var own = await PostAsync(ana, "/api/layouts", new { name = "Mine", size = 1, tiles = new[] { new { camera = "gate" } } });
        own.Status.ShouldBe(201);
        string ownId = (string)own.Body!["id"]!;
        (await PostAsync(ana, "/api/layouts", new { name = "Ours", size = 1, shared = true })).Status.ShouldBe(403);
        var shared = await PostAsync(technician, "/api/layouts", new { name = "Ours", size = 4, shared = true, tiles = new[] { new { camera = "gate" } } });
        shared.Status.ShouldBe(201);
        string sharedId = (string)shared.Body!["id"]!;

        (await NamesAsync(ana)).ShouldBe(["Mine", "Ours"]);
        (await NamesAsync(technician)).ShouldBe(["Ours"]);
        foreach (var (http, id, expected) in new[] { (technician, ownId, 404), (ana, sharedId, 403) })
        {
            ((int)(await http.PutAsJsonAsync($"/api/layouts/{id}", new { name = "Theirs", size = 1 }, Stop)).StatusCode).ShouldBe(expected);
            ((int)(await http.DeleteAsync($"/api/layouts/{id}", Stop)).StatusCode).ShouldBe(expected);
        }

        // Another who manages cameras may change it, but not make it disappear for its owner's sake.
        (await node.SendAsync(HttpMethod.Put, $"/api/layouts/{sharedId}", new { name = "Ours", size = 4, shared = false })).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Put, $"/api/layouts/{sharedId}", new { name = "Ours, too", size = 4 })).Status.ShouldBe(200);
        (await NamesAsync(ana)).ShouldBe(["Mine", "Ours, too"]);
    }

    [Fact]
    public async Task A_camera_that_the_viewer_may_not_watch_is_not_in_their_wall_and_stays_in_that_of_others()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        var (_, made) = await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "Both", size = 4, shared = true, tiles = new[] { new { camera = "gate" }, new { camera = "far" } } });
        await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "Gate alone", size = 1, shared = true, tiles = new[] { new { camera = "gate" } } });
        using var elsewhere = await node.AsAsync("elsewhere", new Grant("operator", new(ScopeKind.Site, "elsewhere")));

        string text = await elsewhere.GetStringAsync("/api/layouts", Stop);
        text.ShouldNotContain("gate");
        (await NamesAsync(elsewhere)).ShouldBe(["Both"]);
        KindsOf(JsonNode.Parse(text)![0]!).ShouldBe(["empty", "camera", "empty", "empty"]);
        var hidden = await PostAsync(elsewhere, "/api/layouts", new { name = "x", size = 1, tiles = new[] { new { camera = "gate" } } });
        var absent = await PostAsync(elsewhere, "/api/layouts", new { name = "x", size = 1, tiles = new[] { new { camera = "gone" } } });
        hidden.Status.ShouldBe(404);
        hidden.Body!.ToJsonString().Replace("gate", "gone", StringComparison.Ordinal).ShouldBe(absent.Body!.ToJsonString());

        // Who changes what they see in part leaves the rest where it is.
        using var half = await node.AsAsync("half", new Grant("operator", new(ScopeKind.Site, "elsewhere")), new Grant(await ManagerAsync(node), Scope.Organisation));
        var seen = JsonNode.Parse(await half.GetStringAsync("/api/layouts", Stop))!.AsArray().Single(l => (string?)l!["name"] == "Both")!;
        using var changed = await half.PutAsJsonAsync($"/api/layouts/{made!["id"]}", new { name = "Both", size = 4, tiles = seen["tiles"]!.AsArray().Select(t => new { kind = (string)t!["kind"]!, camera = (string?)t["camera"] }).ToArray() }, Stop);
        ((int)changed.StatusCode).ShouldBe(200);
        KindsOf((await node.GetAsync("/api/layouts")).AsArray().Single(l => (string?)l!["name"] == "Both")!).ShouldBe(["camera", "camera", "empty", "empty"]);
    }

    [Fact]
    public async Task Who_was_slower_is_told()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        var (_, made) = await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "A", size = 1 });
        async Task<int> ChangeAsync(string version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/layouts/{made!["id"]}") { Content = JsonContent.Create(new { name = "B", size = 1 }), Headers = { { "If-Match", version } } };
            using var answer = await node.Http.SendAsync(request, Stop);
            return (int)answer.StatusCode;
        }

        (await ChangeAsync("\"1\"")).ShouldBe(200);
        (await ChangeAsync("\"1\"")).ShouldBe(412);
        (await ChangeAsync("\"2\"")).ShouldBe(200);
    }

    [Fact]
    public async Task What_is_wrong_is_told_field_by_field()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        foreach (var (path, body, field) in new (string, object, string)[]
        {
            ("/api/layouts", new { size = 4 }, "name"),
            ("/api/layouts", new { name = "x", size = 5 }, "size"),
            ("/api/layouts", new { name = "x", size = 1, tiles = new[] { new { camera = "gate" }, new { camera = "far" } } }, "tiles"),
            ("/api/layouts", new { name = "x", size = 1, tiles = new[] { new { kind = "camera" } } }, "tiles[0].camera"),
            ("/api/layouts", new { name = "x", size = 1, tiles = new[] { new { kind = "alarm", seconds = 1 } } }, "tiles[0].seconds"),
            ("/api/tours", new { name = "x" }, "steps"),
            ("/api/tours", new { name = "x", steps = new[] { new { seconds = 10 } } }, "steps[0]"),
            ("/api/tours", new { name = "x", steps = new[] { new { camera = "gate", seconds = 4 } } }, "steps[0].seconds"),
        })
        {
            var (status, problem) = await node.SendAsync(HttpMethod.Post, path, body);
            status.ShouldBe(400, field);
            problem!["errors"]!.AsObject().ShouldContainKey(field);
        }
    }

    [Fact]
    public async Task A_tour_goes_through_walls_and_cameras_and_a_shared_one_through_shared_ones_alone()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        var (_, own) = await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "Own", size = 1, tiles = new[] { new { camera = "gate" } } });
        var (_, shared) = await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "Shared", size = 1, shared = true, tiles = new[] { new { camera = "gate" } } });
        object Steps(JsonNode? layout) => new object[] { new { layout = (string)layout!["id"]!, seconds = 30 }, new { camera = "far" } };
        (await node.SendAsync(HttpMethod.Post, "/api/tours", new { name = "Mine", steps = Steps(own) })).Status.ShouldBe(201);
        (await node.SendAsync(HttpMethod.Post, "/api/tours", new { name = "Ours", shared = true, steps = Steps(own) })).Status.ShouldBe(400);
        var (status, tour) = await node.SendAsync(HttpMethod.Post, "/api/tours", new { name = "Ours", shared = true, steps = Steps(shared) });
        status.ShouldBe(201);
        ((int)tour!["steps"]![1]!["seconds"]!).ShouldBe(20);

        // Of it everybody gets what they may watch.
        using var elsewhere = await node.AsAsync("elsewhere", new Grant("operator", new(ScopeKind.Site, "elsewhere")));
        var seen = JsonNode.Parse(await elsewhere.GetStringAsync("/api/tours", Stop))!.AsArray().Single()!;
        ((string)seen["steps"]!.AsArray().Single()!["camera"]!).ShouldBe("far");
        ((int)(await elsewhere.DeleteAsync($"/api/tours/{tour["id"]}", Stop)).StatusCode).ShouldBe(403);

        // A wall that is gone is no step any more.
        (await node.SendAsync(HttpMethod.Delete, $"/api/layouts/{shared!["id"]}")).Status.ShouldBe(204);
        (await node.GetAsync("/api/tours")).AsArray().Single(t => (string?)t!["name"] == "Ours")!["steps"]!.AsArray().Count.ShouldBe(1);
        (await node.SendAsync(HttpMethod.Put, $"/api/tours/{tour["id"]}", new { name = "Ours", steps = new[] { new { camera = "gate", seconds = 5 } } })).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Nobody_keeps_more_than_there_is_room_for()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        for (int i = 0; i < Layouts.LayoutEndpoints.MaxOwn; i++)
            (await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = $"{i}", size = 1 })).Status.ShouldBe(201);

        (await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "one more", size = 1 })).Status.ShouldBe(409);
        (await node.SendAsync(HttpMethod.Post, "/api/layouts", new { name = "for all", size = 1, shared = true })).Status.ShouldBe(201);
    }

    /// <summary>A role that manages cameras and sees none.</summary>
    static async Task<string> ManagerAsync(TestNode node)
    {
        (await node.SendAsync(HttpMethod.Put, "/api/roles/manager", new { name = "Manager", permissions = new[] { "manageCameras" } })).Status.ShouldBeOneOf(200, 201);
        return "manager";
    }

    static IEnumerable<string> KindsOf(JsonNode layout) => layout["tiles"]!.AsArray().Select(t => (string)t!["kind"]!);

    static async Task<string[]> NamesAsync(HttpClient http) => [.. JsonNode.Parse(await http.GetStringAsync("/api/layouts", Stop))!.AsArray().Select(l => (string)l!["name"]!)];

    static async Task<(int Status, JsonNode? Body)> PostAsync(HttpClient http, string path, object body)
    {
        using var answer = await http.PostAsJsonAsync(path, body, Stop);
        string text = await answer.Content.ReadAsStringAsync(Stop);
        return ((int)answer.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }
}
