using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Atalaya.Media.Rtsp;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Rtsp;

/// <summary>The client over real sockets, against a camera that says what the test wants.</summary>
public sealed class RtspSessionTests
{
    const string Sound = "v=0\r\ns=x\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n";
    const string SoundTwice = Sound + "m=audio 0 RTP/AVP 8\r\na=control:track2\r\n";

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly BlockPool _pool = new();

    static RtspUrl Url(string text)
    {
        RtspUrl.TryParse(text, out var url, out string fault).ShouldBeTrue(fault);
        return url!;
    }

    Task<RtspSession> ConnectAsync(ScriptedRtspServer camera, RtspOptions? options = null) => RtspSession.ConnectAsync(Url(camera.Url), options ?? new(), _pool, Stop);

    async Task<RtspException> FailAsync(ScriptedRtspServer camera, RtspOptions? options = null) =>
        await Should.ThrowAsync<RtspException>(async () =>
        {
            await using var session = await ConnectAsync(camera, options);
            await session.PlayAsync([.. session.Tracks.Where(t => t.IsSupported)], Stop);
        });

    async Task<RtspSession> PlayAsync(ScriptedRtspServer camera, RtspOptions? options = null)
    {
        var session = await ConnectAsync(camera, options);
        await session.PlayAsync([.. session.Tracks.Where(t => t.IsSupported)], Stop);
        return session;
    }

