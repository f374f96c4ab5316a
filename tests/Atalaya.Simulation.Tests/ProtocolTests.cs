using System.Buffers.Binary;
using System.Text;
using Atalaya.Media;
using Atalaya.Testing;

namespace Atalaya.Simulation.Tests;

/// <summary>What the server answers, word for word, and when it sends: on a clock that stands still.</summary>
public sealed class ProtocolTests
{
    static readonly ClipRecipe Recipe = new(Frames: 50, KeyInterval: 25);
    static readonly TimeSpan Picture = TimeSpan.FromMilliseconds(40);

    [Theory]
    [InlineData("hello\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq: nine\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nno colon here\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 99999999999\r\n\r\n", 400)]
    [InlineData("OPTIONS \u0001 RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("JUMP * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 501)]
    [InlineData("PLAY rtsp://x/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n", 454)]
    [InlineData("DESCRIBE rtsp://x/nowhere RTSP/1.0\r\nCSeq: 1\r\n\r\n", 404)]
    [InlineData("DESCRIBE rtsp://x/cam/sub RTSP/1.0\r\nCSeq: 1\r\n\r\n", 404)]
    [InlineData("DESCRIBE rtsp://x/cam RTSP/1.0\r\nCSeq: 1\r\nRequire: magic\r\n\r\n", 551)]
    [InlineData("SETUP rtsp://x/cam/trackID=7 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP\r\n\r\n", 404)]
    [InlineData("SETUP rtsp://x/cam/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;multicast\r\n\r\n", 461)]
    [InlineData("SETUP rtsp://x/cam/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=300-301\r\n\r\n", 461)]
    [InlineData("SETUP rtsp://x/cam/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: ;;,,;=\r\n\r\n", 461)]
    [InlineData("SETUP rtsp://x/cam/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n\r\n", 461)]
    public async Task What_makes_no_sense_is_refused_and_the_next_client_is_served(string request, int code)
    {
        await using var camera = await FakeCamera.StartAsync(Recipe);
        using (var client = await WireClient.ConnectAsync(camera.Simulator))
            (await client.SendRawAsync(Encoding.Latin1.GetBytes(request))).Code.ShouldBe(code);
        using var next = await WireClient.ConnectAsync(camera.Simulator);
        (await next.AskAsync("DESCRIBE", camera.Url)).Code.ShouldBe(200);
    }

    [Fact]
    public async Task Endless_headers_are_cut_off()
    {
        await using var camera = await FakeCamera.StartAsync(Recipe);
        using var client = await WireClient.ConnectAsync(camera.Simulator);
        var reply = await client.SendRawAsync(Encoding.ASCII.GetBytes("OPTIONS * RTSP/1.0\r\nX: " + new string('x', RtspRequest.MaxHeadBytes + 10)));
        reply.Code.ShouldBe(400);
    }

    [Fact]
    public async Task Requests_that_come_in_pieces_or_many_at_once_are_each_answered()
    {
        await using var camera = await FakeCamera.StartAsync(Recipe);
        using var client = await WireClient.ConnectAsync(camera.Simulator);
        byte[] request = Encoding.ASCII.GetBytes("OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n");
        await client.SendAsync(request[..9]);
        (await client.SendRawAsync(request[9..])).Headers["CSeq"].ShouldBe("7");
        (await client.SendRawAsync([.. request, .. "\r\n"u8, .. request])).Code.ShouldBe(200);
        (await client.SendRawAsync([])).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_picture_leaves_when_it_is_due_and_time_goes_on_over_the_loop()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(Recipe, clock: clock);
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        clock.Advance(TimeSpan.Zero);
        camera.Session!.Counts.Units.ShouldBe(1);
        for (int n = 2; n <= 120; n++)
        {
            clock.Advance(Picture);
            camera.Session.Counts.Units.ShouldBe(n);
        }

        var packets = await client.PicturesAsync(120);
        uint[] stamps = [.. packets.Where(p => p.Marker).Select(p => p.Timestamp)];
        stamps.Zip(stamps.Skip(1), (a, b) => b - a).ShouldAllBe(step => step == 3600);
        packets.Zip(packets.Skip(1), (a, b) => (ushort)(b.Sequence - a.Sequence)).ShouldAllBe(step => step == 1);
        packets.Count.ShouldBe((int)camera.Session.Counts.Packets);
        packets.Sum(p => p.Payload.Length).ShouldBe((int)camera.Session.Counts.PayloadBytes);
        client.Played!.Headers["RTP-Info"].ShouldBe($"url={camera.Url}/trackID=0;seq={packets[0].Sequence};rtptime={packets[0].Timestamp}");
        camera.Session.Counts.Sent.ShouldHaveSingleItem().Last.ShouldBe(119);
    }

