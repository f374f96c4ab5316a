using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Node.Cli;
using Atalaya.Node.Options;
using Atalaya.Node.Security;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Security;

/// <summary>HTTPS as a browser or a program meets it, over loopback: there it is asked for by <c>https://</c>, elsewhere it is the only way.</summary>
public sealed class TlsTests
{
    const string Both = "127.0.0.1:0,https://127.0.0.1:0";

    [Fact]
    public async Task A_node_makes_its_own_certificate_whose_fingerprint_can_be_compared()
    {
        using var folder = new TempFolder("tls");
        await using var node = await TestNode.StartAsync(folder: folder.Path, listen: Both);
        var own = node.Service<Certificates>().Current!;

        using var shown = await HandshakeAsync(node);

        string.Join(':', shown.GetCertHashString(HashAlgorithmName.SHA256).Chunk(2).Select(c => new string(c))).ShouldBe(own.Fingerprint);
        shown.MatchesHostname("127.0.0.1").ShouldBeTrue();
        shown.MatchesHostname("localhost").ShouldBeTrue();
        shown.PublicKey.GetECDsaPublicKey()!.KeySize.ShouldBe(256);
        (shown.NotAfter - shown.NotBefore).ShouldBe(TimeSpan.FromDays(397));
        shown.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority.ShouldBeFalse("whoever trusts it trusts one node, not one that can vouch for others");
        ((await node.GetAsync("/health"))["parts"]!.AsArray().Single(p => (string?)p!["name"] == "tls")!["state"]!.GetValue<string>()).ShouldBe("ok");
        string file = OwnCertificate.FileIn(folder.File("data"));
        if (OperatingSystem.IsWindows())
            return;     // Files have no modes there.
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(Path.GetDirectoryName(file)!).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task The_own_certificate_stays_over_a_restart_and_changes_with_the_nodes_names()
    {
        using var folder = new TempFolder("tls");
        async Task<string> FingerprintAsync(string yaml)
        {
            await using var node = await TestNode.StartAsync(yaml, folder.Path, listen: Both);
            return node.Service<Certificates>().Current!.Fingerprint;
        }

        string first = await FingerprintAsync("");

        (await FingerprintAsync("")).ShouldBe(first, "who has compared it once needn't again");
        (await FingerprintAsync("tls: { names: [post7.example.org] }")).ShouldNotBe(first);
    }

    [Fact]
    public async Task Over_HTTPS_the_node_speaks_HTTP_2_and_goes_by_its_names_alone()
    {
        await using var node = await TestNode.StartAsync("tls: { names: [post7.example.org, 192.0.2.7] }", listen: Both);
        // The names are of the Host header; the handshake's own would have to be resolved.
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, _, _) => IsOf(node, shown) } }) { BaseAddress = Tls(node) };
        http.DefaultRequestHeaders.Authorization = node.Http.DefaultRequestHeaders.Authorization;

        foreach (var (host, status) in new[]
        {
            ("127.0.0.1", 200), ("post7.example.org", 200), ("POST7.example.org:443", 200), ("192.0.2.7:8443", 200), ("evil.example", 421), ("post7.example.org.evil.example", 421), ("192.0.2.8", 421),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cameras") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.Host = host;
            using var answer = await http.SendAsync(request, TestNode.Stop);
            ((int)answer.StatusCode).ShouldBe(status, host);
            answer.Headers.Contains("Strict-Transport-Security").ShouldBeFalse("nobody vouches for this certificate: a browser that obeyed would be locked out by the next one");
        }

        // Another port of the same name is another origin, and so is the same name by plain HTTP.
        foreach (var (origin, status) in new[] { ($"https://127.0.0.1:{Tls(node).Port}", 400), ($"http://127.0.0.1:{Tls(node).Port}", 403), ("https://127.0.0.1:1", 403), ("https://evil.example", 403) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/exports") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
            request.Headers.Add("Origin", origin);
            using var answer = await http.SendAsync(request, TestNode.Stop);
            ((int)answer.StatusCode).ShouldBe(status, origin);
        }
    }

    [Fact]
    public async Task Plain_HTTP_on_a_port_of_HTTPS_gets_no_answer_and_harms_nobody()
    {
        await using var node = await TestNode.StartAsync(listen: Both);
        using (var plain = new TcpClient())
        {
            await plain.ConnectAsync(IPAddress.Loopback, Tls(node).Port, TestNode.Stop);
            await plain.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/node HTTP/1.1\r\nHost: 127.0.0.1:{Tls(node).Port}\r\n\r\n"), TestNode.Stop);
            var came = new MemoryStream();
            try
            {
                await plain.GetStream().CopyToAsync(came, TestNode.Stop);
            }
            catch (IOException)
            {
                // Reset instead of closed: the same to who asks.
            }

            Encoding.ASCII.GetString(came.ToArray()).ShouldNotContain("HTTP/1.1", Case.Sensitive, "not even a redirect: by then a cookie would have been sent in the open");
        }

        using var http = Client(Tls(node), node);
        (await http.GetStringAsync("/api/node", TestNode.Stop)).ShouldContain("startedAt");
    }

    [Fact]
    public async Task A_live_view_over_HTTP_2_passes_the_same_walls_as_one_over_HTTP_1()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 50, KeyInterval: 10));
        await using var node = await TestNode.StartAsync($"cameras: [{{ id: gate, main: '{fake.Url}' }}]", listen: Both);
        await node.RunningAsync("gate");
        using var invoker = new HttpMessageInvoker(Trusting((shown, _) => IsOf(node, shown)));
        async Task<ClientWebSocket> ConnectAsync(Version version, string? origin, bool token = true, string path = "/api/cameras/gate/live")
        {
            var socket = new ClientWebSocket();
            socket.Options.HttpVersion = version;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            if (token)
                socket.Options.SetRequestHeader("Authorization", node.Http.DefaultRequestHeaders.Authorization!.ToString());
            if (origin is not null)
                socket.Options.SetRequestHeader("Origin", origin);
            await socket.ConnectAsync(new UriBuilder(new Uri(Tls(node), path)) { Scheme = "wss" }.Uri, invoker, TestNode.Stop);
            return socket;
        }

        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using (var events = await ConnectAsync(version, null, path: "/api/events"))
                events.State.ShouldBe(WebSocketState.Open);
            using (var live = await ConnectAsync(version, Tls(node).GetLeftPart(UriPartial.Authority)))
            {
                (await live.NextTextAsync()).ShouldNotBeNull();
                live.Abort();
            }

            await Should.ThrowAsync<WebSocketException>(() => ConnectAsync(version, "https://evil.example"));
            await Should.ThrowAsync<WebSocketException>(() => ConnectAsync(version, null, token: false));
        }
    }

    [Fact]
    public async Task A_certificate_of_an_authority_comes_with_what_leads_to_it_and_tells_browsers_to_stay_with_HTTPS()
    {
        using var folder = new TempFolder("tls");
        var now = TimeProvider.System.GetUtcNow();
        using var authority = new Authority(now);
        authority.Issue(folder.File("chain.pem"), folder.File("key.pem"), now.AddDays(-1), now.AddDays(90), "post7.example.org", "127.0.0.1");
        await using var node = await TestNode.StartAsync(
            $"tls: {{ certificate: '{folder.File("chain.pem")}', key: '{folder.File("key.pem")}', names: [post7.example.org] }}", listen: Both);

        // A client that knows the root alone: the one between them must come with the handshake.
        using var http = Client(Tls(node), node, chain =>
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(authority.Root);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            return chain.Build(chain.ChainElements[0].Certificate);
        });
        using var answer = await http.GetAsync("/api/node", TestNode.Stop);

        answer.EnsureSuccessStatusCode();
        answer.Headers.GetValues("Strict-Transport-Security").Single().ShouldBe("max-age=15552000");
        using var plain = await node.Http.GetAsync("/api/node", TestNode.Stop);
        plain.Headers.Contains("Strict-Transport-Security").ShouldBeFalse();
    }

    [Fact]
    public async Task The_own_certificate_is_renewed_a_month_before_its_end()
    {
        var clock = new ManualClock();
        using var kept = await KeptAsync("", clock);
        string first = kept.Certificates.Current!.Fingerprint;
        var end = kept.Certificates.Current.NotAfter;

        clock.JumpWall(end - clock.GetUtcNow() - TimeSpan.FromDays(31));
        clock.Advance(TimeSpan.FromSeconds(10));
        kept.Certificates.Current.Fingerprint.ShouldBe(first);

        clock.JumpWall(TimeSpan.FromDays(1));
        clock.Advance(TimeSpan.FromSeconds(10));
        kept.Certificates.Current.Fingerprint.ShouldNotBe(first);
        kept.Certificates.Current.NotAfter.ShouldBeGreaterThan(end + TimeSpan.FromDays(360));
        kept.Certificates.Complaints().ShouldBeEmpty();
    }

    [Fact]
    public async Task Changed_files_are_shown_without_a_restart_and_spoilt_ones_leave_what_was()
    {
        var clock = new ManualClock();
        var now = clock.GetUtcNow();
        using var folder = new TempFolder("tls");
        string chain = folder.File("chain.pem"), key = folder.File("key.pem");
        using var authority = new Authority(now);
        authority.Issue(chain, key, now.AddDays(-1), now.AddDays(20), "post7.example.org");
        using var kept = await KeptAsync($"tls: {{ certificate: '{chain}', key: '{key}', names: [post7.example.org] }}", clock);
        string first = kept.Certificates.Current!.Fingerprint;
        kept.Certificates.Complaints().ShouldBeEmpty();

        // Half of a renewal: the other file comes a moment later.
        string oldKey = await File.ReadAllTextAsync(key, TestNode.Stop);
        authority.Issue(chain, key, now.AddDays(-1), now.AddDays(90), "post7.example.org");
        string newKey = await File.ReadAllTextAsync(key, TestNode.Stop);
        await File.WriteAllTextAsync(key, oldKey, TestNode.Stop);
        clock.Advance(TimeSpan.FromSeconds(10));
        kept.Certificates.Current.Fingerprint.ShouldBe(first);
        kept.Certificates.Complaints().ShouldHaveSingleItem().ShouldContain("doesn't belong to the first certificate");

        await File.WriteAllTextAsync(key, newKey, TestNode.Stop);
        clock.Advance(TimeSpan.FromSeconds(10));
        string second = kept.Certificates.Current.Fingerprint;
        second.ShouldNotBe(first);
        kept.Certificates.Complaints().ShouldBeEmpty();

        File.Delete(chain);
        clock.Advance(TimeSpan.FromSeconds(10));
        kept.Certificates.Current.Fingerprint.ShouldBe(second);
        kept.Certificates.Complaints().ShouldHaveSingleItem().ShouldContain("can't be read");

        clock.JumpWall(TimeSpan.FromDays(80));
        kept.Certificates.Complaints().Last().ShouldContain("expires on");
        clock.JumpWall(TimeSpan.FromDays(11));
        kept.Certificates.Complaints().Last().ShouldContain("has expired");
    }

    [Fact]
    public async Task A_node_whose_files_are_spoilt_is_reached_by_its_own_certificate_and_says_why()
    {
        using var folder = new TempFolder("tls");
        string file = folder.File("chain.pem");
        await File.WriteAllTextAsync(file, "-----BEGIN NONSENSE-----\n", TestNode.Stop);

        using var kept = await KeptAsync($"tls: {{ certificate: '{file}' }}", new ManualClock());

        kept.Certificates.Current!.IsOwn.ShouldBeTrue();
        string complaint = kept.Certificates.Complaints().ShouldHaveSingleItem();
        complaint.ShouldContain("holds no certificate in PEM form");
        complaint.ShouldContain("own certificate is shown");
    }

    [Fact]
    public void What_is_wrong_with_a_certificate_is_said_so_that_somebody_can_mend_it()
    {
        using var folder = new TempFolder("tls");
        var now = TimeProvider.System.GetUtcNow();
        using var authority = new Authority(now);
        authority.Issue(folder.File("a.pem"), folder.File("a.key"), now.AddDays(-1), now.AddDays(90), "*.example.org");
        authority.Issue(folder.File("b.pem"), folder.File("b.key"), now.AddDays(-1), now.AddDays(90), "post8.example.org");
        string Fault(string certificate, string key) =>
            Should.Throw<InvalidDataException>(() => ServedCertificate.Read(File.ReadAllText(folder.File(certificate)), File.ReadAllText(folder.File(key)), certificate, key, isOwn: false)).Message;
        using var secret = ECDsa.Create();
        File.WriteAllText(folder.File("c.key"), secret.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));

        Fault("a.pem", "b.key").ShouldContain("The key in b.key doesn't belong to the first certificate in a.pem");
        Fault("a.pem", "c.key").ShouldContain("is encrypted");
        Fault("a.pem", "a.pem").ShouldContain("a.pem holds no private key");
        Fault("a.key", "a.key").ShouldContain("a.key holds no certificate");

        var good = ServedCertificate.Read(File.ReadAllText(folder.File("a.pem")), File.ReadAllText(folder.File("a.key")), "a.pem", "a.key", isOwn: false);
        good.Complaints(["post7.example.org"], now).ShouldBeEmpty();
        good.Complaints(["post7.example.org", "a.b.example.org", "192.0.2.7"], now).ShouldHaveSingleItem().ShouldContain("isn't made out to a.b.example.org, 192.0.2.7");
        good.Complaints([], now.AddDays(-2)).ShouldHaveSingleItem().ShouldContain("valid from");
    }

    [Fact]
    public async Task On_the_command_line_the_certificate_is_shown_and_renewed()
    {
        using var folder = new TempFolder("tls");
        string program = Path.Combine(AppContext.BaseDirectory, "atalaya");
        string[] about = ["--data", folder.File("data"), "--set", "tls.names=post7.example.org"];

        (await ManagedProcess.RunAsync(program, ["tls", "show", .. about])).Errors.ShouldContain("no certificate yet");
        var made = await ManagedProcess.RunAsync(program, ["tls", "renew", .. about]);
        made.ExitCode.ShouldBe(ExitCode.Done, made.Errors);
        var shown = await ManagedProcess.RunAsync(program, ["tls", "show", "--json", .. about]);

        var said = JsonNode.Parse(shown.Output)!;
        made.Output.ShouldContain((string)said["fingerprint"]!);
        said["names"]!.AsArray().Select(n => (string)n!).ShouldContain("post7.example.org");
        (await ManagedProcess.RunAsync(program, ["tls", "show", "--pem", .. about])).Output.ShouldStartWith("-----BEGIN CERTIFICATE-----");
    }

    static Uri Tls(TestNode node) => new(node.App.Urls.Single(u => u.StartsWith("https://", StringComparison.Ordinal)));

    static SocketsHttpHandler Trusting(Func<X509Certificate?, X509Chain, bool> trusts) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        SslOptions = new() { RemoteCertificateValidationCallback = (_, shown, chain, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && trusts(shown, chain!) },
    };

    static HttpClient Client(Uri address, TestNode node, Func<X509Chain, bool>? trusts = null)
    {
        var http = new HttpClient(Trusting((shown, chain) => trusts?.Invoke(chain) ?? IsOf(node, shown))) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = node.Http.DefaultRequestHeaders.Authorization;
        return http;
    }

    /// <summary>As somebody does who has compared the fingerprint.</summary>
    static bool IsOf(TestNode node, X509Certificate? shown) => shown?.GetCertHashString(HashAlgorithmName.SHA256) == node.Service<Certificates>().Current!.Leaf.GetCertHashString(HashAlgorithmName.SHA256);

    static async Task<X509Certificate2> HandshakeAsync(TestNode node)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Tls(node).Port, TestNode.Stop);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, shown, _, _) => IsOf(node, shown),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        }, TestNode.Stop);
        tls.SslProtocol.ShouldBe(SslProtocols.Tls13);
        tls.NegotiatedApplicationProtocol.ShouldBe(SslApplicationProtocol.Http2);
        return X509CertificateLoader.LoadCertificate(tls.RemoteCertificate!.GetRawCertData());
    }

    /// <summary>What keeps the certificate, on a clock that the test moves, without a server.</summary>
    static async Task<Kept> KeptAsync(string yaml, ManualClock clock)
    {
        var folder = new TempFolder("tls-node");
        var source = new OptionsSource("atalaya.yaml", new Dictionary<string, string>(), [("data", folder.File("data"), "--data"), ("listen", "https://127.0.0.1:0", "--listen")]);
        var reading = source.Read(yaml);
        reading.Errors.ShouldBeEmpty();
        var database = new NodeDatabase(reading.Options, clock, NullLogger<NodeDatabase>.Instance);
        await database.StartAsync(TestNode.Stop);
        var certificates = new Certificates(database, reading.Options, clock, NullLogger<Certificates>.Instance);
        await certificates.StartAsync(TestNode.Stop);
        return new(certificates, database, folder);
    }

    sealed record Kept(Certificates Certificates, NodeDatabase Database, TempFolder Folder) : IDisposable
    {
        public void Dispose()
        {
            Certificates.Dispose();
            Database.Dispose();
            Folder.Dispose();
        }
    }

    /// <summary>A root, and one below it that issues: as authorities are.</summary>
    sealed class Authority : IDisposable
    {
        readonly X509Certificate2 _issuer;

        public Authority(DateTimeOffset now)
        {
            using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var root = new CertificateRequest("CN=Root", rootKey, HashAlgorithmName.SHA256);
            root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            Root = root.CreateSelfSigned(now.AddDays(-1000), now.AddDays(1000));
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var issuer = new CertificateRequest("CN=Issuer", key, HashAlgorithmName.SHA256);
            issuer.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            _issuer = issuer.Create(Root, now.AddDays(-900), now.AddDays(900), [1]).CopyWithPrivateKey(key);
        }

        public X509Certificate2 Root { get; }

        public void Issue(string chainFile, string keyFile, DateTimeOffset from, DateTimeOffset to, params ReadOnlySpan<string> names)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=" + names[0].Replace('*', '-'), key, HashAlgorithmName.SHA256);
            var san = new SubjectAlternativeNameBuilder();
            foreach (string name in names)
            {
                if (IPAddress.TryParse(name, out var ip))
                    san.AddIpAddress(ip);
                else
                    san.AddDnsName(name);
            }

            request.CertificateExtensions.Add(san.Build());
            using var leaf = request.Create(_issuer, from, to, RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(chainFile, leaf.ExportCertificatePem() + "\n" + _issuer.ExportCertificatePem() + "\n");
            File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        }

        public void Dispose()
        {
            Root.Dispose();
            _issuer.Dispose();
        }
    }
}
