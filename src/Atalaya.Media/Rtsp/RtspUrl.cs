using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace Atalaya.Media.Rtsp;

/// <summary>
/// The address of a camera's stream: <c>rtsp://</c> or <c>rtsps://</c>. Credentials inside are accepted and split off;
/// nothing that prints a URL shows them.
/// </summary>
/// <remarks>
/// Kept as the camera's maker writes it: cameras compare request lines letter by letter, so path and query are not normalised.
/// The password may hold <c>@</c> and <c>#</c> unescaped, but <c>/</c>, <c>?</c> and <c>%</c> must be percent-encoded.
/// </remarks>
public sealed class RtspUrl : IEquatable<RtspUrl>
{
    /// <summary>Longer is no camera's URL (characters).</summary>
    public const int MaxLength = 2048;

    RtspUrl(bool isTls, string host, int port, string pathAndQuery, string? userName, string? password)
    {
        IsTls = isTls;
        Host = host;
        Port = port;
        PathAndQuery = pathAndQuery;
        UserName = userName;
        Password = password;
    }

    public bool IsTls { get; }

    /// <summary>Lower case; an IPv6 address without brackets.</summary>
    public string Host { get; }
    public int Port { get; }

    /// <summary>As written, from the first slash or question mark; may be empty.</summary>
    public string PathAndQuery { get; }
    public string? UserName { get; }
    public string? Password { get; }

    /// <summary><c>host:port</c>, for messages.</summary>
    public string Authority => $"{BracketedHost}:{Port}";

    string BracketedHost => Host.Contains(':') ? $"[{Host}]" : Host;
    int DefaultPort => IsTls ? 322 : 554;

    /// <summary>For a request line: everything but the credentials.</summary>
    internal string ToRequestUri() => $"{(IsTls ? "rtsps" : "rtsp")}://{BracketedHost}{(Port == DefaultPort ? "" : $":{Port}")}{PathAndQuery}";

    /// <summary>Without user name and password; passwords in path or query, as some makers want them, are starred out.</summary>
    public override string ToString() => MaskSecrets(ToRequestUri());

    /// <summary>Never throws.</summary>
    /// <param name="fault">What is wrong, in words that don't repeat a password.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RtspUrl? url, out string fault)
    {
        url = null;
        text = text?.Trim() ?? "";
        if (text.Length is 0 or > MaxLength)
            return Fail(out fault, text.Length == 0 ? "The camera's URL is empty." : $"The camera's URL is longer than {MaxLength} characters.");

        bool tls = text.StartsWith("rtsps://", StringComparison.OrdinalIgnoreCase);
        if (!tls && !text.StartsWith("rtsp://", StringComparison.OrdinalIgnoreCase))
            return Fail(out fault, "A camera's URL starts with rtsp:// or rtsps://.");

        // A line break would let a URL write headers of its own.
        foreach (char c in text)
        {
            if (char.IsControl(c) || char.IsWhiteSpace(c))
                return Fail(out fault, "The camera's URL holds a space or a control character; write a space as %20.");
        }

        string rest = text[(tls ? 8 : 7)..];
        int end = rest.AsSpan().IndexOfAny('/', '?');
        string authority = end < 0 ? rest : rest[..end];
        string path = end < 0 ? "" : rest[end..];
        string? userName = null, password = null;
        int at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            string userInfo = authority[..at];
            authority = authority[(at + 1)..];
            int colon = userInfo.IndexOf(':');
            userName = Uri.UnescapeDataString(colon < 0 ? userInfo : userInfo[..colon]);
            password = colon < 0 ? null : Uri.UnescapeDataString(userInfo[(colon + 1)..]);
            if (userName.Length == 0 && string.IsNullOrEmpty(password))
                userName = password = null;
        }

