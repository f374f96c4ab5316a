using Atalaya.Media;
using Atalaya.Recording.Storage;

namespace Atalaya.Recording.Tests;

public sealed class RetentionPlanTests
{
    static readonly WallTime Now = WallTime.From(Scene.Noon);

    /// <summary>Any state: what the plan says is enough, not more than needed, and never touches what is held.</summary>
    [Fact]
    public void A_plan_carried_out_to_its_end_reaches_limits_and_reserve_with_no_removal_too_many()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var world = World.Any(random);
            var before = world.Segments.ToList();
            for (int round = 0; round < 200; round++)
            {
                var plan = world.Plan(random.Next(1, 20));
                if (plan.Count == 0)
                    break;
                plan.Select(r => r.Segment).Distinct().Count().ShouldBe(plan.Count, $"seed {seed}");
                foreach (var removal in plan)
                {
                    world.ShouldNeed(removal, $"seed {seed}, {removal}");
                    world.Segments.Remove(removal.Segment).ShouldBeTrue();
                }
            }

            world.Plan(20).ShouldBeEmpty($"seed {seed}");
            world.Held.ShouldBe([.. before.Where(world.IsHeld).Where(s => !world.IsOverrun(s) || world.Segments.Contains(s))], $"seed {seed}");
            world.ShouldBeReached($"seed {seed}");
        }
    }

    sealed class World
    {
        public required List<StoredSegment> Segments { get; init; }
        public required Dictionary<string, RetentionLimits> Limits { get; init; }
        public required (string Name, long Capacity, long Reserve, bool Relieved)[] Volumes { get; init; }
        public required HashSet<(string, WallTime)> Holds { get; init; }

        public IEnumerable<StoredSegment> Held => Segments.Where(IsHeld);

        public bool IsHeld(StoredSegment s) => Holds.Contains((s.Camera, s.Start));

        public bool IsOverrun(StoredSegment s) => false;

        public static World Any(Random random)
        {
            string[] cameras = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => $"c{i}")];
            var volumes = Enumerable.Range(0, random.Next(1, 3)).Select(i => $"v{i}").ToArray();
            var segments = new List<StoredSegment>();
            var holds = new HashSet<(string, WallTime)>();
            foreach (string camera in cameras)
            {
                int count = random.Next(0, 60), heldFrom = random.Next(0, 80), heldCount = random.Next(0, 15);
                for (int i = 0; i < count; i++)
                {
                    var start = Now - TimeSpan.FromMinutes(count - i);
                    segments.Add(new(volumes[random.Next(volumes.Length)], camera, StreamKind.Main, start, start + TimeSpan.FromMinutes(1), random.Next(1, 100)));
                    if (i >= heldFrom && i < heldFrom + heldCount)
                        holds.Add((camera, start));
                }
            }

            return new()
            {
                Segments = segments,
                Holds = holds,
                Limits = cameras.ToDictionary(c => c, _ => new RetentionLimits(
                    random.Next(2) == 0 ? TimeSpan.FromMinutes(random.Next(1, 60)) : null, random.Next(2) == 0 ? random.Next(0, 3000) : null)),
                Volumes = [.. volumes.Select(v =>
                {
                    long used = segments.Where(s => s.Volume == v).Sum(s => s.Bytes);
                    return (v, used + random.Next(0, 500), (long)random.Next(0, 1500), random.Next(4) == 0);
                })],
            };
        }

        public long Free(string volume) => Volumes.First(v => v.Name == volume).Capacity - Segments.Where(s => s.Volume == volume).Sum(s => s.Bytes);

        public long Unheld(string volume) => Segments.Where(s => s.Volume == volume && !IsHeld(s)).Sum(s => s.Bytes);

        public long UnheldOf(string camera) => Segments.Where(s => s.Camera == camera && !IsHeld(s)).Sum(s => s.Bytes);

        public bool IsNewest(StoredSegment s) => !Segments.Exists(o => o.Camera == s.Camera && o.Start > s.Start);

        bool IsExpired(StoredSegment s) => Limits[s.Camera].Age is { } age && s.End <= Now - age;

        public List<Removal> Plan(int most) => RetentionPlan.Make(
            Now,
            [.. Volumes.Select(v => new VolumeFill(v.Name, Free(v.Name), v.Reserve, Unheld(v.Name), v.Relieved))],
            [.. Segments.GroupBy(s => (s.Volume, s.Camera)).Select(g => new StreamShelf(
                g.Key.Volume, g.Key.Camera, StreamKind.Main,
                [.. g.Where(s => !IsHeld(s) && (!IsNewest(s) || IsExpired(s))).OrderBy(s => s.Start.Microseconds).Take(most)], []))],
            Limits.ToDictionary(l => l.Key, l => new CameraKeep(l.Value, UnheldOf(l.Key))),
            most);

        /// <summary>As things are before it is carried out.</summary>
        public void ShouldNeed(Removal removal, string because)
        {
            var s = removal.Segment;
            IsHeld(s).ShouldBeFalse(because);
            var volume = Volumes.First(v => v.Name == s.Volume);
            switch (removal.Cause)
            {
                case RemovalCause.Age:
                    IsExpired(s).ShouldBeTrue(because);
                    break;
                case RemovalCause.Bytes:
                    UnheldOf(s.Camera).ShouldBeGreaterThan(Limits[s.Camera].Bytes!.Value, because);
                    break;
                case RemovalCause.Reserve:
                    Free(s.Volume).ShouldBeLessThan(volume.Reserve, because);
                    // The oldest on its volume, whichever camera it is of.
                    Segments.Where(o => o.Volume == s.Volume && !IsHeld(o) && !IsNewest(o) && !IsExpired(o)).ShouldAllBe(o => o.Start >= s.Start || IsExpired(s), because);
                    break;
                default:
                    Assert.Fail(because);
                    break;
            }
        }

        public void ShouldBeReached(string because)
        {
            foreach (var (name, _, reserve, relieved) in Volumes)
            {
                bool nothingLeft = !Segments.Exists(s => s.Volume == name && !IsHeld(s) && !IsNewest(s));
                bool reached = Free(name) >= reserve || (Free(name) >= reserve / 4 && (relieved || Unheld(name) <= reserve - (reserve / 4)));
                (reached || nothingLeft).ShouldBeTrue($"{because}: {name} has {Free(name)} of {reserve} free");
            }

            foreach (var (camera, limits) in Limits)
            {
                Segments.ShouldNotContain(s => s.Camera == camera && !IsHeld(s) && IsExpired(s), because);
                if (limits.Bytes is { } bytes)
                    (UnheldOf(camera) <= bytes || Segments.Count(s => s.Camera == camera && !IsHeld(s)) <= 1).ShouldBeTrue(because);
            }
        }
    }
}
