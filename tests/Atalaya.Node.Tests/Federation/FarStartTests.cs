using System.Diagnostics;
using System.Globalization;

using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// From asking the centre for a camera of a site until its first picture is there, on a path of 300 ms there and back: the sub-stream of a camera with a key frame each second. Measured by
/// <c>make test-federation</c>; ATALAYA_FEDERATION_VIEWS says how often.
/// </summary>
public sealed class FarStartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_far_cameras_first_picture_comes_over_a_slow_path()
    {
        int views = Environment.GetEnvironmentVariable("ATALAYA_FEDERATION_VIEWS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        Assert.SkipWhen(views == 0, "ATALAYA_FEDERATION_VIEWS isn't set: make test-federation measures it.");
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        await using var path = new BadPath(1);
        await using var centre = await TestNode.StartAsync($"federation: {{ organisation: Guardia, listen: ['127.0.0.1:0'], address: '{path.Address}' }}\nname: Centre\n");
        path.Target = centre.Service<LinkListening>().Ports[0];
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, main: '{fake.Url}' }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        await site.RunningAsync("gate");
        await centre.UntilAsync("/api/sites/cameras", c => c.AsArray().Count == 1, 60);
        path.Delay = TimeSpan.FromMilliseconds(150);

        var took = new List<double>();
        for (int n = 0; n < views; n++)
        {
            // A moment between two views, as a person takes: at any place between two key frames.
            await Task.Delay(TimeSpan.FromMilliseconds(200 + (n * 137 % 1000)), TimeProvider.System, TestNode.Stop);
            var begun = Stopwatch.StartNew();
            using var socket = await centre.ConnectAsync($"/api/sites/{link.Id}/cameras/gate/live?stream=sub");
            while (await socket.NextAsync() is { } message)
            {
                // The first fragment: init segments have no moof.
                if (message.Type == System.Net.WebSockets.WebSocketMessageType.Binary && message.Bytes.AsSpan(4, 4).SequenceEqual("moof"u8))
                    break;
            }

            took.Add(begun.Elapsed.TotalSeconds);
        }

        took.Sort();
        output.WriteLine($"{views} views over {path.Delay.TotalMilliseconds * 2:0} ms: median {took[took.Count / 2]:0.00} s, p95 {took[(int)(took.Count * 0.95)]:0.00} s, longest {took[^1]:0.00} s");
        took.Count.ShouldBe(views);
    }
}
