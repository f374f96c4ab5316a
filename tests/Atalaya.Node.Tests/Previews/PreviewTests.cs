using System.Net;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Store;
using Atalaya.Recording;
using Atalaya.Testing;

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Previews;

/// <summary>Small pictures for the timeline, through the API of a node whose archive is from yesterday.</summary>
public sealed class PreviewTests
{
    const int FrameRate = 5;
    const string Camera = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]";

    [Fact]
    public async Task A_minute_comes_as_tiles_that_say_their_own_time_and_is_kept_until_its_footage_goes()
    {
        using var folder = new TempFolder("previews");
        var start = await RecordYesterdayAsync(folder, seconds: 75);
        long minute = start.ToUnixTimeSeconds() / 60;
        await using var node = await TestNode.StartAsync(Camera, folder.Path, analysis: true);
        string path = $"/api/cameras/gate/previews/{minute}.jpg";

        using var made = await node.Http.GetAsync(path, TestNode.Stop);
        string body = made.IsSuccessStatusCode ? "" : await made.Content.ReadAsStringAsync(TestNode.Stop);
        Assert.SkipWhen(body.Contains("install", StringComparison.Ordinal), body);
        made.StatusCode.ShouldBe(HttpStatusCode.OK, body);
        made.Content.Headers.ContentType!.MediaType.ShouldBe("image/jpeg");
        made.Headers.CacheControl!.ToString().ShouldContain("immutable");
        byte[] jpeg = await made.Content.ReadAsByteArrayAsync(TestNode.Stop);
        var tiles = JsonNode.Parse(made.Headers.GetValues("Atalaya-Preview").Single())!["tiles"]!.AsArray();
        tiles.Count.ShouldBe(12);
        string file = folder.File("sprite.jpg");
        await File.WriteAllBytesAsync(file, jpeg, TestNode.Stop);
        foreach (int i in (int[])[0, 1, 5, 11])
        {
            // Each picture carries its number: the time that its tile claims is the time at which it was taken.
            double seconds = ((long)tiles[i]!["at"]! - start.ToUnixTimeMilliseconds()) / 1000.0;
            seconds.ShouldBeInRange(5 * i, (5 * i) + 2.1);
            (await NumberAsync(file, (int)tiles[i]!["x"]!, (int)tiles[i]!["y"]!)).ShouldBe((int)Math.Round(seconds * FrameRate));
        }

        // From the cache now, and byte for byte the same.
        using (var again = await node.Http.GetAsync(path, TestNode.Stop))
            (await again.Content.ReadAsByteArrayAsync(TestNode.Stop)).ShouldBe(jpeg);
        (await node.Http.GetStringAsync("/metrics", TestNode.Stop)).ShouldContain("""atalaya_previews_total{from="cache"} 1""");
        using (var known = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { made.Headers.ETag! } } })
            (await node.Http.SendAsync(known, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotModified);

        // A cache: whoever deletes it loses nothing.
        Directory.Delete(folder.File("data", "previews"), recursive: true);
        (await node.Http.GetByteArrayAsync(path, TestNode.Stop)).ShouldBe(jpeg);

        // The minute that was cut short by the end of the recording.
        using (var part = await node.Http.GetAsync($"/api/cameras/gate/previews/{minute + 1}.jpg", TestNode.Stop))
            JsonNode.Parse(part.Headers.GetValues("Atalaya-Preview").Single())!["tiles"]!.AsArray().Count.ShouldBe(3);

        // Footage goes: the picture of it goes, too.
        ForgetFootage(folder);
        Directory.GetFiles(folder.File("data", "previews"), "*.jpg", SearchOption.AllDirectories).Length.ShouldBe(2);
        (await node.SendAsync(HttpMethod.Get, path)).Status.ShouldBe(204);
        Directory.GetFiles(folder.File("data", "previews"), "*.jpg", SearchOption.AllDirectories).Length.ShouldBe(1);
        await node.Service<Node.Previews.Previews>().SweepAsync(TestNode.Stop);
        Directory.GetFiles(folder.File("data", "previews"), "*.jpg", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task They_are_made_before_somebody_asks_the_newest_first()
    {
        using var folder = new TempFolder("previews");
        var start = await RecordYesterdayAsync(folder, seconds: 75);
        long minute = start.ToUnixTimeSeconds() / 60;
        await using var node = await TestNode.StartAsync(Camera, folder.Path, analysis: true);
        var previews = node.Service<Node.Previews.Previews>();
        bool made = await previews.MakeNextAsync(TestNode.Stop);
        Assert.SkipWhen(!made && node.Log.Contains("install", StringComparison.Ordinal), "Analysis isn't there.");
        made.ShouldBeTrue();
        Kept().ShouldBe([minute + 1]);
        (await previews.MakeNextAsync(TestNode.Stop)).ShouldBeTrue();
        Kept().ShouldBe([minute, minute + 1]);
        (await previews.MakeNextAsync(TestNode.Stop)).ShouldBeFalse();

        (await node.Http.GetByteArrayAsync($"/api/cameras/gate/previews/{minute}.jpg", TestNode.Stop)).Length.ShouldBeGreaterThan(0);
        (await node.Http.GetStringAsync("/metrics", TestNode.Stop)).ShouldContain("""atalaya_previews_total{from="cache"} 1""");

        long[] Kept() => [.. Directory.GetFiles(folder.File("data", "previews"), "*.jpg", SearchOption.AllDirectories)
            .Select(f => long.Parse(Path.GetFileNameWithoutExtension(f), System.Globalization.CultureInfo.InvariantCulture)).Order()];
    }

    [Fact]
    public async Task Where_there_is_none_the_answer_says_so()
    {
        using var folder = new TempFolder("previews");
        var start = await RecordYesterdayAsync(folder, seconds: 8);
        long minute = start.ToUnixTimeSeconds() / 60;
        await using var node = await TestNode.StartAsync(Camera, folder.Path);

        (await node.SendAsync(HttpMethod.Get, $"/api/cameras/gate/previews/{minute + 5}.jpg")).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Get, $"/api/cameras/other/previews/{minute}.jpg")).Status.ShouldBe(404);
        (await node.SendAsync(HttpMethod.Get, $"/api/cameras/..%2F..%2Fkeys/previews/{minute}.jpg")).Status.ShouldBe(404);
        (await node.SendAsync(HttpMethod.Get, "/api/cameras/gate/previews/17.jpg")).Status.ShouldBe(400);
        (await node.SendAsync(HttpMethod.Get, "/api/cameras/gate/previews/-1.jpg")).Status.ShouldBe(400);

        using var response = await node.Http.GetAsync($"/api/cameras/gate/previews/{minute}.jpg", TestNode.Stop);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter.ShouldNotBeNull();
        (await response.Content.ReadAsStringAsync(TestNode.Stop)).ShouldContain("switched off");

        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, $"/api/cameras/gate/previews/{minute}.jpg");
        elsewhere.Headers.Add("Sec-Fetch-Site", "cross-site");
        (await node.Http.SendAsync(elsewhere, TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>Numbered pictures, a key picture every two seconds, from the begin of a minute of yesterday on.</summary>
    static async Task<DateTimeOffset> RecordYesterdayAsync(TempFolder folder, int seconds)
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 60 * 60).AddDays(-1);
        string data = folder.File("data");
        Directory.CreateDirectory(data);
        await using var store = Open(folder);
        var clock = new ManualClock(start);
        await using (var archive = await Archive.OpenAsync(Path.Combine(data, "archive"), store, RecordingOptions.Default, clock, NullLogger.Instance, TestNode.Stop))
        {
            var hub = new StreamHub();
            var recorder = archive.Attach("gate", StreamKind.Main, hub);
            using var clip = Mp4File.Open(await Ffmpeg.ClipAsync(new(FrameRate: FrameRate, Frames: seconds * FrameRate, KeyInterval: 2 * FrameRate)));
            var track = clip.Video!;
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
            for (int i = 0; i < track.Samples.Count; i++)
            {
                var sample = track.Samples[i];
                var at = WallTime.From(start) + sample.Decode.ToTimeSpan();
                using var unit = new Owned(new(track.Format, track.ReadSample(i))
                {
                    Decode = sample.Decode,
                    Presentation = sample.Presentation,
                    IsKey = sample.IsKey,
                    Wall = at,
                    Arrival = new((at.Microseconds * 1000) - 1_000_000_000_000_000),
                });
                hub.Publish(unit.Unit);
                // Never further ahead of the disk than its queue is long.
                while (i % 25 == 24 && !(recorder.Status().Newest > at - TimeSpan.FromSeconds(5)) && await beat.WaitForNextTickAsync(TestNode.Stop))
                {
                }
            }

            clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        SqliteConnection.ClearAllPools();
        return start;
    }

    static void ForgetFootage(TempFolder folder)
    {
        using var store = Open(folder);
        using var connection = store.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = "delete from segments; delete from coverage";
        command.ExecuteNonQuery();
    }

    static global::System.Data.Common.DbDataSource Open(TempFolder folder) =>
        NodeStore.Open(new() { Database = TestDatabase.Of(folder.File("data", NodeStore.FileName)) }, folder.File("data"));

    static async Task<int> NumberAsync(string sprite, int x, int y)
    {
        string tile = $"{sprite}.{x}.{y}.png";
        await Ffmpeg.RunAsync(["-i", sprite, "-vf", $"crop=192:144:{x}:{y}", tile]);
        return (await Ffmpeg.ReadNumbersAsync(tile)).ShouldHaveSingleItem();
    }

    readonly struct Owned(AccessUnit unit) : IDisposable
    {
        public AccessUnit Unit => unit;

        public void Dispose() => unit.Release();
    }
}
