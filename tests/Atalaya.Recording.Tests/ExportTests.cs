using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Recording.Tests;

public sealed class ExportTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    static WallTime At(double second) => WallTime.From(Noon.AddSeconds(second));

    static ExportRequest Gate(double from, double to) => new("gate", StreamKind.Main, At(from), At(to));

    static async Task<Scene> RecordedAsync(ClipRecipe recipe)
    {
        var footage = await Footage.OfAsync(recipe);
        var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) });
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        scene.Break(BreakCause.Network, "No packet for 10 s.", Noon.AddSeconds(15));
        await scene.PublishAsync(footage.Units(0, 5, Noon.AddSeconds(20), mediaOffset: 3));
        return scene;
    }

    [Fact]
    public async Task Its_size_is_known_roughly_before_it_is_made()
    {
        await using var scene = await RecordedAsync(new());
        using var folder = new TempFolder();
        foreach (var (from, to) in ((double, double)[])[(0, 12), (2.5, 7.5), (10, 22)])
        {
            long bytes = (await scene.Archive.ExportAsync(Gate(from, to), folder.File($"{from}.mp4"))).Bytes;
            ((double)await scene.Archive.EstimateAsync("gate", StreamKind.Main, At(from), At(to))).ShouldBeInRange(bytes * 0.7, bytes * 1.4);
        }

        (await scene.Archive.EstimateAsync("gate", StreamKind.Main, At(13), At(19))).ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_clip_shows_exactly_the_pictures_of_its_stretch(int bFrames)
    {
        await using var scene = await RecordedAsync(new(BFrames: bFrames));
        using var folder = new TempFolder();
        foreach (var (from, to) in ((double, double)[])[(3.28, 11), (0, 5), (4.96, 5.04), (10, 12)])
        {
            string path = folder.File($"{from}.mp4");
            var result = await scene.Archive.ExportAsync(Gate(from, to), path);
            int first = (int)Math.Round(from * 25), end = (int)Math.Round(to * 25);
            (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(first, end - first).Select(n => n % 100), $"{from} to {to}");
            (result.From, result.To).ShouldBe((At(from), At(to)));
            result.Duration.Seconds.ShouldBe(to - from, 0.001);
            result.Gaps.ShouldBeEmpty();
            result.Bytes.ShouldBe(new FileInfo(path).Length);
            (await Ffmpeg.ProbeAsync(path)).Errors.ShouldBeEmpty();
        }

        Directory.GetFiles(folder.Path, "*.part").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_clip_over_a_gap_tells_of_it_and_goes_on_behind_it()
    {
        await using var scene = await RecordedAsync(new(Audio: Codec.Aac));
        using var folder = new TempFolder();
        string path = folder.File("clip.mp4");
        double last = 0;
        var result = await scene.Archive.ExportAsync(Gate(-10, 22), path, new Progress(p => last = p));
        // The open segment is in it, too.
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(0, 300).Concat(Enumerable.Range(0, 50)).Select(n => n % 100));
        (result.From, result.To).ShouldBe((scene.Segments()[0].Start, At(22)));
        var gap = result.Gaps.ShouldHaveSingleItem();
        (gap.Cause, (gap.To!.Value - gap.From).TotalSeconds).ShouldBe((GapCause.Network, 8));
        last.ShouldBe(1);
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        probe.Audio.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task What_can_t_be_exported_says_why_and_leaves_nothing_behind()
    {
        await using var scene = await RecordedAsync(new());
        using var folder = new TempFolder();
        (await Should.ThrowAsync<ExportException>(scene.Archive.ExportAsync(Gate(13, 19), folder.File("a.mp4")))).Message.ShouldContain("Nothing of gate is recorded");
        (await Should.ThrowAsync<ExportException>(scene.Archive.ExportAsync(Gate(5, 5), folder.File("a.mp4")))).Message.ShouldContain("before it begins");
        using var stop = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(scene.Archive.ExportAsync(Gate(0, 12), folder.File("b.mp4"), new Progress(_ => stop.Cancel()), stop.Token));
        await File.WriteAllTextAsync(folder.File("taken.mp4"), "mine");
        await Should.ThrowAsync<IOException>(scene.Archive.ExportAsync(Gate(0, 12), folder.File("taken.mp4")));
        Directory.GetFiles(folder.Path).ShouldBe([folder.File("taken.mp4")]);
        (await File.ReadAllTextAsync(folder.File("taken.mp4"))).ShouldBe("mine");
    }

    [Fact]
    public async Task An_unfinished_clip_of_another_process_is_left_to_it_and_one_of_a_killed_process_is_written_over()
    {
        await using var scene = await RecordedAsync(new());
        using var folder = new TempFolder();
        string path = folder.File("clip.mp4"), part = path + ".part";
        await File.WriteAllTextAsync(part, "half a clip");
        using (new FileStream(part, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            await Should.ThrowAsync<IOException>(scene.Archive.ExportAsync(Gate(0, 12), path));
            File.Exists(part).ShouldBeTrue();
        }

        await scene.Archive.ExportAsync(Gate(0, 12), path);
        Directory.GetFiles(folder.Path).ShouldBe([path]);
    }

    sealed class Progress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
