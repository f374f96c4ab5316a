using Atalaya.Media.Rtsp;

namespace Atalaya.Media.Tests.Rtsp;

public sealed class AuthTests
{
    static string Answer(string challenge, string user, string password, string method, string uri, string? clientNonce = null)
    {
        var authenticator = new RtspAuthenticator(user, password, clientNonce is null ? null : () => clientNonce);
        authenticator.Adopt(AuthChallenge.Parse(challenge)).ShouldBeTrue();
        return authenticator.Authorize(method, uri, default)!;
    }

    [Fact]
    public void Basic_as_in_rfc_7617()
    {
        Answer("Basic realm=\"WallyWorld\"", "Aladdin", "open sesame", "GET", "/").ShouldBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        Answer("Basic realm=\"foo\", charset=\"UTF-8\"", "test", "123\u00A3", "GET", "/").ShouldBe("Basic dGVzdDoxMjPCow==");
    }

    [Fact]
    public void Digest_as_in_rfc_2617() =>
        Answer("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
            "Mufasa", "Circle Of Life", "GET", "/dir/index.html", "0a4f113b")
            .ShouldBe("Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
                + "response=\"6629fae49393a05397450978507c4ef1\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\"");

    [Fact]
    public void Digest_without_qop_as_in_rfc_2069() =>
        Answer("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", "Mufasa", "CircleOfLife", "GET", "/dir/index.html")
            .ShouldContain("response=\"1949323746fe6a43ef61f9606e7febea\"");

    [Theory]
    [InlineData("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void Digest_as_in_rfc_7616(string algorithm, string response) =>
        Answer($"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
            "Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
            .ShouldContain($"response=\"{response}\"");

    [Fact]
    public void Md5_sess_hashes_the_client_nonce_in()
    {
        static string Md5(string text) => Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
        string ha1 = Md5($"{Md5("u:r:p")}:n:c"), ha2 = Md5("PLAY:rtsp://h/");
        string answer = Answer("Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess, qop=\"auth\"", "u", "p", "PLAY", "rtsp://h/", "c");
        answer.ShouldContain($"response=\"{Md5($"{ha1}:n:00000001:c:auth:{ha2}")}\"");
        answer.ShouldContain("algorithm=MD5-sess");
    }

    [Fact]
    public void The_strongest_of_several_challenges_is_taken()
    {
        var offered = AuthChallenge.Parse("Basic realm=\"a, b\", Digest realm=\"a\", nonce=\"1\", stale=TRUE, Digest realm=a,nonce=\"2\",algorithm=\"SHA-256\",qop=auth, Bearer x, Digest nonce=\"3\", algorithm=SHA-512-256");
        offered.Select(c => c.Scheme).ShouldBe([AuthScheme.Basic, AuthScheme.DigestMd5, AuthScheme.DigestSha256]);
        offered[0].Realm.ShouldBe("a, b");
        offered[1].Stale.ShouldBeTrue();
        offered[2].Qop.ShouldBe("auth");
        var authenticator = new RtspAuthenticator("u", "p");
        authenticator.Adopt(offered).ShouldBeTrue();
        authenticator.Scheme.ShouldBe(AuthScheme.DigestSha256);
    }

    [Fact]
    public void A_refused_answer_is_not_repeated_but_a_stale_nonce_is_renewed()
    {
        var authenticator = new RtspAuthenticator("u", "p");
        authenticator.Adopt(AuthChallenge.Parse("Digest realm=\"r\", nonce=\"1\", qop=\"auth\"")).ShouldBeTrue();
        authenticator.Authorize("A", "u", default)!.ShouldContain("nc=00000001");
        authenticator.Authorize("A", "u", default)!.ShouldContain("nc=00000002");
        authenticator.Adopt(AuthChallenge.Parse("Digest realm=\"r\", nonce=\"2\", qop=\"auth\"")).ShouldBeFalse("it was refused");
        authenticator.Adopt(AuthChallenge.Parse("Digest realm=\"r\", nonce=\"2\", qop=\"auth\", stale=true")).ShouldBeTrue();
        authenticator.Authorize("A", "u", default)!.ShouldContain("nc=00000001");
        authenticator.Proven = true;
        authenticator.Adopt(AuthChallenge.Parse("Digest realm=\"r\", nonce=\"3\"")).ShouldBeTrue("some cameras renew without saying stale");
    }

    [Fact]
    public void Quotes_in_names_are_escaped() =>
        Answer("Digest realm=\"a \\\"b\\\"\", nonce=\"n\"", "o\"x", "p", "A", "u").ShouldStartWith("Digest username=\"o\\\"x\", realm=\"a \\\"b\\\"\"");
}
