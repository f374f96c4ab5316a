using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Mp4;

/// <summary>ffmpeg makes a file; we read it and write it as fragments; ffmpeg must find the same pictures and sound at the same times.</summary>
public sealed class RoundTripTests
{
    public static TheoryData<Codec?, Codec?, int> Recipes => new()
    {
        { Codec.H264, null, 0 },
        { Codec.H264, null, 3 },
        { Codec.H264, Codec.Aac, 2 },
        { Codec.H265, null, 0 },
        { Codec.H265, null, 3 },
        { Codec.H264, Codec.PcmMuLaw, 0 },
        { Codec.H264, Codec.PcmALaw, 2 },
        { Codec.H264, Codec.L16, 0 },
        { null, Codec.Aac, 0 },
        { null, Codec.PcmMuLaw, 0 },
    };

    [Theory, MemberData(nameof(Recipes))]
    public async Task Fragments_show_the_same_pictures_and_sound_at_the_same_times(Codec? video, Codec? audio, int bFrames)
    {
        string clip = await Ffmpeg.ClipAsync(new(video, audio, Frames: 60, BFrames: bFrames));
        using var folder = new TempFolder();
        string path = folder.File("segment.mp4");
        using (var source = Mp4File.Open(clip))
        {
            source.Tracks.Count.ShouldBe((video is null ? 0 : 1) + (audio is null ? 0 : 1));
            source.Video?.Samples.Count.ShouldBe(60);
            await File.WriteAllBytesAsync(path, Segments.Remux(source, 10, Shift), TestContext.Current.CancellationToken);
            CompareSamples(source, path);
        }

        var before = await Ffmpeg.ProbeAsync(clip);
        var after = await Ffmpeg.ProbeAsync(path);
        after.Errors.ShouldBeEmpty();
        if (video is not null)
        {
            after.Video.Select(p => p.IsKey).ShouldBe(before.Video.Select(p => p.IsKey));
            after.Video.Select(p => p.Size).ShouldBe(before.Video.Select(p => p.Size));
            after.Video.Select(p => p.Presentation!.Value).ShouldBe(before.Video.Select(p => p.Presentation!.Value + 1), 0.0001);
            (await Ffmpeg.FrameMd5Async(path)).ShouldBe(await Ffmpeg.FrameMd5Async(clip));
            (await Ffmpeg.ReadNumbersAsync(path)).ShouldBe(Enumerable.Range(0, 60));
        }

        if (audio is not null)
        {
            string[] md5 = ["-map", "0:a:0", "-c", "copy", "-f", "md5", "-"];
            (await Ffmpeg.RunAsync(["-i", path, .. md5])).Output.ShouldBe((await Ffmpeg.RunAsync(["-i", clip, .. md5])).Output);
        }

        (await Ffmpeg.RunAsync(["-guess_layout_max", "0", "-i", path, "-f", "null", "-"])).Errors.ShouldBe("");
    }

    // ffmpeg puts the priming samples of AAC before zero; a session's clock never gets there.
    static readonly MediaTime Shift = MediaTime.FromSeconds(1);

    static void CompareSamples(Mp4File source, string path)
    {
        using var again = Mp4File.Open(path);
        again.TornAt.ShouldBeNull();
        again.Tracks.Count.ShouldBe(source.Tracks.Count);
        foreach (var (a, b) in source.Tracks.Zip(again.Tracks))
        {
            b.Format.ShouldBe(a.Format);
            b.Samples.Count.ShouldBe(a.Samples.Count);
            for (int i = 0; i < a.Samples.Count; i++)
            {
                var (was, got) = (a.Samples[i], b.Samples[i]);
                (got.Presentation, got.Decode, got.Size, got.IsKey).ShouldBe((was.Presentation + Shift, was.Decode + Shift, was.Size, was.IsKey));
                b.ReadSample(i).ShouldBe(a.ReadSample(i));
            }
        }

        using var handle = File.OpenHandle(path);
        var scan = SegmentScan.Read(handle, checkTail: true);
        scan.Fault.ShouldBeNull();
        scan.Tail.ShouldBe(SegmentTail.Whole);
        scan.WholeEnd.ShouldBe(scan.FileLength);
        scan.Fragments.Sum(f => f.Units).ShouldBe(source.Tracks.Sum(t => t.Samples.Count));
        if (source.Video is { } video)
            scan.RandomAccessPoints.Select(p => p.Presentation).ShouldBe(video.Samples.Where(s => s.IsKey).Select(s => s.Presentation + Shift));
    }
}