    [Fact]
    public async Task Sound_goes_on_in_even_steps_over_the_loop()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(Recipe with { Audio = Codec.Aac }, clock: clock);
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url, tracks: 2);
        clock.Advance(TimeSpan.FromSeconds(7));
        var sound = await client.PicturesAsync(320, channel: 2);
        uint[] stamps = [.. sound.Select(p => p.Timestamp)];
        stamps.Zip(stamps.Skip(1), (a, b) => b - a).ShouldAllBe(step => step == 1024);
    }

    [Fact]
    public async Task Sender_reports_tie_pictures_to_the_wall_clock()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(Recipe, clock: clock);
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        clock.Advance(TimeSpan.FromSeconds(6));
        var reports = new List<Packet>();
        uint? first = null;
        while (reports.Count < 2)
        {
            var packet = (await client.NextAsync()).ShouldNotBeNull();
            if (packet.IsRtcp)
                reports.Add(packet);
            else
                first ??= packet.Timestamp;
        }

        foreach (var report in reports)
        {
            double ntp = BinaryPrimitives.ReadUInt32BigEndian(report.Payload.AsSpan(8)) - 2_208_988_800d + (BinaryPrimitives.ReadUInt32BigEndian(report.Payload.AsSpan(12)) / 4294967296d);
            double passed = ntp - (new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero) - DateTimeOffset.UnixEpoch).TotalSeconds;
            double media = (BinaryPrimitives.ReadUInt32BigEndian(report.Payload.AsSpan(16)) - first!.Value) / 90_000d;
            media.ShouldBe(passed, 0.001);
        }
    }

    [Fact]
    public async Task A_receiver_report_on_the_connection_is_read()
    {
        await using var camera = await FakeCamera.StartAsync(Recipe, clock: new ManualClock());
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        byte[] report = new byte[4 + 32];
        byte[] head = [(byte)'$', 1, 0, 32, 0x81, 201, 0, 7];
        head.CopyTo(report, 0);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(12), camera.Session!.Counts.Source);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(16), 0x40_00_00_05);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(24), 77);
        await client.SendAsync(report);
        (await client.AskAsync("GET_PARAMETER", camera.Url)).Code.ShouldBe(200);    // answered in order: the report has been read
        camera.Session.Counts.Report.ShouldBe(new ReceptionReport(camera.Session.Counts.Source, 0.25, 5, 0, 77));
    }

    [Fact]
    public async Task A_silent_client_is_dropped_and_one_that_keeps_its_session_alive_is_not()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(Recipe with { Width = 64, Height = 64 }, clock: clock);
        using var silent = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        var silentSession = camera.Session!;
        using var alive = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        var aliveSession = camera.Session!;
        for (int i = 0; i < 4; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(25));
            (await alive.AskAsync("GET_PARAMETER", camera.Url)).Code.ShouldBe(200);
        }

        (await silentSession.Ended).ShouldBe(SessionEnd.TimedOut);
        aliveSession.Ended.IsCompleted.ShouldBeFalse();
        aliveSession.Counts.Units.ShouldBe(2501);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_skipped_then_dropped_and_disturbs_nobody()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, Width: 640, Height: 480, Kbps: 8000), clock: clock);
        using var deaf = await WireClient.PlayAsync(camera.Simulator, camera.Url, receiveBuffer: 4096);
        var deafSession = camera.Session!;
        using var reader = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        var readerSession = camera.Session!;
        for (int second = 0; second < 30; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await reader.PicturesAsync(25);
        }

        (await deafSession.Ended).ShouldBe(SessionEnd.Stuck);
        deafSession.Counts.Skipped.ShouldBePositive();
        camera.Simulator.Counts.ClientsDropped.ShouldBe(1);
        readerSession.Counts.Skipped.ShouldBe(0);
        readerSession.Counts.Units.ShouldBeInRange(750, 751);
    }

    [Fact]
    public async Task One_file_serves_fifty_cameras_that_each_go_their_own_way()
    {
        var clock = new ManualClock();
        string clip = await Ffmpeg.ClipAsync(Recipe);
        await using var simulator = await RtspSimulator.StartAsync(
            new() { Port = 0, Start = LoopStart.Spread, Cameras = [new("camera/*", clip)] }, clock, TestContext.Current.CancellationToken);
        var clients = new List<WireClient>();
        try
        {
            for (int i = 0; i < 50; i++)
                clients.Add(await WireClient.PlayAsync(simulator, simulator.Url($"camera/{i}")));
            clock.Advance(TimeSpan.FromSeconds(4));
            foreach (var client in clients)
                (await client.PicturesAsync(101))[^1].Source.ShouldNotBe(0u);
            simulator.Sessions.Select(s => s.Counts.Units).ShouldAllBe(n => n == 101);
            simulator.Sessions.Select(s => s.Counts.Source).Distinct().Count().ShouldBe(50);
            simulator.Sessions.Select(s => s.Counts.Sent[0].First).Distinct().Count().ShouldBe(2);    // the clip's two key frames
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task By_the_wall_clock_main_and_sub_stream_show_the_same_picture()
    {
        var clock = new ManualClock();
        string main = await Ffmpeg.ClipAsync(Recipe with { BFrames = 2 }), sub = await Ffmpeg.ClipAsync(Recipe with { Width = 160, Height = 120 });
        await using var simulator = await RtspSimulator.StartAsync(new() { Port = 0, Cameras = [new("camera/1-4", main, sub)] }, clock, TestContext.Current.CancellationToken);
        var camera = simulator.Camera("camera/3");
        using var one = await WireClient.PlayAsync(simulator, camera.Url());
        clock.Advance(TimeSpan.FromSeconds(0.7));
        using var two = await WireClient.PlayAsync(simulator, camera.Url(StreamKind.Sub));
        clock.Advance(TimeSpan.FromSeconds(3));
        // Numbers count pictures since 1970 on both: the last ones sent are at most the reorder delay apart.
        long first = simulator.Sessions[0].Counts.Sent[^1].Last, second = simulator.Sessions[1].Counts.Sent[^1].Last;
        Math.Abs(first - second).ShouldBeLessThanOrEqualTo(2);
        simulator.Sessions[1].Counts.Sent[0].First.ShouldBeGreaterThan(simulator.Sessions[0].Counts.Sent[0].First);
        simulator.Cameras.Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_paused_client_gets_nothing_and_goes_on_with_a_key_frame()
    {
        var clock = new ManualClock();
        await using var camera = await FakeCamera.StartAsync(Recipe, clock: clock);
        using var client = await WireClient.PlayAsync(camera.Simulator, camera.Url);
        clock.Advance(TimeSpan.FromSeconds(0.4));
        (await client.AskAsync("PAUSE", camera.Url)).Code.ShouldBe(200);
        clock.Advance(TimeSpan.FromSeconds(3));
        camera.Session!.Counts.Units.ShouldBe(11);
        (await client.AskAsync("PLAY", camera.Url)).Code.ShouldBe(200);
        clock.Advance(TimeSpan.FromSeconds(1));
        camera.Session.Counts.Sent.Count.ShouldBe(2);
        (camera.Session.Counts.Sent[1].First % 25).ShouldBe(0);
        (await client.AskAsync("TEARDOWN", camera.Url)).Code.ShouldBe(200);
        (await camera.Session.Ended).ShouldBe(SessionEnd.Teardown);
    }
}
