using System.Text;
using Atalaya.Media.Rtsp;

namespace Atalaya.Media.Tests.Rtsp;

public sealed class RtspMessageTests
{
    static RtspMessage Parse(string text, out int consumed)
    {
        RtspMessage.Parse(Encoding.Latin1.GetBytes(text), out var message, out consumed, out string fault).ShouldBe(RtspParse.Complete, fault);
        return message!;
    }

    static string Fault(string text)
    {
        RtspMessage.Parse(Encoding.Latin1.GetBytes(text), out _, out _, out string fault).ShouldBe(RtspParse.Invalid);
        return fault;
    }

    [Fact]
    public void A_reply_with_a_body_is_read_to_its_end_and_no_further()
    {
        var reply = Parse("RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 3\r\n\r\nabc$rest", out int consumed);
        (reply.Status, reply.Reason, reply.CSeq).ShouldBe((200, "OK", 7));
        reply.Body.ShouldBe("abc"u8.ToArray());
        consumed.ShouldBe(50);
    }

    [Fact]
    public void Bare_newlines_folded_lines_stray_spaces_and_missing_reasons_are_understood()
    {
        var reply = Parse("\r\n\nRTSP/1.0  401 \nCSeq :  2\nWWW-Authenticate: Digest realm=\"x\",\n nonce=\"y\"\nnonsense without colon\n\n", out _);
        reply.Status.ShouldBe(401);
        reply.CSeq.ShouldBe(2);
        reply.Header("www-authenticate").ShouldBe("Digest realm=\"x\", nonce=\"y\"");
    }

    [Fact]
    public void A_request_of_the_camera_is_told_from_a_reply()
    {
        var request = Parse("OPTIONS rtsp://10.0.0.5/x RTSP/1.0\r\nCSeq: 1\r\n\r\n", out _);
        request.IsRequest.ShouldBeTrue();
        (request.Method, request.Uri).ShouldBe(("OPTIONS", "rtsp://10.0.0.5/x"));
    }

    [Fact]
    public void Every_prefix_of_a_message_asks_for_more()
    {
        byte[] whole = "RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 3\r\n\r\nabc"u8.ToArray();
        for (int length = 0; length < whole.Length; length++)
            RtspMessage.Parse(whole.AsSpan(0, length), out _, out _, out _).ShouldBe(RtspParse.NeedMore, $"{length} bytes");
    }

    [Fact]
    public void What_is_no_camera_is_named()
    {
        Fault("HTTP/1.1 400 Bad Request\r\n\r\n").ShouldContain("web page");
        Fault("SSH-2.0-OpenSSH_9.2\r\n").ShouldContain("SSH");
        Fault("\u0080\u0060garbage").ShouldContain("0x80");
        Fault("220 ftp ready\r\n").ShouldContain("0x32");
        Fault(new string('A', 5000)).ShouldContain("AAAA");
    }

    [Fact]
    public void Limits_hold()
    {
        Fault($"RTSP/1.0 200 OK\r\n{string.Concat(Enumerable.Repeat("A: b\r\n", 65))}\r\n").ShouldContain("64 headers");
        Fault($"RTSP/1.0 200 OK\r\nA: {new string('x', 20_000)}\r\n").ShouldContain("headers of more");
        Fault("RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n").ShouldContain("body");
        Fault("RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n").ShouldContain("Content-Length");
        Fault("RTSP/1.0 99 Odd\r\n\r\n").ShouldContain("message should begin");
    }
}
