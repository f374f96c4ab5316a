using System.Collections.Concurrent;
using Atalaya.Cameras.Onvif;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Media.Rtsp;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Cameras.Tests.Onvif;

public sealed class OnvifSessionTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_camera_reports_becomes_a_scene_event_and_what_is_about_faces_never_comes_in()
    {
        await using var device = OnvifDevice.Start(new() { Quirks = OnvifQuirks.WrongClock });
        await using var camera = await RunningAsync(device);
        device.Emit("RuleEngine/FaceDetector/FaceRecognized", [("VideoSourceToken", "source-1")], [("State", "true"), ("Name", "Somebody")]);
        device.Emit("RuleEngine/MyRuleDetector/Found", [("Rule", "Face capture")], [("State", "true"), ("ClassTypes", "Face")]);
        device.Emit("RuleEngine/LineDetector/Crossed", [("VideoSourceConfigurationToken", "configuration-source-1"), ("Rule", "Fence")], [("ObjectId", "7"), ("ClassTypes", "Human"), ("Similarity", "0.9")]);
        device.Emit("Device/HardwareFailure/FanFailure", [], [("Failed", "true")]);
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("Rule", "Zone 1")], [("IsMotion", "true")]);
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("Rule", "Zone 1")], [("IsMotion", "true")]);
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("Rule", "Zone 1")], [("IsMotion", "false")]);
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("Rule", "Zone 1")], [("IsMotion", "true")]);
        device.Emit("RuleEngine/FieldDetector/ObjectsInside", [("Rule", "Yard")], [("IsInside", "true")]);
        device.Emit("RuleEngine/FieldDetector/ObjectsInside", [("Rule", "Yard")], [("IsInside", "false")]);
        device.Emit("VideoSource/GlobalSceneChange/ImagingService", [("Source", "source-1")], [("State", "true")]);
        device.Emit("Device/Trigger/DigitalInput", [("InputToken", "door")], [("LogicalState", "true")]);

        var events = await camera.EventsAsync(7);
        events.Select(e => (e.Kind, e.Detail)).ShouldBe(
        [
            (SceneEventKind.LineCrossed, "Fence"), (SceneEventKind.Motion, "Zone 1"), (SceneEventKind.Motion, "Zone 1"), (SceneEventKind.ZoneEntered, "Yard"), (SceneEventKind.ZoneLeft, "Yard"),
            (SceneEventKind.Tamper, ""), (SceneEventKind.Sensor, "door"),
        ]);
        events[0].Class.ShouldBe(ObjectClass.Person);
        events[0].Rule.ShouldBe("RuleEngine/LineDetector/Crossed");
        events.ShouldAllBe(e => e.Camera == "cam" && e.Source == SceneEventSource.Camera);
        // By our clock, though the camera's is two hours behind.
        var now = TimeProvider.System.GetUtcNow();
        events.ShouldAllBe(e => (now - e.At).Duration() < TimeSpan.FromMinutes(1));
        camera.Session.Status.Dropped.ShouldBe(new OnvifDropped(2, 1));
        camera.Session.Status.Device!.Model.ShouldBe("Simulated");
        camera.Session.Status.ClockOffset!.Value.TotalHours.ShouldBe(-2, tolerance: 0.01);
    }

    [Fact]
    public async Task Of_a_device_with_two_cameras_each_hears_its_own()
    {
        await using var device = OnvifDevice.Start(new()
        {
            Profiles = [new("one", "One", "H264", 1920, 1080, "rtsp://127.0.0.1:1/1", Source: "left"), new("two", "Two", "H264", 1920, 1080, "rtsp://127.0.0.1:1/2", Source: "right")],
        });
        await using var camera = await RunningAsync(device, "two");
        device.Emit("VideoSource/MotionAlarm", [("Source", "left")], [("State", "true")]);
        device.Emit("VideoSource/MotionAlarm", [("Source", "right")], [("State", "true")]);
        device.Emit("RuleEngine/LineDetector/Crossed", [("VideoSourceToken", "left"), ("Rule", "L")], []);
        device.Emit("RuleEngine/LineDetector/Crossed", [("VideoSourceConfigurationToken", "configuration-right"), ("Rule", "R")], []);
        (await camera.EventsAsync(2)).Select(e => e.Detail).ShouldBe(["", "R"]);
    }

    [Fact]
    public async Task A_camera_that_nobody_steers_any_more_stops_by_itself()
    {
        var clock = new ManualClock();
        await using var device = OnvifDevice.Start(new(), clock);
        await using var camera = await RunningAsync(device, clock: clock);
        await camera.Session.MoveAsync(new(1, 0, 0, 0), Stop);
        device.Look.IsMoving.ShouldBeTrue();
        // Said again, it goes on; and isn't sent again each time.
        clock.Advance(TimeSpan.FromMilliseconds(700));
        await camera.Session.MoveAsync(new(1, 0, 0, 0), Stop);
        clock.Advance(TimeSpan.FromMilliseconds(700));
        device.Look.IsMoving.ShouldBeTrue();
        device.Calls.Count(c => c.Operation == "ContinuousMove").ShouldBe(1);
        // The page is gone.
        clock.Advance(TimeSpan.FromMilliseconds(400));
        await UntilAsync(() => !device.Look.IsMoving);
        device.Calls[^1].Operation.ShouldBe("Stop");
    }

    [Fact]
    public async Task A_movement_is_steered_axis_by_axis_and_ends_with_the_session()
    {
        await using var device = OnvifDevice.Start(new());
        var camera = await RunningAsync(device);
        await using (camera)
        {
            await camera.Session.MoveAsync(new(0.5, 0, 1, 0), Stop);
            await camera.Session.MoveAsync(new(0.5, 0, 0, 0), Stop);
            // Zoom stopped, panning went on.
            device.Calls.Select(c => c.Operation).Where(o => o is "Stop" or "ContinuousMove").ShouldBe(["ContinuousMove", "Stop", "ContinuousMove"]);
            device.Calls.Last(c => c.Operation == "Stop").Text.ShouldContain("<tptz:PanTilt>false</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom>");
            await camera.Session.MoveAsync(new(0, 0, 0, 1), Stop);
            device.Look.IsMoving.ShouldBeFalse();
            device.FocusSpeed.ShouldBe(1);
        }

        device.FocusSpeed.ShouldBe(0);
        device.Subscriptions.ShouldBe(0);
    }

    [Fact]
    public async Task A_device_that_restarts_is_connected_to_and_subscribed_to_again()
    {
        int port = FreePort.Tcp();
        var device = OnvifDevice.Start(new() { Port = port });
        var camera = await RunningAsync(device);
        await using (camera)
        {
            await device.DisposeAsync();
            await UntilAsync(() => camera.Session.Status.State == OnvifState.Unreachable);
            camera.Session.Status.Reason.ShouldNotBeEmpty();
            (await Should.ThrowAsync<OnvifException>(camera.Session.MoveAsync(new(1, 0, 0, 0), Stop))).Kind.ShouldBe(OnvifFailure.Unreachable);
            await using var again = OnvifDevice.Start(new() { Port = port });
            await UntilAsync(() => camera.Session.Status is { State: OnvifState.Running, ReceivesEvents: true });
            again.Emit("VideoSource/MotionAlarm", [], [("State", "true")]);
            (await camera.EventsAsync(1)).Single().Kind.ShouldBe(SceneEventKind.Motion);
        }
    }

    [Fact]
    public async Task Without_an_event_service_a_camera_still_turns_and_says_why_nothing_is_reported()
    {
        await using var device = OnvifDevice.Start(new());
        device.Fault("CreatePullPointSubscription", "ActionNotSupported");
        await using var camera = await RunningAsync(device, events: false);
        await UntilAsync(() => camera.Session.Status.EventsReason.Length > 0);
        camera.Session.Status.State.ShouldBe(OnvifState.Running);
        await camera.Session.GoToPresetAsync("1", Stop);
        device.Look.Pan.ShouldBe(0.5);
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_tried_rarely()
    {
        await using var device = OnvifDevice.Start(new() { Users = new Dictionary<string, string> { ["operator"] = "right" } });
        await using var session = new OnvifSession(Config(device, null) with { UserName = "operator", Password = "wrong" }, Services(TimeProvider.System), (_, _) => Task.CompletedTask);
        session.Start();
        await UntilAsync(() => session.Status.State == OnvifState.Unauthorised);
        (session.Status.NextAttempt!.Value - WallTime.Now(TimeProvider.System)).ShouldBeGreaterThan(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task The_devices_clock_is_set_to_ours()
    {
        await using var device = OnvifDevice.Start(new() { Quirks = OnvifQuirks.WrongClock });
        await using var camera = await RunningAsync(device);
        await camera.Session.SetTimeAsync(Stop);
        camera.Session.Status.ClockOffset!.Value.Duration().ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    static CameraConfig Config(OnvifDevice device, string? profile)
    {
        RtspUrl.TryParse("rtsp://127.0.0.1:1/x", out var url, out _).ShouldBeTrue();
        return new() { Id = "cam", Name = "Cam", Main = url!, Onvif = new(device.Url, profile) };
    }

    static CameraServices Services(TimeProvider clock) => new(new(), clock, NullLogger.Instance, _ => true, TimeSpan.FromSeconds(10), false);

    static async Task<Running> RunningAsync(OnvifDevice device, string? profile = null, TimeProvider? clock = null, bool events = true)
    {
        var seen = new ConcurrentQueue<SceneEvent>();
        var session = new OnvifSession(Config(device, profile), Services(clock ?? TimeProvider.System), (scene, _) =>
        {
            seen.Enqueue(scene);
            return Task.CompletedTask;
        });
        session.Start();
        await UntilAsync(() => session.Status.State == OnvifState.Running && (!events || session.Status.ReceivesEvents));
        return new(session, seen);
    }

    static async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!isSo())
            await beat.WaitForNextTickAsync(limit.Token);
    }

    sealed record Running(OnvifSession Session, ConcurrentQueue<SceneEvent> Seen) : IAsyncDisposable
    {
        public async Task<IReadOnlyList<SceneEvent>> EventsAsync(int count)
        {
            await UntilAsync(() => Seen.Count >= count);
            return [.. Seen];
        }

        public ValueTask DisposeAsync() => Session.DisposeAsync();
    }
}
