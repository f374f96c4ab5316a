using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Federation.Stories;
using Atalaya.Node.Api;

namespace Atalaya.Node.Federation.Stories;

/// <summary>How steps of a story are written, in the store and in messages. What comes from elsewhere is read strictly: no member unknown, none missing, none null that may not be.</summary>
static class StoryJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    /// <summary>What a message carries: <c>{"story", "number", "seen", "at", "by", "deed"}</c>. Whose step it is the link says.</summary>
    public static JsonObject BodyOf<TDeed>(string story, Step<TDeed> step) => new()
    {
        ["story"] = story,
        ["number"] = step.Number,
        ["seen"] = step.Seen,
        ["at"] = WireTime.Format(step.At),
        ["by"] = step.By,
        ["deed"] = JsonSerializer.SerializeToNode(step.Deed, Options),
    };

    /// <param name="fault">A sentence.</param>
    public static bool TryRead<TDeed>(JsonElement body, [NotNullWhen(true)] out string? story, [NotNullWhen(true)] out Step<TDeed>? step, [NotNullWhen(false)] out string? fault)
        where TDeed : class
    {
        (story, step, fault) = (null, null, null);
        try
        {
            if (body.Deserialize<Body<TDeed>>(Options) is not { } read)
            {
                fault = "The message is empty.";
                return false;
            }

            if (!IsId(read.Story) || read.By.Length is 0 or > 200 || read.By.Any(char.IsControl))
            {
                fault = "The case's id, or who did it, can't be read.";
                return false;
            }

            (story, step) = (read.Story, new(Side.First, read.Number, read.Seen, read.At, read.By, read.Deed));
            return true;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            fault = e is JsonException { Path: { } path } ? $"The message can't be read at {(path.Length <= 100 ? path : path[..100])}." : "The message can't be read.";
            return false;
        }
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public static bool IsId(string text) => text.Length == 32 && text.All(char.IsAsciiHexDigitLower);

    public static string NewId(DateTimeOffset now) => Guid.CreateVersion7(now).ToString("n");

    /// <summary>As it is written: so it is the same on both sides.</summary>
    public static DateTimeOffset Moment(DateTimeOffset at) => new(at.UtcTicks / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond, TimeSpan.Zero);

    static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            AllowOutOfOrderMetadataProperties = true,
            PropertyNameCaseInsensitive = false,
        };
        ApiDocument.Json(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    sealed record Body<TDeed>(string Story, int Number, int Seen, DateTimeOffset At, string By, TDeed Deed);
}
