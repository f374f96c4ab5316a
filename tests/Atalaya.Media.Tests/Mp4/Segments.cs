using System.Buffers;
using Atalaya.Media.Mp4;

namespace Atalaya.Media.Tests.Mp4;

/// <summary>Makes segments for tests: of made-up units, or of the units of another file.</summary>
static class Segments
{
    public static readonly byte[] AvcC = Convert.FromHexString("0142C01EFFE1000D6742C01E95A0280F684000003001000468CE3C80");
    public static readonly byte[] HvcC = Convert.FromHexString(
        "0101600000009000000000005DF000FCFDF8F800000F03" + "A00001000440010C01" + "A10001000442010101" + "A2000100034401C1");

    public static VideoFormat H264(MediaTime delay = default, int width = 640, int height = 480) =>
        new(Codec.H264, AvcC, "avc1.42C01E", width, height, delay, new(3600));

    public static VideoFormat H265(MediaTime delay = default) => new(Codec.H265, HvcC, "hvc1.1.6.L93.90", 640, 480, delay, new(3600));
    public static AudioFormat Aac { get; } = new(Codec.Aac, new byte[] { 0x11, 0x90 }, "mp4a.40.2", 48000, 2);
    public static AudioFormat Pcm(Codec codec, int channels = 1) => new(codec, default, codec == Codec.PcmMuLaw ? "ulaw" : codec == Codec.PcmALaw ? "alaw" : "twos", 8000, channels);

    /// <summary>A unit of the given size: one NAL unit, whose bytes follow from <paramref name="seed"/>.</summary>
    public static AccessUnit Unit(TrackFormat format, long decode, bool key, int size = 100, long? presentation = null, long duration = 3600, int seed = 1)
    {
        byte[] data = new byte[size];
        for (int i = 0; i < size; i++)
            data[i] = (byte)(((i + seed) * 31) | 1);
        if (format is VideoFormat && size >= 5)
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(data, size - 4);
        return new(format, data) { Decode = new(decode), Presentation = new(presentation ?? decode), Duration = new(duration), IsKey = key };
    }

    /// <summary>The units as one file, a fragment ending where <paramref name="endsBefore"/> says so. Units are released.</summary>
    public static byte[] Write(IReadOnlyList<TrackFormat> tracks, IEnumerable<AccessUnit> units, Func<AccessUnit, FragmentMuxer, bool> endsBefore)
    {
        var muxer = new FragmentMuxer(tracks);
        var to = new ArrayBufferWriter<byte>();
        muxer.WriteInit(to);
        foreach (var unit in units)
        {
            if (muxer.Units > 0 && endsBefore(unit, muxer))
                End(unit.IsVideo ? unit.Decode : null);
            muxer.Add(unit);
            unit.Release();
        }

        if (muxer.Units > 0)
            End(null);
        return to.WrittenSpan.ToArray();

        void End(MediaTime? next)
        {
            var fragment = muxer.End(next);
            fragment.Pieces.Sum(p => (long)p.Length).ShouldBe(fragment.Bytes);
            fragment.CopyTo(to);
            fragment.Release();
        }
    }

    /// <summary>All units of a file, its tracks merged by decode time, as a session would deliver them.</summary>
    public static IEnumerable<AccessUnit> Units(Mp4File file, MediaTime shift = default)
    {
        var pool = new BlockPool();
        int[] next = new int[file.Tracks.Count];
        while (true)
        {
            int track = -1;
            for (int i = 0; i < next.Length; i++)
            {
                if (next[i] < file.Tracks[i].Samples.Count
                    && (track < 0 || file.Tracks[i].Samples[next[i]].Decode < file.Tracks[track].Samples[next[track]].Decode))
                {
                    track = i;
                }
            }

            if (track < 0)
                yield break;
            var unit = file.Tracks[track].ReadUnit(next[track]++, pool);
            var moved = new AccessUnit(unit.Format, unit.Data.ToArray())
            {
                Decode = unit.Decode + shift,
                Presentation = unit.Presentation + shift,
                Duration = unit.Duration,
                IsKey = unit.IsKey,
            };
            unit.Release();
            yield return moved;
        }
    }

    /// <summary>A file as our recorder would have written it: fragments of <paramref name="perFragment"/> video units.</summary>
    public static byte[] Remux(Mp4File file, int perFragment = 25, MediaTime shift = default)
    {
        int video = 0;
        return Write([.. file.Tracks.Select(t => t.Format)], Units(file, shift), (unit, _) => file.Video is null || unit.IsVideo ? ++video % perFragment == 0 : false);
    }
}
