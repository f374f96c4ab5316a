using Atalaya.Media.Rtsp;

namespace Atalaya.Media.Tests.Rtsp;

public sealed class RtspUrlTests
{
    [Fact]
    public void Credentials_are_split_off_and_never_shown()
    {
        RtspUrl.TryParse("rtsp://admin:p%40ss%3Aword@Cam-1.local:8554/Streaming/Channels/101?x=1", out var url, out _).ShouldBeTrue();
        url!.UserName.ShouldBe("admin");
        url.Password.ShouldBe("p@ss:word");
        url.Host.ShouldBe("cam-1.local");
        url.Port.ShouldBe(8554);
        url.PathAndQuery.ShouldBe("/Streaming/Channels/101?x=1");
        url.ToString().ShouldBe("rtsp://cam-1.local:8554/Streaming/Channels/101?x=1");
        url.ToRequestUri().ShouldBe("rtsp://cam-1.local:8554/Streaming/Channels/101?x=1");
        $"{url}".ShouldNotContain("admin");
    }

    [Theory]
    [InlineData("rtsp://10.0.0.5", "rtsp://10.0.0.5", 554)]
    [InlineData("RTSPS://10.0.0.5/a", "rtsps://10.0.0.5/a", 322)]
    [InlineData("rtsp://[2001:DB8::1]:554/a", "rtsp://[2001:db8::1]/a", 554)]
    [InlineData("rtsp://10.0.0.5:8554?channel=1", "rtsp://10.0.0.5:8554?channel=1", 8554)]
    [InlineData("  rtsp://10.0.0.5/é ", "rtsp://10.0.0.5/%C3%A9", 554)]
    public void Usual_spellings_are_read(string text, string shown, int port)
    {
        RtspUrl.TryParse(text, out var url, out string fault).ShouldBeTrue(fault);
        url!.ToString().ShouldBe(shown);
        url.Port.ShouldBe(port);
    }

    [Fact]
    public void A_password_may_hold_at_signs_colons_and_hashes()
    {
        RtspUrl.TryParse("rtsp://a:b@c:d#e@10.0.0.5/x", out var url, out _).ShouldBeTrue();
        (url!.UserName, url.Password, url.Host).ShouldBe(("a", "b@c:d#e", "10.0.0.5"));
    }

    [Theory]
    [InlineData("rtsp://10.0.0.5/cam?user=admin&password=secret&channel=1", "rtsp://10.0.0.5/cam?user=admin&password=***&channel=1")]
    [InlineData("rtsp://10.0.0.5/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", "rtsp://10.0.0.5/user=admin_password=***_channel=1_stream=0.sdp")]
    public void Passwords_that_makers_put_into_the_path_are_starred_out(string text, string shown)
    {
        RtspUrl.TryParse(text, out var url, out _).ShouldBeTrue();
        url!.ToString().ShouldBe(shown);
        url.ToRequestUri().ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://10.0.0.5/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("rtsp://")]
    [InlineData("rtsp://:554/")]
    [InlineData("rtsp://host:0/")]
    [InlineData("rtsp://host:65536/")]
    [InlineData("rtsp://host:+1/")]
    [InlineData("rtsp://[::1/")]
    [InlineData("rtsp://[10.0.0.5]/")]
    [InlineData("rtsp://ho st/")]
    [InlineData("rtsp://host/a\r\nEvil: header")]
    [InlineData("rtsp://a:b/c@host/x")]
    public void Anything_else_is_refused_in_words(string text)
    {
        RtspUrl.TryParse(text, out var url, out string fault).ShouldBeFalse();
        url.ShouldBeNull();
        fault.ShouldEndWith(".");
    }

    [Fact]
    public void A_fault_does_not_repeat_the_password()
    {
        RtspUrl.TryParse("rtsp://admin:s3cret/x@host/", out _, out string fault).ShouldBeFalse();
        fault.ShouldNotContain("s3cret");
    }

    [Fact]
    public void Options_do_not_print_the_password() =>
        new RtspOptions { UserName = "admin", Password = "s3cret" }.ToString().ShouldNotContain("s3cret");
}
