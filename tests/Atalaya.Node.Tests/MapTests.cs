using System.Net.Http.Headers;

using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>Where cameras stand, and the plans under them: kept over a restart, refused with the field that is wrong, never served as something else than a picture.</summary>
public sealed class MapTests
{
    const string Cameras = """
        cameras:
          - { id: gate, name: "Gate", main: "rtsp://127.0.0.1:9/gate" }
        """;

    static CancellationToken Stop => TestNode.Stop;

    /// <summary>A PNG of one pixel.</summary>
    static readonly byte[] Pixel = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Fact]
    public async Task A_camera_is_put_on_the_map_moved_kept_over_a_restart_and_taken_off()
    {
        using var folder = new TempFolder("map");
        await using (var node = await TestNode.StartAsync(Cameras, folder.Path))
        {
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/place", new { latitude = 35.17, longitude = -6.15, heading = 45, angle = 80, range = 60 })).Status.ShouldBe(200);
            (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/place", new { latitude = 35.18, longitude = -6.15 })).Status.ShouldBe(200);
            var place = (await node.GetAsync("/api/map"))["places"]!["gate"]!;
            ((double)place["latitude"]!).ShouldBe(35.18);
            place["heading"].ShouldBeNull();
        }

        await using var again = await TestNode.StartAsync(Cameras, folder.Path);
        ((double)(await again.GetAsync("/api/map"))["places"]!["gate"]!["longitude"]!).ShouldBe(-6.15);
        (await again.SendAsync(HttpMethod.Delete, "/api/cameras/gate/place")).Status.ShouldBe(204);
        (await again.GetAsync("/api/map"))["places"]!.AsObject().ShouldBeEmpty();
    }

    [Fact]
    public async Task Each_wrong_number_is_told_beside_its_field_and_nothing_is_kept()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        var (status, body) = await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/place", new { latitude = 91, heading = 400, angle = 0, range = -1 });
        status.ShouldBe(400);
        body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["angle", "heading", "latitude", "longitude", "range"], ignoreOrder: true);
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/nobody/place", new { latitude = 1, longitude = 1 })).Status.ShouldBe(404);
        var plan = await node.SendAsync(HttpMethod.Put, "/api/plans/yard", new { name = " ", south = 2, north = 1, west = 3, east = 3 });
        plan.Status.ShouldBe(400);
        plan.Body!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["east", "name", "north"], ignoreOrder: true);
        (await node.GetAsync("/api/map"))["plans"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_plan_is_a_picture_of_a_known_kind_with_an_address_that_changes_with_it()
    {
        await using var node = await TestNode.StartAsync(Cameras);
        (await SendImageAsync(node, Pixel)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await node.SendAsync(HttpMethod.Put, "/api/plans/yard", new { name = "Yard", south = 35.1, north = 35.2, west = -6.2, east = -6.1 })).Status.ShouldBe(200);
        (await node.GetAsync("/api/map"))["plans"]![0]!["image"].ShouldBeNull();

        using (var script = await SendImageAsync(node, "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"u8.ToArray()))
            script.StatusCode.ShouldBe(System.Net.HttpStatusCode.BadRequest);
        using (var large = await SendImageAsync(node, new byte[9 << 20]))
            large.StatusCode.ShouldBe(System.Net.HttpStatusCode.RequestEntityTooLarge);

        // Larger than other requests may be.
        byte[] image = [.. Pixel, .. new byte[1 << 20]];
        using (var kept = await SendImageAsync(node, image))
            kept.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        string address = (string)(await node.GetAsync("/api/map"))["plans"]![0]!["image"]!;
        using (var shown = await node.Http.GetAsync(address, Stop))
        {
            shown.Content.Headers.ContentType!.MediaType.ShouldBe("image/png");
            (await shown.Content.ReadAsByteArrayAsync(Stop)).ShouldBe(image);
        }

        (await SendImageAsync(node, Pixel)).Dispose();
        ((string)(await node.GetAsync("/api/map"))["plans"]![0]!["image"]!).ShouldNotBe(address);
        (await node.SendAsync(HttpMethod.Delete, "/api/plans/yard")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Delete, "/api/plans/yard")).Status.ShouldBe(404);
    }

    static async Task<HttpResponseMessage> SendImageAsync(TestNode node, byte[] image)
    {
        using var content = new ByteArrayContent(image);
        content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        return await node.Http.PutAsync("/api/plans/yard/image", content, Stop);
    }
}
