using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// A path between nodes as remote posts have it: what is sent comes later, sometimes much later, as TCP brings it over a line that loses packets; connections break, and for a while nothing
/// goes over at all, without anybody being told.
/// </summary>
sealed class BadPath : IAsyncDisposable
{
    /// <summary>Pieces of one connection and direction: a megabyte, as the buffers of both ends hold.</summary>
    const int MostUnderWay = 64;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Random _random;
    readonly Task _accepting;
    readonly List<Task> _relays = [];
    readonly Lock _gate = new();
    TaskCompletionSource _open = Done();
    CancellationTokenSource _break = new();

    public BadPath(int seed)
    {
        _random = new(seed);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>HOST:PORT, for federation.address.</summary>
    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Of the node behind it.</summary>
    public int Target { get; set; }

    /// <summary>One way, with half of it as jitter; zero: at once.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Share of what is sent that a loss holds up until it is sent again.</summary>
    public double Loss { get; set; }

    /// <summary>From now on nothing goes over; connections stay as they are.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            if (_open.Task.IsCompleted)
                _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>It goes over again.</summary>
    public void Heal()
    {
        lock (_gate)
            _open.TrySetResult();
    }

    /// <summary>Ends every connection at once, with what is under way on it.</summary>
    public void Break()
    {
        CancellationTokenSource broken;
        lock (_gate)
            (broken, _break) = (_break, new());
        broken.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Heal();
        Break();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays);
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_stop.Token);
                _relays.Add(RelayAsync(near));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The path ends.
        }
    }

    async Task RelayAsync(TcpClient near)
    {
        using var far = new TcpClient { NoDelay = true };
        near.NoDelay = true;
        CancellationTokenSource broken;
        lock (_gate)
            broken = _break;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, broken.Token);
        try
        {
            await WaitAsync(end.Token);
            await far.ConnectAsync(IPAddress.Loopback, Target, end.Token);
            await Task.WhenAny(OneWayAsync(near.GetStream(), far.GetStream(), end.Token), OneWayAsync(far.GetStream(), near.GetStream(), end.Token));
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // It broke.
        }
        finally
        {
            await end.CancelAsync();
            near.Dispose();
        }
    }

    /// <summary>What is sent is on its way while more is: the line delays, it doesn't stop. A loss holds up what comes behind it, too, as TCP does.</summary>
    async Task OneWayAsync(NetworkStream from, NetworkStream to, CancellationToken stop)
    {
        var line = Channel.CreateBounded<(long Due, byte[] Bytes)>(MostUnderWay);
        var arriving = ArriveAsync();
        try
        {
            byte[] buffer = new byte[16 << 10];
            long due = 0;
            while (await from.ReadAsync(buffer, stop) is > 0 and var length)
            {
                due = Math.Max(due, TimeProvider.System.GetTimestamp() + Ticks(NextDelay()));
                await line.Writer.WriteAsync((due, buffer[..length]), stop);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // It broke.
        }

        line.Writer.TryComplete();
        await arriving;

        async Task ArriveAsync()
        {
            try
            {
                await foreach (var (due, bytes) in line.Reader.ReadAllAsync(stop))
                {
                    var left = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due);
                    if (left > TimeSpan.Zero)
                        await Task.Delay(left, TimeProvider.System, stop);
                    await Opened().WaitAsync(stop);
                    await to.WriteAsync(bytes, stop);
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // It broke.
            }
            finally
            {
                line.Writer.TryComplete();
                while (line.Reader.TryRead(out _))
                {
                }
            }
        }
    }

    static long Ticks(TimeSpan delay) => (long)(delay.TotalSeconds * TimeProvider.System.TimestampFrequency);

    TimeSpan NextDelay()
    {
        lock (_gate)
            return Delay * (0.5 + _random.NextDouble()) + (_random.NextDouble() < Loss ? TimeSpan.FromMilliseconds(200 + _random.Next(800)) : TimeSpan.Zero);
    }

    Task Opened()
    {
        lock (_gate)
            return _open.Task;
    }

    async Task WaitAsync(CancellationToken stop)
    {
        var delay = NextDelay();
        if (delay > TimeSpan.Zero)
            await Task.Delay(delay, TimeProvider.System, stop);
        await Opened().WaitAsync(stop);
    }

    static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
