using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;

using Atalaya.Evidence;

using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Atalaya.Node.Federation.Links;

/// <summary>Where the server takes tunnels that this node dialled: each is to it a connection that came in.</summary>
sealed class TunnelEndPoint : EndPoint
{
    public override string ToString() => "tunnels";
}

/// <summary>Gives the server the tunnels that this node dialled, as connections.</summary>
sealed class TunnelTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    readonly Channel<ConnectionContext> _dialled = Channel.CreateBounded<ConnectionContext>(64);

    public bool CanBind(EndPoint endpoint) => endpoint is TunnelEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Listener(endpoint, _dialled.Reader));

    /// <summary>Lets the other node ask through a connection, until it ends.</summary>
    /// <param name="pin">Of the node that was dialled.</param>
    /// <param name="used">Called when the first byte of a request has come.</param>
    public async Task ServeAsync(WebSocket socket, Digest pin, Action used, CancellationToken stop)
    {
        await using var tunnel = new Tunnel(socket, pin, used);
        await _dialled.Writer.WriteAsync(tunnel, stop);
        await using var registration = stop.Register(() => tunnel.Abort());
        await tunnel.Ended;
    }

    sealed class Listener(EndPoint endpoint, ChannelReader<ConnectionContext> dialled) : IConnectionListener
    {
        readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
                return await dialled.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                return null;
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default) => await _unbound.CancelAsync();

        public ValueTask DisposeAsync()
        {
            _unbound.Dispose();
            return default;
        }
    }

    sealed class Tunnel : ConnectionContext, IConnectionIdFeature, IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionTransportFeature
    {
        readonly WebSocket _socket;
        readonly CancellationTokenSource _closed = new();
        readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Tunnel(WebSocket socket, Digest pin, Action used)
        {
            _socket = socket;
            // The next tunnel is dialled while this one is busy.
            var stream = new TunnelStream(WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: false), used, Abort);
            Transport = new Pipes(PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true)), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));
            ConnectionClosed = _closed.Token;
            Features.Set<IConnectionIdFeature>(this);
            Features.Set<IConnectionItemsFeature>(this);
            Features.Set<IConnectionLifetimeFeature>(this);
            Features.Set<IConnectionTransportFeature>(this);
            Features.Set(new LinkConnection(pin));
        }

        public Task Ended => _ended.Task;
        public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("n");
        public override IFeatureCollection Features { get; } = new FeatureCollection();
        public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();
        public override IDuplexPipe Transport { get; set; }
        public override CancellationToken ConnectionClosed { get; set; }

        public override void Abort(ConnectionAbortedException abortReason) => Abort();

        public override void Abort()
        {
            _socket.Abort();
            End();
        }

        public override async ValueTask DisposeAsync()
        {
            // First: to finish what isn't sent yet could take for ever on a tunnel that broke.
            _socket.Abort();
            End();
            var broken = new ConnectionAbortedException();
            await Transport.Input.CompleteAsync(broken);
            await Transport.Output.CompleteAsync(broken);
            await base.DisposeAsync();
        }

        void End()
        {
            if (_ended.TrySetResult())
                _closed.Cancel();
        }
    }

    sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;
        public PipeWriter Output => output;
    }
}
