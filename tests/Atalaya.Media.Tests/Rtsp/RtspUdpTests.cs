using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Atalaya.Media.Rtsp;
using Atalaya.Testing;

namespace Atalaya.Media.Tests.Rtsp;

public sealed class RtspUdpTests : IDisposable
{
    const string Sound = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n";

    readonly UdpClient _rtp = new(new IPEndPoint(IPAddress.Loopback, 0)), _rtcp = new(new IPEndPoint(IPAddress.Loopback, 0));
    readonly BlockPool _pool = new();
    readonly Channel<int> _units = Channel.CreateUnbounded<int>();
    IPEndPoint _client = null!;
    bool _announcePorts = true;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    byte[]? SetUp(ScriptedRequest r)
    {
        if (r.Method != "SETUP")
            return null;
        if (r["Transport"]!.Contains("TCP", StringComparison.Ordinal))
            return r.Reply("461 Unsupported Transport");
        string ports = r["Transport"]!.Split("client_port=")[1];
        _client = new(IPAddress.Loopback, int.Parse(ports.Split('-')[0]));
        string server = _announcePorts ? $";server_port={((IPEndPoint)_rtp.Client.LocalEndPoint!).Port}-{((IPEndPoint)_rtcp.Client.LocalEndPoint!).Port}" : "";
        return r.Reply(headers: [$"Transport: RTP/AVP;unicast;client_port={ports}{server}", "Session: 1"]);
    }

    async Task SendAsync(params int[] numbers)
    {
        foreach (int number in numbers)
        {
            var bytes = new byte[172];
            bytes[0] = 0x80;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)number);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)(number * 160));
            bytes[12] = (byte)number;
            await _rtp.SendAsync(bytes, _client, Stop);
        }
    }

    async Task<int[]> ReadAsync(int count)
    {
        var read = new int[count];
        for (int i = 0; i < count; i++)
            read[i] = await _units.Reader.ReadAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Stop);
        return read;
    }

    async Task<RtspSession> PlayAsync(ScriptedRtspServer camera, RtspOptions options)
    {
        RtspUrl.TryParse(camera.Url, out var url, out _).ShouldBeTrue();
        var session = await RtspSession.ConnectAsync(url!, options, _pool, Stop);
        await session.PlayAsync(session.Tracks, Stop);
        return session;
    }

    void OnUnit(AccessUnit unit)
    {
        _units.Writer.TryWrite(unit.Data.Span[0]);
        unit.Release();
    }

    [Fact]
    public async Task Automatic_transport_falls_back_to_udp_and_packets_are_put_into_order()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, SetUp);
        await using var session = await PlayAsync(camera, new());
        session.Transport.ShouldBe(RtspTransport.Udp);
        camera.Requests.Count(r => r.Method == "SETUP").ShouldBe(2);
        (_client.Port % 2).ShouldBe(0);

        // The way through a firewall is opened from inside.
        (await _rtp.ReceiveAsync(Stop)).Buffer.Length.ShouldBe(12);
        (await _rtcp.ReceiveAsync(Stop)).Buffer[1].ShouldBe((byte)201);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = session.RunAsync(OnUnit, stop.Token);
        await SendAsync(1, 2, 4, 3, 3, 6, 5, 7);
        (await ReadAsync(7)).ShouldBe([1, 2, 3, 4, 5, 6, 7]);
        var track = session.Statistics.Tracks[0];
        (track.Lost, track.Reordered, track.Late).ShouldBe((0, 2, 1));
        await stop.CancelAsync();
        (await running).Kind.ShouldBe(RtspEndKind.Stopped);
    }

    [Fact]
    public async Task Loss_is_found_strangers_are_ignored_and_empty_datagrams_do_no_harm()
    {
        var clock = new ManualClock();
        _announcePorts = false;
        await using var camera = ScriptedRtspServer.Camera(Sound, SetUp);
        await using var session = await PlayAsync(camera, new() { Transport = RtspTransport.Udp, Clock = clock, DataTimeout = TimeSpan.FromMinutes(1) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = session.RunAsync(OnUnit, stop.Token);
        await SendAsync(1);
        (await ReadAsync(1)).ShouldBe([1]);
        await _rtp.SendAsync(ReadOnlyMemory<byte>.Empty, _client, Stop);
        using (var stranger = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0)))
            await stranger.SendAsync(new byte[172], _client, Stop);
        await SendAsync(2, 4, 5);
        (await ReadAsync(1)).ShouldBe([2]);
        // Nothing more comes: the periodic check gives the hole up. Until the packets are in, the clock may stand.
        (await clock.AdvanceUntilAsync(() => _units.Reader.Count == 2, TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(500))).ShouldBeTrue();
        (await ReadAsync(2)).ShouldBe([4, 5]);
        session.Statistics.Tracks[0].Lost.ShouldBe(1);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_run_is_not_over_while_the_periodic_check_still_hands_out_units()
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound, SetUp);
        await using var session = await PlayAsync(camera, new() { Transport = RtspTransport.Udp, Clock = clock, DataTimeout = TimeSpan.FromMinutes(1) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var go = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = session.RunAsync(unit =>
        {
            if (unit.Data.Span[0] == 3)
            {
                entered.TrySetResult();
                go.Wait(Stop);
            }

            OnUnit(unit);
        }, stop.Token);
        await SendAsync(1, 3);
        await ReadAsync(1);
        var checking = Task.Run(() => clock.AdvanceUntilAsync(() => entered.Task.IsCompleted, TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(500)), Stop);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        await stop.CancelAsync();
        await Should.ThrowAsync<TimeoutException>(() => running.WaitAsync(TimeSpan.FromMilliseconds(300), Stop));
        go.Set();
        (await running.WaitAsync(TimeSpan.FromSeconds(20), Stop)).Kind.ShouldBe(RtspEndKind.Stopped);
        await checking;
        (await ReadAsync(1)).ShouldBe([3]);
    }

    [Fact]
    public async Task Receiver_reports_and_goodbye_travel_on_the_second_port()
    {
        var clock = new ManualClock();
        await using var camera = ScriptedRtspServer.Camera(Sound, SetUp);
        await using var session = await PlayAsync(camera, new() { Transport = RtspTransport.Udp, Clock = clock });
        var running = session.RunAsync(OnUnit, Stop);
        await SendAsync(1);
        await ReadAsync(1);
        await _rtcp.ReceiveAsync(Stop);     // the hole punch
        clock.Advance(TimeSpan.FromSeconds(5));
        (await _rtcp.ReceiveAsync(Stop)).Buffer.Length.ShouldBe(52);
        await _rtcp.SendAsync(new byte[] { 0x81, 203, 0, 1, 0, 0, 0, 0 }, new IPEndPoint(IPAddress.Loopback, _client.Port + 1), Stop);
        (await running.WaitAsync(TimeSpan.FromSeconds(20), Stop)).Kind.ShouldBe(RtspEndKind.ClosedByCamera);
    }

    [Fact]
    public async Task A_source_outside_the_allowed_networks_is_refused()
    {
        await using var camera = ScriptedRtspServer.Camera(Sound, r => r.Method == "SETUP" ? r.Reply(headers: ["Transport: RTP/AVP;unicast;source=192.0.2.1;server_port=5000-5001", "Session: 1"]) : null);
        var e = await Should.ThrowAsync<RtspException>(() => PlayAsync(camera, new() { Transport = RtspTransport.Udp, AddressAllowed = IPAddress.IsLoopback }));
        e.Kind.ShouldBe(RtspFailure.AddressForbidden);
    }
}
