using System.Net.WebSockets;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Node.Tests;

public sealed class LiveTests
{
    static readonly ClipRecipe Clip = new(Frames: 100, KeyInterval: 25);

    [Theory]
    [InlineData(Codec.H264, 0)]
    [InlineData(Codec.H264, 2)]
    [InlineData(Codec.H265, 0)]
    public async Task A_viewer_gets_an_init_segment_and_fragments_that_make_a_whole_file(Codec codec, int bFrames)
    {
        await using var fake = await FakeCamera.StartAsync(Clip with { Video = codec, BFrames = bFrames });
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");
        using var folder = new TempFolder("live");
        string file = folder.File("live.mp4");

        using var socket = await node.ConnectAsync("/api/cameras/gate/live?stream=main");
        var init = await socket.NextTextAsync();
        ((string?)init!["type"]).ShouldBe("init");
        ((string?)init["mime"])!.ShouldStartWith(codec == Codec.H264 ? "video/mp4; codecs=\"avc1." : "video/mp4; codecs=\"hvc1.");
        ((int)init["width"]!).ShouldBe(320);
        int fragments = 0;
        await using (var written = File.Create(file))
        {
            await written.WriteAsync((await socket.NextAsync())!.Value.Bytes, TestNode.Stop);
            var clock = JsonNode.Parse((await socket.NextAsync())!.Value.Bytes)!;
            ((string?)clock["type"]).ShouldBe("clock");
            DateTimeOffset.Parse((string)clock["wall"]!).ShouldBe(DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!), TimeSpan.FromSeconds(10));
            while (fragments < 60 && await socket.NextAsync() is { } message)
            {
                if (message.Type != WebSocketMessageType.Binary)
                    continue;
                message.Bytes.AsSpan(4, 4).SequenceEqual("moof"u8).ShouldBeTrue();
                await written.WriteAsync(message.Bytes, TestNode.Stop);
                fragments++;
            }
        }

        var probe = await Ffmpeg.ProbeAsync(file);
        probe.Errors.ShouldBeEmpty();
        probe.Video.Count().ShouldBe(60);
        probe.Video.First().IsKey.ShouldBeTrue();
        var numbers = await Ffmpeg.ReadNumbersAsync(file);
        numbers.Zip(numbers.Skip(1)).ShouldAllBe(pair => pair.Second == (pair.First + 1) % 100, string.Join(' ', numbers));
    }

    [Fact]
    public async Task Sound_comes_along_when_asked_for()
    {
        await using var fake = await FakeCamera.StartAsync(Clip with { Audio = Codec.Aac });
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");

        using var socket = await node.ConnectAsync("/api/cameras/gate/live?audio=true");
        string? mime = null;
        while (mime?.Contains("mp4a", StringComparison.Ordinal) != true && await socket.NextTextAsync() is { } message)
            mime = (string?)message["mime"] ?? mime;

        mime.ShouldNotBeNull().ShouldContain("mp4a.40.2");
    }

    [Fact]
    public async Task A_lost_camera_is_told_as_a_break_and_a_new_init_follows()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live");
        await socket.NextTextAsync();

        fake.Camera.Inject(new(FaultKind.Close));

        var told = new List<string>();
        while (told.Count < 2 && await socket.NextTextAsync() is { } message)
        {
            if ((string?)message["type"] is "break" or "init")
                told.Add((string)message["type"]!);
        }

        told.ShouldBe(["break", "init"]);
    }

    [Fact]
    public async Task Viewers_of_a_removed_camera_are_sent_off_with_the_reason()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync();
        await node.SendAsync(HttpMethod.Post, "/api/cameras", new { id = "gate", name = "Gate", main = new { url = fake.Url } });
        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live");
        await socket.NextTextAsync();

        (await node.SendAsync(HttpMethod.Delete, "/api/cameras/gate")).Status.ShouldBe(204);

        JsonNode? last = null;
        while (await socket.NextTextAsync() is { } message)
            last = message;
        ((string?)last!["code"]).ShouldBe("removed");
        socket.CloseStatusDescription.ShouldBe("removed");
    }

    [Fact]
    public async Task A_stopping_node_sends_its_viewers_off_and_does_not_wait_for_them()
    {
        await using var fake = await FakeCamera.StartAsync(Clip);
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");
        using var socket = await node.ConnectAsync("/api/cameras/gate/live");
        await socket.NextTextAsync();

        var stopping = node.App.StopAsync(TestNode.Stop);

        JsonNode? last = null;
        while (await socket.NextTextAsync() is { } message)
            last = message;
        ((string?)last!["code"]).ShouldBe("stopping");
        await stopping.WaitAsync(TimeSpan.FromSeconds(10), TestNode.Stop);
    }

    [Theory]
    [InlineData("/api/cameras/nobody/live", "no-camera")]
    [InlineData("/api/cameras/gate/live?stream=sub", "no-stream")]
    [InlineData("/api/cameras/gate/live?stream=third", "bad-request")]
    [InlineData("/api/cameras/gate/live?audio=loud", "bad-request")]
    public async Task A_view_that_cannot_be_is_refused_in_words(string path, string code)
    {
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");

        using var socket = await node.ConnectAsync(path);

        var error = await socket.NextTextAsync();
        ((string?)error!["type"]).ShouldBe("error");
        ((string?)error["code"]).ShouldBe(code);
        (await socket.NextAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task No_more_viewers_than_allowed_are_let_in()
    {
        await using var node = await TestNode.StartAsync("live: { maxViewers: 1 }\ncameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false }]");
        using var first = await node.ConnectAsync("/api/cameras/gate/live");
        await node.TextUntilAsync("/metrics", m => m.Contains("atalaya_live_viewers 1", StringComparison.Ordinal));

        using var second = await node.ConnectAsync("/api/cameras/gate/live");

        ((string?)(await second.NextTextAsync())!["code"]).ShouldBe("too-many");
    }

    [Fact]
    public async Task A_viewer_that_reads_nothing_holds_up_nobody_and_is_told_what_it_lost()
    {
        await using var fake = await FakeCamera.StartAsync(Clip with { Kbps = 20_000, Width = 640, Height = 480 });
        await using var node = await TestNode.StartAsync($"live: {{ queue: 8, queueBytes: 256KiB }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]");
        await node.RunningAsync("gate");
        using var slow = await node.ConnectAsync("/api/cameras/gate/live");
        using var quick = await node.ConnectAsync("/api/cameras/gate/live");

        int pictures = 0;
        while (pictures < 150 && await quick.NextAsync() is { } message)
            pictures += message.Type == WebSocketMessageType.Binary ? 1 : 0;

        pictures.ShouldBe(150);
        // What the sockets' buffers held comes first, then the loss is told before anything else.
        JsonNode? told;
        do
            told = await slow.NextTextAsync();
        while (told is not null && (string?)told["type"] != "skipped");
        ((long)told.ShouldNotBeNull()["units"]!).ShouldBeGreaterThan(0);
    }
}
