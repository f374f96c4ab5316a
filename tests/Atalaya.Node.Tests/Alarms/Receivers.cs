using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Atalaya.Testing;

namespace Atalaya.Node.Tests.Alarms;

/// <summary>Takes what webhooks post, and answers as a test wants.</summary>
sealed class HttpReceiver : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly Task _serving;

    HttpReceiver(int port)
    {
        Url = $"http://127.0.0.1:{port}/hook";
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = Task.Run(ServeAsync, CancellationToken.None);
    }

    public static HttpReceiver Start() => new(FreePort.Tcp());

    public string Url { get; }
    public ConcurrentQueue<(IReadOnlyDictionary<string, string> Headers, byte[] Body)> Posts { get; } = [];
    public int Answer { get; set; } = 204;

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                Posts.Enqueue((context.Request.Headers.AllKeys.ToDictionary(k => k!, k => context.Request.Headers[k]!, StringComparer.OrdinalIgnoreCase), body.ToArray()));
                context.Response.StatusCode = Answer;
                context.Response.Close();
            }
        }
        catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}

/// <summary>As much of RFC 5321 as a client of it needs; with a certificate over TLS, from the start or after STARTTLS.</summary>
sealed class SmtpReceiver : IAsyncDisposable
{
    readonly X509Certificate2? _certificate;
    readonly bool _implicitTls;
    string _smuggled = "";
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _serving;

    SmtpReceiver(X509Certificate2? certificate, bool implicitTls)
    {
        _certificate = certificate;
        _implicitTls = implicitTls;
        _listener.Start();
        _serving = Task.Run(ServeAsync, CancellationToken.None);
    }

    /// <param name="smuggled">Sent in one piece with the answer to STARTTLS, as somebody in between would.</param>
    public static SmtpReceiver Start(X509Certificate2? certificate = null, bool implicitTls = false, string smuggled = "") => new(certificate, implicitTls) { _smuggled = smuggled };

    /// <summary>One that nobody signed but itself, for 127.0.0.1.</summary>
    public static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    /// <summary>What it answers to addresses that begin so.</summary>
    public const string Unknown = "nobody";

    /// <summary>Who signed in, as AUTH PLAIN says it.</summary>
    public ConcurrentQueue<string> SignedIn { get; } = [];

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    public ConcurrentQueue<(IReadOnlyList<string> To, string Text)> Messages { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        // Only now: a listener stopped between two accepts says "not listening" to the next.
        _listener.Stop();
        _stop.Dispose();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                try
                {
                    await ServeAsync(client.GetStream());
                }
                catch (Exception end) when (end is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The client went, or didn't like the certificate.
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    async Task ServeAsync(Stream plain)
    {
        var stream = _implicitTls ? await SecureAsync(plain) : plain;
        var reader = new StreamReader(stream, Encoding.UTF8);
        var to = new List<string>();
        await SayAsync("220 test");
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            string verb = line.Split(' ', ':')[0].ToUpperInvariant();
            switch (verb)
            {
                case "EHLO":
                    await SayAsync($"250-test\r\n250-SMTPUTF8{(_certificate is not null && stream == plain ? "\r\n250-STARTTLS" : "")}\r\n250 AUTH LOGIN PLAIN");
                    break;
                case "STARTTLS":
                    await SayAsync("220 go on" + _smuggled);
                    stream = await SecureAsync(plain);
                    reader = new StreamReader(stream, Encoding.UTF8);
                    break;
                case "AUTH":
                    SignedIn.Enqueue(Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2])));
                    await SayAsync("235 welcome");
                    break;
                case "RCPT":
                    string address = line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
                    if (!address.StartsWith(Unknown, StringComparison.Ordinal))
                        to.Add(address);
                    await SayAsync(address.StartsWith(Unknown, StringComparison.Ordinal) ? "550-Never heard\r\n550 of them" : "250 ok");
                    break;
                case "DATA":
                    await SayAsync("354 go on");
                    var text = new StringBuilder();
                    while (await reader.ReadLineAsync(_stop.Token) is { } part && part != ".")
                        text.AppendLine(part.StartsWith('.') ? part[1..] : part);
                    Messages.Enqueue(([.. to], text.ToString()));
                    to.Clear();
                    await SayAsync("250 ok");
                    break;
                case "QUIT":
                    await SayAsync("221 bye");
                    return;
                default:
                    await SayAsync("250 ok");
                    break;
            }
        }

        async Task SayAsync(string answer) => await stream.WriteAsync(Encoding.UTF8.GetBytes(answer + "\r\n"), _stop.Token);

        async Task<Stream> SecureAsync(Stream under)
        {
            var secure = new SslStream(under);
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            return secure;
        }
    }
}
