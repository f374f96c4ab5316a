using System.Collections.Concurrent;
using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;
using Atalaya.Simulation;
using Atalaya.Testing;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras.Tests.Onvif;

public sealed class OnvifClientTests
{
    const string User = "operator", Password = "s3cret-Ñ";

    static CancellationToken Stop => TestContext.Current.CancellationToken;
    static OnvifOptions Known => new() { UserName = User, Password = Password };

    /// <summary>The whole of what the page asks for, however the maker writes it.</summary>
    [Theory]
    [InlineData(OnvifQuirks.None)]
    [InlineData(OnvifQuirks.WrongHost)]
    [InlineData(OnvifQuirks.WrongClock)]
    [InlineData(OnvifQuirks.NoMedia)]
    [InlineData(OnvifQuirks.NoMedia2)]
    [InlineData(OnvifQuirks.HollowMedia2)]
    [InlineData(OnvifQuirks.NoGetServices | OnvifQuirks.NoMedia2)]
    [InlineData(OnvifQuirks.NoGetServices | OnvifQuirks.NoMedia2 | OnvifQuirks.OldFaults)]
    [InlineData(OnvifQuirks.HttpDigest)]
    [InlineData(OnvifQuirks.HttpDigest | OnvifQuirks.SecretClock | OnvifQuirks.WrongClock)]
    [InlineData(OnvifQuirks.MissingFields)]
    [InlineData(OnvifQuirks.MissingFields | OnvifQuirks.NoMedia2)]
    [InlineData(OnvifQuirks.DefaultNamespaces)]
    [InlineData(OnvifQuirks.NumberedPrefixes | OnvifQuirks.WrongHost | OnvifQuirks.WrongClock)]
    public async Task A_device_is_understood_with_all_its_oddities(OnvifQuirks quirks)
    {
        await using var device = Device(quirks);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        (await client.GetDeviceInformationAsync(Stop)).Model.ShouldBe("Simulated");
        var profiles = await client.GetProfilesAsync(Stop);
        profiles.Select(p => (p.Token, p.Encoding, p.Width, p.Height)).ShouldBe([("main", "H264", 1920, 1080), ("sub", "H264", 640, 360)]);
        if ((quirks & OnvifQuirks.MissingFields) == OnvifQuirks.None)
        {
            profiles[0].FramesPerSecond.ShouldBe(25);
            profiles[0].KilobitsPerSecond.ShouldBe(4096);
            profiles[0].KeyFrameDistance.ShouldBe(50);
            profiles[0].SourceToken.ShouldBe("source-1");
            profiles[0].HasPtz.ShouldBeTrue();
        }

        var uri = await client.GetStreamUriAsync(profiles[0], Stop);
        uri.Url.ToString().ShouldBe("rtsp://127.0.0.1:8554/gate");
        uri.AnsweredHost.ShouldBe((quirks & OnvifQuirks.WrongHost) == OnvifQuirks.None ? null : "192.0.2.77");
        (await client.GetSnapshotUriAsync(profiles[1], Stop)).ShouldBe(new Uri($"http://127.0.0.1:{device.Port}/snapshot/sub.jpg"));
    }

    [Fact]
    public async Task The_password_never_travels_nor_reaches_a_log()
    {
        using var log = new Lines();
        foreach (var quirks in new[] { OnvifQuirks.None, OnvifQuirks.HttpDigest, OnvifQuirks.HttpBasic })
        {
            await using var device = Device(quirks);
            try
            {
                using var client = await OnvifClient.ConnectAsync(device.Url, Known with { Log = log.CreateLogger() }, Stop);
                await client.GetDeviceInformationAsync(Stop);
            }
            catch (OnvifException e)
            {
                quirks.ShouldBe(OnvifQuirks.HttpBasic);
                e.Kind.ShouldBe(OnvifFailure.Unauthorised);
                e.Message.ShouldContain("https");
                log.Written.Enqueue(e.ToString());
            }

            // The user name goes in digests as the profiles want it; Basic, which holds the password, never without TLS.
            device.Calls.ShouldAllBe(c => !c.Text.Contains(Password) && (c.Authorization == null || !c.Authorization.StartsWith("Basic")));
        }

        log.Written.ShouldNotBeEmpty();
        log.Written.ShouldAllBe(l => !l.Contains(Password) && !l.Contains("PasswordDigest") && !l.Contains("response="));
        Known.ToString().ShouldNotContain(Password);
        Known.ToString().ShouldNotContain(User);
    }

