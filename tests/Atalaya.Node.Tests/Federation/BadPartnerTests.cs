using System.Net;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;

using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A partner that lies: the honest node stays up, gives nothing away, and has it in its records.</summary>
public sealed class BadPartnerTests
{
    [Fact]
    public async Task What_is_not_signed_not_for_this_link_or_not_a_message_is_refused_and_written_down()
    {
        await using var node = await TestNode.StartAsync(Linked.Listens);
        using var liar = await LyingPartner.JoinAsync(node);
        var good = liar.Message(1, default);

        (await liar.PostAsync(good with { Signature = new byte[SealedMessage.SignatureLength] })).Status.ShouldBe(422);
        (await liar.PostAsync(good with { Bytes = [.. good.Bytes[..^1], (byte)' '] })).Status.ShouldBe(422);
        (await liar.PostAsync(Sealed(e => e with { Link = "0123456789abcdef" }))).Status.ShouldBe(422);
        (await liar.PostAsync(Sealed(e => e with { Sender = node.Service<LinkKey>().Pin }))).Status.ShouldBe(422);
        (await liar.PostAsync(Raw("""{"version":1,"colour":"red"}"""))).Status.ShouldBe(422);
        (await liar.PostAsync(Raw("not json"))).Status.ShouldBe(422);
        (await liar.PostAsync(new ByteArrayContent([1, 2, 3]))).Status.ShouldBe(400);
        (await liar.PostAsync(new ByteArrayContent(new byte[MessageBatch.MaxLength * 2]))).Status.ShouldBeOneOf(400, 413);
        // Nothing of it moved the lane.
        var (status, answer) = await liar.PostAsync(good);
        status.ShouldBe(200);
        answer!["urgent"]!.GetValue<long>().ShouldBe(1);
        answer["refused"]!.AsArray().Select(r => (long)r!["number"]!).ShouldBe([1]);

        var faults = (await node.GetAsync("/api/links/faults")).AsArray().Select(f => ((string)f!["what"]!, (string)f["link"]!)).ToHashSet();
        foreach (string what in new[] { "wrong signature", "foreign message", "unreadable message", "unreadable batch" })
            faults.ShouldContain((what, liar.Link));
        // Oversight finds each in the log.
        var now = TimeProvider.System.GetUtcNow();
        string hours = $"from={now.AddHours(-1).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}&to={now.AddHours(1).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}";
        await Linked.UntilAsync(async () => (await node.GetAsync($"/api/oversight/records?{hours}&kind=link")).ToJsonString().Contains("wrong signature", StringComparison.Ordinal));

        SealedMessage Sealed(Func<Envelope, Envelope> change)
        {
            Envelope.TryParse(good.Bytes, out var envelope, out _).ShouldBeTrue();
            return SealedMessage.Seal(change(envelope!), liar.Key);
        }

        SealedMessage Raw(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            return new(liar.Key.SignData((byte[])[.. "atalaya link message v1\n"u8, .. bytes], System.Security.Cryptography.HashAlgorithmName.SHA256), bytes);
        }
    }

    [Fact]
    public async Task What_comes_again_late_or_with_another_past_is_applied_once_or_not_at_all()
    {
        await using var node = await TestNode.StartAsync(Linked.Listens);
        using var liar = await LyingPartner.JoinAsync(node);
        var one = liar.Message(1, default);
        var two = liar.Message(2, one.Hash);
        var three = liar.Message(3, two.Hash);

        (await liar.PostAsync(three, two)).Answer!["urgent"]!.GetValue<long>().ShouldBe(0);
        (await liar.PostAsync(one, two, two, one)).Answer!["urgent"]!.GetValue<long>().ShouldBe(2);
        for (int replay = 0; replay < 3; replay++)
            (await liar.PostAsync(one)).Answer!["urgent"]!.GetValue<long>().ShouldBe(2);
        // Another second message, and a third that follows it.
        var forged = liar.Message(2, one.Hash, body: new { n = "another" });
        (await liar.PostAsync(forged)).Status.ShouldBe(422);
        (await liar.PostAsync(liar.Message(3, forged.Hash))).Status.ShouldBe(422);
        (await liar.PostAsync(three)).Answer!["urgent"]!.GetValue<long>().ShouldBe(3);

        // Each of the three was judged once.
        (await node.GetAsync("/api/links/refusals")).AsArray().Select(r => (long)r!["number"]!).Order().ShouldBe([1, 2, 3]);
        (await node.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "two histories");
    }

    [Fact]
    public async Task Endless_bodies_floods_and_expired_certificates_end_where_they_begin()
    {
        await using var node = await TestNode.StartAsync(Linked.Listens);
        using var liar = await LyingPartner.JoinAsync(node);

        // A certificate that ended yesterday, of a key that is known.
        using var expired = liar.Client(TimeSpan.FromDays(11));
        await Should.ThrowAsync<HttpRequestException>(() => expired.GetAsync("link/1/tunnel", TestNode.Stop));

        // A body that doesn't end: the answer comes before.
        int status;
        try
        {
            (status, _) = await liar.PostAsync(new Endless());
        }
        catch (HttpRequestException)
        {
            status = 0;     // Cut while it was still being sent.
        }

        status.ShouldBeOneOf(0, 400, 413);

        // More than a node ever asks: the honest one says so and goes on.
        var answers = new List<int>();
        for (int n = 0; n < 600; n++)
            answers.Add((await liar.PostAsync()).Status);
        answers.ShouldContain(429);
        answers.Count(a => a is not (200 or 429)).ShouldBe(0);
        (await node.Http.GetAsync("/health", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await node.GetAsync("/api/links/faults")).AsArray().ShouldContain(f => (string)f!["what"]! == "flood");
    }

    [Fact]
    public async Task A_partner_reaches_nothing_that_is_for_the_own_organisation()
    {
        await using var node = await TestNode.StartAsync(Linked.Listens);
        using var liar = await LyingPartner.JoinAsync(node);

        // Whatever kind there is, made up by one that has no agreement and no case here: each is refused, none is a fault of the node.
        string[] kinds = [.. node.App.Services.GetServices<MessageHandler>().SelectMany(h => h.Kinds)];
        kinds.ShouldNotBeEmpty();
        var before = default(Digest);
        long number = 0;
        foreach (string kind in kinds)
        {
            foreach (object body in new object[] { new { }, new { id = Guid.NewGuid(), camera = "north", state = 3, text = new string('x', 3000), list = new object?[] { null, 1, "a" } } })
            {
                var message = liar.Message(++number, before, kind, body);
                before = message.Hash;
                var (status, answer) = await liar.PostAsync(message);
                status.ShouldBe(200, kind);
                answer!["urgent"]!.GetValue<long>().ShouldBe(number, kind);
                var refusal = answer["refused"]!.AsArray().SingleOrDefault(r => (long)r!["number"]! == number);
                refusal.ShouldNotBeNull($"{kind} {JsonSerializer.Serialize(body)} of a stranger was taken.");
                ((string)refusal["reason"]!).ShouldNotContain("couldn't apply", Case.Sensitive, kind);
            }
        }
    }

    sealed class Endless : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] zeros = new byte[64 << 10];
            while (!TestNode.Stop.IsCancellationRequested)
                await stream.WriteAsync(zeros, TestNode.Stop);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
