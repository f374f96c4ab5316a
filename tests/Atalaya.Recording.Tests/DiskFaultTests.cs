using System.Globalization;
using Atalaya.Media;

namespace Atalaya.Recording.Tests;

/// <summary>
/// A disk that fills up, breaks, stalls or forgets, under two cameras with main and sub stream and sound. After each: segments and gaps make up every
/// stream's life without overlap, every file with a name is whole on the medium and has its digest, and the check finds nothing.
/// </summary>
public sealed class DiskFaultTests
{
    static readonly DateTimeOffset Noon = Scene.Noon;
    static readonly RecordingOptions Short = new() { SegmentLength = TimeSpan.FromSeconds(3), SyncInterval = TimeSpan.FromSeconds(1) };

    [Fact]
    public async Task A_full_disk_says_so_and_recording_goes_on_when_there_is_room()
    {
        await using var post = await Post.OpenAsync(Short);
        await post.PublishAsync(0, 8);
        post.Disk.TornBytes = 1000;
        post.Disk.Before = (operation, _) =>
        {
            if (operation is DiskOperation.Write or DiskOperation.Create)
                throw FaultyDisk.Full;
        };
        await post.PublishAsync(8, 20);
        post.Recorders.ShouldAllBe(r => r.Status().State == RecorderState.DiskFailed);
        post.Recorders.ShouldAllBe(r => r.Status().Reason.Contains("The disk is full", StringComparison.Ordinal));
        post.Disk.Before = null;
        await post.PublishAsync(20, 60);
        post.Recorders.ShouldAllBe(r => r.Status().State == RecorderState.Recording);
        await post.EndAsync();

        foreach (var (camera, stream) in Post.Streams)
        {
            var gap = post.Gaps(camera, stream).First(g => g.Cause == GapCause.Disk);
            gap.Detail.ShouldContain("The disk is full");
            (gap.From - WallTime.From(Noon)).TotalSeconds.ShouldBeInRange(6.5, 8.1);
            // Tried after 1, 2, 4, 8 and 16 s: within 16 s of the room.
            (gap.To!.Value - WallTime.From(Noon)).TotalSeconds.ShouldBeInRange(20, 36);
        }
    }

    [Fact]
    public async Task A_broken_part_of_the_disk_costs_the_other_cameras_nothing()
    {
        await using var post = await Post.OpenAsync(Short);
        await post.PublishAsync(0, 8);
        post.Disk.Before = (operation, path) =>
        {
            if (operation is DiskOperation.Write or DiskOperation.Sync or DiskOperation.Truncate && path.Contains("south", StringComparison.Ordinal))
                throw FaultyDisk.Broken;
        };
        await post.PublishAsync(8, 30);
        post.Disk.Before = null;
        await post.PublishAsync(30, 70);
        await post.EndAsync();

        foreach (var stream in new[] { StreamKind.Main, StreamKind.Sub })
        {
            post.Gaps("north", stream).ShouldHaveSingleItem().Cause.ShouldBe(GapCause.Shutdown);
            post.Segments("north", stream).Sum(s => s.Frames).ShouldBe(70 * 25);
            post.Gaps("south", stream).ShouldContain(g => g.Cause == GapCause.Disk);
        }
    }