    [Fact]
    public async Task Over_https_a_certificate_is_told_then_pinned_and_another_refused()
    {
        await using var device = Device(tls: true);
        var unknown = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(device.Url, Known, Stop));
        string shown = device.Certificate!.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256);
        (unknown.Kind, unknown.Certificate).ShouldBe((OnvifFailure.Tls, shown));
        unknown.Message.ShouldContain(shown);
        device.Calls.ShouldBeEmpty("Nothing is said to whom nobody trusts.");

        using (var client = await OnvifClient.ConnectAsync(device.Url, Known with { Trust = RtspTrust.Pinned(shown) }, Stop))
        {
            var profiles = await client.GetProfilesAsync(Stop);
            (await client.GetSnapshotUriAsync(profiles[0], Stop)).ShouldBe(new Uri($"https://127.0.0.1:{device.Port}/snapshot/main.jpg"));
        }

        var other = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(device.Url, Known with { Trust = RtspTrust.Pinned(new string('A', 64)) }, Stop));
        (other.Kind, other.Certificate).ShouldBe((OnvifFailure.Tls, shown));
        other.Message.ShouldContain("pinned");
    }

    [Fact]
    public async Task A_device_without_tls_that_is_asked_over_https_is_told_apart()
    {
        await using var device = Device();
        var wrong = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(new UriBuilder(device.Url) { Scheme = "https" }.Uri, Known, Stop));
        (wrong.Kind, wrong.Certificate).ShouldBe((OnvifFailure.Tls, null));
        wrong.Message.ShouldContain("http://");
    }

    [Fact]
    public async Task The_clock_is_asked_for_before_and_without_credentials()
    {
        await using var device = Device(OnvifQuirks.WrongClock);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        device.Calls[0].Operation.ShouldBe("GetSystemDateAndTime");
        device.Calls[0].Text.ShouldNotContain("Security");
        client.ClockOffset!.Value.TotalHours.ShouldBe(-2, tolerance: 0.01);
    }

    [Fact]
    public async Task A_clock_that_was_set_meanwhile_is_read_again_once()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        device.MoveClock(TimeSpan.FromHours(-3));
        (await client.GetDeviceInformationAsync(Stop)).Manufacturer.ShouldBe("Atalaya");
        client.ClockOffset!.Value.TotalHours.ShouldBe(-3, tolerance: 0.01);
    }

    [Fact]
    public async Task The_clock_can_be_set()
    {
        await using var device = Device(OnvifQuirks.WrongClock);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        await client.SetTimeAsync(Stop);
        client.ClockOffset!.Value.Duration().ShouldBeLessThan(TimeSpan.FromSeconds(3));
    }

    /// <summary>Devices lock accounts after a few wrong tries.</summary>
    [Theory]
    [InlineData(OnvifQuirks.None)]
    [InlineData(OnvifQuirks.HttpDigest)]
    [InlineData(OnvifQuirks.OldFaults)]
    public async Task A_wrong_password_is_tried_once_and_told_in_words(OnvifQuirks quirks)
    {
        await using var device = Device(quirks);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known with { Password = "wrong" }, Stop);
        var e = await Should.ThrowAsync<OnvifException>(client.GetDeviceInformationAsync(Stop));
        e.Kind.ShouldBe(OnvifFailure.Unauthorised);
        e.Message.ShouldContain("user name or password");
        e.Operation.ShouldBe("GetDeviceInformation");
        device.Calls.Count(c => c.Operation == "GetDeviceInformation" && (c.Authorization is not null || (quirks & OnvifQuirks.HttpDigest) == OnvifQuirks.None)).ShouldBe(1);
    }

    [Fact]
    public async Task Without_credentials_it_says_that_some_are_wanted()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, new(), Stop);
        var e = await Should.ThrowAsync<OnvifException>(client.GetProfilesAsync(Stop));
        (e.Kind, e.Message, e.Code).ShouldBe((OnvifFailure.Unauthorised, "The device wants a user name and password.", "Sender/NotAuthorized"));
    }

    [Fact]
    public async Task A_device_that_hides_its_clock_and_refuses_is_told_from_a_wrong_password()
    {
        await using var device = Device(OnvifQuirks.WrongClock | OnvifQuirks.SecretClock);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        (await Should.ThrowAsync<OnvifException>(client.GetDeviceInformationAsync(Stop))).Kind.ShouldBe(OnvifFailure.WrongClock);
    }

    [Theory]
    [InlineData("ActionNotSupported", OnvifFailure.NotSupported, "doesn't know GetDeviceInformation")]
    [InlineData("InvalidArgVal", OnvifFailure.InvalidArgument, "refuses")]
    [InlineData("TooManyUsers", OnvifFailure.DeviceFault, "Sender/TooManyUsers")]
    [InlineData("NotAuthorized", OnvifFailure.Unauthorised, "user name or password")]
    public async Task Faults_are_told_in_words(string code, OnvifFailure kind, string words)
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        device.Fault("GetDeviceInformation", code);
        var e = await Should.ThrowAsync<OnvifException>(client.GetDeviceInformationAsync(Stop));
        e.Kind.ShouldBe(kind);
        e.Message.ShouldContain(words);
        e.Coordinates.ShouldContain(code);
    }

    [Theory]
    [InlineData(OnvifQuirks.Huge, OnvifFailure.TooLarge)]
    [InlineData(OnvifQuirks.Malformed, OnvifFailure.NotOnvif)]
    [InlineData(OnvifQuirks.EntityBomb, OnvifFailure.NotOnvif)]
    [InlineData(OnvifQuirks.WebPage, OnvifFailure.NotOnvif)]
    [InlineData(OnvifQuirks.Deep, OnvifFailure.NotOnvif)]
    [InlineData(OnvifQuirks.Redirects, OnvifFailure.NotOnvif)]
    public async Task Hostile_answers_end_in_words_not_in_trouble(OnvifQuirks quirks, OnvifFailure kind)
    {
        await using var device = Device(quirks);
        var e = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(device.Url, Known with { MaxReplyBytes = 1 << 20 }, Stop));
        e.Kind.ShouldBe(kind);
        device.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_device_that_never_answers_is_given_up()
    {
        var clock = new ManualClock();
        await using var device = Device(OnvifQuirks.Silent);
        var connecting = OnvifClient.ConnectAsync(device.Url, Known with { Clock = clock }, Stop);
        while (device.Calls.Count == 0 && !connecting.IsCompleted)
            await Task.Yield();
        clock.Advance(Known.ReplyTimeout);
        (await Should.ThrowAsync<OnvifException>(connecting)).Kind.ShouldBe(OnvifFailure.Timeout);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_not_connected_to()
    {
        await using var device = Device();
        var e = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(device.Url, Known with { AddressAllowed = _ => false }, Stop));
        e.Kind.ShouldBe(OnvifFailure.AddressForbidden);
        device.Calls.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nothing_listening_is_told_from_nothing_there()
    {
        var e = await Should.ThrowAsync<OnvifException>(OnvifClient.ConnectAsync(new Uri($"http://127.0.0.1:{FreePort.Tcp()}/onvif/device_service"), Known, Stop));
        e.Kind.ShouldBe(OnvifFailure.Unreachable);
        e.Message.ShouldContain("nothing listens");
    }

    /// <summary>An answer may not lead credentials, or the node, elsewhere.</summary>
    [Theory]
    [InlineData("http://10.9.8.7:8080/onvif/media?x=1", "http://{0}/onvif/media?x=1")]
    [InlineData("http://evil.example/onvif/media", "http://{0}/onvif/media")]
    [InlineData("http://127.0.0.1:81/onvif/media", "http://127.0.0.1:81/onvif/media")]
    [InlineData("https://127.0.0.1:81/onvif/media", "http://{0}/onvif/media")]
    [InlineData("http://user:pass@127.0.0.1:81/a", "http://127.0.0.1:81/a")]
    [InlineData("/onvif/media", "http://{0}/onvif/media")]
    [InlineData("file:///etc/passwd", null)]
    [InlineData("gopher://x/", null)]
    public async Task Answered_addresses_stay_at_the_host_that_was_asked(string answered, string? used)
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        client.AtDevice(answered)?.AbsoluteUri.ShouldBe(used is null ? null : string.Format(used, device.Url.Authority));
        if (used is null)
            client.AtDevice(answered).ShouldBeNull();
    }

    [Fact]
    public async Task A_name_that_leads_to_the_answered_address_is_the_same_host()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(new UriBuilder(device.Url) { Host = "localhost" }.Uri, Known, Stop);
        client.AtDevice("http://127.0.0.1:81/onvif/media")!.AbsoluteUri.ShouldBe("http://localhost:81/onvif/media");
        (await client.GetStreamUriAsync((await client.GetProfilesAsync(Stop))[0], Stop)).AnsweredHost.ShouldBeNull();
    }

    [Fact]
    public async Task Events_are_pulled_and_those_about_faces_dropped_and_counted()
    {
        await using var device = Device(OnvifQuirks.WrongHost);
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        await using var subscription = await client.SubscribeAsync(TimeSpan.FromMinutes(1), Stop);
        device.Subscriptions.ShouldBe(1);
        subscription.Lifetime.ShouldBe(TimeSpan.FromMinutes(1));
        device.Emit("RuleEngine/CellMotionDetector/Motion", [("VideoSourceToken", "source-1"), ("Rule", "Zone 1")], [("IsMotion", "true")]);
        device.Emit("RuleEngine/FaceDetector/Recognised", [("Source", "1")], [("Name", "Somebody")]);
        device.Emit("RuleEngine/ObjectDetector/Found", [], [("ClassTypes", "Human Face")]);
        device.Emit("RuleEngine/LineDetector/Crossed", [], [("ObjectId", "7"), ("Gender", "Male"), ("FaceSimilarity", "0.9"), ("Image", new string('x', 5000))]);

        var events = await subscription.PullAsync(TimeSpan.FromSeconds(5), stop: Stop);
        events.Select(e => e.Topic).ShouldBe(["RuleEngine/CellMotionDetector/Motion", "RuleEngine/LineDetector/Crossed"]);
        events[0].Source.ShouldBe([new("VideoSourceToken", "source-1"), new("Rule", "Zone 1")]);
        events[0].Data.ShouldBe([new("IsMotion", "true")]);
        events[0].Change.ShouldBe(OnvifChange.Changed);
        events[0].At.ShouldNotBeNull();
        events[1].Data.ShouldBe([new("ObjectId", "7")]);
        subscription.Dropped.ShouldBe(new OnvifDropped(2, 3));

        await subscription.RenewAsync(TimeSpan.FromMinutes(1), Stop);
        await subscription.UnsubscribeAsync(Stop);
        device.Subscriptions.ShouldBe(0);
    }

    [Fact]
    public async Task A_pull_ends_empty_when_nothing_happens_and_waits_for_what_does()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        await using var subscription = await client.SubscribeAsync(TimeSpan.FromMinutes(1), Stop);
        (await subscription.PullAsync(TimeSpan.FromMilliseconds(50), stop: Stop)).ShouldBeEmpty();
        var pulling = subscription.PullAsync(TimeSpan.FromSeconds(30), stop: Stop);
        device.Emit("Device/Trigger/DigitalInput", [("InputToken", "1")], [("LogicalState", "true")]);
        (await pulling).Single().Data.Single().Value.ShouldBe("true");
    }

    [Fact]
    public async Task A_camera_is_turned_and_its_presets_kept()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        client.HasPtz.ShouldBeTrue();
        var profile = (await client.GetProfilesAsync(Stop))[0];
        await client.MoveAsync(profile, new(0.5, -0.25, null), TimeSpan.FromSeconds(2), Stop);
        device.Calls[^1].Text.ShouldContain("<tt:PanTilt x=\"0.5\" y=\"-0.25\" />");
        device.Calls[^1].Text.ShouldNotContain("<tt:Zoom");
        device.Calls[^1].Text.ShouldContain("PT2S");
        await client.StopAsync(profile, stop: Stop);
        await client.MoveToAsync(profile, new(null, null, 0.5), Stop);
        string token = await client.SetPresetAsync(profile, "Playa", stop: Stop);
        (await client.GetPresetsAsync(profile, Stop)).ShouldBe([new("1", "Puerta"), new(token, "Playa")]);
        await client.GoToPresetAsync(profile, token, Stop);
        await client.RemovePresetAsync(profile, token, Stop);
        (await Should.ThrowAsync<OnvifException>(client.GoToPresetAsync(profile, token, Stop))).Kind.ShouldBe(OnvifFailure.InvalidArgument);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => client.MoveAsync(profile, new(double.NaN, null, null), null, Stop));
    }

    [Fact]
    public async Task The_picture_is_read_and_only_what_is_named_is_set()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        (await client.GetImageAsync("source-1", Stop)).ShouldBe(new(50, 60, 40, 30, OnvifIrCut.Auto, true));
        await client.SetImageAsync("source-1", new(70, null, null, null, OnvifIrCut.Off), Stop);
        (await client.GetImageAsync("source-1", Stop)).ShouldBe(new(70, 60, 40, 30, OnvifIrCut.Off, true));
    }

    [Fact]
    public async Task What_can_be_set_is_told_and_the_focus_is_moved_by_hand()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        var options = await client.GetImageOptionsAsync("source-1", Stop);
        options.Brightness.ShouldBe(new OnvifRange(0, 100));
        options.IrCut.ShouldBe([OnvifIrCut.On, OnvifIrCut.Off, OnvifIrCut.Auto]);
        options.Focus.ShouldBeTrue();
        await client.SetImageAsync("source-1", new(null, null, null, null, null, false), Stop);
        (await client.GetImageAsync("source-1", Stop)).AutoFocus.ShouldBe(false);
        await client.MoveFocusAsync("source-1", -0.5, Stop);
        device.FocusSpeed.ShouldBe(-0.5);
        await client.StopFocusAsync("source-1", Stop);
        device.FocusSpeed.ShouldBe(0);
    }

    [Fact]
    public async Task Where_a_camera_looks_is_asked()
    {
        await using var device = Device();
        using var client = await OnvifClient.ConnectAsync(device.Url, Known, Stop);
        var profile = (await client.GetProfilesAsync(Stop))[0];
        await client.GoToPresetAsync(profile, "1", Stop);
        (await client.GetPositionAsync(profile, Stop)).ShouldBe(new(0.5, -0.25, 0.5));
    }

    [Theory]
    [InlineData("192.168.1.10", "http://192.168.1.10/onvif/device_service")]
    [InlineData("192.168.1.10:2020", "http://192.168.1.10:2020/onvif/device_service")]
    [InlineData("https://gate.local", "https://gate.local/onvif/device_service")]
    [InlineData("http://10.0.0.1/other/service", "http://10.0.0.1/other/service")]
    [InlineData("fd00::5", "http://[fd00::5]/onvif/device_service")]
    [InlineData("http://user:pw@10.0.0.1/", null)]
    [InlineData("rtsp://10.0.0.1/", null)]
    [InlineData("", null)]
    [InlineData("not a host", null)]
    public void An_address_is_a_host_or_a_url(string text, string? expected)
    {
        OnvifAddress.TryParse(text, out var device, out string fault).ShouldBe(expected is not null);
        device?.AbsoluteUri.ShouldBe(expected);
        (fault.Length > 0).ShouldBe(expected is null);
        fault.ShouldNotContain("pw");
    }

    static OnvifDevice Device(OnvifQuirks quirks = OnvifQuirks.None, bool tls = false) =>
        OnvifDevice.Start(new() { Users = new Dictionary<string, string> { [User] = Password }, Quirks = quirks, Tls = tls });

    sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public ILogger CreateLogger() => this;
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue($"{formatter(state, exception)} {exception}");
        public void Dispose()
        {
        }
    }
}
