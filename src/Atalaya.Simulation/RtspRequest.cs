using System.Globalization;
using System.Text;

namespace Atalaya.Simulation;

/// <summary>What stands at the front of the bytes a client sent.</summary>
public enum RequestRead
{
    /// <summary>Nothing whole yet; or blank bytes were consumed, and what follows wants another look.</summary>
    NeedMore,
    Request,

    /// <summary>An interleaved packet: channel in byte 1, data from byte 4.</summary>
    Interleaved,
    Malformed,
}

/// <summary>One RTSP request (RFC 2326 6). Reading never throws on what a client sends.</summary>
public sealed class RtspRequest
{
    /// <summary>Bytes of request line and headers at most; no client comes near.</summary>
    public const int MaxHeadBytes = 16 << 10;

    /// <summary>Bytes of a body at most.</summary>
    public const int MaxBodyBytes = 64 << 10;

    readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);

    public required string Method { get; init; }
    public required string Url { get; init; }
    public required string Version { get; init; }
    public int? CSeq { get; private set; }
    public ReadOnlyMemory<byte> Body { get; private set; }

    /// <summary>Null if there is no such header; several of one name are joined with a comma.</summary>
    public string? Header(string name) => _headers.GetValueOrDefault(name);

    /// <param name="consumed">Bytes that are done with; for malformed input, those to skip before reading on.</param>
    /// <param name="request">Also for malformed input when the request line could be read: for the CSeq of the answer.</param>
    public static RequestRead TryRead(ReadOnlySpan<byte> bytes, out RtspRequest? request, out int consumed, out string fault)
    {
        request = null;
        fault = "";
        consumed = 0;

        // Some clients end a body with a line break more than they count.
        int blank = 0;
        while (blank < bytes.Length && bytes[blank] is (byte)'\r' or (byte)'\n')
            blank++;
        if (blank > 0 || bytes.Length == 0)
        {
            consumed = blank;
            return RequestRead.NeedMore;
        }

        if (bytes[0] == '$')
        {
            if (bytes.Length < 4 || bytes.Length < 4 + (bytes[2] << 8 | bytes[3]))
                return RequestRead.NeedMore;
            consumed = 4 + (bytes[2] << 8 | bytes[3]);
            return RequestRead.Interleaved;
        }

        int end = bytes.IndexOf("\r\n\r\n"u8);
        int terminator = 4;
        int bare = bytes.IndexOf("\n\n"u8);
        if (bare >= 0 && (end < 0 || bare < end))
        {
            end = bare;
            terminator = 2;
        }

        if (end < 0 || end > MaxHeadBytes)
        {
            if (end < 0 && bytes.Length <= MaxHeadBytes)
                return RequestRead.NeedMore;
            consumed = bytes.Length;
            fault = $"No end of the headers in {MaxHeadBytes} bytes";
            return RequestRead.Malformed;
        }

        consumed = end + terminator;
        if (bytes[..end].ContainsAnyExceptInRange((byte)0x09, (byte)0x7E))
        {
            fault = "A request holds bytes that aren't text";
            return RequestRead.Malformed;
        }

        string[] lines = Encoding.ASCII.GetString(bytes[..end]).Split('\n');
        string[] line = lines[0].TrimEnd('\r').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (line.Length != 3 || line[0].Length > 32)
        {
            fault = "The request line isn't 'METHOD url RTSP/1.0'";
            return RequestRead.Malformed;
        }

        request = new() { Method = line[0], Url = line[1], Version = line[2] };
        string? last = null;
        bool wrong = false;
        foreach (string raw in lines.AsSpan(1))
        {
            string header = raw.TrimEnd('\r');
            if (header.Length > 0 && header[0] is ' ' or '\t' && last is not null)
            {
                request._headers[last] += " " + header.Trim();
                continue;
            }

            int colon = header.IndexOf(':');
            if (colon <= 0)
            {
                wrong = true;
                continue;
            }

            last = header[..colon].Trim();
            string value = header[(colon + 1)..].Trim();
            request._headers[last] = request._headers.TryGetValue(last, out string? before) ? $"{before}, {value}" : value;
        }

        if (int.TryParse(request.Header("CSeq"), NumberStyles.None, CultureInfo.InvariantCulture, out int cseq))
            request.CSeq = cseq;
        if (wrong)
        {
            fault = "A header line has no colon";
            return RequestRead.Malformed;
        }

        if (request.Header("Content-Length") is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > MaxBodyBytes)
            {
                fault = $"The Content-Length '{text}' is no number up to {MaxBodyBytes}";
                return RequestRead.Malformed;
            }

            if (bytes.Length - consumed < length)
            {
                consumed = 0;
                request = null;
                return RequestRead.NeedMore;
            }

            request.Body = bytes.Slice(consumed, length).ToArray();
            consumed += length;
        }

        return RequestRead.Request;
    }
}
