namespace Atalaya.Cameras.Onvif;

public sealed partial class OnvifClient
{
    /// <summary>The masks that the device paints itself, before it sends or records anything (Media2, 5.15).</summary>
    /// <param name="configuration">A profile's <see cref="OnvifProfile.SourceConfigurationToken"/>.</param>
    public async Task<IReadOnlyList<OnvifMask>> GetMasksAsync(string configuration, CancellationToken stop = default) =>
        Replies.Masks(await CallAsync(Service(Names.Media2, "media2", "GetMasks"), Requests.GetMasks(configuration), stop));

    /// <exception cref="OnvifException"><see cref="OnvifFailure.NotSupported"/>: the device has no masks.</exception>
    public async Task<OnvifMaskOptions> GetMaskOptionsAsync(string configuration, CancellationToken stop = default) =>
        Replies.MaskOptions(await CallAsync(Service(Names.Media2, "media2", "GetMaskOptions"), Requests.GetMaskOptions(configuration), stop));

    /// <returns>The token of the mask that was made.</returns>
    public async Task<string> CreateMaskAsync(string configuration, OnvifMask mask, CancellationToken stop = default) =>
        (await CallAsync(Service(Names.Media2, "media2", "CreateMask"), Requests.PutMask("CreateMask", configuration, mask), stop)).Text("Token")
        ?? throw new OnvifException(OnvifFailure.DeviceFault, Device, "The device made the mask but doesn't say under which token.", "CreateMask");

    /// <summary>Changes the mask of its token.</summary>
    public async Task SetMaskAsync(string configuration, OnvifMask mask, CancellationToken stop = default) =>
        await CallAsync(Service(Names.Media2, "media2", "SetMask"), Requests.PutMask("SetMask", configuration, mask), stop);

    public async Task DeleteMaskAsync(string mask, CancellationToken stop = default) =>
        await CallAsync(Service(Names.Media2, "media2", "DeleteMask"), Requests.DeleteMask(mask), stop);
}
