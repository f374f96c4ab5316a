using System.Net;
using System.Net.Sockets;

namespace Atalaya.Testing;

/// <summary>For servers that can't be told to choose a port themselves. Another process may take it in between: start the server at once.</summary>
public static class FreePort
{
    public static int Tcp()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
