namespace Atalaya.Cameras.Onvif;

public sealed partial class OnvifClient
{
    public bool HasPtz => Find(Names.Ptz) is not null;
    public bool HasImaging => Find(Names.Imaging) is not null;
    public bool HasEvents => Find(Names.Events) is not null;

    /// <summary>Moves until <see cref="StopAsync"/>, or for <paramref name="timeout"/>: give one, so that a lost connection doesn't leave a camera turning.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A speed isn't within −1 … 1.</exception>
    public Task MoveAsync(OnvifProfile profile, OnvifMove speed, TimeSpan? timeout, CancellationToken stop = default)
    {
        Require(speed.Pan, -1, nameof(speed));
        Require(speed.Tilt, -1, nameof(speed));
        Require(speed.Zoom, -1, nameof(speed));
        return PtzAsync(Requests.ContinuousMove(profile.Token, speed, timeout), stop);
    }

    /// <exception cref="ArgumentOutOfRangeException">Pan or tilt isn't within −1 … 1, or zoom not within 0 … 1.</exception>
    public Task MoveToAsync(OnvifProfile profile, OnvifMove position, CancellationToken stop = default)
    {
        Require(position.Pan, -1, nameof(position));
        Require(position.Tilt, -1, nameof(position));
        Require(position.Zoom, 0, nameof(position));
        return PtzAsync(Requests.AbsoluteMove(profile.Token, position), stop);
    }

    public Task StopAsync(OnvifProfile profile, bool panTilt = true, bool zoom = true, CancellationToken stop = default) =>
        PtzAsync(Requests.Stop(profile.Token, panTilt, zoom), stop);

    public async Task<IReadOnlyList<OnvifPreset>> GetPresetsAsync(OnvifProfile profile, CancellationToken stop = default) =>
        Replies.Presets(await CallAsync(Service(Names.Ptz, "PTZ", "GetPresets"), Requests.GetPresets(profile.Token), stop));

    public Task GoToPresetAsync(OnvifProfile profile, string preset, CancellationToken stop = default) => PtzAsync(Requests.GotoPreset(profile.Token, preset), stop);

    /// <summary>Keeps where the camera looks now.</summary>
    /// <param name="preset">Null: a new one.</param>
    /// <returns>Its token.</returns>
    public async Task<string> SetPresetAsync(OnvifProfile profile, string? name, string? preset = null, CancellationToken stop = default) =>
        (await CallAsync(Service(Names.Ptz, "PTZ", "SetPreset"), Requests.SetPreset(profile.Token, name, preset), stop)).Text("PresetToken")
        ?? preset
        ?? throw new OnvifException(OnvifFailure.DeviceFault, Device, "The device kept the preset but doesn't say under which token.", "SetPreset");

    public Task RemovePresetAsync(OnvifProfile profile, string preset, CancellationToken stop = default) => PtzAsync(Requests.RemovePreset(profile.Token, preset), stop);

    /// <param name="source">A profile's <see cref="OnvifProfile.SourceToken"/>.</param>
    public async Task<OnvifImage> GetImageAsync(string source, CancellationToken stop = default) =>
        Replies.Image(await CallAsync(Service(Names.Imaging, "imaging", "GetImagingSettings"), Requests.GetImagingSettings(source), stop));

    public async Task SetImageAsync(string source, OnvifImage image, CancellationToken stop = default) =>
        await CallAsync(Service(Names.Imaging, "imaging", "SetImagingSettings"), Requests.SetImagingSettings(source, image), stop);

    /// <exception cref="OnvifException"><see cref="OnvifFailure.NotSupported"/>: the device doesn't say what can be set.</exception>
    public async Task<OnvifImageOptions> GetImageOptionsAsync(string source, CancellationToken stop = default) =>
        Replies.ImageOptions(await CallAsync(Service(Names.Imaging, "imaging", "GetOptions"), Requests.GetImagingOptions(source), stop));

    /// <summary>Focuses farther (positive) or nearer until <see cref="StopFocusAsync"/>; the protocol knows no time limit.</summary>
    public async Task MoveFocusAsync(string source, double speed, CancellationToken stop = default)
    {
        Require(speed, -1, nameof(speed));
        await CallAsync(Service(Names.Imaging, "imaging", "Move"), Requests.MoveFocus(source, speed), stop);
    }

    public async Task StopFocusAsync(string source, CancellationToken stop = default) =>
        await CallAsync(Service(Names.Imaging, "imaging", "Stop"), Requests.StopFocus(source), stop);

    /// <summary>Where the camera looks: pan and tilt −1 … 1, zoom 0 … 1; null where it doesn't tell.</summary>
    public async Task<OnvifMove> GetPositionAsync(OnvifProfile profile, CancellationToken stop = default) =>
        Replies.Position(await CallAsync(Service(Names.Ptz, "PTZ", "GetStatus"), Requests.GetPtzStatus(profile.Token), stop));

    async Task PtzAsync(System.Xml.Linq.XElement request, CancellationToken stop) =>
        await CallAsync(Service(Names.Ptz, "PTZ", request.Name.LocalName), request, stop);

    static void Require(double? value, double least, string name)
    {
        if (value is { } number && !(number >= least && number <= 1))
            throw new ArgumentOutOfRangeException(name, number, $"It must lie between {least} and 1.");
    }
}
