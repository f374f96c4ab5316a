namespace Atalaya.Media.Rtsp;

/// <summary>From what a description says to what SETUP and PLAY must name.</summary>
/// <remarks>
/// Cameras compare these letter by letter with what they wrote, wrong host included, and expect a relative one appended to the base,
/// behind the query if there is one: as the common players do it, not as RFC 3986 resolves it. The connection stays the same whatever
/// host they name.
/// </remarks>
static class ControlUrl
{
    public static string Base(string? contentBase, string? contentLocation, string requestUri) => Usable(contentBase) ?? Usable(contentLocation) ?? requestUri;

    /// <summary>Null if the result could not stand in a request line.</summary>
    public static string? Join(string baseUri, string? control)
    {
        control = control?.Trim();
        if (string.IsNullOrEmpty(control) || control == "*")
            return baseUri;
        if (control.StartsWith("rtsp://", StringComparison.OrdinalIgnoreCase) || control.StartsWith("rtsps://", StringComparison.OrdinalIgnoreCase))
            return Usable(control);
        if (control.Length > RtspUrl.MaxLength || control.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c > 0x7E))
            return null;
        return (baseUri.EndsWith('/'), control.StartsWith('/')) switch
        {
            (true, true) => baseUri + control[1..],
            (false, false) => $"{baseUri}/{control}",
            _ => baseUri + control,
        };
    }

    // Credentials that a camera writes into its own URLs aren't sent back.
    static string? Usable(string? text)
    {
        text = text?.Trim();
        if (!RtspUrl.TryParse(text, out var url, out _))
            return null;
        return url.UserName is null && System.Text.Ascii.IsValid(text) ? text : url.ToRequestUri();
    }
}
