using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;

namespace Atalaya.Node.Federation.Links;

/// <summary>What came of handing a batch over once.</summary>
/// <param name="Answer">How far the other node is; null: it didn't say.</param>
/// <param name="Middle">By this node's clock, half way between question and answer.</param>
/// <param name="Fault">Why not all is well, a sentence; null: it is.</param>
sealed record Posted(LinkAnswerJson? Answer, DateTimeOffset Middle, TimeSpan RoundTrip, string? Fault)
{
    /// <summary>Nobody was reached: it may be otherwise in a moment.</summary>
    public bool IsAway { get; private init; }

    public static Posted Silence { get; } = Away("The other node doesn't answer.");

    public static Posted Away(string fault) => new(null, default, default, fault) { IsAway = true };

    /// <summary>The other node is there, and takes nothing.</summary>
    public static Posted Refused(string fault) => new(null, default, default, fault);
}

/// <summary>Hands batches of messages to other nodes, by HTTP.</summary>
sealed class LinkPost(Peers peers, TimeProvider clock)
{
    /// <summary>Of an answer, bytes.</summary>
    const int MaxAnswer = 256 << 10;

    /// <param name="batch">As <see cref="Atalaya.Federation.Links.MessageBatch"/> writes it; empty: only asks how the other node is.</param>
    /// <param name="isOld">This node found that the other one has messages of it that it doesn't know: the other one is told, so that both show it.</param>
    /// <param name="stop">Ends it; then it is <see cref="Posted.Silence"/>.</param>
    public async Task<Posted> SendAsync(Link link, byte[] batch, bool isOld, CancellationToken stop)
    {
        var from = clock.GetTimestamp();
        var at = clock.GetUtcNow();
        try
        {
            using var content = new ByteArrayContent(batch);
            using var request = new HttpRequestMessage(HttpMethod.Post, isOld ? "link/1/messages?old=true" : "link/1/messages") { Content = content };
            using var answer = await peers.For(link).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            var taken = clock.GetElapsedTime(from);
            if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity)
            {
                byte[] bytes = new byte[MaxAnswer];
                await using var stream = await answer.Content.ReadAsStreamAsync(stop);
                int length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop);
                if (length == bytes.Length)
                    return Posted.Refused("The other node's answer is too long.");
                return TryRead(bytes.AsSpan(0, length), out var read)
                    ? new(read, at + (taken / 2), taken, answer.StatusCode == HttpStatusCode.OK ? null : "The other node refuses what this one sends; its records say why.")
                    : Posted.Refused("The other node's answer can't be read.");
            }

            return Posted.Refused(answer.StatusCode switch
            {
                HttpStatusCode.Conflict => "At the other node nobody has compared the digits yet, or the link is suspended there.",
                HttpStatusCode.Gone => "The other node has ended the link.",
                HttpStatusCode.NotFound => "The other node doesn't know this one.",
                HttpStatusCode.TooManyRequests => "The other node takes no more just now.",
                _ => $"The other node answers with {(int)answer.StatusCode}.",
            });
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return Posted.Away(fault.InnerException is IOException inner ? inner.Message : fault.Message);
        }
        catch (OperationCanceledException)
        {
            return Posted.Silence;
        }
    }

    /// <summary>Never throws, whatever the other node says.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out LinkAnswerJson? answer)
    {
        answer = null;
        try
        {
            if (JsonSerializer.Deserialize<LinkAnswerJson>(bytes, Outbox.Json) is not { Refused: not null, Urgent: >= 0, UrgentHash: not null, Records: >= 0, RecordsHash: not null } read || read.Refused.Any(r => r is not { Lane: not null, Reason: not null, Clause: not null }))
                return false;
            answer = read;
            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
