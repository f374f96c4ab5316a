using System.Net;
using System.Net.Sockets;

namespace Atalaya.Media.Rtsp;

/// <summary>Two neighbouring UDP ports of one track: an even one for RTP, the next for RTCP (RFC 3550 section 11).</summary>
sealed class UdpPorts : IDisposable
{
    /// <summary>A key frame of a 4K camera comes in one burst of up to 1 MiB, and the kernel counts twice what it holds. It grants what its own limit allows.</summary>
    const int ReceiveBytes = 2 << 20;

    const int MaxTries = 64;

    // An RTP header and an empty receiver report: they open the way back through a firewall, and cameras ignore them.
    static readonly byte[] RtpPunch = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], RtcpPunch = [0x80, 201, 0, 1, 0, 0, 0, 0];

    UdpPorts(Socket rtp, Socket rtcp, int port)
    {
        Rtp = rtp;
        Rtcp = rtcp;
        RtpPort = port;
    }

    public Socket Rtp { get; }
    public Socket Rtcp { get; }
    public int RtpPort { get; }

    /// <summary>Datagrams from elsewhere are nobody's business.</summary>
    public IPAddress Camera { get; private set; } = IPAddress.None;

    /// <summary>Where receiver reports go; null if the camera named no port.</summary>
    public IPEndPoint? RtcpTarget { get; private set; }

    /// <summary>On the address that the control connection has: the way by which the camera reaches us.</summary>
    public static UdpPorts Open(RtspConnection connection)
    {
        var local = connection.Local;
        for (int tries = 0; tries < MaxTries; tries++)
        {
            var first = Bind(local, 0);
            int port = ((IPEndPoint)first!.LocalEndPoint!).Port;
            int even = port & ~1;
            var second = Bind(local, port == even ? port + 1 : even);
            if (second is not null)
            {
                var ports = port == even ? new UdpPorts(first, second, even) : new UdpPorts(second, first, even);
                ports.Rtp.ReceiveBufferSize = ReceiveBytes;
                return ports;
            }

            first.Dispose();
        }

        throw connection.Fault(RtspFailure.Unreachable, "No two neighbouring UDP ports are free on this machine.", "SETUP");
    }

    static Socket? Bind(IPAddress local, int port)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        try
        {
            socket.Bind(new IPEndPoint(local, port));
            return socket;
        }
        catch (SocketException) when (port != 0)
        {
            socket.Dispose();
            return null;
        }
    }

    public void Expect(IPAddress camera, (int Rtp, int Rtcp)? serverPorts)
    {
        Camera = camera;
        if (serverPorts is not { } ports)
            return;
        RtcpTarget = new(camera, ports.Rtcp);
        Send(Rtp, RtpPunch, new(camera, ports.Rtp));
        Send(Rtcp, RtcpPunch, RtcpTarget);
    }

    public void SendReport(byte[] report)
    {
        if (RtcpTarget is not null)
            Send(Rtcp, report, RtcpTarget);
    }

    static void Send(Socket socket, byte[] bytes, IPEndPoint to)
    {
        try
        {
            socket.SendTo(bytes, to);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // As good as lost on the way; the next one follows.
        }
    }

    public void Dispose()
    {
        Rtp.Dispose();
        Rtcp.Dispose();
    }
}
