using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Evaluation;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tests.Detect;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Analysis.Tests;

/// <summary>Real people before a camera that shakes or turns: the shaking is ours, cut out of the picture by ffmpeg.</summary>
public sealed class ShakenFootageTests
{
    // A margin to shake in: of 768×432 a window of 704×396 is shown.
    const string Window = "crop=704:396";

    // Two uneven swings, up to 10 pixels each way in the window's 704: what wind does to a pole.
    const string Pole = $"{Window}:32+10*sin(n*0.9):18+6*sin(n*1.37)";
    const string Still = $"{Window}:32:18";

    [Fact]
    public async Task A_pole_that_shakes_raises_what_a_still_one_raises_and_keeps_the_same_numbers()
    {
        using var detector = Models.Default(Models.Options with { MinScore = 0.1f, Threads = 2 });
        var still = await WatchAsync(detector, Still, 46);
        var shaken = await WatchAsync(detector, Pole, 46);

        still.Raised.Select(r => r.Rule).ShouldBe(["table", "exit", "table", "exit"]);
        shaken.Raised.Select(r => r.Rule).ShouldBe(still.Raised.Select(r => r.Rule));
        foreach (var (a, b) in still.Raised.Zip(shaken.Raised))
            b.Seconds.ShouldBe(a.Seconds, 1.5);
        // The same people under as many numbers.
        shaken.Numbers.ShouldBeLessThanOrEqualTo(still.Numbers + 1);
        shaken.Turning.ShouldBe(0, "it sways, nobody turns it");
    }

    /// <summary>The first five seconds show an empty room: what the gate says moves there is the camera.</summary>
    [Fact]
    public async Task A_shaken_empty_room_does_not_move()
    {
        var shaken = await WatchAsync(null, Pole, 5);
        shaken.MovingArea.ShouldBeLessThan(0.01);
        shaken.Raised.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_camera_that_pans_over_an_empty_room_raises_nothing_and_is_known_to_turn()
    {
        // From one side to the other between the second and the fourth second, a third of the window's height down as well.
        var panned = await WatchAsync(null, "crop=512:288:256*clip((t-2)/2\\,0\\,1):96*clip((t-2)/2\\,0\\,1)", 5);
        // Not in every picture of the ten: rules rest for two seconds after each.
        panned.Turning.ShouldBeInRange(4, 14);
        // One of 25 pictures, at most, in which the gate noticed before the camera's motion was found.
        panned.MovingArea.ShouldBeLessThan(0.04);
        panned.Raised.ShouldBeEmpty();
    }

    /// <summary>Somebody stands at the table while the camera is turned: the number goes with the person, not with the place.</summary>
    [Fact]
    public async Task Who_is_seen_while_the_camera_turns_keeps_the_number()
    {
        using var detector = Models.Default(Models.Options with { MinScore = 0.1f, Threads = 2 });
        var panned = await WatchAsync(detector, "crop=640:360:128*clip((t-10)/2\\,0\\,1):72*clip((t-10)/2\\,0\\,1)", 16);
        long before = panned.Seen.Last(s => s.Seconds < 9.9).Track, after = panned.Seen.First(s => s.Seconds > 12.5).Track;
        after.ShouldBe(before);
        panned.Raised.ShouldAllBe(r => r.Seconds < 10 || r.Seconds > 12);
    }

    sealed record Watched(
        IReadOnlyList<(string Rule, double Seconds)> Raised, int Numbers, int Turning, double MovingArea, IReadOnlyList<(double Seconds, long Track)> Seen);

    static async Task<Watched> WatchAsync(Detector? detector, string filter, double seconds)
    {
        string clip = TestData.Path("video/intel_one-by-one-person-detection.mp4");
        var stop = TestContext.Current.CancellationToken;
        using var folder = new TempFolder("shaken");
        string part = folder.File("part.mp4");
        await Ffmpeg.RunAsync(["-t", $"{seconds}", "-i", clip, "-vf", filter, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", part]);
        var rules = RuleReader.Read(
            """
            rules:
              - {name: table, type: zone, points: [[0.39, 0.555], [0.775, 0.555], [0.80, 1.0], [0.37, 1.0]], event: enter, classes: [person]}
              - {name: exit, type: line, points: [[0.827, 0.50], [0.827, 1.0]], direction: both, classes: [person]}
            """, 16 / 9.0, out _).ShouldNotBeNull();
        var chain = new PictureChain();
        chain.Configure(rules, TimeZoneInfo.Utc, [ObjectClass.Person]);
        var raised = new List<(string Rule, double Seconds)>();
        var numbers = new HashSet<(int Tracker, long Track)>();
        var seen = new List<(double Seconds, long Track)>();
        int turning = 0, pictures = 0;
        double area = 0;
        using var reader = await ClipReader.OpenAsync(part, 5, 1, stop);
        while (await reader.NextAsync(stop))
        {
            foreach (var e in chain.Look(reader.Picture, reader.At, new WallTime((long)(reader.At.Seconds * 1e6)), detector))
                raised.Add((e.Rule, e.At.Seconds));
            turning += chain.IsTurning ? 1 : 0;
            pictures++;
            area += chain.Gate.Regions.Sum(r => r.Area);
            foreach (var track in chain.Tracks.Where(t => t.IsConfirmed))
            {
                numbers.Add((chain.TrackerCount, track.Id));
                if (!track.IsCoasting)
                    seen.Add((reader.At.Seconds, track.Id));
            }
        }

        return new(raised, numbers.Count, turning, area / pictures, seen);
    }
}
