using System.Buffers;
using Atalaya.Media;
using Atalaya.Media.Mp4;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    [Seeds("fuzz", "*mp4*")]
    public static void Boxes(ReadOnlySpan<byte> input) => Walk(new BoxReader(input), 0);

    static IEnumerable<byte[]> BoxesSeeds() => Mp4Seeds();

    static void Walk(BoxReader reader, int depth)
    {
        while (reader.TryNext(out var box))
        {
            var fields = box.Fields();
            fields.VersionAndFlags();
            fields.Skip((int)fields.UInt32());
            _ = BoxType.Name(box.Type);
            if (depth < 12)
                Walk(box.Children(), depth + 1);
        }
    }

    [Seeds("fuzz", "*mp4*")]
    public static void Segment(ReadOnlySpan<byte> input)
    {
        var scan = SegmentScan.Read(new FileBytes(input.ToArray()), checkTail: true);
        if (scan.WholeEnd > input.Length || scan.InitLength > scan.WholeEnd)
            throw new InvalidOperationException("The scan found more than there is.");
        foreach (var track in scan.Tracks)
            _ = track.Format?.CodecString;
    }

    static IEnumerable<byte[]> SegmentSeeds() => Mp4Seeds();

    [Seeds("fuzz", "*mp4*")]
    public static void KeyPictures(ReadOnlySpan<byte> input)
    {
        var pictures = Media.Mp4.KeyPictures.Open(new FileBytes(input.ToArray()));
        for (int at = 0; pictures is not null && at + 8 <= input.Length; at++)
        {
            // Any place that claims to be a moof, not only where the boxes lead.
            if (input.Slice(at + 4, 4).SequenceEqual("moof"u8) && pictures.Read(at) is { Length: var size } && size > input.Length)
                throw new InvalidOperationException("The picture is larger than the file.");
        }
    }

    static IEnumerable<byte[]> KeyPicturesSeeds() => Mp4Seeds();

    [Seeds("fuzz", "*mp4*")]
    public static void Mp4(ReadOnlySpan<byte> input)
    {
        try
        {
            using var file = Mp4File.Parse(new FileBytes(input.ToArray()));
            foreach (var track in file.Tracks)
            {
                track.FindKey(MediaTime.FromSeconds(1));
                for (int i = 0; i < Math.Min(track.Samples.Count, 20); i++)
                    track.ReadSample(i);
            }
        }
        catch (Mp4Exception)
        {
            // The one expected answer to nonsense.
        }
    }

    static IEnumerable<byte[]> Mp4Seeds()
    {
        VideoFormat[] videos =
        [
            new(Codec.H264, Convert.FromHexString("0142C01EFFE1000D6742C01E95A0280F684000003001000468CE3C80"), "avc1.42C01E", 640, 480, new(3600)),
            new(Codec.H265, Convert.FromHexString("0101600000009000000000005DF000FCFDF8F800000F00"), "hvc1.1.6.L93.90", 640, 480),
        ];
        AudioFormat[] sounds =
        [
            new(Codec.Aac, new byte[] { 0x11, 0x90 }, "mp4a.40.2", 48000, 2), new(Codec.PcmALaw, default, "alaw", 8000, 1), new(Codec.L16, default, "twos", 8000, 2),
        ];
        var seeds = new List<byte[]>();
        foreach (var video in videos)
        {
            foreach (var sound in sounds)
                seeds.Add(Fragmented(video, sound));
        }

        // The same as ordinary files.
        string folder = Directory.CreateTempSubdirectory("atalaya-fuzz-").FullName;
        try
        {
            foreach (byte[] seed in seeds.ToArray())
            {
                string path = Path.Combine(folder, "seed.mp4");
                File.WriteAllBytes(path, seed);
                using var output = new MemoryStream();
                Mp4Writer.Write([new(path, default)], new(1000), new(10_000), output, null, wideFrom: seeds.Count % 2 == 0 ? 1 : uint.MaxValue, default);
                seeds.Add(output.ToArray());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return seeds;
    }

    static byte[] Fragmented(VideoFormat video, AudioFormat sound)
    {
        var muxer = new FragmentMuxer([video, sound]);
        var to = new ArrayBufferWriter<byte>();
        muxer.WriteInit(to);
        byte[] picture = [0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41], samples = [.. Enumerable.Repeat((byte)0x55, 32)];
        for (int i = 0; i < 4; i++)
        {
            muxer.Add(new(video, picture) { Decode = new(i * 3600), Presentation = new((i * 3600) + video.ReorderDelay.Ticks), IsKey = i % 2 == 0 });
            muxer.Add(new(sound, samples) { Decode = new(i * 3600), Presentation = new(i * 3600), IsKey = true });
            if (i % 2 == 1)
            {
                var fragment = muxer.End();
                fragment.CopyTo(to);
                fragment.Release();
            }
        }

        return to.WrittenSpan.ToArray();
    }
}
