using System.Collections.Concurrent;

using Atalaya.Evidence;
using Atalaya.Federation.Links;

namespace Atalaya.Node.Federation.Links;

/// <summary>Asks other nodes by HTTP, whoever of the two dialled.</summary>
sealed class Peers : IDisposable
{
    /// <summary>Open at once with one node.</summary>
    const int MaxConnections = 32;

    readonly LinkBook _links;
    readonly LinkDial _dial;
    readonly TunnelPool _tunnels;
    readonly ConcurrentDictionary<(string Id, Digest Pin, string Address), HttpClient> _clients = [];

    public Peers(LinkBook links, LinkDial dial, TunnelPool tunnels)
    {
        (_links, _dial, _tunnels) = (links, dial, tunnels);
        links.Changed += LetGo;
    }

    /// <summary>A client whose relative addresses, such as "link/1/files/…", are the other node's. Its requests wait until there is a connection; give them a time.</summary>
    /// <exception cref="HttpRequestException">The link isn't active: nothing is asked of the other node.</exception>
    public HttpClient For(Link link) => _links.IsActive(link.Id)
        ? _clients.GetOrAdd((link.Id, link.Pin, link.Address), _ => Make(async stop =>
            _tunnels.Has(link.Id) || link.Address.Length == 0 ? await _tunnels.TakeAsync(link.Id, stop) : await _dial.ConnectAsync(link.Address, link.Pin, stop)))
        : throw new HttpRequestException($"The link with {link.Name} isn't active.");

    /// <summary>For one that isn't known yet.</summary>
    public HttpClient At(string address, Digest pin) => Make(async stop => await _dial.ConnectAsync(address, pin, stop));

    // Where nobody is asked any more: the link has ended, or is reached elsewhere.
    void LetGo()
    {
        var used = _links.All.Where(l => l.State != LinkState.Ended).Select(l => (l.Id, l.Pin, l.Address)).ToHashSet();
        foreach (var key in _clients.Keys.Where(k => !used.Contains(k)))
        {
            if (_clients.TryRemove(key, out var client))
                client.Dispose();
        }
    }

    public void Dispose()
    {
        _links.Changed -= LetGo;
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    /// <summary>All of an answer that was begun to be read. Nothing that its headers say of it is believed: neither a length nor a charset.</summary>
    /// <param name="most">Bytes.</param>
    /// <exception cref="IOException">It is longer, or breaks off.</exception>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage answer, int most, CancellationToken stop)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(stop);
        using var read = new MemoryStream();
        byte[] block = new byte[1 << 14];
        for (int got; (got = await stream.ReadAsync(block, stop)) > 0;)
        {
            if (read.Length + got > most)
                throw new IOException("The answer is too long.");
            read.Write(block, 0, got);
        }

        return read.ToArray();
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
        ResponseDrainTimeout = TimeSpan.Zero,       // What nobody reads any more, such as live pictures, doesn't go on to take the line.
        ConnectCallback = async (_, stop) => await connect(stop),
    })
    { BaseAddress = new("http://link/"), Timeout = Timeout.InfiniteTimeSpan };      // TLS is the connection's.
}
