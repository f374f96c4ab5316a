using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Atalaya.Node.Security;

/// <summary>
/// Where the node listens, and by which scheme: loopback may be plain HTTP, every other address is HTTPS. There is no way to ask for anything else, and what
/// listens by HTTPS never answers plain HTTP, not even to send it elsewhere: the cookie of a first plain request would already be lost.
/// </summary>
/// <param name="Ip">Null: <c>localhost</c>, both loopback addresses.</param>
/// <param name="Port">0: a free one.</param>
readonly record struct ListenAddress(IPAddress? Ip, int Port, bool Tls)
{
    public bool IsLoopback => Ip is null || IPAddress.IsLoopback(Ip);

    /// <summary>All addresses of the machine.</summary>
    public bool IsAny => Ip is not null && (Ip.Equals(IPAddress.Any) || Ip.Equals(IPAddress.IPv6Any));

    /// <param name="text">An address and a port, with the scheme or without: <c>127.0.0.1:8480</c>, <c>0.0.0.0:443</c>, <c>https://[::1]:8480</c>, <c>*:443</c>.</param>
    /// <param name="fault">What is wrong, for the one who wrote it.</param>
    public static bool TryParse(string text, out ListenAddress address, [NotNullWhen(false)] out string? fault)
    {
        address = default;
        string shown = text.Contains('@', StringComparison.Ordinal) ? "…" : Api.Problems.Shown(text);
        fault = $"'{shown}' is not an address to listen on; write an address of this machine and a port, such as 127.0.0.1:8480, [::1]:8480, 192.0.2.7:443, or *:443 for all of them.";
        string rest = text;
        string? scheme = null;
        if (text.IndexOf("://", StringComparison.Ordinal) is > 0 and var at)
        {
            scheme = text[..at].ToLowerInvariant();
            rest = text[(at + 3)..].TrimEnd('/');
        }

        int colon = rest.LastIndexOf(':');
        if (scheme is not (null or "http" or "https") || colon < 1 || !int.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > 65535)
            return false;
        string host = rest[..colon];
        IPAddress? ip = null;
        if (host == "*")
        {
            ip = IPAddress.IPv6Any;
        }
        else if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            bool six = host is ['[', .., ']'];
            // Of IPv4 the dotted form of four numbers alone: 1 or 0x7f000001 are addresses to some parsers.
            if (!IPAddress.TryParse(six ? host[1..^1] : host, out ip) || six != (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) || (!six && host.Count(c => c == '.') != 3))
                return false;
        }

        bool loopback = ip is null || IPAddress.IsLoopback(ip);
        if (scheme == "http" && !loopback)
        {
            fault = $"'{shown}' would be plain HTTP beyond this machine: passwords and pictures would cross the network in the open. Write https:// or no scheme; "
                + "the node makes a certificate of its own where none is given (tls.certificate).";
            return false;
        }

        address = new(ip, port, !loopback || scheme == "https");
        fault = null;
        return true;
    }

    /// <summary>As one opens it: for all addresses, by a name of the machine.</summary>
    public string Url(string name) => $"{(Tls ? "https" : "http")}://{(IsAny ? Bracketed(name) : Ip is null ? "localhost" : Bracketed(Ip.ToString()))}:{Port.ToString(CultureInfo.InvariantCulture)}";

    static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
}
