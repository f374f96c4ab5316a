using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Federation.Operations;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Stories;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    /// <summary>What the other node says to a batch.</summary>
    public static void LinkAnswer(ReadOnlySpan<byte> input) => LinkPost.TryRead(input, out _);

    static IEnumerable<byte[]> LinkAnswerSeeds() => ["""{"urgent":3,"records":12,"refused":[{"lane":"urgent","number":2,"reason":"No such grant.","clause":"4"}],"at":"2026-03-01T12:00:00Z"}"""u8.ToArray()];

    /// <summary>Steps of requests and of joint operations.</summary>
    public static void StoryStep(ReadOnlySpan<byte> input)
    {
        if (Body(input) is not { } body)
            return;
        if (StoryJson.TryRead<RequestDeed>(body, out string? story, out var asked, out _) && !StoryJson.TryRead<RequestDeed>(Again(StoryJson.BodyOf(story, asked)), out _, out _, out string? fault))
            throw new InvalidOperationException($"A step can't be read as it is written. {fault}");
        if (StoryJson.TryRead<OperationDeed>(body, out story, out var done, out _) && !StoryJson.TryRead<OperationDeed>(Again(StoryJson.BodyOf(story, done)), out _, out _, out fault))
            throw new InvalidOperationException($"A step can't be read as it is written. {fault}");

        static JsonElement Again(System.Text.Json.Nodes.JsonObject body) => JsonDocument.Parse(body.ToJsonString()).RootElement;
    }

    static IEnumerable<byte[]> StoryStepSeeds()
    {
        const string id = "0196a0b47c0070008000000000000001";
        // One of each deed that there is: what else it needs the mutator finds, or not.
        foreach (var type in new[] { typeof(RequestDeed), typeof(OperationDeed) })
        {
            foreach (var kind in type.GetCustomAttributes(typeof(JsonDerivedTypeAttribute), inherit: false).Cast<JsonDerivedTypeAttribute>())
                yield return Encoding.UTF8.GetBytes($$$"""{"story":"{{{id}}}","number":1,"seen":0,"at":"2026-03-01T12:00:00.000Z","by":"Ana","deed":{"deed":"{{{kind.TypeDiscriminator}}}","text":"a","why":"b","files":[]}}""");
        }

        var file = new RequestFile(id, "order.pdf", 1, new('a', 64));
        foreach (RequestDeed deed in new RequestDeed[]
        {
            new Asked(default, default, 8, "A boat", "What came ashore?", "Art. 3", "p", null, "intrusion", "", "", false, new("North", ["pier"], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1)), [file]),
            new Questioned("Which pier?"), new Clarified("The old one.", [file]),
        })
        {
            yield return Encoding.UTF8.GetBytes(StoryJson.BodyOf(id, new Step<RequestDeed>(Side.First, 1, 0, DateTimeOffset.UnixEpoch, "Ana", deed)).ToJsonString());
        }
    }

    /// <summary>The card of an incident that is handed over.</summary>
    public static void HandOverCard(ReadOnlySpan<byte> input)
    {
        if (IncidentCard.TryRead(Encoding.UTF8.GetString(input), out var card) && !IncidentCard.TryRead(card.Text(), out _))
            throw new InvalidOperationException("A card can't be read as it is written.");
    }

    static IEnumerable<byte[]> HandOverCardSeeds() =>
    [
        Encoding.UTF8.GetBytes(new IncidentCard(
            IncidentCard.FormatName, Guid.Empty, "North", default, default, default, "A boat", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, null, ["Pier"], new(36.1, -5.3, DateTimeOffset.UnixEpoch, "Pier"), "two people").Text()),
    ];
}