        string host, portText = "";
        if (authority.StartsWith('['))
        {
            int close = authority.IndexOf(']');
            if (close < 0)
                return Fail(out fault, "The IPv6 address in the camera's URL has no closing bracket.");
            host = authority[1..close];
            string after = authority[(close + 1)..];
            if (after.Length > 0 && after[0] != ':')
                return Fail(out fault, "After the IPv6 address in the camera's URL only a port may follow.");
            if (!host.Contains(':') || !IPAddress.TryParse(host, out _))
                return Fail(out fault, "The camera's URL has brackets around what is no IPv6 address.");
            portText = after.Length > 0 ? after[1..] : "";
        }
        else
        {
            int colon = authority.IndexOf(':');
            host = colon < 0 ? authority : authority[..colon];
            portText = colon < 0 ? "" : authority[(colon + 1)..];
            if (host.Length is 0 or > 255)
                return Fail(out fault, "The camera's URL names no host.");
            foreach (char c in host)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_'))
                    return Fail(out fault, at < 0 && path.Contains('@')
                        ? "The camera's URL can't be split into host and path: write / ? and % in a password as %2F, %3F and %25."
                        : "The host in the camera's URL may hold letters, digits, dots and hyphens.");
            }
        }

        int port = tls ? 322 : 554;
        if (portText.Length > 0 && (!int.TryParse(portText, System.Globalization.NumberStyles.None, null, out port) || port is < 1 or > 65535))
            return Fail(out fault, "The port in the camera's URL isn't a number from 1 to 65535; if the password holds / or ?, write %2F or %3F.");

        fault = "";
        url = new(tls, host.ToLowerInvariant(), port, EscapeNonAscii(path), userName, password);
        return true;

        static bool Fail(out string fault, string message)
        {
            fault = message;
            return false;
        }
    }

    /// <summary>As <see cref="TryParse(string?, out RtspUrl?, out string)"/>, from UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out RtspUrl? url) =>
        TryParse(Encoding.UTF8.GetString(utf8[..Math.Min(utf8.Length, 4 * MaxLength)]), out url, out _);

    internal RtspUrl WithoutCredentials() => new(IsTls, Host, Port, PathAndQuery, null, null);

    /// <summary>Stars out <c>password=…</c> and its like anywhere in <paramref name="text"/>.</summary>
    internal static string MaskSecrets(string text)
    {
        string[] keys = ["password=", "passwd=", "pwd=", "pass=", "pw=", "psw=", "token=", "auth="];
        foreach (string key in keys)
        {
            for (int at = text.IndexOf(key, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(key, at, StringComparison.OrdinalIgnoreCase))
            {
                // "auth=" also ends "oauth="; both are secrets.
                at += key.Length;
                int end = at;
                // One maker writes user=x_password=y_channel=1: a value ends at an underscore only where another key follows.
                while (end < text.Length && text[end] is not ('&' or '/' or ';' or '?' or '"' or ' ') && !IsNextKey(text, end))
                    end++;
                text = $"{text.AsSpan(0, at)}***{text.AsSpan(end)}";
            }
        }

        return text;

        static bool IsNextKey(string text, int at)
        {
            if (text[at] != '_')
                return false;
            int letter = at + 1;
            while (letter < text.Length && char.IsAsciiLetter(text[letter]))
                letter++;
            return letter > at + 1 && letter < text.Length && text[letter] == '=';
        }
    }

    public bool Equals(RtspUrl? other) =>
        other is not null && IsTls == other.IsTls && Host == other.Host && Port == other.Port && PathAndQuery == other.PathAndQuery
        && UserName == other.UserName && Password == other.Password;

    public override bool Equals(object? obj) => Equals(obj as RtspUrl);
    public override int GetHashCode() => HashCode.Combine(IsTls, Host, Port, PathAndQuery, UserName);

    static string EscapeNonAscii(string path)
    {
        if (Ascii.IsValid(path))
            return path;
        var text = new StringBuilder(path.Length + 16);
        foreach (byte b in Encoding.UTF8.GetBytes(path))
        {
            if (b < 0x80)
                text.Append((char)b);
            else
                text.Append('%').Append(b.ToString("X2"));
        }

        return text.ToString();
    }
}
