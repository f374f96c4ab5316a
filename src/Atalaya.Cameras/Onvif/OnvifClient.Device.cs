namespace Atalaya.Cameras.Onvif;

public sealed partial class OnvifClient
{
    /// <summary>The device's clock. What comes after allows for the difference.</summary>
    public async Task<OnvifTime?> GetTimeAsync(CancellationToken stop = default)
    {
        var sent = _options.Clock.GetUtcNow();
        var reply = await CallAsync(Device, Requests.GetSystemDateAndTime(), stop);
        // Halfway between question and answer; the device cut off half a second on average.
        var received = _options.Clock.GetUtcNow();
        if (Replies.Time(reply) is not var (utc, ntp))
            return null;
        var offset = utc - (sent + ((received - sent) / 2));
        lock (_gate)
            _clockOffset = offset;
        return new(utc, offset, ntp);
    }

    /// <summary>Sets the device's clock to ours, to the second.</summary>
    public async Task SetTimeAsync(CancellationToken stop = default)
    {
        await CallAsync(Device, Requests.SetSystemDateAndTime(_options.Clock.GetUtcNow()), stop);
        await GetTimeAsync(stop);
    }

    /// <summary>Lets the device take its time from the servers it knows.</summary>
    public async Task SetTimeFromNtpAsync(CancellationToken stop = default)
    {
        await CallAsync(Device, Requests.SetSystemDateAndTime(null), stop);
        await GetTimeAsync(stop);
    }

    public async Task<OnvifDeviceInformation> GetDeviceInformationAsync(CancellationToken stop = default) =>
        Replies.DeviceInformation(await CallAsync(Device, Requests.GetDeviceInformation(), stop));
}
