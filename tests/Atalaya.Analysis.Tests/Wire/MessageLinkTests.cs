using System.Buffers.Binary;
using System.Text;

using Atalaya.Analysis.Wire;
using Atalaya.Incidents;

namespace Atalaya.Analysis.Tests.Wire;

public sealed class MessageLinkTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_result_arrives_as_it_was_sent()
    {
        var sent = new ResultHead(
            3, 90_000, 1_700_000_000_000_000, 5, false, true, true, [new(0.1f, 0.2f, 0.3f, 0.4f)], [new(7, ObjectClass.Person, new(0.5f, 0.2f, 0.1f, 0.4f), 0.9f, true, new(1), new(0.5f, 0.2f, 0.1f, 0.4f), 0, 0)],
            [new() { Rule = "fence", Kind = SceneEventKind.LineCrossed, At = new(1), Wall = new(2), Noticed = new(3), Box = new(0, 0, 1, 1), Track = 7 }], 1)
        {
            Faces = [new(4, new(0.5f, 0.2f, 0.1f, 0.1f), 0.8f, false)],
        };
        var stream = new MemoryStream();
        var link = new MessageLink(stream);
        await link.SendAsync(MessageKind.Result, sent, WireJson.Default.ResultHead, new byte[] { 1, 2, 3 }, Stop);
        await link.SendAsync(MessageKind.Done, new(3, 12), WireJson.Default.DoneHead, default, Stop);
        stream.Position = 0;
        using var first = (await link.ReceiveAsync(Stop))!;
        var got = first.Head(WireJson.Default.ResultHead);
        first.Kind.ShouldBe(MessageKind.Result);
        first.Bytes.ToArray().ShouldBe([1, 2, 3]);
        got.Moving.ShouldBe(sent.Moving);
        got.Tracks.ShouldBe(sent.Tracks);
        got.Events.ShouldBe(sent.Events);
        got.Faces.ShouldBe(sent.Faces);
        got.ShouldBe(sent with { Moving = got.Moving, Tracks = got.Tracks, Events = got.Events, Faces = got.Faces });
        using var second = (await link.ReceiveAsync(Stop))!;
        second.Head(WireJson.Default.DoneHead).ShouldBe(new(3, 12));
        (await link.ReceiveAsync(Stop)).ShouldBeNull();
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(MessageLink.MaxHead + 1, 0)]
    [InlineData(10, MessageLink.MaxBytes + 1)]
    public async Task Lengths_that_cannot_be_are_refused_before_anything_is_read(int head, int bytes)
    {
        byte[] header = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(header, (int)MessageKind.Result);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), head);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), bytes);
        using var link = new MessageLink(new MemoryStream(header));
        await Should.ThrowAsync<WireException>(() => link.ReceiveAsync(Stop));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"channel":1,"events":null}""")]
    [InlineData("""{"channel":"x","events":[]}""")]
    public async Task A_head_that_lacks_something_is_refused(string json)
    {
        byte[] text = Encoding.UTF8.GetBytes(json), message = new byte[12 + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, (int)MessageKind.Events);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), text.Length);
        text.CopyTo(message, 12);
        using var link = new MessageLink(new MemoryStream(message));
        using var received = (await link.ReceiveAsync(Stop))!;
        Should.Throw<WireException>(() => received.Head(WireJson.Default.EventsHead));
    }
}
