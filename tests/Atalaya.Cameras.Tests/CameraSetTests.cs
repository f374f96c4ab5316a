using Atalaya.Media;
using Atalaya.Media.Rtsp;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Cameras.Tests;

/// <summary>Cameras are kept running by themselves, say in words why they don't, and harm nobody but themselves.</summary>
public sealed class CameraSetTests : IAsyncLifetime
{
    static readonly ClipRecipe Recipe = new(Frames: 50, Width: 320, Height: 240);

    readonly CameraSet _set = new(new(
        new BlockPool(), TimeProvider.System, NullLogger.Instance, static _ => true, DataTimeout: TimeSpan.FromSeconds(5), KeepGroups: false));

    FakeCamera _fake = null!;

    public async ValueTask InitializeAsync() => _fake = await FakeCamera.StartAsync(Recipe);

    public async ValueTask DisposeAsync()
    {
        await _set.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public async Task A_running_camera_says_what_it_sends()
    {
        var (camera, reader) = await AddAsync(Config());
        (await NextUnitAsync(reader)).ShouldBeLessThan(MediaTime.FromSeconds(4), "a run's clock starts near zero");
        await UntilAsync(() => camera.Status().Streams[0].FramesPerSecond > 0, "rates are counted each second");
        var status = camera.Status();
        status.State.ShouldBe(CameraState.Running);
        status.Streams[0].Format!.Width.ShouldBe(320);
        status.Streams[0].Format!.Height.ShouldBe(240);
        status.Streams[0].Totals.Sessions.ShouldBe(1);
        status.Streams[0].Totals.PacketsLost.ShouldBe(0);
        status.Streams[0].LastUnit.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_handler_that_throws_concerns_one_camera_which_is_tried_again()
    {
        int attempts = 0;
        _set.Adding += camera =>
        {
            if (camera.Id == "first" && attempts++ == 0)
                throw new InvalidOperationException("No.");
        };
        CameraConfig[] both = [Config() with { Id = "first" }, Config() with { Id = "second" }];
        (await Should.ThrowAsync<AggregateException>(_set.ApplyAsync(both, TestContext.Current.CancellationToken))).InnerExceptions.ShouldHaveSingleItem();
        _set.All.Select(c => c.Id).ShouldBe(["second"]);
        await _set.ApplyAsync(both, TestContext.Current.CancellationToken);
        _set.All.Select(c => c.Id).ShouldBe(["first", "second"]);

        Action<Camera, CameraConfig> refuse = (camera, _) =>
        {
            if (camera.Id == "first")
                throw new InvalidOperationException("No.");
        };
        _set.Changing += refuse;
        CameraConfig[] renamed = [both[0] with { Name = "Main gate" }, both[1] with { Name = "Yard" }];
        await Should.ThrowAsync<AggregateException>(_set.ApplyAsync(renamed, TestContext.Current.CancellationToken));
        _set.All.Select(c => c.Config.Name).ShouldBe([both[0].Name, "Yard"]);
        _set.Changing -= refuse;
        await _set.ApplyAsync(renamed, TestContext.Current.CancellationToken);
        _set.All.Select(c => c.Config.Name).ShouldBe(["Main gate", "Yard"]);
    }

    [Fact]
    public async Task A_camera_that_hangs_up_is_a_break_with_its_cause_and_comes_back_by_itself()
    {
        var (camera, reader) = await AddAsync(Config());
        await NextUnitAsync(reader);
        _fake.Simulator.CloseViewers();
        var ended = await NextBreakAsync(reader);
        ended.Cause.ShouldBeOneOf(BreakCause.Camera, BreakCause.Network);
        ended.Detail.ShouldNotBeEmpty();
        (await NextUnitAsync(reader)).ShouldBeLessThan(MediaTime.FromSeconds(4), "a new run has a new media clock");
        camera.Status().Streams[0].Totals.Sessions.ShouldBe(2);
    }

    [Fact]
    public async Task A_camera_that_is_not_there_is_unreachable_and_says_when_it_is_asked_again()
    {
        _fake.Simulator.StopListening();
        var (camera, reader) = await AddAsync(Config());
        (await NextBreakAsync(reader)).Cause.ShouldBe(BreakCause.Network);
        await UntilAsync(() => camera.Status().State == CameraState.Unreachable, "refused");
        camera.Status().Reason.ShouldContain("127.0.0.1");
        camera.Status().Streams[0].NextAttempt.ShouldNotBeNull();
        _fake.Simulator.StartListening();
        await NextUnitAsync(reader);
    }

    [Fact]
    public async Task A_wrong_password_is_unauthorised_and_never_shown()
    {
        await using var secured = await FakeCamera.StartAsync(
            Recipe, options: new() { Start = LoopStart.Beginning, Users = new Dictionary<string, string> { ["operator"] = "right" } });
        var (camera, reader) = await AddAsync(Config(secured.Url) with { UserName = "operator", Password = "wr0ng-s3cret" });
        var ended = await NextBreakAsync(reader);
        ended.Cause.ShouldBe(BreakCause.Unauthorised);
        ended.Detail.ShouldNotContain("wr0ng-s3cret");
        await UntilAsync(() => camera.Status().State == CameraState.Unauthorised, "the state follows");

        await _set.ApplyAsync([camera.Config with { Password = "right" }], TestContext.Current.CancellationToken);
        await NextUnitAsync(reader);
    }

    [Fact]
    public async Task A_path_that_the_camera_does_not_know_is_misconfigured()
    {
        var (camera, reader) = await AddAsync(Config(_fake.Url.Replace("/cam", "/nowhere", StringComparison.Ordinal)));
        await NextBreakAsync(reader);
        await UntilAsync(() => camera.Status().State == CameraState.Misconfigured, "404 says so");
        camera.Status().Reason.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_camera_that_answers_nonsense_harms_no_other()
    {
        await using var mad = await FakeCamera.StartAsync(Recipe);
        mad.Camera.Inject(new(FaultKind.Nonsense));
        var (good, reader) = await AddAsync(Config(), Config(mad.Url, "mad"));
        await UntilAsync(() => _set.Find("mad")!.Status().State is CameraState.Misconfigured or CameraState.Unreachable, "it is given up for now");
        await NoPictureIsMissingAsync(reader);
        good.Status().Streams[0].Totals.Sessions.ShouldBe(1);
    }

    /// <summary>With transport "auto" a camera that accepts TCP and sends nothing over it is asked over UDP next.</summary>
    [Fact]
    public async Task A_camera_that_is_silent_over_tcp_is_asked_over_udp()
    {
        await using var silent = ScriptedRtspServer.Camera(
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n");
        await using var set = new CameraSet(new(
            new BlockPool(), TimeProvider.System, NullLogger.Instance, static _ => true, DataTimeout: TimeSpan.FromSeconds(1), KeepGroups: false));
        await set.ApplyAsync([Config(silent.Url)], TestContext.Current.CancellationToken);
        (await silent.WaitForAsync(r => r.Method == "SETUP")).Headers["Transport"].ShouldStartWith("RTP/AVP/TCP");
        (await silent.WaitForAsync(r => r.Method == "SETUP", times: 2)).Headers["Transport"].ShouldStartWith("RTP/AVP;unicast");
    }

    [Fact]
    public async Task A_new_name_does_not_touch_the_connection_and_a_removed_camera_leaves_the_others_alone()
    {
        var (camera, reader) = await AddAsync(Config(), Config(id: "second"));
        await NextUnitAsync(reader);
        await _set.ApplyAsync([camera.Config with { Name = "North gate", Record = RecordedStreams.Both }], TestContext.Current.CancellationToken);
        camera.Config.Name.ShouldBe("North gate");
        _set.Find("second").ShouldBeNull();
        await NoPictureIsMissingAsync(reader);
        camera.Status().Streams[0].Totals.Sessions.ShouldBe(1);
    }

    [Fact]
    public async Task Switched_off_its_silence_is_the_operators_and_switched_on_it_goes_on_in_the_same_hub()
    {
        var (camera, reader) = await AddAsync(Config());
        await NextUnitAsync(reader);
        await _set.ApplyAsync([camera.Config with { Enabled = false }], TestContext.Current.CancellationToken);
        (await NextBreakAsync(reader)).Cause.ShouldBe(BreakCause.Operator);
        camera.Status().State.ShouldBe(CameraState.Disabled);
        await _set.ApplyAsync([camera.Config with { Enabled = true }], TestContext.Current.CancellationToken);
        await NextUnitAsync(reader);
    }

    [Fact]
    public async Task A_failing_sub_stream_degrades_the_camera_and_its_main_stream_runs_on()
    {
        var (camera, reader) = await AddAsync(Config() with { Sub = Url(_fake.Url.Replace("/cam", "/nowhere", StringComparison.Ordinal)) });
        await NextUnitAsync(reader);
        await UntilAsync(() => camera.Status().State == CameraState.Degraded, "main runs, sub doesn't");
        camera.Status().Reason.ShouldStartWith("The sub-stream");
        await NextUnitAsync(reader);
    }

    [Fact]
    public async Task At_shutdown_every_reader_hears_it()
    {
        var (_, reader) = await AddAsync(Config());
        await NextUnitAsync(reader);
        await _set.DisposeAsync();
        (await NextBreakAsync(reader)).Cause.ShouldBe(BreakCause.Shutdown);
    }

    [Fact]
    public async Task A_session_of_sound_alone_ends_with_a_break_as_well()
    {
        byte[] sound = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, .. new byte[160]];
        await using var mute = ScriptedRtspServer.Camera(
            "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\nm=audio 0 RTP/AVP 0\r\na=control:track2\r\n",
            playing: ScriptedRtspServer.Frame(2, sound));
        var (_, reader) = await AddAsync(Config(mute.Url) with { Audio = true });
        for (int session = 0; session < 2; session++)
        {
            var item = await NextAsync(reader);
            item.Unit.ShouldNotBeNull("two media clocks in a row would be one to whoever reads on").Release();
            mute.Close();
            (await NextAsync(reader)).Break.ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task A_camera_that_plays_nothing_is_asked_ever_more_rarely_however_long_each_attempt_takes()
    {
        var clock = new ManualClock();
        await using var set = new CameraSet(new(new BlockPool(), clock, NullLogger.Instance, static _ => true, DataTimeout: TimeSpan.FromSeconds(40), KeepGroups: false));
        await using var silent = ScriptedRtspServer.Camera("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n");
        await set.ApplyAsync([Config(silent.Url)], TestContext.Current.CancellationToken);
        StreamStatus Stream() => set.Find("gate")!.Status().Streams[0];
        for (int attempt = 1; attempt <= 3; attempt++)
        {
            // Two timers: the counting of rates, and the run's own check. A request that waits for its reply would have one, too.
            await UntilAsync(() => Stream().Totals.Sessions == attempt && clock.Timers == 2, "it accepts whatever is asked");
            clock.Advance(TimeSpan.FromSeconds(41));
            await UntilAsync(() => Stream().State == CameraState.Unreachable, "it sent nothing");
            Stream().Attempt.ShouldBe(attempt);
            var wait = Stream().NextAttempt!.Value - WallTime.Now(clock);
            clock.Advance(wait + TimeSpan.FromMilliseconds(1));
        }
    }

    async Task<(Camera Camera, HubReader Reader)> AddAsync(params CameraConfig[] configs)
    {
        HubReader? reader = null;
        _set.Adding += camera => reader ??= camera.Main.Open(1024, Overflow.EndSegment);
        await _set.ApplyAsync(configs, TestContext.Current.CancellationToken);
        return (_set.Find(configs[0].Id)!, reader!);
    }

    CameraConfig Config(string? url = null, string id = "gate") => new() { Id = id, Name = "Gate", Main = Url(url ?? _fake.Url), Audio = false };

    static RtspUrl Url(string text)
    {
        RtspUrl.TryParse(text, out var url, out string fault).ShouldBeTrue(fault);
        return url!;
    }

    /// <summary>A second's pictures, each exactly one frame after the one before.</summary>
    static async Task NoPictureIsMissingAsync(HubReader reader)
    {
        var before = await NextUnitAsync(reader);
        for (int i = 0; i < Recipe.FrameRate; i++)
        {
            var next = await NextUnitAsync(reader);
            (next - before).ShouldBe(MediaTime.FromScale(1, Recipe.FrameRate));
            before = next;
        }
    }

    /// <summary>Presentation time of the next unit; breaks are passed over.</summary>
    static async Task<MediaTime> NextUnitAsync(HubReader reader)
    {
        for (; ; )
        {
            if ((await NextAsync(reader)).Unit is { } unit)
            {
                unit.Release();
                return unit.Presentation;
            }
        }
    }

    static async Task<StreamBreak> NextBreakAsync(HubReader reader)
    {
        for (; ; )
        {
            var item = await NextAsync(reader);
            item.Unit?.Release();
            if (item.Break is { } ended)
                return ended;
        }
    }

    static async Task<HubItem> NextAsync(HubReader reader)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        HubItem item;
        while (!reader.TryRead(out item))
            await reader.WaitAsync(patience.Token);
        return item;
    }

    static async Task UntilAsync(Func<bool> holds, string why)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!holds())
            (await tick.WaitForNextTickAsync(patience.Token)).ShouldBeTrue(why);
    }
}
