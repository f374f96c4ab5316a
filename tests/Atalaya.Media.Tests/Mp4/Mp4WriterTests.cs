using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Mp4;

public sealed class Mp4WriterTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static MediaTime Seconds(double seconds) => MediaTime.FromSeconds(seconds);

    /// <summary>A clip of a hundred numbered pictures at 25 a second as four segments of one second each.</summary>
    async Task<List<string>> RecordAsync(ClipRecipe recipe, string prefix = "a")
    {
        using var clip = Mp4File.Open(await Ffmpeg.ClipAsync(recipe));
        var units = new List<List<AccessUnit>>();
        foreach (var unit in Segments.Units(clip, Seconds(1)))
        {
            if (units.Count == 0 || (unit.IsVideo && unit.IsKey))
            {
                if (units.Count == 0 || units[^1].Exists(u => u.IsVideo))
                    units.Add([]);
            }

            units[^1].Add(unit);
        }

        var paths = new List<string>();
        foreach (var segment in units)
        {
            string path = _folder.File($"{prefix}{paths.Count}.mp4");
            await File.WriteAllBytesAsync(path, Segments.Write([.. clip.Tracks.Select(t => t.Format)], segment, (unit, muxer) => unit.IsVideo && muxer.Units >= 10));
            paths.Add(path);
        }

        return paths;
    }

    (Mp4Clip Clip, string Path) Write(IEnumerable<Mp4Source> sources, double from, double to, long wideFrom = uint.MaxValue)
    {
        string path = _folder.File("clip.mp4");
        using var output = File.Create(path);
        var clip = Mp4Writer.Write([.. sources], Seconds(from), Seconds(to), output, null, wideFrom, default);
        output.Length.ShouldBe(clip.Bytes);
        return (clip, path);
    }

    [Theory]
    [InlineData(Codec.H264, 0, 0.0, 4.0)]
    [InlineData(Codec.H264, 0, 0.48, 2.52)]
    [InlineData(Codec.H264, 2, 0.0, 4.0)]
    [InlineData(Codec.H264, 2, 1.0, 3.0)]
    [InlineData(Codec.H264, 2, 0.48, 2.52)]
    [InlineData(Codec.H265, 2, 1.2, 3.96)]
    public async Task A_clip_shows_exactly_the_pictures_that_were_asked_for(Codec codec, int bFrames, double from, double to)
    {
        var segments = await RecordAsync(new(codec, Codec.Aac, Frames: 100, BFrames: bFrames));
        segments.Count.ShouldBe(4);
        var (clip, path) = Write(segments.Select(s => new Mp4Source(s, Seconds(-1))), from, to);
        (clip.From, clip.To, clip.Formats.Count).ShouldBe((Seconds(from), Seconds(to), 1));
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range((int)Math.Round(from * 25), (int)Math.Round((to - from) * 25)));

        // What is skipped at the front is marked to be dropped; what is shown starts at zero and ends on time.
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        probe.Streams[0].Duration!.Value.ShouldBe(to - from, 0.0001);
        probe.Streams[1].Duration!.Value.ShouldBeLessThan(to - from + 0.05);
        // A picture after the end may be there because one before it refers to it.
        probe.Video.Count(p => p.Presentation >= -0.0001 && p.Presentation < to - from - 0.0001).ShouldBe((int)Math.Round((to - from) * 25));
        probe.Audio.Min(p => p.Presentation!.Value).ShouldBeInRange(-0.022, 0.022);
        (await Ffmpeg.RunAsync(["-i", path, "-f", "null", "-"])).Errors.ShouldBe("");
    }

    [Fact]
    public async Task The_coded_bytes_are_those_of_the_segments()
    {
        var segments = await RecordAsync(new(Codec.H264, Codec.Aac, Frames: 100, BFrames: 2));
        var (_, path) = Write(segments.Select(s => new Mp4Source(s, Seconds(-1))), 0, 4);
        using var clip = Mp4File.Open(path);
        int video = 0, audio = 0;
        foreach (string segment in segments)
        {
            using var source = Mp4File.Open(segment);
            for (int i = 0; i < source.Video!.Samples.Count; i++, video++)
            {
                clip.Video!.ReadSample(video).ShouldBe(source.Video.ReadSample(i));
                clip.Video.Samples[video].Presentation.ShouldBe(source.Video.Samples[i].Presentation - Seconds(1));
            }

            for (int i = 0; i < source.Audio!.Samples.Count; i++)
            {
                // The priming of AAC ends before the first picture.
                if (source.Audio.Samples[i].Presentation + source.Audio.Samples[i].Duration <= Seconds(1))
                    continue;
                clip.Audio!.ReadSample(audio).ShouldBe(source.Audio.ReadSample(i));
                Math.Abs((clip.Audio.Samples[audio++].Presentation - source.Audio.Samples[i].Presentation + Seconds(1)).Ticks).ShouldBeLessThan(3);
            }
        }

        video.ShouldBe(clip.Video!.Samples.Count);
        audio.ShouldBe(clip.Audio!.Samples.Count);
    }

    [Fact]
    public async Task A_gap_between_segments_keeps_its_time()
    {
        var segments = await RecordAsync(new(Codec.H264, Codec.Aac, Frames: 100, BFrames: 2));
        // The third second was never recorded; what was the fourth is of another run and came ten seconds later.
        var (clip, path) = Write([new(segments[0], Seconds(-1)), new(segments[1], Seconds(-1)), new(segments[3], Seconds(9))], 0.2, 14);
        (clip.From, clip.To).ShouldBe((Seconds(0.2), Seconds(14)));
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe([.. Enumerable.Range(5, 45), .. Enumerable.Range(75, 25)]);
        var probe = await Ffmpeg.ProbeAsync(path);
        probe.Errors.ShouldBeEmpty();
        double[] times = [.. probe.Video.Select(p => p.Presentation!.Value).Where(t => t >= 0).Order()];
        times[45].ShouldBe(13 - 0.2, 0.0001);
        probe.Audio.Select(p => p.Presentation!.Value).Where(t => t > 5).Min().ShouldBe(13 - 0.2, 0.1);
    }

    [Fact]
    public async Task A_range_that_starts_in_a_gap_starts_with_the_footage_after_it()
    {
        var segments = await RecordAsync(new(Codec.H264, Frames: 100));
        var (clip, path) = Write([new(segments[0], Seconds(-1)), new(segments[1], Seconds(9))], 5, 11.52);
        (clip.From, clip.To).ShouldBe((Seconds(11), Seconds(11.52)));
        (await Ffmpeg.ReadNumbersAsync(path))[0].ShouldBe(25);
        var nothing = Should.Throw<Mp4Exception>(() => Write([new(segments[0], Seconds(-1)), new(segments[1], Seconds(9))], 5, 6));
        nothing.Message.ShouldContain("no footage");
    }

    [Fact]
    public async Task A_change_of_format_becomes_a_second_sample_description()
    {
        var small = await RecordAsync(new(Codec.H264, Frames: 50), "small");
        var large = await RecordAsync(new(Codec.H264, Frames: 50, Width: 640, Height: 480, BFrames: 2), "large");
        var (clip, path) = Write([new(small[0], Seconds(-1)), new(small[1], Seconds(-1)), new(large[0], Seconds(1)), new(large[1], Seconds(1))], 0, 4);
        clip.Formats.Select(f => ((VideoFormat)f).Width).ShouldBe([320, 640]);
        using var file = Mp4File.Open(path);
        file.Video!.Formats.Select(f => f.CodecString).ShouldBe(clip.Formats.Select(f => f.CodecString));
        (file.Video.Samples.Count(s => s.Description == 0), file.Video.Samples.Count(s => s.Description == 1), file.Video.Samples[50].Description).ShouldBe((50, 50, 1));
        (await Ffmpeg.ReadNumbersAsync(path)).Count.ShouldBe(100);
    }

    [Fact]
    public async Task Beyond_four_gigabytes_offsets_have_64_bits()
    {
        var segments = await RecordAsync(new(Codec.H264, Codec.Aac, Frames: 100, BFrames: 2));
        var sources = segments.Select(s => new Mp4Source(s, Seconds(-1)));
        var (_, path) = Write(sources, 0.48, 2.52, wideFrom: 1);
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes.AsSpan().IndexOf("co64"u8).ShouldBePositive();
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(12, 51));
        (await Ffmpeg.ProbeAsync(path)).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Overlapping_sources_are_put_one_behind_the_other()
    {
        var segments = await RecordAsync(new(Codec.H264, Frames: 100));
        // The clock was set back by half a second between the two.
        var (clip, path) = Write([new(segments[0], Seconds(-1)), new(segments[1], Seconds(-1.5))], 0, 4);
        clip.To.ShouldBe(Seconds(2));
        (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(0, 50));
    }

    [Fact]
    public async Task A_clip_reports_its_progress_and_can_be_stopped()
    {
        var segments = await RecordAsync(new(Codec.H264, Frames: 100));
        Mp4Source[] sources = [.. segments.Select(s => new Mp4Source(s, Seconds(-1)))];
        var seen = new List<(long Written, long Total)>();
        var clip = Mp4Writer.Write(sources, Seconds(0), Seconds(4), Stream.Null, (written, total) => seen.Add((written, total)), CancellationToken.None);
        seen.Select(s => s.Written).ShouldBeInOrder();
        seen[^1].ShouldBe((clip.Bytes, clip.Bytes));

        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => Mp4Writer.Write(sources, Seconds(0), Seconds(4), Stream.Null, (_, _) => stop.Cancel(), stop.Token));
    }
}
