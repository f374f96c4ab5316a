using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Atalaya.Node.Notifications;

/// <summary>How a connection to a mail server is secured.</summary>
enum SmtpSecurity
{
    /// <summary>Nothing is: for a server on this machine.</summary>
    None,

    /// <summary>STARTTLS (RFC 3207), demanded: a server that doesn't offer it isn't told anything.</summary>
    StartTls,

    /// <summary>TLS from the first byte on (RFC 8314).</summary>
    Implicit,
}

/// <summary>The mail server said no, or isn't one. The message says what was asked and what it answered.</summary>
sealed class SmtpRefusal(string message) : IOException(message);

/// <summary>
/// One conversation with a mail server (RFC 5321): greeted, secured, signed in, one message handed over, ended. The base library's client knows no TLS from the start, and one that does
/// both in the same way needs no other.
/// </summary>
sealed class SmtpSession : IAsyncDisposable
{
    // RFC 5321, 4.5.3.1.5: 512 octets a reply line; some say more.
    const int MaxLine = 4096, MaxLines = 200;

    readonly string _server;
    readonly TcpClient _client = new();
    readonly byte[] _buffer = new byte[8192];
    Stream _stream = Stream.Null;
    int _from, _to; // of what was read and isn't used yet

    SmtpSession(string server) => _server = server;

    /// <summary>What the server says it can; verbs in upper case with what stands behind them.</summary>
    public IReadOnlyDictionary<string, string> Offers { get; private set; } = new Dictionary<string, string>();

