using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Atalaya.Media.Rtsp;

/// <summary>What <see cref="RtspMessage.Parse"/> made of some bytes.</summary>
public enum RtspParse
{
    Complete,

    /// <summary>Right so far.</summary>
    NeedMore,

    /// <summary>No RTSP message begins here, or it exceeds a limit.</summary>
    Invalid,
}

/// <summary>
/// One reply or request (RFC 2326 sections 4 to 7), read as cameras write it: CRLF or LF, blank lines before it, spaces around
/// colons, folded headers, a status line without a reason.
/// </summary>
public sealed class RtspMessage
{
    /// <summary>Start line and headers together (bytes). The longest seen in the field is 1.5 KiB.</summary>
    public const int MaxHeaderBytes = 16 << 10;
    public const int MaxHeaders = 64;

    /// <summary>Large enough for any session description (bytes).</summary>
    public const int MaxBodyBytes = 64 << 10;

    readonly List<(string Name, string Value)> _headers;

    RtspMessage(string? method, string uri, int status, string reason, List<(string Name, string Value)> headers, byte[] body)
    {
        Method = method;
        Uri = uri;
        Status = status;
        Reason = reason;
        _headers = headers;
        Body = body;
    }

    /// <summary>Null for a reply.</summary>
    public string? Method { get; }

    [MemberNotNullWhen(true, nameof(Method))]
    public bool IsRequest => Method is not null;

    /// <summary>Of a request; empty for a reply.</summary>
    public string Uri { get; }

    /// <summary>100 to 599 of a reply; 0 for a request.</summary>
    public int Status { get; }
    public string Reason { get; }
    public byte[] Body { get; }
    public IReadOnlyList<(string Name, string Value)> Headers => _headers;

    public int? CSeq => int.TryParse(Header("CSeq"), NumberStyles.None, null, out int number) ? number : null;