    /// <summary>Each kind of operation fails once, at each of its first occurrences in turn.</summary>
    [Theory]
    [InlineData(nameof(DiskOperation.MakeFolder))]
    [InlineData(nameof(DiskOperation.Create))]
    [InlineData(nameof(DiskOperation.Write))]
    [InlineData(nameof(DiskOperation.Truncate))]
    [InlineData(nameof(DiskOperation.Sync))]
    [InlineData(nameof(DiskOperation.Move))]
    [InlineData(nameof(DiskOperation.SyncFolder))]
    [InlineData(nameof(DiskOperation.Delete))]
    public async Task One_failure_of_any_operation_leaves_a_sound_archive(string kind)
    {
        var failing = Enum.Parse<DiskOperation>(kind);
        for (int nth = 0; nth < 30; nth += 7)
        {
            await using var post = await Post.OpenAsync(Short);
            int count = 0;
            post.Disk.Before = (operation, path) =>
            {
                if (operation == failing && Interlocked.Increment(ref count) == nth + 1)
                    throw nth % 2 == 0 ? FaultyDisk.Broken : new UnauthorizedAccessException("Permission denied");
                // Something to truncate and delete: the first fragment of a file that is full.
                if (failing is DiskOperation.Truncate or DiskOperation.Delete && operation == DiskOperation.Write && path.Contains("north", StringComparison.Ordinal) && count == 0)
                    throw FaultyDisk.Full;
            };
            await post.PublishAsync(0, 14);
            post.Disk.Before = null;
            await post.PublishAsync(14, 30);
            await post.EndAsync($"{kind} {nth.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    [Fact]
    public async Task A_stall_shorter_than_the_queues_loses_nothing()
    {
        await using var post = await Post.OpenAsync(Short);
        await post.PublishAsync(0, 5);
        await post.StallAsync(5, 14);
        await post.PublishAsync(14, 20);
        await post.EndAsync();
        foreach (var (camera, stream) in Post.Streams)
        {
            post.Gaps(camera, stream).ShouldHaveSingleItem().Cause.ShouldBe(GapCause.Shutdown);
            post.Segments(camera, stream).Sum(s => s.Frames).ShouldBe(20 * 25);
        }
    }

    [Fact]
    public async Task A_stall_of_twenty_seconds_loses_a_stretch_that_the_ledger_knows_to_the_picture()
    {
        await using var post = await Post.OpenAsync(Short);
        await post.PublishAsync(0, 5);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await post.StallAsync(5, 25, () =>
            // The queues hold units of the clip, whose bytes the test holds anyway: what grows is a few objects each.
            (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(4 << 20));
        await post.PublishAsync(25, 40);
        await post.EndAsync();
        foreach (var (camera, stream) in Post.Streams)
        {
            var gap = post.Gaps(camera, stream)[0];
            gap.Cause.ShouldBe(GapCause.Disk);
            int frames = post.Segments(camera, stream).Sum(s => s.Frames);
            frames.ShouldBeLessThan(40 * 25);
            (gap.To!.Value - gap.From).TotalSeconds.ShouldBe(40 - (frames / 25.0), 0.2);
            post.Segments(camera, stream).ShouldContain(s => s.EndReason == SegmentEnd.DiskTooSlow);
        }
    }

    [Fact]
    public async Task A_disk_at_half_the_rate_ends_segments_with_their_gaps_and_holds_no_more_than_its_queues()
    {
        await using var post = await Post.OpenAsync(Short);
        // Half of a minute the disk takes nothing, in stretches longer than the queues.
        await post.PublishAsync(0, 4);
        for (int at = 4; at < 60; at += 28)
        {
            await post.StallAsync(at, at + 14);
            await post.PublishAsync(at + 14, at + 28);
        }

        await post.EndAsync();
        foreach (var (camera, stream) in Post.Streams)
        {
            var lost = post.Gaps(camera, stream).Where(g => g.Cause == GapCause.Disk).ToList();
            lost.Count.ShouldBe(2);
            int frames = post.Segments(camera, stream).Sum(s => s.Frames);
            lost.Sum(g => (g.To!.Value - g.From).TotalSeconds).ShouldBe(60 - (frames / 25.0), 0.4);
        }
    }

    /// <summary>Two cameras with main and sub stream, each with sound, on one faulty disk.</summary>
    sealed class Post : IAsyncDisposable
    {
        public static readonly (string Camera, StreamKind Stream)[] Streams =
            [("north", StreamKind.Main), ("north", StreamKind.Sub), ("south", StreamKind.Main), ("south", StreamKind.Sub)];

        readonly Scene _scene;
        readonly Footage _footage;
        readonly List<StreamHub> _hubs = [];

        Post(Scene scene, Footage footage)
        {
            _scene = scene;
            _footage = footage;
            foreach (var (camera, stream) in Streams)
            {
                var hub = new StreamHub();
                _hubs.Add(hub);
                Recorders.Add(scene.Archive.Attach(camera, stream, hub));
            }
        }

        public List<Recorder> Recorders { get; } = [];
        public FaultyDisk Disk => _scene.Disk;

        public static async Task<Post> OpenAsync(RecordingOptions options) =>
            new(await Scene.OpenAsync(options, attach: false), await Footage.OfAsync(new(Audio: Codec.Aac)));

        /// <summary>Media and the clock go on together, half a second at a time.</summary>
        public async Task PublishAsync(double from, double to)
        {
            for (double at = from; at < to; at += 0.5)
            {
                Publish(at, at + 0.5);
                await _scene.Volume.Writer.IdleAsync();
                _scene.Clock.Advance(TimeSpan.FromSeconds(0.5));
                await _scene.Volume.Publisher.DrainAsync();
                await _scene.Volume.Writer.IdleAsync();
            }
        }

        /// <summary>Nothing that is asked of the disk returns before the end of the stretch.</summary>
        public async Task StallAsync(double from, double to, Action? meanwhile = null)
        {
            using var stall = new ManualResetEventSlim();
            Disk.Stall = stall;
            for (double at = from; at < to; at += 0.5)
            {
                Publish(at, at + 0.5);
                _scene.Clock.Advance(TimeSpan.FromSeconds(0.5));
            }

            meanwhile?.Invoke();
            Disk.Stall = null;
            stall.Set();
            await _scene.Volume.Writer.IdleAsync();
        }

        void Publish(double from, double to)
        {
            foreach (var hub in _hubs)
            {
                foreach (var unit in _footage.Units(from, to, Noon))
                {
                    hub.Publish(unit);
                    unit.Release();
                }
            }
        }

        public IReadOnlyList<Segment> Segments(string camera, StreamKind stream) => _scene.Index.Segments(camera, stream, default, new(long.MaxValue));

        public IReadOnlyList<Gap> Gaps(string camera, StreamKind stream) => _scene.Index.Gaps(camera, stream, default, new(long.MaxValue));

        /// <summary>Stops, forgets what is not on the medium, and judges: before the next start, and after it from the files alone.</summary>
        public async Task EndAsync(string story = "")
        {
            await _scene.StopAsync();
            Disk.LoseMemory();
            await JudgeAsync(story, started: false);
            var before = Streams.ToDictionary(s => s, s => (Segments(s.Camera, s.Stream).Select(Text).ToList(), Gaps(s.Camera, s.Stream).Select(g => (g.From, g.To, g.Cause)).ToList()));
            _scene.LoseIndex();
            await _scene.StartAsync(attach: false);
            await _scene.SettleAsync();
            await JudgeAsync($"{story}, indexed again", started: true);
            foreach (var (camera, stream) in Streams)
            {
                Segments(camera, stream).Select(Text).ShouldBe(before[(camera, stream)].Item1, story);
                Gaps(camera, stream).Select(g => (g.From, g.To, g.Cause)).ShouldBe(before[(camera, stream)].Item2, story);
            }

            static string Text(Segment s) => $"{s with { Points = null! }} {Convert.ToHexString(s.Points.Encode(s.MediaStart))}";
        }

        async Task JudgeAsync(string story, bool started)
        {
            // A file that couldn't be removed is the next start's.
            (await _scene.CheckAsync()).Faults.Where(f => started || f.Kind != CheckFaultKind.Unfinished).ShouldBeEmpty(story);
            foreach (var (camera, stream) in Streams)
            {
                var life = Segments(camera, stream).Select(s => (s.Start, End: (WallTime?)s.End)).Concat(Gaps(camera, stream).Select(g => (Start: g.From, End: g.To)))
                    .OrderBy(s => s.Start.Microseconds).ToList();
                life.Count.ShouldBeGreaterThan(1, story);
                foreach (var (first, second) in life.Zip(life.Skip(1)))
                    first.End.ShouldBe(second.Start, $"{story} {camera} {stream}");
                life[^1].End.ShouldBeNull(story);
            }
        }

        public ValueTask DisposeAsync() => _scene.DisposeAsync();
    }
}
