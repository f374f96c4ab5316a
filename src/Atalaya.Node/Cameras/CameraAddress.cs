using Atalaya.Media.Rtsp;

namespace Atalaya.Node.Cameras;

/// <summary>What is done here with a camera's address.</summary>
static class CameraAddress
{
    /// <summary>As written, without user name and password. May still hold a secret in its path or query, so it isn't shown.</summary>
    public static string WithoutCredentials(RtspUrl url)
    {
        bool ordinary = url.Port == (url.IsTls ? 322 : 554);
        string host = url.Host.Contains(':') ? $"[{url.Host}]" : url.Host;
        return $"{(url.IsTls ? "rtsps" : "rtsp")}://{host}{(ordinary ? "" : $":{url.Port}")}{url.PathAndQuery}";
    }

    /// <summary>For people: secrets in path or query starred out.</summary>
    public static string Shown(string address) => RtspUrl.TryParse(address, out var url, out _) ? url.ToString() : "";

    /// <summary>What was sent back, where that is only what was shown before: the address that is kept.</summary>
    public static string? Restored(string? sent, string? kept) => sent is not null && kept is not null && sent == Shown(kept) ? kept : sent;
}
