using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Atalaya.Media.Rtsp;

/// <summary>The <c>Transport</c> header of a SETUP reply (RFC 2326 12.39).</summary>
/// <param name="Channels">Of <c>interleaved</c>, each 0 to 255.</param>
/// <param name="ServerPorts">Of <c>server_port</c>, each 1 to 65535.</param>
/// <param name="Source">Of <c>source</c>, if it is a usable address and no name.</param>
/// <param name="Ssrc">In practice often wrong; shown, not believed.</param>
public sealed record RtspTransportReply(bool IsTcp, (int Rtp, int Rtcp)? Channels, (int Rtp, int Rtcp)? ServerPorts, IPAddress? Source, uint? Ssrc)
{
    /// <summary>Never throws. Of several transports the first counts.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out RtspTransportReply? transport)
    {
        transport = null;
        int comma = text.IndexOf(',');
        if (comma >= 0)
            text = text[..comma];
        bool tcp = false, first = true;
        (int, int)? channels = null, ports = null;
        IPAddress? source = null;
        uint? ssrc = null;
        foreach (var range in text.Split(';'))
        {
            var part = text[range].Trim();
            if (first)
            {
                if (!part.StartsWith("RTP/", StringComparison.OrdinalIgnoreCase))
                    return false;
                tcp = part.EndsWith("/TCP", StringComparison.OrdinalIgnoreCase);
                first = false;
                continue;
            }

            int equals = part.IndexOf('=');
            var key = (equals < 0 ? part : part[..equals]).Trim();
            var value = equals < 0 ? default : part[(equals + 1)..].Trim().Trim('"');
            if (key.Equals("interleaved", StringComparison.OrdinalIgnoreCase))
                channels = Pair(value, 0, 255);
            else if (key.Equals("server_port", StringComparison.OrdinalIgnoreCase))
                ports = Pair(value, 1, 65535);
            else if (key.Equals("source", StringComparison.OrdinalIgnoreCase))
                source = IPAddress.TryParse(value, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : null;
            else if (key.Equals("ssrc", StringComparison.OrdinalIgnoreCase))
                ssrc = uint.TryParse(value, NumberStyles.AllowHexSpecifier, null, out uint number) ? number : null;
        }

        transport = new(tcp, channels, ports, source, ssrc);
        return true;
    }

    // "4-5"; a single number means that and the next.
    static (int, int)? Pair(ReadOnlySpan<char> value, int min, int max)
    {
        int dash = value.IndexOf('-');
        if (!int.TryParse(dash < 0 ? value : value[..dash], NumberStyles.None, null, out int a))
            return null;
        int b = a + 1;
        if (dash >= 0 && !int.TryParse(value[(dash + 1)..], NumberStyles.None, null, out b))
            return null;
        return a < min || a > max || b < min || b > max ? null : (a, b);
    }
}

/// <summary>The <c>Session</c> header (RFC 2326 12.37).</summary>
public readonly record struct RtspSessionHeader(string Id, TimeSpan Timeout)
{
    /// <summary>What RFC 2326 assumes where a camera names none.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Never throws. A timeout that nobody could keep (under 2 s, above a day) counts as absent.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RtspSessionHeader session)
    {
        session = default;
        int semicolon = text.IndexOf(';');
        string id = (semicolon < 0 ? text : text[..semicolon]).Trim().ToString();
        // It goes back to the camera letter by letter.
        if (id.Length is 0 or > 256 || id.Any(c => char.IsControl(c) || c > 0x7E))
            return false;
        var timeout = DefaultTimeout;
        if (semicolon >= 0)
        {
            var rest = text[(semicolon + 1)..];
            foreach (var range in rest.Split(';'))
            {
                var part = rest[range].Trim();
                int equals = part.IndexOf('=');
                if (equals > 0 && part[..equals].Trim().Equals("timeout", StringComparison.OrdinalIgnoreCase)
                    && int.TryParse(part[(equals + 1)..].Trim(), NumberStyles.None, null, out int seconds) && seconds is >= 2 and <= 86400)
                    timeout = TimeSpan.FromSeconds(seconds);
            }
        }

        session = new(id, timeout);
        return true;
    }
}

/// <summary>One entry of the <c>RTP-Info</c> header (RFC 2326 12.33).</summary>
public readonly record struct RtpInfo(string Url, ushort? Sequence, uint? RtpTime)
{
    const int MaxEntries = 64;

    /// <summary>Never throws; what makes no sense is left out.</summary>
    public static IReadOnlyList<RtpInfo> Parse(string text)
    {
        var infos = new List<RtpInfo>();
        // Commas may be part of a URL: only "url=" begins an entry.
        for (int at = EntryStart(text, 0); at >= 0 && infos.Count < MaxEntries;)
        {
            int next = EntryStart(text, at + 4);
            var entry = next < 0 ? text.AsSpan(at) : text.AsSpan(at, next - at);
            string url = "";
            ushort? sequence = null;
            uint? time = null;
            bool first = true;
            foreach (var range in entry.Split(';'))
            {
                var part = entry[range].Trim().TrimEnd(',').Trim();
                if (first)
                    url = part[4..].Trim('"').ToString();
                else if (part.StartsWith("seq=", StringComparison.OrdinalIgnoreCase) && uint.TryParse(part[4..], NumberStyles.None, null, out uint s))
                    sequence = (ushort)s;
                else if (part.StartsWith("rtptime=", StringComparison.OrdinalIgnoreCase) && ulong.TryParse(part[8..], NumberStyles.None, null, out ulong t))
                    time = (uint)t;
                first = false;
            }

            infos.Add(new(url, sequence, time));
            at = next;
        }

        return infos;

        static int EntryStart(string text, int from)
        {
            for (int at = from; (at = text.IndexOf("url=", at, StringComparison.OrdinalIgnoreCase)) >= 0; at += 4)
            {
                var before = text.AsSpan(0, at).TrimEnd(' ');
                if (before.Length == 0 || before[^1] == ',')
                    return at;
            }

            return -1;
        }
    }

    /// <summary>
    /// The entry that speaks of a track. Cameras write the control URL absolute or relative, with another host, or without its
    /// query; one entry alone speaks of the only track.
    /// </summary>
    public static RtpInfo? For(IReadOnlyList<RtpInfo> infos, string controlUrl, string? control, bool onlyTrack)
    {
        foreach (var info in infos)
        {
            if (info.Url == controlUrl || (control is not null && info.Url == control))
                return info;
        }

        string tail = Tail(control ?? controlUrl);
        foreach (var info in infos)
        {
            if (tail.Length > 0 && Tail(info.Url).Equals(tail, StringComparison.OrdinalIgnoreCase))
                return info;
        }

        return onlyTrack && infos.Count == 1 ? infos[0] : null;

        // The last part of the path, without the query.
        static string Tail(string url)
        {
            url = url.TrimEnd('/');
            int slash = url.LastIndexOf('/');
            string tail = url[(slash + 1)..];
            int question = tail.IndexOf('?');
            return question < 0 ? tail : tail[..question];
        }
    }
}
