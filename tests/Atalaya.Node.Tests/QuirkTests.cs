using Atalaya.Testing;

namespace Atalaya.Node.Tests;

/// <summary>Cameras that don't follow the specifications, each as a recorded exchange: what they send is recorded, every picture once and in order.</summary>
public sealed class QuirkTests
{
    static string Folder => RepositoryRoot.File("tests", "Atalaya.Node.Tests", "Quirks");

    public static TheoryData<string> Exchanges => [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task A_camera_with_a_quirk_is_recorded_whole(string exchange)
    {
        var recorded = await RecordedExchange.ReadAsync(Path.Combine(Folder, $"{exchange}.txt"));
        recorded.Expected.ShouldNotBeEmpty();
        await using var camera = recorded.Start();
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: cam, main: \"{camera.Url}\" }}]\nrecording: {{ sync: 1s }}");
        string archive = Path.Combine(node.Folder, "data", "archive");
        var numbers = new List<int>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(25));
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            do
            {
                numbers.Clear();
                foreach (string file in Directory.EnumerateFiles(archive, "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                {
                    // Pictures of one time are a tick apart in the file, as near as can be: ffprobe finds the next one far.
                    (await Ffmpeg.ProbeAsync(file)).Errors.Where(e => !e.Contains("DTS discontinuity", StringComparison.Ordinal)).ShouldBeEmpty();
                    numbers.AddRange(await Ffmpeg.ReadNumbersAsync(file));
                }
            }
            while (numbers.Count < recorded.Expected.Count && await beat.WaitForNextTickAsync(limit.Token));
        }
        catch (OperationCanceledException) when (!TestNode.Stop.IsCancellationRequested)
        {
            // What is there is compared below.
        }

        numbers.ShouldBe(recorded.Expected, $"{(await node.GetAsync("/api/cameras/cam"))["status"]}\n{string.Join('\n', node.Log.Split('\n').Where(l => l.Contains("Atalaya.Cameras", StringComparison.Ordinal)))}");
    }
}
