using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Wire;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Api;
using Atalaya.Node.Redactions;

namespace Atalaya.Node.Tests.Redactions;

/// <summary>A plan that is taken can be painted, and covers at each moment what it says.</summary>
public sealed class RedactionPlanTests
{
    const long Second = 1_000_000;

    [Fact]
    public void Everything_that_is_wrong_with_a_plan_is_told_by_field()
    {
        var plan = new RedactionPlanJson
        {
            Things =
            [
                Thing("a b", 0, 5),
                Thing("same", 0, Second),
                Thing("same", 0, Second),
                Thing("late", Second, Second),
                Thing("long", 0, 11 * Second),
                Thing("none", 0, Second) with { Keys = [] },
                Thing("back", 0, Second) with { Keys = [Key(5), Key(5)] },
                Thing("nan", 0, Second) with { Keys = [Key(0) with { W = double.NaN }] },
                Thing("far", 0, Second) with { Keys = [Key(0) with { X = 40 }] },
                null!,
            ],
        };
        var errors = new FieldErrors();
        RedactionPlan.Check(plan, 10 * Second, errors);

        string[] fields = [.. errors.All.Select(e => e.Split(": ")[0])];
        fields.ShouldBe(
            ["things[0].id", "things[2].id", "things[3].to", "things[4].to", "things[5].keys", "things[6].keys[1].at", "things[7].keys[0]", "things[8].keys[0]", "things[9]"], ignoreOrder: true);
    }

