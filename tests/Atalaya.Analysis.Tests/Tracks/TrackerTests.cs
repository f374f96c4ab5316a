using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tests.Tracks;

/// <summary>One thing keeps one number; rules count on it.</summary>
public sealed class TrackerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(25)]
    public void A_walker_keeps_his_number_across_the_picture_at_any_rate(int rate)
    {
        var tracker = new Tracker(TrackerOptions.Default);
        var ids = new HashSet<long>();
        for (int i = 0; i <= 12 * rate; i++)
        {
            double t = i / (double)rate;
            ids.UnionWith(Confirmed(tracker.Update([Walker(0.1 + (0.06 * t), 0.5)], MediaTime.FromSeconds(t))).Select(x => x.Id));
        }

        ids.ShouldBe([1]);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(25)]
    public void Two_seconds_behind_a_lorry_change_no_number(int rate)
    {
        var tracker = new Tracker(TrackerOptions.Default);
        IReadOnlyList<Track> last = [];
        for (int i = 0; i <= 8 * rate; i++)
        {
            double t = i / (double)rate;
            Detection[] seen = t is > 3 and < 5 ? [] : [Walker(0.2 + (0.06 * t), 0.5)];
            last = tracker.Update(seen, MediaTime.FromSeconds(t));
            if (t is > 3.3 and < 4.9)
                Confirmed(last).ShouldHaveSingleItem().IsCoasting.ShouldBeTrue();
        }

        Confirmed(last).ShouldHaveSingleItem().Id.ShouldBe(1);
    }

    [Fact]
    public void After_longer_than_it_may_coast_a_thing_is_a_new_one()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        for (int i = 0; i < 5; i++)
            tracker.Update([Walker(0.5, 0.5)], MediaTime.FromSeconds(i * 0.2));
        tracker.Update([], MediaTime.FromSeconds(4)).ShouldBeEmpty();
        IReadOnlyList<Track> last = [];
        for (int i = 0; i < 5; i++)
            last = tracker.Update([Walker(0.5, 0.5)], MediaTime.FromSeconds(4 + (i * 0.2)));
        Confirmed(last).ShouldHaveSingleItem().Id.ShouldBe(2);
    }

    [Fact]
    public void Two_who_meet_and_pass_keep_their_numbers()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        IReadOnlyList<Track> last = [];
        for (int i = 0; i <= 100; i++)
        {
            double t = i / 10.0;
            last = tracker.Update([Walker(0.1 + (0.08 * t), 0.5), Walker(0.9 - (0.08 * t), 0.53)], MediaTime.FromSeconds(t));
        }

        var end = Confirmed(last).OrderBy(x => x.Id).ToList();
        end.Count.ShouldBe(2);
        end[0].Id.ShouldBe(1);
        end[0].Box.Centre.X.ShouldBe(0.9f, 0.02f);
        end[1].Id.ShouldBe(2);
    }

    [Fact]
    public void A_single_flicker_of_the_detector_is_never_confirmed()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        for (int i = 0; i < 50; i++)
            Confirmed(tracker.Update(i % 10 == 0 ? [Walker(0.5, 0.5, 0.9f)] : [], MediaTime.FromSeconds(i * 0.2))).ShouldBeEmpty();
    }

    [Fact]
    public void Weak_detections_carry_a_track_on_but_begin_none()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        for (int i = 0; i < 20; i++)
            tracker.Update([Walker(0.3, 0.5, 0.2f)], MediaTime.FromSeconds(i * 0.2)).ShouldBeEmpty();
        IReadOnlyList<Track> last = [];
        for (int i = 0; i < 40; i++)
            last = tracker.Update([Walker(0.6, 0.5, i < 4 ? 0.8f : 0.2f)], MediaTime.FromSeconds(4 + (i * 0.2)));
        var track = Confirmed(last).ShouldHaveSingleItem();
        track.Id.ShouldBe(1);
        track.IsCoasting.ShouldBeFalse();
    }

    [Fact]
    public void The_class_is_what_most_detections_said()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        IReadOnlyList<Track> last = [];
        for (int i = 0; i < 30; i++)
        {
            var walker = Walker(0.5, 0.5);
            last = tracker.Update([i % 3 == 2 ? walker with { Class = ObjectClass.Animal } : walker], MediaTime.FromSeconds(i * 0.2));
        }

        var track = Confirmed(last).ShouldHaveSingleItem();
        track.Class.ShouldBe(ObjectClass.Person);
        track.Id.ShouldBe(1);
    }

    [Fact]
    public void A_panning_camera_changes_no_number_when_its_motion_is_told()
    {
        // 0.3 of the width from picture to picture: without the motion nothing would overlap.
        var motion = new CameraMotion(0.1, -0.03, 1.02, 0.01, 1);
        var tracker = new Tracker(TrackerOptions.Default with { Aspect = 1 });
        double x = 0.2, y = 0.7, size = 0.1;
        IReadOnlyList<Track> last = [];
        for (int i = 0; i < 6; i++)
        {
            last = tracker.Update(
                [new(new((float)(x - (size / 4)), (float)(y - (size / 2)), (float)size / 2, (float)size), ObjectClass.Person, 0.9f)],
                MediaTime.FromSeconds(i * 0.2), i == 0 ? null : motion);
            double cos = Math.Cos(motion.Rotation) * motion.Scale, sin = Math.Sin(motion.Rotation) * motion.Scale, dx = x - 0.5, dy = y - 0.5;
            x = 0.5 + (cos * dx) - (sin * dy) + motion.ShiftX;
            y = 0.5 + (sin * dx) + (cos * dy) + motion.ShiftY;
            size *= motion.Scale;
        }

        var track = Confirmed(last).ShouldHaveSingleItem();
        track.Id.ShouldBe(1);
        track.VelocityX.ShouldBe(0, 0.02f);
    }

    [Fact]
    public void Time_that_runs_backwards_begins_a_new_run_with_new_numbers()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        for (int i = 0; i < 5; i++)
            tracker.Update([Walker(0.5, 0.5)], MediaTime.FromSeconds(100 + (i * 0.2)));
        tracker.Update([], MediaTime.FromSeconds(0)).ShouldBeEmpty();
        IReadOnlyList<Track> last = [];
        for (int i = 0; i < 5; i++)
            last = tracker.Update([Walker(0.5, 0.5)], MediaTime.FromSeconds(i * 0.2));
        Confirmed(last).ShouldHaveSingleItem().Id.ShouldBe(2);
    }

    /// <summary>Whatever a detector says: numbers are unique, values finite, boxes near the picture, and a second run says the same.</summary>
    [Fact]
    public void Any_detections_at_any_times_give_sound_tracks_and_the_same_ones_again()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var first = Storm(seed);
            Storm(seed).ShouldBe(first);
        }
    }

    static List<Track> Storm(int seed)
    {
        var random = new Random(seed);
        var tracker = new Tracker(TrackerOptions.Default with { MaxTracks = 40 });
        var all = new List<Track>();
        long now = 0, lastId = 0;
        for (int i = 0; i < 120; i++)
        {
            now += random.Next(20) switch { 0 => -90_000, 1 => 0, 2 => 900_000, 3 => long.MaxValue / 1_000_000, _ => random.Next(90_000) };
            var detections = new Detection[random.Next(60)];
            for (int d = 0; d < detections.Length; d++)
            {
                detections[d] = new(
                    new(Value(random), Value(random), Value(random), Value(random)), (ObjectClass)random.Next(-1, 9), random.Next(30) == 0 ? float.NaN : random.NextSingle());
            }

            CameraMotion? motion = random.Next(4) == 0
                ? new CameraMotion(random.NextDouble() - 0.5, random.NextDouble() - 0.5, 0.5 + random.NextDouble(), random.NextDouble() - 0.5, 1)
                : null;
            var tracks = tracker.Update(detections, new(now), motion);
            tracks.Count.ShouldBeLessThanOrEqualTo(40);
            tracks.Where(t => t.IsConfirmed).Select(t => t.Id).ShouldBeUnique();
            foreach (var track in tracks)
            {
                float[] values = [track.Box.X, track.Box.Y, track.Box.Width, track.Box.Height, track.VelocityX, track.VelocityY, track.Score];
                values.All(v => float.IsFinite(v) && Math.Abs(v) < 100).ShouldBeTrue();
                track.Box.Width.ShouldBeGreaterThan(0);
                track.Box.Height.ShouldBeGreaterThan(0);
                track.Born.ShouldBeLessThanOrEqualTo(track.Seen);
                track.Seen.ShouldBeLessThanOrEqualTo(track.At);
                if (track.Id > lastId)
                    track.Id.ShouldBe(++lastId, "a number was left out or given twice");
            }

            all.AddRange(tracks);
        }

        return all;
    }

    static float Value(Random random) => random.Next(25) switch
    {
        0 => float.NaN,
        1 => float.PositiveInfinity,
        2 => -random.NextSingle(),
        3 => 1e30f,
        4 => 1e-30f,
        _ => random.NextSingle() * 0.6f,
    };

    [Fact]
    public void A_street_that_stays_as_busy_makes_no_garbage()
    {
        var tracker = new Tracker(TrackerOptions.Default);
        var pictures = Enumerable.Range(0, 400).Select(i => Enumerable.Range(0, 20)
            .Select(n => Walker((((n * 0.05) + (i * 0.003)) % 1) * 0.9, 0.2 + (n % 4 * 0.2))).ToArray()).ToArray();
        for (int i = 0; i < 300; i++)
            tracker.Update(pictures[i], MediaTime.FromSeconds(i * 0.1));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 300; i < 400; i++)
            tracker.Update(pictures[i], MediaTime.FromSeconds(i * 0.1));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    static IEnumerable<Track> Confirmed(IEnumerable<Track> tracks) => tracks.Where(t => t.IsConfirmed);

    static Detection Walker(double x, double foot, float score = 0.9f) => new(new((float)x - 0.02f, (float)foot - 0.2f, 0.04f, 0.2f), ObjectClass.Person, score);
}
