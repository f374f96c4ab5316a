using System.Text;

namespace Atalaya.Cameras.Onvif;

/// <summary>A profile and where its stream is.</summary>
public sealed record OnvifStream(OnvifProfile Profile, OnvifStreamUri Uri);

/// <summary>Which streams of a device to use: the largest to record, a small H.264 one to preview and analyse.</summary>
/// <param name="SourceToken">The camera behind the streams; null where the device doesn't say.</param>
/// <param name="Main">Null: it has no H.264 or H.265.</param>
/// <param name="Sub">Null: it has none that is smaller than the main one and H.264.</param>
/// <param name="Reason">Why these, in words.</param>
public sealed record OnvifProposal(string? SourceToken, OnvifStream? Main, OnvifStream? Sub, string Reason)
{
    // 640×360 to 704×576: enough to see a person, little enough for sixteen on a page.
    const double SubLeast = 640 * 360, SubMost = 704 * 576;

    /// <summary>One proposal for each camera of the device, in the device's order; one without streams if there are no profiles.</summary>
    public static IReadOnlyList<OnvifProposal> From(IReadOnlyList<OnvifStream> streams) =>
        streams.Count == 0
            ? [new(null, null, null, "The device has no video profile.")]
            : [.. streams.GroupBy(s => s.Profile.SourceToken, StringComparer.Ordinal).Select(g => Of(g.Key, [.. g]))];

    static OnvifProposal Of(string? source, List<OnvifStream> streams)
    {
        // Of equals the one the device names first: it is the one its maker means for recording.
        var main = streams.Where(s => s.Profile.Encoding is "H264" or "H265")
            .OrderByDescending(s => Pixels(s.Profile)).ThenByDescending(s => s.Profile.FramesPerSecond ?? 0).ThenByDescending(s => s.Profile.KilobitsPerSecond ?? 0)
            .FirstOrDefault();
        if (main is null)
        {
            string offered = string.Join(", ", streams.Select(s => s.Profile.Encoding ?? "none").Distinct(StringComparer.Ordinal));
            return new(source, null, null, $"No profile is H.264 or H.265 (the device offers: {offered}). Choose one of them in the device.");
        }

        // Two profiles may share an encoder and its address; that is one stream, not two.
        var sub = streams.Where(s => s.Profile.Encoding == "H264" && !s.Uri.Url.Equals(main.Uri.Url) && Pixels(s.Profile) is > 0 and var pixels && pixels < Pixels(main.Profile))
            .OrderBy(s => Distance(Pixels(s.Profile))).ThenByDescending(s => Pixels(s.Profile))
            .FirstOrDefault();
        var reason = new StringBuilder($"Main: {Words(main.Profile)}, the largest.");
        if (sub is not null)
        {
            reason.Append($" Sub: {Words(sub.Profile)}, ");
            reason.Append(Distance(Pixels(sub.Profile)) == 0 ? "the size of a preview." : "the nearest to 640×360 … 704×576 that there is.");
        }
        else
        {
            reason.Append(streams.Any(s => s.Profile.Encoding == "H265" && Pixels(s.Profile) < Pixels(main.Profile))
                ? " No sub-stream: the smaller ones are H.265, which not every browser plays; choose H.264 for one in the device."
                : " No sub-stream: there is no smaller H.264 one.");
        }

        string[] elsewhere = [.. new[] { main, sub }.Select(s => s?.Uri.AnsweredHost).OfType<string>().Distinct(StringComparer.Ordinal)];
        if (elsewhere.Length > 0)
            reason.Append($" The device calls itself {string.Join(" and ", elsewhere)}; the address that was asked is used instead.");
        return new(source, main, sub, reason.ToString());
    }

    static double Pixels(OnvifProfile profile) => (double)(profile.Width ?? 0) * (profile.Height ?? 0);

    // As a ratio: half as large is as far as twice.
    static double Distance(double pixels) => pixels < SubLeast ? Math.Log(SubLeast / pixels) : pixels > SubMost ? Math.Log(pixels / SubMost) : 0;

    static string Words(OnvifProfile profile)
    {
        var words = new StringBuilder($"'{profile.Name}', {(profile.Encoding == "H264" ? "H.264" : "H.265")}");
        if (profile.Width is not null && profile.Height is not null)
            words.Append($" {profile.Width}×{profile.Height}");
        if (profile.FramesPerSecond is { } fps)
            words.Append($", {fps:0.##} pictures a second");
        if (profile.KilobitsPerSecond is { } rate)
            words.Append($", {rate} kbit/s");
        return words.ToString();
    }
}
