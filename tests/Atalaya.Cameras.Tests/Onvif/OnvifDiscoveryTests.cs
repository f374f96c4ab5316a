using System.Net;
using System.Net.Sockets;
using System.Text;
using Atalaya.Cameras.Onvif;
using Atalaya.Simulation;
using Atalaya.Testing;

namespace Atalaya.Cameras.Tests.Onvif;

public sealed class OnvifDiscoveryTests
{
    static readonly Guid Asked = Guid.Parse("11111111-2222-4333-8444-555555555555");
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(OnvifQuirks.None)]
    [InlineData(OnvifQuirks.DefaultNamespaces)]
    [InlineData(OnvifQuirks.NumberedPrefixes)]
    public async Task A_device_that_is_asked_directly_tells_who_it_is(OnvifQuirks quirks)
    {
        await using var device = OnvifDevice.Start(new() { Quirks = quirks });
        var found = (await OnvifDiscovery.FindAsync(device.Discovery, Short, Stop)).Devices.ShouldHaveSingleItem();
        found.Name.ShouldBe("Torre norte");
        found.Hardware.ShouldBe("Simulated");
        found.Location.ShouldBe("city/Ceuta");
        found.Profiles.ShouldBe(["Streaming", "T"]);
        found.Addresses.ShouldBe([device.Url]);
        found.From.ShouldBe(IPAddress.Loopback);
    }

    /// <summary>Each question goes out twice, in two types, and a device may answer on several interfaces: still one device.</summary>
    [Fact]
    public async Task Several_answers_of_one_device_are_one_device_with_all_its_addresses()
    {
        await using var device = OnvifDevice.Start(new() { Quirks = OnvifQuirks.AnswersTwice });
        var found = (await OnvifDiscovery.FindAsync(device.Discovery, Short, Stop)).Devices.ShouldHaveSingleItem();
        found.Addresses.ShouldBe([device.Url, new Uri(device.Url, "/onvif/second")]);
    }

    [Fact]
    public async Task An_answer_may_not_lead_elsewhere()
    {
        await using var device = OnvifDevice.Start(new() { Quirks = OnvifQuirks.WrongHost });
        var result = await OnvifDiscovery.FindAsync(device.Discovery, Short with { AddressAllowed = IPAddress.IsLoopback }, Stop);
        result.Devices.ShouldBeEmpty();
        result.Forbidden.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_is_not_asked()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var result = await OnvifDiscovery.FindAsync((IPEndPoint)socket.LocalEndPoint!, Short with { AddressAllowed = _ => false }, Stop);
        (result.Devices.Count, result.Forbidden, socket.Available).ShouldBe((0, 1, 0));
    }

    [Fact]
    public async Task A_search_ends_by_the_clock_when_nobody_answers()
    {
        var clock = new ManualClock();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var searching = OnvifDiscovery.FindAsync((IPEndPoint)socket.LocalEndPoint!, new() { Clock = clock }, Stop);
        searching.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(4));
        (await searching).Devices.ShouldBeEmpty();
    }

    /// <summary>Over loopback: nothing leaves the machine.</summary>
    [Fact]
    public async Task A_search_asks_the_group_over_the_chosen_interface_in_both_types()
    {
        using var group = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            group.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            group.Bind(new IPEndPoint(IPAddress.Any, OnvifDiscovery.Port));
            group.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(IPAddress.Parse("239.255.255.250"), IPAddress.Loopback));
        }
        catch (SocketException e)
        {
            Assert.Skip($"This machine can't listen to the group over loopback: {e.Message}");
        }

        await OnvifDiscovery.FindAsync(new OnvifDiscoveryOptions { Duration = TimeSpan.FromSeconds(0.8), Interfaces = [IPAddress.Loopback] }, Stop);
        var questions = new List<string>();
        byte[] buffer = new byte[64 << 10];
        while (group.Available > 0)
            questions.Add(Encoding.UTF8.GetString(buffer, 0, group.Receive(buffer)));
        questions.Count(q => q.Contains("dp0:NetworkVideoTransmitter")).ShouldBe(2);
        questions.Count(q => q.Contains("dp0:Device")).ShouldBe(2);
    }

    [Theory]
    [InlineData("urn:uuid:11111111-2222-4333-8444-555555555555", true)]
    [InlineData("uuid:11111111-2222-4333-8444-555555555555", true)]
    [InlineData("11111111-2222-4333-8444-555555555555", true)]
    [InlineData("URN:UUID:11111111-2222-4333-8444-555555555555", true)]
    [InlineData("urn:uuid:99999999-2222-4333-8444-555555555555", false)]
    [InlineData("", false)]
    public void Only_answers_to_our_own_question_count(string relatesTo, bool counts)
    {
        byte[] answer = Encoding.UTF8.GetBytes(
            $"<Envelope><Header><RelatesTo>{relatesTo}</RelatesTo></Header><Body><ProbeMatches><ProbeMatch><EndpointReference><Address>a</Address></EndpointReference></ProbeMatch></ProbeMatches></Body></Envelope>");
        (OnvifDiscovery.ReadMatches(answer, [Asked]) is not null).ShouldBe(counts);
    }

    [Fact]
    public void A_probe_is_written_as_it_was() => Encoding.UTF8.GetString(OnvifDiscovery.Question(Asked, Names.Network, "NetworkVideoTransmitter")).ShouldBe(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" "
        + "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
        + "<a:MessageID>urn:uuid:11111111-2222-4333-8444-555555555555</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
        + "<s:Body><d:Probe><d:Types xmlns:dp0=\"http://www.onvif.org/ver10/network/wsdl\">dp0:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>");

    static OnvifDiscoveryOptions Short => new() { Duration = TimeSpan.FromSeconds(0.8) };
}
