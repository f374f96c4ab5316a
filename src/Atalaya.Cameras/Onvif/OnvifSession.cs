using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Media.Rtsp;
using Microsoft.Extensions.Logging;

namespace Atalaya.Cameras.Onvif;

public enum OnvifState
{
    /// <summary>A connection is being made, or the next attempt is near.</summary>
    Connecting,
    Running,

    /// <summary>No answer, or none that lasted.</summary>
    Unreachable,
    Unauthorised,

    /// <summary>It answers, but not as ONVIF, or not where the configuration says.</summary>
    Misconfigured,
}

/// <summary>How a camera's ONVIF service is doing. A snapshot.</summary>
/// <param name="Reason">One sentence that a technician understands; empty when there is nothing to say.</param>
/// <param name="NextAttempt">Null while connected.</param>
/// <param name="Device">Null before it first answered.</param>
/// <param name="ClockOffset">By how much the device's clock is ahead of ours; null if it doesn't say.</param>
/// <param name="ClockRead">When that was asked.</param>
/// <param name="FromNtp">The device takes its time from the network, as it says.</param>
/// <param name="EventsReason">Why no events come; empty when they do.</param>
/// <param name="Events">Received since the node started.</param>
/// <param name="Dropped">Left out since the node started, because it was about faces or identities.</param>
public sealed record OnvifStatus(
    OnvifState State,
    string Reason,
    WallTime Since,
    WallTime? NextAttempt,
    OnvifDeviceInformation? Device,
    TimeSpan? ClockOffset,
    WallTime? ClockRead,
    bool FromNtp,
    bool HasPtz,
    bool HasImaging,
    bool ReceivesEvents,
    string EventsReason,
    long Events,
    OnvifDropped Dropped);

/// <summary>
/// One camera's ONVIF service, kept connected: events are pulled and handed on, the device's clock is compared with ours, and the camera is
/// turned and set as people ask.
/// </summary>
/// <remarks>Thread-safe. <see cref="RunAsync"/> owns the connection; the other calls use the one there is.</remarks>
public sealed class OnvifSession : IAsyncDisposable
{
    /// <summary>What every device grants; renewed at half of it.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>How long a device may keep a question for events open. Well below the lifetime, and below what firewalls cut.</summary>
    static readonly TimeSpan PullWait = TimeSpan.FromSeconds(20);

    /// <summary>Some devices answer at once, empty: they are asked at most so often.</summary>
    static readonly TimeSpan EmptyPullWait = TimeSpan.FromSeconds(1);

    static readonly TimeSpan ClockEvery = TimeSpan.FromMinutes(5);

    /// <summary>A device that has no events may get them with its next firmware or setting.</summary>
    static readonly TimeSpan NoEventsWait = TimeSpan.FromMinutes(10);

    static readonly TimeSpan GoodRun = TimeSpan.FromMinutes(1);

    readonly CameraConfig _camera;
    readonly CameraServices _services;
    readonly Func<SceneEvent, CancellationToken, Task> _onEvent;
    readonly CancellationTokenSource _stop = new();
    readonly OnvifSceneEvents _scene;       // touched only by RunAsync
    readonly OnvifDrive _drive;
    readonly Lock _gate = new();
    OnvifStatus _status;                    // changed under _gate
    volatile Link? _link;
    Task _running = Task.CompletedTask;

    /// <param name="onEvent">Takes what happened in front of the camera; the next events are asked for when it has ended. May throw.</param>
    /// <exception cref="ArgumentException">The camera has no ONVIF address.</exception>
    public OnvifSession(CameraConfig camera, CameraServices services, Func<SceneEvent, CancellationToken, Task> onEvent)
    {
        if (camera.Onvif is null)
            throw new ArgumentException("The camera has no ONVIF address.", nameof(camera));
        _camera = camera;
        _services = services;
        _onEvent = onEvent;
        _scene = new(camera.Id, services.Clock);
        _drive = new(services.Clock, services.Log, CommandAsync);
        _status = new(OnvifState.Connecting, "Connecting.", WallTime.Now(services.Clock), null, null, null, null, false, false, false, false, "", 0, default);
    }

    /// <summary>Raised, quickly, when something of <see cref="Status"/> but its counts has changed.</summary>
    public event Action? Changed;

