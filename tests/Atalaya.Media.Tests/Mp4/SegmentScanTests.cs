using Atalaya.Media.Mp4;
using FsCheck.Fluent;

namespace Atalaya.Media.Tests.Mp4;

public sealed class SegmentScanTests
{
    static SegmentScan Scan(byte[] bytes, bool checkTail = false) => SegmentScan.Read(new FileBytes(bytes), checkTail);

    static byte[] ThreeFragments()
    {
        var video = Segments.H264(new(3600));
        var units = new List<AccessUnit>();
        for (int i = 0; i < 12; i++)
        {
            units.Add(Segments.Unit(video, i * 3600, i % 4 == 0, size: 80 + i, presentation: (i + 1) * 3600));
            units.Add(Segments.Unit(Segments.Aac, i * 3600, true, size: 10));
        }

        return Segments.Write([video, Segments.Aac], units, (unit, muxer) => unit.IsVideo && muxer.Units == 8);
    }

    [Fact]
    public void Every_truncation_gives_exactly_the_whole_fragments()
    {
        byte[] bytes = ThreeFragments();
        var whole = Scan(bytes);
        whole.Fragments.Count.ShouldBe(3);
        whole.Tail.ShouldBe(SegmentTail.Whole);
        whole.Fault.ShouldBeNull();
        for (int length = 0; length <= bytes.Length; length++)
        {
            var scan = Scan(bytes[..length]);
            scan.Fragments.ShouldBe(whole.Fragments.Where(f => f.Offset + f.Length <= length));
            scan.InitLength.ShouldBe(length >= whole.InitLength ? whole.InitLength : 0);
            long end = scan.Fragments.Count > 0 ? scan.Fragments[^1].Offset + scan.Fragments[^1].Length : scan.InitLength;
            scan.WholeEnd.ShouldBe(end);
            if (length > end && length > whole.InitLength)
                (scan.Tail, scan.Fault is null).ShouldBe((SegmentTail.Torn, false), $"cut at {length}");
        }
    }

    [Fact]
    public void Zeros_at_the_end_hide_nothing_and_add_nothing()
    {
        byte[] bytes = ThreeFragments();
        var whole = Scan(bytes);
        foreach (var fragment in whole.Fragments)
        {
            for (int zeros = 8; zeros < 9000; zeros += 13)
            {
                int end = (int)(fragment.Offset + fragment.Length);
                var scan = Scan([.. bytes[..end], .. new byte[zeros]]);
                scan.WholeEnd.ShouldBe(end);
                scan.Tail.ShouldBe(SegmentTail.Zeros);
            }
        }
    }

    [Fact]
    public void Fragments_whose_data_became_zeros_are_left_out_when_the_tail_is_checked()
    {
        byte[] bytes = ThreeFragments();
        var whole = Scan(bytes);
        for (int from = (int)whole.InitLength; from < bytes.Length; from++)
        {
            byte[] hurt = [.. bytes[..from], .. new byte[bytes.Length - from]];
            var scan = Scan(hurt, checkTail: true);
            // The video of a fragment lies before its sound, 40 bytes here, and zeros of less than 64 bytes may be a picture's.
            var untouched = whole.Fragments.Where(f => f.Offset + f.Length <= from).ToList();
            scan.Fragments.Take(untouched.Count).ShouldBe(untouched);
            scan.Fragments.Count.ShouldBeLessThanOrEqualTo(whole.Fragments.Count(f => f.Offset + f.Length <= from + 104));
            scan.RandomAccessPoints.Count.ShouldBe(scan.Fragments.Count);
        }

        Scan(bytes, checkTail: true).Fragments.ShouldBe(whole.Fragments);
    }

    [Fact]
    public void Garbage_behind_the_last_fragment_is_told_from_a_torn_box()
    {
        byte[] bytes = ThreeFragments();
        var scan = Scan([.. bytes, .. "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008 and more"u8.ToArray()]);
        (scan.Tail, scan.WholeEnd, scan.Fragments.Count).ShouldBe((SegmentTail.Garbage, bytes.Length, 3));
        scan.Fault.ShouldNotBeNull().ShouldContain($"byte {bytes.Length}");
        Scan([]).InitLength.ShouldBe(0);
        Scan("no media at all, but a text"u8.ToArray()).InitLength.ShouldBe(0);
    }

    [Fact]
    public void What_was_written_is_what_is_found()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var delay = new MediaTime(random.Next(3) * 3000);
            TrackFormat video = random.Next(2) == 0 ? Segments.H264(delay) : Segments.H265(delay);
            var units = new List<AccessUnit>();
            long decode = random.NextInt64(1L << 40);
            long sound = decode;
            for (int i = random.Next(1, 60); i > 0; i--)
            {
                units.Add(Segments.Unit(video, decode, random.Next(5) == 0, random.Next(5, 3000), decode + random.Next((int)delay.Ticks + 1), seed: i));
                for (; sound < decode; sound += 1920)
                    units.Add(Segments.Unit(Segments.Aac, sound, true, random.Next(1, 300)));
                decode += random.Next(1, 20000);
            }

            int longest = random.Next(1, 12);
            byte[] bytes = Segments.Write([video, Segments.Aac], units, (unit, muxer) => unit.IsVideo && muxer.Units >= longest);
            var scan = Scan(bytes, checkTail: true);
            scan.Fault.ShouldBeNull();
            scan.WholeEnd.ShouldBe(bytes.Length);
            var pictures = units.Where(u => u.IsVideo).ToList();
            scan.Fragments.Sum(f => f.Units).ShouldBe(units.Count);
            scan.RandomAccessPoints.Select(p => (p.Decode, p.Presentation)).ShouldBe(pictures.Where(u => u.IsKey).Select(u => (u.Decode, u.Presentation)));
            scan.Start.ShouldBe(pictures[0].Decode);
            scan.End.ShouldBe(pictures[^1].Decode + pictures[^1].Duration);
            for (int i = 1; i < scan.Fragments.Count; i++)
            {
                scan.Fragments[i].Start.ShouldBe(scan.Fragments[i - 1].Start + scan.Fragments[i - 1].Duration);
                scan.Fragments[i].Offset.ShouldBe(scan.Fragments[i - 1].Offset + scan.Fragments[i - 1].Length);
            }

            scan.Tracks.Select(t => t.Format).ShouldBe([video, Segments.Aac]);
            using var file = Mp4File.Parse(new FileBytes(bytes));
            file.Video!.Samples.Select(s => (s.Decode, s.Presentation, s.IsKey, s.Size)).ShouldBe(pictures.Select(u => (u.Decode, u.Presentation, u.IsKey, u.Data.Length)));
            for (int i = 0; i < pictures.Count; i++)
                file.Video.ReadSample(i).ShouldBe(pictures[i].Data.ToArray());
            return true;
        }));
    }
}
