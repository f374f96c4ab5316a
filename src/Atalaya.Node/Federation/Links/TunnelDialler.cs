using System.Net.WebSockets;

namespace Atalaya.Node.Federation.Links;

/// <summary>Keeps two connections open to each node that this one dials, through which that node may ask. When one is used, the next is dialled.</summary>
sealed class TunnelDialler(LinkBook links, LinkDial dial, TunnelTransport transport, IHostApplicationLifetime life, TimeProvider clock, ILogger<TunnelDialler> log) : IHostedService, IAsyncDisposable
{
    const int Spare = 2, MaxUsed = 24;

    static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(5), Beat = TimeSpan.FromSeconds(5), Silence = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<string, (Link Link, CancellationTokenSource Stop, Task Task)> _running = [];   // under itself

    public Task StartAsync(CancellationToken stop)
    {
        links.Changed += Adjust;
        // Before the server stops, which would wait for them.
        life.ApplicationStopping.Register(_stop.Cancel);
        Adjust();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        links.Changed -= Adjust;
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        Task[] tasks;
        lock (_running)
            tasks = [.. _running.Values.Select(r => r.Task)];
        await Task.WhenAll(tasks);
        lock (_running)
        {
            foreach (var running in _running.Values)
                running.Stop.Dispose();
            _running.Clear();
        }
    }

    void Adjust()
    {
        lock (_running)
        {
            if (_stop.IsCancellationRequested)
                return;
            var wanted = links.Active.Where(l => l.Address.Length > 0).ToDictionary(l => l.Id, StringComparer.Ordinal);
            foreach (var (id, running) in _running.ToArray())
            {
                if (!wanted.TryGetValue(id, out var link) || link != running.Link)
                {
                    running.Stop.Cancel();
                    running.Stop.DisposeAfter(running.Task);
                    _running.Remove(id);
                }
            }

            foreach (var link in wanted.Values.Where(l => !_running.ContainsKey(l.Id)))
            {
                var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                _running[link.Id] = (link, stop, Task.Run(() => RunAsync(link, stop.Token), CancellationToken.None));
            }
        }
    }

    async Task RunAsync(Link link, CancellationToken stop)
    {
        using var spare = new SemaphoreSlim(Spare, Spare);
        using var all = new SemaphoreSlim(MaxUsed, MaxUsed);
        var open = new List<Task>();
        try
        {
            while (true)
            {
                await spare.WaitAsync(stop);
                await all.WaitAsync(stop);
                open.RemoveAll(t => t.IsCompleted);
                open.Add(OneAsync());
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }

        // Dials one until it stands, and serves it until it ends.
        async Task OneAsync()
        {
            int isSpare = 1;
            try
            {
                while (true)
                {
                    try
                    {
                        using var socket = await DialAsync(link, stop);
                        await transport.ServeAsync(socket, link.Pin, Used, stop);
                        if (Volatile.Read(ref isSpare) == 0)
                            return;
                        // Ended by the other side without a question: not at once again.
                        await Task.Delay(TryAgain, clock, stop);
                    }
                    catch (Exception fault) when (fault is IOException or WebSocketException or HttpRequestException || (fault is OperationCanceledException && !stop.IsCancellationRequested))
                    {
                        log.LogTrace("No tunnel to {Link}: {Reason}", link.Name, fault.Message);
                        await Task.Delay(TryAgain, clock, stop);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The link or the node ends.
            }
            finally
            {
                all.Release();
                Used();
            }

            void Used()
            {
                if (Interlocked.Exchange(ref isSpare, 0) == 1)
                    spare.Release();
            }
        }
    }

    async Task<WebSocket> DialAsync(Link link, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var timer = clock.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, cancel) => await dial.ConnectAsync(link.Address, link.Pin, cancel) };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = Beat;
        socket.Options.KeepAliveTimeout = Silence;
        try
        {
            await socket.ConnectAsync(new("ws://link/link/1/tunnel"), invoker, patience.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
