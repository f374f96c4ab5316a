using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Node.Api;

/// <summary>RFC 3339 with a zone on the way in, UTC with milliseconds on the way out.</summary>
sealed class WireTime : JsonConverter<DateTimeOffset>
{
    const string Written = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    static readonly string[] Accepted =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    public static string Format(DateTimeOffset at) => at.UtcDateTime.ToString(Written, CultureInfo.InvariantCulture);

    /// <summary>False for anything without a date, a time and a zone.</summary>
    public static bool TryParse(string? text, out DateTimeOffset at)
    {
        at = default;
        return text is { Length: >= 20 and <= 40 }
            && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParseExact(text.ToUpperInvariant(), Accepted, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out at);
    }

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TryParse(reader.GetString(), out var at) ? at : throw new JsonException("A time must be written as in 2026-03-29T01:30:00Z.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        Span<char> text = stackalloc char[24];
        value.UtcDateTime.TryFormat(text, out int length, Written, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
