using System.Net;
using System.Security.Cryptography;
using System.Text;
using Atalaya.Testing;

namespace Atalaya.Recording.Tests;

/// <summary>
/// Stands before an S3 server: as the check of keys, which s3rver leaves out for Signature Version 4, and as a network that hangs or breaks. What passes
/// goes on unchanged.
/// </summary>
sealed class S3Gate : IAsyncDisposable
{
    readonly HttpListener _http = new();
    readonly HttpClient _server;
    readonly CancellationTokenSource _over = new();
    readonly Task _serving;
    readonly List<Task> _answering = [];    // touched by ServeAsync only
    readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _requests, _waiting;

    public S3Gate(string server)
    {
        _server = new() { BaseAddress = new(server) };
        int port = FreePort.Tcp();
        Endpoint = $"http://127.0.0.1:{port}";
        _http.Prefixes.Add($"{Endpoint}/");
        _http.Start();
        _serving = ServeAsync();
    }

    public string Endpoint { get; }

    /// <summary>Name → secret of those who may; null: everyone.</summary>
    public IReadOnlyDictionary<string, string>? Keys { get; init; }

    /// <summary>Takes requests and never answers.</summary>
    public volatile bool Hangs;

    /// <summary>Requests that hang just now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Called with the request's number (from 0), before it reaches the server and after the server has done it, before anybody hears of it. True: the connection breaks.</summary>
    public volatile Func<int, bool, bool>? Breaks;

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _released.TrySetResult();
        _http.Close();
        await _serving;
        _server.Dispose();
        _over.Dispose();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _http.GetContextAsync();
                _answering.RemoveAll(a => a.IsCompleted);
                _answering.Add(AnswerAsync(context, Interlocked.Increment(ref _requests) - 1));
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // It was disposed of.
        }

        await Task.WhenAll(_answering);
    }

    async Task AnswerAsync(HttpListenerContext context, int number)
    {
        try
        {
            if (Hangs)
            {
                Interlocked.Increment(ref _waiting);
                await _released.Task;
                return;
            }

            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, _over.Token);
            if (Keys is not null && Refusal(context.Request) is { } code)
            {
                byte[] refusal = Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>Refused.</Message><RequestId>1</RequestId></Error>");
                context.Response.StatusCode = 403;
                context.Response.ContentType = "application/xml";
                await context.Response.OutputStream.WriteAsync(refusal, _over.Token);
                context.Response.Close();
                return;
            }

            if (Breaks?.Invoke(number, false) == true)
            {
                context.Response.Abort();
                return;
            }

            using var request = new HttpRequestMessage(new(context.Request.HttpMethod), context.Request.RawUrl);
            if (body.Length > 0 || context.Request.HttpMethod == "PUT")
                request.Content = new ByteArrayContent(body.ToArray());
            foreach (string? name in context.Request.Headers.AllKeys)
            {
                if (name is not ("Host" or "Content-Length" or "Connection" or "Expect") && name is not null && !request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]))
                    request.Content?.Headers.TryAddWithoutValidation(name, context.Request.Headers[name]);
            }

            using var answer = await _server.SendAsync(request, _over.Token);
            byte[] bytes = await answer.Content.ReadAsByteArrayAsync(_over.Token);
            if (Breaks?.Invoke(number, true) == true)
            {
                context.Response.Abort();
                return;
            }

            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
            {
                if (name is not ("Transfer-Encoding" or "Content-Length" or "Connection" or "Keep-Alive"))
                    context.Response.Headers[name] = string.Join(", ", values);
            }

            context.Response.ContentLength64 = context.Request.HttpMethod == "HEAD" ? answer.Content.Headers.ContentLength ?? 0 : bytes.Length;
            await context.Response.OutputStream.WriteAsync(bytes, _over.Token);
            context.Response.Close();
        }
        catch (Exception e) when (e is OperationCanceledException or HttpListenerException or HttpRequestException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Whoever asked has gone, or all this ends.
            context.Response.Abort();
        }
    }

    /// <summary>As S3 says it; null: signed by one of <see cref="Keys"/> (AWS Signature Version 4, "Authenticating Requests: Using the Authorization Header").</summary>
    string? Refusal(HttpListenerRequest request)
    {
        string authorization = request.Headers["Authorization"] ?? "";
        const string Algorithm = "AWS4-HMAC-SHA256";
        if (!authorization.StartsWith(Algorithm, StringComparison.Ordinal))
            return "AccessDenied";
        var parts = authorization[Algorithm.Length..].Split(',').Select(p => p.Trim().Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        string[] scope = parts["Credential"].Split('/');
        if (!Keys!.TryGetValue(scope[0], out string? secret))
            return "InvalidAccessKeyId";
        string[] url = request.RawUrl!.Split('?', 2);
        string query = url.Length < 2 ? "" : string.Join('&', url[1].Split('&').Select(p => p.Contains('=', StringComparison.Ordinal) ? p : p + "=").Order(StringComparer.Ordinal));
        string headers = string.Concat(parts["SignedHeaders"].Split(';').Select(h => $"{h}:{(h == "host" ? request.UserHostName : request.Headers[h])!.Trim()}\n"));
        string canonical = string.Join('\n', request.HttpMethod, url[0], query, headers, parts["SignedHeaders"], request.Headers["x-amz-content-sha256"]);
        string toSign = string.Join('\n', Algorithm, request.Headers["x-amz-date"], string.Join('/', scope[1..]), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        byte[] key = scope[1..].Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign))) == parts["Signature"] ? null : "SignatureDoesNotMatch";
    }
}
