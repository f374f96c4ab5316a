using Atalaya.Testing;

namespace Atalaya.Simulation.Tests;

/// <summary>A fault does what it says, no more, and is over when it is over.</summary>
public sealed class FaultTests
{
    static readonly ClipRecipe Recipe = new(Frames: 50, KeyInterval: 25, Kbps: 1500);

    readonly ManualClock _clock = new();

    [Fact]
    public async Task Dropped_packets_leave_gaps_in_the_sequence()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        Run(1);
        camera.Camera.Inject(new(FaultKind.Drop) { Count = 3 });
        Run(2);
        var counts = camera.Session!.Counts;
        counts.Dropped.ShouldBe(3);
        counts.Units.ShouldBe(76 - counts.Skipped);
        var packets = new List<Packet>();
        while (packets.Count < counts.Packets)
        {
            if ((await client.NextAsync())! is { IsRtcp: false } packet)
                packets.Add(packet);
        }

        packets.Zip(packets.Skip(1), (a, b) => (ushort)(b.Sequence - a.Sequence) - 1).Sum().ShouldBe(3);
        camera.Camera.Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stalled_camera_comes_back_with_a_key_frame()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        Run(0.4);
        camera.Camera.Inject(new(FaultKind.Stall, TimeSpan.FromSeconds(2)));
        Run(2);
        camera.Session!.Counts.Units.ShouldBe(11);
        Run(2);
        var sent = camera.Session.Counts.Sent;
        sent.Count.ShouldBe(2);
        sent[1].First.ShouldBe(75);
        var packets = await client.PicturesAsync((int)camera.Session.Counts.Units);
        packets.Zip(packets.Skip(1), (a, b) => (ushort)(b.Sequence - a.Sequence)).ShouldAllBe(step => step == 1);
    }

    [Fact]
    public async Task Timestamps_and_sequence_numbers_jump_once()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        Run(0.4);
        camera.Camera.Inject(new(FaultKind.JumpTimestamps) { Value = TimeSpan.FromSeconds(-10) });
        camera.Camera.Inject(new(FaultKind.WrongSequence) { Count = 500 });
        Run(0.4);
        var packets = await client.PicturesAsync(21);
        var jumps = packets.Zip(packets.Skip(1), (a, b) => (Time: (int)(b.Timestamp - a.Timestamp), Sequence: (ushort)(b.Sequence - a.Sequence))).ToList();
        jumps.Count(j => j.Time is not (0 or 3600)).ShouldBe(1);
        jumps.Single(j => j.Time is not (0 or 3600)).ShouldBe((3600 - 900_000, (ushort)501));
    }

    [Fact]
    public async Task Packets_come_twice_out_of_order_or_without_marker()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        camera.Camera.Inject(new(FaultKind.Duplicate));
        Run(1);
        var twice = await client.PicturesAsync(26 * 2);
        twice.GroupBy(p => p.Sequence).ShouldAllBe(g => g.Count() == 2);

        camera.Camera.Clear();
        camera.Camera.Inject(new(FaultKind.Reorder) { Rate = 0.5 });
        Run(1);
        var mixed = await client.PicturesAsync(24);
        mixed.Zip(mixed.Skip(1), (a, b) => (short)(b.Sequence - a.Sequence)).Count(step => step < 0).ShouldBePositive();

        camera.Camera.Clear();
        camera.Camera.Inject(new(FaultKind.NoMarker, TimeSpan.FromSeconds(1)));
        long before = camera.Session!.Counts.Packets;
        Run(1);
        camera.Session.Counts.Packets.ShouldBeGreaterThan(before);
        Run(1);
        var rest = await client.PicturesAsync(20);
        rest.Where(p => p.Marker).Select(p => p.Timestamp).Distinct().Count().ShouldBeLessThan(rest.Select(p => p.Timestamp).Distinct().Count());
    }

    [Fact]
    public async Task Garbage_stands_between_packets_that_are_whole()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        camera.Camera.Inject(new(FaultKind.Garbage) { Count = 5 });
        Run(1);
        await client.PicturesAsync(26);
        client.Stray.ShouldBeInRange(5, 5 * 64);
    }

    [Fact]
    public async Task A_camera_closes_refuses_and_comes_back()
    {
        await using var camera = await StartAsync();
        using (var client = await WireClient.PlayAsync(camera.Simulator, camera.Url))
        {
            camera.Camera.Inject(new(FaultKind.Close));
            (await client.IsClosedAsync()).ShouldBeTrue();
            (await camera.Session!.Ended).ShouldBe(SessionEnd.Faulted);
        }

        camera.Camera.Inject(new(FaultKind.Refuse));
        using (var refused = await WireClient.ConnectAsync(camera.Simulator))
        {
            await refused.SendAsync("DESCRIBE rtsp://x/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n"u8.ToArray());
            (await refused.IsClosedAsync()).ShouldBeTrue();
        }

        camera.Camera.Clear();
        camera.Simulator.StopListening();
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => WireClient.ConnectAsync(camera.Simulator));
        camera.Simulator.StartListening();
        using var next = await WireClient.ConnectAsync(camera.Simulator);
        (await next.AskAsync("DESCRIBE", camera.Url)).Code.ShouldBe(200);
    }

    [Fact]
    public async Task Replies_are_wrong_late_or_a_refusal()
    {
        await using var camera = await StartAsync();
        using var client = await WireClient.ConnectAsync(camera.Simulator);
        camera.Camera.Inject(new(FaultKind.BadSdp));
        (await client.AskAsync("DESCRIBE", camera.Url)).Body.ShouldNotContain("H264/90000");
        camera.Camera.Clear();
        camera.Camera.Inject(new(FaultKind.Nonsense));
        (await client.AskAsync("DESCRIBE", camera.Url)).Code.ShouldBe(0);
        camera.Camera.Clear();
        camera.Camera.Inject(new(FaultKind.Unauthorised));
        (await client.AskAsync("DESCRIBE", camera.Url)).Code.ShouldBe(401);
        camera.Camera.Clear();
        camera.Camera.Inject(new(FaultKind.Slow) { Value = TimeSpan.FromSeconds(5) });
        var late = client.AskAsync("DESCRIBE", camera.Url);
        (await _clock.AdvanceUntilAsync(() => late.IsCompleted, TimeSpan.FromSeconds(3600), TimeSpan.FromMilliseconds(100))).ShouldBeTrue();
        (await late).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_switched_camera_plays_another_file_and_time_goes_on()
    {
        string other = await Ffmpeg.ClipAsync(new ClipRecipe(Frames: 50, Width: 640, Height: 360));
        await using var camera = await StartAsync();
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        Run(0.4);
        camera.Camera.Inject(new(FaultKind.Switch, TimeSpan.FromSeconds(3)) { File = other });
        Run(5);
        var sent = camera.Session!.Counts.Sent;
        sent.Select(s => (Path.GetFileName(s.Clip), s.First)).ShouldBe([(sent[0].Clip is var c ? Path.GetFileName(c) : "", 0), (Path.GetFileName(other), 0), (Path.GetFileName(sent[0].Clip), 0)]);
        var stamps = (await client.PicturesAsync((int)camera.Session.Counts.Units)).Where(p => p.Marker).Select(p => p.Timestamp).ToList();
        stamps.Zip(stamps.Skip(1), (a, b) => b - a).ShouldAllBe(step => step == 3600);
    }

    [Theory]
    [InlineData("camera/3=stall:10s@30s", "camera/3", 30, FaultKind.Stall)]
    [InlineData("gate=drop:5%@1m+20s", "gate", 60, FaultKind.Drop)]
    [InlineData("gate=no-marker", "gate", 0, FaultKind.NoMarker)]
    [InlineData("gate=jump-timestamps:-500ms@2s", "gate", 2, FaultKind.JumpTimestamps)]
    [InlineData("a/b=switch:x.mp4@1h", "a/b", 3600, FaultKind.Switch)]
    public void A_plan_of_faults_is_read(string text, string camera, int seconds, FaultKind kind)
    {
        ScheduledFault.TryParse(text, out var fault, out string problem).ShouldBeTrue(problem);
        fault!.Camera.ShouldBe(camera);
        fault.Start.ShouldBe(TimeSpan.FromSeconds(seconds));
        fault.Fault.Kind.ShouldBe(kind);
    }

    [Theory]
    [InlineData("stall:10s")]
    [InlineData("gate=melt")]
    [InlineData("gate=3")]
    [InlineData("gate=")]
    [InlineData("gate=drop:150%")]
    [InlineData("gate=drop:many")]
    [InlineData("gate=slow")]
    [InlineData("gate=switch")]
    [InlineData("gate=close:5")]
    [InlineData("gate=stall:10s@later")]
    public void A_plan_that_makes_no_sense_is_explained(string text)
    {
        ScheduledFault.TryParse(text, out _, out string problem).ShouldBeFalse();
        problem.ShouldContain("for instance");
    }

    [Fact]
    public async Task A_planned_fault_comes_when_it_is_due()
    {
        string clip = await Ffmpeg.ClipAsync(Recipe);
        ScheduledFault.TryParse("gate=stall:1s@2s", out var fault, out _).ShouldBeTrue();
        await using var simulator = await RtspSimulator.StartAsync(
            new() { Port = 0, Start = LoopStart.Beginning, Cameras = [new("gate", clip)], Faults = [fault!] }, _clock, TestContext.Current.CancellationToken);
        using var client = await WireClient.PlayAsync(simulator, simulator.Url("gate"));
        Run(5);
        simulator.Sessions[0].Counts.Sent.Select(s => s.First).ShouldBe([0L, 75]);
    }

    Task<FakeCamera> StartAsync() => FakeCamera.StartAsync(Recipe, clock: _clock);

    void Run(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));
}
