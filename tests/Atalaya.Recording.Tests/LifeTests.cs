using Atalaya.Media;

namespace Atalaya.Recording.Tests;

public sealed class LifeTests
{
    /// <summary>Whatever happens to a camera and its node: every file is whole, and every moment is recorded once or explained.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Every_moment_of_a_stream_s_life_is_recorded_once_or_explained(int seed)
    {
        var random = new Random(seed);
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(3) });
        double media = 0, wall = 0, monotonic = 0;
        var log = new List<string>();
        for (int step = 0; step < 25; step++)
        {
            int what = random.Next(9);
            double amount = random.Next(1, 80) / 10.0;
            log.Add($"{what} {amount}");
            switch (what)
            {
                case <= 3:
                    await scene.PublishAsync(footage.Units(media, media + amount, Scene.Noon.AddSeconds(wall), monotonicOffset: TimeSpan.FromSeconds(monotonic)));
                    media += amount;
                    break;
                case 4:     // the camera goes and comes
                    scene.Break((BreakCause)random.Next(5), $"{step}", Scene.Noon.AddSeconds(wall + media + (amount / 2)));
                    wall += amount;
                    break;
                case 5:     // packets are lost
                    media += amount;
                    break;
                case 6:     // the clock is set
                    double by = random.Next(2) == 0 ? amount : -amount;
                    wall += by;
                    monotonic -= by;
                    break;
                case 7:     // the disk is full for a while
                    scene.Disk.WriteFault = scene.Disk.WriteFault is null && random.Next(2) == 0 ? "No space left on device" : null;
                    scene.Clock.Advance(TimeSpan.FromSeconds(31));
                    break;
                default:    // the node starts again
                    scene.Disk.WriteFault = null;
                    await scene.StopAsync();
                    if (random.Next(2) == 0)
                        scene.LoseIndex();
                    await scene.StartAsync();
                    wall += amount;
                    break;
            }
        }

        scene.Disk.WriteFault = null;
        await scene.StopAsync();
        await scene.StartAsync(attach: false);
        await scene.SettleAsync();
        (await scene.CheckAsync()).Faults.ShouldBeEmpty(string.Join(", ", log));
        scene.Segments().Count.ShouldBeGreaterThan(3);
    }
}
