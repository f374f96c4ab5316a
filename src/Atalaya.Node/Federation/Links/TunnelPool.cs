using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Atalaya.Node.Federation.Links;

/// <summary>
/// Connections in the wrong direction: a node that can't be dialled dials, and offers each connection to be asked through. Here they wait until this node asks for one.
/// </summary>
sealed class TunnelPool
{
    /// <summary>Waiting for a link; an honest node offers two.</summary>
    const int MaxWaiting = 8;

    readonly ConcurrentDictionary<string, Offers> _links = new(StringComparer.Ordinal);

    /// <summary>Waits until the tunnel is used up, or its connection ends.</summary>
    public async Task OfferAsync(string link, Stream stream, CancellationToken ended)
    {
        var offered = new OfferedTunnel(stream);
        await using var registration = ended.Register(offered.End);
        if (Of(link).TryAdd(offered))
            await offered.Ended;
    }

    /// <summary>Has any waiting.</summary>
    public bool Has(string link) => _links.TryGetValue(link, out var offers) && offers.Any;

    /// <summary>A connection on which the other node answers; waits until it offers one.</summary>
    public Task<Stream> TakeAsync(string link, CancellationToken stop) => Of(link).TakeAsync(stop);

    Offers Of(string link) => _links.GetOrAdd(link, _ => new());

    sealed class Offers
    {
        readonly List<OfferedTunnel> _waiting = [];
        readonly Channel<byte> _came = Channel.CreateUnbounded<byte>();     // At least one for each that lives.

        public bool Any
        {
            get
            {
                lock (_waiting)
                    return _waiting.Exists(t => !t.Ended.IsCompleted);
            }
        }

        public bool TryAdd(OfferedTunnel tunnel)
        {
            lock (_waiting)
            {
                _waiting.RemoveAll(t => t.Ended.IsCompleted);
                if (_waiting.Count >= MaxWaiting)
                    return false;
                _waiting.Add(tunnel);
            }

            _came.Writer.TryWrite(0);
            return true;
        }

        public async Task<Stream> TakeAsync(CancellationToken stop)
        {
            while (true)
            {
                await _came.Reader.ReadAsync(stop);
                lock (_waiting)
                {
                    // The newest: it is the surest to be alive.
                    while (_waiting.Count > 0)
                    {
                        var tunnel = _waiting[^1];
                        _waiting.RemoveAt(_waiting.Count - 1);
                        if (tunnel.TryTake() is { } stream)
                            return stream;
                    }
                }
            }
        }
    }

    sealed class OfferedTunnel(Stream stream)
    {
        readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int _state;     // 0 waits, 1 taken, 2 ended

        public Task Ended => _ended.Task;

        public Stream? TryTake() => Interlocked.CompareExchange(ref _state, 1, 0) == 0 ? new TunnelStream(stream, null, () => _ended.TrySetResult()) : null;

        public void End()
        {
            Interlocked.CompareExchange(ref _state, 2, 0);
            _ended.TrySetResult();
        }
    }
}
