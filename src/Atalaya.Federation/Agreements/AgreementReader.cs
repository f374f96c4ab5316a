using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

using Atalaya.Evidence;

namespace Atalaya.Federation.Agreements;

/// <summary>Agreements as JSON text, as <c>ref/agreement.md</c> and <c>ref/agreement.schema.json</c> have them.</summary>
public static class AgreementReader
{
    /// <summary>Reads any spelling of the JSON. Never throws, whatever the text is.</summary>
    /// <returns>Null with every fault in <paramref name="faults"/>, or an agreement that is sound. Of faults against JSON and its members the first is told.</returns>
    public static Agreement? Read(ReadOnlySpan<byte> json, out IReadOnlyList<AgreementFault> faults)
    {
        // Texts may be spelled longer than the canonical form spells them.
        if (json.Length > 4 * Agreement.MaxLength)
        {
            faults = [new("", $"The text has {json.Length >> 10} KiB; an agreement has at most {Agreement.MaxLength >> 10}.")];
            return null;
        }

        Agreement? agreement;
        try
        {
            agreement = JsonSerializer.Deserialize(json, AgreementJson.Strict.Agreement);
        }
        catch (JsonException fault)
        {
            faults = [FaultOf(fault)];
            return null;
        }

        if (agreement is null)
        {
            faults = [new("", "An agreement must be a JSON object.")];
            return null;
        }

        if (NullIn(agreement) is { } missing)
        {
            faults = [new(missing, "must not hold null.")];
            return null;
        }

        faults = AgreementCheck.Check(agreement);
        return faults.Count == 0 ? agreement : null;
    }

    /// <summary>The canonical form: members in the document's order, one space of indentation, every member written, a newline at the end. The digest is of these bytes.</summary>
    public static byte[] Write(Agreement agreement) => [.. JsonSerializer.SerializeToUtf8Bytes(agreement, AgreementJson.Strict.Agreement), (byte)'\n'];

    /// <summary>What the parties sign.</summary>
    public static Digest DigestOf(Agreement agreement) => Digest.Of(Write(agreement));

    static AgreementFault FaultOf(JsonException fault)
    {
        string path = fault.Path is { Length: > 2 } at && at.StartsWith("$.", StringComparison.Ordinal) ? at[2..] : "";
        string place = fault.LineNumber is { } line ? $" (line {line + 1}, byte {fault.BytePositionInLine + 1})" : "";
        return new(path, fault.Message switch
        {
            var m when m.Contains("could not be mapped", StringComparison.Ordinal) => $"holds a member that an agreement hasn't{place}; leave it out, or see ref/agreement.md for its name.",
            var m when m.Contains("missing required", StringComparison.Ordinal) => $"lacks members{place}: {m[(m.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()}",
            var m when m.Contains("uplicate", StringComparison.Ordinal) => $"holds a member twice{place}.",
            _ => $"isn't what is expected here{place}; ref/agreement.md says what is.",
        });
    }

    /// <summary>Lists may hold null as far as JSON goes.</summary>
    static string? NullIn(Agreement a)
    {
        return Look("languages", a.Languages) ?? Look("parties", a.Parties) ?? Look("instruments", a.Instruments) ?? Look("purposes", a.Purposes) ?? Look("categories", a.Categories)
            ?? Look("grounds", a.Grounds) ?? Look("requests", a.Requests) ?? Look("clauses", a.Clauses)
            ?? a.Clauses.Select((c, i) => Look($"clauses[{i}].from", c.From) ?? Look($"clauses[{i}].purposes", c.Purposes) ?? Look($"clauses[{i}].incidentTypes", c.IncidentTypes)
                ?? Look($"clauses[{i}].categories", c.Categories) ?? Look($"clauses[{i}].sites", c.Sites) ?? Look($"clauses[{i}].cameras", c.Cameras)
                ?? (c.Terms is { } terms ? Look($"clauses[{i}].terms.approvers", terms.Approvers) : null)).FirstOrDefault(p => p is not null);

        static string? Look<T>(string path, IReadOnlyList<T> entries) => entries.Any(e => e is null) ? path : null;
    }
}

/// <summary>Lower-case hexadecimal of one spelling.</summary>
sealed class DigestConverter : JsonConverter<Digest>
{
    public override Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && HexDigest.TryRead(reader.GetString(), out var digest) ? digest : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, Digest value, JsonSerializerOptions options) => writer.WriteStringValue(HexDigest.Of(value));
}

/// <summary>Days as <c>2026-01-31</c> and not otherwise.</summary>
sealed class DayConverter : JsonConverter<DateOnly>
{
    const string Form = "yyyy-MM-dd";

    public override DateOnly Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DateOnly.TryParseExact(reader.GetString(), Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DateOnly value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString(Form, CultureInfo.InvariantCulture));
}

/// <summary>Digests as people and other programs compare them.</summary>
static class HexDigest
{
    public static string Of(Digest digest) => Convert.ToHexStringLower(digest.ToArray());

    public static bool TryRead(string? text, out Digest digest)
    {
        digest = default;
        if (text is not { Length: 2 * Digest.Length } || text.Any(c => !char.IsAsciiHexDigitLower(c)))
            return false;
        digest = new(Convert.FromHexString(text));
        return true;
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict)]
[JsonSerializable(typeof(Agreement))]
sealed partial class AgreementJson : JsonSerializerContext
{
    public static AgreementJson Strict { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        // Everybody reads what they sign: no letter but quotes and controls is spelled by number.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        MaxDepth = 16,
        NumberHandling = JsonNumberHandling.Strict,
        Converters =
        {
            new DigestConverter(), new DayConverter(),
            new JsonStringEnumConverter<Language>(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new JsonStringEnumConverter<ShareKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
            new JsonStringEnumConverter<RequestKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new JsonStringEnumConverter<HandlingCode>(namingPolicy: null, allowIntegerValues: false),
            new JsonStringEnumConverter<OnwardTransfer>(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new JsonStringEnumConverter<SourceGrade>(namingPolicy: null, allowIntegerValues: false),
            new JsonStringEnumConverter<RefusalKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false), new JsonStringEnumConverter<ClauseEffect>(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
        },
    });
}