    /// <summary>The first of that name, trimmed; names don't depend on case.</summary>
    public string? Header(string name)
    {
        foreach (var (key, value) in _headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    public IEnumerable<string> All(string name) => _headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value);

    /// <summary>Never throws, and reads nothing beyond the message.</summary>
    /// <param name="consumed">Bytes of the message, blank lines before it included; only when complete.</param>
    /// <param name="fault">Only when invalid: what is wrong.</param>
    public static RtspParse Parse(ReadOnlySpan<byte> bytes, out RtspMessage? message, out int consumed, out string fault)
    {
        message = null;
        consumed = 0;
        fault = "";

        int start = 0;
        while (start < bytes.Length && bytes[start] is (byte)'\r' or (byte)'\n')
            start++;
        if (start > MaxHeaderBytes)
            return Invalid("blank lines without end", out fault);
        if (start == bytes.Length)
            return RtspParse.NeedMore;

        var rest = bytes[start..];
        if (!IsToken(rest[0]))
            return Invalid($"the byte 0x{rest[0]:X2} where a message should begin", out fault);
        int headerEnd = HeaderEnd(rest[..Math.Min(rest.Length, MaxHeaderBytes)], out int bodyStart);
        if (headerEnd < 0)
        {
            // Garbage shows in the first line: don't wait for more of it.
            int newline = rest.IndexOf((byte)'\n');
            if (newline < 0 ? rest.Length > 4096 || !LooksLikeStart(rest) : !TryStartLine(Text(rest[..newline]), out _, out _, out _, out _))
                return Invalid(Describe(rest), out fault);
            return rest.Length >= MaxHeaderBytes ? Invalid($"headers of more than {MaxHeaderBytes} bytes", out fault) : RtspParse.NeedMore;
        }

        string text = Text(rest[..headerEnd]);
        var lines = text.AsSpan().EnumerateLines();
        lines.MoveNext();
        if (!TryStartLine(lines.Current.ToString(), out string? method, out string uri, out int status, out string reason))
            return Invalid(Describe(rest), out fault);

        var headers = new List<(string Name, string Value)>();
        while (lines.MoveNext())
        {
            var line = lines.Current;
            if (line.Length == 0)
                continue;
            if (line[0] is ' ' or '\t')
            {
                if (headers.Count > 0)
                    headers[^1] = (headers[^1].Name, $"{headers[^1].Value} {line.Trim()}");
                continue;
            }

            // A line without a colon says nothing; some cameras print debug output there.
            int colon = line.IndexOf(':');
            if (colon <= 0)
                continue;
            if (headers.Count == MaxHeaders)
                return Invalid($"more than {MaxHeaders} headers", out fault);
            headers.Add((line[..colon].Trim().ToString(), line[(colon + 1)..].Trim().ToString()));
        }

        int length = 0;
        foreach (var (name, value) in headers)
        {
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                continue;
            if (!long.TryParse(value, NumberStyles.None, null, out long announced))
                return Invalid("a Content-Length that is no number", out fault);
            if (announced > MaxBodyBytes)
                return Invalid($"a body of {announced} bytes, more than {MaxBodyBytes}", out fault);
            length = (int)announced;
        }

        if (rest.Length - bodyStart < length)
            return RtspParse.NeedMore;
        message = new(method, uri, status, reason, headers, rest.Slice(bodyStart, length).ToArray());
        consumed = start + bodyStart + length;
        return RtspParse.Complete;

        static RtspParse Invalid(string what, out string fault)
        {
            fault = what;
            return RtspParse.Invalid;
        }
    }

    /// <summary>The length of start line and headers, or -1; <paramref name="bodyStart"/> is behind the blank line.</summary>
    static int HeaderEnd(ReadOnlySpan<byte> bytes, out int bodyStart)
    {
        for (int at = 0; ;)
        {
            int newline = bytes[at..].IndexOf((byte)'\n');
            bodyStart = 0;
            if (newline < 0)
                return -1;
            at += newline + 1;
            if (at < bytes.Length && bytes[at] == '\n')
            {
                bodyStart = at + 1;
                return at;
            }

            if (at + 1 < bytes.Length && bytes[at] == '\r' && bytes[at + 1] == '\n')
            {
                bodyStart = at + 2;
                return at;
            }
        }
    }

    static bool TryStartLine(string line, out string? method, out string uri, out int status, out string reason)
    {
        method = null;
        uri = reason = "";
        status = 0;
        line = line.TrimEnd();
        if (line.StartsWith("RTSP/", StringComparison.OrdinalIgnoreCase))
        {
            string[] parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 2 || !int.TryParse(parts[1], NumberStyles.None, null, out status) || status is < 100 or > 599)
                return false;
            reason = parts.Length > 2 ? parts[2].Trim() : "";
            return true;
        }

        int first = line.IndexOf(' '), last = line.LastIndexOf(' ');
        if (first <= 0 || last <= first || !line.AsSpan(last + 1).StartsWith("RTSP/", StringComparison.OrdinalIgnoreCase))
            return false;
        method = line[..first];
        uri = line[(first + 1)..last].Trim();
        return method.All(c => char.IsAsciiLetter(c) || c == '_');
    }

    /// <summary>A start line that has not ended yet begins with a word in letters.</summary>
    static bool LooksLikeStart(ReadOnlySpan<byte> bytes)
    {
        int word = 0;
        while (word < bytes.Length && (char.IsAsciiLetter((char)bytes[word]) || bytes[word] == '_'))
            word++;
        return word == bytes.Length ? word <= 32 : bytes[word] == ' ' || (bytes[word] == '/' && "RTSP"u8.SequenceEqual(bytes[..word]));
    }

    static string Describe(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("HTTP/"u8))
            return "an HTTP reply: this is probably the port of its web page";
        if (bytes.StartsWith("SSH-"u8))
            return "the greeting of an SSH server";
        var shown = new StringBuilder();
        foreach (byte b in bytes[..Math.Min(bytes.Length, 24)])
        {
            if (b is (byte)'\r' or (byte)'\n')
                break;
            shown.Append(b is >= 0x20 and < 0x7F ? (char)b : '.');
        }

        return $"'{shown}' where a message should begin";
    }

    static bool IsToken(byte b) => char.IsAsciiLetter((char)b);

    /// <summary>UTF-8, or Latin-1 where it isn't: old firmware.</summary>
    static string Text(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
}