    /// <summary>A packet of 160 µ-law samples: 20 ms.</summary>
    static byte[] Sample(int number, uint ssrc = 7, int type = 0, uint? time = null)
    {
        var bytes = new byte[172];
        bytes[0] = 0x80;
        bytes[1] = (byte)type;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)number);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), time ?? (uint)(number * 160));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), ssrc);
        bytes.AsSpan(12).Fill((byte)number);
        return bytes;
    }

    static byte[] Samples(int first, int count, int channel = 0) => [.. Enumerable.Range(first, count).SelectMany(i => ScriptedRtspServer.Frame(channel, Sample(i)))];

    /// <summary>Runs in the background and keeps the first byte of each unit: the number of its packet.</summary>
    sealed class Running(RtspSession session, CancellationToken stop)
    {
        readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        readonly System.Threading.Channels.Channel<bool> _more = System.Threading.Channels.Channel.CreateUnbounded<bool>();
        int _inside;

        public ConcurrentQueue<int> Numbers { get; } = new();
        public bool Overlapped { get; private set; }
        public Task<RtspEnd> End { get; private set; } = null!;

        public static Running Start(RtspSession session)
        {
            var running = new Running(session, TestContext.Current.CancellationToken);
            running.End = session.RunAsync(running.OnUnit, running._stop.Token);
            return running;
        }

        void OnUnit(AccessUnit unit)
        {
            if (Interlocked.Increment(ref _inside) > 1)
                Overlapped = true;
            Numbers.Enqueue(unit.Data.Span[0]);
            unit.Presentation.Ticks.ShouldBeGreaterThanOrEqualTo(0);
            unit.Release();
            Interlocked.Decrement(ref _inside);
            _more.Writer.TryWrite(true);
        }

        public async Task WaitAsync(int units)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(TimeSpan.FromSeconds(20));
            while (Numbers.Count < units && !End.IsCompleted)
                await Task.WhenAny(_more.Reader.ReadAsync(limit.Token).AsTask(), End);
            Numbers.Count.ShouldBeGreaterThanOrEqualTo(units, $"ended: {(End.IsCompleted ? (await End).Detail : "no")}");
            _ = session;
        }

        public async Task<RtspEnd> StopAsync()
        {
            await _stop.CancelAsync();
            return await End;
        }
    }

    // ---- the way to PLAY -------------------------------------------------------------------------------------------

    [Fact]
    public async Task Requests_come_in_order_with_session_and_numbers()
    {
        await using var camera = ScriptedRtspServer.Camera(SoundTwice);
        await using (var session = await PlayAsync(camera))
        {
            session.Server.ShouldBe("Scripted/1.0");
            session.Transport.ShouldBe(RtspTransport.Tcp);
            session.Tracks.Select(t => t.Media.Encoding).ShouldBe(["PCMU", "PCMA"]);
        }

        await camera.WaitForAsync("TEARDOWN");
        camera.Requests.Select(r => $"{r["CSeq"]} {r.Method} {r.Uri[camera.Url.Length..]} {r["Session"]} {r["Transport"]}".TrimEnd()).ShouldBe(
        [
            "1 OPTIONS", "2 DESCRIBE", "3 SETUP /track1  RTP/AVP/TCP;unicast;interleaved=0-1",
            "4 SETUP /track2 4711 RTP/AVP/TCP;unicast;interleaved=2-3", "5 PLAY  4711", "6 TEARDOWN  4711",
        ]);
    }

    [Fact]
    public async Task Tracks_that_cannot_be_received_say_why()
    {
        await using var camera = ScriptedRtspServer.Camera(
            Sound + "m=audio 0 RTP/AVP 0\r\na=sendonly\r\nm=video 0 RTP/AVP 26\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\nm=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n");
        await using var session = await ConnectAsync(camera);
        session.Tracks.Select(t => t.IsSupported).ShouldBe([true, false, false, false, false]);
        session.Tracks[1].Reason!.ShouldContain("back channel");
        session.Tracks[4].Reason!.ShouldContain("SRTP");
        session.Tracks.Skip(1).ShouldAllBe(t => t.Reason!.Length > 10);
    }

    [Theory]
    [InlineData("401 Unauthorized", RtspFailure.Unauthorised)]
    [InlineData("403 Forbidden", RtspFailure.Unauthorised)]
    [InlineData("404 Not Found", RtspFailure.NotFound)]
    [InlineData("453 Not Enough Bandwidth", RtspFailure.Refused)]
    [InlineData("500 Internal Server Error", RtspFailure.Refused)]
    public async Task A_refusal_has_a_kind_words_and_coordinates(string status, RtspFailure kind)
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply(status) : null);
        var e = await FailAsync(camera);
        e.Kind.ShouldBe(kind);
        (e.Request, e.CSeq).ShouldBe(("DESCRIBE", 2));
        e.Message.ShouldContain(camera.Url["rtsp://".Length..^"/stream".Length]);
        e.Coordinates.ShouldContain("CSeq 2");
    }

    [Fact]
    public async Task A_camera_without_any_track_or_description_is_named_so()
    {
        await using var empty = ScriptedRtspServer.Camera("v=0\r\ns=x\r\n");
        (await FailAsync(empty)).Kind.ShouldBe(RtspFailure.NoSupportedStream);
        await using var nothing = ScriptedRtspServer.Camera("");
        (await FailAsync(nothing)).Kind.ShouldBe(RtspFailure.ProtocolError);
        await using var page = ScriptedRtspServer.Camera("<html>hello</html>");
        (await FailAsync(page)).Kind.ShouldBe(RtspFailure.ProtocolError);
    }

    [Fact]
    public async Task Nonsense_silence_and_a_closed_door_are_told_apart()
    {
        await using var web = ScriptedRtspServer.Start(_ => "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        var e = await FailAsync(web);
        e.Kind.ShouldBe(RtspFailure.ProtocolError);
        e.Message.ShouldContain("web page");
        e.Offset.ShouldBe(0);

        await using var closing = ScriptedRtspServer.Start(_ => null);
        (await FailAsync(closing)).Kind.ShouldBe(RtspFailure.Refused);

        var clock = new ManualClock();
        await using var silent = ScriptedRtspServer.Start(_ => []);
        var failing = FailAsync(silent, new() { Clock = clock });
        await silent.WaitForAsync("OPTIONS");
        clock.Advance(TimeSpan.FromSeconds(10));
        (await failing.WaitAsync(TimeSpan.FromSeconds(20), Stop)).Kind.ShouldBe(RtspFailure.Timeout);

        (await Should.ThrowAsync<RtspException>(() => RtspSession.ConnectAsync(Url($"rtsp://127.0.0.1:{FreePort.Tcp()}/"), new(), _pool, Stop))).Kind.ShouldBe(RtspFailure.Refused);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_not_connected_to()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound);
        var e = await FailAsync(camera, new() { AddressAllowed = a => !IPAddress.IsLoopback(a) });
        e.Kind.ShouldBe(RtspFailure.AddressForbidden);
        camera.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Endless_headers_and_bodies_are_cut_short()
    {
        await using var headers = ScriptedRtspServer.Start(r => Encoding.ASCII.GetBytes($"RTSP/1.0 200 OK\r\n{string.Concat(Enumerable.Repeat("X-Long: aaaaaaaaaaaaaaaa\r\n", 2000))}"));
        (await FailAsync(headers)).Message.ShouldContain("headers of more than");
        await using var body = ScriptedRtspServer.Start(r => r.Reply(headers: ["Content-Length: 2000000000"]));
        (await FailAsync(body)).Message.ShouldContain("a body of");
    }

    // ---- credentials -----------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("Basic realm=\"x\"", "Basic ")]
    [InlineData("Digest realm=\"x\", nonce=\"n\"", "Digest ")]
    [InlineData("Basic realm=\"x\", Digest realm=\"x\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"", "Digest ")]
    public async Task Credentials_go_out_only_after_a_challenge_and_then_with_every_request(string challenge, string begin)
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method != "OPTIONS" && r["Authorization"] is null ? r.Reply("401 Unauthorized", [$"WWW-Authenticate: {challenge}"]) : null);
        await using var session = await PlayAsync(camera, new() { UserName = "admin", Password = "päss" });
        camera.Requests.Select(r => $"{r.Method}{(r["Authorization"]?.StartsWith(begin, StringComparison.Ordinal) == true ? "+" : "")}")
            .ShouldBe(["OPTIONS", "DESCRIBE", "DESCRIBE+", "SETUP+", "PLAY+"]);
    }

    [Fact]
    public async Task Refused_credentials_are_tried_once()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply("401 Unauthorized", [$"WWW-Authenticate: Digest realm=\"x\", nonce=\"{r["CSeq"]}\""]) : null);
        var e = await FailAsync(camera, new() { UserName = "admin", Password = "s3cret" });
        e.Kind.ShouldBe(RtspFailure.Unauthorised);
        e.Message.ShouldBe($"The camera at 127.0.0.1:{camera.Port} refused user 'admin': check user name and password.");
        camera.Requests.Count(r => r.Method == "DESCRIBE").ShouldBe(2);
        e.ToString().ShouldNotContain("s3cret");
    }

    [Fact]
    public async Task A_camera_that_closes_behind_its_challenge_is_asked_again()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r["Authorization"] is null
            ? r.Method == "DESCRIBE" ? r.Reply("401 Unauthorized", ["WWW-Authenticate: Digest realm=\"x\", nonce=\"n\""]) : null
            : r.Connection == 0 ? throw new IOException("closed") : null);
        await using var session = await PlayAsync(camera, new() { UserName = "admin", Password = "x" });
        camera.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task A_nonce_that_ages_is_renewed()
    {
        string nonce = "1";
        await using var camera = ScriptedRtspServer.Camera(Sound, r =>
        {
            if (r.Method == "SETUP")
                nonce = "2";
            return r.Method is "OPTIONS" || r["Authorization"]?.Contains($"nonce=\"{nonce}\"", StringComparison.Ordinal) == true
                ? null
                : r.Reply("401 Unauthorized", [$"WWW-Authenticate: Digest realm=\"x\", nonce=\"{nonce}\", stale={(nonce == "2" ? "true" : "false")}"]);
        });
        await using var session = await PlayAsync(camera, new() { UserName = "a", Password = "b" });
        camera.Requests.Count(r => r.Method == "SETUP").ShouldBe(2);
    }

    // ---- redirects -------------------------------------------------------------------------------------------------

    [Fact]
    public async Task A_redirect_is_followed_without_the_credentials_of_another_host()
    {
        await using var second = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply("401 Unauthorized", ["WWW-Authenticate: Basic realm=\"x\""]) : null);
        await using var first = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply("302 Moved", [$"Location: rtsp://evil:pw@localhost:{second.Port}/b"]) : null);
        var e = await FailAsync(first, new() { UserName = "admin", Password = "x" });
        e.Kind.ShouldBe(RtspFailure.Unauthorised);
        second.Requests.ShouldAllBe(r => r["Authorization"] == null);
    }

    [Fact]
    public async Task A_redirect_on_the_same_host_keeps_the_credentials_and_the_new_address_is_checked()
    {
        await using var second = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" && r["Authorization"] is null ? r.Reply("401 Unauthorized", ["WWW-Authenticate: Basic realm=\"x\""]) : null);
        await using var first = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply("301 Moved", [$"Location: {second.Url}"]) : null);
        int asked = 0;
        await using (var session = await PlayAsync(first, new() { UserName = "admin", Password = "x", AddressAllowed = _ => ++asked > 0 }))
            session.Url.Port.ShouldBe(second.Port);
        asked.ShouldBe(2);
        var e = await FailAsync(first, new() { AddressAllowed = _ => ++asked < 4 });
        e.Kind.ShouldBe(RtspFailure.AddressForbidden);
    }

    [Fact]
    public async Task A_redirect_behind_a_challenge_leads_to_a_server_with_a_nonce_of_its_own()
    {
        await using var second = ScriptedRtspServer.Camera(Sound, r => Challenged(r, "b"));
        await using var first = ScriptedRtspServer.Camera(Sound, r => Challenged(r, "a") ?? (r.Method == "DESCRIBE" ? r.Reply("302 Moved", [$"Location: {second.Url}"]) : null));
        await using var session = await PlayAsync(first, new() { UserName = "admin", Password = "x" });
        session.Url.Port.ShouldBe(second.Port);

        static byte[]? Challenged(ScriptedRequest r, string nonce) => r.Method == "OPTIONS" || r["Authorization"]?.Contains($"nonce=\"{nonce}\"", StringComparison.Ordinal) == true
            ? null
            : r.Reply("401 Unauthorized", [$"WWW-Authenticate: Digest realm=\"x\", nonce=\"{nonce}\""]);
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "DESCRIBE" ? r.Reply("302 Found", [$"Location: {r.Uri}"]) : null);
        (await FailAsync(camera)).Kind.ShouldBe(RtspFailure.Redirected);
        camera.Connections.ShouldBe(4);
    }

    // ---- media over TCP --------------------------------------------------------------------------------------------

    [Fact]
    public async Task Media_before_and_right_behind_the_reply_to_PLAY_is_not_lost()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "PLAY" ? [.. Samples(0, 3), .. r.Reply(then: [.. Samples(3, 2), .. Samples(5, 1)[..50]])] : null);
        await using var session = await PlayAsync(camera);
        var running = Running.Start(session);
        await camera.SendAsync([.. Samples(5, 1)[50..], .. Samples(6, 2)]);
        await running.WaitAsync(8);
        running.Numbers.ShouldBe([0, 1, 2, 3, 4, 5, 6, 7]);
        (await running.StopAsync()).Kind.ShouldBe(RtspEndKind.Stopped);
    }

    [Fact]
    public async Task Frames_replies_and_requests_may_be_cut_anywhere()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera);
        var running = Running.Start(session);
        byte[] bytes =
        [
            .. Samples(0, 2), .. "RTSP/1.0 200 OK\r\nCSeq: 99\r\nContent-Length: 2\r\n\r\n$$"u8, .. Samples(2, 1),
            .. "OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 5\r\n\r\n"u8, .. ScriptedRtspServer.Frame(9, [1, 2, 3]), .. ScriptedRtspServer.Frame(0, []), .. Samples(3, 2),
        ];
        for (int at = 0; at < bytes.Length; at += 7)
            await camera.SendAsync(bytes[at..Math.Min(at + 7, bytes.Length)]);
        await running.WaitAsync(5);
        running.Numbers.ShouldBe([0, 1, 2, 3, 4]);
        session.Statistics.Stray.ShouldBe(1);
        session.Statistics.Tracks[0].Malformed.ShouldBe(1);
        session.Statistics.Bytes.ShouldBe(bytes.Length);
        var answer = await camera.WaitForAsync("RTSP/1.0");
        answer["CSeq"].ShouldBe("5");
        await running.StopAsync();
    }

    [Fact]
    public async Task A_burst_larger_than_the_buffer_comes_through_whole()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera);
        var running = Running.Start(session);
        await camera.SendAsync(Samples(0, 8000));
        await running.WaitAsync(8000);
        running.Numbers.ShouldBe(Enumerable.Range(0, 8000).Select(i => (int)(byte)i));
        session.Statistics.Tracks[0].Lost.ShouldBe(0);
        running.Overlapped.ShouldBeFalse();
        await running.StopAsync();
    }

    [Fact]
    public async Task Channels_are_those_of_the_reply()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "SETUP" ? r.Reply(headers: ["Transport: RTP/AVP/TCP;interleaved=10-11", "Session: 1"]) : null);
        await using var session = await PlayAsync(camera);
        var running = Running.Start(session);
        await camera.SendAsync([.. Samples(0, 1), .. Samples(1, 1, channel: 10)]);
        await running.WaitAsync(1);
        running.Numbers.ShouldBe([1]);
        await running.StopAsync();
    }

    [Fact]
    public async Task Endings_are_told_apart()
    {
        async Task<RtspEnd> EndAsync(Func<ScriptedRtspServer, Task> act)
        {
            await using var camera = ScriptedRtspServer.Camera(Sound);
            await using var session = await PlayAsync(camera);
            var running = Running.Start(session);
            await camera.SendAsync(Samples(0, 2));
            await running.WaitAsync(2);
            await act(camera);
            return await running.End.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        }

        (await EndAsync(c => { c.Close(); return Task.CompletedTask; })).Kind.ShouldBe(RtspEndKind.ClosedByCamera);
        var nonsense = await EndAsync(c => c.SendAsync([0xFF, 0xFE, 1, 2]));
        nonsense.Kind.ShouldBe(RtspEndKind.ProtocolError);
        nonsense.Detail.ShouldContain("0xFF");
        (await EndAsync(c => c.SendAsync(ScriptedRtspServer.Frame(1, [0x81, 203, 0, 1, 0, 0, 0, 7])))).Detail.ShouldContain("goodbye");
        (await EndAsync(c => c.SendAsync("TEARDOWN rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"u8.ToArray()))).Kind.ShouldBe(RtspEndKind.ClosedByCamera);
        (await EndAsync(c => c.SendAsync(ScriptedRtspServer.Frame(0, Sample(2, time: 900_000_000))))).Kind.ShouldBe(RtspEndKind.ClockJumped);
        (await EndAsync(c => c.SendAsync([.. Enumerable.Range(0, 8).SelectMany(i => ScriptedRtspServer.Frame(0, Sample(i, ssrc: 8)))]))).Kind.ShouldBe(RtspEndKind.ClockJumped);
    }

    [Fact]
    public async Task A_bug_in_the_receiver_of_units_is_thrown_and_not_swallowed()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera);
        var running = session.RunAsync(_ => throw new InvalidOperationException("bug"), Stop);
        await camera.SendAsync(Samples(0, 1));
        (await Should.ThrowAsync<InvalidOperationException>(() => running)).Message.ShouldBe("bug");
    }

    // ---- the clock -------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("OPTIONS, GET_PARAMETER", "4711;timeout=40", 20, "GET_PARAMETER")]
    [InlineData("OPTIONS, DESCRIBE", "4711", 30, "OPTIONS")]
    public async Task The_session_is_kept_alive_at_half_its_timeout(string offered, string session, int seconds, string method)
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound, session: session, @public: offered);
        await using var playing = await PlayAsync(camera, new() { Clock = clock, DataTimeout = TimeSpan.FromHours(1) });
        var running = Running.Start(playing);
        int before = camera.Requests.Count;
        for (int i = 0; i < seconds - 1; i++)
            clock.Advance(TimeSpan.FromSeconds(1));
        camera.Requests.Count.ShouldBe(before);
        clock.Advance(TimeSpan.FromSeconds(1));
        var request = await camera.WaitForAsync(r => r.Method == method && r["Session"] == "4711");
        request["Session"].ShouldBe("4711");
        await running.StopAsync();
    }

    [Fact]
    public async Task A_keep_alive_that_is_refused_is_replaced_and_a_lost_session_ends_the_run()
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method switch
        {
            "GET_PARAMETER" => r.Reply("501 Not Implemented"),
            "OPTIONS" when r["Session"] is not null => r.Reply("405 Not Allowed"),
            "SET_PARAMETER" => r.Reply("454 Session Not Found"),
            _ => null,
        });
        await using var session = await PlayAsync(camera, new() { Clock = clock, DataTimeout = TimeSpan.FromHours(1) });
        var running = Running.Start(session);
        clock.Advance(TimeSpan.FromSeconds(30));
        var end = await running.End.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        end.Kind.ShouldBe(RtspEndKind.SessionLost);
        camera.Requests.Select(r => r.Method).ShouldBe(["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "OPTIONS", "SET_PARAMETER"]);
    }

    [Fact]
    public async Task Silence_ends_the_run()
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera, new() { Clock = clock, DataTimeout = TimeSpan.FromSeconds(7) });
        var running = Running.Start(session);
        await camera.SendAsync(Samples(0, 1));
        await running.WaitAsync(1);
        clock.Advance(TimeSpan.FromSeconds(6));
        running.End.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(1));
        var end = await running.End.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        end.Kind.ShouldBe(RtspEndKind.Timeout);
        end.Detail.ShouldContain("7 s");
    }

    [Fact]
    public async Task Receiver_reports_go_out_on_the_tracks_control_channel()
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera, new() { Clock = clock });
        var running = Running.Start(session);
        await camera.SendAsync([.. Samples(0, 1), .. Samples(2, 1)]);
        await running.WaitAsync(2);
        clock.Advance(TimeSpan.FromSeconds(5));
        await camera.WaitForAsync(_ => !camera.Frames.IsEmpty);
        camera.Frames.TryPeek(out var frame).ShouldBeTrue();
        frame.Channel.ShouldBe(1);
        (frame.Content[1], frame.Content[12]).ShouldBe(((byte)201, (byte)(256 / 3)));
        await running.StopAsync();
    }

    [Fact]
    public async Task Reading_allocates_nothing_for_a_packet()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound);
        await using var session = await PlayAsync(camera);
        // Left out by its payload type: all that is measured is reading and parsing.
        byte[] foreign = [.. Enumerable.Range(0, 2000).SelectMany(i => ScriptedRtspServer.Frame(0, Sample(i, type: 8)))];
        var running = Running.Start(session);
        async Task RoundAsync(int rounds)
        {
            for (int i = 0; i < rounds; i++)
                await camera.SendAsync(foreign);
            await camera.SendAsync(Samples(0, 1));
        }

        await RoundAsync(5);
        await running.WaitAsync(1);
        // 80,000 packets: even eight bytes for each would show in every round. Other tests run meanwhile, so only what came after sending
        // counts, and of the rounds the quietest.
        byte[] many = [.. Enumerable.Repeat(foreign, 40).SelectMany(b => b)];
        long least = long.MaxValue;
        int round = 0;
        while (least >= 640_000 && ++round <= 10)
        {
            await camera.SendAsync(many);
            long sent = GC.GetTotalAllocatedBytes(precise: true);
            await camera.SendAsync(Samples(round, 1));
            await running.WaitAsync(round + 1);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - sent);
            session.Statistics.Tracks[0].Foreign.ShouldBe(10_000 + (80_000 * round));
        }

        least.ShouldBeLessThan(640_000);
        await running.StopAsync();
    }

    // ---- TLS -------------------------------------------------------------------------------------------------------

    static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=camera", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(80));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    [Fact]
    public async Task Media_comes_through_tls_under_a_pinned_certificate()
    {
        using var certificate = Certificate();
        await using var camera = ScriptedRtspServer.Camera(Sound, playing: Samples(0, 10), certificate: certificate);
        var options = new RtspOptions { Trust = RtspTrust.Pinned(Convert.ToHexString(SHA256.HashData(certificate.RawData))) };
        await using var session = await PlayAsync(camera, options);
        var running = Running.Start(session);
        await camera.SendAsync(Samples(10, 2000));
        await running.WaitAsync(2010);
        running.Numbers.ShouldBe(Enumerable.Range(0, 2010).Select(i => (int)(byte)i));
        (await running.StopAsync()).Kind.ShouldBe(RtspEndKind.Stopped);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_refused_and_its_fingerprint_told()
    {
        using var certificate = Certificate();
        string fingerprint = Convert.ToHexString(SHA256.HashData(certificate.RawData));
        await using var camera = ScriptedRtspServer.Camera(Sound, certificate: certificate);
        var e = await FailAsync(camera);
        e.Kind.ShouldBe(RtspFailure.Tls);
        e.Message.ShouldContain(fingerprint);
        (await FailAsync(camera, new() { Trust = RtspTrust.Pinned(new string('A', 64)) })).Kind.ShouldBe(RtspFailure.Tls);
        await using (await ConnectAsync(camera, new() { Trust = RtspTrust.Any }))
        {
        }

        await using var plain = ScriptedRtspServer.Camera(Sound);
        var spoken = await Should.ThrowAsync<RtspException>(() => RtspSession.ConnectAsync(Url($"rtsps://127.0.0.1:{plain.Port}/"), new() { ConnectTimeout = TimeSpan.FromMilliseconds(300) }, _pool, Stop));
        spoken.Kind.ShouldBe(RtspFailure.Tls);
        spoken.Message.ShouldContain("TLS");
    }

    [Theory]
    [InlineData("AB:cd")]
    [InlineData("")]
    public void A_fingerprint_that_is_none_is_refused(string text) => Should.Throw<FormatException>(() => RtspTrust.Pinned(text));
}
