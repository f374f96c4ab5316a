using System.Globalization;
using System.Text;

namespace Atalaya.Simulation;

/// <summary>One HTTP/1.1 request as a small device reads it: head of at most 16 KiB, body of at most 1 MiB, with Content-Length.</summary>
sealed record HttpExchange(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    const int MaxHead = 16 << 10, MaxBody = 1 << 20;

    /// <summary>Null when the client has closed, or sent what isn't HTTP.</summary>
    public static async Task<HttpExchange?> ReadAsync(Stream stream, CancellationToken stop)
    {
        byte[] head = new byte[MaxHead];
        int length = 0, end;
        while ((end = head.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (length == head.Length)
                return null;
            int read = await stream.ReadAsync(head.AsMemory(length), stop);
            if (read == 0)
                return null;
            length += read;
            // A TLS hello, for instance.
            if (!char.IsAsciiLetter((char)head[0]))
                return null;
        }

        string[] lines = Encoding.Latin1.GetString(head, 0, end).Split("\r\n");
        string[] request = lines[0].Split(' ');
        if (request.Length != 3)
            return null;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':');
            if (colon > 0)
                headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        int wanted = 0;
        if (headers.TryGetValue("Content-Length", out string? said) && (!int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out wanted) || wanted > MaxBody))
            return null;
        byte[] body = new byte[wanted];
        int have = Math.Min(length - end - 4, wanted);
        head.AsSpan(end + 4, have).CopyTo(body);
        await stream.ReadExactlyAsync(body.AsMemory(have), stop);
        return new(request[0], request[1], headers, body);
    }

    public static async Task AnswerAsync(Stream stream, string status, string type, byte[] body, IEnumerable<string> headers, CancellationToken stop)
    {
        string head = $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";
        byte[] whole = [.. Encoding.Latin1.GetBytes(head), .. body];
        await stream.WriteAsync(whole, stop);
    }
}
