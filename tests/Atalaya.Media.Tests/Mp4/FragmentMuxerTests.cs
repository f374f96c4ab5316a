using System.Buffers;
using System.Globalization;
using System.Text;
using Atalaya.Media.Mp4;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Mp4;

public sealed class FragmentMuxerTests
{
    static readonly MediaTime Delay = new(7200);

    public static TheoryData<string> Goldens => ["h264", "h264-reordered", "h265", "aac", "ulaw", "alaw", "l16", "h264-aac"];

    /// <summary>
    /// The format of our archive: old recordings must stay readable, so a change here is a decision. Set ATALAYA_WRITE_GOLDENS=1 to
    /// write the files anew, and say in the commit why.
    /// </summary>
    [Theory, MemberData(nameof(Goldens))]
    public void Init_segment_and_fragment_are_byte_for_byte_what_they_were(string name)
    {
        TrackFormat[] tracks = name switch
        {
            "h264" => [Segments.H264()],
            "h264-reordered" => [Segments.H264(Delay)],
            "h265" => [Segments.H265(Delay)],
            "aac" => [Segments.Aac],
            "ulaw" => [Segments.Pcm(Codec.PcmMuLaw)],
            "alaw" => [Segments.Pcm(Codec.PcmALaw)],
            "l16" => [Segments.Pcm(Codec.L16, 2)],
            _ => [Segments.H264(), Segments.Aac],
        };
        var units = new List<AccessUnit>();
        foreach (var track in tracks)
        {
            if (track is VideoFormat video && video.ReorderDelay > MediaTime.Zero)
            {
                units.Add(Segments.Unit(track, -7200, key: true, size: 20, presentation: 0));
                units.Add(Segments.Unit(track, -3600, key: false, size: 9, presentation: 10800));
                units.Add(Segments.Unit(track, 0, key: false, size: 7, presentation: 3600));
                units.Add(Segments.Unit(track, 3600, key: false, size: 8, presentation: 7200));
            }
            else
            {
                long step = track is VideoFormat ? 3600 : track.Codec == Codec.Aac ? 1920 : 1800;
                int size = track is VideoFormat ? 12 : track.Codec == Codec.Aac ? 6 : track.Codec == Codec.L16 ? 640 : 160;
                for (int i = 0; i < 4; i++)
                    units.Add(Segments.Unit(track, 90_000 + (i * step), key: i == 0 || track is AudioFormat, size: size + (track.Codec == Codec.H264 ? i : 0)));
            }
        }

        byte[] bytes = Segments.Write(tracks, units, (_, _) => false);
        string path = Path.Combine(RepositoryRoot.Path, "tests", "Atalaya.Media.Tests", "Mp4", "Goldens", $"{name}.hex");
        string hex = Hex(bytes);
        if (Environment.GetEnvironmentVariable("ATALAYA_WRITE_GOLDENS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, hex);
        }

        hex.ShouldBe(File.ReadAllText(path));
    }

    [Fact]
    public void Presentation_times_in_the_file_are_those_of_the_units_with_and_without_reordering()
    {
        foreach (var delay in new[] { MediaTime.Zero, Delay })
        {
            var format = Segments.H264(delay);
            long d = delay.Ticks;
            AccessUnit[] units =
            [
                Segments.Unit(format, 1000 - d, true, presentation: 1000),
                Segments.Unit(format, 4600 - d, false, presentation: 4600 + d),
                Segments.Unit(format, 8200 - d, false, presentation: 8200 - (d / 2)),
                Segments.Unit(format, 11800 - d, false, presentation: 11800 - d),
            ];
            using var file = Parse(Segments.Write([format], units, (_, muxer) => muxer.Units == 2));
            file.Video!.Samples.Select(s => (s.Decode, s.Presentation, s.IsKey)).ShouldBe(units.Select(u => (u.Decode, u.Presentation, u.IsKey)));
            ((VideoFormat)file.Video.Format).ReorderDelay.ShouldBe(delay);
        }
    }

    [Fact]
    public void A_unit_lasts_until_the_next_and_the_last_one_as_long_as_known_or_predicted()
    {
        var format = Segments.H264();
        var muxer = new FragmentMuxer([format]);
        muxer.Add(Segments.Unit(format, 0, true));
        muxer.Add(Segments.Unit(format, 3000, false));
        var known = muxer.End(new MediaTime(7000));
        known.Duration.ShouldBe(new MediaTime(7000));
        muxer.Add(Segments.Unit(format, 7000, false, duration: 3333));
        var predicted = muxer.End();
        (predicted.Start, predicted.Duration, predicted.StartsWithKey, predicted.Units).ShouldBe((new MediaTime(7000), new MediaTime(3333), false, 1));
        muxer.Add(Segments.Unit(format, 12000, true, duration: 0));
        muxer.End().Duration.ShouldBe(new MediaTime(3333), "nothing was predicted, so it lasts as long as the one before");
    }

    [Fact]
    public void Sound_lasts_as_long_as_its_samples()
    {
        Last(Segments.Aac, 6).ShouldBe(new MediaTime(1920));
        Last(Segments.Pcm(Codec.PcmALaw), 160).ShouldBe(new MediaTime(1800));
        Last(Segments.Pcm(Codec.L16, 2), 640).ShouldBe(new MediaTime(1800));
        // AudioSpecificConfig of HE-AAC: core at 24 kHz, output at 48 kHz.
        Last(new AudioFormat(Codec.Aac, new byte[] { 0x2B, 0x11, 0x88, 0x00 }, "mp4a.40.5", 48000, 2), 6).ShouldBe(new MediaTime(3840));

        static MediaTime Last(AudioFormat format, int size)
        {
            var muxer = new FragmentMuxer([format]);
            muxer.Add(Segments.Unit(format, 0, true, size));
            return muxer.End().Duration;
        }
    }

    [Fact]
    public void Neighbours_in_memory_become_one_piece_and_every_unit_is_released()
    {
        var pool = new BlockPool();
        var buffer = new UnitBuffer(pool);
        var format = Segments.H264();
        var muxer = new FragmentMuxer([format]);
        for (int i = 0; i < 5; i++)
        {
            buffer.TryAppend([0, 0, 0, 2, 0x65, (byte)(i + 1)]);
            var (block, data) = buffer.Take();
            var unit = new AccessUnit(format, data, block) { Decode = new(i * 3600), Presentation = new(i * 3600), IsKey = i == 0 };
            muxer.Add(unit);
            unit.Release();
        }

        buffer.Dispose();
        var fragment = muxer.End();
        fragment.Pieces.Count.ShouldBe(2);
        fragment.Pieces[1].Length.ShouldBe(30);
        pool.IdleBytes.ShouldBe(0);
        fragment.Release();
        pool.IdleBytes.ShouldBe(64 << 10);
        Should.Throw<InvalidOperationException>(fragment.Release);
    }

    [Fact]
    public void A_fragment_stays_as_it_is_while_the_next_one_is_made()
    {
        var format = Segments.H264();
        var muxer = new FragmentMuxer([format]);
        muxer.Add(Segments.Unit(format, 0, true));
        var first = muxer.End();
        byte[] before = Copy(first);
        muxer.Add(Segments.Unit(format, 3600, false, size: 500, seed: 3));
        var second = muxer.End();
        Copy(first).ShouldBe(before);
        first.Release();
        second.Release();
        muxer.Add(Segments.Unit(format, 7200, false));
        muxer.End().ShouldBeOneOf(first, second);
    }

    [Fact]
    public void A_unit_of_another_format_is_refused_and_one_of_an_equal_format_is_not()
    {
        var muxer = new FragmentMuxer([Segments.H264(width: 640)]);
        Should.Throw<ArgumentException>(() => muxer.Add(Segments.Unit(Segments.H264(width: 320), 0, true))).Message.ShouldContain("new format needs a new muxer");
        muxer.Add(Segments.Unit(Segments.H264(width: 640), 0, true));
        muxer.Units.ShouldBe(1);
        muxer.Reset();
        muxer.Units.ShouldBe(0);
        Should.Throw<InvalidOperationException>(() => muxer.End());
    }

    [Fact]
    public void The_mime_type_names_every_codec() =>
        new FragmentMuxer([Segments.H264(), Segments.Aac]).MimeType.ShouldBe("video/mp4; codecs=\"avc1.42C01E,mp4a.40.2\"");

    [Fact]
    public void A_thousand_units_cost_no_memory_once_the_buffers_have_grown()
    {
        var format = Segments.H264();
        AccessUnit[] units = [.. Enumerable.Range(0, 1000).Select(i => Segments.Unit(format, i * 3600, i % 25 == 0, size: 100 + (i % 7)))];
        var muxer = new FragmentMuxer([format]);
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1000);

        void Run()
        {
            for (int i = 0; i < units.Length; i++)
            {
                muxer.Add(units[i]);
                if (muxer.Units == 25)
                    muxer.End(new MediaTime((i + 1) * 3600)).Release();
            }
        }
    }

    static byte[] Copy(Fragment fragment)
    {
        var to = new ArrayBufferWriter<byte>();
        fragment.CopyTo(to);
        return to.WrittenSpan.ToArray();
    }

    static Mp4File Parse(byte[] bytes) => Mp4File.Parse(new FileBytes(bytes));

    // Sixteen bytes a line with the printable ones beside, so that a difference can be read.
    static string Hex(byte[] bytes)
    {
        var text = new StringBuilder();
        for (int at = 0; at < bytes.Length; at += 16)
        {
            var line = bytes.AsSpan(at, Math.Min(16, bytes.Length - at));
            text.Append(CultureInfo.InvariantCulture, $"{at:x6}  ");
            foreach (byte b in line)
                text.Append(CultureInfo.InvariantCulture, $"{b:x2} ");
            text.Append(' ', 3 * (16 - line.Length)).Append(' ');
            foreach (byte b in line)
                text.Append(b is >= 0x20 and < 0x7F ? (char)b : '.');
            text.Append('\n');
        }

        return text.ToString();
    }
}
