using System.Net;

namespace Atalaya.Testing;

/// <summary>A timestamp authority (RFC 3161) made with <c>openssl ts</c>, on a free port of 127.0.0.1.</summary>
public sealed class TimestampAuthority : IAsyncDisposable
{
    readonly HttpListener _listener = new();
    readonly TempFolder _folder = new("tsa");
    Task _serving = Task.CompletedTask;

    TimestampAuthority()
    {
    }

    public string Address { get; private set; } = "";

    /// <summary>Of the authority that certified it: what <c>openssl ts -verify</c> wants as <c>-CAfile</c>.</summary>
    public string AuthorityFile => _folder.File("ca.crt");

    /// <summary>What it answers, when it isn't to be well: an HTTP status and bytes.</summary>
    public (int Status, byte[] Body)? Instead { get; set; }

    /// <summary>It begins to answer, and says no more.</summary>
    public bool Stalls { get; set; }

    public static async Task<TimestampAuthority> StartAsync()
    {
        var authority = new TimestampAuthority();
        await File.WriteAllTextAsync(authority._folder.File("tsa.cnf"), """
            [tsa]
            default_tsa = one
            [one]
            serial = serial
            crypto_device = builtin
            signer_digest = sha256
            default_policy = 1.2.3.4.1
            digests = sha256
            accuracy = secs:1
            ordering = no
            ess_cert_id_alg = sha256
            [tsa_ext]
            basicConstraints = critical,CA:FALSE
            keyUsage = critical,digitalSignature
            extendedKeyUsage = critical,timeStamping
            """);
        await authority.OpenSslAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650", "-subj", "/CN=Test authority");
        await authority.OpenSslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Test clock");
        await authority.OpenSslAsync("x509", "-req", "-in", "tsa.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.crt", "-days", "3650", "-extfile", "tsa.cnf", "-extensions", "tsa_ext");
        await File.WriteAllTextAsync(authority._folder.File("serial"), "01\n");
        // A free port may be taken by the time that it is listened on.
        for (int attempt = 1; ; attempt++)
        {
            authority.Address = $"http://127.0.0.1:{FreePort.Tcp()}/tsr/";
            authority._listener.Prefixes.Clear();
            authority._listener.Prefixes.Add(authority.Address);
            try
            {
                authority._listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 5)
            {
            }
        }

        authority._serving = Task.Run(authority.ServeAsync);
        return authority;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        _folder.Dispose();
    }

    async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext http;
            try
            {
                http = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            byte[] answer = Instead?.Body ?? [];
            http.Response.StatusCode = Instead?.Status ?? 200;
            if (Instead is null)
            {
                await using (var query = File.Create(_folder.File("query.tsq")))
                    await http.Request.InputStream.CopyToAsync(query);
                await OpenSslAsync("ts", "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "query.tsq", "-inkey", "tsa.key", "-signer", "tsa.crt", "-out", "answer.tsr");
                answer = await File.ReadAllBytesAsync(_folder.File("answer.tsr"));
            }

            http.Response.ContentType = "application/timestamp-reply";
            http.Response.ContentLength64 = answer.Length + (Stalls ? 1000 : 0);
            await http.Response.OutputStream.WriteAsync(answer);
            if (Stalls)
                await http.Response.OutputStream.FlushAsync();
            else
                http.Response.Close();
        }
    }

    async Task OpenSslAsync(params string[] arguments)
    {
        var result = await ManagedProcess.RunAsync("openssl", arguments, workingFolder: _folder.Path);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"openssl {string.Join(' ', arguments)}: {result.Errors}");
    }
}
