using Atalaya.Media.Rtp;

namespace Atalaya.Media.Tests.Rtp;

public sealed class RtpPacketTests
{
    [Fact]
    public void Sources_extension_and_padding_are_cut_off()
    {
        byte[] bytes =
        [
            0xB1, 0xE0, 0x12, 0x34, 0, 0, 0, 9, 0xDE, 0xAD, 0xBE, 0xEF, 1, 1, 1, 1,     // one contributing source
            0xBE, 0xDE, 0, 1, 2, 2, 2, 2,                                               // extension
            0x65, 0x66, 0, 2,                                                           // payload and padding
        ];
        RtpPacket.TryParse(bytes, out var packet, out var fault).ShouldBeTrue();
        fault.ShouldBe(RtpFault.None);
        packet.Marker.ShouldBeTrue();
        (packet.PayloadType, packet.Sequence, packet.Timestamp, packet.Ssrc).ShouldBe((96, (ushort)0x1234, 9u, 0xDEADBEEF));
        packet.Payload.ToArray().ShouldBe([0x65, 0x66]);
    }

    [Theory]
    [InlineData(RtpFault.TooShort, new byte[] { 0x80, 0, 0 })]
    [InlineData(RtpFault.WrongVersion, new byte[] { 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(RtpFault.HeaderBeyondEnd, new byte[] { 0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(RtpFault.HeaderBeyondEnd, new byte[] { 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 })]
    [InlineData(RtpFault.PaddingBeyondPayload, new byte[] { 0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 })]
    [InlineData(RtpFault.PaddingBeyondPayload, new byte[] { 0xA0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public void Bytes_that_are_no_packet_are_named(RtpFault expected, byte[] bytes)
    {
        RtpPacket.TryParse(bytes, out _, out var fault).ShouldBeFalse();
        fault.ShouldBe(expected);
    }
}
