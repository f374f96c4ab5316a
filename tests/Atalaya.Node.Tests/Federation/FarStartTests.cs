using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;

using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// From asking the centre for a camera of a site until its first picture is there, 300 ms there and back: by whole pieces that come late, and by packets of which 5 % are lost. A camera with a key frame each
/// second. Measured by <c>make test-federation</c>; ATALAYA_FEDERATION_VIEWS says how often.
/// </summary>
public sealed class FarStartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_far_cameras_first_picture_comes_over_a_slow_path()
    {
        int views = Views();
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Width: 1280, Height: 720, Kbps: 2000), new ClipRecipe(Width: 704, Height: 576, Kbps: 512));
        await using var path = new BadPath(1);
        await using var centre = await TestNode.StartAsync($"federation: {{ organisation: Guardia, listen: ['127.0.0.1:0'], address: '{path.Address}' }}\nname: Centre\n");
        path.Target = centre.Service<LinkListening>().Ports[0];
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, main: '{fake.Url}', sub: '{fake.SubUrl}' }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.RunningAsync("gate");
        await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Count == 1, 60);
        path.Delay = TimeSpan.FromMilliseconds(150);

        await MeasureAsync($"{path.Delay.TotalMilliseconds * 2:0} ms", views, async () => await centre.ConnectAsync($"/api/sites/{link.Id}/cameras/gate/live?stream=sub"));
    }

    [Theory]
    [InlineData("reno")]
    [InlineData("bbr")]
    public async Task A_far_cameras_first_picture_comes_over_a_line_that_loses_packets(string congestion)
    {
        int views = Views();
        string? missing = await PacketNet.MissingAsync();
        Assert.SkipWhen(missing is not null, $"NOT TESTED ON PACKETS: no network namespaces with TUN devices here ({missing}).");
        using var folder = new TempFolder("far-start");
        await using var net = await PacketNet.MakeAsync(1, "centre", "site");
        foreach (string name in new[] { "centre", "site" })
            Assert.SkipUnless(net[name].Congest(congestion), $"This kernel doesn't have {congestion}.");
        string main = await Ffmpeg.ClipAsync(new(Width: 1280, Height: 720, Kbps: 2000)), sub = await Ffmpeg.ClipAsync(new(Width: 704, Height: 576, Kbps: 512));
        await using var simulator = net["site"].Start(NodeProcess.Program, ["simulate", $"gate={main};sub={sub}", "--port", "8554"], NodeProcess.Plain());
        await using var centre = new NodeProcess(folder.File("centre"), $"federation: {{ organisation: Guardia, listen: ['{net["centre"].Address}:7443'] }}\nname: Centre\n", net["centre"]);
        await using var site = new NodeProcess(
            folder.File("site"), $"{Linked.Dials()}cameras: [{{ id: gate, main: 'rtsp://127.0.0.1:8554/gate', sub: 'rtsp://127.0.0.1:8554/gate/sub' }}]\n", net["site"]);
        await simulator.WaitForLineAsync(l => l.StartsWith("Serving on port", StringComparison.Ordinal));
        await Task.WhenAll(centre.StartAsync(), site.StartAsync());
        string link = await centre.LinkAsync(site, LinkKind.Site);
        await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Any(e => (string?)e!["state"] == "running"));
        var line = net.Between("centre", "site");
        line.Worsen();
        await MeasureAsync($"300 ms ± 100 ms with 5 % loss, {congestion}", views, () => centre.WatchAsync($"/api/sites/{link}/cameras/gate/live?stream=sub"));
        output.WriteLine($"{line}");
    }

    static int Views()
    {
        int views = Environment.GetEnvironmentVariable("ATALAYA_FEDERATION_VIEWS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        Assert.SkipWhen(views == 0, "ATALAYA_FEDERATION_VIEWS isn't set: make test-federation measures it.");
        return views;
    }

    async Task MeasureAsync(string over, int views, Func<Task<WebSocket>> watchAsync)
    {
        var took = new List<double>();
        var pictures = new List<int>();
        var without = new List<string>();
        for (int n = 0; n < views; n++)
        {
            // A moment between two views, as a person takes: at any place between two key frames.
            await Task.Delay(TimeSpan.FromMilliseconds(200 + (n * 137 % 1000)), TimeProvider.System, TestNode.Stop);
            var begun = Stopwatch.StartNew();
            using var socket = await watchAsync();
            string last = "";
            while (await socket.NextAsync() is { } message)
            {
                // The first fragment: init segments have no moof.
                if (message.Type == WebSocketMessageType.Binary && message.Bytes.AsSpan(4, 4).SequenceEqual("moof"u8))
                {
                    pictures.Add(message.Bytes.Length);
                    break;
                }

                last = message.Type == WebSocketMessageType.Text ? Encoding.UTF8.GetString(message.Bytes) : last;
            }

            took.Add(begun.Elapsed.TotalSeconds);
            if (pictures.Count + without.Count == n)
                without.Add($"view {n} after {took[^1]:0.00} s: {last}");
        }

        without.ShouldBeEmpty();
        pictures.Sort();
        output.WriteLine($"by view: {string.Join(' ', took.Select(t => $"{t:0.00}"))}");
        took.Sort();
        output.WriteLine(
            $"{views} views over {over}, first pictures of {pictures[views / 2] / 1024} KiB: median {took[views / 2]:0.00} s, p95 {took[(int)(views * 0.95)]:0.00} s, longest {took[^1]:0.00} s");
    }
}