    public OnvifStatus Status
    {
        get
        {
            lock (_gate)
                return _status;
        }
    }

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Ends the session, and the camera's movement if it moves.</summary>
    public async ValueTask DisposeAsync()
    {
        await _drive.DisposeAsync();
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>Moves for <see cref="OnvifDrive.Hold"/>; say it again to go on, or all zeros to stop.</summary>
    /// <exception cref="OnvifException">It isn't connected, can't move, or refuses.</exception>
    public async Task MoveAsync(OnvifSpeed speed, CancellationToken stop)
    {
        Connected();
        await _drive.MoveAsync(speed, stop);
    }

    /// <exception cref="OnvifException">As the others.</exception>
    public async Task<IReadOnlyList<OnvifPreset>> GetPresetsAsync(CancellationToken stop)
    {
        var link = Connected();
        return await link.Client.GetPresetsAsync(link.Turned, stop);
    }

    public async Task<OnvifMove> GetPositionAsync(CancellationToken stop)
    {
        var link = Connected();
        return await link.Client.GetPositionAsync(link.Turned, stop);
    }

    public async Task GoToPresetAsync(string preset, CancellationToken stop)
    {
        var link = Connected();
        await link.Client.GoToPresetAsync(link.Turned, preset, stop);
    }

    /// <returns>The preset's token.</returns>
    public async Task<string> SetPresetAsync(string? name, string? preset, CancellationToken stop)
    {
        var link = Connected();
        return await link.Client.SetPresetAsync(link.Turned, name, preset, stop);
    }

    public async Task RemovePresetAsync(string preset, CancellationToken stop)
    {
        var link = Connected();
        await link.Client.RemovePresetAsync(link.Turned, preset, stop);
    }

    /// <returns>What is set, and what can be; the second null where the device doesn't say.</returns>
    public async Task<(OnvifImage Image, OnvifImageOptions? Options)> GetImageAsync(CancellationToken stop)
    {
        var link = Connected();
        var image = await link.Client.GetImageAsync(link.Source, stop);
        try
        {
            return (image, await link.Client.GetImageOptionsAsync(link.Source, stop));
        }
        catch (OnvifException e) when (e.Kind is OnvifFailure.NotSupported or OnvifFailure.DeviceFault or OnvifFailure.InvalidArgument)
        {
            return (image, null);
        }
    }

    public async Task SetImageAsync(OnvifImage image, CancellationToken stop)
    {
        var link = Connected();
        await link.Client.SetImageAsync(link.Source, image, stop);
    }

    /// <summary>The masks that the device paints itself, and what it can paint.</summary>
    public async Task<(IReadOnlyList<OnvifMask> Masks, OnvifMaskOptions Options)> GetMasksAsync(CancellationToken stop)
    {
        var link = Connected();
        var options = await link.Client.GetMaskOptionsAsync(link.SourceConfiguration, stop);
        return (await link.Client.GetMasksAsync(link.SourceConfiguration, stop), options);
    }

    /// <returns>Its token.</returns>
    public async Task<string> CreateMaskAsync(OnvifMask mask, CancellationToken stop)
    {
        var link = Connected();
        return await link.Client.CreateMaskAsync(link.SourceConfiguration, mask, stop);
    }

    public Task DeleteMaskAsync(string mask, CancellationToken stop) => Connected().Client.DeleteMaskAsync(mask, stop);

    /// <summary>Sets the device's clock to ours.</summary>
    public async Task SetTimeAsync(CancellationToken stop)
    {
        var link = Connected();
        await link.Client.SetTimeAsync(stop);
        await ReadClockAsync(link.Client, stop);
    }

    async Task RunAsync()
    {
        int attempt = 0;
        while (!_stop.IsCancellationRequested)
        {
            attempt++;
            long began = _services.Clock.GetTimestamp();
            OnvifException? fault = null;
            try
            {
                await RunOnceAsync();
            }
            catch (OnvifException e)
            {
                fault = e;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // A bug of ours met this device's bytes: it must not take others along, and it must be seen.
                _services.Log.LogError(e, "{Camera} ONVIF: unexpected {Error}", _camera.Id, e.GetType().Name);
            }

            _link = null;
            if (_services.Clock.GetElapsedTime(began) >= GoodRun)
                attempt = 1;
            var (state, backoff) = fault?.Kind switch
            {
                OnvifFailure.Unauthorised or OnvifFailure.WrongClock => (OnvifState.Unauthorised, Backoff.Refused),
                OnvifFailure.Unreachable or OnvifFailure.Timeout or null => (OnvifState.Unreachable, Backoff.Network),
                OnvifFailure.NotOnvif when attempt < 4 => (OnvifState.Unreachable, Backoff.Network),     // As devices answer while they start.
                _ => (OnvifState.Misconfigured, Backoff.Refused),
            };
            var wait = backoff.After(attempt, Random.Shared);
            string reason = fault?.Message ?? "An unexpected error ended the session; the log has the details.";
            Change(s => s with
            {
                State = state,
                Reason = reason,
                Since = s.State == state ? s.Since : WallTime.Now(_services.Clock),
                NextAttempt = WallTime.Now(_services.Clock) + wait,
                ReceivesEvents = false,
                HasPtz = false,
                HasImaging = false,
            });
            _services.Log.LogWarning("{Camera} ONVIF: {Reason} Next attempt in {Seconds:0.0} s.", _camera.Id, reason, wait.TotalSeconds);
            try
            {
                await Task.Delay(wait, _services.Clock, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
    }

    async Task RunOnceAsync()
    {
        var options = new OnvifOptions
        {
            UserName = _camera.UserName,
            Password = _camera.Password,
            AddressAllowed = _services.AddressAllowed,
            Trust = _camera.Fingerprint is { } fingerprint ? RtspTrust.Pinned(fingerprint) : RtspTrust.System,
            Clock = _services.Clock,
            Log = _services.Log,
        };
        using var client = await OnvifClient.ConnectAsync(_camera.Onvif!.Device, options, _stop.Token);
        var information = await client.GetDeviceInformationAsync(_stop.Token);
        var profiles = await client.GetProfilesAsync(_stop.Token);
        var profile = profiles.FirstOrDefault(p => p.Token == _camera.Onvif.Profile);
        if (profile is null && _camera.Onvif.Profile is not null)
            throw new OnvifException(OnvifFailure.InvalidArgument, client.Device, $"The device has no profile '{_camera.Onvif.Profile}' any more. Look for the camera anew, or leave the profile out.", "GetProfiles");
        profile ??= profiles.FirstOrDefault(p => p.HasPtz) ?? (profiles.Count > 0 ? profiles[0] : null);
        bool several = profiles.Select(p => p.SourceToken).Distinct(StringComparer.Ordinal).Count() > 1;
        _link = new(client, profile);
        Change(s => s with
        {
            State = OnvifState.Running,
            Reason = "",
            Since = WallTime.Now(_services.Clock),
            NextAttempt = null,
            Device = information,
            HasPtz = client.HasPtz && profile?.HasPtz == true,
            HasImaging = client.HasImaging && profile?.SourceToken is not null,
        });
        await ReadClockAsync(client, _stop.Token);

        for (int attempt = 1; ; attempt++)
        {
            TimeSpan wait;
            try
            {
                if (client.HasEvents)
                    await PullAsync(client, several ? profile : null, () => attempt = 0);
                Change(s => s with { ReceivesEvents = false, EventsReason = "The device has no event service." });
                wait = NoEventsWait;
            }
            catch (OnvifException e) when (e.Kind is OnvifFailure.NotSupported or OnvifFailure.DeviceFault or OnvifFailure.InvalidArgument or OnvifFailure.NotOnvif)
            {
                // Subscriptions end with the device's restart, its memory or its mood; turning and setting go on.
                Change(s => s with { ReceivesEvents = false, EventsReason = e.Message });
                wait = e.Kind == OnvifFailure.NotSupported ? NoEventsWait : Backoff.Network.After(Math.Max(1, attempt), Random.Shared);
            }

            // A device without events is heard of by its clock alone.
            while (wait > ClockEvery)
            {
                await Task.Delay(ClockEvery, _services.Clock, _stop.Token);
                wait -= ClockEvery;
                await ReadClockAsync(client, _stop.Token);
            }

            await Task.Delay(wait, _services.Clock, _stop.Token);
        }
    }

    /// <summary>Pulls events until the subscription fails.</summary>
    async Task PullAsync(OnvifClient client, OnvifProfile? profile, Action onGood)
    {
        var subscription = await client.SubscribeAsync(Lifetime, _stop.Token);
        try
        {
            Change(s => s with { ReceivesEvents = true, EventsReason = "" });
            bool renews = true;
            var (dropped, clock) = (subscription.Dropped, _services.Clock);
            long renewed = clock.GetTimestamp(), clockRead = renewed;
            while (true)
            {
                long asked = clock.GetTimestamp();
                var events = await subscription.PullAsync(PullWait, stop: _stop.Token);
                onGood();
                Count(events.Count, subscription.Dropped, ref dropped);
                foreach (var reported in events)
                    await TakeAsync(reported, client.ClockOffset, profile);
                if (events.Count == 0 && clock.GetElapsedTime(asked) < EmptyPullWait)
                    await Task.Delay(EmptyPullWait, clock, _stop.Token);
                if (renews && clock.GetElapsedTime(renewed) > Min(Lifetime, subscription.Lifetime) / 2)
                {
                    renewed = clock.GetTimestamp();
                    renews = await RenewAsync(subscription);
                }

                if (clock.GetElapsedTime(clockRead) > ClockEvery)
                {
                    clockRead = clock.GetTimestamp();
                    await ReadClockAsync(client, _stop.Token);
                }
            }
        }
        finally
        {
            // A device that is gone needn't be waited for: the subscription ends by itself.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _services.Clock);
            try
            {
                await subscription.UnsubscribeAsync(limit.Token);
            }
            catch (Exception e) when (e is OnvifException or OperationCanceledException)
            {
                // As said.
            }
        }

        static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
    }

    /// <returns>False: pulling alone keeps it alive.</returns>
    async Task<bool> RenewAsync(OnvifSubscription subscription)
    {
        try
        {
            await subscription.RenewAsync(Lifetime, _stop.Token);
            return true;
        }
        catch (OnvifException e) when (e.Kind is OnvifFailure.NotSupported)
        {
            return false;
        }
    }

    async Task TakeAsync(OnvifEvent reported, TimeSpan? offset, OnvifProfile? profile)
    {
        if (_scene.Take(reported, offset, profile) is not { } scene)
            return;
        try
        {
            await _onEvent(scene, _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _services.Log.LogError(e, "{Camera}: an event of the camera ({Rule}) couldn't be kept.", _camera.Id, scene.Rule);
        }
    }

    async Task ReadClockAsync(OnvifClient client, CancellationToken stop)
    {
        try
        {
            var time = await client.GetTimeAsync(stop);
            Change(s => s with { ClockOffset = time?.Offset, ClockRead = WallTime.Now(_services.Clock), FromNtp = time?.FromNtp ?? false });
        }
        catch (OnvifException e) when (e.Kind is not (OnvifFailure.Unreachable or OnvifFailure.Timeout))
        {
            // It doesn't tell its time, or not to us.
            Change(s => s with { ClockOffset = null, ClockRead = WallTime.Now(_services.Clock) });
        }
    }

    /// <summary>What <see cref="OnvifDrive"/> wants of the camera.</summary>
    async Task CommandAsync(OnvifSpeed before, OnvifSpeed speed, CancellationToken stop)
    {
        var link = Connected();
        bool turned = before.Pan != 0 || before.Tilt != 0, zoomed = before.Zoom != 0;
        bool turns = speed.Pan != 0 || speed.Tilt != 0, zooms = speed.Zoom != 0;
        // First what must end: a camera may take the new speed of one axis and go on with the other.
        if ((turned && !turns) || (zoomed && !zooms))
            await link.Client.StopAsync(link.Turned, turned && !turns, zoomed && !zooms, stop);
        if (before.Focus != 0 && speed.Focus == 0)
            await link.Client.StopFocusAsync(link.Source, stop);
        if (turns || zooms)
            await link.Client.MoveAsync(link.Turned, new(turns ? speed.Pan : null, turns ? speed.Tilt : null, zooms ? speed.Zoom : null), OnvifDrive.DeviceLimit, stop);
        if (speed.Focus != 0 && speed.Focus != before.Focus)
            await link.Client.MoveFocusAsync(link.Source, speed.Focus, stop);
    }

    Link Connected() => _link ?? throw new OnvifException(
        OnvifFailure.Unreachable, _camera.Onvif!.Device, Status is { Reason.Length: > 0 } status ? $"The camera's ONVIF service isn't connected. {status.Reason}" : "The camera's ONVIF service isn't connected yet.");

    void Count(int events, OnvifDropped total, ref OnvifDropped known)
    {
        var more = new OnvifDropped(total.Events - known.Events, total.Items - known.Items);
        known = total;
        lock (_gate)
            _status = _status with { Events = _status.Events + events, Dropped = _status.Dropped + more };
    }

    void Change(Func<OnvifStatus, OnvifStatus> change)
    {
        OnvifStatus before, after;
        lock (_gate)
        {
            before = _status;
            _status = after = change(before);
        }

        if (after != before)
            Changed?.Invoke();
    }

    sealed record Link(OnvifClient Client, OnvifProfile? Profile)
    {
        /// <exception cref="OnvifException">There is none.</exception>
        public OnvifProfile Turned => Profile ?? throw new OnvifException(OnvifFailure.NotSupported, Client.Device, "The device has no profile, so it can't be turned.");

        /// <exception cref="OnvifException">There is none.</exception>
        public string SourceConfiguration => Profile?.SourceConfigurationToken ?? throw new OnvifException(OnvifFailure.NotSupported, Client.Device, "The device doesn't name the configuration of its picture source, so it can't be masked.");

        /// <exception cref="OnvifException">There is none.</exception>
        public string Source => Profile?.SourceToken ?? throw new OnvifException(OnvifFailure.NotSupported, Client.Device, "The device doesn't name its picture source, so its picture can't be set.");
    }
}
