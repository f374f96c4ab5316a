using System.Buffers;

using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tests.Tracks;

public sealed class TrackFileTests
{
    static readonly WallTime Start = WallTime.From(new(2026, 3, 29, 1, 30, 0, TimeSpan.Zero)), Never = new(0), Always = new(long.MaxValue);

    [Fact]
    public void The_bytes_are_those_of_the_format_page()
    {
        byte[] file = FileOf(new TrackBlock(StreamKind.Sub, 640, 360, true,
        [
            new(Start, true, []),
            new(Start + TimeSpan.FromMilliseconds(200), false, [new(7, ObjectClass.Vehicle, new(0.5f, 0.25f, 0.125f, 0.5f), 0.8f, true, Start, new(0.25f, 0.25f, 0.125f, 0.5f), 0.5f, -0.25f)]),
        ]));

        Convert.ToHexString(file).ShouldBe(
            "4154545241434B530100000000000000" +                                   // ATTRACKS, version 1
            "54424C4B22000000" + "022530CB" + "02000101" +   // TBLK, 34 bytes, checksum, two pictures, sub, begins anew
            "00562FAC1F4E0600" + "80026801" + "00000000" +                          // first picture, 640 × 360
            "000100" +                                                              // at once, learning, no track
            "C09A0C0001" + "07C1CC" + "0010000800040010" + "001000F8" +             // 200 ms later one track: vehicle, coasting, first; 204/255; box; velocity
            "C09A0C" + "0008000800040010");                                         // born 200 ms before, where
    }

    [Fact]
    public void What_was_written_is_read_again_to_a_quarter_of_a_pixel()
    {
        var block = Walk(50);

        var read = TrackFile.Read(FileOf(block), Never, Always, out long damaged).ShouldHaveSingleItem();

        damaged.ShouldBe(0);
        (read.Stream, read.Width, read.Height, read.BeginsAnew).ShouldBe((StreamKind.Main, 1280, 720, false));
        read.Pictures.Select(p => p.At).ShouldBe(block.Pictures.Select(p => p.At));
        foreach (var (was, now) in block.Pictures.SelectMany(p => p.Tracks).Zip(read.Pictures.SelectMany(p => p.Tracks)))
        {
            (now.Id, now.Class, now.Coasting, now.Born).ShouldBe((was.Id, was.Class, was.Coasting, was.Born));
            now.Box.X.ShouldBe(was.Box.X, 1 / 16384f);
            now.Box.Height.ShouldBe(was.Box.Height, 1 / 16384f);
            now.BornBox.X.ShouldBe(was.BornBox.X, 1 / 16384f);
            now.VelocityX.ShouldBe(was.VelocityX, 1 / 16384f);
            now.Score.ShouldBe(was.Score, 1 / 500f);
        }
    }

    [Fact]
    public void Half_a_block_of_a_killed_node_costs_that_block_only()
    {
        byte[] one = BytesOf(Walk(5));
        byte[] file = [.. TrackFile.Header(), .. one, .. one[..^7], .. one];

        TrackFile.Read(file, Never, Always, out long damaged).Count.ShouldBe(2);
        damaged.ShouldBe(one.Length - 7);
    }

    [Fact]
    public void No_change_of_a_byte_goes_unnoticed_or_throws()
    {
        byte[] file = FileOf(Walk(3));
        for (int i = 0; i < file.Length; i++)
        {
            byte[] changed = [.. file];
            changed[i] ^= 0x41;
            var blocks = TrackFile.Read(changed, Never, Always, out long damaged);
            // Reserved bytes of the file's header say nothing.
            if (i is not (>= 10 and < TrackFile.HeaderSize))
                (blocks.Count, damaged > 0).ShouldBe((0, true), $"byte {i}");
        }
    }

    [Fact]
    public void Only_blocks_of_the_stretch_are_returned()
    {
        var early = Walk(5);
        var late = early with { Pictures = [.. early.Pictures.Select(p => p with { At = p.At + TimeSpan.FromMinutes(10) })] };

        TrackFile.Read([.. FileOf(early), .. BytesOf(late)], Start + TimeSpan.FromMinutes(9), Always, out _).ShouldHaveSingleItem().Pictures[0].At
            .ShouldBe(Start + TimeSpan.FromMinutes(10));
    }

    [Fact]
    public void A_rule_tried_on_kept_tracks_raises_what_it_raises_live()
    {
        var line = new LineRule { Id = "line", Name = "Line", Points = [new(0.5, 0), new(0.5, 1)] };
        var trial = new RuleTrial(new() { Rules = [line] }, TimeZoneInfo.Utc, Start, Start + TimeSpan.FromMinutes(2), 100);

        foreach (var block in TrackFile.Read(FileOf(Walk(100)), Never, Always, out _))
            trial.Add(block);

        var raised = trial.Events.ShouldHaveSingleItem();
        (raised.Rule, raised.Kind, raised.Class, raised.Track).ShouldBe(("line", SceneEventKind.LineCrossed, ObjectClass.Person, 3));
        // It walks a hundredth of the width in each 200 ms from 0.1 on: its foot is at 0.5 after 38 steps (0.1 + 0.02 of half its width).
        (raised.Wall - Start).TotalSeconds.ShouldBe(7.6, 0.25);
        trial.Pictures.ShouldBe(100);
        trial.End().ShouldBe([(Start + TimeSpan.FromSeconds(19.8), Start + TimeSpan.FromMinutes(2))]);
    }

    [Fact]
    public void Another_tracker_s_numbers_are_another_s()
    {
        // The same number on both sides of the line, by two trackers: nobody crossed.
        var walk = Walk(10);
        var line = new LineRule { Id = "line", Name = "Line", Points = [new(0.3, 0), new(0.3, 1)] };
        var trial = new RuleTrial(new() { Rules = [line] }, TimeZoneInfo.Utc, Start, Start + TimeSpan.FromMinutes(1), 100);
        trial.Add(walk);
        trial.Add(walk with
        {
            BeginsAnew = true,
            Pictures = [.. walk.Pictures.Select(p => new KeptPicture(
                p.At + TimeSpan.FromSeconds(2.2), false,
                [.. p.Tracks.Select(t => t with { Box = t.Box with { X = 0.6f }, Born = p.At, BornBox = t.Box with { X = 0.6f }, VelocityX = 0 })]))],
        });

        trial.Events.ShouldBeEmpty();
    }

    [Fact]
    public void Rules_about_the_scene_are_said_to_be_untried()
    {
        var trial = new RuleTrial(new() { Rules = [new TamperRule { Id = "tamper", Name = "Tamper" }] }, TimeZoneInfo.Utc, Start, Always, 100);
        trial.Untried.ShouldBe(["tamper"]);
    }

    /// <summary>A person from 0.1 to the right, a hundredth of the width in each 200 ms.</summary>
    static TrackBlock Walk(int pictures) => new(StreamKind.Main, 1280, 720, false,
    [
        .. Enumerable.Range(0, pictures).Select(i => new KeptPicture(
            Start + TimeSpan.FromMilliseconds(200 * i), false,
            [new(3, ObjectClass.Person, new(0.1f + (0.01f * i), 0.4f, 0.04f, 0.2f), 0.9f, false, Start, new(0.1f, 0.4f, 0.04f, 0.2f), 0.05f, 0)])),
    ]);

    static byte[] BytesOf(TrackBlock block)
    {
        var to = new ArrayBufferWriter<byte>();
        TrackFile.Write(block, to);
        return to.WrittenSpan.ToArray();
    }

    static byte[] FileOf(TrackBlock block) => [.. TrackFile.Header(), .. BytesOf(block)];
}