    /// <param name="fingerprint">SHA-256 of the one certificate to accept; null: whatever the system trusts under this name.</param>
    /// <exception cref="IOException">The server can't be reached, or refuses.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">Its certificate isn't accepted.</exception>
    public static async Task<SmtpSession> OpenAsync(string server, int port, SmtpSecurity security, string? fingerprint, CancellationToken stop)
    {
        var session = new SmtpSession(server);
        try
        {
            await session._client.ConnectAsync(server, port, stop);
            session._stream = session._client.GetStream();
            if (security == SmtpSecurity.Implicit)
                await session.SecureAsync(fingerprint, stop);
            Demand("The greeting", await session.ReadAsync(stop), 220);
            await session.GreetAsync(stop);
            if (security == SmtpSecurity.StartTls)
            {
                if (!session.Offers.ContainsKey("STARTTLS"))
                    throw new SmtpRefusal("The server offers no STARTTLS, and nothing is sent in the open.");
                await session.AskAsync("STARTTLS", 220, stop);
                // What came before the handshake isn't the server's under TLS (CVE-2011-0411).
                if (session._from < session._to)
                    throw new SmtpRefusal("The server sent more than its answer to STARTTLS; somebody may be in between.");
                await session.SecureAsync(fingerprint, stop);
                await session.GreetAsync(stop);
            }

            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>AUTH PLAIN (RFC 4616), or LOGIN where the server knows nothing better.</summary>
    public async Task SignInAsync(string user, string password, CancellationToken stop)
    {
        string[] ways = Offers.GetValueOrDefault("AUTH", "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (ways.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await AskAsync("AUTH PLAIN " + Base64($"\0{user}\0{password}"), 235, stop, "AUTH PLAIN …");
        }
        else if (ways.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await AskAsync("AUTH LOGIN", 334, stop);
            await AskAsync(Base64(user), 334, stop, "The user name");
            await AskAsync(Base64(password), 235, stop, "The password");
        }
        else
        {
            throw new SmtpRefusal("The server offers no way to sign in that is known here (PLAIN, LOGIN).");
        }
    }

    /// <summary>Hands a message over.</summary>
    /// <param name="message">As RFC 5322 has it, lines ended by CR LF.</param>
    /// <returns>Recipients that the server refused, with its words; others have it.</returns>
    /// <exception cref="SmtpRefusal">Nobody has it.</exception>
    public async Task<IReadOnlyList<string>> SendAsync(string from, IReadOnlyList<string> to, ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        bool international = to.Append(from).Any(a => !Ascii.IsValid(a));
        if (international && !Offers.ContainsKey("SMTPUTF8"))
            throw new SmtpRefusal("An address has letters beyond ASCII, and the server doesn't offer SMTPUTF8 (RFC 6531).");
        await AskAsync($"MAIL FROM:<{from}>{(international ? " SMTPUTF8" : "")}", 250, stop);
        var refused = new List<string>();
        foreach (string address in to)
        {
            await WriteAsync($"RCPT TO:<{address}>", stop);
            var (code, text) = await ReadAsync(stop);
            if (code is not (250 or 251))
                refused.Add($"{address}: {code} {text}");
        }

        if (refused.Count == to.Count)
            throw new SmtpRefusal($"The server takes none of the recipients: {string.Join(" ", refused)}");
        await AskAsync("DATA", 354, stop);
        await _stream.WriteAsync(Stuffed(message.Span), stop);
        await _stream.FlushAsync(stop);
        Demand("The message", await ReadAsync(stop), 250);
        return refused;
    }

    /// <summary>A leading full stop is doubled, and one alone ends it (RFC 5321, 4.5.2).</summary>
    public static byte[] Stuffed(ReadOnlySpan<byte> message)
    {
        var text = new MemoryStream(message.Length + 64);
        bool lineStart = true;
        foreach (byte b in message)
        {
            if (lineStart && b == '.')
                text.WriteByte((byte)'.');
            text.WriteByte(b);
            lineStart = b == '\n';
        }

        text.Write(lineStart ? ".\r\n"u8 : "\r\n.\r\n"u8);
        return text.ToArray();
    }

    /// <summary>Says good-bye; whether the server answers is no matter.</summary>
    public async Task QuitAsync(CancellationToken stop)
    {
        try
        {
            await WriteAsync("QUIT", stop);
            await ReadAsync(stop);
        }
        catch (IOException)
        {
            // It has the message.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    async Task GreetAsync(CancellationToken stop)
    {
        await WriteAsync("EHLO atalaya.invalid", stop);
        var answer = await ReadAsync(stop);
        Demand("EHLO", answer, 250);
        var offers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in answer.Text.Split('\n').Skip(1))
        {
            string[] words = line.Split(' ', 2);
            offers[words[0]] = words.Length > 1 ? words[1] : "";
        }

        Offers = offers;
    }

    async Task SecureAsync(string? fingerprint, CancellationToken stop)
    {
        var secure = new SslStream(_stream);
        _stream = secure;
        var terms = new SslClientAuthenticationOptions { TargetHost = _server };
        if (fingerprint is not null)
            terms.RemoteCertificateValidationCallback = (_, certificate, _, _) => IsThat(certificate, fingerprint);
        await secure.AuthenticateAsClientAsync(terms, stop);
    }

    /// <summary>Whether a certificate is the one that was named, whoever signed it.</summary>
    internal static bool IsThat(X509Certificate? certificate, string fingerprint) =>
        certificate is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), Convert.FromHexString(fingerprint));

    async Task AskAsync(string line, int wanted, CancellationToken stop, string? shown = null)
    {
        await WriteAsync(line, stop);
        Demand(shown ?? line, await ReadAsync(stop), wanted);
    }

    static void Demand(string asked, (int Code, string Text) answer, int wanted)
    {
        if (answer.Code != wanted)
            throw new SmtpRefusal($"{asked} was answered with {answer.Code} {answer.Text.Replace('\n', ' ')}");
    }

    async Task WriteAsync(string line, CancellationToken stop)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"), stop);
        await _stream.FlushAsync(stop);
    }

    /// <summary>One reply: its code, and its lines without it.</summary>
    async Task<(int Code, string Text)> ReadAsync(CancellationToken stop)
    {
        var text = new StringBuilder();
        for (int i = 0; i < MaxLines; i++)
        {
            string line = await LineAsync(stop);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int code))
                throw new SmtpRefusal("The server doesn't answer as a mail server does.");
            if (i > 0)
                text.Append('\n');
            text.Append(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] != '-')
                return (code, text.ToString());
        }

        throw new SmtpRefusal("The server's answer doesn't end.");
    }

    async Task<string> LineAsync(CancellationToken stop)
    {
        var line = new MemoryStream();
        while (true)
        {
            int end = _buffer.AsSpan(_from, _to - _from).IndexOf((byte)'\n');
            line.Write(_buffer, _from, (end < 0 ? _to - _from : end));
            if (line.Length > MaxLine)
                throw new SmtpRefusal("The server's answer has too long a line.");
            if (end >= 0)
            {
                _from += end + 1;
                return Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
            }

            _from = 0;
            _to = await _stream.ReadAsync(_buffer, stop);
            if (_to == 0)
                throw new SmtpRefusal("The server ended the connection.");
        }
    }

    static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
