using System.Collections.Concurrent;

using Atalaya.Evidence;

namespace Atalaya.Node.Federation.Links;

/// <summary>Asks other nodes by HTTP, whoever of the two dialled.</summary>
sealed class Peers(LinkDial dial, TunnelPool tunnels) : IDisposable
{
    /// <summary>Open at once with one node.</summary>
    const int MaxConnections = 32;

    readonly ConcurrentDictionary<(string Id, Digest Pin, string Address), HttpClient> _clients = [];

    /// <summary>A client whose relative addresses, such as "link/1/files/…", are the other node's. Its requests wait until there is a connection; give them a time.</summary>
    public HttpClient For(Link link) => _clients.GetOrAdd((link.Id, link.Pin, link.Address), _ => Make(async stop =>
        tunnels.Has(link.Id) || link.Address.Length == 0 ? await tunnels.TakeAsync(link.Id, stop) : await dial.ConnectAsync(link.Address, link.Pin, stop)));

    /// <summary>For one that isn't known yet.</summary>
    public HttpClient At(string address, Digest pin) => Make(async stop => await dial.ConnectAsync(address, pin, stop));

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    static HttpClient Make(Func<CancellationToken, Task<Stream>> connect) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxConnectionsPerServer = MaxConnections,
        ConnectTimeout = Timeout.InfiniteTimeSpan,      // Each request has its own time.
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),      // Below the server's, so that none is used as it closes.
        MaxResponseHeadersLength = 16,
        ConnectCallback = async (_, stop) => await connect(stop),
    })
    { BaseAddress = new("http://link/"), Timeout = Timeout.InfiniteTimeSpan };      // TLS is the connection's.
}
