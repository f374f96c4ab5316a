using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;

namespace Atalaya.Federation.Links;

/// <summary>What one message says, and its place among those of its lane: each names the digest of the one before, so that a lane is one chain at both ends.</summary>
/// <param name="Link"><see cref="Pairing.LinkId"/>.</param>
/// <param name="Sender"><see cref="NodeCard.Pin"/>: of the two ends, who speaks. A message sent back to its sender isn't one.</param>
/// <param name="Number">From 1, without holes.</param>
/// <param name="Previous"><see cref="SealedMessage.Hash"/> of the one before; of the first: zeros.</param>
/// <param name="Sent">By the sender's clock, when it was put into the outbox.</param>
/// <param name="Kind">Such as "alarm.changed": letters, digits and dots, at most 60.</param>
/// <param name="Body">JSON object.</param>
public sealed record Envelope(string Link, Digest Sender, Lane Lane, long Number, Digest Previous, DateTimeOffset Sent, string Kind, JsonElement Body)
{
    static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    const string Time = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteNumber("version", 1);
            json.WriteString("link", Link);
            json.WriteString("sender", Convert.ToHexStringLower(Sender.ToArray()));
            json.WriteString("lane", NameOf(Lane));
            json.WriteNumber("number", Number);
            json.WriteString("previous", Convert.ToHexStringLower(Previous.ToArray()));
            json.WriteString("sent", Sent.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture));
            json.WriteString("kind", Kind);
            json.WritePropertyName("body");
            Body.WriteTo(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Exactly the members that <see cref="ToBytes"/> writes, in any order, each once.</summary>
    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryParse(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Envelope? envelope, [NotNullWhen(false)] out string? fault)
    {
        envelope = null;
        fault = "The message isn't JSON.";
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            root = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return false;
        }

        fault = "The message has text in it that isn't Unicode.";
        if (!HasWholeTexts(root))
            return false;
        fault = "The message isn't one of this version.";
        if (root.ValueKind != JsonValueKind.Object)
            return false;
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (!members.TryAdd(member.Name, member.Value))
            {
                fault = $"The message has '{Shown(member.Name)}' twice.";
                return false;
            }
        }

        string[] known = ["version", "link", "sender", "lane", "number", "previous", "sent", "kind", "body"];
        if (members.Keys.FirstOrDefault(k => !known.Contains(k)) is { } unknown)
        {
            fault = $"The message has '{Shown(unknown)}', which this version doesn't know.";
            return false;
        }

        if (known.FirstOrDefault(k => !members.ContainsKey(k)) is { } missing)
        {
            fault = $"The message lacks '{missing}'.";
            return false;
        }

        if (members["version"] is not { ValueKind: JsonValueKind.Number } version || !version.TryGetInt32(out int v) || v != 1
            || Text(members["link"]) is not { Length: 16 } link || !link.All(char.IsAsciiHexDigitLower)
            || !TryDigest(members["sender"], out var sender) || !TryDigest(members["previous"], out var previous)
            || Text(members["lane"]) is not { } lane || !TryLane(lane, out var which)
            || members["number"] is not { ValueKind: JsonValueKind.Number } count || !count.TryGetInt64(out long number) || number < 1
            || Text(members["sent"]) is not { } sent || !DateTimeOffset.TryParseExact(sent, Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            || Text(members["kind"]) is not { } kind || !IsKind(kind) || members["body"].ValueKind != JsonValueKind.Object)
            return false;
        (envelope, fault) = (new(link, sender, which, number, previous, at, kind, members["body"]), null);
        return true;
    }

    /// <summary>Of one noun and what happened to it.</summary>
    public static bool IsKind(string kind) => kind.Length is > 0 and <= 60 && kind.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-') && char.IsAsciiLetter(kind[0]);

    public static string NameOf(Lane lane) => lane == Lane.Urgent ? "urgent" : "records";

    public static bool TryLane(string name, out Lane lane)
    {
        lane = name == "records" ? Lane.Records : Lane.Urgent;
        return name is "urgent" or "records";
    }

    static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Once for all that read it: bytes that aren't UTF-8 and halves of surrogate pairs (RFC 8259, 8.2) throw wherever they are read.</summary>
    static bool HasWholeTexts(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is not null,
                JsonValueKind.Array => value.EnumerateArray().All(HasWholeTexts),
                JsonValueKind.Object => value.EnumerateObject().All(m => m.Name is not null && HasWholeTexts(m.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    static bool TryDigest(JsonElement value, out Digest digest)
    {
        digest = default;
        if (Text(value) is not { Length: Digest.Length * 2 } text || !text.All(char.IsAsciiHexDigitLower))
            return false;
        digest = new(Convert.FromHexString(text));
        return true;
    }

    static string Shown(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

/// <summary>A message as it is kept and sent: its bytes and the sender's signature over them.</summary>
/// <param name="Signature">ECDSA on P-256 with SHA-256, r and s (IEEE P1363), 64 bytes.</param>
public sealed record SealedMessage(byte[] Signature, byte[] Bytes)
{
    /// <summary>Of the body as it is written, bytes: a message doesn't hold others up for long on a slow link.</summary>
    public const int MaxBody = 64 << 10;

    /// <summary>Of a message without its signature, bytes.</summary>
    public const int MaxLength = MaxBody + 1024;

    public const int SignatureLength = 64;

    // So that the key's signatures in TLS can't be taken for messages.
    static ReadOnlySpan<byte> Context => "atalaya link message v1\n"u8;

    /// <summary>What the next of the lane names as the one before.</summary>
    public Digest Hash => new(SHA256.HashData(Bytes));

    public static SealedMessage Seal(Envelope envelope, ECDsa key) => Sign(envelope.ToBytes(), key);

    /// <param name="bytes">Of an envelope that names this key's owner as its sender.</param>
    public static SealedMessage Sign(byte[] bytes, ECDsa key) => new(key.SignData((byte[])[.. Context, .. bytes], HashAlgorithmName.SHA256), bytes);

    public bool IsBy(ECDsa key) => Signature.Length == SignatureLength && key.VerifyData((byte[])[.. Context, .. Bytes], Signature, HashAlgorithmName.SHA256);
}
