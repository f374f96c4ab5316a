using System.Buffers.Binary;
using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Mp4;

public sealed class Mp4FileTests
{
    public static TheoryData<string> Layouts =>
    [
        "", "-movflags +faststart", "-movflags +frag_keyframe+empty_moov", "-movflags +frag_keyframe+empty_moov+default_base_moof",
        "-movflags +frag_keyframe", "-movflags +frag_keyframe+empty_moov+separate_moof", "-movflags +frag_keyframe+omit_tfhd_offset+empty_moov",
        "-movflags +negative_cts_offsets", "-movflags +cmaf", "-movflags +rtphint", "-video_track_timescale 90000", "-f mov", "-use_editlist 0",
    ];

    /// <summary>However a muxer lays a file out, the samples in it are the same.</summary>
    [Theory, MemberData(nameof(Layouts))]
    public async Task Any_layout_gives_the_same_samples(string options)
    {
        string clip = await Ffmpeg.ClipAsync(new(Codec.H264, Codec.Aac, Frames: 60, BFrames: 2));
        using var folder = new TempFolder();
        string path = folder.File("clip.mp4");
        await Ffmpeg.RunAsync(["-i", clip, "-c", "copy", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), path]);
        using var plain = Mp4File.Open(clip);
        using var other = Mp4File.Open(path);
        other.TornAt.ShouldBeNull();
        foreach (var (a, b) in plain.Tracks.Zip(other.Tracks))
        {
            b.Samples.Count.ShouldBe(a.Samples.Count);
            // Without an edit list ffmpeg starts all tracks at zero and stretches the first sample of one that starts later.
            var shift = b.Samples[1].Presentation - a.Samples[1].Presentation;
            for (int i = 0; i < a.Samples.Count; i++)
            {
                if (i > 0)
                    Math.Abs((b.Samples[i].Presentation - a.Samples[i].Presentation - shift).Ticks).ShouldBeLessThan(3);
                b.Samples[i].Decode.ShouldBeLessThanOrEqualTo(b.Samples[i].Presentation);
                b.Samples[i].IsKey.ShouldBe(a.Samples[i].IsKey);
                b.ReadSample(i).ShouldBe(a.ReadSample(i));
            }

            b.Format.Configuration.ToArray().ShouldBe(a.Format.Configuration.ToArray());
            b.Format.CodecString.ShouldBe(a.Format.CodecString);
        }
    }

    [Fact]
    public async Task Little_endian_sound_is_handed_out_in_big_endian()
    {
        using var folder = new TempFolder();
        string little = folder.File("little.mov"), big = folder.File("big.mov");
        await Ffmpeg.RunAsync(["-f", "lavfi", "-t", "1", "-i", "sine", "-c:a", "pcm_s16le", little]);
        await Ffmpeg.RunAsync(["-i", little, "-c:a", "pcm_s16be", big]);
        using var a = Mp4File.Open(little);
        using var b = Mp4File.Open(big);
        a.Audio!.Format.ShouldBe(b.Audio!.Format);
        byte[] All(Mp4Track track) => [.. Enumerable.Range(0, track.Samples.Count).SelectMany(track.ReadSample)];
        All(a.Audio).ShouldBe(All(b.Audio));
        a.Audio.Samples.Max(s => s.Duration.Seconds).ShouldBeLessThan(0.0201);
    }

    [Fact]
    public async Task A_fault_says_in_which_box_and_at_which_byte()
    {
        byte[] bytes = await File.ReadAllBytesAsync(await Ffmpeg.ClipAsync(new(Codec.H264, Codec.Aac, Frames: 60, BFrames: 2)), TestContext.Current.CancellationToken);
        int second = bytes.AsSpan().LastIndexOf("stsz"u8);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(second + 12), 1_000_000);
        Should.Throw<Mp4Exception>(() => Mp4File.Parse(new FileBytes(bytes))).Message
            .ShouldBe($"moov/trak[1]/mdia/minf/stbl/stsz at byte {second - 4}: it is too short for 1000000 sizes.");

        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(second - 4), int.MaxValue);
        Should.Throw<Mp4Exception>(() => Mp4File.Parse(new FileBytes(bytes))).Message
            .ShouldBe($"moov/trak[1]/mdia/minf/stbl at byte {second - 4}: a box reaches beyond the end of the one that holds it.");
        Should.Throw<Mp4Exception>(() => Mp4File.Parse(new FileBytes("a text"u8.ToArray()))).Message.ShouldContain("byte 0");
        using var folder = new TempFolder();
        string path = folder.File("nothing.mp4");
        await File.WriteAllBytesAsync(path, [], TestContext.Current.CancellationToken);
        Should.Throw<Mp4Exception>(() => Mp4File.Open(path)).Message.ShouldStartWith(path);
    }

    [Fact]
    public void A_torn_segment_gives_its_whole_fragments_and_says_where_it_is_torn()
    {
        var format = Segments.H264();
        byte[] bytes = Segments.Write([format], Enumerable.Range(0, 6).Select(i => Segments.Unit(format, i * 3600, i % 2 == 0)), (_, muxer) => muxer.Units == 2);
        using var whole = Mp4File.Parse(new FileBytes(bytes));
        using var torn = Mp4File.Parse(new FileBytes(bytes.AsMemory(0, bytes.Length - 1)));
        whole.Video!.Samples.Count.ShouldBe(6);
        torn.Video!.Samples.ShouldBe(whole.Video.Samples.Take(4));
        torn.TornAt.ShouldBe(whole.Video.Samples[3].Offset + whole.Video.Samples[3].Size);
    }

    [Fact]
    public void Short_NAL_lengths_are_widened_to_four_bytes()
    {
        // A file whose avcC says two-byte lengths: ours, with that field and one sample's bytes changed.
        var format = Segments.H264();
        byte[] data = [0, 1, 0x65, 0, 3, 0x41, 1, 2];
        var unit = new AccessUnit(format, data) { Decode = default, Presentation = default, IsKey = true };
        byte[] bytes = Segments.Write([format], [unit], (_, _) => false);
        bytes[bytes.AsSpan().IndexOf("avcC"u8) + 8] = 0xFD;
        using var file = Mp4File.Parse(new FileBytes(bytes));
        file.Video!.ReadSample(0).ShouldBe([0, 0, 0, 1, 0x65, 0, 0, 0, 3, 0x41, 1, 2]);
        (file.Video.Format.Configuration.Span[4] & 3).ShouldBe(3);
    }

    [Fact]
    public void Boxes_of_all_sizes_are_read_and_bad_ones_end_the_walk_with_their_offset()
    {
        byte[] bytes = [0, 0, 0, 9, .. "free"u8, 1, 0, 0, 0, 1, .. "skip"u8, 0, 0, 0, 0, 0, 0, 0, 17, 2, 0, 0, 0, 0, .. "mdat"u8, 3, 4, 5];
        var reader = new BoxReader(bytes, 100);
        reader.TryNext(out var first).ShouldBeTrue();
        (BoxType.Name(first.Type), first.Offset, first.Body.Length).ShouldBe(("free", 100L, 1));
        reader.TryNext(out var second).ShouldBeTrue();
        (BoxType.Name(second.Type), second.BodyOffset, second.Body[0]).ShouldBe(("skip", 125L, (byte)2));
        reader.TryNext(out var third).ShouldBeTrue();
        (BoxType.Name(third.Type), third.Body.Length).ShouldBe(("mdat", 3));
        reader.TryNext(out _).ShouldBeFalse();
        reader.Fault.ShouldBe(BoxFault.None);

        var torn = new BoxReader(bytes.AsSpan(0, 12), 100);
        torn.TryNext(out _).ShouldBeTrue();
        torn.TryNext(out _).ShouldBeFalse();
        (torn.Fault, torn.Offset).ShouldBe((BoxFault.Truncated, 109L));
        var bad = new BoxReader([0, 0, 0, 7, .. "free"u8]);
        bad.TryNext(out _).ShouldBeFalse();
        bad.Fault.ShouldBe(BoxFault.BadSize);
    }
}
