using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras.Onvif;

/// <summary>How a camera is to move: each from −1 to 1, 0 for not at all. Right, up, closer and farther are positive.</summary>
public readonly record struct OnvifSpeed(double Pan, double Tilt, double Zoom, double Focus)
{
    public bool IsStill => this == default;
}

/// <summary>
/// Moves a camera for as long as somebody goes on saying so. Who steers says it again a few times a second; a second of silence, because the page
/// was closed or the network broke, stops the camera.
/// </summary>
/// <remarks>Thread-safe; commands reach the camera one after another.</remarks>
sealed class OnvifDrive : IAsyncDisposable
{
    /// <summary>Without a word for so long, whoever steered is gone.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);

    /// <summary>The device's own limit, in case this process ends while the camera moves.</summary>
    public static readonly TimeSpan DeviceLimit = TimeSpan.FromSeconds(4);

    /// <summary>The same speed is sent again before the device's own limit is over.</summary>
    static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <summary>A stop that didn't reach the camera is tried so often, a second apart.</summary>
    const int StopTries = 5;

    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly Func<OnvifSpeed, OnvifSpeed, CancellationToken, Task> _command;
    readonly SemaphoreSlim _turn = new(1, 1);
    readonly ITimer _lapse;
    readonly CancellationTokenSource _over = new();
    OnvifSpeed _speed;          // these under _turn
    long _sentAt;
    long _heardAt;              // when somebody last said so
    Task _stopping = Task.CompletedTask;

    /// <param name="command">Makes the camera move at the second speed, after the first.</param>
    public OnvifDrive(TimeProvider clock, ILogger log, Func<OnvifSpeed, OnvifSpeed, CancellationToken, Task> command)
    {
        _clock = clock;
        _log = log;
        _command = command;
        _lapse = clock.CreateTimer(_ => _stopping = LapsedAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Moves, or goes on moving, until <see cref="Hold"/> has passed; a speed of nothing stops.</summary>
    /// <exception cref="OnvifException">The camera didn't take it.</exception>
    public async Task MoveAsync(OnvifSpeed speed, CancellationToken stop)
    {
        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        await _turn.WaitAsync(stop);
        try
        {
            _over.Token.ThrowIfCancellationRequested();
            if (speed == _speed && (speed.IsStill || _clock.GetElapsedTime(_sentAt) < Again))
            {
                Arm(speed);
                return;
            }

            // Armed before it is sent: a command whose answer is lost may have been obeyed.
            var before = _speed;
            _speed = speed.IsStill ? before : speed;
            Arm(_speed);
            _sentAt = _clock.GetTimestamp();
            await _command(before, speed, stop);
            _speed = speed;
            Arm(speed);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops the camera if it moves.</summary>
    public async ValueTask DisposeAsync()
    {
        await _lapse.DisposeAsync();
        await _over.CancelAsync();
        await _stopping;
        await _turn.WaitAsync();
        if (!_speed.IsStill)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _clock);
            try
            {
                await _command(_speed, default, limit.Token);
            }
            catch (Exception e) when (e is OnvifException or OperationCanceledException)
            {
                // The device's own limit stops it.
            }
        }

        _turn.Release();    // Whoever waits for it finds that it is over.
    }

    void Arm(OnvifSpeed speed) => _lapse.Change(speed.IsStill ? Timeout.InfiniteTimeSpan : Hold, Timeout.InfiniteTimeSpan);

    async Task LapsedAsync()
    {
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                await _turn.WaitAsync(_over.Token);
                try
                {
                    if (_speed.IsStill)
                        return;
                    var heard = _clock.GetElapsedTime(Volatile.Read(ref _heardAt));
                    if (heard < Hold)
                    {
                        _lapse.Change(Hold - heard, Timeout.InfiniteTimeSpan);
                        return;
                    }

                    await _command(_speed, default, _over.Token);
                    _speed = default;
                    return;
                }
                catch (OnvifException e)
                {
                    _log.LogWarning("A camera that nobody steers any more couldn't be stopped (attempt {Attempt}): {Reason}", attempt, e.Message);
                    if (attempt == StopTries)
                    {
                        // The device's own limit has passed long since.
                        _speed = default;
                        return;
                    }
                }
                finally
                {
                    _turn.Release();
                }

                await Task.Delay(TimeSpan.FromSeconds(1), _clock, _over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The session is over: what disposes of this stops the camera.
        }
    }
}