    /// <summary>By random plans: at each moment each pixel within a covered box is covered, and where none is nothing is.</summary>
    [Fact]
    public void A_picture_is_covered_where_and_when_the_plan_says_and_nowhere_else()
    {
        var random = new Random(7);
        for (int round = 0; round < 150; round++)
        {
            var plan = new RedactionPlanJson { Style = RedactionStyle.Fill, Things = [.. Enumerable.Range(0, 3).Select(i => Any(random, $"t{i}"))] };
            var errors = new FieldErrors();
            RedactionPlan.Check(plan, 10 * Second, errors);
            errors.Any.ShouldBeFalse(string.Join('\n', errors.All));
            var painter = new AreaPainter(RedactionPlan.ToAreas(plan), 64, 48);
            for (int look = 0; look < 6; look++)
            {
                // The edges of stretches are where one is off by one.
                var thing = plan.Things[random.Next(3)];
                long at = look switch { 0 => thing.From, 1 => thing.To, 2 => Math.Max(0, thing.From - 12), 3 => Math.Max(thing.From, thing.To - 12), _ => random.NextInt64(10 * Second) };
                var picture = new PlanarPicture(64, 48);
                picture.Luma.Fill(200);
                painter.Paint(picture, RedactionPlan.TimeOf(at));
                for (int y = 0; y < 48; y++)
                {
                    for (int x = 0; x < 64; x++)
                    {
                        bool covered = picture.Luma[(y * picture.LumaStride) + x] != 200;
                        // A pixel's own extent decides; between "surely in" and "surely out" lies a pixel's width.
                        if (plan.Things.Any(t => IsThere(t, at) && Holds(t, at, x, y, -1.5)))
                            covered.ShouldBeTrue($"round {round}: ({x}, {y}) at {at}");
                        else if (!plan.Things.Any(t => IsThere(t, at) && Holds(t, at, x, y, 1.5)))
                            covered.ShouldBeFalse($"round {round}: ({x}, {y}) at {at}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Kept_things_alone_are_visible_where_everything_else_is_covered()
    {
        var plan = new RedactionPlanJson
        {
            EverythingElse = true,
            Style = RedactionStyle.Fill,
            Things =
            [
                Thing("kept", 0, Second) with { Deed = RedactionDeed.Keep, Keys = [new(0, 0.25, 0.25, 0.5, 0.5)] },
                Thing("covered", 0, Second) with { Deed = RedactionDeed.Cover, Keys = [new(0, 0.4, 0.4, 0.2, 0.2)] },
            ],
        };
        byte[] luma = Painted(plan, 0);
        luma[(24 * 64) + 20].ShouldBe((byte)200);
        luma[(2 * 64) + 2].ShouldNotBe((byte)200);
        luma[(24 * 64) + 32].ShouldNotBe((byte)200, "what is covered stays so inside of what is kept");
        // Kept where nothing else is covered means nothing.
        Painted(plan with { EverythingElse = false, Things = [plan.Things[0]] }, 0).ShouldAllBe(v => v == 200);
        // It is gone before and behind its time, and then all is covered.
        Painted(plan, Second)[(24 * 64) + 20].ShouldNotBe((byte)200);
    }

    [Fact]
    public void What_is_left_out_of_a_way_lies_within_the_tolerance_of_what_is_kept()
    {
        var random = new Random(11);
        for (int round = 0; round < 200; round++)
        {
            var keys = new List<RedactionKeyJson>();
            (double x, double y, double w) = (0.3, 0.3, 0.1);
            for (int i = 0; i < random.Next(1, 120); i++)
            {
                (x, y) = (x + ((random.NextDouble() - 0.4) * 0.02), y + ((random.NextDouble() - 0.5) * 0.01));
                w = Math.Max(0.02, w + ((random.NextDouble() - 0.5) * 0.006));
                keys.Add(new((i * 100_000) + random.Next(10_000), x, y, w, 0.2));
            }

            var kept = Findings.Thinned(keys);
            kept[0].ShouldBe(keys[0]);
            kept[^1].ShouldBe(keys[^1]);
            foreach (var key in keys)
            {
                var near = At(kept, key.At);
                Math.Max(Math.Abs(near.X - key.X), Math.Abs(near.X + near.W - key.X - key.W)).ShouldBeLessThanOrEqualTo(0.005 + 1e-9);
                Math.Max(Math.Abs(near.Y - key.Y), Math.Abs(near.Y + near.H - key.Y - key.H)).ShouldBeLessThanOrEqualTo(0.005 + 1e-9);
            }
        }
    }

    [Fact]
    public void A_person_who_was_seen_is_proposed_by_the_head_before_and_behind_the_moments_of_being_seen()
    {
        WallTime from = new(1_700_000_000_000_000), to = from + TimeSpan.FromSeconds(10);
        var findings = new Findings(new(Plates: true), from, to);
        for (int i = 0; i < 20; i++)
        {
            double at = 3 + (i * 0.1);
            findings.Add(Seen(from, at, [new(4, ObjectClass.Person, new(0.1f + (i * 0.02f), 0.2f, 0.1f, 0.5f), 0.9f, false, MediaTime.FromSeconds(2.8), new(0.08f, 0.2f, 0.1f, 0.5f), 0, 0)], []));
        }

        findings.Add(Seen(from, 6, [new(5, ObjectClass.Vehicle, new(0.5f, 0.5f, 0.2f, 0.2f), 0.9f, false, MediaTime.FromSeconds(6), new(0.5f, 0.5f, 0.2f, 0.2f), 0, 0)], [new(1, new(0.3f, 0.3f, 0.1f, 0.1f), 0.8f, false)]));
        var (things, leftOut) = findings.Things();

        leftOut.ShouldBe(0);
        things.Select(t => (t.Kind, t.Deed)).ShouldBe(
            [
                (RedactionThingKind.Person, RedactionDeed.None), (RedactionThingKind.Head, RedactionDeed.Cover), (RedactionThingKind.Vehicle, RedactionDeed.None),
                (RedactionThingKind.Plate, RedactionDeed.Cover), (RedactionThingKind.Face, RedactionDeed.Cover),
            ], ignoreOrder: true);
        var head = things.Single(t => t.Kind == RedactionThingKind.Head);
        (head.From, head.To).ShouldBe((2_400_000, 5_300_000));
        // It came in before it was confirmed: there it begins.
        head.Keys[0].At.ShouldBe(2_800_000);
        foreach (var key in head.Keys)
            (key.Y, key.Y + key.H).ShouldSatisfyAllConditions(s => s.Item1.ShouldBeLessThan(0.2), s => s.Item2.ShouldBeGreaterThan(0.3));
        var plate = things.Single(t => t.Kind == RedactionThingKind.Plate).Keys.Single();
        (plate.Y, plate.Y + plate.H).ShouldSatisfyAllConditions(s => s.Item1.ShouldBe(0.6, 0.001), s => s.Item2.ShouldBeGreaterThan(0.7));
        var face = things.Single(t => t.Kind == RedactionThingKind.Face).Keys.Single();
        (face.X, face.W).ShouldSatisfyAllConditions(s => s.X.ShouldBeLessThan(0.27), s => s.W.ShouldBeGreaterThan(0.17));

        var errors = new FieldErrors();
        RedactionPlan.Check(new() { Things = things }, 10 * Second, errors);
        errors.Any.ShouldBeFalse(string.Join('\n', errors.All));
    }

    [Fact]
    public void Where_more_is_found_than_a_plan_holds_what_is_covered_goes_first_and_the_rest_is_counted()
    {
        WallTime from = new(1_700_000_000_000_000), to = from + TimeSpan.FromMinutes(10);
        var findings = new Findings(new(), from, to);
        // A person makes two things: the whole, which isn't covered, and the head, which is.
        const int Persons = 1500;
        for (int i = 0; i < Persons; i++)
            findings.Add(Seen(from, i * 0.3, [new(i, ObjectClass.Person, new(0.1f, 0.2f, 0.1f, 0.5f), 0.9f, false, MediaTime.FromSeconds(i * 0.3), new(0.1f, 0.2f, 0.1f, 0.5f), 0, 0)], []));
        var (things, leftOut) = findings.Things();
        (things.Count, leftOut).ShouldBe((RedactionPlan.MaxThings, (2 * Persons) - RedactionPlan.MaxThings));
        things.Count(t => t.Kind == RedactionThingKind.Head).ShouldBe(Persons);
        things.Select(t => t.From).ShouldBeInOrder();
    }

    [Fact]
    public void Pictures_of_all_drafts_are_kept_within_one_size_and_the_oldest_go_first()
    {
        var stills = new StillCache(100);
        for (int i = 0; i < 10; i++)
            stills.Put(new($"draft{i}", 1, 640, i), new byte[30]);
        Enumerable.Range(0, 10).Where(i => stills.Find(new($"draft{i}", 1, 640, i)) is not null).ShouldBe([7, 8, 9]);
        stills.Put(new("large", 0, 3840, 0), new byte[500]);
        stills.Find(new("large", 0, 3840, 0)).ShouldNotBeNull();
        stills.Find(new("draft9", 1, 640, 9)).ShouldBeNull();
    }

    static SeenPicture Seen(WallTime from, double seconds, IReadOnlyList<SeenTrack> tracks, IReadOnlyList<SeenFace> faces) =>
        new("gate", StreamKind.Main, MediaTime.FromSeconds(seconds), from + TimeSpan.FromSeconds(seconds), 640, 480, 1, false, [], tracks) { Faces = faces };

    static byte[] Painted(RedactionPlanJson plan, long at)
    {
        var picture = new PlanarPicture(64, 48);
        picture.Luma.Fill(200);
        new AreaPainter(RedactionPlan.ToAreas(plan), 64, 48).Paint(picture, RedactionPlan.TimeOf(at));
        return [.. Enumerable.Range(0, 48).SelectMany(y => picture.Luma.Slice(y * picture.LumaStride, 64).ToArray())];
    }

    static RedactionThingJson Any(Random random, string id)
    {
        long from = random.NextInt64(9 * Second), to = from + 1000 + random.NextInt64(Second);
        var keys = new List<RedactionKeyJson>();
        long at = random.NextInt64(from + 1);
        for (int i = random.Next(1, 5); i > 0; i--, at += 20_000 + random.NextInt64(Second / 2))
        {
            if (at <= 10 * Second)
                keys.Add(new(at, (random.NextDouble() * 1.4) - 0.3, (random.NextDouble() * 1.4) - 0.3, 0.05 + (random.NextDouble() * 0.6), 0.05 + (random.NextDouble() * 0.6)));
        }

        return Thing(id, from, to) with { Keys = keys };
    }

    static RedactionThingJson Thing(string id, long from, long to) =>
        new() { Id = id, Kind = RedactionThingKind.Area, Deed = RedactionDeed.Cover, From = from, To = to, Keys = [Key(0)] };

    static RedactionKeyJson Key(long at) => new(at, 0.1, 0.1, 0.2, 0.2);

    // As the plan means it, to the tick that pictures are told apart by.
    static bool IsThere(RedactionThingJson thing, long at) =>
        RedactionPlan.TimeOf(at) >= RedactionPlan.TimeOf(thing.From) && RedactionPlan.TimeOf(at) < RedactionPlan.TimeOf(thing.To);

    static bool Holds(RedactionThingJson thing, long at, int x, int y, double grown)
    {
        var box = At(thing.Keys, at);
        double px = x + 0.5, py = y + 0.5;
        return px >= (box.X * 64) - grown && px <= ((box.X + box.W) * 64) + grown && py >= (box.Y * 48) - grown && py <= ((box.Y + box.H) * 48) + grown;
    }

    static RedactionKeyJson At(IReadOnlyList<RedactionKeyJson> keys, long at)
    {
        if (at <= keys[0].At)
            return keys[0];
        for (int i = 1; i < keys.Count; i++)
        {
            if (at <= keys[i].At)
                return Findings.Between(keys[i - 1], keys[i], at);
        }

        return keys[^1];
    }
}
