using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
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

/// <summary>As much of RFC 5321 as a client of it needs.</summary>
sealed class SmtpReceiver : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _serving;

    SmtpReceiver()
    {
        _listener.Start();
        _serving = Task.Run(ServeAsync, CancellationToken.None);
    }

    public static SmtpReceiver Start() => new();

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
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.UTF8);
                await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
                await writer.WriteLineAsync("220 test");
                var to = new List<string>();
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    string verb = line.Split(' ', ':')[0].ToUpperInvariant();
                    if (verb == "RCPT")
                        to.Add(line[(line.IndexOf('<') + 1)..line.IndexOf('>')]);
                    if (verb == "DATA")
                    {
                        await writer.WriteLineAsync("354 go on");
                        var text = new StringBuilder();
                        while (await reader.ReadLineAsync(_stop.Token) is { } part && part != ".")
                            text.AppendLine(part);
                        Messages.Enqueue(([.. to], text.ToString()));
                        to.Clear();
                    }

                    await writer.WriteLineAsync(verb switch { "EHLO" => "250-test\r\n250 SMTPUTF8", "QUIT" => "221 bye", _ => "250 ok" });
                    if (verb == "QUIT")
                        break;
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
